"""ps1.2: kl_normal."""

import numpy as np

from ... import divergences
from ...reference import probe
from ..exercise import Exercise
from ._shared import LN2, draw_gaussian_pair, gaussian_kl, wide_logvar


def neighbouring_posteriors():
    answers = probe("vae-mnist")
    mu, logvar = answers.mu.numpy(), answers.logvar.numpy()
    return "64 posteriors of vae-mnist, each ‖ the next", (mu, logvar, np.roll(mu, -1, 0), np.roll(logvar, -1, 0)), None


exercise = Exercise(
    "ps1.2",
    "kl_normal",
    ["mu_q", "logvar_q", "mu_p", "logvar_p"],
    oracle=gaussian_kl,
    draw=draw_gaussian_pair,
    reference=neighbouring_posteriors,
    closed_book=[divergences.kl_normal, divergences.kl_standard_normal],
)
exercise.case("zero when q equals p", [0.3, -2.0], [0.5, 1.0], [0.3, -2.0], [0.5, 1.0], expected=0.0)
exercise.case("by hand: N(1, 2²) ‖ N(−1, ½²)", [1.0], [2 * LN2], [-1.0], [-2 * LN2], expected=15.5 - 2 * LN2)
exercise.case("by hand: the other way round", [-1.0], [-2 * LN2], [1.0], [2 * LN2], expected=2 * LN2 + 4.25 / 8 - 0.5)
exercise.case("far from the origin: N(1000, 1) ‖ N(0, 1)", [1e3], [0.0], [0.0], [0.0], expected=5e5)
exercise.case(
    "one p for a batch of q (broadcast)",
    [[1.0, 0.0], [0.0, 2.0]],
    [0.0, 0.0],
    [0.0, 0.0],
    [0.0, 0.0],
    expected=[0.5, 2.0],
    edge=True,
)
exercise.case(
    "one q for a batch of p (broadcast)",
    [0.0, 0.0],
    [0.0, 0.0],
    [[1.0, 0.0], [0.0, 2.0]],
    [0.0, 0.0],
    expected=[0.5, 2.0],
    edge=True,
)
exercise.case(
    "by hand: 100 times N(0, e⁻³⁰) ‖ N(0, e¹²)",
    [0.0] * 100,
    [-30.0] * 100,
    [0.0] * 100,
    [12.0] * 100,
    expected=100 * (12 + 30 - 1) / 2,
    edge=True,
)
exercise.case(
    "two dimensions in front",
    [[[1.0], [0.0]]],
    [[[0.0], [0.0]]],
    [[[0.0], [0.0]]],
    [[[0.0], [0.0]]],
    expected=[[0.5, 0.0]],
    edge=True,
)
exercise.always(
    "70 pairs, 45 latents, log-variances from −9 to 5",
    lambda rng: (
        rng.normal(size=(70, 45)),
        wide_logvar(rng, 70, 45),
        rng.normal(size=(70, 45)),
        wide_logvar(rng, 70, 45),
    ),
)


@exercise.misconception("Twice the expected value everywhere. Is the ½ in front of the sum missing?")
def half_missing(mu_q, logvar_q, mu_p, logvar_p):
    return (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@exercise.misconception("These are the values of KL(p‖q): the variance of p, not of q, belongs under the fraction.")
def gaussians_swapped(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_q - logvar_p + (logvar_p.exp() + (mu_q - mu_p) ** 2) / logvar_q.exp() - 1).sum(-1)


@exercise.misconception(
    "exp(logvar) is used as the standard deviation. It is the variance; the standard deviation is exp(logvar / 2)."
)
def logvar_as_log_std(mu_q, logvar_q, mu_p, logvar_p):
    return (logvar_p - logvar_q + ((2 * logvar_q).exp() + (mu_q - mu_p) ** 2) / (2 * (2 * logvar_p).exp()) - 0.5).sum(-1)


@exercise.misconception(
    "Too large by ½ per dimension: the −1 inside the sum is missing (KL of a Gaussian with itself must be 0)."
)
def minus_one_missing(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp()).sum(-1)


@exercise.misconception("The log-ratio has the wrong sign: it is log σ_p − log σ_q.")
def log_ratio_flipped(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_q - logvar_p + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@exercise.misconception(
    "Only the variance is divided by σ_p²: the squared distance of the means belongs over it too (check the parentheses)."
)
def misplaced_parenthesis(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + logvar_q.exp() / logvar_p.exp() + (mu_q - mu_p) ** 2 - 1).sum(-1)


@exercise.misconception("A mean over dimensions where independent dimensions add up: sum over the last one.")
def mean_over_dimensions(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).mean(-1)


@exercise.misconception("One number for the whole batch: sum over the last dimension only, so that every image keeps its own KL.")
def one_for_all(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum()


@exercise.steps
def in_steps(mu_q, logvar_q, mu_p, logvar_p):
    log_ratio = logvar_p - logvar_q  # the log-ratio of the variances
    distance = (mu_q - mu_p) ** 2  # the squared distance of the means
    variance_q = logvar_q.exp()  # the variance of q
    variance_p = logvar_p.exp()  # the variance of p
    fraction = (variance_q + distance) / variance_p  # the fraction
    bracket = log_ratio + fraction - 1  # the bracket
    terms = 0.5 * bracket  # the KL of each dimension
    return terms.sum(-1)  # the sum over the dimensions
