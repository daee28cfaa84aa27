"""A class that attacks the grader or has accidents, good students between them: one batch, looked at from every side."""

import hashlib
import json
import os
import re
import shutil
import socket
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.grading.attacks.folders import ALL, FIRST_LOST, FOLDERS
from tests.grading.attacks.programs import PROGRAMS
from vae_edu import notebooks
from vae_edu.grading import Course, Limits
from vae_edu.grading.sandbox import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
LIMITS = Limits(memory=600 * 2**20, disk=64 * 2**20, processes=40, seconds=60, cell=5, call=2, patience=2.0, grace=1.5)
MARK = "31337.25"  # what a process of ours would sleep
PROBLEM_SET = "ps1"
NOTHING = (0, 0, 0, 0)
# Their process cannot answer any more.
DESTROY_THEIR_OWN = {"transforms-cells", "speaks-on-the-socket", "replaces-modules", "replaces-the-shell", "many-full-sockets"}
MAY_SLOW_THEMSELVES = {"hops-from-process-to-process"}  # what they have started takes the time of their own other answers


def submission(solved, program):
    notebook = json.loads(solved)
    for cell in notebook["cells"]:
        if cell["id"] == "ps1-1-kl_discrete":
            cell["source"] = program
    return json.dumps(notebook)


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """Everybody's results, the folders, and what was there before."""
    host = tmp_path_factory.mktemp("attacks")
    home, root = host / "home", host / "course"
    (home / "solutions").mkdir(parents=True)
    shutil.copy(ROOT / "nbgrader_config.py", home)
    shutil.copytree(ROOT / "solutions" / PROBLEM_SET, home / "solutions" / PROBLEM_SET)
    path = home / "solutions" / PROBLEM_SET / f"{PROBLEM_SET}.ipynb"
    source = json.loads(path.read_text(encoding="utf-8"))
    solved = path.read_text(encoding="utf-8")
    for cell in source["cells"]:
        if cell["id"] == "ps1-2-grade":
            hidden = "### BEGIN HIDDEN TESTS\nassert kl_normal is not None, 'SECRET-HIDDEN'\n### END HIDDEN TESTS\n"
            cell["source"] = hidden + "".join(cell["source"])
        if cell["id"] == "ps1-4-kl_monte_carlo":
            cell["source"] = "".join(cell["source"]).replace("### BEGIN SOLUTION", "### BEGIN SOLUTION\n    # SECRET-SOLUTION")
    path.write_text(json.dumps(source), encoding="utf-8")
    (host / "secret.txt").write_text("SECRET-HOST")
    server = socket.create_server(("127.0.0.1", 0))
    course = Course(root, home=home)
    names = {}

    def hand_in(kind, text):
        student = f"s{len(names):03d}-{kind}"
        names[student] = kind
        folder = course.classroom / "submitted" / student / PROBLEM_SET
        folder.mkdir(parents=True)
        (folder / f"{PROBLEM_SET}.ipynb").write_text(text, encoding="utf-8")
        return folder

    good = submission(solved, "# SECRET-OTHER\n" + PROGRAMS["honest-scratch"].replace("1 / 0", ""))
    for number, (kind, program) in enumerate(PROGRAMS.items()):
        if number % 3 == 0:
            hand_in("good", good)
        program = program.format(host=host, port=server.getsockname()[1], mark=MARK) if "{" in program else program
        folder = hand_in(kind, submission(solved, program))
        if kind == "honest-helper-file":
            (folder / "helper.py").write_text("import torch\n" + PROGRAMS["honest-scratch"].split("kl_discrete(torch")[0])
        if kind == "honest-random-py":
            (folder / "random.py").write_text("raise RuntimeError('this is not the random you wanted')")
    for number, spoil in enumerate(FOLDERS):
        if number % 3 == 0:
            hand_in("good", good)
        spoil(hand_in(spoil.__name__, solved), host)
    hand_in("good", good)
    before = snapshot(course.classroom / "submitted", names)
    os.environ["VAE_EDU_CANARY"] = "SECRET-ENVIRONMENT"
    try:
        results = {rows[0].student: rows for rows in course.grade(PROBLEM_SET, jobs=2, limits=LIMITS)}
    finally:
        del os.environ["VAE_EDU_CANARY"]
        server.close()
    return {"host": host, "course": course, "names": names, "results": results, "before": before}


def snapshot(folder, names):
    good = [student for student, kind in names.items() if kind == "good"]
    files = [path for student in good for path in sorted((folder / student).rglob("*")) if path.is_file()]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def earned(batch, kind):
    (student,) = [student for student, k in batch["names"].items() if k == kind]
    rows = batch["results"][student]
    return rows, {row.exercise: row.points for row in rows if row.exercise != "ps1.5"}


def test_there_are_enough_of_them():
    assert len(PROGRAMS) + len(FOLDERS) >= 180


@pytest.mark.parametrize("kind", PROGRAMS)
def test_a_program_earns_nothing_that_it_has_not_earned_and_loses_nothing_else(batch, kind):
    rows, points = earned(batch, kind)
    wanted = ALL if kind.startswith("honest-") else NOTHING if kind in DESTROY_THEIR_OWN else FIRST_LOST
    found = tuple(points.get(f"ps1.{n}") for n in (1, 2, 3, 4))
    if kind in MAY_SLOW_THEMSELVES:
        wanted = tuple(min(pair) for pair in zip(found, wanted))
    assert found == wanted, rows
    if not kind.startswith("honest-"):
        assert rows[0].hint, "it is said why"


@pytest.mark.parametrize("spoil", FOLDERS, ids=lambda spoil: spoil.__name__)
def test_a_folder_is_graded_for_what_it_is_worth_or_refused_with_a_reason(batch, spoil):
    wanted, why = FOLDERS[spoil]
    rows, points = earned(batch, spoil.__name__)
    if wanted is None:
        assert len(rows) == 1 and why in rows[0].problem
    else:
        assert tuple(points.get(f"ps1.{n}") for n in (1, 2, 3, 4)) == wanted, rows


def test_what_was_put_right_is_told(batch):
    remarks = {student.split("-", 1)[1]: said for student, said in batch["course"].remarks(PROBLEM_SET).items()}
    assert remarks["test_edited"] == ["changed by the student, and put back: ps1-1-grade"]
    assert remarks["deleted_test"] == ["missing, and put back: ps1-2-grade"]
    assert "too many processes" in remarks["fork-bomb"][0] and "out of memory" in remarks["memory-in-steps"][0]
    assert "good" not in remarks and not any(kind.startswith("honest") for kind in remarks)


def test_the_good_students_between_them_have_all_their_points_and_files(batch):
    good = [student for student, kind in batch["names"].items() if kind == "good"]
    for student in good:
        points = {row.exercise: row.points for row in batch["results"][student]}
        assert [points.get(f"ps1.{n}") for n in (1, 2, 3, 4)] == [4, 4, 4, 4], batch["results"][student]
    assert snapshot(batch["course"].classroom / "submitted", batch["names"]) == batch["before"]


def test_nobody_saw_anything_of_the_host_the_solutions_the_tests_or_the_others(batch):
    classroom = batch["course"].classroom
    for student, kind in batch["names"].items():
        if kind == "good":
            continue
        pages = [*(classroom / "feedback" / student).rglob("*"), *(classroom / "autograded" / student).rglob("*")]
        for page in filter(Path.is_file, pages):
            notebook = notebooks.read(page) if page.suffix == ".ipynb" else None
            shown = (
                json.dumps([cell.get("outputs", []) for cell in notebook.cells]) if notebook else page.read_text(encoding="utf-8")
            )
            for secret in (
                "SECRET-HOST",
                "SECRET-SOLUTION",
                "SECRET-HIDDEN",
                "SECRET-OTHER",
                "SECRET-ENVIRONMENT",
                "/SECRET-NOTE",
            ):
                assert secret not in shown, f"{kind} shows {secret} in {page.name}"
            if notebook:
                assert "SECRET-LOOT" not in shown.replace("print('SECRET-LOOT')", ""), f"{kind} took something"
            else:
                runs = re.search(r"<script>SECRET|<img[^>]+onerror|href=.?(java|on)|<a[^>]+onmouseover", shown)
                assert not runs, f"{kind} runs a script in {page.name}: {runs[0]}"
    assert (batch["host"] / "secret.txt").read_text() == "SECRET-HOST"
    assert not (batch["host"] / "pwned").exists()


def test_nothing_is_left_running(batch):
    mine = []
    for entry in Path("/proc").iterdir():
        try:
            words = (entry / "cmdline").read_bytes().split(b"\0") if entry.name.isdigit() else []
        except OSError:
            continue
        if MARK.encode() in words or any(b"time.sleep(" + MARK.encode() in word for word in words):
            mine.append(words)
    assert not mine


def test_the_files_that_are_kept_are_small_and_the_next_call_grades_nobody_again(batch):
    classroom = batch["course"].classroom
    assert max(path.stat().st_size for path in classroom.rglob("*.html")) < 5_000_000
    again = {rows[0].student: rows for rows in batch["course"].grade(PROBLEM_SET, jobs=1, limits=LIMITS)}
    assert {student: [r.points for r in rows] for student, rows in again.items()} == {
        student: [r.points for r in rows] for student, rows in batch["results"].items()
    }
