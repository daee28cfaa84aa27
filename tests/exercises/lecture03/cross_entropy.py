"""Answers to 03.a cross_entropy as students write them."""

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()

answers.right("one line", lambda p, q: -(p * q.log()).sum(-1))
answers.right("xlogy", lambda p, q: -torch.special.xlogy(p, q).sum(-1))
answers.right(
    "F.cross_entropy of log q",
    lambda p, q: F.cross_entropy(q.log().reshape(-1, q.shape[-1]), p.reshape(-1, p.shape[-1]), reduction="none").reshape(
        p.shape[:-1]
    ),
)
answers.right("entropy plus divergence", lambda p, q: Categorical(p).entropy() + kl_divergence(Categorical(p), Categorical(q)))
answers.right("one product for each row", lambda p, q: -torch.einsum("...i,...i->...", p, q.log()))
answers.wrong("one number for the batch", "batch|row|sum", lambda p, q: -(p * q.log()).sum())
answers.wrong("mean over outcomes", "mean|average|times", lambda p, q: -(p * q.log()).mean(-1))
answers.wrong("weights forgotten", "weigh|average|p", lambda p, q: -q.log().sum(-1))
answers.wrong("log of the mean", "log", lambda p, q: -(p * q).sum(-1).log())
answers.wrong("log base 10", "base|natural|times", lambda p, q: -(p * q.log10()).sum(-1))
answers.wrong("only coins", "outcome", lambda p, q: -(p * q.log())[..., :2].sum(-1))
answers.wrong("entropy of q", "entropy", lambda p, q: Categorical(q).entropy())
answers.wrong(
    "softmax first",
    "softmax|probabilit",
    lambda p, q: F.cross_entropy(q.reshape(-1, q.shape[-1]), p.reshape(-1, p.shape[-1]), reduction="none").reshape(p.shape[:-1]),
)
answers.wrong("positive part only", "negative|clamp", lambda p, q: -(p * q.log()).sum(-1).clamp(max=-0.5))
answers.wrong("binary cross-entropy", "outcome|1 − p", lambda p, q: F.binary_cross_entropy(q, p, reduction="none").sum(-1))
