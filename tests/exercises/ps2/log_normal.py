"""Answers to ps2.2 log_normal as students write them."""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from torch.distributions import MultivariateNormal, Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2, LOG_2PI, log_n, log_normal_distributions, log_normal_standardised

answers = Answers()


def log_normal_mvn(z, mu, logvar):
    z, mu, logvar = torch.broadcast_tensors(z, mu, logvar)
    return MultivariateNormal(mu, scale_tril=torch.diag_embed((logvar / 2).exp()), validate_args=False).log_prob(z)


def log_normal_matmul(z, mu, logvar):
    e = (z - mu) / torch.exp(logvar / 2)
    quad = torch.matmul(e.unsqueeze(-2), e.unsqueeze(-1)).squeeze(-1).squeeze(-1)
    return -0.5 * quad - 0.5 * logvar.sum(-1) - 0.5 * z.size(-1) * math.log(2 * math.pi)


def log_normal_loop(z, mu, logvar):
    out = 0.0
    for d in range(z.shape[-1]):
        s2 = torch.exp(logvar[..., d])
        out = out - 0.5 * torch.log(2 * torch.pi * s2) - (z[..., d] - mu[..., d]).pow(2) / (2 * s2)
    return out


answers.right("MultivariateNormal", log_normal_mvn)
answers.right("batched matmul", log_normal_matmul)
answers.right("a loop over latents", log_normal_loop)
answers.right(
    "minus gaussian_nll_loss",
    lambda z, mu, logvar: -F.gaussian_nll_loss(mu, z, logvar.exp(), full=True, eps=1e-300, reduction="none").sum(-1),
)
answers.right(
    "Normal log_prob", lambda z, mu, logvar: Normal(mu, logvar.exp().sqrt(), validate_args=False).log_prob(z).sum(dim=-1)
)
answers.right("float32 inside", lambda z, mu, logvar: log_n(z.float(), mu.float(), logvar.float()).sum(-1))
answers.right(
    "scipy",
    lambda z, mu, logvar: torch.as_tensor(scipy.stats.norm.logpdf(z.numpy(), mu.numpy(), np.exp(logvar.numpy() / 2)).sum(-1)),
)
answers.right(
    "no_grad and float64 casts", torch.no_grad()(lambda z, mu, logvar: log_n(z.double(), mu.double(), logvar.double()).sum(-1))
)
answers.wrong("nll", "sign|-1 times", lambda z, mu, logvar: -log_n(z, mu, logvar).sum(-1))
answers.wrong(
    "gaussian_nll_loss without its constant",
    "2π|constant",
    lambda z, mu, logvar: -F.gaussian_nll_loss(mu, z, logvar.exp(), reduction="none", eps=1e-300).sum(-1),
)
answers.wrong(
    "constant once for all latents",
    "constant|2π|per dimension",
    lambda z, mu, logvar: -0.5 * LOG_2PI - 0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1),
)
answers.wrong(
    "log 2 for log 2 pi", "constant|2π", lambda z, mu, logvar: (log_n(z, mu, logvar) + 0.5 * LOG_2PI - 0.5 * math.log(2)).sum(-1)
)
answers.wrong(
    "log pi", "constant|2π", lambda z, mu, logvar: (log_n(z, mu, logvar) + 0.5 * LOG_2PI - 0.5 * math.log(math.pi)).sum(-1)
)
answers.wrong(
    "2 pi unlogged", "constant|2π|log", lambda z, mu, logvar: (log_n(z, mu, logvar) + 0.5 * LOG_2PI - 0.5 * 2 * math.pi).sum(-1)
)
answers.wrong("plus logvar", "sign", lambda z, mu, logvar: -0.5 * (LOG_2PI - logvar + (z - mu) ** 2 / logvar.exp()).sum(-1))
answers.wrong(
    "half of the square missing",
    "½|half",
    lambda z, mu, logvar: (-0.5 * LOG_2PI - 0.5 * logvar - (z - mu) ** 2 / logvar.exp()).sum(-1),
)
answers.wrong("square missing", "square", lambda z, mu, logvar: -0.5 * (LOG_2PI + logvar + (z - mu).abs() / logvar.exp()).sum(-1))
answers.wrong(
    "divided by sigma",
    "variance|σ|standard",
    lambda z, mu, logvar: -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / (logvar / 2).exp()).sum(-1),
)
answers.wrong(
    "multiplied by the variance",
    "divid|variance|sign",
    lambda z, mu, logvar: -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 * logvar.exp()).sum(-1),
)
answers.wrong(
    "variance forgotten in the square", "variance|divid", lambda z, mu, logvar: -0.5 * (LOG_2PI + logvar + (z - mu) ** 2).sum(-1)
)
answers.wrong(
    "log-variance forgotten", "log-variance|logvar", lambda z, mu, logvar: -0.5 * (LOG_2PI + (z - mu) ** 2 / logvar.exp()).sum(-1)
)
answers.wrong("density, not its log", "log", lambda z, mu, logvar: log_n(z, mu, logvar).sum(-1).exp())
answers.wrong(
    "density clamped at 1e-30",
    "underflow|log space|clamp",
    lambda z, mu, logvar: log_n(z, mu, logvar).exp().clamp(min=1e-30).log().sum(-1),
    fair=0.9,
)
answers.wrong(
    "joint density then log", "underflow|log space", lambda z, mu, logvar: log_n(z, mu, logvar).exp().prod(-1).log(), fair=0.9
)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda z, mu, logvar: log_n(z, mu, logvar.clamp(-6, 2)).sum(-1))
answers.wrong(
    "1e-6 added to the variance",
    "constant|epsilon|narrow",
    lambda z, mu, logvar: -0.5 * (LOG_2PI + (logvar.exp() + 1e-6).log() + (z - mu) ** 2 / (logvar.exp() + 1e-6)).sum(-1),
    fair=0.9,
)
answers.wrong(
    "variance clamped at 1e-6 (gaussian_nll_loss default)",
    "constant|epsilon|narrow|clamp",
    lambda z, mu, logvar: -F.gaussian_nll_loss(mu, z, logvar.exp(), full=True, reduction="none").sum(-1),
    fair=0.9,
)
answers.wrong("sum over dim 1", "dimension", lambda z, mu, logvar: log_n(z, mu, logvar).sum(1))
answers.wrong("total over the batch", "batch|image|last", lambda z, mu, logvar: log_n(z, mu, logvar).sum())
answers.wrong(
    "standard normal", "mu|logvar|standard", lambda z, mu, logvar: -0.5 * (LOG_2PI + z**2).sum(-1) + 0 * (mu + logvar).sum(-1)
)
answers.wrong("float16", "precision|half", lambda z, mu, logvar: log_n(z.half(), mu.half(), logvar.half()).sum(-1))
answers.right("gradients stopped at z", lambda z, mu, logvar: log_n(z.detach(), mu, logvar).sum(-1))
answers.wrong("base 2", "bits|base|natural|times", lambda z, mu, logvar: log_n(z, mu, logvar).sum(-1) / LN2)
answers.right("distributions", log_normal_distributions)
answers.right("standardised", log_normal_standardised)


answers.same = {"z - mu  ->  mu - z": "squared"}
