"""ps5.2: log_mixture."""

import math

import numpy as np

from ... import densities, priors
from ..alternatives import MIXTURE
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2, LOG_2PI, mixture_by_scipy, probe_mixture


def draw_mixture(rng: np.random.Generator):
    latent_dim = int(rng.integers(2, 5))
    z = 2 * rng.normal(size=(int(rng.integers(1, 7)), latent_dim))
    return z, *rng.normal(size=(2, int(rng.integers(2, 6)), latent_dim))


exercise = Exercise(
    "ps5.2",
    "log_mixture",
    ["z", "mu", "logvar"],
    oracle=mixture_by_scipy,
    draw=draw_mixture,
    reference=probe_mixture,
    closed_book=[densities.log_normal_components, priors.Mixture.log_prob, priors.Mixture.component_log_probs],
)
CORNERS = [[-3.0, -3.0], [3.0, 3.0]]
FLAT = [[0.0, 0.0], [0.0, 0.0]]
exercise.case("one component at its mode", [[1.0]], [[1.0]], [[0.0]], expected=[-LOG_2PI / 2])
exercise.case("two equal components are one", [[1.0]], [[1.0], [1.0]], [[0.0], [0.0]], expected=[-LOG_2PI / 2])
exercise.case("a corner between two modes: 18 nats below", [[3.0, -3.0]], CORNERS, FLAT, expected=[-LOG_2PI - 18])
exercise.case("halfway: 9 nats below", [[0.0, 0.0]], CORNERS, FLAT, expected=[-LOG_2PI - 9])
exercise.case(
    "by hand: variances e² and 1", [[2.0]], [[0.0], [2.0]], [[2.0], [0.0]],
    expected=[-LOG_2PI / 2 - LN2 + math.log(math.exp(-1 - 2 * math.exp(-2)) + 1)],
)  # fmt: skip
exercise.case(  # one maximum for the whole batch does not do
    "far from both, where exp underflows, and beside it a z at the mode", [[100.0], [0.0]], [[0.0], [0.0]], [[0.0], [0.0]],
    expected=[-LOG_2PI / 2 - 5000, -LOG_2PI / 2], edge=True,
)  # fmt: skip
exercise.always(
    "70 z, 3 components, log-variances from −9 to 5",
    lambda rng: (2 * rng.normal(size=(70, 4)), rng.normal(size=(3, 4)), wide_logvar(rng, 3, 4)),
)
exercise.always("6 z, 3 components, 45 latents", lambda rng: (rng.normal(size=(6, 45)), *rng.normal(size=(2, 3, 45))))


def _components(z, mu, logvar):
    """Every component's log density by latent: (batch, K, D)."""
    return -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp())


@exercise.misconception(
    "The logsumexp runs over the components of each latent by itself, and the latents are summed after it: that is a product of "
    "one-dimensional mixtures, with modes in corners where there are none. Sum over the latents first."
)
def per_latent(z, mu, logvar):
    return (_components(z, mu, logvar).logsumexp(1) - math.log(len(mu))).sum(-1)


@exercise.misconception("log K is not subtracted: each component has weight 1/K, or the mixture does not integrate to one.")
def log_k_missing(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).logsumexp(1)


@exercise.misconception("The mean of the log densities is not the log of the mean density: first the mixture, then the log.")
def mean_of_logs(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).mean(1)


@exercise.misconception("Right, until exp underflows: far from every component it gives −inf. Use logsumexp.")
def exp_then_log(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).exp().mean(1).log()


@exercise.misconception("Only the nearest component: the others add to the density too.")
def nearest_component(z, mu, logvar):
    return _components(z, mu, logvar).sum(-1).max(1).values - math.log(len(mu))


@exercise.misconception(
    "A parenthesis is misplaced, −½(logvar + (z − μ)²)/σ², as in a published port of the paper: only the square is divided by σ²."
)
def misplaced_parenthesis(z, mu, logvar):
    parts = -0.5 * (logvar + (z.unsqueeze(1) - mu) ** 2) / logvar.exp() - 0.5 * LOG_2PI
    return parts.sum(-1).logsumexp(1) - math.log(len(mu))


@exercise.misconception("The square is divided by exp(2·logvar): exp(logvar) already is the variance.")
def variance_squared(z, mu, logvar):
    parts = -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / (2 * logvar).exp())
    return parts.sum(-1).logsumexp(1) - math.log(len(mu))


@exercise.misconception("log 2π is missing: a density that is compared with another keeps its constants.")
def no_two_pi(z, mu, logvar):
    return (_components(z, mu, logvar) + 0.5 * LOG_2PI).sum(-1).logsumexp(1) - math.log(len(mu))


@exercise.steps
def in_steps(z, mu, logvar):
    distance = (z.unsqueeze(1) - mu) ** 2  # the squared distance
    variance = logvar.exp()  # the variance
    fraction = distance / variance  # the distance over the variance
    terms = -0.5 * (LOG_2PI + logvar + fraction)  # the log density of each latent
    densities = terms.sum(-1)  # the log density of each component
    total = densities.logsumexp(1)  # the log of the summed densities
    components = len(mu)  # the number of components
    log_k = math.log(components)  # log K
    return total - log_k  # the log density of the mixture


exercise.instead("return", MIXTURE)
