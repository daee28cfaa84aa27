"""The variational autoencoder with one layer of latents.

Sources: Kingma & Welling 2014; CSC413 lecture 10; for the networks Tomczak & Welling 2018, section 5, and SOURCES.md,
"Tomczak & Welling 2018: networks".
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from ..densities import log_normal
from ..likelihoods import Bernoulli
from ..networks import GaussianEncoder, gated_mlp, mlp
from ..objectives import Elbo
from ..priors import StandardNormal
from ..reparam import reparameterize

ROWS = 4096  # decoded images held at once by log_weights: 13 MB for 784 pixels, near enough to the cache


def chunks(samples: int, batch: int, rows: int) -> list[int]:
    """How many samples each chunk of log_weights takes: at most `rows` decoded images at once."""
    step = max(1, rows // max(1, batch))
    return [min(step, samples - start) for start in range(0, samples, step)]


class VAE(nn.Module):
    """p(x, z) = p(z) p(x|z) with q(z|x) a diagonal Gaussian; encoder and decoder mirror each other.

    pixels, latent_dim, hidden: sizes; `gated` chooses gated layers instead of ReLU. The prior is N(0, I) until another takes
    its place: `model.prior = VampPrior(model.encode, pseudo_inputs(500, 784))`.
    """

    rows = ROWS

    def __init__(
        self,
        pixels: int,
        latent_dim: int,
        hidden: Sequence[int] = (300, 300),
        *,
        gated: bool = True,
        likelihood: nn.Module | None = None,
        logvar_range: tuple[float, float] | None = (-6.0, 2.0),
    ):
        super().__init__()
        body = gated_mlp if gated else mlp
        self.latent_dim = latent_dim
        self.likelihood = likelihood or Bernoulli()
        self.prior = StandardNormal(latent_dim)
        self.encoder = GaussianEncoder(body([pixels, *hidden]), hidden[-1], latent_dim, logvar_range)
        self.decoder = nn.Sequential(
            body([latent_dim, *reversed(hidden)]), nn.Linear(hidden[0], self.likelihood.outputs * pixels)
        )

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, pixels) to mu and logvar of q(z|x), each (batch, latent_dim)."""
        return self.encoder(x)

    def posterior(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of the q(z|x) that the bound uses: here, what the encoder says."""
        return self.encode(x)

    def decode(self, z: Tensor):
        """(..., latent_dim) to the likelihood's parameters: for Bernoulli pixels the logits, (..., pixels)."""
        return self.likelihood.parameters_of(self.decoder(z))

    def raw(self, x: Tensor, z: Tensor) -> Tensor:
        """The decoder's raw outputs for images x at z, (..., outputs * pixels); here they depend on z alone."""
        return self.decoder(z)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z), (...), in nats."""
        return self.likelihood.log_prob(x, self.decode(z))

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The bound's terms at one sample of z per image; the KL as the prior gives it: closed form, or at that z."""
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar, generator=generator)
        kl_parts = self.prior.kl(mu, logvar, z)  # N(0, I): one part per latent
        return Elbo(self.log_likelihood(x, z), kl_parts.sum(-1), kl_parts)

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """log p(x, z) - log q(z|x) at z ~ q(z|x): (samples, batch), in nats.

        Computed in chunks of at most `rows` decoded images (one sample for each image at least), so that without gradients memory
        grows with the batch, not with `samples`.
        """
        mu, logvar = self.encode(x)
        weights = []
        for n in chunks(samples, len(x), self.rows):
            z = reparameterize(mu.expand(n, *mu.shape), logvar, generator=generator)  # (n, batch, latent_dim)
            weights.append(self.log_likelihood(x, z) + self.prior.log_prob(z) - log_normal(z, mu, logvar))
        return torch.cat(weights)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images from the model, (n, pixels): pixels drawn from p(x|z), or their means (what pictures use)."""
        return self.sample_given(self.prior.sample(n, generator=generator), mean=mean, generator=generator)

    def sample_given(self, z: Tensor, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """An image for each z (n, latent_dim), (n, pixels): pixels drawn from p(x|z), or their means."""
        parameters = self.decode(z)
        return self.likelihood.mean(parameters) if mean else self.likelihood.sample(parameters, generator=generator)

    @property
    def noise_dim(self) -> int:
        """How many standard normal numbers one sample of all latents takes."""
        return self.latent_dim

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """What this model says of images x (batch, pixels) at noise (samples, batch, noise_dim): see `reference.Probe`. In nats.

        The bound's terms and the decoder's raw outputs are those at the first sample.
        """
        mu, logvar = self.posterior(x)
        z = mu + (0.5 * logvar).exp() * noise
        log_p_x = self.log_likelihood(x, z)
        return {
            "mu": mu,
            "logvar": logvar,
            "z": z,
            "logits": self.raw(x, z[0]),
            "reconstruction": log_p_x[0],
            "kl": self.prior.kl(mu, logvar, z[0]).sum(-1),
            "log_weights": log_p_x + self.prior.log_prob(z) - log_normal(z, mu, logvar),
        }
