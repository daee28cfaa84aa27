"""What a student reads after a check, and what the grader keeps of it.

The verdict comes first, then the likely cause, then the rows that failed; what several rows have in common is said once.
"""

import html
import textwrap
from dataclasses import replace

from .. import CHECK_MIME, __version__
from .judging import Report, Row

WIDTH = 88
BAD, GOOD = "var(--jp-error-color1, #b3261e)", "var(--jp-success-color1, #1b7f3b)"  # JupyterLab's own, in light and dark
MONO = "font-family: var(--jp-code-font-family, monospace); font-size: var(--jp-code-font-size, 13px)"


def verdict(report: Report, points: float | None = None, forecast: bool = False) -> str:
    """One line: the exercise, how many rows failed, the points. forecast: they are those of a notebook, not of the class."""
    failed = [row for row in report.rows if not row.passed]
    said = f"{len(failed)} of {len(report.rows)} rows failed" if failed else f"all {len(report.rows)} rows pass"
    if len(report.rows) == 1 and failed:  # there was nothing to go on with
        said = failed[0].note.rstrip(".")
    earned = "" if points is None else f"; {round(report.fraction * points, 2):g} of {points:g} points"
    earned += " (a forecast: a class is graded on inputs of its own)" * forecast
    return f"{report.exercise.number} {report.exercise.name}: {said}{earned}"


def as_text(report: Report, points: float | None = None, forecast: bool = False) -> str:
    """The report as lines, for terminals and for what is stored."""
    rows = _once(report.rows)
    width = max((len(row.label) for row in rows), default=0)
    sign = "✓" if all(row.passed for row in report.rows) else "✗"
    lines = textwrap.wrap(f"{sign} {verdict(report, points, forecast)}", WIDTH, subsequent_indent="  ")
    if report.hint:
        lines += textwrap.wrap(report.hint, WIDTH, initial_indent="  → ", subsequent_indent="    ")
    for row in rows:
        head = f"  {'✓' if row.passed else '✗'} {row.label:<{width}}   "
        lines += textwrap.wrap(row.note, WIDTH, initial_indent=head, subsequent_indent=" " * 8) or [head.rstrip()]
        for detail in row.details:
            lines += textwrap.wrap(detail, WIDTH, initial_indent=" " * 8, subsequent_indent=" " * 19, drop_whitespace=False)
    if report.printed.strip():
        lines.append(f"  (your function printed: {_printed(report)})")
    return "\n".join(line.rstrip() for line in lines)


def as_html(report: Report, points: float | None = None, forecast: bool = False) -> str:
    """The same for a notebook: passed rows are folded, nothing runs out of the page. No script, and no style but its own."""
    rows = _once(report.rows)
    passed = [row for row in rows if row.passed]
    color = GOOD if all(row.passed for row in report.rows) else BAD
    line = f"{'✓' if color == GOOD else '✗'} {verdict(report, points, forecast)}"
    parts = [f'<div style="font-weight: 600; color: {color}">{html.escape(line)}</div>']
    if report.hint:
        parts.append(f'<div style="margin: 0.4em 0">→ {html.escape(report.hint)}</div>')
    for row in rows:
        if not row.passed:
            more = f"<details open><summary>{_label(row)}</summary>{_details(row)}</details>"
            parts.append(more if row.details else f"<div>{_label(row)}</div>")
    if passed:
        inner = "".join(f"<div>{_label(row)}</div>" for row in passed)
        count = f"{len(passed)} row{'s' * (len(passed) > 1)} passed"
        parts.append(f'<details><summary>✓ {count}</summary><div style="margin-left: 1em">{inner}</div></details>')
    if report.printed.strip():
        parts.append(f'<div style="margin-top: 0.4em">Your function printed: <code>{html.escape(_printed(report))}</code></div>')
    newline = "\n"
    frame = f"border-left: 4px solid {color}; padding: 0.2em 0.8em; max-width: 60em; overflow-wrap: anywhere"
    return f'<div style="{frame}">{newline.join(parts)}</div>'


def _once(rows: list[Row]) -> list[Row]:
    """Failed rows first; those that failed alike are one, and a lone one is the verdict already."""
    if len(rows) == 1 and not rows[0].passed:
        return []
    failed: dict[tuple, list[Row]] = {}
    for row in rows:
        if not row.passed:
            failed.setdefault((row.note, row.details), []).append(row)
    joined = [
        alike[0]
        if len(alike) == 1
        else replace(alike[0], label=f"{'all' if len(alike) == len(rows) else 'in'} {len(alike)} rows")
        for alike in failed.values()
    ]
    return joined + [row for row in rows if row.passed]


def _label(row: Row) -> str:
    note = f' <span style="opacity: 0.75">{html.escape(row.note)}</span>' if row.note else ""
    return f"{'✓' if row.passed else '✗'} {html.escape(row.label)}{note}"


def _details(row: Row) -> str:
    """Tried, yours, expected: under each other, so that they can be compared digit by digit."""
    words = [detail.split(maxsplit=1) for detail in row.details]
    pairs = [(html.escape(word), html.escape(" ".join(rest))) for word, *rest in words]
    cells = "".join(f'<span style="opacity: 0.75">{word}</span><span>{value}</span>' for word, value in pairs)
    grid = f"display: grid; grid-template-columns: max-content 1fr; gap: 0 1.5em; margin: 0.2em 0 0.4em 1.5em; {MONO}"
    return f'<div style="{grid}">{cells}</div>'


def _printed(report: Report) -> str:
    return f"{report.printed.strip().splitlines()[0][:70]} …"


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


def as_bundle(report: Report, points: float | None = None, seed: int = 0, forecast: bool = False) -> dict:
    """What a notebook shows: the page, text for where there is none, and data beside it."""
    shown = {"text/plain": as_text(report, points, forecast), "text/html": as_html(report, points, forecast)}
    return {**shown, CHECK_MIME: as_data(report, points, seed)}


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
