"""The commands of a student or a self-learner: check, data, train."""

from pathlib import Path

import click


@click.command()
@click.argument("notebook", type=click.Path(path_type=Path))
def check(notebook: Path) -> None:
    """Run a student's NOTEBOOK in a fresh kernel and print what its checks say."""
    from .. import notebooks

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


COMMANDS = (check, data_command, train)
