"""Answers to ps1.2 kl_normal as students write them."""

import numpy as np
import torch
from torch.distributions import MultivariateNormal, Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2, LOG_2PI, k2, kl_normal_columns, normal

answers = Answers()


def kl_normal_cov(mu_q, logvar_q, mu_p, logvar_p):
    """Through dense covariance matrices and linear algebra."""
    mu_q, logvar_q, mu_p, logvar_p = torch.broadcast_tensors(mu_q, logvar_q, mu_p, logvar_p)
    inv, cov, d = torch.diag_embed(torch.exp(-logvar_p)), torch.diag_embed(torch.exp(logvar_q)), (mu_p - mu_q).unsqueeze(-1)
    trace = torch.einsum("...ij,...ji->...", inv, cov)
    maha = (d.transpose(-1, -2) @ inv @ d)[..., 0, 0]
    return (trace + maha - mu_q.shape[-1] + logvar_p.sum(-1) - logvar_q.sum(-1)) / 2


def kl_normal_np(mu_q, logvar_q, mu_p, logvar_p):
    mu_q, logvar_q, mu_p, logvar_p = (np.asarray(t) for t in (mu_q, logvar_q, mu_p, logvar_p))
    s = np.log(np.exp(logvar_p) ** 0.5 / np.exp(logvar_q) ** 0.5)
    return (
        torch.from_numpy(
            np.atleast_1d((s + (np.exp(logvar_q) + (mu_q - mu_p) ** 2) / (2 * np.exp(logvar_p)) - 0.5).sum(-1))
        ).squeeze(0)
        if mu_q.ndim == 1 and mu_p.ndim == 1
        else torch.from_numpy((s + (np.exp(logvar_q) + (mu_q - mu_p) ** 2) / (2 * np.exp(logvar_p)) - 0.5).sum(-1))
    )


def kl_normal_nested(mu_q, logvar_q, mu_p, logvar_p):
    var = torch.exp

    def cross_entropy():
        return 0.5 * (LOG_2PI + logvar_p + (var(logvar_q) + (mu_q - mu_p).pow(2)) / var(logvar_p))

    def entropy():
        return 0.5 * (LOG_2PI + logvar_q + 1)

    total = cross_entropy() - entropy()
    total = torch.sum(total, -1, keepdim=True)
    return total.squeeze(-1)


answers.right("covariance matrices", kl_normal_cov)
answers.right("columns stacked", kl_normal_columns)
answers.right("cross-entropy minus entropy, keepdim and squeeze", kl_normal_nested)
answers.right("relu at the end (a KL is not negative)", lambda a, b, c, d: k2(a, b, c, d).sum(-1).clamp(min=0))
answers.right("float32 inside, float64 back", lambda a, b, c, d: k2(a.float(), b.float(), c.float(), d.float()).sum(-1).double())
answers.right(
    "MultivariateNormal",
    lambda a, b, c, d: kl_divergence(
        *(
            MultivariateNormal(m, torch.diag_embed(v.exp()), validate_args=False)
            for m, v in (
                (torch.broadcast_tensors(a, c)[0], torch.broadcast_tensors(b, a)[0]),
                (torch.broadcast_tensors(c, a)[0], torch.broadcast_tensors(d, a)[0]),
            )
        )
    ),
)
answers.right("numpy round trip", kl_normal_np)
answers.right("no_grad", torch.no_grad()(lambda a, b, c, d: k2(a, b, c, d).sum(-1)))
answers.wrong(
    "distance not squared", "square", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c).abs()) / d.exp() - 1).sum(-1)
)
answers.wrong(
    "difference of squares", "square|distance", lambda a, b, c, d: 0.5 * (d - b + (b.exp() + a**2 - c**2) / d.exp() - 1).sum(-1)
)
answers.wrong(
    "log-ratio of variances unhalved",
    "half|½|log",
    lambda a, b, c, d: ((d - b) + (b.exp() + (a - c) ** 2) / (2 * d.exp()) - 0.5).sum(-1),
)
answers.wrong(
    "divided by sigma_p, not its square",
    "variance|standard deviation|square|σ",
    lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / (d / 2).exp() - 1).sum(-1),
)
answers.wrong(
    "sigma_q for its square",
    "variance|standard deviation|square|σ",
    lambda a, b, c, d: 0.5 * (d - b + ((b / 2).exp() + (a - c) ** 2) / d.exp() - 1).sum(-1),
)
answers.wrong(
    "prior variance forgotten", "variance|σ_p|logvar_p", lambda a, b, c, d: 0.5 * (d - b + b.exp() + (a - c) ** 2 - 1).sum(-1)
)
answers.wrong("sum over dim 1", "dimension", lambda a, b, c, d: k2(a, b, c, d).sum(1))
answers.wrong("sum over dim 0", "dimension", lambda a, b, c, d: k2(a, b, c, d).sum(0))
answers.wrong("minus the KL", "sign|negative|-1 times", lambda a, b, c, d: -k2(a, b, c, d).sum(-1))
answers.wrong("symmetrised mean", "symmetr|both", lambda a, b, c, d: (k2(a, b, c, d) + k2(c, d, a, b)).sum(-1) / 2)
answers.wrong("free bits of 0.1 per latent", "free bits|clamp|small", lambda a, b, c, d: k2(a, b, c, d).clamp(min=0.1).sum(-1))
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda a, b, c, d: k2(a, b.clamp(-6, 2), c, d.clamp(-6, 2)).sum(-1))
answers.wrong("means clamped to 10", "clamp|far|mean", lambda a, b, c, d: k2(a.clamp(-10, 10), b, c.clamp(-10, 10), d).sum(-1))
answers.wrong("divided by the batch", "batch", lambda a, b, c, d: k2(a, b, c, d).sum(-1) / (len(a) if a.ndim > 1 else 1))
answers.wrong("keepdim", "shape", lambda a, b, c, d: k2(a, b, c, d).sum(-1, keepdim=True))
answers.wrong(
    "base-2 log-ratio",
    "base|bits|log",
    lambda a, b, c, d: (0.5 * (d - b) / LN2 + (b.exp() + (a - c) ** 2) / (2 * d.exp()) - 0.5).sum(-1),
)
answers.wrong(
    "1e-3 added to the variance of p",
    "constant|epsilon|small",
    lambda a, b, c, d: 0.5 * (d - b + (b.exp() + (a - c) ** 2) / (d.exp() + 1e-3) - 1).sum(-1),
)
answers.wrong("float16", "precision|half|float16", lambda a, b, c, d: k2(a.half(), b.half(), c.half(), d.half()).sum(-1))
answers.wrong(
    "-1 once for all latents", "1|dimension", lambda a, b, c, d: 0.5 * ((d - b + (b.exp() + (a - c) ** 2) / d.exp()).sum(-1) - 1)
)
answers.wrong(
    "first row of p for all",
    "row|image|broadcast|batch",
    lambda a, b, c, d: k2(a, b, c[:1] if c.ndim > 1 else c, d[:1] if d.ndim > 1 else d).sum(-1),
)
answers.wrong(
    "reshaped instead of broadcast",
    "shape|broadcast|RuntimeError",
    lambda a, b, c, d: k2(a, b.reshape(a.shape), c.reshape(a.shape), d.reshape(a.shape)).sum(-1),
    fair=0.9,
)
answers.wrong(
    "only 1-D and 2-D: last of two",
    "dimension|last|shape",
    lambda a, b, c, d: (t := k2(a, b, c, d)).sum(1 if t.ndim > 1 else 0),
    fair=0.9,
)
answers.wrong(
    "expanded to mu_q's shape (one q for many p fails)",
    "broadcast|shape",
    lambda a, b, c, d: k2(a, *(t.expand_as(a) for t in (b, c, d))).sum(-1),
    fair=0.9,
)
answers.wrong(
    "Monte Carlo with own noise",
    "draw none|noise|differently|random",
    lambda a, b, c, d: (
        Normal(a, (b / 2).exp()).log_prob(
            z := a + (b / 2).exp() * torch.randn(a.shape if a.ndim >= b.ndim else b.shape, dtype=a.dtype)
        )
        - Normal(c, (d / 2).exp()).log_prob(z)
    ).sum(-1),
)
answers.wrong(
    "Monte Carlo with a seed reset",
    "sample|formula|noise|Monte",
    lambda a, b, c, d: (
        torch.manual_seed(0),
        (
            Normal(a, (b / 2).exp()).log_prob(z := a + (b / 2).exp() * torch.randn(100, *a.shape, dtype=a.dtype))
            - Normal(c, (d / 2).exp()).log_prob(z)
        )
        .mean(0)
        .sum(-1),
    )[1],
)


def kl_normal_distributions(mu_q, logvar_q, mu_p, logvar_p):
    return kl_divergence(normal(mu_q, logvar_q), normal(*torch.broadcast_tensors(mu_p, logvar_p)))


answers.right("distributions", kl_normal_distributions)


def kl_normal_by_std(mu_q, logvar_q, mu_p, logvar_p):
    s_q, s_p = torch.exp(logvar_q / 2), torch.exp(logvar_p / 2)
    return (torch.log(s_p / s_q) + (s_q**2 + (mu_q - mu_p) ** 2) / (2 * s_p**2) - 0.5).sum(dim=-1)


answers.right("by std", kl_normal_by_std)


answers.same = {"mu_q - mu_p  ->  mu_p - mu_q": "squared"}
