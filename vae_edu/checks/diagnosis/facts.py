"""Plain facts about the values: said where no cause is known, and only if they hold for every answer that was given."""

import itertools
import math
from collections.abc import Callable, Iterator

import numpy as np
import torch

from ...exercises.exercise import Exercise
from ..calling import Failure, Function
from ..judging import Answered, Row, alike

FACTORS = {
    "n": lambda n: n,
    "1/n": lambda n: 1 / n,
    "(n − 1)/n": lambda n: (n - 1) / n,
    "n/(n − 1)": lambda n: n / max(n - 1, 1e-9),
}


def facts(exercise: Exercise, calls: list[Answered], rows: list[Row]) -> Iterator[str]:
    """What can be said of the values, the most telling first."""
    if all(not isinstance(call.answer, Failure) and len(call.answer) == exercise.parts for call in calls):
        for part in range(exercise.parts):
            yield from _facts_of(exercise, calls, part)
    failed = [row for row in rows if not row.passed]
    if failed and all(row.edge for row in failed):
        yield "The formula is right; what goes wrong is the edge: " + "; ".join(row.label for row in failed) + "."


def ignored(exercise: Exercise, student: Function, calls: list[Answered]) -> str:
    """The arguments that the answer should depend on and does not; empty where there are none."""
    core = sorted((call for call in calls if not call.edge), key=lambda call: call.expected[0].size)
    if any(isinstance(call.answer, Failure) for call in core):
        return ""
    unused = [f"`{name}`" for at, name in enumerate(exercise.arguments) if _unused(exercise, student, core[-4:], at)]
    return f"Your answer stays the same whatever {' and '.join(unused)} {'are' if len(unused) > 1 else 'is'}." if unused else ""


def _unused(exercise: Exercise, student: Function, calls: list[Answered], at: int) -> bool:
    """Whether moving one argument moves what is expected, and never the answer."""
    rng, moved, answers = np.random.default_rng(5), 0, set()
    for call in calls:
        given = call.arguments[at]
        if not isinstance(given, np.ndarray) or given.dtype.kind != "f" or given.size < 2:
            continue
        mask = np.isin(given, (0.0, 1.0)).all()
        other = 1 - given if mask else given * rng.uniform(0.3, 0.9, size=given.shape)  # still in [0, 1] where it was
        arguments = (*call.arguments[:at], other, *call.arguments[at + 1 :])
        if not alike(exercise, exercise.answer(arguments), call.expected):
            answer = student.call(arguments)
            if isinstance(answer, Failure) or not all(map(np.array_equal, answer, call.answer)):
                return False
            moved += 1
            answers.add(tuple(part.round(6).tobytes() for part in answer))
    return moved > 1 and len(answers) > 1  # a function that says the same to all inputs is no evidence


def half_precision(calls: list[Answered]) -> str:
    """Whether all values are numbers of 16 bits, near the right ones."""
    pairs = [(yours.ravel(), right.ravel()) for call in calls if not call.edge and not isinstance(call.answer, Failure)
             for yours, right in zip(call.answer, call.expected) if yours.shape == right.shape]  # fmt: skip
    yours, right = (np.concatenate([pair[i] for pair in pairs] or [np.zeros(0)]) for i in (0, 1))
    finite = np.isfinite(yours) & np.isfinite(right)
    yours, right = yours[finite], right[finite]
    for name, cut in (("float16", lambda v: v.half()), ("bfloat16", lambda v: v.bfloat16())):
        whole = [cut(torch.tensor(v)).double().numpy() for v in (yours, right)]
        if (
            yours.size > 3
            and np.array_equal(whole[0], yours)
            and not np.array_equal(whole[1], right)
            and np.median(np.abs(yours - right) / (1e-6 + np.abs(right))) < 0.02
        ):
            return f"Your values have only the digits of {name}, three or four: keep the type of the arguments."
    return ""


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
    sizes = [size for size in sizes if all(size[1](arguments) for arguments, _, _ in shown)]  # an empty argument has a size of 0

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
