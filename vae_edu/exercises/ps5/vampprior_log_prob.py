"""ps5.3: vampprior_log_prob."""

import numpy as np
import torch

from ... import priors, reference
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
exercise.case("−1 and 2 count as 0 and 1", [[0.5]], [[-1.0], [2.0]], COPYING, expected=[-LOG_2PI / 2 - 0.125])
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
