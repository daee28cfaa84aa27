"""ps5.5: hvae_log_weight."""

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LOG_2PI, log_normal_by_scipy

ARGUMENTS = ["log_p_x", "z1", "z2", "mu_q1", "logvar_q1", "mu_p1", "logvar_p1", "mu_q2", "logvar_q2", "log_p_z2"]


def weight_by_scipy(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    log_p = log_p_x + log_normal_by_scipy(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal_by_scipy(z1, mu_q1, logvar_q1) - log_normal_by_scipy(z2, mu_q2, logvar_q2)


def around(rng: np.random.Generator, z, logvar):
    """A mean a few standard deviations from z, and the log-variance."""
    return z + np.exp(logvar / 2) * rng.normal(size=z.shape), logvar


def draw_layers(rng: np.random.Generator):
    """log p(x|z) is far from what the other terms can add up to: no weight is near zero, where float32 has no digits left."""
    batch, dim1, dim2 = int(rng.integers(1, 6)), int(rng.integers(2, 5)), int(rng.integers(2, 5))
    z1, z2 = rng.normal(size=(batch, dim1)), rng.normal(size=(batch, dim2))
    q1, p1, q2 = (around(rng, z, rng.normal(size=z.shape)) for z in (z1, z1, z2))
    return rng.normal(-90, 2, size=batch), z1, z2, *q1, *p1, *q2, rng.normal(-5, 2, size=batch)


def probe_layers():
    a, model = probe("hvae-vampprior-mnist"), reference.load("hvae-vampprior-mnist").double()
    z1, z2 = a.z.chunk(2, -1)
    log_p_x = model.log_likelihood(a.x, (z1, z2))
    parts = (log_p_x, z1, z2, *model.encode_z1(a.x, z2), *model.prior_z1(z2), a.mu, a.logvar, model.prior.log_prob(z2))
    return "16 samples × 64 images of hvae-vampprior-mnist", tuple(part.numpy() for part in parts), (a.log_weights.numpy(),)


exercise = Exercise(
    "ps5.5",
    "hvae_log_weight",
    ARGUMENTS,
    oracle=weight_by_scipy,
    draw=draw_layers,
    reference=probe_layers,
)


def at(**changed):
    """log p(x|z) = -7, every z, mean and log-variance 0, so that q = p in both layers; but for what is changed."""
    zero = {name: [[0.0]] for name in ARGUMENTS}
    return (zero | {"log_p_x": [-7.0], "log_p_z2": [-LOG_2PI / 2]} | changed).values()


exercise.case("q = p in both layers: log p(x|z) is left", *at(), expected=[-7.0])
exercise.case("by hand: p(z1|z2) one further off", *at(mu_p1=[[1.0]]), expected=[-7.5])
exercise.case("by hand: q(z1|x, z2) with variance e²", *at(logvar_q1=[[2.0]]), expected=[-6.0])
exercise.case("by hand: q(z2|x) with variance e²", *at(logvar_q2=[[2.0]]), expected=[-6.0])
exercise.case("by hand: z2 unlikely under its prior", *at(log_p_z2=[-LOG_2PI / 2 - 3]), expected=[-10.0])


def draw_wide(rng: np.random.Generator):
    """2 × 35 weights, 45 and 6 latents, log-variances from −9 to 5, every z a few standard deviations from every mean."""
    z1, z2 = rng.normal(size=(2, 35, 45)), rng.normal(size=(2, 35, 6))
    q1, p1, q2 = (around(rng, z, wide_logvar(rng, *z.shape)) for z in (z1, z1, z2))
    return rng.normal(-900, 20, size=(2, 35)), z1, z2, *q1, *p1, *q2, rng.normal(-5, 2, size=(2, 35))


exercise.always("2 × 35 weights, 45 and 6 latents, log-variances from −9 to 5", draw_wide)


def _log_normal(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


def _five(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2, signs=(1, 1, 1, -1, -1)):
    """The five terms with their signs: p(x|z), p(z1|z2), p(z2), q(z1|x, z2), q(z2|x)."""
    q1, p1, q2 = _log_normal(z1, mu_q1, logvar_q1), _log_normal(z1, mu_p1, logvar_p1), _log_normal(z2, mu_q2, logvar_q2)
    return sum(sign * term for sign, term in zip(signs, (log_p_x, p1, log_p_z2, q1, q2)))


@exercise.misconception("log p(z1|z2) is missing: the generative model draws z1 too.")
def p1_missing(*parts):
    return _five(*parts, signs=(1, 0, 1, -1, -1))


@exercise.misconception("log p(z2) is missing: the prior of the upper layer belongs to the weight.")
def p2_missing(*parts):
    return _five(*parts, signs=(1, 1, 0, -1, -1))


@exercise.misconception("log q(z1|x, z2) is missing: z1 was drawn from it, so the weight is divided by it.")
def q1_missing(*parts):
    return _five(*parts, signs=(1, 1, 1, 0, -1))


@exercise.misconception("log q(z2|x) is missing: z2 was drawn from it, so the weight is divided by it.")
def q2_missing(*parts):
    return _five(*parts, signs=(1, 1, 1, -1, 0))


@exercise.misconception("log p(x|z1, z2) is missing: this is the ratio of the latents alone.")
def pixels_missing(*parts):
    return _five(*parts, signs=(0, 1, 1, -1, -1))


@exercise.misconception("q is added: a weight is p/q, so log q is subtracted.")
def q_added(*parts):
    return _five(*parts, signs=(1, 1, 1, 1, 1))


@exercise.misconception("z1 is judged by N(0, I): its prior is p(z1|z2), which depends on the z2 that was drawn.")
def standard_prior_for_z1(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    zero = torch.zeros_like(mu_p1)
    return _five(log_p_x, z1, z2, mu_q1, logvar_q1, zero, zero, mu_q2, logvar_q2, log_p_z2)


@exercise.misconception(
    "The ratio of the lower layer is replaced by its KL in closed form: right on average, so right for the bound, but a weight belongs "
    "to one sample."
)
def kl_for_ratio(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    kl = 0.5 * (logvar_p1 - logvar_q1 - 1 + (logvar_q1.exp() + (mu_q1 - mu_p1) ** 2) / logvar_p1.exp()).sum(-1)
    return log_p_x - kl + log_p_z2 - _log_normal(z2, mu_q2, logvar_q2)


@exercise.steps
def in_steps(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(point, center, logvariance):
        distance = (point - center) ** 2  # the squared distance, in every density
        fraction = distance / logvariance.exp()  # the distance over the variance, in every density
        bracket = LOG_2PI + logvariance + fraction  # the bracket, in every density
        terms = -0.5 * bracket  # the log density of each latent
        return terms.sum(-1)  # the sum over the latents

    prior_z1 = log_normal(z1, mu_p1, logvar_p1)  # log p(z1|z2)
    posterior_z1 = log_normal(z1, mu_q1, logvar_q1)  # log q(z1|x, z2)
    posterior_z2 = log_normal(z2, mu_q2, logvar_q2)  # log q(z2|x)
    joint = log_p_x + prior_z1 + log_p_z2  # the log of the joint density
    posterior = posterior_z1 + posterior_z2  # the log of the posterior
    return joint - posterior  # the log weight


exercise.instead(
    "posterior_z2",
    {
        "minus the entropy stands where log q(z2|x) at the sample belongs": lambda logvar_q2: (
            -0.5 * (1 + LOG_2PI + logvar_q2).sum(-1)
        ),
        "log q(z2|x) is that of N(0, I)": lambda z2: _log_normal(z2, 0 * z2, 0 * z2),
    },
)
exercise.instead(
    "return",
    {
        "the weight is returned, not its log": lambda joint, posterior: (joint - posterior).exp(),
        "the upper layer's ratio is upside down": lambda joint, posterior, log_p_z2, posterior_z2: (
            joint - posterior - 2 * log_p_z2 + 2 * posterior_z2
        ),
        "the lower layer's ratio is upside down": lambda joint, posterior, prior_z1, posterior_z1: (
            joint - posterior - 2 * prior_z1 + 2 * posterior_z1
        ),
        "minus the entropies stand where both log q at the samples belong": lambda joint, logvar_q1, logvar_q2: (
            joint + 0.5 * (1 + LOG_2PI + logvar_q1).sum(-1) + 0.5 * (1 + LOG_2PI + logvar_q2).sum(-1)
        ),
        "N(0, I) stands where the prior of z2 belongs": lambda joint, posterior, log_p_z2, z2: (
            joint - posterior - log_p_z2 + _log_normal(z2, 0 * z2, 0 * z2)
        ),
        "N(0, I) stands where the prior of z1 belongs": lambda joint, posterior, prior_z1, z1: (
            joint - posterior - prior_z1 + _log_normal(z1, 0 * z1, 0 * z1)
        ),
        "the KL of the upper layer to N(0, I) in closed form is taken off": lambda joint, posterior, log_p_z2, posterior_z2, mu_q2, logvar_q2: (
            joint - posterior - log_p_z2 + posterior_z2 - 0.5 * (mu_q2**2 + logvar_q2.exp() - logvar_q2 - 1).sum(-1)
        ),
        "the upper layer is missing": lambda joint, posterior, log_p_z2, posterior_z2: (
            joint - posterior - log_p_z2 + posterior_z2
        ),
        "the lower layer is missing": lambda joint, posterior, prior_z1, posterior_z1: (
            joint - posterior - prior_z1 + posterior_z1
        ),
        "the KL of the lower layer is not allowed to be negative": lambda log_p_x, log_p_z2, posterior_z2, posterior_z1, prior_z1: (
            log_p_x + log_p_z2 - posterior_z2 - (posterior_z1 - prior_z1).clamp(min=0)
        ),
    },
)
