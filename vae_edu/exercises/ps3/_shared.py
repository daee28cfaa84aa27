"""What several exercises of ps3 share."""

import math

import numpy as np
import torch.nn.functional as F
from scipy.special import expit, log_expit

from ..ps1._shared import gaussian_kl

LN2 = math.log(2)


def bound_from_parts(x, logits, mu, logvar, beta):
    reconstruction = (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(-1)
    return reconstruction - beta * gaussian_kl(mu, logvar, np.zeros_like(mu), np.zeros_like(mu))


def log_p(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def kl_parts(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1)


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


def draw_network(rng: np.random.Generator):
    """A small network of the reference's shape on grey images, with log-variances that reach both ends of the clamp."""
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
    return rng.uniform(size=(batch, pixels)), rng.normal(size=(batch, latent_dim)), weights
