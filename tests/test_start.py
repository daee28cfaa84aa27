"""A working copy is laid, goes on, is brought up to date, and never costs a learner a line."""

import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tests.conftest import ROOT
from vae_edu import start as module
from vae_edu.cli import main
from vae_edu.start import RECORD, StartError, start

PS1 = "assignments/ps1/ps1.ipynb"
LECTURE = "lectures/00_start_here.ipynb"


def write(path, *sources, outputs=()):
    path.parent.mkdir(parents=True, exist_ok=True)
    cells = [new_code_cell(source, id=f"cell-{i}", outputs=list(outputs)) for i, source in enumerate(sources)]
    nbformat.write(new_notebook(cells=cells), path)


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A small course in place of the clone's: two lectures and two sets, to be upgraded at will."""
    folder = tmp_path / "course"
    for name in (LECTURE, "lectures/01_more.ipynb", PS1, "assignments/ps2/ps2.ipynb"):
        write(folder / name, "first", f"of {name}")
    (folder / "assignments" / "ps2" / "points.csv").write_text("1,2\n")
    monkeypatch.setattr(module, "course_folder", lambda: folder)
    return folder


@pytest.fixture
def mine(course, tmp_path):
    """A working copy of it."""
    start(tmp_path / "my course")
    return tmp_path / "my course"


def everything(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_working_copy_holds_the_lectures_and_problem_sets_of_this_course(tmp_path):
    done = start(tmp_path / "vae-course")
    laid = everything(tmp_path / "vae-course")
    wanted = [path for pattern in ("lectures/*.ipynb", "assignments/*/*.ipynb") for path in ROOT.glob(pattern)]
    assert len(laid) == len(wanted) + 1 == done.lectures + done.sets + 1
    for path in wanted:
        assert laid[path.relative_to(ROOT).as_posix()] == path.read_bytes()


def test_the_second_call_changes_nothing(mine):
    before = everything(mine)
    done = start(mine)
    assert everything(mine) == before
    assert not (done.added or done.updated or done.changed or done.beside or done.refused)


def test_an_upgrade_brings_what_is_new_and_updates_what_was_not_touched(course, mine):
    write(course / "lectures" / "02_new.ipynb", "new")
    write(course / PS1, "better")
    done = start(mine)
    assert done.added == ["lectures/02_new.ipynb"] and done.updated == [PS1] and not done.changed
    assert (mine / PS1).read_bytes() == (course / PS1).read_bytes()


def test_what_a_learner_has_changed_is_never_overwritten_and_a_newer_version_lies_beside_it(course, mine):
    write(mine / PS1, "my answer")
    before = (mine / PS1).read_bytes()
    done = start(mine)
    assert done.changed == [PS1] and not done.beside, "the original is the same: there is nothing newer"
    write(course / PS1, "better")
    done = start(mine)
    assert (mine / PS1).read_bytes() == before and done.changed == [PS1]
    assert done.beside == ["assignments/ps1/ps1.new.ipynb"]
    assert (mine / done.beside[0]).read_bytes() == (course / PS1).read_bytes()


def test_a_newer_version_is_offered_once(course, mine):
    write(mine / PS1, "my answer")
    write(course / PS1, "better")
    (beside,) = start(mine).beside
    (mine / beside).unlink()
    assert not start(mine).beside and not (mine / beside).exists()
    write(course / PS1, "better still")
    assert start(mine).beside == [beside]


def test_work_done_in_the_newer_version_is_not_overwritten_by_the_next(course, mine):
    write(mine / PS1, "my answer")
    write(course / PS1, "better")
    (beside,) = start(mine).beside
    write(mine / beside, "better", "with my answer")
    write(course / PS1, "better still")
    before = (mine / beside).read_bytes()
    done = start(mine)
    assert done.refused == [beside] and not done.beside and (mine / beside).read_bytes() == before
    (mine / beside).rename(mine / "assignments" / "ps1" / "second try.ipynb")
    assert start(mine).beside == [beside]


def test_a_lecture_that_was_only_run_counts_as_not_touched_and_keeps_its_outputs_until_there_is_a_newer_one(course, mine):
    ran = [new_output("stream", text="on my machine")]
    write(mine / LECTURE, "first", f"of {LECTURE}", outputs=ran)
    assert not start(mine).changed and "on my machine" in (mine / LECTURE).read_text()
    write(course / LECTURE, "first", f"of {LECTURE}", outputs=[new_output("stream", text="a better picture")])
    assert not start(mine).updated and "on my machine" in (mine / LECTURE).read_text(), "it says the same"
    write(course / LECTURE, "second")
    assert start(mine).updated == [LECTURE]


def test_a_lecture_that_was_never_opened_gets_better_pictures(course, mine):
    write(course / LECTURE, "first", f"of {LECTURE}", outputs=[new_output("stream", text="a better picture")])
    assert start(mine).updated == [LECTURE] and "a better picture" in (mine / LECTURE).read_text()


@pytest.mark.parametrize("change", ["note", "cell", "picture", "order", "broken", "link", "data"])
def test_whatever_a_learner_has_added_makes_a_file_their_own(course, mine, change, tmp_path):
    name = "assignments/ps2/points.csv" if change == "data" else LECTURE
    path, notebook = mine / name, nbformat.read(mine / LECTURE, 4)
    if change == "note":
        notebook.cells[0].source += "  # mine"
    elif change == "cell":
        notebook.cells.append(new_markdown_cell(""))
    elif change == "picture":
        notebook.cells[0] = new_markdown_cell("first", attachments={"a.png": {"image/png": "aaaa"}}, id="cell-0")
    elif change == "order":
        notebook.cells.reverse()
    nbformat.write(notebook, mine / LECTURE)
    if change == "broken":
        path.write_bytes(path.read_bytes()[:-30])
    elif change == "link":
        path.rename(tmp_path / "elsewhere.ipynb")
        path.symlink_to(tmp_path / "elsewhere.ipynb")
    elif change == "data":
        path.write_text("1,3\n")
    before, linked = path.read_bytes(), path.is_symlink()
    if change == "data":
        (course / name).write_text("5,6\n")
    else:
        write(course / name, "newer")
    done = start(mine)
    assert done.changed == [name] and path.read_bytes() == before and path.is_symlink() == linked


def test_a_file_that_was_removed_is_laid_afresh(mine, course):
    (mine / PS1).unlink()
    assert start(mine).added == [PS1] and (mine / PS1).read_bytes() == (course / PS1).read_bytes()


def test_a_learners_own_files_and_those_that_the_course_no_longer_has_stay(course, mine):
    (mine / "lectures" / "my notes.ipynb").write_text("mine")
    (course / "lectures" / "01_more.ipynb").unlink()
    before = everything(mine)
    start(mine)
    assert everything(mine) == before


def test_a_set_solved_in_the_clone_itself_is_the_learners_in_the_copy_too(course, tmp_path):
    shutil.copy(ROOT / PS1, course / PS1)
    assert not module.worked_in((course / PS1).read_bytes())
    solved = (course / PS1).read_text().replace("raise NotImplementedError()", "return 3.0")
    (course / PS1).write_text(solved)
    start(tmp_path / "copy")
    shutil.copy(ROOT / PS1, course / PS1)  # git checkout assignments
    done = start(tmp_path / "copy")
    assert done.changed == [PS1] and (tmp_path / "copy" / PS1).read_text() == solved


@pytest.mark.parametrize("files", range(10))
def test_killed_at_any_write_the_same_call_goes_on_and_loses_nothing(course, mine, monkeypatch, files):
    write(mine / PS1, "my answer")
    for name in (LECTURE, PS1, "lectures/02_new.ipynb"):
        write(course / name, "newer")
    answer, real, left = (mine / PS1).read_bytes(), module.write_whole, [files]

    def killed(path, content):
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return real(path, content)

    monkeypatch.setattr(module, "write_whole", killed)
    try:
        start(mine)
    except KeyboardInterrupt:
        json.loads((mine / RECORD).read_text())
    monkeypatch.setattr(module, "write_whole", real)
    start(mine)
    assert (mine / PS1).read_bytes() == answer
    for name in (LECTURE, "lectures/02_new.ipynb"):
        assert (mine / name).read_bytes() == (course / name).read_bytes()
    assert (mine / "assignments/ps1/ps1.new.ipynb").read_bytes() == (course / PS1).read_bytes()
    done = start(mine)
    assert done.changed == [PS1] and not (done.added or done.updated or done.beside or done.refused)


def test_a_disk_that_fills_half_way_is_one_sentence_and_the_same_command_goes_on(tmp_path):
    command = [sys.executable, "-m", "vae_edu.cli", "start", str(tmp_path / "copy")]
    bound = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, preexec_fn=bound)
    assert done.returncode == 1 and len(done.stderr.strip().splitlines()) == 1 and "give the same command again" in done.stderr
    assert (tmp_path / "copy" / LECTURE).read_bytes() == (ROOT / LECTURE).read_bytes()
    assert not list((tmp_path / "copy").rglob("*.partial"))
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "copy" / "lectures" / "10_two_layers.ipynb").exists()


def test_a_full_disk_says_so(course, tmp_path, monkeypatch):
    def full(path, content):
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(module, "write_whole", full)
    with pytest.raises(StartError, match="is full: make room"):
        start(tmp_path / "copy")


def test_a_folder_in_which_one_may_not_write_is_one_sentence():
    user = os.geteuid()
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        try:
            if user == 0:
                os.seteuid(65534)  # root may write anywhere
            with pytest.raises(StartError, match=r"You may not write to .*/copy: name a folder of your own"):
                start(Path(folder) / "copy")
        finally:
            os.seteuid(user)
            os.chmod(folder, 0o755)


def test_places_where_no_working_copy_can_be_are_refused_in_one_sentence(course, tmp_path):
    (tmp_path / "file").write_text("x")
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").write_text("x")
    (tmp_path / "link").symlink_to(course / "lectures")
    for place, said in (
        (tmp_path / "file", "is a file"),
        (tmp_path / "file" / "copy", "file.* cannot be written"),
        (tmp_path / "photos", "holds files of something else"),
        (course, "holds files of something else"),
        (course / "lectures" / "copy", "belongs to the course itself"),
        (course / "assignments", "belongs to the course itself"),
        (tmp_path / "link" / "copy", "belongs to the course itself"),
        (ROOT / "vae_edu" / "copy", "belongs to the course itself"),
    ):
        before = everything(tmp_path)
        with pytest.raises(StartError, match=said) as caught:
            start(place)
        assert everything(tmp_path) == before and "\n" not in str(caught.value)


def test_an_empty_folder_and_a_fresh_repository_are_welcome(course, tmp_path):
    for name in ("empty", "repository"):
        (tmp_path / name).mkdir()
    (tmp_path / "repository" / ".git").mkdir()
    for name in ("empty", "repository"):
        assert len(start(tmp_path / name).added) == 5


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"laid": 3}', '{"laid": {"x": 3}}', "\x00\x01", '{"format": 2}'])
def test_a_damaged_record_is_one_sentence_and_nothing_is_written(mine, damage):
    (mine / RECORD).write_text(damage)
    before = everything(mine)
    with pytest.raises(StartError, match=r"\.vae-edu\.json is damaged.* start in a new folder"):
        start(mine)
    assert everything(mine) == before


def test_work_copied_from_another_folder_over_what_was_laid_is_the_learners_own(course, mine, tmp_path):
    write(mine / PS1, "my answer")
    start(tmp_path / "second")
    shutil.copy(mine / PS1, tmp_path / "second" / PS1)
    assert start(tmp_path / "second").changed == [PS1]


def test_the_command_says_what_it_did(course, tmp_path):
    def said():
        done = CliRunner().invoke(main, ["start", str(tmp_path / "a copy")])
        assert done.exit_code == 0, done.output
        return done.output.splitlines()

    assert said() == [f"{tmp_path}/a copy holds 2 lectures and 2 problem sets. Open it: jupyter lab '{tmp_path}/a copy'"]
    write(tmp_path / "a copy" / PS1, "my answer")
    for name in (PS1, LECTURE, "lectures/02_new.ipynb"):
        write(course / name, "newer")
    lines = said()
    assert lines[:-1] == [
        f"  {LECTURE}: updated, not changed by you.",
        f"  {PS1}: changed by you, left alone.",
        "  assignments/ps1/ps1.new.ipynb: a newer version, laid beside yours.",
        "  lectures/02_new.ipynb: new.",
    ]
    (tmp_path / "a copy" / RECORD).write_text("{")
    done = CliRunner().invoke(main, ["start", str(tmp_path / "a copy")])
    assert done.exit_code == 1 and done.output.startswith("Error: ") and len(done.output.splitlines()) == 1
