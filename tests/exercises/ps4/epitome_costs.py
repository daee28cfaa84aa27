"""Answers to ps4.3 epitome_costs as students write them."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers
from tests.exercises.shared import epitome_costs_einsum, kl_terms, masked_kl_distributions

answers = Answers()


def costs_broadcast(log_p_x, mu, logvar, masks):
    m, v = masks[None] * mu[:, None], masks[None] * logvar[:, None]
    kl = 0.5 * (m**2 + torch.exp(v) - 1 - v).sum(dim=2)
    return kl - log_p_x + torch.log(torch.tensor(masks.shape[0], dtype=torch.float64))


def costs_double_loop(log_p_x, mu, logvar, masks):
    rows = []
    for b in range(log_p_x.shape[0]):
        row = []
        for e in range(masks.shape[0]):
            inside = masks[e] > 0
            row.append(-log_p_x[b, e] + kl_terms(mu[b, inside], logvar[b, inside]).sum() + math.log(masks.size(0)))
        rows.append(torch.stack(row))
    return torch.stack(rows)


def costs_vmap(log_p_x, mu, logvar, masks):
    one = lambda m, v, mask: kl_terms(m * mask, v * mask).sum()
    kl = torch.vmap(torch.vmap(one, in_dims=(None, None, 0)), in_dims=(0, 0, None))(mu, logvar, masks)
    return torch.sub(kl, log_p_x).add(math.log(len(masks)))


answers.right("broadcast masks", costs_broadcast)
answers.right("double loop with stack", costs_double_loop)
answers.right("vmap of vmap", costs_vmap)
answers.right(
    "numpy",
    lambda log_p_x, mu, logvar, masks: (
        np.log(len(masks))
        - log_p_x.numpy()
        + (0.5 * (mu.numpy() ** 2 + np.exp(logvar.numpy()) - logvar.numpy() - 1)).dot(masks.numpy().T)
    ),
)
answers.right(
    "F.linear", lambda log_p_x, mu, logvar, masks: F.linear(kl_terms(mu, logvar), masks) - log_p_x - math.log(1 / len(masks))
)
answers.right(
    "log_softmax of equal logits as the prior of y",
    lambda log_p_x, mu, logvar, masks: (
        -(log_p_x + torch.zeros(len(masks), dtype=mu.dtype).log_softmax(0))
        + torch.einsum("bd,ed->be", kl_terms(mu, logvar), masks)
    ),
)
answers.right(
    "float32",
    lambda log_p_x, mu, logvar, masks: (
        -log_p_x.float() + kl_terms(mu.float(), logvar.float()) @ masks.float().T + math.log(len(masks))
    ),
)
cs = lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + math.log(len(k))
answers.wrong("log E subtracted", "log E|sign|off by", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T - math.log(len(k)))
answers.wrong("KL subtracted", "sign|KL", lambda l, m, v, k: -l - kl_terms(m, v) @ k.T + math.log(len(k)))
answers.wrong("log p added", "sign|log p", lambda l, m, v, k: l + kl_terms(m, v) @ k.T + math.log(len(k)))
answers.wrong("E for log E", "log E|log", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + len(k))
answers.wrong("log2 E", "natural|log E|base", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + math.log2(len(k)))
answers.wrong("log 12 hard-coded", "log E|epitomes", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + math.log(12))
answers.wrong(
    "log of the size",
    "log E|epitomes|latents",
    lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + math.log(max(float(k[0].sum()), 1)),
)
answers.wrong("log of the batch", "log E|epitomes|batch", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T + math.log(len(l)))
answers.wrong(
    "only the mean masked",
    "log-variance|mask",
    lambda l, m, v, k: -l + kl_terms(k * m[:, None], v[:, None]).sum(-1) + math.log(len(k)),
)
answers.wrong("mean over latents", "mean|sum", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T / k.shape[1] + math.log(len(k)))
answers.wrong("mean over the epitome", "mean|sum", lambda l, m, v, k: -l + kl_terms(m, v) @ k.T / k.sum(1) + math.log(len(k)))
answers.wrong("transposed", "shape|transpos", lambda l, m, v, k: cs(l, m, v, k).T)
answers.wrong(
    "masks not transposed (square only)",
    "shape|transpos|RuntimeError",
    lambda l, m, v, k: -l + kl_terms(m, v) @ k + math.log(len(k)),
)
answers.wrong("least cost only", "all|shape|epitome", lambda l, m, v, k: cs(l, m, v, k).min(1).values)
answers.wrong("halved KL", "½|half|KL", lambda l, m, v, k: -l + 0.5 * kl_terms(m, v) @ k.T + math.log(len(k)))
answers.wrong("KL without -1", "1", lambda l, m, v, k: -l + (kl_terms(m, v) + 0.5) @ k.T + math.log(len(k)))
answers.wrong(
    "std for the variance",
    "variance|deviation",
    lambda l, m, v, k: -l + (0.5 * (m**2 + (v / 2).exp() - v - 1)) @ k.T + math.log(len(k)),
)
answers.wrong("inverted masks", "upside|mask|invert", lambda l, m, v, k: -l + kl_terms(m, v) @ (1 - k).T + math.log(len(k)))
answers.wrong("posterior of y", "cost|softmax", lambda l, m, v, k: (-cs(l, m, v, k)).softmax(1))
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda l, m, v, k: cs(l, m, v.clamp(-6, 2), k))
answers.wrong("log E per latent", "log E", lambda l, m, v, k: -l + (kl_terms(m, v) + math.log(len(k))) @ k.T)
answers.wrong(
    "only disjoint masks: weights normalised over epitomes",
    "overlap|mask",
    lambda l, m, v, k: -l + kl_terms(m, v) @ (k / k.sum(0).clamp(min=1)).T + math.log(len(k)),
    fair=0.75,
)
answers.wrong(
    "reshape: only for disjoint masks of one size",
    "RuntimeError|overlap|shape|mask",
    lambda l, m, v, k: -l + kl_terms(m, v).reshape(len(m), len(k), -1).sum(-1) + math.log(len(k)),
    fair=0.75,
)


def epitome_costs_loop(log_p_x, mu, logvar, masks):
    columns = [masked_kl_distributions(mu, logvar, mask.expand_as(mu)) - log_p_x[:, e] for e, mask in enumerate(masks)]
    return torch.stack(columns, 1) + math.log(len(columns))


answers.right("loop", epitome_costs_loop)
answers.right("einsum", epitome_costs_einsum)
