"""Answers to 09.a best_gaussian_prior as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def loops(mu, logvar):
    means, variances = [], []
    for m, v in zip(mu.T.tolist(), logvar.exp().T.tolist()):
        centre = sum(m) / len(m)
        means.append(centre)
        variances.append(sum(b + (a - centre) ** 2 for a, b in zip(m, v)) / len(m))
    return torch.tensor(means, dtype=mu.dtype), torch.tensor(variances, dtype=mu.dtype)


def moments(mu, logvar):
    first, second = mu.mean(0), (mu.square() + logvar.exp()).mean(0)
    return first, second - first.square()


def by_gradient(mu, logvar):
    """A few Newton steps from N(0, 1) for the log-variance; the mean is set first."""
    mean, log_v = mu.mean(0), torch.zeros_like(mu[0])
    for _ in range(100):
        ratio = (logvar.exp() + (mu - mean) ** 2).mean(0) / log_v.exp()
        log_v = log_v + (ratio - 1).clamp(-1, 1)
    return mean, log_v.exp()


def two(mu, logvar, mean=None, variance=None):
    """Each keyword changes one of the two answers."""
    right = moments(mu, logvar)
    return (right[0] if mean is None else mean(mu, logvar), right[1] if variance is None else variance(mu, logvar))


answers.right("var and exp", lambda mu, logvar: (mu.mean(0), mu.var(0, unbiased=False) + logvar.exp().mean(0)))
answers.right("moments", moments)
answers.right("loops", loops)
answers.right("fixed point", by_gradient)
answers.right("torch.var_mean", lambda mu, logvar: (
    (both := torch.var_mean(mu, dim=0, correction=0))[1], both[0] + torch.exp(logvar).mean(0)))  # fmt: skip
within, spread = lambda logvar: logvar.exp().mean(0), lambda mu: mu.var(0, correction=0)
for name, cause, change in (
    ("variance of the means alone", "variance of its own|alone|Only", {"variance": lambda m, v: spread(m)}),
    ("mean variance alone", "apart|Only", {"variance": lambda m, v: within(v)}),
    ("n - 1", "n − 1", {"variance": lambda m, v: within(v) + m.var(0)}),
    ("exp of the mean", "averaged before exp|log-variances", {"variance": lambda m, v: v.mean(0).exp() + spread(m)}),
    ("no exp", "exp", {"variance": lambda m, v: v.mean(0) + spread(m)}),
    ("half the log-variance", "standard deviation", {"variance": lambda m, v: (v / 2).exp().mean(0) + spread(m)}),
    ("second moment", "z²|from the mean", {"variance": lambda m, v: (m**2 + v.exp()).mean(0)}),
    ("deviation", "standard deviation", {"variance": lambda m, v: (within(v) + spread(m)).sqrt()}),
    ("its log", "log", {"variance": lambda m, v: (within(v) + spread(m)).log()}),
    ("sums", "sum|added|size of `mu`", {"variance": lambda m, v: v.exp().sum(0) + ((m - m.mean(0)) ** 2).sum(0)}),
    ("largest variance", "largest|mean|variance", {"variance": lambda m, v: v.exp().amax(0) + spread(m)}),
    ("everything of one latent", "shape|latent|mean", {"variance": lambda m, v: v.exp().mean() + spread(m)}),
    ("harmonic", "precision|inverse|mean", {"variance": lambda m, v: 1 / (-v).exp().mean(0) + spread(m)}),
    ("standard deviation of the means", "root|deviation|variance", {"variance": lambda m, v: within(v) + m.std(0, correction=0)}),
    ("variance of the variances", "variance", {"variance": lambda m, v: within(v) + v.exp().var(0, correction=0)}),
    ("half of both", "half|½|0.5|averag", {"variance": lambda m, v: 0.5 * (within(v) + spread(m))}),
    ("standard normal's variance", "1|variance", {"variance": lambda m, v: torch.ones_like(m[0])}),
    ("sum of the means", "sum|mean", {"mean": lambda m, v: m.sum(0)}),
    ("median", "median", {"mean": lambda m, v: m.quantile(0.5, 0)}),
    ("precision-weighted", "weight|precision", {"mean": lambda m, v: (m * (-v).exp()).sum(0) / (-v).exp().sum(0)}),
    ("variance-weighted", "weight|mean|variance", {"mean": lambda m, v: (m * v.exp()).sum(0) / v.exp().sum(0)}),
    ("mean of the log-variances", "log|mean|mu", {"mean": lambda m, v: v.mean(0)}),
):
    answers.wrong(name, cause, lambda mu, logvar, change=change: two(mu, logvar, **change))
answers.wrong(
    "other dimension", "first dimension|latent|shape", lambda mu, logvar: tuple(part for part in moments(mu.T, logvar.T))
)
answers.wrong("exchanged", "exchanged|order", lambda mu, logvar: moments(mu, logvar)[::-1])
answers.wrong("zero mean", "0", lambda mu, logvar: (torch.zeros_like(mu[0]), (mu**2 + logvar.exp()).mean(0)))
answers.wrong("product of experts", "product|precision", lambda mu, logvar: (
    (mu * (-logvar).exp()).sum(0) / (-logvar).exp().sum(0), 1 / (-logvar).exp().sum(0)))  # fmt: skip
answers.wrong("mean of both as given", "exp|log", lambda mu, logvar: (mu.mean(0), logvar.mean(0)))
answers.wrong("one tensor", "shape|values", lambda mu, logvar: torch.stack(moments(mu, logvar)))
answers.wrong("with a batch dimension", "shape", lambda mu, logvar: (
    mu.mean(0, keepdim=True), logvar.exp().mean(0, keepdim=True) + mu.var(0, correction=0, keepdim=True)))  # fmt: skip
answers.wrong("the other KL", "other way round", lambda mu, logvar: (
    (mu * (-logvar).exp()).sum(0) / (-logvar).exp().sum(0), 1 / (-logvar).exp().mean(0)))  # fmt: skip
answers.wrong("all over n - 1", "n − 1", lambda mu, logvar: (
    mu.mean(0), (logvar.exp() + (mu - mu.mean(0)) ** 2).sum(0) / (len(mu) - 1)))  # fmt: skip
answers.wrong("widest posterior", "largest", lambda mu, logvar: (mu.mean(0), logvar.exp().amax(0)))
answers.wrong("1 and the spread", "1 stands", lambda mu, logvar: (mu.mean(0), 1 + spread(mu)))
