"""What several exercises of ps1 share."""

import math

import numpy as np
import torch
from torch.distributions import Normal

LN2 = math.log(2)


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
