"""ps2.5: score_function_gradient."""

import numpy as np
import torch

from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2, LOG_2PI


def slope_of_log_density(f, z, mu, logvar):
    """Autograd through torch.distributions' log density, weighed by f."""
    mu, logvar = (torch.tensor(a, requires_grad=True) for a in (mu, logvar))
    log_q = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(torch.tensor(z)).sum(-1)
    return tuple(g.numpy() for g in torch.autograd.grad((torch.tensor(f) * log_q).mean(), (mu, logvar)))


def draw_scores(rng: np.random.Generator):
    samples, dim = rng.integers(2, 9), rng.integers(2, 5)
    mu, logvar = rng.normal(size=(2, dim))
    return rng.normal(size=samples), mu + rng.normal(size=(samples, dim)), mu, logvar


def reference_scores():
    answers = probe("vae-mnist")
    mu, logvar, z = answers.mu[0], answers.logvar[0], answers.z[:, 0]
    f = answers.log_weights[:, 0]
    return "log weights of vae-mnist's first image", (f.numpy(), z.numpy(), mu.numpy(), logvar.numpy()), None


exercise = Exercise(
    "ps2.5",
    "score_function_gradient",
    ["f", "z", "mu", "logvar"],
    oracle=slope_of_log_density,
    draw=draw_scores,
    reference=reference_scores,
    unit="",
    item="latent",
    tolerance=1e-4,
)
exercise.case("f = z², φ = 1.5, z = 2.5 and 0.5", [6.25, 0.25], [[2.5], [0.5]], [1.5], [0.0], expected=([3.0], [0.0]))
exercise.case("a sample two σ away", [1.0], [[4.0]], [0.0], [2 * LN2], expected=([1.0], [1.5]))
exercise.always(
    "70 samples, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=70), 2 * rng.normal(size=(70, 45)), rng.normal(size=45), wide_logvar(rng, 45)),
)


@exercise.misconception("The score along μ is (z − μ)/σ²: the division by the variance is missing.")
def variance_missing(f, z, mu, logvar):
    return (f[:, None] * (z - mu)).mean(0), (f[:, None] * 0.5 * ((z - mu) ** 2 / logvar.exp() - 1)).mean(0)


@exercise.misconception("Right size, wrong sign: the log density rises towards z, so its slope along μ is (z − μ)/σ².")
def score_sign(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return -(f[:, None] * d).mean(0), -(f[:, None] * 0.5 * ((z - mu) * d - 1)).mean(0)


@exercise.misconception("The −1 in the score along logvar is missing: it comes from the −½ logvar of the log density.")
def log_term_missing(f, z, mu, logvar):
    return (f[:, None] * (z - mu) / logvar.exp()).mean(0), (f[:, None] * 0.5 * (z - mu) ** 2 / logvar.exp()).mean(0)


@exercise.misconception("A sum over samples: an expectation is estimated by their mean.")
def sum_of_scores(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return (f[:, None] * d).sum(0), (f[:, None] * 0.5 * ((z - mu) * d - 1)).sum(0)


@exercise.misconception("f is not used: without it this is the average score, whose expectation is 0.")
def f_forgotten(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return d.mean(0), (0.5 * ((z - mu) * d - 1)).mean(0)


@exercise.misconception("The two averages are taken apart: f and the score of the same sample belong together.")
def averages_apart(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return f.mean() * d.mean(0), f.mean() * (0.5 * ((z - mu) * d - 1)).mean(0)


@exercise.steps
def in_steps(f, z, mu, logvar):
    distance = z - mu  # the distance from the mean
    variance = logvar.exp()  # the variance
    score_mu = distance / variance  # the score along the mean
    square = distance**2 / variance  # the squared distance over the variance
    score_logvar = 0.5 * (square - 1)  # the score along logvar
    weight = f.unsqueeze(1)  # the weight by f
    along_mu = (weight * score_mu).mean(0)  # the average along the mean
    along_logvar = (weight * score_logvar).mean(0)  # the average along logvar
    return along_mu, along_logvar  # the order of the pair


exercise.instead(
    "weight",
    {
        "the mean of f is taken off as a baseline": lambda f: (f - f.mean()).unsqueeze(1),
        "the mean of the other f is taken off as a baseline": lambda f: (f - (f.sum() - f) / max(len(f) - 1, 1)).unsqueeze(1),
        "f is normalised by its mean and standard deviation": lambda f: ((f - f.mean()) / f.std()).unsqueeze(1),
        "the log of |f| stands where f belongs": lambda f: f.abs().log().unsqueeze(1),
        "exp of f stands where f belongs": lambda f: f.exp().unsqueeze(1),
        "a softmax of f stands where f belongs": lambda f: f.softmax(0).unsqueeze(1) * len(f),
        "the samples are weighed by their density again": lambda f, z, mu, logvar: (
            f * (-0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)).exp()
        ).unsqueeze(1),
    },
)
exercise.instead(
    "score_logvar",
    {
        "the slope is that along σ, not along logvar": lambda square, logvar: (square - 1) / (0.5 * logvar).exp(),
        "the slope is that along the variance, not along logvar": lambda square, logvar: 0.5 * (square - 1) / logvar.exp(),
        "the slope is that along log σ, not along logvar": lambda square: square - 1,
    },
)
