"""Answers to ps4.1 epitome_masks as students write them."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def masks_from_lists(latent_dim: int, size: int, stride: int = 1) -> list:
    rows, start = [], 0
    while start + size <= latent_dim:
        rows.append([0] * start + [1] * size + [0] * (latent_dim - start - size))
        start += stride
    return rows


def masks_by_rolling(latent_dim, size, stride):
    base = torch.zeros(latent_dim, dtype=torch.int64)
    base[:size] = 1
    return torch.stack([torch.roll(base, k * stride) for k in range((latent_dim - size) // stride + 1)])


def masks_numpy(latent_dim, size, stride):
    E = (latent_dim - size) // stride + 1
    m = np.zeros((E, latent_dim), dtype=np.float32)
    for e in range(E):
        m[e, np.arange(e * stride, e * stride + size)] = 1
    return m


def masks_scatter(latent_dim, size, stride):
    E = 1 + math.floor((latent_dim - size) / stride)
    index = torch.arange(E)[:, None] * stride + torch.arange(size)[None, :]
    return torch.zeros(E, latent_dim).scatter(1, index, 1.0)


answers.right("nested python lists", masks_from_lists)
answers.right("rolled rows, integers", masks_by_rolling)
answers.right("numpy float32", masks_numpy)
answers.right("scatter", masks_scatter)
answers.right(
    "difference of two triangles, booleans",
    lambda latent_dim, size, stride: (
        torch.arange(latent_dim) >= torch.arange(0, latent_dim - size + 1, stride)[:, None]
    ).logical_and(torch.arange(latent_dim) < torch.arange(0, latent_dim - size + 1, stride)[:, None] + size),
)
answers.right(
    "sub-diagonals: tril minus tril, every stride-th row",
    lambda latent_dim, size, stride: (
        torch.triu(torch.ones(latent_dim, latent_dim)) - torch.triu(torch.ones(latent_dim, latent_dim), size)
    )[: latent_dim - size + 1 : stride],
)
answers.right("eye and unfold", lambda latent_dim, size, stride: torch.eye(latent_dim).unfold(0, size, stride).sum(-1))
mk = lambda D, K, s, starts=None, size=None: torch.stack(
    [
        ((torch.arange(D) >= a) & (torch.arange(D) < a + (size or K))).double()
        for a in (starts if starts is not None else range(0, D - K + 1, s))
    ]
)
answers.wrong(
    "wraps around", "fit|hang|wrap|end", lambda D, K, s: torch.stack([torch.roll(mk(D, K, s)[0], a) for a in range(0, D, s)])
)
answers.wrong(
    "one epitome too many, cut off",
    "fit|too many|end",
    lambda D, K, s: mk(D, K, s, [*range(0, D - K + 1, s), s * ((D - K) // s + 1)]),
)
answers.wrong(
    "a last epitome shifted to fit",
    "fit|round|leftover|last",
    lambda D, K, s: mk(D, K, s, sorted({*range(0, D - K + 1, s), D - K})),
)
answers.wrong(
    "starts at 1",
    "start|off by one|first",
    lambda D, K, s: mk(D, K, s, range(1, D - K + 1, s)) if D - K >= 1 else torch.zeros(1, D),
)
answers.wrong("reversed", "order|revers|first", lambda D, K, s: mk(D, K, s).flip(0))
answers.wrong("mirrored from the end", "order|start|end|first", lambda D, K, s: mk(D, K, s).flip(1))
answers.wrong("size - 1 ones", "size|ones", lambda D, K, s: mk(D, K, s, size=K - 1))
answers.wrong("size + 1 ones", "size|ones", lambda D, K, s: mk(D, K, s, size=K + 1))
answers.wrong("stride always size", "stride", lambda D, K, s: mk(D, K, K))
answers.wrong("stride always 1", "stride", lambda D, K, s: mk(D, K, 1))
answers.wrong("size and stride swapped", "swap|stride|size", lambda D, K, s: mk(D, s, K) if D >= s else torch.zeros(0, D))
answers.wrong("D // s epitomes", "one|⌊|number|fit|end|count", lambda D, K, s: mk(D, K, s, [i * s for i in range(D // s)]))
answers.wrong("D // K epitomes", "⌊|number|epitomes|stride|too few", lambda D, K, s: mk(D, K, s, [i * s for i in range(D // K)]))
answers.wrong("indices instead of masks", "zeros and ones|mask|shape", lambda D, K, s: torch.arange(D).unfold(0, K, s))
answers.wrong("normalised rows", "ones|normalis|times|factor", lambda D, K, s: mk(D, K, s) / K)
answers.wrong(
    "nested: each contains the former",
    "size|start",
    lambda D, K, s: torch.stack([(torch.arange(D) < a + K).double() for a in range(0, D - K + 1, s)]),
)
answers.wrong(
    "strided columns",
    "neighbour|stride|size",
    lambda D, K, s: torch.stack([((torch.arange(D) - a) % s == 0).double() for a in range((D - K) // s + 1)]),
)
answers.wrong(
    "strictly between: last start excluded when it just fits",
    "one|fit|too few|last",
    lambda D, K, s: mk(D, K, s, range(0, max(D - K, 1), s)),
)
answers.wrong("-1 and 1", "zeros and ones|zeros", lambda D, K, s: 2 * mk(D, K, s) - 1)


def epitome_masks_loop(latent_dim, size, stride):
    masks = torch.zeros((latent_dim - size) // stride + 1, latent_dim)
    for row, mask in enumerate(masks):
        mask[row * stride : row * stride + size] = 1
    return masks


answers.right("loop", epitome_masks_loop)


def epitome_masks_unfold(latent_dim, size, stride):
    members = torch.arange(latent_dim).unfold(0, size, stride)
    return F.one_hot(members, latent_dim).sum(1)


answers.right("unfold", epitome_masks_unfold)
