"""ps5.6: chunked_log_likelihood."""

import math

import numpy as np
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
