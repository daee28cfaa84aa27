"""What commands leave on the disk of a course: whole files, by one command at a time, and one sentence where there is no room."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None


class BusyError(Exception):
    """Another process is at work on the course. The message is for the user."""


class FullError(Exception):
    """There is no room on the disk of the course. The message is for the user."""


def write_whole(path: Path, content: str | bytes) -> Path:
    """Write a file (text as UTF-8) or leave what was there: nobody, and no later call, meets half of it."""
    partial = path.with_name(f"{path.name}.partial")
    try:
        partial.write_bytes(content.encode() if isinstance(content, str) else content)
        os.replace(partial, path)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return path


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Nobody else is inside for this folder: BusyError for the second one. The kernel lets go of it when a process dies.

    Where there is no flock (Windows) nobody is kept out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "a+", encoding="ascii") as file:
        if fcntl:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                file.seek(0)
                raise BusyError(
                    f"Process {file.read().strip() or 'of another vae-edu'} is at work on this course: wait until it has ended, "
                    "then give the same command again."
                ) from None
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
        yield


@contextmanager
def needs_room(folder: Path) -> Iterator[None]:
    """A full disk, whoever met it, is a FullError."""
    try:
        yield
    except Exception as error:
        if not is_full(error):
            raise
        raise FullError(
            f"The disk of {folder} is full: make room, then give the same command again; it goes on where it stopped."
        ) from None


def is_full(error: Exception) -> bool:
    """Whether this is what a full disk looks like, from Python, SQLite or nbgrader."""
    said = str(error)
    return getattr(error, "errno", None) in (errno.ENOSPC, errno.EDQUOT) or "disk is full" in said or "No space left" in said
