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
