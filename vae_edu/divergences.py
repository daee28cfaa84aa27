"""The Kullback-Leibler divergence KL(q || p) = E_q[log q - log p], in nats; and one distance that needs samples alone.

Sources: CSC413 lecture 10, slides "Kullback-Leibler Divergence" to "KL Divergence for Gaussians" (the two values printed
there for the coin are ten times too large: ERRATA.md, E2, E3; lecture 03 shows it); Kingma & Welling 2014, appendix B.
The maximum mean discrepancy: Gretton et al. 2012.
Left out: full covariances, and divergences other than these.
"""

import torch
from torch import Tensor


def kl_discrete(q: Tensor, p: Tensor) -> Tensor:
    """KL between two discrete distributions, sum_z q(z) log(q(z) / p(z)).

    q, p: (..., outcomes), probabilities that sum to one over the last dimension. Returns (...), in nats.
    0 log 0 counts as 0 (with gradient 0); the answer is +inf where p is 0 and q is not.
    Raises ValueError where q or p is not a distribution.
    """
    require_distribution("q", q)
    require_distribution("p", p)
    possible = q > 0  # outcomes that q never takes cost nothing, whatever p says of them
    q, p = torch.where(possible, q, 1.0), torch.where(possible, p, 1.0)
    return (q * (q.log() - p.log())).sum(-1)


def kl_normal(mu_q: Tensor, logvar_q: Tensor, mu_p: Tensor, logvar_p: Tensor) -> Tensor:
    """KL between diagonal Gaussians N(mu_q, exp(logvar_q)) and N(mu_p, exp(logvar_p)), in closed form.

    Arguments broadcast to (..., dim); returns (...), in nats: the sum over dimensions of
    log(sigma_p / sigma_q) + (sigma_q^2 + (mu_q - mu_p)^2) / (2 sigma_p^2) - 1/2.
    """
    log_ratio = logvar_q - logvar_p
    return 0.5 * (log_ratio.exp() + (mu_q - mu_p) ** 2 * (-logvar_p).exp() - log_ratio - 1).sum(-1)


def kl_standard_normal(mu: Tensor, logvar: Tensor) -> Tensor:
    """KL from a diagonal Gaussian to N(0, I): 1/2 sum(mu^2 + sigma^2 - log sigma^2 - 1).

    mu, logvar: (..., dim). Returns (...), in nats. Source: Kingma & Welling 2014, eq. 10 (there with the sign of -KL).
    """
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


def kl_monte_carlo(log_q: Tensor, log_p: Tensor) -> Tensor:
    """KL estimated from samples of q: the mean of log q(z) - log p(z).

    log_q, log_p: (samples, ...), both log densities at the same samples z ~ q. Returns (...), in nats.
    Unbiased; a single estimate may be negative, although the divergence is not.
    """
    return (log_q - log_p).mean(0)


WIDTHS = (0.25, 0.5, 1.0, 2.0, 4.0)  # squared, per dimension: which one matters depends on how far apart z and p are


def mmd(z: Tensor, p: Tensor) -> Tensor:
    """Squared maximum mean discrepancy of two samples z (n, dim) and p (m, dim), at least two of each: a number without a unit.

    E k(z, z') + E k(p, p') - 2 E k(z, p), unbiased, so that it may be negative; k is a sum of five Gaussian kernels. Its
    expectation is 0 if and only if both come from the same distribution (Gretton et al. 2012, theorem 5): it needs no density.
    """
    if z.ndim != 2 or p.ndim != 2 or z.shape[1] != p.shape[1] or min(len(z), len(p)) < 2:
        raise ValueError(f"Two samples of at least two points each are needed, got {tuple(z.shape)} and {tuple(p.shape)}.")

    def kernel(a: Tensor, b: Tensor) -> Tensor:
        squared = (a**2).sum(1)[:, None] + (b**2).sum(1) - 2 * a @ b.T
        return sum((-squared / (2 * width * z.shape[1])).exp() for width in WIDTHS)

    def within(a: Tensor) -> Tensor:
        return (kernel(a, a).sum() - len(WIDTHS) * len(a)) / (len(a) * (len(a) - 1))  # without each point and itself

    return within(z) + within(p) - 2 * kernel(z, p).mean()


def require_distribution(name: str, probabilities: Tensor) -> None:
    """ValueError, in one sentence, where the last dimension does not hold probabilities that sum to one."""
    if not isinstance(probabilities, Tensor) or not probabilities.is_floating_point():
        raise ValueError(f"{name} must be a tensor of floating-point probabilities, got {_describe(probabilities)}.")
    if probabilities.ndim == 0:
        raise ValueError(f"{name} must have at least one dimension (its outcomes), got a single number.")
    if not bool((probabilities >= 0).all()):  # also refuses nan
        raise ValueError(f"{name} must hold probabilities, but its smallest entry is {probabilities.min().item():.4g}.")
    totals = probabilities.detach().sum(-1)
    off = (totals - 1).abs().max().item() if totals.numel() else 0.0
    if off > 1e3 * torch.finfo(probabilities.dtype).eps:
        worst = totals.flatten()[(totals - 1).abs().argmax()].item()
        raise ValueError(f"{name} must sum to 1 over its last dimension, but one of its sums is {worst:.6g}.")


def _describe(value: object) -> str:
    return f"a tensor of {value.dtype}" if isinstance(value, Tensor) else f"a {type(value).__name__}"
