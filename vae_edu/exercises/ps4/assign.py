"""ps4.4: assign."""

import numpy as np
import torch

from ... import epitome
from ...reference import probe
from ..exercise import Exercise


def draw_costs(rng: np.random.Generator):
    """Costs of 2 to 5 epitomes, each of which some image takes."""
    epitomes = int(rng.integers(2, 6))
    costs = rng.normal(100, 20, size=(epitomes + int(rng.integers(0, 8)), epitomes))
    costs[np.arange(epitomes), np.arange(epitomes)] -= 200
    return (rng.permutation(costs),)


exercise = Exercise(
    "ps4.4",
    "assign",
    ["costs"],
    oracle=lambda costs: (
        np.argmin(costs, 1),
        np.array([sum(np.argmin(row) == e for row in costs) for e in range(costs.shape[1])]),
    ),
    draw=draw_costs,
    reference=lambda: ("64 images × 12 epitomes of evae48-mnist", (probe("evae48-mnist").costs.numpy(),), None),
    closed_book=[epitome.assign, epitome.usage],
    unit="",
)
exercise.case("by hand: three images, two epitomes", [[1.0, 2.0], [4.0, 3.0], [5.0, 9.0]], expected=([0, 1, 0], [2, 1]))
exercise.case("one image", [[9.0, 8.0, 7.0]], expected=([2], [0, 0, 1]))
exercise.case(
    "nobody takes the last two", [[1.0, 5.0, 9.0, 9.0], [2.0, 1.0, 9.0, 9.0]], expected=([0, 1], [1, 1, 0, 0]), edge=True
)
exercise.case("a tie goes to the first", [[2.0, 1.0, 1.0]], expected=([1], [0, 1, 0]), edge=True)
exercise.always("70 images, 15 epitomes, costs of both signs", lambda rng: (rng.normal(size=(70, 15)),))
exercise.always(
    "costs that differ in the ninth digit", lambda rng: (1000 + 1e-5 * rng.permuted(np.tile(np.arange(15.0), (70, 1)), axis=1),)
)


def _count(y, epitomes):
    return torch.bincount(y, minlength=epitomes)


@exercise.misconception("These are the dearest epitomes: the cost is to be small (argmin).")
def dearest(costs):
    return costs.argmax(1), _count(costs.argmax(1), costs.shape[1])


@exercise.misconception("This looks for the best image of each epitome: the choice runs along the epitomes (dimension 1).")
def along_images(costs):
    return costs.argmin(0), _count(costs.argmin(0), costs.shape[1])


@exercise.misconception("Right, except that the counts stop at the last epitome in use: give bincount the number of epitomes.")
def trailing_empties_missing(costs):
    return costs.argmin(1), torch.bincount(costs.argmin(1))


@exercise.misconception("Epitomes that nobody takes are missing from the counts: they count 0.")
def empties_missing(costs):
    return costs.argmin(1), costs.argmin(1).unique(return_counts=True)[1]


@exercise.misconception("These are shares: how many images, not what part of them.")
def shares(costs):
    return costs.argmin(1), _count(costs.argmin(1), costs.shape[1]) / len(costs)


@exercise.misconception("These are the least costs themselves: which epitome has them?")
def least_costs(costs):
    return costs.min(1).values, _count(costs.argmin(1), costs.shape[1])


@exercise.steps
def in_steps(costs):
    y = costs.argmin(1)  # the cheapest epitome
    epitomes = torch.arange(costs.shape[1])  # the number of each epitome
    chosen = y.unsqueeze(1) == epitomes  # the images of each epitome
    counts = chosen.sum(0)  # the counts
    return y, counts  # the order of the pair


exercise.instead(
    "counts",
    {
        "the counts are sorted": lambda chosen: chosen.sum(0).sort(descending=True).values,
        "the counts are sorted, the smallest first": lambda chosen: chosen.sum(0).sort().values,
        "the counts are shares of the images": lambda chosen: chosen.double().mean(0),
        "the counts are those of softmax weights": lambda costs: (-costs).softmax(1).sum(0),
        "the costs are added up where the counts belong": lambda costs: costs.sum(0),
        "the costs of the chosen images are added up where the counts belong": lambda costs, chosen: (costs * chosen).sum(0),
        "the least costs are added up where the counts belong": lambda costs, chosen: (costs.min(1, True).values * chosen).sum(0),
        "the counts are all the same, images over epitomes": lambda costs: torch.full(
            (costs.shape[1],), len(costs) / costs.shape[1]
        ),
        "the best image of each epitome stands where its count belongs": lambda costs: costs.argmin(0),
        "the counts say how often an epitome is the dearest": lambda costs: torch.bincount(
            costs.argmax(1), minlength=costs.shape[1]
        ),
        "the counts are cumulated": lambda chosen: chosen.sum(0).cumsum(0),
        "the counts say only whether an epitome is used": lambda chosen: chosen.any(0),
        "the counts add up the numbers of the epitomes": lambda chosen, epitomes: chosen.sum(0) * epitomes,
        "each count is given without the images that come later": lambda chosen: chosen[:-1].sum(0),
    },
)
exercise.instead(
    "y",
    {
        "the rank of each cost stands where the number of the least belongs": lambda costs: costs.argsort(1)[:, 0].clamp(min=0),
        "one epitome is chosen for all images, by the summed costs": lambda costs: costs.sum(0).argmin().expand(len(costs)),
        "the least cost minus the mean of each epitome is looked for": lambda costs: (costs - costs.mean(0)).argmin(1),
        "the costs are rounded before the least is looked for": lambda costs: costs.round().argmin(1),
        "the costs are rounded to tens before the least is looked for": lambda costs: (costs / 10).round().argmin(1),
        "the least of all costs decides for all images": lambda costs: costs.argmin().expand(len(costs)) % costs.shape[1],
        "the second least cost decides": lambda costs: costs.argsort(1)[:, 1],
        "an image takes the last of the epitomes below the mean cost": lambda costs: (
            (costs < costs.mean(1, True)) * torch.arange(costs.shape[1])
        ).amax(1),
    },
)
