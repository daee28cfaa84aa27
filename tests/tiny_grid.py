"""A grid of three small models on the embedded digits; `python -m tests.tiny_grid NAME RUNS STORE` trains one of them."""

import os
import sys
from pathlib import Path

from vae_edu.models import VAE, EpitomicVAE, MixtureVAE
from vae_edu.reference import measures, train
from vae_edu.reference.recipe import Recipe
from vae_edu.reference.recipes import GRIDS
from vae_edu.reference.recipes.yeung2017 import MEASURES
from vae_edu.training import Settings

BUILDS = {
    "tiny-vae": lambda: VAE(64, 4, (16,)),
    "tiny-mvae": lambda: MixtureVAE(64, 2, 2, (8,)),
    "tiny-evae": lambda: EpitomicVAE(64, 4, (16,), size=2, stride=2),
}
RECIPES = {
    name: Recipe(
        title=name, data="digits", build=build, settings=Settings(epochs=2), metric=measures.PARZEN_METRIC,
        published=100.0, source="none", notes="a test", measures=MEASURES[name.removeprefix("tiny-")], grey=True,
        he_init=False, weights=name == "tiny-evae",
    )
    for name, build in BUILDS.items()
}  # fmt: skip

if __name__ == "__main__":
    if os.environ.get("TINY_GRID_FAILS"):
        object.__setattr__(RECIPES["tiny-vae"], "build", lambda: 1 / 0)
        object.__setattr__(RECIPES["tiny-mvae"], "build", lambda: os._exit(9))
    GRIDS["epitomic"], measures.PARZEN_SAMPLES = RECIPES, 200
    train.train(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), progress=False)
