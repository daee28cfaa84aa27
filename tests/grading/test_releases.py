"""A problem set that changes after hand-ins: what is released, remembered, said, graded again, and left alone."""

import json
import shutil
import sqlite3
from contextlib import closing

import nbformat
import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from vae_edu.cli import main
from vae_edu.grading import Course, releases, workers
from vae_edu.grading.intake import _cells
from vae_edu.grading.marks import EARLIER, GRADED, MARKED
from vae_edu.grading.releases import Memory, changed_questions, exercise_number, question
from vae_edu.grading.sandbox import missing
from vae_edu.grading.transplant import transplant
from vae_edu.notebooks import read

LOCKED = not missing()


def as_handed_in(notebook):
    """As `intake` reads them from a file."""
    return _cells(nbformat.writes(notebook).encode(), "ps1.ipynb")


def edit(path, change):
    """Change the notebook at `path` by a function of its cells, by id; a cell set to None is removed."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    cells = {cell["id"]: cell for cell in notebook["cells"]}
    change(cells)
    notebook["cells"] = [cell for cell in cells.values() if cell]
    path.write_text(json.dumps(notebook), encoding="utf-8")


def without(*numbers):
    def change(cells):
        cells.update(dict.fromkeys((i for i in cells if exercise_number(i) in numbers), None))

    return change


def worth_six(cells):
    cells["ps1-2-grade"]["metadata"]["nbgrader"]["points"] = 6
    cells["ps1-2-grade"]["source"] = 'grade("kl_normal", kl_normal, points=6)'


def reworded(cells):
    cells["ps1-5"]["source"] = "## ps1.5 In other words\n\nSay why."


def commented(cells):
    cells["ps1-1-check"]["source"] = "# Run this.\n" + "".join(cells["ps1-1-check"]["source"])


def solutions(course):
    return course.home / "solutions" / "ps1" / "ps1.ipynb"


def released_file(course):
    return course.root / "assignments" / "ps1" / "ps1.ipynb"


def state(course):
    """All that a release could change: every row of the gradebook, every file in assignments/ and of the memory."""
    with closing(sqlite3.connect(course.classroom / "gradebook.db")) as database:
        rows = list(database.iterdump())
    files = [path for part in ("assignments", "classroom/state") for path in (course.root / part).rglob("*") if path.is_file()]
    return rows, {path: path.read_bytes() for path in files}


def row(course, grade_id):
    """(mark given by hand, waits for a person, most points, comment) of Ann's answer."""
    with course.api.gradebook as gradebook:
        grade = gradebook.find_grade(grade_id, "ps1", "ps1", "ann")
        comment = grade_id.replace("2-grade", "2-kl_normal")
        return (
            grade.manual_score, grade.needs_manual_grade, grade.max_score,
            gradebook.find_comment(comment, "ps1", "ps1", "ann").manual_comment,
        )  # fmt: skip


def hand_in(course):
    """Ann's: the present release with the course's solutions in it."""
    notebook = read(course.release("ps1"))
    answers = {cell.id: cell.source for cell in read(solutions(course)).cells}
    for cell in notebook.cells:
        if cell.metadata.get("nbgrader", {}).get("solution"):
            cell.source = answers[cell.id]
    target = course.classroom / "submitted" / "ann" / "ps1" / "ps1.ipynb"
    target.parent.mkdir(parents=True)
    nbformat.write(notebook, target)


def mark(course):
    """A person marks Ann's words and overrides one of her scores."""
    with course.api.gradebook as gradebook:
        for grade_id, comment, points in (("ps1-5-answer", "ps1-5-answer", 3.0), ("ps1-2-grade", "ps1-2-kl_normal", 3.5)):
            grade = gradebook.find_grade(grade_id, "ps1", "ps1", "ann")
            grade.manual_score, grade.needs_manual_grade = points, False
            gradebook.find_comment(comment, "ps1", "ps1", "ann").manual_comment = f"see the lecture on {grade_id}"
        gradebook.db.commit()


def points(results):
    return {result.exercise: (result.points, result.max_points) for result in results}


@pytest.fixture(scope="module")
def pool():
    with workers(1) as pool:
        yield pool


@pytest.fixture(scope="module")
def marked(tmp_path_factory, pool):
    """A course whose ps1 has no ps1.4 yet, with one student, graded and marked."""
    root = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "solutions" / "ps1", root / "solutions" / "ps1")
    shutil.copy(ROOT / "nbgrader_config.py", root)
    course = Course(root)
    edit(solutions(course), without("ps1.4"))
    hand_in(course)
    (results,) = course.grade("ps1", executor=pool, locked=LOCKED)
    assert points(results) == dict.fromkeys(("ps1.1", "ps1.2", "ps1.3"), (4.0, 4.0)) | {"ps1.5": (None, 4.0)}
    mark(course)
    return course


@pytest.fixture
def course(marked, tmp_path):
    """A copy of that course, of the test's own."""
    shutil.copytree(marked.root, tmp_path / "copy")
    return Course(tmp_path / "copy")


@pytest.fixture(scope="module")
def another(marked, tmp_path_factory, pool):
    """The set with ps1.3 dropped, ps1.4 added, ps1.2 worth six points and a comment in a locked cell; released and graded."""
    shutil.copytree(marked.root, tmp_path_factory.mktemp("another") / "copy")
    course = Course(next(tmp_path_factory.getbasetemp().glob("another*/copy")))
    shutil.copy(ROOT / "solutions" / "ps1" / "ps1.ipynb", solutions(course))
    for change in (without("ps1.3"), worth_six, commented):
        edit(solutions(course), change)
    told = CliRunner().invoke(main, ["release", "ps1", "--course", str(course.root)])
    rows = {grade_id: row(course, grade_id) for grade_id in ("ps1-5-answer", "ps1-2-grade")}
    (results,) = course.grade("ps1", executor=pool, locked=LOCKED)
    return course, told, rows, results


def test_a_set_with_exercises_added_dropped_and_re_pointed_goes_on_being_graded(another):
    course, _, _, results = another
    assert points(results) == {"ps1.1": (4, 4), "ps1.2": (3.5, 6), "ps1.4": (0, 4), "ps1.5": (3, 4)}
    states = {result.exercise: result.state for result in results}
    assert states == {"ps1.1": GRADED, "ps1.2": EARLIER, "ps1.4": GRADED, "ps1.5": MARKED}
    assert "not attempted" in next(result.hint for result in results if result.exercise == "ps1.4")
    with course.api.gradebook as gradebook:
        assert gradebook.find_assignment("ps1").max_score == 18
        assert gradebook.find_submission("ps1", "ann").score == 4 + 3.5 + 0 + 3
        assert gradebook.find_grade("ps1-2-grade", "ps1", "ps1", "ann").auto_score == 6


def test_marks_and_comments_given_by_hand_stay_with_their_question(another):
    course, _, rows, _ = another
    assert rows["ps1-5-answer"] == (3.0, False, 4.0, "see the lecture on ps1-5-answer"), "not the question that has changed"
    assert rows["ps1-2-grade"] == (3.5, True, 6.0, "see the lecture on ps1-2-grade")
    for grade_id, (score, _, _, comment) in rows.items():
        assert row(course, grade_id)[::3] == (score, comment), "nor does grading again take them"


def test_the_command_says_beforehand_what_becomes_of_those_already_graded(another):
    _, told, _, _ = another
    assert told.exit_code == 0, told.output
    assert told.output.splitlines() == [
        "assignments/ps1/ps1.ipynb",
        "  ps1.2 is worth 6 instead of 4: those graded so far (1) are graded again. "
        "Marks given by hand (1) are kept, and wait for a person to look again.",
        "  ps1.3 is gone: its points no longer count.",
        "  ps1.4 is new: those graded so far (1) get 0 of 4 until they hand in again.",
    ]


def test_who_hands_in_an_old_release_is_told_what_has_changed_and_accused_of_nothing(another):
    course, *_ = another
    (remarks,) = course.remarks("ps1").values()
    (date, _), = course.released("ps1").earlier  # fmt: skip
    assert remarks == [f"made from the release of {date}: changed since: ps1.2, ps1.3, ps1.4"]


def test_a_comment_in_a_locked_cell_is_no_reason_for_a_remark(course):
    old = read(released_file(course))
    edit(solutions(course), commented)
    done = course.released("ps1")
    assert transplant(as_handed_in(old), done.notebook, done.earlier)[1] == []
    assert transplant(as_handed_in(done.notebook), done.notebook, done.earlier)[1] == []


@pytest.mark.parametrize("when", ["before", "since"])
def test_a_locked_cell_that_the_student_did_change_or_remove_is_still_told(course, when):
    old = read(released_file(course))
    edit(solutions(course), commented)
    done = course.released("ps1")
    theirs = old if when == "before" else read(done.path)
    cells = {cell.id: cell for cell in theirs.cells}
    cells["ps1-2-grade"].source = "grade('kl_normal', lambda *a: 0, points=4)"
    theirs.cells.remove(cells["ps1-3-grade"])
    notebook, notes = transplant(as_handed_in(theirs), done.notebook, done.earlier)
    assert notes == ["changed by the student, and put back: ps1-2-grade", "missing, and put back: ps1-3-grade"]
    sources = [cell.source for cell in notebook.cells]
    assert (
        'grade("kl_normal", kl_normal, points=4)' in sources
        and 'grade("kl_standard_normal", kl_standard_normal, points=4)' in sources
    )


def test_an_answer_left_blank_stays_blank_when_the_course_has_given_other_code(course):
    old = read(released_file(course))
    edit(
        solutions(course),
        lambda cells: cells["ps1-1-kl_discrete"].update(
            source="def kl_discrete(p, q):\n    ### BEGIN SOLUTION\n    ### END SOLUTION"
        ),
    )
    done = course.released("ps1")
    notebook, _ = transplant(as_handed_in(old), done.notebook, done.earlier)
    assert any(cell.source.startswith("def kl_discrete(p, q):\n    # Write your code here") for cell in notebook.cells)
    assert not any(cell.source.startswith("def kl_discrete(q, p):") for cell in notebook.cells)


def test_a_mark_for_another_question_waits_for_a_person_and_no_other_mark_does(course):
    edit(solutions(course), reworded)
    said = course.released("ps1").said
    assert said == ["ps1.5's question has changed. Marks given by hand (1) are kept, and wait for a person to look again."]
    assert row(course, "ps1-5-answer") == (3.0, True, 4.0, "see the lecture on ps1-5-answer")
    assert row(course, "ps1-2-grade")[:2] == (3.5, False)
    assert course.released("ps1").said == [], "once is enough"


def test_marks_of_an_exercise_that_is_gone_are_kept_in_a_copy_of_the_gradebook(course):
    edit(solutions(course), without("ps1.5"))
    gone, kept = course.released("ps1").said
    assert gone == "ps1.5 is gone: its points no longer count."
    (copy,) = (course.classroom / "state" / "releases" / "ps1").glob("gradebook-*.db")
    assert kept == f"Marks or comments given by hand went with what is gone; the gradebook as it was is {copy}."
    with closing(sqlite3.connect(copy)) as database:
        assert database.execute("SELECT manual_score FROM grade WHERE manual_score = 3").fetchall() == [(3.0,)]
    with course.api.gradebook as gradebook:
        assert gradebook.find_submission("ps1", "ann").max_score == 12


def twice(cells):
    cells["copy"] = cells["ps1-2-grade"] | {"id": "ps1-9-grade"}


def no_points(cells):
    del cells["ps1-3-grade"]["metadata"]["nbgrader"]["points"]


def other_metadata(cells):
    cells["ps1-3-grade"]["metadata"]["nbgrader"]["locked"] = "yes"


def no_end(cells):
    cells["ps1-1-kl_discrete"]["source"] = "### BEGIN SOLUTION\n1"


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (twice, "Duplicate grade id: ps1-2-grade"),
        (no_points, "nbgrader cell 'ps1-3-grade' does not have points"),
        (other_metadata, "'yes' is not of type 'boolean'. See its cell ps1-3-grade"),
        (no_end, "no end solution statement found"),
        (None, "solutions/ps1/ps1.ipynb is not a notebook that Jupyter could open"),
    ],
)
def test_what_cannot_be_released_changes_nothing_and_says_why(course, change, why):
    if change:
        edit(solutions(course), change)
    else:
        solutions(course).write_text('{"cells": [')
    before, there = state(course), sorted(course.root.rglob("*"))
    told = CliRunner().invoke(main, ["release", "ps1", "--course", str(course.root)])
    assert told.exit_code == 1 and why in told.output and "Traceback" not in told.output
    assert state(course) == before
    assert sorted(course.root.rglob("*")) == there, "nothing half made is left"


def test_a_release_that_is_killed_leaves_the_old_one_and_the_next_one_goes_through(course, monkeypatch):
    shutil.copy(ROOT / "solutions" / "ps1" / "ps1.ipynb", solutions(course))
    before = state(course)

    def killed(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(releases, "_announced", killed)  # after every row, before they are committed
        course.release("ps1")
    assert state(course) == before
    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(releases, "hand_out", killed)  # the gradebook is the new one, assignments/ still the old one
        course.release("ps1")
    assert course.release("ps1").read_bytes() == (ROOT / "assignments" / "ps1" / "ps1.ipynb").read_bytes()
    with course.api.gradebook as gradebook:
        assert gradebook.find_submission("ps1", "ann").max_score == 20


def test_a_file_that_somebody_has_worked_in_survives_release_and_grade(course, pool):
    notebook = read(released_file(course))
    notebook.cells[1].execution_count = 1
    nbformat.write(notebook, released_file(course))
    mine = released_file(course).read_bytes()
    edit(solutions(course), commented)
    done = course.released("ps1")
    assert done.said == ["assignments/ps1/ps1.ipynb holds somebody's work and was left alone; move it and run the same again."]
    assert done.path != released_file(course) and "# Run this." in done.path.read_text(encoding="utf-8")
    (results,) = course.grade("ps1", executor=pool, locked=LOCKED)
    assert points(results)["ps1.1"] == (4, 4)
    assert released_file(course).read_bytes() == mine
    released_file(course).rename(released_file(course).with_name("mine.ipynb"))
    assert course.released("ps1").said == [] and "# Run this." in released_file(course).read_text(encoding="utf-8")


def test_a_file_that_was_only_opened_and_saved_is_replaced(course):
    notebook = read(released_file(course))
    notebook.metadata.language_info = {"name": "python", "version": "3.11.2"}
    nbformat.write(notebook, released_file(course))
    edit(solutions(course), commented)
    assert course.released("ps1").said == [] and "# Run this." in released_file(course).read_text(encoding="utf-8")


@pytest.mark.parametrize("touched", [False, True])
def test_the_first_release_in_a_clone_replaces_the_committed_file_only_if_nobody_has_written_in_it(course, touched):
    shutil.rmtree(course.classroom / "state" / "releases")
    if touched:
        edit(released_file(course), lambda cells: cells["ps1-5-answer"].update(source="Because."))
    there = released_file(course).read_bytes()
    edit(solutions(course), commented)
    done = course.released("ps1")
    assert (released_file(course).read_bytes() == there) == touched == bool(done.said)
    assert len(done.earlier) == (not touched), "what the clone's students have is remembered"


def test_every_version_is_remembered_once_by_its_date_and_the_present_one_last(course):
    original = solutions(course).read_text(encoding="utf-8")
    first = course.released("ps1").version
    edit(solutions(course), reworded)
    second = course.released("ps1").version
    memory = Memory(course.classroom / "state" / "releases" / "ps1")
    assert [entry["version"] for entry in memory.versions] == [first, second]
    assert all(len(entry["date"]) == len("2026-11-20") for entry in memory.versions)
    assert changed_questions(memory.notebook(first), memory.notebook(second)) == {"ps1-5-answer"}
    solutions(course).write_text(original, encoding="utf-8")
    assert course.released("ps1").version == first
    memory = Memory(course.classroom / "state" / "releases" / "ps1")
    assert [entry["version"] for entry in memory.versions] == [second, first]


@pytest.mark.parametrize(
    ("change", "another_one"),
    [(commented, False), (worth_six, True), (reworded, False), (without("ps1.2"), True), (without("ps1.3"), False)],
)
def test_a_question_is_its_wording_its_code_and_its_points(tmp_path, change, another_one):
    here = ROOT / "assignments" / "ps1" / "ps1.ipynb"
    shutil.copy(here, tmp_path)
    edit(tmp_path / here.name, change)
    old, new = read(here), read(tmp_path / here.name)
    assert (question(old, "ps1-2-grade") != question(new, "ps1-2-grade")) == another_one
    assert ("ps1-2-grade" in changed_questions(old, new)) == another_one
    assert question(new, "ps1-7-grade") == ""
