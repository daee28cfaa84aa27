"""Answers to ps1.1 kl_discrete as students write them."""

import functools
import math

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from torch.distributions import Categorical, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2

answers = Answers()


def kl_rows_recursive(q, p):
    def go(a, b):
        if isinstance(a[0], list):
            return [go(x, y) for x, y in zip(a, b)]
        return sum(0.0 if x == 0 else (math.inf if y == 0 else x * math.log(x / y)) for x, y in zip(a, b))

    return torch.tensor(go(q.tolist(), p.tolist()), dtype=torch.float64)


@torch.no_grad()
def kl_hinted(q: torch.Tensor, p: torch.Tensor, dim: int = -1, verbose: bool = True) -> torch.Tensor:
    if verbose:
        print("q", q.shape, "p", p.shape)
    ratio = torch.ones_like(q)
    used = q != 0
    ratio[used] = q[used] / p[used]
    ratio.log_().mul_(q)
    return torch.sum(ratio, dim=dim)


class CachedKL:
    seen = {}

    def __call__(self, q, p):
        self.seen[tuple(q.shape)] = self.seen.get(tuple(q.shape), 0) + 1
        return -torch.special.entr(q).sum(-1) - torch.special.xlogy(q, p).sum(-1)


def kl_numpy_where(q, p):
    q, p = q.numpy(), p.numpy()
    with np.errstate(all="ignore"):
        return np.where(q > 0, q * np.log(q / p), 0.0).sum(axis=-1)


def kl_vmap(q, p):
    one = lambda a, b: torch.where(a > 0, a * (torch.log(torch.where(a > 0, a, 1.0)) - torch.log(b)), 0.0).sum()
    n = q.shape[-1]
    return torch.vmap(one)(q.reshape(-1, n), p.reshape(-1, n)).reshape(q.shape[:-1])


answers.right("scipy rel_entr on numpy", lambda q, p: torch.as_tensor(scipy.special.rel_entr(q.numpy(), p.numpy()).sum(-1)))
answers.right("nan_to_num per outcome", lambda q, p: (q * (q / p).log()).nan_to_num(nan=0.0, posinf=math.inf).sum(-1))
answers.right("recursive lists and floats", kl_rows_recursive)
answers.right("type hints, defaults, no_grad, prints, in place on own tensors", kl_hinted)
answers.right("a callable object with a cache", CachedKL())
answers.right("numpy where, numpy answer", kl_numpy_where)
answers.right("vmap", kl_vmap)
answers.right(
    "functools.partial with an axis",
    functools.partial(lambda q, p, axis: torch.special.xlogy(q, torch.where(q > 0, q / p, 1.0)).sum(axis), axis=-1),
)
answers.right("float32 inside", lambda q, p: scipy_free_kl(q.float(), p.float()))
answers.right(
    "float64 at the end of float32 masks",
    lambda q, p: torch.where(q > 0, q.double() * (q.clamp(min=1e-300).log() - p.log()), 0.0).sum(-1).double(),
)


def scipy_free_kl(q, p):
    return torch.where(q > 0, q * (torch.where(q > 0, q, 1.0) / p).log(), 0.0).sum(-1)


answers.wrong(
    "logs clamped at 1e-6",
    "small constant|infinite|p = 0|p is 0",
    lambda q, p: (q * (q.clamp(min=1e-6).log() - p.clamp(min=1e-6).log())).sum(-1),
    fair=0.9,
)
answers.wrong(
    "1e-12 added inside logs",
    "small constant|infinite|p = 0|p is 0",
    lambda q, p: (q * ((q + 1e-12) / (p + 1e-12)).log()).sum(-1),
    fair=0.9,
)
answers.wrong(
    "outcomes with p = 0 left out",
    "infinite|p is 0|p = 0",
    lambda q, p: torch.where((q > 0) & (p > 0), q * (q.clamp(min=1e-99) / p.clamp(min=1e-99)).log(), 0.0).sum(-1),
    fair=0.9,
)
answers.wrong(
    "row with a nan becomes 0", "q is 0|nan", lambda q, p: (q * (q / p).log()).sum(-1).nan_to_num(0.0, math.inf), fair=0.9
)
answers.wrong(
    "Jensen-Shannon",
    "mixture|symmetr|average of q and p",
    lambda q, p: 0.5 * scipy_free_kl(q, (q + p) / 2) + 0.5 * scipy_free_kl(p, (q + p) / 2),
)
answers.wrong("symmetrised", "symmetr|both directions", lambda q, p: scipy_free_kl(q, p) + scipy_free_kl(p, q))
answers.wrong("total variation", "log", lambda q, p: 0.5 * (q - p).abs().sum(-1))
answers.wrong("F.kl_div batchmean", "batch|row|last dimension", lambda q, p: F.kl_div(p.log(), q, reduction="batchmean"))
answers.wrong("F.kl_div the wrong way round", r"KL\(p", lambda q, p: F.kl_div(q.log(), p, reduction="none").sum(-1))
answers.wrong("F.kl_div given probabilities, not logs", "log", lambda q, p: F.kl_div(p, q, reduction="none").sum(-1))
answers.wrong("log base 10", "base|bits|natural|factor", lambda q, p: (q * (q / p).log10()).nan_to_num(0.0, math.inf).sum(-1))
answers.wrong(
    "softmax first",
    "probabilit|softmax|sum to one",
    lambda q, p: F.kl_div(p.log_softmax(-1), q.softmax(-1), reduction="none").sum(-1),
)
answers.wrong(
    "terms in absolute value", "absolute|negative", lambda q, p: (q * (q / p).log()).abs().nan_to_num(0.0, math.inf).sum(-1)
)
answers.wrong(
    "negative terms clamped", "negative", lambda q, p: (q * (q / p).log()).nan_to_num(0.0, math.inf).clamp(min=0).sum(-1)
)
answers.wrong("float16", "precision|float16|half", lambda q, p: scipy_free_kl(q.half(), p.half()))
answers.wrong("sum over dim 0", "last dimension|dimension", lambda q, p: (q * (q / p).log()).nan_to_num(0.0, math.inf).sum(0))
answers.wrong("sum over dim 1 only", "dimension", lambda q, p: (q * (q / p).log()).nan_to_num(0.0, math.inf).sum(1))
answers.wrong(
    "only coins", "outcome", lambda q, p: (q[..., :2] * (q[..., :2] / p[..., :2]).log()).nan_to_num(0.0, math.inf).sum(-1)
)
answers.wrong("divided by log n", "factor|log", lambda q, p: scipy_free_kl(q, p) / math.log(q.shape[-1]))
answers.wrong("squared Hellinger", "log", lambda q, p: ((q.sqrt() - p.sqrt()) ** 2).sum(-1))
answers.wrong(
    "log without the weight q", "weigh|average|times q|expectation", lambda q, p: (q / p).log().nan_to_num(0.0, math.inf).sum(-1)
)


def kl_overwrites(q, p):
    zero = q == 0
    q[zero], p[zero] = 1.0, 1.0
    return (q * (q / p).log()).sum(-1)


def kl_memorised(q, p):
    return {0.5: 0.5 * math.log(25 / 21), 0.3: 0.0822829, 0.2: 0.0, 0.0: LN2}.get(round(float(q.flatten()[0]), 3), 0.1)


answers.wrong("inputs overwritten", "in place", kl_overwrites, fair=0.9)
answers.wrong("values of the notebook", "shape", kl_memorised)


def kl_discrete_xlogy(q, p):
    ratio = torch.where(q > 0, q / p, torch.ones_like(q))
    return torch.special.xlogy(q, ratio).sum(-1)


answers.right("xlogy", kl_discrete_xlogy)


def kl_discrete_loop(q, p):
    rows = []
    for a, b in zip(q.reshape(-1, q.shape[-1]).tolist(), p.reshape(-1, p.shape[-1]).tolist()):
        total = 0.0
        for qi, pi in zip(a, b):
            if qi > 0:
                total += math.inf if pi == 0 else qi * (math.log(qi) - math.log(pi))
        rows.append(total)
    return torch.tensor(rows).reshape(q.shape[:-1])


answers.right("loop", kl_discrete_loop)


def kl_discrete_distributions(q, p):
    return kl_divergence(Categorical(probs=q), Categorical(probs=p))


answers.right("distributions", kl_discrete_distributions)
