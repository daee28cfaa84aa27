"""Figures: grids of images, panels of grids, curves; and `show`, which gives a figure its words in a notebook."""

import io
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor


def show(figure: Figure, alt: str) -> None:
    """Display a figure in a notebook with `alt`, the text that tells what is to be seen, and close it."""
    from IPython.display import Image, display

    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=80, metadata={"Software": None})
    plt.close(figure)
    display(Image(png.getvalue(), alt=alt))


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
