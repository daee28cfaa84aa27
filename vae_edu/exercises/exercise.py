"""How an exercise is declared: once, with everything its check, its grade, its tests and its notebook need."""

import functools
import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

Arguments = tuple[Any, ...]  # numpy arrays, numbers, and for some exercises dicts of arrays
BATCHES = 4  # fresh inputs drawn for each check


@dataclass(frozen=True)
class Trial:
    """One row of a check: inputs that are called one after the other, and what they must give.

    An edge row is worth part of the points; every other row is core: without it there are no points at all.
    """

    label: str
    inputs: list[Arguments]
    expected: list[tuple[np.ndarray, ...]]
    edge: bool = False
    note: str = ""  # shown beside a passed row


@dataclass(frozen=True)
class Misconception:
    """A wrong implementation that students really write, and the hint it earns."""

    name: str
    function: Callable
    hint: str


@dataclass
class Exercise:
    """One exercise.

    number, name: "ps1.2" ("03.a" in a lecture, ungraded), "kl_normal": notebook heading, file, function, check and test.
    arguments: the names of the function's parameters.
    oracle: an independent implementation on numpy arrays (SciPy, torch.distributions, quadrature, finite differences).
    draw: fresh inputs from a numpy random generator; called several times, with batches of several sizes.
    reference: (label, arguments, expected or None) from a trained reference; None: the oracle says what is expected.
    differentiable: parameters through which gradients must pass, where the statement says so: one more core row.
    closed_book: functions of this library that do what is asked; they raise while the student's function runs, and have no
        body while a class is graded.
    item: what the first dimension of an answer counts ("image", "sample"), for messages.
    """

    number: str
    name: str
    arguments: Sequence[str]
    oracle: Callable
    draw: Callable[[np.random.Generator], Arguments]
    reference: Callable[[], tuple[str, Arguments, Any]]
    differentiable: Sequence[str] = ()
    closed_book: Sequence[Callable] = ()
    unit: str = "nats"
    item: str = "image"
    tolerance: float = 1e-5
    trials: list[Trial] = field(default_factory=list)
    fixed: list[tuple[str, Callable[[np.random.Generator], Arguments]]] = field(default_factory=list)
    misconceptions: list[Misconception] = field(default_factory=list)
    in_steps: Callable | None = None  # the reference in named steps
    alternatives: list[tuple[str, str, Callable]] = field(default_factory=list)

    @property
    def order(self) -> tuple[str, int]:
        """Its folder and its place there, ("ps1", 2) of ps1.2 and ("lecture03", 1) of 03.a: by this, exercises are sorted."""
        folder, _, place = self.number.partition(".")
        return (folder, int(place)) if self.graded else (f"lecture{folder}", ord(place) - ord("a") + 1)

    @property
    def graded(self) -> bool:
        """Of a problem set, not one of the small ones in lectures."""
        return self.number.startswith("ps")

    @property
    def parts(self) -> int:
        """How many answers the function returns."""
        return len(self.trials[0].expected[0]) if self.trials else 1

    @functools.cached_property
    def version(self) -> str:
        """Changes with the declaration: cases, tolerance, sources of oracle, inputs, misconceptions, steps (not of helpers)."""
        functions = [
            self.oracle,
            self.draw,
            self.reference,
            *(f for _, f in self.fixed),
            *(m.function for m in self.misconceptions),
            *([self.in_steps] if self.in_steps else []),
        ]
        said = [
            self.number,
            self.name,
            self.arguments,
            self.differentiable,
            self.tolerance,
            *(m.hint for m in self.misconceptions),
            *(words for _, words, _ in self.alternatives),
        ]
        said += [(trial.label, trial.inputs, trial.expected, trial.edge) for trial in self.trials]
        content = repr(said) + "".join(map(inspect.getsource, functions))
        return hashlib.sha256(content.encode()).hexdigest()[:12]

    def case(self, label: str, *arguments: Any, expected: Any, edge: bool = False) -> None:
        """Add a case worked by hand. Lists become float64 arrays; `expected` is never computed by the oracle."""
        answer = as_answer(expected)
        number = f"{float(answer[0]):.6g} {self.unit}".strip() if len(answer) == 1 and answer[0].ndim == 0 else ""
        self.trials.append(Trial(label, [as_arguments(arguments)], [answer], edge, number))

    def always(self, label: str, draw: Callable[[np.random.Generator], Arguments]) -> None:
        """Add a row of inputs that are the same in every check: what the fresh ones may miss by luck of the draw."""
        self.fixed.append((label, draw))

    def misconception(self, hint: str) -> Callable[[Callable], Callable]:
        """Decorator: declare a wrong implementation (torch code, as a student would write it) and its hint."""

        def register(function: Callable) -> Callable:
            self.misconceptions.append(Misconception(function.__name__, function, hint))
            return function

        return register

    def steps(self, function: Callable) -> Callable:
        """Decorator: declare the reference in named steps, by which a mistake is named that no misconception foresees.

        One line a step, in the words of its comment, never printed. It is no oracle: it only has to earn full marks.
        """
        self.in_steps = function
        return function

    def instead(self, step: str, wrong: dict[str, Callable]) -> None:
        """Declare what students put in the place of a step of the reference: {what is wrong, in words: what is computed}.

        The functions name the arguments and earlier steps that they need.
        """
        self.alternatives += [(step, words, function) for words, function in wrong.items()]

    def answer(self, arguments: Arguments) -> tuple[np.ndarray, ...]:
        """The oracle's answer, as a tuple of float64 arrays."""
        return as_answer(self.oracle(*arguments))

    @functools.cached_property
    def constant_trials(self) -> list[Trial]:
        """The rows that do not depend on a seed: worked cases, fixed inputs, the trained reference."""
        rows = [*self.trials]
        for label, draw in self.fixed:
            arguments = draw(np.random.default_rng(0))
            rows.append(Trial(label, [arguments], [self.answer(arguments)]))
        label, arguments, expected = self.reference()
        return [*rows, Trial(label, [arguments], [self.answer(arguments) if expected is None else as_answer(tuple(expected))])]

    def trials_of(self, seed: int) -> list[Trial]:
        """The rows of one check: worked cases and fixed inputs, fresh inputs drawn from the seed, the trained reference."""
        rng = np.random.default_rng(seed)
        inputs = [self.draw(rng) for _ in range(BATCHES)]
        fresh = Trial("fresh random inputs", inputs, [self.answer(arguments) for arguments in inputs])
        return [*self.constant_trials[:-1], fresh, self.constant_trials[-1]]


def as_arguments(arguments: Sequence[Any]) -> Arguments:
    """Lists become float64 arrays; numbers, arrays and dicts stay."""
    return tuple(np.asarray(a, dtype=np.float64) if isinstance(a, list) else a for a in arguments)


def as_answer(value: Any) -> tuple[np.ndarray, ...]:
    """A number, an array or a tuple of these as a tuple of float64 arrays."""
    values = value if isinstance(value, tuple) else (value,)
    return tuple(np.asarray(v, dtype=np.float64) for v in values)
