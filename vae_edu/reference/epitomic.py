"""For `vae_edu.cli`, until it takes GRIDS from `recipes`; then this file goes."""

from .recipes.yeung2017 import GRID

__all__ = ["GRID"]
