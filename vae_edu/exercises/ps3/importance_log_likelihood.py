"""ps3.3: importance_log_likelihood."""

import math

import numpy as np
from scipy.special import logsumexp

from ... import evaluation
from ...reference import probe
from ..exercise import Exercise
from ._shared import LN2


def probe_weights():
    return "16 weights of each of vae-mnist's 64 images", (probe("vae-mnist").log_weights.numpy(),), None


exercise = Exercise(
    "ps3.3",
    "importance_log_likelihood",
    ["log_weights"],
    oracle=lambda log_weights: logsumexp(log_weights, axis=0, b=1 / log_weights.shape[0]),
    draw=lambda rng: (rng.normal(-5, 2, size=(rng.integers(2, 9), rng.integers(1, 6))),),
    reference=probe_weights,
    closed_book=[evaluation.log_likelihood_from_weights],
)
exercise.case("equal weights: their value", [[-3.0], [-3.0], [-3.0]], expected=[-3.0])
exercise.case("by hand: weights 1 and 3", [[0.0], [math.log(3)]], expected=[LN2])
exercise.case("one sample: its log weight", [[-7.0, 2.0]], expected=[-7.0, 2.0])
exercise.case("weights below e⁻²⁰⁰⁰", [[-2000.0], [-2000.0]], expected=[-2000.0], edge=True)
exercise.case("two images far apart", [[-2000.0, 0.0], [-2000.0, 0.0]], expected=[-2000.0, 0.0], edge=True)
exercise.case("weights above e²⁰⁰⁰", [[2000.0], [2000.0 + math.log(3)]], expected=[2000 + LN2], edge=True)


def draw_uneven(rng: np.random.Generator):
    """70 samples of 70 images, 40 nats apart, and in each image one weight 900 nats above the others."""
    log_weights = rng.normal(-900, 10, size=(70, 70)) + 40 * rng.normal(size=70)
    log_weights[rng.integers(70, size=70), np.arange(70)] += 900
    return (log_weights,)


exercise.always("70 samples of 70 images, one weight far above the others", draw_uneven)


@exercise.misconception("The mean of the log weights is the ELBO. The estimate averages the weights and takes the log last.")
def mean_of_logs(log_weights):
    return log_weights.mean(0)


@exercise.misconception("log S is not subtracted: the estimate is the log of the mean weight, not of their sum.")
def log_s_missing(log_weights):
    return log_weights.logsumexp(0)


@exercise.misconception("Right, until exp underflows or overflows: −85 nats may survive it, −2000 do not. Use logsumexp.")
def exp_then_log(log_weights):
    return log_weights.exp().mean(0).log()


@exercise.misconception("The average runs over the images: samples are the first dimension.")
def over_images(log_weights):
    return log_weights.logsumexp(-1) - math.log(log_weights.shape[-1])


@exercise.misconception("The best sample alone: the maximum is above the average of the weights, so this is no bound.")
def best_sample(log_weights):
    return log_weights.max(0).values


@exercise.misconception("One number for all images: keep one estimate per image, and average over images outside.")
def averaged_over_images(log_weights):
    return (log_weights.logsumexp(0) - math.log(log_weights.shape[0])).mean()


@exercise.steps
def in_steps(log_weights):
    total = log_weights.logsumexp(0)  # the log of the summed weights
    samples = len(log_weights)  # the number of samples
    log_s = math.log(samples)  # log S
    return total - log_s  # the log of the mean weight


exercise.instead(
    "return",
    {
        "the weights of all images are averaged together": lambda log_weights: (
            log_weights.flatten().logsumexp(0) - math.log(log_weights.numel())
        ).expand(log_weights.shape[1]),
        "the median of the log weights stands for the log of their mean": lambda log_weights: log_weights.median(0).values,
        "half the variance of the log weights is added to their mean": lambda log_weights: (
            log_weights.mean(0) + log_weights.var(0, correction=0) / 2
        ),
        "a correction for the bias is added": lambda total, log_s, log_weights, samples: (
            total - log_s + log_weights.var(0, correction=0) / (2 * samples)
        ),
        "the last of the log weights alone is taken": lambda log_weights: log_weights[-1],
        "the largest log weight minus log S is taken": lambda log_weights, log_s: log_weights.max(0).values - log_s,
    },
)
