"""Judge what a student's function answers, and find out which mistake was made."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .calling import Failure, Function, surroundings
from .exercise import Arguments, Exercise, Trial

BATCHES = 4  # fresh inputs drawn for each check
SHOWN = 6  # values of an array that are printed
FINAL = ("blank", "time", "lost")  # failures after which the function is not called again


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
        """0 where a core row fails; else 0.6, and the rest shared evenly by the edge rows."""
        edges = [row.passed for row in self.rows if row.edge]
        if not self.rows or not all(row.passed for row in self.rows if not row.edge):
            return 0.0
        return 0.6 + 0.4 * sum(edges) / len(edges) if edges else 1.0


def run(exercise: Exercise, function: Any, seed: int) -> Report:
    """Check `function` on worked cases, fresh inputs drawn from `seed`, the trained reference, and its gradients.

    Torch's random numbers afterwards are what they would have been. function: the student's, or where it is (`Elsewhere`).
    """
    student = function.under(exercise) if isinstance(function, Elsewhere) else Function(exercise, function)
    with surroundings(), torch.random.fork_rng(devices=[]):
        report = _run(exercise, student, seed)
    report.printed = student.printed
    return report


def _run(exercise: Exercise, student: Function, seed: int) -> Report:
    report = Report(exercise)
    misfit = student.misfit()
    if misfit:
        report.rows.append(Row("a function with the right arguments", False, False, misfit))
        return report
    trials = trials_of(exercise, seed)
    answers: list[list[Any]] = []
    for trial in trials:
        answers.append([])
        for arguments in trial.inputs:
            answer = student.call(arguments)
            answers[-1].append(answer)
            if isinstance(answer, Failure):
                break
        report.rows.append(judge(exercise, trial, answers[-1]))
        if isinstance(answers[-1][-1], Failure) and answers[-1][-1].kind in FINAL:
            return report
    if exercise.differentiable and report.fraction > 0:  # a wrong formula has wrong gradients: nothing new to say
        report.rows.append(_gradient_row(exercise, student, trials[-2].inputs[-1], seed))
    if not all(row.passed for row in report.rows):
        diagnose(exercise, student, trials, answers, report)
    return report


def trials_of(exercise: Exercise, seed: int) -> list[Trial]:
    """The worked cases, then fresh inputs, then the trained reference."""
    rng = np.random.default_rng(seed)
    fresh = [exercise.draw(rng) for _ in range(BATCHES)]
    trials = [*exercise.trials, Trial(f"fresh random inputs, seed {seed}", fresh, [exercise.answer(a) for a in fresh])]
    label, arguments, expected = exercise.reference()
    expected = exercise.answer(arguments) if expected is None else tuple(np.asarray(e, dtype=np.float64) for e in expected)
    return [*trials, Trial(label, [arguments], [expected])]


def judge(exercise: Exercise, trial: Trial, answers: list[Any]) -> Row:
    """Passed, or the first thing that is wrong, and for which inputs."""
    for arguments, answer, expected in zip(trial.inputs, answers, trial.expected):
        note, details = _difference(exercise, answer, expected)
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


def diagnose(exercise: Exercise, student: Function, trials: list[Trial], answers: list[list[Any]], report: Report) -> None:
    """Find the misconception that gives the student's answers, on every input; else say how the values differ."""
    pairs = [(a, x) for trial, row in zip(trials, answers) for a, x in zip(trial.inputs, row)]
    repeated = next((a for a, x in pairs if not isinstance(x, Failure)), None)
    if repeated is not None and not _alike(exercise, student.call(repeated), student.call(repeated)):
        report.hint = (
            "Called twice with the same inputs, it answers differently: use the noise it is given, draw none of your own."
        )
        return
    for misconception in exercise.misconceptions:
        if all(_alike(exercise, Function(exercise, misconception.function).call(a), x) for a, x in pairs):
            report.hint, report.misconception = misconception.hint, misconception.name
            return
    for part in range(exercise.parts):
        report.hint = report.hint or _factor_or_shift(trials, answers, part, exercise.parts)


def _factor_or_shift(trials: list[Trial], answers: list[list[Any]], part: int, parts: int) -> str:
    """A hint where one of the answers is off by the same factor or the same constant everywhere."""
    both = [(x, e) for trial, row in zip(trials, answers) for x, e in zip(row, trial.expected) if not isinstance(x, Failure)]
    pairs = [(x[part], e[part]) for x, e in both if len(x) == parts]
    if not pairs or any(x.shape != e.shape for x, e in pairs):
        return ""
    yours, expected = (np.concatenate([pair[i].ravel() for pair in pairs]) for i in (0, 1))
    finite = np.isfinite(expected) & np.isfinite(yours)
    yours, expected, which = yours[finite], expected[finite], f"Value {part + 1}: your" if parts > 1 else "Your"
    used = np.abs(expected) > 1e-9
    if used.sum() < 3 or np.allclose(yours, expected, rtol=1e-4):
        return ""
    ratio, shift = float(np.median(yours[used] / expected[used])), float(np.median(yours - expected))
    if ratio and np.allclose(yours, ratio * expected, rtol=1e-4):
        return f"{which} values are {ratio:.4g} times the expected ones everywhere: which factor is missing or too many?"
    if np.allclose(yours - expected, shift, rtol=1e-4):
        return f"{which} values are off by the same {shift:+.4g} everywhere: which constant is missing or too many?"
    return ""


def _difference(exercise: Exercise, answer: Any, expected: tuple[np.ndarray, ...]) -> tuple[str, tuple[str, ...]]:
    """Empty where answer and expected agree; else a note and lines that show yours and the expected."""
    if isinstance(answer, Failure):
        return answer.message, ()
    if len(answer) != len(expected):
        return f"{len(answer)} values returned, expected {len(expected)}", ()
    for part, (yours, wanted) in enumerate(zip(answer, expected)):
        which = f" of value {part + 1}" if len(expected) > 1 else ""
        if yours.shape != wanted.shape:
            return f"wrong shape{which}", (f"yours      {yours.shape}", f"expected   {wanted.shape}")
        with np.errstate(invalid="ignore"):
            good = np.isclose(yours, wanted, rtol=exercise.tolerance, atol=1e-6, equal_nan=True)
        if not good.all():
            where = tuple(int(i) for i in np.argwhere(~good)[0]) if good.ndim else ()
            place = f" at {exercise.item} {where[0] if len(where) == 1 else where}" if where else ""
            unit = f" {exercise.unit}" if exercise.unit else ""
            lines = (f"yours      {yours[where]:.6g}{unit}", f"expected   {wanted[where]:.6g}{unit}")
            return f"first difference{which}{place}" if place else f"different{which}", lines
    return "", ()


def _alike(exercise: Exercise, a: Any, b: Any) -> bool:
    if isinstance(a, Failure) or isinstance(b, Failure):
        return isinstance(a, Failure) and isinstance(b, Failure) and a.kind == b.kind
    return not _difference(exercise, a, b)[0]


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
            return Row(label, False, True, note, (f"torch says: {gradient.message}",))
        if isinstance(gradient, Failure):
            return Row(label, False, True, f"with inputs that need a gradient: {gradient.message}")
        found = float((gradient * direction).sum())
        if not np.isclose(found, slope, rtol=1e-3, atol=1e-5):
            return Row(
                label, False, True, f"the slope along {name} differs", (f"yours      {found:.6g}", f"expected   {slope:.6g}")
            )
    return Row(label, True, True, f"{len(exercise.differentiable)} slopes")
