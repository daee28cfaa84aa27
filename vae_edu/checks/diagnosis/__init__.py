"""Judge a function, and find out which mistake was made: `run` is the way in.

First the misconceptions that the exercise declares (their words are better), then a search for the fault that answers as the
student's function does, then plain `facts` about the values, and last where they are right.
"""

from typing import Any

import torch

from ...exercises.exercise import Exercise
from ..calling import Failure, Function, surroundings
from ..judging import Answered, Elsewhere, Report, Row, alike, calls_judged
from .facts import facts, half_precision, ignored
from .neutral import right_where
from .search import explain

NOISE = ("noise", "uniform", "order")  # arguments that bring an exercise's random numbers
SECONDS, PATIENT = 1.0, 2.0  # of processor time that the search may take: in a notebook, and while a class is graded


def run(exercise: Exercise, function: Any, seed: int, *, diagnose: bool = True, seconds: float = SECONDS) -> Report:
    """Check `function`, with inputs drawn from `seed`. Torch's random numbers afterwards are what they would have been.

    function: the student's, or where it is (`Elsewhere`). diagnose: also look for the mistake, for so many
    seconds of processor time.
    """
    student = function.under(exercise) if isinstance(function, Elsewhere) else Function(exercise, function)
    report = Report(exercise)
    with surroundings(), torch.random.fork_rng(devices=[]):
        calls = list(calls_judged(exercise, student, seed, report))
        if diagnose and calls and not all(row.passed for row in report.rows):
            report.hint, report.misconception = _diagnosis(exercise, student, calls, report.rows, seconds)
    report.printed = student.printed
    return report


def _diagnosis(exercise: Exercise, student: Function, calls: list[Answered], rows: list[Row], seconds: float) -> tuple[str, str]:
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
    cause = explain(exercise, student, calls, seconds)
    if cause:
        return f"Your values are exactly those of a solution in which {cause.clause.rstrip(',')}.", cause.clause.rstrip(",")
    unused = ignored(exercise, student, calls) or half_precision(calls)
    return unused or next(facts(exercise, calls, rows), "") or right_where(exercise, student, calls), unused
