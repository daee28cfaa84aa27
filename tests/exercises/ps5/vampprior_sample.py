"""Answers to ps5.4 vampprior_sample as students write them."""

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from tests.exercises.answers import Answers

answers = Answers()


def sample_lists(uniform, noise, mu, logvar):
    rows = []
    for i, u in enumerate(uniform.tolist()):
        k = 0
        while u >= (k + 1) / len(mu) and k < len(mu) - 1:
            k += 1
        rows.append(mu[k] + (logvar[k] * 0.5).exp() * noise[i])
    return rows


def sample_onehot(uniform, noise, mu, logvar):
    edges = torch.arange(len(mu), dtype=uniform.dtype) / len(mu)
    chosen = (uniform[:, None] >= edges) & (uniform[:, None] < edges + 1 / len(mu))
    k = chosen.int().argmax(1) if bool(chosen.any(1).all()) else (uniform[:, None] >= edges).sum(1) - 1
    q = Normal(mu[k], torch.sqrt(logvar[k].exp()))
    return q.mean + q.stddev * noise


answers.right("list of rows by intervals", sample_lists)
answers.right("interval table", sample_onehot)
answers.right(
    "numpy",
    lambda uniform, noise, mu, logvar: (lambda k: mu.numpy()[k] + np.exp(logvar.numpy()[k] / 2) * noise.numpy())(
        (uniform.numpy() * len(mu)).astype(int)
    ),
)
answers.right(
    "gather",
    lambda uniform, noise, mu, logvar: (lambda k: mu.gather(0, k) + (0.5 * logvar.gather(0, k)).exp() * noise)(
        (uniform * len(mu)).floor().long()[:, None].expand_as(noise)
    ),
)
answers.right(
    "count of edges passed, minimum for safety",
    lambda uniform, noise, mu, logvar: (lambda k: torch.addcmul(mu[k], (logvar[k] / 2).exp(), noise))(
        torch.clamp((uniform[:, None] * len(mu) >= torch.arange(1, len(mu) + 1)).sum(1), max=len(mu) - 1)
    ),
)
answers.right(
    "searchsorted on the cumulated weights",
    lambda uniform, noise, mu, logvar: (lambda k: mu[k] + (logvar[k] / 2).exp() * noise)(
        torch.searchsorted(torch.arange(1, len(mu)).double() / len(mu), uniform, right=True)
    ),
)
answers.right(
    "vmap",
    lambda uniform, noise, mu, logvar: torch.vmap(
        lambda u, e: (lambda w: w @ mu + (w @ logvar / 2).exp() * e)(F.one_hot((u * len(mu)).long(), len(mu)).double())
    )(uniform, noise),
)
ki = lambda u, m: (u * len(m)).long().clamp(0, len(m) - 1)
dr = lambda k, e, m, v: m[k] + (v[k] / 2).exp() * e
answers.wrong("ceil", "index|cut|round|first", lambda u, e, m, v: dr((u * len(m)).ceil().long().clamp(max=len(m) - 1), e, m, v))
answers.wrong(
    "ceil minus 1 (boundaries to the lower)",
    "boundar|index|<",
    lambda u, e, m, v: dr(((u * len(m)).ceil().long() - 1).clamp(min=0), e, m, v),
    fair=0.9,
)
answers.wrong(
    "searchsorted from the left",
    "boundar|index|<",
    lambda u, e, m, v: dr(torch.searchsorted(torch.arange(1, len(m)).double() / len(m), u), e, m, v),
    fair=0.9,
)
answers.wrong(
    "nearest by clamped rounding of K - 1", "round|index", lambda u, e, m, v: dr((u * (len(m) - 1)).round().long(), e, m, v)
)
answers.wrong("two components only", "component|index", lambda u, e, m, v: dr((u > 0.5).long().clamp(max=len(m) - 1), e, m, v))
answers.wrong("reversed components", "order|index|component", lambda u, e, m, v: dr(len(m) - 1 - ki(u, m), e, m, v))
answers.wrong("own random choice", "draw none|random", lambda u, e, m, v: dr(torch.randint(len(m), (len(u),)), e, m, v))
answers.wrong("own noise", "draw none|noise", lambda u, e, m, v: dr(ki(u, m), torch.randn_like(e), m, v))
answers.wrong(
    "own noise after a seed reset", "noise", lambda u, e, m, v: (torch.manual_seed(0), dr(ki(u, m), torch.randn_like(e), m, v))[1]
)
answers.wrong("noise forgotten", "noise", lambda u, e, m, v: m[ki(u, m)])
answers.wrong("unit noise", "σ|scale|exp|variance", lambda u, e, m, v: m[ki(u, m)] + e)
answers.wrong("negative noise", "sign", lambda u, e, m, v: dr(ki(u, m), -e, m, v))
answers.wrong("one over sigma", "sign|σ|exp", lambda u, e, m, v: dr(ki(u, m), e, m, -v))
answers.wrong("logvar scales", "exp|log", lambda u, e, m, v: m[ki(u, m)] + v[ki(u, m)] * e)
answers.wrong(
    "variance of another draw (first n rows)",
    "component|index|variance",
    lambda u, e, m, v: m[ki(u, m)] + (v[torch.arange(len(u)) % len(m)] / 2).exp() * e,
)
answers.wrong("sigma averaged", "component|mean|variance", lambda u, e, m, v: m[ki(u, m)] + (v.mean(0) / 2).exp() * e)
answers.wrong(
    "soft choice",
    "component|mean|mixture",
    lambda u, e, m, v: u[:, None] * m[-1] + (1 - u[:, None]) * m[0] + (v[ki(u, m)] / 2).exp() * e,
)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda u, e, m, v: dr(ki(u, m), e, m, v.clamp(-6, 2)))
answers.wrong("sum of all components", "component|mean", lambda u, e, m, v: m.sum(0) + (v.sum(0) / 2).exp() * e)
answers.wrong("index from the number of draws", "component|index|K", lambda u, e, m, v: dr((u * len(u)).long() % len(m), e, m, v))
answers.wrong("500 components", "component|index|K|500", lambda u, e, m, v: dr((u * 500).long() % len(m), e, m, v))
answers.wrong(
    "float16 index", "precision|half", lambda u, e, m, v: dr((u.half() * len(m)).long().clamp(max=len(m) - 1), e, m, v), fair=0.9
)
answers.wrong(
    "float32 index, not clamped", "one|index|IndexError", lambda u, e, m, v: dr((u.float() * len(m)).long(), e, m, v), fair=0.9
)
answers.wrong("sorted uniforms", "order|own|draw", lambda u, e, m, v: dr(ki(u.sort().values, m), e, m, v))


def vampprior_sample_floor(uniform, noise, mu, logvar):
    k = torch.floor(uniform * mu.shape[0]).to(torch.int64)
    return torch.index_select(mu, 0, k) + torch.sqrt(torch.exp(torch.index_select(logvar, 0, k))) * noise


answers.right("floor", vampprior_sample_floor)


def vampprior_sample_cumulative(uniform, noise, mu, logvar):
    cumulative = torch.arange(1, len(mu)) / len(mu)
    k = torch.bucketize(uniform, cumulative.to(uniform.dtype), right=True)
    chosen = F.one_hot(k, len(mu)).to(mu.dtype)
    return chosen @ mu + (chosen @ logvar / 2).exp() * noise


answers.right("cumulative", vampprior_sample_cumulative)
