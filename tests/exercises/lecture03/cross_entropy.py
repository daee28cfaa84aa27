"""Answers to 03.a cross_entropy as students write them."""

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()

answers.right("one line", lambda q, p: -(q * p.log()).sum(-1))
answers.right("xlogy", lambda q, p: -torch.special.xlogy(q, p).sum(-1))
answers.right(
    "F.cross_entropy of log p",
    lambda q, p: F.cross_entropy(p.log().reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1]), reduction="none").reshape(
        q.shape[:-1]
    ),
)
answers.right("entropy plus divergence", lambda q, p: Categorical(q).entropy() + kl_divergence(Categorical(q), Categorical(p)))
answers.right("one product for each row", lambda q, p: -torch.einsum("...i,...i->...", q, p.log()))
answers.wrong("one number for the batch", "batch|row|sum", lambda q, p: -(q * p.log()).sum())
answers.wrong("mean over outcomes", "mean|average|times", lambda q, p: -(q * p.log()).mean(-1))
answers.wrong("weights forgotten", "weigh|average|q", lambda q, p: -p.log().sum(-1))
answers.wrong("log of the mean", "log", lambda q, p: -(q * p).sum(-1).log())
answers.wrong("log base 10", "base|natural|times", lambda q, p: -(q * p.log10()).sum(-1))
answers.wrong("only coins", "outcome", lambda q, p: -(q * p.log())[..., :2].sum(-1))
answers.wrong("entropy of p", "entropy", lambda q, p: Categorical(p).entropy())
answers.wrong(
    "softmax first",
    "softmax|probabilit",
    lambda q, p: F.cross_entropy(p.reshape(-1, p.shape[-1]), q.reshape(-1, q.shape[-1]), reduction="none").reshape(q.shape[:-1]),
)
answers.wrong("positive part only", "negative|clamp", lambda q, p: -(q * p.log()).sum(-1).clamp(max=-0.5))
answers.wrong("binary cross-entropy", "outcome|1 − q", lambda q, p: F.binary_cross_entropy(p, q, reduction="none").sum(-1))
