"""The VampPrior paper's models as recipes: the references on dynamic MNIST, and the whole of Table 1 as a grid.

Source: Tomczak & Welling 2018, Table 1 and section 5; settings as in its text and code (SOURCES.md, "Tomczak & Welling 2018:
training"), but that the references take another learning rate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

from torch import Generator, Tensor, nn, randperm

from ... import data
from ...likelihoods import Bernoulli, Logistic256WithoutEdges
from ...models import HVAE, VAE, ConvHVAE
from ...priors import GaussianMixture, VampPrior, pseudo_inputs
from ...training import Settings
from ..measures import activity, bound, layers, likelihood
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


@dataclass(frozen=True)
class Images:
    """What Table 1's models have to know of a data set, and its row: one and two layers, convolutional, each with both priors.

    dynamic: binarized anew for every batch; start: mean and standard deviation of the pseudo-inputs' first pixels.
    """

    row: tuple[float, ...]
    shape: tuple[int, int] = (28, 28)
    grey: bool = False
    dynamic: bool = False
    start: tuple[float, float] = (0.05, 0.01)
    components: int = COMPONENTS


TABLE_1 = {
    "static-mnist": Images((-88.56, -85.57, -86.05, -83.19, -80.58, -79.78)),
    "mnist": Images((-84.50, -82.38, -82.42, -81.24, -79.70, -78.45), dynamic=True),
    "omniglot": Images((-108.50, -104.75, -103.52, -101.18, -90.11, -89.76), dynamic=True, components=1000),
    "caltech-silhouettes": Images((-123.43, -114.55, -112.08, -108.28, -85.51, -86.22), start=(0.5, 0.02)),
    "frey-faces": Images((4.63, 4.57, 4.61, 4.51, 4.43, 4.38), (28, 20), grey=True, start=(0.5, 0.02)),
    "histopathology": Images((6.07, 6.04, 5.82, 5.75, 4.84, 4.82), grey=True, start=(0.4, 0.05)),
}
NETWORKS = ("vae", "hvae", "convhvae")
SPLITS = 3  # of Frey faces
GRID_NOTES = (
    "The paper's network, batch, warm-up, gradient normalisation, He initialisation, learning rate (5e-4, constant) and early "
    "stop (50 epochs without a better validation bound). The KL to N(0, I) is in closed form; the paper's code takes it at one "
    "sample."
)


def name_of(network: str, prior: str, images: str, split: int = 0) -> str:
    """vae-omniglot, vampprior-omniglot, hvae-omniglot, hvae-vampprior-frey-faces-2, ..."""
    model = {"standard": network, "vampprior": "vampprior" if network == "vae" else f"{network}-vampprior"}[prior]
    return f"{model}-{images}" + (f"-{split}" if split else "")


def network_of(network: str, images: Images) -> nn.Module:
    """One of the paper's three networks for a data set; grey pixels have the likelihood of its code, without edge bins."""
    pixels = images.shape[0] * images.shape[1]
    likelihood = Logistic256WithoutEdges() if images.grey else Bernoulli()
    if network == "convhvae":
        return ConvHVAE(images.shape, LATENT_DIM, likelihood=likelihood)
    return (VAE if network == "vae" else HVAE)(pixels, LATENT_DIM, likelihood=likelihood)


def cell(network: str, prior: str, name: str, split: int = 0) -> Recipe:
    """One cell of Table 1, with the paper's own settings."""
    images = TABLE_1[name]
    what = {"vae": "VAE, 40 latents", "hvae": "HVAE, 40 + 40 latents", "convhvae": "convolutional HVAE, 40 + 40 latents"}[network]
    prior_of = "standard normal prior" if prior == "standard" else f"VampPrior of {images.components} pseudo-inputs"
    column = {"vae": "VAE", "hvae": "HVAE", "convhvae": "convHVAE"}[network]

    def build_cell() -> nn.Module:
        model = network_of(network, images)
        if prior == "vampprior":
            mean, std = images.start
            pixels = images.shape[0] * images.shape[1]
            model.prior = VampPrior(model.encode, pseudo_inputs(images.components, pixels, mean=mean, std=std))
        return model

    return Recipe(
        title=f"{what}, {prior_of}",
        data=name,
        build=build_cell,
        settings=Settings(
            epochs=2000, lr=5e-4, warmup=100, patience=50, normalize_gradients=True, dynamic_binarization=images.dynamic, seed=14
        ),
        metric="bits per dimension" if images.grey else "log-likelihood (nats)",
        published=images.row[2 * NETWORKS.index(network) + (prior == "vampprior")],
        source=f"Tomczak & Welling 2018, Table 1, {name}, {column}, {'VampPrior' if prior == 'vampprior' else 'standard prior'}",
        notes=GRID_NOTES,
        measures=ONE_LAYER if network == "vae" else TWO_LAYERS,
        split=split,
        weights=False,
        wants_gpu=network == "convhvae",
    )


GRID = {
    name_of(network, prior, images, split): cell(network, prior, images, split)
    for images, network, prior in product(TABLE_1, NETWORKS, ("standard", "vampprior"))
    for split in range(SPLITS if images == "frey-faces" else 1)
}
