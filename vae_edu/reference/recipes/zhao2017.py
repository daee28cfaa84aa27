"""Drawing in steps as recipes, on MNIST; and the experiments of Zhao, Song & Ermon 2017 on colour images.

Those are for who has the data and a GPU: none has been run here, each is tested by one step on synthetic images. Sources: the
paper, sections 3.2 and 4, appendix C; its code; SOURCES.md, "Zhao, Song & Ermon 2017: the sequential VAE" and "Zhao, Song &
Ermon 2017: PixelVAE on CIFAR-10".
"""

import math
from dataclasses import replace

from ...likelihoods import LogisticMixture
from ...models import InfusionChain, PixelVAE, SequentialVAE
from ...models.sequential import GatedStep, Ladder
from ...networks import GaussianEncoder, strided_convs
from ...training import Settings
from ..measures import bound, draws_by_step, errors_by_step, information, likelihoods_by_step, mixed_codes_by_step
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
    return Recipe(
        title=title,
        data=data,
        build=build,
        settings=settings,
        metric="ELBO (nats)",
        published=None,
        source="Zhao, Song & Ermon 2017 (pictures, no numbers)",
        notes=NOT_RUN + notes,
        measures=measures,
        he_init=False,
        weights=False,
        wants_gpu=True,
    )


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


PAPER = "Zhao, Song & Ermon 2017 (other images; pictures, no numbers)"


def _sequential(
    title: str, notes: str, *, steps: int = 5, codes: int = 3, learned_prior: bool = False, warmup: int = 0, weights: bool = False
) -> Recipe:
    parts = lambda: [GatedStep(784, codes, first=step == 0, learned_prior=learned_prior) for step in range(steps)]
    return Recipe(
        title=title,
        data="mnist",
        build=lambda: SequentialVAE(parts(), codes, weight=16.0),
        settings=Settings(epochs=30, lr=1e-3, lr_decay=0.01, warmup=warmup),
        metric="squared error of the last step",
        published=None,
        source=PAPER,
        notes=notes,
        measures=(errors_by_step, draws_by_step, mixed_codes_by_step),
        grey=True,
        he_init=False,
        weights=weights,
    )


REFERENCES = {
    "seqvae-mnist": _sequential(
        "sequential VAE, 5 steps of 3 latents",
        "Gated layers of 128 units in each step, the weight 16 of the paper's code, no warm-up (see seqvae-warm-mnist). "
        "Seeds 1 and 2: squared error by step 23.6, 16.8, 13.6, 11.7, 10.3 and 23.5, 16.5, 13.3, 11.5, 9.8; Fréchet distances "
        "15.3, 11.0, 10.5, 10.0, 9.8 and 13.2, 9.0, 7.7, 7.5, 7.5; taken with confidence at the first and last step 37 and "
        "29 %, 45 and 25 %. Seed 0 was not chosen.",
        weights=True,
    ),
    "seqvae-warm-mnist": _sequential(
        "sequential VAE, a warm-up of 20 epochs",
        "As seqvae-mnist, of which it was the first version: the error is the same, the draws are farther off. Seeds 1 and 2: "
        "last step's squared error 9.8 and 9.3; Fréchet distances 23.1, 19.1, 16.8, 16.2, 16.1 and 26.7, 19.8, 18.2, 16.0, 14.9.",
        warmup=20,
    ),
    "seqvae-learned-mnist": _sequential(
        "sequential VAE, learned priors",
        "As seqvae-mnist, with priors of later steps read off the image so far. Seeds 1 and 2: last step's "
        "squared error 9.4 and 10.0, Fréchet distance 9.3 and 7.8; taken with confidence at the first and the last step 37 and "
        "40 %, 45 and 46 %. With black images in the place of the image so far (seed 0): 40 and 23 %, error 9.9, distance 8.1.",
        learned_prior=True,
    ),
    "seqvae-onestep-mnist": _sequential(
        "one step of 15 latents",
        "The rival of seqvae-mnist: the same network and settings, one step. Seeds 1 and 2: squared error 7.5 and 7.4, Fréchet "
        "distance 3.7 and 4.1. With a warm-up of 20 epochs: 7.8 and 7.6, 6.4 and 6.8 (seeds 0 and 1).",
        steps=1,
        codes=15,
    ),
    "infusion-mnist": Recipe(
        title="infusion chain, 6 steps",
        data="mnist",
        build=lambda: InfusionChain(784, 6, rate=0.12),
        settings=Settings(epochs=20, lr=1e-3, lr_decay=0.01, dynamic_binarization=True),
        metric="-log p of the last step (nats)",
        published=None,
        source="Bordes et al. 2017, as told by Zhao, Song & Ermon 2017 (pictures, no numbers)",
        notes="Binary pixels, gated layers of 128 units, 12 % more true pixels with every step. Fréchet distances of seeds 1 and "
        "2: 10.8, 4.8, 2.2, 1.3, 1.2, 1.3 and 10.8, 4.7, 2.2, 1.4, 1.3, 1.3.",
        measures=(likelihoods_by_step, draws_by_step),
        he_init=False,
        loss=lambda model, x, generator: model.loss(x, generator=generator),
    ),
}
