"""14.b: turned."""

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def as_complex_numbers(codes, i, j, angle):
    """The two latents as one complex number, multiplied by exp(i angle)."""
    number = (codes[:, i] + 1j * codes[:, j]) * np.exp(1j * angle)
    found = codes.copy()
    found[:, i], found[:, j] = number.real, number.imag
    return found


def draw_turn(rng: np.random.Generator):
    """2 to 6 codes of 2 to 5 latents, any two of these, any angle."""
    latents = int(rng.integers(2, 6))
    i, j = rng.permutation(latents)[:2]
    return rng.normal(size=(rng.integers(2, 7), latents)), int(i), int(j), float(rng.uniform(0.2, 2.8))


def probe_turn():
    return "64 codes of betavae4-sprites", (probe("betavae4-sprites").mu.numpy(), 9, 8, float(np.pi / 4)), None


exercise = Exercise(
    "14.b",
    "turned",
    ["codes", "i", "j", "angle"],
    oracle=as_complex_numbers,
    draw=draw_turn,
    reference=probe_turn,
    unit="",
)
QUARTER, ROOT = float(np.pi / 2), float(np.sqrt(0.5))
exercise.case("a quarter turn takes (1, 0) to (0, 1)", [[1.0, 0.0]], 0, 1, QUARTER, expected=[[0.0, 1.0]])
exercise.case("and (0, 1) to (−1, 0)", [[0.0, 1.0]], 0, 1, QUARTER, expected=[[-1.0, 0.0]])
exercise.case("an eighth of a turn", [[1.0, 1.0]], 0, 1, QUARTER / 2, expected=[[0.0, 2 * ROOT]])
exercise.case("the other latents stay", [[1.0, 7.0, 0.0, 8.0]], 0, 2, QUARTER, expected=[[0.0, 7.0, 1.0, 8.0]])
exercise.case("i and j in the other order: the other way round", [[1.0, 0.0]], 1, 0, QUARTER, expected=[[0.0, -1.0]])
exercise.case("two codes", [[1.0, 0.0], [0.0, 2.0]], 0, 1, QUARTER, expected=[[0.0, 1.0], [-2.0, 0.0]])
exercise.case("no turn", [[1.0, 2.0, 3.0]], 0, 2, 0.0, expected=[[1.0, 2.0, 3.0]], edge=True)
exercise.case("one code of two latents, half a turn", [[3.0, -2.0]], 0, 1, 2 * QUARTER, expected=[[-3.0, 2.0]], edge=True)
exercise.always("90 codes of 8 latents", lambda rng: (rng.normal(size=(90, 8)), 6, 1, 0.6))


def _with(codes, i, j, first, second):
    at = codes.new_ones(codes.shape[1]).cumsum(0) - 1
    one, other = (at == i).to(codes), (at == j).to(codes)
    return codes * (1 - one - other) + first[:, None] * one + second[:, None] * other


def _sides(codes, i, j, angle):
    return codes[:, i], codes[:, j], float(np.cos(angle)), float(np.sin(angle))


@exercise.misconception("Turned the other way: (1, 0) goes to (cos, sin).")
def other_way(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(codes, i, j, c * a + s * b, c * b - s * a)


@exercise.misconception("The second latent is made of the *new* first one: keep the old one until both are done.")
def overwritten(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    first = c * a - s * b
    return _with(codes, i, j, first, s * first + c * b)


@exercise.misconception("Both signs are plus: this mirrors or stretches, and turns nothing.")
def both_plus(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(codes, i, j, c * a + s * b, s * a + c * b)


@exercise.misconception("A reflection: one of the four signs is wrong.")
def reflected(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(codes, i, j, c * a + s * b, s * a - c * b)


@exercise.misconception("Sine and cosine are exchanged.")
def exchanged(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(codes, i, j, s * a - c * b, c * a + s * b)


@exercise.misconception("The angle is taken for degrees: it is in radians.")
def degrees(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle * float(np.pi) / 180)
    return _with(codes, i, j, c * a - s * b, s * a + c * b)


@exercise.misconception("Only the first of the two latents is changed.")
def first_alone(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(codes, i, j, c * a - s * b, b)


@exercise.misconception("The first two latents are turned, whatever i and j are.")
def always_the_first_two(codes, i, j, angle):
    a, b, c, s = _sides(codes, 0, 1, angle)
    return _with(codes, 0, 1, c * a - s * b, s * a + c * b)


@exercise.misconception("The other latents are lost: they stay as they are.")
def others_lost(codes, i, j, angle):
    a, b, c, s = _sides(codes, i, j, angle)
    return _with(0 * codes, i, j, c * a - s * b, s * a + c * b)


@exercise.misconception("The two latents are exchanged: they are mixed, by cosine and sine.")
def swapped(codes, i, j, angle):
    return _with(codes, i, j, codes[:, j], codes[:, i])


@exercise.steps
def in_steps(codes, i, j, angle):
    turn = codes.new_tensor(angle)  # the angle
    at = codes.new_ones(codes.shape[1]).cumsum(0) - 1  # the latents' numbers
    one = (at == i).double()  # which latent is the first
    other = (at == j).double()  # which latent is the second
    a = codes @ one  # the first latent
    b = codes @ other  # the second latent
    first = turn.cos() * a - turn.sin() * b  # the first latent, turned
    second = turn.sin() * a + turn.cos() * b  # the second latent, turned
    kept = codes * (1 - one - other)  # the other latents
    put = first.unsqueeze(1) * one + second.unsqueeze(1) * other  # the two in their places
    return kept + put  # the turned codes
