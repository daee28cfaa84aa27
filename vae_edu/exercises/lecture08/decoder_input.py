"""08.a: decoder_input."""

import numpy as np

from ... import reference
from ...reference import probe
from ..exercise import Exercise
from ..ps4._shared import TWO, masks_by_counting


def by_matrices(mu, logvar, masks, noise):
    """One image and one epitome at a time: diagonal matrices for the mask and for the standard deviations."""
    rows = []
    with np.errstate(all="ignore"):
        for mean, logs, draw in zip(mu, logvar, noise):
            sample = mean + np.sqrt(np.diag(np.exp(logs))) @ draw
            rows.append([np.diag(mask) @ sample for mask in masks])
    return np.array(rows)


def draw_images(rng: np.random.Generator):
    """1 to 6 images, 2 to 4 epitomes of 2 or 3 latents, which overlap or not."""
    size, epitomes, batch = int(rng.integers(2, 4)), int(rng.integers(2, 5)), int(rng.integers(1, 7))
    stride = int(rng.integers(1, size + 1))
    masks = masks_by_counting(size + stride * (epitomes - 1), size, stride)
    mu, logvar, noise = rng.normal(size=(3, batch, masks.shape[1]))
    return mu, logvar, masks, noise


def probe_images():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    mu, logvar = model.encode(a.x)
    arguments = (mu.numpy(), logvar.numpy(), model.masks.numpy(), a.noise[0].numpy())
    return "64 images × 12 epitomes of evae48-mnist", arguments, None


exercise = Exercise(
    "08.a",
    "decoder_input",
    ["mu", "logvar", "masks", "noise"],
    oracle=by_matrices,
    draw=draw_images,
    reference=probe_images,
    unit="",
)
LOG4 = float(np.log(4.0))
exercise.case("no noise: the mean, cut into epitomes", [[3.0, 5.0]], [[0.0, 0.0]], TWO, [[0.0, 0.0]],
    expected=[[[3.0, 0.0], [0.0, 5.0]]])  # fmt: skip
exercise.case("a variance of 4: the noise is doubled", [[1.0, 1.0]], [[LOG4, 0.0]], TWO, [[1.0, -2.0]],
    expected=[[[3.0, 0.0], [0.0, -1.0]]])  # fmt: skip
exercise.case("two images, three epitomes that overlap", [[1.0, 2.0, 3.0, 4.0], [0.0] * 4], [[0.0] * 4, [LOG4] * 4],
    [[1.0, 1, 0, 0], [0.0, 1, 1, 0], [0.0, 0, 1, 1]], [[1.0, 0.0, 0.0, -1.0], [1.0, 2.0, 3.0, 4.0]],
    expected=[[[2.0, 2, 0, 0], [0.0, 2, 3, 0], [0.0, 0, 3, 3]], [[2.0, 4, 0, 0], [0.0, 4, 6, 0], [0.0, 0, 6, 8]]])  # fmt: skip
exercise.case("one epitome of all latents: a VAE", [[1.0, 2.0]], [[0.0, 0.0]], [[1.0, 1.0]], [[0.5, -1.0]],
    expected=[[[1.5, 1.0]]], edge=True)  # fmt: skip
exercise.case("as many images as epitomes and latents", [[1.0, 2.0], [3.0, 4.0]], [[0.0, 0.0], [LOG4, LOG4]], TWO,
    [[0.0, 1.0], [1.0, 0.0]], expected=[[[1.0, 0.0], [0.0, 3.0]], [[5.0, 0.0], [0.0, 4.0]]], edge=True)  # fmt: skip
exercise.always("70 images, 15 epitomes of 45 latents", lambda rng: (
    rng.normal(size=(70, 45)), rng.uniform(-9, 5, size=(70, 45)), masks_by_counting(45, 3, 3), rng.normal(size=(70, 45))
))  # fmt: skip


def _deviation(logvar):
    return (logvar / 2).exp()


def _each(of_image, masks):
    """(batch, D) as (batch, epitomes, D)."""
    return of_image.unsqueeze(1).expand(-1, len(masks), -1)


@exercise.misconception(
    "The noise is multiplied by the variance exp(logvar): the standard deviation, its root, is what scales it."
)
def variance_for_deviation(mu, logvar, masks, noise):
    return masks * _each(mu + logvar.exp() * noise, masks)


@exercise.misconception("Only the mean is masked: through the latents that are switched off, noise still reaches the decoder.")
def mean_masked_alone(mu, logvar, masks, noise):
    return masks * _each(mu, masks) + _each(_deviation(logvar) * noise, masks)


@exercise.misconception("Only the noise is masked: the means of the latents that are switched off still reach the decoder.")
def noise_masked_alone(mu, logvar, masks, noise):
    return _each(mu, masks) + masks * _each(_deviation(logvar) * noise, masks)


@exercise.misconception(
    "Mean and log-variance are masked, the sample is not: a log-variance of 0 is a variance of 1, so that the latents that are "
    "off hand the decoder pure noise. Switch off what it sees."
)
def posterior_masked_alone(mu, logvar, masks, noise):
    return masks * _each(mu, masks) + _deviation(masks * _each(logvar, masks)) * _each(noise, masks)


@exercise.misconception("This is the mean without noise, as in the search for the best epitome: here the decoder gets a sample.")
def no_noise(mu, logvar, masks, noise):
    return masks * _each(mu, masks)


@exercise.misconception("Epitomes and images are in the wrong order: images come first.")
def epitomes_first(mu, logvar, masks, noise):
    return (masks * _each(mu + _deviation(logvar) * noise, masks)).transpose(0, 1)


@exercise.misconception("Latents and epitomes are in the wrong order: latents are the last dimension.")
def latents_before_epitomes(mu, logvar, masks, noise):
    return (masks * _each(mu + _deviation(logvar) * noise, masks)).transpose(1, 2)


@exercise.misconception("The complement of each epitome is shown: a 1 in a mask keeps a latent, a 0 switches it off.")
def complement(mu, logvar, masks, noise):
    return (1 - masks) * _each(mu + _deviation(logvar) * noise, masks)


@exercise.misconception("Every image gets only its first epitome, (batch, D): asked is z for all epitomes, to compare them.")
def one_epitome_per_image(mu, logvar, masks, noise):
    return masks[0] * (mu + _deviation(logvar) * noise)


@exercise.misconception("The masks are not used: every epitome shows all latents, and they are all alike.")
def not_masked(mu, logvar, masks, noise):
    return _each(mu + _deviation(logvar) * noise, masks)


@exercise.misconception("The epitomes are added up, or averaged to one: each has a z of its own.")
def added_up(mu, logvar, masks, noise):
    return masks.sum(0) * (mu + _deviation(logvar) * noise)


@exercise.misconception(
    "The noise is multiplied by logvar itself, a logarithm that may be negative: a standard deviation may not."
)
def log_for_deviation(mu, logvar, masks, noise):
    return masks * _each(mu + logvar * noise, masks)


@exercise.misconception("The noise is not scaled: logvar, which says how wide q is, is ignored.")
def not_scaled(mu, logvar, masks, noise):
    return masks * _each(mu + noise, masks)


@exercise.misconception("The latents that are switched off have the value 1: a masked latent is 0 to the decoder.")
def one_where_off(mu, logvar, masks, noise):
    return masks * _each(mu + _deviation(logvar) * noise, masks) + 1 - masks


@exercise.misconception("The noise is subtracted. It is as good a sample of q, but not the one that belongs to the noise given.")
def noise_subtracted(mu, logvar, masks, noise):
    return masks * _each(mu - _deviation(logvar) * noise, masks)


@exercise.misconception("The standard deviation stands where the noise belongs: it has to be multiplied by it.")
def deviation_added(mu, logvar, masks, noise):
    return masks * _each(mu + _deviation(logvar), masks)


@exercise.steps
def in_steps(mu, logvar, masks, noise):
    half = logvar / 2  # log σ
    deviation = half.exp()  # the standard deviation
    shaken = deviation * noise  # the noise of z
    sample = mu + shaken  # the sample of each image
    rows = sample.unsqueeze(1)  # the sample as a row
    return rows * masks  # what the decoder sees


exercise.instead(
    "rows",
    {
        "the noise of another image is used": lambda mu, deviation, noise: (mu + deviation * noise.roll(1, 0)).unsqueeze(1),
        "all images have the noise of the first": lambda mu, deviation, noise: (mu + deviation * noise[:1]).unsqueeze(1),
        "each epitome has a noise of its own": lambda mu, deviation, noise, masks: (
            mu.unsqueeze(1) + deviation.unsqueeze(1) * noise[: len(masks)]
        ),
        "the means are those of another image": lambda mu, shaken: (mu.roll(1, 0) + shaken).unsqueeze(1),
    },
)
exercise.instead(
    "return",
    {
        "the latents that are off are left out, not set to 0": lambda sample, masks: sample[:, masks.nonzero()[:, 1]].unflatten(
            1, (len(masks), -1)
        ),
        "a reshape mixes up images and epitomes, whose order it does not change": lambda sample, masks: (
            masks.unsqueeze(1) * sample
        ).reshape(len(sample), len(masks), -1),
        "each latent is divided by the number of epitomes it is in": lambda rows, masks: rows * masks / masks.sum(0).clamp(min=1),
        "a product of matrices sums the latents of each epitome": lambda sample, masks: sample @ masks.T,
    },
)
