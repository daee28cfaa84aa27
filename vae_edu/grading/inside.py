"""What runs inside the sandbox: a warm parent that has torch and the course imported, and a fresh child for each submission.

The parent forks on request (a socket of the child's own comes with the request), watches the child's memory and processes,
kills what is left, and reports how it ended. The child locks itself away from its parent and from every other submission
(namespaces of its own, an empty /tmp, no capabilities, bounded resources) before it runs the first line of a student, and
from then on nothing it says is believed: see `sandbox`, which reads its answers.
"""

import contextlib
import ctypes
import importlib
import io
import os
import signal
import socket
import sys
import tempfile
import time
import traceback
from pathlib import Path

from .processes import adopt_orphans, end_all_below
from .walls import WORK, lock, unshare
from .wire import WireError, receive, send

CELL_TEXT = 200_000  # characters of one cell's stdout, and of its stderr, that are kept


def main(descriptor: int, locked: bool) -> None:
    """The warm parent. locked: in a bubblewrap, where children unshare and may be killed with all that they started."""
    control = socket.socket(fileno=descriptor)
    try:
        libc = ctypes.CDLL(None, use_errno=True) if locked else None
        _warm_up(control)
        send(control, {"ready": True})
        while True:
            request, descriptors, _, _ = socket.recv_fds(control, 1, 1)
            if not request:
                return
            if not descriptors:
                continue  # a "stop" for a submission that had ended by itself
            born, told = os.pipe()
            first = os.fork()
            if first == 0:
                control.close()
                os.close(born)
                _separate(descriptors[0], told, libc)
            os.close(descriptors[0])
            os.close(told)
            _supervise(first, born, control, locked)
    except (KeyboardInterrupt, WireError):
        return


def _warm_up(control: socket.socket) -> None:
    """Import what submissions import, and make the shell they run in. (No parallel torch operation: forks would hang.)

    The course's own comes last, as soon as the grader says that the answers are out of it.
    """
    sys.meta_path.append(_PutAway())
    import torch

    for name in ("matplotlib.pyplot", "scipy.special", "scipy.stats", "sklearn.datasets"):
        importlib.import_module(name)
    control.recv(1)
    for name in ("vae_edu.checks", "vae_edu.models"):
        importlib.import_module(name)

    torch.set_num_threads(1)
    _run_cell(_shell(), "1 / 0", 60)  # the first traceback is slow


# --- the parent watches ---------------------------------------------------------------------------------------------------


def _supervise(first: int, born: int, control: socket.socket, locked: bool) -> None:
    """Wait for the child, kill it on request or where it takes too much, and tell how it ended."""
    if not locked:
        adopt_orphans()
    line = os.read(born, 200).decode()  # comes when the child has locked itself away, or failed to
    os.close(born)
    leader, _, limits = line.partition(" ")
    reason, memory, processes = "", *(int(n) for n in limits.split() or (2**62, 2**62))
    inherited = _own_bytes(os.getpid())
    control.settimeout(0.05)
    while True:
        done, status = os.waitpid(first, os.WNOHANG)
        if done:
            break
        try:
            request = control.recv(1)
        except TimeoutError:
            if locked:
                found = _strangers(first)
                if len(found) > processes:
                    reason = "processes"
                elif sum(max(0, _own_bytes(pid) - inherited) for pid in found) > memory:
                    reason = "memory"
                if reason:
                    _kill(leader, first, locked)
            continue
        _kill(leader, first, locked)  # "stop", or the grader is gone
        if not request:
            sys.exit()
    if not locked:
        _kill(leader, first, locked)
    while locked and _strangers(first):  # nothing may be left when the next submission comes
        time.sleep(0.01)
    control.settimeout(None)
    code = os.waitstatus_to_exitcode(status)
    send(control, {"reason": reason, "signal": code - 128 if code > 128 else max(0, -code), "code": code})


def _kill(leader: str, first: int, locked: bool) -> None:
    try:
        if locked and Path("/proc/1/comm").read_text() == "bwrap\n":
            os.kill(-1, signal.SIGKILL)  # all at once, or a fork bomb outruns it; the parent and bubblewrap itself are spared
        elif not locked:
            end_all_below(spared=first)  # it empties the submission's folder
            os.killpg(int(leader), signal.SIGKILL)
    except (ProcessLookupError, PermissionError, ValueError):
        pass


def _strangers(first: int) -> list[int]:
    """The processes of the submission: all that are not the sandbox's own three."""
    return [pid for name in os.listdir("/proc") if name.isdigit() and (pid := int(name)) not in (1, os.getpid(), first)]


def _own_bytes(pid: int) -> int:
    """Memory that is no file's. (What it shares with none, in smaps, would wait for a process that forks all the time.)"""
    try:
        with open(f"/proc/{pid}/status") as file:
            return 1024 * sum(int(line.split()[1]) for line in file if line.startswith(("RssAnon:", "RssShmem:")))
    except (OSError, ValueError):
        return 0


# --- the child locks itself away ------------------------------------------------------------------------------------------


def _separate(descriptor: int, told: int, libc: ctypes.CDLL | None) -> None:
    """In the forked child: limits, new namespaces, and the process in which the submission runs. Never returns."""
    status = 1
    try:
        connection = socket.socket(fileno=descriptor)
        start = receive(connection)
        limits = start["limits"]
        if libc:
            unshare(libc)
        with contextlib.nullcontext(WORK) if libc else tempfile.TemporaryDirectory() as folder:
            leader = os.fork()
            if leader == 0:
                os.close(told)
                lock(libc, limits, folder)
                _serve(connection, start)
                os._exit(0)
            os.write(told, f"{leader} {limits['memory']} {limits['processes']}".encode())
            os.close(told)
            connection.close()
            code = os.waitstatus_to_exitcode(os.waitpid(leader, 0)[1])
        status = code if code >= 0 else 128 - code
    except BaseException as error:
        sys.stderr.write(f"sandbox: {error}\n")
    finally:
        os._exit(status)


# --- the submission runs --------------------------------------------------------------------------------------------------


def _serve(connection: socket.socket, start: dict) -> None:
    """Answer the grader: run cells, call functions. Everything from here on may be in a student's hands."""
    from ..checks import calling

    for name, content in start["files"].items():
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.tobytes())
    sys.path.append(os.getcwd())  # last: a student's random.py hides nothing
    calling.TIME_LIMIT, calling.PATIENCE = start["limits"]["call"], start["limits"]["patience"]
    shell = _shell()
    send(connection, {"ready": True})
    while True:
        request = receive(connection)
        if request["do"] == "cell":
            reply = _run_cell(shell, request["source"], request["seconds"])
        else:
            name = request["name"]
            function = calling.Function(calling.Wanted(**request["wanted"]), shell.user_ns.get(name))
            try:
                if request["do"] == "misfit":
                    there = name in shell.user_ns
                    reply = {"misfit": function.misfit() if there else f"there is no {name}: was its cell run?"}
                elif request["do"] == "call":
                    reply = function.call(tuple(request["arguments"]))
                else:
                    reply = function.gradient(tuple(request["arguments"]), request["at"], request["weights"])
            except Exception as error:  # what the notebook has done to torch or NumPy
                reply = calling.Failure("type", f"it cannot be called any more ({type(error).__name__})")
            if isinstance(reply, calling.Failure):
                reply = {"kind": reply.kind, "message": reply.message}
            elif not isinstance(reply, dict):
                reply = {"arrays": list(reply) if isinstance(reply, tuple) else [reply]}
            reply["printed"] = function.printed
        reply["closed"] = sorted(set(calling.closed_calls))[:20]
        try:
            send(connection, reply)
        except Exception as error:  # it cannot be encoded, and nothing of it has been sent
            note = {"output_type": "stream", "name": "stdout", "text": "(more output than is kept)"}
            send(connection, {"kind": "type", "message": f"its answer cannot be read: {error}.", "outputs": [note]})


class _PutAway:
    """The last to be asked for a module: what of the library is not in the room is refused by name."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        if name.startswith("vae_edu."):
            from ..checks.calling import closed

            closed(name)


class Kept(io.TextIOBase):
    """A stream that keeps the beginning of what is written."""

    encoding, text = "utf-8", ""

    def fileno(self) -> int:  # of what is printed past Python; faulthandler asks for it
        return 2

    def write(self, text: str) -> int:
        if len(self.text) < CELL_TEXT:
            self.text += text[: CELL_TEXT - len(self.text)]
        return len(text)


def _shell():
    """The IPython shell, made once in the parent and inherited by every child."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    class Shell(InteractiveShell):
        def enable_gui(self, gui=None):
            pass

        def _showtraceback(self, etype, evalue, stb):
            self.failure = {
                "ename": etype.__name__,
                "evalue": str(evalue)[:2000],
                "traceback": [line[:2000] for line in stb][:60],
            }

    if not InteractiveShell.initialized():
        config = Config()
        config.HistoryManager.enabled = False
        Shell.instance(config=config)
    return InteractiveShell.instance()


def _run_cell(shell, source: str, seconds: float) -> dict:
    """Run one cell as a kernel would; what it printed, showed and raised, as nbformat's outputs."""
    from IPython.core.displayhook import CapturingDisplayHook
    from IPython.core.displaypub import CapturingDisplayPublisher

    from ..checks.calling import OutOfTime, time_limit

    streams, shell.failure = {"stdout": Kept(), "stderr": Kept()}, None
    before = sys.stdout, sys.stderr
    sys.stdout, sys.stderr = streams.values()
    shell.display_pub, results = CapturingDisplayPublisher(), []
    shell.display_trap.hook = CapturingDisplayHook(shell=shell, outputs=results)
    shown = shell.display_pub.outputs
    try:
        with time_limit(seconds):
            shell.run_cell(source, store_history=True)
    except OutOfTime:
        pass
    except SystemExit as error:
        shell.failure = {"ename": "SystemExit", "evalue": str(error), "traceback": []}
    finally:
        sys.stdout, sys.stderr = before
    if shell.failure and shell.failure["ename"] == "OutOfTime":
        shell.failure = {"ename": "OutOfTime", "evalue": f"the cell ran for more than {seconds:g} seconds", "traceback": []}
    outputs = [{"output_type": "stream", "name": name, "text": kept.text} for name, kept in streams.items() if kept.text]
    outputs += [{"output_type": "display_data", "data": _plain(output["data"])} for output in shown]
    if not source.rstrip().endswith(";"):
        outputs += [{"output_type": "execute_result", "data": _plain(output["data"])} for output in results]
    if shell.failure:
        outputs.append({"output_type": "error", **shell.failure})
    return {"outputs": outputs}


def _plain(data: dict) -> dict:
    """Text stays, bytes (pictures) become base64."""
    from base64 import b64encode

    return {kind: b64encode(value).decode() if isinstance(value, bytes) else str(value) for kind, value in data.items()}


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]), sys.argv[2] == "locked")
    except Exception:
        traceback.print_exc()
        sys.exit(1)
