"""09.a: best_gaussian_prior."""

import math

import numpy as np
import torch

from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar


def least_by_newton(mu, logvar):
    """The Gaussian of least mean cross-entropy, searched for by Newton steps; its 1/std = a and mean/std = b are free.

    The mean KL is that less the entropies, which do not depend on the prior. At Gauss-Hermite nodes z it is the mean of
    (a z − b)² / 2 − log a, which is convex; steps as short as here always lead to the least value.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(3)
    with np.errstate(all="ignore"):
        z = (mu - mu[0])[..., None] + np.exp(logvar / 2)[..., None] * nodes
        mean = lambda values: (values * weights).sum(-1).mean(0) / weights.sum()
        a, b = 1 / np.sqrt(mean(z**2)), np.zeros(mu.shape[1])
        aa, ab = mean(z**2), -mean(z)
        for _ in range(120):
            miss = a[:, None] * z - b[:, None]
            slope_a, slope_b = mean(miss * z) - 1 / a, -mean(miss)
            curve = aa + 1 / a**2
            determinant = curve - ab**2
            step_a, step_b = (slope_a - ab * slope_b) / determinant, (curve * slope_b - ab * slope_a) / determinant
            length = np.sqrt(np.maximum(step_a * slope_a + step_b * slope_b, 0))
            a, b = a - step_a / (1 + length), b - step_b / (1 + length)
        return mu[0] + b / a, 1 / a**2


def draw_posteriors(rng: np.random.Generator):
    """The posteriors of 2 to 7 images, 2 to 5 latents each."""
    shape = rng.integers(2, 8), rng.integers(2, 6)
    return 1.5 * rng.normal(size=shape) + rng.normal(size=shape[1]), rng.normal(size=shape)


def probe_posteriors():
    a = probe("vae-mnist")
    return "64 posteriors of vae-mnist", (a.mu.numpy(), a.logvar.numpy()), None


exercise = Exercise(
    "09.a",
    "best_gaussian_prior",
    ["mu", "logvar"],
    oracle=least_by_newton,
    draw=draw_posteriors,
    reference=probe_posteriors,
    unit="",
    item="latent",
)
LN2, LN3, LN4, LN5 = (math.log(n) for n in (2, 3, 4, 5))
exercise.case("one posterior: the prior is the same", [[1.0, -2.0]], [[0.0, LN4]], expected=([1.0, -2.0], [1.0, 4.0]))
exercise.case("two apart, of variance 1", [[-1.0], [1.0]], [[0.0], [0.0]], expected=([0.0], [2.0]))
exercise.case("in one place, of variances 1 and 3", [[5.0], [5.0]], [[0.0], [LN3]], expected=([5.0], [2.0]))
exercise.case("apart, and of variances 1 and 5", [[0.0], [4.0]], [[0.0], [LN5]], expected=([2.0], [7.0]))
exercise.case("three images", [[0.0], [3.0], [6.0]], [[LN2], [LN2], [LN2]], expected=([3.0], [8.0]))
exercise.case("two latents", [[0.0, 1.0], [2.0, 1.0]], [[0.0, LN2], [0.0, LN4]], expected=([1.0, 1.0], [2.0, 3.0]))
exercise.case("hardly any variance in the posteriors", [[-1.0], [1.0]], [[-30.0], [-30.0]], expected=([0.0], [1.0]), edge=True)
exercise.always("70 images, log-variances from −9 to 5", lambda rng: (rng.normal(size=(70, 4)) + 3, wide_logvar(rng, 70, 4)))


def _spread(mu):
    return mu.var(0, correction=0)


def _within(logvar):
    return logvar.exp().mean(0)


@exercise.misconception(
    "Only the means' variance is counted: each posterior has a variance of its own, which the prior must cover."
)
def means_alone(mu, logvar):
    return mu.mean(0), _spread(mu)


@exercise.misconception("Only the posteriors' own variances are counted: their means lie apart, which the prior must cover too.")
def variances_alone(mu, logvar):
    return mu.mean(0), _within(logvar)


@exercise.misconception("The log-variances are averaged before exp: it is the variances that are averaged.")
def geometric_mean(mu, logvar):
    return mu.mean(0), logvar.mean(0).exp() + _spread(mu)


@exercise.misconception("The log-variances are averaged as if they were variances: exp is missing.")
def without_exp(mu, logvar):
    return mu.mean(0), logvar.mean(0) + _spread(mu)


@exercise.misconception("The standard deviations are averaged, exp(logvar / 2): it is the variances, exp(logvar).")
def mean_deviation(mu, logvar):
    return mu.mean(0), (logvar / 2).exp().mean(0) + _spread(mu)


@exercise.misconception("The variance of the means is divided by n − 1: the mean KL of these n images is least where n divides.")
def n_minus_one(mu, logvar):
    return mu.mean(0), _within(logvar) + mu.var(0)


@exercise.misconception("The second number is the mean of z² here: a variance is counted from the mean.")
def second_moment(mu, logvar):
    return mu.mean(0), (logvar.exp() + mu**2).mean(0)


@exercise.misconception("The mean is left at 0, as in N(0, 1): the best prior has a mean of its own for each latent.")
def mean_zero(mu, logvar):
    return 0 * mu.mean(0), (logvar.exp() + mu**2).mean(0)


@exercise.misconception("The second number is the standard deviation: the variance is asked for.")
def deviation(mu, logvar):
    return mu.mean(0), (_within(logvar) + _spread(mu)).sqrt()


@exercise.misconception("The second number is the log-variance: the variance is asked for.")
def log_variance(mu, logvar):
    return mu.mean(0), (_within(logvar) + _spread(mu)).log()


@exercise.misconception(
    "This is the product of the posteriors, in which precisions add up: the prior has to cover every posterior, as a mean does."
)
def product_of_experts(mu, logvar):
    precision = (-logvar).exp()
    return (precision * mu).sum(0) / precision.sum(0), 1 / precision.sum(0)


@exercise.misconception(
    "This makes the KL least the other way round, from the prior to the posteriors: it is to be that from each posterior."
)
def other_way_round(mu, logvar):
    precision = (-logvar).exp()
    return (precision * mu).sum(0) / precision.sum(0), 1 / precision.mean(0)


@exercise.misconception("The means are weighted by their precisions: every image counts the same in the mean KL.")
def weighted_mean(mu, logvar):
    precision = (-logvar).exp()
    return (precision * mu).sum(0) / precision.sum(0), _within(logvar) + _spread(mu)


@exercise.misconception("Averaged over the latents: the images are the first dimension, and each latent has its own prior.")
def over_the_latents(mu, logvar):
    return mu.mean(1), logvar.exp().mean(1) + mu.var(1, correction=0)


@exercise.misconception("Averaged over images and latents together: each latent has a mean and a variance of its own.")
def over_everything(mu, logvar):
    return mu.mean(), logvar.exp().mean() + mu.var(correction=0)


@exercise.misconception("This is the variance of an average of one z from each posterior: the prior is for one z alone.")
def variance_of_the_average(mu, logvar):
    return mu.mean(0), _within(logvar) / len(mu)


@exercise.misconception("Mean and variance are exchanged.")
def exchanged(mu, logvar):
    return _within(logvar) + _spread(mu), mu.mean(0)


@exercise.misconception("Both parts are taken as standard deviations and these are added: variances add up, deviations do not.")
def deviations_added(mu, logvar):
    return mu.mean(0), (logvar / 2).exp().mean(0) + mu.std(0, correction=0)


@exercise.misconception(
    "These are the posteriors themselves: the prior has one mean and one variance for each latent, the same for all images."
)
def the_posteriors(mu, logvar):
    return mu, logvar.exp()


@exercise.misconception(
    "The second number is the mean log-variance: a variance is asked for, one that covers the spread of the means too."
)
def mean_logvar(mu, logvar):
    return mu.mean(0), logvar.mean(0)


@exercise.misconception("exp(logvar) is squared: it is the variance already.")
def squared_variances(mu, logvar):
    return mu.mean(0), (2 * logvar).exp().mean(0) + _spread(mu)


@exercise.steps
def in_steps(mu, logvar):
    mean = mu.mean(0)  # the mean of the means
    deviations = mu - mean  # the deviation of each mean
    spread = (deviations**2).mean(0)  # the variance of the means
    variances = logvar.exp()  # the variance of each posterior
    within = variances.mean(0)  # the mean variance
    variance = within + spread  # the variance of the prior
    return mean, variance  # mean and variance


exercise.instead(
    "mean",
    {
        "the median (between the middle two) stands where the mean belongs": lambda mu: mu.quantile(0.5, 0),
        "the middle between the least and the largest mean is taken": lambda mu: (mu.amin(0) + mu.amax(0)) / 2,
    },
)
exercise.instead(
    "spread",
    {
        "the variance of the means is divided by n − 1": lambda deviations: (deviations**2).sum(0) / (len(deviations) - 1),
        "the variance of the variances stands where that of the means belongs": lambda logvar: logvar.exp().var(0, correction=0),
        "the absolute deviations stand where the squared ones belong": lambda deviations: deviations.abs().mean(0),
        "the distance of the prior's mean from 0 stands where the variance of the means belongs": lambda mean: mean**2,
    },
)
exercise.instead(
    "within",
    {
        "the precisions are averaged, not the variances": lambda variances: 1 / (1 / variances).mean(0),
        "the variances are added up, not averaged": lambda variances: variances.sum(0),
    },
)
exercise.instead(
    "return",
    {
        "the first number is the median of the means, between the middle two": lambda mu, variance: (
            mu.quantile(0.5, 0),
            variance,
        ),
        "the first number is the median of the means, the lower of the middle two": lambda mu, variance: (
            mu.median(0).values,
            variance,
        ),
        "the means are weighted by their variances": lambda mu, variances, variance: (
            (mu * variances).sum(0) / variances.sum(0),
            variance,
        ),
        "the first number is the sum of the means": lambda mu, variance: (mu.sum(0), variance),
        "the means are added up where the first number is their mean, and so are the variances": lambda mu, variances: (
            mu.sum(0),
            variances.sum(0),
        ),
        "the second number is the precision, 1 over the variance": lambda mean, variance: (mean, 1 / variance),
        "the second number is the KL that remains": lambda mean, variance, logvar: (
            mean,
            0.5 * (variance.log() - logvar.mean(0)),
        ),
    },
)
exercise.instead(
    "variance",
    {
        "the variances are those of the posterior of least variance": lambda variances: variances.amin(0),
        "the larger of the two parts is taken": lambda within, spread: torch.maximum(within, spread),
        "the inverse of the mean precision is taken": lambda variances: 1 / (1 / variances).mean(0),
        "the two parts are subtracted": lambda within, spread: spread - within,
        "the variance is 1, as in N(0, 1)": lambda within: 0 * within + 1,
    },
)
