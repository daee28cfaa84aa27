"""ps4.6: epitome_activity."""

import numpy as np
import torch

from ... import evaluation, reference
from ...reference import probe
from ..exercise import Exercise
from ._shared import integers, masks_by_counting


def activity_one_by_one(mu, y, masks):
    means = np.array([masks[e] * row for e, row in zip(y, mu)])
    return np.array([np.var(column, ddof=1) for column in means.T])


def draw_means(rng: np.random.Generator):
    images, masks = int(rng.integers(8, 20)), masks_by_counting(6, 2, 2)
    return rng.normal(size=(images, 6)) + rng.normal(size=6), rng.permutation(np.arange(images) % 3), masks


def probe_means():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    arguments = (model.encode(a.x)[0].numpy(), a.costs.argmin(1).numpy(), model.masks.numpy())
    return "48 latents of evae48-mnist on its 64 images", arguments, (a.mu.var(0).numpy(),)


exercise = Exercise(
    "ps4.6",
    "epitome_activity",
    ["mu", "y", "masks"],
    oracle=activity_one_by_one,
    draw=draw_means,
    reference=probe_means,
    closed_book=[evaluation.unit_activity],
    unit="",
    item="latent",
)
exercise.case(
    "by hand: a mean that is masked for half the images",
    [[2.0, 7.0], [5.0, 0.0]],
    integers(0, 1),
    [[1.0, 0.0], [0.0, 1.0]],
    expected=[2.0, 0.0],
)
exercise.case("a full mask: the activity of a VAE", [[1.0], [3.0], [5.0]], integers(0, 0, 0), [[1.0]], expected=[4.0])
exercise.case("constant in use, yet active: used by half", [[3.0], [3.0]], integers(0, 1), [[1.0], [0.0]], expected=[4.5])
exercise.case(
    "an epitome that nobody uses",
    [[1.0, 5.0], [3.0, -5.0]],
    integers(0, 0),
    [[1.0, 0.0], [0.0, 1.0]],
    expected=[2.0, 0.0],
    edge=True,
)
exercise.always(
    "130 images, 15 epitomes of 45 latents",
    lambda rng: (rng.normal(size=(130, 45)) + rng.normal(size=45), rng.integers(0, 15, size=130), masks_by_counting(45, 3, 3)),
)


@exercise.misconception(
    "The mask is not used: for an image outside the epitome the posterior mean is 0, whatever the encoder says."
)
def unmasked_activity(mu, y, masks):
    return mu.var(0)


@exercise.misconception("Only the images that use a unit are counted: the others say 0, and that is part of its variance.")
def among_users(mu, y, masks):
    return torch.stack([column[used > 0].var() for column, used in zip(mu.T, masks[y].T)])


@exercise.misconception("The variance runs over the latents: take it over the images (dimension 0).")
def over_latents(mu, y, masks):
    return (masks[y] * mu).var(1)


@exercise.misconception("This is the standard deviation: square it.")
def deviation(mu, y, masks):
    return (masks[y] * mu).std(0)


@exercise.misconception("This is the mean square: subtract the squared mean (a constant tells nothing about the image).")
def mean_of_squares(mu, y, masks):
    return ((masks[y] * mu) ** 2).mean(0)


@exercise.misconception("Only n is divided by: the course divides by n − 1, as torch.var does.")
def divided_by_n(mu, y, masks):
    return (masks[y] * mu).var(0, correction=0)


@exercise.steps
def in_steps(mu, y, masks):
    mask = masks[y]  # the mask of each image
    means = mask * mu  # the masked mean
    average = means.mean(0)  # the average over the images
    deviations = (means - average) ** 2  # the squared deviations
    total = deviations.sum(0)  # the sum over the images
    images = len(mu)  # the number of images
    freedom = images - 1  # n − 1
    return total / freedom  # the division


exercise.instead(
    "return",
    {
        "the variance is taken first and masked by each latent's share of images": lambda mu, mask: mu.var(0) * mask.mean(0),
        "the squared deviations are divided by the number of images that use the latent, minus 1": lambda total, mask: (
            total / (mask.sum(0) - 1).clamp(min=1)
        ),
        "the squared deviations are divided by the number of images that use the latent": lambda total, mask: (
            total / mask.sum(0).clamp(min=1)
        ),
        "the mean over the images that use a latent is taken off": lambda mu, mask: (
            ((mask * mu - (mask * mu).sum(0) / mask.sum(0).clamp(min=1)) ** 2).sum(0) / (len(mu) - 1)
        ),
        "mean and deviations are those of the images that use a latent alone": lambda mu, mask: (
            (mask * (mu - (mask * mu).sum(0) / mask.sum(0).clamp(min=1)) ** 2).sum(0) / (len(mu) - 1)
        ),
        "mean, deviations and number are those of the images that use a latent": lambda mu, mask: (
            (mask * (mu - (mask * mu).sum(0) / mask.sum(0).clamp(min=1)) ** 2).sum(0) / (mask.sum(0) - 1).clamp(min=1)
        ),
        "the variances inside the epitomes are added up": lambda mu, y, masks: torch.stack(
            [(masks[e] * mu[y == e]).var(0).nan_to_num() for e in range(len(masks))]
        ).sum(0),
        "the variances inside the epitomes are averaged": lambda mu, y, masks: torch.stack(
            [(masks[e] * mu[y == e]).var(0).nan_to_num() for e in range(len(masks))]
        ).mean(0),
        "the share of the images that use a latent is given": lambda mask: mask.mean(0),
        "the masked means over the images are given": lambda average: average,
    },
)
