"""ps5.6: chunked_log_likelihood."""

import math

import numpy as np
import torch
from scipy.special import logsumexp

from ... import evaluation
from ...reference import probe
from ..exercise import Exercise
from ._shared import LN2

LN3 = math.log(3)


def chunks_at_once(log_weights, pixels):
    whole = log_weights.reshape(-1, log_weights.shape[-1])
    nats = logsumexp(whole, axis=0, b=1 / len(whole))
    return nats, -nats.mean() / (pixels * LN2)


def probe_chunks():
    a = probe("hvae-vampprior-mnist")
    return "16 samples in 4 chunks, 64 images of hvae-vampprior-mnist", (a.log_weights.reshape(4, 4, -1).numpy(), 784), None


def draw_uneven(rng: np.random.Generator):
    """Images 40 nats apart, and in each one weight 900 nats above the others."""
    log_weights = rng.normal(-900, 10, size=(7, 11, 70)) + 40 * rng.normal(size=70)
    log_weights[rng.integers(7, size=70), rng.integers(11, size=70), np.arange(70)] += 900
    return log_weights


exercise = Exercise(
    "ps5.6",
    "chunked_log_likelihood",
    ["log_weights", "pixels"],
    oracle=chunks_at_once,
    draw=lambda rng: (
        rng.normal(-9, 3, size=(rng.integers(2, 5), rng.integers(2, 6), rng.integers(1, 5))),
        int(rng.integers(4, 99)),
    ),
    reference=probe_chunks,
    closed_book=[evaluation.log_likelihood_from_weights, evaluation.bits_per_dimension],
    unit="",
)
exercise.case("one chunk, weights 1 and 3", [[[0.0], [LN3]]], 1, expected=([LN2], -1.0))
exercise.case("the same in two chunks", [[[0.0]], [[LN3]]], 1, expected=([LN2], -1.0))
exercise.case("−8 bits on four pixels", [[[-8 * LN2], [-8 * LN2]]], 4, expected=([-8 * LN2], 2.0))
exercise.case("two images", [[[-LN2, -3 * LN2]], [[-LN2, -3 * LN2]]], 2, expected=([-LN2, -3 * LN2], 1.0))
exercise.case("weights of e⁻²⁰⁰⁰", [[[-2000.0]], [[-2000.0]]], 1, expected=([-2000.0], 2000 / LN2), edge=True)
exercise.case("two images far apart", [[[0.0, -2000.0]], [[0.0, -2000.0]]], 1, expected=([0.0, -2000.0], 1000 / LN2), edge=True)
exercise.always("70 images, 7 chunks of 11 samples, one weight far above the others", lambda rng: (draw_uneven(rng), 50))


def _bits(nats, pixels):
    return nats, -nats.mean() / (pixels * LN2)


@exercise.misconception(
    "Each chunk gets an estimate of its own, and these are averaged: a mean of logs. It lies below the estimate from all samples."
)
def mean_over_chunks(log_weights, pixels):
    nats = (log_weights.logsumexp(1) - math.log(log_weights.shape[1])).mean(0)
    return nats, -nats.mean() / (pixels * math.log(2))


@exercise.misconception("Only the first chunk counts: does your loop return too early?")
def first_chunk_only(log_weights, pixels):
    return _bits(log_weights[0].logsumexp(0) - math.log(log_weights.shape[1]), pixels)


@exercise.misconception("log S counts the samples of one chunk: S is their number in all chunks.")
def samples_of_one_chunk(log_weights, pixels):
    return _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights.shape[1]), pixels)


@exercise.misconception("The weights are exponentiated: e⁻²⁰⁰⁰ is 0 in every float. Use logsumexp.")
def exponentiated(log_weights, pixels):
    return _bits(log_weights.exp().mean((0, 1)).log(), pixels)


@exercise.misconception("The mean of the log weights is the ELBO: average the weights and take the log last.")
def elbo_instead(log_weights, pixels):
    return _bits(log_weights.mean((0, 1)), pixels)


@exercise.misconception("Bits per dimension are a cost: −log p(x) / (pixels · ln 2). The sign is missing.")
def negative_bits(log_weights, pixels):
    nats, bits = _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights[..., 0].numel()), pixels)
    return nats, -bits


@exercise.misconception("These are nats per dimension: divide by ln 2 for bits.")
def nats_per_dimension(log_weights, pixels):
    nats, bits = _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights[..., 0].numel()), pixels)
    return nats, bits * LN2


@exercise.steps
def in_steps(log_weights, pixels):
    whole = log_weights.flatten(0, 1)  # the joining of the chunks
    total = whole.logsumexp(0)  # the log of the summed weights
    samples = len(whole)  # the number of samples
    log_s = math.log(samples)  # log S
    nats = total - log_s  # the log of the mean weight
    average = nats.mean()  # the mean over the images
    bits = -average / LN2  # the change from nats to bits
    per_pixel = bits / pixels  # the division by the number of pixels
    return nats, per_pixel  # the order of the pair


def _of_chunks(log_weights):
    """The estimate of each chunk by itself: (chunks, images)."""
    return log_weights.logsumexp(1) - math.log(log_weights.shape[1])


exercise.instead(
    "nats",
    {
        "each chunk gets an estimate of its own, and these are added": lambda log_weights: _of_chunks(log_weights).sum(0),
        "each chunk gets an estimate of its own, and the best is taken": lambda log_weights: _of_chunks(log_weights).amax(0),
        "each chunk gets an estimate of its own, and the median is taken": lambda log_weights: (
            _of_chunks(log_weights).median(0).values
        ),
        "each chunk gets an estimate of its own, and the last is taken": lambda log_weights: _of_chunks(log_weights)[-1],
        "the chunks are averaged before the log of the mean weight": lambda log_weights: (
            log_weights.mean(0).logsumexp(0) - math.log(log_weights.shape[1])
        ),
        "the mean of the log weights stands where the log of their mean belongs": lambda whole: whole.mean(0),
        "the median of the log weights stands where the log of their mean belongs": lambda whole: whole.median(0).values,
        "the largest log weight stands where the log of the mean belongs": lambda whole: whole.amax(0),
        "dimensions are mixed up where the chunks are joined": lambda log_weights: (
            log_weights.transpose(1, 2).reshape(-1, log_weights.shape[2]).logsumexp(0)
            - math.log(log_weights.shape[0] * log_weights.shape[1])
        ),
        "samples and images are mixed up where the chunks are joined": lambda log_weights: (
            log_weights.reshape(log_weights.shape[2], -1).logsumexp(1) - math.log(log_weights.shape[0] * log_weights.shape[1])
        ),
        "the running mean gives each new chunk half of the weight": lambda log_weights: _halving(_of_chunks(log_weights)),
    },
)


def _halving(chunks):
    mean = chunks[0]
    for chunk in chunks[1:]:
        mean = torch.logaddexp(mean, chunk) - math.log(2)
    return mean


exercise.instead(
    "per_pixel",
    {
        "the bits come from the log of the mean likelihood over the images, not from the mean log": lambda nats, pixels: (
            -(nats.logsumexp(0) - math.log(len(nats))) / (pixels * LN2)
        ),
        "the bits are rounded to the nearest": lambda nats, pixels: (-nats.mean() / (pixels * LN2)).round(),
        "the bits are rounded down": lambda nats, pixels: -nats.mean() // (pixels * LN2),
        "the bits are those of the first image": lambda nats, pixels: -nats[0] / (pixels * LN2),
        "the bits divide by the number of images as well": lambda nats, pixels: -nats.mean() / (pixels * LN2 * len(nats)),
    },
)
