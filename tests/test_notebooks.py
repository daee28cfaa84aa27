"""Lectures print what they stored; assignments are what solutions/ gives; no notebook holds what it should not."""

import html
import itertools
import json
import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter

from tests.conftest import ROOT
from vae_edu import notebooks, progress
from vae_edu.exercises import EXERCISES
from vae_edu.grading import Course
from vae_edu.notebooks import NotebookError

LECTURES = sorted((ROOT / "lectures").glob("*.ipynb"))
SOLUTIONS = sorted((ROOT / "solutions").glob("*/*.ipynb"))
RELEASES = sorted((ROOT / "assignments").glob("*/*.ipynb"))
EVERY = [pytest.param(path, id=str(path.relative_to(ROOT))) for path in (*LECTURES, *SOLUTIONS, *RELEASES)]
ERRATA = {  # where each erratum of a slide or a paper is taught; ERRATA.md is made from the boxes
    "02": ["E7", "E8"], "03": ["E2", "E3", "E4", "E5", "E33"], "04": ["E6", "E33"], "05": ["E9", "E33"], "06": ["E31", "E32"],
    "07": ["E29", "E30a"], "08": ["E1", "E30b"], "08b": ["E30c"],
    "10": ["E14", "E15", "E16"], "11": ["E10", "E11", "E13", "E18", "E20", "E21"],
    "12": ["E22", "E23", "E24", "E25", "E26", "E27", "E28", "E34", "E35"], "14": ["E12"],
}  # fmt: skip


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_a_lecture_runs_and_prints_what_it_stored(path, tmp_path):
    command = [sys.executable, "-m", "pytest", "--nbval", "-q", "-p", "no:cacheprovider", "-o", "addopts=", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=600)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]


def test_the_lectures_are_numbered_and_every_erratum_is_where_its_source_is_taught():
    numbers = [path.stem.split("_")[0] for path in LECTURES]
    assert numbers == sorted([f"{number:02}" for number in range(15)] + ["08b"])
    for number, path in zip(numbers, LECTURES):
        text = path.read_text(encoding="utf-8")
        for erratum in ERRATA.get(number, []):
            assert re.search(rf"\*\*Errat(um|a) [^*]*\b{erratum}\b", text), (path.stem, erratum)


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_a_lecture_is_stored_executed_small_and_clean(path):
    notebook = notebooks.read(path)
    assert path.stat().st_size < 1_000_000
    head = notebook.cells[0].source
    assert "**You need:**" in head and "**Time:**" in head and "**Afterwards you can:**" in head
    assert path.stem.startswith("00") or "*Sources:" in head
    assert "**Still open:**" in notebook.cells[-1].source
    seeds = sum(cell.source.count("torch.manual_seed(0)") for cell in notebook.cells if cell.cell_type == "code")
    assert seeds == 1, "one seed call per notebook"
    for cell in notebook.cells:
        outputs = cell.get("outputs", [])
        for output, after in itertools.zip_longest(outputs, outputs[1:], fillvalue={}):
            assert output.output_type != "error" and output.get("name") != "stderr", cell.id
            if "image/png" in output.get("data", {}):
                words = output.metadata["image/png"]["alt"]
                assert len(words) > 30, f"{cell.id}: a figure without words"
                assert html.escape(words) in after["data"]["text/html"], f"{cell.id}: words that nobody is shown"


@pytest.mark.parametrize("path", EVERY)
def test_a_notebook_is_sorted_has_its_own_ids_and_no_path_of_a_machine(path):
    raw = path.read_text(encoding="utf-8")
    notebook = json.loads(raw)
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(set(ids)) == len(ids)
    assert not [i for i in ids if re.fullmatch(r"[0-9a-f]{8,}", i)], "ids that say what the cell is"
    assert not re.search(r"/(?:home|root|tmp|work|Users)/\w", raw)
    assert json.dumps(notebook["metadata"]) == json.dumps(notebook["metadata"], sort_keys=True)


def test_the_release_is_what_the_solutions_give_byte_for_byte(tmp_path):
    course = Course(tmp_path / "a class", home=ROOT)
    assert [path.parent.name for path in RELEASES] == course.problem_sets()
    for path in RELEASES:
        made = course.release(path.parent.name)
        assert made.read_bytes() == path.read_bytes(), f"{path.name} is out of date: run `make assignments`"


@pytest.mark.parametrize("path", RELEASES, ids=lambda path: path.stem)
def test_a_release_holds_no_solution(path):
    text = path.read_text(encoding="utf-8")
    assert "SOLUTION" not in text and "HIDDEN" not in text and "Rubric" not in text
    for cell in notebooks.read(path).cells:
        if cell.metadata.get("nbgrader", {}).get("solution") and cell.cell_type == "code":
            assert cell.source.rstrip().endswith("raise NotImplementedError()")


def test_every_exercise_stands_once_in_its_notebook_with_check_and_grade_in_cells_of_their_own():
    for exercise in filter(lambda exercise: exercise.graded, EXERCISES.values()):
        ps = exercise.order[0]
        cells = notebooks.read(ROOT / "solutions" / ps / f"{ps}.ipynb").cells
        prefix = exercise.number.replace(".", "-")
        assert [c.source for c in cells if c.id == f"{prefix}-check"] == [f'check("{exercise.name}", {exercise.name})']
        (graded,) = [c for c in cells if c.id == f"{prefix}-grade"]
        points = graded.metadata["nbgrader"]["points"]
        assert graded.source == f'grade("{exercise.name}", {exercise.name}, points={points})'
        (heading,) = [c for c in cells if c.id == prefix]
        assert heading.source.startswith(f"## {exercise.number} `{exercise.name}(")
    for path in SOLUTIONS:
        manual = [
            c for c in notebooks.read(path).cells if c.metadata.get("nbgrader", {}).get("grade") and c.cell_type == "markdown"
        ]
        assert len(manual) == 1 and "Rubric" in manual[0].source


def test_every_exercise_of_a_lecture_stands_once_in_it_unanswered_and_without_points():
    for exercise in EXERCISES.values():
        if exercise.graded:
            continue
        number, letter = exercise.number.split(".")
        (path,) = (ROOT / "lectures").glob(f"{number}_*.ipynb")
        cells = {cell.id: cell.source for cell in notebooks.read(path).cells}
        prefix = f"l{number}-{letter}"
        assert cells[f"{prefix}-check"] == f'check("{exercise.name}", {exercise.name})'
        assert cells[prefix].startswith(f"### {exercise.number} `{exercise.name}(")
        assert "raise NotImplementedError()" in cells[f"{prefix}-{exercise.name}"]


@pytest.mark.parametrize("path", EVERY)
def test_every_link_of_a_notebook_leads_to_a_file(path):
    text = "\n".join(cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\((?!https?:|#)([^)#\s]+\.\w+)", text):
        assert (path.parent / target).is_file(), target


@pytest.mark.parametrize("path", LECTURES, ids=lambda path: path.stem)
def test_a_lecture_ends_with_the_way_on_to_its_problem_set_and_the_next_lecture(path):
    first, *_, last = notebooks.read(path).cells
    _, onwards = last.source.split("**Next:** ")
    assert all(f"]({following.name})" in onwards for following in LECTURES[LECTURES.index(path) + 1 :][:1])
    if "Then do" in first.source:
        problem_set = r"\]\(\.\./assignments/(ps\d+)/\1\.ipynb\)"
        assert re.search(problem_set, first.source)[1] == re.search(problem_set, onwards)[1]


def test_a_problem_set_leads_to_its_lecture_and_ends_with_how_to_hand_it_in_in_the_same_words():
    endings = set()
    for path in SOLUTIONS:
        first, *_, last = notebooks.read(path).cells
        assert "](../../lectures/" in first.source.split("**Before you start:**")[1].split("**Time:**")[0]
        endings.add(last.source.replace(path.stem, "psN").split("\n\n**Next:**")[0])
    (ending,) = endings
    assert ending.startswith("## Hand in\n\nSave") and "`psN.ipynb`" in ending and "*Validate* button is not needed" in ending


@pytest.mark.parametrize("path", SOLUTIONS, ids=lambda path: path.stem)
def test_every_exercise_says_its_points_its_minutes_and_its_difficulty_and_the_head_their_sums(path):
    cells = progress.cells_of(path)
    steps = progress.problem_set(path, cells).steps
    text = "\n".join(cell["source"] for cell in cells if cell["cell_type"] == "markdown")
    said = re.findall(r"^## (\S+) .*\n\n\*(\d+) points · (\d+) minutes · difficulty [1-4] of 4\*$", text, re.M)
    assert said == [(step.number, f"{step.points:g}", str(step.minutes)) for step in steps]
    assert f"**Points:** {sum(step.points for step in steps):g}." in text
    assert f"**Time:** about {sum(step.minutes for step in steps)} minutes" in text


@pytest.mark.parametrize("content", ["", "{", '{"cells": 3}', "\x00\x01"])
def test_a_broken_notebook_is_one_sentence(tmp_path, content):
    path = tmp_path / "meine Lösung.ipynb"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(NotebookError, match="is not a notebook that Jupyter could open"):
        notebooks.read(path)
    with pytest.raises(NotebookError, match="There is no notebook"):
        notebooks.read(tmp_path / "missing.ipynb")


@pytest.mark.parametrize(
    ("source", "kernel", "said"),
    [
        ("import os; os._exit(1)", "python3", "The kernel died"),
        ("while True: pass", "python3", "more than 2 seconds"),
        ("1 / 0", "python3", "ZeroDivisionError"),
        ("1", "julia-9", "not installed"),
    ],
)
def test_a_notebook_that_cannot_run_is_one_sentence(tmp_path, source, kernel, said):
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    notebook.metadata["kernelspec"] = {"name": kernel, "display_name": kernel}
    with pytest.raises(NotebookError, match=said):
        notebooks.execute(notebook, tmp_path, timeout=2 if "while" in source else 60)


def test_refreshing_a_notebook_twice_gives_the_same_bytes(tmp_path):
    path = tmp_path / "x.ipynb"
    cell = nbformat.v4.new_code_cell("print(1)\nprint(2)", id="one")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), path)
    notebooks.refresh(path)
    first = path.read_bytes()
    notebooks.refresh(path)
    assert path.read_bytes() == first and b"1\\n" in first


def test_folded_answers_survive_execution_release_and_conversion(tmp_path):
    folded = "**Guess first.** Is it zero?\n\n<details><summary>The answer</summary>\n\nIt is.\n\n</details>"
    cells = [nbformat.v4.new_markdown_cell(folded, id="a"), nbformat.v4.new_code_cell("1", id="b")]
    cells[1].metadata["jupyter"] = {"outputs_hidden": True}
    path = tmp_path / "home" / "solutions" / "ps1" / "ps1.ipynb"
    path.parent.mkdir(parents=True)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), path)
    notebooks.refresh(path)
    source = notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb")
    source.cells[:0] = notebooks.read(path).cells
    nbformat.write(source, path)
    shutil.copy(ROOT / "nbgrader_config.py", tmp_path / "home")
    released = notebooks.read(Course(tmp_path / "course", home=tmp_path / "home").release("ps1"))
    assert released.cells[0].source == folded and released.cells[1].metadata["jupyter"] == {"outputs_hidden": True}
    page, _ = HTMLExporter().from_notebook_node(released)
    assert "<details><summary>The answer</summary>" in page
