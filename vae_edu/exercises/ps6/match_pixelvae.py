"""ps6.9: match_pixelvae."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import log_expit

from ...reference import probe
from ..alternatives import KL, PIXELS, SAMPLED_KL
from ..exercise import Exercise
from ..ps1._shared import gaussian_kl
from ..ps3._shared import kl_parts, log_p
from .mutual_information import LOG_2PI, _estimate, _log_q, code_by_code


def three_numbers(x, logits, mu, logvar, z):
    reconstruction = (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(-1).mean()
    kl = gaussian_kl(mu, logvar, np.zeros_like(mu), np.zeros_like(mu)).mean()
    return reconstruction - kl, kl, code_by_code(z, mu, logvar)


def draw_model(rng: np.random.Generator):
    """2 to 8 binary images of 3 to 9 pixels, 1 to 4 latents."""
    images, pixels, latents = rng.integers(2, 9), rng.integers(3, 10), rng.integers(1, 5)
    x = rng.integers(0, 2, size=(images, pixels)).astype(float)
    mu, logvar = 1.5 * rng.normal(size=(images, latents)), rng.uniform(-3, 1, size=(images, latents))
    z = mu + np.exp(logvar / 2) * rng.normal(size=mu.shape)
    return x, 2 * rng.normal(size=(images, pixels)), mu, logvar, z


def whole_probe():
    a = probe("pixelvae-map-mnist14")
    arguments = tuple(t.numpy() for t in (a.x, a.logits, a.mu, a.logvar, a.z[0]))
    bound, kl = (a.reconstruction - a.kl).mean().item(), a.kl.mean().item()
    return "pixelvae-map-mnist14, on its 64 images (cap of the information: log 64 = 4.16)", arguments, (
        bound, kl, code_by_code(*(t.numpy() for t in (a.z[0], a.mu, a.logvar)))
    )  # fmt: skip


exercise = Exercise(
    "ps6.9",
    "match_pixelvae",
    ["x", "logits", "mu", "logvar", "z"],
    oracle=three_numbers,
    draw=draw_model,
    reference=whole_probe,
    item="number",
)
LN2 = float(np.log(2))
ZERO = [[0.0], [0.0]]
exercise.case("z says nothing, pixels at ½", [[1.0], [0.0]], ZERO, ZERO, ZERO, [[0.3], [-1.0]], expected=(-LN2, 0.0, 0.0))
exercise.case("two codes far apart: KL 2, information log 2", [[1.0], [0.0]], ZERO, [[2.0], [-2.0]], ZERO, [[20.0], [-20.0]],
    expected=(-LN2 - 2, 2.0, LN2))  # fmt: skip
exercise.case("by hand: variance e², 3 pixels", [[1.0, 0.0, 1.0]] * 2, [[0.0] * 3] * 2, ZERO, [[2.0], [2.0]], ZERO,
    expected=(-3 * LN2 - 0.5 * (np.exp(2) - 3), 0.5 * (np.exp(2) - 3), 0.0))  # fmt: skip
exercise.case("logits of 800", [[1.0], [0.0]], [[800.0], [800.0]], ZERO, ZERO, ZERO, expected=(-400.0, 0.0, 0.0), edge=True)


def _three(x, logits, mu, logvar, z, reconstruction=None, kl=None, information=None):
    reconstruction = log_p(x, logits).sum(-1).mean() if reconstruction is None else reconstruction
    kl = kl_parts(mu, logvar).sum(-1).mean() if kl is None else kl
    return reconstruction - kl, kl, _estimate(_log_q(z, mu, logvar)) if information is None else information


@exercise.misconception("The first number is the reconstruction alone: the bound is reconstruction − KL.")
def reconstruction_alone(x, logits, mu, logvar, z):
    _, kl, information = _three(x, logits, mu, logvar, z)
    return log_p(x, logits).sum(-1).mean(), kl, information


@exercise.misconception("The KL is added. It is a cost: the bound is reconstruction − KL.")
def kl_added(x, logits, mu, logvar, z):
    bound, kl, information = _three(x, logits, mu, logvar, z)
    return bound + 2 * kl, kl, information


@exercise.misconception("The information is subtracted in the place of the KL: the bound pays the whole KL.")
def information_for_kl(x, logits, mu, logvar, z):
    bound, kl, information = _three(x, logits, mu, logvar, z)
    return bound + kl - information, kl, information


@exercise.misconception("The third number is the KL at one sample: q(z) is the mean of the posteriors, not the prior.")
def kl_for_information(x, logits, mu, logvar, z):
    ratio = (_log_q(z, mu, logvar).diagonal() + 0.5 * (LOG_2PI + z**2).sum(-1)).mean()
    return _three(x, logits, mu, logvar, z, information=ratio)


@exercise.misconception("log M is missing in the information.")
def without_log_m(x, logits, mu, logvar, z):
    return _three(x, logits, mu, logvar, z, information=_estimate(_log_q(z, mu, logvar), log_m=0.0))


@exercise.misconception("The means are taken in the place of the codes in the information: z is the sample.")
def means_for_codes(x, logits, mu, logvar, z):
    return _three(x, logits, mu, logvar, z, information=_estimate(_log_q(mu, mu, logvar)))


@exercise.misconception("The pixels are averaged: log p(x|z) is their sum.")
def mean_over_pixels(x, logits, mu, logvar, z):
    return _three(x, logits, mu, logvar, z, reconstruction=log_p(x, logits).mean())


@exercise.misconception("Summed over the images: all three are means over them.")
def summed_over_images(x, logits, mu, logvar, z):
    return tuple(len(x) * number for number in _three(x, logits, mu, logvar, z))


@exercise.misconception("The KL is averaged over the latents: it is their sum.")
def mean_over_latents(x, logits, mu, logvar, z):
    return _three(x, logits, mu, logvar, z, kl=kl_parts(mu, logvar).mean())


@exercise.misconception("The logits are taken for probabilities, or squashed twice: log p(x|z) = x log σ(ℓ) + (1 − x) log σ(−ℓ).")
def squashed(x, logits, mu, logvar, z):
    return _three(x, logits, mu, logvar, z, reconstruction=log_p(x, logits.sigmoid()).sum(-1).mean())


@exercise.steps
def in_steps(x, logits, mu, logvar, z):
    log_on = logits - F.softplus(logits)  # log π
    log_off = -F.softplus(logits)  # log(1 − π)
    pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
    images = pixels.sum(-1)  # the sum over the pixels
    reconstruction = images.mean()  # the mean reconstruction
    terms = 0.5 * (mu**2 + logvar.exp() - logvar - 1)  # the KL of each latent
    kls = terms.sum(-1)  # the sum over the latents
    kl = kls.mean()  # the mean KL
    difference = z.unsqueeze(1) - mu  # the differences of codes and means
    squared = difference**2 / logvar.exp()  # the squared differences over the variance
    densities = -0.5 * (LOG_2PI + logvar + squared)  # the log density of each latent
    log_q = densities.sum(-1)  # log q(z|x) of all pairs
    own = log_q.diagonal()  # log q(z|x) of each code's own image
    total = log_q.logsumexp(1)  # the log of the sum over all posteriors
    marginal = total - torch.tensor(len(z)).log()  # log q(z)
    information = (own - marginal).mean()  # the information
    return reconstruction - kl, kl, information  # the three numbers


exercise.instead("pixels", PIXELS)
exercise.instead("terms", KL | SAMPLED_KL)
