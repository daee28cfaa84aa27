"""p(z): a prior is a module with `log_prob(z)` and a `sample(n)` that draws from exactly that density.

`kl(mu, logvar, z)` is the KL from q(z|x) = N(mu, diag(exp(logvar))) by part, (batch, parts): in closed form, per latent,
where there is one; else as one part, estimated at the sample z ~ q(z|x), which can be negative for a single image.
Sources: Tomczak & Welling 2018 (VampPrior), sections 3 and 4, eq. 5-16; its code: SOURCES.md,
"Tomczak & Welling 2018: training".
"""

import math
from collections.abc import Callable

import torch
from torch import Generator, Tensor, nn

from .densities import log_normal, log_normal_components, log_standard_normal
from .divergences import kl_standard_normal
from .flows import flow_log_prob
from .networks import Autoregressive
from .reparam import reparameterize


class StandardNormal(nn.Module):
    """p(z) = N(0, I) in `dim` dimensions."""

    def __init__(self, dim: int):
        super().__init__()
        self.dim = dim
        self.register_buffer("origin", torch.zeros(dim), persistent=False)  # knows the device and the dtype

    def log_prob(self, z: Tensor) -> Tensor:
        """(..., dim) to (...), in nats."""
        return log_standard_normal(z)

    def kl(self, mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
        """KL(q(z|x) || p(z)) per latent, in closed form (z is not needed): (batch, dim), in nats."""
        return kl_standard_normal(mu.unsqueeze(-1), logvar.unsqueeze(-1))

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        """(n, dim)."""
        return torch.randn(n, self.dim, generator=generator, dtype=self.origin.dtype, device=self.origin.device)


class Mixture(nn.Module):
    """p(z) = 1/K sum_k N(z; mu_k, diag(exp(logvar_k))): what the two mixture priors share.

    A subclass says what its `components()` are: mu and logvar, each (K, dim).
    """

    def components(self) -> tuple[Tensor, Tensor]:
        raise NotImplementedError

    def component_log_probs(self, z: Tensor) -> Tensor:
        """log 1/K + log N(z; mu_k, ...) of every component: (..., dim) to (..., K), in nats."""
        mu, logvar = self.components()
        return log_normal_components(z, mu, logvar) - math.log(len(mu))

    def log_prob(self, z: Tensor) -> Tensor:
        """(..., dim) to (...), in nats."""
        return self.component_log_probs(z).logsumexp(-1)

    def kl(self, mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
        """log q(z|x) - log p(z) at z ~ q(z|x), an unbiased estimate of the KL, which has no closed form: (batch, 1)."""
        return (log_normal(z, mu, logvar) - self.log_prob(z)).unsqueeze(-1)

    def responsibilities(self, z: Tensor) -> Tensor:
        """p(k|z), (..., dim) to (..., K): which component claims z. Their mean over many z is each component's usage."""
        return self.component_log_probs(z).softmax(-1)

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        """(n, dim): a component drawn uniformly for each, then z from it."""
        mu, logvar = self.components()
        k = torch.randint(len(mu), (n,), generator=generator, device=mu.device)
        return reparameterize(mu[k], logvar[k], generator=generator)


class GaussianMixture(Mixture):
    """K Gaussians whose means and log-variances are parameters; equal weights, as the paper's "MoG" (section 3).

    Means start at N(0, 1) and variances at 1 (the paper does not say); the log-variance is clamped like an encoder's.
    """

    def __init__(self, components: int, dim: int, *, logvar_range: tuple[float, float] = (-6.0, 2.0)):
        super().__init__()
        if components < 1:
            raise ValueError(f"A mixture needs at least one component, got {components}.")
        self.mu = nn.Parameter(torch.randn(components, dim))
        self.logvar = nn.Parameter(torch.zeros(components, dim))
        self.logvar_range = logvar_range

    def extra_repr(self) -> str:
        return f"{len(self.mu)} components, log-variance in {self.logvar_range}"

    def components(self) -> tuple[Tensor, Tensor]:
        return self.mu, self.logvar.clamp(*self.logvar_range)


class VampPrior(Mixture):
    """p(z) = 1/K sum_k q(z|u_k): the components are the posteriors of K pseudo-inputs u_k (Tomczak & Welling 2018, eq. 7).

    encode: a function or bound method, (K, pixels) to mu and logvar; never a module, which would be registered twice. Only a
    bound method (`model.encode`) follows a copy of the model.
    pseudo_inputs: (K, pixels), of which a copy is kept; learned, and clamped to [0, 1] wherever they move, or fixed (the paper's
    "VampPrior data", for which they are training images). Raises ValueError where no gradient could reach a learned one.
    """

    def __init__(self, encode: Callable[[Tensor], tuple[Tensor, Tensor]], pseudo_inputs: Tensor, learned: bool = True):
        super().__init__()
        if isinstance(encode, nn.Module):
            raise TypeError("encode must be a function or a bound method (model.encode), not a module.")
        if pseudo_inputs.ndim != 2 or len(pseudo_inputs) == 0:
            raise ValueError(f"pseudo_inputs must be (K, pixels) with K at least 1, got {tuple(pseudo_inputs.shape)}.")
        inside = (pseudo_inputs >= 0) & (pseudo_inputs <= 1)
        dead = int((~inside.any(1)).sum())
        if learned and dead:
            raise ValueError(
                f"{dead} of {len(pseudo_inputs)} pseudo-inputs lie outside [0, 1] in every pixel, where the clamp passes no "
                "gradient: they would never move. Start them inside, for instance at pseudo_inputs(500, 784)."
            )
        if not bool((pseudo_inputs.isfinite() if learned else inside).all()):
            raise ValueError("Fixed pseudo-inputs must be images, with pixels in [0, 1]; learned ones must be finite.")
        own = pseudo_inputs.detach().clone()
        try:
            encode(own[:1])
        except RuntimeError as error:
            raise ValueError(f"encode cannot take pseudo-inputs of {own.shape[1]} pixels, {own.dtype}: {error}") from None
        self.encode = encode
        if learned:
            self.pseudo_inputs = nn.Parameter(own)
        else:
            self.register_buffer("pseudo_inputs", own)

    def extra_repr(self) -> str:
        learned = isinstance(self.pseudo_inputs, nn.Parameter)
        kind = "learned" if learned else f"fixed, {int((self.pseudo_inputs * 255).round().sum())} grey levels in all"
        return f"{len(self.pseudo_inputs)} pseudo-inputs, {kind}"

    def images(self) -> Tensor:
        """The pseudo-inputs as the encoder sees them: (K, pixels) in [0, 1]."""
        return self.pseudo_inputs.clamp(0, 1)

    def components(self) -> tuple[Tensor, Tensor]:
        return self.encode(self.images())


class FlowPrior(nn.Module):
    """An autoregressive prior: z_i = shift_i(z_1 .. z_(i-1)) + scale_i(z_1 .. z_(i-1)) * noise_i. Its density takes one pass,
    a sample one pass for each latent. The same density as an inverse autoregressive posterior over the noise (Chen et al. 2017,
    section 3.2).
    """

    def __init__(self, dim: int, hidden: int = 64):
        super().__init__()
        self.dim, self.network = dim, Autoregressive(dim, hidden, outputs=2)

    def shift_and_scale(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Of every latent, from the ones before it: (..., dim) to two of (..., dim)."""
        shift, raw = self.network(z)
        return shift, (3 * (raw / 3).tanh()).exp()  # between 1/20 and 20

    def log_prob(self, z: Tensor) -> Tensor:
        """(..., dim) to (...), in nats."""
        return flow_log_prob(z, *self.shift_and_scale(z))

    def kl(self, mu: Tensor, logvar: Tensor, z: Tensor) -> Tensor:
        """log q(z|x) - log p(z) at z ~ q(z|x), an unbiased estimate of the KL, which has no closed form: (batch, 1)."""
        return (log_normal(z, mu, logvar) - self.log_prob(z)).unsqueeze(-1)

    def sample(self, n: int, *, generator: Generator | None = None) -> Tensor:
        """(n, dim), one latent after the other."""
        place = self.network.out.weight
        noise = torch.randn(n, self.dim, generator=generator, dtype=place.dtype, device=place.device)
        z = torch.zeros_like(noise)
        for i in range(self.dim):
            shift, scale = self.shift_and_scale(z)
            z = torch.cat([z[:, :i], (shift + scale * noise)[:, i : i + 1], z[:, i + 1 :]], 1)
        return z


def pseudo_inputs(components: int, pixels: int, *, mean: float = 0.05, std: float = 0.01) -> Tensor:
    """Where learned pseudo-inputs start: N(mean, std^2), (components, pixels). The defaults are the paper's for MNIST.

    With a mean of -0.05, the command-line default of its code, all would start clamped at 0 and never move.
    """
    return mean + std * torch.randn(components, pixels)
