"""ps4.5: stratified_batches."""

import numpy as np
import torch

from ... import epitome
from ...reference import probe
from ..exercise import Exercise
from ._shared import integers


def dealt_out(y, order, batches):
    """Cards on a table: every epitome's images in the given order, one pile after the other, each to the next batch."""
    answer, card = np.zeros(len(y)), 0
    for e in sorted(set(y.tolist())):
        for image in order:
            if y[image] == e:
                answer[image] = card % batches
                card += 1
    return answer


def draw_epitomes_and_order(rng: np.random.Generator):
    images = int(rng.integers(12, 40))
    y = rng.choice(6, size=images, p=[0.35, 0.25, 0.0, 0.2, 0.15, 0.05])
    return y, rng.permutation(images), int(rng.integers(3, 6))


def probe_epitomes():
    y = probe("evae48-mnist").costs.argmin(1).numpy()
    return "64 images of evae48-mnist in 4 batches", (y, np.random.default_rng(0).permutation(64), 4), None


exercise = Exercise(
    "ps4.5",
    "stratified_batches",
    ["y", "order", "batches"],
    oracle=dealt_out,
    draw=draw_epitomes_and_order,
    reference=probe_epitomes,
    closed_book=[epitome.stratified_batches],
    unit="",
)
exercise.case(
    "four of one, two of another, two batches",
    integers(0, 0, 0, 0, 1, 1),
    integers(0, 1, 2, 3, 4, 5),
    2,
    expected=[0, 1, 0, 1, 0, 1],
)
exercise.case(
    "the deal goes on where it was", integers(0, 0, 0, 1, 1, 1), integers(5, 4, 3, 2, 1, 0), 2, expected=[0, 1, 0, 1, 0, 1]
)
exercise.case(
    "mixed up: by hand", integers(0, 1, 0, 0, 1, 1, 0), integers(3, 6, 0, 5, 2, 4, 1), 3, expected=[2, 0, 0, 0, 2, 1, 1]
)
exercise.case("fewer images than batches", integers(1, 0), integers(0, 1), 4, expected=[1, 0], edge=True)
exercise.case("an epitome without images", integers(0, 3, 0, 3), integers(3, 2, 1, 0), 2, expected=[1, 1, 0, 0], edge=True)
exercise.always("140 images of 14 epitomes in 11 batches", lambda rng: (rng.integers(0, 14, size=140), rng.permutation(140), 11))


def _dealt(grouped, batches):
    answer = torch.empty(len(grouped), dtype=torch.long)
    answer[grouped] = torch.arange(len(grouped)) % batches
    return answer


@exercise.misconception("The epitomes are not looked at: this deals out the plain random order.")
def not_stratified(y, order, batches):
    return _dealt(order, batches)


@exercise.misconception("Right, but in the order of the deal: say the batch of image 0, image 1, … (scatter back).")
def not_scattered_back(y, order, batches):
    return torch.arange(len(y)) % batches


@exercise.misconception("The scatter runs backwards: answer[grouped] = places, not places[grouped].")
def gathered(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    return (torch.arange(len(y)) % batches)[grouped]


@exercise.misconception("The epitomes are sorted by image number, not along the order: sort y[order], then look up in `order`.")
def sorted_before_shuffling(y, order, batches):
    return _dealt(order[y.argsort(stable=True)], batches)


@exercise.misconception("`order` is read as the place of each image: order[0] is the image that comes first.")
def order_as_places(y, order, batches):
    sequence = order.argsort()
    return _dealt(sequence[y[sequence].argsort(stable=True)], batches)


@exercise.misconception("Blocks instead of a deal: each batch gets neighbours, so most hold a single epitome.")
def blocks(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    answer = torch.empty_like(grouped)
    answer[grouped] = torch.arange(len(y)) * batches // len(y)
    return answer


@exercise.misconception("The deal starts anew at batch 0 for every epitome: the first batches grow too large. Let it go on.")
def starts_anew(y, order, batches):
    answer = torch.empty_like(order)
    for e in y.unique():
        own = order[y[order] == e]
        answer[own] = torch.arange(len(own)) % batches
    return answer


@exercise.misconception("The random order is not used: the same images would meet in every epoch.")
def never_shuffled(y, order, batches):
    return _dealt(y.argsort(stable=True), batches)


@exercise.steps
def in_steps(y, order, batches):
    shuffled = y[order]  # the random order
    groups = shuffled.argsort(stable=True)  # the grouping by epitome
    grouped = order[groups]  # the order of the deal
    numbers = torch.arange(len(y))  # the places in the deal
    dealt = numbers % batches  # the dealing
    places = grouped.argsort()  # each image's place in the deal
    return dealt[places]  # the batch of each image


def _in_groups(y, order, keys):
    """The images along the order, epitome by epitome, the epitomes sorted by their keys."""
    return order[torch.as_tensor([keys(int(e)) for e in y[order]]).argsort(stable=True)]


exercise.instead(
    "grouped",
    {
        "the epitomes come in the order of their first image, not by number": lambda y, order: _in_groups(
            y, order, y[order].tolist().index
        ),
        "the largest epitome comes first": lambda y, order: _in_groups(y, order, lambda e: (-int((y == e).sum())) * 1000 + e),
        "the smallest epitome comes first": lambda y, order: _in_groups(y, order, lambda e: int((y == e).sum()) * 1000 + e),
        "the last epitome comes first": lambda y, order: _in_groups(y, order, lambda e: -e),
        "inside an epitome the images run against the order": lambda y, order: order.flip(0)[
            y[order.flip(0)].argsort(stable=True)
        ],
        "inside an epitome the images are sorted by number": lambda y: y.argsort(stable=True),
        "one image of each epitome is taken in turn": lambda y, order: _in_turn(y, order),
    },
)


def _rank_inside(y, grouped):
    """How many images of the same epitome come before, in the order of the deal."""
    own = y[grouped]
    return (own.unsqueeze(1) == own).tril(-1).sum(1)


def _in_turn(y, order):
    grouped = order[y[order].argsort(stable=True)]
    return grouped[_rank_inside(y, grouped).argsort(stable=True)]


exercise.instead(
    "dealt",
    {
        "the deal starts anew for every epitome": lambda y, grouped, batches: _rank_inside(y, grouped) % batches,
        "each epitome's deal starts at the batch of its number": lambda y, grouped, batches: (
            (_rank_inside(y, grouped) + y[grouped]) % batches
        ),
        "what remains over goes to batch 0": lambda numbers, batches: torch.where(
            numbers < len(numbers) // batches * batches, numbers % batches, 0
        ),
        "what remains over goes to the last batch": lambda numbers, batches: torch.where(
            numbers < len(numbers) // batches * batches, numbers % batches, batches - 1
        ),
        "each epitome goes to one batch": lambda y, grouped, batches: y[grouped] % batches,
        "the deal starts at batch 1": lambda numbers, batches: (numbers + 1) % batches,
    },
)
exercise.instead(
    "return",
    {
        "the answer is in the order of the deal, not by image": lambda dealt: dealt,
        "the images of each batch are listed, one batch after the other": lambda grouped, batches: torch.cat(
            [grouped[i::batches] for i in range(batches)]
        ),
        "the scatter runs backwards": lambda dealt, grouped: dealt[grouped],
        "the order of the deal is returned": lambda grouped: grouped,
        "the place in the deal is returned, not the batch": lambda places: places,
    },
)
