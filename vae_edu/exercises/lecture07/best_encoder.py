"""07.b: best_encoder."""

import numpy as np
import torch
from scipy.optimize import minimize_scalar

from ...reference import probe
from ..exercise import Exercise

REACH = 20.0  # v is looked for between minus and plus this, log tau2 too


def cost(v, log_tau2, w, s, beta):
    """Expected cost for x = ±1, the noise of z at ±1 standard deviations: means and variances are exact, and so is the mean."""
    x, noise = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, -1.0, 1.0, -1.0])
    error = (x - w * (v * x + np.exp(log_tau2 / 2) * noise)) ** 2
    return error.mean() / (2 * s) + beta / 2 * (v**2 + np.exp(log_tau2) - log_tau2 - 1)


def by_search(w, s, beta):
    """Searched for: the least cost along v, and along log tau2, one direction at a time."""
    w, s, beta = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (w, s, beta)))
    found = []
    search = lambda f: minimize_scalar(f, bounds=(-REACH, REACH), method="bounded", options={"xatol": 1e-11}).x
    with np.errstate(all="ignore"):
        for given in zip(w.ravel(), s.ravel(), beta.ravel()):
            v = search(lambda v, given=given: cost(v, 0.0, *given))
            found.append((v, np.exp(search(lambda t, given=given: cost(0.0, t, *given)))))
    v, tau2 = np.array(found).T
    return v.reshape(w.shape), tau2.reshape(w.shape)


def draw_decoders(rng: np.random.Generator):
    """2 to 7 directions, one decoder noise and one beta for all."""
    return rng.normal(scale=1.5, size=rng.integers(2, 8)), float(rng.uniform(0.2, 3)), float(rng.uniform(0.3, 5))


def probe_decoders():
    values = np.linalg.eigvalsh(np.cov(probe("vae-mnist").x.numpy().T))[::-1][:12].copy()
    return "12 principal directions of 64 images of vae-mnist", (np.sqrt(values), 0.5, 2.0), None


exercise = Exercise(
    "07.b",
    "best_encoder",
    ["w", "s", "beta"],
    oracle=by_search,
    draw=draw_decoders,
    reference=probe_decoders,
    unit="",
    item="direction",
)
exercise.case("w = 1, s = 1, beta = 1: halfway in both", [1.0], 1.0, 1.0, expected=([0.5], [0.5]))
exercise.case("beta = 3: the dearer, the shyer", [1.0], 1.0, 3.0, expected=([0.25], [0.75]))
exercise.case("w = 2 with s = 1, beta = 1", [2.0], 1.0, 1.0, expected=([0.4], [0.2]))
exercise.case("w below 0: v below 0, the noise is the same", [-2.0], 0.5, 2.0, expected=([-0.4], [0.2]))
exercise.case("a weak decoder needs a v above 1", [0.2], 0.04, 1.0, expected=([2.5], [0.5]))
exercise.case("three directions, beta = 2, s = 0.5", [1.0, 2.0, 3.0], 0.5, 2.0, expected=([0.5, 0.4, 0.3], [0.5, 0.2, 0.1]))
exercise.case("a decoder that ignores z: q is the prior", [0.0, 1.0], 1.0, 1.0, expected=([0.0, 0.5], [1.0, 0.5]), edge=True)
exercise.case("s and beta by direction", [1.0, 1.0], [1.0, 0.5], [1.0, 6.0], expected=([0.5, 0.25], [0.5, 0.75]), edge=True)
exercise.case("two dimensions", [[1.0], [3.0]], 0.25, 4.0, expected=([[0.5], [0.3]], [[0.5], [0.1]]), edge=True)
exercise.always("40 directions", lambda rng: (rng.normal(scale=1.5, size=40), 0.3, 1.7))


def _slope(w, s, beta):
    return w / (w**2 + beta * s)


def _noise(w, s, beta):
    return beta * s / (w**2 + beta * s)


@exercise.misconception("beta is forgotten: this is the encoder that is best for beta = 1. A dearer KL asks for less.")
def beta_forgotten(w, s, beta):
    return _slope(w, s, 1), _noise(w, s, 1)


@exercise.misconception("v is right, but tau2 is that of beta = 1: the KL's price is on the noise of z as well.")
def beta_forgotten_in_tau2(w, s, beta):
    return _slope(w, s, beta), _noise(w, s, 1)


@exercise.misconception("tau2 is right, but v is that of beta = 1: the KL's price is on the mean as well.")
def beta_forgotten_in_v(w, s, beta):
    return _slope(w, s, 1), _noise(w, s, beta)


@exercise.misconception(
    "This v gives back x exactly, as if the error were all that is paid: the KL charges for a large mean too."
)
def restores_exactly(w, s, beta):
    return 1 / w, _noise(w, s, beta)


@exercise.misconception("The prior is forgotten: it draws v towards 0 and tau2 towards 1, and keeps both finite where w is 0.")
def without_the_prior(w, s, beta):
    return 1 / w, beta * s / w**2


@exercise.misconception("The second value is τ, the standard deviation: asked is the variance τ².")
def deviation(w, s, beta):
    return _slope(w, s, beta), _noise(w, s, beta) ** 0.5


@exercise.misconception("The two values are in the wrong order: v comes first, then tau2.")
def order_swapped(w, s, beta):
    return _noise(w, s, beta), _slope(w, s, beta)


@exercise.misconception("w stands in the sum as it is: the error has the square of w in front of v² and of τ².")
def w_not_squared(w, s, beta):
    return w / (w + beta * s), beta * s / (w + beta * s)


@exercise.misconception("The second value is one over the variance, a precision: turn it over.")
def precision(w, s, beta):
    return _slope(w, s, beta), 1 / _noise(w, s, beta)


@exercise.misconception("The encoder is not the decoder transposed: how much of x it passes on depends on s and beta too.")
def transposed(w, s, beta):
    return w, _noise(w, s, beta)


@exercise.misconception("s is squared as if it were a standard deviation: it is the decoder's variance already.")
def s_squared(w, s, beta):
    return _slope(w, s**2, beta), _noise(w, s**2, beta)


@exercise.misconception("beta divides where it should multiply: a dearer KL must make v smaller and tau2 larger.")
def beta_upside_down(w, s, beta):
    return _slope(w, s, 1 / beta), _noise(w, s, 1 / beta)


@exercise.misconception("In tau2 beta is missing above the line: with w = 0 the noise must be the prior's, 1.")
def beta_below_alone(w, s, beta):
    return _slope(w, s, beta), s / (w**2 + beta * s)


@exercise.misconception("The first value is w v, the part of x that comes back: asked is v itself.")
def part_that_comes_back(w, s, beta):
    return w * _slope(w, s, beta), _noise(w, s, beta)


@exercise.misconception("tau2 is the prior's variance: noise of that size costs no KL, but the decoder hands it on to the image.")
def noise_of_the_prior(w, s, beta):
    return _slope(w, s, beta), 0 * w + 1


@exercise.misconception("tau2 is the part of x that comes back, w v: the more comes back, the *less* noise is best.")
def complement(w, s, beta):
    return _slope(w, s, beta), w * _slope(w, s, beta)


@exercise.misconception("s is forgotten: the decoder's variance says how dear an error is, and so how much noise it bears.")
def s_forgotten(w, s, beta):
    return _slope(w, 1, beta), _noise(w, 1, beta)


@exercise.steps
def in_steps(w, s, beta):
    price = beta * s  # the price of a nat
    square = w**2  # the square of w
    total = square + price  # the sum that divides both
    v = w / total  # the slope v
    tau2 = price / total  # the variance of q
    return v, tau2  # slope and variance


exercise.instead(
    "tau2",
    {
        "the variance of q lacks the factor s above the line": lambda beta, total: beta / total,
        "the variance of q is one over the sum that divides both": lambda total: 1 / total,
        "the variance of q is the error by its noise, and not the noise": lambda square, price, total: square * price / total,
        "1 − v stands where the variance of q belongs": lambda v: 1 - v,
        "the variance of q is the square of what is right": lambda price, total: (price / total) ** 2,
    },
)
exercise.instead(
    "total",
    {
        "w² + 1 stands for the sum that divides both": lambda square: square + 1,
        "the prior's 1 is added to the sum that divides both": lambda square, price: square + price + 1,
        "twice s is in the sum that divides both": lambda square, price: square + 2 * price,
    },
)
exercise.instead("square", {"w² is summed over the directions, each of which has its own": lambda w: (w**2).sum()})
exercise.instead(
    "return",
    {
        "v is that of beta = 1, divided by beta, and tau2 that of beta = 1, times beta": lambda w, s, beta, square: (
            w / (square + s) / beta,
            beta * s / (square + s),
        ),
        "directions whose w² is below s are switched off": lambda w, s, v, tau2: (
            v * (w**2 > s),
            torch.where(w**2 > s, tau2, 1.0),
        ),
        "directions whose w² is below beta times s are switched off": lambda square, price, v, tau2: (
            v * (square > price),
            torch.where(square > price, tau2, 1.0),
        ),
    },
)
