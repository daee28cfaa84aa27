"""Epitomes: which latents belong together, which epitome an image gets, and minibatches that mix the epitomes fairly.

Source: Yeung et al. 2017 (epitomic VAE), section 3 and algorithm 1; what it leaves open: SOURCES.md, "Yeung et al. 2017".
Left out: sparsity over arbitrary subsets and a learned categorical q(y|x), both tried and dropped by the authors.
"""

import warnings
from numbers import Integral

import torch
from torch import Generator, Tensor


def epitome_masks(latent_dim: int, size: int, stride: int) -> Tensor:
    """One row of zeros and ones per epitome: ones on `size` neighbouring latents, each row `stride` latents further on.

    Returns (epitomes, latent_dim), float, with epitomes = floor((latent_dim - size) / stride) + 1. Sizes that leave latents
    over are allowed; a warning names the latents that no epitome uses. Raises ValueError unless all three are integers
    with 1 <= size <= latent_dim and stride >= 1.
    """
    for name, value in {"latent_dim": latent_dim, "size": size, "stride": stride}.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"{name} must be an integer of at least 1, got {value!r}.")
    if size > latent_dim:
        raise ValueError(f"An epitome of size {size} does not fit into {latent_dim} latents.")
    first = torch.arange(0, latent_dim - size + 1, stride).unsqueeze(1)
    latent = torch.arange(latent_dim)
    masks = ((first <= latent) & (latent < first + size)).float()
    unused = (masks.sum(0) == 0).nonzero().flatten().tolist()
    if unused:
        warnings.warn(
            f"No epitome uses the latents {unused} (latent_dim {latent_dim}, size {size}, stride {stride}).", stacklevel=2
        )
    return masks


def assign(costs: Tensor) -> Tensor:
    """The cheapest epitome of every image: costs (batch, epitomes), in nats, to indices (batch,).

    Ties go to the first. Raises ValueError where costs has another shape or holds NaN.
    """
    if costs.ndim != 2 or costs.shape[1] == 0:
        raise ValueError(f"costs must be (batch, epitomes), got {tuple(costs.shape)}.")
    if bool(costs.isnan().any()):
        raise ValueError("costs holds NaN: look for NaN among the images or the weights.")
    return costs.argmin(1)


def usage(y: Tensor, epitomes: int) -> Tensor:
    """How many images each epitome has: indices (batch,) to counts (epitomes,)."""
    return torch.bincount(y, minlength=epitomes)


def stratified_batches(y: Tensor, batch_size: int, *, generator: Generator | None = None) -> list[Tensor]:
    """A random order of the images 0..n-1 cut into minibatches in which every epitome has its share of the whole.

    y: (n,), the epitome of each image. Returns ceil(n / batch_size) index tensors; every image occurs once. The images,
    grouped by epitome and shuffled inside, are dealt out like cards: the sizes of the minibatches differ by at most one, and
    so do an epitome's counts in them. An empty epitome takes no part.
    """
    if batch_size < 1:
        raise ValueError(f"batch_size must be at least 1, got {batch_size}.")
    shuffled = torch.randperm(len(y), generator=generator, device=y.device)
    grouped = shuffled[y[shuffled].argsort(stable=True)]
    batches = -(-len(y) // batch_size)
    return [grouped[first::batches] for first in range(batches)]
