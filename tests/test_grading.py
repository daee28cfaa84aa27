"""Grading end to end, on the three sample students of `make demo`."""

import json
import shutil

import nbformat
import pytest

from tests.conftest import ROOT
from vae_edu import notebooks
from vae_edu.exercises import EXERCISES
from vae_edu.grading import Course, CourseError, Result, as_table
from vae_edu.grading.demo import TYPICAL_MISTAKES, demo, mistaken
from vae_edu.grading.sandbox import missing

LOCKED = not missing()


@pytest.fixture(scope="module")
def class_of_three(tmp_path_factory):
    """The demonstration in a folder with a space and a letter beyond ASCII."""
    folder = tmp_path_factory.mktemp("grading") / "Klasse Ü"
    results, files = demo(ROOT, folder)
    return folder, results, files


def points(results, student):
    return {r.exercise: r.points for r in results if r.student == student and r.points is not None}


def test_all_right_earns_everything_and_blank_nothing(class_of_three):
    _, results, _ = class_of_three
    full = {r.exercise: r.max_points for r in results if r.student == "all-right" and r.points is not None}
    assert set(full) == {exercise.number for exercise in EXERCISES.values() if exercise.graded}
    assert points(results, "all-right") == full
    assert set(points(results, "blank").values()) == {0.0} and set(full) < set(points(results, "blank"))
    assert all(r.hint == "not attempted yet." for r in results if r.student == "blank" and r.exercise in full)


def test_each_typical_mistake_costs_what_it_should_and_earns_its_own_hint(class_of_three):
    _, results, _ = class_of_three
    earned = points(results, "mistakes")
    hints = {r.exercise: r.hint for r in results if r.student == "mistakes"}
    for exercise in filter(lambda exercise: exercise.graded, EXERCISES.values()):
        if exercise.name in TYPICAL_MISTAKES:
            wanted = next(m.hint for m in exercise.misconceptions if m.name == TYPICAL_MISTAKES[exercise.name])
            assert hints[exercise.number] == wanted
            # right formulas that fail at the edges keep a part, wrong formulas nothing
            assert earned[exercise.number] == {"kl_discrete": 3.2, "log_bernoulli": 2.8}.get(exercise.name, 0.0)
        else:
            assert hints[exercise.number] == "" and earned[exercise.number] > 0


def test_written_questions_wait_for_a_person(class_of_three):
    _, results, _ = class_of_three
    assert {r.exercise for r in results if r.points is None} == {
        "ps1.5",
        "ps2.6",
        "ps3.6",
        "ps4.8",
        "ps5.8",
        "ps6.10",
        "ps7.6",
        "ps8.8",
    }


def test_feedback_and_picture_are_written_and_feedback_shows_the_hint(class_of_three):
    folder, _, files = class_of_three
    assert all(path.is_file() for path in files) and (folder / "picture.png").stat().st_size > 20_000
    page = (folder / "classroom" / "feedback" / "mistakes" / "ps1" / "ps1.html").read_text(encoding="utf-8")
    assert "Is the ½ in front of the sum missing?" in page


def test_the_score_is_stored_with_version_and_seed(class_of_three):
    folder, _, _ = class_of_three
    raw = (folder / "classroom" / "autograded" / "mistakes" / "ps1" / "ps1.ipynb").read_text(encoding="utf-8")
    found = [output for cell in json.loads(raw)["cells"] for output in cell.get("outputs", []) if "data" in output]
    data = [value for output in found for key, value in output["data"].items() if key.endswith("check+json")]
    assert {"seed", "vae_edu", "misconception", "points"} <= set(data[0])


def test_the_table_lists_every_student_and_why_points_were_lost(class_of_three):
    _, results, _ = class_of_three
    text = as_table([r for r in results if r.exercise.startswith("ps1")])
    rows = {line.split()[0]: line.split() for line in text.splitlines()[1:4]}
    assert rows["all-right"][-1] == "16/16" and rows["mistakes"][-1] == "7.2/16" and rows["blank"][-1] == "0/20"
    assert "Twice the expected value everywhere" in text


def test_broken_and_missing_submissions_are_listed_and_the_others_graded(class_of_three, tmp_path):
    folder = tmp_path / "course"
    shutil.copytree(class_of_three[0] / "classroom" / "submitted" / "all-right" / "ps1", folder / "classroom/submitted/zoé/ps1")
    broken = folder / "classroom" / "submitted" / "broken" / "ps1" / "ps1.ipynb"
    broken.parent.mkdir(parents=True)
    broken.write_text("{ this is not json")
    course = Course(folder, home=ROOT)
    rows = {results[0].student: results for results in course.grade("ps1", ["broken", "nobody", "zoé"], locked=LOCKED)}
    assert rows["broken"][0].problem and rows["nobody"][0].problem.startswith("missing: there is nothing in classroom/submitted")
    assert sum(r.points for r in rows["zoé"] if r.points is not None) == 16
    assert "nothing in classroom" in as_table([r for results in rows.values() for r in results])


def test_a_deleted_grade_cell_is_put_back_and_a_replaced_grade_changes_nothing(class_of_three, tmp_path):
    folder = tmp_path / "course"
    notebook = notebooks.read(class_of_three[0] / "classroom/submitted/all-right/ps1/ps1.ipynb")
    notebook.cells = [cell for cell in notebook.cells if cell.id != "ps1-2-grade"]
    next(cell for cell in notebook.cells if cell.id == "ps1-3-kl_standard_normal").source = "grade = lambda *a, points: points"
    path = folder / "classroom/submitted/sly/ps1/ps1.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(notebook, path)
    (results,) = Course(folder, home=ROOT).grade("ps1", locked=LOCKED)
    found = {r.exercise: r for r in results}
    assert [found[f"ps1.{n}"].points for n in (1, 2, 3, 4)] == [4, 4, 0, 4]
    assert "there is no kl_standard_normal" in found["ps1.3"].hint


def test_the_demo_removes_nothing_that_is_not_its_own(tmp_path):
    (tmp_path / "precious").write_text("x")
    with pytest.raises(CourseError, match="name an empty or a new folder"):
        demo(ROOT, tmp_path)
    with pytest.raises(CourseError, match="is not a course folder"):
        demo(tmp_path, tmp_path / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["precious"]


def test_a_folder_that_is_no_course_and_an_unknown_problem_set_are_one_sentence(tmp_path):
    with pytest.raises(CourseError, match="is not a course folder"):
        Course(tmp_path)
    with pytest.raises(CourseError, match="there are ps1, ps2, ps3, ps4, ps5"):
        Course(tmp_path, home=ROOT).release("ps9")


def test_a_mistaken_students_code_stands_alone():
    for exercise, misconception in TYPICAL_MISTAKES.items():
        scope: dict = {}
        exec("import math, torch", scope)
        exec(mistaken(exercise, misconception), scope)
        assert callable(scope[exercise])


def test_a_table_of_nobody_has_only_its_head():
    assert as_table([]).split() == ["student", "total"]
    assert "ps1" in as_table([Result("ann", "ps1", None, 0.0, problem="timed out")])
