"""ps8.2: price_of_capacity."""

import numpy as np
from scipy.optimize import brentq

from ...reference import probe
from ..exercise import Exercise


def root_of_the_rate(variances, noise, capacity):
    """The rate falls with beta: where it crosses the capacity is found by bisection."""
    rate = lambda log_beta: sum(0.5 * max(0.0, np.log(v / noise) - log_beta) for v in variances if v > 0) - capacity
    highest = np.log(max(variances) / noise)
    return float(np.exp(brentq(rate, highest - 2 * capacity - 50, highest, xtol=1e-14)))


def draw_linear(rng: np.random.Generator):
    """1 to 6 directions; the capacity uses some of them or all."""
    variances = rng.gamma(1.5, 1.5, size=rng.integers(1, 7)) + 0.05
    return variances, float(rng.uniform(0.1, 0.6)), float(rng.uniform(0.2, 2.5))


def probe_variances():
    """The principal components of the images of a trained reference."""
    values = np.linalg.eigvalsh(np.cov(probe("betavae4-sprites").x.numpy().T))[::-1][:10]
    return "10 principal directions of 64 images of betavae4-sprites", (values.copy(), 0.05, 8.0), None


exercise = Exercise(
    "ps8.2",
    "price_of_capacity",
    ["variances", "noise", "capacity"],
    oracle=root_of_the_rate,
    draw=draw_linear,
    reference=probe_variances,
    unit="",
)
HALF = 0.5 * np.log(2.0)  # the rate of a direction twice as high as the level
exercise.case("one direction, ½ log 2: the level is half of it", [4.0], 1.0, HALF, expected=2.0)
exercise.case("the noise divides it", [4.0], 0.5, HALF, expected=4.0)
exercise.case("little noise: a price of 100", [4.0], 0.01, 2 * HALF, expected=100.0)
exercise.case("two alike share the nats", [4.0, 4.0], 1.0, 2 * HALF, expected=2.0)
exercise.case("two of 8 and 4 down to 2: log 2 + ½ log 2", [8.0, 4.0], 1.0, 3 * HALF, expected=2.0)
exercise.case("the small one is not bought", [8.0, 1.0], 1.0, HALF, expected=4.0)
exercise.case("the order of the directions does not matter", [1.0, 4.0, 0.25, 8.0], 1.0, 3 * HALF, expected=2.0)
exercise.case("the lecture's four: 3.101 nats at β = 1", [4.0, 2.0, 1.0, 0.5], 0.3, 0.5 * np.log(4.0 / 0.3**4), expected=1.0)
exercise.case("many nats: a price far below 1", [4.0, 2.0], 1.0, 10.0, expected=float(np.sqrt(8.0) * np.exp(-10.0)))
exercise.case("no nats at all: the price at which the largest goes", [1.0, 6.0, 2.0], 1.5, 0.0, expected=4.0, edge=True)
exercise.case("a direction exactly at the level", [8.0, 4.0], 1.0, HALF, expected=4.0, edge=True)
exercise.case("a direction without any variance", [4.0, 0.0], 1.0, HALF, expected=2.0, edge=True)
exercise.always("70 directions", lambda rng: (np.sort(rng.gamma(1.0, 2.0, size=70)), 0.2, 30.0))


def _levels(variances, capacity, factor=2.0):
    """Largest first, and for every number of directions the level at which these alone use the capacity."""
    largest = variances.sort(descending=True).values
    number = variances.new_ones(len(variances)).cumsum(0)
    return largest, ((largest.log().cumsum(0) - factor * capacity) / number).exp()


def _level(variances, capacity, factor=2.0):
    largest, levels = _levels(variances, capacity, factor)
    return levels[(levels < largest).sum().clamp(min=1) - 1]


@exercise.misconception("This is the level, β times the noise: the price is the level divided by the noise.")
def level_alone(variances, noise, capacity):
    return _level(variances, capacity)


@exercise.misconception("All directions are taken to be used: those below the level cost and buy nothing.")
def all_directions(variances, noise, capacity):
    return _levels(variances, capacity)[1][-1] / noise


@exercise.misconception("All directions that have any variance are taken to be used: those below the level buy nothing.")
def all_with_variance(variances, noise, capacity):
    return _levels(variances[variances > 0], capacity)[1][-1] / noise


@exercise.misconception("Only the largest direction is taken to be used: as the price falls, others follow.")
def largest_alone(variances, noise, capacity):
    return _levels(variances, capacity)[1][0] / noise


@exercise.misconception("The ½ in the rate ½ log(λ / βs) is missing: one nat lowers the level by e², not by e.")
def without_one_half(variances, noise, capacity):
    return _level(variances, capacity, 1.0) / noise


@exercise.misconception("The noise is squared or a standard deviation here: it is the variance s.")
def noise_squared(variances, noise, capacity):
    return _level(variances, capacity) / noise**2


@exercise.misconception("The noise multiplies: the level is βs, so that β is the level divided by s.")
def noise_multiplied(variances, noise, capacity):
    return _level(variances, capacity) * noise


@exercise.misconception("Bits are taken for nats: the rate has the natural logarithm.")
def in_bits(variances, noise, capacity):
    return _level(variances, capacity * float(np.log(2))) / noise


@exercise.misconception("The directions are taken in the order in which they come: the largest is bought first.")
def unsorted(variances, noise, capacity):
    number = variances.new_ones(len(variances)).cumsum(0)
    levels = ((variances.log().cumsum(0) - 2 * capacity) / number).exp()
    return levels[(levels < variances).sum().clamp(min=1) - 1] / noise


@exercise.misconception("The directions are taken as they come, up to the last one above its level: the largest is bought first.")
def unsorted_to_the_last(variances, noise, capacity):
    number = variances.new_ones(len(variances)).cumsum(0)
    levels = ((variances.log().cumsum(0) - 2 * capacity) / number).exp()
    last = (number * (levels < variances)).amax().long()
    return levels[last.clamp(min=1) - 1] / noise


@exercise.misconception("The smallest are bought first: it is the largest directions that a high price leaves.")
def smallest_first(variances, noise, capacity):
    smallest = variances.sort().values
    number = variances.new_ones(len(variances)).cumsum(0)
    levels = ((smallest.log().cumsum(0) - 2 * capacity) / number).exp()
    return levels[(levels < smallest).sum().clamp(min=1) - 1] / noise


@exercise.misconception("Directions above the *noise* are taken to be used: what counts is the level, β times the noise.")
def above_the_noise(variances, noise, capacity):
    _, levels = _levels(variances, capacity)
    return levels[(variances > noise).sum().clamp(min=1) - 1] / noise


@exercise.misconception("The inverse is returned: β is the price of a nat, and falls as the capacity grows.")
def inverted(variances, noise, capacity):
    return noise / _level(variances, capacity)


@exercise.misconception("The capacity is dealt out evenly to the directions: larger ones get more, down to one common level.")
def dealt_evenly(variances, noise, capacity):
    return (variances.max().log() - 2 * capacity / len(variances)).exp() / noise


@exercise.steps
def in_steps(variances, noise, capacity):
    largest = variances.sort(descending=True).values  # the variances, largest first
    logs = largest.log()  # their logarithms
    sums = logs.cumsum(0)  # the sums of the logarithms so far
    number = variances.new_ones(len(variances)).cumsum(0)  # the numbers of directions
    levels = ((sums - 2 * capacity) / number).exp()  # the level for each number of directions
    used = (levels < largest).sum()  # the number of directions above their level
    level = levels[used.clamp(min=1) - 1]  # the level
    return level / noise  # the price
