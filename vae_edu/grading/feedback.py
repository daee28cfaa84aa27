"""Feedback pages: nbgrader's, made by a process of their own that has a clock (see `pages`)."""

import html
import json
import math
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from nbformat import NotebookNode
from nbgrader.preprocessors import ClearHiddenTests

from . import wire
from .disk import is_full, write_whole
from .marks import EARLIER, LATE, total
from .outside import line
from .releases import exercise_number
from .sandbox import Process, SandboxError
from .standing import Standing

SECONDS, PATIENCE = 20.0, 6.0  # of processor time for one page, and times as many by the clock


class Printer:
    """Makes pages, each while its caller goes on. Its process starts with the first, and again after one that took too long."""

    def __init__(self, locked: bool):
        self.locked, self.process, self._asked, self._begun = locked, None, None, None

    def begin(self, path: Path, notebook: NotebookNode, standing: Standing, done: Callable[[str], None]) -> None:
        """Begin a student's page. When the next one is begun, or at the `end`, it is in `path` and done("") is called;
        where that cannot be, there is none, and done is told why.
        """
        self.end()
        notebook, _ = ClearHiddenTests().preprocess(notebook, {})
        self._begun = path, done
        try:
            self.ask(notebook, put_marks(standing, notebook) | {"notebook": path.stem})
        except SandboxError as error:
            self._failed(error)

    def end(self) -> None:
        """Write the page that was begun, if there is one."""
        if self._begun:
            path, done = self._begun
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_whole(path, self.answer())
            except OSError as error:
                if is_full(error):
                    raise
                return self._failed(error)
            self._begun = None
            done("")

    def _failed(self, error: Exception) -> None:
        (path, done), self._begun = self._begun, None
        path.unlink(missing_ok=True)  # one of before would say something else than the gradebook
        done(f"its feedback could not be written: {line(error)}")

    def ask(self, notebook: NotebookNode, about: dict) -> None:
        text = np.frombuffer(json.dumps(notebook).encode(), np.uint8)
        self.start()
        self.process.ready()
        self._asked = notebook, about
        try:
            wire.send(self.process.control, {"notebook": text, "about": about, "seconds": SECONDS}, PATIENCE * SECONDS)
        except wire.WireError:
            self.close()

    def answer(self) -> str:
        """The page; a short one, with points and comments alone, where the whole one takes too long or cannot be made."""
        reply = {}
        if self.process:
            try:
                reply = wire.receive(self.process.control, PATIENCE * SECONDS)
            except wire.WireError:
                self.close()
        page = bytes(reply["page"]).decode() if "page" in reply else short_page(*self._asked)
        return re.sub(r"Score: nan / ([\d.]+)", r"Score: – / \1, waits for a person", page)  # nbgrader knows numbers only

    def start(self) -> None:
        """Begin to start the process, which takes a second or two."""
        self.process = self.process or Process("pages", "", self.locked)

    def close(self) -> None:
        if self.process:
            self.process.close()
        self.process = None


@contextmanager
def printing(locked: bool) -> Iterator[Printer]:
    """While it lasts, pages can be begun; when it ends, all are written."""
    printer = Printer(locked)
    try:
        yield printer
        printer.end()
    finally:
        printer.close()


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


def put_marks(standing: Standing, notebook: NotebookNode) -> dict:
    """Points and comments into the cells, where nbgrader's template looks for them; returns what it says above the first."""
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
    score, max_score = total(standing.results)
    penalty = -exercises[LATE].points if LATE in exercises else 0.0
    return {"score": score, "max_score": max_score, "late_penalty": penalty}
