"""ps6.7: swap_loss."""

import functools

import numpy as np
import torch

from ... import evaluation, reference
from ...reference import probe
from ..exercise import Exercise


def image_by_image(log_p):
    losses = []
    for i, row in enumerate(log_p):
        others = [value for j, value in enumerate(row) if j != i]
        losses.append(row[i] - sum(others) / len(others))
    return np.array(losses)


def draw_matrix(rng: np.random.Generator):
    """2 to 8 images."""
    m = int(rng.integers(2, 9))
    return (-rng.uniform(10, 60) + 5 * rng.normal(size=(m, m)) + rng.uniform(2, 20) * np.eye(m),)


@functools.cache
@torch.no_grad()
def probe_matrix():
    """log p(x_i|z_j) of all pairs, one pass of the decoder for each way to shift the codes."""
    a, model = probe("pixelvae-map-digits"), reference.load("pixelvae-map-digits").double()
    z = a.z[0]
    shifted = torch.stack([model.log_likelihood(a.x, z.roll(-k, 0)) for k in range(64)])  # [k, i]: of code i + k
    rows = torch.arange(64)
    matrix = torch.empty(64, 64, dtype=torch.float64)
    for k in range(64):
        matrix[rows, (rows + k) % 64] = shifted[k]
    return (
        "64 images of pixelvae-map-digits, each with all 64 codes",
        (matrix.numpy(),),
        ((shifted[0] - shifted[1:].mean(0)).numpy(),),
    )


exercise = Exercise(
    "ps6.7",
    "swap_loss",
    ["log_p"],
    oracle=image_by_image,
    draw=draw_matrix,
    reference=probe_matrix,
    closed_book=[evaluation.swap_loss],
)
exercise.case("a decoder that does not listen: 0", [[-5.0, -5.0], [-7.0, -7.0]], expected=[0.0, 0.0])
exercise.case("two images: the other's code", [[-5.0, -9.0], [-8.0, -7.0]], expected=[4.0, 1.0])
exercise.case("rows are images, columns are codes", [[0.0, -10.0], [-2.0, 0.0]], expected=[10.0, 2.0])
exercise.case("three images: the mean over the two others", [[-1.0, -3.0, -7.0], [-9.0, -2.0, -4.0], [-6.0, -6.0, -3.0]],
    expected=[4.0, 4.5, 3.0])  # fmt: skip
exercise.case("another's code may be the better one", [[-5.0, -4.0], [-8.0, -8.0]], expected=[-1.0, 0.0])
exercise.always("70 images", lambda rng: (-300 + 40 * rng.normal(size=(70, 70)) + 100 * np.eye(70),))


def _others(log_p):
    return (log_p.sum(1) - log_p.diagonal()) / (len(log_p) - 1)


@exercise.misconception("The image's own code is in the mean: only the codes of all *other* images are.")
def own_in_the_mean(log_p):
    return log_p.diagonal() - log_p.mean(1)


@exercise.misconception("The others are added up without their own code, but divided by M: there are M − 1 of them.")
def divided_by_all(log_p):
    return log_p.diagonal() - (log_p.sum(1) - log_p.diagonal()) / len(log_p)


@exercise.misconception("The mean runs over the images that get this code: it runs over the codes that this image gets (a row).")
def down_the_columns(log_p):
    return log_p.diagonal() - _others(log_p.T)


@exercise.misconception("The sign: it is a loss, positive where the own code is the better one.")
def negative(log_p):
    return _others(log_p) - log_p.diagonal()


@exercise.misconception("One other image's code is taken: the mean over all of them is asked for.")
def neighbour(log_p):
    return log_p.diagonal() - log_p.roll(1, 1).diagonal()


@exercise.misconception("The log of the mean probability is taken: the *logarithms* are averaged over the other codes.")
def log_of_the_mean(log_p):
    others = log_p.masked_fill(torch.eye(len(log_p), dtype=torch.bool), -torch.inf)
    return log_p.diagonal() - others.logsumexp(1) + float(np.log(len(log_p) - 1))


@exercise.misconception("Summed over the other codes: it is their mean.")
def summed(log_p):
    return (log_p.diagonal()[:, None] - log_p).sum(1)


@exercise.misconception("The best of the other codes is taken: the mean over all of them is asked for.")
def best_other(log_p):
    others = log_p.masked_fill(torch.eye(len(log_p), dtype=torch.bool), -torch.inf)
    return log_p.diagonal() - others.amax(1)


@exercise.misconception("This is the mean over the images: one number for each image is asked for.")
def averaged(log_p):
    return (log_p.diagonal() - _others(log_p)).mean()


@exercise.steps
def in_steps(log_p):
    own = log_p.diagonal()  # each image with its own code
    total = log_p.sum(1)  # the sum over all codes
    rest = total - own  # the sum over the others
    number = len(log_p) - 1  # the number of the others
    others = rest / number  # the mean over the others
    return own - others  # the loss of each image
