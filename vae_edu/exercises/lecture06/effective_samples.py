"""06.b: effective_samples."""

import math

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def from_the_largest(log_weights):
    """(sum w)^2 / sum w^2 with the weights divided by the largest, which cancels."""
    w = np.exp(log_weights - log_weights.max(0))
    return w.sum(0) ** 2 / (w * w).sum(0)


def draw_weights(rng: np.random.Generator):
    """Log weights of 2 to 9 samples for 1 to 6 images."""
    return (rng.normal(scale=2, size=(rng.integers(2, 10), rng.integers(1, 7))) - 20,)


def probe_weights():
    return "64 images of vae-mnist, 16 samples each", (probe("vae-mnist").log_weights.numpy(),), None


exercise = Exercise(
    "06.b",
    "effective_samples",
    ["log_weights"],
    oracle=from_the_largest,
    draw=draw_weights,
    reference=probe_weights,
    unit="samples",
)
exercise.case("three equal weights", [-5.0, -5.0, -5.0], expected=3.0)
exercise.case("weights 1 and 3: 16/10", [0.0, math.log(3)], expected=1.6)
exercise.case("one weight dwarfs the other", [0.0, -80.0], expected=1.0)
exercise.case("two images", [[0.0, 0.0], [0.0, math.log(3)]], expected=[2.0, 1.6])
exercise.case("the same near −1000, where exp is 0 to the computer", [-1000.0, math.log(3) - 1000], expected=1.6)
exercise.case("one weight, e²⁰⁰⁰ times the other", [0.0, -2000.0], expected=1.0, edge=True)
exercise.case(
    "two images, near 1000 and near −1000", [[1000.0, -1000.0], [1000.0, math.log(3) - 1000]], expected=[2.0, 1.6], edge=True
)
exercise.case("two dimensions behind", [[[0.0, 0.0]], [[0.0, math.log(3)]]], expected=[[2.0, 1.6]], edge=True)
exercise.always("70 images near −1000", lambda rng: (rng.normal(scale=2, size=(11, 70)) - 1000,))


@exercise.misconception(
    "exp(−1000) is 0 to the computer, and 0/0 is no number: a common factor cancels, so take it out first (softmax)."
)
def exponentials_first(log_weights):
    w = log_weights.exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


@exercise.misconception("The largest of the whole batch is taken out, and images far below it underflow: each image has its own.")
def largest_of_the_batch(log_weights):
    w = (log_weights - log_weights.max()).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


@exercise.misconception("Upside down: the squared sum is divided by the sum of squares.")
def inverted(log_weights):
    return (log_weights.softmax(0) ** 2).sum(0)


@exercise.misconception("The logarithms are taken for the weights themselves.")
def logs_as_weights(log_weights):
    return log_weights.sum(0) ** 2 / (log_weights**2).sum(0)


@exercise.misconception("The squares are missing: the sum of normalised weights is always 1.")
def not_squared(log_weights):
    return 1 / log_weights.softmax(0).sum(0)


@exercise.misconception("A square root too many: this is the length of the weights, and S equal ones give √S.")
def rooted(log_weights):
    return log_weights.softmax(0).norm(dim=0) ** -1


@exercise.misconception("Summed over the last dimension, the images: the samples are the first.")
def over_the_images(log_weights):
    return 1 / (log_weights.softmax(-1) ** 2).sum(-1)


@exercise.misconception("This counts by the largest weight alone, 1/max; here all weights count, by their squares.")
def by_the_largest(log_weights):
    return 1 / log_weights.softmax(0).amax(0)


@exercise.misconception("This is the exponential of the weights' entropy, another measure of the same thing; asked is (Σw)²/Σw².")
def perplexity(log_weights):
    return (-(log_weights.softmax(0) * log_weights.log_softmax(0)).sum(0)).exp()


@exercise.steps
def in_steps(log_weights):
    share = log_weights.softmax(0)  # the normalised weights
    squares = (share**2).sum(0)  # the sum of their squares
    return 1 / squares  # the inverse


exercise.instead(
    "return",
    {"the number is divided by the number of samples": lambda log_weights, squares: 1 / squares / len(log_weights)},
)
exercise.instead("share", {"the images are normalised, not the samples": lambda log_weights: log_weights.softmax(-1)})
