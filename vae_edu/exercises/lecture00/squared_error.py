"""00.a: squared_error."""

import numpy as np
import torch.nn.functional as F

from ...reference import probe
from ..exercise import Exercise


def by_expansion(x, y):
    """x·x − 2 x·y + y·y: no difference is ever taken."""
    dot = lambda a, b: np.einsum("...i,...i->...", a, b)
    return dot(x, x) - 2 * dot(x, y) + dot(y, y)


def draw_restorations(rng: np.random.Generator):
    """Grey images in batches of 1 to 7, and restorations that may leave the range from 0 to 1."""
    shape = (rng.integers(1, 8), rng.integers(2, 7))
    x = rng.uniform(size=shape)
    return x, x + 0.5 * rng.normal(size=shape)


def probe_restorations():
    answers = probe("vae-mnist")
    return "64 images of vae-mnist and what it restores", (answers.x.numpy(), answers.logits.sigmoid().numpy()), None


exercise = Exercise(
    "00.a",
    "squared_error",
    ["x", "y"],
    oracle=by_expansion,
    draw=draw_restorations,
    reference=probe_restorations,
    unit="",
)
exercise.case("by hand: three pixels, off by 1, 2 and 2", [1.0, 0.0, 5.0], [0.0, 2.0, 3.0], expected=9.0)
exercise.case("a perfect restoration", [0.2, 0.7], [0.2, 0.7], expected=0.0)
exercise.case("one pixel too bright, one too dark", [0.0, 1.0], [1.0, 0.0], expected=2.0)
exercise.case("two images, one number each", [[0.0, 0.0], [1.0, 1.0]], [[0.0, 1.0], [0.0, 3.0]], expected=[1.0, 5.0])
exercise.case(
    "two dimensions in front", [[[0.0, 1.0], [3.0, 0.0]]], [[[2.0, 1.0], [0.0, 4.0]]], expected=[[4.0, 25.0]], edge=True
)
exercise.always("70 images of 784 pixels", lambda rng: (rng.uniform(size=(70, 784)), rng.uniform(-0.5, 1.5, size=(70, 784))))


@exercise.misconception("A mean over the pixels: the errors of an image's pixels add up here.")
def averaged_over_pixels(x, y):
    return ((x - y) ** 2).mean(-1)


@exercise.misconception(
    "One number for the whole batch: sum over the last dimension, the pixels, so that each image has its own."
)
def one_for_the_batch(x, y):
    return ((x - y) ** 2).sum()


@exercise.misconception(
    "These are absolute errors: the difference of each pixel is to be squared, so that a large one counts more."
)
def absolute(x, y):
    return (x - y).abs().sum(-1)


@exercise.misconception("This is the length of the difference: the squared error is its square, no root is taken.")
def root_taken(x, y):
    return ((x - y) ** 2).sum(-1).sqrt()


@exercise.misconception("A factor ½, as in the log density of a Gaussian: the squared error itself has none.")
def halved(x, y):
    return 0.5 * ((x - y) ** 2).sum(-1)


@exercise.misconception(
    "Summed before it is squared: a pixel too bright makes up for one too dark. Square each pixel's difference."
)
def summed_before_squaring(x, y):
    return (x - y).sum(-1) ** 2


@exercise.steps
def in_steps(x, y):
    difference = x - y  # the difference of each pixel
    squares = difference**2  # the squared difference of each pixel
    return squares.sum(-1)  # the sum over the pixels


exercise.instead(
    "squares",
    {
        "a difference of squares stands where the square of the difference belongs": lambda x, y: x**2 - y**2,
        "the Huber loss stands where the squared difference belongs": lambda x, y: F.smooth_l1_loss(x, y, reduction="none"),
        "a cross-entropy stands where the squared difference belongs": lambda x, y: F.binary_cross_entropy(
            y.clamp(0, 1), x.clamp(0, 1), reduction="none"
        ),
    },
)
exercise.instead(
    "return",
    {
        "the mean over everything is taken, one number for all": lambda squares: squares.mean(),
        "the root of a mean over the pixels is taken": lambda squares: squares.mean(-1).sqrt(),
    },
)
