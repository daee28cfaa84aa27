"""The processes that run submissions, and how all of them end with the one that started them, however it ended.

Only the standard library is imported here: a worker has to watch before it imports what takes seconds.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import connection, get_context, parent_process
from pathlib import Path

PR_SET_CHILD_SUBREAPER = 36

_ending = threading.Lock()


def workers(jobs: int) -> ProcessPoolExecutor:
    """Processes in which submissions are run and judged. Each starts its own sandbox with its first submission."""
    return _Workers(jobs)


class _Workers(ProcessPoolExecutor):
    def __init__(self, jobs: int):
        context = get_context("spawn")
        self._closes, self._open = context.Pipe(duplex=False)
        super().__init__(jobs, mp_context=context, initializer=_watch, initargs=(self._closes,))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """cancel_futures: also what runs (a submission may take a quarter of an hour), as where the user presses Ctrl-C."""
        if cancel_futures:
            self._open.close()
        super().shutdown(wait, cancel_futures=cancel_futures)


def _watch(closes: connection.Connection) -> None:
    """In a worker: end, with the sandbox, as soon as the parent is gone or has closed its end of the pipe.

    A signal alone would not do: one that comes right after another may reach a thread that is not the main one, which
    then sleeps on. (Ctrl-C reaches the workers too: it is the parent's.)
    """
    signal.signal(signal.SIGINT, lambda *_: None)  # unlike SIG_IGN it is not inherited by what a worker starts
    signal.signal(signal.SIGTERM, lambda *_: _end())
    threading.Thread(target=_end_with, args=([parent_process().sentinel, closes],), daemon=True).start()


def _end_with(signs: list) -> None:
    connection.wait(signs)
    _end()


def _end() -> None:
    if not _ending.acquire(blocking=False):
        return  # who came first finishes it
    try:
        if execute := sys.modules.get(f"{__package__}.execute"):  # not whole while it is being imported
            execute.close()
    finally:
        os._exit(1)


def adopt_orphans() -> None:
    """What the processes below this one leave behind becomes its own child, so that `end_all_below` finds it (Linux)."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def end_all_below(spared: int) -> None:
    """Kill every process that comes of this one, in whatever session it is now, but its child `spared`. Without /proc: none."""
    for _ in range(100):  # what is forked meanwhile is met in the next round
        found = [pid for pid in _descendants(os.getpid()) if pid != spared]
        if not found:
            return
        for pid in found:
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGKILL)
            with contextlib.suppress(OSError):  # not its own child
                os.waitpid(pid, os.WNOHANG)
        time.sleep(0.01)


def _descendants(pid: int) -> list[int]:
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError, IndexError):
            parent = int(entry.read_text().rpartition(")")[2].split()[1])
            children.setdefault(parent, []).append(int(entry.parent.name))
    found = [pid]
    for each in found:  # grows meanwhile
        found += children.get(each, [])
    return found[1:]
