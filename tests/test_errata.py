"""ERRATA.md is what the lectures' boxes say, each erratum is on it, and a box that cannot be read is named; SOURCES.md has the
headings that docstrings point to."""

import re

import nbformat
import pytest

from tests.conftest import ROOT
from tests.test_notebooks import ERRATA
from vae_edu import errata
from vae_edu.notebooks import NotebookError

HEAD = "# 07 · A lecture\n\n*Sources: Somebody 2020, section 3; Another 2021.*"


def page(tmp_path, *cells):
    """The page of a folder of one lecture: its head, then these markdown cells."""
    folder = tmp_path / "lectures"
    folder.mkdir()
    made = [nbformat.v4.new_markdown_cell(source, id=f"cell-{i}") for i, source in enumerate(cells)]
    nbformat.write(nbformat.v4.new_notebook(cells=made), folder / "07_a_lecture.ipynb")
    return errata.as_markdown(folder)


def test_the_page_is_what_the_lectures_say():
    said = (ROOT / "ERRATA.md").read_text(encoding="utf-8")
    assert said == errata.as_markdown(ROOT / "lectures"), "run: vae-edu errata --write"


def test_every_erratum_that_is_taught_is_on_the_page_with_a_link_to_its_lecture():
    entries = re.split(r"^### ", (ROOT / "ERRATA.md").read_text(encoding="utf-8"), flags=re.M)[1:]
    for lecture, numbers in ERRATA.items():
        for number in numbers:
            (entry,) = [entry for entry in entries if re.search(rf"\b{number}\b", entry.split("\n")[0])]
            links = re.findall(r"\]\((lectures/(\d\db?)_\w+\.ipynb)\)", entry)
            assert lecture in [found for _, found in links], number
            assert all((ROOT / link).exists() for link, _ in links)
            assert entry.count("**Printed.**") == entry.count("**Right.**") >= len(links), number
    assert {n for entry in entries for n in re.findall(r"E\d+[a-z]?", entry.split("\n")[0])} == set().union(*ERRATA.values())


def test_a_box_may_hold_two_claims_and_name_its_own_source(tmp_path):
    two = "Before.\n\n> **Errata E12 and E3a.** It says 2.\n> It is\n> *three*.\n>\n> It says $x$:\n> it is $y$.\n>\n"
    other = "> **Erratum E2 (Another 2021).** A.\n> B.\n\nAfter. And **Erratum** is but a word."
    text = page(tmp_path, HEAD, two + other, "> **Erratum E4.** C.\n> D.")
    places = [text.index(head + "\n") for head in ("## Somebody 2020\n\n### E4", "### E12 and E3a", "## Another 2021\n\n### E2")]
    assert places == sorted(places)
    assert "**Printed.** It says 2.\n\n**Right.** It is *three*.\n\n**Printed.** It says $x$\n\n**Right.** it is $y$." in text
    assert text.count("Shown in [07 · A lecture](lectures/07_a_lecture.ipynb).") == 3
    assert "Before" not in text and "After" not in text


@pytest.mark.parametrize(
    "box",
    [
        "> **Erratum E7.** One line says both.",
        "> **Erratum E7.** Printed.\n> Right.\n>\n> Another claim on one line.",
        "**Erratum E7.** Printed.\n> Right.",
        ">**Erratum E7.** Printed.\n> Right.",
        "> **Erratum 7.** Printed.\n> Right.",
        "> **Erratum.** Printed.\n> Right.",
        "> **Erratum** E7. Printed.\n> Right.",
        "> **Erratum E7** Printed.\n> Right.",
        "> **Erratum E7.** Printed.\n> Right. **Erratum E8.** Printed.\n> Right.",
    ],
)
def test_a_box_that_cannot_be_read_is_one_sentence_with_the_lecture_and_the_cell(tmp_path, box):
    with pytest.raises(NotebookError, match=r"07_a_lecture.ipynb, cell cell-2: an erratum box is `> \*\*Erratum E7"):
        page(tmp_path, HEAD, "> **Erratum E1.** Printed.\n> Right.", "Text.\n\n" + box)


def test_an_erratum_of_no_source_is_refused(tmp_path):
    with pytest.raises(NotebookError, match=r"cell cell-1: .* its source in the lecture's head"):
        page(tmp_path, "# 07 · A lecture", "> **Erratum E1.** Printed.\n> Right.")


def test_docstrings_and_tests_point_to_headings_and_errata_that_exist():
    headings = re.findall(r"^## (.+)$", (ROOT / "SOURCES.md").read_text(encoding="utf-8"), re.M)
    known, cited = {number for numbers in ERRATA.values() for number in numbers}, 0
    for path in [*(ROOT / "vae_edu").rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        text = re.sub(r"\s+", " ", path.read_text(encoding="utf-8"))
        for heading in re.findall(r'SOURCES\.md, \\?"([^"\\]+)', text):
            assert heading in headings, f"{path}: SOURCES.md has no heading {heading!r}"
            cited += 1
        for numbers in re.findall(r"ERRATA\.md, ((?:(?:, )?E\d+[a-z]?)+)", text):
            assert set(numbers.split(", ")) <= known, f"{path}: {numbers}"
    assert cited > 10
