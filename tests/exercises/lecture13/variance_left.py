"""Answers to 13.a variance_left as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def groups(x, codes):
    return [x[codes == code] for code in codes.unique()]


def scattered(x, codes):
    _, place, count = codes.unique(return_inverse=True, return_counts=True)
    means = torch.zeros(len(count), x.shape[1], dtype=x.dtype).index_add(0, place, x) / count[:, None]
    return F.mse_loss(x, means[place], reduction="sum") / len(x)


def total_law(x, codes):
    """All there is, less what lies between the groups."""
    between = sum(len(g) / len(x) * (g.mean(0) - x.mean(0)).square().sum() for g in groups(x, codes))
    return x.var(0, correction=0).sum() - between


def one_hot(x, codes):
    q = F.one_hot(codes.long()).to(x)
    q = q[:, q.sum(0) > 0]
    share, given = q.mean(0), q / q.sum(0)
    return share @ ((given.T @ x**2) - (given.T @ x) ** 2).sum(1)


def pairs(x, codes):
    """Half the mean squared distance of two images of a group."""
    same = (codes[:, None] == codes[None]).to(x)
    return ((same / same.sum(1)) * torch.cdist(x, x) ** 2).sum() / (2 * len(x))


def image_by_image(x, codes):
    total = 0.0
    for image, code in zip(x, codes):
        total = total + torch.sum((image - x[codes == code].mean(0)) ** 2)
    return total / len(x)


answers.right("groups", lambda x, codes: sum(len(g) * g.var(0, correction=0).sum() for g in groups(x, codes)) / len(x))
answers.right("index_add", scattered)
answers.right("law of total variance", total_law)
answers.right("one-hot codes", one_hot)
answers.right("pairs", pairs)
answers.right("image by image", image_by_image)
answers.wrong("groups counted from 0", "gaps|number", lambda x, codes: sum(
    len(g) * g.var(0, correction=0).sum() for k in range(len(codes.unique())) if len(g := x[codes == k])) / len(x))  # fmt: skip
answers.wrong("neighbours alone", "neighbour|order|sorted", lambda x, codes: sum(
    len(g) * g.var(0, correction=0).sum()
    for g in x.split(codes.unique_consecutive(return_counts=True)[1].tolist())) / len(x))  # fmt: skip
answers.wrong("pixels' variance in an image", "images|pixels|axis|dimension", lambda x, codes: x.var(1, correction=0).mean())
answers.wrong("pixels summed first", "pixel|sum", lambda x, codes: scattered(x.sum(1, keepdim=True), codes))
answers.wrong("mean of all pixels subtracted", "averaged over its last|mean of all pixels", lambda x, codes: sum(
    ((g - g.mean()) ** 2).sum() for g in groups(x, codes)) / len(x))  # fmt: skip
answers.wrong("median", "median|mean", lambda x, codes: sum(((g - g.median(0)[0]) ** 2).sum() for g in groups(x, codes)) / len(x))
answers.wrong(
    "first image of each group", "first|mean", lambda x, codes: sum(((g - g[0]) ** 2).sum() for g in groups(x, codes)) / len(x)
)
answers.wrong(
    "mean of the squares",
    "subtract|mean of the squares|sum over each image's group is missing",
    lambda x, codes: (x**2).sum(1).mean(),
)
answers.wrong("squares of the group means", "mean|squar", lambda x, codes: sum(
    len(g) * (g.mean(0) ** 2).sum() for g in groups(x, codes)) / len(x))  # fmt: skip
answers.wrong("weights squared", "weigh|share", lambda x, codes: sum(
    (len(g) / len(x)) ** 2 * g.var(0, correction=0).sum() for g in groups(x, codes)))  # fmt: skip
answers.wrong("n minus the number of codes", "number of|n −|divided|freedom", lambda x, codes: (
    scattered(x, codes) * len(x) / max(1, len(x) - len(codes.unique()))))  # fmt: skip
answers.wrong(
    "divided by the number of codes",
    "number of|divided|codes",
    lambda x, codes: scattered(x, codes) * len(x) / len(codes.unique()),
)
answers.wrong("whole pairs", "½|half|2|twice", lambda x, codes: 2 * scattered(x, codes))
answers.wrong(
    "the share that is left",
    "divided|share|all",
    lambda x, codes: scattered(x, codes) / x.var(0, correction=0).sum().clamp(min=1e-12),
)
answers.wrong(
    "absolute distances", "squar|absolute", lambda x, codes: sum((g - g.mean(0)).abs().sum() for g in groups(x, codes)) / len(x)
)
answers.wrong("the largest group alone", "largest", lambda x, codes: max(groups(x, codes), key=len).var(0, correction=0).sum())
answers.wrong("own image left out of the mean", "left out|own|n − 1", lambda x, codes: sum(
    (((len(g) / max(1, len(g) - 1)) * (g - g.mean(0))) ** 2).sum() for g in groups(x, codes)) / len(x))  # fmt: skip
answers.wrong("deviations added", "root|deviation", lambda x, codes: sum(
    len(g) * g.std(0, correction=0).sum() for g in groups(x, codes)) / len(x))  # fmt: skip
