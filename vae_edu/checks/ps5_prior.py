"""ps5.3 and ps5.4: the VampPrior's log density, through the encoder, and its sampler."""

import math

import numpy as np
import torch

from .. import priors, reference
from .exercise import Exercise
from .ps3_match import draw_network, encode_by_hand, linear
from .ps5 import LN2, LOG_2PI, mixture_by_scipy, probe_mixture


def encode(x, weights):
    """The gated encoder in torch, as the notebook gives it."""

    def gated(h, layer):
        value, gate = linear(h, weights, layer).chunk(2, -1)
        return value * gate.sigmoid()

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    return linear(h, weights, "encoder.mu"), linear(h, weights, "encoder.logvar").clamp(-6, 2)


def draw_prior(rng: np.random.Generator):
    """A small encoder, and pseudo-inputs of which about a third lie outside [0, 1]."""
    x, z, weights = draw_network(rng)
    weights = {key: value / 2 for key, value in weights.items() if key.startswith("encoder")}
    return z, rng.uniform(-0.3, 1.3, size=(int(rng.integers(2, 6)), x.shape[1])), weights


def probe_prior():
    _, (z, *_), expected = probe_mixture()
    state = {key: tensor.double().numpy() for key, tensor in reference.load("vampprior-mnist").state_dict().items()}
    return "64 z under vampprior-mnist, from its 500 pseudo-inputs", (z, state.pop("prior.pseudo_inputs"), state), expected


vampprior_log_prob = Exercise(
    "ps5.3",
    "vampprior_log_prob",
    ["z", "pseudo_inputs", "weights"],
    oracle=lambda z, pseudo_inputs, weights: mixture_by_scipy(z, *encode_by_hand(np.clip(pseudo_inputs, 0, 1), weights)),
    draw=draw_prior,
    reference=probe_prior,
    differentiable=["z", "pseudo_inputs"],
    closed_book=[priors.VampPrior.components, priors.Mixture.log_prob, priors.Mixture.component_log_probs],
)
SILENT = {  # every weight 0: each posterior is N(0, 1), whatever the image
    f"encoder.{layer}.{kind}": np.zeros(shape if kind == "weight" else shape[0])
    for layer, shape in {"body.0": (2, 1), "body.2": (2, 1), "mu": (1, 1), "logvar": (1, 1)}.items()
    for kind in ("weight", "bias")
}
COPYING = SILENT | {  # one pixel u, halved by each closed gate and doubled twice at the end: q(z|u) = N(u, 1)
    "encoder.body.0.weight": np.array([[1.0], [0.0]]),
    "encoder.body.2.weight": np.array([[1.0], [0.0]]),
    "encoder.mu.weight": np.array([[4.0]]),
}
vampprior_log_prob.case("an encoder that says N(0, 1) to all", [[0.0]], [[0.2], [0.7]], SILENT, expected=[-LOG_2PI / 2])
vampprior_log_prob.case(
    "by hand: N(0, 1) and N(1, 1), halfway", [[0.5]], [[0.0], [1.0]], COPYING, expected=[-LOG_2PI / 2 - 0.125]
)
vampprior_log_prob.case("one pseudo-input", [[1.5]], [[0.5]], COPYING, expected=[-LOG_2PI / 2 - 0.5])
vampprior_log_prob.case("−1 and 2 count as 0 and 1", [[0.5]], [[-1.0], [2.0]], COPYING, expected=[-LOG_2PI / 2 - 0.125])
vampprior_log_prob.case("a z far away", [[100.0]], [[0.0], [0.0]], COPYING, expected=[-LOG_2PI / 2 - 5000], edge=True)


def mixture_log_prob(z, mu, logvar, log_k=True):
    parts = -0.5 * (LOG_2PI + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp())
    return parts.sum(-1).logsumexp(1) - (math.log(len(mu)) if log_k else 0)


@vampprior_log_prob.misconception("The pseudo-inputs are not clamped to [0, 1]: the encoder must see images.")
def unclamped(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs, weights))


@vampprior_log_prob.misconception("The pseudo-inputs go through a sigmoid: that was an early version. Clamp them to [0, 1].")
def squashed(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.sigmoid(), weights))


@vampprior_log_prob.misconception("log K is not subtracted: each pseudo-input's posterior has weight 1/K.")
def without_log_k(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.clamp(0, 1), weights), log_k=False)


@vampprior_log_prob.misconception(
    "The posterior of the mean pseudo-input is one Gaussian: the prior is the mean of their posteriors."
)
def mean_pseudo_input(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.clamp(0, 1).mean(0, keepdim=True), weights))


@vampprior_log_prob.misconception("This is the standard normal prior: the pseudo-inputs are not used.")
def standard_normal(z, pseudo_inputs, weights):
    return -0.5 * (LOG_2PI + z**2).sum(-1)


@vampprior_log_prob.misconception(
    "Only the means are taken from the encoder: each component has the variance exp(logvar) of its posterior."
)
def unit_variances(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1), weights)
    return mixture_log_prob(z, mu, torch.zeros_like(logvar))


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


vampprior_sample = Exercise(
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
vampprior_sample.case(
    "no noise: the chosen means", [0.1, 0.9], [[0.0], [0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[5], [7]]
)
vampprior_sample.case("three thirds", [0.3, 0.4, 0.7], [[0.0]] * 3, [[1.0], [2.0], [3.0]], [[0.0]] * 3, expected=[[1], [2], [3]])
vampprior_sample.case(
    "one component many times", [0.6, 0.7], [[1.0], [-1.0]], [[0.0], [4.0]], [[0.0], [2 * LN2]], expected=[[6], [2]]
)
vampprior_sample.case("more draws than components", [0.1, 0.1, 0.1], [[1.0]] * 3, [[0.0], [9.0]], [[0.0]] * 2, expected=[[1]] * 3)
vampprior_sample.case(
    "on the boundaries", [0.0, 0.5], [[0.0], [0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[5], [7]], edge=True
)
vampprior_sample.case("just below one", [1 - 1e-12], [[0.0]], [[5.0], [7.0]], [[0.0], [0.0]], expected=[[7]], edge=True)


def _drawn(uniform, noise, mu, logvar, k=None, spread=0.5):
    k = (uniform * len(mu)).long() if k is None else k
    return mu[k] + (spread * logvar[k]).exp() * noise


@vampprior_sample.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, spread=1.0)


@vampprior_sample.misconception(
    "The components are taken in turn, as in the paper's code for its figures: each draw must choose its own at random."
)
def first_components(uniform, noise, mu, logvar):
    k = torch.arange(len(noise)) % len(mu)
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@vampprior_sample.misconception(
    "The index is rounded to the nearest number: the last component is too often, the first too rarely. Cut the fraction off."
)
def rounded_index(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform * len(mu)).round().long().clamp(max=len(mu) - 1))


@vampprior_sample.misconception("The last component is never drawn: there are K of them, not K − 1.")
def last_never(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform * max(len(mu) - 1, 1)).long())


@vampprior_sample.misconception(
    "These are draws from N(0, I), as in a published port: the sampler must follow the prior's own density."
)
def from_standard_normal(uniform, noise, mu, logvar):
    return noise


@vampprior_sample.misconception("One component for all draws: each draw has its own entry of `uniform`.")
def one_for_all(uniform, noise, mu, logvar):
    return _drawn(uniform, noise, mu, logvar, k=(uniform[:1] * len(mu)).long().expand(len(noise)))


@vampprior_sample.misconception("A mean over the components is one Gaussian, not a mixture: choose a component for each draw.")
def averaged_components(uniform, noise, mu, logvar):
    return mu.mean(0) + (0.5 * logvar.mean(0)).exp() * noise
