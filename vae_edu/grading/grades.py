"""Grades go out as CSV, in the words of Canvas and Moodle."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from .course import Course, CourseError
from .disk import write_whole
from .gradebooks import settle_penalties
from .marks import Result, say_unmarked, total, unmarked
from .outside import for_csv
from .roster import COLUMNS


def write_grades(course: Course, ps: str, path: Path, form: str, without_mark: str = "") -> tuple[Path, str]:
    """Everybody's total for an import into Canvas or Moodle. Returns the file, and what in it nobody has marked.

    A student without a score has an empty cell: those systems leave what they have. Where answers wait for a person, or have a
    mark for an earlier one, `without_mark` says what they count: "zero", or "empty" for that student's cell. Where it does not,
    nothing is written: CourseError.
    """
    with course.at_work():
        settle_penalties(course.api, ps)
        with course.api.gradebook as gradebook:
            if ps not in [assignment.name for assignment in gradebook.assignments]:
                raise CourseError(f"Nothing of {ps} has been graded: first run vae-edu grade {ps}.")
            maximum = gradebook.find_assignment(ps).max_score
            students = [[getattr(student, field) or "" for field in COLUMNS] for student in gradebook.students]
        results = [course.results(ps, login) for login, *_ in students]
        said = say_unmarked(result for rows in results for result in rows)
        if said and not without_mark:
            raise CourseError(f"{said}: mark in the formgrader, or say what they count with --unmarked zero or --unmarked empty.")
        rows = [[*student, _points(own, without_mark)] for student, own in zip(students, results, strict=True)]
        return write_whole(path, _as_csv(ps, rows, f"{maximum:g}", form)), said


def _points(results: list[Result], without_mark: str) -> str:
    if results[0].problem or (without_mark == "empty" and unmarked(results)):
        return ""
    return f"{total(result for result in results if result not in unmarked(results))[0]:g}"


def _as_csv(ps: str, rows: Sequence[Sequence[str]], maximum: str, form: str) -> str:
    text = io.StringIO()
    out = csv.writer(text)
    if form == "canvas":
        out.writerow(["Student", "ID", "SIS User ID", "SIS Login ID", "Section", ps])
        out.writerow(["    Points Possible", "", "", "", "", maximum])
        rows = [[f"{last}, {first}".strip(", "), lms, "", login, "", points] for login, first, last, _, lms, points in rows]
    else:
        out.writerow(["Username", "First name", "Last name", "Email address", "ID number", ps])
    out.writerows(map(for_csv, row) for row in rows)
    return text.getvalue()
