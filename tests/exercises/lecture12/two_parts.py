"""Answers to 12.b two_parts as students write them."""

import math

import torch
from torch.distributions import Categorical, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()


def kl(q, p):
    return (q * (q.log() - p.log())).sum(-1)


answers.right("distributions", lambda q, p: (
    kl_divergence(Categorical(q), Categorical(q.mean(0).expand_as(q))).mean(), kl_divergence(Categorical(q.mean(0)), Categorical(p))))  # fmt: skip
answers.right("entropies", lambda q, p: (
    Categorical(q.mean(0)).entropy() - Categorical(q).entropy().mean(), kl(q.mean(0), p)))  # fmt: skip
answers.right("what is left", lambda q, p: (kl(q, p).mean() - kl(q.mean(0), p), kl(q.mean(0), p)))
answers.right("joint table", lambda q, p: (
    (q / len(q) * (q / len(q) / (q / len(q)).sum(0) * len(q)).log()).sum(), kl(q.mean(0), p)))  # fmt: skip
answers.right("xlogy", lambda q, p: (
    (torch.xlogy(q, q) - torch.xlogy(q, q.mean(0))).sum(1).mean(), (torch.xlogy(q.mean(0), q.mean(0) / p)).sum()))  # fmt: skip
answers.wrong("first whole", "whole|mean KL|p\\(z\\)|q\\(z\\)", lambda q, p: (kl(q, p).mean(), kl(q.mean(0), p)))
answers.wrong("second whole", "single|mean KL|mean of the rows", lambda q, p: (kl(q, q.mean(0)).mean(), kl(q, p).mean()))
answers.wrong("swapped", "swap|order", lambda q, p: (kl(q.mean(0), p), kl(q, q.mean(0)).mean()))
answers.wrong("reverse", "way round", lambda q, p: (kl(q.mean(0), q).mean(), kl(p, q.mean(0))))
answers.wrong("second reversed", "way round", lambda q, p: (kl(q, q.mean(0)).mean(), kl(p, q.mean(0))))
answers.wrong("first reversed", "way round|first", lambda q, p: (kl(q.mean(0), q).mean(), kl(q.mean(0), p)))
answers.wrong(
    "bits", "log 2|bits|base|0.69|1.44", lambda q, p: (kl(q, q.mean(0)).mean() / math.log(2), kl(q.mean(0), p) / math.log(2))
)
answers.wrong("negative", "sign|-1", lambda q, p: (-kl(q, q.mean(0)).mean(), -kl(q.mean(0), p)))
answers.wrong("sum over images", "mean|sum", lambda q, p: (kl(q, q.mean(0)).sum(), kl(q.mean(0), p)))
answers.wrong("mean over codes", "mean|sum|codes", lambda q, p: (
    (q * (q / q.mean(0)).log()).mean(), (q.mean(0) * (q.mean(0) / p).log()).mean()))  # fmt: skip
answers.wrong("entropy of q(z)", "entropy|entropies", lambda q, p: (Categorical(q.mean(0)).entropy(), kl(q.mean(0), p)))
answers.wrong("cross entropy", "entropy|log", lambda q, p: (kl(q, q.mean(0)).mean(), -(q.mean(0) * p.log()).sum()))
answers.wrong("uniform q(z)", "q\\(z\\)|mean", lambda q, p: (
    kl(q, torch.full_like(q, 1 / q.shape[1])).mean(), kl(torch.full_like(p, 1 / len(p)), p)))  # fmt: skip
answers.wrong("per image", "one number|shape|mean", lambda q, p: (kl(q, q.mean(0)), kl(q.mean(0), p)))
