"""Answers to ps4.6 epitome_activity as students write them."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def activity_loop(mu, y, masks):
    means = []
    for i in range(len(mu)):
        means.append([float(mu[i, d]) if masks[int(y[i]), d] else 0.0 for d in range(mu.shape[1])])
    columns = list(zip(*means))
    return torch.tensor([sum((v - sum(c) / len(c)) ** 2 for v in c) / (len(c) - 1) for c in columns])


answers.right("python lists and floats", activity_loop)
answers.right("numpy var with ddof", lambda mu, y, masks: np.var(masks.numpy()[y.numpy()] * mu.numpy(), axis=0, ddof=1))
answers.right(
    "diagonal of the covariance",
    lambda mu, y, masks: torch.cov((masks.index_select(0, y) * mu).T).reshape(mu.shape[1], mu.shape[1]).diag(),
)
answers.right("std squared", lambda mu, y, masks: torch.std(torch.where(masks[y].bool(), mu, torch.zeros(())), dim=0) ** 2)
answers.right(
    "embedding lookup, moments",
    lambda mu, y, masks: (lambda m: (m.pow(2).sum(0) - len(m) * m.mean(0) ** 2) / (len(m) - 1))(F.embedding(y, masks) * mu),
)
answers.right(
    "gather and var_mean",
    lambda mu, y, masks: torch.var_mean(masks.gather(0, y[:, None].expand(-1, masks.shape[1])) * mu, dim=0)[0],
)
answers.right("float32", lambda mu, y, masks: (masks[y].float() * mu.float()).var(0))
ma = lambda mu, y, k: k[y] * mu
answers.wrong("activity counted against 0.01", "variance|count", lambda mu, y, k: (ma(mu, y, k).var(0) > 0.01).sum())
answers.wrong("masked variance", "mask|variance", lambda mu, y, k: mu.var(0) * k[y].mean(0))
answers.wrong("mask averaged, then variance", "mask", lambda mu, y, k: (k.mean(0) * mu).var(0))
answers.wrong("first epitome's mask for all", "mask|own|y", lambda mu, y, k: (k[0] * mu).var(0))
answers.wrong("mask of the neighbouring epitome", "mask|y", lambda mu, y, k: (k[(y + 1) % len(k)] * mu).var(0))
answers.wrong(
    "divided by the users - 1",
    "n − 1|users|images|all",
    lambda mu, y, k: ((ma(mu, y, k) - ma(mu, y, k).mean(0)) ** 2).sum(0) / (k[y].sum(0) - 1).clamp(min=1),
)
answers.wrong(
    "mean over users, deviations over users",
    "users|use|all|images",
    lambda mu, y, k: (lambda n, m: (k[y] * (mu - (k[y] * mu).sum(0) / n) ** 2).sum(0) / (len(mu) - 1))(
        k[y].sum(0).clamp(min=1), None
    ),
)
answers.wrong("sum of squares", "divide|variance|n", lambda mu, y, k: ((ma(mu, y, k) - ma(mu, y, k).mean(0)) ** 2).sum(0))
answers.wrong("absolute deviation", "square|variance", lambda mu, y, k: (ma(mu, y, k) - ma(mu, y, k).mean(0)).abs().mean(0))
answers.wrong("means", "variance", lambda mu, y, k: ma(mu, y, k).mean(0))
answers.wrong(
    "variance per epitome", "shape|epitome|all", lambda mu, y, k: torch.stack([(k[e] * mu[y == e]).var(0) for e in range(len(k))])
)
answers.wrong(
    "mean of the variances per epitome",
    "epitome|zeros|all",
    lambda mu, y, k: torch.stack([(k[e] * mu[y == e]).var(0).nan_to_num() for e in range(len(k))]).sum(0),
)
answers.wrong("inverted mask", "mask|invert|upside", lambda mu, y, k: ((1 - k[y]) * mu).var(0))
answers.wrong(
    "overall mean subtracted", "mean|own", lambda mu, y, k: ((ma(mu, y, k) - ma(mu, y, k).mean()) ** 2).sum(0) / (len(mu) - 1)
)
answers.wrong("centred before masking", "mask|mean|centre|zero", lambda mu, y, k: (k[y] * (mu - mu.mean(0))).var(0))
answers.wrong("one number", "latent|shape|dimension", lambda mu, y, k: ma(mu, y, k).var())
answers.wrong("n for 64 images", "n − 1|64|images", lambda mu, y, k: ((ma(mu, y, k) - ma(mu, y, k).mean(0)) ** 2).sum(0) / 63)
answers.wrong("n + 1", "n − 1|divide", lambda mu, y, k: ma(mu, y, k).var(0) * (len(mu) - 1) / (len(mu) + 1))
answers.wrong(
    "nan where unused", "use|zero|nan", lambda mu, y, k: torch.where(k[y].sum(0) > 0, ma(mu, y, k).var(0), math.nan), fair=0.9
)
answers.wrong("mu masked in place", "in place", lambda mu, y, k: mu.mul_(k[y]).var(0), fair=0.5)
answers.wrong("float16", "precision|half", lambda mu, y, k: ma(mu, y, k).half().var(0))


def epitome_activity_var(mu, y, masks):
    return torch.var(mu * masks[y], dim=0)


answers.right("var", epitome_activity_var)


def epitome_activity_by_hand(mu, y, masks):
    means = F.one_hot(y, len(masks)).to(mu.dtype) @ masks * mu
    return ((means - means.mean(0)) ** 2).sum(0) / (len(mu) - 1)


answers.right("by hand", epitome_activity_by_hand)
