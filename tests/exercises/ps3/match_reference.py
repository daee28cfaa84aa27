"""Answers to ps3.5 match_reference as students write them."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import bern, elbo_distributions, kl_standard_normal_loop, kl_terms, normal, reparameterize_sqrt

answers = Answers()


class GatedVAE(nn.Module):
    """Built from the weights, layer by layer."""

    def __init__(self, weights):
        super().__init__()
        self.layers = {}
        for key in weights:
            if key.endswith(".weight"):
                name = key[: -len(".weight")]
                layer = nn.Linear(weights[key].shape[1], weights[key].shape[0]).to(weights[key].dtype)
                layer.load_state_dict({"weight": weights[key], "bias": weights[name + ".bias"]})
                self.layers[name] = layer

    def gated(self, h, name):
        a, g = self.layers[name](h).tensor_split(2, dim=1)
        return a * torch.sigmoid(g)

    def forward(self, x, noise):
        h = self.gated(self.gated(x, "encoder.body.0"), "encoder.body.2")
        mu, logvar = self.layers["encoder.mu"](h), torch.clip(self.layers["encoder.logvar"](h), -6, 2)
        z = mu + torch.sqrt(torch.exp(logvar)) * noise
        logits = self.layers["decoder.1"](self.gated(self.gated(z, "decoder.0.0"), "decoder.0.2"))
        return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1) - kl_terms(mu, logvar).sum(1)


def net_numpy(x, noise, weights):
    w = {k: v.numpy() for k, v in weights.items()}
    lin = lambda h, n: np.dot(h, w[n + ".weight"].T) + w[n + ".bias"]

    def gate(h, n):
        a, g = np.split(lin(h, n), 2, axis=1)
        return a / (1 + np.exp(-g))

    h = gate(gate(x.numpy(), "encoder.body.0"), "encoder.body.2")
    mu, lv = lin(h, "encoder.mu"), np.minimum(np.maximum(lin(h, "encoder.logvar"), -6), 2)
    logits = lin(gate(gate(mu + np.exp(lv / 2) * noise.numpy(), "decoder.0.0"), "decoder.0.2"), "decoder.1")
    return (x.numpy() * logits - np.logaddexp(0, logits)).sum(1) - 0.5 * (mu**2 + np.exp(lv) - lv - 1).sum(1)


def net(
    x,
    noise,
    w,
    gate=torch.sigmoid,
    pre=None,
    clamp_mu=False,
    clamp=(-6, 2),
    kl=None,
    act=None,
    bias=True,
    spread=0.5,
    skip=(),
    out=None,
    reuse=None,
    split=None,
    prefix=("encoder.", "decoder."),
):
    """The network with one thing changed."""

    def lin(h, n):
        n = reuse.get(n, n) if reuse else n
        return h @ w[n + ".weight"].T + (w[n + ".bias"] if bias else 0)

    def gated(h, n):
        y = lin(h, n)
        if act is not None:
            return act(y)
        a, g = split(y) if split else y.chunk(2, -1)
        return a * gate(g)

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, raw = lin(h, "encoder.mu"), lin(h, "encoder.logvar")
    logvar = raw.clamp(*clamp) if clamp else raw
    mu = mu.clamp(-6, 2) if clamp_mu else mu
    z = mu + (spread * logvar).exp() * (noise if pre is None else pre(noise))
    logits = lin(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    k = kl_terms(mu, logvar).sum(-1) if kl is None else kl(mu, logvar, raw, z)
    return (bern(x, logits).sum(-1) if out is None else out(x, logits)) - k


answers.right("a module built from the dict", lambda x, noise, weights: GatedVAE(weights)(x, noise).detach())
answers.right("numpy", net_numpy)
answers.right("functional glu, vmap over images", lambda x, noise, weights: torch.vmap(lambda a, e: net(a, e, weights))(x, noise))
answers.right(
    "chunks of 16 images, no_grad",
    torch.no_grad()(lambda x, noise, weights: torch.cat([net(a, e, weights) for a, e in zip(x.split(16), noise.split(16))])),
)
answers.right(
    "float32 inside", lambda x, noise, weights: net(x.float(), noise.float(), {k: v.float() for k, v in weights.items()})
)
answers.right(
    "sampled KL is not used, distributions are",
    lambda x, noise, weights: net(
        x,
        noise,
        weights,
        out=lambda a, l: Independent(Bernoulli(logits=l, validate_args=False), 1).log_prob(a),
        kl=lambda m, v, r, z: kl_divergence(normal(m, v), normal(0 * m, 0 * v)),
    ),
)
answers.wrong(
    "ReLU layers on half the outputs", "gate|sigmoid|ReLU", lambda x, n, w: net(x, n, w, gate=lambda g: (g > 0).to(g.dtype))
)
answers.wrong(
    "value gated by itself", "halves|gate", lambda x, n, w: net(x, n, w, split=lambda y: (y.chunk(2, -1)[0], y.chunk(2, -1)[0]))
)
answers.wrong("interleaved halves", "halves|split", lambda x, n, w: net(x, n, w, split=lambda y: (y[..., ::2], y[..., 1::2])))
answers.wrong(
    "tanh on the value",
    "tanh|value|gate",
    lambda x, n, w: net(x, n, w, split=lambda y: (y.chunk(2, -1)[0].tanh(), y.chunk(2, -1)[1])),
)
answers.wrong("softplus gate", "sigmoid|gate", lambda x, n, w: net(x, n, w, gate=F.softplus))
answers.wrong("no gate", "gate|sigmoid", lambda x, n, w: net(x, n, w, gate=torch.ones_like))
answers.wrong("biases forgotten", "bias", lambda x, n, w: net(x, n, w, bias=False))
answers.wrong("clamp to [-2, 6]", "clamp", lambda x, n, w: net(x, n, w, clamp=(-2, 6)))
answers.wrong("clamped from below only", "clamp", lambda x, n, w: net(x, n, w, clamp=(-6, None)))
answers.wrong("clamped from above only", "clamp", lambda x, n, w: net(x, n, w, clamp=(None, 2)))
answers.wrong("mean clamped as well", "clamp|mean", lambda x, n, w: net(x, n, w, clamp_mu=True))
answers.wrong(
    "KL from the unclamped log-variance", "clamp", lambda x, n, w: net(x, n, w, kl=lambda m, v, r, z: kl_terms(m, r).sum(-1))
)
answers.wrong(
    "sample from the unclamped log-variance",
    "clamp",
    lambda x, n, w: net(x, n, w, clamp=None, kl=lambda m, v, r, z: kl_terms(m, v.clamp(-6, 2)).sum(-1)),
)
answers.wrong(
    "one-sample KL",
    "KL|closed",
    lambda x, n, w: net(x, n, w, kl=lambda m, v, r, z: normal(m, v).log_prob(z) - normal(0 * m, 0 * v).log_prob(z)),
)
answers.wrong("KL halved", "½|half|KL", lambda x, n, w: net(x, n, w, kl=lambda m, v, r, z: 0.5 * kl_terms(m, v).sum(-1)))
answers.wrong("KL of the mean alone", "KL|variance", lambda x, n, w: net(x, n, w, kl=lambda m, v, r, z: 0.5 * (m**2).sum(-1)))
answers.wrong("mean over pixels", "pixel|mean", lambda x, n, w: net(x, n, w, out=lambda a, l: bern(a, l).mean(-1)))
answers.wrong(
    "squared error", "Bernoulli|square", lambda x, n, w: net(x, n, w, out=lambda a, l: -((a - l.sigmoid()) ** 2).sum(-1))
)
answers.wrong("first noise for all", "noise", lambda x, n, w: net(x, n, w, pre=lambda e: e[:1]))
answers.wrong("noise negated", "noise|sign", lambda x, n, w: net(x, n, w, pre=lambda e: -e))
answers.wrong("own noise", "draw none|noise", lambda x, n, w: net(x, n, w, pre=torch.randn_like))
answers.wrong(
    "heads swapped",
    "swap|mu|logvar|head",
    lambda x, n, w: net(x, n, w, reuse={"encoder.mu": "encoder.logvar", "encoder.logvar": "encoder.mu"}),
)
answers.wrong("second head's bias reused", "bias", lambda x, n, w: net(x, n, {**w, "encoder.logvar.bias": w["encoder.mu.bias"]}))
answers.wrong("loss", "sign|-1 times", lambda x, n, w: -net(x, n, w))
answers.wrong("batch mean", "image|batch|one number", lambda x, n, w: net(x, n, w).mean())
answers.wrong("only for 40 latents", "size|shape|RuntimeError", lambda x, n, w: net(x, n[:, :40].reshape(len(x), 40), w))
answers.wrong(
    "only for 300 hidden units",
    "size|shape|RuntimeError|IndexError",
    lambda x, n, w: net(x, n, w, split=lambda y: (y[..., :300], y[..., 300:])),
)
answers.wrong(
    "sigmoid on grey output, 1e-3 clamp",
    "logit|clamp|constant|softplus",
    lambda x, n, w: net(
        x, n, w, out=lambda a, l: (a * (p := l.sigmoid().clamp(1e-3, 1 - 1e-3)).log() + (1 - a) * (1 - p).log()).sum(-1)
    ),
)
answers.wrong(
    "sigmoid with 1e-6 inside logs",
    "logit|clamp|constant|softplus",
    lambda x, n, w: net(
        x, n, w, out=lambda a, l: (a * (l.sigmoid() + 1e-6).log() + (1 - a) * (1 - l.sigmoid() + 1e-6).log()).sum(-1)
    ),
)


def match_reference_matrices(x, noise, weights):
    def affine(h, name):
        return h @ weights[name + ".weight"].T + weights[name + ".bias"]

    def gated(h, name):
        value, gate = torch.split(affine(h, name), len(weights[name + ".bias"]) // 2, dim=-1)
        return value / (1 + torch.exp(-gate))

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = affine(h, "encoder.mu"), torch.clamp(affine(h, "encoder.logvar"), min=-6, max=2)
    z = reparameterize_sqrt(mu, logvar, noise)
    return elbo_distributions(x, affine(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1"), mu, logvar, 1.0)


answers.right("matrices", match_reference_matrices)


def match_reference_library(x, noise, weights):
    from vae_edu.models import VAE

    latent_dim, hidden = weights["encoder.mu.weight"].shape
    model = VAE(x.shape[1], latent_dim, (hidden, hidden)).double()
    model.load_state_dict(weights)
    mu, logvar = model.encode(x)
    return model.log_likelihood(x, mu + (0.5 * logvar).exp() * noise) - kl_standard_normal_loop(mu, logvar)


answers.right("library", match_reference_library)
