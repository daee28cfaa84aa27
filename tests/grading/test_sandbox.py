"""The sandbox by itself: where it is missing, where it is not wanted, and what a cell gives back."""

import ast
import os
import re
import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.conftest import ROOT
from vae_edu import CHECK_MIME, notebooks
from vae_edu.cli import doctor
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
    done = execute({**job, "tests": tests, "limits": asdict(Limits()), "locked": False, "set": "ps1", "seed": 3})
    close()
    assert done["ended"] == [] and done["outputs"][0][0]["data"]["text/plain"] == "42"
    scores = [outputs[-1]["data"]["text/plain"] for (_, test), outputs in zip(job["cells"], done["outputs"]) if test]
    assert scores == ["4.0"] * 4


TRIPLED = """
def kl_normal(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (3 * (logvar_p - logvar_q) + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)
"""


@needs_bwrap
def test_a_mistake_that_nobody_foresaw_is_named_in_the_isolated_grader_too():
    cells = [cell for cell in notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb").cells if cell.cell_type == "code"]
    tests = {id_of_test(cell): cell.source for cell in cells if is_test(cell)}
    listed = [[cell.source, id_of_test(cell)] for cell in cells]
    at = next(i for i, (source, test) in enumerate(listed) if test and "kl_normal" in source)
    listed.insert(at, [TRIPLED, ""])
    job = {"cells": listed, "files": {}, "tests": tests, "limits": asdict(Limits()), "locked": True, "set": "ps1", "seed": 3}
    done = execute(job)
    close()
    data = next(output["data"] for output in done["outputs"][at + 1] if CHECK_MIME in output.get("data", {}))
    assert data[CHECK_MIME]["misconception"] == "the log-ratio of the variances is multiplied by 3"
    assert data[CHECK_MIME]["points"] == 0 and "is multiplied by 3" in data["text/html"]


@needs_bwrap
def test_a_notebook_that_takes_too_long_as_a_whole_is_stopped_and_keeps_what_it_earned():
    cells = notebooks.read(ROOT / "solutions" / "ps1" / "ps1.ipynb").cells
    code = [cell for cell in cells if cell.cell_type == "code"]
    tests = {id_of_test(cell): cell.source for cell in code if is_test(cell)}
    listed = [[cell.source, id_of_test(cell)] for cell in code]
    first = next(i for i, (_, test) in enumerate(listed) if test)
    listed[first + 1 : first + 1] = [["import time\ntime.sleep(60)", ""]] * 3
    limits = Limits(cell=4, patience=1, grace=1, whole=9)
    job = {"cells": listed, "files": {}, "tests": tests, "limits": asdict(limits), "locked": True, "set": "ps1", "seed": 3}
    done = execute(job)
    close()
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


def as_an_ordinary_user(code: str) -> str:
    """What Python code prints as a user who owns nothing here and can read the interpreter and the package, whoever runs it."""
    if os.geteuid() != 0:
        pytest.skip("no root, so the other case is the ordinary user already")
    needed = [Path(folder).resolve() for folder in dict.fromkeys([sys.base_prefix, sys.prefix, ROOT])]
    above = sorted({parent for folder in needed for parent in folder.parents if not parent.stat().st_mode & 0o001})
    within = sorted({parent for folder in needed for parent in folder.parents if set(parent.parents) & set(above)})
    covers = [word for folder in above for word in ("--tmpfs", str(folder))]  # /root, say: open to all, with nothing else in it
    covers += [word for folder in within for word in ("--perms", "0755", "--dir", str(folder))]
    binds = [word for folder in needed for word in ("--ro-bind", str(folder), str(folder))]
    change = "import os, sys; os.setgroups([]); os.setgid(65533); os.setuid(65533); os.execv(sys.executable, sys.argv[1:])"
    command = ["bwrap", "--dev-bind", "/", "/", *covers, *binds, "--", sys.executable, "-c", change, sys.executable, "-c", code]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT), "HOME": "/nonexistent"}
    done = subprocess.run(command, env=surroundings, capture_output=True, text=True, timeout=200, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def seen_from_inside(who: str, source: str) -> list:
    """What a cell that ends in a list shows, in a sandbox that `who` started."""
    code = (
        "import os\nfrom vae_edu.grading.sandbox import Sandbox\nwith Sandbox() as sandbox:\n    s = sandbox.submission({})\n"
        f"    outputs = s.ask({{'do': 'cell', 'source': {source!r}, 'seconds': 60}}, 90)['outputs']\n    s.close()\n"
        "print(repr([os.getuid(), outputs]))"
    )
    if who == "whoever runs the tests":
        run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=200)
        assert run.returncode == 0, run.stderr
        uid, outputs = ast.literal_eval(run.stdout)
        assert uid == os.getuid()
    else:
        uid, outputs = ast.literal_eval(as_an_ordinary_user(code))
        assert uid == 65533
    assert [output["output_type"] for output in outputs] == ["execute_result"], outputs
    return ast.literal_eval(outputs[0]["data"]["text/plain"])


BOTH = pytest.mark.parametrize("who", ["whoever runs the tests", "an ordinary user"])


@needs_bwrap
@BOTH
def test_nothing_of_the_kernel_and_no_device_can_be_changed(who):
    """Of root's too: "uid 65534" inside a sandbox is root outside where root started it."""
    source = (
        "import os\nopened, changed, files = [], [], 0\nown = f\"/proc/{os.readlink('/proc/self')}/\"\n"
        "for top in ('/proc', '/sys', '/dev'):\n    for folder, _, names in os.walk(top):\n        for name in names:\n"
        "            path, files = f'{folder}/{name}', files + 1\n"
        "            try: os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK)); opened.append(path.replace(own, 'own '))\n"
        "            except OSError: pass\n"
        "            try: os.utime(path); changed.append(path.replace(own, 'own '))\n            except OSError: pass\n"
        "for inherited in (0, 1, 2):\n    try: os.fchmod(inherited, 0o666); changed.append(inherited)\n    except OSError: pass\n"
        "[files > 500, opened, changed]"
    )
    many, opened, changed = seen_from_inside(who, source)
    assert many and "/dev/null" in opened, "the walk works"
    devices = {"null", "zero", "full", "random", "urandom", "tty", "ptmx", "pts/ptmx", "stdin", "stdout", "stderr"}
    left = {path for path in opened if not re.fullmatch(r"own (task/\d+/)?fd/[012]", path)}
    assert left <= {f"/dev/{device}" for device in devices}
    assert {re.sub(r"task/\d+/", "", path) for path in changed} <= {"/dev/ptmx", "/dev/pts/ptmx", "own fd/3"}, "terminals, socket"


@needs_bwrap
@BOTH
def test_a_submission_sees_none_of_the_processes_that_keep_it(who):
    source = (
        "import os\nfound = []\nfor pid in filter(str.isdigit, os.listdir('/proc')):\n"
        "    for name in ('cmdline', 'status', 'environ'):\n"
        "        try: open(f'/proc/{pid}/{name}').read(); found.append(pid == os.readlink('/proc/self'))\n"
        "        except OSError: pass\nfound"
    )
    assert seen_from_inside(who, source) == [True, True, True]


@needs_bwrap
def test_what_the_whole_machine_has_a_few_of_is_denied_or_counted():
    source = """
import ctypes, os, signal
libc, taken = ctypes.CDLL(None, use_errno=True), {}
def count(what, take, upto=20_000):
    kept = []
    try:
        for _ in range(upto): kept.append(take())
    except OSError: pass
    taken[what] = len(kept)
def asked(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'refused')
    return result
count('files', lambda: os.close(os.open(os.urandom(8).hex(), os.O_CREAT)))
count('inotify', lambda: asked(libc.inotify_init1(0)), 1)
count('semaphores', lambda: asked(libc.semget(0, 32000, 0o1600)), 1)
count('aio', lambda: asked(libc.syscall({'x86_64': 206, 'aarch64': 0}[os.uname().machine], 1, ctypes.byref(ctypes.c_ulong()))), 1)
count('the log', lambda: asked(libc.klogctl(10, None, 0)), 1)
count('terminals', lambda: os.open('/dev/ptmx', os.O_RDWR | os.O_NOCTTY))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
count('signals', lambda: asked(libc.sigqueue(os.getpid(), signal.SIGRTMIN, None)))
[taken]
"""
    (taken,) = seen_from_inside("whoever runs the tests", source)
    assert 9_900 < taken.pop("files") < 10_000
    assert taken == {"inotify": 0, "semaphores": 0, "aio": 0, "the log": 0, "terminals": 16, "signals": 256}


@needs_bwrap
def test_a_full_disk_is_said_the_same_way_for_many_files_as_for_large_ones():
    source = (
        "found = []\nfor name, size in (('large', 2**20), ('', 1)):\n    try:\n        for i in range(20_000):\n"
        "            with open(name or str(i), 'ab') as file: file.write(bytes(size))\n"
        "    except OSError as error: found.append(error.strerror)\n    if name:\n        import os; os.remove(name)\nfound"
    )
    large, many = seen_from_inside("whoever runs the tests", source)
    assert large in ("No space left on device", "File too large") and many == "No space left on device"


@needs_bwrap
def test_sockets_of_three_families_can_be_made_and_what_asks_for_others_does_without():
    source = """
import asyncio, errno, socket
made, refused = set(), set()
for family in range(64):
    for kind in (1, 2, 3, 5):
        for protocol in (0, 1, 6, 17, 132, 262):
            try: socket.socket(family, kind, protocol).close(); made.add((family, protocol))
            except OSError as error: refused.add(error.errno)
def fails(call, *arguments):
    try: call(*arguments)
    except OSError as error: return type(error).__name__
    return ''
import threading
said = []
async def serve():
    server = await asyncio.start_server(lambda *a: None, '127.0.0.1', 0)
    said.append(server.sockets[0].getsockname()[0])
thread = threading.Thread(target=lambda: asyncio.run(serve()))
thread.start(); thread.join()
import zmq
said.append(zmq.Context().socket(zmq.REP).bind_to_random_port('tcp://127.0.0.1') > 0)
[sorted(made), fails(socket.getaddrinfo, 'example.org', 80), fails(socket.if_nameindex), fails(socket.socketpair), said]
"""
    made, lookup, interfaces, pair, said = seen_from_inside("whoever runs the tests", source)
    assert made == [(1, 0), (2, 0), (2, 6), (2, 17), (10, 0), (10, 6), (10, 17)]
    assert (lookup, interfaces, pair) == ("gaierror", "OSError", "") and said == ["127.0.0.1", True]


@needs_bwrap
def test_the_doctor_tries_to_leave_the_sandbox():
    (found,) = [(works, said) for what, works, said in doctor.examine() if what == "submissions can be isolated"]
    attempts = "read a file of this machine, change the library, reach the network, change a setting of the kernel"
    assert found[0] and f"could not {attempts}, change a device, see who keeps it" in found[1]


@pytest.mark.parametrize("user, sign, words", [(0, "!", "as an ordinary user where you can"), (1000, "✓", "an ordinary user")])
def test_the_doctor_warns_root_and_does_not_fail_for_it(monkeypatch, user, sign, words):
    monkeypatch.setattr(os, "geteuid", lambda: user)
    monkeypatch.setattr(doctor, "_try", lambda what, attempt: (what, True, ""))
    said = CliRunner().invoke(doctor.doctor)
    (line,) = [line for line in said.output.splitlines() if "who would grade" in line]
    assert line.startswith(sign) and words in line and said.exit_code == 0
