"""Figures: grids of images, panels of grids, curves; and `show`, which gives a figure its words in a notebook."""

import io
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from html import escape

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from PIL import Image
from torch import Tensor


def show(figure: Figure, alt: str) -> None:
    """Display a figure in a notebook with `alt`, the text that tells what is to be seen, and close it."""
    from IPython.display import display

    for data, metadata in worded(png(figure), alt):
        display(data, metadata=metadata, raw=True)


def worded(picture: bytes, alt: str) -> list[tuple[dict, dict]]:
    """A PNG and its words as two outputs of a notebook, each (data, metadata): the picture, and `alt` as its caption.

    The caption is there because neither JupyterLab 4.6 nor nbconvert's pages give an image the alt text of its metadata.
    """
    size = dict(zip(("width", "height"), Image.open(io.BytesIO(picture)).size))  # room for it before it is decoded
    words = {"image/png": b64encode(picture).decode(), "text/plain": alt}
    return [(words, {"image/png": {"alt": alt, **size}}), ({"text/html": f"<p><small>{escape(alt)}</small></p>"}, {})]


def png(figure: Figure) -> bytes:
    """A figure as a PNG file, closed: 110 dots an inch, and not a byte for transparency or for colours that it has not."""
    drawn, small = io.BytesIO(), io.BytesIO()
    figure.savefig(drawn, format="png", dpi=110, pil_kwargs={"compress_level": 0})
    plt.close(figure)
    image = Image.open(drawn).convert("RGB")
    if image.getcolors(256):
        image = image.quantize(256, dither=Image.Dither.NONE)  # exact: no colour is lost
    image.save(small, "png", compress_level=3)
    return small.getvalue()


def tile(images: Tensor, shape: tuple[int, int], columns: int) -> np.ndarray:
    """Images (n, pixels) as one picture with `columns` per row and a white line between them."""
    rows, (height, width) = -(-len(images) // columns), shape
    canvas = np.ones((rows * (height + 1) - 1, columns * (width + 1) - 1))
    for i, image in enumerate(images.detach().cpu().numpy().reshape(-1, *shape)):
        top, left = (i // columns) * (height + 1), (i % columns) * (width + 1)
        canvas[top : top + height, left : left + width] = image
    return canvas


def show_images(images: Tensor, shape: tuple[int, int], *, columns: int = 10, title: str = "") -> Figure:
    """One grid of images (n, pixels)."""
    return panels([(title, images, shape)], columns=columns, size=min(10.0, 0.5 * columns))


def panels(grids: Iterable[tuple[str, Tensor, tuple[int, int]]], *, columns: int = 5, size: float = 3.0) -> Figure:
    """Grids side by side, each (title, images, shape)."""
    grids = list(grids)
    pictures = [tile(images, shape, columns) for _, images, shape in grids]
    tallest = max(picture.shape[0] / picture.shape[1] for picture in pictures)
    figure, axes = plt.subplots(
        1, len(grids), figsize=(size * len(grids), size * tallest + 0.4), squeeze=False, layout="constrained"
    )
    for axis, picture, (title, _, _) in zip(axes[0], pictures, grids):
        axis.imshow(picture, cmap="gray", vmin=0, vmax=1)
        axis.set_title(title, fontsize=10)
        axis.axis("off")
    return figure


def show_curves(curves: Mapping[str, Sequence[float]], *, xlabel: str, ylabel: str, title: str = "") -> Figure:
    """Lines over 1, 2, 3, ..., one per entry."""
    figure, axis = plt.subplots(figsize=(6, 3.2), layout="constrained")
    for label, values in curves.items():
        axis.plot(range(1, len(values) + 1), values, label=label)
    axis.set(xlabel=xlabel, ylabel=ylabel, title=title)
    axis.legend()
    return figure
