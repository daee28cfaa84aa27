"""ps1.3: kl_standard_normal."""

import math

import numpy as np

from ... import divergences
from ...reference import probe
from ..alternatives import KL
from ..exercise import Exercise
from ._shared import LN2, draw_gaussian_pair, gaussian_kl, wide_logvar


def posteriors_and_kl():
    answers = probe("vae-mnist")
    return "64 posteriors of vae-mnist", (answers.mu.numpy(), answers.logvar.numpy()), (answers.kl.numpy(),)


exercise = Exercise(
    "ps1.3",
    "kl_standard_normal",
    ["mu", "logvar"],
    oracle=lambda mu, logvar: gaussian_kl(mu, logvar, np.zeros_like(mu), np.zeros_like(mu)),
    draw=lambda rng: draw_gaussian_pair(rng)[:2],
    reference=posteriors_and_kl,
    closed_book=[divergences.kl_normal, divergences.kl_standard_normal],
)
exercise.case("zero at N(0, I)", [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], expected=0.0)
exercise.case("a shifted mean: N(3, 1)", [3.0], [0.0], expected=4.5)
exercise.case("a narrow one: N(0, 0.1²)", [0.0], [2 * math.log(0.1)], expected=0.5 * (0.01 - 1) + math.log(10))
exercise.case("a wide one: N(0, 2²)", [0.0], [2 * LN2], expected=1.5 - LN2)
exercise.case(
    "very narrow and very wide: N(0, e⁻³⁰), N(0, e¹²)",
    [[0.0], [0.0]],
    [[-30.0], [12.0]],
    expected=[14.5, 0.5 * (math.exp(12) - 13)],
    edge=True,
)
exercise.case("two dimensions in front", [[[3.0, 1.0], [0.0, 0.0]]], [[[0.0, 0.0], [0.0, 0.0]]], expected=[[5.0, 0.0]], edge=True)
exercise.always(
    "70 posteriors, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.normal(size=(70, 45)), wide_logvar(rng, 70, 45)),
)


@exercise.misconception("Twice the expected value everywhere. Is the ½ in front of the sum missing?")
def half_missing_standard(mu, logvar):
    return (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@exercise.misconception(
    "Right size, wrong sign. Papers print −KL because they maximise it; the divergence itself is never negative."
)
def minus_kl(mu, logvar):
    return 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)


@exercise.misconception("exp(logvar / 2) is the standard deviation; the formula needs the variance, exp(logvar).")
def std_for_variance(mu, logvar):
    return 0.5 * (mu**2 + (0.5 * logvar).exp() - logvar - 1).sum(-1)


@exercise.misconception("Too large by ½ per dimension: the −1 inside the sum is missing (N(0, I) must cost 0).")
def minus_one_missing_standard(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar).sum(-1)


@exercise.misconception(
    "The regulariser does not only pull means to 0 (the slide's wording, erratum E31): variances cost something too."
)
def mean_only(mu, logvar):
    return 0.5 * (mu**2).sum(-1)


@exercise.misconception(
    "A mean over dimensions where independent dimensions add up: with 40 latents this hides a weight of 1/40 on the KL."
)
def mean_over_latents(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).mean(-1)


@exercise.misconception("One number for the whole batch: sum over the last dimension only, so that every image keeps its own KL.")
def one_for_all_standard(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum()


@exercise.steps
def in_steps(mu, logvar):
    square = mu**2  # the square of the mean
    variance = logvar.exp()  # the variance
    bracket = square + variance - logvar - 1  # the bracket
    terms = 0.5 * bracket  # the KL of each latent
    return terms.sum(-1)  # the sum over the latents


exercise.instead("terms", KL)
