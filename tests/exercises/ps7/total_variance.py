"""Answers to ps7.1 total_variance as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def spread(x, w):
    """The images' variance under weights w (images,) that need not add up to 1."""
    w = w / w.sum()
    return (w[:, None] * (x - w @ x) ** 2).sum()


def by_pairs(x, q1, q2):
    before = torch.stack([spread(x, q1[:, a]) for a in range(q1.shape[1])])
    left = torch.zeros_like(before)
    for a in range(q1.shape[1]):
        for b in range(q2.shape[1]):
            both = q1[:, a] * q2[:, b]
            left[a] += both.sum() / q1[:, a].sum() * spread(x, both)
    return before, left


def tables(x, q1, q2, center=None, before=None, weights=None, shares=None, given=None, left=None, both=None):
    """Everything at once; each keyword changes one step."""
    pairs = q1[:, :, None] * q2[:, None, :] if both is None else both(q1, q2)  # (images, first, second)
    given_1 = q1 / q1.sum(0) if weights is None else weights(q1)
    given_2 = pairs / pairs.sum(0) if given is None else given(pairs)
    m1, m2 = torch.einsum("ia,ip->ap", given_1, x), torch.einsum("iab,ip->abp", given_2, x)
    m2 = m2 if center is None else center(m1, m2, x)
    v1 = torch.einsum("ia,iap->a", given_1, (x[:, None] - m1) ** 2) if before is None else before(x, q1)
    v2 = torch.einsum("iab,iabp->ab", given_2, (x[:, None, None] - m2) ** 2)
    share = pairs.sum(0) / pairs.sum((0, 2))[:, None] if shares is None else shares(pairs)
    return v1, ((share * v2).sum(1) if left is None else left(v1, v2, share))


def by_total_law(x, q1, q2):
    """What is left is what was there less the variance of the mean images given both codes."""
    before, _ = by_pairs(x, q1, q2)
    explained = []
    for w in q1.unbind(1):
        joint = w[:, None] * q2
        p = joint.sum(0) / w.sum()
        means = joint.T @ x / joint.sum(0)[:, None]
        explained.append((p[:, None] * (means - p @ means) ** 2).sum())
    return before, before - torch.stack(explained)


def by_distances(x, q1, q2):
    """Half the mean squared distance of two images."""
    d = ((x[:, None] - x) ** 2).sum(-1) / 2
    w = q1 / q1.sum(0)
    joint = torch.einsum("ia,ib->abi", q1, q2)
    inside = torch.einsum("abi,ij,abj->ab", joint, d, joint) / joint.sum(-1)
    return torch.einsum("ia,ij,ja->a", w, d, w), inside.sum(1) / q1.sum(0)


def by_cov(x, q1, q2):
    trace = lambda w: torch.cov(x.T, correction=0, aweights=w).diagonal().sum() if x.shape[1] > 1 else spread(x, w)
    before = torch.stack([trace(w) for w in q1.T])
    left = [sum((w @ v) / w.sum() * trace(w * v) for v in q2.T) for w in q1.T]
    return before, torch.stack(left)


def hard(q):
    """Every image has its likeliest code for sure; a hair of all others keeps the division whole."""
    return torch.nn.functional.one_hot(q.argmax(1), q.shape[1]).to(q) + 1e-9


answers.right("two loops", by_pairs)
answers.right("einsum", tables)
answers.right("law of total variance", by_total_law)
answers.right("pairwise distances", by_distances)
answers.right("torch.cov with weights", by_cov)
for name, cause, change in (
    ("shares the other way round", "q\\(z2\\|z1\\)|sum over", {"shares": lambda p: p.sum(0) / p.sum((0, 1))}),
    ("joint shares", "q\\(z2\\|z1\\)|q\\(z1\\)|divided|sum", {"shares": lambda p: p.sum(0) / p.sum()}),
    ("shares are sums", "q\\(z2\\|z1\\)|sums? of|mean|divided", {"shares": lambda p: p.sum(0)}),
    ("all second codes added", "weigh|q\\(z2\\|z1\\)|share", {"left": lambda v1, v2, share: v2.sum(1)}),
    ("the likeliest second code alone", "likeliest|weigh|q\\(z2\\|z1\\)", {
        "left": lambda v1, v2, share: v2.gather(1, share.argmax(1, keepdim=True))[:, 0]}),
    ("the part that is left", "before|divided|ratio", {"left": lambda v1, v2, share: (share * v2).sum(1) / v1.clamp(min=1e-12)}),
    ("one column for all first codes", "first code|sum over", {
        "left": lambda v1, v2, share: (share * v2).sum(1).mean().expand_as(v1)}),
    ("around the first code's mean", "mean (image )?of|means|second|`q2` is averaged", {
        "center": lambda m1, m2, x: m1[:, None].expand_as(m2)}),
    ("around the overall mean, second alone", "mean", {"center": lambda m1, m2, x: x.mean(0).expand_as(m2)}),
    ("plain variance before", "code|weights|q\\(x\\|z1\\)|all images", {
        "before": lambda x, q1: x.var(0, correction=0).sum().expand(q1.shape[1])}),
    ("before with n - 1", "n − 1|n-1|factor", {
        "before": lambda x, q1: len(x) / (len(x) - 1) * torch.stack([spread(x, w) for w in q1.T])}),
    ("before summed, not averaged", "divided|sum|add up", {
        "before": lambda x, q1: torch.stack([w.sum() * spread(x, w) for w in q1.T])}),
    ("squared posteriors", "squar|weights|q\\(x\\|z1\\)", {"weights": lambda q: q**2 / (q**2).sum(0)}),
    ("softmax of the posterior", "softmax|exp|weights|q\\(x\\|z1\\)", {"weights": lambda q: q.softmax(0)}),
    ("mixture in the place of the product", "product|sum|mean", {"both": lambda q1, q2: (q1[:, :, None] + q2[:, None, :]) / 2}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: tables(*given, **change))
answers.wrong("results swapped", "swap|order", lambda *given: tables(*given)[::-1])
answers.wrong("likeliest codes", "likeliest|soft|whole|argmax", lambda x, q1, q2: tables(x, hard(q1), hard(q2)))
answers.wrong(
    "pixels summed before the variance", "pixel|summed first|sum over", lambda x, q1, q2: tables(x.sum(1, keepdim=True), q1, q2)
)
