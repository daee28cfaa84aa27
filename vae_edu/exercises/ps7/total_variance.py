"""ps7.1: total_variance."""

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def pair_by_pair(x, q1, q2):
    """Weighted variances of the images by NumPy, one pair of codes at a time."""

    def variance(weights):
        return np.average((x - np.average(x, axis=0, weights=weights)) ** 2, axis=0, weights=weights).sum()

    before = np.array([variance(first) for first in q1.T])
    left = np.array([np.average([variance(first * second) for second in q2.T], weights=first @ q2) for first in q1.T])
    return before, left


def draw_tables(rng: np.random.Generator):
    """4 to 9 grey images of 2 to 6 pixels, 2 to 4 first and 2 to 5 second codes, none equally frequent."""
    images, pixels, first, second = rng.integers(4, 10), rng.integers(2, 7), rng.integers(2, 5), rng.integers(2, 6)
    tables = (0.98 * rng.dirichlet(rng.uniform(0.2, 2, size=n), size=images) + 0.02 / n for n in (first, second))
    return rng.uniform(size=(images, pixels)), *tables


def probe_images():
    """The last images of seqvae-mnist; the codes say, softly, how far its first and its second latent lie to the right."""
    a = probe("seqvae-mnist")
    sides = 1 / (1 + np.exp(-2 * a.mu.numpy()))
    return (
        "64 images of seqvae-mnist, two codes from each of its first two latents",
        (a.x.numpy(), *(np.stack([1 - sides[:, k], sides[:, k]], 1) for k in (0, 1))),
        None,
    )


exercise = Exercise(
    "ps7.1",
    "total_variance",
    ["x", "q1", "q2"],
    oracle=pair_by_pair,
    draw=draw_tables,
    reference=probe_images,
    unit="",
    item="first code",
)
HALF, SOFT = [[0.5, 0.5]] * 4, [[0.9, 0.1], [0.9, 0.1], [0.1, 0.9], [0.1, 0.9]]
LINE = [[0.0], [0.0], [10.0], [-10.0]]
exercise.case("codes that say nothing: nothing is explained", [[0.0], [2.0]], [[0.5, 0.5]] * 2, [[0.5, 0.5]] * 2,
    expected=([1.0, 1.0], [1.0, 1.0]))  # fmt: skip
exercise.case("one first code, a second that tells a little", [[0.0], [2.0]], [[1.0], [1.0]], [[0.9, 0.1], [0.1, 0.9]],
    expected=([1.0], [0.36]))  # fmt: skip
exercise.case("two pixels: their variances are added", [[0.0, 0.0], [2.0, 4.0]], [[1.0], [1.0]], [[0.9, 0.1], [0.1, 0.9]],
    expected=([5.0], [1.8]))  # fmt: skip
exercise.case("the first code tells all, the second nothing more", [[0.0], [0.0], [2.0], [2.0]], [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2,
    HALF, expected=([0.0, 0.0], [0.0, 0.0]))  # fmt: skip
exercise.case("two first codes, and a second that tells a little of each", [[0.0], [2.0], [10.0], [14.0]],
    [[1.0, 0.0]] * 2 + [[0.0, 1.0]] * 2, [[0.9, 0.1], [0.1, 0.9]] * 2, expected=([1.0, 4.0], [0.36, 1.44]))  # fmt: skip
exercise.case("a second code that tells the first again, and rarely comes with it: it neither helps nor harms", LINE, SOFT, SOFT,
    expected=([10.0, 90.0], [10.0, 90.0]))  # fmt: skip
exercise.always("70 images, 12 by 9 codes", lambda rng: (
    rng.uniform(size=(70, 30)), rng.dirichlet(np.full(12, 2.0), size=70), rng.dirichlet(np.full(9, 2.0), size=70)))  # fmt: skip


def _variance(x, weights):
    """Summed over pixels, for weights (..., images) that add up to 1."""
    return (weights @ x**2 - (weights @ x) ** 2).sum(-1)


def _given(weights):
    return weights / weights.sum(-1, keepdim=True)


def _parts(x, q1, q2):
    """Variances before and after, (first,) and (first, second), and q(z2|z1), (first, second)."""
    pairs = q1.T[:, None] * q2.T  # (first, second, images)
    return _variance(x, _given(q1.T)), _variance(x, _given(pairs)), _given(pairs.sum(-1))


@exercise.misconception("Averaged over q(z2), all second codes that occur: over q(z2|z1), those that occur with this first one.")
def averaged_over_the_marginal(x, q1, q2):
    before, after, _ = _parts(x, q1, q2)
    return before, after @ q2.mean(0)


@exercise.misconception("All second codes weigh alike: each weighs as often as it occurs with this first one, q(z2|z1).")
def plain_mean_over_codes(x, q1, q2):
    before, after, _ = _parts(x, q1, q2)
    return before, after.mean(1)


@exercise.misconception("The first code is forgotten in what is left: the images weigh q(z1|x)·q(z2|x), not q(z2|x) alone.")
def second_code_alone(x, q1, q2):
    before, _, share = _parts(x, q1, q2)
    return before, share @ _variance(x, _given(q2.T))


@exercise.misconception("The second number is what the second code *explains*: what is left after it is asked for.")
def explained(x, q1, q2):
    before, after, share = _parts(x, q1, q2)
    return before, before - (share * after).sum(1)


@exercise.misconception("The variances are averaged over the pixels: they are summed.")
def mean_over_pixels(x, q1, q2):
    before, after, share = _parts(x, q1, q2)
    return before / x.shape[1], (share * after).sum(1) / x.shape[1]


@exercise.misconception("A standard deviation where the variance is asked for: no root.")
def deviations(x, q1, q2):
    before, after, share = _parts(x, q1, q2)
    return before.sqrt(), (share * after).sum(1).sqrt()


@exercise.misconception("The square of the mean is not subtracted: this is the mean of x², not the variance.")
def second_moment(x, q1, q2):
    pairs = _given(q1.T)
    moment = (pairs @ x**2).sum(-1)
    return moment, moment


@exercise.misconception("q(z1|x) is not divided by its sum over the images: the weights q(x|z1) must add up to 1 for each code.")
def weights_not_normalised(x, q1, q2):
    _, after, share = _parts(x, q1, q2)
    return _variance(x, q1.T / len(x)), (share * after).sum(1)


@exercise.misconception("The two codes are swapped: the first result is the variance given the first code.")
def codes_swapped(x, q1, q2):
    before, after, share = _parts(x, q2, q1)
    return before, (share * after).sum(1)


@exercise.misconception("One mean image for all codes is subtracted: each code has a mean of its own.")
def around_the_overall_mean(x, q1, q2):
    spread = ((x - x.mean(0)) ** 2).sum(1)
    before = _given(q1.T) @ spread
    return before, before


@exercise.misconception("The pixels are added up before the variance is taken: each pixel has its own, and those are added.")
def variance_of_the_sum(x, q1, q2):
    before, after, share = _parts(x.sum(1, keepdim=True), q1, q2)
    return before, (share * after).sum(1)


@exercise.misconception("The *sum* of q(z1|x) and q(z2|x) weighs the images: both codes occur together, so it is their product.")
def sum_for_product(x, q1, q2):
    pairs = q1.T[:, None] + q2.T
    share = _parts(x, q1, q2)[2]
    return _variance(x, _given(q1.T)), (share * _variance(x, _given(pairs))).sum(1)


@exercise.misconception("The likeliest second code alone: what is left is an average over all second codes.")
def likeliest_second_code(x, q1, q2):
    before, after, share = _parts(x, q1, q2)
    return before, after.gather(1, share.argmax(1, keepdim=True)).squeeze(1)


@exercise.steps
def in_steps(x, q1, q2):
    first = q1.T / q1.sum(0).unsqueeze(1)  # q(x|z1)
    means = first @ x  # the mean images given z1
    moments = first @ x**2  # the mean squares given z1
    before = (moments - means**2).sum(1)  # the variance given z1
    pairs = q1.T.unsqueeze(1) * q2.T  # the products q(z1|x) q(z2|x)
    totals = pairs.sum(2)  # the sums of these products over the images
    both = pairs / totals.unsqueeze(2)  # q(x|z1, z2)
    of_pairs = (both @ x**2 - (both @ x) ** 2).sum(2)  # the variance given both codes
    shares = totals / q1.sum(0).unsqueeze(1)  # q(z2|z1)
    return before, (shares * of_pairs).sum(1)  # the variance before and after
