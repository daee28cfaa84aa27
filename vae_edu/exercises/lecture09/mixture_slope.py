"""09.b: mixture_slope."""

import math

import numpy as np
import torch

from ... import densities, priors, reference
from ...reference import probe
from ..exercise import Exercise
from ..ps1._shared import wide_logvar

TINY = 1e-30  # an imaginary step: nothing cancels, so that it may be as small as this


def by_imaginary_steps(z, mu, logvar):
    """The slope along each latent: the imaginary part of log p at z + i·TINY, divided by TINY."""
    slopes = np.zeros_like(z)
    with np.errstate(all="ignore"):
        for d in range(z.shape[1]):
            moved = z.astype(complex)
            moved[:, d] += 1j * TINY
            squares = (moved[:, None] - mu) ** 2 / np.exp(logvar)
            logs = -0.5 * (np.log(2 * np.pi) + logvar + squares).sum(2)
            largest = logs.real.max(1, keepdims=True)
            slopes[:, d] = (np.log(np.exp(logs - largest).mean(1)) + largest[:, 0]).imag / TINY
    return slopes


def draw_mixture(rng: np.random.Generator):
    """1 to 6 z of 2 to 4 latents, 2 to 5 components."""
    latents = int(rng.integers(2, 5))
    z = 2 * rng.normal(size=(int(rng.integers(1, 7)), latents))
    shape = int(rng.integers(2, 6)), latents
    return z, rng.normal(size=shape), rng.uniform(-1.5, 1.5, size=shape)  # no z is so far that every density underflows


def probe_mixture():
    a, model = probe("vampprior-mnist"), reference.load("vampprior-mnist").double()
    mu, logvar = (part.numpy() for part in model.prior.components())
    return "4 z under the 500 components of vampprior-mnist", (a.z[0, ::16].numpy(), mu, logvar), None


exercise = Exercise(
    "09.b",
    "mixture_slope",
    ["z", "mu", "logvar"],
    oracle=by_imaginary_steps,
    draw=draw_mixture,
    reference=probe_mixture,
    closed_book=[
        densities.log_normal_components,
        priors.Mixture.log_prob,
        priors.Mixture.component_log_probs,
        priors.Mixture.responsibilities,
    ],
    unit="",
    item="z",
)
LN2, LN3, LN4 = math.log(2), math.log(3), math.log(4)
TWINS, CORNERS, FLAT = [[1.0, 2.0], [1.0, 2.0]], [[-3.0, -3.0], [3.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]
exercise.case("one component of variance 1: up to its mean", [[1.0]], [[3.0]], [[0.0]], expected=[[2.0]])
exercise.case("one component of variance 4", [[1.0]], [[3.0]], [[LN4]], expected=[[0.5]])
exercise.case("two equal components are one", [[0.0, 0.0]], TWINS, [[0.0, LN4], [0.0, LN4]], expected=[[1.0, 0.5]])
exercise.case("halfway between two: level", [[0.0]], [[-3.0], [3.0]], [[0.0], [0.0]], expected=[[0.0]])
exercise.case("three to one: ½ − z", [[LN3 / 2]], [[1.0], [-1.0]], [[0.0], [0.0]], expected=[[0.5 - LN3 / 2]])
exercise.case("variances 1 and 4 where both are equally dense: −5z/8", [[math.sqrt(8 * LN2 / 3)]], [[0.0], [0.0]], [[0.0], [LN4]],
    expected=[[-5 / 8 * math.sqrt(8 * LN2 / 3)]])  # fmt: skip
exercise.case("a corner as far from one mean as from the other", [[3.0, -3.0]], CORNERS, FLAT, expected=[[-3.0, 3.0]])
exercise.case("far from both, and beside it a z at a mean", [[1000.0], [0.0]], [[0.0], [10.0]], [[0.0], [0.0]],
    expected=[[-990.0], [0.0]], edge=True)  # fmt: skip
exercise.always(
    "70 z, 3 components, log-variances from −9 to 5",
    lambda rng: (2 * rng.normal(size=(70, 4)), rng.normal(size=(3, 4)), wide_logvar(rng, 3, 4)),
)
exercise.always("6 z, 3 components, 45 latents", lambda rng: (rng.normal(size=(6, 45)), *rng.normal(size=(2, 3, 45))))


def _slopes(z, mu, logvar):
    """Of each component, (batch, K, D)."""
    return (mu - z.unsqueeze(1)) / logvar.exp()


def _terms(z, mu, logvar):
    """Log densities up to a constant, latent by latent, (batch, K, D)."""
    return -0.5 * (logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp())


def _weighted(shares, slopes):
    return (shares.unsqueeze(2) * slopes).sum(1)


@exercise.misconception("All components weigh alike: one that is far away has next to no density at z, and so next to no weight.")
def weigh_alike(z, mu, logvar):
    return _slopes(z, mu, logvar).mean(1)


@exercise.misconception("The slopes of all components are added up with weight 1: each weighs as its share of the density at z.")
def without_weights(z, mu, logvar):
    return _slopes(z, mu, logvar).sum(1)


@exercise.misconception("The sign is turned: log p rises *towards* a mean, and this points away from it.")
def sign_turned(z, mu, logvar):
    return -_weighted(_terms(z, mu, logvar).sum(2).softmax(1), _slopes(z, mu, logvar))


@exercise.misconception("The variance is missing from the slope of each component: the narrower it is, the steeper.")
def variance_missing(z, mu, logvar):
    return _weighted(_terms(z, mu, logvar).sum(2).softmax(1), mu - z.unsqueeze(1))


@exercise.misconception("The slope of each component is divided by its standard deviation: it is the variance that divides.")
def standard_deviation(z, mu, logvar):
    return _weighted(_terms(z, mu, logvar).sum(2).softmax(1), (mu - z.unsqueeze(1)) / (logvar / 2).exp())


@exercise.misconception(
    "Right, until every density underflows to 0, and 0/0 is no number: form the shares from the log densities (softmax)."
)
def exponentials_first(z, mu, logvar):
    w = _terms(z, mu, logvar).sum(2).exp()
    return _weighted(w / w.sum(1, keepdim=True), _slopes(z, mu, logvar))


@exercise.misconception(
    "The shares are formed for each latent by itself: a component has one share for the whole z, so sum over the latents first."
)
def shares_per_latent(z, mu, logvar):
    return (_terms(z, mu, logvar).softmax(1) * _slopes(z, mu, logvar)).sum(1)


@exercise.misconception(
    "This is the slope of p and not of log p: it still has to be divided by p, after which the shares add up to 1."
)
def slope_of_p(z, mu, logvar):
    w = (_terms(z, mu, logvar) - 0.5 * math.log(2 * math.pi)).sum(2).exp()
    return _weighted(w, _slopes(z, mu, logvar)) / len(mu)


@exercise.misconception("The likeliest component alone is taken: the others pull too, each by its share.")
def likeliest_alone(z, mu, logvar):
    best = _terms(z, mu, logvar).sum(2).argmax(1)
    return (mu[best] - z) / logvar[best].exp()


@exercise.misconception("logvar is forgotten in the shares: of two components as many σ away, the narrower one is denser.")
def normaliser_forgotten(z, mu, logvar):
    return _weighted((_terms(z, mu, logvar) + 0.5 * logvar).sum(2).softmax(1), _slopes(z, mu, logvar))


@exercise.misconception("The shares rest on the plain squared distance: it is divided by each variance, and logvar counts too.")
def shares_by_distance(z, mu, logvar):
    distance = ((z.unsqueeze(1) - mu) ** 2).sum(2)
    return _weighted((-0.5 * distance).softmax(1), _slopes(z, mu, logvar))


@exercise.misconception("The ½ in the log densities is missing: the shares come out too sure.")
def half_missing(z, mu, logvar):
    return _weighted((2 * _terms(z, mu, logvar)).sum(2).softmax(1), _slopes(z, mu, logvar))


@exercise.misconception("The shares add up to 1 over the z of the batch: they add up to 1 over the components of each z.")
def over_the_batch(z, mu, logvar):
    return _weighted(_terms(z, mu, logvar).sum(2).softmax(0), _slopes(z, mu, logvar))


@exercise.misconception("Divided by the number of components once more: the shares add up to 1 already.")
def averaged(z, mu, logvar):
    return (_terms(z, mu, logvar).sum(2).softmax(1).unsqueeze(2) * _slopes(z, mu, logvar)).mean(1)


@exercise.misconception("This is log p(z) itself: its slope along every latent is asked for.")
def log_density(z, mu, logvar):
    logs = (_terms(z, mu, logvar) - 0.5 * math.log(2 * math.pi)).sum(2)
    return logs.logsumexp(1) - math.log(len(mu))


@exercise.misconception("The slopes along the latents are added up: each latent has its own.")
def summed_over_latents(z, mu, logvar):
    return _weighted(_terms(z, mu, logvar).sum(2).softmax(1), _slopes(z, mu, logvar)).sum(1)


@exercise.misconception("The slopes of all z of the batch are added up: each z has its own.")
def summed_over_the_batch(z, mu, logvar):
    return _weighted(_terms(z, mu, logvar).sum(2).softmax(1), _slopes(z, mu, logvar)).sum(0)


@exercise.misconception("The mixture is replaced by one Gaussian, of its mean and variance: a mixture has more than one peak.")
def one_gaussian(z, mu, logvar):
    return (mu.mean(0) - z) / (logvar.exp().mean(0) + mu.var(0, correction=0))


@exercise.misconception("logvar is taken for the variance, in the slopes and in the shares: exp(logvar) is the variance.")
def logvar_as_variance(z, mu, logvar):
    distance = mu - z.unsqueeze(1)
    shares = (-0.5 * (logvar + distance**2 / logvar)).sum(2).softmax(1)
    return _weighted(shares, distance / logvar)


@exercise.steps
def in_steps(z, mu, logvar):
    distance = mu - z.unsqueeze(1)  # the way from z to each mean
    variance = logvar.exp()  # the variance
    slopes = distance / variance  # the slope of each component
    fraction = distance**2 / variance  # the squared distance over the variance
    terms = -0.5 * (logvar + fraction)  # the log density of each latent
    logs = terms.sum(2)  # the log density of each component
    total = logs.logsumexp(1).unsqueeze(1)  # the log of the summed densities
    shares = (logs - total).exp()  # the responsibility of each component
    weighted = shares.unsqueeze(2) * slopes  # the weighted slope of each component
    return weighted.sum(1)  # the slope of the mixture


exercise.instead(
    "shares",
    {
        "the component of the nearest mean alone is taken": lambda distance: torch.nn.functional.one_hot(
            (distance**2).sum(2).argmin(1), distance.shape[1]
        ),
        "the shares are the log densities themselves, divided by their sum": lambda logs: logs / logs.sum(1, keepdim=True),
        "the shares fall with the distance, not with its square": lambda fraction: (-fraction.sum(2).sqrt()).softmax(1),
        "the shares are those of the components farthest away": lambda logs: (-logs).softmax(1),
        "the latents are averaged in the log densities that make the shares": lambda terms: terms.mean(2).softmax(1),
    },
)
exercise.instead(
    "weighted",
    {
        "the shares add up to 1 over the latents, not over the components": lambda terms, slopes: terms.softmax(2) * slopes,
        "the densities of the components are not divided by their sum": lambda logs, slopes: logs.exp().unsqueeze(2) * slopes,
    },
)
exercise.instead(
    "return",
    {
        "the responsibilities are returned": lambda shares: shares,
        "the slope of each component is returned, before they are added up": lambda weighted: weighted,
        "the mean that z is drawn to is returned, and not the way there": lambda shares, mu: shares @ mu,
        "the difference is divided by the average variance, after the means are averaged": lambda shares, mu, z, variance: (
            (shares @ mu - z) / (shares @ variance)
        ),
        "the way to the mean of all means is returned": lambda mu, z: mu.mean(0) - z,
        "the slope of the standard normal is returned": lambda z: -z,
    },
)
