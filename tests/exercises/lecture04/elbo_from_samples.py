"""Answers to 04.a elbo_from_samples as students write them."""

import math

import torch

from tests.exercises.answers import Answers

answers = Answers()


def in_a_loop(log_joint, log_q):
    total = torch.zeros_like(log_joint[0])
    for s in range(len(log_joint)):
        total = total + log_joint[s] - log_q[s]
    return total / len(log_joint)


answers.right("one line", lambda log_joint, log_q: (log_joint - log_q).mean(0))
answers.right("two means", lambda log_joint, log_q: log_joint.mean(0) - log_q.mean(0))
answers.right("sum over their number", lambda log_joint, log_q: (log_joint - log_q).sum(dim=0) / log_q.shape[0])
answers.right("loop", in_a_loop)
answers.wrong("sign", "sign", lambda log_joint, log_q: (log_q - log_joint).mean(0))
answers.wrong("sum", "sum", lambda log_joint, log_q: (log_joint - log_q).sum(0))
answers.wrong(
    "importance weighted", "logarithm", lambda log_joint, log_q: (log_joint - log_q).logsumexp(0) - math.log(len(log_q))
)
answers.wrong("weighted by q", "weight", lambda log_joint, log_q: (log_q.softmax(0) * (log_joint - log_q)).sum(0))
answers.wrong("exp q", "weight|q", lambda log_joint, log_q: (log_q.exp() * (log_joint - log_q)).sum(0))
answers.wrong("no log q", "log q", lambda log_joint, log_q: log_joint.mean(0))
answers.wrong("added", "sign|add", lambda log_joint, log_q: (log_joint + log_q).mean(0))
answers.wrong("one number", "One number", lambda log_joint, log_q: (log_joint - log_q).mean())
answers.wrong("last dimension", "dimension", lambda log_joint, log_q: (log_joint - log_q).mean(-1))
answers.wrong("log of the sum of weights", "log of the sum", lambda log_joint, log_q: (log_joint - log_q).logsumexp(0))
answers.wrong("first sample", "sample", lambda log_joint, log_q: log_joint[0] - log_q[0])
answers.wrong("ratio", "divi|minus|log", lambda log_joint, log_q: (log_joint / log_q).mean(0))
answers.wrong("best sample", "largest|mean", lambda log_joint, log_q: (log_joint - log_q).amax(0))
answers.wrong("median", "median|mean", lambda log_joint, log_q: (log_joint - log_q).median(0).values)
