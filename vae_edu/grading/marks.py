"""The one place where a score, a person's mark and a late penalty become what everybody is told.

nbgrader's own columns carry the four states, so that its formgrader shows and sets the same ones. What they cannot tell is for
which answer a mark was given; that is remembered in the ledger, as a hash of the answer and of its question.
"""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from nbformat import NotebookNode
from nbgrader.api import Grade

from .releases import exercise_number, question

GRADED = "graded"  # by its test, or a blank written answer: 0
WAITS = "waits for a person"
MARKED = "marked"
EARLIER = "marked for an earlier answer"
NO_SCORE = "no score"
LATE = "late"  # the exercise's name of a late penalty


@dataclass(frozen=True)
class Result:
    """One student's exercise. points is None while it waits for a person; `problem` says why there is no score.

    A late penalty is a result of its own: the exercise "late", with negative points, of 0.
    """

    student: str
    exercise: str
    points: float | None
    max_points: float
    hint: str = ""
    problem: str = ""
    misconception: str = ""
    state: str = GRADED
    comment: str = ""


def total(results: Iterable[Result]) -> tuple[float, float]:
    """One student's points and their maximum, over what has points."""
    scored = [result for result in results if result.points is not None]
    return max(0.0, sum(result.points for result in scored)), sum(result.max_points for result in scored)


def unmarked(results: Iterable[Result]) -> list[Result]:
    """The answers that a person has to look at: they wait, or their mark was given for an earlier answer."""
    return [result for result in results if result.state in (WAITS, EARLIER)]


def say_unmarked(results: Iterable[Result]) -> str:
    """ "2 answers wait for a person and 1 is marked for an earlier answer", or ""."""
    states = [result.state for result in results]
    waiting, earlier = states.count(WAITS), states.count(EARLIER)
    parts = [f"{waiting} answer{'s wait' if waiting > 1 else ' waits'} for a person"] * bool(waiting)
    noun = "" if waiting else f" answer{'s' * (earlier > 1)}"
    parts += [f"{earlier}{noun} {'are' if earlier > 1 else 'is'} marked for an earlier answer"] * bool(earlier)
    return " and ".join(parts)


def state(grade: Grade) -> str:
    if grade.manual_score is None:
        return WAITS if grade.needs_manual_grade else GRADED
    return EARLIER if grade.needs_manual_grade else MARKED


def is_test(cell: NotebookNode) -> bool:
    """Graded by running it, and not the student's to edit."""
    marks = cell.metadata.get("nbgrader", {})
    return bool(marks.get("grade")) and not marks.get("solution")


def id_of_test(cell: NotebookNode) -> str:
    return cell.metadata.nbgrader.grade_id if is_test(cell) else ""


def questions(release: NotebookNode) -> dict[str, str]:
    """The hash of its question, for each graded cell."""
    return {grade_id: question(release, grade_id) for cell in release.cells if (grade_id := _graded(cell))}


def answers(notebook: NotebookNode, asked: dict[str, str]) -> dict[str, str]:
    """For each graded cell, a hash of its question and of what the student answered in the cells of that exercise."""
    written: dict[str, list[str]] = {}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("solution"):
            written.setdefault(exercise_number(marks["grade_id"]), []).append(cell.source.strip())
    return {grade_id: _hash(asks, written.get(exercise_number(grade_id), [])) for grade_id, asks in asked.items()}


def _graded(cell: NotebookNode) -> str:
    marks = cell.metadata.get("nbgrader", {})
    return marks["grade_id"] if marks.get("grade") else ""


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:20]
