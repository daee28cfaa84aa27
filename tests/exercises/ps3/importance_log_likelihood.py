"""Answers to ps3.3 importance_log_likelihood as students write them."""

import functools
import math

import numpy as np
import scipy.special
import scipy.stats
import torch
from torch.distributions import Categorical

from tests.exercises.answers import Answers

answers = Answers()


def iwae_streaming(log_weights):
    """Online logsumexp: a running maximum and a rescaled sum."""
    top, total = log_weights[0].clone(), torch.ones_like(log_weights[0])
    for row in log_weights[1:]:
        new = torch.maximum(top, row)
        total = total * torch.exp(top - new) + torch.exp(row - new)
        top = new
    return top + torch.log(total / log_weights.shape[0])


def iwae_floats(log_weights):
    answer = []
    for column in log_weights.T.tolist():
        m = max(column)
        answer.append(m + math.log(math.fsum(math.exp(w - m) for w in column) / len(column)))
    return torch.tensor(answer, dtype=torch.double)


answers.right("online logsumexp", iwae_streaming)
answers.right("python floats and fsum", iwae_floats)
answers.right(
    "scipy logsumexp, numpy answer",
    lambda log_weights: scipy.special.logsumexp(log_weights.numpy(), axis=0, b=1 / len(log_weights)),
)
answers.right(
    "logsumexp of shifted weights", lambda log_weights: torch.logsumexp(log_weights + math.log(1.0 / log_weights.size(0)), dim=0)
)
answers.right(
    "minus log_softmax", lambda log_weights: (log_weights - torch.log_softmax(log_weights, 0))[0] - math.log(len(log_weights))
)
answers.right("logcumsumexp", lambda log_weights: torch.logcumsumexp(log_weights, dim=0)[-1] - np.log(len(log_weights)))
answers.right(
    "functools.reduce of logaddexp",
    lambda log_weights: functools.reduce(torch.logaddexp, log_weights.unbind(0)) - torch.tensor(float(len(log_weights))).log(),
)
answers.right(
    "Categorical's normaliser",
    lambda log_weights: (log_weights.T - Categorical(logits=log_weights.T).logits)[:, 0] - math.log(log_weights.shape[0]),
)
answers.right(
    "no_grad, transposed", torch.no_grad()(lambda log_weights: log_weights.t().logsumexp(1).sub_(math.log(log_weights.shape[0])))
)
answers.wrong(
    "shift by the overall maximum",
    "underflow|two images|logsumexp",
    lambda w: (w - w.max()).exp().mean(0).log() + w.max(),
    fair=0.9,
)
answers.wrong(
    "weights clamped at 1e-30", "underflow|log space|clamp", lambda w: w.exp().mean(0).clamp(min=1e-30).log(), fair=0.75
)
answers.wrong(
    "weights clamped at e**700", "overflow|log space|clamp", lambda w: w.clamp(-700, 700).exp().mean(0).log(), fair=0.75
)
answers.wrong("1e-10 added", "constant|underflow|logsumexp", lambda w: (w.exp().mean(0) + 1e-10).log(), fair=0.75)
answers.wrong("log S added", "sign|log S", lambda w: w.logsumexp(0) + math.log(len(w)))
answers.wrong("log of images", "samples|log S|images", lambda w: w.logsumexp(0) - math.log(w.shape[1]))
answers.wrong("S - 1", "S|number", lambda w: w.logsumexp(0) - math.log(max(len(w) - 1, 1)))
answers.wrong("log 16 hard-coded", "S|number|16", lambda w: w.logsumexp(0) - math.log(16))
answers.wrong("divided by S", "log S|outside|divide", lambda w: w.logsumexp(0) / len(w))
answers.wrong("divided by log S", "log S|subtract|divide", lambda w: w.logsumexp(0) / math.log(len(w)) if len(w) > 1 else w[0])
answers.wrong("log2", "natural|base|log", lambda w: w.logsumexp(0) - math.log2(len(w)))
answers.wrong("self-normalised weights", "average|weigh", lambda w: (w.softmax(0) * w).sum(0))
answers.wrong("minus", "sign|-1 times", lambda w: math.log(len(w)) - w.logsumexp(0))
answers.wrong("median weight", "average|mean|median", lambda w: w.median(0).values)
answers.wrong("mean weight without the log", "log", lambda w: w.exp().mean(0))
answers.wrong(
    "all weights together", "image|one number", lambda w: (w.flatten().logsumexp(0) - math.log(w.numel())).expand(w.shape[1])
)
answers.wrong("float16", "precision|half", lambda w: w.half().float().logsumexp(0) - math.log(len(w)))
answers.wrong(
    "second-order correction", "correct|bias", lambda w: w.logsumexp(0) - math.log(len(w)) + w.var(0, correction=0) / (2 * len(w))
)
answers.wrong("keepdim", "shape", lambda w: w.logsumexp(0, keepdim=True) - math.log(len(w)))


def importance_log_likelihood_shifted(log_weights):
    top = log_weights.max(dim=0).values
    return top + torch.log(torch.exp(log_weights - top).mean(dim=0))


answers.right("shifted", importance_log_likelihood_shifted)


def importance_log_likelihood_numpy(log_weights):
    return torch.from_numpy(np.logaddexp.reduce(log_weights.numpy(), axis=0)) - math.log(log_weights.shape[0])


answers.right("numpy", importance_log_likelihood_numpy)
