"""05.a: score_of_mean."""

import math

import numpy as np
from scipy.stats import norm

from ...reference import probe
from ..exercise import Exercise


def by_differences(z, mu, sigma):
    """Central differences of SciPy's log density along mu, exact for a parabola up to rounding."""
    h = 1e-3 * sigma
    return (norm.logpdf(z, mu + h, sigma) - norm.logpdf(z, mu - h, sigma)) / (2 * h)


def draw_samples(rng: np.random.Generator):
    shape = (rng.integers(1, 7), rng.integers(1, 5))
    mu, sigma = rng.normal(scale=2, size=shape), np.exp(rng.normal(scale=0.7, size=shape))
    return mu + sigma * rng.normal(size=shape), mu, sigma


def probe_samples():
    answers = probe("vae-mnist")
    sigma = (0.5 * answers.logvar).exp()
    return (
        "a sample of each of 64 posteriors of vae-mnist",
        (answers.z[0].numpy(), answers.mu.numpy(), sigma.numpy()),
        ((answers.noise[0] / sigma).numpy(),),
    )


exercise = Exercise(
    "05.a",
    "score_of_mean",
    ["z", "mu", "sigma"],
    oracle=by_differences,
    draw=draw_samples,
    reference=probe_samples,
    unit="",
    item="sample",
)
exercise.case("half a unit to the right of N(0, 1)", [0.5], [0.0], [1.0], expected=[0.5])
exercise.case("at the mean itself: 0", [1.5], [1.5], [0.3], expected=[0.0])
exercise.case("3 to the left of N(1, 2²): −¾", [-2.0], [1.0], [2.0], expected=[-0.75])
exercise.case("a narrow law, σ = ½", [1.0], [0.0], [0.5], expected=[4.0])
exercise.case(
    "two dimensions in front", [[[3.0], [0.0]]], [[[1.0], [1.0]]], [[[2.0], [0.5]]], expected=[[[0.5], [-4.0]]], edge=True
)
exercise.always("70 samples", lambda rng: (*rng.normal(size=(2, 70)), np.abs(rng.normal(size=70)) + 0.1))


@exercise.misconception(
    "The sign: a mean that moves towards z makes z more probable. (This is the derivative with respect to z.)"
)
def sign_flipped(z, mu, sigma):
    return (mu - z) / sigma**2


@exercise.misconception("Divided by σ once: the exponent has σ², and deriving it leaves σ².")
def divided_once(z, mu, sigma):
    return (z - mu) / sigma


@exercise.misconception("Not divided: a narrow law is more sensitive to its mean, by 1/σ².")
def not_divided(z, mu, sigma):
    return z - mu


@exercise.misconception("This is the exponent of the density, not its derivative.")
def exponent(z, mu, sigma):
    return -0.5 * (z - mu) ** 2 / sigma**2


@exercise.misconception("This is the log density itself, constant and all: it is still to be derived with respect to the mean.")
def log_density(z, mu, sigma):
    return -0.5 * (2 * math.pi * sigma**2).log() - 0.5 * (z - mu) ** 2 / sigma**2


@exercise.misconception("The standardized distance is squared, as in the exponent: the derivative of a square is no square.")
def standardized_square(z, mu, sigma):
    return (z - mu) ** 2 / sigma**2


@exercise.misconception("Half of it: deriving the square brings a 2 that cancels the ½.")
def halved(z, mu, sigma):
    return 0.5 * (z - mu) / sigma**2


@exercise.misconception("Multiplied by σ² instead of divided.")
def multiplied(z, mu, sigma):
    return (z - mu) * sigma**2


@exercise.misconception("This is the score with respect to σ, not to the mean.")
def of_sigma(z, mu, sigma):
    return ((z - mu) ** 2 / sigma**2 - 1) / sigma


@exercise.steps
def in_steps(z, mu, sigma):
    distance = z - mu  # the distance from the mean
    return distance / sigma**2  # the variance


exercise.instead(
    "return",
    {
        "the derivative is taken with respect to the log-variance": lambda z, mu, sigma: 0.5 * ((z - mu) ** 2 / sigma**2 - 1),
        "the derivative is taken with respect to the variance": lambda z, mu, sigma: (
            0.5 * ((z - mu) ** 2 / sigma**2 - 1) / sigma**2
        ),
        "the density is derived, not its log": lambda z, mu, sigma: (
            (z - mu) / sigma**3 * (-0.5 * (z - mu) ** 2 / sigma**2).exp() / math.sqrt(2 * math.pi)
        ),
    },
)
