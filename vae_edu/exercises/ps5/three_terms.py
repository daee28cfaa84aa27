"""ps5.1: three_terms."""

import numpy as np
import torch
from scipy.stats import norm

from ... import reference
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LOG_2PI


def terms_by_scipy(log_p_x, logvar, log_p_z):
    entropy = norm.entropy(0, np.exp(logvar / 2)).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


def draw_terms(rng: np.random.Generator):
    batch, latent_dim = int(rng.integers(1, 7)), int(rng.integers(2, 5))
    return rng.normal(-9, 2, size=batch), rng.normal(size=(batch, latent_dim)), rng.normal(-5, 2, size=batch)


def probe_terms():
    a, model = probe("vampprior-mnist"), reference.load("vampprior-mnist").double()
    arguments = (a.reconstruction.numpy(), a.logvar.numpy(), model.prior.log_prob(a.z[0]).numpy())
    return "64 images of vampprior-mnist", arguments, None


exercise = Exercise(
    "ps5.1",
    "three_terms",
    ["log_p_x", "logvar", "log_p_z"],
    oracle=terms_by_scipy,
    draw=draw_terms,
    reference=probe_terms,
)
exercise.case("one image, variance 1", [-3.0], [[0.0]], [-2.0], expected=(-3.0, 0.5 + LOG_2PI / 2, 2.0))
exercise.case("by hand: variance e², two latents", [-3.0], [[2.0, 0.0]], [-2.0], expected=(-3.0, 2 + LOG_2PI, 2.0))
exercise.case("means over two images", [-3.0, -5.0], [[0.0], [2.0]], [-2.0, -6.0], expected=(-4.0, 1 + LOG_2PI / 2, 4.0))
exercise.case("a narrow posterior: the entropy is negative", [0.0], [[-6.0]], [0.0], expected=(0.0, -2.5 + LOG_2PI / 2, 0.0))
exercise.always(
    "70 images, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(-90, 9, size=70), wide_logvar(rng, 70, 45), rng.normal(-50, 9, size=70)),
)


def _terms(log_p_x, logvar, log_p_z, entropy=None, average=torch.mean):
    parts = 0.5 * (1 + LOG_2PI + logvar) if entropy is None else entropy
    return average(log_p_x), average(parts.sum(-1)), -average(log_p_z)


@exercise.misconception("The entropy has the wrong sign: a wide posterior has much of it, and the bound likes that.")
def entropy_negated(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, -0.5 * (1 + LOG_2PI + logvar))


@exercise.misconception(
    "The entropy lacks ½ log 2π per latent. log p(z) has its own: dropped on one side only, the bound is off by D/2·log 2π."
)
def two_pi_dropped(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + logvar).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@exercise.misconception("log σ is half of logvar: the entropy of one latent is ½(1 + log 2π + logvar).")
def logvar_as_log_std(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, 0.5 * (1 + LOG_2PI) + logvar)


@exercise.misconception("The 1 is missing from the entropy: E[(z − μ)²/σ²] is 1, not 0.")
def one_missing(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, 0.5 * (LOG_2PI + logvar))


@exercise.misconception("The third term is a cross-entropy, −E[log p(z)]: here it has the sign of log p(z).")
def cross_entropy_negated(log_p_x, logvar, log_p_z):
    a, b, c = _terms(log_p_x, logvar, log_p_z)
    return a, b, -c


@exercise.misconception("Sums over the images: all three terms are means over them.")
def summed_over_images(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, average=torch.sum)


@exercise.misconception("The entropy is averaged over the latents: it is their sum.")
def latents_averaged(log_p_x, logvar, log_p_z):
    parts = 0.5 * (1 + LOG_2PI + logvar)
    return log_p_x.mean(), parts.mean(), -log_p_z.mean()


@exercise.steps
def in_steps(log_p_x, logvar, log_p_z):
    constant = 1 + LOG_2PI  # the constant 1 + log 2π
    entropies = 0.5 * (constant + logvar)  # the entropy of each latent
    sums = entropies.sum(-1)  # the sum over the latents
    reconstruction = log_p_x.mean()  # the reconstruction
    entropy = sums.mean()  # the mean entropy
    mean_log = log_p_z.mean()  # the mean of log p(z)
    cross_entropy = -mean_log  # the cross-entropy
    return reconstruction, entropy, cross_entropy  # the order of the three


exercise.instead(
    "entropies",
    {
        "the KL to N(0, I) of the variances stands where the entropy belongs": lambda logvar: 0.5 * (logvar.exp() - logvar - 1),
        "the variance itself stands where the entropy belongs": lambda logvar: logvar.exp(),
        "the entropy is that of the mean variance over the images": lambda logvar: (
            0.5 * (1 + LOG_2PI + logvar.exp().mean(0).log()).expand_as(logvar)
        ),
        "the log density at the mean stands where the entropy belongs": lambda logvar: -0.5 * (LOG_2PI + logvar),
        "the constants are those of 40 latents, whatever their number": lambda logvar: (
            0.5 * logvar + 20 * (1 + LOG_2PI) / logvar.shape[1]
        ),
    },
)
exercise.instead(
    "return",
    {
        "the first value is the whole bound": lambda reconstruction, entropy, cross_entropy: (
            reconstruction + entropy - cross_entropy,
            entropy,
            cross_entropy,
        ),
        "the third value is the KL, cross-entropy minus entropy": lambda reconstruction, entropy, cross_entropy: (
            reconstruction,
            entropy,
            cross_entropy - entropy,
        ),
        "values of every image are returned, not their means": lambda log_p_x, sums, log_p_z: (log_p_x, sums, -log_p_z),
    }
    | {
        f"the means divide by {n}, whatever the number of images": lambda log_p_x, sums, log_p_z, n=n: (
            log_p_x.sum() / n,
            sums.sum() / n,
            -log_p_z.sum() / n,
        )
        for n in (16, 32, 64, 100, 128)
    },
)
LOG_MEAN = {"the log of the mean stands where the mean of the logs belongs": lambda v: v.logsumexp(0) - np.log(len(v))}
exercise.instead("reconstruction", {f"in the reconstruction, {w}": lambda log_p_x, f=f: f(log_p_x) for w, f in LOG_MEAN.items()})
exercise.instead("mean_log", {f"in the cross-entropy, {w}": lambda log_p_z, f=f: f(log_p_z) for w, f in LOG_MEAN.items()})
