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
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from .releases import changed_questions, exercise_number
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


def take_in(
    folder: Path, student: str, release: NotebookNode, name: str, earlier: Sequence[tuple[str, NotebookNode]] = ()
) -> Submission:  # fmt: skip
    """The submission in `folder`, whose notebook is called name.ipynb, on the course's `release`. Raises IntakeError.

    earlier: date and notebook of the releases before, from one of which it may have been made.
    """
    check_name(student)
    files = _files(folder)
    handed_in, notes = _timestamp(files.pop(MARK, b""))
    theirs = _notebook(files, name)
    files.pop(f"{name}.ipynb", None)
    files = {path: content for path, content in files.items() if not path.endswith(".ipynb")}
    notebook, found = transplant(theirs, release, earlier)
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


def transplant(
    theirs: NotebookNode, release: NotebookNode, earlier: Sequence[tuple[str, NotebookNode]] = ()
) -> tuple[NotebookNode, list[str]]:  # fmt: skip
    """The student's cells in the course's notebook: what is locked is the course's, what is missing is put back.

    A cell is recognised by its grade_id, or by its own id where the metadata were wiped; of copies the last one counts, as in
    nbgrader. What the course itself has changed since the release from which the student's was made is put in without blame.
    Returns the notebook and what had to be put right.
    """
    if len(theirs.cells) > CELLS:
        raise IntakeError(f"it has {len(theirs.cells):,} cells; at most {CELLS:,} are run.")
    date, made_from = _made_from(theirs, release, earlier)
    ours, before = _marked(release), _marked(made_from)
    place = {grade_id: index for index, cell in enumerate(theirs.cells) if (grade_id := _grade_id(cell)) in {**ours, **before}}
    if not place:
        raise IntakeError("it holds no cell of this problem set: is it another one's notebook?")
    cells, changed = [], []
    for index, cell in enumerate(theirs.cells):
        grade_id, source = _grade_id(cell), _source(cell)
        given = before.get(grade_id)
        if place.get(grade_id) != index:
            cells.append(_cell(source, cell.cell_type))
        elif grade_id not in ours:  # gone since: what the student wrote there is kept
            cells += [] if given.metadata.nbgrader.locked else [_cell(source, given.cell_type)]
        else:
            own = copy.deepcopy(ours[grade_id])
            if own.metadata.nbgrader.locked:
                changed += [grade_id] * (source.strip() not in {own.source.strip(), given and given.source.strip()})
            elif not given or source.strip() != given.source.strip():
                own.source = source if own.cell_type == "code" else without_scripts(source)
            cells.append(own)
    missing = _put_in(cells, ours, before)
    notebook = nbformat.v4.new_notebook(cells=cells, metadata=copy.deepcopy(release.metadata))
    for number, cell in enumerate(cells):
        cell["id"] = f"cell-{number}"
    notes = [f"changed by the student, and put back: {', '.join(changed)}"] if changed else []
    notes += [f"missing, and put back: {', '.join(missing)}"] if missing else []
    since = sorted({exercise_number(grade_id) for grade_id in changed_questions(made_from, release)})
    return notebook, notes + ([f"made from the release of {date}: changed since: {', '.join(since)}"] if since else [])


def _made_from(theirs: NotebookNode, release: NotebookNode, earlier: Sequence) -> tuple[str, NotebookNode]:
    """Date and notebook of the release that the student's is nearest to: first by what nobody should edit, then by all text."""
    found = {_grade_id(cell): _source(cell).strip() for cell in theirs.cells}
    versions = [("", release), *reversed(earlier)]
    known = {grade_id for _, version in versions for grade_id in _marked(version)}

    def distance(version: tuple[str, NotebookNode]) -> tuple[int, int]:
        given = _marked(version[1])
        wrong = sum(grade_id in known and grade_id not in given for grade_id in found)
        wrong += sum(cell.metadata.nbgrader.locked and differs(cell) for cell in given.values())
        return wrong, sum(map(differs, version[1].cells))

    def differs(cell: NotebookNode) -> bool:
        return found.get(_grade_id(cell)) != cell.source.strip()

    return min(versions, key=distance)


def _put_in(cells: list[NotebookNode], ours: dict[str, NotebookNode], before: dict[str, NotebookNode]) -> list[str]:
    """Put in what the student's cells lack: what is graded, and all that is new since. Returns what the student has removed."""
    last = -1
    missing = []
    for grade_id, own in ours.items():  # in the course's order: what is missing goes behind what stands before it
        position = next((i for i, cell in enumerate(cells) if _grade_id(cell) == grade_id), None)
        if position is None and (own.metadata.nbgrader.grade or grade_id not in before):
            cells.insert(last + 1, copy.deepcopy(own))
            missing += [grade_id] * (grade_id in before)
            position = last + 1
        last = last if position is None else max(last, position)
    return missing


def _marked(release: NotebookNode) -> dict[str, NotebookNode]:
    return {cell.metadata.nbgrader.grade_id: cell for cell in release.cells if "nbgrader" in cell.metadata}


def _source(cell: NotebookNode) -> str:
    return cell.source if isinstance(cell.source, str) else ""


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
