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


# The picture of the model: what each lecture adds to the drawing of the one before. Nodes are name: (x, y, words).
NETWORK, QUANTITY, TERM = ("round,pad=0.5", "#dce9f7"), ("round4,pad=0.35", "white"), ("square,pad=0.3", "#fdeecb")
AUTOENCODER = {
    "x": (0.0, 0, "x"), "encoder": (1.5, 0, "encoder"), "z": (5.2, 0, "z"), "decoder": (6.9, 0, "decoder"), "out": (8.6, 0, "x̂"),
    "error": (4.3, -1.3, "‖x − x̂‖²"),
}  # fmt: skip
VAE = AUTOENCODER | {
    "encoder": (1.5, 0, "encoder  φ"), "posterior": (3.2, 0, "μ, σ"), "z": (5.2, 0, "z = μ + σ ε"),
    "decoder": (7.1, 0, "decoder  θ"), "error": (6.1, -1.3, "log p(x | z)"), "noise": (5.2, 1.15, "ε ~ N(0, I)"),
    "kl": (3.2, 1.15, "KL(q ‖ p(z))"), "prior": (1.5, 1.15, "prior N(0, I)"),
}  # fmt: skip
EPITOMES = VAE | {
    "posterior": (3.4, 0, "m_y ⊙ (μ, log σ²)"), "z": (5.4, 0, "m_y ⊙ (μ + σ ε)"), "noise": (5.4, 1.15, "ε ~ N(0, I)"),
    "kl": (3.4, 1.15, "KL(q ‖ p(z))"), "choice": (3.4, -1.3, "y: the cheapest mask"),
}  # fmt: skip
VAMPPRIOR = VAE | {
    "prior": (1.5, 1.15, "mean of q(z | u_k)"),
    "pseudo": (0.0, 2.3, "u₁ … u_K"),
    "again": (1.5, 2.3, "encoder  φ"),
}
TWO_LAYERS = VAE | {
    "posterior": (3.2, 0, "μ₁, σ₁"), "z": (5.2, 0, "z₁"), "noise": (6.9, 1.15, "ε₁, ε₂"), "kl": (5.2, 1.15, "log q − log p"),
    "z2": (5.2, 2.3, "z₂"), "encoder2": (1.5, 1.15, "encoder 2"), "posterior2": (3.2, 1.7, "μ₂, σ₂"),
    "prior": (6.9, 2.3, "prior of z₂"),
}  # fmt: skip
THROUGH = [("x", "encoder"), ("encoder", "posterior"), ("posterior", "z"), ("z", "decoder"), ("decoder", "out")]
TERMS = [("x", "error"), ("out", "error"), ("posterior", "kl"), ("prior", "kl"), ("noise", "z")]
MODELS = {
    "autoencoder": (AUTOENCODER, [("x", "encoder"), ("encoder", "z"), ("z", "decoder"), ("decoder", "out"), *TERMS[:2]]),
    "vae": (VAE, THROUGH + TERMS),
    "epitomes": (EPITOMES, [*THROUGH, *TERMS, ("choice", "z"), ("choice", "posterior")]),
    "vampprior": (VAMPPRIOR, [*THROUGH, *TERMS, ("pseudo", "again"), ("again", "prior")]),
    "two layers": (
        TWO_LAYERS,
        [*THROUGH, *TERMS[:2], ("noise", "z"), ("noise", "z2"), ("x", "encoder2"), ("encoder2", "posterior2"),
         ("posterior2", "z2"), ("z2", "posterior"), ("z2", "kl"), ("z", "kl"), ("prior", "kl")],
    ),
}  # fmt: skip
GRADIENT = [("error", "out"), ("out", "decoder"), ("decoder", "z"), ("z", "posterior"), ("posterior", "encoder")]


def model_picture(model: str, *, gradient: bool = False) -> Figure:
    """The drawing of the model that grows from lecture to lecture: "autoencoder", "vae", "epitomes", "vampprior", "two layers".

    Networks are blue, terms of the loss yellow; `gradient` shows in red which way the reconstruction's gradient takes.
    """
    if model not in MODELS:
        raise ValueError(f"There is no picture of {model!r}; there are {', '.join(MODELS)}.")
    nodes, arrows = MODELS[model]
    return graph(nodes, arrows, GRADIENT if gradient else [])


def graph(nodes: Mapping[str, tuple], arrows: Sequence[tuple[str, str]], gradient: Sequence[tuple[str, str]] = ()) -> Figure:
    """Boxes and arrows. nodes: name to (x, y, words), x from 0 to 8.6; arrows and gradient (in red): (from, to), by name."""
    heights = [y for _, y, _ in nodes.values()]
    figure, axis = plt.subplots(figsize=(8.2, 0.9 * (max(heights) - min(heights) + 1.1)), layout="constrained")
    axis.set(xlim=(-0.5, 9.1), ylim=(min(heights) - 0.5, max(heights) + 0.6))
    axis.axis("off")
    boxes = {}
    for name, (x, y, words) in nodes.items():
        look, colour = NETWORK if words.startswith(("encoder", "decoder")) else TERM if name in ("error", "kl") else QUANTITY
        boxes[name] = axis.text(x, y, words, ha="center", va="center", fontsize=10, bbox={"boxstyle": look, "fc": colour})

    def arrow(start: str, end: str, **look) -> None:
        ends = {"patchA": boxes[start].get_bbox_patch(), "patchB": boxes[end].get_bbox_patch()}
        axis.annotate("", nodes[end][:2], nodes[start][:2], arrowprops={"arrowstyle": "-|>", **look, **ends})

    for start, end in arrows:
        arrow(start, end, color="0.25", linestyle="--" if end in ("error", "kl") else "-")
    for start, end in gradient:
        arrow(start, end, color="tab:red", connectionstyle="arc3,rad=0.35", lw=1.6)
    return figure
