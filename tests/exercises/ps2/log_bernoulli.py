"""Answers to ps2.3 log_bernoulli as students write them."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Bernoulli

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2, bern, log_bernoulli_bce, log_bernoulli_distributions

answers = Answers()


def bern_where(x, logits):
    """The textbook's stable form: max(l, 0) - l x + log(1 + exp(-|l|)), negated."""
    top = torch.where(logits > 0, logits, torch.zeros_like(logits))
    return -(top - logits * x + torch.log1p(torch.exp(-logits.abs()))).sum(dim=-1)


def bern_two_classes(x, logits):
    """A softmax over the logits (0, l)."""
    logp = torch.log_softmax(torch.stack([torch.zeros_like(logits), logits], dim=-1), dim=-1)
    return torch.sum((1 - x) * logp[..., 0] + x * logp[..., 1], axis=-1)


answers.right("max, abs and log1p", bern_where)
answers.right("two-class log-softmax", bern_two_classes)
answers.right("logaddexp", lambda x, logits: (x * logits - torch.logaddexp(torch.zeros_like(logits), logits)).sum(-1))
answers.right(
    "softplus of both signs, loop over pixels",
    lambda x, logits: sum(
        -x[..., i] * F.softplus(-logits[..., i]) - (1 - x[..., i]) * F.softplus(logits[..., i]) for i in range(x.shape[-1])
    ),
)
answers.right("BCEWithLogitsLoss object", lambda x, logits: nn.BCEWithLogitsLoss(reduction="none")(logits, x).neg().sum(-1))
answers.right(
    "log_sigmoid and einsum of ones",
    lambda x, logits: torch.einsum(
        "...i,i->...",
        x * F.logsigmoid(logits) + (1 - x) * (F.logsigmoid(logits) - logits),
        torch.ones(x.shape[-1], dtype=x.dtype),
    ),
)
answers.right("Bernoulli log_prob", lambda x, logits: Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1))
answers.right(
    "float32 inside", lambda x, logits: -F.binary_cross_entropy_with_logits(logits.float(), x.float(), reduction="none").sum(-1)
)
answers.right(
    "numpy logaddexp",
    lambda x, logits: torch.from_numpy(np.asarray((x.numpy() * logits.numpy() - np.logaddexp(0, logits.numpy())).sum(-1))),
)
answers.right("no_grad", torch.no_grad()(lambda x, logits: bern(x, logits).sum(-1)))
answers.wrong(
    "F.binary_cross_entropy of the sigmoid (clamps at -100)",
    "softplus|round|clamp",
    lambda x, logits: -F.binary_cross_entropy(torch.sigmoid(logits), x, reduction="none").sum(-1),
    fair=0.9,
)
answers.wrong("logits clamped to [-20, 20]", "clamp", lambda x, logits: bern(x, logits.clamp(-20, 20)).sum(-1), fair=0.9)
answers.wrong(
    "probabilities clamped at 1e-7",
    "clamp|constant|softplus",
    lambda x, logits: (x * (p := torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)).log() + (1 - x) * (1 - p).log()).sum(-1),
    fair=0.9,
)
answers.wrong(
    "probabilities clamped at 1e-3",
    "clamp|constant|softplus",
    lambda x, logits: (x * (p := torch.sigmoid(logits).clamp(1e-3, 1 - 1e-3)).log() + (1 - x) * (1 - p).log()).sum(-1),
)
answers.wrong(
    "log(1 + exp) by hand",
    "softplus|overflow|round",
    lambda x, logits: (x * logits - torch.log(1 + torch.exp(logits))).sum(-1),
    fair=0.9,
)
answers.wrong("x rounded first", "grey|round", lambda x, logits: bern(x.round(), logits).sum(-1))
answers.wrong(
    "x > 0 taken for on", "grey|x", lambda x, logits: torch.where(x > 0, F.logsigmoid(logits), F.logsigmoid(-logits)).sum(-1)
)
answers.wrong(
    "softplus signs swapped", "sign|swap", lambda x, logits: -(x * F.softplus(logits) + (1 - x) * F.softplus(-logits)).sum(-1)
)
answers.wrong("squared error", "cross-entropy|Bernoulli|square", lambda x, logits: -((x - torch.sigmoid(logits)) ** 2).sum(-1))
answers.wrong(
    "logits taken for probabilities",
    "logit|sigmoid|probabilit",
    lambda x, logits: (x * logits.clamp(1e-6, 1 - 1e-6).log() + (1 - x) * (1 - logits.clamp(1e-6, 1 - 1e-6)).log()).sum(-1),
)
answers.wrong(
    "total of the batch", "batch|image|last", lambda x, logits: -F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
)
answers.wrong("mean of everything", "mean|batch|image", lambda x, logits: -F.binary_cross_entropy_with_logits(logits, x))
answers.wrong(
    "arguments of the bce swapped",
    "swap|order|argument",
    lambda x, logits: -F.binary_cross_entropy_with_logits(x, logits, reduction="none").sum(-1),
)
answers.wrong(
    "tanh for the sigmoid",
    "sigmoid|tanh",
    lambda x, logits: (x * (p := (1 + torch.tanh(logits)) / 2).clamp(1e-300).log() + (1 - x) * (1 - p).clamp(1e-300).log()).sum(
        -1
    ),
)
answers.wrong("off pixels only", "1 − x|only|pixels", lambda x, logits: -((1 - x) * F.softplus(logits)).sum(-1))
answers.wrong("bits", "bits|base|times|factor", lambda x, logits: bern(x, logits).sum(-1) / LN2)
answers.wrong(
    "continuous Bernoulli constant",
    "constant|continuous",
    lambda x, logits: (
        torch.distributions.ContinuousBernoulli(logits=logits.clamp(-30, 30), validate_args=False).log_prob(x).sum(-1)
    ),
)
answers.wrong("x - sigmoid", "log", lambda x, logits: (x * logits).sum(-1) - torch.sigmoid(logits).sum(-1))
answers.wrong("sum over images", "dimension|image|last", lambda x, logits: bern(x, logits).sum(0))
answers.wrong(
    "only 1-D and 2-D: last of two",
    "dimension|last|shape",
    lambda x, logits: (t := bern(x, logits)).sum(1 if t.ndim > 1 else 0),
    fair=0.9,
)
answers.wrong(
    "softplus in base 2", "natural|base|log2|softplus", lambda x, logits: (x * logits - torch.log2(1 + torch.exp(logits))).sum(-1)
)
answers.wrong("float16", "precision|half", lambda x, logits: bern(x.half(), logits.half()).sum(-1))
answers.wrong("divided by 784", "factor|times|mean|784", lambda x, logits: bern(x, logits).sum(-1) / 784)


def log_bernoulli_logsigmoid(x, logits):
    return torch.einsum("...i->...", x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits))


answers.right("logsigmoid", log_bernoulli_logsigmoid)
answers.right("bce", log_bernoulli_bce)
answers.right("distributions", log_bernoulli_distributions)
