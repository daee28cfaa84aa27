"""00.b: nearest_distance."""

import numpy as np
import torch
from scipy.spatial.distance import cdist

from ...reference import probe
from ..exercise import Exercise


def draw_points(rng: np.random.Generator):
    """1 to 6 points and 2 to 7 images of 2 to 5 pixels."""
    n, m, pixels = rng.integers(1, 7), rng.integers(2, 8), rng.integers(2, 6)
    return rng.uniform(size=(n, pixels)), rng.uniform(size=(m, pixels))


def probe_points():
    x = probe("vae-mnist").x.numpy()
    return "24 images of vae-mnist and 40 others", (x[:24], x[24:]), None


exercise = Exercise(
    "00.b",
    "nearest_distance",
    ["x", "images"],
    oracle=lambda x, images: cdist(x, images).min(1),
    draw=draw_points,
    reference=probe_points,
    unit="",
)
exercise.case("by hand: 3 one way, 4 the other", [[0.0, 0.0]], [[3.0, 4.0]], expected=[5.0])
exercise.case("two of x, three images", [[0.0, 0.0], [10.0, 0.0]], [[3.0, 4.0], [0.0, 1.0], [10.0, 2.0]], expected=[1.0, 2.0])
exercise.case("as many of x as images", [[0.0], [5.0]], [[4.0], [9.0]], expected=[4.0, 1.0])
exercise.case("three of x, a single image", [[0.0], [2.0], [-3.0]], [[1.0]], expected=[1.0, 1.0, 4.0])
exercise.case("one that is among the images", [[0.5, 0.25]], [[1.0, 0.0], [0.5, 0.25]], expected=[0.0])
exercise.always("70 of x, 90 images of 30 pixels", lambda rng: (rng.uniform(size=(70, 30)), rng.uniform(size=(90, 30))))


def _distances(x, images):
    return ((x[:, None] - images) ** 2).sum(-1).sqrt()


@exercise.misconception("These are squared distances: the root over the sum is missing.")
def root_forgotten(x, images):
    return (_distances(x, images) ** 2).amin(1)


@exercise.misconception(
    "The minimum runs along x: that is one number for each of `images`. For each row of x, run along the images."
)
def along_x(x, images):
    return _distances(x, images).amin(0)


@exercise.misconception("This is the average distance to all images: only the nearest one counts.")
def averaged(x, images):
    return _distances(x, images).mean(1)


@exercise.misconception("This is the distance to the farthest image: the nearest has the smallest.")
def farthest(x, images):
    return _distances(x, images).amax(1)


@exercise.misconception("This is the number of the nearest image (argmin): asked for is how far away it is.")
def index_of_nearest(x, images):
    return _distances(x, images).argmin(1)


@exercise.misconception("A mean over the pixels stands under the root: in a Euclidean distance, their squares add up.")
def mean_under_the_root(x, images):
    return ((x[:, None] - images) ** 2).mean(-1).sqrt().amin(1)


@exercise.misconception(
    "These are sums of absolute differences, as one walks in a city: the Euclidean distance squares them, and takes a root."
)
def city_blocks(x, images):
    return (x[:, None] - images).abs().sum(-1).amin(1)


@exercise.steps
def in_steps(x, images):
    difference = x.unsqueeze(1) - images  # the difference of each pair
    squares = difference**2  # the squared difference of each pixel
    total = squares.sum(-1)  # the squared distance of each pair
    distances = total.sqrt()  # the distance of each pair
    return distances.amin(1)  # the least over the images


exercise.instead(
    "return",
    {
        "the least over everything is taken, one number for all": lambda distances: distances.min(),
        "the sum over the images stands where the least belongs": lambda distances: distances.sum(1),
        "the median over the images stands where the least belongs": lambda distances: distances.median(1).values,
        "the second nearest image is taken": lambda distances: distances.sort(1).values[:, min(1, distances.shape[1] - 1)],
        "the distance to the first image alone is taken": lambda distances: distances[:, 0],
        "the distance to the last image alone is taken": lambda distances: distances[:, -1],
        "the distance to the mean of the images is taken": lambda x, images: (x - images.mean(0)).norm(dim=1),
        "the minimum keeps its dimension": lambda distances: distances.amin(1, True),
        "the distance of each pair is returned, without a minimum": lambda distances: distances,
    },
)
exercise.instead(
    "distances",
    {
        "a mean of squares, without its root, stands for the distance": lambda squares: squares.mean(-1),
        "the largest difference of a pixel stands for the distance": lambda difference: difference.abs().amax(-1),
        "one minus the cosine stands for the distance": lambda x, images: (
            1 - torch.nn.functional.cosine_similarity(x.unsqueeze(1), images, dim=-1)
        ),
    },
)
