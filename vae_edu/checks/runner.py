"""Call a student's function, judge its answers, and find out which mistake was made.

The function is called with copies of the inputs, its prints are caught, a call may take TIME_LIMIT seconds, and the
library functions that the exercise asks for raise meanwhile (a courtesy, not a lock: the source is there to read).
"""

import contextlib
import inspect
import io
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from .exercise import Arguments, Exercise, Trial

TIME_LIMIT = 10.0
BATCHES = 4  # fresh inputs drawn for each check


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: `kind` tells failures apart, `message` is one sentence for the student."""

    kind: str
    message: str


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

    Whatever a notebook has set is put aside meanwhile: gradients are on, warnings are off (on stderr they would cost all
    points of an nbgrader cell), and torch's random numbers afterwards are what they would have been.
    """
    with warnings.catch_warnings(), torch.random.fork_rng(devices=[]), torch.inference_mode(False), torch.enable_grad():
        warnings.simplefilter("ignore")
        return _run(exercise, function, seed)


def _run(exercise: Exercise, function: Any, seed: int) -> Report:
    report = Report(exercise)
    misfit = _misfit(exercise, function)
    if misfit:
        report.rows.append(Row("a function with the right arguments", False, False, misfit))
        return report
    trials = trials_of(exercise, seed)
    answers: list[list[Any]] = []
    for trial in trials:
        answers.append([])
        for arguments in trial.inputs:
            answer = call(exercise, function, arguments, report)
            answers[-1].append(answer)
            if isinstance(answer, Failure):
                break
        report.rows.append(judge(exercise, trial, answers[-1]))
        if isinstance(answers[-1][-1], Failure) and answers[-1][-1].kind in ("blank", "time"):
            return report
    if exercise.differentiable and report.fraction > 0:  # a wrong formula has wrong gradients: nothing new to say
        report.rows.append(_gradient_row(exercise, function, trials[-2].inputs[-1], seed))
    if not all(row.passed for row in report.rows):
        diagnose(exercise, function, trials, answers, report)
    return report


def trials_of(exercise: Exercise, seed: int) -> list[Trial]:
    """The worked cases, then fresh inputs, then the trained reference."""
    rng = np.random.default_rng(seed)
    fresh = [exercise.draw(rng) for _ in range(BATCHES)]
    trials = [*exercise.trials, Trial(f"fresh random inputs, seed {seed}", fresh, [exercise.answer(a) for a in fresh])]
    label, arguments, expected = exercise.reference()
    expected = exercise.answer(arguments) if expected is None else tuple(np.asarray(e, dtype=np.float64) for e in expected)
    return [*trials, Trial(label, [arguments], [expected])]


def call(exercise: Exercise, function: Callable, arguments: Arguments, report: Report | None = None) -> Any:
    """The function's answer as a tuple of float64 arrays, or a Failure."""
    tensors = [to_tensors(argument) for argument in arguments]
    value = _invoke(exercise, function, tensors, report)
    if isinstance(value, Failure):
        return value
    if any(not same(to_tensors(a), t) for a, t in zip(arguments, tensors)):
        return Failure("in place", "it changes its inputs in place (+=, *=, or a method ending in _): work on a copy.")
    return _arrays(value, exercise.parts)


def _invoke(exercise: Exercise, function: Callable, tensors: list, report: Report | None = None) -> Any:
    """What the function returns, or a Failure: with its prints caught, within the time limit, and with the book closed."""
    printed = io.StringIO()
    try:
        with (
            closed_book(exercise),
            time_limit(TIME_LIMIT),
            contextlib.redirect_stdout(printed),
            contextlib.redirect_stderr(printed),
        ):
            return function(*tensors)
    except (Exception, SystemExit) as error:
        return _raised(error, function)
    except _OutOfTime:
        return Failure("time", f"no answer after {TIME_LIMIT:.0f} seconds: does a loop never end?")
    finally:
        if report is not None:
            report.printed = report.printed or printed.getvalue()[:2000]


def judge(exercise: Exercise, trial: Trial, answers: list[Any]) -> Row:
    """Passed, or the first thing that is wrong."""
    for answer, expected in zip(answers, trial.expected):
        note, details = _difference(exercise, answer, expected)
        if note:
            return Row(trial.label, False, trial.edge, note, details)
    count = sum(max(e[0].size, 1) for e in trial.expected)
    return Row(trial.label, True, trial.edge, trial.note or f"{count} value{'s' * (count > 1)}")


def diagnose(exercise: Exercise, function: Callable, trials: list[Trial], answers: list[list[Any]], report: Report) -> None:
    """Find the misconception that gives the student's answers, on every input; else say how the values differ."""
    pairs = [(a, x) for trial, row in zip(trials, answers) for a, x in zip(trial.inputs, row)]
    repeated = next((a for a, x in pairs if not isinstance(x, Failure)), None)
    if repeated is not None and not _alike(exercise, call(exercise, function, repeated), call(exercise, function, repeated)):
        report.hint = (
            "Called twice with the same inputs, it answers differently: use the noise it is given, draw none of your own."
        )
        return
    for misconception in exercise.misconceptions:
        if all(_alike(exercise, call(exercise, misconception.function, a), x) for a, x in pairs):
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


def to_tensors(argument: Any) -> Any:
    """Fresh float64 tensors of arrays, also inside dicts; numbers stay as they are."""
    if isinstance(argument, dict):
        return {key: to_tensors(value) for key, value in argument.items()}
    return torch.tensor(argument) if isinstance(argument, np.ndarray) else argument


def same(a: Any, b: Any) -> bool:
    """Equal entry by entry, nan equal to nan."""
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    return bool(torch.equal(a.nan_to_num(), b.detach().nan_to_num())) if isinstance(a, torch.Tensor) else a == b


@contextlib.contextmanager
def closed_book(exercise: Exercise) -> Iterator[None]:
    """While it lasts, the library functions that the exercise asks for raise, however they were imported."""
    inner = [inspect.unwrap(function) for function in exercise.closed_book]  # under decorators such as no_grad
    opened = [(function, function.__code__) for function in inner]
    try:
        for function, _ in opened:
            function.__code__ = _closed.__code__
        yield
    finally:
        for function, code in opened:
            function.__code__ = code


def _closed(*args, **kwargs):
    raise RuntimeError("this is a closed-book exercise: the library function you call is the one to write yourself")


class _OutOfTime(BaseException):
    """Not an Exception, so that the student's own `except Exception` does not swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise _OutOfTime after so many seconds. Without SIGALRM (Windows) or outside the main thread: no limit."""
    if not hasattr(signal, "SIGALRM") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum, frame):
        raise _OutOfTime

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def _misfit(exercise: Exercise, function: Any) -> str:
    wanted = f"{exercise.name}({', '.join(exercise.arguments)})"
    if not callable(function):
        return f"expected the function {wanted}, got {type(function).__name__}: write its name without calling it."
    try:
        inspect.signature(function).bind(*exercise.arguments)
    except TypeError:
        found = f"{getattr(function, '__name__', 'yours')}{inspect.signature(function)}"
        return f"expected {wanted}, found {found}."
    except ValueError:
        pass  # a builtin without a signature: the call will tell
    return ""


def _raised(error: BaseException, function: Callable) -> Failure:
    if isinstance(error, NotImplementedError) and not str(error):  # torch raises it too, with words
        return Failure("blank", "not attempted yet.")
    frames = traceback.extract_tb(error.__traceback__)
    source = getattr(getattr(function, "__code__", None), "co_filename", None)
    line = next((f.line for f in reversed(frames) if f.filename == source and f.line), "")
    said = (str(error).splitlines() or ["(no message)"])[0]
    where = f", in the line `{line}`" if line else ""
    return Failure(f"raised {type(error).__name__}", f"{type(error).__name__}: {said}{where}")


def _arrays(value: Any, parts: int) -> tuple[np.ndarray, ...] | Failure:
    if value is None:
        return Failure("none", "it returns None: is a `return` missing?")
    try:
        tensors = [torch.as_tensor(v).detach().cpu() for v in _parts(value, parts)]
        if any(tensor.is_complex() for tensor in tensors):
            return Failure("type", "it returns complex numbers; expected real ones.")
        return tuple(tensor.to(torch.float64).numpy() for tensor in tensors)
    except Exception:
        return Failure("type", f"it returns a {type(value).__name__}; expected a tensor, or a tuple of tensors.")


def _parts(value: Any, parts: int) -> tuple:
    """A tuple or list holds the answers where several are asked for; where one is, a list of rows is stacked."""
    if isinstance(value, tuple) or (isinstance(value, list) and parts > 1):
        return tuple(value)
    stackable = isinstance(value, list) and value and all(isinstance(v, torch.Tensor) for v in value)
    return (torch.stack(value) if stackable else value,)


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


def _gradient_row(exercise: Exercise, function: Callable, arguments: Arguments, seed: int) -> Row:
    """Compare the slope of the student's answer along a random direction with the oracle's central difference."""
    label = f"gradients reach {' and '.join(exercise.differentiable)}"
    names, rng, step = list(exercise.arguments), np.random.default_rng(seed), 1e-5
    weights = [rng.normal(size=e.shape) for e in exercise.answer(arguments)]
    for name in exercise.differentiable:
        at = names.index(name)
        direction = rng.normal(size=arguments[at].shape)
        moved = [exercise.answer((*arguments[:at], arguments[at] + s * step * direction, *arguments[at + 1 :])) for s in (1, -1)]
        slope = sum(float((w * (up - down)).sum()) for w, up, down in zip(weights, *moved)) / (2 * step)
        leaves = [to_tensors(argument) for argument in arguments]
        leaves[at].requires_grad_()
        value = _invoke(exercise, function, leaves)
        if isinstance(value, Failure):
            return Row(label, False, True, f"with inputs that need a gradient: {value.message}")
        try:
            total = sum((torch.as_tensor(v) * torch.tensor(w)).sum() for v, w in zip(_parts(value, exercise.parts), weights))
            found = float((torch.autograd.grad(total, leaves[at])[0] * torch.tensor(direction)).sum())
        except RuntimeError as error:
            note = f"no gradient reaches {name}: is there a .item(), .detach(), float(), numpy or in-place change in the way?"
            return Row(label, False, True, note, (f"torch says: {str(error).splitlines()[0][:100]}",))
        if not np.isclose(found, slope, rtol=1e-3, atol=1e-5):
            return Row(
                label, False, True, f"the slope along {name} differs", (f"yours      {found:.6g}", f"expected   {slope:.6g}")
            )
    return Row(label, True, True, f"{len(exercise.differentiable)} slopes")
