"""What a trained model is worth: the bound's terms, the importance-sampled log-likelihood, active units, the Parzen-window
log-density of its samples, the manifold.

Every metric is a mean over images or given per image, so that the batch size changes the speed and never the value.
"""

import math
import warnings
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from .likelihoods import Gaussian
from .objectives import Elbo
from .reparam import reparameterize


@torch.no_grad()
def elbo_terms(model: nn.Module, x: Tensor, *, batch_size: int = 1000, generator: Generator | None = None) -> Elbo:
    """The bound's terms for every image of x (n, pixels), one sample of z each: an Elbo of (n,) tensors, in nats.

    Its kl_parts, (n, parts), give the KL per unit: `elbo_terms(model, x).kl_parts.mean(0)`.
    """
    _require_pixels(model, x)
    return Elbo(*map(torch.cat, zip(*[model.elbo(batch, generator=generator) for batch in x.split(batch_size)])))


def log_likelihood_from_weights(log_weights: Tensor) -> Tensor:
    """log (1/S) sum_s exp(log w_s) from log weights (samples, batch): (batch,), in nats, without leaving log space.

    In expectation a lower bound on log p(x) that rises with S. Source: Burda et al. 2016, eq. 8.
    """
    return log_weights.logsumexp(0) - math.log(len(log_weights))


@torch.no_grad()
def log_likelihood(
    model: nn.Module,
    x: Tensor,
    *,
    samples: int = 5000,
    batch_size: int = 100,
    generator: Generator | None = None,
    progress: bool = False,
) -> Tensor:
    """Importance-sampled log p(x) for every image of x (n, pixels): (n,), in nats. Source: Burda et al. 2016, eq. 8.

    Report the mean over a whole test set: of vae-mnist, the ELBO of the first 500 images of MNIST is 2.2 nats above that of all.
    """
    _require_pixels(model, x)
    if samples < 1:
        raise ValueError(f"samples must be at least 1, got {samples}.")
    batches = tqdm(x.split(batch_size), disable=not progress, leave=False, unit_scale=batch_size, unit="image")
    return torch.cat([log_likelihood_from_weights(model.log_weights(batch, samples, generator=generator)) for batch in batches])


@torch.no_grad()
def swap_loss(model: nn.Module, x: Tensor, *, batch_size: int = 1000, generator: Generator | None = None) -> Tensor:
    """How much log p(x|z) falls when each image (n, pixels) gets the z of the one before it: (n,), in nats. 0: z is ignored."""
    _require_pixels(model, x)
    if len(x) < 2:
        raise ValueError("The swap loss needs at least two images, whose codes can be exchanged.")
    z = torch.cat([reparameterize(*model.encode(batch), generator=generator) for batch in x.split(batch_size)])
    pairs = [(batch, own, other) for batch, own, other in zip(*(t.split(batch_size) for t in (x, z, z.roll(1, 0))))]
    return torch.cat([model.log_likelihood(batch, own) - model.log_likelihood(batch, other) for batch, own, other in pairs])


@torch.no_grad()
def gibbs_chain(model: nn.Module, x: Tensor, steps: int, *, generator: Generator | None = None) -> Tensor:
    """z ~ q(z|x), then x ~ p(x|z), so many times, from images x (n, pixels): all states but the first, (steps, n, pixels).

    Where p(x|z) = q(x|z), it converges to the data's distribution whatever p(z) is (Zhao, Song & Ermon 2017, proposition 2): the
    way to draw from a model that was trained without a KL. Pixels are drawn, not their means.
    """
    _require_pixels(model, x)
    if steps < 1:
        raise ValueError(f"A chain needs at least one step, got {steps}.")
    states = []
    for _ in range(steps):
        x = model.sample_given(reparameterize(*model.encode(x), generator=generator), generator=generator)
        states.append(x)
    return torch.stack(states)


def bits_per_dimension(log_likelihood: Tensor | float, pixels: int):
    """-log p(x) / (pixels ln 2), for discrete pixels (a density would need its bin width). Lower is better."""
    return -log_likelihood / (pixels * math.log(2))


@torch.no_grad()
def unit_activity(
    model: nn.Module, x: Tensor, *, means: Callable[[Tensor], Tensor] | None = None, batch_size: int = 1000
) -> Tensor:
    """Variance over the images, at least two, of each latent's posterior mean: (latent_dim,). Source: Burda et al. 2016, 5.2.

    The posterior is the one the bound uses: an epitomic VAE's mean is masked by y*, m * mu (the paper does not say); of two
    layers it is the upper one. means: gives others in their place, the lower layer's with `model.mean_z1`. As these come from
    samples they are drawn twice: the covariance of two independent estimates has no variance of their noise in it.
    """
    _require_rows(x)
    if len(x) < 2:
        raise ValueError("One image has no variance: give two or more.")
    if means is None:
        return torch.cat([model.posterior(batch)[0] for batch in x.split(batch_size)]).var(0)
    first, second = (torch.cat([means(batch) for batch in x.split(batch_size)]) for _ in range(2))
    return ((first - first.mean(0)) * (second - second.mean(0))).sum(0) / (len(x) - 1)


def active_units(activity: Tensor, *, threshold: float) -> int:
    """How many units vary by more than `threshold`. State it: Burda's code uses 0.01, the eVAE paper 0.02 (ERRATA.md, E29)."""
    return int((activity > threshold).sum())


class Parzen(NamedTuple):
    """A Parzen-window score: the mean log-density of the test images in nats, its standard error over them, and sigma."""

    mean: float
    standard_error: float
    sigma: float


PARZEN_SIGMAS = tuple(10 ** (i / 9 - 1) for i in range(10))  # 0.1 to 1, evenly spaced in their logarithm
DISTANCES = 2**22  # pairs of image and sample held at once: 16 MB in float32


@torch.no_grad()
def parzen_log_density(x: Tensor, samples: Tensor, sigma: float) -> Tensor:
    """log of the mean over samples s of N(x; s, sigma^2 I), for every image: (n, pixels), (m, pixels) to (n,), in nats.

    From |x - s|^2 = |x|^2 - 2 x.s + |s|^2: one matrix product for each block of images. Source: Breuleux et al. 2011; the
    protocol: SOURCES.md, "Breuleux et al. 2011, Goodfellow et al. 2014: Parzen windows".
    """
    for images in (x, samples):
        _require_rows(images)
        if not bool(images.isfinite().all()):
            raise ValueError("Images and samples must be finite: there are NaN or infinite pixels among them.")
    if x.shape[1] != samples.shape[1]:
        raise ValueError(f"Images have {x.shape[1]} pixels, samples {samples.shape[1]}: they must be alike.")
    if not 1e-9 < sigma < 1e9:
        raise ValueError(f"sigma must be positive and of a sensible size, got {sigma}.")
    dtype = torch.promote_types(x.dtype, samples.dtype)
    x, samples = x.to(dtype), samples.to(dtype)
    scaled = samples / sigma**2
    penalty = -0.5 * (samples * scaled).sum(1)
    scores = []
    for block in x.split(max(1, DISTANCES // len(samples))):
        exponent = torch.addmm(penalty, block, scaled.T)  # (x.s - |s|^2 / 2) / sigma^2
        highest = exponent.amax(1, keepdim=True)
        # logsumexp in place; below e^-80 of the highest nothing counts, and exp of much less is 20 times slower
        total = exponent.sub_(highest).clamp_(min=-80).exp_().sum(1).log_()
        scores.append(total + highest.squeeze(1) - 0.5 * block.square().sum(1) / sigma**2)
    log_normaliser = math.log(len(samples)) + 0.5 * x.shape[1] * math.log(2 * math.pi * sigma**2)
    return torch.cat(scores) - log_normaliser


def parzen(samples: Tensor, valid: Tensor, test: Tensor, *, sigmas=PARZEN_SIGMAS) -> Parzen:
    """Fit a Gaussian of width sigma around every sample (means of p(x|z), 10,000 of them), score grey test images.

    sigma is the one of `sigmas` that is best on the first 1,000 images of `valid`; it warns where that is the smallest or
    the largest. It rewards samples that lie close to many images: 10,000 images of MNIST score 243 nats, local averages 349.
    """
    best = max(sigmas, key=lambda sigma: parzen_log_density(valid[:1000], samples, sigma).mean().item())
    if best in (min(sigmas), max(sigmas)):
        warnings.warn(f"The best sigma, {best:.3g}, is at the edge of the grid: widen it.", stacklevel=2)
    density = parzen_log_density(test, samples, best)
    return Parzen(density.mean().item(), density.std().item() / len(test) ** 0.5, best)


@torch.no_grad()
def latent_manifold(model: nn.Module, side: int = 20, *, units: tuple[int, int] | None = None) -> Tensor:
    """Mean images on a side x side grid over two latents: (side * side, pixels), rows from the top.

    The grid is even in probability: coordinates go through the inverse normal CDF (Kingma & Welling 2014, figure 4).
    units: which two latents of a larger model, an epitome's say; all others are 0.
    """
    if model.noise_dim != model.latent_dim:
        raise ValueError("A model with two layers of latents has no manifold over two of them.")
    units = tuple(units) if units is not None else tuple(range(model.latent_dim))
    if len(set(units)) != 2 or not set(units) <= set(range(model.latent_dim)):
        raise ValueError(f"This model has {model.latent_dim} latents: say which two with units=(first, second).")
    quantiles = (torch.arange(side) + 0.5) / side
    axis = torch.special.ndtri(quantiles)
    z = torch.zeros(side * side, model.latent_dim)
    z[:, list(units)] = torch.stack(torch.meshgrid(axis.flip(0), axis, indexing="ij")[::-1], -1).reshape(-1, 2)
    return model.likelihood.mean(model.decode(z.to(next(model.parameters()))))


MAP_SIDE, MAP_REACH = 30, 3.0


def plane() -> Tensor:
    """An even grid of codes over the plane of two latents, 30 x 30 from -3 to 3: (900, 2), rows from the top."""
    axis = torch.linspace(-MAP_REACH, MAP_REACH, MAP_SIDE)
    return torch.stack(torch.meshgrid(axis.flip(0), axis, indexing="ij")[::-1], -1).reshape(-1, 2)


def _require_pixels(model: nn.Module, x: Tensor) -> None:
    _require_rows(x)
    if not isinstance(getattr(model, "likelihood", None), Gaussian) and not bool(((x >= 0) & (x <= 1)).all()):
        raise ValueError(f"Pixels must lie in [0, 1]; these reach from {x.min():.3g} to {x.max():.3g}.")


def _require_rows(x: Tensor) -> None:
    if not isinstance(x, Tensor) or x.ndim != 2 or len(x) == 0:
        found = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise ValueError(f"x must be a tensor (images, pixels) with at least one image, got {found}.")
