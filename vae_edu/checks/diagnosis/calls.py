"""What can go wrong where a reference calls a function (a sum, a log, a sigmoid): something else is called, or otherwise."""

import math
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from .faults import FIRST, LN2, Fault


def _in(kind: str, words: str, function: Callable, numerical: bool = False) -> Fault:
    return Fault(kind, "in {step}, " + words, function, numerical)


def _both(function: Callable) -> Callable:
    """A fault of a function of one value, whatever else it is given."""
    return lambda v, *_, **__: function(v if isinstance(v, Tensor) else torch.tensor(float(v), dtype=torch.float64))


def _other_axis(how: str) -> Callable:
    return lambda v, dim=-1, **_: _values(getattr(v, how)(dim=0 if dim in (-1, v.ndim - 1) else -1))


def _values(found: Any) -> Tensor:
    return found if isinstance(found, Tensor) else found.values


def _reductions(name: str, others: dict[str, str]) -> list[Fault]:
    """Another reduction, or the same one along something else."""
    faults = [
        _in(
            "reduction",
            f"{words} is taken instead of {name}",
            lambda v, *d, how=how, **_: _values(getattr(v, how)(*d)),
        )
        for how, words in others.items()
    ]
    own = {"the sum": "sum", "the mean": "mean", "logsumexp": "logsumexp", "the variance": "var"}[name]
    return [
        *faults,
        Fault("reduction", f"in {{step}}, {name} is not taken at all", lambda v, *_, **__: v),
        _in("axis or shape", f"{name} runs over the wrong dimension", _other_axis(own)),
        _in("reduction", f"{name} runs over everything", lambda v, *_, **__: getattr(v.flatten(), own)(0)),
        _in("axis or shape", f"{name} keeps its dimension", lambda v, *d, **_: getattr(v, own)(*d, keepdim=True)),
        _in("index or order", "only the first counts", lambda v, d=0, **_: v.select(d, 0)),
        _in("index or order", "only the last counts", lambda v, d=0, **_: v.select(d, -1)),
        _in("index or order", "the last is left out", lambda v, d=0, **_: getattr(v.narrow(d, 0, v.shape[d] - 1), own)(d)),
        _in("index or order", "the first is left out", lambda v, d=0, **_: getattr(v.narrow(d, 1, v.shape[d] - 1), own)(d)),
        *[
            _in(
                "constant",
                f"only the first {n} count",
                lambda v, d=0, n=n, **_: getattr(v.narrow(d, 0, min(n, v.shape[d])), own)(d),
                True,
            )
            for n in FIRST
        ],
    ]


def _average(v: Tensor, d: int | None, count: Callable) -> Tensor:
    n = v.numel() if d is None else v.shape[d]
    return (v.sum() if d is None else v.sum(d)) / count(n)


def _by_halves(v: Tensor, d: int = 0) -> Tensor:
    """A running mean that gives each new value half of the weight."""
    first, *others = v.unbind(d)
    for other in others:
        first = (first + other) / 2
    return first


CALLS = {
    "sum": [
        *_reductions(
            "the sum",
            {"mean": "a mean", "amax": "the largest", "amin": "the least", "logsumexp": "logsumexp", "prod": "a product"},
        ),
        _in("reduction", "the sum is divided by the square root of the number", lambda v, d=-1: v.sum(d) / v.shape[d] ** 0.5),
        _in("reduction", "absolute values are added", lambda v, d=-1: v.abs().sum(d)),
        _in("reduction", "the sum is averaged over the first dimension", lambda v, d=-1: v.sum(d).mean()),
        _in("reduction", "the sum is divided by the size of the first dimension", lambda v, d=-1: v.sum(d) / len(v)),
    ],
    "mean": [
        *_reductions(
            "the mean",
            {"sum": "a sum", "median": "the median", "amax": "the largest", "amin": "the least", "logsumexp": "logsumexp"},
        ),
        _in("reduction", "the mean divides by n − 1", lambda v, d=None: _average(v, d, lambda n: n - 1)),
        _in("reduction", "the mean divides by n − 1", lambda v, d=None: _average(v, d, lambda n: max(n - 1, 1))),
        _in("reduction", "the median (between the middle two) is taken", lambda v, d=0: v.quantile(0.5, d)),
        _in("reduction", "each new one weighs as much as all before it", _by_halves),
        _in("reduction", "the mean divides by n + 1", lambda v, d=None: _average(v, d, lambda n: n + 1)),
        *[
            _in("constant", f"the mean divides by {k}, whatever the number", lambda v, d=None, k=k: _average(v, d, lambda n: k))
            for k in (*FIRST[4:], 100, 128, 256, 500, 1000)
        ],
        _in("reduction", "the mean divides by the square root of n", lambda v, d=None: _average(v, d, lambda n: n**0.5)),
        _in("reduction", "absolute values are averaged", lambda v, d=None: _average(v.abs(), d, lambda n: n)),
        _in("reduction", "the mean is that of squares", lambda v, d=None: _average(v * v, d, lambda n: n)),
    ],
    "logsumexp": [
        *_reductions("logsumexp", {"amax": "the largest alone", "mean": "a mean", "sum": "a sum"}),
        _in("log or exp", "exp is missing", lambda v, d: v.sum(d).log()),
        _in("log or exp", "the log is missing", lambda v, d: v.exp().sum(d)),
        _in("log or exp", "the exponents have the wrong sign", lambda v, d: (-v).logsumexp(d)),
        _in("log or exp", "the maximum that was taken off is not added again", lambda v, d: (v - v.amax(d, True)).logsumexp(d)),
        _in("log or exp", "the maximum that was taken off is added twice", lambda v, d: v.logsumexp(d) + v.amax(d)),
        _in(
            "clamp or overflow",
            "exp is taken before the log, and underflows or overflows",
            lambda v, d: v.exp().sum(d).log(),
            True,
        ),
        _in(
            "clamp or overflow",
            "one maximum is taken off for everything",
            lambda v, d: (v - v.max()).exp().sum(d).log() + v.max(),
            True,
        ),
        _in("constant", "a small constant is added inside the log", lambda v, d: (v.exp().sum(d) + 1e-8).log(), True),
        _in("constant", "a small constant is added inside the log", lambda v, d: (v.exp().sum(d) + 1e-10).log(), True),
        _in(
            "constant",
            "a small constant is added inside the log",
            lambda v, d: (v.exp().mean(d) + 1e-8).log() + math.log(v.shape[d]),
            True,
        ),
        _in("power or root", "the weights are squared", lambda v, d: (2 * v).logsumexp(d)),
    ],
    "exp": [
        _in("log or exp", "exp is missing", _both(lambda v: v)),
        _in("log or exp", "the exponent has the wrong sign", _both(lambda v: (-v).exp())),
        _in("log or exp", "exp(…) − 1 is taken instead of exp", _both(torch.expm1)),
        _in("log or exp", "a softplus is taken instead of exp", _both(F.softplus)),
        _in("log or exp", "1 + … is taken instead of exp", _both(lambda v: 1 + v)),
        _in("log or exp", "2 is raised to the power instead of e", _both(lambda v: (LN2 * v).exp())),
        _in("log or exp", "10 is raised to the power instead of e", _both(lambda v: (2.302585092994046 * v).exp())),
        _in("log or exp", "a log is taken instead of exp", _both(torch.log)),
        _in("log or exp", "a square is taken instead of exp", _both(lambda v: v * v)),
        _in("log or exp", "a sigmoid is taken instead of exp", _both(torch.sigmoid)),
    ],
    "log": [
        _in("log or exp", "the log is missing", _both(lambda v: v)),
        _in("log or exp", "the log has base 2", _both(torch.log2)),
        _in("log or exp", "the log has base 10", _both(torch.log10)),
        _in("log or exp", "log(1 + …) is taken instead of log", _both(torch.log1p)),
        _in("log or exp", "exp is taken instead of log", _both(torch.exp)),
        _in("power or root", "a square root is taken instead of a log", _both(torch.sqrt)),
        _in("constant", "… − 1 is taken instead of a log", _both(lambda v: v - 1)),
        _in("sign", "the log has the wrong sign", _both(lambda v: -v.log())),
    ],
    "sigmoid": [
        _in("left out", "the sigmoid is missing", _both(lambda v: v)),
        _in("another quantity", "a tanh stands where the sigmoid belongs", _both(torch.tanh)),
        _in("another quantity", "a ReLU stands where the sigmoid belongs", _both(torch.relu)),
        _in("another quantity", "a softplus stands where the sigmoid belongs", _both(F.softplus)),
        _in("another quantity", "a hard sigmoid stands where the sigmoid belongs", _both(F.hardsigmoid)),
        _in("another quantity", "exp stands where the sigmoid belongs", _both(torch.exp)),
        _in("another quantity", "a softmax stands where the sigmoid belongs", _both(lambda v: v.softmax(-1))),
        _in("sign", "the sigmoid's argument has the wrong sign", _both(lambda v: (-v).sigmoid())),
        _in("another quantity", "the sigmoid is taken twice", _both(lambda v: v.sigmoid().sigmoid())),
    ],
    "relu": [
        _in("left out", "the ReLU is missing", _both(lambda v: v)),
        _in("another quantity", "a sigmoid stands where the ReLU belongs", _both(torch.sigmoid)),
        _in("another quantity", "a tanh stands where the ReLU belongs", _both(torch.tanh)),
        _in("another quantity", "a softplus stands where the ReLU belongs", _both(F.softplus)),
        _in("another quantity", "a leaky ReLU stands where the ReLU belongs", _both(F.leaky_relu)),
        _in("another quantity", "an ELU stands where the ReLU belongs", _both(F.elu)),
        _in("another quantity", "a GELU stands where the ReLU belongs", _both(F.gelu)),
        _in("another quantity", "an absolute value stands where the ReLU belongs", _both(torch.abs)),
    ],
    "softplus": [
        _in("another quantity", "a sigmoid stands where a softplus, the log of a probability, belongs", _both(torch.sigmoid)),
        _in("sign", "the softplus's argument has the wrong sign", _both(lambda v: F.softplus(-v))),
        _in("another quantity", "a ReLU stands where the softplus belongs", _both(torch.relu)),
        _in(
            "clamp or overflow",
            "a sigmoid is rounded to 0 or 1 before its log is taken",
            _both(lambda v: -(1 - v.sigmoid()).log()),
            True,
        ),
        _in("clamp or overflow", "exp overflows inside the log", _both(lambda v: (1 + v.exp()).log()), True),
    ],
    "clamp": [
        Fault("left out", "in {step}, the clamp is missing", lambda v, *_: v),
        _in("clamp or overflow", "only the upper limit is kept", lambda v, low, high: v.clamp(max=high)),
        _in("clamp or overflow", "only the lower limit is kept", lambda v, low, high: v.clamp(min=low)),
        _in("clamp or overflow", "the limits have the signs the other way round", lambda v, low, high: v.clamp(-high, -low)),
        _in("another quantity", "a sigmoid is taken instead", lambda v, low, high: low + (high - low) * v.sigmoid()),
        _in("another quantity", "a tanh is taken instead", lambda v, low, high: v.tanh()),
        _in(
            "another quantity",
            "the least and the largest are stretched to the limits",
            lambda v, low, high: (v - v.min()) / (v.max() - v.min()),
        ),
        *[
            _in("clamp or overflow", f"the limits are {low:g} and {high:g}", lambda v, *_, low=low, high=high: v.clamp(low, high))
            for low, high in (
                (-6, 6),
                (-2, 2),
                (-4, 2),
                (-5, 2),
                (-5, 5),
                (-10, 10),
                (-3, 3),
                (-8, 2),
                (-6, 0),
                (-6, 1),
                (-6, 3),
                (-7, 2),
                (-1, 1),
                (-20, 20),
                (-4, 4),
                (-30, 20),
                (0.1, 0.9),
                (0.01, 0.99),
                (0, 0.5),
            )
        ],
    ],
    "chunk": [
        Fault("index or order", "the two halves are swapped", lambda v, *d: v.chunk(*d)[::-1]),
        Fault("index or order", "the first half is taken twice", lambda v, *d: v.chunk(*d)[:1] * 2),
        Fault("index or order", "the second half is taken twice", lambda v, *d: v.chunk(*d)[1:] * 2),
        Fault(
            "index or order", "even and odd columns stand where the two halves belong", lambda v, *_: (v[..., ::2], v[..., 1::2])
        ),
    ],
    "argmin": [
        _in("another quantity", "the largest is taken instead of the least", lambda v, d: v.argmax(d)),
        _in("axis or shape", "the least is looked for along the wrong dimension", lambda v, d: v.argmin(1 - d)),
        _in("another quantity", "the least value stands where its number belongs", lambda v, d: v.amin(d)),
        _in("another quantity", "the least in absolute value is taken", lambda v, d: v.abs().argmin(d)),
        _in("precision", "the least is looked for in single precision", lambda v, d: v.float().argmin(d), True),
        _in("precision", "the least is looked for in half precision", lambda v, d: v.half().argmin(d), True),
        _in("precision", "the costs are rounded before the least is looked for", lambda v, d: v.round().argmin(d), True),
        _in("edge", "a tie goes to the last", lambda v, d: v.shape[d] - 1 - v.flip(d).argmin(d), True),
        _in("index or order", "the second least is taken", lambda v, d: v.argsort(d).select(d, 1)),
    ],
    "argsort": [
        Fault(
            "index or order", "{step} runs backwards, from the largest", lambda v, **_: v.argsort(descending=True, stable=True)
        ),
        Fault("index or order", "{step} is left out", lambda v, **_: torch.arange(len(v))),
        _in("index or order", "sorted values stand where their places belong", lambda v, **_: v.sort().values),
        Fault("index or order", "{step} is done twice", lambda v, **_: v.argsort(stable=True).argsort()),
        _in(
            "index or order",
            "those that are alike come in the opposite order",
            lambda v, **_: len(v) - 1 - v.flip(0).argsort(stable=True),
        ),
    ],
    "long": [
        _in("precision", "the number is rounded to the nearest", lambda v: v.round().long()),
        _in("precision", "the number is rounded up", lambda v: v.ceil().long()),
    ],
    "flatten": [
        _in("index or order", "only the first counts", lambda v, *_: v[0]),
        _in("index or order", "only the last counts", lambda v, *_: v[-1]),
        _in("reduction", "the chunks are averaged", lambda v, *_: v.mean(0)),
        _in("reduction", "the chunks are added", lambda v, *_: v.sum(0)),
        _in("reduction", "the samples of each chunk are averaged", lambda v, *_: v.mean(1)),
        _in("reduction", "each chunk is represented by the largest of its log weights", lambda v, *_: v.amax(1)),
    ],
    "where": [_in("edge", "the outcomes where q is 0 are not treated apart", lambda truth, then, other: then, True)],
    "unsqueeze": [_in("axis or shape", "the new dimension stands at the other place", lambda v, d: v.unsqueeze(1 - d))],
}
