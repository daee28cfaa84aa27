"""Call a student's function: the part of a check that has to happen in the process where the function lives.

While a class is graded that process holds this module and no other of the checks (see `grading.room`).
The function is called with copies of the inputs, its prints are caught, a call may take TIME_LIMIT seconds of processor time,
and the library functions that the exercise asks for raise meanwhile (a courtesy, not a lock: the source is there to read).
Whatever a notebook has set (default type and device, gradients, NumPy's and Python's warnings) does not reach a check, and what
the function sets does not stay.
"""

import contextlib
import inspect
import io
import signal
import threading
import traceback
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import numpy as np
import torch

TIME_LIMIT = 10.0  # seconds of processor time: a loaded machine fails nobody
PATIENCE = 3.0  # times as much by the clock, for a function that sleeps or waits
NUMBERS, PARTS, DIMENSIONS = 2_000_000, 100, 8  # numbers in one answer, arrays, and dimensions of each
Arguments, Answer = tuple[Any, ...], tuple[np.ndarray, ...]

closed_calls: list[str] = []  # what a submission has called that is closed while its problem set is graded


@dataclass(frozen=True)
class Failure:
    """Why there is no answer: `kind` tells failures apart, `message` is one sentence for the student."""

    kind: str
    message: str


@dataclass(frozen=True)
class Wanted:
    """What one has to know of an exercise to call a function: an `Exercise` without its answers."""

    name: str
    arguments: Sequence[str]
    parts: int
    closed_book: Sequence[Callable] = ()


class Function:
    """A student's function under an exercise: what it takes, what it answers, and its gradients.

    exercise: an `Exercise`, or what is `Wanted` of one.
    """

    def __init__(self, exercise: Any, function: Any):
        self.exercise, self.function, self.printed = exercise, function, ""

    def misfit(self) -> str:
        """Empty where it is a function that takes the exercise's arguments, else what it is instead."""
        exercise, function = self.exercise, self.function
        wanted = f"{exercise.name}({', '.join(exercise.arguments)})"
        if not callable(function):
            return f"expected the function {wanted}, got {type(function).__name__}: write its name without calling it."
        try:
            signature = inspect.signature(function)
        except Exception:
            return ""  # a builtin without a signature, or a strange object: the call will tell
        try:
            signature.bind(*exercise.arguments)
        except TypeError:
            return f"expected {wanted}, found {getattr(function, '__name__', 'yours')}{signature}."
        return ""

    def call(self, arguments: Arguments) -> Answer | Failure:
        """Its answer as a tuple of float64 arrays."""
        with surroundings():
            tensors = [to_tensors(argument) for argument in arguments]
            value = self._invoke(tensors)
            if isinstance(value, Failure):
                return value
            if not all(_unchanged(a, t) for a, t in zip(arguments, tensors)):
                return Failure("in place", "it changes its inputs in place (+=, *=, or a method ending in _): work on a copy.")
            return answer_as_arrays(value, self.exercise.parts)

    def gradient(self, arguments: Arguments, at: int, weights: list[np.ndarray]) -> np.ndarray | Failure:
        """The gradient of sum(weights * answer) with respect to arguments[at]."""
        with surroundings():
            leaves = [to_tensors(argument) for argument in arguments]
            leaves[at].requires_grad_()
            value = self._invoke(leaves)
            if isinstance(value, Failure):
                return value
            try:
                parts = _parts(value, self.exercise.parts)
                total = sum((torch.as_tensor(v) * torch.tensor(w)).sum() for v, w in zip(parts, weights))
                return torch.autograd.grad(total, leaves[at])[0].numpy()
            except Exception as error:
                return Failure("no gradient", said(error)[:100])

    def _invoke(self, tensors: list) -> Any:
        printed = Printed()
        try:
            with (
                closed_book(self.exercise.closed_book),
                time_limit(TIME_LIMIT),
                contextlib.redirect_stdout(printed),
                contextlib.redirect_stderr(printed),
            ):
                return self.function(*tensors)
        except KeyboardInterrupt:
            raise
        except OutOfTime:
            return Failure("time", f"no answer after {TIME_LIMIT:.0f} seconds: does a loop never end?")
        except BaseException as error:
            return _raised(error, self.function)
        finally:
            self.printed = self.printed or printed.getvalue()[:2000]


class Printed(io.StringIO):
    """What a function prints; it stays readable where the function closes it."""

    def close(self) -> None:
        pass


@contextlib.contextmanager
def surroundings() -> Iterator[None]:
    """The settings that torch, NumPy and Python start with, whatever a notebook has changed; put back afterwards.

    Warnings are off, since nbgrader gives no points to a cell with text on stderr.
    """
    dtype = torch.get_default_dtype()
    torch.set_default_dtype(torch.float32)
    try:
        with (
            warnings.catch_warnings(),
            np.errstate(all="ignore"),
            contextlib.nullcontext() if _on_the_processor() else torch.device("cpu"),
            torch.inference_mode(False),
            torch.enable_grad(),
        ):
            warnings.simplefilter("ignore")
            yield
    finally:
        torch.set_default_dtype(dtype)


def _on_the_processor() -> bool:
    """Where tensors are made unless one says otherwise. Torch fails to tell where a notebook has set a GPU and there is none."""
    try:
        return torch.get_default_device().type == "cpu"
    except Exception:
        return False


def to_tensors(argument: Any) -> Any:
    """Fresh float64 tensors of arrays, also inside dicts; numbers stay as they are."""
    if isinstance(argument, dict):
        return {key: to_tensors(value) for key, value in argument.items()}
    return torch.tensor(argument) if isinstance(argument, np.ndarray) else argument


def _unchanged(argument: Any, tensor: Any) -> bool:
    """Whether the function left the tensors it was given as they were."""
    if isinstance(argument, dict):
        return argument.keys() == tensor.keys() and all(_unchanged(argument[key], tensor[key]) for key in argument)
    if isinstance(argument, np.ndarray):
        return np.array_equal(argument, tensor.detach().numpy(), equal_nan=argument.dtype.kind == "f")
    return argument == tensor


@contextlib.contextmanager
def closed_book(functions: Sequence[Callable]) -> Iterator[None]:
    """While it lasts, these functions of the library, which are the ones to write, raise, however they were imported."""
    inner = [inspect.unwrap(function) for function in functions]  # under decorators such as no_grad
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


class ClosedError(RuntimeError):
    """What was called is put away while a class is graded."""


def closed(what: str) -> NoReturn:
    """In the place of what is put away: remembered, then refused."""
    closed_calls.append(what)
    raise ClosedError(f"{what} is put away while a class is graded: write your own")


class OutOfTime(BaseException):
    """Not an Exception, so that the student's own `except Exception` does not swallow it."""


@contextlib.contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime after so many seconds of processor time, or PATIENCE times as many by the clock.

    Without these timers (Windows) or outside the main thread: no limit.
    """
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop(signum, frame):
        raise OutOfTime

    timers = {
        signal.ITIMER_PROF: (signal.SIGPROF, seconds),
        signal.ITIMER_REAL: (signal.SIGALRM, PATIENCE * seconds),
    }
    before = {number: signal.signal(number, stop) for number, _ in timers.values()}
    for timer, (_, after) in timers.items():
        signal.setitimer(timer, after, 1.0)
    try:
        yield
    finally:
        for timer in timers:
            signal.setitimer(timer, 0)
        for number, handler in before.items():
            signal.signal(number, handler)


def said(error: BaseException) -> str:
    """The first line of an exception's message, whatever its __str__ does."""
    try:
        return (str(error).splitlines() or ["(no message)"])[0]
    except Exception:
        return "(its message cannot be read)"


def _raised(error: BaseException, function: Callable) -> Failure:
    if isinstance(error, NotImplementedError) and said(error) == "(no message)":  # torch raises it too, with words
        return Failure("blank", "not attempted yet.")
    frames = traceback.extract_tb(error.__traceback__)
    source = getattr(getattr(function, "__code__", None), "co_filename", None)
    line = next((f.line for f in reversed(frames) if f.filename == source and f.line), "")
    where = f", in the line `{line}`" if line and not isinstance(error, ClosedError) else ""
    return Failure(f"raised {type(error).__name__}", f"{type(error).__name__}: {said(error)}{where}")


def answer_as_arrays(value: Any, parts: int) -> Answer | Failure:
    """What a function has returned as a tuple of float64 arrays, or why it is no answer."""
    if value is None:
        return Failure("none", "it returns None: is a `return` missing?")
    try:
        values = _parts(value, parts)
        if len(values) > PARTS:
            return Failure("type", f"it returns {len(values):,} values; expected {parts}.")
        tensors = [torch.as_tensor(v).detach().cpu() for v in values]
        if any(tensor.dim() > DIMENSIONS for tensor in tensors):
            return Failure("type", f"its answer has more than {DIMENSIONS} dimensions.")
        if any(tensor.is_complex() for tensor in tensors):
            return Failure("type", "it returns complex numbers; expected real ones.")
        if sum(tensor.numel() for tensor in tensors) > NUMBERS:
            return Failure("type", f"its answer has more than {NUMBERS:,} numbers.")
        return tuple(tensor.to_dense().to(torch.float64).numpy() for tensor in tensors)
    except Exception:
        return Failure("type", f"it returns a {type(value).__name__}; expected a tensor, or a tuple of tensors.")


def _parts(value: Any, parts: int) -> tuple:
    """A tuple or list holds the answers where several are asked for; where one is, a list of rows is stacked."""
    if isinstance(value, tuple) or (isinstance(value, list) and parts > 1):
        return tuple(value)
    stackable = isinstance(value, list) and value and all(isinstance(v, torch.Tensor) for v in value)
    return (torch.stack(value) if stackable else value,)
