"""Answers to 06.b effective_samples as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def in_logarithms(log_weights):
    return (2 * log_weights.logsumexp(0) - (2 * log_weights).logsumexp(0)).exp()


def from_the_largest(log_weights):
    w = (log_weights - log_weights.max(0).values).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


def of_the_batch(log_weights):
    w = (log_weights - log_weights.max()).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


def from_the_mean(log_weights):
    w = (log_weights - log_weights.mean(0)).exp()
    return w.sum(0) ** 2 / (w**2).sum(0)


answers.right("softmax", lambda log_weights: 1 / (log_weights.softmax(0) ** 2).sum(0))
answers.right("in logarithms", in_logarithms)
answers.right("from the largest", from_the_largest)
answers.right("norm", lambda log_weights: log_weights.softmax(0).norm(dim=0) ** -2)
answers.wrong("largest of the batch", "overflow|underflow|largest", of_the_batch, fair=0.9)
answers.wrong("from the mean", "overflow|largest|nan", from_the_mean, fair=0.9)
answers.wrong("exp first", "exp|−1000", lambda log_weights: log_weights.exp().sum(0) ** 2 / (log_weights.exp() ** 2).sum(0))
answers.wrong("inverted", "upside|Upside", lambda log_weights: (log_weights.softmax(0) ** 2).sum(0))
answers.wrong("logs as weights", "logarithm", lambda log_weights: log_weights.sum(0) ** 2 / (log_weights**2).sum(0))
answers.wrong("not squared", "square", lambda log_weights: 1 / log_weights.softmax(0).sum(0))
answers.wrong("1/max", "largest", lambda log_weights: 1 / log_weights.softmax(0).amax(0))
answers.wrong(
    "perplexity",
    "entropy",
    lambda log_weights: torch.distributions.Categorical(logits=log_weights.movedim(0, -1)).entropy().exp(),
)
answers.wrong("root", "root|square", lambda log_weights: 1 / log_weights.softmax(0).norm(dim=0))
answers.wrong("over the images", "dimension|images", lambda log_weights: 1 / (log_weights.softmax(-1) ** 2).sum(-1))
answers.wrong("one number", "everything", lambda log_weights: 1 / (log_weights.softmax(0) ** 2).sum())
answers.wrong("share of all", "mean", lambda log_weights: 1 / (log_weights.softmax(0) ** 2).mean(0))
answers.wrong(
    "divided by their number",
    "number of samples",
    lambda log_weights: 1 / (log_weights.softmax(0) ** 2).sum(0) / len(log_weights),
)
answers.wrong("all count", "weight", lambda log_weights: torch.full_like(log_weights[0], len(log_weights)))
answers.wrong("its logarithm", "log", lambda log_weights: 2 * log_weights.logsumexp(0) - (2 * log_weights).logsumexp(0))
