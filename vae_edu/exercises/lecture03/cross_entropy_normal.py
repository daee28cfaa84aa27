"""03.b: cross_entropy_normal."""

import math

import numpy as np
from scipy.stats import norm

from ...reference import probe
from ..exercise import Exercise


def by_quadrature(mu_q, sigma_q, mu_p, sigma_p):
    """−E_q[log p] at Gauss-Hermite nodes, exact for a quadratic."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(6)
    z = mu_q[..., None] + sigma_q[..., None] * nodes
    return -(norm.logpdf(z, mu_p[..., None], sigma_p[..., None]) * weights).sum(-1) / weights.sum()


def draw_pairs(rng: np.random.Generator):
    shape = (rng.integers(1, 7), rng.integers(1, 5))
    means, stds = rng.normal(scale=2, size=(2, *shape)), np.exp(rng.normal(scale=0.5, size=(2, *shape)))
    return means[0], stds[0], means[1], stds[1]


def posteriors_and_prior():
    answers = probe("vae-mnist")
    mu, sigma = answers.mu.numpy(), (0.5 * answers.logvar).exp().numpy()
    return "every latent of 64 posteriors of vae-mnist, believed N(0, 1)", (mu, sigma, 0 * mu, 0 * mu + 1), None


exercise = Exercise(
    "03.b",
    "cross_entropy_normal",
    ["mu_q", "sigma_q", "mu_p", "sigma_p"],
    oracle=by_quadrature,
    draw=draw_pairs,
    reference=posteriors_and_prior,
    item="row",
)
HALF_LOG_2PI = 0.5 * math.log(2 * math.pi)
exercise.case("N(0, 1), believed: its entropy", [0.0], [1.0], [0.0], [1.0], expected=[HALF_LOG_2PI + 0.5])
exercise.case("the slides' pair, N(1, 2²) and N(−1, ½²)", [1.0], [2.0], [-1.0], [0.5], expected=[HALF_LOG_2PI - math.log(2) + 16])
exercise.case("a mean that is off by 3", [3.0], [1.0], [0.0], [1.0], expected=[HALF_LOG_2PI + 5])
exercise.case("a narrow truth, a wide belief", [0.0], [0.1], [0.0], [10.0], expected=[HALF_LOG_2PI + math.log(10) + 0.00005])
exercise.always("70 pairs", lambda rng: tuple(np.abs(rng.normal(size=(4, 70))) + 0.1))


@exercise.misconception("This is the surprise at q's mean: q spreads, and its variance adds to the squared distance.")
def at_the_mean(mu_q, sigma_q, mu_p, sigma_p):
    return 0.5 * (2 * math.pi * sigma_p**2).log() + (mu_q - mu_p) ** 2 / (2 * sigma_p**2)


@exercise.misconception("The two are swapped: q is what happens and does the averaging, p is believed and goes into the log.")
def swapped(mu_q, sigma_q, mu_p, sigma_p):
    return 0.5 * (2 * math.pi * sigma_q**2).log() + (sigma_p**2 + (mu_q - mu_p) ** 2) / (2 * sigma_q**2)


@exercise.misconception("This is the divergence: the cross-entropy does not subtract the entropy of q.")
def divergence(mu_q, sigma_q, mu_p, sigma_p):
    return (sigma_p / sigma_q).log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2) - 0.5


@exercise.misconception("½ log 2π is missing: the density of a Gaussian has it in front.")
def no_log_2pi(mu_q, sigma_q, mu_p, sigma_p):
    return sigma_p.log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)


@exercise.misconception("The ½ of the logarithm is missing: log 2πσ² without it is twice what the density has.")
def log_unhalved(mu_q, sigma_q, mu_p, sigma_p):
    return (2 * math.pi * sigma_p**2).log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)


@exercise.misconception("Taken for variances: sigma_q and sigma_p are standard deviations, to be squared.")
def not_squared(mu_q, sigma_q, mu_p, sigma_p):
    return 0.5 * (2 * math.pi * sigma_p).log() + (sigma_q + (mu_q - mu_p) ** 2) / (2 * sigma_p)


@exercise.misconception("The sign: this is the average of log p, the surprise is minus that.")
def sign_flipped(mu_q, sigma_q, mu_p, sigma_p):
    return -0.5 * (2 * math.pi * sigma_p**2).log() - (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)


@exercise.misconception("This is the entropy of q: where are p's mean and deviation?")
def entropy_of_q(mu_q, sigma_q, mu_p, sigma_p):
    return 0.5 * (2 * math.pi * math.e * sigma_q**2).log()


@exercise.steps
def in_steps(mu_q, sigma_q, mu_p, sigma_p):
    constant = 0.5 * (2 * math.pi * sigma_p**2).log()  # the constant of p's density
    square = sigma_q**2 + (mu_q - mu_p) ** 2  # the mean squared distance from p's mean
    return constant + square / (2 * sigma_p**2)  # the sum of both
