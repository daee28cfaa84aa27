"""Answers to 11.b information_of as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()

answers.right("log_softmax", lambda log_q: log_q.log_softmax(1).diagonal().mean() + math.log(len(log_q)))
answers.right(
    "cross entropy",
    lambda log_q: math.log(len(log_q)) - torch.nn.functional.cross_entropy(log_q, torch.arange(len(log_q))),
)
answers.right(
    "a loop",
    lambda log_q: sum(row[i] - torch.logsumexp(row - math.log(len(row)), 0) for i, row in enumerate(log_q)) / len(log_q),
)
answers.right("trace", lambda log_q: (log_q - log_q.logsumexp(1, keepdim=True)).trace() / len(log_q) + math.log(len(log_q)))
answers.wrong("no log M", "log M", lambda log_q: log_q.log_softmax(1).diagonal().mean())
answers.wrong("minus log M", "log M|sign", lambda log_q: log_q.log_softmax(1).diagonal().mean() - math.log(len(log_q)))
answers.wrong("negative", "Upside|sign", lambda log_q: -log_q.log_softmax(1).diagonal().mean() - math.log(len(log_q)))
answers.wrong("columns", "codes|columns|dimension", lambda log_q: log_q.log_softmax(0).diagonal().mean() + math.log(len(log_q)))
answers.wrong("summed", "Summed|mean", lambda log_q: log_q.log_softmax(1).diagonal().sum() + len(log_q) * math.log(len(log_q)))
answers.wrong("mean of logs", "mean of the log", lambda log_q: (log_q.diagonal() - log_q.mean(1)).mean())
answers.wrong(
    "exp first", "exp|overflow|underflow", lambda log_q: (log_q.diagonal() - log_q.exp().mean(1).log()).mean(), fair=0.9
)
answers.wrong(
    "own left out",
    "left out",
    lambda log_q: (log_q.diagonal() - (log_q - 1e9 * torch.eye(len(log_q))).logsumexp(1)).mean() + math.log(len(log_q) - 1),
)
answers.wrong(
    "log of M − 1", "log M|M − 1|n − 1", lambda log_q: log_q.log_softmax(1).diagonal().mean() + math.log(len(log_q) - 1)
)
answers.wrong("largest", "largest|logsumexp", lambda log_q: (log_q.diagonal() - log_q.amax(1)).mean() + math.log(len(log_q)))
answers.wrong(
    "bits",
    "log 2|base|bits|0.69|factor",
    lambda log_q: (log_q.log_softmax(1).diagonal().mean() + math.log(len(log_q))) / math.log(2),
)
answers.wrong(
    "capped at 0", "0|clamp|negative", lambda log_q: (log_q.log_softmax(1).diagonal() + math.log(len(log_q))).clamp(min=0).mean()
)
answers.wrong("all pairs", "diagonal|pairs|mean", lambda log_q: log_q.log_softmax(1).mean() + math.log(len(log_q)))
answers.wrong("probabilities", "log|exp", lambda log_q: log_q.softmax(1).diagonal().mean() * len(log_q))
