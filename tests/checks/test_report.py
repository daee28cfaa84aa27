"""What a person reads after a check: the verdict first, nothing twice, nothing out of the page."""

import re
from html.parser import HTMLParser

import pytest

from vae_edu.checks.diagnosis import run
from vae_edu.checks.report import WIDTH, as_bundle, as_html, as_text
from vae_edu.exercises import EXERCISES

KL = EXERCISES["kl_normal"]


def right(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


def twice(mu_q, logvar_q, mu_p, logvar_p):
    print("<b>hello</b>")
    return 2 * right(mu_q, logvar_q, mu_p, logvar_p)


def unknown_name(mu_q, logvar_q, mu_p, logvar_p):
    return kl(mu_q)  # noqa: F821


def blank(mu_q, logvar_q, mu_p, logvar_p):
    raise NotImplementedError()


def hostile(mu_q, logvar_q, mu_p, logvar_p):
    raise ValueError("</div><script>LOOT</script><img src=http://x onerror=LOOT>" + "w" * 500)


class Tags(HTMLParser):
    def __init__(self, page):
        super().__init__()
        self.open, self.seen, self.styles = [], set(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.open.append(tag)
        self.seen.add(tag)
        self.styles += [value for name, value in attributes if name == "style"]
        assert {name for name, _ in attributes} <= {"style", "open"}

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_verdict_comes_first_then_the_cause_then_what_failed_then_what_passed():
    lines = as_text(run(KL, twice, 1), 4).splitlines()
    assert lines[0] == "✗ ps1.2 kl_normal: 10 of 11 rows failed; 0 of 4 points" and lines[1].startswith("  → Twice the expected")
    signs = [line.split()[0] for line in lines if line.startswith(("  ✗", "  ✓"))]
    assert signs == ["✗"] * 10 + ["✓"]


def test_what_all_rows_have_in_common_is_said_once():
    text = as_text(run(KL, unknown_name, 1))
    assert text.count("NameError") == 1 and "all 11 rows" in text and len(text.splitlines()) <= 4
    assert as_html(run(KL, unknown_name, 1)).count("NameError") == 1


def test_a_check_that_could_not_begin_is_one_line():
    assert as_text(run(KL, blank, 1)) == "✗ ps1.2 kl_normal: not attempted yet"
    assert as_text(run(KL, lambda x: x, 1)).split("\n")[0].startswith("✗ ps1.2 kl_normal: expected kl_normal(mu_q, logvar_q")


def test_a_passed_check_says_so_and_folds_its_rows():
    page = as_html(run(KL, right, 1), 4)
    assert "all 11 rows pass; 4 of 4 points" in page and page.count("<details><summary>") == 1 and "<details open" not in page


@pytest.mark.parametrize("function", [right, twice, unknown_name, blank, hostile, lambda x: x])
def test_no_line_runs_out_and_the_page_is_whole_and_has_no_script_and_no_style_that_leaks(function):
    report = run(KL, function, 1)
    assert max(map(len, as_text(report, 4, forecast=True).splitlines())) <= WIDTH
    tags = Tags(as_html(report, 4))
    assert not tags.open and tags.seen <= {"div", "span", "details", "summary", "code"}
    assert not any(re.search(r"position|url|z-index", style) for style in tags.styles)


def test_numbers_stand_under_each_other():
    lines = as_text(run(KL, twice, 1)).splitlines()
    yours, expected = (next(line for line in lines if line.strip().startswith(word)) for word in ("yours", "expected"))
    assert yours.index("28.2274") == expected.index("14.1137")


def test_a_bundle_holds_text_page_and_data():
    bundle = as_bundle(run(KL, right, 1))
    assert list(bundle) == ["text/plain", "text/html", "application/vnd.vae-edu.check+json"]
