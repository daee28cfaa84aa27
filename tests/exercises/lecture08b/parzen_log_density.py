"""Answers to 08b.a parzen_log_density as students write them."""

import math

import torch
from sklearn.neighbors import KernelDensity
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from tests.exercises.answers import Answers

answers = Answers()


def distributions(x, centres, sigma):
    windows = Independent(Normal(centres, torch.full_like(centres, sigma)), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(centres), dtype=x.dtype)), windows).log_prob(x)


def loop(x, centres, sigma):
    out = []
    for image in x:
        logs = torch.stack([Normal(c, sigma).log_prob(image).sum() for c in centres])
        top = logs.max()
        out.append(top + torch.log(torch.mean(torch.exp(logs - top))))
    return torch.stack(out)


def products(x, centres, sigma):
    """|x|² − 2 x·c + |c|²: one product of matrices."""
    squares = (x**2).sum(1, keepdim=True) - 2 * x @ centres.T + (centres**2).sum(1)
    n, pixels = centres.shape
    return torch.logsumexp(-squares / (2 * sigma**2), 1) - math.log(n) - pixels * math.log(sigma * math.sqrt(2 * math.pi))


def sklearn(x, centres, sigma):
    return torch.from_numpy(KernelDensity(bandwidth=sigma).fit(centres.numpy()).score_samples(x.numpy()))


def change(exponent=None, constant=None, total=None):
    def answer(x, centres, sigma):
        e = (exponent or (lambda d, s: -(d**2).sum(-1) / (2 * s**2)))(x[:, None] - centres, sigma)
        c = (constant or (lambda P, s: P / 2 * math.log(2 * math.pi * s**2)))(x.shape[1], sigma)
        return total(e, c) if total else e.logsumexp(1) - c - math.log(len(centres))

    return answer


answers.right("distributions", distributions)
answers.right("loop", loop)
answers.right("products", products)
answers.right("scikit-learn", sklearn)
answers.right("cdist", lambda x, c, s: (
    (-0.5 * (torch.cdist(x, c, compute_mode="donot_use_mm_for_euclid_dist") / s) ** 2).logsumexp(1)
    - math.log(len(c)) - x.shape[1] * (math.log(s) + 0.5 * math.log(2 * math.pi))))  # fmt: skip
N = lambda e: math.log(e.shape[1])
for name, cause, parts in (
    ("exp first", "underflow", {"total": lambda e, c: (e - c).exp().mean(1).log()}),
    ("exp first, constant outside", "underflow", {"total": lambda e, c: e.exp().mean(1).log() - c}),
    ("exp first, sum over N", "nan|infinite", {"total": lambda e, c: (e.exp().sum(1) / e.shape[1] / math.exp(c)).log()}),
    ("one largest for all images", "largest|maximum|underflow", {
        "total": lambda e, c: (e - e.max()).exp().mean(1).log() + e.max() - c}),
    ("a small constant in the log", "constant|underflow|small", {"total": lambda e, c: (e.exp().mean(1) + 1e-10).log() - c}),
    ("no 1/N", "1/N", {"total": lambda e, c: e.logsumexp(1) - c}),
    ("N added", "log N", {"total": lambda e, c: e.logsumexp(1) - c + N(e)}),
    ("N, not its log", "N", {"total": lambda e, c: e.logsumexp(1) - c - e.shape[1]}),
    ("nearest", "nearest", {"total": lambda e, c: e.max(1).values - c}),
    ("nearest with 1/N", "nearest", {"total": lambda e, c: e.max(1).values - c - N(e)}),
    ("mean of logs", "mean of the log", {"total": lambda e, c: e.mean(1) - c}),
    ("over the images", "images", {"total": lambda e, c: e.logsumexp(0) - c - N(e)}),
    ("one number", "one number", {"total": lambda e, c: (e.logsumexp(1) - c - N(e)).mean()}),
    ("density", "density", {"total": lambda e, c: (e.logsumexp(1) - c - N(e)).exp()}),
    ("bits", "bits|log 2|0.6931|1.443", {"total": lambda e, c: (e.logsumexp(1) - c - N(e)) / math.log(2)}),
    ("minus", "sign|minus", {"total": lambda e, c: -(e.logsumexp(1) - c - N(e))}),
    ("constant added", "sign", {"total": lambda e, c: e.logsumexp(1) + c - N(e)}),
    ("constant forgotten", "constant", {"constant": lambda P, s: 0.0}),
    ("constant of one pixel", "one pixel", {"constant": lambda P, s: 0.5 * math.log(2 * math.pi * s**2)}),
    ("without sigma", "sigma", {"constant": lambda P, s: P / 2 * math.log(2 * math.pi)}),
    ("sigma not squared in the constant", "sigma|variance|constant", {
        "constant": lambda P, s: P / 2 * math.log(2 * math.pi * s)}),
    ("sigma not squared in the exponent", "squared", {"exponent": lambda d, s: -(d**2).sum(-1) / (2 * s)}),
    ("no half", "½", {"exponent": lambda d, s: -(d**2).sum(-1) / s**2}),
    ("sign of the exponent", "sign", {"exponent": lambda d, s: (d**2).sum(-1) / (2 * s**2)}),
    ("averaged over pixels", "pixels", {"exponent": lambda d, s: -(d**2).mean(-1) / (2 * s**2)}),
    ("distance, not squared", "square", {"exponent": lambda d, s: -d.norm(dim=-1) / (2 * s**2)}),
    ("absolute differences", "absolute|square", {"exponent": lambda d, s: -d.abs().sum(-1) / (2 * s**2)}),
):  # fmt: skip
    answers.wrong(name, cause, change(**parts), fair=0)
answers.wrong("pixel by pixel", "pixel", lambda x, c, s: (
    Normal(c, s).log_prob(x[:, None]).logsumexp(1) - math.log(len(c))).sum(-1))  # fmt: skip
answers.wrong("library", "closed", lambda x, c, s: __import__("vae_edu.evaluation").evaluation.parzen_log_density(x, c, s))
