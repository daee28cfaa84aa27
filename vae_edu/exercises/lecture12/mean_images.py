"""12.a: mean_images."""

import numpy as np

from ... import information
from ...reference import probe
from ..exercise import Exercise


def code_by_code(x, q):
    """Weighted averages of the images, one code at a time: all images are equally frequent."""
    return np.array([np.average(x, axis=0, weights=weights) for weights in q.T])


def draw_table(rng: np.random.Generator):
    """3 to 8 grey images of 2 to 6 pixels, 2 to 5 codes that are not equally frequent."""
    images, pixels, codes = rng.integers(3, 9), rng.integers(2, 7), rng.integers(2, 6)
    return rng.uniform(size=(images, pixels)), rng.dirichlet(rng.uniform(0.3, 3, size=codes), size=images)


def probe_digits():
    """Two codes: how far the first latent of vae2d-mnist lies to the right, softly."""
    a = probe("vae2d-mnist")
    right = 1 / (1 + np.exp(-2 * a.mu[:, 0].numpy()))
    return "64 images of vae2d-mnist and two codes, left and right", (a.x.numpy(), np.stack([1 - right, right], 1)), None


exercise = Exercise(
    "12.a",
    "mean_images",
    ["x", "q"],
    oracle=code_by_code,
    draw=draw_table,
    reference=probe_digits,
    closed_book=[information.images_given_code],
    unit="",
    item="code",
)
TWO = [[0.0, 1.0], [1.0, 1.0]]
exercise.case("a code for each image: the images themselves", TWO, [[1.0, 0.0], [0.0, 1.0]], expected=TWO)
exercise.case("codes that say nothing: the mean image", TWO, [[0.5, 0.5], [0.5, 0.5]], expected=[[0.5, 1.0], [0.5, 1.0]])
exercise.case("a rare code that says nothing: the mean image", TWO, [[0.9, 0.1], [0.9, 0.1]], expected=[[0.5, 1.0], [0.5, 1.0]])
exercise.case("by hand: three to one", [[0.0], [4.0]], [[0.75, 0.25], [0.25, 0.75]], expected=[[1.0], [3.0]])
exercise.case("three images, two codes", [[0.0], [3.0], [6.0]], [[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]], expected=[[1.0], [5.0]])
exercise.case("a code that only one image ever gets", [[0.0], [4.0]], [[1.0, 0.0], [0.999, 0.001]],
    expected=[[3.996 / 1.999], [4.0]], edge=True)  # fmt: skip


def _mean(x, weights):
    return weights.T @ x


@exercise.misconception("This sums q(z|x)·x over the images without dividing by their share, the sum of q(z|x) over the images.")
def not_normalised(x, q):
    return _mean(x, q)


@exercise.misconception("Divided by the number of images: of code z they have only the share sum of q(z|x), and that divides.")
def divided_by_images(x, q):
    return _mean(x, q) / len(x)


@exercise.misconception("Each image is given whole to its likeliest code: the weights are soft.")
def hard_codes(x, q):
    hard = (q == q.amax(1, keepdim=True)).to(x)
    return _mean(x, hard) / hard.sum(0)[:, None].clamp(min=1e-9)


@exercise.misconception("The mean image, for every code: which code it is makes no difference.")
def overall_mean(x, q):
    return x.mean(0).expand(q.shape[1], -1)


@exercise.misconception("The weights are squared.")
def squared_weights(x, q):
    return _mean(x, q**2) / (q**2).sum(0)[:, None]


@exercise.misconception("Divided by the largest weight: by the sum of the weights.")
def divided_by_largest(x, q):
    return _mean(x, q) / q.amax(0)[:, None]


@exercise.misconception("Upside down: an image weighs most where the code is *un*likely.")
def complement(x, q):
    return _mean(x, 1 - q) / (1 - q).sum(0)[:, None].clamp(min=1e-9)


@exercise.steps
def in_steps(x, q):
    weighted = q.T @ x  # the weighted sum of the images
    shares = q.sum(0)  # the share of each code
    column = shares.unsqueeze(1)  # the shares as a column
    return weighted / column  # the mean images
