"""How much a code says: the mutual information of images and codes, and what a code leaves open, estimated from posteriors.

Sources: Zhao, Song & Ermon 2017, figure 2 and appendix A.3; Hoffman & Johnson 2016 ("ELBO surgery"). In log space and float64:
with probabilities, or in float32, spread-out codes give more than log M.
"""

import math

import torch
from torch import Tensor

from .densities import log_normal, log_normal_components
from .divergences import require_distribution

BLOCK = 500  # rows of the M x M matrix held at once: 40 MB for M = 10,000


def mutual_information(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """I(x; z) of M images whose posteriors are N(mu, exp(logvar)), one sample z of each: all (M, dim). A number, in nats.

    mean over i of log q(z_i|x_i) - log (1/M) sum_j q(z_i|x_j), j = i included. Never more than log M: near that cap it says
    that M images can be told apart by their codes, and nothing of whether a decoder listens (`evaluation.swap_loss` does).
    """
    if z.shape != mu.shape or mu.shape != logvar.shape or z.ndim != 2:
        raise ValueError(f"z, mu and logvar must all be (images, latents), got {[tuple(t.shape) for t in (z, mu, logvar)]}.")
    if len(z) < 2:
        raise ValueError("Mutual information needs at least two images: of one, log M is 0, and so is every estimate.")
    if not all(bool(t.isfinite().all()) for t in (z, mu, logvar)):
        raise ValueError("z, mu and logvar must be finite; the codes hold NaN or infinity.")
    z, mu, logvar = z.double(), mu.double(), logvar.double()
    total = z.new_zeros(())
    for start in range(0, len(z), BLOCK):
        log_q = log_normal_components(z[start : start + BLOCK], mu, logvar)  # (rows, M)
        total += (log_q.diagonal(start) - log_q.logsumexp(1)).sum()
    return total / len(z) + math.log(len(z))


def surgery(z: Tensor, mu: Tensor, logvar: Tensor, log_p: Tensor) -> tuple[Tensor, Tensor]:
    """The two parts of the bound's KL, averaged over M images: I(x; z) and KL(q(z) || p(z)), two numbers in nats.

    mean_i KL(q(z|x_i) || p(z)) = I(x; z) + KL(q(z) || p(z)), with q(z) the mean of the M posteriors; all at one sample z of each.
    z, mu, logvar as for `mutual_information`; log_p: log p(z), (M,), of whatever prior. Source: Hoffman & Johnson 2016.
    """
    if log_p.shape != z.shape[:1]:
        raise ValueError(f"log_p must hold log p(z) of each of the {len(z)} z, got {tuple(log_p.shape)}.")
    information = mutual_information(z, mu, logvar)
    kl = (log_normal(z.double(), mu.double(), logvar.double()) - log_p.double()).mean()
    return information, kl - information


def images_given_code(q: Tensor, p_data: Tensor) -> Tensor:
    """q(x|z) = q(z|x) p_data(x) / q(z) of a table q (images, codes), whose rows are the q(z|x): (codes, images).

    p_data: (images,). Source: Zhao, Song & Ermon 2017, definition 1. Raises ValueError where a row or p_data is no distribution,
    or where a code is never used: there q(x|z) does not exist.
    """
    require_distribution("q", q)
    require_distribution("p_data", p_data)
    if q.ndim != 2 or p_data.shape != q.shape[:1]:
        raise ValueError(f"q must be (images, codes) and p_data (images,), got {tuple(q.shape)} and {tuple(p_data.shape)}.")
    joint = (p_data[:, None] * q).T
    marginal = joint.sum(1, keepdim=True)
    if not bool((marginal > 0).all()):
        raise ValueError(f"No image ever gets code {int(marginal.argmin())}: which images it stands for is not defined.")
    return joint / marginal


def variance_left(x: Tensor, z: Tensor, mu: Tensor, logvar: Tensor) -> tuple[Tensor, Tensor]:
    """sum over pixels of Var_{q(x|z)}[x_i] at each of n codes z (n, dim), and how many images it rests on: two of (n,).

    q(x|z) gives each of the images x (M, pixels) the weight q(z|x) / sum_j q(z|x_j); posteriors N(mu, exp(logvar)), (M, dim). The
    second number, (sum w)^2 / sum w^2, is near 1 where hardly an image lives: there the variance falls to 0 for the wrong reason.
    """
    parts = []
    for block in z.split(BLOCK):
        weights = log_normal_components(block, mu, logvar).softmax(-1)  # (rows, M)
        variance = (weights @ x**2 - (weights @ x) ** 2).clamp(min=0).sum(-1)
        parts.append((variance, 1 / (weights**2).sum(-1)))
    variances, images = zip(*parts)
    return torch.cat(variances), torch.cat(images)
