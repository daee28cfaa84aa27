"""Answers to 08b.b move_centres as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def loop(x, centres):
    new = centres.clone()
    choice = ((x[:, None] - centres[None]) ** 2).sum(-1).argmin(1)
    for k in range(len(centres)):
        if (choice == k).any():
            new[k] = x[choice == k].mean(0)
    return new


def one_hot(x, centres):
    distances = (x**2).sum(1, keepdim=True) - 2 * x @ centres.T + (centres**2).sum(1)
    hot = F.one_hot(distances.argmin(1), len(centres)).to(x.dtype)
    count = hot.sum(0)[:, None]
    return torch.where(count == 0, centres, torch.einsum("nk,np->kp", hot, x) / count.clamp(min=1))


def index_add(x, centres):
    choice = torch.linalg.vector_norm(x[:, None] - centres, dim=2).min(1).indices
    total = torch.zeros_like(centres).index_add_(0, choice, x)
    count = torch.bincount(choice, minlength=len(centres)).to(x)
    moved = total / count[:, None]
    return torch.where(moved.isnan(), centres, moved)


def in_lists(x, centres):
    piles = [[] for _ in centres]
    for image in x:
        errors = [((image - c) ** 2).sum().item() for c in centres]
        piles[errors.index(min(errors))].append(image)
    return [torch.stack(pile).mean(0) if pile else c for pile, c in zip(piles, centres)]


def with_choice(x, centres, choice=None, mean=None, empty=None):
    """choice(distances): each image's centre; mean(pile): of its images; empty(centre, x): where a centre without images goes."""
    distances = ((x[:, None] - centres) ** 2).sum(2)
    choice = distances.argmin(1) if choice is None else choice(distances, x, centres)
    new = []
    for k, centre in enumerate(centres):
        pile = x[choice == k]
        if len(pile):
            new.append(pile.mean(0) if mean is None else mean(pile, centre, x))
        else:
            new.append(centre if empty is None else empty(centre, x))
    return torch.stack(new)


def only_used(x, centres):
    choice = torch.cdist(x, centres).argmin(1)
    return torch.stack([x[choice == k].mean(0) for k in choice.unique()])


def in_place(x, centres):
    choice = torch.cdist(x, centres).argmin(1)
    for k in choice.unique():
        centres[k] = x[choice == k].mean(0)
    return centres


def one_after_the_other(x, centres):
    """Each image moves its centre at once, before the next one is looked at."""
    new = centres.clone()
    for image in x:
        k = ((new - image) ** 2).sum(1).argmin()
        new[k] = (new[k] + image) / 2
    return new


def running_mean(x, centres):
    new, count = centres.clone(), [0] * len(centres)
    for image in x:
        k = int(((new - image) ** 2).sum(1).argmin())
        count[k] += 1
        new[k] += (image - new[k]) / count[k]
    return new


def until_it_stands(x, centres):
    for _ in range(100):
        centres = loop(x, centres)
    return centres


answers.right("loop", loop)
answers.right("one-hot and the expanded square", one_hot)
answers.right("index_add", index_add)
answers.right("lists", in_lists)
answers.right("float32", lambda x, centres: loop(x.float(), centres.float()))
for name, cause, change in (
    ("nan for the empty ones", "without images|0/0", {"empty": lambda c, x: c * float("nan")}),
    ("zero for the empty ones", "without images", {"empty": lambda c, x: 0 * c}),
    ("empty ones go to the mean image", "without images", {"empty": lambda c, x: x.mean(0)}),
    ("empty ones go to the first image", "without images|zero|empty", {"empty": lambda c, x: x[0]}),
    ("sums", "added up|divide", {"mean": lambda pile, c, x: pile.sum(0)}),
    ("sums over all images", "all images", {"mean": lambda pile, c, x: pile.sum(0) / len(x)}),
    ("medians", "median|middle", {"mean": lambda pile, c, x: pile.median(0).values}),
    ("half of the way", "half", {"mean": lambda pile, c, x: (c + pile.mean(0)) / 2}),
    ("a tenth of the way", "0.1|way|mean", {"mean": lambda pile, c, x: c + 0.1 * (pile.mean(0) - c)}),
    ("the first image of the pile", "mean|image", {"mean": lambda pile, c, x: pile[0]}),
    ("the nearest image of the pile", "mean|image", {"mean": lambda pile, c, x: pile[((pile - c) ** 2).sum(1).argmin()]}),
    ("the middle of the least and the largest", "mean|image", {"mean": lambda p, c, x: (p.amin(0) + p.amax(0)) / 2}),
    ("divided by one image less", "1|image|mean", {"mean": lambda pile, c, x: pile.sum(0) / max(len(pile) - 1, 1)}),
    ("farthest", "farthest", {"choice": lambda d, x, c: d.argmax(1)}),
    ("dot product", "dot product", {"choice": lambda d, x, c: (x @ c.T).argmax(1)}),
    ("cosine", "distance|nearest", {"choice": lambda d, x, c: F.cosine_similarity(x[:, None], c[None], dim=2).argmax(1)}),
    ("absolute differences", "absolute", {"choice": lambda d, x, c: (x[:, None] - c).abs().sum(2).argmin(1)}),
    ("largest difference of one pixel", "distance|sum|largest", {
        "choice": lambda d, x, c: (x[:, None] - c).abs().amax(2).argmin(1)}),
    ("difference of the sums", "square|distance|sum", {"choice": lambda d, x, c: ((x[:, None] - c).sum(2) ** 2).argmin(1)}),
    ("signed difference", "square|distance", {"choice": lambda d, x, c: (x[:, None] - c).sum(2).argmin(1)}),
    ("mean pixel over the batch", "one centre|all images", {"choice": lambda d, x, c: d.sum(0).argmin().expand(len(x))}),
):  # fmt: skip
    answers.wrong(name, cause, lambda x, centres, change=change: with_choice(x, centres, **change))
answers.wrong("soft", "softmax|shared", lambda x, centres: (
    (w := (-((x[:, None] - centres) ** 2).sum(2)).softmax(1)).T @ x / w.sum(0)[:, None]))  # fmt: skip
answers.wrong("nearest image", "image", lambda x, centres: x[torch.cdist(x, centres).argmin(0)])
answers.wrong("all to the mean", "mean of all", lambda x, centres: x.mean(0).repeat(len(centres), 1))
answers.wrong("choice alone", "number|shape", lambda x, centres: torch.cdist(x, centres).argmin(1))
answers.wrong("the way", "way|minus|centre", lambda x, centres: loop(x, centres) - centres)
answers.wrong("unchanged", "as they were|centre", lambda x, centres: centres.clone())
answers.wrong("only those in use", "fewer|left out", only_used)
answers.wrong("centre counts", "one more image", lambda x, centres: with_choice(
    x, centres, mean=lambda pile, c, x: torch.cat([pile, c[None]]).mean(0)))  # fmt: skip
answers.wrong("in place", "in place", in_place)
answers.wrong("one after the other", "image|right|first", one_after_the_other)
answers.wrong("until nothing moves", "image|right|first|step", until_it_stands)
answers.wrong("ties to the last", "last|tie|equally", lambda x, centres: with_choice(
    x, centres, choice=lambda d, x, c: len(c) - 1 - d.flip(1).argmin(1)), fair=0.9)  # fmt: skip
answers.wrong("running means", "as soon as|old centres", running_mean)
answers.wrong("small number against 0/0", "without images", lambda x, centres: (
    (h := F.one_hot(torch.cdist(x, centres).argmin(1), len(centres)).double()).T @ x / (h.sum(0)[:, None] + 1e-8)))  # fmt: skip
answers.wrong("root mean square", "image|mean|right", lambda x, centres: with_choice(
    x, centres, mean=lambda pile, c, x: (pile**2).mean(0).sqrt()))  # fmt: skip
