"""Checks that say which mistake was made.

from vae_edu.checks import check, grade
check("kl_normal", kl_normal)              # ungraded cell: what was tried, yours, expected, likely cause
grade("kl_normal", kl_normal, points=4)    # graded cell: other fresh inputs; returns the points earned
"""

import math
import numbers
from typing import Any

from ..exercises import EXERCISES
from ..exercises.exercise import Exercise
from .calling import said
from .diagnosis import PATIENT, run
from .judging import Report
from .report import as_bundle, show

CHECK_SEED, GRADE_SEED = 1, 413  # of a notebook's own cells; a class is graded with a seed of its own, which it does not see


def check(name: str, function: Any) -> None:
    """Try `function` on worked cases, fresh inputs and the trained reference, and say what is wrong with it."""
    exercise = _exercise(name)
    try:
        show(as_bundle(run(exercise, function, CHECK_SEED), seed=CHECK_SEED))
    except Exception as error:
        print(_broken(exercise, error))


def grade(name: str, function: Any, points: float) -> float:
    """The points earned, a float in 0..points, which nbgrader takes as the cell's score. Inputs are fresh.

    In a notebook they are a forecast, which the report says: while a class is graded, the inputs are others again.
    """
    exercise, points = _exercise(name), _points(points)
    try:
        report = run(exercise, function, GRADE_SEED)
        show(as_bundle(report, points, GRADE_SEED, forecast=True))
        return earned(report, points)
    except Exception as error:
        print(_broken(exercise, error))
        return 0.0


def graded(name: str, function: Any, points: float, seed: int) -> tuple[float, dict]:
    """The points earned, and the report as a notebook shows it: text, and data beside it."""
    report = run(_exercise(name), function, seed, seconds=PATIENT)
    return earned(report, _points(points)), as_bundle(report, points, seed)


def earned(report: Report, points: float) -> float:
    return float(round(report.fraction * points, 2))


def _exercise(name: str) -> Exercise:
    if not isinstance(name, str) or name not in EXERCISES:
        raise ValueError(f"There is no exercise called {name!r}; there are {', '.join(EXERCISES)}.")
    return EXERCISES[name]


def _points(points: float) -> float:
    if isinstance(points, numbers.Real) and math.isfinite(points) and points > 0:
        return points
    raise ValueError(f"points must be a positive number, got {points!r}.")


def _broken(exercise: Exercise, error: Exception) -> str:
    """What to say where the check itself cannot run: a damaged reference, or a notebook that has changed torch or NumPy."""
    return (
        f"{exercise.number} {exercise.name}\n  ✗ the check itself could not run: {type(error).__name__}: {said(error)}\n"
        "    → Restart the kernel and run all cells; if it stays, run `vae-edu doctor`."
    )
