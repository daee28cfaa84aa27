"""The sequential VAE: an image in T steps, each a VAE that sees what the step before it drew.

x_0 from z_0 alone, then p(x_t | z_t, x_(t-1)); every q(z_t|x) sees the image itself. Networks of their own for each step. Source:
Zhao, Song & Ermon 2017, section 3.2 and appendix C.1; SOURCES.md, "Zhao, Song & Ermon 2017: the sequential VAE".
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..divergences import kl_standard_normal
from ..likelihoods import Gaussian
from ..objectives import Elbo
from ..reparam import reparameterize

LOGVAR_RANGE = (-10.0, 0.0)  # the code's standard deviations are sigmoids, so below 1


def _pair(inputs: int, outputs: int) -> nn.Sequential:
    """Half the size, then once more at that size."""
    layers = []
    for a, kernel, stride in ((inputs, 4, 2), (outputs, 3, 1)):
        layers += [nn.Conv2d(a, outputs, kernel, stride, padding=1), nn.BatchNorm2d(outputs), nn.LeakyReLU(0.1)]
    return nn.Sequential(*layers)


class Ladder(nn.Module):
    """A step's networks: codes at several sizes, the finest first, and an autoencoder of the image before with short cuts.

    shape: (colours, rows, columns), rows and columns divisible by 2 for each level; codes, channels: of the levels. The new image
    comes with a gate alpha for each pixel: x_t = alpha x_(t-1) + (1 - alpha) new, as the paper writes it (its code: 1 - alpha).
    """

    def __init__(self, shape: tuple[int, int, int], codes: Sequence[int], channels: Sequence[int]):
        super().__init__()
        colours, rows, columns = shape
        if len(codes) != len(channels) or rows % 2 ** len(codes) or columns % 2 ** len(codes):
            raise ValueError(
                f"{len(codes)} codes need as many channels and a size that halves so often; got {channels}, {shape}."
            )
        self.shape, self.codes = shape, tuple(codes)
        self.sizes = [(c, rows // 2**level, columns // 2**level) for level, c in enumerate(channels, 1)]
        widths = [c * h * w for c, h, w in self.sizes]
        ins, outs = [colours, *channels[:-1]], [channels[0], *channels[:-1]]
        self.looks = nn.ModuleList(map(_pair, ins, channels))  # at the image itself
        self.shortcuts = nn.ModuleList(map(_pair, ins, channels))  # through the image before
        self.heads = nn.ModuleList(nn.Linear(width, 2 * code) for width, code in zip(widths, codes))
        self.enters = nn.ModuleList(nn.Linear(code, width) for width, code in zip(widths, codes))
        self.joins = nn.ModuleList(nn.Conv2d(2 * c, c, 3, padding=1) for c in channels[:-1])
        self.ups = nn.ModuleList(nn.ConvTranspose2d(c, out, 4, 2, padding=1) for c, out in zip(channels, outs))
        self.last = nn.Conv2d(channels[0], colours + 1, 3, padding=1)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, pixels) to mu and logvar of this step's codes, all levels side by side."""
        features, found = x.unflatten(-1, self.shape), []
        for look, head in zip(self.looks, self.heads):
            features = look(features)
            found.append(head(features.flatten(1)).chunk(2, -1))
        mu, logvar = (torch.cat(parts, -1) for parts in zip(*found))
        return mu, logvar.clamp(*LOGVAR_RANGE)

    def forward(self, z: Tensor, before: Tensor | None) -> Tensor:
        """This step's image (batch, pixels) from its codes and from the image before, of which the first step has none."""
        earlier, kept = [], None if before is None else before.unflatten(-1, self.shape)
        features = kept
        for shortcut in self.shortcuts if before is not None else ():
            features = shortcut(features)
            earlier.append(features)
        entered = [enter(part).unflatten(-1, size) for enter, part, size in zip(self.enters, z.split(self.codes, -1), self.sizes)]
        features = entered[-1]
        for level in reversed(range(len(self.codes))):
            if level < len(self.joins):
                features = self.joins[level](torch.cat([features, entered[level]], 1))
            features = F.leaky_relu(features + earlier[level] if earlier else features, 0.1)
            features = self.ups[level](features)
        raw = self.last(F.leaky_relu(features, 0.1))
        new, alpha = raw[:, :-1].sigmoid(), raw[:, -1:].sigmoid()
        return (new if kept is None else alpha * kept + (1 - alpha) * new).flatten(1)


class SequentialVAE(nn.Module):
    """T steps, each with `encode(x)` and a call (z, image before) like `Ladder`; the squared error of every step counts.

    codes: latents of a step. weight: of the squared error, 1 in the paper (a variance of 1/2), 16 in its code. No gradient passes
    from step to step: each learns to mend what it is given, not to give what is easily mended.
    """

    def __init__(self, steps: Sequence[nn.Module], codes: int, *, weight: float = 16.0):
        super().__init__()
        if not steps:
            raise ValueError("A sequential VAE needs at least one step.")
        self.steps, self.codes, self.latent_dim = nn.ModuleList(steps), codes, codes * len(steps)
        self.likelihood = Gaussian(1 / (2 * weight))

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of all steps' codes side by side, each (batch, latent_dim)."""
        mu, logvar = zip(*[step.encode(x) for step in self.steps])
        return torch.cat(mu, -1), torch.cat(logvar, -1)

    def images(self, z: Tensor) -> Tensor:
        """What each step draws, (steps, batch, pixels), from z (batch, latent_dim)."""
        drawn, before = [], None
        for step, own in zip(self.steps, z.split(self.codes, -1)):
            drawn.append(step(own, before))
            before = drawn[-1].detach()
        return torch.stack(drawn)

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The sum over steps of log p(x | z_t, x_(t-1)) - KL, one sample of z per image; kl_parts, (batch, steps).

        It is what is maximised, and no bound on log p(x): only the last step's image is drawn (E22 for the sign of the KL).
        """
        mu, logvar = self.encode(x)
        images = self.images(reparameterize(mu, logvar, generator=generator))
        log_p = self.likelihood.log_prob(x, self.likelihood.parameters_of(images)).sum(0)
        parts = torch.stack([kl_standard_normal(*own) for own in zip(mu.split(self.codes, -1), logvar.split(self.codes, -1))], -1)
        return Elbo(log_p, parts.sum(-1), parts)

    def sample(self, n: int, *, mean: bool = True, generator: Generator | None = None) -> Tensor:
        """n images of the last step, (n, pixels): their means, or drawn with the likelihood's noise."""
        place = next(self.parameters())
        z = torch.randn(n, self.latent_dim, generator=generator, dtype=place.dtype, device=place.device)
        parameters = self.likelihood.parameters_of(self.images(z)[-1])
        return self.likelihood.mean(parameters) if mean else self.likelihood.sample(parameters, generator=generator)
