"""What students install: one wheel, with lectures and problem sets and without solutions, that needs no clone."""

import json
import os
import subprocess
import sys
import zipfile

import nbformat
import pytest

from tests.conftest import ROOT

PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("dist")
    command = [*PIP, "wheel", "--no-deps", "--no-index", "--no-build-isolation", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    (path,) = folder.iterdir()
    return path


@pytest.fixture(scope="module")
def student(wheel, tmp_path_factory):
    """Run a command in an empty folder, where only the wheel and what it depends on is there; returns what it printed."""
    site, home = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("a student")
    subprocess.run([*PIP, "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)], check=True)
    surroundings = {**os.environ, "PYTHONPATH": str(site), "PATH": os.pathsep.join([str(site / "bin"), os.environ["PATH"]])}

    def run(*command):
        done = subprocess.run(command, capture_output=True, text=True, cwd=home, env=surroundings)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    assert run(sys.executable, "-c", "import vae_edu; print(vae_edu.__file__)").startswith(str(site))
    run("vae-edu", "start")
    run.home = home
    return run


def test_the_wheel_is_small_and_holds_no_solution_and_nothing_of_the_tests(wheel):
    assert wheel.stat().st_size <= 80e6
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        notebooks = {name: archive.read(name).decode() for name in names if name.endswith(".ipynb")}
    tops = {name.split("/")[0] for name in names}
    assert {top.partition("-")[0] for top in tops} == {"vae_edu"} and len(tops) == 2, "the package and its metadata"
    assert not [name for name in names if "test" in name or "solution" in name or ".partial" in name or "checkpoint" in name]
    wanted = [path for pattern in ("lectures/*.ipynb", "assignments/*/*.ipynb") for path in ROOT.glob(pattern)]
    assert notebooks.keys() == {f"vae_edu/course/{path.relative_to(ROOT).as_posix()}" for path in wanted}
    for name, text in notebooks.items():
        assert "BEGIN SOLUTION" not in text and "BEGIN HIDDEN" not in text, name


def test_the_wheel_holds_the_library_and_its_references_whole(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    listed = subprocess.run(["git", "ls-files", "vae_edu"], cwd=ROOT, capture_output=True, text=True, check=True)
    tracked = listed.stdout.split()
    assert set(tracked) <= names and any(name.endswith(".safetensors") for name in tracked)


def test_lecture_00_runs_where_only_the_wheel_is(student):
    code = (
        "import pathlib, nbformat, vae_edu.notebooks as n\n"
        "path = pathlib.Path('vae-course/lectures/00_start_here.ipynb')\n"
        "notebook = n.read(path)\n"
        "notebook.cells.append(nbformat.v4.new_code_cell('import vae_edu; print(vae_edu.__file__)'))\n"
        "n.execute(notebook, path.parent)\n"
        "print(notebook.cells[-1].outputs[0].text)\n"
    )
    assert "/site" in student(sys.executable, "-c", code)


def test_a_check_of_ps1_passes_where_only_the_wheel_is(student):
    path = student.home / "vae-course" / "assignments" / "ps1" / "ps1.ipynb"
    notebook = nbformat.read(path, 4)
    (answer,) = [cell for cell in notebook.cells if cell.id == "ps1-1-kl_discrete"]
    answer.source = "def kl_discrete(q, p):\n    return (torch.xlogy(q, q) - torch.xlogy(q, p)).sum(-1)"
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert "1 of 4 exercises pass every row" in student("vae-edu", "check", str(path))
    assert "changed by you, left alone" in student("vae-edu", "start")
