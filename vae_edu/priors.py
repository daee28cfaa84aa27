"""p(z): a prior is a module with `log_prob(z)` and a `sample(n)` that draws from exactly that density."""

import torch
from torch import Generator, Tensor, nn

from .densities import log_standard_normal


class StandardNormal(nn.Module):
    """p(z) = N(0, I) in `dim` dimensions."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim
        self.register_buffer("origin", torch.zeros(dim), persistent=False)  # knows the device and the dtype

    def log_prob(self, z: Tensor) -> Tensor:
        """(..., dim) to (...), in nats."""
        return log_standard_normal(z)

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        """(n, dim)."""
        return torch.randn(n, self.dim, generator=generator, dtype=self.origin.dtype, device=self.origin.device)
