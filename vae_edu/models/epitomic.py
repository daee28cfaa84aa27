"""The epitomic VAE, and the three ablations that explain it: a mixture of VAEs, dropout on the latents, and (in
`training.Settings.kl_weight`) a lighter KL.

Source: Yeung et al. 2017, equations 7 to 13 (the signs of equation 10 corrected: ERRATA.md, E1), algorithm 1, section 4.2.
What the paper leaves open is decided here: `elbo(x)` finds y* at z = mu, training at a sample of z, because at the mean one
epitome takes all images in the first sweeps and others starve (measured: lecture 08); the bound contains log p(y) = -log E.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Generator, Tensor, nn

from ..densities import log_normal
from ..divergences import kl_standard_normal
from ..epitome import assign, epitome_masks, stratified_batches, usage
from ..objectives import Elbo
from ..reparam import reparameterize
from .vae import VAE, chunks

ROWS = 2048  # decoded images held at once while costs are compared: small enough for the cache of one processor


class HardAssignment:
    """What the models with epitomes share: q(y|x) puts everything on y*, the epitome of least cost, found anew every epoch.

    A subclass has `epitomes`, their number, and `costs`.
    """

    def assign(self, x: Tensor, *, sampled: bool = False, generator: Generator | None = None) -> Tensor:
        """y*, the epitome of least cost, for every image: (batch,)."""
        return assign(self.costs(x, sampled=sampled, generator=generator))

    def batches(
        self, train: Tensor, batch_size: int, *, draw: Callable[[Tensor], Tensor], generator: Generator
    ) -> tuple[Iterable[tuple[Tensor, dict]], dict]:
        """An epoch as in algorithm 1 (see `training.shuffled`): every image, as drawn for this epoch, goes to an epitome by the
        bound, whatever the KL's weight; minibatches hold each epitome's share; the record counts the images of each.
        """
        x = draw(train)
        y = self.assign(x, sampled=True, generator=generator)
        rows = stratified_batches(y, batch_size, generator=generator)
        return ((x[own], {"y": y[own]}) for own in rows), {"usage": usage(y, self.epitomes).tolist()}


class EpitomicVAE(HardAssignment, VAE):
    """p(y) p(z) p(x|y, z): y uniform over E epitomes, z ~ N(0, I), and the decoder sees m_y * z, `size` latents of all.

    q(z|x, y) = N(m_y * mu, exp(m_y * logvar)): off the epitome it is the prior, so only `size` latents can cost KL.
    q(y|x) puts everything on y*, the epitome of least cost. With size = latent_dim there is one epitome and this is a VAE.
    """

    def __init__(self, pixels: int, latent_dim: int, hidden: Sequence[int] = (500,), *, size: int, stride: int, **options):
        super().__init__(pixels, latent_dim, hidden, **{"gated": False, "logvar_range": None, **options})
        self.size, self.stride = size, stride
        self.register_buffer("masks", epitome_masks(latent_dim, size, stride), persistent=False)

    @property
    def epitomes(self) -> int:
        return len(self.masks)

    def extra_repr(self) -> str:
        return f"size={self.size}, stride={self.stride}"

    @torch.no_grad()
    def costs(self, x: Tensor, *, sampled: bool = False, generator: Generator | None = None) -> Tensor:
        """-log p(x|y, z) + KL(q(z|x, y) || p(z)) + log E for every epitome y: (batch, epitomes), in nats.

        z is m_y * mu, or m_y times a sample. One encoder pass, all decodings in batches of at most ROWS images, no gradient.
        """
        step = max(1, ROWS // self.epitomes)
        return torch.cat([self._costs(rows, sampled, generator) for rows in x.split(step)])

    def _costs(self, x: Tensor, sampled: bool, generator: Generator | None) -> Tensor:
        mu, logvar = self.encode(x)
        kl_parts = kl_standard_normal(mu.unsqueeze(-1), logvar.unsqueeze(-1))  # (batch, latent_dim)
        kl_parts = kl_parts.clamp(max=1e30)  # an infinite one would make inf * 0 of the epitomes without it
        z = reparameterize(mu, logvar, generator=generator) if sampled else mu
        log_p_x = self.log_likelihood(x.unsqueeze(1), self.masks * z.unsqueeze(1))  # (batch, epitomes)
        return kl_parts @ self.masks.T - log_p_x + math.log(self.epitomes)

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """m_y * mu and m_y * logvar of q(z|x, y), each (batch, latent_dim): mean 0 and variance 1 off the epitome (eq. 9)."""
        mask = self.masks[self.assign(x) if y is None else y]
        mu, logvar = self.encode(x)
        return mask * mu, mask * logvar

    def elbo(self, x: Tensor, y: Tensor | None = None, *, generator: Generator | None = None) -> Elbo:
        """The bound's terms at one sample of z per image, for epitomes y (batch,) or, where none are given, for y*.

        kl = KL(q(z|x, y) || p(z)) + log E, since KL(q(y|x) || p(y)) = log E for a point mass: without it this would be no
        bound on log p(x). kl_parts holds the first of the two, per latent: (batch, latent_dim).
        """
        y = self.assign(x) if y is None else y
        mu, logvar = self.posterior(x, y)
        z = reparameterize(mu, logvar, generator=generator)
        kl_parts = kl_standard_normal(mu.unsqueeze(-1), logvar.unsqueeze(-1))
        return Elbo(self.log_likelihood(x, self.masks[y] * z), kl_parts.sum(-1) + math.log(self.epitomes), kl_parts)

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """log p(x, y*, z) - log q(z|x, y*) at z ~ q(z|x, y*): (samples, batch), in nats.

        Their mean in probability is p(x, y*), so the estimate misses what the other epitomes add to p(x).
        """
        y = self.assign(x)
        mu, logvar = self.posterior(x, y)
        weights = []
        for n in chunks(samples, len(x), ROWS):
            z = reparameterize(mu.expand(n, *mu.shape), logvar, generator=generator)  # (n, batch, latent_dim)
            log_joint = self.log_likelihood(x, self.masks[y] * z) + self.prior.log_prob(z) - math.log(self.epitomes)
            weights.append(log_joint - log_normal(z, mu, logvar))
        return torch.cat(weights)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images, (n, pixels): y uniform (however unevenly the data use the epitomes), z ~ N(0, I), decode m_y * z."""
        y = torch.randint(self.epitomes, (n,), generator=generator, device=self.masks.device)
        parameters = self.decode(self.masks[y] * self.prior.sample(n, generator=generator))
        return self.likelihood.mean(parameters) if mean else self.likelihood.sample(parameters, generator=generator)

    def answers(self, x: Tensor, noise: Tensor) -> dict[str, Tensor]:
        """As VAE's, of q(z|x, y*): all is masked by y*, log E is in kl and in log_weights, and costs are every epitome's."""
        y, log_e = self.assign(x), math.log(self.epitomes)
        mu, logvar = self.posterior(x, y)
        z = self.masks[y] * (mu + (0.5 * logvar).exp() * noise)
        log_p_x = self.log_likelihood(x, z)
        return {
            "mu": mu,
            "logvar": logvar,
            "z": z,
            "logits": self.decoder(z[0]),
            "reconstruction": log_p_x[0],
            "kl": kl_standard_normal(mu, logvar) + log_e,
            "log_weights": log_p_x + self.prior.log_prob(z) - log_normal(z, mu, logvar) - log_e,
            "costs": self.costs(x),
        }


class DropoutVAE(VAE):
    """A VAE that drops each latent with probability 1/2 between q(z|x) and the decoder while it trains.

    What remains is doubled, as dropout layers do (the paper does not say); the KL is that of the whole z; neither
    evaluation nor generation drops anything.
    """

    def elbo(self, x: Tensor, *, generator: Generator | None = None) -> Elbo:
        if not self.training:
            return super().elbo(x, generator=generator)
        mu, logvar = self.encode(x)
        z = reparameterize(mu, logvar, generator=generator)
        kept = 2 * torch.bernoulli(torch.full_like(z, 0.5), generator=generator)
        kl_parts = self.prior.kl(mu, logvar, z)
        return Elbo(self.log_likelihood(x, kept * z), kl_parts.sum(-1), kl_parts)


class MixtureVAE(HardAssignment, nn.Module):
    """mVAE: as many VAEs of `size` latents as there would be epitomes, none sharing anything; same y, same training.

    All start with the same weights and part as their images do. Started apart, some begin with an advantage for all images;
    the others get none, and as nothing is shared, never learn (measured on MNIST: 3 of 12 starved).
    """

    def __init__(self, pixels: int, epitomes: int, size: int, hidden: Sequence[int]):
        super().__init__()
        if epitomes < 1:
            raise ValueError(f"epitomes must be at least 1, got {epitomes}.")
        self.epitomes, self.size, self.latent_dim = epitomes, size, epitomes * size
        first = VAE(pixels, size, hidden, gated=False, logvar_range=None)
        self.vaes = nn.ModuleList(deepcopy(first) for _ in range(epitomes))

    @torch.no_grad()
    def costs(self, x: Tensor, *, sampled: bool = False, generator: Generator | None = None) -> Tensor:
        """As EpitomicVAE.costs: (batch, epitomes), in nats."""
        return torch.cat([self._costs(rows, sampled, generator) for rows in x.split(ROWS)])

    def _costs(self, x: Tensor, sampled: bool, generator: Generator | None) -> Tensor:
        columns = []
        for vae in self.vaes:
            mu, logvar = vae.encode(x)
            z = reparameterize(mu, logvar, generator=generator) if sampled else mu
            columns.append(kl_standard_normal(mu, logvar) - vae.log_likelihood(x, z) + math.log(self.epitomes))
        return torch.stack(columns, 1)

    def encode(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """mu and logvar of all VAEs side by side, each (batch, epitomes * size)."""
        mu, logvar = (torch.cat(parts, 1) for parts in zip(*[vae.encode(x) for vae in self.vaes]))
        return mu, logvar

    def posterior(self, x: Tensor, y: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """As `encode`, but 0 for the latents of all VAEs other than y's."""
        own = self._own(self.assign(x) if y is None else y)
        mu, logvar = self.encode(x)
        return own * mu, own * logvar

    def elbo(self, x: Tensor, y: Tensor | None = None, *, generator: Generator | None = None) -> Elbo:
        """As EpitomicVAE.elbo, log E included; kl_parts is (batch, epitomes * size)."""
        y = self.assign(x) if y is None else y
        rows, back = self._rows(y)
        parts = [vae.elbo(x[own], generator=generator) for vae, own in zip(self.vaes, rows) if len(own)]
        reconstruction, kl, kl_parts = (torch.cat(terms)[back] for terms in zip(*parts))
        return Elbo(reconstruction, kl + math.log(self.epitomes), self._own(y) * kl_parts.repeat(1, self.epitomes))

    def log_weights(self, x: Tensor, samples: int, *, generator: Generator | None = None) -> Tensor:
        """As EpitomicVAE.log_weights: log p(x, y*, z) - log q(z|x, y*), (samples, batch)."""
        rows, back = self._rows(self.assign(x))
        chosen = [(vae, own) for vae, own in zip(self.vaes, rows) if len(own)]
        columns = [vae.log_weights(x[own], samples, generator=generator) for vae, own in chosen]
        return torch.cat(columns, 1)[:, back] - math.log(self.epitomes)

    def _rows(self, y: Tensor) -> tuple[list[Tensor], Tensor]:
        """The images of each VAE, and the order that undoes this sorting."""
        rows = [(y == e).nonzero().flatten() for e in range(self.epitomes)]
        return rows, torch.cat(rows).argsort()

    def _own(self, y: Tensor) -> Tensor:
        """Ones on the latents of y's VAE: (batch, epitomes * size)."""
        return F.one_hot(y, self.epitomes).repeat_interleave(self.size, 1)

    def sample(self, n: int, *, mean: bool = False, generator: Generator | None = None) -> Tensor:
        """n images, (n, pixels): y uniform, then an image of that VAE."""
        y = torch.randint(self.epitomes, (n,), generator=generator, device=self.vaes[0].prior.origin.device)
        rows, back = self._rows(y)
        images = [vae.sample(len(own), mean=mean, generator=generator) for vae, own in zip(self.vaes, rows)]
        return torch.cat(images)[back]


def parameter_count(pixels: int, latent_dim: int, hidden: Sequence[int]) -> int:
    """Weights and biases of a VAE with Bernoulli pixels whose decoder mirrors its encoder."""
    encoder = [pixels, *hidden, 2 * latent_dim]
    decoder = [latent_dim, *reversed(hidden), pixels]
    return sum((a + 1) * b for sizes in (encoder, decoder) for a, b in pairwise(sizes))


def matched_width(pixels: int, latent_dim: int, hidden: Sequence[int], *, size: int, epitomes: int) -> int:
    """The width at which a MixtureVAE has about as many parameters in all as the shared model (dividing by E is wrong).

    hidden: the shared model's layers; the mixture's VAEs get as many layers, all of the returned width.
    """
    target = parameter_count(pixels, latent_dim, hidden)

    def excess(width: int) -> int:
        return abs(epitomes * parameter_count(pixels, size, [width] * len(hidden)) - target)

    return min(range(1, max(hidden) + 1), key=excess)
