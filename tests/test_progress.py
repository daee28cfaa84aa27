"""`vae-edu progress`: done, partly done and untried, from the stored notebooks, at once and whatever state they are in."""

import json
import shutil
import subprocess
import sys

import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from vae_edu import notebooks, progress
from vae_edu.cli import main

BLANK = [
    "       done  partly  untried   points",
    "ps1       0       0        5   0 of 20",
    "ps2       0       0        6   0 of 24",
]


@pytest.fixture
def course(tmp_path):
    """A working copy with two problem sets that nobody has touched."""
    for ps in ("ps1", "ps2"):
        shutil.copytree(ROOT / "assignments" / ps, tmp_path / "assignments" / ps)
    return tmp_path


@pytest.fixture(scope="module")
def worked(tmp_path_factory):
    """ps1 as a learner left it: one right, one right but for an edge, one wrong, one untried, the words written."""
    notebook = notebooks.read(ROOT / "assignments" / "ps1" / "ps1.ipynb")
    answers = {
        "ps1-1-kl_discrete": "def kl_discrete(q, p):\n    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(-1)",
        "ps1-2-kl_normal": "def kl_normal(mu_q, logvar_q, mu_p, logvar_p):\n    return mu_q.sum(-1)",
    }
    for cell in notebook.cells:
        cell.source = answers.get(cell.id, cell.source)
        if cell.id == "ps1-5-answer":
            cell.source = "It is never negative, and 0 only for equal distributions."
    notebooks.execute(notebook, tmp_path_factory.mktemp("run"), allow_errors=True)
    return notebook


def told(*arguments):
    result = CliRunner().invoke(main, ["progress", *map(str, arguments)])
    return result.exit_code, result.output.splitlines()


def test_an_untouched_copy_begins_at_the_first_exercise(course):
    code, lines = told(course)
    assert code == 0 and lines[:3] == BLANK
    assert lines[-1] == f"Next: ps1.1 kl_discrete, 8 minutes, in {course}/assignments/ps1/ps1.ipynb (after lecture 03)."


def test_what_is_done_partly_done_and_untried_is_read_from_the_stored_outputs(course, worked):
    path = course / "assignments" / "ps1" / "ps1.ipynb"
    path.write_text(json.dumps(worked), encoding="utf-8")
    found = progress.problem_set(path, progress.cells_of(path))
    assert [(step.number, step.name, step.points, step.state) for step in found.steps] == [
        ("ps1.1", "kl_discrete", 4, "done"), ("ps1.2", "kl_normal", 4, "partly"), ("ps1.3", "kl_standard_normal", 4, "untried"),
        ("ps1.4", "kl_monte_carlo", 4, "untried"), ("ps1.5", "in words", 4, "done"),
    ]  # fmt: skip
    assert told(course)[1][1] == "ps1       2       1        2   4 of 20" and "Next: ps1.2 kl_normal" in told(course)[1][-1]


def test_a_check_that_passes_is_worth_the_points_where_grade_was_not_run(worked):
    cells = [{**cell, "outputs": [] if cell.id.endswith("-grade") else cell.get("outputs", [])} for cell in worked.cells]
    first = progress.problem_set(ROOT / "ps1.ipynb", cells).steps[0]
    assert (first.state, first.earned) == ("done", 4)


def test_everything_done_is_said(worked):
    cells = [cell for cell in worked.cells if cell.id.startswith(("ps1-1", "ps1-5"))]
    assert progress.as_text([progress.problem_set(ROOT / "ps1.ipynb", cells)]).endswith("Everything is done.")


@pytest.mark.parametrize("text", ['{"cells": [{"cell_type": "mark', "", "[]", '{"cells": [{"cell_type": "code"}]}'])
def test_a_half_saved_notebook_is_named_and_the_others_are_told(course, text):
    broken = course / "assignments" / "ps1" / "ps1.ipynb"
    broken.write_text(text)
    code, lines = told(course)
    assert code == 1 and lines[1] == BLANK[2] and broken.read_text() == text
    assert f"{broken} is not a notebook that can be read: was it half-saved? Save it again in Jupyter." in lines[-1]


def test_a_folder_without_problem_sets_is_told_how_to_get_them(tmp_path):
    code, lines = told(tmp_path)
    assert code == 1 and lines == [
        f"Error: {tmp_path} holds no problem sets: make a working copy with vae-edu start, or name the folder of yours."
    ]


def test_from_beside_the_working_copy_it_is_found(course, tmp_path_factory, monkeypatch):
    beside = tmp_path_factory.mktemp("home")
    shutil.copytree(course, beside / "vae-course")
    monkeypatch.chdir(beside)
    assert told()[1][:3] == BLANK


def test_it_answers_without_torch_and_without_jupyter():
    code = "import sys; from vae_edu.cli import main; main(['progress'], standalone_mode=False); print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.startswith("       done") and not {"torch", "nbformat", "jupyter_client"} & set(done.stdout.split())


def test_run_and_check_without_arguments_run_the_sets_and_leave_the_files_alone(course, monkeypatch):
    monkeypatch.chdir(course)
    before = {path: path.read_bytes() for path in course.glob("assignments/*/*.ipynb")}
    assert told("--run")[1][-len(BLANK) - 2 : -2] == BLANK
    result = CliRunner().invoke(main, ["check"])
    assert result.exit_code == 0 and "0 of 9 exercises in 2 notebooks pass every row." in result.output
    assert result.output.splitlines()[-len(BLANK) - 2 : -2] == BLANK
    assert before == {path: path.read_bytes() for path in course.glob("assignments/*/*.ipynb")}
