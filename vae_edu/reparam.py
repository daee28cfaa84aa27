"""The reparameterization trick: move the noise to an input, so that gradients pass through mu and logvar.

Source: Kingma & Welling 2014, section 2.4. z stays random; only the source of its noise moves (lecture 05).
"""

import torch
from torch import Generator, Tensor


def reparameterize(mu: Tensor, logvar: Tensor, *, generator: Generator | None = None) -> Tensor:
    """Draw z = mu + exp(logvar / 2) * noise with noise ~ N(0, I), differentiable in mu and logvar.

    mu, logvar broadcast to (..., dim); returns z of that shape. The standard deviation is exp(logvar / 2), not exp(logvar).
    """
    shape = torch.broadcast_shapes(mu.shape, logvar.shape)
    noise = torch.randn(shape, generator=generator, dtype=mu.dtype, device=mu.device)
    return mu + (0.5 * logvar).exp() * noise
