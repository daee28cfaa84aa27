"""The sandbox by itself: where it is missing, where it is not wanted, and what a cell gives back."""

import shutil
from dataclasses import asdict

import pytest

from tests.conftest import ROOT
from vae_edu import notebooks
from vae_edu.cli.doctor import examine
from vae_edu.grading import Course, Limits, SandboxError
from vae_edu.grading.course import id_of_test, is_test
from vae_edu.grading.execute import cleaned, close, execute
from vae_edu.grading.sandbox import Sandbox, missing

needs_bwrap = pytest.mark.skipif(bool(missing()), reason=missing())


def test_without_bubblewrap_nothing_is_graded_and_one_sentence_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setattr(shutil, "which", lambda *a, **k: None)
    with pytest.raises(SandboxError, match=r"apt install bubblewrap.*--no-sandbox.*the gradebook and the solutions too"):
        next(Course(tmp_path, home=ROOT).grade("ps1"))
    assert not (tmp_path / "assignments").exists()


def test_without_a_sandbox_the_scores_are_the_same():
    cells = notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb").cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    tests = {id_of_test(cell): cell.source for cell in code if is_test(cell)}
    own = ["import helper\nhelper.answer", ""]
    job = {"cells": [own, *([cell.source, id_of_test(cell)] for cell in code)], "files": {"helper.py": b"answer = 42"}}
    done = execute({**job, "tests": tests, "limits": asdict(Limits()), "locked": False})
    close(False)
    assert done["ended"] == [] and done["outputs"][0][0]["data"]["text/plain"] == "42"
    scores = [outputs[-1]["data"]["text/plain"] for (_, test), outputs in zip(job["cells"], done["outputs"]) if test]
    assert scores == ["4.0"] * 4


@needs_bwrap
def test_a_notebook_that_takes_too_long_as_a_whole_is_stopped_and_keeps_what_it_earned():
    cells = notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb").cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    tests = {id_of_test(cell): cell.source for cell in code if is_test(cell)}
    listed = [[cell.source, id_of_test(cell)] for cell in code]
    first = next(i for i, (_, test) in enumerate(listed) if test)
    listed[first + 1 : first + 1] = [["import time\ntime.sleep(60)", ""]] * 3
    limits = Limits(cell=4, patience=1, grace=1, whole=9)
    done = execute({"cells": listed, "files": {}, "tests": tests, "limits": asdict(limits), "locked": True})
    close(True)
    scores = [outputs[-1].get("ename", outputs[-1].get("data")) for (_, test), outputs in zip(listed, done["outputs"]) if test]
    assert scores == [{"text/plain": "4.0"}, "NotRun", "NotRun", "NotRun"]
    assert done["seconds"] < 30


@needs_bwrap
def test_a_cell_gives_back_what_a_kernel_would():
    with Sandbox() as sandbox:
        submission = sandbox.submission({})

        def run(source):
            return cleaned(submission.ask({"do": "cell", "source": source, "seconds": 20}, 30)["outputs"])

        assert run("x = 6\nprint('hi')\nx * 7") == [
            {"output_type": "stream", "name": "stdout", "text": "hi\n"},
            {"output_type": "display_data", "data": {"text/plain": "42"}, "metadata": {}},
        ]
        (failed,) = run("1 / 0")
        assert failed["ename"] == "ZeroDivisionError" and "division by zero" in failed["evalue"]
        assert run("await __import__('asyncio').sleep(0)") == [] and run("x;") == []
        (shown,) = run("import matplotlib.pyplot as plt\nplt.plot([1, 2]);")
        assert shown["data"]["image/png"].startswith("iVBOR")
        (html,) = run("from IPython.display import HTML\nHTML('<script>x</script>')")
        assert set(html["data"]) == {"text/plain"}
        submission.close()


