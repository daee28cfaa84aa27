"""Answers to ps5.3 vampprior_log_prob as students write them."""

import functools
import math

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers
from tests.exercises.shared import (
    LOG_2PI,
    VampPrior,
    enc,
    gated_encoder,
    lmix,
    log_mixture_distributions,
    log_n,
    normal,
    vampprior_log_prob_one_by_one,
)

answers = Answers()


@functools.lru_cache(maxsize=4)
def log_of(k):
    return math.log(k)


answers.right("a module", lambda z, pseudo_inputs, weights: VampPrior(pseudo_inputs, weights)(z))
answers.right(
    "min and max, a cached log",
    lambda z, u, w: lmix(
        z, *enc(torch.minimum(torch.maximum(u, torch.zeros_like(u)), torch.ones_like(u)), w), log_k=log_of(len(u))
    ),
)
answers.right("relu twice", lambda z, u, w: lmix(z, *enc(1 - F.relu(1 - F.relu(u)), w)))
answers.right("relu6 scaled", lambda z, u, w: lmix(z, *enc(F.relu6(6 * u) / 6, w)))
answers.right(
    "double loop",
    lambda z, u, w: (
        torch.stack(
            [
                torch.logsumexp(torch.stack([normal(*(t[0] for t in enc(k.clip(0, 1)[None], w))).log_prob(p) for k in u]), 0)
                for p in z[:70]
            ]
        )
        - math.log(len(u))
        if len(u) < 100
        else lmix(z, *enc(u.clip(0, 1), w))
    ),
)
answers.right("float32", lambda z, u, w: lmix(z.float(), *enc(u.clamp(0, 1).float(), {k: t.float() for k, t in w.items()})))
answers.right("vmap", lambda z, u, w: torch.vmap(lambda p: lmix(p[None], *enc(u.clamp(0, 1), w))[0])(z))
answers.wrong("clamped to [-1, 1]", "clamp", lambda z, u, w: lmix(z, *enc(u.clamp(-1, 1), w)))
answers.wrong("clamped from below only", "clamp", lambda z, u, w: lmix(z, *enc(u.clamp(min=0), w)))
answers.wrong("clamped from above only", "clamp", lambda z, u, w: lmix(z, *enc(u.clamp(max=1), w)))
answers.wrong("clamped to [1e-3, 1 - 1e-3]", "clamp", lambda z, u, w: lmix(z, *enc(u.clamp(1e-3, 1 - 1e-3), w)))
answers.wrong("rounded to black and white", "clamp|round", lambda z, u, w: lmix(z, *enc(u.round().clamp(0, 1), w)))
answers.wrong(
    "min-max scaled", "clamp|scale", lambda z, u, w: lmix(z, *enc((u - u.min()) / (u.max() - u.min()).clamp(min=1e-9), w))
)
answers.wrong("absolute values", "clamp|absolute", lambda z, u, w: lmix(z, *enc(u.abs().clamp(max=1), w)))
answers.wrong("components clamped, not the pseudo-inputs", "clamp", lambda z, u, w: lmix(z, *(t.clamp(-6, 2) for t in enc(u, w))))
answers.wrong("detached", "gradient", lambda z, u, w: lmix(z, *(t.detach() for t in enc(u.clamp(0, 1), w))), fair=0.9)
answers.wrong("clamped through .data", "gradient", lambda z, u, w: lmix(z, *enc(u.data.clamp(0, 1), w)), fair=0.9)
answers.wrong("encoder under no_grad", "gradient", lambda z, u, w: lmix(z, *torch.no_grad()(enc)(u.clamp(0, 1), w)), fair=0.9)
answers.wrong("clamped in place", "in place", lambda z, u, w: lmix(z, *enc(u.clamp_(0, 1), w)), fair=0.9)
answers.wrong("log-variance unclamped", "log-variance|clamp", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w, clamp=False)))
answers.wrong("log K added", "log K|sign", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w), log_k=-math.log(len(u))))
answers.wrong("log 500", "log K", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w), log_k=math.log(500)))
answers.wrong("log of pixels", "log K", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w), log_k=math.log(u.shape[1])))
answers.wrong("mean of logs", "mean of the log|log", lambda z, u, w: log_n(z[:, None], *enc(u.clamp(0, 1), w)).sum(-1).mean(1))
answers.wrong(
    "nearest component",
    "nearest|component",
    lambda z, u, w: log_n(z[:, None], *enc(u.clamp(0, 1), w)).sum(-1).max(1).values - math.log(len(u)),
)
answers.wrong(
    "per latent", "latent", lambda z, u, w: (log_n(z[:, None], *enc(u.clamp(0, 1), w)).logsumexp(1) - math.log(len(u))).sum(-1)
)
answers.wrong(
    "exp then log",
    "underflow|logsumexp",
    lambda z, u, w: log_n(z[:, None], *enc(u.clamp(0, 1), w)).sum(-1).exp().mean(1).log(),
    fair=0.9,
)
answers.wrong("2 pi missing", "2π|constant|off by", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w)) + 0.5 * z.shape[1] * LOG_2PI)
answers.wrong(
    "mean posterior", "one Gaussian|mean", lambda z, u, w: log_n(z, *(t.mean(0) for t in enc(u.clamp(0, 1), w))).sum(-1)
)
answers.wrong(
    "first pseudo-input only", "pseudo-input|component|mixture", lambda z, u, w: log_n(z, *enc(u[:1].clamp(0, 1), w)).sum(-1)
)
answers.wrong("mu and logvar swapped", "swap|order", lambda z, u, w: lmix(z, *enc(u.clamp(0, 1), w)[::-1]))
answers.wrong(
    "variance read as std", "variance|std|deviation|logvar", lambda z, u, w: lmix(z, (t := enc(u.clamp(0, 1), w))[0], 2 * t[1])
)


def vampprior_log_prob_distributions(z, pseudo_inputs, weights):
    return log_mixture_distributions(z, *gated_encoder(F.hardtanh(pseudo_inputs, 0, 1), weights))


answers.right("distributions", vampprior_log_prob_distributions)
answers.right("one by one", vampprior_log_prob_one_by_one)
