"""The versions of a problem set: released into a folder of their own, remembered, and entered into the gradebook.

A set may change after the first hand-ins. nbgrader then refuses, and removes the students' version; here it makes its version
beside, on an empty gradebook, and only what has succeeded is taken over: the cells into the gradebook in one transaction, the
files into assignments/ one by one. Marks and comments stay with the questions that they belong to.
"""

import ast
import hashlib
import json
import re
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from nbformat import NotebookNode
from nbgrader.api import Assignment, Base, Comment, Grade, Gradebook, GradeCell, Notebook, SolutionCell, SourceCell, TaskCell
from nbgrader.nbgraderformat import MetadataValidator
from nbgrader.utils import compute_checksum, temp_attrs
from sqlalchemy import create_engine

from ..notebooks import NotebookError, kernel_surroundings, read
from .disk import write_whole

if TYPE_CHECKING:
    from .course import Course

COLUMNS = {  # what the gradebook holds of a cell, besides its name
    GradeCell: ("max_score", "cell_type"), SolutionCell: (), TaskCell: ("max_score", "cell_type"),
    SourceCell: ("cell_type", "locked", "source", "checksum"),
}  # fmt: skip


@dataclass(frozen=True)
class Release:
    """What a release has come to. `earlier`: the date and the notebook of every other version, the latest last."""

    path: Path  # in assignments/, or the course's own copy where somebody's work stands there
    notebook: NotebookNode
    version: str
    earlier: list[tuple[str, NotebookNode]]
    said: list[str]  # what it means for those already graded, and what was left alone


def release(course: "Course", ps: str) -> Release:
    """Make the students' version of `ps`, remember it, enter it into the gradebook, and write it to assignments/.

    Raises CourseError where nbgrader cannot make it; then assignments/ and the gradebook are as they were. A file in
    assignments/ that no release has written is left alone, and `said` says so; files that solutions/ no longer has stay.
    """
    memory = Memory(course.classroom / "state" / "releases" / ps)
    target = course.root / "assignments" / ps
    with tempfile.TemporaryDirectory(prefix="vae-edu-release-") as folder:
        empty = f"sqlite:///{folder}/gradebook.db"
        Base.metadata.create_all(engine := create_engine(empty))  # a database without tables costs nbgrader seconds
        engine.dispose()
        with temp_attrs(course.api.coursedir, release_directory=f"{folder}/assignments", db_url=empty):
            course._run(course.api.generate_assignment, ps, force=True)
        made = Path(folder) / "assignments" / ps
        notebook = read(made / f"{ps}.ipynb")
        standing = target / f"{ps}.ipynb"
        if not memory.versions and pristine(standing, notebook):  # of a clone: what its students have
            (found := Path(folder) / "found").mkdir()
            shutil.copy(standing, found)
            memory.add(found, ps)
        with kernel_surroundings(), course.api.gradebook as gradebook, Gradebook(empty, course.api.course_id) as fresh:
            old = memory.notebook(memory.versions[-1]["version"]) if memory.versions else None
            said = _enter(gradebook, fresh.find_notebook(ps, ps), old, notebook, memory.folder)
        version = memory.add(made, ps)
        alone = hand_out(made, target, lambda name, path: memory.wrote(name, path) or pristine(path, notebook))
    said += [
        f"assignments/{ps}/{name} holds somebody's work and was left alone; move it and run the same again." for name in alone
    ]
    path = memory.path(version) if standing.name in alone else standing
    return Release(path, notebook, version, memory.earlier(), said)


class Memory:
    """Every version of a problem set that was released, in `folder`: a notebook each, and in releases.json when it was."""

    def __init__(self, folder: Path):
        self.folder = folder
        try:
            known = json.loads((folder / "releases.json").read_text(encoding="utf-8"))
        except (OSError, ValueError):
            known = {}
        self.versions: list[dict[str, str]] = known.get("versions", [])  # "version" and "date", the present one last
        self.files: dict[str, list[str]] = known.get("files", {})  # name: the hash of everything released under it

    def path(self, version: str) -> Path:
        return self.folder / f"{version}.ipynb"

    def notebook(self, version: str) -> NotebookNode:
        return read(self.path(version))

    def earlier(self) -> list[tuple[str, NotebookNode]]:
        return [(entry["date"], self.notebook(entry["version"])) for entry in self.versions[:-1]]

    def add(self, made: Path, ps: str) -> str:
        """Remember the release in folder `made` as the present one; returns its version, a hash of its notebook."""
        version = _hash(made / f"{ps}.ipynb")[:16]
        if not self.versions or self.versions[-1]["version"] != version:
            self.versions = [entry for entry in self.versions if entry["version"] != version]
            self.versions.append({"version": version, "date": f"{datetime.now(UTC):%Y-%m-%d}"})
        for name in _files(made):
            known = self.files.setdefault(name, [])
            if (digest := _hash(made / name)) not in known:
                known.append(digest)
        self.folder.mkdir(parents=True, exist_ok=True)
        write_whole(self.path(version), (made / f"{ps}.ipynb").read_bytes())
        entries = {"versions": self.versions, "files": self.files}
        write_whole(self.folder / "releases.json", json.dumps(entries, indent=1).encode())
        return version

    def wrote(self, name: str, path: Path) -> bool:
        """The file is one that was released under this name: byte for byte, or opened and saved without a change."""
        if not path.is_file():
            return False
        if _hash(path) in self.files.get(name, []):
            return True
        try:
            theirs = _content(read(path)) if path.suffix == ".ipynb" else None
        except NotebookError:
            return False
        return any(theirs == _content(self.notebook(entry["version"])) for entry in self.versions)


def hand_out(made: Path, target: Path, ours: Callable[[str, Path], bool]) -> list[str]:
    """Copy what differs from `made` to `target`; returns the files that are left alone because ours(name, path) is false."""
    alone = []
    for name in _files(made):
        there, content = target / name, (made / name).read_bytes()
        if there.is_file() and there.read_bytes() == content:
            continue
        if there.exists() and not ours(name, there):
            alone.append(name)
            continue
        there.parent.mkdir(parents=True, exist_ok=True)
        write_whole(there, content)
    return alone


def pristine(path: Path, release: NotebookNode) -> bool:
    """A release that nobody has worked in, though it is not remembered: its cells are those that nbgrader has signed.

    Nothing was run, and Jupyter has not saved it: that leaves its mark in the notebook's metadata.
    """
    try:
        notebook = read(path)
    except NotebookError:
        return False
    marked = [cell for cell in notebook.cells if "nbgrader" in cell.metadata]
    signed = [cell.metadata.nbgrader.get("checksum") == compute_checksum(cell) for cell in marked]
    return bool(signed) and all(signed) and not _was_run(notebook) and notebook.metadata == release.metadata


def _was_run(notebook: NotebookNode) -> bool:
    return any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)


def _content(notebook: NotebookNode) -> list | None:
    """What a notebook says, whatever program has saved it; None where it was run."""
    return None if _was_run(notebook) else [(cell.cell_type, cell.source) for cell in notebook.cells]


def _files(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def exercise_number(grade_id: str) -> str:
    """ "ps1-2-grade" -> "ps1.2": grade ids begin with the exercise's number."""
    return ".".join(grade_id.split("-")[:2])


def question(notebook: NotebookNode, grade_id: str) -> str:
    """A hash of the exercise to which `grade_id` belongs: wording, code given, points. "" where the notebook has none.

    Blanks, and comments in code, are no part of it.
    """
    parts = []
    for cell in notebook.cells:
        marks = cell.metadata.get("nbgrader", {})
        if exercise_number(marks.get("grade_id") or cell.get("id", "")) == exercise_number(grade_id):
            parts.append([cell.cell_type, _said(cell), float(marks.get("points") or 0)])
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest() if parts else ""


def _said(cell: NotebookNode) -> str:
    try:
        return ast.dump(ast.parse(cell.source)) if cell.cell_type == "code" else " ".join(cell.source.split())
    except (SyntaxError, ValueError):
        return cell.source


def changed_questions(old: NotebookNode, new: NotebookNode) -> set[str]:
    """The grade ids of all that is graded in either release and is not the same question for the same points in the other."""
    graded = {
        cell.metadata.nbgrader.grade_id
        for notebook in (old, new) for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")
    }  # fmt: skip
    return {grade_id for grade_id in graded if question(old, grade_id) != question(new, grade_id)}


def _enter(gradebook: Gradebook, made: Notebook, old: NotebookNode | None, new: NotebookNode, folder: Path) -> list[str]:
    """Make the gradebook's cells those of `made`, in one transaction; returns what that means for those already graded.

    A new cell gets its row in every submission; with a cell that is gone its marks and comments go, and where a person gave any,
    a copy of the gradebook is kept in `folder`. A mark given by hand for what has changed waits for a person.
    """
    db = gradebook.db
    notebook = _notebook(gradebook, made)
    before, after = _points(notebook), _points(made)
    changed = {exercise_number(grade_id) for grade_id in (changed_questions(old, new) if old else ())}
    changed |= {number for number in before if before[number] != after.get(number)}
    here = {(kind, cell.name): cell for kind in COLUMNS for cell in db.query(kind).filter_by(notebook_id=notebook.id)}
    there = {
        (kind, cell.name): cell for kind in COLUMNS for cell in [*made._base_cells, *made.source_cells] if type(cell) is kind
    }
    gone = [row for key in here.keys() - there.keys() for row in _rows(db, here[key])]
    kept = _keep(gradebook, folder) if any(map(_by_hand, gone)) else None
    marks: Counter = Counter()
    for grade in (grade for submission in notebook.submissions for grade in submission.grades):
        if (number := exercise_number(grade.name)) in changed and _by_hand(grade):
            grade.needs_manual_grade = True
            marks[number] += 1
    for row in [*gone, *(here[key] for key in here.keys() - there.keys())]:
        db.delete(row)
    for (kind, name), cell in there.items():
        own = here.get((kind, name)) or kind(name=name, notebook_id=notebook.id)
        for column in COLUMNS[kind]:
            setattr(own, column, getattr(cell, column))
        if (kind, name) not in here:
            _add(db, own, notebook)
    said = _announced(before, after, changed, marks, len(notebook.submissions)) if notebook.submissions else []
    db.commit()
    return said + [f"Marks or comments given by hand went with what is gone; the gradebook as it was is {kept}."] * bool(kept)


def _notebook(gradebook: Gradebook, made: Notebook) -> Notebook:
    """The set's notebook in the gradebook, new where there is none."""
    db, ps = gradebook.db, made.name
    assignment = db.query(Assignment).filter_by(name=ps).first() or Assignment(name=ps, course_id=gradebook.course_id)
    db.add(assignment)
    db.flush()
    notebook = db.query(Notebook).filter_by(name=ps, assignment_id=assignment.id).first()
    notebook = notebook or Notebook(name=ps, assignment_id=assignment.id)
    notebook.kernelspec = made.kernelspec
    db.add(notebook)
    db.flush()
    return notebook


def _points(notebook: Notebook) -> dict[str, float]:
    """What each exercise is worth."""
    points: dict[str, float] = {}
    for cell in (*notebook.grade_cells, *notebook.task_cells):
        number = exercise_number(cell.name)
        points[number] = points.get(number, 0.0) + cell.max_score
    return points


def _rows(db, cell) -> list:
    """What the submissions have of a cell."""
    return [row for kind in (Grade, Comment) for row in db.query(kind).filter_by(cell_id=cell.id)]


def _by_hand(row: Grade | Comment) -> bool:
    if isinstance(row, Comment):
        return bool(row.manual_comment)
    return row.manual_score is not None or bool(row.extra_credit)


def _add(db, cell, notebook: Notebook) -> None:
    """A new cell, and what each submission has of it: no points, until it is graded again."""
    db.add(cell)
    db.flush()
    for submission in notebook.submissions:
        if isinstance(cell, GradeCell | TaskCell):
            db.add(Grade(cell_id=cell.id, notebook_id=submission.id, auto_score=0.0, needs_manual_grade=False))
        if isinstance(cell, SolutionCell | TaskCell):
            db.add(Comment(cell_id=cell.id, notebook_id=submission.id))


def _keep(gradebook: Gradebook, folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"gradebook-{datetime.now(UTC):%Y-%m-%d-%H-%M-%S}.db"
    with closing(sqlite3.connect(gradebook.engine.url.database)) as now, closing(sqlite3.connect(path)) as copy:
        now.backup(copy)
    return path


def _announced(before: dict, after: dict, changed: set[str], marks: Counter, graded: int) -> list[str]:
    """What a new release means for the `graded` who have handed in: a sentence for each exercise that is another one."""
    said = []
    for number in sorted({*before, *after}, key=lambda number: (len(number), number)):
        wait = f" Marks given by hand ({marks[number]}) are kept, and wait for a person to look again." * bool(marks[number])
        if number not in before:
            said.append(f"{number} is new: those graded so far ({graded}) get 0 of {after[number]:g} until they hand in again.")
        elif number not in after:
            said.append(f"{number} is gone: its points no longer count.")
        elif before[number] != after[number]:
            worth = f"{number} is worth {after[number]:g} instead of {before[number]:g}"
            said.append(f"{worth}: those graded so far ({graded}) are graded again.{wait}")
        elif number in changed:
            said.append(f"{number}'s question has changed{wait and '.'}{wait or '; no mark for it was given by hand.'}")
    return said


def reason(outcome: dict) -> str:
    """Why a step of nbgrader has failed, as one sentence: its log buries that in tracebacks, of which the first one tells."""
    log = re.sub(r"\x1b\[[0-9;]*m", "", outcome.get("log", ""))
    records = [record for record in re.split(r"^(?=\[[A-Z]+\] )", log, flags=re.MULTILINE) if record.startswith("[ERROR] ")]
    told = next((record for record in records if "Traceback" in record), "")
    found = re.search(r"^(?: {4})?([A-Za-z_][\w.]*): (.+)$", told, re.MULTILINE)
    if not found:
        rest = " ".join((records[0].removeprefix("[ERROR] ") if records else outcome.get("error", "")).split())
        return rest[-300:] or "it did not say why."
    kind, said = found[1].split(".")[-1], found[2].strip()
    said = said if kind in ("ValidationError", "RuntimeError") else f"{kind}: {said}"
    return said[:300] + "." * (not said.endswith("."))


def faulty(notebook: NotebookNode) -> str:
    """The id of the first cell whose nbgrader metadata are not valid; nbgrader itself seldom says which. "" if there is none."""
    for cell in notebook.cells:
        try:
            MetadataValidator().validate_cell(cell)
        except Exception:  # a metadata entry may be of any type
            return cell.get("id", "")
    return ""
