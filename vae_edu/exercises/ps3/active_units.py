"""ps3.4: active_units."""

import numpy as np

from ... import evaluation
from ...reference import probe
from ..exercise import Exercise


def count_active(mu, threshold):
    """Two-pass variance of each column, counted."""
    return float(sum(np.mean(column**2) - np.mean(column) ** 2 > threshold for column in mu.T))


def draw_means(rng: np.random.Generator):
    """Means of 50 to 90 images: dead units, active ones, and dead ones with an offset; none near the threshold."""
    images, active, dead, shifted = rng.integers(50, 90), rng.integers(2, 9), rng.integers(10, 19), rng.integers(20, 29)
    scales = np.concatenate([rng.uniform(0.4, 0.8, active), rng.uniform(0.001, 0.03, dead + shifted)])
    offsets = np.concatenate([rng.normal(size=active), np.zeros(dead), rng.uniform(0.5, 2, shifted)])
    return offsets + scales * rng.normal(size=(images, active + dead + shifted)), 0.02


exercise = Exercise(
    "ps3.4",
    "active_units",
    ["mu", "threshold"],
    oracle=count_active,
    draw=draw_means,
    reference=lambda: ("active latents of vae-mnist on its 64 images", (probe("vae-mnist").mu.numpy(), 0.1), None),
    closed_book=[evaluation.active_units, evaluation.unit_activity],
    unit="units",
)
exercise.case("one that varies, one that does not", [[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], 0.01, expected=1.0)
exercise.case("an offset is not activity", [[5.0], [5.0], [5.0]], 0.01, expected=0.0)
exercise.case("just active: variance 0.0225", [[0.15], [-0.15]] * 50, 0.02, expected=1.0)
exercise.case("one odd image is not activity", [[1.0]] + [[0.0]] * 99, 0.05, expected=0.0)
exercise.case("not quite active: variance 0.0225", [[0.15], [-0.15]] * 50, 0.0235, expected=0.0)
exercise.case("two images: variance ¼ or ½, more than 0.2", [[0.0], [1.0]], 0.2, expected=1.0)
exercise.case("more than, not as much as: variance ½", [[0.0], [1.0]], 0.5, expected=0.0, edge=True)
exercise.case("a latent that never varies, at threshold 0", [[0.3, 1.0], [0.3, 2.0]], 0.0, expected=1.0, edge=True)
exercise.case("a latent that hardly varies, at threshold 0", [[0.0], [1e-4]], 0.0, expected=1.0, edge=True)


def draw_many(rng: np.random.Generator):
    """130 images, 90 latents in any order: 60 vary, a third of them only after the 80th image, and 30 do not."""
    mu = rng.normal(size=90) + np.concatenate([rng.uniform(0.4, 0.8, 60), np.full(30, 0.01)]) * rng.normal(size=(130, 90))
    mu[:80, :20] = mu[:80, :20].mean(0)
    return mu[:, rng.permutation(90)], 0.02


exercise.always("130 images, 60 of 90 latents vary", draw_many)


@exercise.misconception("The variance runs over the latents: take it over the images, for each latent (dimension 0).")
def variance_over_latents(mu, threshold):
    return (mu.var(1) > threshold).sum()


@exercise.misconception(
    "This compares the standard deviation with the threshold, or the variance with its square: the variance with the threshold."
)
def std_against_threshold(mu, threshold):
    return (mu.std(0) > threshold).sum()


@exercise.misconception("The mean square is not the variance: a latent that always says 5 tells nothing about the image.")
def mean_square(mu, threshold):
    return ((mu**2).mean(0) > threshold).sum()


@exercise.misconception("These are the inactive ones.")
def inactive_counted(mu, threshold):
    return (mu.var(0) <= threshold).sum()


@exercise.misconception("These are the variances: count how many exceed the threshold.")
def variances_returned(mu, threshold):
    return mu.var(0)


@exercise.misconception("The threshold is fixed inside: use the one that is given.")
def fixed_threshold(mu, threshold):
    return (mu.var(0) > 0.01).sum()


@exercise.steps
def in_steps(mu, threshold):
    mean = mu.mean(0)  # the mean over the images
    deviations = (mu - mean) ** 2  # the squared deviations
    variance = deviations.mean(0)  # the variance over the images
    active = variance > threshold  # the comparison with the threshold
    return active.sum(-1)  # the count


exercise.instead(
    "variance",
    {
        "the standard deviation is compared with the threshold": lambda mu: mu.std(0, correction=0),
        "the mean square stands where the variance belongs": lambda mu: (mu**2).mean(0),
        "the mean absolute deviation stands where the variance belongs": lambda mu: (mu - mu.mean(0)).abs().mean(0),
        "the distance of largest and smallest stands where the variance belongs": lambda mu: mu.max(0).values - mu.min(0).values,
        "the squared distance between the quartiles stands where the variance belongs": lambda mu: (
            (mu.quantile(0.75, 0) - mu.quantile(0.25, 0)) ** 2
        ),
        "the squared median deviation stands where the variance belongs": lambda mu: (
            (mu - mu.median(0).values).abs().median(0).values ** 2
        ),
        "the largest absolute mean stands where the variance belongs": lambda mu: mu.abs().max(0).values,
        "the mean absolute value stands where the variance belongs": lambda mu: mu.abs().mean(0),
        "the mean stands where the variance belongs": lambda mu: mu.mean(0),
        "the absolute mean stands where the variance belongs": lambda mu: mu.mean(0).abs(),
        "half the mean square, the KL of the mean, stands where the variance belongs": lambda mu: 0.5 * (mu**2).mean(0),
        "the squared mean is not taken off but added": lambda mu: (mu**2).mean(0) + mu.mean(0) ** 2,
        "the variance is the sum of squares, not divided by their number": lambda mu: ((mu - mu.mean(0)) ** 2).sum(0),
        "the variance divides by the number of latents": lambda mu: ((mu - mu.mean(0)) ** 2).sum(0) / mu.shape[1],
        "the variance divides by the square root of the number": lambda mu: ((mu - mu.mean(0)) ** 2).sum(0) / len(mu) ** 0.5,
        "the standard error stands where the variance belongs": lambda mu: mu.std(0, correction=0) / len(mu) ** 0.5,
        "the variance of neighbouring images' differences is taken": lambda mu: (mu[1:] - mu[:-1]).var(0, correction=0),
        "the mean over all latents is taken off": lambda mu: ((mu - mu.mean()) ** 2).mean(0),
        "the variance is rounded to two decimals": lambda mu: mu.var(0).round(decimals=2),
        "only the first ten images are looked at": lambda mu: mu[:10].var(0),
        "only the first half of the images is looked at": lambda mu: mu[: len(mu) // 2].var(0),
    },
)
exercise.instead(
    "return",
    {
        "entries are counted, not latents": lambda mu, threshold: (mu.abs() > threshold).sum(),
        "entries above the threshold are counted, not latents": lambda mu, threshold: (mu > threshold).sum(),
        "squared deviations above the threshold are counted, not latents": lambda deviations, threshold: (
            deviations > threshold
        ).sum(),
        "the share of the active latents is given, not their number": lambda active: active.double().mean(),
        "a latent counts as active once one image is far from the mean": lambda deviations, threshold: (
            (deviations > threshold).any(0).sum()
        ),
        "the variances of the active latents are added up": lambda variance, threshold: variance[variance > threshold].sum(),
    }
    | {
        f"the threshold is {factor:g} times as large": lambda mu, threshold, factor=factor: (mu.var(0) > factor * threshold).sum()
        for factor in (0.25, 0.5, 0.8, 0.9, 1.1, 1.2, 1.5, 2.0, 4.0, 10.0, 0.1)
    },
)
