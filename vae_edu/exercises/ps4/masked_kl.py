"""ps4.2: masked_kl."""

import math

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..alternatives import KL
from ..exercise import Exercise
from ..ps1._shared import gaussian_kl, wide_logvar
from ._shared import kl_terms


def draw_posterior(rng: np.random.Generator):
    batch, latent_dim = int(rng.integers(1, 7)), int(rng.integers(3, 8))
    masks = rng.integers(0, 2, size=(batch, latent_dim)).astype(np.float64)
    return *rng.normal(size=(2, batch, latent_dim)), masks


def probe_posterior():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    mu, logvar = model.encode(a.x)
    masks = model.masks[a.costs.argmin(1)]
    return "64 posteriors of evae48-mnist", (mu.numpy(), logvar.numpy(), masks.numpy()), ((a.kl - math.log(12)).numpy(),)


exercise = Exercise(
    "ps4.2",
    "masked_kl",
    ["mu", "logvar", "mask"],
    oracle=lambda mu, logvar, mask: gaussian_kl(mask * mu, mask * logvar, np.zeros_like(mu), np.zeros_like(mu)),
    draw=draw_posterior,
    reference=probe_posterior,
    closed_book=[],
)
exercise.case("an empty mask: posterior = prior", [[3.0, -1.0]], [[1.0, 2.0]], [[0.0, 0.0]], expected=[0.0])
exercise.case("by hand: only the first latent counts", [[3.0, 5.0]], [[0.0, 0.0]], [[1.0, 0.0]], expected=[4.5])
exercise.case("off the epitome the variance is 1, not e²", [[0.0, 0.0]], [[0.0, 2.0]], [[1.0, 0.0]], expected=[0.0])
exercise.case("a full mask: the KL of a VAE", [[3.0, 5.0]], [[0.0, 2.0]], [[1.0, 1.0]], expected=[4.5 + (25 + math.e**2 - 3) / 2])
exercise.case("log-variance −1000 off the epitome", [[1.0, 0.0]], [[0.0, -1000.0]], [[1.0, 0.0]], expected=[0.5], edge=True)
exercise.always(
    "70 posteriors, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=(70, 45)), wide_logvar(rng, 70, 45), rng.integers(0, 2, size=(70, 45)).astype(np.float64)),
)


@exercise.misconception("Only the mean is masked: mask the log-variance too, or the other latents still cost KL.")
def only_mean_masked(mu, logvar, mask):
    return kl_terms(mask * mu, logvar).sum(-1)


@exercise.misconception("Only the log-variance is masked: the mean must be 0 off the epitome as well.")
def only_logvar_masked(mu, logvar, mask):
    return kl_terms(mu, mask * logvar).sum(-1)


@exercise.misconception("The mask is not used: latents outside the epitome equal the prior and cost nothing.")
def mask_ignored(mu, logvar, mask):
    return kl_terms(mu, logvar).sum(-1)


@exercise.misconception("The variance itself is masked: 0 is infinitely far from the prior. Mask its logarithm, so that it is 1.")
def variance_masked(mu, logvar, mask):
    return kl_terms(mask * mu, (mask * logvar.exp()).log()).sum(-1)


@exercise.misconception("The mask is upside down: ones mark the epitome.")
def mask_inverted(mu, logvar, mask):
    return kl_terms((1 - mask) * mu, (1 - mask) * logvar).sum(-1)


@exercise.misconception(
    "The −1 is not masked: each latent outside the epitome then gives −½. Mask mu and logvar, and 0 comes by itself."
)
def one_unmasked(mu, logvar, mask):
    return 0.5 * ((mask * mu) ** 2 + mask * logvar.exp() - mask * logvar - 1).sum(-1)


@exercise.misconception("A mean over latents: the KL is a sum.")
def latents_averaged(mu, logvar, mask):
    return kl_terms(mask * mu, mask * logvar).mean(-1)


@exercise.steps
def in_steps(mu, logvar, mask):
    masked_mu = mask * mu  # the masked mean
    masked_logvar = mask * logvar  # the masked log-variance
    square = masked_mu**2  # the square of the mean
    variance = masked_logvar.exp()  # the variance
    terms = 0.5 * (square + variance - masked_logvar - 1)  # the KL of each latent
    return terms.sum(-1)  # the sum over the latents


exercise.instead("terms", KL)


exercise.instead(
    "return",
    {
        "the KL is averaged over the latents of the mask": lambda terms, mask: terms.sum(-1) / mask.sum(-1).clamp(min=1),
        "the KL of all latents is weighed by the share of the mask": lambda mu, logvar, mask: (
            (0.5 * (mu**2 + logvar.exp() - logvar - 1)).sum(-1) * mask.mean(-1)
        ),
        "the first image's mask stands for all": lambda mu, logvar, mask: (
            mask[:1] * 0.5 * (mu**2 + logvar.exp() - logvar - 1)
        ).sum(-1),
        "the variance is masked, and 0 where the mask is": lambda mu, logvar, mask: (
            0.5 * ((mask * mu) ** 2 + mask * logvar.exp() - mask * logvar - 1)
        ).sum(-1),
        "latents with mean 0 do not count, whatever the mask says": lambda mu, logvar: torch.where(
            mu != 0, 0.5 * (mu**2 + logvar.exp() - logvar - 1), 0.0
        ).sum(-1),
        "latents outside the mask count, those inside do not": lambda mu, logvar, mask: (
            (1 - mask) * 0.5 * (mu**2 + logvar.exp() - logvar - 1)
        ).sum(-1),
    },
)
