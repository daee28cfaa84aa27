"""Infusion training: a chain of T networks learns to turn noise into images, with true pixels mixed in as a hint while it learns.

Source: Bordes, Honari & Vincent 2017, as Zhao, Song & Ermon 2017, section 3.2, tell it: an encoder made by hand, whose "latent
state" knows more of the image with every step. Left out: the lower bound of the first paper.
"""

import torch
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

    def log_likelihood(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """log p_t(x | infused state) of every step, (steps, batch), in nats: the states are drawn, and pass no gradient."""
        state, found = self._noise(len(x), generator), []
        for rate, step in zip(self.rates, self.steps):
            logits = step(infuse(x, state, rate, generator=generator))
            found.append(log_bernoulli(x, logits))
            state = torch.bernoulli(logits.detach().sigmoid(), generator=generator)
        return torch.stack(found)

    def loss(self, x: Tensor, *, generator: Generator | None = None) -> Tensor:
        """What is minimised, (batch,): minus the sum over steps. No bound on log p(x)."""
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
