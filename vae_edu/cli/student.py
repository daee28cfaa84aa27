"""The commands of a student or a self-learner: start, check, progress, data, train."""

import re
import shlex
from pathlib import Path

import click


@click.command()
@click.argument("folder", type=click.Path(path_type=Path), default="vae-course")
def start(folder: Path) -> None:
    """Lay lectures and problem sets into FOLDER (default: vae-course), to work in.

    Again after an upgrade, it brings what is new; what you have changed it never overwrites.
    """
    from ..start import start

    new, done = not folder.is_dir(), start(folder)
    for names, said in (
        (done.updated, "updated, not changed by you"),
        (done.changed, "changed by you, left alone"),
        (done.beside, "a newer version, laid beside yours"),
        (done.refused, "yours, and in the way of a newer version: rename it, then give the same command again"),
        ([] if new else done.added, "new"),
    ):
        for name in names:
            click.echo(f"  {name}: {said}.")
    click.echo(
        f"{folder} holds {done.lectures} lectures and {done.sets} problem sets. Open it: jupyter lab {shlex.quote(str(folder))}"
    )


@click.command()
@click.argument("notebooks", nargs=-1, type=click.Path(path_type=Path))
def check(notebooks: tuple[Path, ...]) -> None:
    """Run NOTEBOOKS (a folder: all in it that hold checks) in fresh kernels and print what their checks say.

    Without NOTEBOOKS, the problem sets of the working copy here.
    """
    from .. import progress
    from ..notebooks import NotebookError

    paths, ran, failed = _with_checks(notebooks or tuple(progress.sets_in(Path()))), {}, 0
    for path in paths:
        try:
            ran[path] = _check(path)
        except NotebookError as error:
            if len(paths) == 1:
                raise
            click.echo(f"{path}: {error}", err=True)
            failed += 1
    if len(paths) > 1:
        said = [data for cells in ran.values() for data, _ in progress.check_outputs(cells).values()]
        passed = sum(data.get("passed", False) for data in said)
        click.echo(f"{passed} of {len(said)} exercises in {len(ran)} notebooks pass every row.")
        sets = [one for path, cells in ran.items() if (one := progress.problem_set(path, cells)).steps]
        if sets:
            click.echo("\n" + progress.as_text(sets))
    if failed:
        raise click.ClickException(f"{failed} of {len(paths)} notebooks could not be run.")


def _with_checks(given: tuple[Path, ...]) -> list[Path]:
    """The notebooks given, and of folders those that call `check`; not what Jupyter and editors keep in hidden folders."""
    paths: list[Path] = []
    for place in given:
        if not place.is_dir():
            paths.append(place)
            continue
        inside = [path for path in sorted(place.rglob("*.ipynb")) if "/." not in f"/{path.relative_to(place).as_posix()}"]
        found = [path for path in inside if re.search(r'"check\(', path.read_text(encoding="utf-8", errors="replace"))]
        if not found:
            raise click.ClickException(f"{place} holds no notebook with check cells: name one made by vae-edu start.")
        paths += found
    return list(dict.fromkeys(paths))


def _run(path: Path) -> list:
    """The cells of a notebook after a run in a fresh kernel; the file stays as it is."""
    from .. import notebooks

    content = notebooks.read(path)
    click.echo(f"Running {path} in a fresh kernel …", err=True)
    return notebooks.execute(content, path.resolve().parent, allow_errors=True).cells


def _check(path: Path) -> list:
    """Run one notebook and print its checks; returns its cells."""
    from .. import notebooks
    from ..progress import check_outputs

    cells = _run(path)
    found = check_outputs(cells)
    if not found:
        raise notebooks.NotebookError(f"{path} holds no check cells: is it one of the course's problem sets?")
    for _, text in found.values():
        click.echo(text + "\n")
    passed = sum(data.get("passed", False) for data, _ in found.values())
    click.echo(f"{path.name}: {passed} of {len(found)} exercises pass every row.")
    return cells


@click.command("progress")
@click.argument("folder", type=click.Path(path_type=Path), default=".")
@click.option("--run", is_flag=True, help="Run every notebook in a fresh kernel first (minutes; the files stay as they are).")
def progress_command(folder: Path, run: bool) -> None:
    """Say how far you are in every problem set of FOLDER, and what comes next, from what your notebooks show.

    It knows what check and grade said when you ran them last; what you have changed since, it does not.
    """
    from .. import progress

    found, broken = [], []
    for path in progress.sets_in(folder):
        try:
            cells = _run(path) if run else progress.cells_of(path)
            found.append(progress.problem_set(path, cells))
        except progress.NotebookError as error:
            broken.append(str(error))
    if found:
        click.echo(progress.as_text(found))
    if broken:
        raise click.ClickException("\n".join(broken))


@click.command("data")
@click.argument("names", nargs=-1)
def data_command(names: tuple[str, ...]) -> None:
    """Fetch and verify the data sets NAMES; without names, say which are at hand."""
    from .. import data

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


@click.command()
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

    from .. import data, plots
    from ..likelihoods import Bernoulli, Gaussian
    from ..models import VAE
    from ..training import Settings, fit

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


COMMANDS = (start, check, progress_command, data_command, train)
