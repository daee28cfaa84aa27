"""Does each factor of the images have a latent of its own? Two scores of codes on a grid of factors, both from 0 to 1.

The grid: every combination of the factors once, codes (images, latents) in the order of their addresses, the last factor varying
fastest, as `sprites` has them; counts: how many values each factor takes. The images are encoded once, then a score is a table
look-up. Sources: Higgins et al. 2017, section 3, with the settings of disentanglement_lib; Chen et al. 2018 (MIG). Both can be
fooled, each by something else: lecture 14.
"""

import math
from collections.abc import Sequence

import torch
from torch import Generator, Tensor

from .drawing import classifier
from .sprites import address

BINS = 20


def higgins_score(
    codes: Tensor, counts: Sequence[int], *, pairs: int = 64, train: int = 10_000, test: int = 5_000, generator: Generator
) -> float:
    """How often a linear classifier tells which factor the two images of every pair share.

    A point: a factor is chosen, `pairs` pairs are drawn that share its value and nothing else on purpose, and the absolute
    differences of their codes are averaged. The factor that was shared is the label. Codes are standardised, or else the latent
    with the largest scale decides. With L pairs averaged, noise of other factors hardly counts: L = 64 is generous.
    """
    codes = _checked(codes, counts)
    codes = _standardised(codes) if codes.shape[1] else codes.new_zeros(len(codes), 1)  # no latents say what a constant says
    points, labels = _differences(codes, counts, pairs, train + test, generator)
    network = classifier(points[:train], labels[:train], classes=len(counts))
    return (network(points[train:]).argmax(1) == labels[train:]).float().mean().item()


def _differences(codes: Tensor, counts: Sequence[int], pairs: int, number: int, generator: Generator) -> tuple[Tensor, Tensor]:
    """Points (number, latents) and which factor each of them shared, (number,)."""
    labels = torch.randint(len(counts), (number,), generator=generator)
    points = []
    for own in labels.split(1000):
        first, second = (_drawn(counts, (len(own), pairs), generator) for _ in range(2))  # (points, pairs, factors)
        shared = own[:, None, None].expand(-1, pairs, 1)
        second.scatter_(2, shared, first.gather(2, shared))
        points.append((codes[address(first, counts)] - codes[address(second, counts)]).abs().mean(1))
    return torch.cat(points), labels


def _drawn(counts: Sequence[int], shape: tuple[int, ...], generator: Generator) -> Tensor:
    return torch.stack([torch.randint(count, shape, generator=generator) for count in counts], -1)


def mig(codes: Tensor, counts: Sequence[int]) -> float:
    """The mutual information gap: of every factor, how much more its best latent says of it than its second best.

    Divided by the factor's entropy, averaged over factors. Leave units without information out (`codes[:, used]`): their means
    hardly differ, and 20 bins would stretch these differences to full size.
    """
    shares = information(codes, counts) / torch.tensor(counts).log()
    nothing = shares.new_zeros(2, len(counts))  # with one latent the second best says nothing
    best, second = torch.cat([shares, nothing]).topk(2, 0).values
    return (best - second).mean().item()


def information(codes: Tensor, counts: Sequence[int]) -> Tensor:
    """What each latent says of each factor: (latents, factors), in nats. Latents are cut into 20 bins of equal width."""
    codes = _checked(codes, counts)
    factors = torch.stack(torch.unravel_index(torch.arange(len(codes)), tuple(counts)), -1)
    told = [_information(_binned(latent), values, count) for latent in codes.T for values, count in zip(factors.T, counts)]
    return torch.tensor(told).reshape(-1, len(counts))


def _binned(latent: Tensor) -> Tensor:
    low, high = latent.min(), latent.max()
    return ((latent - low) / (high - low).clamp(min=1e-12) * BINS).long().clamp(max=BINS - 1)


def _information(bins: Tensor, values: Tensor, count: int) -> float:
    """Mutual information of two discrete numbers, in nats, from their counts."""
    table = (bins * count + values).bincount(minlength=BINS * count).reshape(BINS, count).double() / len(bins)
    independent = table.sum(1, keepdim=True) * table.sum(0)
    return torch.special.xlogy(table, table / independent.clamp(min=1e-300)).sum().item()


def _standardised(codes: Tensor) -> Tensor:
    return (codes - codes.mean(0)) / codes.std(0).clamp(min=1e-12)


def _checked(codes: Tensor, counts: Sequence[int]) -> Tensor:
    if len(counts) == 0 or min(counts) < 2:
        raise ValueError(f"Each factor needs at least two values, or there is nothing to tell; got {tuple(counts)}.")
    if codes.ndim != 2 or len(codes) != math.prod(counts):
        raise ValueError(
            f"codes must be (images, latents), one for each of the {math.prod(counts)} images; got {tuple(codes.shape)}."
        )
    if not bool(codes.isfinite().all()):
        raise ValueError("The codes hold NaN or infinity.")
    return codes.float()
