"""ps3: the ELBO, a training step, the importance-sampled likelihood, active units. (ps3.5 is in ps3_match.)"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit, log_expit, logsumexp

from .. import evaluation
from ..reference import probe
from .exercise import Exercise
from .ps1 import gaussian_kl

LN2 = math.log(2)


def bound_from_parts(x, logits, mu, logvar, beta):
    reconstruction = (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(-1)
    return reconstruction - beta * gaussian_kl(mu, logvar, np.zeros_like(mu), np.zeros_like(mu))


def draw_parts(rng: np.random.Generator):
    batch, pixels, latent_dim = rng.integers(1, 7), rng.integers(4, 9), rng.integers(2, 5)
    x = rng.integers(0, 2, size=(batch, pixels)).astype(np.float64)
    mu, logvar = rng.normal(size=(2, batch, latent_dim))
    return x, 2 * rng.normal(size=(batch, pixels)), mu, logvar, float(rng.uniform(0.3, 3))


def probe_parts():
    a = probe("vae-mnist")
    arguments = (a.x.numpy(), a.logits.numpy(), a.mu.numpy(), a.logvar.numpy(), 1.0)
    return "the ELBO of 64 images of vae-mnist", arguments, ((a.reconstruction - a.kl).numpy(),)


elbo = Exercise(
    "ps3.1",
    "elbo",
    ["x", "logits", "mu", "logvar", "beta"],
    oracle=bound_from_parts,
    draw=draw_parts,
    reference=probe_parts,
    differentiable=["logits", "mu", "logvar"],
)
elbo.case("posterior = prior: only the pixels count", [[1.0, 0.0]], [[0.0, 0.0]], [[0.0]], [[0.0]], 1.0, expected=[-2 * LN2])
elbo.case("by hand: a KL of 4.5 and β = 1", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 1.0, expected=[-LN2 - 4.5])
elbo.case("by hand: the same with β = 2", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 2.0, expected=[-LN2 - 9.0])
elbo.case("β = 0 leaves the reconstruction", [[1.0]], [[0.0]], [[3.0]], [[0.0]], 0.0, expected=[-LN2])
elbo.case("a sure and wrong pixel: logit −1000", [[1.0]], [[-1000.0]], [[0.0]], [[0.0]], 1.0, expected=[-1000.0], edge=True)
elbo.case("a sure and wrong pixel: logit 1000", [[0.0]], [[1000.0]], [[0.0]], [[0.0]], 1.0, expected=[-1000.0], edge=True)


def log_p(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none")


def kl_parts(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1)


@elbo.misconception("The KL is added. It is a cost: the bound is reconstruction − β·KL.")
def kl_added(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) + beta * kl_parts(mu, logvar).sum(-1)


@elbo.misconception("Right size, wrong sign: this is the loss that is minimised. The ELBO itself is minus that.")
def negative_elbo(x, logits, mu, logvar, beta):
    return beta * kl_parts(mu, logvar).sum(-1) - log_p(x, logits).sum(-1)


@elbo.misconception("β multiplies the reconstruction. It belongs to the KL.")
def beta_on_reconstruction(x, logits, mu, logvar, beta):
    return beta * log_p(x, logits).sum(-1) - kl_parts(mu, logvar).sum(-1)


@elbo.misconception("β is not used.")
def beta_ignored(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) - kl_parts(mu, logvar).sum(-1)


@elbo.misconception(
    "A mean over pixels beside a sum over latents: the KL weighs as many times too much as there are pixels (a hidden β)."
)
def pixels_averaged(x, logits, mu, logvar, beta):
    return log_p(x, logits).mean(-1) - beta * kl_parts(mu, logvar).sum(-1)


@elbo.misconception("A mean over latents beside a sum over pixels: the KL weighs too little, a hidden β of 1/latents.")
def latents_averaged(x, logits, mu, logvar, beta):
    return log_p(x, logits).sum(-1) - beta * kl_parts(mu, logvar).mean(-1)


@elbo.misconception("One number for the batch: keep one bound per image. The mean over the batch belongs to the training loop.")
def batch_averaged(x, logits, mu, logvar, beta):
    return (log_p(x, logits).sum(-1) - beta * kl_parts(mu, logvar).sum(-1)).mean()


def step_by_hand(encoder, decoder, x, noise, lr):
    """One gradient step with the chain rule written out (no autograd)."""
    mu, logvar = np.split(x @ encoder, 2, axis=1)
    std = np.exp(logvar / 2)
    z = mu + std * noise
    d_logits = (expit(z @ decoder) - x) / len(x)
    d_z = d_logits @ decoder.T
    d_mu = d_z + mu / len(x)
    d_logvar = d_z * noise * std / 2 + (np.exp(logvar) - 1) / (2 * len(x))
    d_encoder = x.T @ np.concatenate([d_mu, d_logvar], axis=1)
    return encoder - lr * d_encoder, decoder - lr * (z.T @ d_logits)


def draw_linear_vae(rng: np.random.Generator):
    batch, pixels, latent_dim = rng.integers(2, 7), rng.integers(4, 9), rng.integers(1, 4)
    encoder, decoder = 0.5 * rng.normal(size=(pixels, 2 * latent_dim)), rng.normal(size=(latent_dim, pixels))
    x = rng.integers(0, 2, size=(batch, pixels)).astype(np.float64)
    return encoder, decoder, x, rng.normal(size=(batch, latent_dim)), float(rng.uniform(0.05, 0.5))


def probe_images():
    rng, x = np.random.default_rng(0), probe("vae-mnist").x.numpy()
    encoder, decoder = 0.02 * rng.normal(size=(784, 6)), 0.1 * rng.normal(size=(3, 784))
    return "a step on 64 images of vae-mnist", (encoder, decoder, x, rng.normal(size=(64, 3)), 0.01), None


training_step = Exercise(
    "ps3.2",
    "training_step",
    ["encoder", "decoder", "x", "noise", "lr"],
    oracle=step_by_hand,
    draw=draw_linear_vae,
    reference=probe_images,
    unit="",
    item="weight",
)
training_step.case(
    "by hand: one pixel, zero weights", [[0.0, 0.0]], [[0.0]], [[1.0]], [[2.0]], 0.1, expected=([[0.0, 0.0]], [[0.1]])
)
training_step.case(
    "by hand: the KL pulls the mean back", [[1.0, 0.0]], [[0.0]], [[1.0]], [[0.0]], 0.1, expected=([[0.9, 0.0]], [[0.05]])
)


def _step(encoder, decoder, x, noise, lr, loss):
    """Plain gradient descent on loss(log p(x|z), KL), each (batch,), for the misconceptions below."""
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    slopes = torch.autograd.grad(loss(log_p(x, z @ d).sum(-1), kl_parts(mu, logvar).sum(-1)), (e, d))
    return encoder - lr * slopes[0], decoder - lr * slopes[1]


@training_step.misconception("The step goes uphill: it maximises the loss. Subtract the gradient of the negative ELBO.")
def uphill(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (reconstruction - kl).mean())


@training_step.misconception(
    "The loss is a sum over the batch: average over images, so that the batch size does not change the step."
)
def summed_loss(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (kl - reconstruction).sum())


@training_step.misconception("The KL is missing from the loss: this trains an autoencoder with noise.")
def without_kl(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: -reconstruction.mean())


@training_step.misconception("The noise is not used: the decoder sees the mean instead of a sample.")
def without_noise(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, 0 * noise, lr, lambda reconstruction, kl: (kl - reconstruction).mean())


@training_step.misconception(
    "Only the decoder learns: the gradient stops at z. Is there a .detach(), a no_grad, or an unused encoder gradient?"
)
def encoder_frozen(encoder, decoder, x, noise, lr):
    return encoder, _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (kl - reconstruction).mean())[1]


@training_step.misconception(
    "A mean over pixels beside a sum over latents: the KL weighs as many times too much as there are pixels."
)
def averaged_pixels(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (kl - reconstruction / x.shape[-1]).mean())


def probe_weights():
    return "16 weights of each of vae-mnist's 64 images", (probe("vae-mnist").log_weights.numpy(),), None


importance_log_likelihood = Exercise(
    "ps3.3",
    "importance_log_likelihood",
    ["log_weights"],
    oracle=lambda log_weights: logsumexp(log_weights, axis=0, b=1 / log_weights.shape[0]),
    draw=lambda rng: (rng.normal(-5, 2, size=(rng.integers(2, 9), rng.integers(1, 6))),),
    reference=probe_weights,
    closed_book=[evaluation.log_likelihood_from_weights],
)
importance_log_likelihood.case("equal weights: their value", [[-3.0], [-3.0], [-3.0]], expected=[-3.0])
importance_log_likelihood.case("by hand: weights 1 and 3", [[0.0], [math.log(3)]], expected=[LN2])
importance_log_likelihood.case("one sample: its log weight", [[-7.0, 2.0]], expected=[-7.0, 2.0])
importance_log_likelihood.case("weights below e⁻²⁰⁰⁰", [[-2000.0], [-2000.0]], expected=[-2000.0], edge=True)
importance_log_likelihood.case("two images far apart", [[-2000.0, 0.0], [-2000.0, 0.0]], expected=[-2000.0, 0.0], edge=True)
importance_log_likelihood.case("weights above e²⁰⁰⁰", [[2000.0], [2000.0 + math.log(3)]], expected=[2000 + LN2], edge=True)


@importance_log_likelihood.misconception(
    "The mean of the log weights is the ELBO. The estimate averages the weights and takes the log last."
)
def mean_of_logs(log_weights):
    return log_weights.mean(0)


@importance_log_likelihood.misconception("log S is not subtracted: the estimate is the log of the mean weight, not of their sum.")
def log_s_missing(log_weights):
    return log_weights.logsumexp(0)


@importance_log_likelihood.misconception(
    "Right, until exp underflows or overflows: −85 nats may survive it, −2000 do not. Use logsumexp."
)
def exp_then_log(log_weights):
    return log_weights.exp().mean(0).log()


@importance_log_likelihood.misconception("The average runs over the images: samples are the first dimension.")
def over_images(log_weights):
    return log_weights.logsumexp(-1) - math.log(log_weights.shape[-1])


@importance_log_likelihood.misconception(
    "The best sample alone: the maximum is above the average of the weights, so this is no bound."
)
def best_sample(log_weights):
    return log_weights.max(0).values


@importance_log_likelihood.misconception(
    "One number for all images: keep one estimate per image, and average over images outside."
)
def averaged_over_images(log_weights):
    return (log_weights.logsumexp(0) - math.log(log_weights.shape[0])).mean()


def count_active(mu, threshold):
    """Two-pass variance of each column, counted."""
    return float(sum(np.mean(column**2) - np.mean(column) ** 2 > threshold for column in mu.T))


def draw_means(rng: np.random.Generator):
    """Means of 50 to 90 images: dead units, active ones, and dead ones with an offset; none near the threshold."""
    images, active, dead, shifted = rng.integers(50, 90), rng.integers(2, 9), rng.integers(10, 19), rng.integers(20, 29)
    scales = np.concatenate([rng.uniform(0.4, 0.8, active), rng.uniform(0.001, 0.03, dead + shifted)])
    offsets = np.concatenate([rng.normal(size=active), np.zeros(dead), rng.uniform(0.5, 2, shifted)])
    return offsets + scales * rng.normal(size=(images, active + dead + shifted)), 0.02


active_units = Exercise(
    "ps3.4",
    "active_units",
    ["mu", "threshold"],
    oracle=count_active,
    draw=draw_means,
    reference=lambda: ("active latents of vae-mnist on its 64 images", (probe("vae-mnist").mu.numpy(), 0.1), None),
    closed_book=[evaluation.active_units, evaluation.unit_activity],
    unit="units",
)
active_units.case("one that varies, one that does not", [[1.0, 0.0], [-1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]], 0.01, expected=1.0)
active_units.case("an offset is not activity", [[5.0], [5.0], [5.0]], 0.01, expected=0.0)
active_units.case("just active: variance 0.0225", [[0.15], [-0.15]] * 50, 0.02, expected=1.0)
active_units.case("one odd image is not activity", [[1.0]] + [[0.0]] * 99, 0.05, expected=0.0)
active_units.case("the threshold counts: variance 0.0225", [[0.15], [-0.15]] * 50, 0.03, expected=0.0, edge=True)
active_units.case("more than, not as much as: variance ½", [[0.0], [1.0]], 0.5, expected=0.0, edge=True)


@active_units.misconception("The variance runs over the latents: take it over the images, for each latent (dimension 0).")
def variance_over_latents(mu, threshold):
    return (mu.var(1) > threshold).sum()


@active_units.misconception("This is the standard deviation against the threshold: square it.")
def std_against_threshold(mu, threshold):
    return (mu.std(0) > threshold).sum()


@active_units.misconception("The mean square is not the variance: a latent that always says 5 tells nothing about the image.")
def mean_square(mu, threshold):
    return ((mu**2).mean(0) > threshold).sum()


@active_units.misconception("These are the inactive ones.")
def inactive_counted(mu, threshold):
    return (mu.var(0) <= threshold).sum()


@active_units.misconception("These are the variances: count how many exceed the threshold.")
def variances_returned(mu, threshold):
    return mu.var(0)


@active_units.misconception("The threshold is fixed inside: use the one that is given.")
def fixed_threshold(mu, threshold):
    return (mu.var(0) > 0.01).sum()
