"""What a student reads after a check, and what the grader keeps of it."""

import textwrap

from .. import CHECK_MIME, __version__
from .judging import Report

WIDTH = 100


def as_text(report: Report, points: float | None = None) -> str:
    """The report as lines: a row per trial, yours and the expected where they differ, and the likely mistake."""
    exercise = report.exercise
    lines = [f"{exercise.number} {exercise.name}"]
    width = max(len(row.label) for row in report.rows)
    for row in report.rows:
        head = f"  {'✓' if row.passed else '✗'} {row.label:<{width}}   "
        lines += textwrap.wrap(row.note, WIDTH, initial_indent=head, subsequent_indent=" " * 6) or [head.rstrip()]
        lines += [f"        {detail}" for detail in row.details]
    if report.hint:
        lines += textwrap.wrap(report.hint, WIDTH, initial_indent="    → ", subsequent_indent="      ")
    if report.printed.strip():
        lines.append(f"  (your function printed: {report.printed.strip().splitlines()[0][:70]} …)")
    if points is not None:
        lines.append(f"  {round(report.fraction * points, 2):g} of {points:g} points")
    return "\n".join(lines)


def as_data(report: Report, points: float | None = None, seed: int = 0) -> dict:
    """The report as plain data, kept in the notebook beside the text."""
    graded = {} if points is None else {"check": report.exercise.version}
    failed = next((row for row in report.rows if not row.passed), None)
    return {
        "exercise": report.exercise.number,
        "name": report.exercise.name,
        "points": None if points is None else round(report.fraction * points, 2),
        "max_points": points,
        "passed": failed is None,
        "misconception": report.misconception,
        "hint": report.hint or (failed.note if failed else ""),
        "seed": seed,
        **graded,
        "vae_edu": __version__,
    }


def as_bundle(report: Report, points: float | None = None, seed: int = 0) -> dict:
    """What a notebook shows: text to read, data beside it."""
    return {"text/plain": as_text(report, points), CHECK_MIME: as_data(report, points, seed)}


def show(bundle: dict) -> None:
    """Display in a notebook, print elsewhere."""
    try:
        from IPython import get_ipython
        from IPython.display import display
    except ImportError:
        get_ipython = lambda: None
    if get_ipython() is None:
        print(bundle["text/plain"])
    else:
        display(bundle, raw=True)
