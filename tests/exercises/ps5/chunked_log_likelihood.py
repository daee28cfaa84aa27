"""Answers to ps5.6 chunked_log_likelihood as students write them."""

import functools
import math

import numpy as np
import scipy.special
import scipy.stats
import torch

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2

answers = Answers()


def chunks_streaming(log_weights, pixels):
    total, count = None, 0
    for chunk in log_weights:
        part = torch.logsumexp(chunk, dim=0)
        total = part if total is None else torch.logaddexp(total, part)
        count += chunk.shape[0]
    nats = total - math.log(count)
    return nats, float((-nats / (pixels * math.log(2))).mean())


def chunks_floats(log_weights, pixels):
    nats = []
    for b in range(log_weights.shape[2]):
        w = [float(v) for v in log_weights[:, :, b].flatten()]
        m = max(w)
        nats.append(m + math.log(sum(math.exp(v - m) for v in w)) - math.log(len(w)))
    return torch.tensor(nats, dtype=torch.float64), sum(-v / pixels / math.log(2) for v in nats) / len(nats)


answers.right("streaming logaddexp, a float", chunks_streaming)
answers.right("python floats", chunks_floats)
answers.right(
    "logsumexp over two dimensions",
    lambda w, pixels: (lambda n: (n, n.div(-pixels).mean() / LN2))(
        torch.logsumexp(w, (0, 1)) - math.log(w.shape[0] * w.shape[1])
    ),
)
answers.right(
    "numpy",
    lambda w, pixels: (lambda n: (n, np.mean(-n / np.log(2) / pixels)))(
        scipy.special.logsumexp(w.numpy(), axis=(0, 1)) - np.log(w.shape[0] * w.shape[1])
    ),
)
answers.right(
    "log-mean of chunk estimates (equal chunks)",
    lambda w, pixels: (lambda n: [n, -n.mean() * math.log2(math.e) / pixels])(
        (w.logsumexp(1) - math.log(w.shape[1])).logsumexp(0) - math.log(w.shape[0])
    ),
)
answers.right(
    "cat of chunks",
    lambda w, pixels: (lambda n: (n, torch.mean(torch.log2(torch.tensor(math.e)) * -n / pixels)))(
        torch.logsumexp(torch.cat(list(w), dim=0), dim=0) - torch.log(torch.tensor(len(w) * len(w[0])).double())
    ),
)
answers.right(
    "float32",
    lambda w, pixels: (lambda n: (n, -n.mean() / (pixels * LN2)))(
        w.float().flatten(0, 1).logsumexp(0) - math.log(w.shape[0] * w.shape[1])
    ),
)
nt = lambda w: w.flatten(0, 1).logsumexp(0) - math.log(w.shape[0] * w.shape[1])
answers.wrong("bits per image", "pixels|dimension", lambda w, p: (nt(w), -nt(w).mean() / LN2))
answers.wrong(
    "multiplied by ln 2", "ln 2|divide|bits|Value 2: your values are 0.48", lambda w, p: (nt(w), -nt(w).mean() * LN2 / p)
)
answers.wrong("784 pixels", "pixels", lambda w, p: (nt(w), -nt(w).mean() / (784 * LN2)))
answers.wrong("bits of every image", "mean|one number|shape", lambda w, p: (nt(w), -nt(w) / (p * LN2)))
answers.wrong("sum of bits", "mean|images|sum", lambda w, p: (nt(w), -nt(w).sum() / (p * LN2)))
answers.wrong("nats averaged", "image|shape", lambda w, p: (nt(w).mean(), -nt(w).mean() / (p * LN2)))
answers.wrong("order swapped", "swap|order|shape", lambda w, p: (-nt(w).mean() / (p * LN2), nt(w)))
answers.wrong("only nats", "values|bits", lambda w, p: nt(w))
answers.wrong(
    "log S missing", "log S", lambda w, p: (w.flatten(0, 1).logsumexp(0), -w.flatten(0, 1).logsumexp(0).mean() / (p * LN2))
)
answers.wrong(
    "log of the chunks",
    "log S|chunks",
    lambda w, p: ((n := w.flatten(0, 1).logsumexp(0) - math.log(len(w))), -n.mean() / (p * LN2)),
)
answers.wrong(
    "log S added",
    "log S|sign",
    lambda w, p: ((n := w.flatten(0, 1).logsumexp(0) + math.log(w.shape[0] * w.shape[1])), -n.mean() / (p * LN2)),
)
answers.wrong(
    "sum over chunks",
    "chunk|average",
    lambda w, p: ((n := (w.logsumexp(1) - math.log(w.shape[1])).sum(0)), -n.mean() / (p * LN2)),
)
answers.wrong(
    "best chunk",
    "chunk|best|max",
    lambda w, p: ((n := (w.logsumexp(1) - math.log(w.shape[1])).max(0).values), -n.mean() / (p * LN2)),
)
answers.wrong("last chunk", "chunk", lambda w, p: ((n := w[-1].logsumexp(0) - math.log(w.shape[1])), -n.mean() / (p * LN2)))
answers.wrong(
    "images as samples",
    "image|dimension|reshape",
    lambda w, p: (
        (n := (w.transpose(1, 2).reshape(-1, w.shape[2]).logsumexp(0) - math.log(w.shape[0] * w.shape[1]))),
        -n.mean() / (p * LN2),
    ),
)
answers.wrong(
    "flattened the wrong way",
    "image|dimension|reshape|flatten",
    lambda w, p: ((n := w.reshape(w.shape[2], -1).logsumexp(1) - math.log(w.shape[0] * w.shape[1])), -n.mean() / (p * LN2)),
)
answers.wrong("16 samples", "log S|16", lambda w, p: ((n := w.flatten(0, 1).logsumexp(0) - math.log(16)), -n.mean() / (p * LN2)))
answers.wrong(
    "bits from the mean weight of all",
    "mean|log|image",
    lambda w, p: (nt(w), -(nt(w).logsumexp(0) - math.log(w.shape[2])) / (p * LN2)),
)
answers.wrong(
    "shift by the overall maximum",
    "underflow|logsumexp",
    lambda w, p: ((n := (w - w.max()).exp().mean((0, 1)).log() + w.max()), -n.mean() / (p * LN2)),
    fair=0.9,
)
answers.wrong(
    "clamped at 1e-30",
    "underflow|exponentiated|clamp|logsumexp",
    lambda w, p: ((n := w.exp().mean((0, 1)).clamp(min=1e-30).log()), -n.mean() / (p * LN2)),
    fair=0.9,
)
answers.wrong("median", "mean|average", lambda w, p: ((n := w.flatten(0, 1).median(0).values), -n.mean() / (p * LN2)))
answers.wrong(
    "log10 bits", "ln 2|base|bits|Value 2: your values are 2.3", lambda w, p: (nt(w), -nt(w).mean() / (p * math.log10(2)))
)
answers.wrong("scaled [0, 255] bits + 8", "8|off by|bits", lambda w, p: (nt(w), -nt(w).mean() / (p * LN2) + 8))
answers.wrong("integer division", "integer|divi", lambda w, p: (nt(w), -nt(w).mean() // (p * LN2)))
answers.wrong(
    "chunk by chunk weights of unequal count",
    "chunk",
    lambda w, p: (
        (
            n := functools.reduce(
                lambda a, c: torch.logaddexp(a, c.logsumexp(0) - math.log(len(c))) - LN2,
                w[1:],
                w[0].logsumexp(0) - math.log(w.shape[1]),
            )
        ),
        -n.mean() / (p * LN2),
    ),
)


def chunked_log_likelihood_flat(log_weights, pixels):
    nats = log_weights.reshape(-1, log_weights.shape[-1]).logsumexp(0) - math.log(log_weights[:, :, 0].numel())
    return nats, -nats.mean() / pixels / math.log(2)


answers.right("flat", chunked_log_likelihood_flat)


def chunked_log_likelihood_running(log_weights, pixels):
    total, seen = torch.full_like(log_weights[0, 0], -math.inf), 0
    for chunk in log_weights:
        total, seen = torch.logaddexp(total, torch.logsumexp(chunk, 0)), seen + len(chunk)
    nats = total - math.log(seen)
    return nats, torch.mean(-nats / pixels) * math.log2(math.e)


answers.right("running", chunked_log_likelihood_running)
