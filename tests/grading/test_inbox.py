"""Archives in an inbox, and rosters: of other systems, unlucky or hostile."""

import os
import unicodedata
import zipfile

import nbformat
import pytest

from tests.conftest import ROOT
from vae_edu.grading import Course, CourseError
from vae_edu.grading.roster import collect, read_roster

RELEASE = nbformat.read(ROOT / "assignments" / "ps1" / "ps1.ipynb", as_version=4)
SOLVED = (ROOT / "solutions" / "ps1" / "ps1.ipynb").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "solutions").symlink_to(ROOT / "solutions")
    (root / "nbgrader_config.py").symlink_to(ROOT / "nbgrader_config.py")
    return Course(root)


def archive(path, files, change=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files:
            out.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    if change:
        path.write_bytes(change(path.read_bytes()))


def said_of(course, *paths):
    said = list(collect(course, "ps1", paths, r"(?P<student>[^_.]+).*"))
    assert all(name.isprintable() and outcome.isprintable() and len(outcome) < 330 for name, outcome in said)
    return [outcome for _, outcome in said]


def unpacked(course, student):
    folder = course.classroom / "submitted" / student / "ps1"
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_the_inbox_is_never_followed_or_waited_for(course, tmp_path):
    (tmp_path / "real.ipynb").write_text(SOLVED)
    (tmp_path / "ann_link.ipynb").symlink_to(tmp_path / "real.ipynb")
    (tmp_path / "bob_link.zip").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "cy_pipe.zip")
    os.mkfifo(tmp_path / "dee_pipe.ipynb")
    (tmp_path / "eve_folder.zip").mkdir()
    with open(tmp_path / "fay_huge.ipynb", "wb") as file:
        file.truncate(2**40)
    with open(tmp_path / "gus_huge.zip", "wb") as file:
        file.truncate(2**40)
    outcomes = said_of(course, *sorted(tmp_path.glob("*_*")))
    assert all("it is a link, a folder or no plain file" in outcome for outcome in outcomes[:5])
    assert "larger than 20 MB" in outcomes[5] and "larger than 50 MB" in outcomes[6]
    assert not (course.classroom / "submitted" / "ann").exists()


def patched(old, new):
    return lambda raw: raw.replace(old, new)


@pytest.mark.parametrize(
    ("files", "change", "why"),
    [
        ([("ps1.ipynb", "x")], patched(b"\x14\0\0\0\x08\0", b"\x14\0\1\0\x08\0"), "encrypted"),
        ([("a/ps1.ipynb", "x"), ("a\\ps1.ipynb", "y")], None, "two files called a/ps1.ipynb"),
        ([("ps1.ipynb", "x")], lambda raw: raw + b"PK\1\2" * 30_000, "more than 20,000 entries"),
        ([(f"{n}.txt", "x") for n in range(201)], None, "more than 200 files"),
        ([("C:\\x\\ps1.ipynb", "x")], None, "outside its folder"),
        ([("..\\..\\ps1.ipynb", "x")], None, "outside its folder"),
        ([(".git/x", "x")], None, "holds no files"),
        ([("x" * 300, "x")], None, "cannot be unpacked (File name too long)"),
        ([("a", "x"), ("a/b", "x")], None, "cannot be unpacked ("),
        ([("\x1b[2J/../x", "x")], None, "outside its folder (�[2J/../x)"),
        ([("ps1.ipynb", "x" * 100)], lambda raw: raw[:-22] + b"PK\6\6" + b"\xff" * 18, "cannot be unpacked"),
        ([("ps1é.ipynb", "x")], patched("é".encode(), b"\xff\xff"), "cannot be unpacked"),
    ],
)  # fmt: skip
def test_an_archive_that_lies_is_refused_in_a_sentence(course, tmp_path, files, change, why):
    archive(tmp_path / "zoe_1.zip", files, change=change)
    (outcome,) = said_of(course, tmp_path / "zoe_1.zip")
    assert outcome.startswith("✗ refused: ") and why in outcome
    assert not (course.classroom / "submitted" / "zoe").exists()


def test_an_archive_whose_sizes_lie_is_read_no_further_than_the_limit(course, tmp_path):
    lie = lambda raw: raw.replace((60 * 2**20).to_bytes(4, "little"), (100).to_bytes(4, "little"))
    archive(tmp_path / "zoe_1.zip", [("ps1.ipynb", bytes(60 * 2**20))], change=lie)
    (outcome,) = said_of(course, tmp_path / "zoe_1.zip")
    assert "refused" in outcome and not (course.classroom / "submitted" / "zoe").exists()


def test_an_archive_of_another_system_is_unpacked_as_it_was_meant(course, tmp_path):
    archive(tmp_path / "hal_1.zip", [("My work\\hw\\ps1.ipynb", SOLVED), ("My work\\hw\\12:30.txt", "x"), ("My work\\hw\\", "")])
    mac = [(f"größe/{name}", "x") for name in ("ps1.ipynb", "ß.py", ".DS_Store", "__pycache__/a.pyc")] + [("__MACOSX/x", "")]
    archive(tmp_path / "ida_1.zip", mac, change=lambda raw: unflagged(raw))
    archive(tmp_path / "jo_1.zip", [("a/b/c/ps1.ipynb", SOLVED), *[(f"a/.git/{n}", "x") for n in range(3000)]])
    archive(tmp_path / "kay_1.zip", [("ps1.ipynb", SOLVED), ("a\x1b[2J.py", "x")])
    (tmp_path / " lea _1.ipynb").write_text(SOLVED)
    (tmp_path / (unicodedata.normalize("NFD", "Zoë") + "_1.ipynb")).write_text(SOLVED)
    assert all(outcome.startswith("✓ ") for outcome in said_of(course, *sorted(tmp_path.iterdir())))
    assert unpacked(course, "hal") == ["12:30.txt", "ps1.ipynb"] and unpacked(course, "ida") == ["ps1.ipynb", "ß.py"]
    assert unpacked(course, "jo") == ["ps1.ipynb"] == unpacked(course, "lea") == unpacked(course, "Zoë")
    assert unpacked(course, "kay") == ["a�[2J.py", "ps1.ipynb"]


def unflagged(raw):
    """Without the flag that says that the names are UTF-8."""
    for sign, at in ((b"PK\3\4", 7), (b"PK\1\2", 9)):
        start = raw.find(sign)
        while start >= 0:
            raw = raw[: start + at] + bytes([raw[start + at] & ~8]) + raw[start + at + 1 :]
            start = raw.find(sign, start + 4)
    return raw


def test_what_collect_says_of_a_strange_name_is_printable_and_short(course, tmp_path):
    for name in ("a\x1b[31m\n# heading_1.zip", "x" * 200 + ".txt", os.fsdecode(b"\xff_1.zip"), "<b>_1.ipynb"):
        (tmp_path / name).write_text("x")
    said = list(collect(course, "ps1", sorted(tmp_path.iterdir()), r"(?P<student>[^_.]+).*"))
    assert len(said) == 4 and all(outcome.startswith("✗") and outcome.isprintable() for _, outcome in said)
    assert all(name.isprintable() and len(name) <= 80 for name, _ in said)


def entered(course, tmp_path, content, **encoding):
    path = tmp_path / "roster.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(**encoding))
    with course.api.gradebook as gradebook:
        for student in gradebook.students:
            gradebook.remove_student(student.id)
    ids = read_roster(course, path)
    with course.api.gradebook as gradebook:
        students = {student.id: student for student in gradebook.students}
        return ids, [(students[i].first_name, students[i].last_name, students[i].email, students[i].lms_user_id) for i in ids]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        (
            'Student,ID,SIS Login ID\n    Points Possible,,\n"Anderson, Alice",7,al1\n"King, Jr., Mo",8,al2\n',
            [("Alice", "Anderson", None, "7"), ("Jr., Mo", "King", None, "8")],
        ),
        (
            "Student,SIS User ID,SIS Login ID\nAlice Anderson,al1,\nCher,al2,\n",
            [("Alice", "Anderson", None, None), ("", "Cher", None, None)],
        ),
        (
            "First name,Surname,Username,Email address,ID number\nBea,Blank,al1,b@x.org,9\nBo,,al2,,\n",
            [("Bea", "Blank", "b@x.org", "9"), ("Bo", "", "", "")],
        ),
        (
            "First name;Last name;Username\r\nBea;Blank;al1\r\n\r\n'Bo, B';Both;al2\r\n",
            [("Bea", "Blank", None, None), ("'Bo, B'", "Both", None, None)],
        ),
        (
            "id\tlast_name\nal1\t=x\nal2\ta\x1b[2Jb\u202ec\n",
            [(None, "=x", None, None), (None, "a�[2Jb�c", None, None)],
        ),
        (
            'id,last_name\nal1,"x\ny"\nal1,x y\nal2,' + "y" * 1000 + ",,,\n",
            [(None, "x y", None, None), (None, "y" * 128, None, None)],
        ),
        (
            "Full name,Username\nAlice B. Anderson,al1\n,al2\n",
            [("Alice B.", "Anderson", None, None), ("", "", None, None)],
        ),
    ],
    ids=["Canvas", "names as said", "Moodle", "Excel", "tabs and control characters", "twice and long", "Moodle's worksheet"],
)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_roster_gives_ids_first_and_last_names(content, wanted, encoding, course, tmp_path):
    assert entered(course, tmp_path, content, encoding=encoding) == (["al1", "al2"], wanted)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ("id,last_name\nok1,x\na[b],y\n", r"line 3, a\[b\]: nbgrader cannot handle"),
        ("id,last_name\nok1,x\na\x1bb,y\n", "line 3, a�b: .*cannot be seen"),
        ("id,last_name\nok1,x\na\0b,y\n", "line 3, a�b: .*cannot be seen"),
        ("id,last_name\nok1,x\n" + "a" * 1000 + ",y\n", "line 3, a+…: nbgrader cannot handle"),
        ("id,last_name\nok1,x\n" + "a" * 200_000 + ",y\n", "cannot be read as CSV"),
        ("id,last_name\nok1,x\nok2,y\nok1,z\n", "line 4: ok1 is there twice"),
        ("Student,id\nAnderson, Alice,ok1\n", "line 2: it has more columns than the first line"),
        ('id,last_name\nok1,"x\nok2,y\n', "cannot be read as CSV"),
        ("id,last_name\nok1,Müller\n".encode("latin-1"), "save it as CSV UTF-8"),
        ("", "no column with the students' ids"),
        ("id,last_name\n", "no column with the students' ids"),
        (b"\xff\xfe\x00", "cannot be read as CSV"),
        (b"id,x\n" + b"a,b\n" * 2**21, "larger than 5 MB"),
    ],
)  # fmt: skip
def test_a_roster_that_cannot_be_understood_is_one_sentence_and_nothing_is_entered(course, tmp_path, content, why):
    with pytest.raises(CourseError, match=why) as refused:
        entered(course, tmp_path, content)
    assert str(refused.value).isprintable() and len(str(refused.value)) < 500
    with course.api.gradebook as gradebook:
        assert not [student for student in gradebook.students if student.id.startswith("ok")]


def test_with_a_roster_nobody_else_is_taken_in_and_ids_with_dots_are_whole(course, tmp_path):
    course = Course(tmp_path / "other", home=course.home)
    (tmp_path / "roster.csv").write_text("id\nann.smith\nann.jones\nbob\n")
    read_roster(course, tmp_path / "roster.csv")
    names = ("ann.smith.ipynb", "ann.jones_ps1.ipynb", "Bob_10_ps1.ipynb", "bob_9_ps1.ipynb", "bobby_1.ipynb", "eve_1.ipynb")
    for name in names:
        (tmp_path / name).write_text(name)
    said = dict(collect(course, "ps1", [tmp_path / name for name in names], r"(?P<student>[^_.]+).*"))
    assert [said[name][:2] for name in names] == ["✓ "] * 4 + ["✗ "] * 2 and "no id of the roster" in said["eve_1.ipynb"]
    held = {path.name: (path / "ps1" / "ps1.ipynb").read_text() for path in (course.classroom / "submitted").iterdir()}
    assert held == {"ann.smith": "ann.smith.ipynb", "ann.jones": "ann.jones_ps1.ipynb", "bob": "Bob_10_ps1.ipynb"}, "10 is later"


def test_a_name_in_a_roster_is_no_html(course, tmp_path):
    course = Course(tmp_path / "other", home=course.home)
    (tmp_path / "roster.csv").write_text('id,first_name,last_name\nann,"<img src=x onerror=alert(1)>","O\'Neil & ""Co"""\n')
    read_roster(course, tmp_path / "roster.csv")
    with course.api.gradebook as gradebook:
        student = gradebook.find_student("ann")
        assert not set(student.first_name + student.last_name) & set('<>&"') and "O'Neil" in student.last_name
