"""What can go wrong with a value: a step's, an argument's, a number's. The same faults for all exercises, each with its kind
and its words, in which {it} is what the value is called.
"""

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

LN2 = math.log(2)


@dataclass(frozen=True)
class Fault:
    kind: str
    words: str
    function: Callable
    numerical: bool = False
    loose: str = ""


def _clamped(low: float | None, high: float | None) -> Fault:
    where = f"cut off below at {low:g}" if high is None else f"cut off above at {high:g}" if low is None else ""
    words = "{it} is " + (where or f"clamped between {low:g} and {high:g}")
    loose = "{it} is " + (
        "cut off below" if high is None else "cut off above" if low is None else "clamped to too narrow a range"
    )
    return Fault("clamp or overflow", words, lambda v: v.clamp(low, high), True, loose)


def _over(dim: int, how: str) -> Callable:
    """A value replaced by its sum (mean, ...) over one dimension, for all along it."""
    return lambda v: getattr(v, how)(dim=dim, keepdim=True).expand_as(v)


def _whole(how: str) -> Callable:
    return lambda v: getattr(v, how)().expand_as(v)


PLAIN = 10  # the first faults of each list are the common ones
FEW = 33  # those of a value at a single use
SMALL = (1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12)
TINY = (1e-45, 1e-40, 1e-38, 1e-37, 1e-32, 1e-30, 1e-20, 1e-16, 1e-12, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3)
FIRST = (1, 2, 3, 4, 5, 6, 8, 10, 12, 16, 20, 32, 40, 50, 64)  # sizes that are written where one should be asked for


def _without_last(v: Tensor) -> Tensor:
    return torch.cat([v[..., :-1], torch.zeros_like(v[..., -1:])], -1)


def _kept_from_zero(name: str, through: Callable, back: Callable, smalls: tuple[float, ...]) -> list[Fault]:
    """A small number, as the lower limit of what a value stands for or added to it: that is `through` of it, and `back` again."""
    loose = f"a small number keeps {name} away from 0"
    faults = []
    for c in smalls:
        words = f"a small number, {c:g}, keeps {name} away from 0"
        faults.append(Fault("clamp or overflow", words, lambda v, c=c: back(through(v).clamp(min=c)), True, loose))
        faults.append(Fault("constant", words, lambda v, c=c: back(through(v) + c), True, loose))
    return faults


def _standardised(v: Tensor) -> Tensor:
    return (v - v.mean(-1, True)) / v.std(-1, keepdim=True)


FLOATS = [
    Fault("sign", "{it} has the wrong sign", operator.neg),
    Fault("left out", "{it} is missing", torch.zeros_like),
    Fault("factor", "{it} is twice too large", lambda v: 2 * v),
    Fault("factor", "{it} is half as large as it should be", lambda v: v / 2),
    Fault("power or root", "an absolute value is taken of {it}", torch.abs),
    Fault("power or root", "{it} is squared", lambda v: v * v),
    Fault("power or root", "a square root is taken of {it}", torch.sqrt),
    Fault("power or root", "{it} is turned upside down (one over it)", torch.reciprocal),
    Fault("left out", "1 stands where {it} belongs", torch.ones_like),
    Fault("log or exp", "exp is taken of {it}", torch.exp),
    Fault("log or exp", "a log is taken of {it}", torch.log),
    Fault("log or exp", "exp is taken of {it}, with the wrong sign", lambda v: (-v).exp()),
    Fault("log or exp", "log(1 + …) is taken of {it}", torch.log1p),
    Fault("another quantity", "a sigmoid is taken of {it}", torch.sigmoid),
    Fault("another quantity", "a tanh is taken of {it}", torch.tanh),
    Fault("another quantity", "a softplus is taken of {it}", F.softplus),
    Fault("another quantity", "1 − … is taken of {it}", lambda v: 1 - v),
    Fault("reduction", "{it} is averaged over its first dimension", _over(0, "mean")),
    Fault("reduction", "{it} is summed over its first dimension", _over(0, "sum")),
    Fault("reduction", "{it} is averaged over its last dimension", _over(-1, "mean")),
    Fault("reduction", "{it} is summed over its last dimension", _over(-1, "sum")),
    Fault("reduction", "{it} is summed over everything", _whole("sum")),
    Fault("reduction", "{it} is averaged over everything", _whole("mean")),
    Fault("reduction", "the largest of {it} stands for all", _whole("max")),
    Fault("reduction", "the largest of {it} along the last dimension stands for all", _over(-1, "amax")),
    Fault("reduction", "the largest of {it} along the first dimension stands for all", _over(0, "amax")),
    Fault("reduction", "the smallest of {it} stands for all", _whole("min")),
    Fault("index or order", "the first of {it} stands for all", lambda v: v[:1].expand_as(v)),
    Fault("index or order", "the last of {it} stands for all", lambda v: v[-1:].expand_as(v)),
    Fault("index or order", "the first column of {it} stands for all", lambda v: v[..., :1].expand_as(v)),
    Fault("axis or shape", "{it} is transposed", lambda v: v.T),
    Fault("index or order", "{it} stands in the opposite order (first dimension)", lambda v: v.flip(0)),
    Fault("index or order", "{it} stands in the opposite order (last dimension)", lambda v: v.flip(-1)),
    Fault("index or order", "{it} is moved on by one (first dimension)", lambda v: v.roll(1, 0)),
    Fault("index or order", "{it} is moved back by one (first dimension)", lambda v: v.roll(-1, 0)),
    Fault("index or order", "the first of {it} is left out", lambda v: torch.cat([torch.zeros_like(v[:1]), v[1:]])),
    Fault("index or order", "the last of {it} is left out", lambda v: torch.cat([v[:-1], torch.zeros_like(v[-1:])])),
    Fault("index or order", "the last column of {it} is left out", lambda v: _without_last(v)),
    Fault("gradient", "the gradient stops at {it}", lambda v: v.detach()),
    Fault("precision", "{it} is rounded to half precision", lambda v: v.half().to(v.dtype), True),
    Fault("precision", "{it} is rounded to whole numbers", torch.round),
    Fault("precision", "{it} is rounded down to whole numbers", torch.floor),
    Fault("another quantity", "{it} is turned into shares that add up to one (last dimension)", lambda v: v / v.sum(-1, True)),
    Fault("another quantity", "{it} is turned into shares that add up to one (first dimension)", lambda v: v / v.sum(0, True)),
    Fault("another quantity", "a softmax is taken of {it} (last dimension)", lambda v: v.softmax(-1)),
    Fault("another quantity", "a softmax is taken of {it} (first dimension)", lambda v: v.softmax(0)),
    Fault("another quantity", "the mean over the first dimension is taken off {it}", lambda v: v - v.mean(0, True)),
    Fault("another quantity", "the mean over the last dimension is taken off {it}", lambda v: v - v.mean(-1, True)),
    Fault(
        "another quantity", "{it} is brought to mean 0 and deviation 1 (first dimension)", lambda v: (v - v.mean(0)) / v.std(0)
    ),
    Fault("another quantity", "{it} is brought to mean 0 and deviation 1 (last dimension)", lambda v: _standardised(v)),
    Fault("another quantity", "the sign of {it} stands for it", torch.sign),
    Fault("constant", "{it} is too large by 1", lambda v: v + 1),
    Fault("constant", "{it} is too small by 1", lambda v: v - 1),
    Fault("constant", "{it} is too large by ½", lambda v: v + 0.5),
    Fault("constant", "{it} is too small by ½", lambda v: v - 0.5),
    Fault("factor", "{it} is four times too large", lambda v: 4 * v),
    Fault("factor", "{it} is a quarter of what it should be", lambda v: v / 4),
    Fault("factor", "{it} is in base 2 (divided by log 2)", lambda v: v / LN2),
    Fault("factor", "{it} is multiplied by log 2", lambda v: v * LN2),
    Fault("constant", "{it} is multiplied by 3", lambda v: v * 3),
    *[_clamped(low, high) for low, high in ((0, None), (None, 0), (0, 1), (1, None), (None, 1), (-6, 2))],
    *[_clamped(-limit, limit) for limit in (1, 2, 3, 4, 5, 6, 7, 8, 10, 15, 20, 30, 50, 100)],
    *[_clamped(-limit, None) for limit in (2, 3, 4, 5, 6, 8, 10, 20, 30, 50, 100)],
    *[_clamped(None, limit) for limit in (2, 3, 4, 5, 6, 8, 10, 20, 30, 50, 100)],
]
FLOATS += _kept_from_zero("{it}", lambda v: v, lambda v: v, SMALL)
FLOATS += [_clamped(small, 1 - small) for small in SMALL]
LOG_VARIANCES = [
    Fault("std, variance or log-variance", "{it} is taken for log σ: it is log σ², so σ² is exp(logvar)", lambda v: 2 * v),
    Fault("std, variance or log-variance", "{it} is halved: that gives σ where σ² belongs", lambda v: v / 2),
    Fault("std, variance or log-variance", "{it} is taken for σ² itself: it is its logarithm", torch.log),
    Fault("std, variance or log-variance", "{it} is taken for σ itself: it is log σ²", lambda v: 2 * v.log()),
    Fault("std, variance or log-variance", "{it} is taken for |σ| itself: it is log σ²", lambda v: 2 * v.abs().log()),
    Fault("std, variance or log-variance", "{it} has the wrong sign: that gives 1/σ² (the precision) for σ²", operator.neg),
    Fault("left out", "{it} is ignored: every variance is 1", torch.zeros_like),
]
LOG_VARIANCES += _kept_from_zero("the variance that {it} stands for", torch.exp, torch.log, SMALL)
LOG_VARIANCES += _kept_from_zero("σ = exp({it}/2)", lambda v: (v / 2).exp(), lambda v: 2 * v.log(), SMALL)
LOGS = [
    Fault("clamp or overflow", "exp is taken of {it} and then a log, which over- or underflows", lambda v: v.exp().log(), True)
]
LOGS += _kept_from_zero("exp of {it}", torch.exp, torch.log, TINY)
VARIANCES = [
    Fault("std, variance or log-variance", "the standard deviation σ stands where {it} belongs", torch.sqrt),
    Fault("std, variance or log-variance", "{it} is squared, as if exp(logvar) were σ", lambda v: v * v),
    Fault("std, variance or log-variance", "the log-variance stands where {it} belongs", torch.log),
    Fault("std, variance or log-variance", "log σ stands where {it} belongs", lambda v: v.log() / 2),
]
DEVIATIONS = [
    Fault("std, variance or log-variance", "the variance σ² stands where {it} belongs", lambda v: v * v),
    Fault("std, variance or log-variance", "the square root of σ stands where {it} belongs", torch.sqrt),
    Fault("std, variance or log-variance", "the log-variance stands where {it} belongs", lambda v: 2 * v.log()),
    Fault("std, variance or log-variance", "log σ stands where {it} belongs", torch.log),
]
INDICES = [
    Fault("index or order", "{it} is too large by one", lambda v: v + 1),
    Fault("index or order", "{it} is too small by one", lambda v: v - 1),
    Fault("index or order", "{it} stands in the opposite order", lambda v: v.flip(0)),
    Fault("index or order", "{it} is sorted", lambda v: v.sort().values),
    Fault(
        "index or order",
        "{it} is read backwards (a place for a number, or a number for a place)",
        lambda v: v.argsort(stable=True),
    ),
    Fault("index or order", "the first of {it} stands for all", lambda v: v[:1].expand_as(v)),
    Fault("index or order", "the last of {it} stands for all", lambda v: v[-1:].expand_as(v)),
    Fault("index or order", "{it} is moved on by one", lambda v: v.roll(1, 0)),
    Fault("index or order", "{it} is moved back by one", lambda v: v.roll(-1, 0)),
    Fault("index or order", "{it} is counted from the other end", lambda v: v.max() - v),
    Fault("left out", "{it} is missing (0 stands for it)", torch.zeros_like),
    Fault("factor", "{it} is twice too large", lambda v: 2 * v),
    Fault("factor", "{it} is half as large as it should be", lambda v: v / 2),
    Fault("index or order", "{it} is halved and rounded down", lambda v: v // 2),
    Fault("reduction", "{it} is turned into shares (divided by the sum)", lambda v: v / v.sum()),
    Fault("reduction", "{it} is summed up along the way", lambda v: v.cumsum(0)),
    Fault("another quantity", "1 stands for all of {it} that are not 0", lambda v: (v > 0).to(v.dtype)),
    Fault("index or order", "{it} counts up from 0, whatever was given", lambda v: torch.arange(len(v))),
]
TRUTHS = [
    Fault("sign", "{it} is the opposite: true for false", torch.logical_not),
    Fault("left out", "{it} is not asked: all count", torch.ones_like),
    Fault("left out", "{it} is not asked: none counts", torch.zeros_like),
    Fault("axis or shape", "{it} is transposed", lambda v: v.T),
    Fault("index or order", "{it} is moved on by one (last dimension)", lambda v: v.roll(1, -1)),
    Fault("index or order", "{it} stands in the opposite order (last dimension)", lambda v: v.flip(-1)),
    Fault("index or order", "{it} stands in the opposite order (first dimension)", lambda v: v.flip(0)),
]
NUMBERS = [
    Fault("left out", "{it} is missing (0 stands for it)", lambda n: 0 * n),
    Fault("left out", "1 stands where {it} belongs", lambda n: 0 * n + 1),
    Fault("sign", "{it} has the wrong sign", operator.neg),
    Fault("factor", "{it} is doubled", lambda n: 2 * n),
    Fault("factor", "{it} is halved", lambda n: n / 2),
    Fault("constant", "{it} is too large by one", lambda n: n + 1),
    Fault("constant", "{it} is too small by one", lambda n: n - 1),
    Fault("power or root", "{it} is squared", lambda n: n * n),
    Fault("power or root", "a square root is taken of {it}", lambda n: n**0.5),
    Fault("power or root", "{it} is turned upside down (one over it)", lambda n: 1 / n),
    Fault("log or exp", "a log is taken of {it}", lambda n: torch.tensor(float(n), dtype=torch.float64).log()),
    Fault("log or exp", "{it} is divided by log 2", lambda n: n / LN2),
    Fault("log or exp", "{it} is divided by log 10", lambda n: n / 2.302585092994046),
]
ANSWERS = [
    Fault("reduction", "{it} is summed over everything: one number for all", lambda v: v.sum()),
    Fault("reduction", "{it} is averaged over everything: one number for all", lambda v: v.mean()),
    Fault("axis or shape", "{it} keeps a dimension of size 1 at its end", lambda v: v.unsqueeze(-1)),
    Fault("axis or shape", "{it} has a dimension of size 1 in front", lambda v: v.unsqueeze(0)),
    Fault("axis or shape", "{it} is flattened", lambda v: v.flatten()),
    Fault("reduction", "{it} is averaged over the first dimension as well", lambda v: v.mean(0)),
    Fault("reduction", "{it} is summed over the first dimension as well", lambda v: v.sum(0)),
    Fault("reduction", "{it} is averaged over the last dimension as well", lambda v: v.mean(-1)),
    Fault("reduction", "{it} is summed over the last dimension as well", lambda v: v.sum(-1)),
    Fault("reduction", "{it} is divided by the number of its first dimension", lambda v: v / len(v)),
    Fault("reduction", "{it} is cumulated: each contains those before it", lambda v: v.cumsum(0)),
    Fault("index or order", "{it} is sorted", lambda v: v.sort(0).values),
]
