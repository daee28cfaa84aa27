"""12.b: two_parts."""

import math

import numpy as np
from scipy.stats import entropy

from ... import divergences, information
from ...reference import probe
from ..exercise import Exercise


def by_entropies(q, p):
    """I = H(mean) - mean of H, and the KL of the mean by SciPy."""
    mean = q.mean(0)
    return entropy(mean) - entropy(q, axis=1).mean(), entropy(mean, p)


def draw_tables(rng: np.random.Generator):
    """2 to 8 images, 2 to 5 codes."""
    images, codes = rng.integers(2, 9), rng.integers(2, 6)
    q = rng.dirichlet(rng.uniform(0.3, 3, size=codes), size=images)
    return 0.98 * q + 0.02 / codes, 0.9 * rng.dirichlet(np.ones(codes)) + 0.1 / codes


def probe_boxes():
    """The plane of codes of vae2d-mnist, cut into four quarters: how much of each posterior lies in which."""
    a = probe("vae2d-mnist")
    right = 0.5 * (1 + np.vectorize(math.erf)((a.mu / (0.5 * a.logvar).exp() / 2**0.5).numpy()))
    right = right.clip(1e-6, 1 - 1e-6)
    sides = np.stack([1 - right, right], 1)  # (images, side, latent)
    q = np.einsum("ia,ib->iab", sides[..., 0], sides[..., 1]).reshape(-1, 4)
    return "64 posteriors of vae2d-mnist in four quarters of the plane", (q, np.full(4, 0.25)), None


exercise = Exercise(
    "12.b",
    "two_parts",
    ["q", "p"],
    oracle=by_entropies,
    draw=draw_tables,
    reference=probe_boxes,
    closed_book=[information.surgery, divergences.kl_discrete],
    item="part",
)
LN2 = math.log(2)
exercise.case("q(z|x) = p(z) for every image: both 0", [[0.5, 0.5], [0.5, 0.5]], [0.5, 0.5], expected=(0.0, 0.0))
exercise.case("all images alike, but not as p", [[0.25, 0.75]] * 3, [0.5, 0.5],
    expected=(0.0, 0.25 * math.log(0.5) + 0.75 * math.log(1.5)))  # fmt: skip
exercise.case("different images, and q(z) = p(z)", [[0.75, 0.25], [0.25, 0.75]], [0.5, 0.5],
    expected=(0.75 * math.log(1.5) + 0.25 * math.log(0.5), 0.0))  # fmt: skip
exercise.case("nearly a code for each image", [[1 - 1e-9, 1e-9], [1e-9, 1 - 1e-9]], [0.5, 0.5], expected=(LN2, 0.0))
exercise.case("both at once", [[0.75, 0.25], [0.25, 0.75]], [0.25, 0.75],
    expected=(0.75 * math.log(1.5) + 0.25 * math.log(0.5), 0.5 * math.log(2) + 0.5 * math.log(2 / 3)))  # fmt: skip
exercise.case("one image: no information", [[0.5, 0.5]], [0.25, 0.75],
    expected=(0.0, 0.5 * math.log(2) + 0.5 * math.log(2 / 3)), edge=True)  # fmt: skip


def _kl(q, p):
    return (q * (q / p).log()).sum(-1)


@exercise.misconception("The first part is the mean KL, whole: its q(z) is the mean of the rows, not p(z).")
def mean_kl_first(q, p):
    return _kl(q, p).mean(), _kl(q.mean(0), p)


@exercise.misconception("The two parts are swapped: the information first.")
def swapped(q, p):
    return _kl(q.mean(0), p), _kl(q, q.mean(0)).mean()


@exercise.misconception("Both KLs are the wrong way round: the first argument is what is averaged over.")
def reversed_(q, p):
    return _kl(q.mean(0).expand_as(q), q).mean(), _kl(p, q.mean(0))


@exercise.misconception("The second KL is the wrong way round: it is KL(q(z)‖p(z)).")
def second_reversed(q, p):
    return _kl(q, q.mean(0)).mean(), _kl(p, q.mean(0))


@exercise.misconception("The second part is the mean KL of the single posteriors: take the mean of the rows first, then one KL.")
def mean_kl_second(q, p):
    return _kl(q, q.mean(0)).mean(), _kl(q, p).mean()


@exercise.misconception("The information is summed over the images: it is their mean.")
def summed(q, p):
    return _kl(q, q.mean(0)).sum(), _kl(q.mean(0), p)


@exercise.misconception("The entropy of the mean alone: the mean of the entropies has to be subtracted.")
def entropy_of_the_mean(q, p):
    mean = q.mean(0)
    return -(mean * mean.log()).sum(), _kl(mean, p)


@exercise.misconception("q(z) is taken as the product of the rows (a mean of logarithms): it is their mean.")
def geometric_mean(q, p):
    mean = q.log().mean(0).softmax(0)
    return _kl(q, mean).mean(), _kl(mean, p)


@exercise.steps
def in_steps(q, p):
    mean = q.mean(0)  # q(z)
    ratio = q / mean  # the ratio of q(z|x) and q(z)
    terms = q * ratio.log()  # the terms of the information
    of_images = terms.sum(-1)  # the KL of each image to q(z)
    information = of_images.mean()  # the information
    other = mean / p  # the ratio of q(z) and p(z)
    parts = mean * other.log()  # the terms of the second KL
    return information, parts.sum()  # the two parts
