"""ps2.1: reparameterize."""

import math

import numpy as np

from ... import reparam
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2, by_inverse_cdf


def draw_noise(rng: np.random.Generator):
    batch, dim = rng.integers(1, 7), rng.integers(2, 5)
    mu, logvar = rng.normal(size=(2, batch, dim))
    return 2 * mu, logvar, rng.normal(size=(batch, dim)).clip(-4, 4)


def probe_noise():
    answers = probe("vae-mnist")
    arguments = (answers.mu.numpy(), answers.logvar.numpy(), answers.noise.numpy())
    return "16 × 64 samples of vae-mnist's posteriors", arguments, (answers.z.numpy(),)


exercise = Exercise(
    "ps2.1",
    "reparameterize",
    ["mu", "logvar", "noise"],
    oracle=by_inverse_cdf,
    draw=draw_noise,
    reference=probe_noise,
    differentiable=["mu", "logvar"],
    closed_book=[reparam.reparameterize],
    unit="",
)
exercise.case("no noise gives the mean", [1.0, -2.0], [0.3, 0.7], [0.0, 0.0], expected=[1.0, -2.0])
exercise.case("by hand: N(1, 2²) at noise ½", [1.0], [2 * LN2], [0.5], expected=[2.0])
exercise.case("three samples of one posterior", [1.0], [0.0], [[0.0], [1.0], [-1.0]], expected=[[1.0], [2.0], [0.0]], edge=True)
exercise.case("one noise for two posteriors", [[1.0], [2.0]], [0.0], [0.5], expected=[[1.5], [2.5]], edge=True)
exercise.case(
    "very narrow and very wide: σ = e⁻¹⁵ and e⁶",
    [0.0, 0.0],
    [-30.0, 12.0],
    [1.0, 1.0],
    expected=[math.exp(-15), math.exp(6)],
    edge=True,
)
exercise.always(
    "70 samples, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=(70, 45)), wide_logvar(rng, 70, 45), rng.normal(size=(70, 45)).clip(-4, 4)),
)


@exercise.misconception("exp(logvar) is the variance. The noise is scaled by the standard deviation, exp(logvar / 2).")
def variance_as_std(mu, logvar, noise):
    return mu + logvar.exp() * noise


@exercise.misconception("logvar itself scales the noise: it is a logarithm (and may be negative). Use exp(logvar / 2).")
def logvar_as_std(mu, logvar, noise):
    return mu + logvar * noise


@exercise.misconception("The noise is not used: the posterior mean is a point, the VAE needs a sample.")
def mean_instead_of_sample(mu, logvar, noise):
    return mu + 0 * noise


@exercise.misconception("The noise is not scaled: multiply it by exp(logvar / 2).")
def unit_variance(mu, logvar, noise):
    return mu + noise


@exercise.misconception("exp(−logvar / 2) is one over the standard deviation: check the sign in the exponent.")
def inverse_std(mu, logvar, noise):
    return mu + (-0.5 * logvar).exp() * noise


@exercise.steps
def in_steps(mu, logvar, noise):
    half = 0.5 * logvar  # the log of the standard deviation
    std = half.exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    return mu + deviation  # the sample
