"""Judge a function, and find out which mistake was made: the declared misconceptions first, then plain facts about the values.

A fact is said only where it holds for every answer that was given.
"""

import itertools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ..exercises.exercise import Exercise
from .calling import Failure, Function, surroundings
from .judging import Answered, Elsewhere, Report, Row, alike, calls_judged

NOISE = ("noise", "uniform", "order")  # arguments that bring an exercise's random numbers
FACTORS = {
    "n": lambda n: n,
    "1/n": lambda n: 1 / n,
    "(n − 1)/n": lambda n: (n - 1) / n,
    "n/(n − 1)": lambda n: n / max(n - 1, 1e-9),
}


def run(exercise: Exercise, function: Any, seed: int, *, diagnose: bool = True) -> Report:
    """Check `function`, with inputs drawn from `seed`. Torch's random numbers afterwards are what they would have been.

    function: the student's, or where it is (`Elsewhere`). diagnose: also look for the mistake.
    """
    student = function.under(exercise) if isinstance(function, Elsewhere) else Function(exercise, function)
    report = Report(exercise)
    with surroundings(), torch.random.fork_rng(devices=[]):
        calls = list(calls_judged(exercise, student, seed, report))
        if diagnose and calls and not all(row.passed for row in report.rows):
            report.hint, report.misconception = _diagnosis(exercise, student, calls, report.rows)
    report.printed = student.printed
    return report


def _diagnosis(exercise: Exercise, student: Function, calls: list[Answered], rows: list[Row]) -> tuple[str, str]:
    """A hint, and the name of the misconception behind it where one was declared; both empty where nothing is known."""
    for call in calls:
        if not isinstance(call.answer, Failure) and not alike(exercise, call.answer, student.call(call.arguments)):
            given = [name for name in exercise.arguments if name in NOISE]
            own = f"use the {' and '.join(given)} it is given, draw none of your own" if given else "draw no random numbers"
            return f"Called twice with the same inputs, it answers differently: {own}.", ""
    for misconception in exercise.misconceptions:
        wrong = Function(exercise, misconception.function)
        if all(alike(exercise, wrong.call(call.arguments), call.answer) for call in calls):
            return misconception.hint, misconception.name
    return next(_facts(exercise, calls, rows), ""), ""


def _facts(exercise: Exercise, calls: list[Answered], rows: list[Row]) -> Iterator[str]:
    """What can be said of the values, the most telling first."""
    if all(not isinstance(call.answer, Failure) and len(call.answer) == exercise.parts for call in calls):
        for part in range(exercise.parts):
            yield from _facts_of(exercise, calls, part)
    failed = [row for row in rows if not row.passed]
    if failed and all(row.edge for row in failed):
        yield "The formula is right; what goes wrong is the edge: " + "; ".join(row.label for row in failed) + "."


def _facts_of(exercise: Exercise, calls: list[Answered], part: int) -> Iterator[str]:
    """Of one of the values that are returned."""
    whose = f"Value {part + 1}: your" if exercise.parts > 1 else "Your"
    pairs = [(call.answer[part], call.expected[part]) for call in calls]
    if any(yours.shape != expected.shape for yours, expected in pairs):
        yield from _other_shape(whose, exercise.item, pairs)
    elif not all(np.allclose(yours, expected, rtol=exercise.tolerance, equal_nan=True) for yours, expected in pairs):
        yield from _everywhere(whose, pairs)
        yield from _by_input(whose, exercise, calls, part)


def _everywhere(whose: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Iterator[str]:
    """One factor, or one constant, for all values of all inputs."""
    yours, expected = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    finite = np.isfinite(expected) & np.isfinite(yours)
    if not finite.all() and np.allclose(yours[finite], expected[finite], rtol=1e-4):
        kinds = [
            name
            for name, test in (("nan", np.isnan), ("infinite", np.isinf), ("finite", np.isfinite))
            if test(yours[~finite]).any()
        ]
        yield f"{whose} values are right except where they are {' or '.join(kinds)} and should not be."
        return
    yours, expected = yours[finite], expected[finite]
    used = np.abs(expected) > 1e-9
    if used.sum() < 3 or np.allclose(yours, expected, rtol=1e-4):
        return
    ratio, shift = float(np.median(yours[used] / expected[used])), float(np.median(yours - expected))
    if ratio and np.allclose(yours, ratio * expected, rtol=1e-4):
        if math.isclose(ratio, -1, rel_tol=1e-6):
            yield f"{whose} values have the right size and the wrong sign everywhere."
        else:
            yield f"{whose} values are {ratio:.4g} times the expected ones everywhere: which factor is missing or too many?"
    if shift and np.allclose(yours - expected, shift, rtol=1e-4):
        yield f"{whose} values are off by the same {shift:+.4g} everywhere: which constant is missing or too many?"


def _other_shape(whose: str, item: str, pairs: list[tuple[np.ndarray, np.ndarray]]) -> Iterator[str]:
    """The right numbers, summed, averaged or arranged in another way."""
    ways = {
        f"are the sum of the expected ones: keep one for each {item}": lambda e: e.sum(),
        f"are the mean of the expected ones: keep one for each {item}": lambda e: e.mean() if e.size else e,
        "are the expected ones, rows and columns swapped": lambda e: e.T if e.ndim > 1 else None,
        "are the right ones in another shape": lambda e: e.ravel(),
    }
    for said, way in ways.items():
        other = [(yours.ravel() if way(e) is not None and way(e).ndim == 1 else yours, way(e)) for yours, e in pairs if e.ndim]
        other = [(yours, e) for yours, e in other if e is not None]
        if other and all(yours.shape == e.shape and np.allclose(yours, e, equal_nan=True) for yours, e in other):
            shapes = next((a.shape, b.shape) for a, b in pairs if a.shape != b.shape)
            yield f"{whose} values {said} ({shapes[0]} instead of {shapes[1]})."
            return


def _by_input(whose: str, exercise: Exercise, calls: list[Answered], part: int) -> Iterator[str]:
    """A factor or a constant that follows a size from input to input."""
    shown = [(c.arguments, c.answer[part], c.expected[part]) for c in calls]
    shown = [(a, x, e) for a, x, e in shown if np.isfinite(x).all() and np.isfinite(e).all() and e.size]
    off = [(a, x, e) for a, x, e in shown if not np.allclose(x, e, rtol=1e-6, atol=1e-8)]
    if len(off) < 3:
        return
    sizes = list(_sizes(exercise, [arguments for arguments, _, _ in shown]))

    def holds(guess: Callable) -> bool:
        """Whether guess(expected, arguments) gives the student's values, everywhere."""
        return all(np.allclose(x, guess(e, a), rtol=1e-6, atol=1e-8) for a, x, e in shown)

    for where, n in sizes:
        for said, factor in FACTORS.items():
            if holds(lambda e, a, n=n, factor=factor: factor(n(a)) * e):
                yield f"{whose} values are {said} times the expected ones, where n is {where}: an average or a sum too many?"
                return
        for said, times in {"log n": 1, "−log n": -1, "2·log n": 2, "−2·log n": -2}.items():
            if holds(lambda e, a, n=n, times=times: e + times * math.log(n(a))):
                yield f"{whose} values are off by {said}, where n is {where}: a log is missing, or has the wrong sign."
                return
    for (where, n), (other, m) in itertools.permutations(sizes, 2):
        if holds(lambda e, a, n=n, m=m: e + math.log(n(a)) - math.log(m(a))):
            yield f"{whose} values are off by log n − log m, where n is {where} and m {other}: the log of the wrong count."
            return
    if all(np.ptp(x - e) <= 1e-6 * max(1.0, float(np.abs(e).max())) for _, x, e in shown) and max(e.size for _, _, e in off) > 3:
        yield f"{whose} values are off by a constant, another one for each input: does it depend on a size?"


def _sizes(exercise: Exercise, inputs: list) -> Iterator[tuple]:
    """Every dimension of every argument that is an array in all inputs: (its name in words, how it is read off)."""
    words = ("first", "second", "third")
    for at, name in enumerate(exercise.arguments):
        if all(isinstance(arguments[at], np.ndarray) for arguments in inputs):
            for axis in range(min(3, *(arguments[at].ndim for arguments in inputs), 3)):
                yield f"the {words[axis]} size of {name}", lambda a, at=at, axis=axis: a[at].shape[axis]
            if all(arguments[at].ndim for arguments in inputs):
                yield f"the last size of {name}", lambda a, at=at: a[at].shape[-1]
