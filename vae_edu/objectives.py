"""The evidence lower bound, how a training loop weighs its two terms (beta, its annealing, free bits), and what is no bound.

log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z)). Sources: CSC413 lecture 10, "Evidence lower bound" (its form with
log p(z) + log q(z|x) has a wrong sign: ERRATA.md, E6; lecture 04 shows it); Kingma & Welling 2014, eq. 3.
Annealing: Bowman et al. 2016; Fu et al. 2019 (cyclic). Free bits: Kingma et al. 2016. Capacity: Burgess et al. 2018.
Any regulariser, or none: Zhao, Song & Ermon 2017, eq. 7.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Generator, Tensor, nn

from .divergences import mmd
from .reparam import reparameterize

ANNEALINGS = {
    "linear": lambda epoch, epochs: min(1.0, epoch / epochs),
    "exponential": lambda epoch, epochs: 1 - math.exp(-epoch / epochs),
    "cyclic": lambda epoch, epochs: min(1.0, 2 * ((epoch - 1) % epochs + 1) / epochs),
}


class Elbo(NamedTuple):
    """The two terms of the bound, per image and in nats: reconstruction E_q[log p(x|z)], and KL(q(z|x) || p(z)).

    Both are (batch,), one sample of z each; kl_parts, where the model has it, is the KL by part, (batch, parts).
    """

    reconstruction: Tensor
    kl: Tensor
    kl_parts: Tensor | None = None

    def value(self, beta: float = 1.0) -> Tensor:
        """reconstruction - beta * kl, (batch,). A lower bound on log p(x) for beta >= 1."""
        return self.reconstruction - beta * self.kl


def warm_up(epoch: int, epochs: int, annealing: str = "linear") -> float:
    """beta for an epoch (KL annealing; 0 epochs: always 1). Epochs count from 1, so that none uses 0 (as in the VampPrior code).

    linear: rises to 1 over the first `epochs` epochs. exponential: 1 - exp(-epoch / epochs), 0.63 after `epochs` and never 1.
    cyclic: again and again, every `epochs` epochs, over the first half of them.
    """
    return ANNEALINGS[annealing](epoch, epochs) if epochs else 1.0


def free_bits(kl_parts: Tensor, floor: float, groups: Sequence[Sequence[int]] | None = None) -> Tensor:
    """The KL term of which using less than `floor` nats in a group of latents is of no advantage: a number, in nats.

    sum over groups of max(floor, mean over the batch of the group's KL): kl_parts (batch, parts); groups: indices of the parts,
    each part a group where not given. The mean stands inside the maximum. Below the floor a group has no gradient. This is what
    is minimised; what is *reported* stays the true KL. Source: Kingma et al. 2016 (their "lambda").
    """
    if not floor >= 0:
        raise ValueError(f"The floor of free bits is a number of nats, 0 or more; got {floor}.")
    means = kl_parts.mean(0)
    if groups is not None:
        if sorted(part for group in groups for part in group) != list(range(len(means))):
            raise ValueError(f"The groups must hold each of the {len(means)} latents once; got {list(map(list, groups))}.")
        means = torch.stack([means[list(group)].sum() for group in groups])
    return means.clamp(min=floor).sum()


def capacity(epoch: int, ends: tuple[float, float], epochs: tuple[int, int]) -> float:
    """C for an epoch, in nats: from ends[0] up to epoch epochs[0], linearly to ends[1] at epoch epochs[1], and so it stays."""
    (start, end), (first, last) = ends, epochs
    return start + (end - start) * min(1.0, max(0.0, (epoch - first) / (last - first)))


def capacity_cost(kl: Tensor, target: float, gamma: float) -> Tensor:
    """gamma |mean KL - C|: what is subtracted from the reconstruction, a number. kl: (batch,), target: C, in nats.

    The mean over the batch stands inside the absolute value: it is the average image that is to use C nats. The slides print no
    gamma: with gamma = 1 and a KL above C this is the ELBO but for a constant, and pins nothing (ERRATA.md, E12).
    """
    if not gamma >= 0:
        raise ValueError(f"gamma must not be negative: the KL would be driven away from C; got {gamma}.")
    return gamma * (kl.mean() - target).abs()


def regularized(
    model: nn.Module, x: Tensor, penalty: Callable[[Tensor], Tensor] | None = None, *, generator: Generator | None = None
) -> Tensor:
    """E_q[log p(x|z)] - R(q), (batch,), at one sample of z per image: what is maximised. Source: Zhao, Song & Ermon 2017, eq. 7.

    penalty: R as a function of the batch's z (batch, latent_dim), a number; None: no regulariser. The ELBO is `model.elbo`; any
    other R bounds no likelihood. Train with `fit(..., loss=lambda x, g: -regularized(model, x, R, generator=g))`, and with
    normalised gradients: without them some runs without a regulariser diverge.
    """
    z = reparameterize(*model.encode(x), generator=generator)
    log_p = model.log_likelihood(x, z)
    return log_p if penalty is None else log_p - penalty(z)


def mmd_to_normal(z: Tensor, *, generator: Generator | None = None) -> Tensor:
    """A penalty on q(z) alone: the squared MMD of the batch's z (batch, latent_dim) and as many draws from N(0, I); a number.

    It is 0 where q(z) = p(z), whatever the single q(z|x) are (InfoVAE: Zhao, Song & Ermon 2019), as the mean KL is not.
    """
    return mmd(z, torch.randn(z.shape, generator=generator, dtype=z.dtype, device=z.device))
