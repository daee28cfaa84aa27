"""A class comes in as CSV, hand-ins as archives, in the words of Canvas and Moodle."""

import csv
import re
import shutil
import stat
import tempfile
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from .course import Course, CourseError
from .intake import FILES, FOLDER_BYTES, MARK, check_name
from .wire import printable

COLUMNS = {  # nbgrader's field: its names in Canvas's gradebook export, Moodle's participants list, and nbgrader itself
    "id": ("id", "SIS Login ID", "Username", "SIS User ID", "ID number", "Email address"),
    "first_name": ("first_name", "First name"),
    "last_name": ("last_name", "Last name", "Surname", "Student"),
    "email": ("email", "Email address"),
    "lms_user_id": ("lms_user_id", "ID", "ID number"),
}


def read_roster(course: Course, path: Path) -> list[str]:
    """Enter the class into the gradebook; returns the ids, which are the names of the hand-in folders."""
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            rows = list(csv.DictReader(file))
    except (UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path} cannot be read as UTF-8 CSV ({type(error).__name__}).") from None
    names = {field: next((c for c in columns if rows and c in rows[0]), None) for field, columns in COLUMNS.items()}
    if names["id"] is None:
        raise CourseError(f"{path} has no column with the students' ids; it should be one of {', '.join(COLUMNS['id'])}.")
    found = []
    with course.api.gradebook as gradebook:
        for row in rows:
            student = {field: (row[column] or "").strip() for field, column in names.items() if column}
            if not student["id"] or "points possible" in student.get("last_name", "").lower():
                continue  # Canvas's second line
            found.append(student.pop("id"))
            gradebook.update_or_create_student(found[-1], **student)
    return found


def collect(course: Course, ps: str, archives: Iterable[Path], pattern: str) -> Iterator[tuple[str, str]]:
    """Unpack one archive (or notebook) per student into classroom/submitted; yields (file, what became of it).

    pattern: a regular expression on the file's name with a group `student`, and `timestamp` if there is one. A later file (by
    name) of the same student replaces an earlier one. An unsafe archive is refused, the others are not.
    """
    for path in archives:
        match = re.fullmatch(pattern, path.name)
        if not match or path.suffix.lower() not in (".zip", ".ipynb"):
            yield path.name, f"✗ left alone: no zip or notebook, or its name does not fit {pattern}"
            continue
        student, moment = match["student"], match.groupdict().get("timestamp")
        target = course.classroom / "submitted" / student / ps
        try:
            check_name(student)
            files = _unpacked(path) if path.suffix.lower() == ".zip" else {f"{ps}.ipynb": path.read_bytes()}
            files.pop(MARK, None)  # when it was handed in, the student does not say
            if moment:
                files[MARK] = moment.encode()
            earlier = target.exists()
            with tempfile.TemporaryDirectory(dir=course.classroom) as fresh:
                for name, content in files.items():
                    (Path(fresh) / name).parent.mkdir(parents=True, exist_ok=True)
                    (Path(fresh) / name).write_bytes(content)
                shutil.rmtree(target, ignore_errors=True)
                shutil.copytree(fresh, target)
        except Exception as error:  # one archive, whatever is wrong with it
            yield path.name, f"✗ refused: {printable(str(error))}"
            continue
        yield path.name, f"✓ {student}: {len(files)} file{'s' * (len(files) != 1)}" + ", in place of an earlier one" * earlier


def _unpacked(path: Path) -> dict[str, bytes]:
    """The files of an archive, in memory; nothing outside, no links, no bombs. One folder around all of them is taken off."""
    found: dict[str, bytes] = {}
    with zipfile.ZipFile(path) as archive:
        entries = [entry for entry in archive.infolist() if not entry.is_dir() and not entry.filename.startswith("__MACOSX/")]
        if len(entries) > FILES:
            raise CourseError(f"it holds {len(entries)} files; at most {FILES} are taken.")
        for entry in entries:
            name = PurePosixPath(entry.filename.replace("\\", "/"))
            if not name.parts or name.is_absolute() or ".." in name.parts or ":" in name.parts[0]:
                raise CourseError(f"it would write outside its folder ({entry.filename!r}).")
            if stat.S_ISLNK(entry.external_attr >> 16):
                raise CourseError(f"it holds a link ({entry.filename!r}).")
            with archive.open(entry) as file:
                found[str(name)] = file.read(FOLDER_BYTES - sum(map(len, found.values())) + 1)
            if sum(map(len, found.values())) > FOLDER_BYTES:
                raise CourseError(f"it unpacks to more than {FOLDER_BYTES // 2**20} MB.")
    tops = {PurePosixPath(name).parts[0] for name in found}
    if len(tops) == 1 and all(len(PurePosixPath(name).parts) > 1 for name in found):
        return {str(PurePosixPath(*PurePosixPath(name).parts[1:])): content for name, content in found.items()}
    return found
