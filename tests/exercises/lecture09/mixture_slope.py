"""Answers to 09.b mixture_slope as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from tests.exercises.answers import Answers

answers = Answers()
LOG_2PI = math.log(2 * math.pi)


def by_autograd(z, mu, logvar):
    z = z.detach().clone().requires_grad_()
    parts = -0.5 * (LOG_2PI + logvar + (z[:, None] - mu) ** 2 / logvar.exp())
    return torch.autograd.grad(parts.sum(-1).logsumexp(1).sum(), z)[0]


def by_distributions(z, mu, logvar):
    z = z.detach().clone().requires_grad_()
    normal = Independent(Normal(mu, (logvar / 2).exp()), 1)
    MixtureSameFamily(Categorical(torch.ones(len(mu), dtype=mu.dtype)), normal).log_prob(z).sum().backward()
    return z.grad


def einsum(z, mu, logvar):
    precision = torch.exp(-logvar)
    logs = -0.5 * (logvar.sum(1) + torch.einsum("bkd,kd->bk", (z[:, None] - mu) ** 2, precision))
    r = torch.softmax(logs, -1)
    return r @ (mu * precision) - z * (r @ precision)


def loops(z, mu, logvar):
    rows = []
    for point in z:
        logs = torch.stack([(-0.5 * (v + (point - m) ** 2 / v.exp())).sum() for m, v in zip(mu, logvar)])
        w = (logs - logs.max()).exp()
        rows.append(sum(w[k] * (mu[k] - point) / logvar[k].exp() for k in range(len(mu))) / w.sum())
    return torch.stack(rows)


def slope(z, mu, logvar, logs=None, r=None, each=None, end=None):
    """logs(distance, logvar): log densities by latent; r(logs): shares; each(distance, logvar): slopes; end(r, slopes)."""
    distance = mu - z[:, None]
    parts = -0.5 * (logvar + distance**2 / logvar.exp()) if logs is None else logs(distance, logvar)
    shares = parts.sum(2).softmax(1)[..., None] if r is None else r(parts)
    slopes = distance / logvar.exp() if each is None else each(distance, logvar)
    return (shares * slopes).sum(1) if end is None else end(shares, slopes)


def nearest_mean(z, mu, logvar):
    k = torch.cdist(z, mu).argmin(1)
    return (mu[k] - z) / logvar[k].exp()


def finite_differences(z, mu, logvar):
    """With a step that is far too long."""
    log_p = lambda at: (-0.5 * (logvar + (at[:, None] - mu) ** 2 / logvar.exp())).sum(2).logsumexp(1)
    steps = torch.eye(z.shape[1], dtype=z.dtype) * 0.1
    return torch.stack([(log_p(z + step) - log_p(z)) / 0.1 for step in steps], 1)


def clamped(z, mu, logvar):
    w = (-0.5 * (logvar + (mu - z[:, None]) ** 2 / logvar.exp())).sum(2).exp()
    r = w / (w.sum(1, keepdim=True) + 1e-12)
    return (r[..., None] * (mu - z[:, None]) / logvar.exp()).sum(1)


def log_p(z, mu, logvar):
    return (-0.5 * (LOG_2PI + logvar + (z[:, None] - mu) ** 2 / logvar.exp())).sum(2).logsumexp(1) - math.log(len(mu))


answers.right("autograd", by_autograd)
answers.right("distributions", by_distributions)
answers.right("einsum", einsum)
answers.right("loops", loops)
for name, cause, change in (
    ("all alike", "alike|weigh", {"r": lambda p: torch.full_like(p.sum(2), 1 / p.shape[1])[..., None]}),
    ("weights 1", "weight|added up", {"r": lambda p: torch.ones_like(p.sum(2))[..., None]}),
    ("away from the means", "sign", {"each": lambda d, v: -d / v.exp()}),
    ("no variance", "variance is missing", {"each": lambda d, v: d}),
    ("deviation", "standard deviation", {"each": lambda d, v: d / (v / 2).exp()}),
    ("variance squared", "squar|2|variance", {"each": lambda d, v: d / v.exp() ** 2}),
    ("half the slope", "½|half|0.5|2", {"each": lambda d, v: 0.5 * d / v.exp()}),
    ("twice the slope", "twice|2", {"each": lambda d, v: 2 * d / v.exp()}),
    ("times the variance", "multipl|variance|sign", {"each": lambda d, v: d * v.exp()}),
    ("sign only", "sign|distance|way", {"each": lambda d, v: d.sign() / v.exp()}),
    ("shares per latent", "latent", {"r": lambda p: p.softmax(1)}),
    ("softmax over the latents", "latent|dimension", {"r": lambda p: p.softmax(2)}),
    ("softmax over the batch", "batch", {"r": lambda p: p.sum(2).softmax(0)[..., None]}),
    ("one share the largest", "likeliest|alone", {"r": lambda p: F.one_hot(p.sum(2).argmax(1), p.shape[1])[..., None]}),
    ("not normalised", "p|normal|exp|add up|sum", {"r": lambda p: p.sum(2).exp()[..., None]}),
    ("logs as shares", "log|exp|share", {"r": lambda p: p.sum(2)[..., None]}),
    ("log_softmax", "log|exp", {"r": lambda p: p.sum(2).log_softmax(1)[..., None]}),
    ("colder", "½|2|twice", {"r": lambda p: (2 * p.sum(2)).softmax(1)[..., None]}),
    ("logvar forgotten", "logvar is forgotten", {"logs": lambda d, v: -0.5 * d**2 / v.exp()}),
    ("logvar twice", "½|logvar|log-variance|twice", {"logs": lambda d, v: -0.5 * d**2 / v.exp() - v}),
    ("logvar with the wrong sign", "sign|minus|plus", {"logs": lambda d, v: -0.5 * (d**2 / v.exp() - v)}),
    ("distance alone", "distance", {"logs": lambda d, v: -0.5 * d**2}),
    ("deviation in the densities", "deviation|σ|variance", {"logs": lambda d, v: -0.5 * (v + d**2 / (v / 2).exp())}),
    ("plus in the exponent", "sign|minus|farthest", {"logs": lambda d, v: 0.5 * (v + d**2 / v.exp())}),
    ("averaged", "Divided|number of components", {"end": lambda r, s: (r * s).mean(1)}),
    ("added over the latents", "latent", {"end": lambda r, s: (r * s).sum((1, 2))}),
    ("components left apart", "component|shape", {"end": lambda r, s: r * s}),
    ("sum over the batch", "batch|z", {"end": lambda r, s: (r * s).sum((0, 1))}),
):  # fmt: skip
    answers.wrong(name, cause, lambda z, mu, logvar, change=change: slope(z, mu, logvar, **change))
answers.wrong("nearest mean", "nearest", nearest_mean)
answers.wrong("long step", "first|right|right where|z|latent|differ", finite_differences)
answers.wrong("small number below", "underflow|small|1e-12|0/0|far", clamped)
answers.wrong("the density itself", "log p|shape", log_p)
answers.wrong("one Gaussian", "one Gaussian", lambda z, mu, logvar: (
    (mu.mean(0) - z) / (logvar.exp().mean(0) + mu.var(0, correction=0))))  # fmt: skip
answers.wrong("times p", "slope of p", lambda z, mu, logvar: einsum(z, mu, logvar) * log_p(z, mu, logvar).exp()[:, None])
answers.wrong("exp without a maximum", "underflow|0/0", lambda z, mu, logvar: slope(z, mu, logvar, r=lambda p: (
    p.sum(2).exp() / p.sum(2).exp().sum(1, keepdim=True))[..., None]), fair=0.75)  # fmt: skip
answers.wrong(
    "mixed before the difference",
    "average variance",
    lambda z, mu, logvar: (
        ((r := (-0.5 * (logvar + (mu - z[:, None]) ** 2 / logvar.exp())).sum(2).softmax(1)) @ mu - z) / (r @ logvar.exp())
    ),
)
answers.wrong("with the standard normal's", "standard normal", lambda z, mu, logvar: einsum(z, mu, logvar) - z)
answers.wrong("to the mean of the means", "way to the", lambda z, mu, logvar: mu.mean(0) - z)
answers.wrong("mean over the batch", "divided|batch", lambda z, mu, logvar: einsum(z, mu, logvar) / len(z))
