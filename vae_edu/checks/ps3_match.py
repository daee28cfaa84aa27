"""ps3.5: the whole network, from an image to its bound, with the trained reference's weights."""

import numpy as np
import torch
from scipy.special import expit

from .. import reference
from ..reference import probe
from .exercise import Exercise
from .ps3 import bound_from_parts, kl_parts, log_p


def linear(h, weights, layer):
    """A linear layer: numpy arrays and torch tensors alike."""
    return h @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]


def gated_by_hand(h, weights, layer):
    rows = linear(h, weights, layer).T
    half = len(rows) // 2
    return (rows[:half] * expit(rows[half:])).T


def encode_by_hand(x, weights):
    """The gated encoder in numpy, layer by layer."""
    h = gated_by_hand(gated_by_hand(x, weights, "encoder.body.0"), weights, "encoder.body.2")
    return linear(h, weights, "encoder.mu"), np.clip(linear(h, weights, "encoder.logvar"), -6, 2)


def decode_by_hand(z, weights):
    """The gated decoder's logits in numpy."""
    return linear(gated_by_hand(gated_by_hand(z, weights, "decoder.0.0"), weights, "decoder.0.2"), weights, "decoder.1")


def network_by_hand(x, noise, weights):
    """The gated VAE's ELBO in numpy."""
    mu, logvar = encode_by_hand(x, weights)
    return bound_from_parts(x, decode_by_hand(mu + np.exp(logvar / 2) * noise, weights), mu, logvar, 1.0)


def draw_network(rng: np.random.Generator):
    """A small network of the reference's shape, with log-variances that reach both ends of the clamp."""
    pixels, hidden, latent_dim, batch = 7, 5, 3, int(rng.integers(2, 6))
    sizes = {
        "encoder.body.0": (pixels, 2 * hidden),
        "encoder.body.2": (hidden, 2 * hidden),
        "encoder.mu": (hidden, latent_dim),
        "encoder.logvar": (hidden, latent_dim),
        "decoder.0.0": (latent_dim, 2 * hidden),
        "decoder.0.2": (hidden, 2 * hidden),
        "decoder.1": (hidden, pixels),
    }
    weights = {}
    for layer, (inputs, outputs) in sizes.items():
        weights[f"{layer}.weight"] = rng.normal(size=(outputs, inputs))
        weights[f"{layer}.bias"] = rng.normal(size=outputs)
    weights["encoder.logvar.bias"] = np.array([-9.0, 0.0, 5.0])
    return rng.integers(0, 2, size=(batch, pixels)).astype(np.float64), rng.normal(size=(batch, latent_dim)), weights


def whole_reference():
    a = probe("vae-mnist")
    weights = {key: value.double().numpy() for key, value in reference.load("vae-mnist").state_dict().items()}
    return (
        "vae-mnist, all 1,116,864 weights, on its probe",
        (a.x.numpy(), a.noise[0].numpy(), weights),
        ((a.reconstruction - a.kl).numpy(),),
    )


match_reference = Exercise(
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


@match_reference.misconception(
    "The two halves of a gated layer are swapped: the first is the value, the second goes through the sigmoid."
)
def halves_swapped(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, swap=True)
    return reconstruction - kl


@match_reference.misconception("The gate is a sigmoid, not a tanh.")
def tanh_gate(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, gate=torch.tanh)
    return reconstruction - kl


@match_reference.misconception("The log-variance is not clamped to [−6, 2].")
def clamp_missing(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, clamp=False)
    return reconstruction - kl


@match_reference.misconception("The decoder sees the posterior mean: use the noise.")
def mean_decoded(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, sample=False)
    return reconstruction - kl


@match_reference.misconception(
    "The decoder's output is taken for probabilities, or goes through the sigmoid twice: its last layer gives logits."
)
def output_squashed(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, squash=True)
    return reconstruction - kl


@match_reference.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights, spread=1.0)
    return reconstruction - kl


@match_reference.misconception("The KL is added. It is a cost: the ELBO is reconstruction − KL.")
def kl_with_wrong_sign(x, noise, weights):
    reconstruction, kl = _forward(x, noise, weights)
    return reconstruction + kl


@match_reference.misconception("The KL is missing: this is the reconstruction alone.")
def reconstruction_alone(x, noise, weights):
    return _forward(x, noise, weights)[0]
