"""ps8.1: two_objectives."""

import numpy as np

from ...objectives import capacity_cost
from ...reference import probe
from ..exercise import Exercise


def image_by_image(log_p, kl, beta, gamma, capacity):
    """Python sums over the images; the distance to the capacity as the larger of the two differences."""
    images = len(kl)
    distortion, rate = -sum(log_p) / images, sum(kl) / images
    return distortion + beta * rate, distortion + gamma * max(rate - capacity, capacity - rate)


def draw_terms(rng: np.random.Generator):
    """2 to 9 images whose KLs lie on both sides of the capacity."""
    images = rng.integers(2, 10)
    kl = rng.gamma(2.0, 2.0, size=images)
    capacity = float(kl.mean() * rng.choice([0.6, 1.4]))
    return -rng.gamma(3.0, 10.0, size=images), kl, float(rng.uniform(1.5, 6)), float(rng.uniform(10, 100)), capacity


def probe_terms():
    a = probe("betavae4-sprites")
    return "64 images of betavae4-sprites, at beta = 4", (a.reconstruction.numpy(), a.kl.numpy(), 4.0, 30.0, 5.0), None


exercise = Exercise(
    "ps8.1",
    "two_objectives",
    ["log_p", "kl", "beta", "gamma", "capacity"],
    oracle=image_by_image,
    draw=draw_terms,
    reference=probe_terms,
    differentiable=["log_p", "kl"],
    closed_book=[capacity_cost],
)
exercise.case("one image: 10 + 4 · 3, and 10 + 20 · |3 − 2|", [-10.0], [3.0], 4.0, 20.0, 2.0, expected=(22.0, 30.0))
exercise.case("below the capacity: it costs as well", [-10.0], [3.0], 4.0, 20.0, 5.0, expected=(22.0, 50.0))
exercise.case("means over the images", [-10.0, -20.0], [1.0, 3.0], 2.0, 10.0, 1.0, expected=(19.0, 25.0))
exercise.case(
    "the mean stands inside the absolute value: |2 − 2| = 0", [-10.0, -10.0], [0.0, 4.0], 2.0, 10.0, 2.0, expected=(14.0, 10.0)
)
exercise.case("beta = 1: minus the ELBO", [-8.0, -6.0], [1.0, 2.0], 1.0, 10.0, 0.0, expected=(8.5, 22.0))
exercise.case("a density: log p above 0", [1.0, 3.0], [2.0, 2.0], 1.0, 10.0, 2.0, expected=(0.0, -2.0))
exercise.case(
    "beta = 0 and gamma = 0: the distortion alone", [-8.0, -6.0], [1.0, 2.0], 0.0, 0.0, 3.0, expected=(7.0, 7.0), edge=True
)
exercise.case("at the capacity exactly", [-8.0, -6.0], [1.0, 2.0], 3.0, 30.0, 1.5, expected=(11.5, 7.0), edge=True)
exercise.always(
    "90 images, KLs from 0 to 100 nats",
    lambda rng: (-rng.gamma(2.0, 50.0, size=90), np.linspace(0, 100, 90), 4.0, 100.0, 25.0),
)


def _both(log_p, kl, beta, gamma, capacity, distance=None):
    distance = (kl.mean() - capacity).abs() if distance is None else distance
    return -log_p.mean() + beta * kl.mean(), -log_p.mean() + gamma * distance


@exercise.misconception("|KL − C| is taken for each image and averaged after it: the mean over the batch stands inside.")
def absolute_of_each_image(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, gamma, capacity, (kl - capacity).abs().mean())


@exercise.misconception("γ is left out of the second, as the slide prints it: without it nothing is pinned.")
def without_gamma(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, 1.0, capacity)


@exercise.misconception("Both have the wrong sign: they are what is *minimised*.")
def maximised(log_p, kl, beta, gamma, capacity):
    first, second = _both(log_p, kl, beta, gamma, capacity)
    return -first, -second


@exercise.misconception("log p is added: the distortion is minus log p.")
def log_p_added(log_p, kl, beta, gamma, capacity):
    return _both(-log_p, kl, beta, gamma, capacity)


@exercise.misconception("A KL below the capacity costs nothing here: |KL − C| pins it from both sides.")
def from_above_alone(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, gamma, capacity, (kl.mean() - capacity).clamp(min=0))


@exercise.misconception("No absolute value: a KL far below the capacity would be a gain.")
def no_absolute_value(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, gamma, capacity, kl.mean() - capacity)


@exercise.misconception("The distance to the capacity is squared: the objective has its absolute value.")
def squared(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, gamma, capacity, (kl.mean() - capacity) ** 2)


@exercise.misconception("Summed over the images: both are means over them.")
def summed(log_p, kl, beta, gamma, capacity):
    first, second = _both(log_p, kl, beta, gamma, capacity, (kl.sum() - capacity).abs() / len(kl))
    return len(kl) * first, len(kl) * second


@exercise.misconception("β weighs the distortion: it is the price of the rate, the KL.")
def beta_on_the_distortion(log_p, kl, beta, gamma, capacity):
    return -beta * log_p.mean() + kl.mean(), _both(log_p, kl, beta, gamma, capacity)[1]


@exercise.misconception("β is in the second objective as well: there γ alone weighs the KL.")
def beta_in_both(log_p, kl, beta, gamma, capacity):
    return _both(log_p, kl, beta, gamma, capacity, (beta * kl.mean() - capacity).abs())


@exercise.misconception("The KL itself is added to the second: there it appears only as its distance to the capacity.")
def kl_added_to_the_second(log_p, kl, beta, gamma, capacity):
    first, second = _both(log_p, kl, beta, gamma, capacity)
    return first, second + kl.mean()


@exercise.misconception("The capacity is subtracted in the first: the β-VAE knows none.")
def capacity_in_the_first(log_p, kl, beta, gamma, capacity):
    first, second = _both(log_p, kl, beta, gamma, capacity)
    return first - beta * capacity, second


@exercise.steps
def in_steps(log_p, kl, beta, gamma, capacity):
    distortion = -log_p.mean()  # the distortion
    rate = kl.mean()  # the rate
    price = beta * rate  # the price of the rate
    distance = (rate - capacity).abs()  # the distance to the capacity
    pull = gamma * distance  # the cost of that distance
    return distortion + price, distortion + pull  # both costs


exercise.instead(
    "distance",
    {
        "only what lies above the capacity is counted": lambda rate, capacity: (rate - capacity).clamp(min=0),
        "only what lies below the capacity is counted": lambda rate, capacity: (capacity - rate).clamp(min=0),
        "the absolute value is taken image by image": lambda kl, capacity: (kl - capacity).abs().mean(),
    },
)
