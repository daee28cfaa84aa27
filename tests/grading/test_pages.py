"""Feedback pages: one file that loads nothing and runs nothing, made by a process that has a clock."""

import base64
import re
import subprocess

import nbformat
import pytest
from nbconvert.exporters import HTMLExporter
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from nbgrader.server_extensions.formgrader.handlers import template_path
from traitlets.config import Config, PyFileConfigLoader

from tests.conftest import ROOT
from vae_edu.grading import feedback
from vae_edu.grading.feedback import Printer
from vae_edu.grading.pages import formula
from vae_edu.grading.sandbox import missing

ABOUT = {"score": 3.0, "max_score": 4.0, "late_penalty": 0.0, "notebook": "ps1"}
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(40)).decode()


@pytest.fixture(scope="module")
def printer():
    found = Printer(locked=not missing())
    yield found
    found.close()


def page_of(printer, notebook):
    printer.ask(notebook, ABOUT)
    return printer.answer()


def graded(source, **more):
    about = {"grade": True, "grade_id": "ps1-5-answer", "solution": True, "score": 3.0, "points": 4.0, "comment": "Well *said*."}
    return new_markdown_cell(source, metadata={"nbgrader": about}, **more)


def test_a_page_shows_points_comments_formulas_and_pictures_and_loads_nothing(printer):
    link = "![](http://example.org/x.png) ![](//example.org/y.png) ![mine](attachment:mine.png)"
    answer = graded(f"Since $\\ln x\\le x-1$: {link}", attachments={"mine.png": {"image/png": PNG}})
    output = new_output("display_data", {"image/png": PNG, "text/plain": "<script>LOOT</script>"})
    page = page_of(printer, new_notebook(cells=[answer, new_code_cell("1 < 2", outputs=[output])]))
    assert "Score: 3.0 / 4.0" in page and "Well <em>said</em>." in page and "<mi>ln</mi>" in page
    assert page.count(f"data:image/png;base64,{PNG[:20]}") == 2
    (policy,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)"/>', page)
    assert policy.startswith("default-src 'none'; img-src data:;") and "script" not in policy
    assert page.index("Content-Security-Policy") < page.index("<style") and "<script" not in page and "<link" not in page


def test_a_formula_is_text_and_never_html():
    for latex in (
        r"\text{<script>x</script>}",
        r"\text{&lt;script&gt;}",
        "a<b>c",
        r"\href{javascript:x}{y}",
        r"\style{x}{<img src=x>}",
    ):
        assert not re.search(r"<(script|b|img|a)\b|href|style=", formula(latex, "inline")), latex
    assert formula("a^b^c", "inline") == "", "what cannot be read stays as it was written"


def test_a_link_to_a_file_of_the_course_is_its_words_and_one_to_the_web_is_a_link(printer):
    links = "[lecture 03](../../lectures/03.ipynb), [the paper](https://example.org/x), [x](javascript:x)"
    page = page_of(printer, new_notebook(cells=[graded(links)]))
    assert "lecture 03, <a" in page and "lectures/" not in page and 'href="https://example.org/x"' in page
    assert ", x</p>" in page, "and what would run is none"


def test_every_formula_of_the_problem_sets_is_read():
    for path in (ROOT / "solutions").glob("ps*/ps*.ipynb"):
        text = "\n".join(cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "markdown")
        found = re.findall(r"\$\$(.+?)\$\$|\$([^$\n]+)\$", text, re.S)
        assert found and all(formula(block or inline, "inline") for block, inline in found), path.name


def test_a_page_that_takes_too_long_is_a_short_one_with_the_points_and_the_next_is_whole(printer, monkeypatch):
    monkeypatch.setattr(feedback, "SECONDS", 0.5)
    slow = new_notebook(cells=[graded("[" * 30_000), *(new_markdown_cell("[" * 30_000) for _ in range(400))])
    page = page_of(printer, slow)
    assert "(Score: 3.0 / 4.0)" in page and "the points alone" in page and "Well *said*." in page and len(page) < 1000
    monkeypatch.undo()
    assert "<mi>x</mi>" in page_of(printer, new_notebook(cells=[graded("$x$")]))


def test_a_process_that_is_lost_costs_its_page_and_no_other(printer):
    printer.start()
    printer.process.ready()
    printer.process.process.kill()
    assert printer.process.control.recv(1) == b"", "it is gone, and has not only been told to go"
    assert "the points alone" in page_of(printer, new_notebook(cells=[graded("$x$")]))
    assert "<mi>x</mi>" in page_of(printer, new_notebook(cells=[graded("$x$")]))


def test_what_cannot_be_rendered_is_a_short_page(printer):
    missing_picture = new_notebook(cells=[graded("![x](attachment:none.png)")])
    assert "the points alone" in page_of(printer, missing_picture)


def test_a_page_of_the_formgrader_shows_formulas_and_fetches_nothing_from_elsewhere():
    config = Config(HTMLExporter={"template_name": "formgrade", "extra_template_basedirs": [template_path]})  # as it starts
    config.merge(PyFileConfigLoader("nbgrader_config.py", path=str(ROOT)).load_config())
    about = {"index": 0, "total": 1, "base_url": ""}
    page, _ = HTMLExporter(config=config).from_notebook_node(new_notebook(cells=[graded("Since $\\ln x\\le x-1$.")]), about)
    assert "<mi>ln</mi>" in page and "No credit" in page
    loaded = re.findall(r"""(?:src|href)=["']([^"']*)""", page)
    assert loaded and not [address for address in loaded if re.match(r"(https?:)?//", address)] and "MathJax" not in page


def test_the_formgrader_finds_a_folder_for_its_gradebook_in_every_clone():
    """Without classroom/ its first page says "Loading" for ever: nbgrader makes the gradebook, but no folder for it."""
    tracked = subprocess.run(["git", "ls-files", "classroom"], cwd=ROOT, capture_output=True, text=True).stdout
    assert tracked.split() == ["classroom/README.md"]
