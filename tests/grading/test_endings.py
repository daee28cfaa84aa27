"""However a call ends, the next one ends where an undisturbed one does: same gradebook, same table, same report, whole files."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time

import nbformat
import pytest

from tests.conftest import ROOT
from vae_edu.grading import Course
from vae_edu.grading.demo import submit
from vae_edu.grading.sandbox import missing

pytestmark = pytest.mark.slow  # a dozen calls of the command, about ten seconds each
GRADE = [sys.executable, "-m", "vae_edu.cli", "grade", "ps1", "--jobs", "1", "--no-sandbox"]


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    """A course of three hand-ins that were graded and marked, and of which two are to be graded again.

    Of all-right another cell has changed, of mistakes the answer that was marked; broken is no notebook.
    """
    folder = tmp_path_factory.mktemp("endings") / "course"
    shutil.copytree(ROOT / "solutions" / "ps1", folder / "solutions" / "ps1")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    course = Course(folder)
    submit(course, "ps1", course.release("ps1"))
    done = subprocess.run(GRADE, cwd=folder, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    with course.api.gradebook as gradebook:
        for student, points in (("all-right", 3), ("mistakes", 2)):
            grade = gradebook.find_grade("ps1-5-answer", "ps1", "ps1", student)
            grade.manual_score, grade.needs_manual_grade = points, False
            gradebook.find_comment("ps1-5-answer", "ps1", "ps1", student).manual_comment = f"{points} for {student}"
        gradebook.db.commit()
    for student, cell_id in (("all-right", "ps1-1-kl_discrete"), ("mistakes", "ps1-5-answer")):
        path = course.classroom / "submitted" / student / "ps1" / "ps1.ipynb"
        notebook = nbformat.read(path, as_version=4)
        cell = next(cell for cell in notebook.cells if cell.id == cell_id)
        cell.source += "\n# done" if cell.cell_type == "code" else "\n\nAnd more."
        nbformat.write(notebook, path)
    broken = course.classroom / "submitted" / "broken" / "ps1" / "ps1.ipynb"
    broken.parent.mkdir(parents=True)
    broken.write_text("{ this is not json")
    return folder


@pytest.fixture(scope="module", params=["for the first time", "again"])
def start(request, handed_in, tmp_path_factory):
    """The course before the call: never graded, or graded and marked; and how an undisturbed call ends."""
    folder = tmp_path_factory.mktemp("start") / "course"
    shutil.copytree(handed_in, folder)
    if request.param == "for the first time":
        for path in (folder / "classroom").iterdir():
            if path.name != "submitted":
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    calm = tmp_path_factory.mktemp("calm") / "course"
    shutil.copytree(folder, calm)
    done = subprocess.run(GRADE, cwd=calm, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    states = [
        r.state for student in ("all-right", "mistakes") for r in Course(calm).results("ps1", student) if r.exercise == "ps1.5"
    ]
    assert states == {"again": ["marked", "marked for an earlier answer"]}.get(request.param, ["waits for a person"] * 2)
    return folder, end(calm)


@pytest.fixture
def course(start, tmp_path):
    shutil.copytree(start[0], tmp_path / "course")
    return tmp_path / "course"


def end(folder):
    """Grades and comments by student and cell, table and report; and every file is whole."""
    course = Course(folder)
    grades, comments = [], []
    with course.api.gradebook as gradebook:
        for submission in gradebook.find_assignment("ps1").submissions:
            (notebook,) = submission.notebooks
            for g in notebook.grades:
                marks = (g.auto_score, g.manual_score, g.extra_credit, g.needs_manual_grade)
                grades.append((submission.student.id, g.name, *map(str, marks)))
            for c in notebook.comments:
                comments.append((submission.student.id, c.name, str(c.auto_comment), str(c.manual_comment)))
    whole(folder)
    pages = {path.parts[-3] for path in course.classroom.glob("feedback/*/ps1/ps1.html")}
    assert pages == {"all-right", "blank", "mistakes"}
    texts = [(course.classroom / name).read_text(encoding="utf-8") for name in ("ps1.csv", "ps1-report.md")]
    return sorted(grades), sorted(comments), texts


def whole(folder):
    assert not list((folder / "classroom").rglob("*.partial*"))
    for path in (folder / "classroom").rglob("*"):
        if path.suffix in (".json", ".ipynb") and path.parts[-3] != "broken":
            json.loads(path.read_text(encoding="utf-8"))
        if path.suffix == ".html":
            assert path.read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_a_call_that_is_killed_five_times(start, course):
    room = course / "classroom"
    was = {path: path.stat().st_mtime_ns for path in room.rglob("*") if path.is_file()}

    def new(pattern):
        return [path for path in room.glob(pattern) if path.is_file() and was.get(path) != path.stat().st_mtime_ns]

    moments = [
        lambda: new("state/lock"),
        lambda: new("intake/all-right/ps1/ps1.ipynb"),
        lambda: new("autograded/all-right/ps1/ps1.ipynb"),
        lambda: new("feedback/all-right/ps1/ps1.html"),
        lambda: new("autograded/mistakes/ps1/ps1.ipynb"),
    ]
    for moment in moments:
        call = subprocess.Popen(GRADE, cwd=course, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        until = time.monotonic() + 120
        while not moment() and call.poll() is None and time.monotonic() < until:
            time.sleep(0.005)
        assert call.poll() is None, "it ended before it could be killed"
        os.killpg(call.pid, signal.SIGKILL)
        call.wait()
    done = subprocess.run(GRADE, cwd=course, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    assert end(course) == start[1]


def test_two_calls_at_once(start, course):
    calls = [subprocess.Popen(GRADE, cwd=course, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [call.communicate(timeout=300)[1] for call in calls]
    refused = [i for i in (0, 1) if calls[i].returncode]
    assert len(refused) == 1, said
    (i,) = refused
    assert calls[i].returncode == 1
    busy = f"Process {calls[1 - i].pid} is at work on this course"
    assert said[i] == f"Error: {busy}: wait until it has ended, then give the same command again.\n"
    assert end(course) == start[1]
    done = subprocess.run(GRADE, cwd=course, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0 and "0 feedback pages were written" in done.stdout
    assert end(course) == start[1]


FULL = """
set -e
cp -r "$1" /tmp/room/course
cd /tmp/room/course
free() { df --output=avail -B1 /tmp/room | tail -1; }
for left in 0 60000 250000 700000; do
    rm -f /tmp/room/filler
    free=$(free)
    [ "$free" -gt "$left" ] && head -c $((free - left)) /dev/zero > /tmp/room/filler || true
    set +e
    "${@:3}" > /dev/null 2> "$2/said-$left"
    echo $? > "$2/code-$left"
    set -e
    rm -rf "$2/left-$left"; cp -r classroom "$2/left-$left"
done
rm /tmp/room/filler
"${@:3}"
cp -r /tmp/room/course "$2/course"
"""


@pytest.mark.skipif(bool(missing()), reason="a small disk is made with bubblewrap")
def test_a_full_disk(start, course, tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    small = ["bwrap", "--dev-bind", "/", "/", "--tmpfs", "/tmp", "--bind", str(tmp_path), str(tmp_path)]
    small += ["--size", str(64 * 2**20), "--tmpfs", "/tmp/room"]
    done = subprocess.run(
        [*small, "bash", "-c", FULL, "bash", str(course), str(out), *GRADE], capture_output=True, text=True, timeout=600
    )
    assert done.returncode == 0, done.stderr
    codes = {path.name.removeprefix("code-"): path.read_text().strip() for path in out.glob("code-*")}
    said = {left: (out / f"said-{left}").read_text() for left in codes}
    assert codes["0"] == "1" and codes["700000"] == "0"
    for left, text in said.items():
        last = text.rstrip("\n").replace("\r", "\n").splitlines()[-1].strip()  # behind the progress bar
        full = last.startswith("Error: The disk of /tmp/room/course/classroom is full: make room, then give the same command")
        assert full == (codes[left] == "1") and text.count("Error") == full and "Traceback" not in text, text
    for path in out.glob("left-*"):
        assert not list(path.rglob("*.partial"))
    assert end(out / "course") == start[1]
