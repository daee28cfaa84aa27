"""Checks that say which mistake was made.

from vae_edu.checks import check, grade
check("kl_normal", kl_normal)              # ungraded cell: what was tried, yours, expected, likely cause
grade("kl_normal", kl_normal, points=4)    # graded cell: other fresh inputs; returns the points earned
"""

import math
import numbers
from typing import Any

from . import ps1, ps2, ps3, ps3_match, ps4, ps4_match, ps4_sweep, ps5, ps5_layers, ps5_match, ps5_prior
from .exercise import Exercise
from .report import as_bundle, show
from .runner import run

MODULES = (ps1, ps2, ps3, ps3_match, ps4, ps4_sweep, ps4_match, ps5, ps5_prior, ps5_layers, ps5_match)
EXERCISES: dict[str, Exercise] = {
    value.name: value for module in MODULES for value in vars(module).values() if isinstance(value, Exercise)
}
CHECK_SEED, GRADE_SEED = 1, 413  # "hidden" means fresh inputs, not secret code: the grade's seed is stored with the score


def check(name: str, function: Any) -> None:
    """Try `function` on worked cases, fresh inputs and the trained reference, and say what is wrong with it."""
    exercise = _exercise(name)
    report = run(exercise, function, CHECK_SEED)
    show(as_bundle(report, seed=CHECK_SEED))


def grade(name: str, function: Any, points: float, seed: int = GRADE_SEED) -> float:
    """The points earned, a float in 0..points, which nbgrader takes as the cell's score. Inputs are fresh."""
    score, bundle = graded(name, function, points, seed)
    show(bundle)
    return score


def graded(name: str, function: Any, points: float, seed: int = GRADE_SEED) -> tuple[float, dict]:
    """The points earned, and the report as a notebook shows it: text, and data beside it."""
    if not isinstance(points, numbers.Real) or not math.isfinite(points) or points <= 0:
        raise ValueError(f"points must be a positive number, got {points!r}.")
    report = run(_exercise(name), function, seed)
    return float(round(report.fraction * points, 2)), as_bundle(report, points, seed)


def _exercise(name: str) -> Exercise:
    if not isinstance(name, str) or name not in EXERCISES:
        raise ValueError(f"There is no exercise called {name!r}; there are {', '.join(EXERCISES)}.")
    return EXERCISES[name]
