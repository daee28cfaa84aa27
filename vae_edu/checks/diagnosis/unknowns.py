"""A fault with one number that is not known beforehand: a factor, a constant, a limit. It is found on one value."""

from collections.abc import Callable, Iterator

import numpy as np
import torch

from ..calling import Answer
from .steps import Faults
from .table import Clock, Table, near
from .variants import RANK, Variant

Form = Callable[[float], Faults]
SECANTS, HALVINGS = 10, 40


def constants(table: Table, yours: Answer, clock: Clock) -> Iterator[Variant]:
    """A step that is multiplied by a number, or to which one is added. Numbers come first, then the last steps."""
    target = _first_wrong(yours, table.right)
    places = [at for at, where in enumerate(table.steps.places) if where.kind in ("step", "argument") and at in table.trace.seen]
    value_of = {at: table.trace.seen[at][2] for at in places}
    for at in sorted(places, key=lambda at: (not isinstance(value_of[at], float), -at)):
        if target is None or clock.over:
            return
        if _is_float(value_of[at]):
            times, plus = _forms(at)
            stands = (
                "{whole:.4g} stands where {it} belongs" if isinstance(value_of[at], float) else "{it} is multiplied by {c:.4g}"
            )
            yield from _solved(table, yours, target, times, 1.0, stands, at)
            yield from _solved(table, yours, target, plus, 0.0, "{it} is too large by {c:.4g}", at)


def limits(table: Table, yours: Answer, clock: Clock) -> Iterator[Variant]:
    """A step that is clamped from below or above."""
    target = _first_wrong(yours, table.right)
    for at, where in enumerate(table.steps.places):
        value = table.trace.seen.get(at, ((), {}, None))[2]
        if target is None or clock.over:
            return
        if where.kind in ("step", "argument") and isinstance(value, torch.Tensor) and _is_float(value) and value.numel():
            ends = float(value.min()), float(value.max())
            below, above = _limits(at)
            yield from _halved(table, yours, target, below, ends, "{it} is cut off below at {c:.4g}", at)
            yield from _halved(table, yours, target, above, ends, "{it} is cut off above at {c:.4g}", at)


def _forms(at: int) -> tuple[Form, Form]:
    return (lambda c: {at: lambda v: v * c}), (lambda c: {at: lambda v: v + c})


def _limits(at: int) -> tuple[Form, Form]:
    return (lambda c: {at: lambda v: v.clamp(min=c)}), (lambda c: {at: lambda v: v.clamp(max=c)})


def _solved(table: Table, yours: Answer, target: tuple, form: Form, neutral: float, words: str, at: int) -> Iterator[Variant]:
    """By secants, from the number that changes nothing."""
    off = _distance(table, target, form)
    a, b = neutral, neutral + 0.1
    off_a, off_b = off(a), off(b)
    for _ in range(SECANTS):
        if not np.isfinite([off_a, off_b]).all() or off_a == off_b:
            return
        a, b, off_a = b, b - off_b * (b - a) / (off_b - off_a), off_b
        off_b = off(b)
        if abs(off_b) <= 1e-9 * (1 + abs(target[2])):
            yield from _variant(table, yours, form, b, words, at, "constant" if neutral == 0 else "factor")
            return


def _halved(table: Table, yours: Answer, target: tuple, form: Form, ends: tuple, words: str, at: int) -> Iterator[Variant]:
    """By halving, between the least and the largest value at the place."""
    off, (low, high) = _distance(table, target, form), ends
    off_low, off_high = off(low), off(high)
    if not np.isfinite([off_low, off_high]).all() or off_low * off_high > 0:
        return
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        now = off(middle)
        if abs(now) <= 1e-9 * (1 + abs(target[2])):
            break
        low, high, off_low = (middle, high, now) if now * off_low > 0 else (low, middle, off_low)
    yield from _variant(table, yours, form, middle, words, at, "clamp or overflow")


def _variant(table: Table, yours: Answer, form: Form, c: float, words: str, at: int, kind: str) -> Iterator[Variant]:
    """The fault with the number found, where all values agree."""
    answer, where = table.answer(form(c)), table.steps.places[at]
    if answer is not None and near(answer, yours):
        it, value = where.step or f"`{where.what}`", table.trace.seen[at][2]
        clause = words.format(it=it, c=c, whole=c * value if isinstance(value, float) else 0.0).replace("large by -", "small by ")
        yield Variant(form(c), clause, it, kind, RANK[where.kind])


def _distance(table: Table, target: tuple, form: Form) -> Callable[[float], float]:
    """How far the value in question is from the student's, for a number."""
    part, place, wanted = target

    def off(c: float) -> float:
        answer = table.answer(form(c))
        return (
            float(answer[part][place] - wanted)
            if answer is not None and answer[part].shape == table.right[part].shape
            else np.nan
        )

    return off


def _first_wrong(yours: Answer, right: Answer) -> tuple[int, tuple, float] | None:
    """(part, place, the student's value) of the first that is wrong; None where shapes differ."""
    for part, (one, other) in enumerate(zip(yours, right)):
        if one.shape != other.shape:
            return None
        wrong = np.isfinite(one) & ~np.isclose(one, other, rtol=1e-4, atol=1e-6)
        if wrong.any():
            place = tuple(np.argwhere(wrong)[0])
            return part, place, float(one[place])
    return None


def _is_float(value: object) -> bool:
    return value.is_floating_point() if isinstance(value, torch.Tensor) else isinstance(value, float)
