"""ps2.4: pathwise_gradient."""

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import by_inverse_cdf


def slope_of_average(dfdz, logvar, noise):
    """Central differences of mean_s sum dfdz * z_s(mu, logvar), which is linear in z."""

    def average(mu, logvar):
        return (dfdz * by_inverse_cdf(mu, logvar, noise)).sum(-1).mean()

    step, origin = 1e-5, np.zeros_like(logvar)
    axes = np.eye(len(logvar)) * step
    d_mu = [(average(e, logvar) - average(-e, logvar)) / (2 * step) for e in axes]
    d_logvar = [(average(origin, logvar + e) - average(origin, logvar - e)) / (2 * step) for e in axes]
    return np.array(d_mu), np.array(d_logvar)


def draw_slopes(rng: np.random.Generator):
    samples, dim = rng.integers(2, 9), rng.integers(2, 5)
    return rng.normal(size=(samples, dim)), rng.normal(size=dim), rng.normal(size=(samples, dim)).clip(-4, 4)


def decoder_slopes():
    """d log p(x|z) / dz at 16 samples of the first image's posterior."""
    answers = probe("vae-mnist")
    model = reference.load("vae-mnist").double()
    z = answers.z[:, 0].clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model.log_likelihood(answers.x[0], z).sum(), z)
    return (
        "∇ log p(x|z) of vae-mnist's first image",
        (slopes.numpy(), answers.logvar[0].numpy(), answers.noise[:, 0].numpy()),
        None,
    )


exercise = Exercise(
    "ps2.4",
    "pathwise_gradient",
    ["dfdz", "logvar", "noise"],
    oracle=slope_of_average,
    draw=draw_slopes,
    reference=decoder_slopes,
    unit="",
    item="latent",
    tolerance=1e-4,
)
exercise.case("f = z², φ = 1.5, noise ±1 (σ = 1)", [[5.0], [1.0]], [0.0], [[1.0], [-1.0]], expected=([3.0], [1.0]))
exercise.case("no noise: no slope along logvar", [[2.0, -1.0]], [0.4, 0.1], [[0.0, 0.0]], expected=([2.0, -1.0], [0.0, 0.0]))
exercise.always(
    "70 samples, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=(70, 45)), wide_logvar(rng, 45), rng.normal(size=(70, 45)).clip(-4, 4)),
)


@exercise.misconception(
    "The slope along logvar lacks its ½: z = μ + exp(logvar / 2)·noise, so the chain rule brings ½ exp(logvar / 2)·noise."
)
def inner_half_missing(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * (0.5 * logvar).exp() * noise).mean(0)


@exercise.misconception("These are slopes along σ, not along logvar: multiply by dσ/dlogvar = ½ exp(logvar / 2).")
def slope_along_std(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * noise).mean(0)


@exercise.misconception("A sum over samples: an expectation is estimated by their mean.")
def sum_of_slopes(dfdz, logvar, noise):
    return dfdz.sum(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).sum(0)


@exercise.misconception("exp(logvar) is used as the standard deviation: it is the variance.")
def variance_in_slope(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * 0.5 * logvar.exp() * noise).mean(0)


@exercise.steps
def in_steps(dfdz, logvar, noise):
    std = (0.5 * logvar).exp()  # the standard deviation
    slope = 0.5 * std * noise  # the derivative of z along logvar
    slopes = dfdz * slope  # the slopes times the derivative
    along_mu = dfdz.mean(0)  # the gradient along the mean
    along_logvar = slopes.mean(0)  # the gradient along logvar
    return along_mu, along_logvar  # the order of the pair


exercise.instead(
    "along_logvar",
    {
        "the slope of the KL along logvar is added": lambda slopes, logvar: slopes.mean(0) + 0.5 * (logvar.exp() - 1),
        "the slope of the KL along logvar is taken off": lambda slopes, logvar: slopes.mean(0) - 0.5 * (logvar.exp() - 1),
        "the average of dfdz and that of the derivative are taken apart": lambda dfdz, slope: dfdz.mean(0) * slope.mean(0),
        "the slope is that along σ, not along logvar": lambda dfdz, noise: (dfdz * noise).mean(0),
        "the slope is that along the variance, not along logvar": lambda dfdz, noise, std: (dfdz * noise / (2 * std)).mean(0),
    },
)
