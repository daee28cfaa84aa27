"""The commands of whoever keeps the course: lectures, errata, references."""

from pathlib import Path

import click


@click.command()
@click.argument("lectures", nargs=-1, type=click.Path(path_type=Path))
def lectures(lectures: tuple[Path, ...]) -> None:
    """Execute LECTURES (default: all in lectures/) and store their outputs."""
    from tqdm import tqdm

    from .. import notebooks

    bar = tqdm(lectures or sorted(Path("lectures").glob("*.ipynb")), unit="lecture", leave=False)
    for path in bar:
        bar.set_description(path.stem)
        notebooks.refresh(path)


@click.command()
@click.option("--write", is_flag=True, help="Into ERRATA.md.")
def errata(write: bool) -> None:
    """What the lectures' sources print wrongly, from the boxes in the lectures."""
    from ..errata import as_markdown
    from ..errata import write as write_errata

    if write:
        write_errata(Path("ERRATA.md"), Path("lectures"))
    else:
        click.echo(as_markdown(Path("lectures")))


@click.group()
def reference() -> None:
    """The trained references: list, verify, retrain."""


@reference.command("list")
def reference_list() -> None:
    """What is shipped, with what was measured on it."""
    from .. import reference

    for name in reference.carded():
        card = reference.card(name)
        published = "" if card["published"] is None else f"   published {card['published']:g}"
        click.echo(f"{name:<14} {card['title']:<46} {card['metrics'][card['metric']]:.2f} {card['metric']}{published}")


@reference.command("verify")
def reference_verify() -> None:
    """Load every reference and its probe, comparing their SHA-256."""
    from .. import reference

    for name in reference.names():
        reference.verify(name)
        click.echo(f"✓ {name}")


@reference.command("train")
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="All of them, several at once.")
@click.option(
    "--grid",
    type=click.Choice(["epitomic", "vampprior"]),
    help="Every model of a paper's table: the cards alone, several at once.",
)
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
    from .. import reference
    from ..reference.grid import train_grid
    from ..reference.recipes import RECIPES, every
    from ..reference.train import train

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
    unknown = [name for name in names if name not in every()]
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
    from ..reference import table

    table.write(write) if write else click.echo(table.as_markdown())


@click.command()
@click.argument("name")
@click.option("--samples", default=100, show_default=True, type=click.IntRange(1), help="Importance samples per test image.")
def evaluate(name: str, samples: int) -> None:
    """Measure the reference NAME on its whole test set (the cards use 5,000 samples: several minutes)."""
    from .. import data, reference
    from ..reference.recipes import RECIPES
    from ..reference.train import measure

    model = reference.load(name)
    recipe = RECIPES[name]
    for metric, value in measure(model, recipe, data.load(recipe.data), samples=samples).items():
        click.echo(f"{metric:<24} {value}")


COMMANDS = (lectures, errata, reference, evaluate)
