"""A learner's own working copy of the course: lectures and problem sets in a folder where nothing of theirs is overwritten.

What was laid is noted beside it, in `.vae-edu.json`: for each file the digests of all that the course has ever laid under its
name. A file is the learner's own as soon as it says something else than every one of these. First comes the file, then its
note, each written whole: wherever a call is cut off, the next one goes on, and takes nothing of the learner's for its own.
"""

import errno
import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path

from .grading.disk import is_full, write_whole

RECORD = ".vae-edu.json"
PACKAGE = Path(__file__).resolve().parent


class StartError(Exception):
    """The working copy cannot be made or brought up to date. The message is one sentence for the user."""


@dataclass
class Started:
    """What a call has come to; names are relative to the folder. What is in no list was there already."""

    lectures: int = 0
    sets: int = 0
    added: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)  # by the learner, and left alone
    beside: list[str] = field(default_factory=list)  # newer versions of these, laid as NAME.new.ipynb
    refused: list[str] = field(default_factory=list)  # newer versions for which there was no place: it holds the learner's work


def start(folder: Path) -> Started:
    """Lay the course's lectures and problem sets into `folder`, or bring a folder laid earlier up to date.

    A notebook that was merely run or saved is not a changed one: it is replaced where the course has a newer version, and keeps
    its outputs where not. A file that the learner has removed is laid again. Raises StartError where the folder is not ours, or
    cannot be written; what was laid before that stays, whole. Files that the course no longer has are left where they are.
    """
    course = course_folder()
    try:
        _refuse(folder, course)
        folder.mkdir(parents=True, exist_ok=True)
        names, record = course_files(course), Record(folder)
        done = Started(
            *(len({name.split("/")[1] for name in names if name.startswith(kind)}) for kind in ("lectures", "assignments"))
        )
        for name in names:
            _bring(folder, name, (course / name).read_bytes(), record, done)
        return done
    except OSError as error:
        raise StartError(_sentence(folder, error)) from None


def course_folder() -> Path:
    """Where lectures/ and assignments/ are: in an installed wheel inside the package, in a clone beside it."""
    for folder in (PACKAGE / "course", PACKAGE.parent):
        if (folder / "lectures").is_dir() and (folder / "assignments").is_dir():
            return folder
    raise StartError("This vae_edu came without lectures and problem sets: install your instructor's wheel again.")


def course_files(course: Path) -> list[str]:
    """What a working copy holds: lectures, and problem sets with the files that go with them."""
    paths = [*course.glob("lectures/*.ipynb"), *course.glob("assignments/ps*/*")]
    names = sorted(path.relative_to(course).as_posix() for path in paths if path.is_file())
    return [name for name in names if not name.rpartition("/")[2].startswith(".") and not name.endswith(".partial")]


class Record:
    """What was laid into `folder`: by name, the digests of every version. Written anew with each note."""

    def __init__(self, folder: Path):
        self.path = folder / RECORD
        self.laid: dict[str, list[str]] = {}
        if not self.path.exists():
            self._write()  # before the first file: from here on the folder is ours
            return
        try:
            laid = json.loads(self.path.read_bytes())["laid"]
            self.laid = {name: [str(digest) for digest in digests] for name, digests in laid.items()}
        except (ValueError, KeyError, TypeError, AttributeError):
            raise StartError(
                f"{self.path} is damaged, so nobody can tell your work from the course's, and nothing was changed: "
                "start in a new folder, and copy the notebooks in which you have worked over those laid there."
            ) from None

    def note(self, name: str, content: bytes) -> None:
        """The course has laid `content` under this name, or offered it beside."""
        known = self.laid.setdefault(name, [])
        news = [digest for digest in dict.fromkeys((_digest(content), sources(content))) if digest not in known]
        if news:
            known += news
            self._write()

    def _write(self) -> None:
        write_whole(self.path, json.dumps({"laid": self.laid}, indent=1, sort_keys=True) + "\n")


def _bring(folder: Path, name: str, new: bytes, record: Record, done: Started) -> None:
    """Bring one file of the folder up to date, unless it is the learner's."""
    path, known = folder / name, record.laid.get(name, [])
    if not _is_there(path):
        done.added.append(name)
        _lay(path, name, new, record)
    elif not _ours(path, {*known, sources(new)}):
        done.changed.append(name)
        if sources(new) not in known and not worked_in(new):
            _offer(folder, name, new, record, done)
    elif (mine := path.read_bytes()) != new and (sources(mine) != sources(new) or _digest(mine) in known):
        done.updated.append(name)
        _lay(path, name, new, record)
    else:  # the same, at most run and saved: those outputs stay
        _note(name, new, record)


def _offer(folder: Path, name: str, new: bytes, record: Record, done: Started) -> None:
    """Lay a newer version beside a file of the learner's: once, and not over work done in an earlier one."""
    head, dot, kind = name.rpartition(".")
    beside = f"{head}.new{dot}{kind}"
    if _is_there(folder / beside) and not _ours(folder / beside, {*record.laid.get(beside, []), sources(new)}):
        done.refused.append(beside)
        return
    _lay(folder / beside, beside, new, record)
    _note(name, new, record)
    done.beside.append(beside)


def _lay(path: Path, name: str, content: bytes, record: Record) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, content)
    _note(name, content, record)


def _note(name: str, content: bytes, record: Record) -> None:
    """Not of a set that somebody has solved in a clone's assignments/: the copy of that is the learner's own."""
    if not worked_in(content):
        record.note(name, content)


def _is_there(path: Path) -> bool:
    return path.exists() or path.is_symlink()


def _ours(path: Path, known: set[str]) -> bool:
    """The file says what the course has laid: byte for byte, or run and saved since. A link or a folder is the learner's."""
    if path.is_symlink() or not path.is_file():
        return False
    content = path.read_bytes()
    return _digest(content) in known or sources(content) in known


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def sources(content: bytes) -> str:
    """A digest of what a notebook says: its cells and pasted pictures, not outputs. Of any other file: of its bytes."""
    try:
        says = [[cell["cell_type"], "".join(cell["source"]), cell.get("attachments")] for cell in json.loads(content)["cells"]]
        return _digest(json.dumps(says, sort_keys=True).encode())
    except (ValueError, KeyError, TypeError, AttributeError):
        return _digest(content)


def worked_in(content: bytes) -> bool:
    """Somebody has answered in this problem set: a cell for answers is not the one that nbgrader has signed."""
    try:
        answers = [cell for cell in json.loads(content)["cells"] if cell["metadata"].get("nbgrader", {}).get("solution")]
        return any(cell["metadata"]["nbgrader"]["checksum"] != _signature(cell) for cell in answers)
    except (ValueError, KeyError, TypeError, AttributeError):
        return False


def _signature(cell: dict) -> str:
    """nbgrader's checksum of a cell for answers; to import its own function takes seconds."""
    marks = cell["metadata"]["nbgrader"]
    points = [float(marks["points"])] if marks["grade"] else []
    parts = ["".join(cell["source"]), cell["cell_type"], marks["grade"], True, False, marks["grade_id"], *points]
    return hashlib.md5("".join(map(str, parts)).encode(), usedforsecurity=False).hexdigest()


def _refuse(folder: Path, course: Path) -> None:
    """StartError for a place where a working copy must not be."""
    if folder.exists() and not folder.is_dir():
        raise StartError(f"{folder} is a file: name a folder that is new or empty.")
    for own in (PACKAGE, *(course / name for name in ("lectures", "assignments", "solutions"))):
        if folder.resolve().is_relative_to(own.resolve()):
            raise StartError(f"{folder} lies inside {own}, which belongs to the course itself: name a folder outside of it.")
    if folder.is_dir() and not (folder / RECORD).exists() and any(not path.name.startswith(".") for path in folder.iterdir()):
        raise StartError(f"{folder} holds files of something else, and is left alone: name a folder that is new or empty.")


def _sentence(folder: Path, error: OSError) -> str:
    if is_full(error):
        return f"The disk of {folder} is full: make room, then give the same command again; it goes on where it stopped."
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return f"You may not write to {error.filename or folder}: name a folder of your own, such as ~/vae-course."
    return (
        f"{error.filename or folder} cannot be written ({error.strerror or error}), and nothing of yours was changed: "
        "mend that, then give the same command again."
    )
