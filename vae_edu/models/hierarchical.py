"""The hierarchical VAE with two layers of latents, and any prior on the upper one.

p(x, z1, z2) = p(x|z1, z2) p(z1|z2) p(z2) and q(z1, z2|x) = q(z1|x, z2) q(z2|x): both factorise from z2 down to z1, so that
one and the same z2 goes to q(z1|x, z2), to p(z1|z2) and to the decoder.
Source: Tomczak & Welling 2018, section 4, eq. 11-16; for the networks SOURCES.md, "Tomczak & Welling 2018: networks".
"""

import torch
from torch import Generator, Tensor, nn

from ..densities import log_normal
from ..divergences import kl_normal
from ..likelihoods import Bernoulli
from ..networks import GaussianEncoder, Joined, gated_mlp
from ..objectives import Elbo
from ..priors import StandardNormal
from ..reparam import reparameterize
from .vae import ROWS, chunks


def gated_pair(first: int, second: int, width: int) -> Joined:
    """A gated layer for each of two inputs, and a gated layer on both results."""
    return Joined(gated_mlp([first, width]), gated_mlp([second, width]), gated_mlp([2 * width, width]))


class HVAE(nn.Module):
    """Two layers of `latent_dim` latents each, gated layers of `hidden` units; the prior on z2 is N(0, I) until replaced:
    `model.prior = VampPrior(model.encode, pseudo_inputs(500, 784))`.
    """

    rows = ROWS

    def __init__(self, pixels: int, latent_dim: int, hidden: int = 300, *, likelihood: nn.Module | None = None):
        super().__init__()
        self.latent_dim = latent_dim
        self.likelihood = likelihood or Bernoulli()
        self.prior = StandardNormal(latent_dim)
        self.encoder = GaussianEncoder(gated_mlp([pixels, hidden, hidden]), hidden, latent_dim)
        self.encoder_z1 = GaussianEncoder(gated_pair(pixels, latent_dim, hidden), hidden, latent_dim)
        self.prior_z1 = GaussianEncoder(gated_mlp([latent_dim, hidden, hidden]), hidden, latent_dim)
        outputs = self.likelihood.outputs * pixels
        self.decoder = nn.Sequential(gated_pair(latent_dim, latent_dim, hidden), nn.Linear(hidden, outputs))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, pixels) to mu and logvar of q(z2|x), each (batch, latent_dim)."""
        return self.encoder(x)

    def encode_z1(self, x: Tensor, z2: Tensor) -> tuple[Tensor, Tensor]:
        """x (batch, pixels) and z2 (..., batch, latent_dim) to mu and logvar of q(z1|x, z2), each (..., batch, latent_dim)."""
        return self.encoder_z1((x, z2))

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of the upper layer's q(z2|x); the lower layer's depend on a sample of z2."""
        return self.encode(x)

    def mean_z1(self, x: Tensor, *, samples: int = 32, generator: Generator | None = None) -> Tensor:
        """The mean of q(z1|x), averaged over samples of z2 ~ q(z2|x): (batch, latent_dim). For the activity of z1."""
        mu2, logvar2 = self.encode(x)
        z2 = reparameterize(mu2.expand(samples, *mu2.shape), logvar2, generator=generator)
        return self.encode_z1(x, z2)[0].mean(0)

    def decode(self, z: tuple[Tensor, Tensor]):
        """(z1, z2), each (..., latent_dim), to the likelihood's parameters: for Bernoulli pixels the logits, (..., pixels)."""
        return self.likelihood.parameters_of(self.decoder(z))

    def raw(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """The decoder's raw outputs for images x at (z1, z2), (..., outputs * pixels); here they depend on z alone."""
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """log p(x|z1, z2), (...), in nats."""
        return self.likelihood.log_prob(x, self.decode(z))

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The bound's terms at one sample of (z1, z2) per image; kl_parts, (batch, 2), are those of z1 given z2 and of z2.

        KL(q(z1|x, z2) || p(z1|z2)) is in closed form at the sampled z2; the KL of z2 is as the prior gives it.
        """
        mu2, logvar2 = self.encode(x)
        z2 = reparameterize(mu2, logvar2, generator=generator)
        mu1, logvar1 = self.encode_z1(x, z2)
        z1 = reparameterize(mu1, logvar1, generator=generator)
        kl1 = kl_normal(mu1, logvar1, *self.prior_z1(z2))
        kl2 = self.prior.kl(mu2, logvar2, z2).sum(-1)
        return Elbo(self.log_likelihood(x, (z1, z2)), kl1 + kl2, torch.stack([kl1, kl2], -1))

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """log p(x|z1, z2) + log p(z1|z2) + log p(z2) - log q(z1|x, z2) - log q(z2|x) at samples of q: (samples, batch), in nats.

        Computed in chunks, so that without gradients memory does not grow with `samples`.
        """
        mu2, logvar2 = self.encode(x)
        weights = []
        for n in chunks(samples, len(x), self.rows):
            z2 = reparameterize(mu2.expand(n, *mu2.shape), logvar2, generator=generator)  # (n, batch, latent_dim)
            mu1, logvar1 = self.encode_z1(x, z2)
            z1 = reparameterize(mu1, logvar1, generator=generator)
            log_p = self.log_likelihood(x, (z1, z2)) + log_normal(z1, *self.prior_z1(z2)) + self.prior.log_prob(z2)
            log_q = log_normal(z1, mu1, logvar1) + log_normal(z2, mu2, logvar2)
            weights.append(log_p - log_q)
        return torch.cat(weights)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images from the model, (n, pixels): pixels drawn from p(x|z1, z2), or their means (what pictures use)."""
        z2 = self.prior.sample(n, generator=generator)
        z1 = reparameterize(*self.prior_z1(z2), generator=generator)
        parameters = self.decode((z1, z2))
        return self.likelihood.mean(parameters) if mean else self.likelihood.sample(parameters, generator=generator)

    @property
    def noise_dim(self) -> int:
        """How many standard normal numbers one sample of all latents takes: those of z1, and then those of z2."""
        return 2 * self.latent_dim

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """What this model says of images x (batch, pixels) at noise (samples, batch, noise_dim): see `reference.Probe`. In nats.

        mu and logvar are those of z2, z holds z1 and then z2; kl is log q - log p of both layers at the first sample.
        """
        noise1, noise2 = noise.chunk(2, -1)
        mu2, logvar2 = self.encode(x)
        z2 = mu2 + (0.5 * logvar2).exp() * noise2
        mu1, logvar1 = self.encode_z1(x, z2)
        z1 = mu1 + (0.5 * logvar1).exp() * noise1
        log_p_x = self.log_likelihood(x, (z1, z2))
        log_q = log_normal(z1, mu1, logvar1) + log_normal(z2, mu2, logvar2)
        log_p = log_normal(z1, *self.prior_z1(z2)) + self.prior.log_prob(z2)
        return {
            "mu": mu2,
            "logvar": logvar2,
            "z": torch.cat([z1, z2], -1),
            "logits": self.raw(x, (z1[0], z2[0])),
            "reconstruction": log_p_x[0],
            "kl": (log_q - log_p)[0],
            "log_weights": log_p_x + log_p - log_q,
        }
