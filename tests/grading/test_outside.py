"""Text from outside, in a terminal, a table and a page."""

import html
import random
import re
import subprocess
import sys

import pytest
from markdown_it import MarkdownIt
from nbconvert.filters.markdown_mistune import markdown2html_mistune

from vae_edu.grading import outside

NASTY = (
    "\x00\x1b[31m\r\n\t\x07\x7f\x85\u2028\u202e\u2066\u200b\u200d\ufeff\u00ad"
    "\ud800\udfff\u3164\ufe0f\ue000\U000e0041\u0378 \u00a0\u3000"
    "#-+=*_`~|<>&[](){}!$@:.\\/'\"ab1ä½漢＝＋"
)


def random_texts(number, alphabet=NASTY, longest=40):
    rng = random.Random(0)
    return ["".join(rng.choices(alphabet, k=rng.randrange(longest))) for _ in range(number)]


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
    "# a", "1. a", "1) a", "- a", "---", "===", "a | b", "![x](y)", "<b>x</b>", "http://x.org/a", "HTTPS://x.org", "www.x.org",
    "[^1]", "`x`", "~~x~~", "**x** _y_", "me@x.org", "<me@x.org>", "&lt;", "    code", "> a", ": a", "$x$", "[x]: y", "a\\",
    "+ a", "[ ] a", "[x] a",
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
