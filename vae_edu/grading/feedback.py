"""nbgrader's feedback pages, with templates compiled once and not once per student (a third of the grader's own time)."""

import math
import re

from jinja2 import Environment, FileSystemBytecodeCache
from nbconvert.exporters import HTMLExporter
from nbformat import NotebookNode

from .marks import EARLIER, LATE, exercise_number, total
from .standing import Standing


class FeedbackExporter(HTMLExporter):
    """The exporter that nbgrader's GenerateFeedback uses, with jinja's memory of compiled templates."""

    memory = FileSystemBytecodeCache()

    def _create_environment(self) -> Environment:
        environment = super()._create_environment()
        environment.bytecode_cache = self.memory
        return environment

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kw) -> tuple[str, dict]:
        """Its template shows every score as a number; where there is none yet, the page says so."""
        page, resources = super().from_notebook_node(nb, resources, **kw)
        return re.sub(r"Score: nan / ([\d.]+)", r"Score: – / \1, waits for a person", page), resources


def put_marks(standing: Standing, notebook: NotebookNode, about: dict) -> None:
    """Points and comments into the cells, where nbgrader's template looks for them, and the total into `about`."""
    exercises = {result.exercise: result for result in standing.results}
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        grade_id = marks.get("grade_id", "")
        if grade_id in standing.cells:
            result = standing.cells[grade_id]
            marks["score"], marks["points"] = math.nan if result.points is None else result.points, result.max_points
        if marks.get("solution"):
            earlier = exercise_number(grade_id) in exercises and exercises[exercise_number(grade_id)].state == EARLIER
            told = ["This mark was given for an earlier answer."] * earlier + [standing.comments.get(grade_id, "")]
            marks["comment"] = " ".join(filter(None, told))
    about["score"], about["max_score"] = total(standing.results)
    about["late_penalty"] = -exercises[LATE].points if LATE in exercises else 0.0
