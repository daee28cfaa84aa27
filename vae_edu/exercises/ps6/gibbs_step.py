"""ps6.8: gibbs_step."""

import numpy as np
import torch
from scipy.special import expit

from ... import evaluation, reparam
from ...reference import probe
from ..exercise import Exercise


def image_by_image(x, noise, uniform, encoder, decoder, bias):
    states = []
    for image, e, u in zip(x, noise, uniform):
        mu, logvar = np.array_split(encoder.T @ image, 2)
        z = mu + np.sqrt(np.exp(logvar)) * e
        states.append([1.0 if number < expit(z @ column + b) else 0.0 for number, column, b in zip(u, decoder.T, bias)])
    return np.array(states)


def _uniform(rng: np.random.Generator, x, noise, encoder, decoder, bias):
    """Uniform numbers of which none lies so near its probability that rounding decides."""
    mu, logvar = np.split(x @ encoder, 2, axis=1)
    p = expit((mu + np.exp(logvar / 2) * noise) @ decoder + bias)
    u = rng.uniform(size=p.shape)
    return np.where(np.abs(u - p) < 1e-3, (u + 0.1) % 1, u)


def draw_step(rng: np.random.Generator):
    """2 to 6 binary images of 4 to 9 pixels, 1 to 3 latents, log-variances of both signs."""
    batch, pixels, latents = rng.integers(2, 7), rng.integers(4, 10), rng.integers(1, 4)
    x = rng.integers(0, 2, size=(batch, pixels)).astype(float)
    noise, encoder = rng.normal(size=(batch, latents)), rng.normal(size=(pixels, 2 * latents))
    decoder, bias = 1.5 * rng.normal(size=(latents, pixels)), rng.normal(size=pixels)
    return x, noise, _uniform(rng, x, noise, encoder, decoder, bias), encoder, decoder, bias


def probe_step():
    """The images of a trained reference; encoder and decoder are drawn, small enough for pixels that are neither 0 nor 1."""
    rng, x = np.random.default_rng(3), probe("pixelvae-nokl-mnist14").x.numpy()
    noise, encoder = rng.normal(size=(64, 5)), 0.2 * rng.normal(size=(196, 10))
    decoder, bias = rng.normal(size=(5, 196)), rng.normal(size=196)
    parts = x, noise, _uniform(rng, x, noise, encoder, decoder, bias), encoder, decoder, bias
    return "a step from 64 images of pixelvae-nokl-mnist14", parts, None


exercise = Exercise(
    "ps6.8",
    "gibbs_step",
    ["x", "noise", "uniform", "encoder", "decoder", "bias"],
    oracle=image_by_image,
    draw=draw_step,
    reference=probe_step,
    closed_book=[evaluation.gibbs_chain, reparam.reparameterize],
    unit="",
)
NO_Z = [[0.0, 0.0]], [[0.0, 0.0]]
exercise.case("a decoder that does not listen: on where u < ½", [[1.0]], [[0.7]], [[0.3, 0.6]], *NO_Z, [0.0, 0.0],
    expected=[[1.0, 0.0]])  # fmt: skip
exercise.case("rare pixels: on where u < 0.2", [[1.0]], [[0.7]], [[0.1, 0.3]], *NO_Z, [-np.log(4), -np.log(4)],
    expected=[[1.0, 0.0]])  # fmt: skip
exercise.case("z = 1 + 1 · (−3) = −2: p = 0.12", [[1.0]], [[-3.0]], [[0.1]], [[1.0, 0.0]], [[1.0]], [0.0],
    expected=[[1.0]])  # fmt: skip
exercise.case("the same, u = 0.2", [[1.0]], [[-3.0]], [[0.2]], [[1.0, 0.0]], [[1.0]], [0.0], expected=[[0.0]])
exercise.case("σ = e^(½ · 2) = e: z = e, p = 0.94", [[1.0]], [[1.0]], [[0.93]], [[0.0, 2.0]], [[1.0]], [0.0], expected=[[1.0]])
exercise.case("the same, u = 0.95: a variance for σ would switch it on", [[1.0]], [[1.0]], [[0.95]], [[0.0, 2.0]], [[1.0]], [0.0],
    expected=[[0.0]])  # fmt: skip
exercise.case("two images, each with noise of its own", [[0.0], [0.0]], [[5.0], [-5.0]], [[0.5], [0.5]], [[0.0, 0.0]], [[1.0]], [0.0],
    expected=[[1.0], [0.0]])  # fmt: skip


def draw_many(rng: np.random.Generator):
    """70 images of 90 pixels, 12 latents."""
    x = rng.integers(0, 2, size=(70, 90)).astype(float)
    noise, encoder = rng.normal(size=(70, 12)), 0.3 * rng.normal(size=(90, 24))
    decoder, bias = rng.normal(size=(12, 90)), rng.normal(size=90)
    return x, noise, _uniform(rng, x, noise, encoder, decoder, bias), encoder, decoder, bias


exercise.always("70 images, 12 latents", draw_many)


def _step(x, noise, uniform, encoder, decoder, bias, spread=0.5, on=lambda u, p: u < p, code=None):
    mu, logvar = (x @ encoder).chunk(2, -1)
    z = mu + (spread * logvar).exp() * noise if code is None else code(mu, logvar, noise)
    return on(uniform, (z @ decoder + bias).sigmoid()).to(x)


@exercise.misconception("The posterior's mean is decoded: z is *drawn* from q(z|x), with the noise.")
def mean_code(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, code=lambda mu, logvar, noise: mu)


@exercise.misconception("z is drawn from the prior: that is an ancestral draw, which has nothing to do with x.")
def prior_code(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, code=lambda mu, logvar, noise: noise)


@exercise.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, spread=1.0)


@exercise.misconception("These are the pixels' means: the next image is *drawn*, each pixel 0 or 1.")
def grey_image(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, on=lambda u, p: p)


@exercise.misconception("The pixels are rounded at ½: they are drawn, with the uniform numbers.")
def rounded(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, on=lambda u, p: p > 0.5)


@exercise.misconception("Upside down: a pixel is on where its uniform number lies *below* the probability.")
def upside_down(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, on=lambda u, p: u > p)


@exercise.misconception("The decoder's output is compared as it is: it gives logits, and a sigmoid makes them probabilities.")
def logits_for_probabilities(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, bias, on=lambda u, p: u < p.logit())


@exercise.misconception("The two halves of the encoder's output are swapped: mu first, then logvar.")
def halves_swapped(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, torch.cat(encoder.chunk(2, -1)[::-1], -1), decoder, bias)


@exercise.misconception("The decoder's bias is missing.")
def no_bias(x, noise, uniform, encoder, decoder, bias):
    return _step(x, noise, uniform, encoder, decoder, 0 * bias)


@exercise.misconception("The new image is drawn where pixels were off, and old ones stay on: nothing of x stays but through z.")
def old_pixels_kept(x, noise, uniform, encoder, decoder, bias):
    return torch.maximum(x, _step(x, noise, uniform, encoder, decoder, bias))


@exercise.steps
def in_steps(x, noise, uniform, encoder, decoder, bias):
    halves = (x @ encoder).chunk(2, -1)  # the encoder's output
    mu = halves[0]  # the mean
    logvar = halves[1]  # the log-variance
    std = (0.5 * logvar).exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    z = mu + deviation  # the sample z
    product = z @ decoder  # the product with the decoder's weights
    logits = product + bias  # the logits
    p = logits.sigmoid()  # the probabilities
    return (uniform < p).double()  # the drawn pixels
