"""Answers to ps8.2 price_of_capacity as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def spent(variances, level):
    v = variances[variances > level]
    return 0.5 * (v / level).log().sum()


def one_by_one(variances, noise, capacity):
    """The statement's way, in Python."""
    logs, level = [], max(variances.tolist())
    for v in sorted(variances.tolist(), reverse=True):
        if v == 0:
            break
        logs.append(math.log(v))
        tried = math.exp((sum(logs) - 2 * capacity) / len(logs))
        if tried < v:
            level = tried
    return level / noise


def table(variances, noise, capacity):
    """All k at once."""
    v = variances.sort(descending=True).values
    levels = ((v.log().cumsum(0) - 2 * capacity) / torch.arange(1, len(v) + 1).to(v)).exp()
    fits = (levels < v).nonzero()
    return (levels[fits[-1, 0]] if len(fits) else v[0]) / noise


def bisection(variances, noise, capacity):
    """The rate falls as the level rises; halved in the logarithm."""
    if capacity == 0:
        return variances.max() / noise
    high = variances.max().log()
    low = high - 2 * capacity - 1
    for _ in range(200):
        middle = (low + high) / 2
        low, high = (middle, high) if spent(variances, middle.exp()) > capacity else (low, middle)
    return high.exp() / noise


def dropping(variances, noise, capacity):
    """All directions at first; those are dropped that would be paid a negative rate."""
    v = variances[variances > 0]
    while len(v) > 1:
        level = torch.exp((torch.log(v).sum() - 2 * capacity) / len(v))
        if (v > level).all():
            return level / noise
        v = v[v > level] if (v > level).any() else v.max()[None]
    return v[0] * math.exp(-2 * capacity) / noise


def knots(variances, noise, capacity):
    """What is spent when the level sinks to each variance says how many directions are bought."""
    v = torch.sort(variances)[0].flip(0)
    v = v[v > 0]
    k = torch.arange(1, len(v) + 1, dtype=v.dtype)
    spent_so_far = 0.5 * (v.log().cumsum(0) - k * v.log())  # what is spent when the level reaches the k-th
    bought = max(int((spent_so_far < capacity).sum()), 1)
    return torch.exp((v[:bought].log().sum() - 2 * capacity) / bought) / noise


def way(variances, noise, capacity, order=None, two=2.0, pick=None, k0=1, none=None, out=None):
    """Each keyword changes one step."""
    v = variances.sort(descending=True).values if order is None else order(variances)
    levels = ((v.log().cumsum(0) - two * capacity) / torch.arange(k0, len(v) + k0).to(v)).exp()
    fits = (levels < v).nonzero()[:, 0]
    if len(fits) == 0:
        level = v[0] if none is None else none(v, noise)
    else:
        level = levels[fits[-1] if pick is None else pick(fits, v)]
    return level / noise if out is None else out(level, noise)


def coarse(variances, noise, capacity):
    """The best of a thousand prices."""
    prices = torch.logspace(-6, 3, 1000, dtype=variances.dtype)
    rates = torch.stack([spent(variances, price * noise) for price in prices])
    return prices[(rates - capacity).abs().argmin()]


def lifted(variances, noise, capacity):
    """Zeros, too, get a logarithm: of a small number that is added to all."""
    return way(variances + 1e-2, noise, capacity)


answers.right("one by one", one_by_one)
answers.right("table", table)
answers.right("bisection", bisection)
answers.right("directions dropped", dropping)
answers.right("knots", knots)
answers.right("float32", lambda v, noise, capacity: table(v.float(), noise, capacity))
for name, cause, change, fair in (
    ("log of beta", "log|exp", {"out": lambda level, s: (level / s).log()}, 0.0),
    ("never below 1", "clamp|below 1|at least|1", {"out": lambda level, s: (level / s).clamp(min=1)}, 0.0),
    ("a half forgotten", "½|half|2|twice|factor", {"two": 1.0}, 0.0),
    ("capacity in bits", "[Bb]its|log 2|ln 2|0.693", {"two": 2 * math.log(2)}, 0.0),
    ("capacity added", "sign|`capacity`|minus", {"two": -2.0}, 0.0),
    ("as they come", "order|sort", {"order": lambda v: v}, 0.8),
    ("smallest first", "sort|order|descending|smallest|All directions", {"order": lambda v: v.sort().values}, 0.0),
    ("the first k that fits", "largest|first|k", {"pick": lambda fits, v: fits[0]}, 0.0),
    ("one direction too few", "too small by one|one too few|k − 1", {"pick": lambda fits, v: (fits[-1] - 1).clamp(min=0)}, 0.0),
    ("all that are not 0", "[Aa]ll directions|below the level|not bought", {"pick": lambda fits, v: int((v > 0).sum()) - 1}, 0.8),
    ("divided by k + 1", "k \\+ 1|denominator|divid", {"k0": 2}, 0.0),
    ("nothing bought at the smallest variance", "largest|nothing|0|smallest", {"none": lambda v, s: v[-1]}, 0.9),
    ("infinite price for nothing", "nothing|capacity of 0|inf|smallest|largest", {
        "none": lambda v, s: torch.tensor(math.inf).to(v)}, 0.9),
    ("a price of 1 for nothing", "nothing|capacity of 0|1|largest", {"none": lambda v, s: torch.tensor(s).to(v)}, 0.9),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: way(*given, **change), fair=fair)
answers.wrong("all directions always", "all|−inf|-inf|0|largest|k", lambda v, s, c: (
    ((v.log().sum() - 2 * c) / len(v)).exp() / s), fair=0.6)  # fmt: skip
answers.wrong("a thousand prices", "grid|coarse|exact|close", coarse, fair=0.6)
answers.wrong("zeros lifted", "0|small|added", lifted, fair=0.6)
answers.wrong("mean of the variances", "log|geometric|mean|averaged", lambda v, s, c: v.mean() * math.exp(-2 * c / len(v)) / s)
answers.wrong("the one number that is left", "variance|largest|log", lambda v, s, c: v.max() * math.exp(-2 * c) / s, fair=0.6)
answers.wrong("logarithms in place", "in place|chang", lambda v, s, c: (
    way(v, s, c), v.log_())[0])  # fmt: skip
answers.same = {
    "max(1, int((levels < largest_first).sum()))  ->  max(int((levels < largest_first).sum()), 1)": "the larger of the two",
    "0  ->  -1": "the last dimension of (directions,) is the first",
}
