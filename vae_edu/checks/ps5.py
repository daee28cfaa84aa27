"""ps5: the three-term bound, a mixture's log density. (ps5.3 and 5.4 are in ps5_prior, 5.5 and 5.6 in ps5_layers, 5.7 in ps5_match.)"""

import math

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from .. import densities, priors, reference
from ..reference import probe
from .exercise import Exercise

LN2, LOG_2PI = math.log(2), math.log(2 * math.pi)


def log_normal_by_scipy(z, mu, logvar):
    return norm.logpdf(z, mu, np.exp(logvar / 2)).sum(-1)


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


three_terms = Exercise(
    "ps5.1",
    "three_terms",
    ["log_p_x", "logvar", "log_p_z"],
    oracle=terms_by_scipy,
    draw=draw_terms,
    reference=probe_terms,
)
three_terms.case("one image, variance 1", [-3.0], [[0.0]], [-2.0], expected=(-3.0, 0.5 + LOG_2PI / 2, 2.0))
three_terms.case("by hand: variance e², two latents", [-3.0], [[2.0, 0.0]], [-2.0], expected=(-3.0, 2 + LOG_2PI, 2.0))
three_terms.case("means over two images", [-3.0, -5.0], [[0.0], [2.0]], [-2.0, -6.0], expected=(-4.0, 1 + LOG_2PI / 2, 4.0))
three_terms.case("a narrow posterior: the entropy is negative", [0.0], [[-6.0]], [0.0], expected=(0.0, -2.5 + LOG_2PI / 2, 0.0))


def _terms(log_p_x, logvar, log_p_z, entropy=None, average=torch.mean):
    parts = 0.5 * (1 + LOG_2PI + logvar) if entropy is None else entropy
    return average(log_p_x), average(parts.sum(-1)), -average(log_p_z)


@three_terms.misconception("The entropy has the wrong sign: a wide posterior has much of it, and the bound likes that.")
def entropy_negated(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, -0.5 * (1 + LOG_2PI + logvar))


@three_terms.misconception(
    "The entropy lacks ½ log 2π per latent. log p(z) has its own: dropped on one side only, the bound is off by D/2·log 2π."
)
def two_pi_dropped(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + logvar).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@three_terms.misconception("log σ is half of logvar: the entropy of one latent is ½(1 + log 2π + logvar).")
def logvar_as_log_std(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, 0.5 * (1 + LOG_2PI) + logvar)


@three_terms.misconception("The 1 is missing from the entropy: E[(z − μ)²/σ²] is 1, not 0.")
def one_missing(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, 0.5 * (LOG_2PI + logvar))


@three_terms.misconception("The third term is a cross-entropy, −E[log p(z)]: here it has the sign of log p(z).")
def cross_entropy_negated(log_p_x, logvar, log_p_z):
    a, b, c = _terms(log_p_x, logvar, log_p_z)
    return a, b, -c


@three_terms.misconception("Sums over the images: all three terms are means over them.")
def summed_over_images(log_p_x, logvar, log_p_z):
    return _terms(log_p_x, logvar, log_p_z, average=torch.sum)


@three_terms.misconception("The entropy is averaged over the latents: it is their sum.")
def latents_averaged(log_p_x, logvar, log_p_z):
    parts = 0.5 * (1 + LOG_2PI + logvar)
    return log_p_x.mean(), parts.mean(), -log_p_z.mean()


def mixture_by_scipy(z, mu, logvar):
    rows = [log_normal_by_scipy(z, m, v) for m, v in zip(mu, logvar)]
    return logsumexp(rows, axis=0, b=1 / len(mu))


def draw_mixture(rng: np.random.Generator):
    latent_dim = int(rng.integers(2, 5))
    z = 2 * rng.normal(size=(int(rng.integers(1, 7)), latent_dim))
    return z, *rng.normal(size=(2, int(rng.integers(2, 6)), latent_dim))


def probe_mixture():
    a, model = probe("vampprior-mnist"), reference.load("vampprior-mnist").double()
    mu, logvar = (part.numpy() for part in model.prior.components())
    log_q = log_normal_by_scipy(a.z[0].numpy(), a.mu.numpy(), a.logvar.numpy())
    return "64 z under the 500 components of vampprior-mnist", (a.z[0].numpy(), mu, logvar), (log_q - a.kl.numpy(),)


log_mixture = Exercise(
    "ps5.2",
    "log_mixture",
    ["z", "mu", "logvar"],
    oracle=mixture_by_scipy,
    draw=draw_mixture,
    reference=probe_mixture,
    differentiable=["z", "mu", "logvar"],
    closed_book=[densities.log_normal_components, priors.Mixture.log_prob, priors.Mixture.component_log_probs],
)
CORNERS = [[-3.0, -3.0], [3.0, 3.0]]
FLAT = [[0.0, 0.0], [0.0, 0.0]]
log_mixture.case("one component at its mode", [[1.0]], [[1.0]], [[0.0]], expected=[-LOG_2PI / 2])
log_mixture.case("two equal components are one", [[1.0]], [[1.0], [1.0]], [[0.0], [0.0]], expected=[-LOG_2PI / 2])
log_mixture.case("a corner between two modes: 18 nats below", [[3.0, -3.0]], CORNERS, FLAT, expected=[-LOG_2PI - 18])
log_mixture.case("halfway: 9 nats below", [[0.0, 0.0]], CORNERS, FLAT, expected=[-LOG_2PI - 9])
log_mixture.case(
    "by hand: variances e² and 1", [[2.0]], [[0.0], [2.0]], [[2.0], [0.0]],
    expected=[-LOG_2PI / 2 - LN2 + math.log(math.exp(-1 - 2 * math.exp(-2)) + 1)],
)  # fmt: skip
log_mixture.case(
    "far from both: exp underflows", [[100.0]], [[0.0], [0.0]], [[0.0], [0.0]], expected=[-LOG_2PI / 2 - 5000], edge=True
)


def _components(z, mu, logvar):
    """Every component's log density by latent: (batch, K, D)."""
    return -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp())


@log_mixture.misconception(
    "The logsumexp runs over the components of each latent by itself, and the latents are summed after it: that is a product of "
    "one-dimensional mixtures, with modes in corners where there are none. Sum over the latents first."
)
def per_latent(z, mu, logvar):
    return (_components(z, mu, logvar).logsumexp(1) - math.log(len(mu))).sum(-1)


@log_mixture.misconception("log K is not subtracted: each component has weight 1/K, or the mixture does not integrate to one.")
def log_k_missing(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).logsumexp(1)


@log_mixture.misconception("The mean of the log densities is not the log of the mean density: first the mixture, then the log.")
def mean_of_logs(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).mean(1)


@log_mixture.misconception("Right, until exp underflows: far from every component it gives −inf. Use logsumexp.")
def exp_then_log(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).exp().mean(1).log()


@log_mixture.misconception("Only the nearest component: the others add to the density too.")
def nearest_component(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).max(1).values - math.log(len(mu))


@log_mixture.misconception(
    "A parenthesis is misplaced, −½(logvar + (z − μ)²)/σ², as in a published port of the paper: only the square is divided by σ²."
)
def misplaced_parenthesis(z, mu, logvar):
    parts = -0.5 * (logvar + (z.unsqueeze(1) - mu) ** 2) / logvar.exp() - 0.5 * LOG_2PI
    return parts.sum(-1).logsumexp(1) - math.log(len(mu))


@log_mixture.misconception("The square is divided by exp(2·logvar): exp(logvar) already is the variance.")
def variance_squared(z, mu, logvar):
    parts = -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / (2 * logvar).exp())
    return parts.sum(-1).logsumexp(1) - math.log(len(mu))


@log_mixture.misconception("log 2π is missing: a density that is compared with another keeps its constants.")
def no_two_pi(z, mu, logvar):
    return (_components(z, mu, logvar) + 0.5 * LOG_2PI).sum(-1).logsumexp(1) - math.log(len(mu))
