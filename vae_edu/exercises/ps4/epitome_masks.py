"""ps4.1: epitome_masks."""

import math

import numpy as np
import torch

from ... import epitome
from ..exercise import Exercise
from ._shared import masks_by_counting


def draw_sizes(rng: np.random.Generator):
    size = int(rng.integers(2, 5))
    return size * int(rng.integers(2, 5)) + int(rng.integers(0, 3)), size, int(rng.integers(1, size))


exercise = Exercise(
    "ps4.1",
    "epitome_masks",
    ["latent_dim", "size", "stride"],
    oracle=masks_by_counting,
    draw=draw_sizes,
    reference=lambda: ("the 19 overlapping epitomes of evae20-mnist", (20, 2, 1), None),
    closed_book=[epitome.epitome_masks],
    unit="",
    item="epitome",
)
exercise.case("two epitomes, side by side", 4, 2, 2, expected=[[1, 1, 0, 0], [0, 0, 1, 1]])
exercise.case("stride 1: neighbours overlap", 4, 2, 1, expected=[[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
exercise.case("size = latents: one epitome, a VAE", 3, 3, 1, expected=[[1, 1, 1]])
exercise.case("8 in threes: two latents in no epitome", 8, 3, 3, expected=[[1] * 3 + [0] * 5, [0] * 3 + [1] * 3 + [0] * 2])
exercise.case("a stride beyond the size", 7, 2, 3, expected=[[1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0, 0]], edge=True)


def _rows(first, latent_dim, size):
    latent = torch.arange(latent_dim)
    return ((first.unsqueeze(1) <= latent) & (latent < first.unsqueeze(1) + size)).double()


@exercise.misconception("One epitome too few: there are ⌊(latents − size) / stride⌋ + 1.")
def count_without_one(latent_dim, size, stride):
    first = torch.arange((latent_dim - size) // stride).unsqueeze(1) * stride
    latent = torch.arange(latent_dim)
    return ((first <= latent) & (latent < first + size)).float()


@exercise.misconception("⌊ ⌋ rounds down: an epitome that does not fit whole is none.")
def rounded_up(latent_dim, size, stride):
    return _rows(torch.arange(math.ceil((latent_dim - size) / stride) + 1) * stride, latent_dim, size)


@exercise.misconception("The last rows hang over the end: an epitome starts only where all its latents fit.")
def cut_off_at_the_end(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim, stride), latent_dim, size)


@exercise.misconception("The stride is not used: the next epitome starts `stride` latents further on, not `size`.")
def stride_ignored(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, size), latent_dim, size)


@exercise.misconception("Each row has `stride` ones: `size` says how many latents an epitome has.")
def stride_for_size(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, stride), latent_dim, stride)


@exercise.misconception("Rows and columns are swapped: one row per epitome, one column per latent.")
def transposed(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, stride), latent_dim, size).T


@exercise.steps
def in_steps(latent_dim, size, stride):
    gaps = (latent_dim - size) // stride  # the number of strides that fit
    count = gaps + 1  # the number of epitomes
    first = torch.arange(count).unsqueeze(1) * stride  # the first latent of each epitome
    last = first + size  # the latent behind the last of each epitome
    latent = torch.arange(latent_dim)  # the number of each latent
    begun = first <= latent  # the latents from the first on
    going = latent < last  # the latents up to the last
    inside = begun & going  # the latents of each epitome
    return inside.double()  # zeros and ones


def _from_to(starts, sizes, latent_dim):
    latent = torch.arange(latent_dim)
    return torch.stack([((latent >= a) & (latent < a + n)).double() for a, n in zip(starts, sizes)])


exercise.instead(
    "return",
    {
        "each epitome contains those before it": lambda latent_dim, size, stride: _from_to(
            [0] * len(range(0, latent_dim - size + 1, stride)), range(size, latent_dim + 1, stride), latent_dim
        ),
        "every stride-th latent is in the epitome, not neighbours": lambda latent_dim, size, stride: torch.stack(
            [((torch.arange(latent_dim) - a) % stride == 0).double() for a in range((latent_dim - size) // stride + 1)]
        ),
        "−1 stands where 0 belongs": lambda inside: 2 * inside.double() - 1,
        "0 and 1 are exchanged": lambda inside: 1 - inside.double(),
        "the last epitome is moved so that it ends at the last latent": lambda latent_dim, size, stride: _from_to(
            [*range(0, latent_dim - size, stride), latent_dim - size],
            [size] * (len(range(0, latent_dim - size, stride)) + 1),
            latent_dim,
        ),
        "the epitomes run around the end": lambda latent_dim, size, stride: torch.stack(
            [(((torch.arange(latent_dim) - a) % latent_dim) < size).double() for a in range(0, latent_dim, stride)]
        ),
        "the epitomes start at latent 1": lambda inside: inside.double().roll(1, 1),
        "the rows are numbers of latents, not zeros and ones": lambda first, size: first + torch.arange(size),
    }
    | {
        f"each epitome has one latent too {'few' if more < 0 else 'many'}": lambda latent_dim, size, stride, more=more: _from_to(
            range(0, latent_dim - size + 1, stride), [size + more] * latent_dim, latent_dim
        )
        for more in (-1, 1)
    },
)
