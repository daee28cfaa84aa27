"""A small class from its roster to its report: what comes in, what is graded again, what goes out."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from datetime import datetime

import pytest

from tests.conftest import ROOT
from vae_edu import notebooks, progress
from vae_edu.grading import Course, CourseError, as_table, workers, write_csv, write_report
from vae_edu.grading.demo import submit
from vae_edu.grading.grades import write_grades
from vae_edu.grading.marks import Result
from vae_edu.grading.report import misconceptions
from vae_edu.grading.roster import collect, read_roster
from vae_edu.grading.sandbox import missing

LOCKED = not missing()
CANVAS = 'Student,ID,SIS Login ID,Section\n    Points Possible,,,\n"Right, Al",71,all-right,1\n"Missing, Mo",72,missing,1\n'
MOODLE = "First name,Last name,Username,Email address\nBea,Blank,blank,bea@example.org\nMia,Steak,mistakes,mia@example.org\n"


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """Three hand-ins of ps1, one of them late, and a student who handed in nothing."""
    folder = tmp_path_factory.mktemp("class")
    home = folder / "home"
    shutil.copytree(ROOT / "solutions" / "ps1", home / "solutions" / "ps1")
    settings = (ROOT / "nbgrader_config.py").read_text(encoding="utf-8")
    (home / "nbgrader_config.py").write_text(settings + '\nc.LateSubmissionPlugin.penalty_method = "zero"\n')
    course = Course(folder / "course", home=home)
    (folder / "canvas.csv").write_text(CANVAS)
    (folder / "moodle.csv").write_text("\ufeff" + MOODLE, encoding="utf-8")
    submit(course, "ps1", course.release("ps1"))
    assert read_roster(course, folder / "canvas.csv") == ["all-right", "missing"]
    assert read_roster(course, folder / "moodle.csv") == ["blank", "mistakes"]
    with course.api.gradebook as gradebook:
        gradebook.update_or_create_assignment("ps1", duedate=datetime(2026, 1, 30, 20, 0))
    (course.classroom / "submitted/mistakes/ps1/timestamp.txt").write_text("2026-01-30-20-30-10")
    (course.classroom / "submitted/all-right/ps1/timestamp.txt").write_text("2026-01-30 20:30:10 +0200")
    with workers(1) as pool:
        results = [r for rows in course.grade("ps1", executor=pool, locked=LOCKED) for r in rows]
        yield course, results, pool


def of(results, student):
    return {r.exercise: r.points for r in results if r.student == student}


def test_everybody_of_the_class_is_listed_with_why_there_is_no_score(graded):
    _, results, _ = graded
    assert sorted({r.student for r in results}) == ["all-right", "blank", "missing", "mistakes"]
    assert next(r for r in results if r.student == "missing").problem.startswith("missing: there is nothing in")
    assert "missing: there is nothing" in as_table(results)


def test_the_scores_are_those_of_plain_nbgrader(graded, tmp_path):
    course, results, _ = graded
    shutil.copytree(course.home / "solutions", tmp_path / "solutions")
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path)
    shutil.copytree(course.classroom / "submitted", tmp_path / "classroom" / "submitted")
    with notebooks.kernel_surroundings():
        for step in (["generate_assignment", "ps1"], ["autograde", "ps1"], ["export"]):
            command = [sys.executable, "-m", "nbgrader", *step]
            done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
            assert done.returncode == 0, done.stderr
    with open(tmp_path / "classroom" / "grades.csv", newline="") as file:
        plain = {row["student_id"]: float(row["raw_score"]) for row in csv.DictReader(file) if row["assignment"] == "ps1"}
    for student in ("all-right", "blank", "mistakes"):
        assert plain[student] == sum(of(results, student)[f"ps1.{n}"] or 0 for n in range(1, 6))


def test_nbgrader_reads_the_same_gradebook(graded):
    course, _results, _ = graded
    rows = {row["student"]: row for row in course.api.get_submissions("ps1")}
    assert rows["all-right"]["score"] == 16 and rows["mistakes"]["score"] == 7.2 and rows["all-right"]["autograded"]
    assert rows["all-right"]["needs_manual_grade"] and not rows["blank"]["needs_manual_grade"]


def test_grades_go_out_in_the_words_of_canvas_and_moodle_with_the_late_penalty(graded, tmp_path):
    course, _, _ = graded
    path, unmarked = write_grades(course, "ps1", tmp_path / "c.csv", "canvas", "zero")
    assert unmarked == "2 answers wait for a person"
    with open(path, newline="", encoding="utf-8") as file:
        rows = {row["SIS Login ID"]: row for row in csv.DictReader(file)}
    assert rows[""]["Student"].strip() == "Points Possible" and rows[""]["ps1"] == "20"
    assert rows["all-right"]["ps1"] == "16" and rows["all-right"]["ID"] == "71", "18:30:10 UTC was in time"
    assert rows["mistakes"]["ps1"] == "0", "half an hour late, and the plugin takes all"
    assert rows["missing"]["ps1"] == ""
    path, _ = write_grades(course, "ps1", tmp_path / "m.csv", "moodle", "zero")
    with open(path, newline="", encoding="utf-8") as file:
        rows = {row["Username"]: row for row in csv.DictReader(file)}
    assert list(rows["blank"]) == ["Username", "First name", "Last name", "Email address", "ID number", "ps1"]
    assert list(rows["blank"].values()) == ["blank", "Bea", "Blank", "bea@example.org", "", "0"]


def test_only_what_changed_is_graded_again(graded):
    course, results, pool = graded
    page = {s: course.feedback("ps1", s) for s in ("all-right", "blank", "mistakes")}
    before = {s: path.stat().st_mtime_ns for s, path in page.items()}
    path = course.classroom / "submitted/blank/ps1/ps1.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["id"] == "ps1-4-kl_monte_carlo":
            cell["source"] = "def kl_monte_carlo(log_q, log_p):\n    return (log_q - log_p).mean(0)"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    again = [r for rows in course.grade("ps1", executor=pool, locked=LOCKED) for r in rows]
    assert of(again, "blank") == {**of(results, "blank"), "ps1.4": 4.0}
    assert {s: of(again, s) for s in ("all-right", "mistakes")} == {s: of(results, s) for s in ("all-right", "mistakes")}
    assert [s for s, path in page.items() if path.stat().st_mtime_ns != before[s]] == ["blank"]


def test_a_mended_check_is_run_again_and_no_other(graded):
    course, results, pool = graded
    state = course.classroom / "state" / "ps1.json"
    entries = json.loads(state.read_text())
    entries["mistakes"]["versions"]["ps1.2"] = "as it was before"
    state.write_text(json.dumps(entries))
    path = course.classroom / "autograded/mistakes/ps1/ps1.ipynb"
    path.chmod(0o644)
    path.write_text(path.read_text(encoding="utf-8").replace('"exercise": "ps1.1"', '"marked": 1, "exercise": "ps1.1"'))
    again = [r for rows in course.grade("ps1", executor=pool, locked=LOCKED) for r in rows]
    assert of(again, "mistakes") == of(results, "mistakes")
    stored = {found["exercise"]: found for found, _ in progress.check_outputs(progress.cells_of(path), graded=True).values()}
    assert "marked" in stored["ps1.1"] and "marked" not in stored["ps1.2"]
    assert json.loads(state.read_text())["mistakes"]["versions"]["ps1.2"] != "as it was before"
    assert {"seed", "vae_edu", "check"} <= set(stored["ps1.2"])


def test_the_class_report_says_what_to_teach_again(graded, tmp_path):
    _, results, _ = graded
    text, picture = write_report("ps1", results, tmp_path)
    held = {(exercise, name): n for exercise, name, n, _ in misconceptions(results)}
    assert held["ps1.2", "half_missing"] == 1 and held["ps1.1", "not attempted"] == 1
    page = text.read_text(encoding="utf-8")
    assert "**missing** has no score" in page and "Is the ½ in front of the sum missing?" in page
    assert picture.stat().st_size > 10_000
    with open(write_csv(results, tmp_path / "all.csv"), newline="", encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(results)


def test_a_mistake_that_no_misconception_declares_is_counted_by_its_own_words(tmp_path):
    clause = "the variance of |q| is summed over its first dimension"
    hint = f"Your values are exactly those of a solution in which {clause}."
    rows = [Result(student, "ps1.2", 0.0, 4.0, hint, misconception=clause) for student in ("ada", "bo", "cy")]
    rows += [Result("di", "ps1.2", 0.0, 4.0, "Twice the expected value.", misconception="half_missing")]
    rows += [Result("ed", "ps1.2", 4.0, 4.0, "")]
    text, picture = write_report("ps1", rows, tmp_path)
    page = text.read_text(encoding="utf-8")
    assert r"| 3 of 5 | ps1.2 | the variance of \|q\| is summed over its first dimension |  |" in page
    assert "| 1 of 5 | ps1.2 | half missing | Twice the expected value. |" in page
    assert picture.stat().st_size > 10_000


def test_feedback_shows_what_was_tried_yours_and_the_expected(graded):
    course, _, _ = graded
    page = course.feedback("ps1", "mistakes").read_text(encoding="utf-8")
    assert "tried" in page and "yours" in page and "expected" in page and "Is the ½ in front of the sum missing?" in page


def test_a_call_that_was_killed_is_taken_up_again(graded, tmp_path):
    course, _results, _ = graded
    for part in ("solutions", "nbgrader_config.py"):
        (tmp_path / part).symlink_to(course.home / part)
    shutil.copytree(course.classroom / "submitted", tmp_path / "classroom" / "submitted")
    command = [sys.executable, "-m", "vae_edu.cli", "grade", "ps1", "--jobs", "1", *([] if LOCKED else ["--no-sandbox"])]
    first = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
    state = tmp_path / "classroom" / "state" / "ps1.json"
    done_with = lambda: [s for s, e in json.loads(state.read_text()).items() if e.get("page")] if state.exists() else []
    for _ in range(1200):
        if done_with() or first.poll() is not None:
            break
        time.sleep(0.1)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    recorded = done_with()
    assert 1 <= len(recorded) < 3
    kept = tmp_path / "classroom" / "feedback" / recorded[0] / "ps1" / "ps1.html"
    before = kept.stat().st_mtime_ns
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert "all-right      4/4      4/4      4/4      4/4        -      16/16" in done.stdout
    assert kept.stat().st_mtime_ns == before and len(json.loads(state.read_text())) == 3
    with notebooks.kernel_surroundings():
        subprocess.run([sys.executable, "-m", "nbgrader", "export"], cwd=tmp_path, capture_output=True, check=True, timeout=100)
    with open(tmp_path / "classroom" / "grades.csv", newline="") as file:
        scores = {row["student_id"]: float(row["score"]) for row in csv.DictReader(file)}
    assert (scores["all-right"], scores["mistakes"]) == (16, 7.2)


def test_archives_are_taken_in_one_by_one_and_unsafe_ones_refused(tmp_path, graded):
    course = Course(tmp_path / "course", home=graded[0].home)
    notebook = (graded[0].classroom / "submitted/all-right/ps1/ps1.ipynb").read_bytes()
    inbox = tmp_path / "inbox"
    inbox.mkdir()

    def archive(name, files, mode=0):
        with zipfile.ZipFile(inbox / name, "w", zipfile.ZIP_DEFLATED) as out:
            for inside, content in files.items():
                entry = zipfile.ZipInfo(inside)
                entry.external_attr, entry.compress_type = mode << 16, zipfile.ZIP_DEFLATED
                out.writestr(entry, content)

    archive("ann_ps1.zip", {"ps1.ipynb": notebook, "helper.py": b"a = 1"})
    archive("bob_123_.zip", {"my folder/ps1.ipynb": notebook, "my folder/data/x.txt": b"x", "__MACOSX/._x": b""})
    archive("cy_slip.zip", {"../../../solutions/ps1/ps1.ipynb": notebook})
    archive("dee_link.zip", {"ps1.ipynb": b"/etc/passwd"}, mode=0o120777)
    archive("eve_bomb.zip", {"ps1.ipynb": bytes(60 * 2**20)})
    archive("fay_absolute.zip", {"/tmp/ps1.ipynb": notebook})
    (inbox / "gus_broken.zip").write_bytes(b"PK\x03\x04 not really")
    archive("iva_1.zip", {"PS1 final.ipynb": b"old", "old.py": b""})
    archive("iva_2.ZIP", {"ps1.ipynb": notebook, "timestamp.txt": b"2020-01-01 00:00:00"})
    archive("joe_dot.zip", {".": b"x"})
    archive("kim_clash.zip", {"a": b"x", "a/b": b"x"})
    archive("lea_long.zip", {"x" * 300: b"x"})
    archive("mia_crc.zip", {"ps1.ipynb": notebook})
    raw = bytearray((inbox / "mia_crc.zip").read_bytes())
    raw[100:200] = bytes(100)
    (inbox / "mia_crc.zip").write_bytes(raw)
    archive(".._up.zip", {"ps1.ipynb": notebook})
    (inbox / "hal_ps1.ipynb").write_bytes(notebook)
    (inbox / "readme.txt").write_text("hello")
    said = dict(collect(course, "ps1", sorted(inbox.iterdir()), r"(?P<student>[^_]+).*"))
    good = [name for name, outcome in said.items() if outcome.startswith("✓")]
    assert good == ["ann_ps1.zip", "bob_123_.zip", "hal_ps1.ipynb", "iva_1.zip", "iva_2.ZIP"]
    assert "in place of an earlier one" in said["iva_2.ZIP"]
    reasons = {"cy": "outside", "dee": "link", "eve": "more than 50 MB", "fay": "outside", "gus": "zip", "readme": "left alone"}
    for name, why in reasons.items():
        assert why in next(outcome for file, outcome in said.items() if file.startswith(name)), name
    assert sorted(p.name for p in (course.classroom / "submitted").iterdir()) == ["ann", "bob", "hal", "iva"]
    assert [p.name for p in (course.classroom / "submitted/iva/ps1").iterdir()] == ["ps1.ipynb"], "nor its own timestamp"
    assert (course.classroom / "submitted/bob/ps1/ps1.ipynb").read_bytes() == notebook


def test_grades_of_what_nobody_graded_are_one_sentence(tmp_path, graded):
    with pytest.raises(CourseError, match="Nothing of ps2 has been graded: first run vae-edu grade ps2"):
        write_grades(graded[0], "ps2", tmp_path / "x.csv", "canvas")


def test_a_roster_without_ids_is_one_sentence(tmp_path, graded):
    (tmp_path / "x.csv").write_text("Name\nAnn\n")
    with pytest.raises(CourseError, match="no column with the students' ids"):
        read_roster(graded[0], tmp_path / "x.csv")
