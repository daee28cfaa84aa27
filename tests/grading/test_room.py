"""The answers are not in the room: what a submission finds of the course while its problem set is graded."""

import ast
import os
import re
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vae_edu import notebooks
from vae_edu.exercises import EXERCISES
from vae_edu.grading import Limits, room
from vae_edu.grading.course import id_of_test, is_test
from vae_edu.grading.execute import close, execute
from vae_edu.grading.sandbox import Sandbox, missing

LOCKED = not missing()
SETS = sorted(path.parent.name for path in (ROOT / "solutions").glob("ps*/ps*.ipynb"))


def job(ps, change=lambda name, source: source):
    """A submission: the solutions, each changed by `change`."""
    code = [cell for cell in notebooks.read(ROOT / "solutions" / ps / f"{ps}.ipynb").cells if cell.cell_type == "code"]
    tests = {id_of_test(cell): cell.source for cell in code if is_test(cell)}
    cells = [[change(cell.id.split("-")[-1], cell.source), id_of_test(cell)] for cell in code]
    about = {"set": ps, "seed": 77, "limits": asdict(Limits()), "locked": LOCKED}
    return {"cells": cells, "files": {}, "tests": tests, **about}


def scores(submission, done):
    pairs = zip(submission["cells"], done["outputs"], strict=True)
    return [outputs[-1].get("data", {}).get("text/plain") for (_, test), outputs in pairs if test]


@pytest.fixture(scope="module", autouse=True)
def nothing_is_left():
    yield
    close()


@pytest.mark.parametrize("ps", SETS)
def test_what_a_room_holds_has_no_exercise_no_seed_no_probe_and_no_body_of_what_is_asked_for(ps, tmp_path):
    folder = room.furnish(tmp_path, linked=True)
    room.close(tmp_path, ps)
    texts = {path: path.read_text(encoding="utf-8") for path in folder.rglob("*.py")}
    assert not (folder / "exercises").exists() and not list(folder.rglob("*.probe.*"))
    assert not any(re.search(r"GRADE_SEED|trials_of|def oracle|misconception\(", text) for text in texts.values())
    for function in {f for exercise in EXERCISES.of(ps) for f in exercise.closed_book}:
        name = function.__qualname__.split(".")[-1]
        path = folder / (function.__module__.removeprefix("vae_edu.").replace(".", "/") + ".py")
        bodies = [
            ast.unparse(n.body) for n in ast.walk(ast.parse(texts[path])) if isinstance(n, ast.FunctionDef) and n.name == name
        ]
        assert any("closed(" in body and len(body.splitlines()) == 2 for body in bodies), function


@pytest.mark.parametrize("ps", SETS)
def test_the_solutions_of_every_set_are_worth_all_points_in_its_room(ps):
    submission = job(ps)
    done = execute(submission)
    points = [float(re.search(r"points=(\d+)", source)[1]) for source, test in submission["cells"] if test]
    assert [float(score) for score in scores(submission, done)] == points and done["ended"] == done["closed"] == []


def test_the_room_of_a_process_that_was_killed_is_removed_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    ended = subprocess.Popen(["true"])
    ended.wait()
    for pid in (ended.pid, os.getpid()):
        (tmp_path / f"vae-edu-room-{pid}-x" / "vae_edu").mkdir(parents=True)
    with room.new_folder() as folder:
        assert {path.name for path in tmp_path.iterdir()} == {f"vae-edu-room-{os.getpid()}-x", Path(folder).name}


WAYS = {
    "the oracle": "from vae_edu.exercises import EXERCISES\nkl_normal = EXERCISES['kl_normal'].oracle",
    "the exercise's module": "import vae_edu.exercises.ps1.kl_normal as m\nkl_normal = m.exercise.oracle",
    "the library's function": "from vae_edu.divergences import kl_normal",
    "a copy of its code": (
        "import types, vae_edu.divergences as d\n"
        "kl_normal = types.FunctionType(d.kl_normal.__code__.replace(co_name='mine'), vars(d))"
    ),
    "its source": (
        "import inspect, vae_edu.divergences as d\nexec(inspect.getsource(d.kl_normal), vars(d))\nkl_normal = d.kl_normal"
    ),
    "its module, imported again": (
        "import importlib, sys\nsys.modules.pop('vae_edu.divergences')\n"
        "kl_normal = importlib.import_module('vae_edu.divergences').kl_normal"
    ),
    "the wire's side of the checks": (
        "import vae_edu.checks.calling as c, vae_edu.divergences as d\nright = lambda f: c.Function(f.exercise, d.kl_normal)\n"
        "old = c.Function.call\nc.Function.call = lambda self, arguments: old(right(self), arguments)\n"
        "def kl_normal(mu_q, logvar_q, mu_p, logvar_p): pass"
    ),
    "a table of the grade's inputs": (
        "from vae_edu.checks import GRADE_SEED\nfrom vae_edu.exercises import EXERCISES\n"
        "rows = EXERCISES['kl_normal'].trials_of(GRADE_SEED)\ndef kl_normal(*a): return rows[0].expected[0]"
    ),
    "files beside it": (
        "import glob\ntexts = [open(p).read() for p in glob.glob('/course/**/*.py', recursive=True)]\n"
        "found = [t for t in texts if 'oracle=' in t or '.exp()' in t.partition('def kl_normal')[2][:900]]\nkl_normal = found[0]"
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_way_to_the_answer_is_worth_nothing_and_costs_the_others_nothing(way):
    submission = job("ps1", lambda name, source: WAYS[way] if name == "kl_normal" else source)
    done = execute(submission)
    others = 4.0 if way != "the wire's side of the checks" else 0.0
    assert [float(score) for score in scores(submission, done)] == [4.0, 0.0, others, others]


def test_what_reached_for_what_is_closed_is_told_also_where_the_error_was_swallowed():
    hidden = "try:\n    from vae_edu.exercises import EXERCISES\nexcept BaseException: pass\n"
    compares = "\nimport vae_edu.divergences as d\ntry: d.kl_discrete(torch.ones(1), torch.ones(1))\nexcept Exception: pass"
    submission = job("ps1", lambda name, source: hidden + source + compares if name == "kl_discrete" else source)
    done = execute(submission)
    assert scores(submission, done) == ["4.0"] * 4
    assert done["closed"] == ["vae_edu.divergences.kl_discrete", "vae_edu.exercises"]


@pytest.mark.skipif(not LOCKED, reason=missing())
def test_a_library_that_is_installed_where_python_is_seen_is_covered_too(monkeypatch):
    monkeypatch.setattr("vae_edu.grading.sandbox.shown", lambda: ["/usr", sys.base_prefix, sys.prefix, str(ROOT)])
    with Sandbox("ps1") as sandbox:
        submission = sandbox.submission({})
        source = f"import os\nos.listdir({str(room.PACKAGE)!r}), os.listdir({str(ROOT / 'tests')!r}) != []"
        (found,) = submission.ask({"do": "cell", "source": source, "seconds": 20}, 60)["outputs"]
        submission.close()
    assert found["data"]["text/plain"] == "([], True)"
