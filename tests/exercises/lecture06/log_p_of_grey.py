"""Answers to 06.a log_p_of_grey as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Independent, Normal

from tests.exercises.answers import Answers

answers = Answers()


def constant(x, variance):
    return -0.5 * x.shape[-1] * math.log(2 * math.pi * variance)


def error(x, g):
    return ((x - g) ** 2).sum(-1)


answers.right("one line", lambda x, g, variance: constant(x, variance) - error(x, g) / (2 * variance))
answers.right("Normal", lambda x, g, variance: Normal(g, math.sqrt(variance)).log_prob(x).sum(-1))
answers.right("Independent", lambda x, g, variance: Independent(Normal(g, torch.full_like(g, variance).sqrt()), 1).log_prob(x))
answers.right(
    "pixel by pixel",
    lambda x, g, variance: sum(
        -0.5 * (math.log(2 * math.pi * variance) + (x[..., i] - g[..., i]) ** 2 / variance) for i in range(x.shape[-1])
    ),
)
answers.right(
    "gaussian_nll_loss",
    lambda x, g, variance: (
        -F.gaussian_nll_loss(g, x, torch.full_like(g, variance), full=True, eps=1e-12, reduction="none").sum(-1)
    ),
)
answers.wrong(
    "all but the first dimension",
    "dimension",
    lambda x, g, variance: Normal(g, math.sqrt(variance)).log_prob(x).sum(tuple(range(1, x.ndim)) or (0,)),
    fair=0.9,
)
answers.wrong("no constant", "constant", lambda x, g, variance: -error(x, g) / (2 * variance))
answers.wrong(
    "constant once",
    "once|each pixel",
    lambda x, g, variance: -0.5 * math.log(2 * math.pi * variance) - error(x, g) / (2 * variance),
)
answers.wrong("mean", "average|mean", lambda x, g, variance: Normal(g, math.sqrt(variance)).log_prob(x).mean(-1))
answers.wrong("variance as deviation", "deviation", lambda x, g, variance: Normal(g, variance).log_prob(x).sum(-1))
answers.wrong("1/v", "2v|weight", lambda x, g, variance: constant(x, variance) - error(x, g) / variance)
answers.wrong("one number", "[Oo]ne number", lambda x, g, variance: Normal(g, math.sqrt(variance)).log_prob(x).sum())
answers.wrong("no sum", "without the sum", lambda x, g, variance: Normal(g, math.sqrt(variance)).log_prob(x))
answers.wrong("sign", "sign", lambda x, g, variance: -Normal(g, math.sqrt(variance)).log_prob(x).sum(-1))
answers.wrong("squared error", "no weight", lambda x, g, variance: -error(x, g))
answers.wrong(
    "2 pi forgotten",
    "lacks its 2π",
    lambda x, g, variance: -0.5 * x.shape[-1] * math.log(variance) - error(x, g) / (2 * variance),
)
answers.wrong("constant's sign", "sign|constant", lambda x, g, variance: -constant(x, variance) - error(x, g) / (2 * variance))
answers.wrong(
    "absolute error", "square|absolute", lambda x, g, variance: constant(x, variance) - (x - g).abs().sum(-1) / (2 * variance)
)
answers.wrong(
    "gaussian_nll_loss as it comes",
    "lacks its 2π",
    lambda x, g, variance: -F.gaussian_nll_loss(g, x, torch.full_like(g, variance), reduction="none").sum(-1),
)
