"""The student's cells in the course's own notebook, so that what is graded is the course's but for what the student wrote."""

import copy
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import nbformat
from nbformat import NotebookNode

from .pictures import Pictures
from .releases import changed_questions, exercise_number


class IntakeError(Exception):
    """This submission cannot be graded. The message is one sentence."""


@dataclass
class Cell:
    """What is taken of a cell of the student's. marks: by what it may be known, the surest first."""

    is_code: bool
    source: str
    marks: tuple[str, ...] = ()
    attachments: Any = None


def marked(release: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}


def unmarked(release: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.get("id", ""): cell for cell in release.cells if "nbgrader" not in cell.metadata}


def transplant(
    theirs: list[Cell], release: NotebookNode, earlier: Sequence[tuple[str, NotebookNode]] = ()
) -> tuple[NotebookNode, list[str]]:  # fmt: skip
    """The student's cells in the course's notebook: what is locked is the course's, what is missing is put back.

    A cell is recognised by its grade_id, or by its own id where the metadata were wiped; of copies the last one counts that is
    not blank. What the course itself has changed since the release from which the student's was made is put in without blame.
    Returns the notebook and what had to be put right.
    """
    date, made_from = _made_from(theirs, release, earlier)
    ours, before = marked(release), marked(made_from)
    known = [next((mark for mark in cell.marks if mark in ours or mark in before), "") for cell in theirs]
    place = _places(theirs, known, {**ours, **before})
    if not place:
        raise IntakeError("it holds no cell of this problem set: is it another one's notebook?")
    told, now = unmarked(made_from), unmarked(release)
    pictures = Pictures()
    cells, changed = [], []
    for index, (cell, grade_id) in enumerate(zip(theirs, known, strict=True)):
        grade_id = grade_id if place.get(grade_id) == index else ""
        given, fresh = before.get(grade_id), nbformat.v4.new_code_cell if cell.is_code else nbformat.v4.new_markdown_cell
        if given and grade_id not in ours and given.metadata.nbgrader.locked:
            continue  # gone since
        if untouched := [mark for mark in cell.marks if mark in told and told[mark].source.strip() == cell.source.strip()]:
            cells.append(copy.deepcopy(now.get(untouched[0], told[untouched[0]])))  # the course's own text may hold HTML
            continue
        own = copy.deepcopy(ours[grade_id]) if grade_id in ours else fresh()
        if own.metadata.get("nbgrader", {}).get("locked"):
            changed += [grade_id] * (cell.source.strip() not in {own.source.strip(), given and given.source.strip()})
        elif given and grade_id in ours and cell.source.strip() == given.source.strip():
            pass  # nothing written: the course's own text, also where it has changed since
        elif own.cell_type == "code":
            own.source = cell.source
        else:
            own.source, kept = pictures.keep(cell.source, cell.attachments)
            own.pop("attachments", None)
            if kept:
                own.attachments = nbformat.from_dict(kept)
        cells.append(own)
    missing = _put_in(cells, ours, before)
    moved = _written_elsewhere(cells, release)
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(release.metadata))
    notes = [f"changed by the student, and put back: {', '.join(changed)}"] if changed else []
    notes += [f"missing, and put back: {', '.join(missing)}"] if missing else []
    notes += [f"written in another cell, and put where it is marked: {', '.join(moved)}"] if moved else []
    since = sorted({exercise_number(grade_id) for grade_id in changed_questions(made_from, release)})
    notes += [f"made from the release of {date}: changed since: {', '.join(since)}"] if since else []
    return notebook, notes + listed("pictures left out", pictures.left_out)


def _places(theirs: list[Cell], known: list[str], given: dict[str, NotebookNode]) -> dict[str, int]:
    """Where each cell of the course stands in the student's: of copies the last one that has been written in."""
    place: dict[str, int] = {}
    for index, (cell, grade_id) in enumerate(zip(theirs, known, strict=True)):
        if grade_id and (grade_id not in place or _written(cell, given[grade_id])):
            place[grade_id] = index
    return place


def _written(cell: Cell, given: NotebookNode) -> bool:
    return given.metadata.nbgrader.locked or cell.source.strip() != given.source.strip()


def _made_from(theirs: list[Cell], release: NotebookNode, earlier: Sequence) -> tuple[str, NotebookNode]:
    """Date and notebook of the release that the student's is nearest to: first by what nobody should edit, then by all text."""
    found = {mark: cell.source.strip() for cell in theirs for mark in cell.marks}
    versions = [("", release), *reversed(earlier)]
    known = {grade_id for _, version in versions for grade_id in marked(version)}

    def distance(version: tuple[str, NotebookNode]) -> tuple[int, int]:
        given = marked(version[1])
        wrong = sum(grade_id in known and grade_id not in given for grade_id in found)
        wrong += sum(cell.metadata.nbgrader.locked and differs(cell) for cell in given.values())
        return wrong, sum(map(differs, version[1].cells))

    def differs(cell: NotebookNode) -> bool:
        return found.get(cell.metadata.get("nbgrader", {}).get("grade_id") or cell.get("id")) != cell.source.strip()

    return min(versions, key=distance)


def _written_elsewhere(cells: list[NotebookNode], release: NotebookNode) -> list[str]:
    """Answers in words whose cell is blank: what the student wrote in the text around it is the answer. Returns their ids."""
    told = {cell.source.strip() for cell in release.cells}
    moved = []
    for at, cell in enumerate(cells):
        marks = cell.metadata.get("nbgrader", {})
        if cell.cell_type == "markdown" and marks.get("grade") and cell.source.strip() in told:
            around: list[NotebookNode] = []
            for side in (cells[at - 1 :: -1] if at else [], cells[at + 1 :]):
                near = itertools.takewhile(lambda other: "nbgrader" not in other.metadata, side)
                around += [other for other in near if other.cell_type == "markdown" and other.source.strip() not in told]
            if around:
                cell.source = "\n\n".join(other.source for other in around)
                for other in around:
                    cell.setdefault("attachments", {}).update(other.get("attachments", {}))
                moved.append(marks["grade_id"])
    return moved


def _put_in(cells: list[NotebookNode], ours: dict[str, NotebookNode], before: dict[str, NotebookNode]) -> list[str]:
    """Put in what the student's cells lack: what is graded, and all that is new since. Returns what the student has removed."""
    last = -1
    missing = []
    for grade_id, own in ours.items():  # in the course's order: what is missing goes behind what stands before it
        found = (i for i, cell in enumerate(cells) if cell.metadata.get("nbgrader", {}).get("grade_id") == grade_id)
        position = next(found, None)
        if position is None and (own.metadata.nbgrader.grade or grade_id not in before):
            cells.insert(last + 1, copy.deepcopy(own))
            missing += [grade_id] * (grade_id in before)
            position = last + 1
        last = last if position is None else max(last, position)
    return missing


def listed(what: str, names: list[str]) -> list[str]:
    """A note, where there is something to note; of many names the first."""
    return [f"{what}: {', '.join(names[:10])}" + f" and {len(names) - 10} more" * (len(names) > 10)] if names else []
