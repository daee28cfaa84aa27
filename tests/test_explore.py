"""Sliders that redraw a picture: what they refuse, what they show, what stays, and what a browser makes of it."""

import base64
import io
import json
import time
from pathlib import Path

import nbformat
import numpy as np
import pytest
import torch
from matplotlib import pyplot as plt
from PIL import Image

from tests import browser
from vae_edu import explore as module
from vae_edu import notebooks, plots
from vae_edu.explore import explore

WORDS = "A bright corner that moves with a and b & stays <square>."


def corner(**_):
    return np.tri(20)


class Shown:
    """Stands in for a notebook: the outputs on the page, updated in place, and the widgets of the last `explore`."""

    def __init__(self):
        self.outputs, self.redrawn = [], 0

    def display(self, data, metadata=None, raw=False, display_id=None):
        self.outputs.append((data, metadata))
        return Handle(self, len(self.outputs) - 1)


class Handle:
    def __init__(self, shown, place):
        self.shown, self.place = shown, place

    def update(self, data, metadata=None, raw=False):
        self.shown.outputs[self.place] = (data, metadata)
        self.shown.redrawn += 1


@pytest.fixture
def shown(monkeypatch):
    page = Shown()
    monkeypatch.setattr(module, "display", page.display)
    box = module.widgets.VBox

    def kept(children):
        *page.sliders, page.message = children
        return box(children)

    monkeypatch.setattr(module.widgets, "VBox", kept)
    return page


def pixels(output):
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(output[0]["image/png"]))))


@pytest.mark.parametrize(
    ("ranges", "said"),
    [
        ({}, "nothing to drag"),
        ({"a": (1.0, 1.0)}, "a has no room between 1.0 and 1.0"),
        ({"a": (3, -3)}, "a has no room between 3 and -3"),
        ({"a": (0.0, float("inf"))}, "a runs over .* give finite numbers"),
        ({"a": (float("nan"), 1.0)}, "a runs over .* give finite numbers"),
        ({"a": (-1.7e308, 1.7e308)}, "a runs over .* give finite numbers"),
        ({"a": (0, 1, 2)}, "a starts at 2, outside of 0 to 1"),
        ({"a": (1,)}, "is no range"),
        ({"a": 3}, "is no range"),
        ({"a": ("x", "y")}, "is no range"),
        ({"a": []}, "a has 0 choices: give at least two"),
        ({"a": ["one"]}, "a has 1 choices: give at least two"),
    ],
)
def test_a_range_that_is_none_is_refused_in_one_sentence(shown, ranges, said):
    with pytest.raises(ValueError, match=said) as refused:
        explore(corner, alt=WORDS, **ranges)
    assert "\n" not in str(refused.value) and not shown.outputs


@pytest.mark.parametrize(
    ("picture", "said"),
    [
        (None, "draw returned nothing: let it end with `return figure`"),
        ("a picture", "draw returned a str"),
        (np.zeros(3), r"of shape \(3,\)"),
        (np.zeros((0, 3)), r"of shape \(0, 3\)"),
        (torch.zeros(2, 3, 4), r"draw returned a Tensor of shape \(2, 3, 4\)"),
        (np.full((3, 3), np.nan), "not every pixel is a finite number"),
    ],
)
def test_a_picture_that_is_none_is_refused_in_one_sentence(shown, picture, said):
    with pytest.raises(ValueError, match=said) as refused:
        explore(lambda a: picture, alt=WORDS, a=(0, 2))
    assert "\n" not in str(refused.value) and not shown.outputs


def test_draw_gets_numbers_whole_numbers_choices_and_ticks_and_starts_where_it_is_told(shown):
    got = {}
    explore(
        lambda **values: got.update(values) or corner(),
        alt=WORDS, whole=(0, 10), low=(0, 10, 1), real=(-3.0, 3.0), start=(-3.0, 3.0, 1.5), choice=["one", "two"], tick=True,
    )  # fmt: skip
    assert got == {"whole": 5, "low": 1, "real": 0.0, "start": 1.5, "choice": "one", "tick": True}
    assert type(got["whole"]) is int and type(got["real"]) is float
    assert [slider.step for slider in shown.sliders[:4]] == [1, 1, 0.1, 0.1]


def test_what_is_shown_is_the_picture_with_its_words_and_a_line_where_the_sliders_are_missing(shown):
    explore(corner, alt=WORDS, a=(0.0, 1.0), b=["x", "y"])
    controls, picture, caption = shown.outputs
    assert controls[0]["text/plain"] == "Run this cell to move a, b."
    assert "application/vnd.jupyter.widget-view+json" in controls[0]
    assert picture[1]["image/png"]["alt"] == f"{WORDS} (a = 0.5, b = x)" == picture[0]["text/plain"]
    assert "moves with a and b &amp; stays &lt;square&gt;. (a = 0.5, b = x)" in caption[0]["text/html"]
    assert pixels(picture).shape == (220, 220) and pixels(picture)[-1, 0] == 255, "20 pixels, each as 11"


def test_a_slider_that_moves_redraws_the_picture_and_the_words_in_place(shown):
    explore(lambda a: torch.full((300, 4), a, requires_grad=True), alt=WORDS, a=(0.0, 1.0))
    shown.sliders[0].value = 1.0
    assert shown.redrawn == 2 and len(shown.outputs) == 3
    assert (pixels(shown.outputs[1]) == 255).all() and "(a = 1)" in shown.outputs[2][0]["text/html"]


def test_an_error_while_dragging_is_one_sentence_and_the_old_picture_stays(shown):
    def draw(a):
        if a > 1:
            raise RuntimeError("more than <one>\nand a second line")
        return corner() if a == 1 else None

    explore(draw, alt=WORDS, a=(0, 3))
    before = list(shown.outputs)
    for value, said in ((2, "No picture for a = 2 (RuntimeError: more than &lt;one&gt;); below"), (0, "draw returned nothing")):
        shown.sliders[0].value = value
        assert said in shown.message.value and "\n" not in shown.message.value
        assert shown.outputs == before
    shown.sliders[0].value = 1
    assert shown.message.value == ""


def test_the_first_error_is_the_students_own(shown):
    with pytest.raises(ZeroDivisionError):
        explore(lambda a: 1 / 0, alt=WORDS, a=(0, 2))


def test_colours_bytes_and_booleans_are_pictures_and_what_is_out_of_range_is_cut_off(shown):
    explore(lambda a: np.array([[[2.0, -1.0, 0.5]]]), alt=WORDS, a=(0, 2))
    assert (pixels(shown.outputs[1])[0, 0] == (255, 0, 128)).all()
    assert np.asarray(Image.open(io.BytesIO(module._png(np.array([[7, 250]], np.uint8)))))[0, 0] == 7
    assert np.asarray(Image.open(io.BytesIO(module._png(torch.tensor([[True, False]])))))[0, 0] == 255


def test_an_image_of_a_hundred_thousand_pixels_is_redrawn_within_50_ms(shown):
    images = torch.rand(5, 300, 350)
    explore(lambda a: images[a], alt=WORDS, a=(0, 4, 0))
    spent = []
    for value in (1, 2, 3, 4):
        start = time.process_time()
        shown.sliders[0].value = value
        spent.append(time.process_time() - start)
    assert min(spent) < 0.05, spent


def test_no_figure_is_left_open(shown):
    plt.close("all")  # of other tests
    explore(lambda a: plt.subplots()[0], alt=WORDS, a=(0, 2))
    shown.sliders[0].value = 2
    assert not plt.get_fignums() and pixels(shown.outputs[1]).shape[:2] == (528, 704)


def test_a_figures_file_is_exact_the_same_each_time_and_without_colours_that_it_has_not():
    drawn, images = [], torch.rand(100, 784)
    for _ in range(2):
        figure = plots.show_images(images, (28, 28))
        wanted = io.BytesIO()
        figure.savefig(wanted, format="png", dpi=110)
        drawn.append(plots.png(figure))
    assert drawn[0] == drawn[1] and len(drawn[0]) < len(wanted.getvalue())
    small = Image.open(io.BytesIO(drawn[0]))
    assert small.mode == "P" and (np.asarray(small.convert("RGB")) == np.asarray(Image.open(wanted).convert("RGB"))).all()


NOTEBOOK = f"""
import numpy as np
from matplotlib import pyplot as plt
from vae_edu import plots
from vae_edu.explore import explore

def draw(a, kind):
    if a > 0.74:
        raise RuntimeError("a is <large>")
    return np.tri(20) * a

explore(draw, alt={WORDS!r}, a=(0.0, 1.0, 0.73), kind=["one", "two"])
plots.show(plt.subplots()[0], alt="An empty frame, with ticks on two sides.")
"""


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    """A notebook with sliders and a figure, executed and stored as lectures are."""
    path = tmp_path_factory.mktemp("notebooks") / "dragged.ipynb"
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(NOTEBOOK, id="one")]), path)
    notebooks.refresh(path)
    return path


def test_a_stored_notebook_holds_the_still_with_its_words_and_nothing_of_a_widget(stored):
    first = stored.read_bytes()
    assert b"widget" not in first and b"model_id" not in first
    line, still, caption, *figure = json.loads(first)["cells"][0]["outputs"]
    assert line["data"] == {"text/plain": ["Run this cell to move a, kind."]}
    assert still["data"]["image/png"].startswith("iVBOR") and WORDS in still["metadata"]["image/png"]["alt"]
    assert "kind = one" in caption["data"]["text/html"][0] and len(figure) == 2
    notebooks.refresh(stored)
    assert stored.read_bytes() == first


def test_a_page_made_of_it_shows_the_still_and_the_words(stored):
    from nbconvert import HTMLExporter

    page, _ = HTMLExporter().from_filename(str(stored))
    assert page.count("<img ") == 2
    assert "<small>A bright corner that moves with a and b &amp; stays &lt;square&gt;. (a = 0.73, kind = one)</small>" in page
    assert "<small>An empty frame, with ticks on two sides.</small>" in page and "Run this cell to move" in page
    assert "widget-view" not in page


@browser.needs_chromium
def test_jupyterlab_shows_the_words_and_arrow_keys_move_the_picture(stored, tmp_path):
    words = "[...document.querySelectorAll('.jp-OutputArea-output small')].map(e => e.textContent).join('|')"
    picture = "document.querySelector('.jp-OutputArea-output img').src"
    with (
        browser.jupyterlab(stored.parent, tmp_path / "settings") as url,
        browser.opened(f"{url}/lab/tree/{stored.name}?reset", tmp_path / "profile") as page,
    ):
        page.wait(f"{words}.includes('ticks on two sides')")
        assert f"{WORDS} (a = 0.73, kind = one)|An empty frame" in page.value(words), "without having run anything"
        assert "Loading widget" not in page.value("document.body.innerText")
        page.wait("document.body.innerText.includes('Idle')")
        page.value("document.querySelector('.jp-CodeCell .cm-content').focus()")
        page.press("Enter", code=13, shift=True)
        page.wait("!!document.querySelector('.noUi-handle')")
        page.wait(f"{words}.includes('a = 0.73')")
        before = page.value(picture)
        page.value("document.querySelector('.noUi-handle').focus()")
        page.press("ArrowRight", code=39)
        page.wait(f"{words}.includes('a = 0.74')")
        after = page.wait(f"{picture} != {json.dumps(before)} && {picture}")
        page.press("ArrowRight", code=39)
        page.wait("!!document.querySelector('.widget-html-content [role=alert]')")
        alert = page.value("document.querySelector('.widget-html-content [role=alert]').textContent")
        assert "RuntimeError: a is <large>" in alert and page.value(picture) == after
        page.press("ArrowLeft", code=37)
        page.wait("!document.querySelector('.widget-html-content [role=alert]')")
