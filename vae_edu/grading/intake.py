"""Take in what a student handed in, and rebuild from it a notebook that is safe to grade.

A submission folder may hold anything: links, broken files, wiped or forged metadata. What goes on from here is the course's own
notebook, in which the student's code, answers and pictures stand. Whatever is wrong with a submission is said about that one.
"""

import hashlib
import json
import os
import re
import stat
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import nbformat
from nbformat import NotebookNode

from .outside import REPLACEMENT, encodable, line, printable
from .transplant import Cell, IntakeError, listed, marked, transplant

NOTEBOOK_BYTES, FOLDER_BYTES, FILES, DEPTH, CELLS = 20 * 2**20, 50 * 2**20, 200, 20, 500
CELL_TEXT, LINE, TEXT = 30_000, 3_000, 10**6  # characters; what colours the code in the feedback is quadratic
CONTAINERS = 2_000_000  # lists and dicts in a notebook's JSON, each of them some hundred bytes of memory
MARK = "timestamp.txt"  # nbgrader's name for the file that says when it was handed in
LEFT_BEHIND = ("__MACOSX", "__pycache__")  # by systems and tools, beside everything with a dot in front


@dataclass
class Submission:
    """A student's work on the course's own notebook. `notes` say what had to be put right."""

    student: str
    notebook: NotebookNode
    files: dict[str, bytes] = field(default_factory=dict)
    handed_in: datetime | None = None
    notes: list[str] = field(default_factory=list)

    @property
    def content(self) -> str:
        """Changes with anything that the student handed in; never the same for two students."""
        parts = [self.student, nbformat.writes(self.notebook), str(self.handed_in), *sorted(self.files)]
        digest = hashlib.sha256(json.dumps(parts).encode())
        for name in sorted(self.files):
            digest.update(hashlib.sha256(self.files[name]).digest())
        return digest.hexdigest()


def take_in(
    folder: Path, student: str, release: NotebookNode, name: str, earlier: Sequence[tuple[str, NotebookNode]] = ()
) -> Submission:  # fmt: skip
    """The submission in `folder`, whose notebook is called name.ipynb, on the course's `release`. Raises IntakeError.

    earlier: date and notebook of the releases before, from one of which it may have been made.
    """
    check_name(student)
    files, notebooks, notes = _files(folder)
    handed_in, found = _timestamp(files.pop(MARK, b""))
    ours = {grade_id for _, version in [*earlier, ("", release)] for grade_id in marked(version)}
    path = _chosen(folder, notebooks, name, ours)
    theirs = _cells(_content(os.path.join(folder, path), path, NOTEBOOK_BYTES), path)
    notebook, changed = transplant(theirs, release, earlier)
    return Submission(student, notebook, files, handed_in, notes + found + changed)


def check_name(student: str) -> None:
    """nbgrader makes paths, patterns and pages of it. IntakeError where it cannot."""
    if printable(student) != student or REPLACEMENT in student:
        raise IntakeError("this student's name holds characters that cannot be seen or written: rename it as the roster has it.")
    if student != student.strip():
        raise IntakeError(f"this student's name begins or ends with a blank: rename it to {student.strip()!r}.")
    if not student or len(student) > 128 or re.search(r'[*?\[\]{}+/\\<>"]', student) or student.startswith("."):
        raise IntakeError(
            "nbgrader cannot handle this student's name: rename it, without any of * ? [ ] { } + / \\ < > \" and no dot in "
            "front, in at most 128 characters."
        )


def needed(parts: Iterable[str]) -> bool:
    """A path that a person made: not hidden, and no cache of a tool."""
    return not any(part.startswith(".") or part in LEFT_BEHIND for part in parts)


def plain_file(path: str | Path, limit: int) -> bytes:
    """At most limit + 1 bytes of a file. OSError where it is a link, a folder or a device: none is followed or waited for."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError("it is no plain file")
        return file.read(limit + 1)


def _content(path: str, shown: str, limit: int) -> bytes:
    if os.path.islink(path):
        raise IntakeError(f"{line(shown, 80)} is a link: hand in files, not links.")
    try:
        return plain_file(path, limit)
    except OSError:
        raise IntakeError(f"{line(shown, 80)} is no plain file, or cannot be opened: hand in plain files.") from None


def _files(folder: Path) -> tuple[dict[str, bytes], list[str], list[str]]:
    """Every file by its path in the folder; the notebooks, not yet read; notes. Links and devices are refused, not followed.

    What is hidden is not looked at, and what has no name that can be written is left out.
    """
    if folder.is_symlink() or folder.parent.is_symlink():
        raise IntakeError("its folder is a link: hand in files, not links.")
    too_large = IntakeError(
        f"it is too large: hand in at most {FILES} files and {FOLDER_BYTES // 2**20} MB, the notebook and what it needs."
    )
    found: dict[str, bytes] = {}
    notebooks, unnamed, seen, total = [], [], 0, 0
    for path, folders, names in os.walk(folder):
        inside = PurePosixPath(os.path.relpath(path, folder))
        if len(inside.parts) > DEPTH:
            raise IntakeError(f"its folders are nested more than {DEPTH} deep: hand in the notebook with its files beside it.")
        folders[:] = [each for each in folders if needed([each])]
        names = [each for each in names if needed([each])]
        if any(os.path.islink(os.path.join(path, each)) for each in folders):
            raise IntakeError("it holds a link to a folder: hand in files, not links.")
        seen += len(names) + len(folders)
        if seen > FILES:
            raise too_large
        for each in names:
            name = str(inside / each)
            if name.lower().endswith(".ipynb"):
                notebooks.append(name)
                continue
            content = _content(os.path.join(path, each), name, FOLDER_BYTES - total)
            total += len(content)
            if total > FOLDER_BYTES:
                raise too_large
            if printable(name) == name:
                found[name] = content
            else:
                unnamed.append(line(name, 80))
    return found, notebooks, listed("left out, for names that cannot be written", unnamed)


def _chosen(folder: Path, notebooks: list[str], name: str, ours: set[str]) -> str:
    """The student's notebook: by its name, or the only one there is, or the only one with cells of this problem set."""
    wanted = f"{name}.ipynb"
    if not notebooks:
        raise IntakeError(f"there is no {wanted}: hand in the notebook, not a picture or a printout of it.")
    called = [path for path in notebooks if path.rsplit("/", 1)[-1].casefold() == wanted.casefold()]
    for candidates in ([wanted] if wanted in notebooks else [], called, notebooks):
        if len(candidates) == 1:
            return candidates[0]
    ids = re.compile(b'"(' + b"|".join(re.escape(grade_id.encode()) for grade_id in ours) + b')"')
    holding, total = [], 0
    for path in called or notebooks:
        content = _content(os.path.join(folder, path), path, NOTEBOOK_BYTES)
        total += len(content)
        if total > FOLDER_BYTES:
            break
        holding += [path] if ids.search(content) else []
    if total > FOLDER_BYTES or len(holding) != 1:
        raise IntakeError(f"there is no {wanted}, but {len(called or notebooks)} others: hand in one, under this name.")
    return holding[0]


def _cells(raw: bytes, path: str) -> list[Cell]:
    """The cells of a notebook: of each only what is needed, so that nothing else can break or slow what comes after."""
    path = line(path, 80)
    if len(raw) > NOTEBOOK_BYTES or raw.count(b"{") + raw.count(b"[") > CONTAINERS:
        raise IntakeError(f"{path} is larger than {NOTEBOOK_BYTES // 2**20} MB, or of too many parts: clear its outputs.")
    try:
        content = json.loads(raw.decode(json.detect_encoding(raw)))
        cells = content["cells"]
        if content.get("nbformat", 4) != 4 or not isinstance(cells, list):
            raise ValueError(content)
        if len(cells) > CELLS:
            raise IntakeError(f"it has {len(cells):,} cells; at most {CELLS:,} are run: take out those that are empty or old.")
        found = [_cell(cell) for cell in cells]
    except UnicodeDecodeError:
        raise IntakeError(f"{path} is not UTF-8 text: save it in Jupyter again.") from None
    except RecursionError:
        raise IntakeError(f"{path} is nested too deeply to be a notebook.") from None
    except (ValueError, TypeError, LookupError, AttributeError) as error:
        raise IntakeError(
            f"{path} is not a notebook that Jupyter could open ({type(error).__name__}): save it in Jupyter again."
        ) from None
    if any(len(cell.source) > CELL_TEXT or max(map(len, cell.source.split("\n"))) > LINE for cell in found):
        raise IntakeError(
            f"{path} has a cell of more than {CELL_TEXT:,} characters, or a line of more than {LINE:,}: shorten it, or split it."
        )
    if sum(len(cell.source) for cell in found) > TEXT:
        raise IntakeError(
            f"{path} has more than {TEXT:,} characters of code and text: take out what is pasted in and is no answer."
        )
    return found


def _cell(cell: dict) -> Cell:
    source = cell["source"]
    if not isinstance(source, str | list):
        raise TypeError(source)
    metadata = cell.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    nbgrader = metadata.get("nbgrader")
    marks = [nbgrader.get("grade_id") if isinstance(nbgrader, dict) else "", cell.get("id"), metadata.get("id")]  # Colab's
    return Cell(
        is_code=cell.get("cell_type") == "code",
        source=encodable("".join(source)).replace("\r\n", "\n").replace("\r", "\n"),
        marks=tuple(mark for mark in marks if isinstance(mark, str)),
        attachments=cell.get("attachments"),
    )


def _timestamp(raw: bytes) -> tuple[datetime | None, list[str]]:
    """When it was handed in (without a time zone: UTC). 2026-01-30-20-30-10 means what it says."""
    text = raw[:1000].decode("utf-8-sig", "replace").strip()
    if not text:
        return None, []
    numbers = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)[-_T ](\d\d)[-:.](\d\d)[-:.](\d\d)(?:\.\d+)?\s*(UTC|Z|[+-]\d\d:?\d\d)?", text)
    try:
        *clock, zone = numbers.groups()
        moment = datetime(*map(int, clock), tzinfo=UTC)
        if zone and zone[0] in "+-":
            moment = datetime.fromisoformat(moment.strftime("%Y-%m-%dT%H:%M:%S") + f"{zone[:3]}:{zone[-2:]}")
        return moment.astimezone(UTC).replace(tzinfo=None), []
    except (AttributeError, ValueError, OverflowError):
        return None, [f"its {MARK} is no date ({line(text, 40)}) and was left out"]
