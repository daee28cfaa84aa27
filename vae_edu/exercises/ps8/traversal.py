"""ps8.4: traversal."""

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def code_by_code(mu, unit, values):
    found = np.empty((len(mu), len(values), mu.shape[1]))
    for image, code in enumerate(mu):
        for at, value in enumerate(values):
            found[image, at] = [value if place == unit else number for place, number in enumerate(code)]
    return found


def draw_codes(rng: np.random.Generator):
    """2 to 6 codes of 2 to 5 latents, 3 to 7 values."""
    latents = rng.integers(2, 6)
    mu, unit = rng.normal(size=(rng.integers(2, 7), latents)), int(rng.integers(latents))
    return mu, unit, np.sort(rng.uniform(-3, 3, size=rng.integers(3, 8)))


def probe_codes():
    return (
        "8 codes of betavae4-sprites, along its last latent",
        (probe("betavae4-sprites").mu[:8].numpy(), 9, np.linspace(-2, 2, 5)),
        None,
    )


exercise = Exercise(
    "ps8.4",
    "traversal",
    ["mu", "unit", "values"],
    oracle=code_by_code,
    draw=draw_codes,
    reference=probe_codes,
    unit="",
)
exercise.case("one code, the first latent", [[5.0, 7.0]], 0, [-1.0, 0.0, 1.0],
    expected=[[[-1.0, 7.0], [0.0, 7.0], [1.0, 7.0]]])  # fmt: skip
exercise.case("the last latent", [[5.0, 7.0]], 1, [-1.0, 1.0], expected=[[[5.0, -1.0], [5.0, 1.0]]])
exercise.case("two codes: each keeps its own other latents", [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], 1, [0.0, 9.0],
    expected=[[[1.0, 0.0, 3.0], [1.0, 9.0, 3.0]], [[4.0, 0.0, 6.0], [4.0, 9.0, 6.0]]])  # fmt: skip
exercise.case("values in any order", [[1.0, 2.0]], 0, [2.0, -2.0, 0.5], expected=[[[2.0, 2.0], [-2.0, 2.0], [0.5, 2.0]]])
exercise.case("one value", [[1.0, 2.0]], 1, [3.0], expected=[[[1.0, 3.0]]], edge=True)
exercise.case("a code of one latent", [[1.0], [2.0]], 0, [3.0, 4.0], expected=[[[3.0], [4.0]], [[3.0], [4.0]]], edge=True)
exercise.always("70 codes, 9 values", lambda rng: (rng.normal(size=(70, 10)), 3, np.linspace(-3, 3, 9)))


def _grid(mu, unit, values, inside=None):
    """The codes, repeated, with something else in the place of the one latent."""
    inside = values.expand(len(mu), -1) if inside is None else inside
    here = (mu.new_ones(mu.shape[1]).cumsum(0) - 1 == unit).to(mu)
    return mu[:, None] * (1 - here) + inside[..., None] * here


@exercise.misconception("The values are added to the latent: it is *set* to each of them.")
def added(mu, unit, values):
    return _grid(mu, unit, values, mu[:, unit, None] + values)


@exercise.misconception("The latent is multiplied by the values: it is *set* to each of them.")
def multiplied(mu, unit, values):
    return _grid(mu, unit, values, mu[:, unit, None] * values)


@exercise.misconception("The other latents are set to 0: they stay as the image's code has them.")
def others_zero(mu, unit, values):
    return _grid(0 * mu, unit, values)


@exercise.misconception("The other latents are the mean over all codes: each code keeps its own.")
def others_averaged(mu, unit, values):
    return _grid(mu.mean(0).expand_as(mu), unit, values)


@exercise.misconception("All rows belong to the first code: each code has its own.")
def first_code(mu, unit, values):
    return _grid(mu[:1].expand_as(mu), unit, values)


@exercise.misconception("Every latent is set to the value: only one of them.")
def all_latents(mu, unit, values):
    return values[None, :, None].expand(len(mu), -1, mu.shape[1]) + 0 * mu[:, None]


@exercise.misconception("The latents are counted from 1 here: `unit` 0 is the first.")
def counted_from_one(mu, unit, values):
    return _grid(mu, (unit - 1) % mu.shape[1], values)


@exercise.misconception("Counted from the end: `unit` 0 is the first latent.")
def counted_from_the_end(mu, unit, values):
    return _grid(mu, mu.shape[1] - 1 - unit, values)


@exercise.misconception("Nothing changes: the latent still has the image's own value.")
def unchanged(mu, unit, values):
    return _grid(mu, unit, values, mu[:, unit, None].expand(-1, len(values)))


@exercise.misconception("The first two dimensions are exchanged: (codes, values, latents).")
def exchanged(mu, unit, values):
    return _grid(mu, unit, values).transpose(0, 1).reshape(len(mu), len(values), -1)


@exercise.misconception("The values run backwards.")
def backwards(mu, unit, values):
    return _grid(mu, unit, values.flip(0))


@exercise.misconception("The values are sorted: they come in the order in which they were given.")
def sorted_values(mu, unit, values):
    return _grid(mu, unit, values.sort().values)


@exercise.misconception("The last value fills all rows: the same tensor is changed again and again. Copy it first.")
def last_value_everywhere(mu, unit, values):
    return _grid(mu, unit, values[-1:].expand(len(values)))


@exercise.steps
def in_steps(mu, unit, values):
    numbers = mu.new_ones(mu.shape[1]).cumsum(0) - 1  # the latents' numbers
    here = (numbers == unit).double()  # which latent is set
    kept = mu * (1 - here)  # the other latents
    put = values.unsqueeze(1) * here  # the values in their place
    return kept.unsqueeze(1) + put  # the codes
