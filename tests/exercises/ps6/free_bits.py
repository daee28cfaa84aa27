"""Answers to ps6.4 free_bits as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def loop(kl, floor, groups):
    total = 0.0
    for members in groups:
        mean = kl[:, members.bool()].sum(1).mean()
        total = total + (mean if mean > floor else torch.as_tensor(floor, dtype=kl.dtype))
    return total


def maximum(kl, floor, groups):
    means = torch.einsum("gl,nl->ng", groups, kl).mean(0)
    return torch.maximum(means, torch.full_like(means, floor)).sum()


def relu(kl, floor, groups):
    return ((kl.mean(0) @ groups.T - floor).relu() + floor).sum()


answers.right("loop", loop)
answers.right("maximum", maximum)
answers.right("relu", relu)
answers.right("means first", lambda kl, floor, groups: (groups @ kl.mean(0)).clamp_min(floor).sum())
answers.right("float32", lambda kl, floor, groups: maximum(kl.float(), floor, groups.float()))
answers.wrong("maximum per image", "each image|inside", lambda kl, f, g: (kl @ g.T).clamp(min=f).sum(1).mean())
answers.wrong("per image and latent", "each latent|each image|group|inside", lambda kl, f, g: kl.clamp(min=f).sum(1).mean())
answers.wrong("added", "added", lambda kl, f, g: kl.sum(1).mean() + f * len(g))
answers.wrong("ceiling", "smaller|ceiling", lambda kl, f, g: (kl @ g.T).mean(0).clamp(max=f).sum())
answers.wrong("one for all", "all groups|one maximum|One maximum", lambda kl, f, g: kl.sum(1).mean().clamp(min=f))
answers.wrong("one for all, summed floors", "all groups|One maximum", lambda kl, f, g: kl.sum(1).mean().clamp(min=f * len(g)))
answers.wrong("floor of a latent", "latent|group", lambda kl, f, g: kl.mean(0).clamp(min=f).sum())
answers.wrong("mean of the group", "mean|group", lambda kl, f, g: ((kl @ g.T).mean(0) / g.sum(1)).clamp(min=f).sum())
answers.wrong("mean of the groups", "mean|groups", lambda kl, f, g: (kl @ g.T).mean(0).clamp(min=f).mean())
answers.wrong("summed batch", "batch|sum", lambda kl, f, g: (kl @ g.T).sum(0).clamp(min=f).sum())
answers.wrong("above only", "above|below", lambda kl, f, g: (kl.mean(0) @ g.T - f).relu().sum())
answers.wrong("below cut to 0", "below|0|cut", lambda kl, f, g: (m := kl.mean(0) @ g.T)[m > f].sum())
answers.wrong("no floor", "plain|floor", lambda kl, f, g: kl.sum(1).mean())
answers.wrong("negative", "sign|minus", lambda kl, f, g: -maximum(kl, f, g))
answers.wrong("per group, not summed", "sum|shape", lambda kl, f, g: (kl @ g.T).mean(0).clamp(min=f))
answers.wrong("floor in bits", "log 2|ln 2|0.693|factor|times", lambda kl, f, g: maximum(kl, f * 0.6931471805599453, g))
answers.wrong("detached", "gradient", lambda kl, f, g: maximum(kl.detach(), f, g), fair=0.9)
answers.wrong(
    "gradient below the floor",
    "gradient",
    lambda kl, f, g: (m := kl.mean(0) @ g.T, m + (m.clamp(min=f) - m).detach())[1].sum(),
    fair=0.9,
)
