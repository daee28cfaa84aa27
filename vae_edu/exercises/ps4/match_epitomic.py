"""ps4.7: match_epitomic."""

import math

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..alternatives import KL, PIXELS
from ..exercise import Exercise
from ..ps3._shared import bound_from_parts, log_p
from ._shared import TWO, costs_one_by_one, kl_terms, masks_by_counting


def epitomic_by_hand(x, noise, masks, weights):
    """Assignment at the posterior mean, then the bound at one sample, in numpy, epitome by epitome."""

    def linear(h, layer):
        return h @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]

    def decode(z):
        return linear(np.maximum(linear(z, "decoder.0.0"), 0), "decoder.1")

    h = np.maximum(linear(x, "encoder.body.0"), 0)
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    no_kl = np.zeros_like(mu)
    log_p_x = np.stack([bound_from_parts(x, decode(mask * mu), no_kl, no_kl, 1.0) for mask in masks], 1)
    y = np.argmin(costs_one_by_one(log_p_x, mu, logvar, masks), 1)
    mask = masks[y]
    z = mask * (mu + np.exp(logvar / 2) * noise)
    return y, bound_from_parts(x, decode(z), mask * mu, mask * logvar, 1.0) - np.log(len(masks))


def draw_network(rng: np.random.Generator):
    """A small network of the reference's shape, with means large enough that the epitomes' KL decides some assignments."""
    masks, pixels, hidden, batch = masks_by_counting(6, 2, 2), 7, 5, int(rng.integers(4, 9))
    sizes = {
        "encoder.body.0": (pixels, hidden),
        "encoder.mu": (hidden, 6),
        "encoder.logvar": (hidden, 6),
        "decoder.0.0": (6, hidden),
        "decoder.1": (hidden, pixels),
    }
    weights = {}
    for layer, (inputs, outputs) in sizes.items():
        weights[f"{layer}.weight"] = rng.normal(size=(outputs, inputs)) / 2
        weights[f"{layer}.bias"] = rng.normal(size=outputs)
    weights["encoder.mu.weight"] *= 3
    return rng.uniform(size=(batch, pixels)), rng.normal(size=(batch, 6)), masks, weights


def whole_reference():
    model, a = reference.load("evae48-mnist"), probe("evae48-mnist")
    weights = {key: value.double().numpy() for key, value in model.state_dict().items()}
    expected = (a.costs.argmin(1).numpy(), (a.reconstruction - a.kl).numpy())
    return (
        "evae48-mnist, all its weights, on its probe",
        (a.x.numpy(), a.noise[0].numpy(), model.masks.double().numpy(), weights),
        expected,
    )


exercise = Exercise(
    "ps4.7",
    "match_epitomic",
    ["x", "noise", "masks", "weights"],
    oracle=epitomic_by_hand,
    draw=draw_network,
    reference=whole_reference,
    unit="",
)
SILENT = {  # every weight 0: posterior = prior, every pixel fair, every epitome as good as the other
    f"{layer}.{kind}": np.zeros(shape if kind == "weight" else shape[0])
    for layer, shape in {
        "encoder.body.0": (1, 3), "encoder.mu": (2, 1), "encoder.logvar": (2, 1), "decoder.0.0": (1, 2), "decoder.1": (3, 1),
    }.items()
    for kind in ("weight", "bias")
}  # fmt: skip
PAINTING = SILENT | {  # an encoder that always says (3, 0), and a decoder that paints from the first latent alone
    "encoder.mu.bias": np.array([3.0, 0.0]),
    "decoder.0.0.weight": np.array([[1.0, 0.0]]),
    "decoder.1.weight": np.ones((3, 1)),
}
exercise.case(
    "a silent network: three fair pixels, and log 2",
    [[1.0, 0.0, 1.0]],
    [[0.5, -1.0]],
    TWO,
    SILENT,
    expected=([0], [-4 * math.log(2)]),
)
exercise.case(
    "by hand: black costs epitome 0 more than white gains", [[0.0, 0.0, 0.0]], [[0.0, 0.0]], TWO, PAINTING,
    expected=([1], [-4 * math.log(2)]),
)  # fmt: skip


def _forward(
    x, noise, masks, weights, by_cost=True, at_mean=True, mask_z=True, mask_kl=True, activation=torch.relu, log_e=True, spread=0.5
):
    """The network with one thing wrong at a time, for the misconceptions below."""

    def linear(h, layer):
        return h @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"]

    def log_likelihood(z):
        logits = linear(activation(linear(z, "decoder.0.0")), "decoder.1")
        return log_p(x.unsqueeze(1).expand_as(logits) if logits.ndim == 3 else x, logits).sum(-1)

    h = activation(linear(x, "encoder.body.0"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    z = mu + (spread * logvar).exp() * noise
    costs = -log_likelihood(masks * (mu if at_mean else z).unsqueeze(1))
    if by_cost:
        costs = costs + kl_terms(mu, logvar) @ masks.T
    y = costs.argmin(1)
    mask = masks[y]
    kl = (kl_terms(mu, logvar) * (mask if mask_kl else 1)).sum(-1)
    return y, log_likelihood(mask * z if mask_z else z) - kl - (math.log(len(masks)) if log_e else 0)


@exercise.misconception(
    "The epitome is chosen as if KL did not count: by the reconstruction alone, or with the KL of all latents, which is the same for "
    "every epitome. The cost contains the KL of the epitome's own latents."
)
def chosen_by_reconstruction(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, by_cost=False)


@exercise.misconception("The epitome is chosen at the sample: here y* is found at the posterior mean, z = m·μ.")
def chosen_at_sample(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, at_mean=False)


@exercise.misconception("The decoder sees all of z: off the epitome that is pure noise. Mask the sample too.")
def sample_unmasked(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, mask_z=False)


@exercise.misconception("The KL of the bound is not masked: only the epitome's latents cost.")
def kl_unmasked(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, mask_kl=False)


@exercise.misconception("log E is missing from the bound: choosing one of E epitomes costs log E nats.")
def bound_without_log_e(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, log_e=False)


@exercise.misconception("The two answers are swapped: first y*, then the bound.")
def swapped(x, noise, masks, weights):
    return _forward(x, noise, masks, weights)[::-1]


@exercise.misconception("Right size, wrong sign: this is the cost. The bound is minus that.")
def cost_instead(x, noise, masks, weights):
    y, bound = _forward(x, noise, masks, weights)
    return y, -bound


@exercise.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, spread=1.0)


@exercise.misconception("This network has plain ReLU layers: no sigmoid, no tanh, no gate.")
def tanh_layers(x, noise, masks, weights):
    return _forward(x, noise, masks, weights, activation=torch.tanh)


@exercise.misconception("The decoder sees the posterior mean in the bound as well: there, use the noise.")
def mean_in_the_bound(x, noise, masks, weights):
    return _forward(x, 0 * noise, masks, weights)


@exercise.steps
def in_steps(x, noise, masks, weights):
    def linear(h, layer):
        product = h @ weights[f"{layer}.weight"].T  # the product with the weights, in every layer
        return product + weights[f"{layer}.bias"]  # the bias, in every layer

    def decode(z):
        hidden = linear(z, "decoder.0.0").relu()  # the hidden layer of the decoder
        return linear(hidden, "decoder.1")  # the logits

    def log_likelihood(x, logits):
        log_on = logits - torch.nn.functional.softplus(logits)  # log π
        log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
        pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
        return pixels.sum(-1)  # the sum over the pixels

    first = linear(x, "encoder.body.0").relu()  # the hidden layer of the encoder
    mu = linear(first, "encoder.mu")  # the mean
    logvar = linear(first, "encoder.logvar")  # the log-variance
    square = mu**2  # the square of the mean, in the KL
    variance = logvar.exp()  # the variance, in the KL
    terms = 0.5 * (square + variance - logvar - 1)  # the KL of each latent
    candidates = masks * mu.unsqueeze(1)  # the masked mean of each epitome
    at_mean = log_likelihood(x.unsqueeze(1), decode(candidates))  # the reconstructions at the mean
    kl_costs = terms @ masks.T  # the KL of each epitome, in the choice
    costs = kl_costs - at_mean  # the cost of each epitome
    y = costs.argmin(1)  # the choice of the epitome
    mask = masks[y]  # the mask of the chosen epitome
    std = (0.5 * logvar).exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    sample = mu + deviation  # the sample
    z = mask * sample  # the mask before the decoder
    reconstruction = log_likelihood(x, decode(z))  # the reconstruction
    masked = mask * terms  # the masked KL
    kl = masked.sum(-1)  # the KL of the bound
    log_e = math.log(len(masks))  # the term log E
    bound = reconstruction - kl - log_e  # the bound
    return y, bound  # the order of the pair


exercise.instead("pixels", PIXELS)
exercise.instead("terms", KL)


exercise.instead(
    "y",
    {
        "the dearest epitome is chosen": lambda costs: costs.argmax(1),
        "epitome 0 is always taken": lambda costs: 0 * costs.argmin(1),
        "one epitome is chosen for all images": lambda costs: costs.sum(0).argmin().expand(len(costs)),
        "the epitome of the least KL is chosen": lambda kl_costs: kl_costs.argmin(1),
        "the epitome of the largest KL is chosen": lambda kl_costs: kl_costs.argmax(1),
        "the KL has the wrong sign in the choice": lambda at_mean, kl_costs: (-at_mean - kl_costs).argmin(1),
        "in the choice the pixels are averaged": lambda x, at_mean, kl_costs: (kl_costs - at_mean / x.shape[1]).argmin(1),
        "in the choice the KL is averaged over an epitome's latents": lambda at_mean, kl_costs, masks: (
            kl_costs / masks.sum(1) - at_mean
        ).argmin(1),
        "the epitome with the largest mean is chosen": lambda mu, masks: (mu.abs() @ masks.T).argmax(1),
        "the epitome is chosen by the worst reconstruction": lambda at_mean: at_mean.argmin(1),
    },
)
exercise.instead(
    "z",
    {
        "off the epitome z is noise of variance 1": lambda mask, mu, logvar, noise: (
            mask * mu + (0.5 * mask * logvar).exp() * noise
        ),
        "the mean is masked, the noise is not": lambda mask, mu, deviation: mask * mu + deviation,
        "the noise is masked, the mean is not": lambda mask, mu, deviation: mu + mask * deviation,
        "z is the masked mean": lambda mask, mu: mask * mu,
    },
)
exercise.instead(
    "kl",
    {
        "the KL is estimated at one sample instead of its closed form": lambda z, mu, logvar, mask: (
            mask * -0.5 * (logvar + (z - mu) ** 2 / logvar.exp() - z**2)
        ).sum(-1),
        "the KL is that of the means alone": lambda masked, mask, mu: (0.5 * mask * mu**2).sum(-1),
        "the KL is averaged over the epitome's latents": lambda masked, mask: masked.sum(-1) / mask.sum(-1),
    },
)
