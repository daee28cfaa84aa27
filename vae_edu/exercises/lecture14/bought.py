"""14.a: bought."""

import numpy as np
from scipy.optimize import minimize_scalar

from ...reference import probe
from ..exercise import Exercise


def cheapest_by_search(variances, level):
    """Each direction's cheapest error, searched for: a remaining error e costs e / 2 level + its rate, ½ log(variance / e)."""
    found = []
    for variance in variances:
        cost = lambda share, v=variance: share * v / (2 * level) - 0.5 * np.log(share)
        share = minimize_scalar(cost, bounds=(1e-9, 1), method="bounded", options={"xatol": 1e-12}).x
        share = 1.0 if cost(1.0) <= cost(share) else share
        found.append((-0.5 * np.log(share), share * variance))
    rates, errors = np.array(found).T
    return rates, errors


def draw_directions(rng: np.random.Generator):
    """2 to 7 directions, the level between the smallest and the largest."""
    variances = rng.gamma(2.0, 1.5, size=rng.integers(2, 8)) + 0.05
    return variances, float(rng.uniform(variances.min(), variances.max()))


def probe_directions():
    values = np.linalg.eigvalsh(np.cov(probe("betavae4-sprites").x.numpy().T))[::-1][:12]
    return "12 principal directions of 64 images of betavae4-sprites", (values.copy(), 2.0), None


exercise = Exercise(
    "14.a",
    "bought",
    ["variances", "level"],
    oracle=cheapest_by_search,
    draw=draw_directions,
    reference=probe_directions,
    item="direction",
)
HALF = 0.5 * np.log(2)
exercise.case("twice the level: half a log 2, and the level is left", [2.0], 1.0, expected=([HALF], [1.0]))
exercise.case("e² times the level: one nat", [float(np.exp(2))], 1.0, expected=([1.0], [1.0]))
exercise.case("below the level: nothing is bought, all is left", [0.5], 1.0, expected=([0.0], [0.5]))
exercise.case("four directions, level 1", [4.0, 2.0, 1.0, 0.5], 1.0, expected=([2 * HALF, HALF, 0.0, 0.0], [1.0, 1.0, 1.0, 0.5]))
exercise.case("in any order, level 0.5", [0.25, 4.0, 1.0], 0.5, expected=([0.0, 3 * HALF, HALF], [0.25, 0.5, 0.5]))
exercise.case("a direction without variance", [0.0, 2.0], 1.0, expected=([0.0, HALF], [0.0, 1.0]), edge=True)
exercise.always("90 directions", lambda rng: (rng.gamma(1.0, 2.0, size=90) + 1e-3, 0.7))


def _rates(variances, level):
    return 0.5 * (variances / level).clamp(min=1).log()


def _errors(variances, level):
    return variances.clamp(max=level)


@exercise.misconception("Directions below the level have a negative rate here: they are not bought, their rate is 0.")
def negative_rates(variances, level):
    return 0.5 * (variances / level).log(), _errors(variances, level)


@exercise.misconception("The ½ in front of the logarithm is missing.")
def without_one_half(variances, level):
    return 2 * _rates(variances, level), _errors(variances, level)


@exercise.misconception("The error left is the level even where the direction has less variance than that.")
def level_everywhere(variances, level):
    return _rates(variances, level), 0 * variances + level


@exercise.misconception("Nothing is left of a direction that is bought: the level is left of it.")
def nothing_left(variances, level):
    return _rates(variances, level), variances * (variances <= level)


@exercise.misconception(
    "What is left of a bought direction is what lies *above* the level: that part is bought, the level is left."
)
def above_is_left(variances, level):
    return _rates(variances, level), (variances - level).clamp(min=0)


@exercise.misconception("This is the share that is explained, 1 − level / variance: the rate is ½ log(variance / level).")
def share_explained(variances, level):
    return 1 - 1 / (variances / level).clamp(min=1), _errors(variances, level)


@exercise.misconception("log2 gives bits: nats have the natural logarithm.")
def in_bits(variances, level):
    return _rates(variances, level) / float(np.log(2)), _errors(variances, level)


@exercise.misconception("The rate is counted from 1 + variance / level: a direction at the level is not bought.")
def one_plus(variances, level):
    return 0.5 * (variances / level).log1p(), _errors(variances, level)


@exercise.misconception("A negative rate is turned positive: below the level nothing is bought, and the rate is 0.")
def absolute_rates(variances, level):
    return (0.5 * (variances / level).log()).abs(), _errors(variances, level)


@exercise.misconception("The error is the *larger* of variance and level: no more than there is can be left.")
def larger_error(variances, level):
    return _rates(variances, level), variances.clamp(min=level)


@exercise.misconception("Nothing is left where nothing is bought: there all of the variance is left.")
def zero_where_not_bought(variances, level):
    return _rates(variances, level), level * (variances > level).to(variances)


@exercise.misconception("The fraction is upside down: the rate grows with the variance.")
def upside_down(variances, level):
    return 0.5 * (level / variances.clamp(min=1e-12)).clamp(min=1).log(), _errors(variances, level)


@exercise.misconception("Summed over the directions: each has its own rate and error.")
def summed(variances, level):
    return _rates(variances, level).sum().expand_as(variances), _errors(variances, level).sum().expand_as(variances)


@exercise.misconception("Rate and error are exchanged.")
def exchanged(variances, level):
    return _errors(variances, level), _rates(variances, level)


@exercise.steps
def in_steps(variances, level):
    times = variances / level  # how many times the level each variance is
    paid = times.clamp(min=1)  # the same, at least 1
    rates = 0.5 * paid.log()  # the rates
    errors = variances.clamp(max=level)  # what is left
    return rates, errors  # rates and errors
