"""Answers to ps5.1 three_terms as students write them."""

import collections
import math

import numpy as np
import torch
from torch.distributions import MultivariateNormal, Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import HALF, LN2, LOG_2PI, kl_terms, normal

answers = Answers()


Terms = collections.namedtuple("Terms", "reconstruction entropy cross_entropy")


def terms_floats(log_p_x, logvar, log_p_z):
    n = logvar.shape[0]
    h = [sum(0.5 * (1 + math.log(2 * math.pi) + v) for v in row) for row in logvar.tolist()]
    return sum(log_p_x.tolist()) / n, sum(h) / n, -sum(log_p_z.tolist()) / n


answers.right("python floats", terms_floats)
answers.right(
    "numpy scalars",
    lambda log_p_x, logvar, log_p_z: (
        log_p_x.numpy().mean(),
        np.mean(np.sum(0.5 * np.log(2 * np.pi * np.e * np.exp(logvar.numpy())), 1)),
        -log_p_z.numpy().mean(),
    ),
)
answers.right(
    "a named tuple",
    lambda log_p_x, logvar, log_p_z: Terms(log_p_x.mean(), (HALF + 0.5 * logvar).sum(1).mean(), (-log_p_z).mean()),
)
answers.right(
    "multivariate normal's entropy",
    lambda log_p_x, logvar, log_p_z: (
        torch.mean(log_p_x),
        MultivariateNormal(torch.zeros_like(logvar), torch.diag_embed(logvar.exp())).entropy().mean(),
        torch.mean(-log_p_z),
    ),
)
answers.right(
    "items",
    lambda log_p_x, logvar, log_p_z: [
        log_p_x.mean().item(),
        (Normal(0.0, (logvar / 2).exp()).entropy().sum() / len(logvar)).item(),
        -log_p_z.mean().item(),
    ],
)
answers.right(
    "float32",
    lambda log_p_x, logvar, log_p_z: (
        log_p_x.float().mean(),
        (HALF + logvar.float() / 2).sum(-1).mean(),
        -log_p_z.float().mean(),
    ),
)
tt = lambda a, v, b, h=None: (a.mean(), ((HALF + 0.5 * v).sum(-1) if h is None else h).mean(), -b.mean())
answers.wrong("per image", "mean|image|number|shape", lambda a, v, b: (a, (HALF + 0.5 * v).sum(-1), -b))
answers.wrong("bits", "bits|natural|base|times", lambda a, v, b: tuple(t / LN2 for t in tt(a, v, b)))
answers.wrong("entropy in bits", "bits|natural|base|times", lambda a, v, b: tt(a, v, b, (HALF + 0.5 * v).sum(-1) / LN2))
answers.wrong("entropy of the variance itself", "log|variance", lambda a, v, b: tt(a, v, b, (HALF + 0.5 * v.exp()).sum(-1)))
answers.wrong("constant once", "constant|latent|per", lambda a, v, b: tt(a, v, b, HALF + 0.5 * v.sum(-1)))
answers.wrong("half missing in the entropy", "½|half|times|twice", lambda a, v, b: tt(a, v, b, (1 + LOG_2PI + v).sum(-1)))
answers.wrong("half on logvar only", "½|half|1|2π", lambda a, v, b: tt(a, v, b, (1 + LOG_2PI + 0.5 * v).sum(-1)))
answers.wrong("logvar forgotten", "logvar|variance", lambda a, v, b: tt(a, v, b, (HALF + 0 * v).sum(-1)))
answers.wrong("pi for 2 pi", "2π|constant|off by", lambda a, v, b: tt(a, v, b, 0.5 * (1 + math.log(math.pi) + v).sum(-1)))
answers.wrong("KL to N(0, I) as the second term", "entropy|KL", lambda a, v, b: tt(a, v, b, kl_terms(0 * v, v).sum(-1)))
answers.wrong(
    "cross-entropy and entropy swapped", "swap|order", lambda a, v, b: (a.mean(), -b.mean(), (HALF + 0.5 * v).sum(-1).mean())
)
answers.wrong(
    "bound first",
    "bound|three|reconstruction",
    lambda a, v, b: (a.mean() + (HALF + 0.5 * v).sum(-1).mean() + b.mean(), (HALF + 0.5 * v).sum(-1).mean(), -b.mean()),
)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda a, v, b: tt(a, v.clamp(-6, 2), b))
answers.wrong("logvar clamped to [-5, 2.5]", "clamp", lambda a, v, b: tt(a, v.clamp(-5, 2.5), b))
answers.wrong(
    "reconstruction as a loss",
    "sign|reconstruction|-1 times",
    lambda a, v, b: (-a.mean(), (HALF + 0.5 * v).sum(-1).mean(), -b.mean()),
)
answers.wrong("two numbers", "values|3", lambda a, v, b: tt(a, v, b)[:2])
answers.wrong("sum of the entropy", "sum|mean|image", lambda a, v, b: (a.mean(), (HALF + 0.5 * v).sum(), -b.mean()))
answers.wrong("divided by 64", "mean|64|number", lambda a, v, b: (a.sum() / 64, (HALF + 0.5 * v).sum() / 64, -b.sum() / 64))
answers.wrong("entropy clamped at 0", "negative|clamp", lambda a, v, b: tt(a, v, b, (HALF + 0.5 * v).sum(-1).clamp(min=0)))
answers.wrong(
    "entropy of each latent clamped at 0", "negative|clamp", lambda a, v, b: tt(a, v, b, (HALF + 0.5 * v).clamp(min=0).sum(-1))
)
answers.wrong(
    "entropy of the mean variance", "mean|each|average", lambda a, v, b: tt(a, v, b, (HALF + 0.5 * v.exp().mean(0).log()).sum(-1))
)
answers.wrong(
    "geometric reconstruction",
    "log|mean",
    lambda a, v, b: (a.logsumexp(0) - math.log(len(a)), (HALF + 0.5 * v).sum(-1).mean(), -b.mean()),
)
answers.wrong(
    "log mean prior",
    "log|mean",
    lambda a, v, b: (a.mean(), (HALF + 0.5 * v).sum(-1).mean(), -(b.logsumexp(0) - math.log(len(b)))),
)
answers.wrong("40 latents", "latent|40|off by", lambda a, v, b: tt(a, v, b, 40 * HALF + 0.5 * v.sum(-1)))


def three_terms_distributions(log_p_x, logvar, log_p_z):
    return log_p_x.mean(), normal(torch.zeros_like(logvar), logvar).entropy().mean(), -log_p_z.mean()


answers.right("distributions", three_terms_distributions)


def three_terms_loop(log_p_x, logvar, log_p_z):
    n, dim = logvar.shape
    entropy = sum(0.5 * logvar[i].sum() + 0.5 * dim * math.log(2 * math.pi * math.e) for i in range(n)) / n
    return sum(log_p_x) / n, entropy, sum(-log_p_z) / n


answers.right("loop", three_terms_loop)


answers.same = {"-1  ->  1": "the last dimension of (batch, dim) is the second"}
