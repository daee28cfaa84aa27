"""The gated PixelCNN: an image pixel by pixel, each from all earlier ones (or a window of them), without a blind spot.

p(x|z) = prod_i p(x_i | x_1 .. x_(i-1), z), pixels in reading order. Given a whole image, all factors are computed in one pass.
Source: van den Oord et al. 2016 (conditional image generation with PixelCNN decoders), section 2; Chen et al. 2017 (VLAE),
section 3.1, for the window; SOURCES.md, "van den Oord et al. 2016: gated PixelCNN". Left out: dropout, downsampling.
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..likelihoods import Bernoulli
from ..objectives import Elbo


def gated(features: Tensor) -> Tensor:
    """tanh of the first half of the channels times sigmoid of the second: (n, 2c, ...) to (n, c, ...)."""
    value, gate = features.chunk(2, 1)
    return value.tanh() * gate.sigmoid()


class CausalLayer(nn.Module):
    """Two stacks side by side: `vertical` at (i, j) knows rows up to i, `horizontal` the rows above and, in row i, what is left.

    The horizontal one learns of the rows above from the vertical one, moved down by a row. The vertical one is as wide as its
    kernel in every row, so that nothing above is out of sight. The first layer must not see the pixel itself: its vertical kernel
    is a row shorter, its horizontal kernel ends at the left neighbour.
    """

    def __init__(self, inputs: int, channels: int, kernel: int, *, first: bool):
        super().__init__()
        if kernel % 2 == 0 or kernel < (3 if first else 1):
            raise ValueError(
                f"A causal kernel is odd, and the first layer's at least 3 (a pixel and its neighbours); got {kernel}."
            )
        self.reach, self.first = kernel // 2, first
        rows = self.reach if first else self.reach + 1
        self.vertical = nn.Conv2d(inputs, 2 * channels, (rows, kernel))
        self.horizontal = nn.Conv2d(inputs, 2 * channels, (1, rows))
        self.link = nn.Conv2d(2 * channels, 2 * channels, 1, bias=False)
        self.out = nn.Conv2d(channels, channels, 1)

    def rows_above(self, v: Tensor) -> Tensor:
        """The vertical stack before its gate: (n, inputs, rows, columns) to (n, 2c, rows, columns)."""
        return self.vertical(F.pad(v, (self.reach, self.reach, self.vertical.kernel_size[0] - 1, 0)))

    def to_the_left(self, h: Tensor) -> Tensor:
        """The horizontal stack before its gate, without what it learns of the rows above; shapes as above."""
        return self.horizontal(F.pad(h, (self.reach, -1 if self.first else 0)))

    def forward(self, v: Tensor, h: Tensor, extra_v: Tensor | float = 0, extra_h: Tensor | float = 0) -> tuple[Tensor, Tensor]:
        """extra: what is added in front of the gates, from z or from the position."""
        above = self.rows_above(v) + extra_v
        left = self.to_the_left(h) + self.link(F.pad(above, (0, 0, 1, -1))) + extra_h
        new = self.out(gated(left))
        return gated(above), new if self.first else h + new


class GatedPixelCNN(nn.Module):
    """Raw outputs for every pixel from earlier ones, and from z where there is one: (n, pixels) to (n, outputs * pixels).

    shape: (rows, columns); of images with `colours`, (n, colours * rows * columns), a pixel is all its colours, and how they hang
    together is the likelihood's business. kernels: of the layers, the first one first; with (w, 1, 1, …) a window of w x w pixels
    is all that is ever seen. z enters every gate alike at all pixels, or, with z_as_map, the first layer's gates by a map of its
    own for each pixel. The first layer's gates have learned biases per position, started at 0: they cost nothing, and without
    them only z_as_map would know where a pixel is.
    """

    def __init__(
        self,
        shape: tuple[int, int],
        *,
        channels: int = 16,
        kernels: tuple[int, ...] = (7, 3, 3, 3),
        outputs: int = 1,
        colours: int = 1,
        latent_dim: int = 0,
        z_as_map: bool = False,
    ):
        super().__init__()
        self.shape, self.colours, self.latent_dim, self.z_as_map = shape, colours, latent_dim, z_as_map
        widths = [colours] + [channels] * (len(kernels) - 1)
        layers = [CausalLayer(w, channels, k, first=at == 0) for at, (w, k) in enumerate(zip(widths, kernels))]
        self.layers = nn.ModuleList(layers)
        self.places = nn.Parameter(torch.zeros(2, 2 * channels, *shape))  # of the vertical and of the horizontal stack
        sizes = [4 * channels * shape[0] * shape[1]] if z_as_map else [4 * channels] * len(kernels)
        self.of_z = nn.ModuleList([nn.Linear(latent_dim, size, bias=False) for size in sizes] if latent_dim else [])
        self.head = nn.Sequential(nn.ReLU(), nn.Conv2d(channels, channels, 1), nn.ReLU(), nn.Conv2d(channels, outputs, 1))

    @property
    def reach(self) -> int:
        """How many rows up, and columns to both sides, a pixel sees."""
        return sum(layer.reach for layer in self.layers)

    @property
    def receptive_field(self) -> int:
        """How many earlier pixels a pixel sees, away from the border."""
        return self.reach * (2 * self.reach + 1) + self.reach

    def extras(self, z: Tensor | None, layer: int) -> Tensor:
        """What is added in front of a layer's gates: (2, n or 1, 2c, rows or 1, columns or 1), vertical and horizontal."""
        extra = self.places[:, None] if layer == 0 else self.places.new_zeros(2, 1, 1, 1, 1)
        if z is None or layer >= len(self.of_z):
            return extra
        size = self.shape if self.z_as_map else (1, 1)
        return extra + self.of_z[layer](z).unflatten(1, (2, -1, *size)).transpose(0, 1)

    def forward(self, x: Tensor, z: Tensor | None = None) -> Tensor:
        v = h = x.unflatten(-1, (self.colours, *self.shape))
        for at, layer in enumerate(self.layers):
            v, h = layer(v, h, *self.extras(z, at))
        return self.head(h).flatten(1)

    @torch.no_grad()
    def draw(self, n: int, likelihood: nn.Module, z: Tensor | None = None, *, mean=False, generator=None) -> Tensor:
        """n images, (n, pixels), pixel by pixel; or each pixel's mean given those drawn before it. z: (n, latent_dim).

        Activations are kept: the vertical stack is computed once a row, the horizontal one once a pixel, at that pixel alone.
        """
        rows, columns = self.shape
        extras = [self.extras(z, at).expand(-1, -1, -1, rows, columns) for at in range(len(self.layers))]
        channels = [self.colours] + [layer.out.out_channels for layer in self.layers]
        above = [self.places.new_zeros(n, c, rows, columns) for c in channels]  # what each vertical layer reads; [0] is the image
        links = [self.places.new_zeros(n, 2 * layer.out.out_channels, columns) for layer in self.layers]
        means = torch.zeros_like(above[0])
        for i in range(rows):
            left = [self.places.new_zeros(n, c, columns) for c in channels]  # what each horizontal layer reads in this row
            left[0] = above[0][:, :, i]
            for j in range(columns):
                raw = self._pixel(left, links, [extra[1, :, :, i, j] for extra in extras], j)
                parameters = likelihood.parameters_of(raw)
                means[:, :, i, j] = likelihood.mean(parameters)
                left[0][:, :, j] = likelihood.sample(parameters, generator=generator)
            links = self._row(above, [extra[0, :, :, i] for extra in extras], i)
        return (means if mean else above[0]).flatten(1)

    def _pixel(self, left: list[Tensor], links: list[Tensor], extras: list[Tensor], j: int) -> Tensor:
        """The raw outputs at column j; writes what each horizontal layer finds there into the next one's `left`."""
        for at, layer in enumerate(self.layers):
            start, end = j - layer.reach, j if layer.first else j + 1
            seen = left[at][:, :, max(0, start) : end]
            weight = layer.horizontal.weight[:, :, 0, layer.horizontal.kernel_size[1] - seen.shape[2] :]
            sums = seen.flatten(1) @ weight.flatten(1).T + layer.horizontal.bias + links[at][:, :, j] + extras[at]
            new = gated(sums) @ layer.out.weight[:, :, 0, 0].T + layer.out.bias
            left[at + 1][:, :, j] = new if layer.first else left[at][:, :, j] + new
        return self.head(left[-1][:, :, j, None, None]).flatten(1)

    def _row(self, above: list[Tensor], extras: list[Tensor], i: int) -> list[Tensor]:
        """What the horizontal layers learn of rows up to i; writes row i of each vertical layer into the next one's `above`."""
        links = []
        for at, layer in enumerate(self.layers):
            tall = layer.vertical.kernel_size[0]
            seen = above[at][:, :, max(0, i + 1 - tall) : i + 1]
            seen = F.pad(seen, (layer.reach, layer.reach, tall - seen.shape[2], 0))
            sums = layer.vertical(seen)[:, :, 0] + extras[at]
            links.append(layer.link(sums[:, :, None])[:, :, 0])
            above[at + 1][:, :, i] = gated(sums)
        return links


class PixelCNN(nn.Module):
    """A density of images without latents: log p(x) exactly, one pass; the control of every model with a strong decoder.

    To the rest of the course it is a model of 0 latents, whose bound is tight.
    """

    latent_dim = noise_dim = 0

    def __init__(self, shape: tuple[int, int], *, likelihood: nn.Module | None = None, **network):
        super().__init__()
        self.likelihood = likelihood or Bernoulli()
        self.network = GatedPixelCNN(shape, outputs=self.likelihood.outputs, **network)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of no latents, each (batch, 0)."""
        return x.new_zeros(len(x), 0), x.new_zeros(len(x), 0)

    def log_likelihood(self, x: Tensor, z: Tensor) -> Tensor:
        """log p(x|z) with a z of no latents: log p(x)."""
        return self.log_prob(x)

    def log_prob(self, x: Tensor) -> Tensor:
        """log p(x), (batch,), in nats: x (batch, pixels)."""
        return self.likelihood.log_prob(x, self.likelihood.parameters_of(self.network(x)))

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The likelihood, and a KL of 0."""
        log_p = self.log_prob(x)
        return Elbo(log_p, torch.zeros_like(log_p), x.new_zeros(len(x), 0))

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images, (n, pixels), drawn pixel by pixel."""
        return self.network.draw(n, self.likelihood, mean=mean, generator=generator)

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """What this model says of images x (batch, pixels): see `reference.Probe`. noise: (samples, batch, 0). In nats."""
        log_p = self.log_prob(x)
        mu, logvar = self.encode(x)
        return {
            "mu": mu,
            "logvar": logvar,
            "z": noise.clone(),
            "logits": self.network(x),
            "reconstruction": log_p,
            "kl": torch.zeros_like(log_p),
            "log_weights": log_p.repeat(len(noise), 1),
        }
