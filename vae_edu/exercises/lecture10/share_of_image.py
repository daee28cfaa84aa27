"""10.a: share_of_image."""

import math

import numpy as np

from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar


def by_pairs(mu, logvar):
    """Half the mean squared difference of two images' means is their variance; latent by latent."""
    found = []
    with np.errstate(all="ignore"):
        for means, variances in zip(mu.T, np.exp(logvar).T):
            halves = [(means[i] - means[j]) ** 2 / 2 for i in range(len(means)) for j in range(i)]
            found.append(1 / (1 + np.average(variances) / np.average(halves)))
    return np.array(found)


def draw_posteriors(rng: np.random.Generator):
    """The posteriors of 3 to 8 images, 2 to 5 latents each."""
    shape = rng.integers(3, 9), rng.integers(2, 6)
    return 1.5 * rng.normal(size=shape) + rng.normal(size=shape[1]), rng.normal(size=shape)


def probe_posteriors():
    a = probe("hvae-vampprior-mnist")
    return "the upper latents of 64 images of hvae-vampprior-mnist", (a.mu.numpy(), a.logvar.numpy()), None


exercise = Exercise(
    "10.a",
    "share_of_image",
    ["mu", "logvar"],
    oracle=by_pairs,
    draw=draw_posteriors,
    reference=probe_posteriors,
    unit="",
    item="latent",
)
LN2, LN5, LN6 = math.log(2), math.log(5), math.log(6)
exercise.case("the means' variance is 2, as the posteriors'", [[-1.0], [1.0]], [[LN2], [LN2]], expected=[0.5])
exercise.case("a mean that never moves", [[3.0], [3.0]], [[0.0], [0.0]], expected=[0.0])
exercise.case("three images: 9 of 10", [[0.0], [3.0], [6.0]], [[0.0], [0.0], [0.0]], expected=[0.9])
exercise.case("variances 1 and 5: 2 of 5", [[0.0], [2.0]], [[0.0], [LN5]], expected=[0.4])
exercise.case("far from 0: 2 of 8", [[100.0], [102.0]], [[LN6], [LN6]], expected=[0.25])
exercise.case("two latents", [[0.0, 5.0], [2.0, 5.0]], [[LN2, 0.0], [LN2, 0.0]], expected=[0.5, 0.0])
exercise.case("hardly any variance in the posteriors", [[-1.0], [1.0]], [[-40.0], [-40.0]], expected=[1.0], edge=True)
exercise.case("no image moves it, and hardly any variance", [[3.0], [3.0]], [[-15.0], [-15.0]], expected=[0.0], edge=True)
exercise.always("70 images, log-variances from −9 to 5", lambda rng: (rng.normal(size=(70, 4)) + 3, wide_logvar(rng, 70, 4)))


def _share(spread, noise):
    return spread / (spread + noise)


@exercise.misconception(
    "This is the variance of the means alone: asked for is its share of that variance and the posteriors' own."
)
def activity_alone(mu, logvar):
    return mu.var(0)


@exercise.misconception("This is the share that the posteriors' own variance has: the share of the image is the rest.")
def one_minus(mu, logvar):
    return 1 - _share(mu.var(0), logvar.exp().mean(0))


@exercise.misconception("This is the ratio of the two variances: a share divides by their sum.")
def ratio(mu, logvar):
    return mu.var(0) / logvar.exp().mean(0)


@exercise.misconception("Upside down: the sum of both variances is divided by that of the means.")
def upside_down(mu, logvar):
    return 1 / _share(mu.var(0), logvar.exp().mean(0))


@exercise.misconception(
    "The variance of the means divides by n: use n − 1, as `var` does. The mean variance of the posteriors divides by n."
)
def divided_by_n(mu, logvar):
    return _share(mu.var(0, correction=0), logvar.exp().mean(0))


@exercise.misconception("These are standard deviations: only variances add up to the whole variance, deviations do not.")
def deviations(mu, logvar):
    return _share(mu.std(0), (logvar / 2).exp().mean(0))


@exercise.misconception("The standard deviation of the means stands beside the posteriors' variances: take the variance of both.")
def deviation_of_the_means(mu, logvar):
    return _share(mu.std(0), logvar.exp().mean(0))


@exercise.misconception("exp(logvar / 2) is the posterior's standard deviation: its variance is exp(logvar).")
def deviation_of_the_posteriors(mu, logvar):
    return _share(mu.var(0), (logvar / 2).exp().mean(0))


@exercise.misconception("The log-variances are averaged before exp: it is the variances that are averaged.")
def geometric_mean(mu, logvar):
    return _share(mu.var(0), logvar.mean(0).exp())


@exercise.misconception("logvar is taken for the variance: exp is missing.")
def without_exp(mu, logvar):
    return _share(mu.var(0), logvar.mean(0))


@exercise.misconception("Taken over the latents of each image: the images are the first dimension, and each latent has a share.")
def over_the_latents(mu, logvar):
    return _share(mu.var(1), logvar.exp().mean(1))


@exercise.misconception(
    "The share is formed for every image and then averaged: first average the variances, then form one share."
)
def mean_of_shares(mu, logvar):
    return _share(mu.var(0), logvar.exp()).mean(0)


@exercise.misconception("The share is formed for every image: the posteriors' variances are to be averaged over the images.")
def share_of_each_image(mu, logvar):
    return _share(mu.var(0), logvar.exp())


@exercise.misconception("All latents are thrown together into one share: each latent has its own.")
def all_together(mu, logvar):
    return _share(mu.var(0).sum(), logvar.exp().mean(0).sum())


@exercise.misconception("The mean of μ² is no variance: it counts from 0, and a variance from the mean.")
def second_moment(mu, logvar):
    return _share((mu**2).mean(0), logvar.exp().mean(0))


@exercise.misconception("This is how much the posteriors' variances differ from image to image: their mean is asked for.")
def variance_of_variances(mu, logvar):
    return _share(mu.var(0), logvar.exp().var(0))


@exercise.misconception("The root of the share, as of a correlation: no root.")
def rooted(mu, logvar):
    return _share(mu.var(0), logvar.exp().mean(0)).sqrt()


@exercise.misconception("The posteriors' variance is taken to be 1, that of the prior: logvar says what it is.")
def prior_variance(mu, logvar):
    return _share(mu.var(0), 1)


@exercise.misconception("This is each latent's share in the activity of all latents: it is to be compared with its own variance.")
def share_among_latents(mu, logvar):
    return mu.var(0) / mu.var(0).sum()


@exercise.steps
def in_steps(mu, logvar):
    centre = mu.mean(0)  # the mean of the means
    squares = (mu - centre) ** 2  # the squared deviation of each mean
    freedom = len(mu) - 1  # the number of images less one
    spread = squares.sum(0) / freedom  # the variance of the means
    variances = logvar.exp()  # the variance of each posterior
    noise = variances.mean(0)  # the mean variance of the posteriors
    total = spread + noise  # the whole variance
    return spread / total  # the share of the image


exercise.instead(
    "spread",
    {
        "the range of the means stands where their variance belongs": lambda mu: mu.amax(0) - mu.amin(0),
        "the mean absolute deviation stands where the variance of the means belongs": lambda mu, centre: (
            (mu - centre).abs().mean(0)
        ),
        "one variance is taken over images and latents together": lambda mu: 0 * mu[0] + mu.var(),
        "the means are averaged where their variance belongs": lambda centre: centre,
    },
)
exercise.instead(
    "total",
    {
        "the larger of the two variances is taken for the whole": lambda spread, noise: spread.maximum(noise),
        "the whole variance is taken to be 1, that of the prior": lambda spread: 0 * spread + 1,
        "the posteriors' variances are added up, not averaged": lambda spread, variances: spread + variances.sum(0),
    },
)
exercise.instead(
    "return",
    {
        "the KL to the prior stands where the share belongs": lambda mu, variances, logvar: (
            0.5 * (mu**2 + variances - logvar - 1).mean(0)
        ),
        "½ log of one plus the ratio of the variances is returned, a number of nats": lambda spread, noise: (
            0.5 * (spread / noise).log1p()
        ),
        "whether the latent is active is returned, at a threshold of 0.01": lambda spread: (spread > 0.01).to(spread),
        "the difference of the two variances is returned": lambda spread, noise: spread - noise,
        "one less the ratio of the posteriors' variance to that of the means is returned": lambda spread, noise: (
            1 - noise / spread
        ),
        "one less the posteriors' variance is returned, as if the whole variance were 1": lambda noise: 1 - noise,
        "the share is a percentage": lambda spread, total: 100 * spread / total,
        "the variance of the means is divided by the whole standard deviation": lambda spread, total: spread / total.sqrt(),
    },
)
