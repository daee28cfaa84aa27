"""Gradebook, table, CSV, report, feedback page and export say the same, before and after a person has marked."""

import csv
import html
import json
import os
import re
import shutil
from concurrent.futures import Executor
from datetime import datetime

import nbformat
import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from vae_edu.cli import main
from vae_edu.grading import Course, CourseError, Result, SandboxError, as_table, workers, write_csv, write_report
from vae_edu.grading import gradebooks as books
from vae_edu.grading.demo import submit
from vae_edu.grading.disk import BusyError, FullError, needs_room, write_whole
from vae_edu.grading.feedback import Printer
from vae_edu.grading.grades import write_grades
from vae_edu.grading.marks import EARLIER, GRADED, MARKED, WAITS, say_unmarked
from vae_edu.grading.report import as_markdown

ANSWER = "ps1-5-answer"


class Nobody(Executor):
    """Fails the test when a submission is run again."""

    def submit(self, function, *arguments, **options):
        raise AssertionError("a submission was run again")


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """ps1 of three students, graded once: two written answers wait, the blank one has its 0."""
    folder = tmp_path_factory.mktemp("truth")
    shutil.copytree(ROOT / "solutions" / "ps1", folder / "solutions" / "ps1")
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (folder / "nbgrader_config.py").write_text(settings + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course(folder)
    submit(course, "ps1", course.release("ps1"))
    with workers(1) as pool:
        list(course.grade("ps1", executor=pool, locked=False))
        yield folder, pool


@pytest.fixture
def course(template, tmp_path):
    shutil.copytree(template[0], tmp_path / "course", copy_function=shutil.copy2)
    return Course(tmp_path / "course")


@pytest.fixture
def again(course, template):
    """Grade, and return everybody's results."""

    def grade(executor=template[1], **options):
        return [r for rows in course.grade("ps1", executor=executor, locked=False, **options) for r in rows]

    return grade


def mark(course, student, points, comment=None, grade_id=ANSWER, commented=ANSWER):
    """As the formgrader does it."""
    with course.api.gradebook as gradebook:
        grade = gradebook.find_grade(grade_id, "ps1", "ps1", student)
        grade.manual_score, grade.needs_manual_grade = points, False
        if comment:
            gradebook.find_comment(commented, "ps1", "ps1", student).manual_comment = comment
        gradebook.db.commit()


def write(course, student, cell_id, source):
    """The student hands in again, with another source of one cell."""
    path = course.classroom / "submitted" / student / "ps1" / "ps1.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    (cell,) = [cell for cell in notebook["cells"] if cell["id"] == cell_id]
    before, cell["source"] = "".join(cell["source"]), source
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return before


def mend_a_check(course, student):
    path = course.classroom / "state" / "ps1.json"
    entries = json.loads(path.read_text())
    entries[student]["versions"]["ps1.2"] = "as it was before"
    path.write_text(json.dumps(entries))


def of(results, student, exercise="ps1.5"):
    return next(r for r in results if r.student == student and r.exercise == exercise)


def page(course, student):
    """What a reader reads: the total at the top, the score of each graded cell, all of the text."""
    text = course.feedback("ps1", student).read_text(encoding="utf-8")
    top = re.search(r"<h4>ps1 \(Score: ([\d.]+) / ([\d.]+)\)</h4>", text)
    cells = re.findall(r'<a name="(ps1-\d-\w+)"></a><div class="panel-heading">.*?Score: (\S+) / ([\d.]+)', text, re.S)
    read = html.unescape(re.sub(r"<(style|script).*?</\1>|<[^>]+>", " ", text, flags=re.S))
    return (float(top[1]), float(top[2])), {name: (points, float(of)) for name, points, of in cells}, " ".join(read.split())


def agree(course, results, folder, student, points, of):
    """Every output has this total."""
    line = next(line.split() for line in as_table(results).splitlines() if line.startswith(f"{student} "))
    assert line[-1] == f"{points:g}/{of:g}"
    with open(write_csv(results, folder / "all.csv"), newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["student"] == student and row["points"]]
    assert sum(float(row["points"]) for row in rows) == pytest.approx(points)
    assert sum(float(row["max_points"]) for row in rows) == of
    with open(write_grades(course, "ps1", folder / "moodle.csv", "moodle", "zero")[0], newline="", encoding="utf-8") as file:
        assert float(next(row["ps1"] for row in csv.DictReader(file) if row["Username"] == student)) == pytest.approx(points)
    assert page(course, student)[0] == pytest.approx((points, of))
    with course.api.gradebook as gradebook:
        submission = gradebook.find_submission("ps1", student)
        assert submission.score - submission.late_submission_penalty == pytest.approx(points)
    assert course.results("ps1", student) == [r for r in results if r.student == student]


def test_before_anybody_has_marked_every_output_says_what_waits(course, again, tmp_path):
    results = again(Nobody())
    assert [of(results, s).state for s in ("all-right", "mistakes", "blank")] == [WAITS, WAITS, GRADED]
    for student, points, most in (("all-right", 16, 16), ("mistakes", 7.2, 16), ("blank", 0, 20)):
        agree(course, results, tmp_path, student, points, most)
    _, cells, text = page(course, "all-right")
    assert cells[ANSWER] == ("–", 4.0) and cells["ps1-1-grade"] == ("4.0", 4.0)
    assert text.count("Score: – / 4.0, waits for a person") == 2 and "nan" not in text
    assert "  -  2 answers wait for a person: mark in the formgrader" in as_table(results)
    assert not course.rewritten, "nothing is new, and no page is written again"


def test_a_mark_and_a_comment_reach_every_output_without_a_submission_run_again(course, again, tmp_path):
    mark(course, "all-right", 3, "Where does the *half* come from?")
    results = again(Nobody())
    assert course.rewritten == ["all-right"]
    assert (of(results, "all-right").state, of(results, "all-right").points) == (MARKED, 3)
    assert of(results, "all-right").comment == "Where does the *half* come from?"
    agree(course, results, tmp_path, "all-right", 19, 20)
    _, cells, text = page(course, "all-right")
    assert cells[ANSWER] == ("3.0", 4.0) and "Where does the half come from?" in text
    assert " 3/4 " in as_table(results)
    with course.api.gradebook as gradebook:  # a comment alone is news too, and so are points beyond the maximum
        gradebook.find_comment("ps1-2-kl_normal", "ps1", "ps1", "blank").manual_comment = "Come and see me."
        gradebook.find_grade(ANSWER, "ps1", "ps1", "all-right").extra_credit = 2
        gradebook.db.commit()
    results = again(Nobody())
    assert course.rewritten == ["all-right", "all-right", "blank"] and "Come and see me." in page(course, "blank")[2]
    agree(course, results, tmp_path, "all-right", 21, 20)


def test_a_mark_stands_when_a_check_is_mended_or_another_cell_changes(course, again, tmp_path):
    mark(course, "all-right", 3)
    mend_a_check(course, "all-right")
    results = again()
    assert of(results, "all-right").state == MARKED
    write(course, "all-right", "ps1-4-kl_monte_carlo", "def kl_monte_carlo(log_q, log_p):\n    return 0 * log_q")
    results = again()
    assert of(results, "all-right").state == MARKED and of(results, "all-right", "ps1.4").points < 4
    assert of(again(again=True), "all-right").state == MARKED
    with course.api.gradebook as gradebook:
        assert not gradebook.find_submission("ps1", "all-right").needs_manual_grade, "the formgrader asks for nothing"


def test_a_mark_for_an_earlier_answer_says_so_until_it_is_saved_again(course, again, tmp_path):
    mark(course, "all-right", 3)
    first = write(course, "all-right", ANSWER, "Another answer.")
    results = again()
    assert (of(results, "all-right").state, of(results, "all-right").points) == (EARLIER, 3)
    assert " 3/4* " in as_table(results) and "*  1 mark was given for an earlier answer" in as_table(results)
    assert "This mark was given for an earlier answer." in page(course, "all-right")[2]
    assert page(course, "all-right")[0] == (19, 20)
    assert of(again(again=True), "all-right").state == EARLIER
    write(course, "all-right", ANSWER, first)
    assert of(again(), "all-right").state == MARKED, "it is the answer that was marked"
    write(course, "all-right", ANSWER, "Another answer.")
    assert of(again(), "all-right").state == EARLIER
    mark(course, "all-right", 3)
    results = again(Nobody())
    assert of(results, "all-right").state == MARKED
    assert "earlier answer" not in page(course, "all-right")[2]
    assert of(again(again=True), "all-right").state == MARKED
    agree(course, results, tmp_path, "all-right", 19, 20)


def test_a_mark_does_not_stand_for_another_question(course, again):
    mark(course, "all-right", 3)
    path = course.home / "solutions" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, as_version=4)
    next(cell for cell in notebook.cells if cell.id == "ps1-5").source += "\n\nAnd why?"
    nbformat.write(notebook, path)
    assert of(again(again=True), "all-right").state == EARLIER


def test_points_that_a_person_gave_in_the_place_of_a_test_stand(course, again, tmp_path):
    mark(course, "mistakes", 1, "A good idea.", "ps1-2-grade", "ps1-2-kl_normal")
    mend_a_check(course, "mistakes")
    results = again()
    assert (of(results, "mistakes", "ps1.2").state, of(results, "mistakes", "ps1.2").points) == (MARKED, 1)
    agree(course, results, tmp_path, "mistakes", 8.2, 16)
    write(course, "mistakes", "ps1-2-kl_normal", "def kl_normal(mu_q, logvar_q, mu_p, logvar_p):\n    return mu_q")
    assert of(again(), "mistakes", "ps1.2").state == EARLIER


def test_a_mark_outlives_a_call_that_was_cut_off_between_gradebook_and_ledger(course, again, monkeypatch):
    mark(course, "all-right", 3)
    mend_a_check(course, "all-right")

    def cut(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(books, "keep", cut)
        with pytest.raises(KeyboardInterrupt):
            again()
    assert course.results("ps1", "all-right")[0].problem == "not graded yet."
    results = again()
    assert of(results, "all-right").state == MARKED and of(results, "all-right", "ps1.1").points == 4


def test_a_late_penalty_is_part_of_every_total_also_of_what_was_marked_later(course, again, tmp_path):
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime(2026, 1, 30, 20, 0))
    (course.classroom / "submitted/all-right/ps1/timestamp.txt").write_text("2026-01-31 20:00:00")
    results = again()
    assert of(results, "all-right", "late").points == -16
    agree(course, results, tmp_path, "all-right", 0, 16)
    mark(course, "all-right", 3)
    results = again(Nobody())
    assert of(results, "all-right", "late").points == -19 and of(results, "all-right").points == 3
    agree(course, results, tmp_path, "all-right", 0, 20)
    assert "Late submission penalty (Score: -19.0)" in page(course, "all-right")[2]
    head, *rows = as_table(results).splitlines()
    assert head.split()[-2:] == ["late", "total"] and rows[0].split()[-2:] == ["-19", "0/20"]
    assert "late" not in as_markdown("ps1", results)


def test_nothing_goes_out_while_answers_wait_unless_told_what_they_count(course, again, tmp_path):
    mark(course, "mistakes", 2)
    write(course, "mistakes", ANSWER, "Another answer.")
    again()

    def export(unmarked):
        path, said = write_grades(course, "ps1", tmp_path / "x.csv", "moodle", unmarked)
        assert said == "1 answer waits for a person and 1 is marked for an earlier answer"
        with open(path, newline="", encoding="utf-8") as file:
            return {row["Username"]: row["ps1"] for row in csv.DictReader(file)}

    with pytest.raises(CourseError, match="1 answer waits for a person and 1 is marked for an earlier answer: mark in the form"):
        export("")
    assert not (tmp_path / "x.csv").exists()
    assert export("zero") == {"all-right": "16", "mistakes": "7.2", "blank": "0"}
    assert export("empty") == {"all-right": "", "mistakes": "", "blank": "0"}
    mark(course, "all-right", 4)
    mark(course, "mistakes", 2)
    path, said = write_grades(course, "ps1", tmp_path / "x.csv", "canvas")
    assert not said and "all-right,,20" in path.read_text(encoding="utf-8")


def test_the_commands_say_what_waits_and_how_many_pages_were_written(course):
    def call(*arguments, code=0):
        done = CliRunner().invoke(main, [*arguments, "--course", str(course.root)])
        assert done.exit_code == code, done.output
        return done.output

    assert "2 answers wait for a person: mark in the formgrader" in call("grades", "ps1", "--for", "canvas", code=1)
    assert "2 answers wait for a person: they count 0." in call("grades", "ps1", "--for", "canvas", "--unmarked", "zero")
    mark(course, "all-right", 3, "Good.")
    said = call("grade", "ps1", "--no-sandbox")
    assert "1 feedback page was written" in said and "1 answer waits for a person" in said
    mark(course, "all-right", 4)
    assert "1 feedback page was written" in call("feedback", "ps1", "--student", "all-right")
    assert page(course, "all-right")[0] == (20, 20)
    assert "0 feedback pages were written" in call("grade", "ps1", "--no-sandbox")
    assert "3 feedback pages were written" in call("feedback", "ps1")
    assert "Nothing of ps1 by bob has been graded" in call("feedback", "ps1", "--student", "bob", code=1)


def test_a_hand_in_that_cannot_be_graded_has_no_score_anywhere_and_keeps_its_marks(course, again, tmp_path):
    mark(course, "all-right", 3)
    again(Nobody())
    path = course.classroom / "submitted/all-right/ps1/ps1.ipynb"
    good = path.read_bytes()
    path.write_text("{ this is not json")
    results = again(Nobody())
    assert of(results, "all-right", "ps1").problem and course.results("ps1", "all-right") == [of(results, "all-right", "ps1")]
    assert not course.feedback("ps1", "all-right").exists()
    out = write_grades(course, "ps1", tmp_path / "x.csv", "moodle", "zero")[0].read_text(encoding="utf-8")
    assert "all-right,,,,,\n" in out.replace("\r", "")
    path.write_bytes(good)
    results = again()
    agree(course, results, tmp_path, "all-right", 19, 20)
    assert of(results, "all-right").state == MARKED


def test_a_page_that_cannot_be_written_costs_no_points_and_is_tried_again(course, again, monkeypatch):
    mark(course, "all-right", 3)

    def fails(*_):
        raise SandboxError("the picture is broken.")

    with monkeypatch.context() as patch:
        patch.setattr(Printer, "ask", fails)
        results = again()
    assert of(results, "all-right").points == 3
    assert course.remarks("ps1") == {"all-right": ["its feedback could not be written: the picture is broken."]}
    assert not course.feedback("ps1", "all-right").exists(), "no page is better than one of before"
    again(Nobody())
    assert page(course, "all-right")[0] == (19, 20) and not course.remarks("ps1")


@pytest.mark.parametrize("name", [b"caf\xe9", b"a\nb", b"\x1b[31mred", "x\u202ey".encode(), b"=1+1"], ids=repr)
def test_a_folder_of_any_name_ends_no_call(course, name):
    folder = os.fsencode(course.classroom / "submitted") + b"/" + name + b"/ps1"
    try:
        os.makedirs(folder)
    except OSError:
        pytest.skip("this file system holds no such name")
    done = CliRunner().invoke(main, ["grade", "ps1", "--no-sandbox", "--course", str(course.root)])
    assert done.exit_code == 0, done.output
    report = (course.classroom / "ps1-report.md").read_text(encoding="utf-8")
    table = (course.classroom / "ps1.csv").read_text(encoding="utf-8")
    assert "4 students, 3 graded" in report
    for text in (done.output, report, table):
        assert all(c.isprintable() or c in "\r\n" for c in text)
    assert not re.search("^=", table, re.M)


def test_the_report_leaves_out_what_nobody_has_marked(tmp_path, monkeypatch):
    def rows(exercise, *given):
        return [Result(f"s{i}", exercise, points, 4, state=state) for i, (points, state) in enumerate(given)]

    waiting, blank = (None, WAITS), (0, GRADED)
    results = rows("ps1.1", (4, GRADED), (1, GRADED), (0, GRADED), (2, EARLIER)) + rows("ps1.5", waiting, waiting, blank, blank)
    text = as_markdown("ps1", results)
    assert "| ps1.1 | 1.67 of 4 | 1 | 1 | 1 wait |" in text
    assert "| ps1.5 | – | – | – | 2 wait |" in text
    text = as_markdown("ps1", rows("ps1.5", (3, MARKED), waiting, blank, (4, MARKED)))
    assert "| ps1.5 | 3.50 of 4 | 1 | 0 | 1 wait |" in text
    text = as_markdown("ps1", rows("ps1.5", (3, MARKED), (4, MARKED), blank))
    assert "| ps1.5 | 2.33 of 4 | 1 | 1 |  |" in text
    from matplotlib.figure import Figure

    drawn, save = [], Figure.savefig
    monkeypatch.setattr(Figure, "savefig", lambda figure, *a, **k: (drawn.append(figure), save(figure, *a, **k)))
    write_report("ps1", [*results, Result("a*b|c\n# d", "ps1", None, 0.0, problem="<b>bad</b>")], tmp_path)
    left, right = drawn[0].axes
    assert all(tick == int(tick) for tick in [*left.get_yticks(), *right.get_xticks()])
    assert r"a\*b\|c" in (tmp_path / "ps1-report.md").read_text() and "<b>" not in (tmp_path / "ps1-report.md").read_text()


def test_what_waits_is_said_in_plain_words():
    def say(*states):
        return say_unmarked([Result("a", "x", None, 4, state=state) for state in states])

    assert say(GRADED, MARKED) == ""
    assert say(WAITS) == "1 answer waits for a person"
    assert say(WAITS, WAITS, EARLIER, EARLIER) == "2 answers wait for a person and 2 are marked for an earlier answer"
    assert say(EARLIER) == "1 answer is marked for an earlier answer"
    assert say(EARLIER, EARLIER) == "2 answers are marked for an earlier answer"


def test_one_call_at_a_time_is_at_work_on_a_course(course, again):
    running = course.grade("ps1", executor=Nobody(), locked=False)
    next(running)
    other = Course(course.root)
    with pytest.raises(BusyError, match=f"Process {os.getpid()} is at work on this course: wait"):
        next(other.grade("ps1", executor=Nobody(), locked=False))
    with pytest.raises(BusyError):
        other.rewrite_feedback("ps1")
    running.close()
    assert other.rewrite_feedback("ps1", ["blank"]) == ["blank"]


def test_a_file_is_whole_or_as_it_was(tmp_path, monkeypatch):
    path = write_whole(tmp_path / "x", "before")

    def fails(*_):
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", fails)
        with pytest.raises(FullError, match="is full: make room, then give the same command again"), needs_room(tmp_path):
            write_whole(path, "after")
    assert path.read_text() == "before" and [p.name for p in tmp_path.iterdir()] == ["x"]
    with pytest.raises(PermissionError), needs_room(tmp_path):
        raise PermissionError("is no question of room")
