"""Answers to ps5.7 match_vampprior as students write them."""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn as nn
import torch.nn.functional as F

from tests.exercises.answers import Answers
from tests.exercises.shared import (
    HALF,
    LOG_2PI,
    VampPrior,
    bern,
    enc,
    gated_encoder,
    lmix,
    log_bernoulli_bce,
    log_bernoulli_distributions,
    log_mixture_products,
    log_n,
    log_normal_standardised,
    normal,
    vampprior_log_prob_one_by_one,
)

answers = Answers()


def vamp(
    x,
    noise,
    u,
    w,
    clamp=(0.0, 1.0),
    bound=None,
    spread=0.5,
    gate=torch.sigmoid,
    split=None,
    lp=None,
    log_p_x=None,
    shape=None,
    noise_of=lambda e: e,
    z_of=None,
    enc_=enc,
    prior=None,
):
    def lin(h, n):
        return h @ w[n + ".weight"].T + w[n + ".bias"]

    def gated(h, n):
        a, g = (split or (lambda y: y.chunk(2, -1)))(lin(h, n))
        return a * gate(g)

    mu, v = enc_(x, w)
    z = mu + (spread * v).exp() * noise_of(noise) if z_of is None else z_of(mu, v, noise)
    pz = lmix(z, *enc_(u.clamp(*clamp) if clamp else u, w)) if prior is None else prior(z, mu, v)
    logits = lin(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    px = bern(x, logits).sum(-1) if log_p_x is None else log_p_x(x, logits)
    q = log_n(z, mu, v).sum(-1)
    b = px + pz - q if bound is None else bound(px, pz, q, mu, v)
    return (pz, b) if shape is None else shape(pz, b)


def vamp_numpy(x, noise, pseudo_inputs, weights):
    w = {k: t.numpy() for k, t in weights.items()}
    lin = lambda h, n: h @ w[n + ".weight"].T + w[n + ".bias"]

    def gate(h, n):
        a, g = np.split(lin(h, n), 2, axis=-1)
        return a * scipy.special.expit(g)

    def encoder(a):
        h = gate(gate(a, "encoder.body.0"), "encoder.body.2")
        return lin(h, "encoder.mu"), np.clip(lin(h, "encoder.logvar"), -6, 2)

    n = lambda z, m, v: scipy.stats.norm.logpdf(z, m, np.exp(v / 2)).sum(-1)
    x, mu, v = x.numpy(), *encoder(x.numpy())
    z = mu + np.exp(v / 2) * noise.numpy()
    m, s = encoder(np.clip(pseudo_inputs.numpy(), 0, 1))
    pz = scipy.special.logsumexp(np.stack([n(z, a, b) for a, b in zip(m, s)]), axis=0) - np.log(len(m))
    l = lin(gate(gate(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    return pz, (x * scipy.special.log_expit(l) + (1 - x) * scipy.special.log_expit(-l)).sum(1) + pz - n(z, mu, v)


answers.right("numpy and scipy", vamp_numpy)
answers.right(
    "prior as a module, BCE object",
    lambda x, noise, pseudo_inputs, weights: (lambda r: r)(
        vamp(
            x,
            noise,
            pseudo_inputs,
            weights,
            prior=lambda z, m, v: VampPrior(pseudo_inputs, weights)(z),
            log_p_x=lambda a, l: nn.BCEWithLogitsLoss(reduction="none")(l, a).sum(1).neg(),
        )
    ),
)
answers.right(
    "one encoder call for images and pseudo-inputs",
    lambda x, noise, u, w: (lambda mu, v: vamp(x, noise, u, w, prior=lambda z, *_: lmix(z, mu[len(x) :], v[len(x) :])))(
        *enc(torch.cat([x, u.clip(0, 1)]), w)
    ),
)
answers.right(
    "a batch at a time, no_grad, prints",
    torch.no_grad()(
        lambda x, noise, u, w: (
            print("batch", len(x)),
            tuple(torch.cat(p) for p in zip(*(vamp(a, e, u, w) for a, e in zip(x.split(13), noise.split(13))))),
        )[1]
    ),
)
answers.right("vmap", lambda x, noise, u, w: torch.vmap(lambda a, e: tuple(t[0] for t in vamp(a[None], e[None], u, w)))(x, noise))
answers.right(
    "log q from entropy and noise",
    lambda x, noise, u, w: vamp(
        x,
        noise,
        u,
        w,
        bound=lambda px, pz, q, mu, v: px + pz + 0.5 * (noise.pow(2) + v + LOG_2PI).sum(1),
        shape=lambda a, b: [a, b],
    ),
)
answers.wrong(
    "closed KL for the entropy part",
    "log q|entropy|sample",
    lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: px + pz + (HALF + v / 2).sum(-1)),
)
answers.wrong(
    "prior at the mean",
    "sample|mean|z",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: lmix(mu, *enc(u.clamp(0, 1), w))),
)
answers.wrong(
    "log q at the mean",
    "sample|mean|z",
    lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: px + pz - log_n(mu, mu, v).sum(-1)),
)
answers.wrong("decoded mean", "mean|noise|sample", lambda x, n, u, w: vamp(x, 0 * n, u, w))
answers.wrong(
    "standard normal prior",
    "prior|pseudo|N\\(0",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: log_n(z, 0 * z, 0 * z).sum(-1)),
)
answers.wrong("sigmoid of the pseudo-inputs", "clamp|sigmoid", lambda x, n, u, w: vamp(x, n, u.sigmoid(), w))
answers.wrong("clamped from above only", "clamp", lambda x, n, u, w: vamp(x, n, u, w, clamp=(None, 1.0)))
answers.wrong("clamped to [-1, 1]", "clamp", lambda x, n, u, w: vamp(x, n, u, w, clamp=(-1.0, 1.0)))
answers.wrong(
    "log-variance unclamped", "clamp|log-variance", lambda x, n, u, w: vamp(x, n, u, w, enc_=lambda a, w: enc(a, w, clamp=False))
)
answers.wrong(
    "log 500",
    "log K",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: lmix(z, *enc(u.clamp(0, 1), w), log_k=math.log(500))),
)
answers.wrong(
    "log K added",
    "log K|sign",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: lmix(z, *enc(u.clamp(0, 1), w), log_k=-math.log(len(u)))),
)
answers.wrong(
    "mean of logs",
    "mean of the log|log",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: log_n(z[:, None], *enc(u.clamp(0, 1), w)).sum(-1).mean(1)),
)
answers.wrong(
    "nearest component",
    "nearest|component",
    lambda x, n, u, w: vamp(
        x, n, u, w, prior=lambda z, mu, v: log_n(z[:, None], *enc(u.clamp(0, 1), w)).sum(-1).max(1).values - math.log(len(u))
    ),
)
answers.wrong(
    "per latent",
    "latent",
    lambda x, n, u, w: vamp(
        x, n, u, w, prior=lambda z, mu, v: (log_n(z[:, None], *enc(u.clamp(0, 1), w)).logsumexp(1) - math.log(len(u))).sum(-1)
    ),
)
answers.wrong("log p(z) subtracted", "sign", lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: px - pz - q))
answers.wrong("log q added", "sign|log q", lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: px + pz + q))
answers.wrong("loss", "sign|-1 times", lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: q - pz - px))
answers.wrong(
    "log p(z) missing in the bound", "log p\\(z\\)|KL", lambda x, n, u, w: vamp(x, n, u, w, bound=lambda px, pz, q, mu, v: px - q)
)
answers.wrong(
    "halves swapped in the decoder", "half|halves", lambda x, n, u, w: vamp(x, n, u, w, split=lambda y: y.chunk(2, -1)[::-1])
)
answers.wrong("tanh gate", "gate|sigmoid|tanh", lambda x, n, u, w: vamp(x, n, u, w, gate=torch.tanh))
answers.wrong(
    "interleaved halves", "half|halves|split", lambda x, n, u, w: vamp(x, n, u, w, split=lambda y: (y[..., ::2], y[..., 1::2]))
)
answers.wrong("mean over pixels", "pixel|mean", lambda x, n, u, w: vamp(x, n, u, w, log_p_x=lambda a, l: bern(a, l).mean(-1)))
answers.wrong(
    "output squashed", "logit|sigmoid", lambda x, n, u, w: vamp(x, n, u, w, log_p_x=lambda a, l: bern(a, l.sigmoid()).sum(-1))
)
answers.wrong(
    "squared error",
    "Bernoulli|square",
    lambda x, n, u, w: vamp(x, n, u, w, log_p_x=lambda a, l: -((a - l.sigmoid()) ** 2).sum(-1)),
)
answers.wrong(
    "2 pi missing on both sides",
    "2π",
    lambda x, n, u, w: vamp(x, n, u, w, shape=lambda a, b: (a + 0.5 * n.shape[1] * LOG_2PI, b)),
)
answers.wrong("minus log p(z)", "sign|-1 times", lambda x, n, u, w: vamp(x, n, u, w, shape=lambda a, b: (-a, b)))
answers.wrong("own noise", "draw none|noise", lambda x, n, u, w: vamp(x, n, u, w, noise_of=torch.randn_like))
answers.wrong("first noise for all", "noise", lambda x, n, u, w: vamp(x, n, u, w, noise_of=lambda e: e[:1]))
answers.wrong(
    "means over the batch", "image|batch|shape", lambda x, n, u, w: vamp(x, n, u, w, shape=lambda a, b: (a.mean(), b.mean()))
)
answers.wrong("only the bound", "values|2", lambda x, n, u, w: vamp(x, n, u, w)[1])
answers.wrong(
    "only for 300 hidden units",
    "size|shape|Error",
    lambda x, n, u, w: vamp(x, n, u, w, split=lambda y: (y[..., :300], y[..., 300:])),
)
answers.wrong(
    "aggregated over images instead of pseudo-inputs",
    "pseudo",
    lambda x, n, u, w: vamp(x, n, u, w, prior=lambda z, mu, v: lmix(z, mu, v)),
)


def match_vampprior_glu(x, noise, pseudo_inputs, weights):
    layer = lambda h, name: F.linear(h, weights[f"decoder.{name}.weight"], weights[f"decoder.{name}.bias"])
    mu, logvar = gated_encoder(x, weights)
    z = torch.addcmul(mu, torch.exp(logvar / 2), noise)
    logits = layer(F.glu(layer(F.glu(layer(z, "0.0"), -1), "0.2"), -1), "1")
    log_p_z = log_mixture_products(z, *gated_encoder(pseudo_inputs.clip(0, 1), weights))
    return log_p_z, log_bernoulli_bce(x, logits) + log_p_z - log_normal_standardised(z, mu, logvar)


answers.right("glu", match_vampprior_glu)


def match_vampprior_from_the_noise(x, noise, pseudo_inputs, weights):
    """log q(z|x) needs no z: (z - mu) / sigma is the noise."""
    mu, logvar = gated_encoder(x, weights)
    log_q = normal(torch.zeros_like(mu), torch.zeros_like(mu)).log_prob(noise) - logvar.sum(-1) / 2
    z = normal(mu, logvar).base_dist.loc + normal(mu, logvar).base_dist.scale * noise
    log_p_z = vampprior_log_prob_one_by_one(z, pseudo_inputs, weights)
    h = z
    for name in ("decoder.0.0", "decoder.0.2"):
        value, gate = torch.tensor_split(h @ weights[f"{name}.weight"].T + weights[f"{name}.bias"], 2, dim=1)
        h = value / (1 + torch.exp(-gate))
    logits = h @ weights["decoder.1.weight"].T + weights["decoder.1.bias"]
    return log_p_z, log_bernoulli_distributions(x, logits) - (log_q - log_p_z)


answers.right("from the noise", match_vampprior_from_the_noise)


answers.same = {"-1  ->  1": "the last dimension of (batch, dim) is the second", "z - mu  ->  mu - z": "squared"}
