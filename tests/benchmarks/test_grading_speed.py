"""A class of 40 on all cores: submissions per minute beside plain nbgrader, memory, and what isolation costs."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from dataclasses import asdict
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vae_edu import notebooks
from vae_edu.grading import Course, Limits
from vae_edu.grading.course import id_of_test, is_test
from vae_edu.grading.demo import submit
from vae_edu.grading.execute import close, execute
from vae_edu.grading.sandbox import missing

pytestmark = pytest.mark.skipif(bool(missing()), reason=missing())
CLASS = 40
KINDS = (
    "all-right",
    "mistakes",
    "all-right",
    "unforeseen",
    "blank",
    "all-right",
    "mistakes",
    "all-right",
    "unforeseen",
    "broken",
)


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """40 hand-ins of ps1: 16 right, 16 with mistakes (8 with one that is searched for), 4 blank, 4 whose file is broken."""
    folder = tmp_path_factory.mktemp("class of 40")
    for part in ("solutions", "nbgrader_config.py"):
        (folder / part).symlink_to(ROOT / part)
    course = Course(folder)
    submit(course, "ps1", course.release("ps1"))
    submitted = course.classroom / "submitted"
    samples = {student: (submitted / student / "ps1/ps1.ipynb").read_bytes() for student in ("all-right", "mistakes", "blank")}
    samples["unforeseen"] = samples["mistakes"].replace(b"logvar_p - logvar_q + (", b"3 * (logvar_p - logvar_q) + (")
    assert samples["unforeseen"] != samples["mistakes"]
    samples["broken"] = b"{ this is no notebook"
    shutil.rmtree(submitted)
    for number in range(CLASS):
        target = submitted / f"s{number:02d}" / "ps1"
        target.mkdir(parents=True)
        (target / "ps1.ipynb").write_bytes(samples[KINDS[number % len(KINDS)]])
    return course


def pss(pid):
    """Proportional memory of a process and all its descendants, in bytes."""
    total = 0
    try:
        rollup = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        total += 1024 * int(next(line for line in rollup if line.startswith("Pss:")).split()[1])
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except (OSError, StopIteration):
        return 0
    return total + sum(pss(int(child)) for child in children)


@pytest.mark.slow  # plain nbgrader's half takes minutes; test_class compares the scores on three students in every run
def test_a_class_of_40_beside_plain_nbgrader(course, capsys):
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    for name in ("autograded", "feedback", "state", "gradebook.db"):
        path = course.classroom / name
        shutil.rmtree(path, ignore_errors=True) if path.is_dir() else path.unlink(missing_ok=True)
    started = time.perf_counter()
    ours = subprocess.Popen([sys.executable, "-m", "vae_edu.cli", "grade", "ps1"], cwd=course.root, stdout=subprocess.DEVNULL)
    peak, stop = [0], threading.Event()

    def watch():
        while not stop.wait(0.5):
            peak[0] = max(peak[0], pss(ours.pid))

    threading.Thread(target=watch, daemon=True).start()
    _, status, usage = os.wait4(ours.pid, 0)
    seconds = time.perf_counter() - started
    stop.set()
    assert status == 0
    done = json.loads((course.classroom / "state/ps1.json").read_text())
    assert len(done) == CLASS and sum(bool(entry["problem"]) for entry in done.values()) == 4
    inside = sum(entry.get("seconds", 0) for entry in done.values())

    shutil.rmtree(course.root / "plain", ignore_errors=True)
    plain_root = course.root / "plain"
    shutil.copytree(course.classroom / "submitted", plain_root / "classroom/submitted")
    for part in ("solutions", "nbgrader_config.py"):
        (plain_root / part).symlink_to(ROOT / part)
    subprocess.run(["nbgrader", "generate_assignment", "ps1"], cwd=plain_root, env=environment, capture_output=True, check=True)
    started = time.perf_counter()
    subprocess.run(["nbgrader", "autograde", "ps1"], cwd=plain_root, env=environment, capture_output=True)
    plain = time.perf_counter() - started
    lines = [
        f"class of {CLASS}, {os.cpu_count()} cores, feedback and report: {seconds:.0f} s, {60 * CLASS / seconds:.0f} a minute",
        f"    of it in the sandboxes and judging: {inside:.0f} s, on all cores together",
        f"plain nbgrader autograde, serial, without feedback: {plain:.0f} s, {60 * CLASS / plain:.0f} a minute",
        f"    ratio {plain / seconds:.1f}",
        f"memory: the grader {usage.ru_maxrss / 1024:.0f} MB, with workers and sandboxes {peak[0] / 2**20:.0f} MB",
    ]
    with capsys.disabled():
        print("\n" + "\n".join(lines))
    assert plain / seconds > 1


@pytest.fixture(scope="module")
def job():
    cells = notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb").cells
    return {
        "cells": [[cell.source, id_of_test(cell)] for cell in cells if cell.cell_type == "code"],
        "files": {}, "limits": asdict(Limits()),
        "tests": {id_of_test(cell): cell.source for cell in cells if cell.cell_type == "code" and is_test(cell)},
    }  # fmt: skip


@pytest.mark.benchmark(group="one submission of ps1, after the first")
@pytest.mark.parametrize("where", ["isolated", "open"])
def test_what_isolation_costs(benchmark, job, where):
    locked = where == "isolated"
    execute({**job, "locked": locked, "set": "ps1", "seed": 3})
    benchmark.pedantic(
        execute, args=({**job, "locked": locked, "set": "ps1", "seed": 3},), rounds=15, iterations=1, warmup_rounds=2
    )
    close()
