"""What comes in from outside: text, folders, notebooks, pictures, archives and rosters, unlucky or hostile."""

import base64
import codecs
import html
import json
import os
import random
import re
import subprocess
import sys
import time
import unicodedata
import zipfile

import nbformat
import pytest
from markdown_it import MarkdownIt
from nbconvert.exporters import HTMLExporter
from nbconvert.filters.markdown_mistune import IPythonRenderer, MarkdownWithMath, markdown2html_mistune

from tests.conftest import ROOT
from tests.grading.attacks.folders import FOLDERS, JPEG, PNG
from vae_edu.grading import Course, CourseError, outside
from vae_edu.grading.intake import FOLDER_BYTES, IntakeError, check_name, take_in
from vae_edu.grading.pictures import PICTURE, PICTURES, Pictures
from vae_edu.grading.roster import collect, read_roster

RELEASE = nbformat.read(ROOT / "assignments" / "ps1" / "ps1.ipynb", as_version=4)
SOLVED = (ROOT / "solutions" / "ps1" / "ps1.ipynb").read_text(encoding="utf-8")
NASTY = (
    "\x00\x1b[31m\r\n\t\x07\x7f\x85\u2028\u202e\u2066\u200b\u200d\ufeff\u00ad\ud800\udfff\u3164\ufe0f\ue000\U000e0041\u0378 \u00a0\u3000"
    "#-+=*_`~|<>&[](){}!$@:.\\/'\"ab1ä½漢＝＋"
)


def random_texts(number, alphabet=NASTY, longest=40):
    rng = random.Random(0)
    return ["".join(rng.choices(alphabet, k=rng.randrange(longest))) for _ in range(number)]


# Text


def test_printable_text_is_seen_goes_to_any_file_and_is_left_alone_by_a_second_pass():
    for text in random_texts(3000):
        found = outside.printable(text)
        assert found.isprintable() and len(found) == len(text) and outside.printable(found) == found
        found.encode("utf-8")
    assert outside.printable("Zoë O'Brien-漢字 ½ €") == "Zoë O'Brien-漢字 ½ €"
    assert outside.printable("a\x1b[2J\u202eb\u200b\ud800\n\u3164c\u00a0d") == "a�[2J�b����c d"


def test_a_line_is_one_short_line_whatever_it_was():
    assert outside.line(" a\n\n b\t c ") == "a b c" and outside.line("x" * 300) == "x" * 300 and outside.line(None) == "None"
    assert outside.line("x" * 10**7) == "x" * 299 + "…" and outside.line("word " * 99, 10) == "word word…"
    assert all(len(outside.line(text, 20)) <= 20 and outside.line(text).isprintable() for text in random_texts(500))


MARKDOWN = [
    "# a", "1. a", "1) a", "- a", "---", "===", "a | b", "![x](y)", "<b>x</b>", "http://x.org/a", "HTTPS://x.org", "www.x.org", "[^1]",
    "`x`", "~~x~~", "**x** _y_", "me@x.org", "<me@x.org>", "&lt;", "    code", "> a", ": a", "$x$", "[x]: y", "a\\", "+ a", "[ ] a", "[x] a",
]  # fmt: skip


def test_nothing_in_text_for_markdown_is_markdown_or_html():
    for text in [*MARKDOWN, *random_texts(1000)]:
        source = outside.for_markdown(text)
        assert source.isprintable()
        page = f"before {source} behind\n\n{source}\n\n- **x** {source}\n\n| a | b |\n| --- | --- |\n| {source} | c |\n"
        for render in (markdown2html_mistune, MarkdownIt("commonmark").enable(["table", "strikethrough"]).render):
            tags = [tag.split()[0].strip("</>") for tag in re.findall("<[^>]*>", render(page))]
            assert set(tags) <= {"p", "ul", "li", "strong", "table", "thead", "tbody", "tr", "th", "td"}, (text, render(page))
            assert tags.count("td") == 4 and tags.count("li") == 2 and tags.count("strong") == 2, (text, render(page))


def test_text_for_markdown_is_read_as_it_was():
    for text in (
        "kl_normal: 3*4 < 5 & [a](b) `c` #d | e",
        "# no heading",
        "1. one",
        "s001-linked_file",
        "http://x.org",
        "& &lt;",
    ):
        page = markdown2html_mistune(outside.for_markdown(text)).strip()
        assert html.unescape(page) == f"<p>{text}</p>"


@pytest.mark.parametrize(
    "text", ["=1+1", "+1", "-1", "@x", "  =1", "\t=1", "\tx", "\rx", "\n1", "＝1", "﹢1", "\ufeff=1", "\u200b-1", "\u00a0@a"]
)
def test_what_a_spreadsheet_takes_for_a_formula_gets_an_apostrophe(text):
    assert outside.for_csv(text) == "'" + text


@pytest.mark.parametrize("value", ["", "ann", "a=b", "'=1", "1-2", "ps1.1", 4.0, -4.0, None, "½ + ½", "−1"])
def test_what_no_spreadsheet_takes_for_a_formula_stays_as_it_is(value):
    assert outside.for_csv(value) is value


def test_the_wire_needs_numpy_and_nothing_of_the_grader():
    code = "import sys, vae_edu.grading.wire; print([m for m in ('nbformat', 'nbgrader', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# Folders and notebooks


def hand_in(tmp_path, **files):
    """A folder with these files, by name; None is the right notebook."""
    folder = tmp_path / "ann" / "ps1"
    for name, content in files.items():
        at = folder / name
        at.parent.mkdir(parents=True, exist_ok=True)
        at.write_bytes(SOLVED.encode() if content is None else content)
    return folder


def taken(folder, student="ann"):
    return take_in(folder, student, RELEASE, "ps1")


def is_solved(submission):
    sources = {cell.metadata.nbgrader.grade_id: cell.source for cell in submission.notebook.cells if "nbgrader" in cell.metadata}
    return "BEGIN SOLUTION" in sources["ps1-1-kl_discrete"] and "BEGIN SOLUTION" in sources["ps1-4-kl_monte_carlo"]


@pytest.mark.parametrize("spoil", FOLDERS, ids=lambda spoil: spoil.__name__)
def test_a_spoiled_folder_is_taken_in_or_refused_in_one_printable_sentence(spoil, tmp_path):
    wanted, why = FOLDERS[spoil]
    folder = hand_in(tmp_path, **{"ps1.ipynb": None})
    (tmp_path / "secret.txt").write_text("x")
    (tmp_path / "home/solutions/ps1").mkdir(parents=True)
    spoil(folder, tmp_path)
    start = time.perf_counter()
    if wanted is None:
        with pytest.raises(IntakeError) as refused:
            taken(folder)
        said = str(refused.value)
        assert why in said and said.isprintable() and len(said) < 300
    else:
        submission = taken(folder)
        nbformat.validate(submission.notebook)
        page(submission.notebook)
        assert all(note.isprintable() and len(note) < 1000 for note in submission.notes)
        assert all(name.isprintable() for name in submission.files)
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "files",
    [
        {"ps1.ipynb": codecs.BOM_UTF8 + SOLVED.encode()},
        {"ps1.ipynb": SOLVED.encode("utf-16")},
        {"ps1.ipynb": SOLVED.encode("utf-16-be")},
        {"PS1.IPYNB": None},
        {"homework/Ps1.ipynb": None, "notes.ipynb": b"{}"},
        {"ps1 (1).ipynb": None, ".ipynb_checkpoints/ps1-checkpoint.ipynb": b"{}", "._ps1.ipynb": b"\0"},
        {"my answers.ipynb": None, "scratch.ipynb": b'{"cells": []}', "more/scratch.ipynb": b"\xff"},
        {"ps1.ipynb": None, **{f".git/objects/{n:02x}/{n}": b"x" for n in range(400)}, "__pycache__/a.pyc": b"x"},
        {"ps1.ipynb": None, "old.ipynb": bytes(FOLDER_BYTES + 1)},
    ],
    ids=["BOM", "UTF-16", "UTF-16 without BOM", "upper case", "in a folder", "a copy", "another name", "git", "a huge old one"],
)  # fmt: skip
def test_what_a_program_or_a_person_does_to_a_right_notebook_costs_nothing(files, tmp_path):
    submission = taken(hand_in(tmp_path, **files))
    assert is_solved(submission) and not submission.notes and not submission.files


def test_two_copies_of_the_notebook_are_for_the_student_to_choose_from(tmp_path):
    with pytest.raises(IntakeError, match="there is no ps1.ipynb, but 2 others: hand in one, under this name"):
        taken(hand_in(tmp_path, **{"a.ipynb": None, "b.ipynb": None}))


def test_files_are_kept_beside_the_notebook_and_those_without_a_name_are_noted(tmp_path):
    submission = taken(
        hand_in(tmp_path, **{"ps1.ipynb": None, "helper.py": b"a = 1", "data/größe.txt": b"x", "a\x1b[2J\n# b": b"y"})
    )
    assert submission.files == {"helper.py": b"a = 1", "data/größe.txt": b"x"}
    assert submission.notes == ["left out, for names that cannot be written: a�[2J # b"]


def test_a_name_in_a_refusal_is_printable_and_short(tmp_path):
    for name in ("\x1b[31m\n# heading " + "x" * 200, "<script>" + "y" * 150, os.fsdecode(b"\xff\xfe")):
        folder = hand_in(tmp_path, **{"ps1.ipynb": None})
        os.mkfifo(folder / name)
        with pytest.raises(IntakeError, match="no plain file") as refused:
            taken(folder)
        assert str(refused.value).isprintable() and len(str(refused.value)) < 150
        os.unlink(folder / name)


@pytest.mark.parametrize(
    ("student", "why"),
    [
        ("ann\n", "cannot be seen"), ("a\x1b[2Jn", "cannot be seen"), ("ann\ud800", "cannot be seen"), ("a\u202enn", "cannot be seen"),
        ("a\ufffdn", "cannot be seen"), ("ann ", "rename it to 'ann'"), (" ann", "rename it to 'ann'"), ("", "cannot handle"),
        ("a/b", "cannot handle"), (".ann", "cannot handle"), ("a[b]", "cannot handle"), ("<b>ann", "cannot handle"),
        ("a" * 129, "cannot handle"),
    ],
)  # fmt: skip
def test_a_name_that_nbgrader_cannot_handle_is_refused_in_a_printable_sentence(student, why):
    with pytest.raises(IntakeError, match=why) as refused:
        check_name(student)
    assert str(refused.value).isprintable() and str(refused.value).encode()


@pytest.mark.parametrize("student", ["ann", "O'Brien", "Ann Lee", "Zoë", "漢字", "4711", "ann@x.org", "a_b-c.d", "a&b"])
def test_names_that_people_have_are_taken(student):
    check_name(student)


def hostile(kind):
    content = json.loads(SOLVED)
    cell = content["cells"][3]
    if kind == "deep metadata":
        return SOLVED.replace('"metadata": {', '"metadata": {"x": ' + "[" * 10**7 + "]" * 10**7 + ",", 1)
    if kind == "wide metadata":
        cell["metadata"]["x"] = {f"{n}": n for n in range(10**6)}
    if kind == "metadata in small parts":
        cell["metadata"]["x"] = [{"a": []} for n in range(950_000)]
    if kind == "outputs":
        cell["outputs"] = [{}] * 5 * 10**6
    if kind == "some outputs":
        cell["outputs"] = [{"output_type": "stream"}] * 500_000
    if kind == "text":
        content["cells"] += [{**content["cells"][1], "source": "a = 1\n" * 5000, "metadata": {}} for _ in range(480)]
    if kind == "lines":
        content["cells"] += [{**content["cells"][1], "source": ["a\n"] * 14_000, "metadata": {}} for _ in range(150)]
    if kind == "ids":
        content["cells"] += [{**content["cells"][1], "id": "x" * 40_000, "metadata": {"id": "y"}} for _ in range(400)]
    if kind == "attachments":
        content["cells"][2]["attachments"] = {f"{n}": {"image/png": "iVBORw0KGgo="} for n in range(300_000)}
        content["cells"][2]["source"] = "".join(f"![](attachment:{n})\n" for n in range(1300))
    if kind == "one attachment, often":
        content["cells"][2]["attachments"] = {"a": {"image/png": base64.b64encode(PNG + bytes(PICTURE)).decode()}}
        content["cells"][2]["source"] = "![](attachment:a) ![](attachment:%61)\n" * 700
    return json.dumps(content)


@pytest.mark.parametrize(
    "kind",
    ["deep metadata", "wide metadata", "metadata in small parts", "outputs", "some outputs", "text", "lines", "ids", "attachments",
     "one attachment, often"],
)  # fmt: skip
def test_a_large_hostile_notebook_costs_seconds_at_most(kind, tmp_path):
    folder = hand_in(tmp_path, **{"ps1.ipynb": hostile(kind).encode()})
    start = time.process_time()
    try:
        submission = taken(folder)
    except IntakeError as refused:
        assert kind in ("deep metadata", "outputs", "text", "lines") and str(refused).isprintable()
    else:
        assert is_solved(submission) and len(nbformat.writes(submission.notebook)) < 10**6
        nbformat.validate(submission.notebook)
    assert time.process_time() - start < 3


def test_a_notebook_of_a_million_characters_is_refused_with_what_to_do(tmp_path):
    with pytest.raises(IntakeError, match="more than 1,000,000 characters of code and text: take out what is pasted in"):
        taken(hand_in(tmp_path, **{"ps1.ipynb": hostile("text").encode()}))


# Pictures


def page(notebook):
    return HTMLExporter().from_notebook_node(notebook)[0]


def with_answer(source, attachments, grade_id="ps1-5-answer"):
    content = json.loads(SOLVED)
    cell = next(cell for cell in content["cells"] if cell["id"] == grade_id)
    cell.update(source=source, attachments=attachments)
    return json.dumps(content).encode()


def png(size=0):
    return {"image/png": base64.b64encode(PNG + bytes(size)).decode()}


@pytest.mark.parametrize("grade_id", ["ps1-5-answer", "ps1-5"], ids=["a written answer", "a cell of one's own"])
@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("![image.png](attachment:image.png)", "image.png"),
        ("![a b](attachment:my%20image.png)", "my image.png"),
        ("![a b](attachment:my%20image.png)", "my%20image.png"),
        ("![a](<attachment:my image.png>)", "my image.png"),
        ("![a](attachment:my image.png)", "my image.png"),
        ("![a](attachment:image(1).png 'a title')", "image(1).png"),
        ("![a](attachment:a&amp;b.png)", "a&b.png"),
        ("""![a](attachment:"it's".png)""", """"it's".png"""),
        ('<img src="attachment:image.png" width="400">', "image.png"),
        ("The data: ![a](attachment:image.png)", "image.png"),
        ("> - ![a](attachment:image.png) $x<y$", "image.png"),
    ],
)
def test_a_picture_in_the_text_is_shown_in_the_feedback(source, name, grade_id, tmp_path):
    submission = taken(hand_in(tmp_path, **{"ps1.ipynb": with_answer(source, {name: png(), "unused": png()}, grade_id)}))
    assert not submission.notes
    nbformat.validate(submission.notebook)
    (cell,) = [cell for cell in submission.notebook.cells if "attachments" in cell]
    assert list(cell.attachments.values()) == [png()]
    assert f'src="data:image/png;base64,{png()["image/png"]}"' in page(submission.notebook)


def test_a_jpeg_is_known_by_its_bytes_whatever_it_says_that_it_is(tmp_path):
    text = base64.encodebytes(JPEG).decode().splitlines(keepends=True)  # nbformat allows lines
    submission = taken(
        hand_in(tmp_path, **{"ps1.ipynb": with_answer("![](attachment:a.svg)", {"a.svg": {"image/svg+xml": text}})})
    )
    assert "data:image/jpeg;base64,/9j/" in page(submission.notebook)


@pytest.mark.parametrize(
    ("source", "attachments"),
    [
        ("![image.png](attachment:image.png)", None),
        ("![image.png](attachment:image.png)", "image.png"),
        ("![image.png](attachment:image.png)", []),
        ("![image.png](attachment:image.png)", {"other.png": png()}),
        ("![image.png](attachment:image.png)", {"image.png": "iVBORw0KGgo="}),
        ("![image.png](attachment:image.png)", {"image.png": {"image/png": 7, "image/jpeg": [1], "x": None}}),
        ("![image.png](attachment:image.png)", {"image.png": {"image/png": "not base64 ½"}}),
        ("![image.png](attachment:image.png)", {"image.png": {"image/png": base64.b64encode(b"<svg onload=alert(1)>").decode()}}),
        ("![image.png](attachment:image.png)", {"image.png": {"image/svg+xml": base64.b64encode(b"<svg/>").decode()}}),
        ("![image.png](attachment:image.png)", {"image.png": png(PICTURE)}),
        ("![a][x]\n\n[x]: attachment:image.png", {"image.png": png()}),
        ("<img alt='a' src='attachment:image.png'/>", {}),
    ],
)
def test_in_the_place_of_a_picture_that_is_not_kept_stands_why(source, attachments, tmp_path):
    submission = taken(hand_in(tmp_path, **{"ps1.ipynb": with_answer(source, attachments)}))
    assert submission.notes == ["pictures left out: image.png"]
    shown = page(submission.notebook)
    assert "(picture image.png: left out, " in shown and "<svg onload" not in shown
    assert not [cell for cell in submission.notebook.cells if "attachments" in cell]


def test_a_cell_of_code_keeps_no_attachments(tmp_path):
    submission = taken(hand_in(tmp_path, **{"ps1.ipynb": with_answer("a = 1", {"a": png()}, "ps1-1-kl_discrete")}))
    assert not [cell for cell in submission.notebook.cells if "attachments" in cell]


def test_pictures_are_bounded_together_as_often_as_they_are_shown():
    pictures, size = Pictures(), PICTURE - len(PNG)
    text, kept = pictures.keep("![](attachment:a) ![](attachment:b)", {"a": png(size), "b": png(size)})
    assert len(kept) == 2 and not pictures.left_out
    text, kept = pictures.keep("![](attachment:a)", {"a": png(size)})
    assert not kept and pictures.left_out == ["a"] and "all pictures of a notebook may have 5 MB" in text
    text, kept = pictures.keep("![](attachment:a)\n" * 1000, {"a": png(50_000)})
    assert len(kept) == 1 and 5 <= text.count("](attachment:picture-1.png)") <= PICTURES / 50_000
    assert pictures.keep("![](attachment:a)", {"a": png()})[1], "the small one still fits"


PIECES = [
    "![", "](", ")", "[", "]", "]:", " ", "\n", "\n\n", "<", ">", "attachment:", "attachment\\:", "attachment&colon;", "attachment&\\#58;",
    "atta\\chment:", "&#97;ttachment:", "ATTACHMENT:", "a.png", "x", "`", "```", "$", "$$", "\\", '"', "'", "<img src=", "![x]", "[x]: ", "> ", "- ",
    "![a](attachment:a.png)", "![b](attachment:b.png)", "| a | b |\n| - | - |\n| ", "\0", "0", "data:", "%3A", "&amp;", "\t", "# ", "![a][",
    "\\begin{a}", "\\end{a}", "\u00a0", "\r",
]  # fmt: skip


def test_no_text_of_a_student_breaks_the_page_whatever_it_says_of_attachments():
    rng = random.Random(1)
    for _ in range(4000):
        source = "".join(rng.choices(PIECES, k=rng.randrange(2, 14)))
        text, kept = Pictures().keep(source, {"a.png": png(), "x": {}})
        renderer = IPythonRenderer(escape=False, attachments=kept)
        shown = MarkdownWithMath(renderer=renderer).render(text)  # raises where an attachment is missing
        assert not re.search(r"<(img|a)[^>]*(onerror|javascript)", shown)


@pytest.mark.parametrize(
    "link", ["javascript:x", "javascript&\\#58;x", "java\\script&colon;x", "&#106;avascript:x", "data&\\#58;x", "vbscript:x"]
)
def test_no_link_in_an_answer_runs_a_script(link):
    for source in (f"[a]({link})", f"[a][b]\n\n[b]: {link}", f"![a]({link})"):
        assert not re.search(r"(href|src)=", markdown2html_mistune(Pictures().keep(source, {})[0]))


# The inbox and the roster


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    root = tmp_path_factory.mktemp("course")
    (root / "solutions").symlink_to(ROOT / "solutions")
    (root / "nbgrader_config.py").symlink_to(ROOT / "nbgrader_config.py")
    return Course(root)


def archive(path, files, change=None):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as out:
        for name, content in files:
            out.writestr(zipfile.ZipInfo(name), content)
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
        ([("ps1.ipynb", "x")], lambda raw: raw[:6] + b"\1" + raw[7:].replace(b"PK\1\2\x14\3\x14\0\0", b"PK\1\2\x14\3\x14\0\1"), "encrypted"),
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
    ids = read_roster(course, path)
    with course.api.gradebook as gradebook:
        students = {student.id: student for student in gradebook.students}
        return ids, [(students[i].first_name, students[i].last_name, students[i].email, students[i].lms_user_id) for i in ids]


@pytest.mark.parametrize(
    ("content", "wanted"),
    [
        ('Student,ID,SIS Login ID\n    Points Possible,,\n"Anderson, Alice",7,al1\n"King, Jr., Mo",8,al2\n', [("Alice", "Anderson", None, "7"), ("Jr., Mo", "King", None, "8")]),
        ("Student,SIS User ID,SIS Login ID\nAlice Anderson,al1,\nCher,al2,\n", [("Alice", "Anderson", None, None), ("", "Cher", None, None)]),
        ("First name,Surname,Username,Email address,ID number\nBea,Blank,al1,b@x.org,9\nBo,,al2,,\n", [("Bea", "Blank", "b@x.org", "9"), ("Bo", "", "", "")]),
        ("First name;Last name;Username\r\nBea;Blank;al1\r\n\r\n'Bo, B';Both;al2\r\n", [("Bea", "Blank", None, None), ("'Bo, B'", "Both", None, None)]),
        ("id\tlast_name\nal1\t=x\nal2\ta\x1b[2Jb\u202ec\n", [(None, "=x", None, None), (None, "a�[2Jb�c", None, None)]),
        ('id,last_name\nal1,"x\ny"\nal1,x y\nal2,' + "y" * 1000 + ",,,\n", [(None, "x y", None, None), (None, "y" * 128, None, None)]),
        ("Full name,Username\nAlice B. Anderson,al1\n,al2\n", [("Alice B.", "Anderson", None, None), ("", "", None, None)]),
    ],
    ids=["Canvas", "Canvas, names as said", "Moodle", "Excel", "tabs and control characters", "twice and long", "Moodle's worksheet"],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_roster_gives_ids_first_and_last_names(content, wanted, encoding, tmp_path):
    for part in ("solutions", "nbgrader_config.py"):
        (tmp_path / part).symlink_to(ROOT / part)
    assert entered(Course(tmp_path), tmp_path, content, encoding=encoding) == (["al1", "al2"], wanted)


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
