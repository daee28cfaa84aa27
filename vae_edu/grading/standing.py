"""How a student stands in a problem set: read once from gradebook and autograded notebook, said the same everywhere."""

import hashlib
import json
from dataclasses import astuple, dataclass

from nbformat import NotebookNode
from nbgrader.api import Gradebook

from ..progress import check_outputs
from .marks import LATE, WAITS, Result, is_test, state
from .outside import printable
from .releases import exercise_number


@dataclass(frozen=True)
class Standing:
    """`cells`: the result of each graded cell, by grade_id; `results`: the same sorted, with the late penalty, if there is one.

    `comments` are those that the feedback page shows, by grade_id: a person's, or nbgrader's own.
    """

    cells: dict[str, Result]
    results: list[Result]
    comments: dict[str, str]

    @property
    def digest(self) -> str:
        """Changes with anything that the student is told."""
        told = [[astuple(result) for result in self.results], sorted(self.comments.items())]
        return hashlib.sha256(json.dumps(told).encode()).hexdigest()


def standing(gradebook: Gradebook, ps: str, student: str, autograded: NotebookNode) -> Standing:
    """The points are the gradebook's, the hints the notebook's. Raises nbgrader's MissingEntry where nothing is graded."""
    submission = gradebook.find_submission(ps, student)
    comments = [comment for notebook in submission.notebooks for comment in notebook.comments]
    said: dict[str, list[str]] = {}
    for comment in comments:
        if comment.manual_comment:
            said.setdefault(exercise_number(comment.name), []).append(comment.manual_comment)
    found = {data["exercise"]: data for data, _ in check_outputs(autograded.cells, graded=True).values()}
    ends = {
        exercise_number(cell.metadata.nbgrader.grade_id): output.evalue
        for cell in autograded.cells if is_test(cell)
        for output in cell.get("outputs", []) if output.output_type == "error"
    }  # fmt: skip
    cells = {}
    for grade in sorted((grade for notebook in submission.notebooks for grade in notebook.grades), key=lambda grade: grade.name):
        number = exercise_number(grade.name)
        data = found.get(number, {})
        points = None if state(grade) == WAITS else grade.score
        hint = "" if points is None or points >= grade.max_score else data.get("hint") or ends.get(number, "")
        cells[grade.name] = Result(
            printable(student), number, points, grade.max_score, hint, misconception=data.get("misconception", ""),
            state=state(grade), comment=" ".join(said.get(number, [])),
        )  # fmt: skip
    results = sorted(cells.values(), key=lambda result: result.exercise)
    if submission.late_submission_penalty:
        results.append(Result(printable(student), LATE, -submission.late_submission_penalty, 0.0))
    return Standing(cells, results, {comment.name: comment.comment for comment in comments if comment.comment})
