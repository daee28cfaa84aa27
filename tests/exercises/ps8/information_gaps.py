"""Answers to ps8.6 information_gaps as students write them."""

import math
from collections import Counter

import torch
import torch.nn.functional as F
from torch.distributions import Categorical

from tests.exercises.answers import Answers

answers = Answers()


def entropy_of_rows(rows):
    counts = Counter(map(tuple, rows.tolist()))
    return -sum(c / len(rows) * math.log(c / len(rows)) for c in counts.values())


def counting(bins, factors):
    gaps = []
    for k in range(factors.shape[1]):
        f = factors[:, k : k + 1]
        found = []
        for j in range(bins.shape[1]):
            b = bins[:, j : j + 1]
            found.append(entropy_of_rows(b) + entropy_of_rows(f) - entropy_of_rows(torch.cat([b, f], 1)))
        found.sort()
        gaps.append((found[-1] - found[-2]) / entropy_of_rows(f))
    return torch.tensor(gaps, dtype=torch.float64), sum(gaps) / len(gaps)


def h(p):
    return -torch.special.xlogy(p, p).sum()


def joint_table(b, f):
    one_hot = lambda v: F.one_hot(v.unique(return_inverse=True)[1]).double()
    return one_hot(b).T @ one_hot(f) / len(b)


def information(p):
    return h(p.sum(1)) + h(p.sum(0)) - h(p)


def gap_of(bins, factors, info=information, of=None, score=None, divide=None):
    """Each keyword changes one step."""
    gaps = []
    for f in factors.unbind(1):
        found = torch.stack([info(joint_table(b, f)) for b in bins.unbind(1)])
        top = found.sort(descending=True)[0]
        entropy = h(f.unique(return_counts=True)[1] / len(f)) if divide is None else divide(f, bins, found)
        gaps.append((top[0] - top[1] if of is None else of(found)) / entropy)
    gaps = torch.stack(gaps)
    return gaps, gaps.mean() if score is None else score(gaps)


def log_ratio(bins, factors):
    """The mean over images of log p(b, f) / (p(b) p(f)), and one entropy the same way."""
    share = lambda same: same.double().mean(0)
    same_b = bins[:, None] == bins[None]  # (images, images, latents)
    same_f = factors[:, None] == factors[None]
    p_b, p_f = share(same_b), share(same_f)
    p_bf = (same_b[..., :, None] & same_f[..., None, :]).double().mean(0)
    table = (p_bf / (p_b[..., :, None] * p_f[..., None, :])).log().mean(0)
    top = table.topk(2, dim=0).values
    gaps = (top[0] - top[1]) / -p_f.log().mean(0)
    return gaps, gaps.mean()


def categorical(bins, factors):
    def entropy(v):
        return Categorical(torch.unique(v, dim=0, return_counts=True)[1].double()).entropy()

    h_f = torch.stack([entropy(f[:, None]) for f in factors.T])
    h_b = torch.stack([entropy(b[:, None]) for b in bins.T])
    joint = torch.stack([torch.stack([entropy(torch.stack([b, f], 1)) for f in factors.T]) for b in bins.T])
    largest, second = (h_b[:, None] + h_f - joint).topk(2, dim=0)[0]
    gaps = (largest - second) / h_f
    return gaps, torch.mean(gaps)


def in_bits(bins, factors):
    """Bits throughout: the gap is a ratio."""
    h2 = lambda p: -(p[p > 0] * p[p > 0].log2()).sum()
    return gap_of(
        bins,
        factors,
        info=lambda p: h2(p.sum(1)) + h2(p.sum(0)) - h2(p),
        divide=lambda f, *_: h2(f.unique(return_counts=True)[1].double() / len(f)),
    )


def merged(bins, factors, merge, divide=None):
    """The joint entropy is that of one number made of both."""
    entropy = lambda v: h(v.unique(return_counts=True)[1].double() / len(v))
    gaps = []
    for f in factors.T:
        top = torch.stack([entropy(b) + entropy(f) - entropy(merge(b, f)) for b in bins.T]).sort()[0]
        gaps.append((top[-1] - top[-2]) / entropy(f))
    return torch.stack(gaps), torch.stack(gaps).mean()


def per_latent(bins, factors):
    """The gap of each latent over the factors."""
    table = torch.stack([torch.stack([information(joint_table(b, f)) for f in factors.T]) for b in bins.T])
    top = table.topk(min(2, table.shape[1]), dim=1).values
    h_b = torch.stack([h(b.unique(return_counts=True)[1] / len(b)) for b in bins.T])
    gaps = (top[:, 0] - top[:, -1]) / h_b
    return gaps, gaps.mean()


def histograms(bins, factors):
    """Ten bins of equal width each."""
    cut = lambda v: ((v - v.amin(0)) / (v.amax(0) - v.amin(0)).clamp(min=1e-9) * 10).floor().clamp(max=9)
    return gap_of(cut(bins), cut(factors))


def correlations(bins, factors):
    std = lambda v: (v - v.mean(0)) / v.std(0, correction=0).clamp(min=1e-9)
    top = (std(bins).T @ std(factors) / len(bins)).square().topk(2, dim=0)[0]
    return top[0] - top[1], (top[0] - top[1]).mean()


def matched(bins, factors):
    """The runner-up is looked for among the latents that are no factor's best one."""
    table = torch.stack([torch.stack([information(joint_table(b, f)) for f in factors.T]) for b in bins.T])
    best = table.argmax(0)
    gaps = []
    for k, f in enumerate(factors.T):
        rest = [j for j in range(len(table)) if j not in best.tolist()] or [j for j in range(len(table)) if j != best[k]]
        gaps.append((table[best[k], k] - table[rest, k].max()) / h(f.unique(return_counts=True)[1] / len(f)))
    return torch.stack(gaps), torch.stack(gaps).mean()


top_two = lambda found: found.sort(descending=True)[0]
answers.right("Counter", counting)
answers.right("one-hot tables", gap_of)
answers.right("log ratios", log_ratio)
answers.right("Categorical", categorical)
answers.right("bits throughout", in_bits)
for name, cause, change, fair in (
    ("divided by the largest information", "largest|divid|entropy|H", {
        "divide": lambda f, bins, found: found.max().clamp(min=1e-12)}, 0.0),
    ("divided by the entropy in bits", "bits|log 2|ln 2|0.693|factor", {
        "divide": lambda f, *_: h(f.unique(return_counts=True)[1] / len(f)) / math.log(2)}, 0.0),
    ("largest less the mean of the others", "mean|second|other|averaged", {
        "of": lambda found: top_two(found)[0] - top_two(found)[1:].mean()}, 0.5),
    ("second less largest", "wrong sign|minus|order|smaller", {"of": lambda found: top_two(found)[1] - top_two(found)[0]}, 0.0),
    ("the two smallest", "smallest|largest|sort|wrong sign", {"of": lambda found: found.sort()[0][1] - found.sort()[0][0]}, 0.5),
    ("second less third", "second|third|largest|off", {
        "of": lambda found: top_two(found)[1] - top_two(found)[min(2, len(found) - 1)]}, 0.0),
    ("the second value that differs", "tie|equal|same|distinct|unique|differ", {
        "of": lambda found: (u := (found * 1e9).round().unique() / 1e9)[-1] - (u[-2] if len(u) > 1 else 0)}, 0.9),
    ("the largest gap", "largest|mean|averag", {"score": lambda gaps: gaps.max()}, 0.5),
    ("median gap", "median|mean", {"score": lambda gaps: gaps.median()}, 0.5),
    ("joint entropy added", "joint|sign|minus|added", {"info": lambda p: h(p.sum(1)) + h(p.sum(0)) + h(p)}, 0.0),
    ("conditional entropy", "H|entropy|joint|conditional|wrong sign", {"info": lambda p: h(p) - h(p.sum(1))}, 0.0),
    ("the latent's own entropy left out", "bins|entropy|latent", {"info": lambda p: h(p.sum(0)) - h(p)}, 0.0),
    ("tables smoothed", "added|smooth|frequenc|small", {
        "info": lambda p: information((p + 0.01) / (p + 0.01).sum())}, 0.0),
    ("0 log 0", "0|nan|never occur|frequenc", {
        "info": lambda p: -(p.sum(1).log() @ p.sum(1)) - p.sum(0) @ p.sum(0).log() + (p * p.log()).sum()}, 0.75),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: gap_of(*given, **change), fair=fair)
answers.wrong("sums before they are divided", "divid|mean|sum|ratio", lambda bins, factors: (
    gap_of(bins, factors)[0],
    (gap_of(bins, factors, divide=lambda *_: 1.0)[0].sum()
     / torch.stack([h(f.unique(return_counts=True)[1] / len(f)) for f in factors.T]).sum())), fair=0.75)  # fmt: skip
answers.wrong("per latent", "latent|factor|axis|shape", per_latent)
answers.wrong("gaps alone", "two|score|mean", lambda bins, factors: gap_of(bins, factors)[0])
answers.wrong("both swapped", "swap|order|exchang", lambda *given: gap_of(*given)[::-1])
answers.wrong("inputs swapped", "swap|bins|factors|exchang", lambda bins, factors: gap_of(factors, bins))
answers.wrong("ten bins of equal width", "bins|occur|width|10", histograms, fair=0.5)
answers.wrong("tens and ones", "10|collid|joint|combin", lambda b, f: merged(b, f, lambda x, y: 10 * x + y), fair=0.75)
answers.wrong("joint by adding", "joint|collid|combin|sum|added", lambda b, f: merged(b, f, torch.add), fair=0.5)
answers.wrong("joint by multiplying", "joint|collid|combin|product", lambda b, f: merged(b, f, torch.mul), fair=0.5)
answers.wrong("correlations", "correlation|information|linear", correlations)
answers.wrong("latents of other factors are no runner-up", "other|second|latent", matched, fair=0.75)
answers.same = {
    "entropy(b) + h  ->  entropy(b) - h": "the factor's entropy is the same for all latents and cancels in the gap",
    "entropy(b) + h  ->  entropy(b)": "it cancels",
    "entropy(b, factor)  ->  entropy(factor, b)": "the order of the columns does not matter",
}
