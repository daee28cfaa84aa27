"""All variants of a reference with one fault: the common faults at every place, and what an exercise declares."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from .calls import CALLS
from .exchanges import beside, weighed, whole_arguments
from .faults import (
    ANSWERS,
    DEVIATIONS,
    FEW,
    FLOATS,
    INDICES,
    LOG_VARIANCES,
    LOGS,
    NUMBERS,
    PLAIN,
    TRUTHS,
    VARIANCES,
    Fault,
)
from .operators import SIDES, compared
from .steps import Faults, Place, Steps, Trace

RANK = {"step": 0, "argument": 1, "call": 2, "operator": 2, "answer": 2.5, "use": 3, "number": 3.5, "pair": 2.5}
LATER = 3  # added to the rank of what is rarer than any common fault


@dataclass(frozen=True)
class Variant:
    """The reference with one or two faults. clause: what is wrong, in words, after "a solution in which".

    rank: of variants that answer alike, the lowest is said. numerical: the fault may show in extreme values alone.
    plain: common enough to be tried together with another one. loose: the clause where its number is not certain.
    """

    faults: Faults
    clause: str
    step: str
    kind: str
    rank: float
    numerical: bool = False
    plain: bool = False
    loose: str = ""
    only: frozenset[int] = frozenset()  # the lines in which the fault is, where it is not in all
    share: float = 0.0  # where not 0: so much of the variant's answer and of the right one together


def singles(steps: Steps, trace: Trace, alternatives: list) -> list[Variant]:
    """Every variant with one fault that a trace's inputs allow, the plainest words first."""
    found = _declared(steps, alternatives)
    for place, where in enumerate(steps.places):
        if place in trace.seen and where.kind != "inner":
            given, _, _ = trace.seen[place]
            found += _at(steps, trace, place, where, given if where.kind in ("operator", "call") else given[0])
    found += [_of(change, where="argument") for change in whole_arguments(steps, trace)]
    found += _same_everywhere(steps, trace)
    found += [partial for variant in found for partial in _in_one_part(steps, trace, variant)]
    return sorted(found, key=lambda variant: variant.rank)


def _declared(steps: Steps, alternatives: list) -> list[Variant]:
    """What an exercise declares that students put in the place of a step."""
    found = []
    for name, clause, function in alternatives:
        kinds = ("answer", "pair") if name == "return" else ("step",)
        place, where = next((i, p) for i, p in enumerate(steps.places) if p.what == name and p.kind in kinds)
        needed = [name for name, given in inspect.signature(function).parameters.items() if given.default is given.empty]
        other = lambda _, f=function, needed=needed: f(*[steps.values[need] for need in needed])
        numerical = any(word in clause for word in ("clamped", "small constant", "overflow"))
        found.append(Variant({place: other}, clause, where.step, "another quantity", RANK["step"], numerical, plain=True))
    return found


def _at(steps: Steps, trace: Trace, place: int, where: Place, value: Any) -> Iterator[Variant]:
    """At one place: the faults of its kind of value, and values from elsewhere."""
    it = _words(where)
    for at, fault in enumerate(_faults(where, value)):
        rarer = LATER + 0.6 if fault.kind == "constant" and not fault.numerical else 0.5 * fault.numerical
        rarer += LATER * (fault.numerical and where.kind in ("step", "use"))  # rather an argument is clamped
        plain = at < PLAIN and where.kind not in ("use", "number") and not fault.numerical
        function = _of_tensor(fault.function) if isinstance(value, float) else fault.function
        yield _variant(fault, {place: function}, where, it, RANK[where.kind] + at / 200 + rarer, plain)
    for change in beside(steps, trace, place, where, it, value):
        yield _of(change, where.kind)
    if where.kind == "call" and where.what in ("sum", "mean", "logsumexp"):
        for change in weighed(steps, trace, place, where, value[0]):
            yield _of(change, where.kind)
    if where.what == "Pow" and steps.places[place + 1].what == "Sub":
        of_squares = lambda a, b: steps.sides[place + 1][0] ** 2 - steps.sides[place + 1][1] ** 2
        clause = f"in {where.step}, a difference of squares stands where the square of the difference belongs"
        yield Variant({place: of_squares}, clause, where.step, "power or root", RANK["operator"], plain=True)


def _variant(fault: Fault, faults: Faults, where: Place, it: str, rank: float, plain: bool) -> Variant:
    step = where.step or it
    words = {"it": it, "step": step, "left": where.left or "what is on the left", "right": where.right or "what is on the right"}
    clause, loose = fault.words.format(**words), fault.loose.format(**words)
    return Variant(faults, clause, step, fault.kind, rank, fault.numerical, plain, loose)


def _of(change: tuple, where: str) -> Variant:
    """A variant of what `exchanges` yields."""
    faults, clause, step, kind, rarer, plain = change
    return Variant(faults, clause, step, kind, RANK[where] + rarer, plain=plain)


def _same_everywhere(steps: Steps, trace: Trace) -> Iterator[Variant]:
    """One fault at all arguments of one kind: both means, both log-variances, all of one shape."""
    entries = {where.what: at for at, where in enumerate(steps.places) if where.kind == "argument"}
    groups: dict[Any, list[str]] = {}
    for name in entries:
        if isinstance(value := trace.values[name], Tensor) and value.is_floating_point():
            groups.setdefault(name.split("_")[0], []).append(name)
            groups.setdefault(value.shape, []).append(name)
    for stem, names in groups.items():
        it = "every `logvar`" if stem == "logvar" else f"each of {', '.join(f'`{name}`' for name in names)}"
        where = Place("argument", "", stem if isinstance(stem, str) else "")
        for at, fault in enumerate(_faults(where, trace.values[names[0]]) if len(names) > 1 else ()):
            faults = {entries[name]: fault.function for name in names}
            rarer = 0.5 + 0.5 * fault.numerical  # rather one argument than all of them
            yield _variant(fault, faults, where, it, RANK["argument"] + at / 200 + rarer, at < PLAIN)


def _in_one_part(steps: Steps, trace: Trace, variant: Variant) -> Iterator[Variant]:
    """A fault in a function that several lines use, in some of these lines only: in the decoder, not in the encoder."""
    lines = trace.lines[min(variant.faults)]
    if len(lines) < 2 or not variant.plain or len(variant.faults) > 1:
        return
    parts = {f"({steps.words[line]} alone)": frozenset({line}) for line in lines}
    parts |= {f"(not in {steps.words[line]})": frozenset(lines - {line}) for line in lines if len(lines) > 2}
    for part in ("encoder", "decoder"):
        parts[f"(in the {part} alone)"] = frozenset(line for line in lines if part in steps.words[line])
    for words, only in parts.items():
        if 0 < len(only) < len(lines):
            yield replace(variant, only=only, clause=f"{variant.clause} {words}", rank=variant.rank + LATER)


def _of_tensor(function: Callable) -> Callable:
    """A fault of a float works on a tensor."""
    return lambda v: function(torch.tensor(v, dtype=torch.float64))


def _words(where: Place) -> str:
    if where.kind == "answer":
        return "the answer"
    if where.kind == "argument":
        return f"`{where.what}`"
    if where.kind == "use":
        return f"{where.left}, in {where.step}," if where.step else where.left
    if where.kind == "number":
        return f"the size in {where.step}" if where.what in ("len", "shape") else f"the {where.what} in {where.step}"
    return where.step


def _faults(where: Place, value: Any) -> list[Fault]:
    """The faults of a place, by its kind and by what is there."""
    if where.kind == "call":
        return CALLS.get(where.what, [])
    if where.kind == "operator":
        return SIDES[where.what] if where.what in SIDES else compared(where.what)
    if not isinstance(value, Tensor):
        if isinstance(value, float) and where.kind != "number":
            return [*FLOATS[:17], *(fault for fault in FLOATS if "whole numbers" in fault.words)]
        return NUMBERS if isinstance(value, (int, float)) else []
    if not value.is_floating_point():
        return TRUTHS if value.dtype == torch.bool else INDICES
    if where.kind in ("use", "number"):
        return [*_of_sigma(where), *FLOATS[:FEW]]
    return [*_of_sigma(where), *(ANSWERS if where.kind == "answer" else []), *FLOATS]


def _of_sigma(where: Place) -> list[Fault]:
    """Standard deviation, variance and its logarithm, taken for one another."""
    if where.kind in ("argument", "use") and where.what.startswith("logvar"):
        return LOG_VARIANCES
    words = where.step if where.kind in ("step", "answer") else where.left
    if "log-variance" in words and "ratio" not in words:
        return LOG_VARIANCES
    if words.startswith("the variance"):
        return VARIANCES
    if words.startswith("the standard deviation"):
        return DEVIATIONS
    return LOGS if words.startswith(("log ", "log(", "the log ", "the log-")) else []
