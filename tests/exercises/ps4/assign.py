"""Answers to ps4.4 assign as students write them."""

import collections

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


Assigned = collections.namedtuple("Assigned", "y counts")


def assign_lists(costs):
    y, counts = [], [0] * costs.shape[1]
    for row in costs:
        best = 0
        for e, c in enumerate(row):
            if c < row[best]:
                best = e
        y.append(best)
        counts[best] += 1
    return y, counts


def assign_scatter(costs):
    least = costs.min(dim=1, keepdim=True).values
    first = (costs == least).int().argmax(1)
    counts = torch.zeros(costs.shape[1], dtype=torch.long)
    counts.scatter_add_(0, first, torch.ones_like(first))
    return first, counts


def assign_sorted(costs):
    y = torch.sort(costs, dim=1, stable=True).indices[:, 0]
    return [y, (y.unsqueeze(1) == torch.arange(costs.size(1))).sum(0)]


answers.right("lists by hand", assign_lists)
answers.right("scatter_add", assign_scatter)
answers.right("stable sort, comparison", assign_sorted)
answers.right(
    "numpy",
    lambda costs: (np.argmin(costs.numpy(), axis=1), np.bincount(np.argmin(costs.numpy(), axis=1), minlength=costs.shape[1])),
)
answers.right(
    "Counter and a named tuple",
    lambda costs: Assigned(
        costs.argmin(1), torch.tensor([collections.Counter(costs.argmin(1).tolist())[e] for e in range(costs.shape[1])])
    ),
)
answers.right(
    "histogram, floats",
    lambda costs: (
        costs.argmin(1).float(),
        torch.histc(costs.argmin(1).float(), bins=costs.shape[1], min=0, max=costs.shape[1] - 1),
    ),
)
answers.right(
    "index_add",
    lambda costs: (
        torch.min(costs, 1)[1],
        torch.zeros(costs.shape[1]).index_add(0, torch.min(costs, 1)[1], torch.ones(len(costs))),
    ),
)
yc = lambda y, n: torch.bincount(y, minlength=n)
answers.wrong(
    "last of equals", "first|tie|equal", lambda c: ((y := c.shape[1] - 1 - c.flip(1).argmin(1)), yc(y, c.shape[1])), fair=0.9
)
answers.wrong(
    "ties counted for all", "tie|equal|first|once", lambda c: (c.argmin(1), (c == c.min(1, keepdim=True).values).sum(0)), fair=0.9
)
answers.wrong("counted from 1", "off by the same .1", lambda c: (c.argmin(1) + 1, yc(c.argmin(1), c.shape[1])))
answers.wrong("order swapped", "swap|order|first", lambda c: (yc(c.argmin(1), c.shape[1]), c.argmin(1)))
answers.wrong("only y", "values|counts", lambda c: c.argmin(1))
answers.wrong(
    "one-hot instead of y", "shape|one-hot", lambda c: (F.one_hot(c.argmin(1), c.shape[1]), yc(c.argmin(1), c.shape[1]))
)
answers.wrong(
    "counts of images per epitome by best image",
    "image|epitome|dimension",
    lambda c: (c.argmin(1), yc(c.argmin(0), len(c))[: c.shape[1]]),
)
answers.wrong("twelve epitomes", "number|epitomes|shape", lambda c: (c.argmin(1), yc(c.argmin(1), 12)))
answers.wrong(
    "minlength from the batch",
    "number|epitomes|shape|bincount",
    lambda c: (c.argmin(1), torch.bincount(c.argmin(1), minlength=len(c))),
)
answers.wrong(
    "minlength one short",
    "number|bincount|epitomes|stop",
    lambda c: (c.argmin(1), torch.bincount(c.argmin(1), minlength=c.shape[1] - 1)),
    fair=0.9,
)
answers.wrong("counts sorted", "order|sort", lambda c: (c.argmin(1), yc(c.argmin(1), c.shape[1]).sort(descending=True).values))
answers.wrong("argmin of absolute costs", "absolute|negative", lambda c: ((y := (c - 100).abs().argmin(1)), yc(y, c.shape[1])))
answers.wrong(
    "softmax sample", "least|random|argmin|cheapest", lambda c: ((y := (-c).softmax(1).multinomial(1)[:, 0]), yc(y, c.shape[1]))
)
answers.wrong("soft counts", "count|how many|soft", lambda c: (c.argmin(1), (-c).softmax(1).sum(0)))
answers.wrong("total cost", "count|how many|cost", lambda c: (c.argmin(1), c.sum(0)))
answers.wrong("cumulative counts", "count|cumul", lambda c: (c.argmin(1), yc(c.argmin(1), c.shape[1]).cumsum(0)))
answers.wrong(
    "one epitome for all",
    "image|each|every",
    lambda c: (c.sum(0).argmin().expand(len(c)), yc(c.sum(0).argmin().expand(len(c)), c.shape[1])),
)
answers.wrong(
    "flat argmin",
    "dimension|image|flat",
    lambda c: (c.argmin().expand(len(c)) % c.shape[1], yc(c.argmin().expand(1), c.shape[1])),
)
answers.wrong("y keepdim", "shape", lambda c: (c.argmin(1, keepdim=True), yc(c.argmin(1), c.shape[1])))
answers.wrong("least in absolute value", "negative|absolute", lambda c: (c.abs().argmin(1), yc(c.abs().argmin(1), c.shape[1])))
answers.wrong("costs rounded", "tie|round", lambda c: ((y := (c / 10).round().argmin(1)), yc(y, c.shape[1])))
answers.wrong("float16 costs", "tie|precision|half", lambda c: ((y := c.half().float().argmin(1)), yc(y, c.shape[1])))
answers.wrong(
    "balanced: counts equalised", "count|balanced", lambda c: (c.argmin(1), torch.full((c.shape[1],), len(c) / c.shape[1]))
)


def assign_bincount(costs):
    y = costs.argmin(-1)
    return y, torch.bincount(y, minlength=costs.shape[1])


answers.right("bincount", assign_bincount)


def assign_one_hot(costs):
    y = (-costs).max(1).indices
    return [y, F.one_hot(y, costs.shape[1]).sum(0)]


answers.right("one hot", assign_one_hot)


def assign_python(costs):
    y = [row.index(min(row)) for row in costs.tolist()]
    return torch.tensor(y), torch.tensor([y.count(e) for e in range(costs.shape[1])])


answers.right("python", assign_python)
