"""The networks between images and latents: plain, gated and convolutional bodies, and the Gaussian encoder's two heads.

Source: Tomczak & Welling 2018 (VampPrior), section 5; its code: SOURCES.md, "Tomczak & Welling 2018: networks".
The autoregressive one: Germain et al. 2015. Left out: masked convolutions, which are in models/autoregressive and pixelcnn.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn


def mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Linear layers sizes[0] -> ... -> sizes[-1], a ReLU after each. (..., sizes[0]) to (..., sizes[-1])."""
    layers = [(nn.Linear(a, b), nn.ReLU()) for a, b in pairwise(sizes)]
    return nn.Sequential(*[module for pair in layers for module in pair])


def gated_mlp(sizes: Sequence[int]) -> nn.Sequential:
    """Gated layers (W_h x + b_h) * sigmoid(W_g x + b_g). (..., sizes[0]) to (..., sizes[-1]).

    W_h and W_g are the two halves of one matrix: one product instead of two, the same function.
    """
    layers = [(nn.Linear(a, 2 * b), nn.GLU()) for a, b in pairwise(sizes)]
    return nn.Sequential(*[module for pair in layers for module in pair])


def gated_convs(shape: tuple[int, int], layers: Sequence[tuple[int, int, int]]) -> nn.Sequential:
    """Gated convolutions of grey images: (batch, rows * columns) to (batch, features), what `layers` leave of them flattened.

    layers: (channels, kernel, stride) of each, padded by kernel // 2.
    """
    modules, channels = [nn.Unflatten(-1, (1, *shape))], 1
    for out, kernel, stride in layers:
        modules += [nn.Conv2d(channels, 2 * out, kernel, stride, padding=kernel // 2), nn.GLU(1)]
        channels = out
    return nn.Sequential(*modules, nn.Flatten())


def strided_convs(shape: tuple[int, int], colours: int, channels: Sequence[int]) -> nn.Sequential:
    """4 x 4 convolutions of stride 2 with leaky ReLUs, flattened: (batch, colours * rows * columns) to (batch, features)."""
    layers = [(nn.Conv2d(a, b, 4, 2, padding=1), nn.LeakyReLU(0.1)) for a, b in pairwise([colours, *channels])]
    return nn.Sequential(nn.Unflatten(-1, (colours, *shape)), *[module for pair in layers for module in pair], nn.Flatten())


class Joined(nn.Module):
    """A network for each of two inputs, and one on both results side by side. Leading dimensions broadcast."""

    def __init__(self, first: nn.Module, second: nn.Module, both: nn.Module):
        super().__init__()
        self.first, self.second, self.both = first, second, both

    def forward(self, inputs: tuple[Tensor, Tensor]) -> Tensor:
        first, second = self.first(inputs[0]), self.second(inputs[1])
        lead = torch.broadcast_shapes(first.shape[:-1], second.shape[:-1])
        return self.both(torch.cat([first.expand(*lead, -1), second.expand(*lead, -1)], -1))


class GaussianEncoder(nn.Module):
    """q(z|x) = N(mu(x), diag(exp(logvar(x)))): a body with two linear heads. (batch, pixels) to two of (batch, latent_dim).

    `logvar_range` clamps the log-variance (the VampPrior code uses [-6, 2]); outside it the clamp passes no gradient.
    """

    def __init__(self, body: nn.Module, width: int, latent_dim: int, logvar_range: tuple[float, float] | None = (-6.0, 2.0)):
        super().__init__()
        self.body = body
        self.mu = nn.Linear(width, latent_dim)
        self.logvar = nn.Linear(width, latent_dim)
        self.logvar_range = logvar_range

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        features = self.body(x)
        logvar = self.logvar(features)
        return self.mu(features), logvar if self.logvar_range is None else logvar.clamp(*self.logvar_range)


class MaskedLinear(nn.Linear):
    """A linear layer of which some weights are kept at 0: mask (outputs, inputs)."""

    def __init__(self, mask: Tensor):
        super().__init__(mask.shape[1], mask.shape[0])
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return nn.functional.linear(x, self.weight * self.mask, self.bias)


class Autoregressive(nn.Module):
    """`outputs` numbers for each of `dim` inputs, from the inputs before it alone: (..., dim) to that many of (..., dim).

    A hidden unit of degree d sees inputs 1 .. d and is seen by outputs d + 1 and later. Source: Germain et al. 2015 (MADE).
    """

    def __init__(self, dim: int, hidden: int, outputs: int):
        super().__init__()
        place, degree = torch.arange(dim), torch.arange(hidden) % max(1, dim - 1)
        self.outputs = outputs
        self.body = MaskedLinear((degree[:, None] >= place).float())
        self.out = MaskedLinear((place.repeat(outputs)[:, None] > degree).float())

    def forward(self, z: Tensor) -> tuple[Tensor, ...]:
        return self.out(self.body(z).tanh()).chunk(self.outputs, -1)


def he_init_(module: nn.Module, *, generator: torch.Generator | None = None) -> None:
    """Weights of every linear layer from N(0, 2 / fan_in); biases keep torch's default.

    The VampPrior paper cites Glorot & Bengio, its code does this (SOURCES.md, "Tomczak & Welling 2018: training").
    """
    for layer in module.modules():
        if isinstance(layer, nn.Linear):
            nn.init.normal_(layer.weight, std=math.sqrt(2 / layer.in_features), generator=generator)
