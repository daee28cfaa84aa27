"""What the exercises of lecture 02 share: values of log p(x, z) on a grid, far from zero, and those of a trained reference."""

import numpy as np
import torch

from ...densities import log_bernoulli, log_standard_normal
from ...reference import load, probe


def draw_grid(rng: np.random.Generator):
    """log p(x, z) for 1 to 6 images at 2 to 9 points, and the length of a cell."""
    shape = (rng.integers(1, 7), rng.integers(2, 10))
    return rng.normal(scale=4, size=shape) - 30, float(rng.uniform(0.05, 2))


def reference_grid():
    axis = torch.linspace(-3, 3, 21, dtype=torch.float64)
    codes = torch.cartesian_prod(axis, axis)  # (441, 2)
    x = probe("vae2d-mnist").x[:8, None]
    log_joint = log_standard_normal(codes) + log_bernoulli(x, load("vae2d-mnist").double().decode(codes))
    return "8 images of vae2d-mnist on a grid of 21 × 21 codes", (log_joint.numpy(), 0.09), None


def far_away(rng: np.random.Generator):
    return rng.normal(scale=3, size=(70, 30)) - 1000, 0.01
