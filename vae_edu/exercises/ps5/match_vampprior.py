"""ps5.7: match_vampprior."""

import math

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..alternatives import PIXELS
from ..exercise import Exercise
from ..ps3._shared import bound_from_parts, decode_by_hand, draw_network, encode_by_hand, linear, log_p
from ._shared import LOG_2PI, encode, log_normal_by_scipy, mixture_by_scipy, mixture_log_prob


def vamp_vae_by_hand(x, noise, pseudo_inputs, weights):
    """log p(z) and the bound at one sample, in numpy and SciPy."""
    mu, logvar = encode_by_hand(x, weights)
    z = mu + np.exp(logvar / 2) * noise
    log_p_z = mixture_by_scipy(z, *encode_by_hand(np.clip(pseudo_inputs, 0, 1), weights))
    log_p_x = bound_from_parts(x, decode_by_hand(z, weights), 0 * mu, 0 * mu, 1.0)
    return log_p_z, log_p_x + log_p_z - log_normal_by_scipy(z, mu, logvar)


def draw_vamp_vae(rng: np.random.Generator):
    x, noise, weights = draw_network(rng)
    return x, noise, rng.uniform(-0.3, 1.3, size=(int(rng.integers(2, 6)), x.shape[1])), weights


def whole_reference():
    a = probe("vampprior-mnist")
    state = {key: tensor.double().numpy() for key, tensor in reference.load("vampprior-mnist").state_dict().items()}
    log_p_z = log_normal_by_scipy(a.z[0].numpy(), a.mu.numpy(), a.logvar.numpy()) - a.kl.numpy()
    return (
        "vampprior-mnist, all 1,508,864 weights and pseudo-inputs, on its probe",
        (a.x.numpy(), a.noise[0].numpy(), state.pop("prior.pseudo_inputs"), state),
        (log_p_z, (a.reconstruction - a.kl).numpy()),
    )


exercise = Exercise(
    "ps5.7",
    "match_vampprior",
    ["x", "noise", "pseudo_inputs", "weights"],
    oracle=vamp_vae_by_hand,
    draw=draw_vamp_vae,
    reference=whole_reference,
)
SILENT = {  # every weight 0: each posterior is N(0, 1), whatever the image, and every pixel is fair
    f"{layer}.{kind}": np.zeros(shape if kind == "weight" else shape[0])
    for layer, shape in {
        "encoder.body.0": (2, 3), "encoder.body.2": (2, 1), "encoder.mu": (1, 1), "encoder.logvar": (1, 1),
        "decoder.0.0": (2, 1), "decoder.0.2": (2, 1), "decoder.1": (3, 1),
    }.items()
    for kind in ("weight", "bias")
}  # fmt: skip
exercise.case(
    "a silent network: three fair pixels, and q = p",
    [[1.0, 0.0, 1.0]], [[1.0]], [[0.2, 0.5, 0.9]], SILENT,
    expected=([-LOG_2PI / 2 - 0.5], [-3 * np.log(2)]),
)  # fmt: skip
exercise.case(
    "two pseudo-inputs with the same posterior",
    [[1.0, 0.0, 1.0]], [[0.0]], [[0.2, 0.5, 0.9], [0.0, 0.0, 0.0]], SILENT,
    expected=([-LOG_2PI / 2], [-3 * np.log(2)]),
)  # fmt: skip


def _parts(x, noise, pseudo_inputs, weights, clamp=True, spread=0.5, log_k=True):
    """log p(x|z), log p(z) and log q(z|x), and q's mean and log-variance, with one thing wrong at a time."""

    def gated(h, layer):
        value, gate = linear(h, weights, layer).chunk(2, -1)
        return value * gate.sigmoid()

    mu, logvar = encode(x, weights)
    z = mu + (spread * logvar).exp() * noise
    components = encode(pseudo_inputs.clamp(0, 1) if clamp else pseudo_inputs, weights)
    logits = linear(gated(gated(z, "decoder.0.0"), "decoder.0.2"), weights, "decoder.1")
    log_q = -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p(x, logits).sum(-1), mixture_log_prob(z, *components, log_k=log_k), log_q, mu, logvar


def _answer(log_p_x, log_p_z, log_q, *_):
    return log_p_z, log_p_x + log_p_z - log_q


@exercise.misconception("The pseudo-inputs are not clamped to [0, 1]: the encoder must see images.")
def unclamped(x, noise, pseudo_inputs, weights):
    return _answer(*_parts(x, noise, pseudo_inputs, weights, clamp=False))


@exercise.misconception("log K is not subtracted in log p(z): each pseudo-input's posterior has weight 1/K.")
def without_log_k(x, noise, pseudo_inputs, weights):
    return _answer(*_parts(x, noise, pseudo_inputs, weights, log_k=False))


@exercise.misconception("exp(logvar) scales the noise: it is the variance. Use exp(logvar / 2).")
def noise_by_variance(x, noise, pseudo_inputs, weights):
    return _answer(*_parts(x, noise, pseudo_inputs, weights, spread=1.0))


@exercise.misconception(
    "The KL is the closed form to N(0, I): to a mixture there is none. Take log q(z|x) − log p(z) at the sample."
)
def kl_to_standard_normal(x, noise, pseudo_inputs, weights):
    log_p_x, log_p_z, _, mu, logvar = _parts(x, noise, pseudo_inputs, weights)
    return log_p_z, log_p_x - 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@exercise.misconception("log q(z|x) is missing: the bound is log p(x|z) + log p(z) − log q(z|x).")
def log_q_missing(x, noise, pseudo_inputs, weights):
    log_p_x, log_p_z, *_ = _parts(x, noise, pseudo_inputs, weights)
    return log_p_z, log_p_x + log_p_z


@exercise.misconception("The KL has the wrong sign: the bound is log p(x|z) + log p(z) − log q(z|x).")
def kl_added(x, noise, pseudo_inputs, weights):
    log_p_x, log_p_z, log_q, *_ = _parts(x, noise, pseudo_inputs, weights)
    return log_p_z, log_p_x - log_p_z + log_q


@exercise.misconception("log 2π is missing from log p(z), but not from log q(z|x): drop it in both or in neither.")
def two_pi_on_one_side(x, noise, pseudo_inputs, weights):
    log_p_x, log_p_z, log_q, mu, _ = _parts(x, noise, pseudo_inputs, weights)
    return _answer(log_p_x, log_p_z + 0.5 * LOG_2PI * mu.shape[1], log_q)


@exercise.misconception("The two answers are swapped: first log p(z), then the bound.")
def swapped(x, noise, pseudo_inputs, weights):
    return _answer(*_parts(x, noise, pseudo_inputs, weights))[::-1]


@exercise.misconception("log p(z) is right, but the bound stops at the reconstruction: subtract the KL.")
def reconstruction_alone(x, noise, pseudo_inputs, weights):
    log_p_x, log_p_z, *_ = _parts(x, noise, pseudo_inputs, weights)
    return log_p_z, log_p_x


@exercise.steps
def in_steps(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        product = h @ weights[f"{layer}.weight"].T  # the product with the weights, in every layer
        return product + weights[f"{layer}.bias"]  # the bias, in every layer

    def gated(h, layer):
        halves = linear(h, layer).chunk(2, -1)
        value = halves[0]  # the value half of the gated layers
        gate = halves[1].sigmoid()  # the gate
        return value * gate  # the gated layers

    def encode(image):
        first = gated(image, "encoder.body.0")  # the encoder's first layer
        second = gated(first, "encoder.body.2")  # the encoder's second layer
        mean = linear(second, "encoder.mu")  # the mean
        raw = linear(second, "encoder.logvar")  # the log-variance before its clamp
        return mean, raw.clamp(-6, 2)  # the clamped log-variance

    def log_normal(point, center, logvariance):
        distance = (point - center) ** 2  # the squared distance, in every density
        fraction = distance / logvariance.exp()  # the distance over the variance, in every density
        terms = -0.5 * (LOG_2PI + logvariance + fraction)  # the log density of each latent
        return terms.sum(-1)  # the sum over the latents

    posterior = encode(x)  # the encoder of the images
    mu = posterior[0]  # the mean of the posterior
    logvar = posterior[1]  # the log-variance of the posterior
    std = (0.5 * logvar).exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    z = mu + deviation  # the sample z
    images = pseudo_inputs.clamp(0, 1)  # the clamped pseudo-inputs
    prior = encode(images)  # the encoder of the pseudo-inputs
    mus = prior[0]  # the means of the components
    logvars = prior[1]  # the log-variances of the components
    densities = log_normal(z.unsqueeze(1), mus, logvars)  # the log density of each component
    total = densities.logsumexp(1)  # the log of the summed densities
    log_k = math.log(len(mus))  # log K
    log_p_z = total - log_k  # log p(z)
    log_q = log_normal(z, mu, logvar)  # log q(z|x)
    third = gated(z, "decoder.0.0")  # the decoder's first layer
    fourth = gated(third, "decoder.0.2")  # the decoder's second layer
    logits = linear(fourth, "decoder.1")  # the logits
    log_on = logits - torch.nn.functional.softplus(logits)  # log π
    log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
    pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
    reconstruction = pixels.sum(-1)  # the reconstruction
    bound = reconstruction + log_p_z - log_q  # the bound
    return log_p_z, bound  # the order of the pair


exercise.instead("pixels", PIXELS)


exercise.instead(
    "log_p_z",
    {
        "log p(z) is taken at the mean, not at the sample": lambda mu, mus, logvars, log_k: (
            _normal(mu[:, None], mus, logvars).logsumexp(1) - log_k
        ),
        "the standard normal stands where the mixture belongs": lambda z: _normal(z, 0 * z, 0 * z),
        "the nearest component alone is taken": lambda densities: densities.amax(1),
        "the nearest component alone is taken, minus log K": lambda densities, log_k: densities.amax(1) - log_k,
        "the mean of the log densities stands where the log of the mean belongs": lambda densities: densities.mean(1),
        "the mixture is one Gaussian, with the mean of the means and of the log-variances": lambda z, mus, logvars: _normal(
            z, mus.mean(0), logvars.mean(0)
        ),
        "the logsumexp runs over the components of each latent, and the latents are summed after it": lambda z, mus, logvars, log_k: (
            (-0.5 * (LOG_2PI + logvars + (z[:, None] - mus) ** 2 / logvars.exp())).logsumexp(1).sub(log_k).sum(-1)
        ),
    },
)
exercise.instead(
    "log_q",
    {
        "log q(z|x) is taken at the mean, not at the sample": lambda mu, logvar: _normal(mu, mu, logvar),
        "minus the entropy stands where log q(z|x) at the sample belongs": lambda logvar: -0.5 * (1 + LOG_2PI + logvar).sum(-1),
        "log q(z|x) is that of N(0, I)": lambda z: _normal(z, 0 * z, 0 * z),
    },
)
exercise.instead(
    "bound",
    {
        "the KL to N(0, I) in closed form is taken off": lambda reconstruction, mu, logvar: (
            reconstruction - 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
        ),
        "the bound contains no prior": lambda reconstruction, log_q: reconstruction - log_q,
        "the bound contains no posterior": lambda reconstruction, log_p_z: reconstruction + log_p_z,
    },
)


def _normal(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
