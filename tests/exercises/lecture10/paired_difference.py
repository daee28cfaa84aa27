"""Answers to 10.b paired_difference as students write them."""

import math
import statistics

import torch

from tests.exercises.answers import Answers

answers = Answers()


def by_statistics(a, b):
    d = (a - b).tolist()
    return torch.tensor(statistics.fmean(d)), torch.tensor(statistics.stdev(d) / len(d) ** 0.5)


def by_covariance(a, b):
    """The error of the difference from both models' variances and their covariance."""
    c = torch.cov(torch.stack([a, b]))
    variance = (c[0, 0] + c[1, 1] - 2 * c[0, 1]).clamp(min=0)
    return a.mean() - b.mean(), (variance / len(a)).sqrt()


def from_scratch(a, b):
    d = a - b
    m = d.sum() / len(d)
    return m, (((d - m) ** 2).sum() / (len(d) * (len(d) - 1))) ** 0.5


def both(a, b, mean=None, error=None):
    """Each keyword changes one of the two answers: of the differences, or of both."""
    d = a - b
    return (
        d.mean() if mean is None else mean(a, b, d),
        d.std() / math.sqrt(len(d)) if error is None else error(a, b, d),
    )


def sem(x):
    return x.std() / math.sqrt(len(x))


answers.right("std", lambda a, b: ((a - b).mean(), (a - b).std() / math.sqrt(len(a))))
answers.right("statistics", by_statistics)
answers.right("from scratch", from_scratch)
answers.right("std_mean", lambda a, b: (torch.std_mean(a - b)[1], torch.std_mean(a - b)[0] * len(a) ** -0.5))
answers.right("n, then n - 1", lambda a, b: ((a - b).mean(), (a - b).std(correction=0) / (len(a) - 1) ** 0.5))
answers.right("root of var over n", lambda a, b: ((a - b).mean(), torch.sqrt(torch.var(a - b) / a.numel())))
for name, cause, change in (
    ("independent", "independent", {"error": lambda a, b, d: (sem(a) ** 2 + sem(b) ** 2).sqrt()}),
    ("both errors", "added up", {"error": lambda a, b, d: sem(a) + sem(b)}),
    ("errors' difference", "subtracted", {"error": lambda a, b, d: sem(a) - sem(b)}),
    ("absolute difference of the errors", "subtract|errors|deviation", {"error": lambda a, b, d: (sem(a) - sem(b)).abs()}),
    ("of a", "first model", {"error": lambda a, b, d: sem(a)}),
    ("of b", "second model", {"error": lambda a, b, d: sem(b)}),
    ("pooled", "averag|variance", {"error": lambda a, b, d: ((a.var() + b.var()) / 2 / len(a)).sqrt()}),
    ("deviation", "standard deviation|number of images", {"error": lambda a, b, d: d.std()}),
    ("over n", "root", {"error": lambda a, b, d: d.std() / len(d)}),
    ("over the root of n - 1", "n − 1|twice", {"error": lambda a, b, d: d.std() / math.sqrt(len(d) - 1)}),
    ("n for n - 1", "n − 1", {"error": lambda a, b, d: d.std(correction=0) / math.sqrt(len(d))}),
    ("variance", "variance", {"error": lambda a, b, d: d.var()}),
    ("variance over n", "variance of the mean|root", {"error": lambda a, b, d: d.var() / len(d)}),
    ("variance over the root", "variance", {"error": lambda a, b, d: d.var() / len(d) ** 0.5}),
    ("1.96", "1.96", {"error": lambda a, b, d: 1.96 * sem(d)}),
    ("two errors", "2|twice", {"error": lambda a, b, d: 2 * sem(d)}),
    ("2n images", "2n|root|images", {"error": lambda a, b, d: d.std() / math.sqrt(2 * len(d))}),
    ("t", "t statistic", {"error": lambda a, b, d: d.mean() / sem(d)}),
    ("around 0", "mean|deviation|square", {"error": lambda a, b, d: ((d**2).sum() / (len(d) - 1) / len(d)).sqrt()}),
    ("mean absolute deviation", "absolute", {"error": lambda a, b, d: (d - d.mean()).abs().mean() / len(d) ** 0.5}),
    ("no root of the images", "root|times|multipl", {"error": lambda a, b, d: d.std() * math.sqrt(len(d))}),
    ("of the absolute differences", "absolute", {"error": lambda a, b, d: sem(d.abs())}),
    ("absolute mean", "absolute", {"mean": lambda a, b, d: d.mean().abs()}),
    ("mean absolute difference", "absolute", {"mean": lambda a, b, d: d.abs().mean()}),
    ("turned", "b − a|other way|sign", {"mean": lambda a, b, d: -d.mean()}),
    ("median", "median", {"mean": lambda a, b, d: d.median()}),
    ("sum", "added up|sum", {"mean": lambda a, b, d: d.sum()}),
    ("each image", "image by image|shape", {"mean": lambda a, b, d: d}),
    ("mean of a", "second|b|minus|missing", {"mean": lambda a, b, d: a.mean()}),
    ("share of wins", "share|first|wins|value 1|right", {"mean": lambda a, b, d: (d > 0).double().mean()}),
):
    answers.wrong(name, cause, lambda a, b, change=change: both(a, b, **change))
answers.wrong("b - a", "b − a", lambda a, b: both(b, a))
answers.wrong("exchanged", "exchanged", lambda a, b: both(a, b)[::-1])
answers.wrong("mean alone", "1 value|values", lambda a, b: (a - b).mean())
answers.wrong("all absolute", "bsolute", lambda a, b: ((a - b).abs().mean(), sem((a - b).abs())))
answers.wrong("sorted first", "sorted", lambda a, b: ((a - b).mean(), sem(a.sort().values - b.sort().values)))
answers.wrong("error of the sum", "sum", lambda a, b: ((a - b).mean(), sem(a + b)))
answers.wrong("effect size", "divided by the standard deviation", lambda a, b: ((a - b).mean() / (a - b).std(), sem(a - b)))
answers.wrong("bits", "base 2|log 2", lambda a, b: ((a - b).mean() / math.log(2), sem(a - b) / math.log(2)))
answers.wrong("mean likelihoods", "mean likelihoods", lambda a, b: (a.logsumexp(0) - b.logsumexp(0), sem(a - b)))
