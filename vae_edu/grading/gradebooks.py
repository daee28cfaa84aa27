"""What is done to nbgrader's gradebook beside nbgrader: made whole, a person's marks kept, late penalties brought up to date."""

import os
from functools import lru_cache
from pathlib import Path

import nbformat
import nbgrader.api
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from nbgrader.api import Base, Grade, Gradebook, MissingEntry
from nbgrader.apps import NbGraderAPI
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import create_engine

from ..notebooks import kernel_surroundings

# nbgrader opens a gradebook for every step, and compiles its statements anew: a third of the time that a step takes
nbgrader.api.create_engine = lru_cache(8)(nbgrader.api.create_engine)


def make(path: Path, course_id: str) -> None:
    """A gradebook at `path`, if there is none: there whole or not at all, for nbgrader mends none whose making was cut off."""
    if path.exists():
        return
    partial = path.with_suffix(".partial")
    _remove(partial)
    try:
        _make_tables(f"sqlite:///{partial}")
        Gradebook(f"sqlite:///{partial}", course_id).close()
        os.replace(partial, path)
    finally:
        _remove(partial)


def _make_tables(url: str) -> None:
    """As nbgrader would, but for asking a process of its own, which takes seconds, for the version of its tables."""
    versions = ScriptDirectory(str(Path(nbgrader.__file__).parent / "alembic"))
    engine = create_engine(url)
    with engine.begin() as connection:
        Base.metadata.create_all(connection)
        MigrationContext.configure(connection).stamp(versions, "head")
    engine.dispose()


def _remove(database: Path) -> None:
    for left in database.parent.glob(f"{database.name}*"):  # its journal too
        left.unlink()


def settle_penalties(api: NbGraderAPI, ps: str) -> None:
    """Late penalties of the scores as they are now: nbgrader's own are of those before a person had marked anything."""
    with api.gradebook as gradebook:
        try:
            submissions = gradebook.find_assignment(ps).submissions
        except MissingEntry:
            return
        late = [each.student.id for each in submissions if each.total_seconds_late > 0 or each.late_submission_penalty]
    for student in late:
        about = {"student": student, "assignment": ps, "notebook": ps, "db_url": api.coursedir.db_url}
        with kernel_surroundings():
            AssignLatePenalties(parent=api).preprocess(nbformat.v4.new_notebook(), {"nbgrader": about})


def given_for(gradebook: Gradebook, ps: str, student: str, entry: dict) -> dict[str, str]:
    """Before a regrade: for which answer each of a person's marks was given, as far as it is known.

    A mark that stands was given for what was graded last (the ledger's `answers`), one that does not for an earlier answer (the
    ledger's `marked`).
    """
    found = {}
    for grade in _marked(gradebook, ps, student):
        known = entry.get("marked" if grade.needs_manual_grade else "answers", {})
        if grade.name in known:
            found[grade.name] = known[grade.name]
    return found


def keep(gradebook: Gradebook, ps: str, student: str, given: dict[str, str], now: dict[str, str]) -> None:
    """After a regrade, in which nbgrader asks for every mark again: those whose answer and question are the same stand."""
    for grade in _marked(gradebook, ps, student):
        if grade.name in now and given.get(grade.name) == now[grade.name]:
            grade.needs_manual_grade = False
    gradebook.db.commit()


def _marked(gradebook: Gradebook, ps: str, student: str) -> list[Grade]:
    try:
        notebooks = gradebook.find_submission(ps, student).notebooks
    except MissingEntry:  # the first time
        return []
    return [grade for notebook in notebooks for grade in notebook.grades if grade.manual_score is not None]
