"""Decoders that draw an image pixel by pixel: masked convolutions, and the convolutional two-layer VAE with such a decoder.

p(x|z) = prod_i p(x_i | x_1 .. x_(i-1), z), pixels in reading order. Given a whole image, all factors are computed in one pass
("teacher-forced"); drawing an image takes one pass per pixel.
Sources: van den Oord et al. 2016 (PixelRNN), section 3.4, for the masks; Tomczak & Welling 2018, section 5, and SOURCES.md,
"Tomczak & Welling 2018: networks". The plain stack of masked 3 x 3 layers has a blind spot to the upper right (SOURCES.md,
"van den Oord et al. 2016: masked convolutions").
"""

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn
from tqdm.auto import tqdm

from ..networks import GaussianEncoder, Joined, gated_convs, gated_mlp
from ..reparam import reparameterize
from .hierarchical import HVAE

ENCODER_Z2 = [(32, 7, 1), (32, 3, 2), (64, 5, 1), (64, 3, 2), (6, 3, 1)]  # channels, kernel, stride
ENCODER_Z1 = [(channels, 3, stride) for channels, _, stride in ENCODER_Z2]


class MaskedConv2d(nn.Conv2d):
    """A convolution that sees earlier pixels only: the rows above, and what lies to the left in its own row.

    sees_centre: whether it sees the pixel itself too. The first layer must not ("mask A"), all later ones may ("mask B").
    (batch, inputs, rows, columns) to (batch, outputs, rows, columns).
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, *, sees_centre: bool):
        if kernel % 2 == 0:
            raise ValueError(f"A masked kernel needs a pixel in its middle: an odd size, not {kernel}.")
        super().__init__(inputs, outputs, kernel, padding=kernel // 2, bias=False)
        mask = torch.zeros(kernel, kernel)
        mask[: kernel // 2] = 1
        mask[kernel // 2, : kernel // 2 + sees_centre] = 1
        self.register_buffer("mask", mask, persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, padding=self.padding)


class PixelCNNDecoder(nn.Module):
    """Masked convolutions on the image beside one map per layer of latents: raw outputs for every pixel from earlier ones.

    Mask A covers the latents' maps too, as in the VampPrior code: the first pixel depends on nothing, not even on z.
    """

    def __init__(self, shape: tuple[int, int], latent_dim: int, outputs: int, *, channels: int = 64, layers: int = 8):
        super().__init__()
        self.shape, self.layers = shape, layers
        self.maps = nn.ModuleList([gated_mlp([latent_dim, shape[0] * shape[1]]) for _ in range(2)])
        stack = []
        for layer in range(layers):
            stack.append(MaskedConv2d(channels if layer else 3, channels, 3, sees_centre=layer > 0))
            stack += [nn.BatchNorm2d(channels), nn.ReLU()]
        self.stack = nn.Sequential(*stack, nn.Conv2d(channels, outputs, 1))

    def inputs(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """x (n, pixels) and (z1, z2), each (n, latent_dim), as three maps: (n, 3, rows, columns)."""
        return torch.stack([x, self.maps[0](z[0]), self.maps[1](z[1])], 1).unflatten(-1, self.shape)

    def forward(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """(n, pixels) and latents to (n, outputs * pixels)."""
        return self.stack(self.inputs(x, z)).flatten(1)


class ConvHVAE(HVAE):
    """The paper's "convHVAE": the two-layer VAE with gated convolutional encoders and a PixelCNN decoder.

    shape: (rows, columns). `decode` needs the image too. Batch normalisation couples the images of a batch while training, so
    `log_weights`, `sample` and `answers` want `model.eval()`.
    """

    rows = 500  # decoded images held at once: some 300 MB for 28 x 28 pixels

    def __init__(self, shape: tuple[int, int], latent_dim: int, hidden: int = 300, *, channels=64, layers=8, **parts):
        super().__init__(shape[0] * shape[1], latent_dim, hidden, **parts)
        below, above = gated_convs(shape, ENCODER_Z1), gated_convs(shape, ENCODER_Z2)
        features = above(torch.zeros(1, shape[0] * shape[1])).shape[1]
        self.encoder = GaussianEncoder(above, features, latent_dim)
        joined = Joined(below, gated_mlp([latent_dim, features]), gated_mlp([2 * features, hidden]))
        self.encoder_z1 = GaussianEncoder(joined, hidden, latent_dim)
        self.decoder = PixelCNNDecoder(shape, latent_dim, self.likelihood.outputs, channels=channels, layers=layers)

    def decode(self, z: tuple[Tensor, Tensor], x: Tensor):
        """The likelihood's parameters of each pixel of x, given z and the pixels before it: z (..., batch, latent_dim) each."""
        return self.likelihood.parameters_of(self.raw(x, z))

    def raw(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """The decoder's raw outputs for each pixel of x, given z and the pixels before it: (..., batch, outputs * pixels)."""
        z1, z2, x = (part.expand(*z[0].shape[:-1], -1) for part in (*z, x))
        return self.decoder(x.flatten(0, -2), (z1.flatten(0, -2), z2.flatten(0, -2))).unflatten(0, x.shape[:-1])

    def log_likelihood(self, x: Tensor, z: tuple[Tensor, Tensor]) -> Tensor:
        """log p(x|z1, z2), (...), in nats, all pixels in one pass."""
        return self.likelihood.log_prob(x, self.decode(z, x))

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """As HVAE's: (samples, batch), in nats."""
        self._require_eval()
        return super().log_weights(x, samples, generator=generator)

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """As HVAE's."""
        self._require_eval()
        return super().answers(x, noise)

    @torch.no_grad()
    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None, progress: bool = False) -> Tensor:
        """n images, (n, pixels), pixel by pixel; or each pixel's mean given the pixels drawn before it."""
        self._require_eval()
        z2 = self.prior.sample(n, generator=generator)
        z1 = reparameterize(*self.prior_z1(z2), generator=generator)
        rows, columns = self.decoder.shape
        maps = self.decoder.inputs(z2.new_zeros(n, rows * columns), (z1, z2))
        means = torch.zeros_like(maps[:, 0])
        for pixel in tqdm(range(rows * columns), disable=not progress, leave=False, unit="pixel"):
            i, j = divmod(pixel, columns)
            top = max(0, i - self.decoder.layers)  # each layer sees one row further up
            raw = self.decoder.stack(maps[:, :, top : i + 1])[:, :, -1, j]  # (n, outputs)
            parameters = self.likelihood.parameters_of(raw)
            means[:, i, j] = self.likelihood.mean(parameters).squeeze(1)
            maps[:, 0, i, j] = self.likelihood.sample(parameters, generator=generator).squeeze(1)
        return (means if mean else maps[:, 0]).flatten(1)

    def _require_eval(self) -> None:
        if self.training:
            raise RuntimeError("Call model.eval() first: in training mode batch normalisation mixes the images of a batch.")
