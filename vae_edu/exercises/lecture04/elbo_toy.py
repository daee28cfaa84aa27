"""04.b: elbo_toy."""

import math

import numpy as np
from scipy.stats import norm

from ...reference import probe
from ..exercise import Exercise


def by_quadrature(x, mu, variance):
    """E_q[log p(x|z) + log p(z) − log q(z)] at Gauss-Hermite nodes, exact for a quadratic."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    std = np.sqrt(variance)[..., None]
    z = mu[..., None] + std * nodes
    terms = norm.logpdf(x[..., None], 2 * z, 1) + norm.logpdf(z) - norm.logpdf(z, mu[..., None], std)
    return (terms * weights).sum(-1) / weights.sum()


def draw_guesses(rng: np.random.Generator):
    shape = (rng.integers(1, 7), rng.integers(1, 5))
    return rng.normal(scale=3, size=shape), rng.normal(size=shape), np.exp(rng.normal(size=shape))


def reference_guesses():
    answers = probe("vae-mnist")
    mu, variance = answers.mu.numpy(), answers.logvar.exp().numpy()
    return "the 40 latents of 64 posteriors of vae-mnist as guesses for x = 3", (0 * mu + 3, mu, variance), None


exercise = Exercise(
    "04.b",
    "elbo_toy",
    ["x", "mu", "variance"],
    oracle=by_quadrature,
    draw=draw_guesses,
    reference=reference_guesses,
    item="guess",
)
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
exercise.case("the prior as a guess, x = 0: −½ log 2π − 2", [0.0], [0.0], [1.0], expected=[-HALF_LOG_2PI - 2])
exercise.case("the posterior of x = 3: log N(3; 0, 5)", [3.0], [1.2], [0.2], expected=[-HALF_LOG_2PI - 0.5 * math.log(5) - 0.9])
exercise.case("the lecture's guess N(1, 0.3)", [3.0], [1.0], [0.3], expected=[-HALF_LOG_2PI - 1.1 - 0.15 + 0.5 * math.log(0.3)])
exercise.always("70 guesses", lambda rng: (*rng.normal(scale=3, size=(2, 70)), np.abs(rng.normal(size=70)) + 0.05))


def kl(mu, variance):
    return 0.5 * (mu**2 + variance - variance.log() - 1)


def fit(x, mu, spread):
    return -HALF_LOG_2PI - 0.5 * ((x - 2 * mu) ** 2 + spread)


@exercise.misconception("The reconstruction is taken at q's mean: q spreads, and the mean square grows by 4 times its variance.")
def at_the_mean(x, mu, variance):
    return fit(x, mu, 0) - kl(mu, variance)


@exercise.misconception("The variance enters the squared error once; z is doubled, so that its variance counts four times.")
def variance_once(x, mu, variance):
    return fit(x, mu, variance) - kl(mu, variance)


@exercise.misconception("The divergence is added: straying from the prior costs.")
def kl_added(x, mu, variance):
    return fit(x, mu, 4 * variance) + kl(mu, variance)


@exercise.misconception("½ log 2π is missing from log p(x|z).")
def no_log_2pi(x, mu, variance):
    return fit(x, mu, 4 * variance) + HALF_LOG_2PI - kl(mu, variance)


@exercise.misconception("The divergence is missing: this is the first part alone.")
def no_kl(x, mu, variance):
    return fit(x, mu, 4 * variance)


@exercise.misconception(
    "The sign of log variance: a very narrow q is far from the prior, with this sign the divergence would fall without end."
)
def log_sign(x, mu, variance):
    return fit(x, mu, 4 * variance) - 0.5 * (mu**2 + variance + variance.log() - 1)


@exercise.misconception("variance is taken for a standard deviation and squared.")
def squared(x, mu, variance):
    return fit(x, mu, 4 * variance**2) - kl(mu, variance**2)


@exercise.misconception("q's own entropy is missing: this averages log p(x, z), and log q is still to be subtracted.")
def no_entropy(x, mu, variance):
    return fit(x, mu, 4 * variance) - HALF_LOG_2PI - 0.5 * (mu**2 + variance)


@exercise.steps
def in_steps(x, mu, variance):
    error = (x - 2 * mu) ** 2 + 4 * variance  # the mean squared error
    reconstruction = -0.5 * (math.log(2 * math.pi) + error)  # the first part
    divergence = 0.5 * (mu**2 + variance - variance.log() - 1)  # the divergence from the prior
    return reconstruction - divergence  # the difference of both


exercise.instead(
    "error",
    {"the variance of 2z counts twice that of z, and not four times": lambda x, mu, variance: (x - 2 * mu) ** 2 + 2 * variance},
)
