"""Answers to ps5.2 log_mixture as students write them."""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
from torch.distributions import MultivariateNormal, Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import (
    LOG_2PI,
    log_mixture_distributions,
    log_mixture_products,
    log_n,
    log_normal_standardised,
    normal,
)

answers = Answers()


def mixture_numpy(z, mu, logvar):
    z, mu, s2 = z.numpy()[:, None], mu.numpy()[None], np.exp(logvar.numpy())[None]
    return torch.from_numpy(
        scipy.special.logsumexp((-0.5 * np.log(2 * np.pi * s2) - (z - mu) ** 2 / (2 * s2)).sum(2), axis=1, b=1 / mu.shape[1])
    )


def mixture_double_loop(z, mu, logvar):
    answers = []
    for point in z:
        logs = []
        for k in range(len(mu)):
            logs.append(Normal(mu[k], (logvar[k] / 2).exp()).log_prob(point).sum())
        answers.append(torch.logsumexp(torch.stack(logs), dim=0) - math.log(len(logs)))
    return torch.stack(answers)


def mixture_triple_loop(z, mu, logvar):
    """Slow, but right: some 25 s on 64 points, 500 components and 40 latents."""
    answers = []
    for n in range(len(z)):
        logs = []
        for k in range(len(mu)):
            total = 0.0
            for d in range(z.shape[1]):
                total = total - 0.5 * (LOG_2PI + logvar[k, d] + (z[n, d] - mu[k, d]) ** 2 / torch.exp(logvar[k, d]))
            logs.append(total)
        answers.append(torch.logsumexp(torch.stack(logs), 0) - math.log(len(mu)))
    return torch.stack(answers)


answers.right("numpy", mixture_numpy)
answers.right(
    "vectorised over points, loop over components",
    lambda z, mu, logvar: (
        torch.logsumexp(torch.stack([log_n(z, m, v).sum(-1) for m, v in zip(mu, logvar)]), dim=0) - math.log(len(mu))
    ),
)
answers.right("double loop", mixture_double_loop)
answers.right("triple loop", mixture_triple_loop)
answers.right(
    "vmap over points and components",
    lambda z, mu, logvar: torch.vmap(
        lambda p: torch.vmap(lambda m, v: log_n(p, m, v).sum() - math.log(len(mu)))(mu, logvar).logsumexp(0)
    )(z),
)
answers.right(
    "maximum shifted out by hand",
    lambda z, mu, logvar: (lambda l: l.max(1).values + (l - l.max(1, keepdim=True).values).exp().mean(1).log())(
        log_n(z[:, None], mu, logvar).sum(-1)
    ),
)
answers.right(
    "components first, transposed",
    lambda z, mu, logvar: normal(mu[:, None], logvar[:, None]).log_prob(z[None]).T.logsumexp(1).sub(math.log(mu.size(0))),
)
answers.right(
    "MultivariateNormal and log_softmax weights",
    lambda z, mu, logvar: (
        MultivariateNormal(mu, torch.diag_embed(logvar.exp()), validate_args=False).log_prob(z[:, None])
        + torch.log_softmax(torch.zeros(len(mu), dtype=z.dtype), 0)
    ).logsumexp(-1),
)
answers.right(
    "float32",
    lambda z, mu, logvar: log_n(z.float()[:, None], mu.float(), logvar.float()).sum(-1).logsumexp(1) - math.log(len(mu)),
)
answers.right(
    "no_grad", torch.no_grad()(lambda z, mu, logvar: log_n(z[:, None], mu, logvar).sum(-1).logsumexp(1) - math.log(len(mu)))
)
lm = lambda z, m, v, K=None, lt=LOG_2PI: (log_n(z[:, None], m, v) + 0.5 * (LOG_2PI - lt)).sum(-1)
answers.wrong("log K added", "log K|sign", lambda z, m, v: lm(z, m, v).logsumexp(1) + math.log(len(m)))
answers.wrong("divided by K", "log K|divide|outside", lambda z, m, v: lm(z, m, v).logsumexp(1) / len(m))
answers.wrong("log of the latents", "log K|components", lambda z, m, v: lm(z, m, v).logsumexp(1) - math.log(z.shape[1]))
answers.wrong("log of the batch", "log K|components", lambda z, m, v: lm(z, m, v).logsumexp(1) - math.log(len(z)))
answers.wrong("log 500", "log K|components", lambda z, m, v: lm(z, m, v).logsumexp(1) - math.log(500))
answers.wrong("log2 K", "natural|base|log K", lambda z, m, v: lm(z, m, v).logsumexp(1) - math.log2(len(m)))
answers.wrong("logsumexp over the points", "component|dimension", lambda z, m, v: lm(z, m, v).logsumexp(0) - math.log(len(m)))
answers.wrong(
    "mean over latents", "mean|sum|latent", lambda z, m, v: log_n(z[:, None], m, v).mean(-1).logsumexp(1) - math.log(len(m))
)
answers.wrong(
    "constant once",
    "2π|constant",
    lambda z, m, v: (log_n(z[:, None], m, v) + 0.5 * LOG_2PI).sum(-1).logsumexp(1) - math.log(len(m)) - 0.5 * LOG_2PI,
)
answers.wrong("moment-matched Gaussian", "one Gaussian|mixture|component", lambda z, m, v: log_n(z, m.mean(0), v.mean(0)).sum(-1))
answers.wrong(
    "densities clamped at 1e-30",
    "underflow|logsumexp|clamp",
    lambda z, m, v: lm(z, m, v).exp().mean(1).clamp(min=1e-30).log(),
    fair=0.9,
)
answers.wrong("1e-10 added", "constant|underflow|logsumexp", lambda z, m, v: (lm(z, m, v).exp().mean(1) + 1e-10).log(), fair=0.9)
answers.wrong(
    "density of each latent multiplied",
    "underflow|logsumexp",
    lambda z, m, v: log_n(z[:, None], m, v).exp().prod(-1).mean(1).log(),
    fair=0.9,
)
answers.wrong(
    "sigma for the variance",
    "variance|σ|deviation",
    lambda z, m, v: (-0.5 * (LOG_2PI + v + (z[:, None] - m) ** 2 / (v / 2).exp())).sum(-1).logsumexp(1) - math.log(len(m)),
)
answers.wrong(
    "log-variance unhalved",
    "½|half|log-variance|logvar",
    lambda z, m, v: (-0.5 * (LOG_2PI + 2 * v + (z[:, None] - m) ** 2 / v.exp())).sum(-1).logsumexp(1) - math.log(len(m)),
)
answers.wrong(
    "square unhalved",
    "½|half",
    lambda z, m, v: (-0.5 * (LOG_2PI + v) - (z[:, None] - m) ** 2 / v.exp()).sum(-1).logsumexp(1) - math.log(len(m)),
)
answers.wrong(
    "log-variance forgotten",
    "log-variance|logvar|variance",
    lambda z, m, v: (-0.5 * (LOG_2PI + (z[:, None] - m) ** 2 / v.exp())).sum(-1).logsumexp(1) - math.log(len(m)),
)
answers.wrong("unit variances", "variance", lambda z, m, v: log_n(z[:, None], m, 0 * v).sum(-1).logsumexp(1) - math.log(len(m)))
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda z, m, v: lm(z, m, v.clamp(-6, 2)).logsumexp(1) - math.log(len(m)))
answers.wrong(
    "softmax weights", "mean|weight|log", lambda z, m, v: (lm(z, m, v).softmax(1) * lm(z, m, v)).sum(1) - math.log(len(m))
)
answers.wrong("log density of every component", "component|shape|mixture", lambda z, m, v: lm(z, m, v) - math.log(len(m)))
answers.wrong("batch mean", "batch|shape|number", lambda z, m, v: (lm(z, m, v).logsumexp(1) - math.log(len(m))).mean())
answers.wrong("negated", "sign|-1 times", lambda z, m, v: math.log(len(m)) - lm(z, m, v).logsumexp(1))
answers.right(
    "gradients stopped at the components", lambda z, m, v: lm(z, m.detach(), v.detach()).logsumexp(1) - math.log(len(m))
)
answers.wrong("float16", "precision|half", lambda z, m, v: lm(z, m, v).half().float().logsumexp(1) - math.log(len(m)))
answers.wrong(
    "points beside components (only n = K)",
    "RuntimeError|shape|size|broadcast",
    lambda z, m, v: log_n(z, m, v).sum(-1) - math.log(len(m)),
)


def log_mixture_one_by_one(z, mu, logvar):
    total = torch.full_like(z[:, 0], -math.inf)
    for m, v in zip(mu, logvar):
        total = torch.logaddexp(total, log_normal_standardised(z, m, v))
    return total - math.log(len(mu))


answers.right("one by one", log_mixture_one_by_one)
answers.right("distributions", log_mixture_distributions)
answers.right("products", log_mixture_products)


answers.same = {"z - mu  ->  mu - z": "squared"}
