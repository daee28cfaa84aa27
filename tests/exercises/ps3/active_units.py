"""Answers to ps3.4 active_units as students write them."""

import math

import numpy as np
import torch

from tests.exercises.answers import Answers

answers = Answers()


def active_welford(mu, threshold):
    count, mean, m2 = 0, torch.zeros(mu.shape[1]), torch.zeros(mu.shape[1])
    for row in mu:
        count += 1
        delta = row - mean
        mean = mean + delta / count
        m2 = m2 + delta * (row - mean)
    return len([v for v in (m2 / count).tolist() if v > threshold])


answers.right("numpy var", lambda mu, threshold: int((np.var(mu.numpy(), axis=0) > threshold).sum()))
answers.right("Welford's running variance", active_welford)
answers.right(
    "diagonal of torch.cov",
    lambda mu, threshold: torch.where(torch.cov(mu.T).reshape(mu.shape[1], mu.shape[1]).diagonal() > threshold, 1, 0).sum(),
)
answers.right(
    "second moment minus squared mean", lambda mu, threshold: ((mu.pow(2).mean(0) - mu.mean(0).pow(2)) > threshold).float().sum()
)
answers.right("std against the root of the threshold", lambda mu, threshold: (mu.std(0) > math.sqrt(threshold)).sum().item())
answers.right("nonzero and len", lambda mu, threshold: len(torch.nonzero(torch.var_mean(mu, dim=0)[0] > threshold)))
answers.right("a numpy integer", lambda mu, threshold: np.count_nonzero(mu.numpy().var(0, ddof=1) > threshold))
answers.right("float32", lambda mu, threshold: (mu.float().var(0) > threshold).sum().float())
answers.wrong("not less than", "more than|not as much|equal", lambda mu, threshold: (mu.var(0) >= threshold).sum(), fair=0.9)
answers.wrong(
    "not less than, dividing by n",
    "more than|not as much|equal",
    lambda mu, threshold: (mu.var(0, unbiased=False) >= threshold).sum(),
    fair=0.9,
)
answers.wrong("share", "count|how many|number|share", lambda mu, threshold: (mu.var(0) > threshold).double().mean())
answers.wrong("mask", "count|shape", lambda mu, threshold: mu.var(0) > threshold)
answers.wrong("any", "count", lambda mu, threshold: (mu.var(0) > threshold).any())
answers.wrong("indices", "count|shape|how many", lambda mu, threshold: (mu.var(0) > threshold).nonzero())
answers.wrong("threshold squared", "threshold.* squared|threshold\\*", lambda mu, threshold: (mu.var(0) > threshold**2).sum())
answers.wrong("range", "variance", lambda mu, threshold: ((mu.max(0).values - mu.min(0).values) ** 2 > threshold).sum())
answers.wrong(
    "mean absolute deviation", "variance|square", lambda mu, threshold: ((mu - mu.mean(0)).abs().mean(0) > threshold).sum()
)
answers.wrong(
    "variance around the overall mean", "mean|own", lambda mu, threshold: (((mu - mu.mean()) ** 2).mean(0) > threshold).sum()
)
answers.wrong("sum of squares", "variance|divide|mean", lambda mu, threshold: (((mu - mu.mean(0)) ** 2).sum(0) > threshold).sum())
answers.wrong("threshold ignored: 0.02", "threshold", lambda mu, threshold: (mu.var(0) > 0.02).sum())
answers.wrong("variance rounded", "round", lambda mu, threshold: (mu.var(0).round(decimals=2) > threshold).sum())
answers.wrong("first 50 images only", "all images|images", lambda mu, threshold: (mu[:50].var(0) > threshold).sum())
answers.wrong("first 64 images only", "all images|images", lambda mu, threshold: (mu[:64].var(0) > threshold).sum())
answers.wrong(
    "median absolute deviation, squared",
    "variance|median",
    lambda mu, threshold: ((mu - mu.median(0).values).abs().median(0).values ** 2 > threshold).sum(),
)
answers.wrong("at most 20 units", "20|count|all", lambda mu, threshold: (mu[:, :20].var(0) > threshold).sum())
answers.wrong("first ten images only", "all images|images", lambda mu, threshold: (mu[:10].var(0) > threshold).sum())
answers.wrong("every image that varies", "entr|variance|count", lambda mu, threshold: (mu.abs() > threshold).sum())
answers.wrong(
    "images counted, not latents", "dimension|latent", lambda mu, threshold: (mu.var(1, correction=0) > threshold).sum()
)
answers.wrong(
    "interquartile range",
    "variance|quantile",
    lambda mu, threshold: ((mu.quantile(0.75, 0) - mu.quantile(0.25, 0)) ** 2 > threshold).sum(),
)
answers.wrong("mean of means", "variance|mean", lambda mu, threshold: (mu.mean(0).abs() > threshold).sum())
answers.wrong("KL per unit", "variance|KL", lambda mu, threshold: (0.5 * (mu**2).mean(0) > threshold).sum())
answers.wrong(
    "less than 0.5 short of the threshold (0.8 t)", "threshold", lambda mu, threshold: (mu.var(0) > 0.8 * threshold).sum()
)
answers.wrong("1.2 t", "threshold", lambda mu, threshold: (mu.var(0) > 1.2 * threshold).sum())
answers.wrong("at most 40", "40|count|all", lambda mu, threshold: (mu[:, :40].var(0) > threshold).sum())


def active_units_loop(mu, threshold):
    return sum(1 for d in range(mu.shape[1]) if float(mu[:, d].var(unbiased=False)) > threshold)


answers.right("loop", active_units_loop)


def active_units_moments(mu, threshold):
    centred = mu - mu.mean(0, keepdim=True)
    return torch.count_nonzero((centred**2).mean(0) > threshold)


answers.right("moments", active_units_moments)
