"""The trusted side of a sandbox: start it, give it a submission, and read what comes back as data.

A sandbox is a bubblewrap without a network, with Python and what `room` leaves of the course's library, read-only, and nothing
else of this machine, an empty /tmp and an unprivileged user. In it a warm parent (`inside`) forks a child with namespaces of
its own for every submission. What it has to hold against: tests/grading/attacks.
"""

import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from . import wire
from .room import PACKAGE, close, furnish, new_folder, weights

SYSTEM = ("/bin", "/lib", "/lib32", "/lib64", "/sbin")
MEMORY_OF_FILES = 256 * 2**20


class SandboxError(Exception):
    """No sandbox can be started. The message is one sentence that says what to do."""


class Ended(Exception):
    """The submission's process is gone or was stopped; the message says why."""


@dataclass(frozen=True)
class Limits:
    """Of one submission. memory, disk: bytes; files: how many, in /tmp and in /dev/shm each; seconds: of processor time in all;
    cell, call: of processor time for each cell and each call of a graded function, and `patience` times as many by the clock;
    grace: by the clock, until a process that does not keep to them is stopped; whole: by the clock for the notebook.
    """

    memory: int = 2 * 2**30
    disk: int = MEMORY_OF_FILES
    files: int = 10_000
    processes: int = 24
    seconds: int = 600
    cell: float = 60.0
    call: float = 10.0
    patience: float = 3.0
    grace: float = 5.0
    whole: float = 900.0

    def wait(self, seconds: float) -> float:
        """How long, by the clock, to wait for an answer that may take so many seconds of processor time."""
        return self.patience * seconds + self.grace


def missing() -> str:
    """Empty where submissions can be isolated, else one sentence: what to do about it."""
    if shutil.which("bwrap"):
        return ""
    where = "sudo apt install bubblewrap" if sys.platform == "linux" else "it exists for Linux only"
    return (
        f"Submissions are run in bubblewrap, which is not installed ({where}). With --no-sandbox they run without it: "
        "then a submission can read and change what you can, the gradebook and the solutions too."
    )


def shown() -> list[str]:
    """What of this machine is seen inside: Python, and what Python needs."""
    folders = ["/usr", "/etc/ld.so.cache", "/etc/alternatives", "/etc/fonts", sys.base_prefix, sys.prefix]
    return [path for path in dict.fromkeys(folders) if path == "/usr" or not path.startswith("/usr/")]


def visible(*folders: Path) -> str:
    """Empty where submissions see none of these folders, else one sentence: what to do about it."""
    for folder in folders:
        for path in shown():
            if folder.is_relative_to(path):
                return (
                    f"{folder} lies in {path}, which submissions can read, for Python needs it: move the course, say into /home."
                )
    return ""


def command(module: str, descriptor: int, locked: bool, room: Path) -> list[str]:
    """The command line of a process of the grader, inside bubblewrap where it is locked. room: what `furnish` made."""
    python = [sys.executable, "-m", f"vae_edu.grading.{module}", str(descriptor), "locked" if locked else "open"]
    if not locked:
        return python
    binds = [word for path in shown() for word in ("--ro-bind-try", path, path)]
    if any(PACKAGE.is_relative_to(path) for path in shown()):
        binds += ["--tmpfs", str(PACKAGE)]  # the library as it was installed, answers and all
    for path in SYSTEM:
        if os.path.islink(path):
            binds += ["--symlink", os.readlink(path), path]
        elif os.path.isdir(path):
            binds += ["--ro-bind", path, path]
    surroundings = {
        "PATH": f"{Path(sys.executable).parent}:/usr/bin:/bin", "HOME": "/tmp", "LANG": "C.UTF-8", "PYTHONPATH": "/course",
        "OMP_NUM_THREADS": "1", "MPLBACKEND": "module://matplotlib_inline.backend_inline", "MPLCONFIGDIR": "/tmp/matplotlib",
        "USER": "student", "PYTHONDONTWRITEBYTECODE": "1", "NBGRADER_EXECUTION": "autograde",
    }  # fmt: skip
    return [
        "bwrap", "--unshare-all", "--unshare-user", "--uid", "65534", "--gid", "65534", "--cap-drop", "ALL",
        "--hostname", "sandbox", "--die-with-parent", "--new-session", "--clearenv",
        *[word for pair in surroundings.items() for word in ("--setenv", *pair)],
        "--proc", "/proc", "--ro-bind", "/proc/sys", "/proc/sys", "--dev", "/dev", "--size", str(2**20), "--tmpfs", "/dev/shm",
        "--size", str(MEMORY_OF_FILES), "--tmpfs", "/tmp", "--dir", "/fresh",
        *binds, "--ro-bind", str(room), "/course/vae_edu",
        *[word for path in weights() for word in ("--ro-bind", str(path), f"/course/vae_edu/{path.relative_to(PACKAGE)}")],
        "--remount-ro", "/dev", "--remount-ro", "/", "--chdir", "/tmp", *python,
    ]  # fmt: skip


class Process:
    """A process of the grader, furnished for one problem set, and a socket to it. Close it and nothing of it is left."""

    def __init__(self, module: str, problem_set: str, locked: bool):
        if locked and missing():
            raise SandboxError(missing())
        self.locked = locked
        self.folder = new_folder()
        room = furnish(Path(self.folder.name), linked=not locked)
        self.control, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(
                command(module, theirs.fileno(), locked, room), pass_fds=[theirs.fileno()], stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, start_new_session=True, cwd=self.folder.name,
            )  # fmt: skip
        self.warm = False
        try:
            close(room.parent, problem_set)  # takes as long as it takes the process to import what is not ours
            self.control.send(b"c")
        except BaseException:
            self.close()
            raise

    def ready(self) -> None:
        """Wait until it has imported everything; SandboxError where it never will."""
        try:
            self.warm = self.warm or bool(wire.receive(self.control, 120))
        except wire.WireError:
            self.process.kill()
            said = self.process.stderr.read().decode(errors="replace").strip().splitlines()
            raise SandboxError(
                f"The sandbox does not start ({said[-1] if said else 'without a word'}). `vae-edu doctor` tries it; "
                "--no-sandbox does without, and lets submissions read and change what you can."
            ) from None

    def __enter__(self):
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def close(self) -> None:
        self.control.close()
        if self.warm and not self.locked:  # it has seen that, and ends what it has started, wherever that has gone
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        self.process.kill()
        self.process.wait()
        self.process.stderr.close()
        self.folder.cleanup()


class Sandbox(Process):
    """A warm parent, for one submission to `problem_set` after the other ("": to none, nothing of the library is closed)."""

    def __init__(self, problem_set: str = "", *, locked: bool = True, limits: Limits = Limits()):
        self.limits = limits
        super().__init__("inside", problem_set, locked)

    def submission(self, files: dict[str, bytes], deadline: float | None = None) -> "Submission":
        """deadline: of time.monotonic(), after which it is stopped; default: limits.whole from now."""
        return Submission(self, files, time.monotonic() + self.limits.whole if deadline is None else deadline)


class Submission:
    """One submission's process: its notebook's cells run in it, and its functions are called in it.

    Every reply is data from an untrusted process. A reply that is late, malformed or missing ends the process: Ended.
    """

    def __init__(self, sandbox: Sandbox, files: dict[str, bytes], deadline: float):
        self.sandbox, self.ended, self.deadline = sandbox, "", deadline
        sandbox.ready()
        self.connection, theirs = socket.socketpair()
        with theirs:
            socket.send_fds(sandbox.control, [b"f"], [theirs.fileno()])
        arrays = {name: np.frombuffer(content, np.uint8) for name, content in files.items()}
        try:
            self.ask({"files": arrays, "limits": asdict(sandbox.limits)}, 60)
        except Ended:  # before the first line of a student: this machine's fault, and nobody's zero
            raise SandboxError(
                "Submissions cannot be locked away from each other here (are user namespaces allowed?); see `vae-edu doctor`."
            ) from None

    def ask(self, message: dict, seconds: float) -> dict:
        """Send a message and return the reply."""
        if self.ended:
            raise Ended(self.ended)
        left = max(0.1, self.deadline - time.monotonic())
        try:
            wire.send(self.connection, message, min(seconds, left))
            reply = wire.receive(self.connection, min(seconds, left))
            if not isinstance(reply, dict):
                raise wire.WireError("a reply of the wrong kind")
            return reply
        except wire.Silence:
            late = "the whole notebook took too long" if left <= seconds else f"no answer for {seconds:.0f} seconds"
            self._end(f"{late}: it was stopped")
        except wire.WireError:
            self._end("")
        raise Ended(self.ended)

    def close(self) -> None:
        if not self.ended:
            self._end("closed")

    def _end(self, reason: str) -> None:
        """Stop what still runs, and learn from the parent how it ended."""
        if not reason:
            time.sleep(0.05)  # it may have died by itself: its own end says more than a kill
        self.connection.close()
        try:
            self.sandbox.control.send(b"s")
            told = wire.receive(self.sandbox.control, 60)
        except (OSError, wire.WireError):
            raise SandboxError("The sandbox itself broke down; run the same command again.") from None
        self.ended = reason or _why(told)


def _why(told: dict[str, Any]) -> str:
    if told["reason"] == "memory":
        return "out of memory: it was stopped"
    if told["reason"] == "processes":
        return "it started too many processes and was stopped"
    if told["signal"]:
        return f"its process was killed by signal {told['signal']}" + " (out of processor time?)" * (told["signal"] in (9, 24))
    return f"its process ended itself (exit code {told['code']})"
