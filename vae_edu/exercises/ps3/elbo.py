"""ps3.1: elbo."""

import math

import numpy as np
import torch

from ...reference import probe
from ..alternatives import KL, PIXELS
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2, bound_from_parts, kl_parts, log_p


def draw_parts(rng: np.random.Generator):
    batch, pixels, latent_dim = rng.integers(1, 7), rng.integers(4, 9), rng.integers(2, 5)
    x = rng.uniform(size=(batch, pixels))
    mu, logvar = rng.normal(size=(2, batch, latent_dim))
    return x, 2 * rng.normal(size=(batch, pixels)), mu, logvar, float(rng.uniform(0.3, 3))


def probe_parts():
    a = probe("vae-mnist")
    arguments = (a.x.numpy(), a.logits.numpy(), a.mu.numpy(), a.logvar.numpy(), 1.0)
    return "the ELBO of 64 images of vae-mnist", arguments, ((a.reconstruction - a.kl).numpy(),)


exercise = Exercise(
    "ps3.1",
    "elbo",
    ["x", "logits", "mu", "logvar", "beta"],
    oracle=bound_from_parts,
    draw=draw_parts,
    reference=probe_parts,
)
exercise.case("posterior = prior: only the pixels count", [[1.0, 0.0]], [[0.0, 0.0]], [[0.0]], [[0.0]], 1.0, expected=[-2 * LN2])
exercise.case("by hand: a KL of 4.5 and β = 1", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 1.0, expected=[-LN2 - 4.5])
exercise.case("by hand: the same with β = 2", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 2.0, expected=[-LN2 - 9.0])
exercise.case("β = 0 leaves the reconstruction", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 0.0, expected=[-LN2])
exercise.case("a sure and wrong pixel: logit −1000", [[1.0]], [[-1000.0]], [[0.0]], [[0.0]], 1.0, expected=[-1000.0], edge=True)
exercise.case("a sure and wrong pixel: logit 1000", [[0.0]], [[1000.0]], [[0.0]], [[0.0]], 1.0, expected=[-1000.0], edge=True)
exercise.case(
    "very narrow and very wide: σ = e⁻¹⁵ and e⁶",
    [[1.0], [1.0]],
    [[0.0], [0.0]],
    [[0.0], [0.0]],
    [[-30.0], [12.0]],
    1.0,
    expected=[-LN2 - 14.5, -LN2 - 0.5 * (math.exp(12) - 13)],
    edge=True,
)
exercise.always(
    "70 grey images of 90 pixels, 45 latents, log-variances from −9 to 5",
    lambda rng: (
        rng.uniform(size=(70, 90)),
        3 * rng.normal(size=(70, 90)),
        rng.normal(size=(70, 45)),
        wide_logvar(rng, 70, 45),
        0.7,
    ),
)


@exercise.misconception("The KL is added. It is a cost: the bound is reconstruction − β·KL.")
def kl_added(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) + beta * kl_parts(mu, logvar).sum(-1)


@exercise.misconception("Right size, wrong sign: this is the loss that is minimised. The ELBO itself is minus that.")
def negative_elbo(x, logits, mu, logvar, beta):
    return beta * kl_parts(mu, logvar).sum(-1) - log_p(x, logits).sum(-1)


@exercise.misconception("β multiplies the reconstruction. It belongs to the KL.")
def beta_on_reconstruction(x, logits, mu, logvar, beta):
    return beta * log_p(x, logits).sum(-1) - kl_parts(mu, logvar).sum(-1)


@exercise.misconception("β is not used.")
def beta_ignored(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) - kl_parts(mu, logvar).sum(-1)


@exercise.misconception(
    "A mean over pixels beside a sum over latents: the KL weighs as many times too much as there are pixels (a hidden β)."
)
def pixels_averaged(x, logits, mu, logvar, beta):
    return log_p(x, logits).mean(-1) - beta * kl_parts(mu, logvar).sum(-1)


@exercise.misconception("A mean over latents beside a sum over pixels: the KL weighs too little, a hidden β of 1/latents.")
def latents_averaged(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) - beta * kl_parts(mu, logvar).mean(-1)


@exercise.misconception(
    "One number for the batch: keep one bound per image. The mean over the batch belongs to the training loop."
)
def batch_averaged(x, logits, mu, logvar, beta):
    return (log_p(x, logits).sum(-1) - beta * kl_parts(mu, logvar).sum(-1)).mean()


@exercise.steps
def in_steps(x, logits, mu, logvar, beta):
    log_on = logits - torch.nn.functional.softplus(logits)  # log π
    log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
    pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
    reconstruction = pixels.sum(-1)  # the sum over the pixels
    square = mu**2  # the square of the mean, in the KL
    variance = logvar.exp()  # the variance, in the KL
    terms = 0.5 * (square + variance - logvar - 1)  # the KL of each latent
    kl = terms.sum(-1)  # the KL to the prior
    cost = beta * kl  # the weighted KL
    return reconstruction - cost  # the bound


exercise.instead("pixels", PIXELS)
exercise.instead("terms", KL)


exercise.instead(
    "cost",
    {
        "the KL is divided by β": lambda kl, beta: kl / beta if beta else 0 * kl,
        "β is the power of the KL": lambda kl, beta: kl**beta,
        "the absolute distance of the KL to 1 is the cost": lambda kl, beta: beta * (kl - 1).abs(),
        "the KL above 1 is the cost": lambda kl, beta: beta * (kl - 1).clamp(min=0),
        "β is added to the KL": lambda kl, beta: kl + beta,
    },
)
exercise.instead(
    "return",
    {"the terms are weighed by 1 − β and β": lambda reconstruction, kl, beta: (1 - beta) * reconstruction - beta * kl},
)
