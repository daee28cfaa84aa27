"""The answers of all variants of a reference to one small input."""

import functools
import time
from collections.abc import Callable, Iterator

import numpy as np
import torch

from ...exercises.exercise import Arguments, Exercise
from ..calling import Answer, Failure, answer_as_arrays, to_tensors
from .steps import Faults, Steps
from .variants import Variant, singles

KEPT = 64  # tables: as many inputs as a class is graded on


class Clock:
    """Seconds of processor time, of this thread."""

    def __init__(self, seconds: float):
        self.end = time.thread_time() + seconds

    @property
    def over(self) -> bool:
        return time.thread_time() > self.end


class Table:
    """It grows while it is read, and what has grown is kept: who checks again has his answer at once."""

    def __init__(self, exercise: Exercise, steps: Steps, arguments: Arguments):
        self.parts, self.steps = exercise.parts, steps
        self.tensors = [to_tensors(argument) for argument in arguments]
        self.right = answer_as_arrays(steps.run(self.tensors, {}), exercise.parts)
        self.trace = steps.trace(self.tensors)
        self.waiting = singles(steps, self.trace, exercise.alternatives)[::-1]  # the next one last
        self.rows: list[tuple[Variant, Answer]] = []
        self.effects: dict[tuple, Answer | None] = {}  # what comes out at a place: the answer then

    def answer(self, faults: Faults, only: frozenset[int] = frozenset()) -> Answer | None:
        """The answer with these faults; None where there is none."""
        try:
            found = answer_as_arrays(self.steps.resume(self.trace, faults, only), self.parts)
        except Exception:
            return None
        return None if isinstance(found, Failure) else found

    def read(self, clock: Clock, numerical_first: bool) -> Iterator[tuple[Variant, Answer]]:
        """All variants that answer differently from the reference, the plainest first."""
        yield from list(self.rows)
        self.waiting.sort(key=lambda v: (v.plain, v.numerical == numerical_first, -v.rank))
        while self.waiting and not clock.over:
            variant = self.waiting.pop()
            answer = self._answer_of(variant)
            if answer is not None and not near(answer, self.right):
                self.rows.append((variant, answer))
                yield variant, answer

    def _answer_of(self, variant: Variant) -> Answer | None:
        """As `answer`, but faults that do the same at the same place are run once, and those that do nothing not at all."""
        if len(variant.faults) > 1 or variant.only:
            return self.answer(variant.faults, variant.only)
        ((place, fault),) = variant.faults.items()
        given, named, right = self.trace.seen.get(place, ((), {}, None))
        if not isinstance(right, torch.Tensor):
            return self.answer(variant.faults)
        self.steps.restore(self.trace)
        try:
            value = fault(*given, **named)
        except Exception:
            return None
        if not isinstance(value, torch.Tensor) or value.requires_grad or right.requires_grad:
            return self.answer(variant.faults)
        if _idle(variant, value, right):
            return None
        effect = place, value.shape, value.dtype, value.numpy().tobytes()
        if effect not in self.effects:
            self.effects[effect] = None if _idle(variant, value, right) else self.answer(variant.faults)
            if (
                not _finite(value)
                and _finite(right)
                and self.effects[effect]
                and all(map(np.all, map(np.isfinite, self.effects[effect])))
            ):
                self.effects[effect] = None  # what overflows on the way and does not show has nothing to say
        return self.effects[effect]


@functools.lru_cache(KEPT)
def _table(name: str, key: bytes) -> list[Table]:
    return []


@functools.cache
def steps_of(reference: Callable) -> Steps:
    """An exercise's reference, instrumented once."""
    return Steps(reference)


def table_of(exercise: Exercise, arguments: Arguments) -> Table:
    """The table of an exercise for these inputs, from the last time or new."""
    kept = _table(exercise.name, _bytes(arguments))
    if not kept:
        kept.append(Table(exercise, steps_of(exercise.in_steps), arguments))
    return kept[0]


def _bytes(arguments: Arguments) -> bytes:
    """All numbers and their shapes."""
    parts = (_bytes(tuple(a.values())) if isinstance(a, dict) else _with_shape(np.asarray(a)) for a in arguments)
    return b"".join(parts)


def _with_shape(a: np.ndarray) -> bytes:
    return repr((a.shape, a.dtype)).encode() + a.tobytes()


def _finite(value: torch.Tensor) -> bool:
    return not value.is_floating_point() or bool(value.isfinite().all())


def _idle(variant: Variant, value: torch.Tensor, right: torch.Tensor) -> bool:
    """Whether nothing changes at the place; or a limit leaves a single value, which is no limit but a constant."""
    if value.shape == right.shape and value.dtype == right.dtype and torch.equal(value, right):
        return True
    return variant.numerical and value.numel() > 1 and bool((value == value.flatten()[0]).all())


def near(a: Answer, b: Answer) -> bool:
    """Equal in shape and value, within what single precision leaves."""
    if len(a) != len(b) or any(one.shape != other.shape for one, other in zip(a, b)):
        return False
    if not all(_close(one.flat[0], other.flat[0]) for one, other in zip(a, b) if one.size):  # most differ in the first value
        return False
    return all(np.allclose(one, other, rtol=1e-4, atol=1e-6, equal_nan=True) for one, other in zip(a, b))


def _close(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= 1e-6 + 1e-4 * abs(b) or (a != a and b != b)
