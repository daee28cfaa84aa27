"""ps2.2: log_normal."""

import math

import numpy as np
import torch
from scipy.stats import norm

from ... import densities
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2, LOG_2PI


def draw_points(rng: np.random.Generator):
    shape = (rng.integers(2, 7), rng.integers(2, 5))
    z, mu, logvar = rng.normal(size=(3, *shape))
    return 2 * z, mu, logvar


def probe_points():
    answers = probe("vae-mnist")
    return "log q(z|x) at 16 × 64 samples of vae-mnist", (answers.z.numpy(), answers.mu.numpy(), answers.logvar.numpy()), None


exercise = Exercise(
    "ps2.2",
    "log_normal",
    ["z", "mu", "logvar"],
    oracle=lambda z, mu, logvar: norm.logpdf(z, mu, np.exp(logvar / 2)).sum(-1),
    draw=draw_points,
    reference=probe_points,
    closed_book=[densities.log_normal, densities.log_standard_normal, densities.log_normal_components],
)
exercise.case("the standard normal at 0", [0.0], [0.0], [0.0], expected=-0.9189385)
exercise.case("by hand: N(1, 2²) at 3", [3.0], [1.0], [2 * LN2], expected=-0.5 * LOG_2PI - LN2 - 0.5)
exercise.case("40 dimensions at the mean", [0.5] * 40, [0.5] * 40, [0.0] * 40, expected=-20 * LOG_2PI)
exercise.case("far away: 100 standard deviations", [100.0], [0.0], [0.0], expected=-0.5 * LOG_2PI - 5000, edge=True)
exercise.case("a very narrow one: σ = e⁻¹⁵", [0.0], [0.0], [-30.0], expected=15 - 0.5 * LOG_2PI, edge=True)
exercise.case(
    "two dimensions in front",
    [[[0.0], [2.0]]],
    [[[0.0], [0.0]]],
    [[[0.0], [0.0]]],
    expected=[[-0.5 * LOG_2PI, -0.5 * LOG_2PI - 2]],
    edge=True,
)
exercise.always(
    "70 points, 45 dimensions, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=(70, 45)), rng.normal(size=(70, 45)), wide_logvar(rng, 70, 45)),
)


@exercise.misconception(
    "The constant −½ log 2π per dimension is missing. It cancels only where it is missing on both sides of a difference."
)
def two_pi_missing(z, mu, logvar):
    return -0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


@exercise.misconception("A parenthesis too early: only the squared distance is divided by the variance, not the log-variance.")
def everything_divided(z, mu, logvar):
    return -0.5 * (LOG_2PI + (logvar + (z - mu) ** 2) / logvar.exp()).sum(-1)


@exercise.misconception("exp(logvar) is used as the standard deviation. It is the variance: do not square it again.")
def variance_squared(z, mu, logvar):
    return (-0.5 * LOG_2PI - logvar - 0.5 * ((z - mu) / logvar.exp()) ** 2).sum(-1)


@exercise.misconception("The ½ in front of the log-variance is missing: log σ is half of log σ².")
def log_variance_unhalved(z, mu, logvar):
    return (-0.5 * LOG_2PI - logvar - 0.5 * (z - mu) ** 2 / logvar.exp()).sum(-1)


@exercise.misconception("Right, until the density underflows to 0 and its log to −inf: stay in log space from the first line.")
def log_of_density(z, mu, logvar):
    std = (0.5 * logvar).exp()
    return torch.log(torch.exp(-0.5 * ((z - mu) / std) ** 2) / (std * math.sqrt(2 * math.pi))).sum(-1)


@exercise.misconception("A mean over dimensions where the log densities of independent dimensions add up.")
def mean_log_density(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).mean(-1)


@exercise.steps
def in_steps(z, mu, logvar):
    distance = (z - mu) ** 2  # the squared distance
    variance = logvar.exp()  # the variance
    fraction = distance / variance  # the distance over the variance
    constant = LOG_2PI  # the constant log 2π
    bracket = constant + logvar + fraction  # the bracket
    terms = -0.5 * bracket  # the log density of each dimension
    return terms.sum(-1)  # the sum over the dimensions
