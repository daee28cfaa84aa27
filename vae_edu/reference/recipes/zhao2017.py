"""The experiments of Zhao, Song & Ermon 2017 on colour images as recipes, for those who have the data and a GPU.

None has been run here. Each is tested by one step on synthetic images. Sources: the paper, sections 3.2 and 4, appendix C; its
code; SOURCES.md, "Zhao, Song & Ermon 2017: the sequential VAE" and "Zhao, Song & Ermon 2017: PixelVAE on CIFAR-10".
"""

import math
from dataclasses import replace

from ...evaluation import bound, information
from ...likelihoods import LogisticMixture
from ...models import PixelVAE, SequentialVAE
from ...models.sequential import Ladder
from ...networks import GaussianEncoder, strided_convs
from ...training import Settings
from ..recipe import Recipe

NOT_RUN = "Not run here: it needs the data and days of a GPU. "


def pixelvae_cifar() -> PixelVAE:
    """20 latents behind three strided convolutions, 120 channels and 8 logistics; standard deviations in [0.01, 1]."""
    model = PixelVAE((32, 32), 20, (512,), likelihood=LogisticMixture(8), colours=3, channels=120, kernels=(7, 5, 5, 5, 5, 5))
    body = strided_convs((32, 32), 3, (64, 128, 256))
    model.encoder = GaussianEncoder(body, 256 * 4 * 4, 20, (2 * math.log(0.01), 0.0))
    return model


def ladders(codes: tuple[int, ...]) -> SequentialVAE:
    """Eight steps of four codes each on 64 x 64 pixels."""
    steps = [Ladder((3, 64, 64), codes, (96, 192, 384, 512)) for _ in range(8)]
    return SequentialVAE(steps, sum(codes), weight=16.0)


def _recipe(title: str, data: str, build, settings: Settings, notes: str, measures=(bound,)) -> Recipe:
    source = "Zhao, Song & Ermon 2017 (pictures, no numbers)"
    return Recipe(
        title, data, build, settings, "ELBO (nats)", None, source, NOT_RUN + notes, measures, he_init=False, weights=False,
        wants_gpu=True,
    )  # fmt: skip


CIFAR = Settings(epochs=200, batch_size=24, lr=1e-3, lr_decay=0.1, normalize_gradients=True)
PIXELS = (
    "A gated PixelCNN of six layers in the place of PixelCNN++: no down- and upsampling, no dropout, no average of the weights, "
    "a half cosine for the learning rate."
)
LADDER = Settings(epochs=60, batch_size=100, lr=2e-4, warmup=6, annealing="exponential")
STEPS = "The likelihood has the weight 16 of the paper's code; which channels belong to which size is our reading of it."

GRID = {
    "pixelvae-cifar10": _recipe("PixelVAE, 20 latents", "cifar10", pixelvae_cifar, CIFAR, PIXELS, (bound, information)),
    "pixelvae-nokl-cifar10": _recipe(
        "PixelVAE, 20 latents, no KL", "cifar10", pixelvae_cifar, replace(CIFAR, kl_weight=0.0), PIXELS, (bound, information)
    ),
    "sequential-celeba": _recipe("sequential VAE, 8 steps", "celeba", lambda: ladders((10, 10, 10, 10)), LADDER, STEPS),
    "sequential-lsun-bedroom": _recipe(
        "sequential VAE, 8 steps", "lsun-bedroom", lambda: ladders((20, 30, 30, 30)), LADDER, STEPS
    ),
}
