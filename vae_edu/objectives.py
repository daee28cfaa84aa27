"""The evidence lower bound, and how a training loop weighs its two terms.

log p(x) >= E_q[log p(x|z)] - KL(q(z|x) || p(z)). Sources: CSC413 lecture 10, "Evidence lower bound" (its form with
log p(z) + log q(z|x) has a wrong sign: ERRATA.md, E6; lecture 04 shows it); Kingma & Welling 2014, eq. 3.
"""

from typing import NamedTuple

from torch import Tensor


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


def warm_up(epoch: int, epochs: int) -> float:
    """beta for an epoch: it rises linearly to 1 over the first `epochs` epochs (KL annealing; 0 epochs: always 1).

    Epochs count from 1, so the first one uses 1 / epochs and none uses 0 (as in the VampPrior code).
    """
    return min(1.0, epoch / epochs) if epochs else 1.0
