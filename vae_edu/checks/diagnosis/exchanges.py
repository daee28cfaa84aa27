"""Faults by which something else stands at a place: another argument, another step, another size, another layer.

Each is (the faults, what is wrong in words, the step, the kind, how rare it is, whether it is common enough for pairs).
"""

import math
from collections.abc import Callable, Iterator
from itertools import combinations
from typing import Any

import torch
from torch import Tensor

from .steps import Faults, Place, Steps, Trace

Change = tuple[Faults, str, str, str, float, bool]
DIMENSIONS = ("first", "second", "third", "fourth")
WRITTEN = (1, 2, 3, 4, 5, 7, 8, 10, 12, 16, 20, 32, 40, 48, 50, 64, 100, 128, 500, 784, 1000)  # where a size should be asked for
WRITTEN_FLOATS = (1.0, 0.5, 2.0, 0.1, 0.2, 0.05, 0.02, 0.01, 0.005, 1e-3, 1e-4, 4.0, 5.0, 10.0)


def beside(steps: Steps, trace: Trace, place: int, where: Place, it: str, value: Any) -> Iterator[Change]:
    """At one place: what could be taken for it, and sizes and other values that multiply or divide it."""
    if where.kind in ("use", "number", "argument") and isinstance(value, (Tensor, int, float)):
        yield from _exchanged(steps, trace, place, where, it, value)
        yield from _written(place, where, it, value)
    number = where.kind == "number" and where.what not in ("len", "shape")
    if number or isinstance(value, float) or (isinstance(value, Tensor) and value.is_floating_point()):
        if where.kind in ("step", "number", "argument", "answer"):
            yield from _scaled(steps, trace, place, where, it, number or isinstance(value, float))
        if where.kind == "use" and isinstance(value, Tensor):
            yield from _in_parentheses(steps, trace, place, where, value)


def _exchanged(steps: Steps, trace: Trace, place: int, where: Place, it: str, value: Any) -> Iterator[Change]:
    """Another argument, step or size of the same form."""
    number, step = isinstance(value, int) or where.what in ("len", "shape"), where.step or it
    for name, other in trace.values.items():
        words = _called(steps, name)
        tensors = isinstance(value, Tensor) and isinstance(other, Tensor)
        alike = (tensors and other.shape == value.shape and other.dtype == value.dtype) or (number and isinstance(other, int))
        if alike and name != where.what:
            rare = 0.6 + 0.1 * (not words.startswith("`"))
            yield (
                {place: _get(steps, name)},
                f"{words} stands where {it} belongs",
                step,
                "argument exchanged",
                rare,
                False,
            )
        if number and isinstance(other, Tensor) and words.startswith("`"):
            for axis in range(other.ndim):
                clause = f"the size of {words} along its {DIMENSIONS[axis]} dimension stands where {it} belongs"
                yield {place: _size(steps, name, axis)}, clause, step, "argument exchanged", 0.8, False


def _written(place: int, where: Place, it: str, value: Any) -> Iterator[Change]:
    """A number that is written where an argument or a size should be asked for."""
    if where.kind == "argument" and isinstance(value, float):
        numbers, kind = WRITTEN_FLOATS, "argument ignored"
    elif where.kind != "argument" and (isinstance(value, int) or where.what in ("len", "shape")):
        numbers, kind = WRITTEN, "constant"
    else:
        return
    for n in numbers:
        yield {place: lambda _, n=n: n}, f"{n:g} is written where {it} belongs", where.step or it, kind, 0.9, kind != "constant"


def _scaled(steps: Steps, trace: Trace, place: int, where: Place, it: str, constant: bool) -> Iterator[Change]:
    """A size too many or too few: an average for a sum, a sum for an average, a constant once for all."""
    for name in steps.arguments:
        other = trace.values[name]
        for axis in {0, other.ndim - 1} if isinstance(other, Tensor) and other.ndim else ():
            size, n = f"the size of `{name}` along its {'last' if axis else 'first'} dimension", _size(steps, name, axis)
            once = f"is counted once, not for each along the last dimension of `{name}`"
            once = once if constant and axis else f"is divided by {size}"
            ways = {
                f"{it} {once}": (lambda v, n=n: v / n(v), "reduction"),
                f"{it} is multiplied by {size}": (lambda v, n=n: v * n(v), "reduction"),
                f"{it} is too small by the log of {size}": (lambda v, n=n: v - math.log(n(v)), "constant"),
                f"{it} is too large by the log of {size}": (lambda v, n=n: v + math.log(n(v)), "constant"),
            }
            for at, (clause, (way, kind)) in enumerate(ways.items()):
                yield {place: way}, clause, where.step or it, kind, 0.55 + at / 100, False


def _in_parentheses(steps: Steps, trace: Trace, place: int, where: Place, value: Tensor) -> Iterator[Change]:
    """Something beside it multiplies or divides it too: a parenthesis too early or too late."""
    for name, get in _others(steps, trace, value, where.what):
        words, rare = _called(steps, name), 0.7 + 0.1 * (name not in steps.arguments)
        divides = any(p.what == "Div" and p.right == words for p in steps.places)
        too = f"is not divided by {words} (parentheses?)" if divides else f"is multiplied by {words} too"
        yield (
            {place: lambda v, get=get: v * get(v)},
            f"in {where.step}, {where.left} {too}",
            where.step,
            "another quantity",
            rare,
            False,
        )
        too = f"in {where.step}, {where.left} is divided by {words} too"
        yield {place: lambda v, get=get: v / get(v)}, too, where.step, "another quantity", rare, False


def weighed(steps: Steps, trace: Trace, place: int, where: Place, value: Any) -> Iterator[Change]:
    """A sum or a mean with weights that do not belong there."""
    for name, get in _others(steps, trace, value, "") if isinstance(value, Tensor) else ():
        words = _called(steps, name)
        ways = {
            f"softmax weights of {words}": lambda v, d=-1, get=get: (get(v).softmax(d) * v).sum(d),
            f"softmax weights of minus {words}": lambda v, d=-1, get=get: ((-get(v)).softmax(d) * v).sum(d),
            f"weights exp of {words}": lambda v, d=-1, get=get: (get(v).exp() * v).mean(d),
            f"weights exp of minus {words}": lambda v, d=-1, get=get: ((-get(v)).exp() * v).mean(d),
        }
        for what, way in ways.items():
            if isinstance(trace.values[name], Tensor):
                yield {place: way}, f"in {where.step}, {what} are put on", where.step, "another quantity", 0.4, False


def whole_arguments(steps: Steps, trace: Trace) -> Iterator[Change]:
    """Arguments that are swapped, layers that are taken for one another, answers in another order."""
    entries = {where.what: at for at, where in enumerate(steps.places) if where.kind == "argument"}
    for a, b in combinations(entries, 2):
        one, two = trace.given[a], trace.given[b]
        tensors = isinstance(one, Tensor) and isinstance(two, Tensor) and one.ndim == two.ndim
        if tensors or (isinstance(one, int) and isinstance(two, int)):
            yield _swap(steps, entries, [(a, b)]), f"`{a}` and `{b}` are swapped", f"`{a}`", "argument exchanged", -0.5, False
    stems = sorted({name[-1:] for name in entries} | {name[-2:] for name in entries})
    for one, two in combinations(stems, 2):  # all that belongs to q, for all that belongs to p
        pairs = [(a, a[: -len(one)] + two) for a in entries if a.endswith(one) and a[: -len(one)] + two in entries]
        if len(pairs) > 1:
            clause = f"{one.strip('_')} and {two.strip('_')} are swapped"
            yield _swap(steps, entries, pairs), clause, one, "argument exchanged", -0.6, False
    for name, at in entries.items():
        if isinstance(trace.given[name], dict):
            yield from _layers(trace.given[name], at)
    pair = next((at for at, where in enumerate(steps.places) if where.kind == "pair"), None)
    if pair is not None:
        yield from _arranged(pair, len(trace.seen[pair][2]))


def _layers(weights: dict, at: int) -> Iterator[Change]:
    """Layers of a network that are taken for one another, or lack their bias."""
    layers = sorted({key.rpartition(".")[0] for key in weights if key.endswith(".weight")})
    none = lambda w: {key: torch.zeros_like(v) if key.endswith(".bias") else v for key, v in w.items()}
    yield {at: none}, "the biases of all layers are missing", "the layers", "left out", 0, True
    for layer in layers:
        without = lambda w, n=layer: w | {f"{n}.bias": torch.zeros_like(w[f"{n}.bias"])}
        yield {at: without}, f"the bias of `{layer}` is missing", f"`{layer}`", "left out", 0, True
    for one, two in combinations(layers, 2):
        if weights[f"{one}.weight"].shape != weights[f"{two}.weight"].shape:
            continue
        swap = lambda w, one=one, two=two: _reused(_reused(w, w, one, two), w, two, one)
        yield {at: swap}, f"the layers `{one}` and `{two}` are swapped", f"`{one}`", "argument exchanged", 0, True
        for x, y in ((one, two), (two, one)):
            reuse = lambda w, x=x, y=y: _reused(w, w, x, y)
            yield {at: reuse}, f"`{y}` stands where `{x}` belongs", f"`{x}`", "argument exchanged", 0, False
            for kind in ("bias", "weight"):
                reuse = lambda w, x=x, y=y, kind=kind: w | {f"{x}.{kind}": w[f"{y}.{kind}"]}
                yield (
                    {at: reuse},
                    f"the {kind} of `{y}` stands where that of `{x}` belongs",
                    f"`{x}`",
                    "argument exchanged",
                    0,
                    False,
                )


def _arranged(place: int, parts: int) -> Iterator[Change]:
    """The answers in another order, or one in the place of another."""
    orders = {"the answers stand in the opposite order": list(range(parts))[::-1]}
    for i, j in combinations(range(parts), 2):
        swapped = list(range(parts))
        swapped[i], swapped[j] = j, i
        if parts > 2:
            orders[f"answers {i + 1} and {j + 1} are swapped"] = swapped
        for one, other in ((i, j), (j, i)):
            twice = [other if k == one else k for k in range(parts)]
            orders[f"answer {other + 1} is given twice: answer {one + 1} is missing"] = twice
    for clause, order in orders.items():
        yield {place: lambda v, order=order: tuple(v[k] for k in order)}, clause, "the answers", "index or order", 1.5, False


def _called(steps: Steps, name: str) -> str:
    """A step by its words, an argument by its name."""
    return next((where.step for where in steps.places if where.kind == "step" and where.what == name), f"`{name}`")


def _others(steps: Steps, trace: Trace, value: Tensor, but: str) -> Iterator[tuple[str, Callable]]:
    """Names of arguments and steps that could be multiplied with a value, and what gets them."""
    for name, other in trace.values.items():
        same = isinstance(other, Tensor) and other.shape == value.shape and other.is_floating_point()
        if name != but and (same or isinstance(other, float)):
            yield name, _get(steps, name)


def _get(steps: Steps, name: str) -> Callable:
    return lambda _: steps.values[name]


def _size(steps: Steps, name: str, axis: int) -> Callable:
    return lambda _: steps.values[name].shape[axis]


def _swap(steps: Steps, entries: dict[str, int], pairs: list[tuple[str, str]]) -> Faults:
    both = [*pairs, *((b, a) for a, b in pairs)]
    return {entries[a]: lambda _, b=b: steps.given[b] for a, b in both}


def _reused(weights: dict, source: dict, x: str, y: str) -> dict:
    """The weights with layer y's in the place of layer x's."""
    return weights | {f"{x}.{kind}": source[f"{y}.{kind}"] for kind in ("weight", "bias")}
