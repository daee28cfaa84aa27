"""The sequential VAE: an image in T steps, each a VAE that sees what the step before it drew.

x_0 from z_0 alone, then p(x_t | z_t, x_(t-1)); every q(z_t|x) sees the image itself. Networks of their own for each step. Source:
Zhao, Song & Ermon 2017, section 3.2 and appendix C.1; SOURCES.md, "Zhao, Song & Ermon 2017: the sequential VAE".
"""

from collections.abc import Sequence

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..densities import log_normal
from ..divergences import kl_normal
from ..likelihoods import Gaussian
from ..networks import GaussianEncoder, gated_mlp
from ..objectives import Elbo

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

    def prior(self, before: Tensor | None) -> None:
        """p(z_t | x_(t-1)) is N(0, I)."""

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


class GatedStep(nn.Module):
    """A step's networks for small images: gated layers of one width; a code that sees the image, a gate for each pixel.

    With learned_prior, p(z_t | x_(t-1)) is a Gaussian whose mean and variance are read off the image before; else N(0, I).
    """

    def __init__(self, pixels: int, codes: int, hidden: int = 128, *, first: bool = False, learned_prior: bool = False):
        super().__init__()
        sees = 0 if first else pixels
        self.encoder = GaussianEncoder(gated_mlp([pixels, hidden, hidden]), hidden, codes, LOGVAR_RANGE)
        self.body = gated_mlp([codes + sees, hidden, hidden])
        self.new, self.gate = nn.Linear(hidden, pixels), None if first else nn.Linear(hidden, pixels)
        self.before = GaussianEncoder(gated_mlp([pixels, hidden]), hidden, codes) if learned_prior and not first else None

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of q(z_t|x), each (batch, codes)."""
        return self.encoder(x)

    def prior(self, before: Tensor | None) -> tuple[Tensor, Tensor] | None:
        """mu and logvar of p(z_t | x_(t-1)); None: N(0, I)."""
        return self.before(before) if self.before else None

    def forward(self, z: Tensor, before: Tensor | None) -> Tensor:
        """x_t = alpha x_(t-1) + (1 - alpha) new, (batch, pixels); the first step has no gate."""
        gated = None if self.gate is None else (len(z), self.gate.out_features)
        if gated != (None if before is None else tuple(before.shape)):
            takes = "no image before, being the first" if gated is None else f"the image before as {gated}, a gate for each pixel"
            raise ValueError(f"This step takes {takes}; got {None if before is None else tuple(before.shape)}.")
        features = self.body(z if before is None else torch.cat([z, before], -1))
        new = self.new(features).sigmoid()
        if self.gate is None:
            return new
        alpha = self.gate(features).sigmoid()
        return alpha * before + (1 - alpha) * new


class SequentialVAE(nn.Module):
    """T steps, each with `encode(x)`, `prior(image before)` and a call (z, image before); the squared error of every step counts.

    codes: latents of a step. weight: of the squared error, 1 in the paper (a variance of 1/2), 16 in its code. through: whether
    gradients pass from step to step. If not, each step learns to mend what it is given, and none to give what is easily mended.
    """

    def __init__(self, steps: Sequence[nn.Module], codes: int, *, weight: float = 16.0, through: bool = False):
        super().__init__()
        if not steps:
            raise ValueError("A sequential VAE needs at least one step.")
        self.steps, self.codes, self.latent_dim = nn.ModuleList(steps), codes, codes * len(steps)
        self.likelihood, self.through = Gaussian(1 / (2 * weight)), through

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of all steps' codes side by side, each (batch, latent_dim)."""
        mu, logvar = zip(*[step.encode(x) for step in self.steps])
        return torch.cat(mu, -1), torch.cat(logvar, -1)

    def unroll(self, noise: Tensor, posterior: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """The steps' images, (steps, batch, pixels), and the codes, mu and logvar of their priors, each (batch, latent_dim).

        Codes are mean + std * noise of the posterior, (mu, logvar) as `encode` gives them, or of the prior where there is none.
        """
        images, codes, priors, before = [], [], [], None
        own_codes = [None] * len(self.steps) if posterior is None else zip(*(part.split(self.codes, -1) for part in posterior))
        for step, own, found in zip(self.steps, noise.split(self.codes, -1), own_codes):
            priors.append(step.prior(before) or (torch.zeros_like(own), torch.zeros_like(own)))
            mu, logvar = found or priors[-1]
            codes.append(mu + (0.5 * logvar).exp() * own)
            images.append(step(codes[-1], before))
            before = images[-1] if self.through else images[-1].detach()
        mu, logvar = (torch.cat(parts, -1) for parts in zip(*priors))
        return torch.stack(images), torch.cat(codes, -1), mu, logvar

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        """The sum over steps of log p(x | z_t, x_(t-1)) - KL, one sample of z per image; kl_parts, (batch, steps).

        It is what is maximised, and no bound on log p(x): only the last step's image is drawn (E22 for the sign of the KL).
        """
        posterior = self.encode(x)
        images, _, *prior = self.unroll(self._noise(len(x), generator), posterior)
        return self._terms(x, images, posterior, prior)

    def _terms(self, x: Tensor, images: Tensor, posterior: Sequence[Tensor], prior: Sequence[Tensor]) -> Elbo:
        log_p = self.likelihood.log_prob(x, self.likelihood.parameters_of(images)).sum(0)
        parts = kl_normal(*(part.unflatten(-1, (-1, self.codes)) for part in (*posterior, *prior)))
        return Elbo(log_p, parts.sum(-1), parts)

    def log_likelihood(self, x: Tensor, images: Tensor) -> Tensor:
        """log p(x | x_T), (batch,): of the last of the steps' images (steps, batch, pixels)."""
        return self.likelihood.log_prob(x, self.likelihood.parameters_of(images[-1]))

    def sample(self, n: int, *, mean: bool = True, generator: Generator | None = None) -> Tensor:
        """n images of the last step, (n, pixels): their means, or drawn with the likelihood's noise."""
        parameters = self.likelihood.parameters_of(self.sample_steps(n, generator=generator)[-1])
        return self.likelihood.mean(parameters) if mean else self.likelihood.sample(parameters, generator=generator)

    def sample_steps(self, n: int, *, generator: Generator | None = None) -> Tensor:
        """What each step draws, from codes of its prior: (steps, n, pixels)."""
        return self.unroll(self._noise(n, generator))[0]

    def _noise(self, n: int, generator: Generator | None) -> Tensor:
        place = next(self.parameters())
        return torch.randn(n, self.latent_dim, generator=generator, dtype=place.dtype, device=place.device)

    @property
    def noise_dim(self) -> int:
        """How many standard normal numbers one sample of all latents takes."""
        return self.latent_dim

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """What this model says of images x (batch, pixels) at noise (samples, batch, noise_dim): see `reference.Probe`. In nats.

        The logits are all steps' images side by side, (batch, steps * pixels); reconstruction and kl are summed over steps, and
        log_weights are those of the model that draws the last image: log p(x | x_T) + log p(z) - log q(z|x).
        """
        posterior, weights, codes = self.encode(x), [], []
        for one in noise:
            images, z, *prior = self.unroll(one, posterior)
            if not codes:
                shown, terms = images, self._terms(x, images, posterior, prior)
            codes.append(z)
            weights.append(self.log_likelihood(x, images) + log_normal(z, *prior) - log_normal(z, *posterior))
        return {
            "mu": posterior[0],
            "logvar": posterior[1],
            "z": torch.stack(codes),
            "logits": shown.transpose(0, 1).flatten(1),
            "reconstruction": terms.reconstruction,
            "kl": terms.kl,
            "log_weights": torch.stack(weights),
        }
