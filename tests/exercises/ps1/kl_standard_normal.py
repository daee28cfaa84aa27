"""Answers to ps1.3 kl_standard_normal as students write them."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import (
    LN2,
    LOG_2PI,
    k2,
    kl_normal_columns,
    kl_standard_normal_distributions,
    kl_standard_normal_loop,
    kl_terms,
)

answers = Answers()


def kl_std_entropy(mu, logvar):
    prior = Normal(torch.tensor(0.0, dtype=mu.dtype), torch.tensor(1.0, dtype=mu.dtype))
    return kl_divergence(Normal(mu, torch.exp(0.5 * logvar)), prior).sum(dim=-1)


def kl_std_gaussian_nll(mu, logvar):
    """Cross-entropy with F.gaussian_nll_loss, minus the entropy."""
    one = torch.ones_like(mu)
    cross = F.gaussian_nll_loss(torch.zeros_like(mu), mu, one, full=True, reduction="none") + 0.5 * logvar.exp()
    return (cross - 0.5 * (1 + LOG_2PI + logvar)).sum(-1)


def kl_std_floats(mu, logvar):
    if mu.ndim == 1:
        return sum((m * m + math.exp(v) - v - 1) / 2 for m, v in zip(mu.tolist(), logvar.tolist()))
    return torch.tensor([kl_std_floats(m, v) for m, v in zip(mu, logvar)])


answers.right("Normal with a scalar prior", kl_std_entropy)
answers.right("gaussian_nll_loss minus entropy", kl_std_gaussian_nll)
answers.right("expm1", lambda mu, logvar: (mu.pow(2).add(torch.expm1(logvar)).sub(logvar)).mul(0.5).sum(-1))
answers.right(
    "matmul with ones",
    lambda mu, logvar: (mu * mu + logvar.exp() - logvar - 1) @ torch.full((mu.shape[-1],), 0.5, dtype=mu.dtype),
)
answers.wrong(
    "vmap over rows",
    "dimensions in front",
    lambda mu, logvar: (
        torch.vmap(lambda m, v: 0.5 * (m @ m + v.exp().sum() - v.sum() - len(m)))(mu, logvar)
        if mu.ndim == 2
        else 0.5 * (mu @ mu + logvar.exp().sum() - logvar.sum() - len(mu))
    ),
    fair=0.9,
)
answers.right("minus the paper's formula", lambda mu, logvar: -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=-1))
answers.right("through ps1.2", lambda mu, logvar: kl_normal_columns(mu, logvar, torch.zeros_like(mu), torch.zeros_like(logvar)))
answers.right("float32 inside", lambda mu, logvar: kl_terms(mu.float(), logvar.float()).sum(-1))
answers.wrong("python floats", "dimensions in front", kl_std_floats, fair=0.9)
answers.right(
    "numpy",
    lambda mu, logvar: torch.from_numpy(
        np.asarray(0.5 * np.sum(np.square(mu.numpy()) + np.exp(logvar.numpy()) - logvar.numpy() - 1, axis=-1))
    ),
)
answers.right("no_grad", torch.no_grad()(lambda mu, logvar: kl_terms(mu, logvar).sum(-1)))
answers.wrong("absolute mean", "square", lambda mu, logvar: 0.5 * (mu.abs() + logvar.exp() - logvar - 1).sum(-1))
answers.wrong("log-variance term forgotten", "logvar|log", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 1).sum(-1))
answers.wrong("variance term forgotten", "variance|exp", lambda mu, logvar: 0.5 * (mu**2 - logvar - 1).sum(-1))
answers.wrong("mean forgotten", "mean|mu", lambda mu, logvar: 0.5 * (logvar.exp() - logvar - 1).sum(-1))
answers.wrong(
    "the other direction",
    r"KL\(p|direction|swap|other way",
    lambda mu, logvar: k2(torch.zeros_like(mu), torch.zeros_like(mu), mu, logvar).sum(-1),
)
answers.wrong(
    "log sigma instead of log variance",
    "logvar|variance|half|½|deviation",
    lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - 0.5 * logvar - 1).sum(-1),
)
answers.wrong(
    "logvar read as log sigma",
    "variance|deviation",
    lambda mu, logvar: 0.5 * (mu**2 + (2 * logvar).exp() - 2 * logvar - 1).sum(-1),
)
answers.wrong(
    "logvar read as variance",
    "log|variance",
    lambda mu, logvar: 0.5 * (mu**2 + logvar - logvar.abs().clamp(min=1e-9).log() - 1).sum(-1),
)
answers.wrong("plus logvar", "sign", lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() + logvar - 1).sum(-1))
answers.wrong("half only on the mean", "half|½", lambda mu, logvar: (0.5 * mu**2 + logvar.exp() - logvar - 1).sum(-1))
answers.wrong("mean of everything", "batch|image|dimension", lambda mu, logvar: kl_terms(mu, logvar).mean())
answers.wrong("mean times 40", "dimension|mean|factor|latents|40", lambda mu, logvar: 40 * kl_terms(mu, logvar).mean(-1))
answers.wrong("sum over images", "dimension|image|last", lambda mu, logvar: kl_terms(mu, logvar).sum(0))
answers.wrong("-1 once", "1|dimension", lambda mu, logvar: 0.5 * ((mu**2 + logvar.exp() - logvar).sum(-1) - 1))
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda mu, logvar: kl_terms(mu, logvar.clamp(-6, 2)).sum(-1))
answers.wrong(
    "only 1-D and 2-D: last of two",
    "dimension|last|shape",
    lambda mu, logvar: (t := kl_terms(mu, logvar)).sum(1 if t.ndim > 1 else 0),
    fair=0.9,
)
answers.wrong("logvar clamped to [-4.6, 1.5]", "clamp", lambda mu, logvar: kl_terms(mu, logvar.clamp(-4.6, 1.5)).sum(-1))
answers.wrong(
    "1e-3 inside the log",
    "constant|epsilon",
    lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - (logvar.exp() + 1e-3).log() - 1).sum(-1),
)
answers.wrong(
    "1e-6 inside the log",
    "constant|epsilon",
    lambda mu, logvar: 0.5 * (mu**2 + logvar.exp() - (logvar.exp() + 1e-6).log() - 1).sum(-1),
)
answers.wrong("bits", "bits|base|factor|times", lambda mu, logvar: kl_terms(mu, logvar).sum(-1) / LN2)
answers.wrong(
    "averaged over the batch, expanded",
    "batch|image|averag",
    lambda mu, logvar: kl_terms(mu, logvar).sum(-1).mean().expand(mu.shape[:-1]),
)
answers.right("gradients stopped at logvar", lambda mu, logvar: kl_terms(mu, logvar.detach()).sum(-1))
answers.wrong("only the first 10 latents", "latent|dimension", lambda mu, logvar: kl_terms(mu, logvar)[..., :10].sum(-1))
answers.right("distributions", kl_standard_normal_distributions)
answers.right("loop", kl_standard_normal_loop)
