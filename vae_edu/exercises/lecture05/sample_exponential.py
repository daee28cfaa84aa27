"""05.b: sample_exponential."""

import numpy as np
import torch
from scipy.stats import expon

from ...reference import probe
from ..exercise import Exercise


def draw_uniform(rng: np.random.Generator):
    shape = (rng.integers(1, 7), rng.integers(1, 5))
    return rng.uniform(0.01, 0.99, size=shape), np.exp(rng.normal(size=shape))


def probe_uniform():
    answers = probe("vae-mnist")
    u = torch.special.ndtr(answers.noise[0]).clamp(1e-6, 1 - 1e-6)
    return "the noise of vae-mnist's probe made uniform; rates 1/σ", (u.numpy(), (-0.5 * answers.logvar).exp().numpy()), None


exercise = Exercise(
    "05.b",
    "sample_exponential",
    ["u", "rate"],
    oracle=lambda u, rate: expon.ppf(u, scale=1 / rate),
    draw=draw_uniform,
    reference=probe_uniform,
    unit="",
    item="sample",
)
exercise.case("u = ½ at rate 1: the median, log 2", [0.5], [1.0], expected=[np.log(2)])
exercise.case("u = ¾ at rate 2: log 2 again", [0.75], [2.0], expected=[np.log(2)])
exercise.case("u = 0.1 at rate ½: a small z", [0.1], [0.5], expected=[2 * np.log(10 / 9)])
exercise.case("u = 0: the smallest sample", [0.0], [3.0], expected=[0.0])
exercise.case(
    "two dimensions in front", [[[0.5], [0.75]]], [[[1.0], [0.5]]], expected=[[[np.log(2)], [4 * np.log(2)]]], edge=True
)
exercise.always("70 samples", lambda rng: (rng.uniform(0.001, 0.999, size=70), np.abs(rng.normal(size=70)) + 0.1))


@exercise.misconception(
    "These follow the same law, since 1 − u is uniform too, but they do not solve F(z) = u: small u must give small z."
)
def log_u(u, rate):
    return -u.log() / rate


@exercise.misconception(
    "Multiplied by the rate, as if it were the mean: the mean is 1/rate, and a higher rate makes shorter waits."
)
def times_rate(u, rate):
    return -(1 - u).log() * rate


@exercise.misconception("The sign: the logarithm of 1 − u is negative, waits are not.")
def negative(u, rate):
    return (1 - u).log() / rate


@exercise.misconception("This is F itself at u; solve F(z) = u for z.")
def distribution_function(u, rate):
    return 1 - (-rate * u).exp()


@exercise.misconception("This is the density at u, not a sample.")
def density(u, rate):
    return rate * (-rate * u).exp()


@exercise.misconception("The rate is forgotten: it divides.")
def no_rate(u, rate):
    return -(1 - u).log()


@exercise.misconception("The base: F has e in it, so the natural logarithm undoes it, not that of base 10.")
def base_ten(u, rate):
    return -(1 - u).log10() / rate


@exercise.misconception("The base: F has e in it, so the natural logarithm undoes it, not that of base 2.")
def base_two(u, rate):
    return -(1 - u).log2() / rate


@exercise.steps
def in_steps(u, rate):
    rest = 1 - u  # what is left above u
    wait = -rest.log()  # the sample at rate 1
    return wait / rate  # the division by the rate


exercise.instead(
    "return",
    {
        "the log of u stands where the log of 1 − u belongs, and the minus is missing": lambda u, rate: u.log() / rate,
        "the rate divides u, inside the log": lambda u, rate: -(1 - u / rate).log(),
        "1 − F, the probability of a longer wait, is taken at u": lambda u, rate: (-rate * u).exp(),
        "the log density is taken at u": lambda u, rate: rate.log() - rate * u,
        "the mean of the law is returned, whatever u is": lambda u, rate: 1 / rate + 0 * u,
        "the log of u stands where that of 1 − u belongs, and the rate multiplies": lambda u, rate: -u.log() * rate,
    },
)
