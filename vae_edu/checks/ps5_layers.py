"""ps5.5 and ps5.6: the importance weight of a two-layer VAE, and the log-likelihood from weights that come in chunks."""

import math

import numpy as np
import torch
from scipy.special import logsumexp

from .. import evaluation, reference
from ..reference import probe
from .exercise import Exercise
from .ps5 import LN2, LOG_2PI, log_normal_by_scipy

LN3 = math.log(3)
ARGUMENTS = ["log_p_x", "z1", "z2", "mu_q1", "logvar_q1", "mu_p1", "logvar_p1", "mu_q2", "logvar_q2", "log_p_z2"]


def weight_by_scipy(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    log_p = log_p_x + log_normal_by_scipy(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal_by_scipy(z1, mu_q1, logvar_q1) - log_normal_by_scipy(z2, mu_q2, logvar_q2)


def draw_layers(rng: np.random.Generator):
    batch, dim1, dim2 = int(rng.integers(1, 6)), int(rng.integers(2, 5)), int(rng.integers(2, 5))
    normal = lambda dim: rng.normal(size=(batch, dim))
    q1, p1, q2 = [(normal(dim), normal(dim)) for dim in (dim1, dim1, dim2)]
    return rng.normal(-9, 2, size=batch), normal(dim1), normal(dim2), *q1, *p1, *q2, rng.normal(-5, 2, size=batch)


def probe_layers():
    a, model = probe("hvae-vampprior-mnist"), reference.load("hvae-vampprior-mnist").double()
    z1, z2 = a.z.chunk(2, -1)
    log_p_x = model.log_likelihood(a.x, (z1, z2))
    parts = (log_p_x, z1, z2, *model.encode_z1(a.x, z2), *model.prior_z1(z2), a.mu, a.logvar, model.prior.log_prob(z2))
    return "16 samples × 64 images of hvae-vampprior-mnist", tuple(part.numpy() for part in parts), (a.log_weights.numpy(),)


hvae_log_weight = Exercise(
    "ps5.5",
    "hvae_log_weight",
    ARGUMENTS,
    oracle=weight_by_scipy,
    draw=draw_layers,
    reference=probe_layers,
)
ZERO, E2 = [[0.0]], [[2.0]]
hvae_log_weight.case(
    "q = p in both layers: log p(x|z) is left",
    [-7.0],
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    [-LOG_2PI / 2],
    expected=[-7.0],
)
hvae_log_weight.case(
    "by hand: p(z1|z2) one further off",
    [-7.0],
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    [[1.0]],
    ZERO,
    ZERO,
    ZERO,
    [-LOG_2PI / 2],
    expected=[-7.5],
)
hvae_log_weight.case(
    "by hand: q(z1|x, z2) with variance e²", [-7.0], ZERO, ZERO, ZERO, E2, ZERO, ZERO, ZERO, ZERO, [-LOG_2PI / 2], expected=[-6.0]
)
hvae_log_weight.case(
    "by hand: q(z2|x) with variance e²", [-7.0], ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, ZERO, E2, [-LOG_2PI / 2], expected=[-6.0]
)
hvae_log_weight.case(
    "by hand: z2 unlikely under its prior",
    [-7.0],
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    ZERO,
    [-LOG_2PI / 2 - 3],
    expected=[-10.0],
)


def _log_normal(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


def _five(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2, signs=(1, 1, 1, -1, -1)):
    """The five terms with their signs: p(x|z), p(z1|z2), p(z2), q(z1|x, z2), q(z2|x)."""
    q1, p1, q2 = _log_normal(z1, mu_q1, logvar_q1), _log_normal(z1, mu_p1, logvar_p1), _log_normal(z2, mu_q2, logvar_q2)
    return sum(sign * term for sign, term in zip(signs, (log_p_x, p1, log_p_z2, q1, q2)))


@hvae_log_weight.misconception("log p(z1|z2) is missing: the generative model draws z1 too.")
def p1_missing(*parts):
    return _five(*parts, signs=(1, 0, 1, -1, -1))


@hvae_log_weight.misconception("log p(z2) is missing: the prior of the upper layer belongs to the weight.")
def p2_missing(*parts):
    return _five(*parts, signs=(1, 1, 0, -1, -1))


@hvae_log_weight.misconception("log q(z1|x, z2) is missing: z1 was drawn from it, so the weight is divided by it.")
def q1_missing(*parts):
    return _five(*parts, signs=(1, 1, 1, 0, -1))


@hvae_log_weight.misconception("log q(z2|x) is missing: z2 was drawn from it, so the weight is divided by it.")
def q2_missing(*parts):
    return _five(*parts, signs=(1, 1, 1, -1, 0))


@hvae_log_weight.misconception("log p(x|z1, z2) is missing: this is the ratio of the latents alone.")
def pixels_missing(*parts):
    return _five(*parts, signs=(0, 1, 1, -1, -1))


@hvae_log_weight.misconception("q is added: a weight is p/q, so log q is subtracted.")
def q_added(*parts):
    return _five(*parts, signs=(1, 1, 1, 1, 1))


@hvae_log_weight.misconception("z1 is judged by N(0, I): its prior is p(z1|z2), which depends on the z2 that was drawn.")
def standard_prior_for_z1(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    zero = torch.zeros_like(mu_p1)
    return _five(log_p_x, z1, z2, mu_q1, logvar_q1, zero, zero, mu_q2, logvar_q2, log_p_z2)


@hvae_log_weight.misconception(
    "The ratio of the lower layer is replaced by its KL in closed form: right on average, so right for the bound, but a weight belongs "
    "to one sample."
)
def kl_for_ratio(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    kl = 0.5 * (logvar_p1 - logvar_q1 - 1 + (logvar_q1.exp() + (mu_q1 - mu_p1) ** 2) / logvar_p1.exp()).sum(-1)
    return log_p_x - kl + log_p_z2 - _log_normal(z2, mu_q2, logvar_q2)


def chunks_at_once(log_weights, pixels):
    whole = log_weights.reshape(-1, log_weights.shape[-1])
    nats = logsumexp(whole, axis=0, b=1 / len(whole))
    return nats, -nats.mean() / (pixels * LN2)


def probe_chunks():
    a = probe("hvae-vampprior-mnist")
    return "16 samples in 4 chunks, 64 images of hvae-vampprior-mnist", (a.log_weights.reshape(4, 4, -1).numpy(), 784), None


chunked_log_likelihood = Exercise(
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
chunked_log_likelihood.case("one chunk, weights 1 and 3", [[[0.0], [LN3]]], 1, expected=([LN2], -1.0))
chunked_log_likelihood.case("the same in two chunks", [[[0.0]], [[LN3]]], 1, expected=([LN2], -1.0))
chunked_log_likelihood.case("−8 bits on four pixels", [[[-8 * LN2], [-8 * LN2]]], 4, expected=([-8 * LN2], 2.0))
chunked_log_likelihood.case("two images", [[[-LN2, -3 * LN2]], [[-LN2, -3 * LN2]]], 2, expected=([-LN2, -3 * LN2], 1.0))
chunked_log_likelihood.case("weights of e⁻²⁰⁰⁰", [[[-2000.0]], [[-2000.0]]], 1, expected=([-2000.0], 2000 / LN2), edge=True)


def _bits(nats, pixels):
    return nats, -nats.mean() / (pixels * LN2)


@chunked_log_likelihood.misconception(
    "Each chunk gets an estimate of its own, and these are averaged: a mean of logs. It lies below the estimate from all samples."
)
def mean_over_chunks(log_weights, pixels):
    nats = (log_weights.logsumexp(1) - math.log(log_weights.shape[1])).mean(0)
    return nats, -nats.mean() / (pixels * math.log(2))


@chunked_log_likelihood.misconception("Only the first chunk counts: does your loop return too early?")
def first_chunk_only(log_weights, pixels):
    return _bits(log_weights[0].logsumexp(0) - math.log(log_weights.shape[1]), pixels)


@chunked_log_likelihood.misconception("log S counts the samples of one chunk: S is their number in all chunks.")
def samples_of_one_chunk(log_weights, pixels):
    return _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights.shape[1]), pixels)


@chunked_log_likelihood.misconception("The weights are exponentiated: e⁻²⁰⁰⁰ is 0 in every float. Use logsumexp.")
def exponentiated(log_weights, pixels):
    return _bits(log_weights.exp().mean((0, 1)).log(), pixels)


@chunked_log_likelihood.misconception("The mean of the log weights is the ELBO: average the weights and take the log last.")
def elbo_instead(log_weights, pixels):
    return _bits(log_weights.mean((0, 1)), pixels)


@chunked_log_likelihood.misconception("Bits per dimension are a cost: −log p(x) / (pixels · ln 2). The sign is missing.")
def negative_bits(log_weights, pixels):
    nats, bits = _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights[..., 0].numel()), pixels)
    return nats, -bits


@chunked_log_likelihood.misconception("These are nats per dimension: divide by ln 2 for bits.")
def nats_per_dimension(log_weights, pixels):
    nats, bits = _bits(log_weights.flatten(0, 1).logsumexp(0) - math.log(log_weights[..., 0].numel()), pixels)
    return nats, bits * LN2
