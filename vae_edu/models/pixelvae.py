"""VAEs whose decoder draws pixel by pixel, given z and earlier pixels: with one layer of latents, and with two.

Sources: Gulrajani et al. 2017 (PixelVAE), section 3; Chen et al. 2017 (VLAE), section 3.1; SOURCES.md,
"Gulrajani et al. 2017: PixelVAE".
"""

from collections.abc import Sequence

import torch
from torch import Generator, Tensor, nn

from ..densities import log_normal
from ..divergences import kl_normal
from ..networks import GaussianEncoder, gated_mlp
from ..objectives import Elbo
from ..reparam import reparameterize
from .pixelcnn import GatedPixelCNN
from .vae import VAE, chunks


class PixelVAE(VAE):
    """A VAE with a gated PixelCNN as its decoder. With kernels (w, 1, 1, …) it sees a window only: the "lossy" one of VLAE.

    shape: (rows, columns); network: what `GatedPixelCNN` takes. `decode` and `raw` need the image too.
    """

    rows = 500  # decoded images held at once by log_weights: some 100 MB for 28 x 28 pixels and 16 channels

    def __init__(
        self,
        shape: tuple[int, int],
        latent_dim: int,
        hidden: Sequence[int] = (128, 128),
        *,
        likelihood: nn.Module | None = None,
        logvar_range: tuple[float, float] | None = (-6.0, 2.0),
        **network,
    ):
        pixels = network.get("colours", 1) * shape[0] * shape[1]
        super().__init__(pixels, latent_dim, hidden, likelihood=likelihood, logvar_range=logvar_range)
        self.decoder = GatedPixelCNN(shape, outputs=self.likelihood.outputs, latent_dim=latent_dim, **network)

    def raw(self, x: Tensor, z: Tensor) -> Tensor:
        """The decoder's raw outputs for each pixel of x, given z and the pixels before it: (..., batch, outputs * pixels)."""
        x = x.expand(*z.shape[:-1], -1)
        return self.decoder(x.flatten(0, -2), z.flatten(0, -2)).unflatten(0, x.shape[:-1])

    def decode(self, z: Tensor, x: Tensor):
        """The likelihood's parameters of each pixel of x, given z and the pixels before it: z (..., batch, latent_dim)."""
        return self.likelihood.parameters_of(self.raw(x, z))

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z), (...), in nats, all pixels in one pass."""
        return self.likelihood.log_prob(x, self.decode(z, x))

    def sample_given(self, z: Tensor, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """An image for each z (n, latent_dim), (n, pixels), drawn pixel by pixel."""
        return self.decoder.draw(len(z), self.likelihood, z, mean=mean, generator=generator)


class TwoLevelPixelVAE(PixelVAE):
    """p(x, z1, z2) = p(x|z1) p(z1|z2) p(z2) with q(z1, z2|x) = q(z1|x) q(z2|x): given the image, the levels are independent.

    The KL is then a sum over levels (PixelVAE, section 3): E_{q(z2|x)} KL(q(z1|x) || p(z1|z2)) + KL(q(z2|x) || p(z2)).
    """

    def __init__(self, shape: tuple[int, int], latent_dim: int, hidden: Sequence[int] = (128, 128), **parts):
        super().__init__(shape, latent_dim, hidden, **parts)
        sizes = [shape[0] * shape[1], *hidden]
        self.encoder_z2 = GaussianEncoder(gated_mlp(sizes), hidden[-1], latent_dim, self.encoder.logvar_range)
        self.prior_z1 = GaussianEncoder(gated_mlp([latent_dim, hidden[-1]]), hidden[-1], latent_dim, self.encoder.logvar_range)

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The bound's terms at one sample of z1 and z2 per image; kl_parts, (batch, 2), are those of z1 given z2 and of z2."""
        mu1, logvar1 = self.encode(x)
        mu2, logvar2 = self.encoder_z2(x)
        z2 = reparameterize(mu2, logvar2, generator=generator)
        kl1 = kl_normal(mu1, logvar1, *self.prior_z1(z2))
        kl2 = self.prior.kl(mu2, logvar2, z2).sum(-1)
        log_p = self.log_likelihood(x, reparameterize(mu1, logvar1, generator=generator))
        return Elbo(log_p, kl1 + kl2, torch.stack([kl1, kl2], -1))

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """log p(x|z1) + log p(z1|z2) + log p(z2) - log q(z1|x) - log q(z2|x) at samples of q: (samples, batch), in nats."""
        q1, q2 = self.encode(x), self.encoder_z2(x)
        weights = []
        for n in chunks(samples, len(x), self.rows):
            z1, z2 = (reparameterize(mu.expand(n, *mu.shape), logvar, generator=generator) for mu, logvar in (q1, q2))
            log_p = self.log_likelihood(x, z1) + log_normal(z1, *self.prior_z1(z2)) + self.prior.log_prob(z2)
            weights.append(log_p - log_normal(z1, *q1) - log_normal(z2, *q2))
        return torch.cat(weights)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images from the model, (n, pixels), drawn pixel by pixel."""
        z2 = self.prior.sample(n, generator=generator)
        z1 = reparameterize(*self.prior_z1(z2), generator=generator)
        return self.sample_given(z1, mean=mean, generator=generator)

    @property
    def noise_dim(self) -> int:
        """How many standard normal numbers one sample of all latents takes: those of z1, and then those of z2."""
        return 2 * self.latent_dim

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """As the one-level model's, for both levels: mu and logvar are those of z1, z holds z1 and then z2."""
        q1, q2 = self.encode(x), self.encoder_z2(x)
        z1, z2 = (mu + (0.5 * logvar).exp() * part for (mu, logvar), part in zip((q1, q2), noise.chunk(2, -1)))
        log_p_x = self.log_likelihood(x, z1)
        kl = log_normal(z1, *q1) + log_normal(z2, *q2) - log_normal(z1, *self.prior_z1(z2)) - self.prior.log_prob(z2)
        return {
            "mu": q1[0],
            "logvar": q1[1],
            "z": torch.cat([z1, z2], -1),
            "logits": self.raw(x, z1[0]),
            "reconstruction": log_p_x[0],
            "kl": kl[0],
            "log_weights": log_p_x - kl,
        }
