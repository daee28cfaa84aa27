"""Take in what a student handed in, and rebuild from it a notebook that is safe to grade.

A submission folder may hold anything: links, broken files, wiped or forged metadata. What goes on from here is the course's own
notebook, in which the student's code and answers stand. Whatever is wrong with a submission is said about that submission.
"""

import copy
import hashlib
import html
import json
import os
import re
import stat
import warnings
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .wire import printable

NOTEBOOK_BYTES, FOLDER_BYTES, FILES, CELLS = 20 * 2**20, 50 * 2**20, 200, 500
CELL_TEXT, LINE = 30_000, 3_000  # what colours the code in the feedback is quadratic
MARK = "timestamp.txt"  # nbgrader's name for the file that says when it was handed in


class IntakeError(Exception):
    """This submission cannot be graded. The message is one sentence."""


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


def take_in(folder: Path, student: str, release: NotebookNode, name: str) -> Submission:
    """The submission in `folder`, whose notebook is called name.ipynb, on the course's `release`. Raises IntakeError."""
    check_name(student)
    files = _files(folder)
    handed_in, notes = _timestamp(files.pop(MARK, b""))
    theirs = _notebook(files, name)
    files.pop(f"{name}.ipynb", None)
    files = {path: content for path, content in files.items() if not path.endswith(".ipynb")}
    notebook, found = transplant(theirs, release)
    return Submission(student, notebook, files, handed_in, notes + found)


def check_name(student: str) -> None:
    """nbgrader makes paths and patterns of it. IntakeError where it cannot."""
    if not student or not student.isprintable() or re.search(r"[*?\[\]{}+/\\]", student) or student.startswith("."):
        raise IntakeError(
            "nbgrader cannot handle this student's name: rename it, without any of * ? [ ] { } + / and no dot in front."
        )


def _files(folder: Path) -> dict[str, bytes]:
    """Every file by its path in the folder. Links, devices and folders beyond the limits are refused, not followed."""
    if folder.is_symlink() or folder.parent.is_symlink():
        raise IntakeError("its folder is a link: hand in files, not links.")
    found: dict[str, bytes] = {}
    total = 0
    for path, folders, names in os.walk(folder):
        if any(os.path.islink(os.path.join(path, each)) for each in folders):
            raise IntakeError("it holds a link to a folder: hand in files, not links.")
        for each in names:
            if each.startswith("."):
                continue  # .DS_Store and the like
            at = os.path.join(path, each)
            inside = printable(os.path.relpath(at, folder))
            try:
                descriptor = os.open(at, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            except OSError:
                raise IntakeError(f"{inside} is a link or cannot be opened: hand in plain files.") from None
            with open(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                    raise IntakeError(f"{inside} is no plain file.")
                found[inside] = file.read(FOLDER_BYTES + 1)
            total += len(found[inside])
            if total > FOLDER_BYTES or len(found) > FILES:
                raise IntakeError(f"it is too large: at most {FILES} files and {FOLDER_BYTES // 2**20} MB.")
    return found


def _notebook(files: dict[str, bytes], name: str) -> NotebookNode:
    """The student's notebook; the only one there is, where none has the right name."""
    notebooks = sorted(path for path in files if path.endswith(".ipynb"))
    path = f"{name}.ipynb" if f"{name}.ipynb" in files else notebooks[0] if len(notebooks) == 1 else ""
    if not path:
        raise IntakeError(f"there is no {name}.ipynb" + (f", but {len(notebooks)} others." if notebooks else "."))
    if len(files[path]) > NOTEBOOK_BYTES:
        raise IntakeError(f"{path} is larger than {NOTEBOOK_BYTES // 2**20} MB: clear its outputs.")
    try:
        content = json.loads(files[path].decode("utf-8"))
        content["metadata"] = {}  # the course's own comes in its place
        for cell in content["cells"]:
            cell["outputs"] = []
            cell["source"] = printable("".join(cell["source"]))
            if len(cell["source"]) > CELL_TEXT or max(map(len, cell["source"].split("\n"))) > LINE:
                raise IntakeError(f"{path} has a cell of more than {CELL_TEXT:,} characters, or a line of more than {LINE:,}.")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # ids that are missing or stand twice get new ones
            return nbformat.reads(json.dumps(content), as_version=4)
    except IntakeError:
        raise
    except UnicodeDecodeError:
        raise IntakeError(f"{path} is not UTF-8 text: save it in Jupyter again.") from None
    except RecursionError:
        raise IntakeError(f"{path} is nested too deeply to be a notebook.") from None
    except Exception as error:
        raise IntakeError(f"{path} is not a notebook that Jupyter could open ({type(error).__name__}).") from None


def transplant(theirs: NotebookNode, release: NotebookNode) -> tuple[NotebookNode, list[str]]:
    """The student's cells in the course's notebook: what is locked is the course's, what is missing is put back.

    A cell is recognised by its grade_id, or by its own id where the metadata were wiped; of copies the last one counts, as in
    nbgrader. Returns the notebook and what had to be put right.
    """
    if len(theirs.cells) > CELLS:
        raise IntakeError(f"it has {len(theirs.cells):,} cells; at most {CELLS:,} are run.")
    ours = {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}
    place = {grade_id: index for index, cell in enumerate(theirs.cells) if (grade_id := _grade_id(cell)) in ours}
    if not place:
        raise IntakeError("it holds no cell of this problem set: is it another one's notebook?")
    cells, changed = [], []
    for index, cell in enumerate(theirs.cells):
        grade_id = _grade_id(cell)
        source = cell.source if isinstance(cell.source, str) else ""
        if place.get(grade_id) != index:
            cells.append(_cell(source, cell.cell_type))
            continue
        own = copy.deepcopy(ours[grade_id])
        if not own.metadata.nbgrader.locked:
            own.source = source if own.cell_type == "code" else without_scripts(source)
        elif source.strip() != own.source.strip():
            changed.append(grade_id)
        cells.append(own)
    last = -1
    missing = []
    for grade_id, own in ours.items():  # in the course's order: what is missing goes behind what stands before it
        position = next((i for i, cell in enumerate(cells) if _grade_id(cell) == grade_id), None)
        if position is None and own.metadata.nbgrader.grade:
            cells.insert(last + 1, copy.deepcopy(own))
            missing.append(grade_id)
            position = last + 1
        last = last if position is None else max(last, position)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(release.metadata))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notes = [f"changed by the student, and put back: {', '.join(changed)}"] if changed else []
    return notebook, notes + ([f"missing, and put back: {', '.join(missing)}"] if missing else [])


def _grade_id(cell: NotebookNode) -> str:
    marked = cell.metadata.get("nbgrader", {}) if isinstance(cell.metadata, dict) else {}
    found = marked.get("grade_id") if isinstance(marked, dict) else None
    found = found or cell.get("id", "")
    return found if isinstance(found, str) else ""


def _cell(source: str, cell_type: str) -> NotebookNode:
    """A cell of the student's own, without its metadata."""
    if cell_type == "code":
        return nbformat.v4.new_code_cell(source)
    return nbformat.v4.new_markdown_cell(without_scripts(source))


def without_scripts(markdown: str) -> str:
    """Markdown in which nothing is HTML, and no link runs a script: it is read in the formgrader, with a cookie in the browser.

    A space behind "<" is enough, and leaves a formula as it is.
    """
    markdown = re.sub(r"<(?=[a-zA-Z/!?])", "< ", markdown)
    bare = re.sub(r"[\s\\\x00-\x20]", "", html.unescape(markdown))
    if re.search(r"(java|vb)script:|data:", bare, re.IGNORECASE):
        markdown = markdown.replace("](", "] (").replace("]:", "] :")
    return markdown


def _timestamp(raw: bytes) -> tuple[datetime | None, list[str]]:
    """When it was handed in (without a time zone: UTC). 2026-01-30-20-30-10 means what it says."""
    text = raw.decode("utf-8", "replace").strip()
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
        return None, [f"its {MARK} is no date ({text[:40]!r}) and was left out"]
