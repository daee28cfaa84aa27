"""01.b: draw_codes."""

import numpy as np
import torch
from scipy.linalg.blas import dtrmm

from ...reference import probe
from ..exercise import Exercise


def by_blas(noise, mean, L):
    """The product with a triangular matrix, column by column: what stands above its diagonal is never read."""
    return (mean[:, None] + dtrmm(1.0, L, noise.T, lower=1)).T


def triangular(rng: np.random.Generator, dim: int):
    """Lower triangular, with a positive diagonal, and no larger for many latents than for few."""
    return np.tril(rng.normal(size=(dim, dim)), -1) / np.sqrt(dim) + np.diag(rng.uniform(0.3, 2.0, size=dim))


def draw_noise(rng: np.random.Generator):
    n, dim = rng.integers(1, 7), rng.integers(2, 5)
    return rng.normal(size=(n, dim)), 2 * rng.normal(size=dim), triangular(rng, dim)


def probe_codes():
    answers = probe("vae-mnist")
    z = answers.z.flatten(0, 1).numpy()
    L = np.linalg.cholesky(np.cov(z.T))
    return "64 codes, mean and covariance of vae-mnist's", (answers.noise[0].numpy(), z.mean(0), L), None


exercise = Exercise(
    "01.b",
    "draw_codes",
    ["noise", "mean", "L"],
    oracle=by_blas,
    draw=draw_noise,
    reference=probe_codes,
    unit="",
    item="code",
)
exercise.case("no noise gives the mean", [[0, 0]], [1, -2], [[2, 0], [1, 3]], expected=[[1, -2]])
exercise.case("one latent: N(1, 2²) at noise ½", [[0.5]], [1], [[2]], expected=[[2]])
exercise.case("by hand: two codes", [[1, 0], [0, 1]], [10, 20], [[2, 0], [1, 3]], expected=[[12, 21], [10, 23]])
exercise.case("a correlation of 0.6", [[1, 1], [1, -1]], [0, 0], [[1, 0], [0.6, 0.8]], expected=[[1, 1.4], [1, -0.2]])
exercise.case("one code of three latents", [[1, 2, 3]], [0, 0, 1], [[1, 0, 0], [2, 1, 0], [0, 4, 2]], expected=[[1, 4, 15]])
exercise.always("70 codes of 45 latents", lambda rng: (rng.normal(size=(70, 45)), rng.normal(size=45), triangular(rng, 45)))


@exercise.misconception(
    "L stands transposed: these codes have the covariance LᵀL. L acts on the noise of each code as on a column."
)
def transposed(noise, mean, L):
    return mean + noise @ L


@exercise.misconception("The covariance LLᵀ itself is applied to the noise: that gives its square. L is the root that is needed.")
def covariance_applied(noise, mean, L):
    return mean + noise @ (L @ L.T)


@exercise.misconception("Only the diagonal of L is used: the rest of L is what makes the latents move together.")
def diagonal_alone(noise, mean, L):
    return mean + noise * L.diagonal()


@exercise.misconception("Each latent has its own standard deviation, but none follows another: the correlations are lost.")
def correlations_lost(noise, mean, L):
    return mean + noise * (L @ L.T).diagonal().sqrt()


@exercise.misconception("The mean is forgotten: these codes lie around 0.")
def mean_forgotten(noise, mean, L):
    return noise @ L.T


@exercise.misconception("A parenthesis too early: the mean goes through L too. It is added as it is.")
def mean_scaled(noise, mean, L):
    return (mean + noise) @ L.T


@exercise.misconception("L is not used: these codes have variance 1 in every direction.")
def unit_covariance(noise, mean, L):
    return mean + noise


@exercise.steps
def in_steps(noise, mean, L):
    deviation = noise @ L.T  # the noise that went through L
    return mean + deviation  # the code


exercise.instead(
    "deviation",
    {
        "the inverse of L is applied, which takes a covariance out instead of putting it in": lambda noise, L: (
            noise @ torch.linalg.inv(L).T
        ),
        "the covariance is applied, and with its factors the other way round": lambda noise, L: noise @ L.T @ L,
        "the noise is scaled by the variances, and correlations are lost": lambda noise, L: noise * (L @ L.T).diagonal(),
        "each latent has its own noise alone, times the sum of its row of L": lambda noise, L: noise * L.sum(1),
    },
)
exercise.instead(
    "return",
    {
        "the noise is standardised: the mean is taken off, and the inverse of L applied": lambda noise, mean, L: (
            (noise - mean) @ torch.linalg.inv(L).T
        ),
    },
)
