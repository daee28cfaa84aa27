"""07.a: cost_of_unit."""

import math

import numpy as np
from scipy.stats import norm

from ...reference import probe
from ..exercise import Exercise


def by_quadrature(v, w, tau2, variance, s, beta):
    """E of (x − w z)² / 2s + beta (log q(z|x) − log p(z)) at Gauss-Hermite nodes of x and of the noise of z."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(5)
    weights = weights / weights.sum()
    v, w, tau2, variance, s, beta = (np.asarray(a, dtype=float)[..., None, None] for a in (v, w, tau2, variance, s, beta))
    with np.errstate(all="ignore"):
        x = np.sqrt(variance) * nodes[:, None]
        z = v * x + np.sqrt(tau2) * nodes
        error = (x - w * z) ** 2 / (2 * s)
        terms = error + beta * (norm.logpdf(z, v * x, np.sqrt(tau2)) - norm.logpdf(z))
        return np.einsum("...ij,i,j->...", terms, weights, weights)


def draw_directions(rng: np.random.Generator):
    """2 to 7 directions, one decoder noise and one beta for all."""
    v, w, logs = rng.normal(size=(3, rng.integers(2, 8)))
    return v, w, np.exp(logs), rng.gamma(2.0, 1.0, size=len(v)) + 0.1, float(rng.uniform(0.2, 3)), float(rng.uniform(0.3, 5))


def probe_directions():
    """The variances of 12 principal directions, the noise of 12 latents, and a slope for each."""
    a = probe("vae-mnist")
    variances = np.linalg.eigvalsh(np.cov(a.x.numpy().T))[::-1][:12].copy()
    v, tau2 = a.mu.std(0).numpy()[:12], a.logvar.exp().mean(0).numpy()[:12]
    return "12 principal directions of 64 images of vae-mnist", (v, np.sqrt(variances), tau2, variances, 0.5, 2.0), None


exercise = Exercise(
    "07.a",
    "cost_of_unit",
    ["v", "w", "tau2", "variance", "s", "beta"],
    oracle=by_quadrature,
    draw=draw_directions,
    reference=probe_directions,
    item="direction",
)
OFF, ON = ([0.0], [0.0], [1.0], [2.0]), ([1.0], [1.0], [1.0], [4.0])  # a latent that says nothing, and one that says all
TWO = [[*off, *on] for off, on in zip(OFF, ON)]
SMALL = math.exp(-1)
exercise.case("a latent that says nothing: the error of 0 alone", *OFF, 1.0, 1.0, expected=[1.0])
exercise.case("w v = 1: the noise costs 1, the KL 2", *ON, 0.5, 1.0, expected=[3.0])
exercise.case("the same with beta = 3: only the KL is three times as dear", *ON, 0.5, 3.0, expected=[7.0])
exercise.case("half is lost, little noise", [0.5], [1.0], [SMALL], [4.0], 0.5, 3.0, expected=[2.5 * (1 + SMALL)])
exercise.case("two directions", *TWO, 0.5, 1.0, expected=[2.0, 3.0])
exercise.case("hardly any noise: its KL is nearly half of 20", [0.0], [0.0], [math.exp(-20)], [0.0], 1.0, 1.0,
    expected=[9.5 + math.exp(-20) / 2], edge=True)  # fmt: skip
exercise.case("s and beta by direction", *TWO, [0.5, 1.0], [1.0, 2.0], expected=[2.0, 4.5], edge=True)
exercise.case("a grid of two dimensions", *([row] for row in TWO), 0.5, 1.0, expected=[[2.0, 3.0]], edge=True)
exercise.always("90 directions", lambda rng: (
    *rng.normal(size=(2, 90)), np.exp(rng.normal(size=90)), rng.gamma(2.0, 1.0, size=90), 0.3, 1.7))  # fmt: skip


def _error(v, w, tau2, variance):
    return variance * (1 - w * v) ** 2 + w**2 * tau2


def _kl(v, tau2, variance):
    return 0.5 * (v**2 * variance + tau2 - tau2.log() - 1)


@exercise.misconception("The noise of z costs too: the decoder hands it on to the image, and with it the error grows.")
def noise_is_free(v, w, tau2, variance, s, beta):
    return _error(v, w, 0, variance) / (2 * s) + beta * _kl(v, tau2, variance)


@exercise.misconception(
    "The squared error is not yet in nats: a Gaussian of variance s charges it with a factor that depends on s."
)
def error_not_in_nats(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) + beta * _kl(v, tau2, variance)


@exercise.misconception("The error is divided by s alone: the exponent of a Gaussian has a ½ as well.")
def without_half_of_error(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / s + beta * _kl(v, tau2, variance)


@exercise.misconception("The error is halved and not divided by s: the smaller the decoder's variance, the dearer an error.")
def s_left_out(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / 2 + beta * _kl(v, tau2, variance)


@exercise.misconception("beta weighs both terms here: it is the price of the KL alone.")
def beta_on_both(v, w, tau2, variance, s, beta):
    return beta * (_error(v, w, tau2, variance) / (2 * s) + _kl(v, tau2, variance))


@exercise.misconception("beta weighs the error here, and not the KL: it is the price of the KL.")
def beta_on_error(v, w, tau2, variance, s, beta):
    return beta * _error(v, w, tau2, variance) / (2 * s) + _kl(v, tau2, variance)


@exercise.misconception("The KL is that of x = 1: its mean v x differs from image to image, and the mean of x² is the variance.")
def kl_of_one_image(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) + beta * _kl(v, tau2, 1)


@exercise.misconception("The error of the mean is that of x = 1: x has a variance, and what is lost of x grows with it.")
def error_of_one_image(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, 1) / (2 * s) + beta * _kl(v, tau2, variance)


@exercise.misconception("In the KL the log is that of the standard deviation τ: the log of the variance τ² belongs there.")
def log_of_deviation(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) + beta * (_kl(v, tau2, variance) + tau2.log() / 4)


@exercise.misconception("s is squared as if it were a standard deviation: it is the decoder's variance already.")
def s_squared(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s**2) + beta * _kl(v, tau2, variance)


@exercise.misconception("tau2 is squared as if it were a standard deviation: it is the variance of q already.")
def tau2_squared(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2**2, variance) / (2 * s) + beta * _kl(v, tau2**2, variance)


@exercise.misconception("The noise of z is multiplied by w, and so its variance by more than that: check the power of w.")
def w_not_squared(v, w, tau2, variance, s, beta):
    return (_error(v, w, tau2, variance) + w * tau2 - w**2 * tau2) / (2 * s) + beta * _kl(v, tau2, variance)


@exercise.misconception("The noise of z enters the error as it is: the decoder multiplies z by w, its noise included.")
def noise_without_w(v, w, tau2, variance, s, beta):
    return (_error(v, w, tau2, variance) + tau2 - w**2 * tau2) / (2 * s) + beta * _kl(v, tau2, variance)


@exercise.misconception(
    "The sign of the log: a very narrow q says much and must cost much, with this sign the KL would fall without end."
)
def log_sign(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) + beta * (_kl(v, tau2, variance) + tau2.log())


@exercise.misconception("The ½ in front of the KL is missing.")
def without_half_of_kl(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) + 2 * beta * _kl(v, tau2, variance)


@exercise.misconception("The −1 of the KL is missing: a latent that says nothing (v = 0, τ² = 1) must have a KL of 0.")
def without_minus_one(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) + beta * (_kl(v, tau2, variance) + 0.5)


@exercise.misconception("A difference of squares: the part of x that is lost is squared, after the subtraction.")
def difference_of_squares(v, w, tau2, variance, s, beta):
    error = variance * (1 - (w * v) ** 2) + w**2 * tau2
    return error / (2 * s) + beta * _kl(v, tau2, variance)


@exercise.misconception("This is the error alone: the KL is missing.")
def error_alone(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s)


@exercise.misconception("The KL is subtracted as in the bound: this is a cost, where both terms are paid.")
def kl_subtracted(v, w, tau2, variance, s, beta):
    return _error(v, w, tau2, variance) / (2 * s) - beta * _kl(v, tau2, variance)


@exercise.steps
def in_steps(v, w, tau2, variance, s, beta):
    kept = w * v  # the part of x that comes back
    lost = variance * (1 - kept) ** 2  # the error of the mean
    shaken = w**2 * tau2  # the error by the noise of z
    error = lost + shaken  # the mean squared error
    reconstruction = error / (2 * s)  # the error in nats
    square = v**2 * variance  # the mean square of q's mean
    log = tau2.log()  # the log of q's variance
    divergence = 0.5 * (square + tau2 - log - 1)  # the mean KL
    return reconstruction + beta * divergence  # the cost


exercise.instead(
    "divergence",
    {
        "the KL is taken the other way round, from the prior to q": lambda square, tau2, log: (
            0.5 * (log + (1 + square) / tau2 - 1)
        ),
        "the mean KL has the size of q's mean where its square belongs": lambda v, variance, tau2, log: (
            0.5 * (v.abs() * variance.sqrt() + tau2 - log - 1)
        ),
        "the KL is that of all z together, over all x, and not the mean of the KL of each x": lambda square, tau2: (
            0.5 * (square + tau2 - (square + tau2).log() - 1)
        ),
        "the mean KL is that of the variances alone": lambda tau2, log: 0.5 * (tau2 - log - 1),
        "the mean KL is that of the means alone": lambda square: 0.5 * square,
        "the mean KL takes the variance for a standard deviation, and squares it": lambda v, variance, tau2, log: (
            0.5 * ((v * variance) ** 2 + tau2 - log - 1)
        ),
    },
)
exercise.instead(
    "lost",
    {
        "the error of the mean takes the variance for a standard deviation, and squares it": lambda variance, kept: (
            (variance * (1 - kept)) ** 2
        ),
        "the square of the error of the mean is taken apart without its middle term": lambda variance, kept: (
            variance * (1 + kept**2)
        ),
    },
)
exercise.instead(
    "error",
    {
        "the two errors are added before they are squared, as if they were not independent": lambda variance, kept, w, tau2: (
            (variance.sqrt() * (1 - kept) + w * tau2.sqrt()) ** 2
        )
    },
)
exercise.instead(
    "shaken",
    {"the noise of z is multiplied by the variance of x": lambda w, tau2, variance: w**2 * tau2 * variance},
)
exercise.instead(
    "return",
    {
        "the constant ½ log 2πs is added, which was to be left out": lambda reconstruction, beta, divergence, s: (
            reconstruction + beta * divergence + 0.5 * math.log(2 * math.pi * s)
        ),
        "beta weighs only the part of the KL with q's mean": lambda reconstruction, beta, divergence, square: (
            reconstruction + divergence + (beta - 1) * square / 2
        ),
        "beta weighs only the part of the KL with q's variance": lambda reconstruction, beta, divergence, square: (
            reconstruction + beta * divergence - (beta - 1) * square / 2
        ),
        "½ log s is added, which was to be left out as a constant": lambda reconstruction, beta, divergence, s: (
            reconstruction + beta * divergence + 0.5 * math.log(s)
        ),
    },
)
