"""08b.a: parzen_log_density."""

import math

import numpy as np
from scipy.special import logsumexp
from scipy.stats import norm

from ... import densities, evaluation, priors
from ...reference import probe
from ..alternatives import SMALL
from ..exercise import Exercise


def pair_by_pair(x, centres, sigma):
    """SciPy's density of every pixel around every centre, one image at a time, added in logarithms."""
    with np.errstate(all="ignore"):
        scores = [[norm.logpdf(image, centre, sigma).sum() for centre in centres] for image in x]
        return logsumexp(np.array(scores), axis=1, b=1 / len(centres))


def draw_windows(rng: np.random.Generator):
    """1 to 6 images, 2 to 6 centres, 2 to 6 pixels."""
    images, centres, pixels = rng.integers(1, 7), rng.integers(2, 7), rng.integers(2, 7)
    return rng.normal(size=(images, pixels)), rng.normal(size=(centres, pixels)), float(rng.uniform(0.4, 1.5))


def probe_windows():
    x, centres = probe("vae-mnist").x[:20].numpy(), probe("vae2d-mnist").x[:30].numpy()
    return "20 images of vae-mnist, 30 of vae2d-mnist as centres", (x, centres, 0.2), None


exercise = Exercise(
    "08b.a",
    "parzen_log_density",
    ["x", "centres", "sigma"],
    oracle=pair_by_pair,
    draw=draw_windows,
    reference=probe_windows,
    closed_book=[
        evaluation.parzen_log_density,
        densities.log_normal_components,
        priors.Mixture.log_prob,
        priors.Mixture.component_log_probs,
    ],
)
LN2, LOG_2PI = math.log(2), math.log(2 * math.pi)
exercise.case("an image at the only centre", [[3.0]], [[3.0]], 1.0, expected=[-LOG_2PI / 2])
exercise.case("sigma = 2: half as dense", [[3.0]], [[3.0]], 2.0, expected=[-LOG_2PI / 2 - LN2])
exercise.case("two centres at one place are one", [[1.0]], [[0.0], [0.0]], 1.0, expected=[-LOG_2PI / 2 - 0.5])
exercise.case("by hand: two centres, at distance 0 and 2", [[0.0]], [[0.0], [2.0]], 1.0,
    expected=[-LOG_2PI / 2 - LN2 + math.log(1 + math.exp(-2))])  # fmt: skip
exercise.case("two pixels, sigma = ½", [[1.0, 0.0]], [[0.0, 0.0]], 0.5, expected=[-LOG_2PI + 2 * LN2 - 2])
exercise.case("a corner between two centres: 9 nats below each", [[3.0, 0.0], [0.0, 3.0]], [[0.0, 0.0], [3.0, 3.0]], 1.0,
    expected=[-LOG_2PI - 4.5, -LOG_2PI - 4.5])  # fmt: skip
exercise.case("one image far away, one at the centre", [[100.0], [0.0]], [[0.0]], 1.0,
    expected=[-LOG_2PI / 2 - 5000, -LOG_2PI / 2], edge=True)  # fmt: skip
exercise.always("6 images far from all centres, 784 pixels", lambda rng: (
    rng.uniform(size=(6, 784)), rng.uniform(size=(9, 784)), 0.05))  # fmt: skip
exercise.always(
    "70 images, 40 centres, near and far", lambda rng: (2.5 * rng.normal(size=(70, 4)), rng.normal(size=(40, 4)), 0.5)
)


def _squares(x, centres):
    return (x.unsqueeze(1) - centres) ** 2


def _constant(x, sigma):
    return 0.5 * x.shape[1] * math.log(2 * math.pi * sigma**2)


def _scores(x, centres, sigma):
    """log N(x; centre, sigma² I): (n, N)."""
    return -0.5 * _squares(x, centres).sum(-1) / sigma**2 - _constant(x, sigma)


@exercise.misconception(
    "Right, until exp underflows: far from every centre it gives 0, and the log of that −inf. Stay in logarithms."
)
def exp_then_log(x, centres, sigma):
    return _scores(x, centres, sigma).exp().mean(1).log()


@exercise.misconception(
    "Exp is taken of the distances before the log, and underflows: that the constant is added outside does not help."
)
def constant_outside(x, centres, sigma):
    return (-0.5 * _squares(x, centres).sum(-1) / sigma**2).exp().mean(1).log() - _constant(x, sigma)


@exercise.misconception(
    "1/N is forgotten: each of the N centres has an equal share of the density, or it does not integrate to one."
)
def n_forgotten(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1)


@exercise.misconception("sigma is taken for the variance: it is the standard deviation, in the exponent and in the constant.")
def sigma_for_variance(x, centres, sigma):
    return _scores(x, centres, sigma**0.5).logsumexp(1) - math.log(len(centres))


@exercise.misconception("In the exponent sigma is not squared: the distance is divided by the variance.")
def sigma_for_variance_in_exponent(x, centres, sigma):
    exponent = -0.5 * _squares(x, centres).sum(-1) / sigma
    return exponent.logsumexp(1) - _constant(x, sigma) - math.log(len(centres))


@exercise.misconception(
    "The constant of the Gaussian is forgotten: without it this is no density, and sigmas cannot be compared."
)
def constant_forgotten(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1) + _constant(x, sigma) - math.log(len(centres))


@exercise.misconception("The constant is that of one pixel: each pixel has a Gaussian of its own, and a constant.")
def constant_of_one_pixel(x, centres, sigma):
    constant = _constant(x, sigma)
    return _scores(x, centres, sigma).logsumexp(1) + constant - constant / x.shape[1] - math.log(len(centres))


@exercise.misconception("In the constant log sigma is forgotten: a wider Gaussian is lower.")
def constant_without_sigma(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1) + x.shape[1] * math.log(sigma) - math.log(len(centres))


@exercise.misconception("In the constant log sigma counts once, not for each pixel.")
def one_sigma_in_constant(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1) + (x.shape[1] - 1) * math.log(sigma) - math.log(len(centres))


@exercise.misconception("The sum runs over the images: for each image, sum over the centres.")
def over_the_images(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(0) - math.log(len(centres))


@exercise.misconception("Only the nearest centre: the others add to the density too.")
def nearest_alone(x, centres, sigma):
    return _scores(x, centres, sigma).amax(1) - math.log(len(centres))


@exercise.misconception(
    "The mean of the log densities is not the log of the mean density: first the mean over the centres, then the log."
)
def mean_of_logs(x, centres, sigma):
    return _scores(x, centres, sigma).mean(1)


@exercise.misconception("The ½ in the exponent is missing.")
def half_missing(x, centres, sigma):
    exponent = -_squares(x, centres).sum(-1) / sigma**2
    return exponent.logsumexp(1) - _constant(x, sigma) - math.log(len(centres))


@exercise.misconception("The images are added up to one number: each image has its own log density.")
def sum_over_images(x, centres, sigma):
    return (_scores(x, centres, sigma).logsumexp(1) - math.log(len(centres))).sum()


@exercise.misconception("The images are averaged to one number: that comes later, here each image has its own log density.")
def mean_over_images(x, centres, sigma):
    return (_scores(x, centres, sigma).logsumexp(1) - math.log(len(centres))).mean()


@exercise.misconception("The distance itself is in the exponent: its square belongs there.")
def distance_not_squared(x, centres, sigma):
    exponent = -0.5 * _squares(x, centres).sum(-1).sqrt() / sigma**2
    return exponent.logsumexp(1) - _constant(x, sigma) - math.log(len(centres))


@exercise.misconception("log N is added: the more centres there are, the smaller the share of each.")
def log_n_added(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1) + math.log(len(centres))


@exercise.misconception("The constant has the wrong sign: a wider Gaussian is lower.")
def constant_added(x, centres, sigma):
    return _scores(x, centres, sigma).logsumexp(1) + 2 * _constant(x, sigma) - math.log(len(centres))


@exercise.misconception(
    "The squares are averaged over the pixels: the log densities of the pixels add up, and so do their squares."
)
def mean_over_pixels(x, centres, sigma):
    exponent = -0.5 * _squares(x, centres).mean(-1) / sigma**2
    return exponent.logsumexp(1) - _constant(x, sigma) - math.log(len(centres))


@exercise.misconception(
    "Every pixel chooses a centre by itself, and the pixels are added up after it: but a centre is a whole image."
)
def pixel_by_pixel(x, centres, sigma):
    pixels = -0.5 * _squares(x, centres) / sigma**2 - 0.5 * math.log(2 * math.pi * sigma**2)
    return (pixels.logsumexp(1) - math.log(len(centres))).sum(-1)


@exercise.steps
def in_steps(x, centres, sigma):
    squares = (x.unsqueeze(1) - centres) ** 2  # the square in each pixel
    distance = squares.sum(-1)  # the squared distance
    variance = sigma**2  # the variance
    exponent = -0.5 * distance / variance  # the exponent
    total = exponent.logsumexp(1)  # the log of the sum over the centres
    pixels = x.shape[1]  # the number of pixels
    log_one = math.log(2 * math.pi * variance)  # the log in the constant
    constant = 0.5 * pixels * log_one  # the constant
    number = len(centres)  # the number of centres
    log_n = math.log(number)  # the term log N
    return total - constant - log_n  # the log density


exercise.instead(
    "total",
    {
        "the nearest centre alone is taken": lambda exponent: exponent.amax(1),
        "the nearest centre alone is taken, without its share 1/N": lambda exponent, centres: (
            exponent.amax(1) + math.log(len(centres))
        ),
        "the farthest centre alone is taken": lambda exponent: exponent.amin(1),
        "the mean of the exponents stands for the log of the sum": lambda exponent: exponent.mean(1),
        "the first centre alone is taken": lambda exponent: exponent[:, 0],
        "the mean of the centres stands for all of them": lambda x, centres, variance: (
            -0.5 * ((x - centres.mean(0)) ** 2).sum(-1) / variance + math.log(len(centres))
        ),
    },
)
exercise.instead(
    "total",
    {
        f"exp is taken before the log, with a small constant, {c:g}, inside": lambda exponent, centres, c=c: (
            (exponent.exp().mean(1) + c).log() + math.log(len(centres))
        )
        for c in SMALL
    },
)
exercise.instead(
    "return",
    {
        "the density is returned, not its log": lambda total, constant, log_n: (total - constant - log_n).exp(),
        "minus the log density is returned": lambda total, constant, log_n: constant + log_n - total,
        "the log density is divided by the number of pixels": lambda total, constant, log_n, pixels: (
            (total - constant - log_n) / pixels
        ),
        "log N is multiplied by the number of pixels": lambda total, constant, log_n, pixels: total - constant - pixels * log_n,
    },
)
exercise.instead(
    "return",
    {
        f"the log is taken of a density, with a small constant, {c:g}, inside": lambda exponent, constant, c=c: (
            (exponent - constant).exp().mean(1) + c
        ).log()
        for c in SMALL
    },
)
