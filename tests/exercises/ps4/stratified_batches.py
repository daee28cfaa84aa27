"""Answers to ps4.5 stratified_batches as students write them."""

import collections
import itertools

import numpy as np
import torch

from tests.exercises.answers import Answers

answers = Answers()


def deal_piles(y, order, batches):
    piles = collections.defaultdict(list)
    for image in order.tolist():
        piles[int(y[image])].append(image)
    answer, deck = [0] * len(y), itertools.chain.from_iterable(piles[e] for e in sorted(piles))
    for image, batch in zip(deck, itertools.cycle(range(batches))):
        answer[image] = batch
    return answer


def deal_lexsort(y, order, batches):
    place = np.empty(len(order), dtype=int)
    place[order.numpy()] = np.arange(len(order))
    deck = np.lexsort((place, y.numpy()))
    answer = np.zeros(len(y), dtype=np.int64)
    answer[deck] = np.arange(len(y)) % batches
    return answer


def deal_keys(y, order, batches):
    """One sort by a combined key, no stable sort needed."""
    place = order.argsort()
    rank = (y * len(y) + place).argsort().argsort()
    return torch.remainder(rank, batches).float()


def deal_counting(y, order, batches):
    place = torch.argsort(order)
    before = (y[None] < y[:, None]) | ((y[None] == y[:, None]) & (place[None] < place[:, None]))
    return before.sum(1) % batches


answers.right("piles of python lists", deal_piles)
answers.right("numpy lexsort", deal_lexsort)
answers.right("one combined key, floats", deal_keys)
answers.right("counting who comes before", deal_counting)
answers.right(
    "cat of masks, then scatter",
    lambda y, order, batches: torch.zeros(len(y), dtype=torch.long).scatter(
        0, torch.cat([order[y[order] == e] for e in range(int(y.max()) + 1)]), torch.arange(len(y)).fmod(batches)
    ),
)
answers.right(
    "round robin slices",
    lambda y, order, batches: (
        lambda deck: torch.tensor([b for i in range(len(y)) for b in range(batches) if i in deck[b::batches]])
    )([i for _, i in sorted(((int(y[i]), p), int(i)) for p, i in enumerate(order))]),
)
gr = lambda y, order: order[y[order].argsort(stable=True)]


def deal(deck, places):
    answer = torch.empty_like(deck)
    answer[deck] = places.to(deck.dtype)
    return answer


answers.wrong(
    "snake deal",
    "back|again|batch 0|snake",
    lambda y, o, b: deal(
        gr(y, o), torch.where((torch.arange(len(y)) // b) % 2 == 0, torch.arange(len(y)) % b, b - 1 - torch.arange(len(y)) % b)
    ),
)
answers.wrong("batches counted from 1", "0|one|off by", lambda y, o, b: deal(gr(y, o), torch.arange(len(y)) % b + 1))
answers.wrong("deal starts at batch 1", "batch 0|first|start", lambda y, o, b: deal(gr(y, o), (torch.arange(len(y)) + 1) % b))
answers.wrong(
    "epitomes from last to first",
    "epitome 0|order|first",
    lambda y, o, b: deal(o[(-y[o]).argsort(stable=True)], torch.arange(len(y)) % b),
)
answers.wrong(
    "order inside an epitome reversed", "stable|order|disturb", lambda y, o, b: deal(gr(y, o.flip(0)), torch.arange(len(y)) % b)
)
answers.wrong(
    "epitomes in order of appearance",
    "epitome 0|order|first",
    lambda y, o, b: deal(torch.cat([o[y[o] == e] for e in dict.fromkeys(y[o].tolist())]), torch.arange(len(y)) % b),
)
answers.wrong(
    "epitomes by size, largest first",
    "epitome 0|order|first",
    lambda y, o, b: deal(
        torch.cat([o[y[o] == e] for e in y.bincount().argsort(descending=True, stable=True)]), torch.arange(len(y)) % b
    ),
)
answers.wrong("batches - 1", "batches|number", lambda y, o, b: deal(gr(y, o), torch.arange(len(y)) % max(b - 1, 1)))
answers.wrong("batches read as batch size", "batches|number|size", lambda y, o, b: deal(gr(y, o), torch.arange(len(y)) // b))
answers.wrong("four batches always", "batches|number", lambda y, o, b: deal(gr(y, o), torch.arange(len(y)) % 4))
answers.wrong(
    "new shuffle", "draw none|random|order", lambda y, o, b: deal(gr(y, torch.randperm(len(y))), torch.arange(len(y)) % b)
)
answers.wrong("epitome modulo batches", "deal|epitome|batch", lambda y, o, b: y % b)
answers.wrong("order modulo batches", "epitome|stratif|order", lambda y, o, b: o % b)
answers.wrong("random batches", "draw none|random|deal", lambda y, o, b: torch.randint(b, (len(y),)))
answers.wrong("batches listed, image by image", "image|shape|list", lambda y, o, b: torch.cat([gr(y, o)[i::b] for i in range(b)]))
answers.wrong("deck positions, not batches", "batch|modul|%", lambda y, o, b: deal(gr(y, o), torch.arange(len(y))))
answers.wrong("the deck itself", "scatter|batch|image", lambda y, o, b: gr(y, o))
answers.wrong(
    "restart where the epitome's number says",
    "deal|goes on|anew",
    lambda y, o, b: deal(gr(y, o), torch.cat([(torch.arange(int((y == e).sum())) + e) % b for e in range(int(y.max()) + 1)])),
)
answers.wrong(
    "remainders dropped to batch 0",
    "remainder|last|batch 0",
    lambda y, o, b: deal(gr(y, o), torch.where(torch.arange(len(y)) < len(y) // b * b, torch.arange(len(y)) % b, 0)),
)
answers.wrong(
    "skips an epitome's turn when empty",
    "empty|deal|goes on",
    lambda y, o, b: deal(
        gr(y, o),
        torch.cat(
            [
                (torch.arange(int((y == e).sum())) + int((y < e).sum()) + int(sum((y == k).sum() == 0 for k in range(e)))) % b
                for e in range(int(y.max()) + 1)
            ]
        ),
    ),
    fair=0.9,
)
answers.wrong(
    "only six epitomes",
    "epitome",
    lambda y, o, b: deal(torch.cat([o[y[o] == e] for e in range(6)] + [o[y[o] >= 6]]), torch.arange(len(y)) % b),
)
answers.wrong(
    "y overwritten", "in place", lambda y, o, b: (a := deal(gr(y, o), torch.arange(len(y)) % b), y.copy_(a))[0], fair=0.5
)


def stratified_batches_scatter(y, order, batches):
    grouped = order[torch.argsort(y[order], stable=True)]
    return torch.empty_like(order).scatter_(0, grouped, torch.arange(len(y)) % batches)


answers.right("scatter", stratified_batches_scatter)


def stratified_batches_inverse(y, order, batches):
    grouped = order[torch.sort(y[order], stable=True).indices]
    return grouped.argsort() % batches


answers.right("inverse", stratified_batches_inverse)


def stratified_batches_lists(y, order, batches):
    deck = sorted(order.tolist(), key=lambda image: int(y[image]))
    return torch.tensor([deck.index(image) % batches for image in range(len(y))])


answers.right("lists", stratified_batches_lists)
