"""ps5.3: vampprior_log_prob."""

import math

import numpy as np
import torch

from ... import priors, reference
from ..alternatives import MIXTURE
from ..exercise import Exercise
from ..ps3._shared import draw_network, encode_by_hand
from ._shared import LOG_2PI, encode, mixture_by_scipy, mixture_log_prob, probe_mixture


def draw_prior(rng: np.random.Generator):
    """A small encoder, and pseudo-inputs of which about a third lie outside [0, 1]."""
    x, z, weights = draw_network(rng)
    weights = {key: value / 2 for key, value in weights.items() if key.startswith("encoder")}
    return z, rng.uniform(-0.3, 1.3, size=(int(rng.integers(2, 6)), x.shape[1])), weights


def probe_prior():
    _, (z, *_), expected = probe_mixture()
    state = {key: tensor.double().numpy() for key, tensor in reference.load("vampprior-mnist").state_dict().items()}
    return "2 z under vampprior-mnist, from its 500 pseudo-inputs", (z, state.pop("prior.pseudo_inputs"), state), expected


exercise = Exercise(
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
exercise.case("an encoder that says N(0, 1) to all", [[0.0]], [[0.2], [0.7]], SILENT, expected=[-LOG_2PI / 2])
exercise.case("by hand: N(0, 1) and N(1, 1), halfway", [[0.5]], [[0.0], [1.0]], COPYING, expected=[-LOG_2PI / 2 - 0.125])
exercise.case("one pseudo-input", [[1.5]], [[0.5]], COPYING, expected=[-LOG_2PI / 2 - 0.5])
exercise.case("−3 and 4 count as 0 and 1", [[0.5]], [[-3.0], [4.0]], COPYING, expected=[-LOG_2PI / 2 - 0.125])
exercise.case(
    "a z far away, and one at the mode", [[100.0], [0.0]], [[0.0], [0.0]], COPYING,
    expected=[-LOG_2PI / 2 - 5000, -LOG_2PI / 2], edge=True,
)  # fmt: skip


@exercise.misconception("The pseudo-inputs are not clamped to [0, 1]: the encoder must see images.")
def unclamped(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs, weights))


@exercise.misconception("The pseudo-inputs go through a sigmoid: that was an early version. Clamp them to [0, 1].")
def squashed(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.sigmoid(), weights))


@exercise.misconception("log K is not subtracted: each pseudo-input's posterior has weight 1/K.")
def without_log_k(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.clamp(0, 1), weights), log_k=False)


@exercise.misconception("The posterior of the mean pseudo-input is one Gaussian: the prior is the mean of their posteriors.")
def mean_pseudo_input(z, pseudo_inputs, weights):
    return mixture_log_prob(z, *encode(pseudo_inputs.clamp(0, 1).mean(0, keepdim=True), weights))


@exercise.misconception("This is the standard normal prior: the pseudo-inputs are not used.")
def standard_normal(z, pseudo_inputs, weights):
    return -0.5 * (LOG_2PI + z**2).sum(-1)


@exercise.misconception(
    "Only the means are taken from the encoder: each component has the variance exp(logvar) of its posterior."
)
def unit_variances(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1), weights)
    return mixture_log_prob(z, mu, torch.zeros_like(logvar))


@exercise.steps
def in_steps(z, pseudo_inputs, weights):
    def linear(h, layer):
        product = h @ weights[f"{layer}.weight"].T  # the product with the weights, in every layer
        return product + weights[f"{layer}.bias"]  # the bias, in every layer

    def gated(h, layer):
        halves = linear(h, layer).chunk(2, -1)
        value = halves[0]  # the value half of the gated layers
        gate = halves[1].sigmoid()  # the gate
        return value * gate  # the gated layers

    images = pseudo_inputs.clamp(0, 1)  # the clamped pseudo-inputs
    first = gated(images, "encoder.body.0")  # the encoder's first layer
    second = gated(first, "encoder.body.2")  # the encoder's second layer
    mu = linear(second, "encoder.mu")  # the means
    raw = linear(second, "encoder.logvar")  # the log-variances before their clamp
    logvar = raw.clamp(-6, 2)  # the clamped log-variances
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
exercise.instead(
    "images",
    {
        "the pseudo-inputs are stretched to [0, 1], not clamped": lambda pseudo_inputs: (
            (pseudo_inputs - pseudo_inputs.min()) / (pseudo_inputs.max() - pseudo_inputs.min()).clamp(min=1e-9)
        ),
        "a sigmoid is taken of the pseudo-inputs": lambda pseudo_inputs: pseudo_inputs.sigmoid(),
        "a tanh is taken of the pseudo-inputs": lambda pseudo_inputs: pseudo_inputs.tanh(),
        "pseudo-inputs outside [0, 1] are set to 0": lambda pseudo_inputs: (
            pseudo_inputs * ((pseudo_inputs >= 0) & (pseudo_inputs <= 1))
        ),
        "pseudo-inputs outside [0, 1] are wrapped around": lambda pseudo_inputs: pseudo_inputs % 1,
        "the mean pseudo-input stands for all": lambda pseudo_inputs: pseudo_inputs.clamp(0, 1).mean(0, keepdim=True),
        "the first pseudo-input stands for all": lambda pseudo_inputs: pseudo_inputs.clamp(0, 1)[:1],
    },
)
