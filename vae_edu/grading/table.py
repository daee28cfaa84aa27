"""One table for a class: student by exercise, then the hint that each lost point earned."""

import csv
import io
import textwrap
from collections.abc import Iterable
from dataclasses import astuple, fields
from pathlib import Path

from .disk import write_whole
from .marks import EARLIER, LATE, WAITS, Result, total
from .outside import for_csv, line


def as_table(results: Iterable[Result]) -> str:
    """Rows of students, columns of exercises, totals of what has points; then what "-" and "*" mean, then the hints."""
    results = list(results)
    scored = [result for result in results if not result.problem]
    columns = sorted({result.exercise for result in scored}, key=lambda exercise: (exercise == LATE, exercise))
    width = max([len("student"), *(len(result.student) for result in results)])
    lines = ["  ".join([f"{'student':<{width}}", *(f"{column:>7}" for column in columns), "    total"])]
    for student in dict.fromkeys(result.student for result in results):
        own = [result for result in scored if result.student == student]
        by_exercise = {result.exercise: result for result in own}
        cells = [_cell(by_exercise.get(column)) for column in columns]
        points, of = total(own)
        lines.append("  ".join([f"{student:<{width}}", *(f"{cell:>7}" for cell in cells), f"{f'{points:g}/{of:g}':>9}"]))
    lines += _footnotes(results)
    for result in results:
        if result.problem or result.hint:
            lead = f"  {result.student:<{width}}  {result.exercise:<6} "
            said = line(result.problem or result.hint)
            lines += textwrap.wrap(said, 110, initial_indent=lead, subsequent_indent=" " * len(lead))
    return "\n".join(lines)


def _footnotes(results: list[Result]) -> list[str]:
    states = [result.state for result in results]
    waiting, earlier = states.count(WAITS), states.count(EARLIER)
    lines = [f"  -  {_answers(waiting)} for a person: mark in the formgrader, then give the same command"] * bool(waiting)
    stand = f"{earlier} mark{'s were' if earlier > 1 else ' was'} given for an earlier answer"
    return lines + [f"  *  {stand}: look again in the formgrader, and save the mark"] * bool(earlier)


def _answers(number: int) -> str:
    return f"{number} answer{'s wait' if number > 1 else ' waits'}"


def write_csv(results: Iterable[Result], path: Path) -> Path:
    """One row per student and exercise, with the hint and the reason where there is no score."""
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(field.name for field in fields(Result))
    rows.writerows(map(for_csv, astuple(result)) for result in results)
    return write_whole(path, text.getvalue())


def _cell(result: Result | None) -> str:
    if result is None:
        return ""
    if result.exercise == LATE:
        return f"{result.points:g}"
    return "-" if result.points is None else f"{result.points:g}/{result.max_points:g}" + "*" * (result.state == EARLIER)
