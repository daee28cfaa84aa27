"""ps6.4: free_bits."""

import numpy as np
import torch

from ... import objectives
from ...reference import probe
from ..exercise import Exercise


def group_by_group(kl, floor, groups):
    """Means by NumPy, one group after the other; the larger of two numbers by sorting."""
    means = [np.average(kl[:, members.astype(bool)].sum(1)) for members in groups]
    return np.sum([sorted([floor, mean])[1] for mean in means])


def draw_kl(rng: np.random.Generator):
    """2 to 8 images, 2 to 7 latents in 2 to 4 groups; the floor lies between the two largest of their means."""
    latents = int(rng.integers(2, 8))
    number = int(rng.integers(2, min(4, latents) + 1))
    owner = rng.permutation(np.concatenate([np.arange(number), rng.integers(number, size=latents - number)]))
    kl = rng.gamma(1.0, rng.uniform(0.2, 1.5, size=latents), size=(rng.integers(2, 9), latents))
    groups = (owner == np.arange(number)[:, None]).astype(float)
    means = np.sort((kl @ groups.T).mean(0))
    return kl, float(means[-2:].mean()), groups


def probe_kl():
    a = probe("pixelvae-freebits-digits")
    kl = 0.5 * (a.mu**2 + a.logvar.exp() - a.logvar - 1)
    return "64 images of pixelvae-freebits-digits, at the floor it was trained with", (kl.numpy(), 0.5, np.eye(8)), None


exercise = Exercise(
    "ps6.4",
    "free_bits",
    ["kl", "floor", "groups"],
    oracle=group_by_group,
    draw=draw_kl,
    reference=probe_kl,
    differentiable=["kl"],
    closed_book=[objectives.free_bits],
)
ONE, EACH = [[1.0]], [[1.0, 0.0], [0.0, 1.0]]
exercise.case("one latent, below the floor", [[0.1], [0.3]], 0.5, ONE, expected=0.5)
exercise.case("one latent, above it: the mean", [[1.0], [3.0]], 0.5, ONE, expected=2.0)
exercise.case("the mean stands inside the maximum: max(½, ½), not (½ + 1)/2", [[0.0], [1.0]], 0.5, ONE, expected=0.5)
exercise.case("two latents, each a group", [[0.2, 1.0], [0.2, 2.0]], 0.5, EACH, expected=2.0)
exercise.case("the same two as one group: no floor needed", [[0.2, 1.0], [0.2, 2.0]], 0.5, [[1.0, 1.0]], expected=1.7)
exercise.case(
    "three latents in two groups", [[0.1, 0.2, 4.0], [0.3, 0.0, 2.0]], 1.0, [[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]], expected=4.0
)
exercise.case(
    "groups that are not neighbours", [[0.1, 4.0, 0.2], [0.3, 2.0, 0.0]], 1.0, [[1.0, 0.0, 1.0], [0.0, 1.0, 0.0]], expected=4.0
)
exercise.case("a floor of 0: the plain KL", [[0.2, 1.0], [0.2, 2.0]], 0.0, EACH, expected=1.7, edge=True)
exercise.case("a batch of one image", [[0.2, 3.0]], 0.5, EACH, expected=3.5, edge=True)
exercise.case("a KL of exactly 0", [[0.0, 0.0], [0.0, 0.0]], 0.25, EACH, expected=0.5, edge=True)


@exercise.misconception("The maximum is taken for each image, and the mean after it: the mean over the batch stands inside.")
def maximum_of_each_image(kl, floor, groups):
    return (kl @ groups.T).clamp(min=floor).mean(0).sum()


@exercise.misconception("The floor is added to the KL: it is the larger of the two.")
def floor_added(kl, floor, groups):
    return ((kl @ groups.T).mean(0) + floor).sum()


@exercise.misconception("The smaller of the two is taken: free bits put a floor under the KL, no ceiling over it.")
def ceiling(kl, floor, groups):
    return (kl @ groups.T).mean(0).clamp(max=floor).sum()


@exercise.misconception("One maximum for the sum over all groups: each group has a floor of its own.")
def one_floor(kl, floor, groups):
    return kl.sum(1).mean().clamp(min=floor)


@exercise.misconception("One maximum for the sum over all groups, with the floors added up: each group has a floor of its own.")
def one_floor_for_all(kl, floor, groups):
    return kl.sum(1).mean().clamp(min=floor * len(groups))


@exercise.misconception("Each latent has the floor: the floor is that of a whole group.")
def floor_of_each_latent(kl, floor, groups):
    return kl.mean(0).clamp(min=floor).sum()


@exercise.misconception("The mean over a group's latents is taken: their KLs add up.")
def mean_over_the_group(kl, floor, groups):
    return ((kl @ groups.T).mean(0) / groups.sum(1)).clamp(min=floor).sum()


@exercise.misconception("The mean over the groups is taken: their terms add up.")
def mean_over_groups(kl, floor, groups):
    return (kl @ groups.T).mean(0).clamp(min=floor).mean()


@exercise.misconception("Summed over the batch: what is inside the maximum is the mean over the images.")
def summed_over_the_batch(kl, floor, groups):
    return (kl @ groups.T).sum(0).clamp(min=floor).sum()


@exercise.misconception("Only what lies above the floor is counted: below it the term is the floor itself, not 0.")
def only_above(kl, floor, groups):
    return ((kl @ groups.T).mean(0) - floor).clamp(min=0).sum()


@exercise.misconception("This is the plain KL: the floor is not used.")
def no_floor(kl, floor, groups):
    return kl.sum(1).mean()


@exercise.steps
def in_steps(kl, floor, groups):
    of_groups = kl @ groups.T  # the KL of each group
    means = of_groups.mean(0)  # the mean over the batch
    larger = means.clamp(min=floor)  # the larger of mean and floor
    return larger.sum()  # the sum over the groups


exercise.instead(
    "of_groups",
    {
        "each latent counts as a group": lambda kl: kl,
        "the groups are ignored, all latents are one": lambda kl: kl.sum(1)[:, None],
    },
)
exercise.instead(
    "larger",
    {
        "the floor is added to the mean": lambda means, floor: means + floor,
        "what lies above the floor is taken": lambda means, floor: (means - floor).clamp(min=0),
        "what lies below the floor is cut to 0": lambda means, floor: torch.where(means > floor, means, 0 * means),
    },
)
