"""Answers to 02.b posterior_density as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def by_the_evidence(log_joint, step):
    log_evidence = log_joint.logsumexp(-1, keepdim=True) + math.log(step)
    return (log_joint - log_evidence).exp()


def from_the_largest(log_joint, step):
    ratios = (log_joint - log_joint.max(-1, keepdim=True).values).exp()
    return ratios / ratios.sum(-1, keepdim=True) / step


def of_the_batch(log_joint, step):
    ratios = (log_joint - log_joint.max()).exp()
    return ratios / (ratios.sum(-1, keepdim=True) * step)


answers.right("softmax over step", lambda log_joint, step: log_joint.softmax(-1) / step)
answers.right("joint over evidence", by_the_evidence)
answers.right("from the largest", from_the_largest)
answers.right("log_softmax", lambda log_joint, step: torch.exp(log_joint.log_softmax(-1) - math.log(step)))
answers.wrong("softmax", "share|density", lambda log_joint, step: log_joint.softmax(-1))
answers.wrong("times step", "multipl|divid", lambda log_joint, step: log_joint.softmax(-1) * step)
answers.wrong("log", "logarithm", lambda log_joint, step: log_joint.log_softmax(-1) - math.log(step))
answers.wrong("log shares", "logarithm of the shares", lambda log_joint, step: log_joint.log_softmax(-1))
answers.wrong("joint", "normalis", lambda log_joint, step: log_joint.exp())
answers.wrong("peak 1", "peak|largest", lambda log_joint, step: (log_joint - log_joint.amax(-1, keepdim=True)).exp())
answers.wrong("exp first", "exp|−1000", lambda log_joint, step: log_joint.exp() / log_joint.exp().sum(-1, keepdim=True) / step)
answers.wrong("over the images", "first dimension", lambda log_joint, step: log_joint.softmax(0) / step)
answers.wrong("softmin", "sign", lambda log_joint, step: (-log_joint).softmax(-1) / step)
answers.wrong("divided twice", "step", lambda log_joint, step: log_joint.softmax(-1) / step**2)
answers.wrong("minus step", "step", lambda log_joint, step: log_joint.softmax(-1) - step)
answers.wrong("the evidence", "shape", lambda log_joint, step: log_joint.logsumexp(-1) + math.log(step))
answers.wrong("largest of the batch", "largest of the whole batch", of_the_batch, fair=0.9)
answers.wrong(
    "all at once", "one sum for all", lambda log_joint, step: log_joint.flatten().softmax(0).reshape(log_joint.shape) / step
)
