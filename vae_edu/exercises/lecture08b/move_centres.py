"""08b.b: move_centres."""

import numpy as np
import torch

from ...reference import probe
from ..exercise import Exercise


def image_by_image(x, centres):
    """Every image is put into the pile of its nearest centre; every pile is averaged."""
    piles = [[] for _ in centres]
    for image in x:
        nearest = 0
        for k, centre in enumerate(centres):
            if np.sum((image - centre) ** 2) < np.sum((image - centres[nearest]) ** 2):
                nearest = k
        piles[nearest].append(image)
    return np.array([np.mean(pile, 0) if pile else centre for pile, centre in zip(piles, centres)])


def draw_piles(rng: np.random.Generator):
    """3 to 9 images of 2 to 5 pixels, and 2 to 5 centres."""
    images, pixels, centres = rng.integers(3, 10), rng.integers(2, 6), rng.integers(2, 6)
    return rng.normal(size=(images, pixels)), rng.normal(size=(centres, pixels))


def two_without_images(rng: np.random.Generator):
    """90 images of 3 pixels, 12 centres; the third and the last are far from every image."""
    centres = rng.normal(size=(12, 3))
    centres[[2, -1]] += 40
    return rng.normal(size=(90, 3)), centres


def probe_piles():
    x = probe("vae2d-mnist").x.numpy()
    return "64 images of vae2d-mnist, the first five as centres", (x, x[:5].copy()), None


exercise = Exercise(
    "08b.b",
    "move_centres",
    ["x", "centres"],
    oracle=image_by_image,
    draw=draw_piles,
    reference=probe_piles,
    unit="",
    item="centre",
)
exercise.case("one centre: the mean image", [[0.0, 0.0], [2.0, 4.0]], [[9.0, 9.0]], expected=[[1.0, 2.0]])
exercise.case("one image for each centre", [[0.0], [10.0]], [[1.0], [8.0]], expected=[[0.0], [10.0]])
exercise.case("centres in any order", [[0.0], [2.0], [10.0]], [[7.0], [1.0]], expected=[[10.0], [1.0]])
exercise.case("two pixels, two piles of two", [[0.0, 0.0], [0.0, 2.0], [5.0, 5.0], [7.0, 5.0]], [[1.0, 0.0], [5.0, 4.0]],
    expected=[[0.0, 1.0], [6.0, 5.0]])  # fmt: skip
exercise.case("a centre without images stays", [[1.0], [5.0]], [[2.0], [50.0]], expected=[[3.0], [50.0]])
exercise.case(
    "squares decide: 2² + 2² is less than 3²", [[0.0, 0.0]], [[3.0, 0.0], [2.0, 2.0]], expected=[[3.0, 0.0], [0.0, 0.0]]
)
exercise.case("an image halfway goes to the first centre", [[0.0], [4.0]], [[-1.0], [1.0]], expected=[[0.0], [4.0]], edge=True)
exercise.case("two equal centres: the second gets nothing", [[1.0], [3.0]], [[0.0], [0.0]], expected=[[2.0], [0.0]], edge=True)
exercise.always("90 images, 12 centres, two of them without images", two_without_images)


def _distances(x, centres):
    """Squared, (images, K)."""
    return ((x.unsqueeze(1) - centres) ** 2).sum(2)


def _chosen(choice, centres):
    """(images, K): 1 where the image is of the centre."""
    return (choice.unsqueeze(1) == torch.arange(len(centres))).to(centres)


def _nearest(x, centres):
    return _chosen(_distances(x, centres).argmin(1), centres)


def _moved(x, centres, chosen, empty=None):
    """The means of the chosen images; centres without images stay, or become what `empty` holds."""
    counts = chosen.sum(0).unsqueeze(1)
    return torch.where(counts > 0, chosen.T @ x / counts.clamp(min=1e-300), centres if empty is None else empty)


@exercise.misconception("A centre without images has the mean 0/0 here, which is no number: such a centre stays where it was.")
def empty_is_no_number(x, centres):
    return _moved(x, centres, _nearest(x, centres), centres * float("nan"))


@exercise.misconception("A centre without images is moved to 0: it stays where it was.")
def empty_goes_to_zero(x, centres):
    return _moved(x, centres, _nearest(x, centres), 0 * centres)


@exercise.misconception("A centre without images is moved to the mean of all images: it stays where it was.")
def empty_goes_to_the_mean(x, centres):
    return _moved(x, centres, _nearest(x, centres), x.mean(0).expand_as(centres))


@exercise.misconception(
    "Centres without images are left out, so that fewer come back: they stay, at their old place in the list."
)
def empty_left_out(x, centres):
    chosen = _nearest(x, centres)
    return _moved(x, centres, chosen)[chosen.sum(0) > 0]


@exercise.misconception("The images of a centre are added up: divide by how many they are.")
def sums(x, centres):
    chosen = _nearest(x, centres)
    return torch.where(chosen.sum(0).unsqueeze(1) > 0, chosen.T @ x, centres)


@exercise.misconception("Divided by the number of all images: a centre's mean counts its own images only.")
def divided_by_all(x, centres):
    chosen = _nearest(x, centres)
    return torch.where(chosen.sum(0).unsqueeze(1) > 0, chosen.T @ x / len(x), centres)


@exercise.misconception("Every image goes to the *farthest* centre: the nearest has the smallest distance.")
def farthest(x, centres):
    return _moved(x, centres, _chosen(_distances(x, centres).argmax(1), centres))


@exercise.misconception("Every image is shared out among all centres, by a softmax: in k-means it goes whole to the nearest.")
def shared_out(x, centres):
    shares = (-_distances(x, centres)).softmax(1)
    return shares.T @ x / shares.sum(0).unsqueeze(1)


@exercise.misconception(
    "Every image is shared out among all centres, by a softmax of −½ d²: in k-means it goes whole to the nearest."
)
def shared_out_by_halves(x, centres):
    shares = (-0.5 * _distances(x, centres)).softmax(1)
    return shares.T @ x / shares.sum(0).unsqueeze(1)


@exercise.misconception(
    "Each centre moves onto its nearest image here: each image looks for its nearest centre (argmin over the other dimension)."
)
def nearest_image(x, centres):
    return x[_distances(x, centres).argmin(0)]


@exercise.misconception("All centres move to the mean of all images: each takes the mean of its own images.")
def overall_mean(x, centres):
    return x.mean(0).expand_as(centres)


@exercise.misconception("The centres move halfway to the mean of their images: they move all the way.")
def halfway(x, centres):
    return (centres + _moved(x, centres, _nearest(x, centres))) / 2


@exercise.misconception("The old centre is counted as one more image: the mean is that of the images alone.")
def centre_counted(x, centres):
    chosen = _nearest(x, centres)
    return (chosen.T @ x + centres) / (chosen.sum(0).unsqueeze(1) + 1)


@exercise.misconception(
    "The images go to the centre of the largest dot product, which favours bright centres: go by the distance."
)
def by_dot_product(x, centres):
    return _moved(x, centres, _chosen((x @ centres.T).argmax(1), centres))


@exercise.misconception("The distance is a sum of absolute differences: it is a sum of squared ones.")
def absolute_distance(x, centres):
    return _moved(x, centres, _chosen(torch.cdist(x, centres, p=1).argmin(1), centres))


@exercise.misconception("The median of each pile is taken (between the middle two): k-means takes the mean.")
def medians(x, centres):
    choice = _distances(x, centres).argmin(1)
    piles = [x[choice == k] for k in range(len(centres))]
    return torch.stack([pile.quantile(0.5, 0) if len(pile) else centre for pile, centre in zip(piles, centres)])


@exercise.misconception("The lower middle image of each pile is taken, by `median`: k-means takes the mean.")
def lower_medians(x, centres):
    choice = _distances(x, centres).argmin(1)
    piles = [x[choice == k] for k in range(len(centres))]
    return torch.stack([pile.median(0).values if len(pile) else centre for pile, centre in zip(piles, centres)])


@exercise.misconception("An image that is equally near to two centres goes to the last of them: it goes to the first.")
def ties_to_the_last(x, centres):
    choice = len(centres) - 1 - _distances(x, centres).flip(1).argmin(1)
    return _moved(x, centres, _chosen(choice, centres))


@exercise.misconception("An image that is equally near to two centres counts for both of them: it goes to the first.")
def ties_to_both(x, centres):
    distances = _distances(x, centres)
    return _moved(x, centres, (distances == distances.amin(1, keepdim=True)).to(x))


@exercise.misconception("The step is repeated until nothing moves any more: one step is asked for.")
def to_the_end(x, centres):
    for _ in range(100):
        centres = _moved(x, centres, _nearest(x, centres))
    return centres


@exercise.misconception(
    "A centre moves as soon as an image comes, before the next one is looked at: all images go by the old centres."
)
def one_after_the_other(x, centres):
    new, counts = centres.clone(), torch.zeros(len(centres))
    for image in x:
        k = ((new - image) ** 2).sum(1).argmin()
        counts[k] += 1
        new[k] = new[k] + (image - new[k]) / counts[k]
    return new


def _of_piles(x, nearest, centres, what):
    """What is computed of each pile, 0 where there are no images."""
    piles = [x[nearest == k] for k in range(len(centres))]
    return torch.stack([what(pile, centre) if len(pile) else 0 * centre for pile, centre in zip(piles, centres)])


@exercise.steps
def in_steps(x, centres):
    squares = (x.unsqueeze(1) - centres) ** 2  # each squared difference
    distances = squares.sum(2)  # the squared distance
    nearest = distances.argmin(1)  # the nearest centre of each image
    numbers = torch.arange(len(centres))  # the number of each centre
    chosen = (nearest.unsqueeze(1) == numbers).to(x)  # the images of each centre
    counts = chosen.sum(0).unsqueeze(1)  # how many images each centre has
    sums = chosen.T @ x  # the sum of each centre's images
    means = sums / counts.clamp(min=1)  # the mean image of each centre
    empty = (counts == 0).to(x)  # which centres have no images
    return means + empty * centres  # the moved centres


exercise.instead(
    "nearest",
    {
        "one centre is chosen for all images, by the summed distances": lambda distances: (
            distances.sum(0).argmin().expand(len(distances))
        ),
        "the images are dealt out to the centres in turn": lambda x, centres: torch.arange(len(x)) % len(centres),
        "the images go to the centre of the most similar direction (the cosine), not to the nearest": lambda x, centres: (
            torch.cosine_similarity(x.unsqueeze(1), centres, dim=2).argmax(1)
        ),
        "the second nearest centre is taken": lambda distances: distances.argsort(1)[:, min(1, distances.shape[1] - 1)],
    },
)
exercise.instead(
    "means",
    {
        "the first image of each pile stands where their mean belongs": lambda x, nearest, centres: _of_piles(
            x, nearest, centres, lambda pile, centre: pile[0]
        ),
        "the last image of each pile stands where their mean belongs": lambda x, nearest, centres: _of_piles(
            x, nearest, centres, lambda pile, centre: pile[-1]
        ),
        "the nearest image of each pile stands where their mean belongs": lambda x, nearest, centres: _of_piles(
            x, nearest, centres, lambda pile, centre: pile[((pile - centre) ** 2).sum(1).argmin()]
        ),
        "the middle between the least and the largest value stands where the mean belongs": lambda x, nearest, centres: _of_piles(
            x, nearest, centres, lambda pile, centre: (pile.amin(0) + pile.amax(0)) / 2
        ),
        "the sums are divided by one image less": lambda sums, counts: sums / (counts - 1).clamp(min=1),
    },
)
exercise.instead(
    "return",
    {
        "a centre without images is moved onto the first image": lambda means, empty, x: means + empty * x[0],
        "a centre without images is moved onto the image farthest from its centre": lambda means, empty, x, distances: (
            means + empty * x[distances.amin(1).argmax()]
        ),
        "the centres move a tenth of the way": lambda means, empty, centres: centres + 0.1 * (means + empty * centres - centres),
        "the number of the nearest centre of each image is returned, not the centres": lambda nearest: nearest,
        "the centres are returned as they were": lambda centres: centres,
        "the way that each centre moves is returned, not where it ends": lambda means, empty, centres: (
            means + empty * centres - centres
        ),
        "the new centre of each image is returned, image by image": lambda means, nearest: means[nearest],
        "the nearest centre of each image is returned, image by image": lambda centres, nearest: centres[nearest],
        "how many images each centre has is returned": lambda counts: counts.squeeze(1),
        "the pixels of the means are averaged": lambda means, empty, centres: (means + empty * centres).mean(1),
    },
)
