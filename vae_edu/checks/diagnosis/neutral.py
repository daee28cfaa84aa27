"""Where an answer becomes right: inputs in which a part of the formula is switched off, tried one after the other.

No cause is named. "Right wherever the means are equal" says which part to look at, and it is true, because it was tried.
"""

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from ...exercises.exercise import Arguments, Exercise
from ..calling import Failure, Function
from ..judging import Answered, alike

TRIED, ENOUGH = 6, 3  # inputs, the smallest ones that are answered wrongly; and how many of them have to become right


def right_where(exercise: Exercise, student: Function, calls: list[Answered]) -> str:
    """A sentence that says what has to be so for the answer to be right; empty where nothing that was tried helps."""
    wrong = [call for call in calls if not call.edge and not alike(exercise, call.answer, call.expected)]
    wrong = sorted((call for call in wrong if not isinstance(call.answer, Failure)), key=lambda call: _size(call.arguments))
    inputs = [call.arguments for call in wrong][:TRIED]
    for said, change in _changes(exercise, inputs) if len(inputs) >= ENOUGH else ():
        changed = [other for arguments in inputs if (other := change(arguments)) is not None]
        if _right(exercise, student, changed):
            return f"In all that was tried your answer is right wherever {said}: what does that switch off?"
    return ""


def _right(exercise: Exercise, student: Function, inputs: list[Arguments]) -> bool:
    """Whether enough of the inputs are answered rightly, and none wrongly; an expected 0 is no evidence."""
    evidence = 0
    for arguments in inputs:
        try:
            expected = exercise.answer(arguments)
        except Exception:
            continue
        if all(np.isfinite(part).all() for part in expected):
            if not alike(exercise, student.call(arguments), expected):
                return False
            evidence += any(np.abs(part).max(initial=0) > 1e-9 for part in expected)
    return evidence >= ENOUGH


def _changes(exercise: Exercise, inputs: list[Arguments]) -> Iterator[tuple[str, Callable[[Arguments], Arguments | None]]]:
    """What may hold of the inputs, in words, and how an input is changed so that it does (None: it cannot)."""
    names = list(exercise.arguments)
    arrays = [at for at in range(len(names)) if all(_is_array(arguments[at]) for arguments in inputs)]
    for value in (0.0, 1.0):
        for at in arrays:
            yield f"`{names[at]}` is {value:.0f}", lambda a, at=at, v=value: _with(a, at, np.full_like(a[at], v))
        for at in range(len(names)):
            if all(isinstance(arguments[at], float) for arguments in inputs):
                yield f"`{names[at]}` is {value:.0f}", lambda a, at=at, v=value: _with(a, at, v)
    for one, other in combinations(arrays, 2):
        yield f"`{names[one]}` and `{names[other]}` are equal", lambda a, i=one, j=other: _equal(a, i, j)
    for at in arrays:
        yield f"`{names[at]}` is the same number everywhere", lambda a, at=at: _with(a, at, np.full_like(a[at], a[at].mean()))
    for axis, size in ((-1, "the last size is 1"), (0, "the first size is 1")):
        for at in arrays:
            yield f"{size} (that of `{names[at]}`, and all that share it)", lambda a, at=at, axis=axis: _single(a, at, axis)


def _is_array(value: object) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind == "f" and value.ndim > 0


def _with(arguments: Arguments, at: int, value: object) -> Arguments:
    return (*arguments[:at], value, *arguments[at + 1 :])


def _equal(arguments: Arguments, one: int, other: int) -> Arguments | None:
    same = arguments[one].shape == arguments[other].shape
    return _with(arguments, other, arguments[one].copy()) if same else None


def _single(arguments: Arguments, at: int, axis: int) -> Arguments | None:
    """The first entry along an axis, of the argument and of all others that have its size there."""
    size = arguments[at].shape[axis]
    if size < 2:
        return None
    cut = lambda v: v.take([0], axis) if _is_array(v) and v.ndim > 0 and v.shape[axis] == size else v
    return tuple(map(cut, arguments))


def _size(arguments: Arguments) -> int:
    return sum(value.size for value in arguments if isinstance(value, np.ndarray))
