"""Feedback pages: nbgrader's, made by a process of their own that has a clock (see `pages`)."""

import html
import json
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
from nbconvert.exporters import Exporter, HTMLExporter
from nbformat import NotebookNode

from . import wire
from .marks import EARLIER, LATE, total
from .releases import exercise_number
from .sandbox import Process
from .standing import Standing

SECONDS, PATIENCE = 20.0, 6.0  # of processor time for one page, and times as many by the clock


class Printer:
    """Makes pages; its process starts with the first one, and again after one that took too long."""

    def __init__(self, locked: bool):
        self.locked, self.process = locked, None

    def page(self, notebook: NotebookNode, about: dict) -> str:
        """The page; a short one, with points and comments alone, where the whole one takes too long or cannot be made."""
        text = np.frombuffer(json.dumps(notebook).encode(), np.uint8)
        try:
            self.start()
            self.process.ready()
            wire.send(self.process.control, {"notebook": text, "about": about, "seconds": SECONDS}, PATIENCE * SECONDS)
            reply = wire.receive(self.process.control, PATIENCE * SECONDS)
        except wire.WireError:
            self.close()
            reply = {}
        return bytes(reply["page"]).decode() if "page" in reply else short_page(notebook, about)

    def start(self) -> None:
        """Begin to start the process, which takes a second or two."""
        self.process = self.process or Process("pages", "", self.locked)

    def close(self) -> None:
        if self.process:
            self.process.close()
        self.process = None


def short_page(notebook: NotebookNode, about: dict) -> str:
    """Points and comments, without what was handed in."""
    rows = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if marks.get("grade") or marks.get("comment"):
            points = f"(Score: {marks['score']} / {marks['points']})" if marks.get("grade") else ""
            rows.append(f"<li>{html.escape(marks['grade_id'])} {points} {html.escape(marks.get('comment') or '')}</li>")
    head = f"{html.escape(about['notebook'])} (Score: {about['score']} / {about['max_score']})"
    return (
        f'<!DOCTYPE html>\n<html><head><meta charset="utf-8" /><title>{head}</title></head><body><h4>{head}</h4>'
        "<p>What you handed in cannot be shown, or takes too long to be: these are the points alone.</p>"
        f"<ol>{''.join(rows)}</ol></body></html>"
    )


class FeedbackExporter(HTMLExporter):
    """What nbgrader's GenerateFeedback uses: its preprocessors run here, and `printer` makes the page."""

    printer: Printer  # of the class, since nbgrader copies what is in its configuration

    def from_notebook_node(self, nb: NotebookNode, resources: dict | None = None, **kw) -> tuple[str, dict]:
        """Its template shows every score as a number; where there is none yet, the page says so."""
        nb, resources = Exporter.from_notebook_node(self, nb, resources, **kw)
        page = self.printer.page(nb, dict(resources["nbgrader"]))
        return re.sub(r"Score: nan / ([\d.]+)", r"Score: – / \1, waits for a person", page), resources


@contextmanager
def printing(locked: bool) -> Iterator[None]:
    """While it lasts, pages can be written."""
    FeedbackExporter.printer = Printer(locked)
    try:
        yield
    finally:
        FeedbackExporter.printer.close()


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
