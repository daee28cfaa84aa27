"""The priors of the VampPrior paper as recipes, on dynamic MNIST, with one and two layers of latents.

Source: Tomczak & Welling 2018, Table 1 and section 5; settings as in its text and code (SOURCES.md, "Tomczak &
Welling 2018: training"), but for the learning rate.
"""

from collections.abc import Callable

from torch import Generator, Tensor, nn, randperm

from ... import data
from ...evaluation import activity, bound, layers, likelihood
from ...models import HVAE, VAE, ConvHVAE
from ...priors import GaussianMixture, VampPrior, pseudo_inputs
from ...training import Settings
from ..recipe import Recipe

PIXELS, LATENT_DIM, COMPONENTS = 784, 40, 500
PAPER = "Tomczak & Welling 2018, Table 1, dynamic MNIST"
ONE_LAYER = (likelihood, bound, activity)
TWO_LAYERS = (likelihood, bound, layers, activity)
NOTES = (
    "The paper's network, batch, warm-up, gradient normalisation, He initialisation and start of the pseudo-inputs; instead of a "
    "constant learning rate and an early stop after up to 2,000 epochs, {epochs} epochs along a half cosine from 1e-3 to 1e-5."
)


def build(model: nn.Module, prior: str) -> nn.Module:
    """The model with one of the paper's priors on its (upper) latents: standard, mog, data or vampprior."""
    if prior == "mog":
        model.prior = GaussianMixture(COMPONENTS, LATENT_DIM)
    elif prior == "data":
        model.prior = VampPrior(model.encode, training_images(COMPONENTS), learned=False)
    elif prior == "vampprior":
        model.prior = VampPrior(model.encode, pseudo_inputs(COMPONENTS, PIXELS))
    return model


def training_images(n: int) -> Tensor:
    """n random training images of MNIST, binarized like those that the encoder sees."""
    generator = Generator().manual_seed(14)
    train = data.load("mnist").train
    return data.binarize(train[randperm(len(train), generator=generator)[:n]], generator=generator)


def recipe(
    title: str, network: Callable[[], nn.Module], prior: str, cell: str, published: float | None, epochs: int, measures: tuple, *,
    tried: str = "", **details,
) -> Recipe:  # fmt: skip
    """A cell of the paper's Table 1, or a model beside it. tried: what else the card should say; details: of a Recipe."""
    return Recipe(
        title=title,
        data="mnist",
        build=lambda: build(network(), prior),
        settings=Settings(
            epochs=epochs, lr=1e-3, lr_decay=0.01, warmup=100, normalize_gradients=True, dynamic_binarization=True, seed=14
        ),
        metric="log-likelihood (nats)",
        published=published,
        source=f"{PAPER}, {cell}" if published else "none: the paper has this prior with two layers only",
        notes=NOTES.format(epochs=epochs) + tried,
        measures=measures,
        **details,
    )


def vae() -> nn.Module:
    return VAE(PIXELS, LATENT_DIM)


def hvae() -> nn.Module:
    return HVAE(PIXELS, LATENT_DIM)


def conv_hvae() -> nn.Module:
    return ConvHVAE((28, 28), LATENT_DIM)


REFERENCES = {
    "vampprior-mnist": recipe(
        "VAE, 40 latents, VampPrior of 500 pseudo-inputs", vae, "vampprior", "VAE, VampPrior", -82.38, 300, ONE_LAYER,
        tried=" 0.80 nats off the published value; the validation bound rose to the end of the schedule: take more epochs.",
    ),
    "mog-mnist": recipe(
        "VAE, 40 latents, mixture of 500 Gaussians", vae, "mog", "", None, 300, ONE_LAYER, weights=False,
        tried=" 300 epochs, as vampprior-mnist; the standard prior's vae-mnist had 500.",
    ),
    "vampdata-mnist": recipe(
        "VAE, 40 latents, VampPrior on 500 fixed training images", vae, "data", "", None, 300, ONE_LAYER, weights=False,
        tried=" 300 epochs, as vampprior-mnist; the standard prior's vae-mnist had 500.",
    ),
    "hvae-mnist": recipe(
        "HVAE, 40 + 40 latents, standard normal prior", hvae, "standard", "HVAE, standard prior", -82.42, 250, TWO_LAYERS,
        weights=False,
        tried=" 0.85 nats off the published value; as many epochs as hvae-vampprior-mnist had, to be compared with it.",
    ),
    "hvae-vampprior-mnist": recipe(
        "HVAE, 40 + 40 latents, VampPrior of 500 pseudo-inputs", hvae, "vampprior", "HVAE, VampPrior", -81.24, 250, TWO_LAYERS,
        tried=" 0.90 nats off the published value; the validation bound rose to the end of the schedule: take more epochs.",
    ),
    "convhvae-vampprior-mnist": recipe(
        "convolutional HVAE, 40 + 40 latents, PixelCNN decoder, VampPrior of 500 pseudo-inputs", conv_hvae, "vampprior",
        "convHVAE, VampPrior", -78.45, 150, TWO_LAYERS, weights=False, wants_gpu=True,
    ),
}  # fmt: skip
