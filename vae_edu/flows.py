"""Change of variables: densities of what an invertible affine map makes of noise.

Sources: Kingma et al. 2016 (inverse autoregressive flow); Chen et al. 2017 (VLAE), section 3.2.
"""

from torch import Tensor

from .densities import log_standard_normal


def to_noise(z: Tensor, shift: Tensor, scale: Tensor) -> tuple[Tensor, Tensor]:
    """z0 = (z - shift) / scale, (..., dim), and log |det dz0/dz| = -sum log |scale|, (...).

    Where shift_i and scale_i depend on z_1 .. z_(i-1) only, the Jacobian is triangular and this is its determinant.
    """
    if bool((scale == 0).any()):
        raise ValueError("A scale of 0 maps all z to one point: the flow has no inverse there.")
    return (z - shift) / scale, -scale.abs().log().expand(z.shape).sum(-1)


def flow_log_prob(z: Tensor, shift: Tensor, scale: Tensor) -> Tensor:
    """log p(z) where z0 is standard normal: (..., dim) to (...), in nats."""
    z0, log_det = to_noise(z, shift, scale)
    return log_standard_normal(z0) + log_det
