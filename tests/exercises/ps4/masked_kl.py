"""Answers to ps4.2 masked_kl as students write them."""

import math

import numpy as np
import torch
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import k2, kl_standard_normal_loop, kl_terms, masked_kl_distributions, masked_kl_terms

answers = Answers()


def masked_rows(mu, logvar, mask):
    out = []
    for m, v, k in zip(mu, logvar, mask):
        inside = k.bool()
        out.append(kl_terms(m[inside], v[inside]).sum())
    return torch.stack(out)


def masked_dist(mu, logvar, mask):
    q = Normal(mu.masked_fill(mask == 0, 0.0), torch.exp(0.5 * logvar.masked_fill(mask == 0, 0.0)))
    return kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(-1)


answers.right("boolean index row by row", masked_rows)
answers.right("masked_fill and distributions", masked_dist)
answers.right(
    "batched matmul of terms and mask",
    lambda mu, logvar, mask: torch.bmm(kl_terms(mu, logvar)[:, None, :], mask[:, :, None])[:, 0, 0],
)
answers.right(
    "through kl_normal with a standard prior",
    lambda mu, logvar, mask: k2(mask * mu, mask * logvar, torch.zeros_like(mu), torch.zeros_like(mu)).sum(-1),
)
answers.right("where on the terms", lambda mu, logvar, mask: torch.where(mask == 1, kl_terms(mu, logvar), 0.0).sum(1))
answers.right("vmap", lambda mu, logvar, mask: torch.vmap(lambda m, v, k: (kl_terms(m * k, v * k)).sum())(mu, logvar, mask))
answers.right("float32", lambda mu, logvar, mask: kl_terms(mu.float() * mask.float(), logvar.float() * mask.float()).sum(-1))
answers.right(
    "numpy",
    lambda mu, logvar, mask: torch.from_numpy(
        (mask.numpy() * 0.5 * (mu.numpy() ** 2 + np.exp(logvar.numpy()) - logvar.numpy() - 1)).sum(1)
    ),
)
answers.right("no_grad", torch.no_grad()(lambda mu, logvar, mask: kl_terms(mask * mu, mask * logvar).sum(-1)))
mt = lambda mu, v, k: kl_terms(k * mu, k * v)
answers.wrong("mean over the epitome", "mean|sum", lambda mu, v, k: mt(mu, v, k).sum(-1) / k.sum(-1).clamp(min=1))
answers.wrong("half missing", "½|half|twice|2 times", lambda mu, v, k: 2 * mt(mu, v, k).sum(-1))
answers.wrong("negated", "sign|negative|-1 times", lambda mu, v, k: -mt(mu, v, k).sum(-1))
answers.wrong("total", "batch|image|one number", lambda mu, v, k: mt(mu, v, k).sum())
answers.wrong("sum over images", "dimension|image", lambda mu, v, k: mt(mu, v, k).sum(0))
answers.wrong("first mask for all", "mask|row|image|own", lambda mu, v, k: mt(mu, v, k[:1]).sum(-1))
answers.wrong(
    "std for the variance", "variance|deviation", lambda mu, v, k: 0.5 * ((k * mu) ** 2 + (k * v / 2).exp() - k * v - 1).sum(-1)
)
answers.wrong("-1 forgotten", "1", lambda mu, v, k: 0.5 * ((k * mu) ** 2 + (k * v).exp() - k * v).sum(-1))
answers.wrong("-1 forgotten, terms masked", "1", lambda mu, v, k: 0.5 * (k * (mu**2 + v.exp() - v)).sum(-1))
answers.wrong("variance term unmasked", "variance|mask", lambda mu, v, k: 0.5 * ((k * mu) ** 2 + v.exp() - k * v - 1).sum(-1))
answers.wrong("log term unmasked", "log|mask", lambda mu, v, k: 0.5 * ((k * mu) ** 2 + (k * v).exp() - v - 1).sum(-1))
answers.wrong(
    "rows with equally many ones only",
    "mask|row|shape",
    lambda mu, v, k: kl_terms(mu, v)[k.bool()].reshape(len(mu), int(k[0].sum())).sum(-1),
)
answers.wrong(
    "as many ones as the first row has",
    "mask|row",
    lambda mu, v, k: (kl_terms(mu, v) * k).topk(int(k[0].sum()), -1).values.sum(-1),
)
answers.wrong("log E added", "log E|constant|off by", lambda mu, v, k: mt(mu, v, k).sum(-1) + math.log(12))
answers.wrong(
    "1e-3 in the variance",
    "constant|epsilon",
    lambda mu, v, k: 0.5 * ((k * mu) ** 2 + (k * v).exp() - ((k * v).exp() + 1e-3).log() - 1).sum(-1),
)
answers.wrong(
    "1e-6 in the variance",
    "constant|epsilon",
    lambda mu, v, k: 0.5 * ((k * mu) ** 2 + (k * v).exp() - ((k * v).exp() + 1e-6).log() - 1).sum(-1),
)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda mu, v, k: mt(mu, v.clamp(-6, 2), k).sum(-1))
answers.right(
    "the ones counted off at the end",
    lambda mu, logvar, mask: 0.5 * ((mask * mu) ** 2 + mask * logvar.exp() - mask * logvar - mask.mean(-1, keepdim=True)).sum(-1),
)
answers.wrong("always the first two latents", "mask", lambda mu, v, k: kl_terms(mu, v)[:, :2].sum(-1))
answers.wrong("mask from mu", "mask", lambda mu, v, k: torch.where(mu != 0, kl_terms(mu, v), 0.0).sum(-1))
answers.wrong("weighted by the share of the mask", "mask|share", lambda mu, v, k: kl_terms(mu, v).sum(-1) * k.mean(-1))
answers.right("gradients stopped at logvar", lambda mu, v, k: mt(mu, v.detach(), k).sum(-1))
answers.wrong("masked in place", "in place", lambda mu, v, k: kl_terms(mu.mul_(k), v.mul_(k)).sum(-1), fair=0.5)
answers.wrong(
    "0 * inf: exp before the mask of a huge logvar",
    "mask|nan",
    lambda mu, v, k: 0.5 * (k * (mu**2 + v.exp() - (v.exp()).log() - 1)).sum(-1),
    fair=0.9,
)


def masked_kl_where(mu, logvar, mask):
    inside = mask > 0
    zero = torch.zeros_like(mu)
    return kl_standard_normal_loop(torch.where(inside, mu, zero), torch.where(inside, logvar, zero))


answers.right("where", masked_kl_where)
answers.right("distributions", masked_kl_distributions)
answers.right("terms", masked_kl_terms)


answers.same = {"-1  ->  1": "the last dimension of (batch, dim) is the second"}
