"""ps8.5: higgins_points."""

import numpy as np

from ...disentanglement import higgins_score
from ...reference import probe
from ..exercise import Exercise


def point_by_point(codes, first, second):
    """NumPy, a point at a time; constant latents are left at 0."""
    centred = codes - np.mean(codes, axis=0)
    scale = np.linalg.norm(centred, axis=0) / np.sqrt(len(codes))
    unit = np.divide(centred, scale, out=np.zeros_like(codes), where=scale > 0)
    pairs = zip(first.astype(int), second.astype(int))
    return np.stack([np.abs(unit[a] - unit[b]).mean(0) for a, b in pairs])


def draw_pairs(rng: np.random.Generator):
    """6 to 12 images with 2 to 4 latents of different scales, 2 to 5 points of 2 to 6 pairs."""
    images, latents = rng.integers(6, 13), rng.integers(2, 5)
    codes = rng.normal(size=(images, latents)) * rng.uniform(0.1, 10, size=latents) + rng.normal(size=latents)
    first, second = rng.integers(0, images, size=(2, rng.integers(2, 6), rng.integers(2, 7))).astype(float)
    return codes, first, second


def probe_pairs():
    rng = np.random.default_rng(8)
    first, second = rng.integers(0, 64, size=(2, 20, 8)).astype(float)
    return (
        "20 points from the three used latents of betavae4-sprites",
        (probe("betavae4-sprites").mu[:, [3, 6, 8]].numpy(), first, second),
        None,
    )


exercise = Exercise(
    "ps8.5",
    "higgins_points",
    ["codes", "first", "second"],
    oracle=point_by_point,
    draw=draw_pairs,
    reference=probe_pairs,
    closed_book=[higgins_score],
    unit="",
    item="point",
)
exercise.case("codes −1 and 1 have deviation 1: their distance is 2", [[-1.0], [1.0]], [[0.0]], [[1.0]], expected=[[2.0]])
exercise.case("larger codes, the same distance: standardised", [[-10.0], [10.0]], [[0.0]], [[1.0]], expected=[[2.0]])
exercise.case("another mean, the same distance", [[99.0], [101.0]], [[1.0]], [[0.0]], expected=[[2.0]])
exercise.case("two latents on two scales", [[-1.0, 0.0], [1.0, 300.0]], [[0.0]], [[1.0]], expected=[[2.0, 2.0]])
exercise.case("two pairs: the mean of 2 and 0", [[-1.0], [1.0]], [[0.0, 1.0]], [[1.0, 1.0]], expected=[[1.0]])
exercise.case(
    "absolute first, then the mean: 2 and −2 give 2, not 0", [[-1.0], [1.0]], [[0.0, 1.0]], [[1.0, 0.0]], expected=[[2.0]]
)
exercise.case("two points", [[-1.0], [1.0], [-1.0], [1.0]], [[0.0], [2.0]], [[2.0], [3.0]], expected=[[0.0], [2.0]])
exercise.case("deviation over all four images, not over the pair", [[-2.0], [2.0], [0.0], [0.0]], [[0.0]], [[2.0]],
    expected=[[2.0**0.5]])  # fmt: skip
exercise.case("an image with itself", [[-1.0], [1.0]], [[0.0]], [[0.0]], expected=[[0.0]], edge=True)
exercise.case(
    "a latent that says nothing: 0, not NaN", [[-1.0, 3.0], [1.0, 3.0]], [[0.0]], [[1.0]], expected=[[2.0, 0.0]], edge=True
)
exercise.always("80 images, 70 points of 20 pairs", lambda rng: (
    rng.normal(size=(80, 6)) * 5 + 3, *rng.integers(0, 80, size=(2, 70, 20)).astype(float)))  # fmt: skip


def _of(codes, first, second, scale=None):
    """Differences (points, pairs, latents) of codes divided by something."""
    scale = codes.std(0, correction=0) if scale is None else scale
    unit = (codes - codes.mean(0)) / (scale + (scale == 0))
    return unit[first.long()] - unit[second.long()]


@exercise.misconception("The mean is taken before the absolute value: differences of both signs cancel.")
def mean_first(codes, first, second):
    return _of(codes, first, second).mean(1).abs()


@exercise.misconception("The codes are not standardised: the latent with the largest scale then decides.")
def not_standardised(codes, first, second):
    return _of(codes, first, second, codes.new_ones(codes.shape[1])).abs().mean(1)


@exercise.misconception("Divided by the variance: by the standard deviation.")
def by_the_variance(codes, first, second):
    return _of(codes, first, second, codes.var(0, correction=0)).abs().mean(1)


@exercise.misconception("The standard deviation has n − 1 here (torch's default): over all images it has n, correction=0.")
def bessel(codes, first, second):
    return _of(codes, first, second, codes.std(0)).abs().mean(1)


@exercise.misconception("One deviation for all latents: each has its own.")
def one_deviation(codes, first, second):
    return _of(codes, first, second, codes.std(correction=0).expand(codes.shape[1])).abs().mean(1)


@exercise.misconception("The differences are squared: their absolute values are averaged.")
def squared(codes, first, second):
    return (_of(codes, first, second) ** 2).mean(1)


@exercise.misconception("Summed over the pairs: their mean is asked for.")
def summed(codes, first, second):
    return _of(codes, first, second).abs().sum(1)


@exercise.misconception("Averaged over the latents, not over the pairs: each latent keeps its place.")
def over_latents(codes, first, second):
    return _of(codes, first, second).abs().mean(-1)[:, :1].expand(-1, codes.shape[1])


@exercise.misconception("No absolute value: a difference has no direction here.")
def signed(codes, first, second):
    return _of(codes, first, second).mean(1)


@exercise.misconception("The largest of the pairs is taken: their mean is asked for.")
def largest(codes, first, second):
    return _of(codes, first, second).abs().amax(1)


@exercise.misconception("The codes are scaled to lie between 0 and 1: they are divided by their standard deviation.")
def by_the_range(codes, first, second):
    return _of(codes, first, second, codes.amax(0) - codes.amin(0)).abs().mean(1)


@exercise.misconception("The *differences* are standardised: the codes are, before any pair is taken.")
def differences_standardised(codes, first, second):
    found = _of(codes, first, second, codes.new_ones(codes.shape[1])).abs().mean(1)
    scale = found.std(0, correction=0)
    return found / (scale + (scale == 0))


@exercise.misconception("Standardised within each image: each *latent* is, over all images.")
def within_an_image(codes, first, second):
    unit = (codes - codes.mean(1, keepdim=True)) / codes.std(1, correction=0, keepdim=True).clamp(min=1e-12)
    return (unit[first.long()] - unit[second.long()]).abs().mean(1)


@exercise.misconception("The products of the two codes are averaged: their differences are asked for.")
def products(codes, first, second):
    scale = codes.std(0, correction=0)
    unit = (codes - codes.mean(0)) / (scale + (scale == 0))
    return (unit[first.long()] * unit[second.long()]).mean(1)


@exercise.steps
def in_steps(codes, first, second):
    centred = codes - codes.mean(0)  # the centred codes
    variance = (centred**2).mean(0)  # the variance of each latent
    scale = variance.sqrt()  # the standard deviation of each latent
    unit = centred / (scale + (scale == 0).double())  # the standardised codes
    one = unit[first.long()]  # the codes of the first images
    other = unit[second.long()]  # the codes of the second images
    differences = (one - other).abs()  # the absolute differences
    return differences.mean(1)  # the mean over the pairs
