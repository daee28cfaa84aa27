"""ps5.4: vampprior_sample."""

import numpy as np
import torch

from ... import priors, reference
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import LN2


def sample_by_loop(uniform, noise, mu, logvar):
    rows = []
    for u, e in zip(uniform, noise):
        k = int(u * len(mu))
        rows.append(mu[k] + np.exp(logvar[k] / 2) * e)
    return np.array(rows)


def draw_sampler(rng: np.random.Generator):
    n, components, latent_dim = int(rng.integers(3, 9)), int(rng.integers(2, 6)), int(rng.integers(2, 5))
    return rng.uniform(size=n), rng.normal(size=(n, latent_dim)), *rng.normal(size=(2, components, latent_dim))


def probe_sampler():
    rng, model = np.random.default_rng(5), reference.load("vampprior-mnist").double()
    mu, logvar = (part.numpy() for part in model.prior.components())
    return "64 draws from the prior of vampprior-mnist", (rng.uniform(size=64), rng.normal(size=(64, 40)), mu, logvar), None


exercise = Exercise(
    "ps5.4",
    "vampprior_sample",
    ["uniform", "noise", "mu", "logvar"],
    oracle=sample_by_loop,
    draw=draw_sampler,
    reference=probe_sampler,
    closed_book=[priors.Mixture.sample],
    unit="",
    item="draw",
)
exercise.case("no noise: the chosen means", [0.1, 0.9], [[0.0], [0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[5], [7]])
exercise.case("three thirds", [0.3, 0.4, 0.7], [[0.0]] * 3, [[1.0], [2.0], [3.0]], [[0.0]] * 3, expected=[[1], [2], [3]])
exercise.case("one component many times", [0.6, 0.7], [[1.0], [-1.0]], [[0.0], [4.0]], [[0.0], [2 * LN2]], expected=[[6], [2]])
exercise.case("more draws than components", [0.1, 0.1, 0.1], [[1.0]] * 3, [[0.0], [9.0]], [[0.0]] * 2, expected=[[1]] * 3)
exercise.case("on the boundaries", [0.0, 0.5], [[0.0], [0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[5], [7]], edge=True)
exercise.case("just below one", [1 - 1e-12], [[0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[7]], edge=True)
exercise.always(
    "70 draws, 45 latents, log-variances from −9 to 5",
    lambda rng: (rng.uniform(size=70), rng.normal(size=(70, 45)), rng.normal(size=(5, 45)), wide_logvar(rng, 5, 45)),
)


def _drawn(uniform, noise, mu, logvar, k=None, spread=0.5):
    k = (uniform * len(mu)).long() if k is None else k
    return mu[k] + (spread * logvar[k]).exp() * noise


@exercise.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, spread=1.0)


@exercise.misconception(
    "The components are taken in turn, as in the paper's code for its figures: each draw must choose its own at random."
)
def first_components(uniform, noise, mu, logvar):
    k = torch.arange(len(noise)) % len(mu)
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@exercise.misconception(
    "The index is rounded to the nearest number: the last component is too often, the first too rarely. Cut the fraction off."
)
def rounded_index(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform * len(mu)).round().long().clamp(max=len(mu) - 1))


@exercise.misconception("The last component is never drawn: there are K of them, not K − 1.")
def last_never(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform * max(len(mu) - 1, 1)).long())


@exercise.misconception("These are draws from N(0, I), as in a published port: the sampler must follow the prior's own density.")
def from_standard_normal(uniform, noise, mu, logvar):
    return noise


@exercise.misconception("One component for all draws: each draw has its own entry of `uniform`.")
def one_for_all(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform[:1] * len(mu)).long().expand(len(noise)))


@exercise.misconception("A mean over the components is one Gaussian, not a mixture: choose a component for each draw.")
def averaged_components(uniform, noise, mu, logvar):
    return mu.mean(0) + (0.5 * logvar.mean(0)).exp() * noise


@exercise.steps
def in_steps(uniform, noise, mu, logvar):
    components = len(mu)  # the number of components
    scaled = uniform * components  # `uniform` times the number of components
    k = scaled.long()  # the choice of the component
    means = mu[k]  # the mean of the component
    half = 0.5 * logvar[k]  # the log of the standard deviation
    std = half.exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    return means + deviation  # the draw


def _draw(k, noise, mu, logvar):
    return mu[k] + (0.5 * logvar[k]).exp() * noise


exercise.instead(
    "k",
    {
        "the index is rounded up": lambda uniform, mu: (uniform * len(mu)).ceil().long().clamp(max=len(mu) - 1),
        "the index is rounded up, and 1 is taken off": lambda uniform, mu: ((uniform * len(mu)).ceil().long() - 1).clamp(min=0),
        "the index is K − 1 times `uniform`, rounded to the nearest": lambda uniform, mu: (
            (uniform * (len(mu) - 1)).round().long()
        ),
        "the index is K − 1 times `uniform`, rounded down": lambda uniform, mu: (uniform * (len(mu) - 1)).long(),
        "the index is taken from the number of draws": lambda uniform, mu: (uniform * len(uniform)).long() % len(mu),
        "the number of draws stands where that of the components belongs": lambda uniform, mu: (
            (uniform * len(uniform)).long().clamp(max=len(mu) - 1)
        ),
        "500 components are taken for granted": lambda uniform, mu: (uniform * 500).long() % len(mu),
        "500 components are taken for granted, and the index is cut off": lambda uniform, mu: (
            (uniform * 500).long().clamp(max=len(mu) - 1)
        ),
        "the components are counted from the last": lambda uniform, mu: len(mu) - 1 - (uniform * len(mu)).long(),
        "the index is looked for in half precision": lambda uniform, mu: (uniform.half() * len(mu)).long().clamp(max=len(mu) - 1),
        "the rank of `uniform` among the draws decides": lambda uniform, mu: uniform.argsort().argsort() % len(mu),
        "the first component is always taken": lambda uniform: torch.zeros(len(uniform), dtype=torch.long),
        "the number of latents stands where that of the components belongs": lambda uniform, mu: (
            (uniform * mu.shape[1]).long() % len(mu)
        ),
    },
)
exercise.instead(
    "return",
    {
        "only the mean follows the component, the variance is that of the first ones in turn": lambda k, noise, mu, logvar: (
            mu[k] + (0.5 * logvar[torch.arange(len(k)) % len(mu)]).exp() * noise
        ),
        "only the variance follows the component, the mean is that of the first ones in turn": lambda k, noise, mu, logvar: (
            mu[torch.arange(len(k)) % len(mu)] + (0.5 * logvar[k]).exp() * noise
        ),
        "the mean lies between those of two components": lambda uniform, k, noise, mu, logvar: (
            uniform[:, None] * mu[-1] + (1 - uniform[:, None]) * mu[0] + (0.5 * logvar[k]).exp() * noise
        ),
        "the mean over all components stands where that of one belongs": lambda k, noise, mu, logvar: (
            mu.mean(0) + (0.5 * logvar[k]).exp() * noise
        ),
        "the mean of the component is returned, without noise": lambda k, mu: mu[k],
    },
)
