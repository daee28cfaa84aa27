"""The plain autoencoder: an encoder, a decoder, and nothing that says which codes are likely.

Source: CSC413 lecture 10, the review slides and "Autoencoder limitations". It has no likelihood, so no `elbo`.
"""

from collections.abc import Sequence

from torch import Tensor, nn

from ..networks import mlp


class Autoencoder(nn.Module):
    """x -> z = encode(x) -> decode(z), trained on the squared error."""

    def __init__(self, pixels: int, latent_dim: int, hidden: Sequence[int] = (128,)):
        super().__init__()
        self.latent_dim = latent_dim
        self.encoder = nn.Sequential(mlp([pixels, *hidden]), nn.Linear(hidden[-1], latent_dim))
        self.decoder = nn.Sequential(mlp([latent_dim, *reversed(hidden)]), nn.Linear(hidden[0], pixels))

    def encode(self, x: Tensor) -> Tensor:
        """(batch, pixels) to (batch, latent_dim): a point, not a distribution."""
        return self.encoder(x)

    def decode(self, z: Tensor) -> Tensor:
        """(batch, latent_dim) to (batch, pixels)."""
        return self.decoder(z)

    def loss(self, x: Tensor) -> Tensor:
        """Squared error per image, summed over pixels: (batch,)."""
        return ((self.decode(self.encode(x)) - x) ** 2).sum(-1)
