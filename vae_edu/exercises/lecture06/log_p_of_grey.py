"""06.a: log_p_of_grey."""

import math

import numpy as np
from scipy.stats import norm

from ...reference import probe
from ..exercise import Exercise


def draw_images(rng: np.random.Generator):
    """Grey images in batches of 1 to 6, decoder means that may leave the range from 0 to 1, and a variance."""
    shape = (rng.integers(1, 7), rng.integers(2, 8))
    return rng.uniform(size=shape), rng.normal(0.5, 0.5, size=shape), float(np.exp(rng.normal(-1, 1)))


def probe_images():
    answers = probe("vae-mnist")
    return (
        "64 images of vae-mnist and its means, variance 0.03",
        (answers.x.numpy(), answers.logits.sigmoid().numpy(), 0.03),
        None,
    )


exercise = Exercise(
    "06.a",
    "log_p_of_grey",
    ["x", "g", "variance"],
    oracle=lambda x, g, variance: norm.logpdf(x, g, np.sqrt(variance)).sum(-1),
    draw=draw_images,
    reference=probe_images,
)
LOG_2PI = math.log(2 * math.pi)
exercise.case("two pixels, both right, variance 1: −log 2π", [0.3, 0.7], [0.3, 0.7], 1.0, expected=-LOG_2PI)
exercise.case("one pixel off by 1, variance ½", [1.0], [0.0], 0.5, expected=-0.5 * math.log(math.pi) - 1)
exercise.case("variance 1/2π: the constant is 0", [0.0, 0.0], [1.0, 2.0], 0.5 / math.pi, expected=-5 * math.pi)
exercise.case("two images", [[0.0], [0.0]], [[0.0], [2.0]], 1.0, expected=[-0.5 * LOG_2PI, -0.5 * LOG_2PI - 2])
exercise.case(
    "two dimensions in front", [[[0.0], [0.0]]], [[[0.0], [2.0]]], 1.0, expected=[[-0.5 * LOG_2PI, -0.5 * LOG_2PI - 2]], edge=True
)
exercise.always("70 images of 64 pixels", lambda rng: (rng.uniform(size=(70, 64)), rng.uniform(size=(70, 64)), 0.03))


def weighted(x, g, variance):
    return ((x - g) ** 2).sum(-1) / (2 * variance)


def constant(x, variance):
    return -0.5 * x.shape[-1] * math.log(2 * math.pi * variance)


@exercise.misconception("The constant −½ log(2πv) of each pixel is missing: without it this is no density.")
def no_constant(x, g, variance):
    return -weighted(x, g, variance)


@exercise.misconception("The constant is there once: each pixel has its own −½ log(2πv).")
def constant_once(x, g, variance):
    return -0.5 * math.log(2 * math.pi * variance) - weighted(x, g, variance)


@exercise.misconception("This averages over the pixels; log densities of independent pixels add up.")
def averaged(x, g, variance):
    return (constant(x, variance) - weighted(x, g, variance)) / x.shape[-1]


@exercise.misconception("variance is taken for a standard deviation and squared.")
def squared(x, g, variance):
    return constant(x, variance**2) - weighted(x, g, variance**2)


@exercise.misconception("The weight of the squared error is 1/(2v), not 1/v.")
def no_half(x, g, variance):
    return constant(x, variance) - 2 * weighted(x, g, variance)


@exercise.misconception("The sign: this is the loss, −log p; asked is log p, which a larger error makes smaller.")
def sign_flipped(x, g, variance):
    return weighted(x, g, variance) - constant(x, variance)


@exercise.misconception("One number for the whole batch: the sum runs over the pixels, the last dimension.")
def one_number(x, g, variance):
    return (constant(x, variance) - weighted(x, g, variance)).sum()


@exercise.steps
def in_steps(x, g, variance):
    error = ((x - g) ** 2).sum(-1)  # the squared error
    log_constant = -0.5 * x.shape[-1] * math.log(2 * math.pi * variance)  # the constant of all pixels
    return log_constant - error / (2 * variance)  # the weighted error


exercise.instead(
    "return",
    {
        "the log density of each pixel is returned, without the sum over the pixels": lambda x, g, variance: (
            -0.5 * math.log(2 * math.pi * variance) - (x - g) ** 2 / (2 * variance)
        ),
        "the constant is missing, and the squared error has no weight": lambda error: -error,
    },
)
exercise.instead(
    "log_constant",
    {"the constant of all pixels lacks its 2π": lambda x, variance: -0.5 * x.shape[-1] * math.log(variance)},
)
