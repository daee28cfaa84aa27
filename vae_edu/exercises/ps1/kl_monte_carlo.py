"""ps1.4: kl_monte_carlo."""

import math

import numpy as np
from torch.distributions import Normal

from ... import divergences
from ...reference import probe
from ..exercise import Exercise


def posterior_samples():
    answers = probe("vae-mnist")
    log_q = Normal(answers.mu, (0.5 * answers.logvar).exp()).log_prob(answers.z).sum(-1)
    log_p = Normal(0.0, 1.0).log_prob(answers.z).sum(-1)
    return "16 samples of 64 posteriors of vae-mnist", (log_q.numpy(), log_p.numpy()), None


exercise = Exercise(
    "ps1.4",
    "kl_monte_carlo",
    ["log_q", "log_p"],
    oracle=lambda log_q, log_p: np.einsum("s...->...", log_q - log_p) / log_q.shape[0],
    draw=lambda rng: tuple(rng.normal(-5, 3, size=(2, rng.integers(2, 9), rng.integers(1, 6)))),
    reference=posterior_samples,
    closed_book=[divergences.kl_monte_carlo],
)
exercise.case("three samples by hand", [-1.0, -2.0, -3.0], [-2.0, -4.0, -3.0], expected=1.0)
exercise.case("an estimate may be negative", [-2.0, -2.0], [-1.0, -1.5], expected=-0.75)
exercise.case("one sample, two images", [[-1.0, -5.0]], [[-3.0, -4.0]], expected=[2.0, -1.0])
exercise.case(
    "two dimensions behind the samples",
    [[[-1.0, -2.0]], [[-3.0, -2.0]]],
    [[[-2.0, -2.0]], [[-4.0, -3.0]]],
    expected=[[1.0, 0.5]],
    edge=True,
)
exercise.case(
    "infinite where p forbids a sample, and only there",
    [[-1.0, -1.0], [-2.0, -2.0]],
    [[-2.0, -2.0], [-3.0, -math.inf]],
    expected=[1.0, math.inf],
    edge=True,
)
exercise.always("70 samples of 45 images", lambda rng: tuple(rng.normal(-5, 3, size=(2, 70, 45))))


@exercise.misconception("Right size, wrong sign: KL = E_q[log q − log p].")
def difference_reversed(log_q, log_p):
    return (log_p - log_q).mean(0)


@exercise.misconception(
    "One number for everything: average over the samples (the first dimension) only, so that every image keeps its own KL."
)
def mean_over_all(log_q, log_p):
    return (log_q - log_p).mean()


@exercise.misconception("A sum over samples: divide by their number, so that more samples make it better and not larger.")
def summed_over_samples(log_q, log_p):
    return (log_q - log_p).sum(0)


@exercise.misconception(
    "The samples come from q, so they are weighed by q already: weighing by exp(log_q) again counts it twice."
)
def weighed_again(log_q, log_p):
    return (log_q.exp() * (log_q - log_p)).sum(0)


@exercise.misconception("The average runs over the wrong dimension: samples are the first one, images the second.")
def wrong_dimension(log_q, log_p):
    return (log_q - log_p).mean(-1)


@exercise.misconception(
    "The absolute value forces every sample to be positive and biases the mean: single samples may be negative."
)
def absolute_value(log_q, log_p):
    return (log_q - log_p).abs().mean(0)


@exercise.steps
def in_steps(log_q, log_p):
    difference = log_q - log_p  # the difference of the logs
    return difference.mean(0)  # the average over the samples


exercise.instead(
    "difference",
    {
        "the estimator with a control variate (k3) stands where the plain difference belongs": lambda log_q, log_p: (
            (log_q - log_p) + (log_p - log_q).exp() - 1
        ),
        "half the squared difference (k2) stands where the plain difference belongs": lambda log_q, log_p: (
            (log_q - log_p) ** 2 / 2
        ),
        "the difference is weighed by the importance weights p/q": lambda log_q, log_p: (log_p - log_q).exp() * (log_q - log_p),
    },
)
