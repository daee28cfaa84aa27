"""Things to drag: `explore(draw, ...)` shows sliders, and below them the picture that `draw` makes of their values."""

import io
import math
from collections.abc import Callable
from html import escape
from numbers import Integral, Real

import ipywidgets as widgets
import numpy as np
from IPython.display import display
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor

from . import plots

SIDE = 224  # pixels on the screen that a small image is magnified to


def explore(draw: Callable, /, *, alt: str, **ranges: tuple | list | bool) -> None:
    """Sliders that redraw a picture, in a notebook: `explore(draw, alt="What is to be seen.", beta=(0.0, 4.0, 1.0))`.

    draw: a function of the values, by name, that returns a matplotlib Figure, or an image with pixels from 0 to 1: (rows,
    columns) in grey, (rows, columns, 3) in colour. It is called at each step of a slider: an image takes a few milliseconds,
    a Figure some twenty, and more with every axis.
    ranges: (low, high) or (low, high, start), in whole steps if all are whole numbers; a list of choices; True or False.

    Raises ValueError for a range that is none and for a picture that is none, and at the first drawing whatever `draw` raises;
    later its errors appear under the sliders as one sentence, and the last picture stays. The picture, not the sliders, is
    what a stored notebook shows without a kernel.
    """
    if not ranges:
        raise ValueError("There is nothing to drag: give explore a range, beta=(0.0, 4.0) say.")
    sliders = {name: _slider(name, range_) for name, range_ in ranges.items()}
    message = widgets.HTML()
    drawn = _drawn(draw, alt, sliders)
    view = widgets.VBox([*sliders.values(), message])._repr_mimebundle_()
    without = f"Run this cell to move {', '.join(sliders)}."
    display({**view, "text/plain": without}, raw=True)
    shown = [display(data, metadata=metadata, raw=True, display_id=True) for data, metadata in drawn]

    def redraw(_: dict) -> None:
        try:
            for handle, (data, metadata) in zip(shown, _drawn(draw, alt, sliders)):
                handle.update(data, metadata=metadata, raw=True)
            message.value = ""
        except Exception as error:
            said = (str(error).strip().splitlines() or [""])[0]
            reason = escape(f"{type(error).__name__}: {said}" if said else type(error).__name__)
            message.value = f'<span role="alert">No picture for {_values(sliders)} ({reason}); below is the last one.</span>'

    for slider in sliders.values():
        slider.observe(redraw, "value")


def _drawn(draw: Callable, alt: str, sliders: dict) -> list[tuple[dict, dict]]:
    """The picture for the values of now and its words, as `display` takes them."""
    picture = draw(**{name: slider.value for name, slider in sliders.items()})
    return plots.worded(_png(picture), f"{alt} ({_values(sliders)})")


def _values(sliders: dict) -> str:
    values = {name: slider.value for name, slider in sliders.items()}
    return ", ".join(f"{name} = {value:.4g}" if type(value) is float else f"{name} = {value}" for name, value in values.items())


def _slider(name: str, range_: tuple | list | bool) -> widgets.Widget:
    """What is dragged, chosen or ticked for one range."""
    look = {"description": name, "style": {"description_width": "initial"}, "layout": {"width": "min(36em, 98%)"}}
    if isinstance(range_, bool):
        return widgets.Checkbox(range_, indent=False, **look)
    if isinstance(range_, list):
        if len(range_) < 2:
            raise ValueError(f"{name} has {len(range_)} choices: give at least two.")
        return widgets.Dropdown(options=range_, **look)
    if not isinstance(range_, tuple) or len(range_) not in (2, 3) or not all(isinstance(end, Real) for end in range_):
        raise ValueError(f"{name}={range_!r} is no range: give (low, high), (low, high, start), a list of choices or True.")
    if not all(math.isfinite(end) for end in (*range_, range_[1] - range_[0])):
        raise ValueError(f"{name} runs over {range_}: give finite numbers.")
    low, high, *start = range_
    if low >= high:
        raise ValueError(f"{name} has no room between {low} and {high}: give (low, high) with low < high.")
    if start and not low <= start[0] <= high:
        raise ValueError(f"{name} starts at {start[0]}, outside of {low} to {high}.")
    if all(isinstance(end, Integral) for end in range_):
        return widgets.IntSlider(start[0] if start else (low + high) // 2, low, high, **look)
    digits = -math.floor(math.log10((high - low) / 20))  # a step is a power of ten, 20 to 200 of them in a range
    look["readout_format"] = f".{max(digits, 0)}f"
    return widgets.FloatSlider(start[0] if start else (low + high) / 2, min=low, max=high, step=10.0**-digits, **look)


def _png(picture: Figure | Tensor | np.ndarray | None) -> bytes:
    """What `draw` returned, as a file."""
    if isinstance(picture, Figure):
        return plots.png(picture)
    if picture is None:
        raise ValueError("draw returned nothing: let it end with `return figure`, or with an image.")
    pixels = np.asarray(picture.detach().cpu() if isinstance(picture, Tensor) else picture)
    if pixels.dtype.kind not in "biuf" or pixels.ndim not in (2, 3) or 0 in pixels.shape or pixels.shape[2:] not in ((), (3,)):
        kind = type(picture).__name__ + (f" of shape {pixels.shape}" if pixels.ndim else "")
        raise ValueError(f"draw returned a {kind}: let it return a Figure, or an image (rows, columns) or (rows, columns, 3).")
    if not np.isfinite(pixels).all():
        raise ValueError("draw returned an image in which not every pixel is a finite number.")
    shades = pixels if pixels.dtype == np.uint8 else (255 * pixels.clip(0, 1)).round().astype(np.uint8)
    file, times = io.BytesIO(), max(1, SIDE // len(pixels))
    Image.fromarray(shades.repeat(times, 0).repeat(times, 1)).save(file, "png", compress_level=3)  # twice as fast as 6
    return file.getvalue()
