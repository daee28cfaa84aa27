"""Answers to 02.a log_evidence as students write them."""

import math

import numpy as np
import torch

from tests.exercises.answers import Answers

answers = Answers()


def from_the_largest(log_joint, step):
    top = log_joint.max(-1, keepdim=True).values
    return top.squeeze(-1) + ((log_joint - top).exp().sum(-1) * step).log()


def of_the_batch(log_joint, step):
    top = log_joint.max()
    return top + ((log_joint - top).exp().sum(-1) * step).log()


def from_the_mean(log_joint, step):
    middle = log_joint.mean(-1)
    return middle + ((log_joint - middle.unsqueeze(-1)).exp().sum(-1) * step).log()


def point_by_point(log_joint, step):
    total = torch.full_like(log_joint[..., 0], -math.inf)
    for i in range(log_joint.shape[-1]):
        total = torch.logaddexp(total, log_joint[..., i] + math.log(step))
    return total


answers.right("one line", lambda log_joint, step: log_joint.logsumexp(-1) + math.log(step))
answers.right("step inside", lambda log_joint, step: torch.logsumexp(log_joint + math.log(step), dim=-1))
answers.right("from the largest", from_the_largest)
answers.right("point by point", point_by_point)
answers.right(
    "numpy and back",
    lambda log_joint, step: torch.from_numpy(np.asarray(np.logaddexp.reduce(log_joint.numpy() + np.log(step), axis=-1))),
)
answers.right("the step as a tensor", lambda log_joint, step: log_joint.logsumexp(-1) + torch.tensor(step).log())
answers.wrong("no step", "step", lambda log_joint, step: log_joint.logsumexp(-1))
answers.wrong("mean", "average", lambda log_joint, step: log_joint.logsumexp(-1) - math.log(log_joint.shape[-1]))
answers.wrong("mean and step", "average", lambda log_joint, step: log_joint.logsumexp(-1) - math.log(log_joint.shape[-1] / step))
answers.wrong("exp, sum, log", "−1000|exp", lambda log_joint, step: (log_joint.exp() * step).sum(-1).log())
answers.wrong("minus log step", "subtract|step", lambda log_joint, step: log_joint.logsumexp(-1) - math.log(step))
answers.wrong("plus step", "step", lambda log_joint, step: log_joint.logsumexp(-1) + step)
answers.wrong("times step", "step", lambda log_joint, step: log_joint.logsumexp(-1) * step)
answers.wrong("sum of logs", "logarithms", lambda log_joint, step: log_joint.sum(-1) + math.log(step))
answers.wrong("the largest", "largest|most probable", lambda log_joint, step: log_joint.amax(-1) + math.log(step))
answers.wrong("over the images", "first dimension", lambda log_joint, step: log_joint.logsumexp(0) + math.log(step))
answers.wrong("step in base 10", "step|base", lambda log_joint, step: log_joint.logsumexp(-1) + math.log10(step))
answers.wrong("not back to logs", "not its logarithm", lambda log_joint, step: log_joint.exp().sum(-1) * step)
answers.wrong("step squared", "step", lambda log_joint, step: log_joint.logsumexp(-1) + 2 * math.log(step))
answers.wrong("largest of the batch", "largest of the whole batch", of_the_batch, fair=0.9)
answers.wrong("from the mean", "overflow|largest", from_the_mean, fair=0.9)
answers.wrong("small constant", "small constant", lambda log_joint, step: (log_joint.exp().sum(-1) * step + 1e-10).log())
answers.wrong("larger constant", "small constant, 1e-06", lambda log_joint, step: (log_joint.exp().sum(-1) * step + 1e-6).log())
answers.wrong("all at once", "everything", lambda log_joint, step: log_joint.flatten().logsumexp(0) + math.log(step))
