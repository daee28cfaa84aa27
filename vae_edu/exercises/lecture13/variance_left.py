"""13.a: variance_left."""

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def group_by_group(x, codes):
    """NumPy's variances of each group of images, weighed by its size."""
    return sum((codes == code).mean() * x[codes == code].var(0).sum() for code in np.unique(codes))


def draw_groups(rng: np.random.Generator):
    """5 to 12 grey images of 2 to 6 pixels, 2 to 4 codes of which some may not occur."""
    images = rng.integers(5, 13)
    return rng.uniform(size=(images, rng.integers(2, 7))), rng.integers(0, rng.integers(2, 5), size=images).astype(float)


def probe_quadrants():
    """The images of seqvae-mnist, and in which quadrant their first two latents lie."""
    a = probe("seqvae-mnist")
    right, up = (a.mu[:, k].numpy() > 0 for k in (0, 1))
    return "64 images of seqvae-mnist in four groups", (a.x.numpy(), 2.0 * right + up), None


exercise = Exercise(
    "13.a",
    "variance_left",
    ["x", "codes"],
    oracle=group_by_group,
    draw=draw_groups,
    reference=probe_quadrants,
    unit="",
)
exercise.case("one code for all: the variance of the images", [[0.0], [2.0]], [0.0, 0.0], expected=1.0)
exercise.case("a code for each image: nothing is left", [[0.0], [2.0]], [0.0, 1.0], expected=0.0)
exercise.case("two pixels: their variances are added", [[0.0, 0.0], [2.0, 6.0]], [3.0, 3.0], expected=10.0)
exercise.case("two groups of two", [[0.0], [2.0], [10.0], [14.0]], [0.0, 0.0, 1.0, 1.0], expected=2.5)
exercise.case("the larger group weighs more", [[0.0], [0.0], [0.0], [4.0], [10.0]], [1.0, 1.0, 1.0, 1.0, 0.0], expected=2.4)
exercise.case("codes in any order, numbers with gaps", [[10.0], [0.0], [14.0], [2.0]], [7.0, 2.0, 7.0, 2.0], expected=2.5)
exercise.case("one image", [[0.5, 0.25]], [4.0], expected=0.0, edge=True)
exercise.always("90 images, 9 codes", lambda rng: (rng.uniform(size=(90, 20)), rng.integers(0, 9, size=90).astype(float)))


def _squares(x, codes):
    """Each image's squared distances to the mean of its code, and the size of its group."""
    same = (codes[:, None] == codes).to(x)
    return (x - same @ x / same.sum(1, keepdim=True)) ** 2, same.sum(1)


@exercise.misconception("All codes weigh alike: each weighs as many images as have it.")
def codes_weigh_alike(x, codes):
    squares, size = _squares(x, codes)
    return (squares.sum(1) / size).sum() / (1 / size).sum()


@exercise.misconception("The variances of the groups are added up without weights: it is their mean over the *images*.")
def added_up(x, codes):
    squares, size = _squares(x, codes)
    return (squares.sum(1) / size).sum()


@exercise.misconception("Summed over the images: their mean is asked for.")
def summed_over_images(x, codes):
    return _squares(x, codes)[0].sum()


@exercise.misconception("Averaged over the pixels: they are summed.")
def mean_over_pixels(x, codes):
    return _squares(x, codes)[0].mean()


@exercise.misconception("The codes are not looked at: this is the variance around the mean of *all* images.")
def around_the_overall_mean(x, codes):
    return ((x - x.mean(0)) ** 2).sum(1).mean()


@exercise.misconception("This is the variance *between* the groups, what the code explains: what it leaves is asked for.")
def explained(x, codes):
    return ((x - x.mean(0)) ** 2).sum(1).mean() - _squares(x, codes)[0].sum(1).mean()


@exercise.misconception("Divided by n − 1: the law of total variance holds for means over n images (torch's var(correction=0)).")
def bessel(x, codes):
    squares, size = _squares(x, codes)
    return (squares.sum(1) * size / (size - 1).clamp(min=1)).mean()


@exercise.misconception("A group of one image has no variance with n − 1, and gives NaN: use torch's var(correction=0).")
def bessel_of_one(x, codes):
    squares, size = _squares(x, codes)
    return (squares.sum(1) * size / (size - 1)).mean()


@exercise.misconception("The mean over the *codes* of the summed squares: it is the mean over the images.")
def divided_by_codes(x, codes):
    return _squares(x, codes)[0].sum() / len(codes.unique())


@exercise.misconception("Codes are counted 0, 1, 2, … here: they may have gaps, or begin elsewhere. Use codes.unique().")
def counted_from_zero(x, codes):
    counted = codes < len(codes.unique())
    return (_squares(x, codes)[0].sum(1) * counted).sum() / len(x)


@exercise.misconception("The pixels are added up before the variance is taken: each pixel has its own, and those are added.")
def variance_of_the_sum(x, codes):
    return _squares(x.sum(1, keepdim=True), codes)[0].mean()


@exercise.misconception("A standard deviation: the variance has no root.")
def deviations(x, codes):
    return _squares(x, codes)[0].sum(1).mean().sqrt()


@exercise.misconception("Distances without the square: a variance is the mean of *squared* distances.")
def distances(x, codes):
    return _squares(x, codes)[0].sum(1).sqrt().mean()


@exercise.steps
def in_steps(x, codes):
    same = (codes.unsqueeze(1) == codes).double()  # which images have the same code
    size = same.sum(1).unsqueeze(1)  # the size of each image's group
    total = same @ x  # the sum over each image's group
    means = total / size  # the mean of each image's group
    squares = (x - means) ** 2  # the squared distances of the pixels
    of_images = squares.sum(1)  # the squared distance of each image
    return of_images.mean()  # the mean over the images
