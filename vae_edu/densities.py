"""Log densities, summed over the last (event) dimension and returned as (...), in nats.

All are normalised: no constant is dropped, so that a log density can be compared with any other.
Sources: Kingma & Welling 2014, appendix C; Salimans et al. 2017 (PixelCNN++), section 2.1, for the discretised logistic.
"""

import math

import torch
import torch.nn.functional as F
from torch import Tensor

LOG_2PI = math.log(2 * math.pi)


def log_normal(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu, diag(exp(logvar))). Arguments broadcast to (..., dim); returns (...)."""
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 * (-logvar).exp()).sum(-1)


def log_standard_normal(z: Tensor) -> Tensor:
    """log N(z; 0, I). z: (..., dim); returns (...)."""
    return -0.5 * (LOG_2PI + z**2).sum(-1)


def log_normal_components(z: Tensor, mu: Tensor, logvar: Tensor) -> Tensor:
    """log N(z; mu_k, diag(exp(logvar_k))) for each of K Gaussians: z (..., dim), mu and logvar (K, dim); returns (..., K).

    (z - mu)^2 / var = z^2 / var - 2 z mu / var + mu^2 / var: one matrix product and no (..., K, dim) tensor. What the three
    terms cancel is lost to rounding, in float32 some 1e-7 of z^2 / var; so both are taken from the centre of the means.
    """
    if z.shape[-1] != mu.shape[-1]:
        raise ValueError(f"z has {z.shape[-1]} dimensions, the components have {mu.shape[-1]}.")
    dtype, centre = torch.promote_types(z.dtype, mu.dtype), mu.detach().mean(0)
    z, mu, logvar = (z - centre).to(dtype), (mu - centre).to(dtype), logvar.to(dtype)
    precision = (-logvar).exp()
    constant = -0.5 * (LOG_2PI + logvar + mu**2 * precision).sum(-1)  # (K,)
    return constant + torch.cat([z**2, z], -1) @ torch.cat([-0.5 * precision, mu * precision], -1).T


def log_bernoulli(x: Tensor, logits: Tensor) -> Tensor:
    """log of prod_i pi_i^x_i (1 - pi_i)^(1 - x_i) with pi = sigmoid(logits), finite for every finite logit.

    x in [0, 1] and logits broadcast to (..., pixels); returns (...). With l the logit, log pi = l - softplus(l) and
    log(1 - pi) = -softplus(l), hence x l - softplus(l). Where a gradient is wanted, torch's cross-entropy with logits
    computes just this in one pass; where none is, the two sums are faster.
    For grey x this is minus the cross-entropy, not a density over [0, 1]. x outside [0, 1] is not checked here.
    """
    x, logits = torch.broadcast_tensors(x, logits)
    if not (torch.is_grad_enabled() and (x.requires_grad or logits.requires_grad)):
        return torch.linalg.vecdot(x.to(logits.dtype), logits) - F.softplus(logits).sum(-1)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def log_logistic_256(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """log probability of 8-bit pixels under a logistic distribution cut into 256 bins.

    x = v/255 with v in 0..255, mean on the same scale, log_scale = log s; all broadcast to (..., pixels). Returns (...).
    Bin v reaches half a grey level to both sides of x; the bins of 0 and 255 take the tails, so the 256
    probabilities sum to one.
    """
    half_bin = 1 / 510
    inverse_scale = (-log_scale).exp()
    upper = (x - mean + half_bin) * inverse_scale
    lower = (x - mean - half_bin) * inverse_scale
    # sigmoid(u) - sigmoid(l) = sigmoid(u) sigmoid(-l) (1 - exp(l - u)): no difference of nearly equal numbers
    below_upper = torch.where(x > 1 - half_bin, 0.0, F.logsigmoid(upper))
    above_lower = torch.where(x < half_bin, 0.0, F.logsigmoid(-lower))
    edge = (x < half_bin) | (x > 1 - half_bin)
    overlap = torch.where(edge, 0.0, torch.log(-torch.expm1(-2 * half_bin * inverse_scale)))
    return (below_upper + above_lower + overlap).sum(-1)


def log_logistic_256_without_edges(x: Tensor, mean: Tensor, log_scale: Tensor) -> Tensor:
    """The same as the VampPrior code computes it, to compare with its bits per dimension. Returns (...).

    Bin v reaches from v/256 to (v + 1)/256 and no bin takes a tail: what the logistic puts outside [0, 1] is lost, so the
    256 values need not sum to one: 0.59 for a scale of 1/e in the middle. 1e-7 is added to each, which bounds what one pixel
    can cost at 16.1 nats.
    """
    bin_start = (255 * x).round() / 256
    lower = (bin_start - mean) / log_scale.exp()
    upper = lower + (-log_scale).exp() / 256
    sign = torch.where(lower > 0, -1.0, 1.0)  # sigmoid(u) - sigmoid(l) = sigmoid(-l) - sigmoid(-u): keep away from 1
    return (sign * (torch.sigmoid(sign * upper) - torch.sigmoid(sign * lower)) + 1e-7).log().sum(-1)
