"""ps3.5: match_reference."""

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..alternatives import KL, PIXELS, SAMPLED_KL
from ..exercise import Exercise
from ._shared import bound_from_parts, decode_by_hand, draw_network, encode_by_hand, kl_parts, linear, log_p


def network_by_hand(x, noise, weights):
    """The gated VAE's ELBO in numpy."""
    mu, logvar = encode_by_hand(x, weights)
    return bound_from_parts(x, decode_by_hand(mu + np.exp(logvar / 2) * noise, weights), mu, logvar, 1.0)


def whole_reference():
    a = probe("vae-mnist")
    weights = {key: value.double().numpy() for key, value in reference.load("vae-mnist").state_dict().items()}
    return (
        "vae-mnist, all 1,116,864 weights, on its probe",
        (a.x.numpy(), a.noise[0].numpy(), weights),
        ((a.reconstruction - a.kl).numpy(),),
    )


exercise = Exercise(
    "ps3.5",
    "match_reference",
    ["x", "noise", "weights"],
    oracle=network_by_hand,
    draw=draw_network,
    reference=whole_reference,
)


def _forward(x, noise, weights, gate=torch.sigmoid, clamp=True, swap=False, sample=True, squash=False, spread=0.5):
    """The network with one thing wrong at a time, for the misconceptions below."""

    def gated(h, layer):
        a, b = linear(h, weights, layer).chunk(2, -1)
        a, b = (b, a) if swap else (a, b)
        return a * gate(b)

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = linear(h, weights, "encoder.mu"), linear(h, weights, "encoder.logvar")
    logvar = logvar.clamp(-6, 2) if clamp else logvar
    z = mu + (spread * logvar).exp() * noise if sample else mu
    logits = linear(gated(gated(z, "decoder.0.0"), "decoder.0.2"), weights, "decoder.1")
    return log_p(x, torch.sigmoid(logits) if squash else logits).sum(-1), kl_parts(mu, logvar).sum(-1)


@exercise.misconception(
    "The two halves of a gated layer are swapped: the first is the value, the second goes through the sigmoid."
)
def halves_swapped(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, swap=True)
    return reconstruction - kl


@exercise.misconception("The gate is a sigmoid, not a tanh.")
def tanh_gate(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, gate=torch.tanh)
    return reconstruction - kl


@exercise.misconception("The log-variance is not clamped to [−6, 2].")
def clamp_missing(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, clamp=False)
    return reconstruction - kl


@exercise.misconception("The decoder sees the posterior mean: use the noise.")
def mean_decoded(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, sample=False)
    return reconstruction - kl


@exercise.misconception(
    "The decoder's output is taken for probabilities, or goes through the sigmoid twice: its last layer gives logits."
)
def output_squashed(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, squash=True)
    return reconstruction - kl


@exercise.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, spread=1.0)
    return reconstruction - kl


@exercise.misconception("The KL is added. It is a cost: the ELBO is reconstruction − KL.")
def kl_with_wrong_sign(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights)
    return reconstruction + kl


@exercise.misconception("The KL is missing: this is the reconstruction alone.")
def reconstruction_alone(x, noise, weights):
    return _forward(x, noise, weights)[0]


@exercise.steps
def in_steps(x, noise, weights):
    def linear(h, layer):
        product = h @ weights[f"{layer}.weight"].T  # the product with the weights, in every layer
        return product + weights[f"{layer}.bias"]  # the bias, in every layer

    def gated(h, layer):
        halves = linear(h, layer).chunk(2, -1)
        value = halves[0]  # the value half of the gated layers
        gate = halves[1].sigmoid()  # the gate
        return value * gate  # the gated layers

    first = gated(x, "encoder.body.0")  # the encoder's first layer
    second = gated(first, "encoder.body.2")  # the encoder's second layer
    mu = linear(second, "encoder.mu")  # the mean
    raw = linear(second, "encoder.logvar")  # the log-variance before its clamp
    logvar = raw.clamp(-6, 2)  # the clamped log-variance
    std = (0.5 * logvar).exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    z = mu + deviation  # the sample z
    third = gated(z, "decoder.0.0")  # the decoder's first layer
    fourth = gated(third, "decoder.0.2")  # the decoder's second layer
    logits = linear(fourth, "decoder.1")  # the logits
    log_on = logits - torch.nn.functional.softplus(logits)  # log π
    log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
    pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
    reconstruction = pixels.sum(-1)  # the sum over the pixels
    square = mu**2  # the square of the mean, in the KL
    variance = logvar.exp()  # the variance, in the KL
    terms = 0.5 * (square + variance - logvar - 1)  # the KL of each latent
    kl = terms.sum(-1)  # the KL to the prior
    return reconstruction - kl  # the bound


exercise.instead("pixels", PIXELS)
exercise.instead("terms", KL | SAMPLED_KL)


exercise.instead(
    "terms",
    {
        "the KL takes the log-variance before its clamp": lambda mu, raw: 0.5 * (mu**2 + raw.exp() - raw - 1),
        "the KL is taken at the sample: its square stands where that of the mean belongs": lambda z, logvar: (
            0.5 * (z**2 + logvar.exp() - logvar - 1)
        ),
    },
)
