"""One table for a class: student by exercise, then the hint that each lost point earned."""

import csv
import textwrap
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from .course import Result


def as_table(results: Iterable[Result]) -> str:
    """Rows of students, columns of exercises ("-": a person grades it), totals of the auto-graded part, then the hints."""
    results = list(results)
    scored = [result for result in results if not result.problem]
    columns = sorted({result.exercise for result in scored})
    width = max([len("student"), *(len(result.student) for result in results)])
    lines = ["  ".join([f"{'student':<{width}}", *(f"{column:>7}" for column in columns), "    total"])]
    for student in dict.fromkeys(result.student for result in results):
        own = {result.exercise: result for result in scored if result.student == student}
        cells = [_cell(own.get(column)) for column in columns]
        auto = [result for result in own.values() if result.points is not None]
        total = f"{sum(r.points for r in auto):g}/{sum(r.max_points for r in auto):g}"
        lines.append("  ".join([f"{student:<{width}}", *(f"{cell:>7}" for cell in cells), f"{total:>9}"]))
    for result in results:
        if result.problem or result.hint:
            lead = f"  {result.student:<{width}}  {result.exercise:<6} "
            lines += textwrap.wrap(result.problem or result.hint, 110, initial_indent=lead, subsequent_indent=" " * len(lead))
    return "\n".join(lines)


def write_csv(results: Iterable[Result], path: Path) -> Path:
    """One row per student and exercise, with the hint and the reason where there is no score."""
    with open(path, "w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(field.name for field in fields(Result))
        rows.writerows(map(_harmless, astuple(result)) for result in results)
    return path


def _harmless(value: object) -> object:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front."""
    return f"'{value}" if isinstance(value, str) and value[:1] in tuple("=+-@\t") else value


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    return "-" if result.points is None else f"{result.points:g}/{result.max_points:g}"
