"""ps3.2: training_step."""

import numpy as np
import torch
from scipy.special import expit

from ...reference import probe
from ..alternatives import KL, PIXELS, SAMPLED_KL
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import kl_parts, log_p


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


exercise = Exercise(
    "ps3.2",
    "training_step",
    ["encoder", "decoder", "x", "noise", "lr"],
    oracle=step_by_hand,
    draw=draw_linear_vae,
    reference=probe_images,
    unit="",
    item="weight",
)
exercise.case("by hand: one pixel, zero weights", [[0.0, 0.0]], [[0.0]], [[1.0]], [[2.0]], 0.1, expected=([[0.0, 0.0]], [[0.1]]))
exercise.case(
    "by hand: the KL pulls the mean back", [[1.0, 0.0]], [[0.0]], [[1.0]], [[0.0]], 0.1, expected=([[0.9, 0.0]], [[0.05]])
)


def draw_wide(rng: np.random.Generator):
    """70 grey images whose log-variances reach from −9 to 5."""
    x, noise = rng.uniform(size=(70, 90)), rng.normal(size=(70, 45))
    weights = np.linalg.pinv(x) @ wide_logvar(rng, 70, 45)
    return np.concatenate([0.1 * rng.normal(size=(90, 45)), weights], 1), 0.1 * rng.normal(size=(45, 90)), x, noise, 0.1


exercise.always("70 grey images, log-variances from −9 to 5", draw_wide)


def _step(encoder, decoder, x, noise, lr, loss):
    """Plain gradient descent on loss(log p(x|z), KL), each (batch,), for the misconceptions below."""
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    slopes = torch.autograd.grad(loss(log_p(x, z @ d).sum(-1), kl_parts(mu, logvar).sum(-1)), (e, d))
    return encoder - lr * slopes[0], decoder - lr * slopes[1]


def _negative_elbo(reconstruction, kl):
    return (kl - reconstruction).mean()


def _clipped(encoder, decoder, slope_e, slope_d, lr, norm):
    scale = (1 / norm).clamp(max=1)
    return encoder - lr * scale * slope_e, decoder - lr * scale * slope_d


@exercise.misconception("The step goes uphill: it maximises the loss. Subtract the gradient of the negative ELBO.")
def uphill(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (reconstruction - kl).mean())


@exercise.misconception("The loss is a sum over the batch: average over images, so that the batch size does not change the step.")
def summed_loss(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (kl - reconstruction).sum())


@exercise.misconception("The KL is missing from the loss: this trains an autoencoder with noise.")
def without_kl(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: -reconstruction.mean())


@exercise.misconception("The noise is not used: the decoder sees the mean instead of a sample.")
def without_noise(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, 0 * noise, lr, _negative_elbo)


@exercise.misconception(
    "Only the decoder learns: the gradient stops at z. Is there a .detach(), a no_grad, or an unused encoder gradient?"
)
def encoder_frozen(encoder, decoder, x, noise, lr):
    return encoder, _step(encoder, decoder, x, noise, lr, _negative_elbo)[1]


@exercise.misconception("A mean over pixels beside a sum over latents: the KL weighs as many times too much as there are pixels.")
def averaged_pixels(encoder, decoder, x, noise, lr):
    return _step(encoder, decoder, x, noise, lr, lambda reconstruction, kl: (kl - reconstruction / x.shape[-1]).mean())


@exercise.steps
def in_steps(encoder, decoder, x, noise, lr):
    e = encoder.clone().requires_grad_()
    d = decoder.clone().requires_grad_()
    halves = (x @ e).chunk(2, -1)
    mu = halves[0]  # the mean
    logvar = halves[1]  # the log-variance
    std = (0.5 * logvar).exp()  # the standard deviation
    deviation = std * noise  # the scaled noise
    z = mu + deviation  # the sample z
    logits = z @ d  # the logits
    log_on = logits - torch.nn.functional.softplus(logits)  # log π
    log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
    pixels = x * log_on + (1 - x) * log_off  # the log-likelihood of each pixel
    reconstruction = pixels.sum(-1)  # the reconstruction
    square = mu**2  # the square of the mean, in the KL
    variance = logvar.exp()  # the variance, in the KL
    terms = 0.5 * (square + variance - logvar - 1)  # the KL of each latent
    kl = terms.sum(-1)  # the KL to the prior
    losses = kl - reconstruction  # the loss of each image
    loss = losses.mean()  # the average over the batch
    slopes = torch.autograd.grad(loss.sum(), [e, d], materialize_grads=True, retain_graph=True)
    slope_e = slopes[0]  # the encoder's gradient
    slope_d = slopes[1]  # the decoder's gradient
    new_encoder = encoder - lr * slope_e  # the encoder's update
    new_decoder = decoder - lr * slope_d  # the decoder's update
    return new_encoder, new_decoder


exercise.instead("pixels", PIXELS)
exercise.instead("terms", KL | SAMPLED_KL)
exercise.instead(
    "return",
    {
        "the gradients are returned, not the weights after the step": lambda slope_e, slope_d: (slope_e, slope_d),
        "the gradient's sign makes the step, as in Adam's first one": lambda encoder, decoder, slope_e, slope_d, lr: (
            encoder - lr * slope_e / (slope_e.abs() + 1e-8),
            decoder - lr * slope_d / (slope_d.abs() + 1e-8),
        ),
        "the gradient is clipped to norm 1": lambda encoder, decoder, slope_e, slope_d, lr: _clipped(
            encoder, decoder, slope_e, slope_d, lr, (slope_e.square().sum() + slope_d.square().sum()).sqrt()
        ),
        "two steps are made": lambda encoder, decoder, x, noise, lr: _step(
            *_step(encoder, decoder, x, noise, lr, _negative_elbo), x, noise, lr, _negative_elbo
        ),
        "the encoder's step is taken after the decoder's, against the new decoder": lambda encoder, new_decoder, x, noise, lr: (
            _step(encoder, new_decoder, x, noise, lr, _negative_elbo)[0],
            new_decoder,
        ),
        "the decoder's step is taken after the encoder's, against the new encoder": lambda new_encoder, decoder, x, noise, lr: (
            new_encoder,
            _step(new_encoder, decoder, x, noise, lr, _negative_elbo)[1],
        ),
    }
    | {
        f"the weights decay by {rate:g} besides": lambda encoder, decoder, slope_e, slope_d, lr, rate=rate: (
            encoder - lr * (slope_e + rate * encoder),
            decoder - lr * (slope_d + rate * decoder),
        )
        for rate in (0.1, 1e-2, 1e-3, 1e-4)
    },
)
