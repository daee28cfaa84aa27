"""A class comes in as CSV, hand-ins as archives, in the words of Canvas and Moodle."""

import contextlib
import csv
import io
import json
import re
import shutil
import stat
import tempfile
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from .course import Course, CourseError
from .disk import write_whole
from .intake import DEPTH, FILES, FOLDER_BYTES, MARK, NOTEBOOK_BYTES, IntakeError, check_name, needed, plain_file
from .outside import encodable, line, printable

NO_HTML = str.maketrans({"<": "‹", ">": "›", "&": "＆", '"': "”"})  # the formgrader shows names as they are, beside a cookie
PIECES = re.compile(r"(\d+)|(\D+)")
COLUMNS = {  # nbgrader's field: its names in Canvas's gradebook export, Moodle's participants list, and nbgrader itself
    "id": ("id", "SIS Login ID", "Username", "SIS User ID", "ID number", "Email address"),
    "first_name": ("first_name", "First name"),
    "last_name": ("last_name", "Last name", "Surname"),
    "email": ("email", "Email address"),
    "lms_user_id": ("lms_user_id", "ID", "ID number"),
}
WHOLE_NAME = ("Student", "Full name")  # "Anderson, Alice" or "Alice Anderson"
ROSTER_BYTES, ENTRIES = 5 * 2**20, 20_000


def read_roster(course: Course, path: Path) -> list[str]:
    """Enter the class into the gradebook; returns the ids, which are the names of the hand-in folders.

    Nothing is entered where a line cannot be understood: the CourseError says which.
    """
    rows = _rows(path)
    named = {column for _, row in rows for column, text in row.items() if text}
    names = {field: next((c for c in columns if c in named), None) for field, columns in COLUMNS.items()}
    whole = next((column for column in WHOLE_NAME if column in named), None)
    if names["id"] is None:
        raise CourseError(f"{path} has no column with the students' ids in it; name one of {', '.join(COLUMNS['id'])}.")
    found: dict[str, dict[str, str]] = {}
    for number, row in rows:
        student = {field: row[column][:128] for field, column in names.items() if column and field != "id"}
        name = row[names["id"]]
        if not name or "points possible" in row.get("Student", "").lower():
            continue  # Canvas's second line
        if whole and not {"first_name", "last_name"} & student.keys():
            last, comma, first = row[whole][:128].partition(",")
            first, _, last = (first, "", last) if comma else last.rpartition(" ")
            student |= {"first_name": first.strip(), "last_name": last.strip()}
        try:
            check_name(name)
        except IntakeError as error:
            raise CourseError(f"{path}, line {number}, {line(name, 80)}: {error}") from None
        if found.setdefault(name, student) != student:
            raise CourseError(f"{path}, line {number}: {name} is there twice, as two students: mend the roster.")
    with course.at_work(), course.api.gradebook as gradebook:
        for name, student in found.items():
            told = {field: text.translate(NO_HTML) for field, text in student.items()}
            gradebook.update_or_create_student(name, **told)
        known = course.classroom / "state" / "roster.json"
        write_whole(known, json.dumps(sorted({*found, *on_roster(course)}), indent=0))
    return list(found)


def on_roster(course: Course) -> list[str]:
    """Everybody whom a roster has named; nobody where none was read."""
    known = course.classroom / "state" / "roster.json"
    return json.loads(known.read_text(encoding="utf-8")) if known.exists() else []


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """(line number, text by column) of a CSV file, with commas, or with the semicolons or tabs of Excel."""
    try:
        with open(path, "rb") as file:
            raw = file.read(ROSTER_BYTES + 1)
        text = raw.decode("utf-16" if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")
        if len(raw) > ROSTER_BYTES:
            raise CourseError(f"{path} is larger than {ROSTER_BYTES // 2**20} MB: is it a roster?")
        first = (text.splitlines() or [""])[0]
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=first.count), strict=True)
        header = [line(column, 80) for column in next(reader, [])]
        rows = []
        for row in reader:
            row = [unicodedata.normalize("NFC", line(entry)) for entry in row]
            if any(row[len(header) :]):
                raise CourseError(f"{path}, line {reader.line_num}: it has more columns than the first line; is a quote missing?")
            rows.append((reader.line_num, dict(zip(header, row + [""] * len(header), strict=False))))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as CSV in UTF-8 ({line(error, 80)}): save it as CSV UTF-8 again.") from None
    except OSError as error:
        raise CourseError(f"{path} cannot be read ({error.strerror or error}): name a CSV file.") from None
    return rows


def _by_name(path: Path) -> list[tuple[bool, int, str]]:
    return [(not number, int(number or 0), word) for number, word in PIECES.findall(path.name.casefold())]


def collect(course: Course, ps: str, archives: Iterable[Path], pattern: str) -> Iterator[tuple[str, str]]:
    """Unpack one archive (or notebook) per student into classroom/submitted; yields (file, what became of it), both printable.

    pattern: a regular expression on the file's name with a group `student`, and `timestamp` if there is one. A later file (by
    name, numbers as numbers) of the same student replaces an earlier one. Where a roster was read, nobody else is taken in, and
    an id that the file's name begins with goes before the pattern. An unsafe archive is refused, the others are not.
    """
    roster = on_roster(course)
    for path in sorted(archives, key=_by_name):
        shown = line(path.name, 80)
        match = re.fullmatch(pattern, path.name)
        if not match or path.suffix.lower() not in (".zip", ".ipynb"):
            yield shown, f"✗ left alone: no zip or notebook, or its name does not fit {pattern}"
            continue
        student, moment = unicodedata.normalize("NFC", match["student"].strip()), match.groupdict().get("timestamp")
        fitting = [
            name for name in roster if re.match(re.escape(name) + r"(?!\w)|" + re.escape(name) + "_", path.name, re.IGNORECASE)
        ]
        student = max([student] * (student in roster or not roster) + fitting, key=len, default="")
        if not student:
            yield (
                shown,
                "✗ left alone: its name begins with no id of the roster; rename it, or use --pattern",
            )
            continue
        target = course.classroom / "submitted" / student / ps
        try:
            check_name(student)
            files = _unpacked(path) if path.suffix.lower() == ".zip" else {f"{ps}.ipynb": _inbox_file(path, NOTEBOOK_BYTES)}
            files.pop(MARK, None)  # when it was handed in, the student does not say
            if moment:
                files[MARK] = encodable(moment).encode()
            earlier = target.exists()
            with tempfile.TemporaryDirectory(dir=course.classroom) as fresh:
                for name, content in files.items():
                    (Path(fresh) / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(fresh) / name).write_bytes(content)
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(fresh, target)
        except (CourseError, IntakeError) as error:
            yield shown, f"✗ refused: {line(error)}"
        except Exception as error:  # one archive, whatever is wrong with it
            why = getattr(error, "strerror", None) or error
            yield shown, f"✗ refused: it cannot be unpacked ({line(why, 100)}); ask for a new one."
        else:
            yield shown, f"✓ {student}: {len(files)} file{'s' * (len(files) != 1)}" + ", in place of an earlier one" * earlier


def _inbox_file(path: Path, limit: int) -> bytes:
    try:
        content = plain_file(path, limit)
    except OSError:
        raise CourseError("it is a link, a folder or no plain file: put in the file itself.") from None
    if len(content) > limit:
        raise CourseError(f"it is larger than {limit // 2**20} MB: ask for one without outputs and data.")
    return content


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of an archive, in memory; nothing outside, no links, no bombs. Folders around all of them are taken off."""
    found: dict[str, bytes] = {}
    raw = _inbox_file(path, FOLDER_BYTES)
    if raw.count(b"PK\x01\x02") > ENTRIES:  # zipfile would list them all first
        raise CourseError(f"it holds more than {ENTRIES:,} entries: ask for the notebook and what it needs.")
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        for entry in archive.infolist():
            if entry.filename.endswith(("/", "\\")):
                continue  # a folder
            name = _name_of(entry)
            if not needed(name.parts):
                continue
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise CourseError(f"it holds a link ({line(name, 80)}): ask for plain files.")
            if entry.flag_bits & 1:
                raise CourseError("it is encrypted: ask for one without a password.")
            if str(name) in found:
                raise CourseError(f"it holds two files called {line(name, 80)}: ask for a new one.")
            if len(found) == FILES:
                raise CourseError(f"it holds more than {FILES} files: ask for the notebook and what it needs.")
            with archive.open(entry) as file:
                found[str(name)] = file.read(FOLDER_BYTES - sum(map(len, found.values())) + 1)
            if sum(map(len, found.values())) > FOLDER_BYTES:
                raise CourseError(f"it unpacks to more than {FOLDER_BYTES // 2**20} MB: ask for one without data.")
    if not found:
        raise CourseError("it holds no files: ask for a new one.")
    for _ in range(DEPTH):
        if all("/" in name for name in found) and len({name.split("/")[0] for name in found}) == 1:
            found = {name.split("/", 1)[1]: content for name, content in found.items()}
    return found


def _name_of(entry: zipfile.ZipInfo) -> PurePosixPath:
    """An entry's path, inside the archive's folder or refused. A Mac writes UTF-8 and does not say so."""
    text = entry.filename
    if not entry.flag_bits & 0x800:
        with contextlib.suppress(UnicodeError):
            text = text.encode("cp437").decode("utf-8")
    name = PurePosixPath(text.replace("\\", "/"))
    if not name.parts or name.is_absolute() or ".." in name.parts or re.match("[A-Za-z]:", name.parts[0]):
        raise CourseError(f"it would write outside its folder ({line(text, 80)}): ask for a new one.")
    return PurePosixPath(printable(str(name)))
