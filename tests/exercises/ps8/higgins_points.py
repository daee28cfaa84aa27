"""Answers to ps8.5 higgins_points as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def whole_table(codes, first, second):
    centred = codes - codes.mean(0)
    std = centred.pow(2).mean(0).sqrt()
    z = torch.where(std > 0, centred / std, torch.zeros_like(centred))
    return (z[first.long()] - z[second.long()]).abs().mean(1)


def loops(codes, first, second):
    z = torch.zeros_like(codes)
    for j in range(codes.shape[1]):
        column = codes[:, j]
        if (column != column[0]).any():
            z[:, j] = (column - column.mean()) / column.std(correction=0)
    points = torch.zeros(first.shape[0], codes.shape[1])
    for p in range(first.shape[0]):
        for a, b in zip(first[p].int().tolist(), second[p].int().tolist()):
            points[p] += torch.abs(z[a] - z[b]) / first.shape[1]
    return points


def scaled_last(codes, first, second):
    """The means cancel in a difference; the standard deviation can be divided by at the end."""
    d = torch.stack([F.l1_loss(codes[a], codes[b], reduction="none").mean(0) for a, b in zip(first.long(), second.long())])
    spread = codes.std(0, unbiased=False)
    return (d / spread).nan_to_num(0.0)


def normed(codes, first, second):
    """Batch normalisation does the standardising."""
    z = F.batch_norm(codes, None, None, training=True, eps=1e-14)
    pairs = z.index_select(0, first.long().flatten()) - z.index_select(0, second.long().flatten())
    return torch.einsum("pkl->pl", pairs.abs().view(*first.shape, -1)) / first.shape[1]


def standard(codes):
    std = codes.std(0, correction=0)
    return (codes - codes.mean(0)) / torch.where(std == 0, torch.ones_like(std), std)


def points_of(codes, first, second, z=None, of=None):
    """z: how the codes are standardised; of: what is made of both images' codes (points, pairs, latents)."""
    z = standard(codes) if z is None else z(codes)
    a, b = z[first.long()], z[second.long()]
    return (a - b).abs().mean(1) if of is None else of(a, b)


def in_place(codes, first, second):
    std = codes.std(0, correction=0)
    codes -= codes.mean(0)
    codes /= torch.where(std == 0, 1.0, std)
    return points_of(codes, first, second, z=lambda z: z)


def of_pairs_only(codes, first, second):
    """Mean and standard deviation over the images of this call's pairs."""
    used = codes[torch.cat([first, second]).long().flatten()]
    std = used.std(0, correction=0)
    z = (codes - used.mean(0)) / torch.where(std == 0, 1.0, std)
    return points_of(codes, first, second, z=lambda _: z)


def own_tables(codes, first, second):
    """First and second images are standardised apart."""
    scale = lambda c: c / c.std((0, 1), correction=0).clamp(min=1e-12)
    return (scale(codes[first.long()]) - scale(codes[second.long()])).abs().mean(1)


def dropped(codes, first, second):
    """Latents that are the same for all images are left out."""
    return points_of(codes[:, codes.std(0) > 0], first, second)


answers.right("whole table", whole_table)
answers.right("loops, into float32", loops)
answers.right("divided at the end", scaled_last)
answers.right("batch_norm", normed)
answers.right("float32", lambda c, a, b: whole_table(c.float(), a, b))
for name, cause, change, fair in (
    ("multiplied by the deviation", "multipl|divid", {"z": lambda c: (c - c.mean(0)) * c.std(0, correction=0)}, 0.0),
    ("standardised within an image", "axis|image|latents|dimension|over", {
        "z": lambda c: (c - c.mean(1, keepdim=True)) / c.std(1, correction=0, keepdim=True).clamp(min=1e-12)}, 0.0),
    ("lengths 1", "norm|length|√|sqrt|deviation|n", {"z": lambda c: F.normalize(c - c.mean(0), dim=0)}, 0.0),
    ("root mean square of the raw codes", "mean|subtract|centred", {
        "z": lambda c: c / c.square().mean(0).sqrt().clamp(min=1e-30)}, 0.0),
    ("mean absolute deviation", "absolute|deviation|squar", {
        "z": lambda c: c / (c - c.mean(0)).abs().mean(0).clamp(min=1e-30)}, 0.0),
    ("deviation at least 1", "clamp|at least|cut off|small", {"z": lambda c: c / c.std(0, correction=0).clamp(min=1.0)}, 0.0),
    ("0.01 added to the deviation", "0.01|added|small", {"z": lambda c: c / (c.std(0, correction=0) + 0.01)}, 0.0),
    ("0 / 0", "same for all|nan|0|constant", {"z": lambda c: (c - c.mean(0)) / c.std(0, correction=0)}, 0.9),
    ("differences of absolute codes", "absolute|abs", {"of": lambda a, b: (a.abs() - b.abs()).abs().mean(1)}, 0.0),
    ("root mean square", "squar|absolute|root", {"of": lambda a, b: (a - b).square().mean(1).sqrt()}, 0.0),
    ("mean over points", "points|pairs|axis|shape|dimension|transposed", {"of": lambda a, b: (a - b).abs().mean(0)}, 0.0),
    ("mean over latents", "latents|pairs|axis|shape|dimension", {"of": lambda a, b: (a - b).abs().mean(2)}, 0.0),
    ("first pair alone", "first|pairs|averag|mean", {"of": lambda a, b: (a - b).abs()[:, 0]}, 0.0),
    ("median pair", "median|mean|averag", {"of": lambda a, b: (a - b).abs().median(1)[0]}, 0.0),
    ("smallest difference", "smallest|min|mean|averag", {"of": lambda a, b: (a - b).abs().amin(1)}, 0.0),
    ("sum of both", "sum|plus|\\+|minus|differ|added|sign", {"of": lambda a, b: (a + b).abs().mean(1)}, 0.0),
    ("the first images' codes", "second|differ|subtract", {"of": lambda a, b: a.abs().mean(1)}, 0.0),
    ("pairs and points read crosswise", "pairs|points|shape|reshape|axes", {
        "of": lambda a, b: (a - b).abs().reshape(a.shape[1], a.shape[0], -1).mean(0)}, 0.0),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: points_of(*given, **change), fair=fair)
answers.wrong("addresses from 1", "from 0|from 1|address|index|moved", lambda c, a, b: points_of(c, a - 1, b - 1))
answers.wrong("standardised in place", "in place|chang", in_place)
answers.wrong("deviation over the pairs' images", "all images|pairs|over all", of_pairs_only)
answers.wrong("first and second standardised apart", "all images|apart|pairs", own_tables)
answers.wrong("constant latents left out", "shape|constant|same|0", dropped, fair=0.9)
answers.wrong("neighbours of the first", "second|neighbour|pair", lambda c, a, b: points_of(c, a, (a + 1) % len(c)))
answers.same = {
    "codes - codes.mean(0)  ->  codes + codes.mean(0)": "what all codes have in common cancels in their differences",
    "codes - codes.mean(0)  ->  codes": "the means cancel",
    "codes - codes.mean(0)  ->  codes.mean(0) - codes": "the sign is lost in the absolute value",
    "codes.mean  ->  codes.sum": "the sums cancel as the means do",
    "1.0  ->  2.0": "a latent that is the same for all images has differences of 0, whatever divides them",
    "standard[first.long()] - standard[second.long()]  ->  standard[second.long()] - standard[first.long()]": "absolute",
}
