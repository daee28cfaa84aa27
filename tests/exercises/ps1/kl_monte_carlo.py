"""Answers to ps1.4 kl_monte_carlo as students write them."""

import numpy as np
import torch

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2

answers = Answers()


def mc_running(log_q, log_p):
    mean = 0
    for n, (a, b) in enumerate(zip(log_q, log_p), start=1):
        mean = mean + ((a - b) - mean) / n
    return mean


answers.right("running mean", mc_running)
answers.right("einsum", lambda log_q, log_p: torch.einsum("s...->...", log_q - log_p) / log_q.size(0))
answers.right(
    "matmul with weights",
    lambda log_q, log_p: torch.tensordot(torch.full((len(log_q),), 1 / len(log_q), dtype=log_q.dtype), log_q - log_p, dims=1),
)
answers.right("movedim and last mean", lambda log_q, log_p: (log_q - log_p).movedim(0, -1).mean(-1))
answers.right(
    "log of ratio of exps is avoided, stacked lists",
    lambda log_q, log_p: torch.stack([a - b for a, b in zip(log_q, log_p)]).mean(dim=0, keepdim=True).squeeze(0),
)
answers.right("negative of negative", lambda log_q, log_p: -torch.mean(log_p - log_q, axis=0))
answers.right("numpy", lambda log_q, log_p: torch.as_tensor(np.mean(log_q.numpy() - log_p.numpy(), axis=0)))
answers.right("plain floats for one image", lambda log_q, log_p: (log_q - log_p).mean(0).tolist())
answers.right("no_grad", torch.no_grad()(lambda log_q, log_p: (log_q - log_p).mean(0)))
answers.wrong("clamped at 0", "negative", lambda log_q, log_p: (log_q - log_p).mean(0).clamp(min=0))
answers.wrong("n - 1", "n|number|factor|mean", lambda log_q, log_p: (log_q - log_p).sum(0) / max(len(log_q) - 1, 1))
answers.wrong("median", "mean|average", lambda log_q, log_p: (log_q - log_p).median(0).values)
answers.wrong("log of the mean ratio", "mean of|log", lambda log_q, log_p: (log_q - log_p).exp().mean(0).log())
answers.wrong("ratio of the logs", "ratio|difference|subtract", lambda log_q, log_p: (log_q / log_p).mean(0))
answers.wrong("first sample", "sample|average|mean", lambda log_q, log_p: (log_q - log_p)[0])
answers.wrong("entropy only", "log_p|log p|entropy", lambda log_q, log_p: log_q.mean(0))
answers.wrong("sum with hard-coded 16 samples", "number|samples|factor", lambda log_q, log_p: (log_q - log_p).sum(0) / 16)
answers.wrong("softmax weights", "weigh|twice", lambda log_q, log_p: (log_q.softmax(0) * (log_q - log_p)).sum(0))
answers.wrong("importance weights p/q", "weigh|twice", lambda log_q, log_p: ((log_p - log_q).softmax(0) * (log_q - log_p)).sum(0))
answers.wrong(
    "k3 estimator", "control|exp", lambda log_q, log_p: ((log_q - log_p) + (log_p - log_q).exp() - 1).mean(0) + 0 * log_q[0]
)
answers.wrong("k2 estimator", "square", lambda log_q, log_p: (0.5 * (log_q - log_p) ** 2).mean(0))
answers.wrong("squared", "square", lambda log_q, log_p: ((log_q - log_p) ** 2).mean(0))
answers.wrong("exponentiated difference", "log", lambda log_q, log_p: (log_q.exp() - log_p.exp()).mean(0))
answers.wrong("bits", "bits|base|times|factor", lambda log_q, log_p: (log_q - log_p).mean(0) / LN2)
answers.wrong("outliers removed", "outlier|all samples", lambda log_q, log_p: (log_q - log_p).clamp(-10, 10).mean(0))
answers.right("gradients only through q", lambda log_q, log_p: (log_q - log_p.detach()).mean(0))
answers.wrong(
    "one random sample", "draw none|random|differently", lambda log_q, log_p: (log_q - log_p)[torch.randint(len(log_q), ())]
)
answers.wrong(
    "bootstrap with a seed reset",
    "sample|random",
    lambda log_q, log_p: (torch.manual_seed(0), (log_q - log_p)[torch.randint(len(log_q), (len(log_q),))].mean(0))[1],
)


def kl_monte_carlo_loop(log_q, log_p):
    total = torch.zeros_like(log_q[0])
    for a, b in zip(log_q, log_p):
        total = total + a - b
    return total / len(log_q)


answers.right("loop", kl_monte_carlo_loop)


def kl_monte_carlo_two_means(log_q, log_p):
    return torch.mean(log_q, dim=0) - torch.mean(log_p, dim=0)


answers.right("two means", kl_monte_carlo_two_means)
