"""Infusion training: a chain of T networks learns to turn noise into images, with true pixels mixed in as a hint while it learns.

Source: Bordes, Honari & Vincent 2017, as Zhao, Song & Ermon 2017, section 3.2, tell it: an encoder made by hand, whose "latent
state" knows more of the image with every step. SOURCES.md, "Bordes, Honari & Vincent 2017: infusion training".
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..densities import log_bernoulli
from ..networks import gated_mlp


def infuse(x: Tensor, before: Tensor, rate: float, *, generator: Generator | None = None) -> Tensor:
    """Each pixel of the state `before` (batch, pixels) replaced by that of the image x with probability `rate`."""
    true = torch.rand(x.shape, generator=generator, dtype=x.dtype, device=x.device) < rate
    return torch.where(true, x, before)


class InfusionChain(nn.Module):
    """p_t(x | state), t = 1 .. T, binary pixels, networks of their own; the share of true pixels at step t is rate * t.

    Between steps pixels are drawn, not their means: what has learned from black and white pixels has not seen grey ones.
    """

    latent_dim = 0

    def __init__(self, pixels: int, steps: int, hidden: int = 128, *, rate: float):
        super().__init__()
        if steps < 1:
            raise ValueError(f"A chain needs at least one step, got {steps}.")
        if not 0 <= rate <= 1 / steps:
            raise ValueError(
                f"The share of true pixels, rate * t, must stay within [0, 1] over {steps} steps; got a rate of {rate}."
            )
        self.pixels, self.rates = pixels, [rate * t for t in range(1, steps + 1)]
        self.steps = nn.ModuleList(
            nn.Sequential(gated_mlp([pixels, hidden, hidden]), nn.Linear(hidden, pixels)) for _ in range(steps)
        )

    def infused(self, x: Tensor, *, generator: Generator | None = None) -> tuple[Tensor, Tensor]:
        """The infused states z_1 .. z_T and the logits that each step makes of its own, both (steps, batch, pixels).

        The states are drawn, and pass no gradient.
        """
        before, states, logits = self._noise(len(x), generator), [], []
        for rate, step in zip(self.rates, self.steps):
            states.append(infuse(x, before, rate, generator=generator))
            logits.append(step(states[-1]))
            before = torch.bernoulli(logits[-1].detach().sigmoid(), generator=generator)
        return torch.stack(states), torch.stack(logits)

    def log_likelihood(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """log p_t(x | z_t) of every step, (steps, batch), in nats."""
        return log_bernoulli(x, self.infused(x, generator=generator)[1])

    def log_weights(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """log p(x, z_1 .. z_T) - log q(z_1 .. z_T | x) at one infused chain, (batch,), in nats. Their mean bounds log p(x).

        A pixel of z_t is the image's with probability s = rate * t, else it is drawn from the step before, from p. So its q is
        (1 - s) p(z) + s where it agrees with the image, (1 - s) p(z) where it does not.
        """
        states, logits = self.infused(x, generator=generator)
        drawn_from = torch.cat([torch.zeros_like(logits[:1]), logits[:-1]])  # the first state is noise, half of it on
        log_p = -F.softplus((1 - 2 * states) * drawn_from)
        share = torch.tensor(self.rates).to(logits)[:, None, None]
        log_q = torch.where(states == x, ((1 - share).log() + log_p).logaddexp(share.log()), (1 - share).log() + log_p)
        return (log_p - log_q).sum((0, -1)) + log_bernoulli(x, logits[-1])

    def loss(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """What is minimised, (batch,): minus the sum over steps. No bound on log p(x), as `log_weights` is."""
        return -self.log_likelihood(x, generator=generator).sum(0)

    @torch.no_grad()
    def sample_steps(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """The chain without a hint, from noise: the state after every step, (steps, n, pixels), or the pixels' means in it."""
        state, states = self._noise(n, generator), []
        for step in self.steps:
            p = step(state).sigmoid()
            state = torch.bernoulli(p, generator=generator)
            states.append(p if mean else state)
        return torch.stack(states)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images of the last step, (n, pixels): drawn, or the means of their pixels."""
        return self.sample_steps(n, mean=mean, generator=generator)[-1]

    def _noise(self, n: int, generator: Generator | None) -> Tensor:
        place = next(self.parameters())
        return torch.rand(n, self.pixels, generator=generator, dtype=place.dtype, device=place.device).round()
