"""What several exercises of ps5 share."""

import math

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from ... import reference
from ...reference import probe
from ..ps3._shared import linear

LN2, LOG_2PI = math.log(2), math.log(2 * math.pi)


def log_normal_by_scipy(z, mu, logvar):
    return norm.logpdf(z, mu, np.exp(logvar / 2)).sum(-1)


def mixture_by_scipy(z, mu, logvar):
    rows = [log_normal_by_scipy(z, m, v) for m, v in zip(mu, logvar)]
    return logsumexp(rows, axis=0, b=1 / len(mu))


def probe_mixture():
    """Every thirty-second z of the probe: a plain loop over z, components and latents takes its time."""
    a, model = probe("vampprior-mnist"), reference.load("vampprior-mnist").double()
    mu, logvar = (part.numpy() for part in model.prior.components())
    log_q = log_normal_by_scipy(a.z[0].numpy(), a.mu.numpy(), a.logvar.numpy())
    return "2 z under the 500 components of vampprior-mnist", (a.z[0, ::32].numpy(), mu, logvar), ((log_q - a.kl.numpy())[::32],)


def encode(x, weights):
    """The gated encoder in torch, as the notebook gives it."""

    def gated(h, layer):
        value, gate = linear(h, weights, layer).chunk(2, -1)
        return value * gate.sigmoid()

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    return linear(h, weights, "encoder.mu"), linear(h, weights, "encoder.logvar").clamp(-6, 2)


def mixture_log_prob(z, mu, logvar, log_k=True):
    parts = -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp())
    return parts.sum(-1).logsumexp(1) - (math.log(len(mu)) if log_k else 0)
