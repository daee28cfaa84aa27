"""10.b: paired_difference."""

import functools
import math

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..exercise import Exercise


def leave_one_out(a, b):
    """The jackknife: how much the mean difference varies when one image after another is left out."""
    n, mean = len(a), np.mean(a) - np.mean(b)
    without = np.array([np.mean(np.delete(a, i)) - np.mean(np.delete(b, i)) for i in range(n)])
    return mean, np.sqrt((n - 1) * np.mean((without - np.mean(without)) ** 2))


def draw_models(rng: np.random.Generator):
    """2 to 9 images, easy and hard ones, under two models that differ by less."""
    images = rng.normal(-90, 12, size=rng.integers(2, 10))
    return images + rng.normal(0.7, 2, size=images.shape), images + rng.normal(scale=2, size=images.shape)


@functools.cache
def _bounds():
    """Of vae-mnist's 64 probe images, under vampprior-mnist and under vae-mnist, with the same 16 samples of noise."""
    a, other = probe("vae-mnist"), reference.load("vampprior-mnist").double()
    weights = other.answers(a.x, a.noise)["log_weights"], a.log_weights
    return tuple((w.logsumexp(0) - math.log(len(w))).numpy() for w in weights)


def probe_models():
    return "64 images of vae-mnist: its prior against the VampPrior's, 16 samples", _bounds(), None


exercise = Exercise(
    "10.b",
    "paired_difference",
    ["a", "b"],
    oracle=leave_one_out,
    draw=draw_models,
    reference=probe_models,
)
exercise.case("two images, better by 1 and by 3", [1.0, 3.0], [0.0, 0.0], expected=(2.0, 1.0))
exercise.case("better by 1 on every image, easy or hard: no error", [-80.0, -100.0, -90.0], [-81.0, -101.0, -91.0],
    expected=(1.0, 0.0))  # fmt: skip
exercise.case("the second model is better", [-95.0, -92.0], [-91.0, -90.0], expected=(-3.0, 1.0))
exercise.case("four images, better on the last alone", [-90.0, -80.0, -70.0, -56.0], [-90.0, -80.0, -70.0, -60.0],
    expected=(1.0, 1.0))  # fmt: skip
exercise.case("an easy image and a hard one, better by 2 and worse by 2", [-50.0, -150.0], [-52.0, -148.0], expected=(0.0, 2.0))
exercise.case("three images, better by 1, 2, 3", [-9.0, -18.0, -27.0], [-10.0, -20.0, -30.0], expected=(2.0, math.sqrt(1 / 3)))
exercise.case("a model against itself", [-80.0, -95.0], [-80.0, -95.0], expected=(0.0, 0.0), edge=True)
exercise.always("200 images", lambda rng: (x := rng.normal(-90, 12, size=200), x + rng.normal(-0.3, 1.5, size=200)))


def _error(values):
    return values.std() / math.sqrt(len(values))


@exercise.misconception(
    "These are the errors of two *independent* samples, added as squares: the images are the same, so take the differences first."
)
def unpaired(a, b):
    return (a - b).mean(), (_error(a) ** 2 + _error(b) ** 2).sqrt()


@exercise.misconception("The two models' errors are added up: the images are the same, so take the differences first.")
def errors_added(a, b):
    return (a - b).mean(), _error(a) + _error(b)


@exercise.misconception("The two models' errors are subtracted: the error is that of the differences, image by image.")
def errors_subtracted(a, b):
    return (a - b).mean(), _error(a) - _error(b)


@exercise.misconception("This is the error of the first model alone: the error is that of the differences, image by image.")
def error_of_a(a, b):
    return (a - b).mean(), _error(a)


@exercise.misconception("This is the error of the second model alone: the error is that of the differences, image by image.")
def error_of_b(a, b):
    return (a - b).mean(), _error(b)


@exercise.misconception(
    "This is how far single images differ, the standard deviation: the error of their mean falls with the number of images."
)
def deviation(a, b):
    return (a - b).mean(), (a - b).std()


@exercise.misconception("The standard deviation is divided by n: an error falls with the root of the number of images.")
def divided_by_n(a, b):
    return (a - b).mean(), (a - b).std() / len(a)


@exercise.misconception("n − 1 is counted twice: it is in the standard deviation already, and then the root of n divides.")
def root_of_n_minus_one(a, b):
    return (a - b).mean(), (a - b).std() / math.sqrt(len(a) - 1)


@exercise.misconception("The standard deviation divides by n: the mean was estimated from the same images, so use n − 1.")
def n_for_n_minus_one(a, b):
    return (a - b).mean(), (a - b).std(correction=0) / math.sqrt(len(a))


@exercise.misconception("b − a: the difference is positive where the *first* model is better.")
def sign_turned(a, b):
    return (b - a).mean(), _error(a - b)


@exercise.misconception("This is the variance of the differences: the error is a standard deviation, of their mean.")
def variance(a, b):
    return (a - b).mean(), (a - b).var()


@exercise.misconception("This is the variance of the mean difference: its root is the error.")
def variance_of_the_mean(a, b):
    return (a - b).mean(), (a - b).var() / len(a)


@exercise.misconception("The variance is divided by the root of n: it is its root, the standard deviation, that is so divided.")
def variance_over_root(a, b):
    return (a - b).mean(), (a - b).var() / math.sqrt(len(a))


@exercise.misconception("Absolute differences: an image on which the first model is worse has to count against it.")
def absolute(a, b):
    return (a - b).abs().mean(), _error((a - b).abs())


@exercise.misconception("The median of the differences: their mean is asked for.")
def medians(a, b):
    return (a - b).quantile(0.5), _error(a - b)


@exercise.misconception("The differences are added up: their mean is asked for.")
def summed(a, b):
    return (a - b).sum(), _error(a - b)


@exercise.misconception("Half the width of a 95% interval: the standard error itself is asked for, without 1.96.")
def half_width(a, b):
    return (a - b).mean(), 1.96 * _error(a - b)


@exercise.misconception("The second number is the t statistic, the mean over its error: the error itself is asked for.")
def t_statistic(a, b):
    return (a - b).mean(), (a - b).mean() / _error(a - b)


@exercise.misconception("Mean and error are exchanged.")
def exchanged(a, b):
    return _error(a - b), (a - b).mean()


@exercise.misconception("The difference is returned image by image: the mean over the images is asked for.")
def image_by_image(a, b):
    return a - b, _error(a - b)


@exercise.steps
def in_steps(a, b):
    differences = a - b  # the difference of each image
    images = len(a)  # the number of images
    mean = differences.mean()  # the mean of the differences
    squares = (differences - mean) ** 2  # each squared deviation from their mean
    freedom = images - 1  # the number of images less one
    variance = squares.sum() / freedom  # the variance of the differences
    deviation = variance.sqrt()  # the standard deviation of the differences
    root = math.sqrt(images)  # the root of the number of images
    error = deviation / root  # the standard error
    return mean, error  # mean and error


exercise.instead(
    "differences",
    {
        "the ratio of both stands where the difference belongs": lambda a, b: a / b,
        "the differences are those of the likelihoods, not of their logs": lambda a, b: a.exp() - b.exp(),
        "the difference is divided by the second model's value": lambda a, b: (a - b) / b,
    },
)
exercise.instead(
    "variance",
    {
        "the variances of both are added": lambda a, b: a.var() + b.var(),
        "the variances of both are subtracted": lambda a, b: (a.var() - b.var()).abs(),
        "the variances of both are averaged": lambda a, b: (a.var() + b.var()) / 2,
        "the variance is that of both together, as if they were one sample": lambda a, b: torch.cat([a, b]).var(),
    },
)
exercise.instead(
    "deviation",
    {
        "the mean absolute deviation stands where the standard deviation belongs": lambda differences, mean: (
            (differences - mean).abs().mean()
        ),
        "the range of the differences stands where the standard deviation belongs": lambda differences: (
            differences.max() - differences.min()
        ),
        "the standard deviations of both are averaged": lambda a, b: (a.std() + b.std()) / 2,
        "the standard deviations of both are subtracted": lambda a, b: (a.std() - b.std()).abs(),
        "the standard deviation is that of the sums": lambda a, b: (a + b).std(),
        "both are sorted before their difference is taken, so that images are no longer compared with themselves": lambda a, b: (
            a.sort().values - b.sort().values
        ).std(),
        "the larger of both standard deviations is taken": lambda a, b: a.std().maximum(b.std()),
    },
)
exercise.instead(
    "root",
    {"the root of both models' images is taken, 2n": lambda images: math.sqrt(2 * images)},
)
exercise.instead(
    "return",
    {
        "the first number is the median difference, the lower of the middle two": lambda differences, error: (
            differences.median(),
            error,
        ),
        "the first number is the middle between the least and the largest difference": lambda differences, error: (
            (differences.min() + differences.max()) / 2,
            error,
        ),
        "the first number is the mean of the absolute differences": lambda differences, error: (differences.abs().mean(), error),
        "the error is that of the absolute differences": lambda differences, mean, root: (mean, differences.abs().std() / root),
        "the first number is the mean of the first model alone": lambda a, error: (a.mean(), error),
        "the first number is the mean of the second model alone": lambda b, error: (b.mean(), error),
        "the first number is the share of images on which the first model is better": lambda differences, error: (
            (differences > 0).double().mean(),
            error,
        ),
        "the first number is the log of the ratio of the mean likelihoods": lambda a, b, error: (
            a.logsumexp(0) - b.logsumexp(0),
            error,
        ),
        "the error is a percentage of the mean": lambda mean, error: (mean, 100 * error / mean),
        "the ends of an interval are returned, mean − error and mean + error": lambda mean, error: (mean - error, mean + error),
    },
)
