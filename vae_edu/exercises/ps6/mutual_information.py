"""ps6.6: mutual_information."""

import math

import numpy as np
import torch
from scipy.special import logsumexp
from scipy.stats import norm

from ... import densities, information
from ...reference import probe
from ..exercise import Exercise

LOG_2PI = math.log(2 * math.pi)


def code_by_code(z, mu, logvar):
    terms = []
    for i, code in enumerate(z):
        log_q = norm.logpdf(code, mu, np.exp(logvar / 2)).sum(-1)
        terms.append(log_q[i] - logsumexp(log_q, b=1 / len(z)))
    return float(np.mean(terms))


def draw_posteriors(rng: np.random.Generator):
    """2 to 8 images, 1 to 4 latents, codes around their own means."""
    shape = rng.integers(2, 9), rng.integers(1, 5)
    mu, logvar = 1.5 * rng.normal(size=shape), rng.uniform(-3, 1, size=shape)
    return mu + np.exp(logvar / 2) * rng.normal(size=shape), mu, logvar


def probe_posteriors():
    a = probe("pixelvae-map-digits")
    return "64 images of pixelvae-map-digits", (a.z[0].numpy(), a.mu.numpy(), a.logvar.numpy()), None


exercise = Exercise(
    "ps6.6",
    "mutual_information",
    ["z", "mu", "logvar"],
    oracle=code_by_code,
    draw=draw_posteriors,
    reference=probe_posteriors,
    closed_book=[information.mutual_information, information.surgery, densities.log_normal, densities.log_normal_components],
)
TWO, ONE = [[0.0], [0.0]], [[0.0], [1.0]]
exercise.case("two images with one and the same posterior: 0", [[0.3], [-1.0]], TWO, TWO, expected=0.0)
exercise.case("two posteriors far apart: log 2", [[0.0], [100.0]], [[0.0], [100.0]], TWO, expected=math.log(2))
exercise.case("four of them: log 4, the cap", [[0.0], [100.0], [200.0], [300.0]], [[0.0], [100.0], [200.0], [300.0]],
    [[0.0]] * 4, expected=math.log(4))  # fmt: skip
HALF = -math.log(0.5 * (1 + math.exp(-0.5)))
exercise.case("by hand: one standard deviation apart, codes at the means", ONE, ONE, TWO, expected=HALF)
exercise.case("a code at the other's mean: the term is negative", [[1.0], [1.0]], ONE, TWO, expected=HALF - 0.25)
exercise.case("two latents, of which one says nothing", [[0.0, 0.3], [1.0, -1.0]], [[0.0, 0.0], [1.0, 0.0]], [[0.0, 0.0]] * 2,
    expected=HALF)  # fmt: skip
exercise.case(
    "variances that differ: 1 at the mean 0, 4 at the mean 1", ONE, ONE, [[0.0], [math.log(4)]],
    expected=-0.5 * math.log(0.5 * (1 + 0.5 * math.exp(-0.125))) - 0.5 * math.log(math.exp(-0.5) + 0.5),
)  # fmt: skip


def _wide(rng: np.random.Generator):
    mu, logvar = 3 * rng.normal(size=(30, 45)), rng.uniform(-6, 2, size=(30, 45))
    mu[15:] = mu[:15] + 0.1 * rng.normal(size=(15, 45))  # pairs that can be confused
    logvar[15:] = logvar[:15]
    return mu + np.exp(logvar / 2) * rng.normal(size=(30, 45)), mu, logvar


def _many_latents(rng: np.random.Generator):
    mu, logvar = 0.1 * rng.normal(size=(6, 700)), rng.uniform(1, 3, size=(1, 700)).repeat(6, 0)
    return mu + np.exp(logvar / 2) * rng.normal(size=(6, 700)), mu, logvar


exercise.always("30 images, 45 latents, most of them far apart", _wide)
exercise.always("6 images, 700 latents: densities near e⁻¹⁷⁰⁰", _many_latents)


def _log_q(z, mu, logvar):
    """log q(z_i|x_j): (codes, images)."""
    return -0.5 * (LOG_2PI + logvar + (z[:, None] - mu) ** 2 / logvar.exp()).sum(-1)


def _estimate(log_q, own=None, log_m=None):
    own = log_q.diagonal() if own is None else own
    return (own - log_q.logsumexp(1)).mean() + (math.log(len(log_q)) if log_m is None else log_m)


@exercise.misconception("The image itself is left out of q(z): all M posteriors are in it, its own too.")
def without_own(z, mu, logvar):
    log_q = _log_q(z, mu, logvar)
    others = log_q.masked_fill(torch.eye(len(z), dtype=torch.bool), -torch.inf)
    return (log_q.diagonal() - others.logsumexp(1)).mean() + math.log(len(z) - 1)


@exercise.misconception("log M is missing: q(z) is the mean of the M posteriors, not their sum.")
def without_log_m(z, mu, logvar):
    return _estimate(_log_q(z, mu, logvar), log_m=0.0)


@exercise.misconception("log M has the wrong sign.")
def minus_log_m(z, mu, logvar):
    return _estimate(_log_q(z, mu, logvar), log_m=-math.log(len(z)))


@exercise.misconception("The prior N(0, I) stands for q(z): that is the KL (at one sample), not the information.")
def prior_for_q(z, mu, logvar):
    return (_log_q(z, mu, logvar).diagonal() + 0.5 * (LOG_2PI + z**2).sum(-1)).mean()


@exercise.misconception("This is the mean KL to N(0, I) in closed form: the information compares with q(z), not with the prior.")
def closed_kl(z, mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1).mean()


@exercise.misconception("The sum inside runs over the codes: for each code it runs over the M posteriors.")
def over_the_codes(z, mu, logvar):
    return _estimate(_log_q(z, mu, logvar).T)


@exercise.misconception("The density is summed over latents after the logsumexp: log q(z|x) is a sum over latents first.")
def latent_by_latent(z, mu, logvar):
    each = -0.5 * (LOG_2PI + logvar + (z[:, None] - mu) ** 2 / logvar.exp())
    return (each.diagonal().T - each.logsumexp(1)).sum(-1).mean() + math.log(len(z))


@exercise.misconception("The mean of the log densities is taken: q(z) is a mean of densities, and its logarithm comes after.")
def mean_of_logs(z, mu, logvar):
    log_q = _log_q(z, mu, logvar)
    return (log_q.diagonal() - log_q.mean(1)).mean()


@exercise.misconception("The density takes exp(logvar) for a standard deviation: it is the variance.")
def variance_for_std(z, mu, logvar):
    return _estimate(_log_q(z, mu, 2 * logvar))


@exercise.misconception("The means are taken in the place of the codes: z is given, and only z is a sample.")
def means_for_codes(z, mu, logvar):
    return _estimate(_log_q(mu, mu, logvar))


@exercise.misconception("exp(−1700) is 0 to the computer: stay with logarithms (logsumexp).")
def densities_first(z, mu, logvar):
    log_q = _log_q(z, mu, logvar)
    return (log_q.diagonal() - log_q.exp().mean(1).log()).mean()


@exercise.misconception("Summed over the images: it is their mean.")
def summed(z, mu, logvar):
    return len(z) * _estimate(_log_q(z, mu, logvar))


@exercise.steps
def in_steps(z, mu, logvar):
    difference = z.unsqueeze(1) - mu  # the differences of codes and means
    variance = logvar.exp()  # the variance
    squared = difference**2 / variance  # the squared differences over the variance
    terms = -0.5 * (LOG_2PI + logvar + squared)  # the log density of each latent
    log_q = terms.sum(-1)  # log q(z|x) of all pairs
    own = log_q.diagonal()  # log q(z|x) of each code's own image
    total = log_q.logsumexp(1)  # the log of the sum over all posteriors
    marginal = total - math.log(len(z))  # log q(z)
    return (own - marginal).mean()  # the mean over the images


exercise.instead(
    "terms",
    {
        "the normalising log-variance of q is left out": lambda squared: -0.5 * (LOG_2PI + squared),
        "the differences are not divided by the variance": lambda difference, logvar: -0.5 * (LOG_2PI + logvar + difference**2),
    },
)
