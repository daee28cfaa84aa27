"""ps8.7: match_betavae."""

import numpy as np
from scipy.special import log_expit

from ...objectives import Elbo
from ...reference import probe
from ..alternatives import KL, PIXELS
from ..exercise import Exercise
from ..ps1._shared import gaussian_kl
from ..ps3._shared import kl_parts


def part_by_part(x, logits, mu, logvar, beta):
    """Closed-form KLs unit by unit, log p from log sigmoids; how many units count, by counting."""
    zero = np.zeros(len(mu))
    rates = np.array([gaussian_kl(m[:, None], v[:, None], zero[:, None], zero[:, None]).mean() for m, v in zip(mu.T, logvar.T)])
    distortion = -np.mean([np.dot(a, log_expit(b)) + np.dot(1 - a, log_expit(-b)) for a, b in zip(x, logits)])
    return rates, float(len([rate for rate in rates if rate > 0.1])), distortion + beta * rates.sum()


def draw_model(rng: np.random.Generator):
    """2 to 6 grey images of 4 to 9 pixels, 2 to 5 latents of which one is nearly unused."""
    images, pixels, latents = rng.integers(2, 7), rng.integers(4, 10), rng.integers(2, 6)
    mu, logvar = rng.normal(size=(images, latents)), rng.uniform(-3, 0, size=(images, latents))
    mu[:, 0], logvar[:, 0] = 0.1 * mu[:, 0], 0.05 * logvar[:, 0]
    return rng.uniform(size=(images, pixels)), 3 * rng.normal(size=(images, pixels)), mu, logvar, float(rng.uniform(1.5, 8))


def whole_probe():
    a = probe("betavae4-sprites")
    arguments = (*(t.numpy() for t in (a.x, a.logits, a.mu, a.logvar)), 4.0)
    rates, used, _ = part_by_part(*arguments)
    return "betavae4-sprites, on its 64 images", arguments, (rates, used, (4 * a.kl - a.reconstruction).mean().item())


exercise = Exercise(
    "ps8.7",
    "match_betavae",
    ["x", "logits", "mu", "logvar", "beta"],
    oracle=part_by_part,
    draw=draw_model,
    reference=whole_probe,
    closed_book=[Elbo.value],
    item="latent",
)
LN2, NO, SURE = np.log(2), [[0.0]], log_expit(800.0)
exercise.case("posterior = prior, a grey pixel at logit 0", [[0.3]], NO, NO, NO, 4.0, expected=([0.0], 0.0, LN2))
exercise.case("mean 2: a rate of 2, priced 4", [[0.3]], NO, [[2.0]], NO, 4.0, expected=([2.0], 1.0, LN2 + 8))
exercise.case("a unit with 0.08 nats does not count", [[1.0]], NO, [[0.4, 1.0]], [[0.0, 0.0]], 2.0,
    expected=([0.08, 0.5], 1.0, LN2 + 1.16))  # fmt: skip
exercise.case("rates of 0.02 and 0.06 do not count", [[1.0]], NO, [[0.2, 0.12**0.5, 2.0]], [[0.0, 0.0, 0.0]], 2.0,
    expected=([0.02, 0.06, 2.0], 1.0, LN2 + 4.16))  # fmt: skip
exercise.case("means over the images", [[1.0], [0.0]], [[0.0], [0.0]], [[0.0, 2.0], [2.0, 2.0]], [[0.0, 0.0]] * 2, 3.0,
    expected=([1.0, 2.0], 2.0, LN2 + 9))  # fmt: skip
exercise.case("a unit counts by its mean over the images", [[1.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.6]], [[0.0]] * 2, 1.0,
    expected=([0.09], 0.0, LN2 + 0.09))  # fmt: skip
exercise.case("and also where one image does not use it", [[1.0], [0.0]], [[0.0], [0.0]], [[0.0], [2.0]], [[0.0]] * 2, 1.0,
    expected=([1.0], 1.0, LN2 + 1))  # fmt: skip
exercise.case("two pixels: summed", [[1.0, 0.0]], [[0.0, 0.0]], NO, NO, 4.0, expected=([0.0], 0.0, 2 * LN2))
exercise.case("a narrow posterior has a rate as well", [[1.0]], NO, NO, [[-2.0]], 2.0,
    expected=([0.5 * (np.exp(-2) + 1)], 1.0, LN2 + np.exp(-2) + 1))  # fmt: skip
exercise.case("a sure pixel, right: logit 800", [[1.0]], [[800.0]], NO, NO, 4.0, expected=([0.0], 0.0, -SURE), edge=True)
exercise.case("a sure pixel, wrong", [[0.0]], [[800.0]], NO, NO, 4.0, expected=([0.0], 0.0, 800.0), edge=True)
exercise.always("70 images", lambda rng: (rng.uniform(size=(70, 20)), rng.normal(size=(70, 20)), rng.normal(size=(70, 8)),
    rng.uniform(-4, 1, size=(70, 8)), 4.0))  # fmt: skip


def _log_p(x, logits):
    return x * logits - logits.clamp(min=0) - (-logits.abs()).exp().log1p()


def _three(x, logits, mu, logvar, beta, rates=None, distortion=None, used=None):
    rates = kl_parts(mu, logvar).mean(0) if rates is None else rates
    distortion = -_log_p(x, logits).sum(1).mean() if distortion is None else distortion
    used = (rates > 0.1).sum().to(rates) if used is None else used
    return rates, used, distortion + beta * rates.sum()


@exercise.misconception("β is left out of the objective: each nat of rate costs β.")
def without_beta(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, 1.0)


@exercise.misconception("The pixels are averaged: their log-likelihoods are summed, or else β weighs much more than it says.")
def mean_over_pixels(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, distortion=-_log_p(x, logits).mean())


@exercise.misconception("Maximised: what is asked for is what was *minimised*, distortion plus β times the rate.")
def maximised(x, logits, mu, logvar, beta):
    rates, used, value = _three(x, logits, mu, logvar, beta)
    return rates, used, -value


@exercise.misconception("The KL is subtracted from the distortion: both are costs.")
def kl_subtracted(x, logits, mu, logvar, beta):
    rates, used, value = _three(x, logits, mu, logvar, beta)
    return rates, used, value - 2 * beta * rates.sum()


@exercise.misconception("β also multiplies the rates that are returned: they are nats, whatever their price.")
def rates_priced(x, logits, mu, logvar, beta):
    rates, used, value = _three(x, logits, mu, logvar, beta)
    return beta * rates, used, value


@exercise.misconception("Units are counted by the variance of their means (lecture 07): here by their rate.")
def counted_by_activity(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, used=(mu.var(0, correction=0) > 0.01).sum().to(mu))


@exercise.misconception("All units with any rate at all are counted: with more than 0.1 nats.")
def any_rate(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, used=(kl_parts(mu, logvar).mean(0) > 0).sum().to(mu))


@exercise.misconception("Units with more than 0.01 nats are counted: with more than 0.1.")
def lower_threshold(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, used=(kl_parts(mu, logvar).mean(0) > 0.01).sum().to(mu))


@exercise.misconception("A unit is counted only if *every* image uses it: its mean over the images decides.")
def by_every_image(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, used=(kl_parts(mu, logvar) > 0.1).all(0).sum().to(mu))


@exercise.misconception("A unit is counted if *one* image uses it: its mean over the images decides.")
def by_one_image(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, used=(kl_parts(mu, logvar) > 0.1).any(0).sum().to(mu))


@exercise.misconception("The share of the units is returned: their number is asked for.")
def share(x, logits, mu, logvar, beta):
    rates, used, value = _three(x, logits, mu, logvar, beta)
    return rates, used / len(rates), value


@exercise.misconception("Summed over the images: all are means over them.")
def summed(x, logits, mu, logvar, beta):
    rates, _, value = _three(x, logits, mu, logvar, beta)
    return len(x) * rates, (len(x) * rates > 0.1).sum().to(rates), len(x) * value


@exercise.misconception("The ½ of the KL is missing.")
def without_one_half(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, rates=2 * kl_parts(mu, logvar).mean(0))


@exercise.misconception("logvar is taken for the standard deviation's logarithm: it is the variance's.")
def deviation(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, rates=kl_parts(mu, 2 * logvar).mean(0))


@exercise.misconception("A squared error stands in for −log p: pixels are Bernoulli, and the decoder gives logits.")
def squared_error(x, logits, mu, logvar, beta):
    return _three(x, logits, mu, logvar, beta, distortion=((x - logits.sigmoid()) ** 2).sum(1).mean())


@exercise.steps
def in_steps(x, logits, mu, logvar, beta):
    terms = 0.5 * (mu**2 + logvar.exp() - logvar - 1)  # the KL of each latent
    rates = terms.mean(0)  # the rate of each latent
    used = (rates > 0.1).double().sum()  # the number of latents in use
    pixels = x * logits - (logits.clamp(min=0) + (-logits.abs()).exp().log1p())  # the log-likelihood of each pixel
    log_p = pixels.sum(1)  # the log-likelihood of each image
    distortion = -log_p.mean()  # the distortion
    price = beta * rates.sum()  # the price of the rate
    return rates, used, distortion + price  # rates, number of latents and cost


exercise.instead("terms", KL)
exercise.instead("pixels", PIXELS)
