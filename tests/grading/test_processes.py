"""However a call of `vae-edu grade` ends, in a few seconds nothing of it is left running."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.conftest import ROOT
from vae_edu.grading.sandbox import missing

pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="looks for processes in /proc")
needs_bwrap = pytest.mark.skipif(bool(missing()), reason=missing())
SECONDS = 30  # two or three on a quiet machine; what is left behind by mistake stays for hours
LOOPS = {"ann": "while True: pass", "bob": "sum(range(10**13))", "cy": "import time\ntime.sleep(1000)"}
ORPHAN = """
import os, subprocess
if os.fork() == 0:
    os.setsid()
    subprocess.Popen(["sleep", "31338.5"])
    os._exit(0)
"""


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A course with a release of ps1, where nobody has handed in anything."""
    folder = tmp_path_factory.mktemp("course")
    shutil.copytree(ROOT / "solutions" / "ps1", folder / "solutions" / "ps1")
    shutil.copy(ROOT / "nbgrader_config.py", folder)
    return folder


class Call:
    """`vae-edu grade ps1` on its own, with all the processes that come of it."""

    def __init__(self, course, folder, programs, *options):
        for part in ("solutions", "nbgrader_config.py"):
            (folder / part).symlink_to(course / part)
        for student, program in programs.items():
            notebook = json.loads((course / "solutions/ps1/ps1.ipynb").read_text(encoding="utf-8"))
            (cell,) = [cell for cell in notebook["cells"] if cell["id"] == "ps1-1-kl_discrete"]
            cell["source"] = program
            path = folder / "classroom" / "submitted" / student / "ps1" / "ps1.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(json.dumps(notebook), encoding="utf-8")
        self.mark = f"of-{folder.name}-{os.getpid()}"
        command = [sys.executable, "-m", "vae_edu.cli", "grade", "ps1", "--jobs", "2", *options]
        surroundings = {**os.environ, "VAE_EDU_MARK": self.mark}
        self.main = subprocess.Popen(
            command, cwd=folder, env=surroundings, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True
        )
        self.seen: dict[int, str] = {}

    def look(self) -> dict[int, str]:
        """What runs now, by process id, and what it is: the call's descendants, and what bears its mark."""
        stats = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                before, _, after = (entry / "stat").read_text().rpartition(")")
                state, parent, *rest = after.split()
                marked = self.mark.encode() in (entry / "environ").read_bytes()
            except OSError:
                continue
            if state != "Z":
                stats[int(entry.name)] = (int(parent), f"{before})@{rest[17]}", marked)  # with the time it started at
        found = {self.main.pid} | {pid for pid, (_, _, marked) in stats.items() if marked}
        while more := {pid for pid, (parent, _, _) in stats.items() if parent in found} - found:
            found |= more
        self.seen |= {pid: stats[pid][1] for pid in found & stats.keys()}
        return {pid: name for pid, (_, name, _) in stats.items() if self.seen.get(pid) == name}

    def wait_for(self, what):
        for _ in range(1200):
            assert self.main.poll() is None, self.main.stderr.read().decode()
            if what(self.look()):
                return
            time.sleep(0.1)
        raise AssertionError("it never came to this")

    def left(self, seconds: float = SECONDS) -> list[str]:
        """What is still there when the time is up."""
        until = time.monotonic() + seconds
        while (found := self.look()) and time.monotonic() < until:
            time.sleep(0.1)
        return list(found.values())

    def close(self):
        for pid in self.look():
            os.kill(pid, signal.SIGKILL)
        self.main.wait()
        self.main.stderr.close()


@pytest.fixture
def call(course, tmp_path):
    calls = []
    yield lambda programs, *options: calls.append(Call(course, tmp_path, programs, *options)) or calls[-1]
    for started in calls:
        started.close()


def submissions(found) -> int:
    """How many processes are in a namespace within the sandbox's, and have been for a moment."""
    inner = 0
    for pid in found:
        try:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            inner += any(line.startswith("NSpid:") and len(line.split()) >= 4 for line in lines)
        except OSError:
            continue
    return inner


@needs_bwrap
@pytest.mark.parametrize("number", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)], ids=str)
def test_a_main_process_that_is_killed_while_submissions_run_takes_them_all_with_it(call, number):
    grading = call(LOOPS)
    grading.wait_for(lambda found: submissions(found) >= 2)
    time.sleep(1)
    os.kill(grading.main.pid, number)
    grading.main.wait(SECONDS)
    assert grading.left() == []


def test_one_that_is_killed_while_workers_start_leaves_none(call):
    grading = call(LOOPS, *([] if not missing() else ["--no-sandbox"]))
    grading.wait_for(lambda found: sum("python" in name for name in found.values()) >= 3)
    os.kill(grading.main.pid, signal.SIGKILL)
    grading.main.wait(SECONDS)
    assert grading.left() == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT], ids=str)
def test_without_a_sandbox_what_has_left_its_session_ends_too(call, number):
    program = ORPHAN + "while True: pass"
    grading = call({"ann": program, "bob": program}, "--no-sandbox")
    grading.wait_for(lambda found: sum("(sleep)" in name for name in found.values()) >= 2)
    os.kill(grading.main.pid, number)
    grading.main.wait(SECONDS)
    assert grading.left() == []


def test_without_a_sandbox_nothing_that_has_left_its_session_outlives_its_submission(call, tmp_path):
    seen = tmp_path / "seen"
    wait = f"import time\nwhile not os.path.exists({str(seen)!r}): time.sleep(0.1)"
    grading = call({"ann": ORPHAN + wait}, "--no-sandbox")
    grading.wait_for(lambda found: any("(sleep)" in name for name in found.values()))
    seen.touch()
    assert grading.main.wait(60) == 0
    assert grading.left(0.5) == []


@needs_bwrap
@pytest.mark.parametrize("times", [1, pytest.param(2, marks=pytest.mark.slow)])
def test_ctrl_c_ends_all_at_once_and_without_a_traceback(call, times):
    grading = call(LOOPS)
    grading.wait_for(lambda found: submissions(found) >= 2)
    for _ in range(times):
        os.killpg(grading.main.pid, signal.SIGINT)  # a terminal sends it to all of its foreground
        time.sleep(0.2)
    assert grading.main.wait(SECONDS) in (1, -signal.SIGINT)
    assert grading.left() == []
    said = grading.main.stderr.read().decode()
    assert times == 2 or ("Aborted!" in said and "Traceback" not in said), said
