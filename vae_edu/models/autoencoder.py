"""The plain autoencoder: an encoder, a decoder, and nothing that says which codes are likely.

Source: CSC413 lecture 10, the review slides and "Autoencoder limitations". It has no likelihood, so no `elbo`.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from ..networks import gated_mlp, mlp


class Autoencoder(nn.Module):
    """x -> z = encode(x) -> decode(z), trained on the squared error. `gated` chooses a VAE's gated layers instead of ReLU."""

    def __init__(self, pixels: int, latent_dim: int, hidden: Sequence[int] = (128,), *, gated: bool = False):
        super().__init__()
        body = gated_mlp if gated else mlp
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(body([pixels, *hidden]), nn.Linear(hidden[-1], latent_dim))
        self.decoder = nn.Sequential(body([latent_dim, *reversed(hidden)]), nn.Linear(hidden[0], pixels))

    def encode(self, x: Tensor) -> Tensor:
        """(batch, pixels) to (batch, latent_dim): a point, not a distribution."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """(batch, latent_dim) to (batch, pixels)."""
        return self.decoder(z)

    def loss(self, x: Tensor) -> Tensor:
        """Squared error per image, summed over pixels: (batch,)."""
        return ((self.decode(self.encode(x)) - x) ** 2).sum(-1)
