"""The priors of the VampPrior paper as recipes, on dynamic MNIST, with one and two layers of latents.

Source: Tomczak & Welling 2018, Table 1 and section 5; settings as in its text and code (FACTS 3.4), but for the learning rate.
"""

from collections.abc import Callable

from torch import Generator, nn, randperm

from .. import data
from ..models import HVAE, VAE
from ..priors import GaussianMixture, VampPrior, pseudo_inputs
from ..training import Settings
from .recipe import Recipe

PIXELS, LATENT_DIM, COMPONENTS = 784, 40, 500
PAPER = "Tomczak & Welling 2018"


def settings(epochs: int) -> Settings:
    return Settings(
        epochs=epochs, lr=1e-3, lr_decay=0.01, warmup=100, normalize_gradients=True, dynamic_binarization=True, seed=14
    )


def build(model_class: Callable[..., nn.Module], prior: str) -> nn.Module:
    """A VAE or HVAE with one of the paper's priors: standard, mog, data or vampprior."""
    model = model_class(PIXELS, LATENT_DIM)
    if prior == "mog":
        model.prior = GaussianMixture(COMPONENTS, LATENT_DIM)
    elif prior == "data":
        model.prior = VampPrior(model.encode, training_images(COMPONENTS), learned=False)
    elif prior == "vampprior":
        model.prior = VampPrior(model.encode, pseudo_inputs(COMPONENTS, PIXELS))
    return model


def training_images(n: int):
    """n random training images of MNIST, binarized like those that the encoder sees."""
    generator = Generator().manual_seed(14)
    train = data.load("mnist").train
    return data.binarize(train[randperm(len(train), generator=generator)[:n]], generator=generator)


def recipe(model_class, prior: str, epochs: int, **details) -> Recipe:
    return Recipe(
        data="mnist",
        build=lambda: build(model_class, prior),
        settings=settings(epochs),
        metric="log-likelihood (nats)",
        **details,
    )


REFERENCES = {
    "vampprior-mnist": recipe(VAE, "vampprior", 300, title="", published=-82.38, source="", notes=""),
    "hvae-vampprior-mnist": recipe(HVAE, "vampprior", 250, title="", published=-81.24, source="", notes=""),
    "hvae-mnist": recipe(HVAE, "standard", 250, title="", published=-82.42, source="", notes=""),
    "mog-mnist": recipe(VAE, "mog", 250, title="", published=None, source="", notes="", weights=False),
    "vampdata-mnist": recipe(VAE, "data", 250, title="", published=None, source="", notes="", weights=False),
}
