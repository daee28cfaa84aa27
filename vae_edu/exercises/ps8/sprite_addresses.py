"""ps8.3: sprite_addresses."""

import numpy as np

from ... import sprites
from ..exercise import Exercise


def row_in_the_table(factors, counts):
    """Each factor times the number of combinations of those after it, one by one."""
    return np.array([sum(value * np.prod(counts[at + 1 :]) for at, value in enumerate(row)) for row in factors])


def draw_combinations(rng: np.random.Generator):
    """2 to 8 combinations of 2 to 4 factors with different numbers of values."""
    counts = rng.permutation(np.arange(2, 8))[: rng.integers(2, 5)]
    return rng.integers(0, counts, size=(rng.integers(2, 9), len(counts))).astype(float), counts.astype(float)


def of_sprites():
    """Of the sprites, every seventh."""
    rows = np.arange(0, sprites.NUMBER, 7)
    factors = np.stack(np.unravel_index(rows, sprites.COUNTS), -1).astype(float)
    return "every seventh sprite", (factors, np.array(sprites.COUNTS, dtype=float)), (rows.astype(float),)


exercise = Exercise(
    "ps8.3",
    "sprite_addresses",
    ["factors", "counts"],
    oracle=row_in_the_table,
    draw=draw_combinations,
    reference=of_sprites,
    closed_book=[sprites.address_of, sprites.address],
    unit="",
)
SPRITES = [3.0, 5.0, 8.0, 12.0, 8.0]
exercise.case("the first sprite", [[0.0] * 5], SPRITES, expected=[0.0])
exercise.case("the last factor varies fastest", [[0.0, 0.0, 0.0, 0.0, 1.0]], SPRITES, expected=[1.0])
exercise.case("the one before it: 8 further", [[0.0, 0.0, 0.0, 1.0, 0.0]], SPRITES, expected=[8.0])
exercise.case("another shape: 5 · 8 · 12 · 8 further", [[1.0, 0.0, 0.0, 0.0, 0.0]], SPRITES, expected=[3840.0])
exercise.case("the last sprite", [[2.0, 4.0, 7.0, 11.0, 7.0]], SPRITES, expected=[11519.0])
exercise.case("two factors, three combinations", [[0.0, 2.0], [1.0, 0.0], [1.0, 2.0]], [2.0, 3.0], expected=[2.0, 3.0, 5.0])
exercise.case("three factors", [[1.0, 2.0, 3.0]], [2.0, 3.0, 4.0], expected=[23.0])
exercise.case(
    "a large grid, the last of 737,280", [[2.0, 5.0, 39.0, 31.0, 31.0]], [3.0, 6.0, 40.0, 32.0, 32.0], expected=[737279.0]
)
exercise.case("a single factor", [[4.0], [1.0]], [6.0], expected=[4.0, 1.0], edge=True)
exercise.case("a factor with one value", [[1.0, 0.0, 1.0]], [2.0, 1.0, 3.0], expected=[4.0], edge=True)


def _strides(counts):
    """How far apart two images are that differ by one in a factor."""
    return counts.prod() / counts.cumprod(0)


@exercise.misconception("The first factor varies fastest here: it is the last one.")
def first_fastest(factors, counts):
    return factors @ (counts.cumprod(0) / counts)


@exercise.misconception(
    "Each factor is weighed with its own number of values: the weight is the product of the numbers *after* it."
)
def own_count(factors, counts):
    return factors @ counts


@exercise.misconception("The weight of a factor contains its own number of values: it is the product of those after it alone.")
def own_count_included(factors, counts):
    return factors @ (_strides(counts) * counts)


@exercise.misconception("Addresses are counted from 1: the first image has the address 0.")
def from_one(factors, counts):
    return factors @ _strides(counts) + 1


@exercise.misconception("The factors are added up without weights.")
def added(factors, counts):
    return factors.sum(-1)


@exercise.misconception("Only the next factor's number is a weight: it is the product of *all* that come after.")
def next_alone(factors, counts):
    return factors @ counts.roll(-1).index_fill(0, factors.new_tensor([len(counts) - 1]).long(), 1.0)


@exercise.misconception("One common base for all factors, the largest number of values: some addresses then belong to nothing.")
def common_base(factors, counts):
    return factors @ (counts.max() ** (len(counts) - factors.new_ones(len(counts)).cumsum(0)))


@exercise.misconception("The digits are read in decimal: each factor has a base of its own.")
def decimal(factors, counts):
    return factors @ (10 ** (len(counts) - factors.new_ones(len(counts)).cumsum(0)))


@exercise.misconception("One less than the number of values is taken for the weight: a factor with n values fills n places.")
def one_less(factors, counts):
    return factors @ _strides(counts - 1)


@exercise.misconception("The last factor is left out.")
def last_left_out(factors, counts):
    return factors[:, :-1] @ _strides(counts)[:-1]


@exercise.misconception("The numbers of values are added where they are to be multiplied.")
def sums_for_products(factors, counts):
    return factors @ (counts.sum() - counts.cumsum(0)).clamp(min=1)


@exercise.misconception("Counted from the other end of the grid: the first image has the address 0.")
def from_the_end(factors, counts):
    return counts.prod() - 1 - factors @ _strides(counts)


@exercise.steps
def in_steps(factors, counts):
    products = counts.cumprod(0)  # the products of the numbers so far
    weights = counts.prod() / products  # the weight of each factor, the product of the numbers after it
    places = factors * weights  # how far each factor leads
    return places.sum(-1)  # the address
