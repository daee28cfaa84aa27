"""Judge what a student's function answers: row by row, right or the first thing that is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..exercises.exercise import Arguments, Exercise, Trial
from .calling import Answer, Failure, Function

SHOWN = 6  # values of an array that are printed
FINAL = ("blank", "time", "lost")  # failures after which the function is not called again
CORE = 0.6  # of the points for a right formula; the edge rows share the rest


class Elsewhere:
    """A student's function in another process: what a notebook's `grade` gets while a class is graded."""

    def under(self, exercise: Exercise) -> Function:
        raise NotImplementedError


@dataclass(frozen=True)
class Row:
    """One judged row of a report."""

    label: str
    passed: bool
    edge: bool
    note: str = ""
    details: tuple[str, ...] = ()


@dataclass
class Report:
    """Everything a check found. `fraction` of the points is earned; `hint` names the likely mistake."""

    exercise: Exercise
    rows: list[Row] = field(default_factory=list)
    hint: str = ""
    misconception: str = ""
    printed: str = ""

    @property
    def fraction(self) -> float:
        """0 where a core row fails; else CORE, and the rest shared evenly by the edge rows."""
        edges = [row.passed for row in self.rows if row.edge]
        if not self.rows or not all(row.passed for row in self.rows if not row.edge):
            return 0.0
        return CORE + (1 - CORE) * sum(edges) / len(edges) if edges else 1.0


@dataclass(frozen=True)
class Answered:
    """One call: what the function was given, what it answered, what was expected of it, and whether its row is an edge row."""

    arguments: Arguments
    answer: Answer | Failure
    expected: Answer
    edge: bool = False


def calls_judged(exercise: Exercise, student: Function, seed: int, report: Report) -> Iterator[Answered]:
    """Judge every row into the report: worked cases, fixed and fresh inputs, the trained reference, gradients where they are
    asked for, and one call again. Yields every call that was made.
    """
    misfit = student.misfit()
    if misfit:
        report.rows.append(Row("a function with the right arguments", False, False, misfit))
        return
    trials = exercise.trials_of(seed)
    for trial in trials:
        answers: list[Any] = []
        for arguments, expected in zip(trial.inputs, trial.expected):
            answers.append(student.call(arguments))
            yield Answered(arguments, answers[-1], expected, trial.edge)
            if isinstance(answers[-1], Failure):
                break
        report.rows.append(judge(exercise, trial, answers))
        if isinstance(answers[-1], Failure) and answers[-1].kind in FINAL:
            return
    if report.fraction == 0:  # a wrong formula has wrong gradients: nothing new to say
        return
    fresh = trials[-2].inputs[-1]
    if exercise.differentiable:
        report.rows.append(_gradient_row(exercise, student, fresh, seed))
    if not alike(exercise, student.call(fresh), student.call(fresh)):
        report.rows.append(Row("the same answer again", False, False, "called with the same inputs, it answers differently"))


def judge(exercise: Exercise, trial: Trial, answers: list[Any]) -> Row:
    """Passed, or the first thing that is wrong, and for which inputs."""
    for arguments, answer, expected in zip(trial.inputs, answers, trial.expected):
        note, details = difference(exercise, answer, expected)
        if note:
            tried = inputs_as_text(exercise, arguments) if details else ""
            return Row(trial.label, False, trial.edge, note, (*[f"tried      {tried}"] * bool(tried), *details))
    count = sum(max(e[0].size, 1) for e in trial.expected)
    return Row(trial.label, True, trial.edge, trial.note or f"{count} value{'s' * (count > 1)}")


def inputs_as_text(exercise: Exercise, arguments: Arguments) -> str:
    """What the function was called with: small arrays in full, the others by their shape; empty where all are large."""

    def short(value: Any) -> str:
        if isinstance(value, dict):
            return f"{len(value)} arrays"
        if isinstance(value, np.ndarray) and value.size > SHOWN:
            return f"an array {value.shape}"
        return np.array2string(np.asarray(value), precision=4, separator=", ", max_line_width=200).replace("\n", "")

    if not any(isinstance(value, np.ndarray) and value.size <= SHOWN for value in arguments):
        return ""
    return ", ".join(f"{name} = {short(value)}" for name, value in zip(exercise.arguments, arguments))


def difference(exercise: Exercise, answer: Answer | Failure, expected: Answer) -> tuple[str, tuple[str, ...]]:
    """Empty where answer and expected agree; else a note and lines that show yours and the expected."""
    if isinstance(answer, Failure):
        return answer.message, ()
    if len(answer) != len(expected):
        return f"{len(answer)} values returned, expected {len(expected)}", ()
    for part, (yours, wanted) in enumerate(zip(answer, expected)):
        which = f" of value {part + 1}" if len(expected) > 1 else ""
        if yours.shape != wanted.shape:
            return f"wrong shape{which}", (f"yours      {yours.shape}", f"expected   {wanted.shape}")
        good = np.isclose(yours, wanted, rtol=exercise.tolerance, atol=1e-6, equal_nan=True)
        if not good.all():
            where = tuple(int(i) for i in np.argwhere(~good)[0]) if good.ndim else ()
            place = f" at {exercise.item} {where[0] if len(where) == 1 else where}" if where else ""
            unit = f" {exercise.unit}" if exercise.unit else ""
            lines = (f"yours      {yours[where]:.6g}{unit}", f"expected   {wanted[where]:.6g}{unit}")
            return f"first difference{which}{place}" if place else f"different{which}", lines
    return "", ()


def alike(exercise: Exercise, a: Answer | Failure, b: Answer | Failure) -> bool:
    """The same answers within the tolerance, or failures of one kind."""
    if isinstance(a, Failure) or isinstance(b, Failure):
        return isinstance(a, Failure) and isinstance(b, Failure) and a.kind == b.kind
    return not difference(exercise, a, b)[0]


def _gradient_row(exercise: Exercise, student: Function, arguments: Arguments, seed: int) -> Row:
    """Compare the slope of the student's answer along a random direction with the oracle's central difference."""
    label = f"gradients reach {' and '.join(exercise.differentiable)}"
    names, rng, step = list(exercise.arguments), np.random.default_rng(seed), 1e-5
    weights = [rng.normal(size=e.shape) for e in exercise.answer(arguments)]
    for name in exercise.differentiable:
        at = names.index(name)
        direction = rng.normal(size=arguments[at].shape)
        moved = [exercise.answer((*arguments[:at], arguments[at] + s * step * direction, *arguments[at + 1 :])) for s in (1, -1)]
        slope = sum(float((w * (up - down)).sum()) for w, up, down in zip(weights, *moved)) / (2 * step)
        gradient = student.gradient(arguments, at, weights)
        if isinstance(gradient, Failure) and gradient.kind == "no gradient":
            note = f"no gradient reaches {name}: is there a .item(), .detach(), float(), numpy or in-place change in the way?"
            return Row(label, False, False, note, (f"torch says: {gradient.message}",))
        if isinstance(gradient, Failure):
            return Row(label, False, False, f"with inputs that need a gradient: {gradient.message}")
        found = float((gradient * direction).sum())
        if not np.isclose(found, slope, rtol=1e-3, atol=1e-5):
            details = (f"yours      {found:.6g}", f"expected   {slope:.6g}")
            return Row(label, False, False, f"the slope along {name} differs", details)
    return Row(label, True, False, f"{len(exercise.differentiable)} slopes")
