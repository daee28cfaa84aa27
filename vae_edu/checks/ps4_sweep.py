"""ps4.4 to 4.6: what a sweep over the data needs: assignment, stratified batches, and the activity it leaves behind."""

import numpy as np
import torch

from .. import epitome, evaluation, reference
from ..reference import probe
from .exercise import Exercise
from .ps4 import masks_by_counting

assign = Exercise(
    "ps4.4",
    "assign",
    ["costs"],
    oracle=lambda costs: (
        np.argmin(costs, 1),
        np.array([sum(np.argmin(row) == e for row in costs) for e in range(costs.shape[1])]),
    ),
    draw=lambda rng: (rng.normal(100, 20, size=(rng.integers(2, 12), rng.integers(2, 6))),),
    reference=lambda: ("64 images × 12 epitomes of evae48-mnist", (probe("evae48-mnist").costs.numpy(),), None),
    closed_book=[epitome.assign, epitome.usage],
    unit="",
)
assign.case("by hand: three images, two epitomes", [[1.0, 2.0], [4.0, 3.0], [5.0, 9.0]], expected=([0, 1, 0], [2, 1]))
assign.case("one image", [[9.0, 8.0, 7.0]], expected=([2], [0, 0, 1]))
assign.case("nobody takes the last two", [[1.0, 5.0, 9.0, 9.0], [2.0, 1.0, 9.0, 9.0]], expected=([0, 1], [1, 1, 0, 0]), edge=True)
assign.case("a tie goes to the first", [[2.0, 1.0, 1.0]], expected=([1], [0, 1, 0]), edge=True)


def _count(y, epitomes):
    return torch.bincount(y, minlength=epitomes)


@assign.misconception("These are the dearest epitomes: the cost is to be small (argmin).")
def dearest(costs):
    return costs.argmax(1), _count(costs.argmax(1), costs.shape[1])


@assign.misconception("This looks for the best image of each epitome: the choice runs along the epitomes (dimension 1).")
def along_images(costs):
    return costs.argmin(0), _count(costs.argmin(0), costs.shape[1])


@assign.misconception("Right, except that the counts stop at the last epitome in use: give bincount the number of epitomes.")
def trailing_empties_missing(costs):
    return costs.argmin(1), torch.bincount(costs.argmin(1))


@assign.misconception("Epitomes that nobody takes are missing from the counts: they count 0.")
def empties_missing(costs):
    return costs.argmin(1), costs.argmin(1).unique(return_counts=True)[1]


@assign.misconception("These are shares: how many images, not what part of them.")
def shares(costs):
    return costs.argmin(1), _count(costs.argmin(1), costs.shape[1]) / len(costs)


@assign.misconception("These are the least costs themselves: which epitome has them?")
def least_costs(costs):
    return costs.min(1).values, _count(costs.argmin(1), costs.shape[1])


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


stratified_batches = Exercise(
    "ps4.5",
    "stratified_batches",
    ["y", "order", "batches"],
    oracle=dealt_out,
    draw=draw_epitomes_and_order,
    reference=probe_epitomes,
    closed_book=[epitome.stratified_batches],
    unit="",
)
_y = lambda *values: np.array(values)
stratified_batches.case(
    "four of one, two of another, two batches", _y(0, 0, 0, 0, 1, 1), _y(0, 1, 2, 3, 4, 5), 2, expected=[0, 1, 0, 1, 0, 1]
)
stratified_batches.case(
    "the deal goes on where it was", _y(0, 0, 0, 1, 1, 1), _y(5, 4, 3, 2, 1, 0), 2, expected=[0, 1, 0, 1, 0, 1]
)
stratified_batches.case("mixed up: by hand", _y(0, 1, 0, 0, 1, 1, 0), _y(3, 6, 0, 5, 2, 4, 1), 3, expected=[2, 0, 0, 0, 2, 1, 1])
stratified_batches.case("fewer images than batches", _y(1, 0), _y(0, 1), 4, expected=[1, 0], edge=True)
stratified_batches.case("an epitome without images", _y(0, 3, 0, 3), _y(3, 2, 1, 0), 2, expected=[1, 1, 0, 0], edge=True)


def _dealt(grouped, batches):
    answer = torch.empty(len(grouped), dtype=torch.long)
    answer[grouped] = torch.arange(len(grouped)) % batches
    return answer


@stratified_batches.misconception("The epitomes are not looked at: this deals out the plain random order.")
def not_stratified(y, order, batches):
    return _dealt(order, batches)


@stratified_batches.misconception("Right, but in the order of the deal: say the batch of image 0, image 1, … (scatter back).")
def not_scattered_back(y, order, batches):
    return torch.arange(len(y)) % batches


@stratified_batches.misconception("The scatter runs backwards: answer[grouped] = places, not places[grouped].")
def gathered(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    return (torch.arange(len(y)) % batches)[grouped]


@stratified_batches.misconception(
    "The epitomes are sorted by image number, not along the order: sort y[order], then look up in `order`."
)
def sorted_before_shuffling(y, order, batches):
    return _dealt(order[y.argsort(stable=True)], batches)


@stratified_batches.misconception("`order` is read as the place of each image: order[0] is the image that comes first.")
def order_as_places(y, order, batches):
    sequence = order.argsort()
    return _dealt(sequence[y[sequence].argsort(stable=True)], batches)


@stratified_batches.misconception("Blocks instead of a deal: each batch gets neighbours, so most hold a single epitome.")
def blocks(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    answer = torch.empty_like(grouped)
    answer[grouped] = torch.arange(len(y)) * batches // len(y)
    return answer


@stratified_batches.misconception(
    "The deal starts anew at batch 0 for every epitome: the first batches grow too large. Let it go on."
)
def starts_anew(y, order, batches):
    answer = torch.empty_like(order)
    for e in y.unique():
        own = order[y[order] == e]
        answer[own] = torch.arange(len(own)) % batches
    return answer


@stratified_batches.misconception("The random order is not used: the same images would meet in every epoch.")
def never_shuffled(y, order, batches):
    return _dealt(y.argsort(stable=True), batches)


def activity_one_by_one(mu, y, masks):
    means = np.array([masks[e] * row for e, row in zip(y, mu)])
    return np.array([np.var(column, ddof=1) for column in means.T])


def draw_means(rng: np.random.Generator):
    images, masks = int(rng.integers(8, 20)), masks_by_counting(6, 2, 2)
    return rng.normal(size=(images, 6)) + rng.normal(size=6), rng.integers(0, 3, size=images), masks


def probe_means():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    arguments = (model.encode(a.x)[0].numpy(), a.costs.argmin(1).numpy(), model.masks.numpy())
    return "48 latents of evae48-mnist on its 64 images", arguments, (a.mu.var(0).numpy(),)


epitome_activity = Exercise(
    "ps4.6",
    "epitome_activity",
    ["mu", "y", "masks"],
    oracle=activity_one_by_one,
    draw=draw_means,
    reference=probe_means,
    closed_book=[evaluation.unit_activity],
    unit="",
    item="latent",
)
epitome_activity.case(
    "by hand: a mean that is masked for half the images",
    [[2.0, 7.0], [5.0, 0.0]],
    _y(0, 1),
    [[1.0, 0.0], [0.0, 1.0]],
    expected=[2.0, 0.0],
)
epitome_activity.case("a full mask: the activity of a VAE", [[1.0], [3.0], [5.0]], _y(0, 0, 0), [[1.0]], expected=[4.0])
epitome_activity.case("constant in use, yet active: used by half", [[3.0], [3.0]], _y(0, 1), [[1.0], [0.0]], expected=[4.5])
epitome_activity.case(
    "an epitome that nobody uses", [[1.0, 5.0], [3.0, -5.0]], _y(0, 0), [[1.0, 0.0], [0.0, 1.0]], expected=[2.0, 0.0], edge=True
)


@epitome_activity.misconception(
    "The mask is not used: for an image outside the epitome the posterior mean is 0, whatever the encoder says."
)
def unmasked_activity(mu, y, masks):
    return mu.var(0)


@epitome_activity.misconception(
    "Only the images that use a unit are counted: the others say 0, and that is part of its variance."
)
def among_users(mu, y, masks):
    return torch.stack([column[used > 0].var() for column, used in zip(mu.T, masks[y].T)])


@epitome_activity.misconception("The variance runs over the latents: take it over the images (dimension 0).")
def over_latents(mu, y, masks):
    return (masks[y] * mu).var(1)


@epitome_activity.misconception("This is the standard deviation: square it.")
def deviation(mu, y, masks):
    return (masks[y] * mu).std(0)


@epitome_activity.misconception("This is the mean square: subtract the squared mean (a constant tells nothing about the image).")
def mean_of_squares(mu, y, masks):
    return ((masks[y] * mu) ** 2).mean(0)


@epitome_activity.misconception("Only n is divided by: the course divides by n − 1, as torch.var does.")
def divided_by_n(mu, y, masks):
    return (masks[y] * mu).var(0, correction=0)
