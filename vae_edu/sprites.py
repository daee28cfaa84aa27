"""Small shapes with known factors, drawn on the fly: a square, an ellipse or a heart, of some size, turned and moved.

What dSprites is for (Matthey et al. 2017), without its file: 11,520 images, every combination of the factors once, each at its
address. Edges are one pixel soft, from the signed distance to the shape. Orientations cover a quarter turn without its end, so
that no two images are the same (over a whole turn a square would show each image four times). Left out: dSprites' own hearts,
its 40 orientations and 32 positions.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor

NAMES = ("shape", "scale", "orientation", "x", "y")
SHAPES = ("square", "ellipse", "heart")
COUNTS = (3, 5, 8, 12, 8)
NUMBER = math.prod(COUNTS)
HALF_SIZES, X_MARGIN, Y_MARGIN = (0.14, 0.28), 0.35, 0.41  # shares of the image's side: x varies more than y
BLOCK = 256  # images that are drawn at once: their pixels stay in the processor's cache


def factors_of(addresses: Tensor) -> Tensor:
    """Addresses (n,), 0 to 11,519, to factors (n, 5), whole numbers in the order of `NAMES`: the last one, y, varies fastest."""
    if addresses.ndim != 1 or addresses.is_floating_point() or not bool(((addresses >= 0) & (addresses < NUMBER)).all()):
        raise ValueError(f"Addresses are whole numbers from 0 to {NUMBER - 1}, (n,); got {addresses.tolist()!s:.60}.")
    return torch.stack(torch.unravel_index(addresses, COUNTS), -1)


def address_of(factors: Tensor) -> Tensor:
    """The inverse of `factors_of`: (n, 5) to (n,)."""
    return address(_checked(factors), COUNTS)


def address(factors: Tensor, counts: Sequence[int]) -> Tensor:
    """Where combinations (..., factors) stand in a grid of so many values each, the last factor varying fastest: (...)."""
    found = torch.zeros_like(factors[..., 0])
    for value, count in zip(factors.unbind(-1), counts):
        found = found * count + value
    return found


def render(factors: Tensor, side: int = 32) -> Tensor:
    """Images (n, side * side) with pixels in [0, 1] of factors (n, 5), as `factors_of` gives them."""
    if side < 8:
        raise ValueError(f"A sprite needs an image of at least 8 x 8 pixels, got side {side}.")
    factors = _checked(factors)
    shape, scale, orientation, x, y = factors.unbind(-1)
    low, high = HALF_SIZES
    half = low + (high - low) * scale / (COUNTS[1] - 1)
    angle = 0.5 * math.pi * orientation / COUNTS[2]
    column = X_MARGIN + (1 - 2 * X_MARGIN) * x / (COUNTS[3] - 1)
    row = Y_MARGIN + (1 - 2 * Y_MARGIN) * y / (COUNTS[4] - 1)
    images = torch.empty(len(factors), side, side)
    for kind, distance in enumerate((_square, _ellipse, _heart)):
        for own in (shape == kind).nonzero().squeeze(1).split(BLOCK):
            images[own] = _drawn(distance, half[own], angle[own], column[own], row[own], side)
    return images.flatten(1)


def _drawn(distance, half: Tensor, angle: Tensor, column: Tensor, row: Tensor, side: int) -> Tensor:
    """(n, side, side): full inside the shape, empty outside, between them over one pixel."""
    pixel = (torch.arange(side) + 0.5) / side
    right, down = (pixel - column[:, None]) / half[:, None], (pixel - row[:, None]) / half[:, None]
    cos, sin = angle.cos()[:, None], angle.sin()[:, None]
    u = (cos * right)[:, None, :] + (sin * down)[:, :, None]  # the pixels in the shape's own axes, its half size being 1
    v = (cos * down)[:, :, None] - (sin * right)[:, None, :]
    return distance(u, v).mul_(-side * half[:, None, None]).add_(0.5).clamp_(0, 1)


def _square(u: Tensor, v: Tensor) -> Tensor:
    """Of half side 0.75. Exact inside and at the edges; beyond a corner it is the larger of the two distances."""
    return torch.maximum(u.abs(), v.abs()).sub_(0.75)


def _ellipse(u: Tensor, v: Tensor) -> Tensor:
    """Of half axes 1 and 0.5, to first order: f (f - 1) / |grad f^2 / 2|, where f is 1 on the ellipse."""
    a, b = u.square(), v.mul(2).square_()
    f = (a + b).sqrt_()
    slope = a.add_(b.mul_(4)).sqrt_().clamp_(min=1e-6)
    return f.mul(f - 1).div_(slope)


def _heart(u: Tensor, v: Tensor) -> Tensor:
    """A square that stands on its corner, and a disc on each of its two upper edges. v points down."""
    half = 0.52
    a, b = (u + v).mul_(0.5**0.5).sub_(0.1), (v - u).mul_(0.5**0.5).sub_(0.1)
    square = torch.maximum(a.abs(), b.abs()).sub_(half)
    left = a.square().add_((b + half).square_()).sqrt_()
    right = b.square().add_((a + half).square_()).sqrt_()
    return torch.minimum(square, torch.minimum(left, right).sub_(half))


def _checked(factors: Tensor) -> Tensor:
    if factors.ndim != 2 or factors.shape[1] != len(NAMES) or factors.is_floating_point():
        raise ValueError(f"Factors are whole numbers (n, {len(NAMES)}): {', '.join(NAMES)}; got {tuple(factors.shape)}.")
    for name, count, values in zip(NAMES, COUNTS, factors.unbind(-1)):
        if len(values) and not 0 <= values.min() <= values.max() < count:
            raise ValueError(f"{name} is a whole number from 0 to {count - 1}; got {values.min()} to {values.max()}.")
    return factors
