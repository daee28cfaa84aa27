"""p(x|z): what the decoder's raw outputs mean. Each likelihood turns them into parameters, a log density, a mean and samples.

`outputs` says how many raw numbers per pixel the decoder must give. `parameters_of(raw)` with raw (..., outputs * pixels)
is what a model's `decode` returns; `log_prob(x, parameters)` is summed over pixels, (...), in nats.
"""

import math

import torch
from torch import Generator, Tensor, nn

from .densities import log_bernoulli, log_logistic_256, log_logistic_256_without_edges, log_normal


class Bernoulli(nn.Module):
    """Binary pixels; the parameters are the logits. For grey pixels, minus the cross-entropy."""

    outputs = 1

    def parameters_of(self, raw: Tensor) -> Tensor:
        return raw

    def log_prob(self, x: Tensor, logits: Tensor) -> Tensor:
        return log_bernoulli(x, logits)

    def mean(self, logits: Tensor) -> Tensor:
        return logits.sigmoid()

    def sample(self, logits: Tensor, *, generator: Generator | None = None) -> Tensor:
        return torch.bernoulli(logits.sigmoid(), generator=generator)


class Gaussian(nn.Module):
    """Real pixels with mean g(z); the parameters are (mean, logvar).

    `variance`: one fixed number for all pixels, which sets the weight 1 / (2 variance) of the squared error
    (lecture 06), or None: learned per pixel, with log-variance clamped below at `min_logvar`, because the density is
    unbounded wherever a pixel is constant.
    """

    def __init__(self, variance: float | None = None, *, min_logvar: float = -6.0):
        super().__init__()
        if variance is not None and not variance > 0:
            raise ValueError(f"variance must be positive, or None to learn it; got {variance}.")
        self.outputs = 2 if variance is None else 1
        self.variance, self.min_logvar = variance, min_logvar

    def extra_repr(self) -> str:
        return "variance learned" if self.variance is None else f"variance={self.variance:g}"

    def parameters_of(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        if self.variance is not None:
            return raw, torch.full_like(raw, math.log(self.variance))
        mean, logvar = raw.chunk(2, -1)
        return mean, logvar.clamp(min=self.min_logvar)

    def log_prob(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return log_normal(x, *parameters)

    def mean(self, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return parameters[0]

    def sample(self, parameters: tuple[Tensor, Tensor], *, generator: Generator | None = None) -> Tensor:
        mean, logvar = parameters
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        return mean + (0.5 * logvar).exp() * noise


class Logistic256(nn.Module):
    """8-bit grey pixels v/255 as 256 bins of a logistic distribution; the parameters are (mean, log_scale).

    The mean is a sigmoid, the log scale is clamped to [-4.5, 0] as in the VampPrior code (which calls it a log-variance:
    SOURCES.md, "Bits per dimension and the discretised logistic"). The edge bins take the tails as in PixelCNN++, so that
    the 256 probabilities sum to one.
    """

    outputs = 2

    def parameters_of(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_scale = raw.chunk(2, -1)
        return mean.sigmoid(), log_scale.clamp(-4.5, 0.0)

    def log_prob(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return log_logistic_256(x, *parameters)

    def mean(self, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return parameters[0]

    def sample(self, parameters: tuple[Tensor, Tensor], *, generator: Generator | None = None) -> Tensor:
        mean, log_scale = parameters
        uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        logistic = mean + log_scale.exp() * torch.logit(uniform, eps=1e-7)
        return (logistic * 255).round().clamp(0, 255) / 255


class Logistic256WithoutEdges(Logistic256):
    """The form of the VampPrior code, for comparing bits per dimension with its tables: no edge bins, the mean kept half a bin
    inside [0, 1]. Its 256 values need not sum to one; samples follow them as normalised.
    """

    def parameters_of(self, raw: Tensor) -> tuple[Tensor, Tensor]:
        mean, log_scale = super().parameters_of(raw)
        return mean.clamp(1 / 512, 1 - 1 / 512), log_scale

    def log_prob(self, x: Tensor, parameters: tuple[Tensor, Tensor]) -> Tensor:
        return log_logistic_256_without_edges(x, *parameters)

    def sample(self, parameters: tuple[Tensor, Tensor], *, generator: Generator | None = None) -> Tensor:
        mean, log_scale = parameters
        below, above = torch.sigmoid(-mean / log_scale.exp()), torch.sigmoid((1 - mean) / log_scale.exp())
        uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        logistic = mean + log_scale.exp() * torch.logit(below + (above - below) * uniform, eps=1e-7)
        return (logistic * 256).floor().clamp(0, 255) / 255


class LogisticMixture(nn.Module):
    """8-bit colour pixels v/255 as a mixture of discretised logistics; the three colours of a pixel hang together.

    In each component green's mean is moved by red, and blue's by red and green, by learned amounts. raw: (..., 10 K * places), x:
    (..., 3 * places), colour planes one after the other. Source: Salimans et al. 2017 (PixelCNN++), section 2.1 and 2.2. The
    parameters are the log shares (..., K, places), and mean, log scale and movement, (..., K, 3, places), on the scale of x.
    """

    def __init__(self, components: int):
        super().__init__()
        self.components, self.outputs = components, 10 * components

    def extra_repr(self) -> str:
        return f"components={self.components}"

    def parameters_of(self, raw: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        shares, rest = raw.unflatten(-1, (10, self.components, -1)).split([1, 9], -3)
        mean, log_scale, moved = rest.unflatten(-3, (3, 3)).movedim(-2, -4).unbind(-3)
        return shares.squeeze(-3).log_softmax(-2), 0.5 + 0.5 * mean, log_scale.clamp(min=-7.0) - math.log(2), moved.tanh()

    def log_prob(self, x: Tensor, parameters: tuple[Tensor, ...]) -> Tensor:
        log_shares, mean, log_scale, moved = parameters
        x = x.unflatten(-1, (1, 3, -1))
        mean = mean + self._movement(x, moved)
        each = log_logistic_256(x.unsqueeze(-1), mean.unsqueeze(-1), log_scale.unsqueeze(-1))  # (..., K, 3, places)
        return (log_shares + each.sum(-2)).logsumexp(-2).sum(-1)

    def mean(self, parameters: tuple[Tensor, ...]) -> Tensor:
        """The mean of the mixture without the colours' movement, which needs their values: an approximation for pictures."""
        log_shares, mean, _, _ = parameters
        return (log_shares.exp().unsqueeze(-2) * mean).sum(-3).clamp(0, 1).flatten(-2)

    def sample(self, parameters: tuple[Tensor, ...], *, generator: Generator | None = None) -> Tensor:
        log_shares, mean, log_scale, moved = parameters
        chosen = torch.multinomial(log_shares.exp().movedim(-2, -1).flatten(0, -2), 1, generator=generator)
        at = chosen.reshape(*log_shares.shape[:-2], 1, 1, -1).expand(*mean.shape[:-3], 1, *mean.shape[-2:])
        mean, log_scale, moved = (part.gather(-3, at).squeeze(-3) for part in (mean, log_scale, moved))
        uniform = torch.rand(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        noise = log_scale.exp() * torch.logit(uniform, eps=1e-5)
        x = torch.zeros_like(mean)
        for colour in range(3):  # red, then green given red, then blue given both
            value = mean + self._movement(x, moved) + noise
            x[..., colour, :] = (255 * value[..., colour, :]).round().clamp(0, 255) / 255
        return x.flatten(-2)

    @staticmethod
    def _movement(x: Tensor, moved: Tensor) -> Tensor:
        """What the colours before it add to each colour's mean: x, moved (..., 3, places), moved one for each pair of colours."""
        red, green, _ = (2 * x - 1).unbind(-2)
        by_red, blue_by_red, blue_by_green = moved.unbind(-2)
        return 0.5 * torch.stack([0 * by_red * red, by_red * red, blue_by_red * red + blue_by_green * green], -2)
