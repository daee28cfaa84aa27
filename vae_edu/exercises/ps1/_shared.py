"""What several exercises of ps1 share."""

import math

import numpy as np
import torch
from torch.distributions import Normal

from ...reference import probe

LN2 = math.log(2)


def draw_distributions(rng: np.random.Generator):
    """Two distributions over 2 to 6 outcomes, in batches of 1 to 7."""
    shape, outcomes = rng.integers(1, 8), rng.integers(2, 7)
    return tuple(rng.dirichlet(np.ones(outcomes), size=shape) for _ in range(2))


def pixel_distributions():
    """Each pixel of image i against the same pixel of image i + 1, as two-sided coins."""
    on = torch.sigmoid(probe("vae-mnist").logits[:17, ::7]).clamp(1e-6, 1 - 1e-6)
    coins = torch.stack([1 - on, on], -1).numpy()
    return "pixel probabilities of vae-mnist", (coins[:-1], coins[1:]), None


def draw_gaussian_pair(rng: np.random.Generator):
    shape = (rng.integers(1, 8), rng.integers(1, 6))
    return tuple(scale * rng.normal(size=shape) for scale in (1.5, 0.8, 1.5, 0.8))


def gaussian_kl(mu_q, logvar_q, mu_p, logvar_p):
    """torch.distributions' closed form."""
    q, p = (Normal(torch.as_tensor(m), torch.as_tensor(v).div(2).exp()) for m, v in ((mu_q, logvar_q), (mu_p, logvar_p)))
    return torch.distributions.kl_divergence(q, p).sum(-1).numpy()


def wide_logvar(rng: np.random.Generator, *shape: int):
    """Log-variances from -9 to 5: beyond every clamp that a formula may hide."""
    return rng.uniform(-9, 5, size=shape)
