"""Answers to 10.a share_of_image as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def loops(mu, logvar):
    shares = []
    for m, v in zip(mu.T.tolist(), logvar.T.tolist()):
        centre = sum(m) / len(m)
        spread = sum((a - centre) ** 2 for a in m) / (len(m) - 1)
        shares.append(spread / (spread + sum(math.exp(b) for b in v) / len(v)))
    return torch.tensor(shares, dtype=mu.dtype)


def sigmoid_of_logs(mu, logvar):
    return torch.sigmoid(mu.var(0).log() - logvar.logsumexp(0) + math.log(len(mu)))


def by_rest(mu, logvar):
    noise = torch.exp(logvar).mean(dim=0)
    return 1 - noise / (torch.var(mu, dim=0) + noise)


def by_cov(mu, logvar):
    spread = torch.atleast_2d(torch.cov(mu.T)).diagonal()
    return spread / (spread + logvar.exp().sum(0) / logvar.shape[0])


def share(mu, logvar, spread=None, noise=None, end=None):
    """Each keyword changes one step."""
    s = mu.var(0) if spread is None else spread(mu)
    v = logvar.exp().mean(0) if noise is None else noise(logvar)
    return s / (s + v) if end is None else end(s, v)


answers.right("var", lambda mu, logvar: mu.var(0) / (mu.var(0) + logvar.exp().mean(0)))
answers.right("loops", loops)
answers.right("sigmoid of the log-ratio", sigmoid_of_logs)
answers.right("one less the rest", by_rest)
answers.right("cov", by_cov)
for name, cause, change in (
    ("divides by n", "n − 1", {"spread": lambda m: m.var(0, correction=0)}),
    ("deviation of the means", "deviation", {"spread": lambda m: m.std(0)}),
    ("mean square", "μ²|from 0", {"spread": lambda m: (m**2).mean(0)}),
    ("squared mean", "mean|squar", {"spread": lambda m: m.mean(0) ** 2}),
    ("sum of squares", "n − 1|sum|divid|image", {"spread": lambda m: ((m - m.mean(0)) ** 2).sum(0)}),
    ("around the overall mean", "mean", {"spread": lambda m: ((m - m.mean()) ** 2).sum(0) / (len(m) - 1)}),
    ("around each image's mean", "mean|image", {"spread": lambda m: (
        (m - m.mean(1, keepdim=True)) ** 2).sum(0) / (len(m) - 1)}),
    ("range", "range", {"spread": lambda m: m.amax(0) - m.amin(0)}),
    ("one variance for all", "latent|all", {"spread": lambda m: m.var()}),
    ("exp of half", "standard deviation", {"noise": lambda v: (v / 2).exp().mean(0)}),
    ("exp of the mean", "averaged before exp|log-variances", {"noise": lambda v: v.mean(0).exp()}),
    ("no exp", "exp", {"noise": lambda v: v.mean(0)}),
    ("variance twice", "squar|2", {"noise": lambda v: (2 * v).exp().mean(0)}),
    ("sum over the images", "averag|sum|mean", {"noise": lambda v: v.exp().sum(0)}),
    ("median", "median|mean", {"noise": lambda v: v.exp().quantile(0.5, 0)}),
    ("one noise for all", "latent|mean", {"noise": lambda v: v.exp().mean()}),
    ("variance of the variances", "differ|mean", {"noise": lambda v: v.exp().var(0)}),
    ("minus sign", "sign|minus", {"noise": lambda v: (-v).exp().mean(0)}),
    ("unit variance", "1", {"noise": lambda v: torch.ones_like(v[0])}),
    ("activity", "alone|share", {"end": lambda s, v: s}),
    ("ratio", "ratio", {"end": lambda s, v: s / v}),
    ("noise's share", "posteriors|rest", {"end": lambda s, v: v / (s + v)}),
    ("upside down", "Upside", {"end": lambda s, v: (s + v) / s}),
    ("difference", "minus|differ|left|plus", {"end": lambda s, v: s / (s - v)}),
    ("root", "root", {"end": lambda s, v: (s / (s + v)).sqrt()}),
    ("bits", "log|nats", {"end": lambda s, v: 0.5 * (1 + s / v).log()}),
    ("per cent", "percent|100", {"end": lambda s, v: 100 * s / (s + v)}),
    ("plus one", "1|too large|posterior", {"end": lambda s, v: s / (s + v + 1)}),
    ("active or not", "active|threshold", {"end": lambda s, v: (s > 0.01).double()}),
    ("normalised to 1", "latent|sum", {"end": lambda s, v: (s / (s + v)) / (s / (s + v)).sum()}),
):  # fmt: skip
    answers.wrong(name, cause, lambda mu, logvar, change=change: share(mu, logvar, **change))
answers.wrong("deviations", "deviation", lambda mu, logvar: mu.std(0) / (mu.std(0) + (logvar / 2).exp().mean(0)))
answers.wrong("over the latents", "latents of each image|first dimension", lambda mu, logvar: (
    mu.var(1) / (mu.var(1) + logvar.exp().mean(1))))  # fmt: skip
answers.wrong("mean of the images' shares", "every image|averag", lambda mu, logvar: (
    (mu.var(0) / (mu.var(0) + logvar.exp())).mean(0)))  # fmt: skip
answers.wrong("swapped", "mu|logvar|exchang|swap", lambda mu, logvar: share(logvar, mu))
answers.wrong("share of the whole", "all latents|together|one share", lambda mu, logvar: (
    mu.var(0).sum() / (mu.var(0).sum() + logvar.exp().mean(0).sum())))  # fmt: skip
answers.wrong("kl", "KL", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - logvar - 1).mean(0))
answers.wrong("one less the noise", "whole variance were 1", lambda mu, logvar: 1 - logvar.exp().mean(0))
answers.wrong("one less noise over activity", "ratio", lambda mu, logvar: 1 - logvar.exp().mean(0) / mu.var(0))
answers.wrong("activity less noise", "difference", lambda mu, logvar: mu.var(0) - logvar.exp().mean(0))
answers.wrong("n - 1 in the mean variance", "divides by n", lambda mu, logvar: (
    mu.var(0) / (mu.var(0) + logvar.exp().sum(0) / (len(mu) - 1))))  # fmt: skip
answers.wrong("mean absolute means", "absolute", lambda mu, logvar: mu.abs().mean(0) / (mu.abs().mean(0) + logvar.exp().mean(0)))
