"""The command `vae-edu`. Heavy modules are imported by the command that needs them, so that --help answers at once."""

import os
import sys
from pathlib import Path

import click

from . import __version__
from .cli_grading import COMMANDS


class FriendlyGroup(click.Group):
    """Turns the library's own errors into one sentence on stderr; anything else is a bug and keeps its traceback."""

    def invoke(self, context: click.Context):
        try:
            return super().invoke(context)
        except Exception as error:
            if type(error).__module__.startswith("vae_edu."):
                raise click.ClickException(str(error)) from None
            if isinstance(error, OSError):
                raise click.ClickException(f"{error.strerror or error}: {error.filename or 'the disk'}.") from None
            raise


@click.group(cls=FriendlyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__)
def main() -> None:
    """Variational autoencoders: lectures, graded assignments, trained references."""


@main.command()
@click.argument("notebook", type=click.Path(path_type=Path))
def check(notebook: Path) -> None:
    """Run a student's NOTEBOOK in a fresh kernel and print what its checks say."""
    from . import notebooks

    content = notebooks.read(notebook)
    click.echo(f"Running {notebook.name} in a fresh kernel …", err=True)
    notebooks.execute(content, notebook.resolve().parent, allow_errors=True)
    found = notebooks.check_outputs(content)
    if not found:
        raise click.ClickException(f"{notebook} holds no check cells: is it one of the problem sets in assignments/?")
    for _, text in found.values():
        click.echo(text + "\n")
    passed = sum(data.get("passed", False) for data, _ in found.values())
    click.echo(f"{passed} of {len(found)} exercises pass every row.")


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default="demo", help="The folder to write to.")
@click.option("--course", type=click.Path(path_type=Path), default=".", help="The course folder; default: this one.")
def demo(out: Path, course: Path) -> None:
    """Release the problem sets, grade three sample students against the trained reference, draw one picture."""
    from .grading import as_table
    from .grading.demo import demo

    results, files = demo(course, out)
    for ps in dict.fromkeys(result.exercise.split(".")[0] for result in results):
        click.echo(as_table([r for r in results if r.exercise.startswith(ps)]) + "\n")
    click.echo("Feedback and picture:")
    for path in files:
        click.echo(f"  {os.path.relpath(path)}")


@main.command()
@click.option("--data", "name", default="digits", show_default=True, help="The data set to train on.")
@click.option("--latent-dim", default=8, show_default=True, type=click.IntRange(1))
@click.option("--hidden", default=128, show_default=True, type=click.IntRange(1), help="Units in each of the two hidden layers.")
@click.option("--variance", type=click.FloatRange(1e-6, 1e6), help="Gaussian pixels of this variance; default: Bernoulli.")
@click.option("--epochs", default=60, show_default=True, type=click.IntRange(1))
@click.option("--lr", default=1e-3, show_default=True, type=click.FloatRange(1e-8, 10))
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0, 2**31))
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder; default: runs/DATA-LATENTS.")
def train(name, latent_dim, hidden, variance, epochs, lr, seed, out) -> None:
    """Train a VAE on a data set. Interrupt it when you like: the same command goes on where it was."""
    import torch

    from . import data, plots
    from .likelihoods import Bernoulli, Gaussian
    from .models import VAE
    from .training import Settings, fit

    images, out = data.load(name), out or Path("runs") / f"{name}-{latent_dim}"
    torch.manual_seed(seed)
    likelihood = Bernoulli() if variance is None else Gaussian(variance)
    model = VAE(images.train.shape[1], latent_dim, (hidden, hidden), likelihood=likelihood)
    model.to("cuda" if torch.cuda.is_available() else "cpu")
    settings = Settings(epochs=epochs, lr=lr, warmup=epochs // 5, seed=seed)
    history = fit(model, images.train, images.valid, settings, folder=out)
    figure = plots.show_images(model.sample(50, mean=True).cpu(), images.shape, title=f"samples after {len(history)} epochs")
    figure.savefig(out / "samples.png")
    best = min(record["valid"] for record in history)
    click.echo(f"Best validation loss: {best:.2f} nats per image. Checkpoint, history.json and samples.png are in {out}.")


@main.command()
@click.argument("name")
@click.option("--samples", default=100, show_default=True, type=click.IntRange(1), help="Importance samples per test image.")
def evaluate(name: str, samples: int) -> None:
    """Measure the reference NAME on its whole test set (the cards use 5,000 samples: several minutes)."""
    from . import data, reference
    from .reference.recipes import RECIPES
    from .reference.train import measure

    model = reference.load(name)
    recipe = RECIPES[name]
    for metric, value in measure(model, recipe, data.load(recipe.data), samples=samples).items():
        click.echo(f"{metric:<24} {value}")


@main.command("data")
@click.argument("names", nargs=-1)
def data_command(names: tuple[str, ...]) -> None:
    """Fetch and verify the data sets NAMES; without names, say which are at hand."""
    from . import data

    for name in names or data.names():
        try:
            if names or data.at_hand(name):
                found = data.load(name)
                sizes = f"{len(found.train)} / {len(found.valid)} / {len(found.test)} images"
                click.echo(f"✓ {name:<12} {sizes} of {found.shape[0]} × {found.shape[1]}")
            else:
                click.echo(f"  {name:<12} not at hand; fetch it with: vae-edu data {name}")
        except data.DataError as error:
            if names:
                raise
            click.echo(f"✗ {name:<12} {error}")


@main.group()
def reference() -> None:
    """The trained references: list, verify, retrain."""


@reference.command("list")
def reference_list() -> None:
    """What is shipped, with what was measured on it."""
    from . import reference

    for name in reference.carded():
        card = reference.card(name)
        published = "" if card["published"] is None else f"   published {card['published']:g}"
        click.echo(f"{name:<14} {card['title']:<46} {card['metrics'][card['metric']]:.2f} {card['metric']}{published}")


@reference.command("verify")
def reference_verify() -> None:
    """Load every reference and its probe, comparing their SHA-256."""
    from . import reference

    for name in reference.names():
        reference.load(name)
        reference.probe(name)
        click.echo(f"✓ {name}")


@reference.command("train")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them, several at once.")
@click.option("--grid", type=click.Choice(["epitomic"]), help="Every model of a paper's table: the cards alone, several at once.")
@click.option("--processes", default=2, show_default=True, type=click.IntRange(1), help="Models trained at once.")
@click.option("--runs", type=click.Path(path_type=Path), default="runs", show_default=True, help="Where checkpoints are kept.")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Where weights and cards go; default: the package, with --all RUNS/store."
)
@click.option("--archive", type=click.Path(path_type=Path), help="With --all or --grid: also pack them into this zip.")
def reference_train(
    names: tuple[str, ...],
    everything: bool,
    grid: str | None,
    processes: int,
    runs: Path,
    out: Path | None,
    archive: Path | None,
) -> None:
    """Train and measure the references NAMES (on CUDA where there is one). A call that was cut off goes on."""
    from . import reference
    from .reference.epitomic import GRID
    from .reference.grid import train_grid
    from .reference.recipes import RECIPES
    from .reference.train import train

    if everything or grid:
        if names or (everything and grid):
            raise click.UsageError("--all and --grid train many models: give them without names, and one at a time.")
        store = out or (runs / "store" if everything else reference.STORE)
        failures = train_grid(grid or "references", runs, store, processes=processes, archive=archive)
        if failures:
            lines = [f"✗ {name}: {error}" for name, error in failures.items()]
            raise click.ClickException("\n".join([f"{len(failures)} models failed; the same command tries them again.", *lines]))
        click.echo(f"All are in {store}.")
        return
    if archive:
        raise click.UsageError("--archive goes with --all or --grid.")
    unknown = [name for name in names if name not in GRID | RECIPES]
    if unknown or not names:
        raise click.UsageError(
            f"name some of {', '.join(RECIPES)}, or --all" + f" (unknown: {', '.join(unknown)})" * bool(unknown)
        )
    for name in names:
        click.echo(f"{name}:")
        for metric, value in train(name, runs, out or reference.STORE)["metrics"].items():
            click.echo(f"  {metric:<24} {value}")


@reference.command("table")
@click.option("--write", type=click.Path(path_type=Path, exists=True), help="Put the table between the marks of this file.")
def reference_table(write: Path | None) -> None:
    """The references beside the published numbers, as Markdown."""
    from .reference import table

    table.write(write) if write else click.echo(table.as_markdown())


@main.command()
def doctor() -> None:
    """Try everything the course needs on this machine."""
    from .doctor import examine

    failures = 0
    for what, works, found in examine():
        click.echo(f"{'✓' if works else '✗'} {what:<32} {found}")
        failures += not works
    sys.exit(bool(failures))


@main.command()
@click.argument("lectures", nargs=-1, type=click.Path(path_type=Path))
def lectures(lectures: tuple[Path, ...]) -> None:
    """Execute LECTURES (default: all in lectures/) and store their outputs."""
    from tqdm import tqdm

    from . import notebooks

    bar = tqdm(lectures or sorted(Path("lectures").glob("*.ipynb")), unit="lecture", leave=False)
    for path in bar:
        bar.set_description(path.stem)
        notebooks.refresh(path)


for command in COMMANDS:
    main.add_command(command)


if __name__ == "__main__":
    sys.exit(main())
