"""Answers to ps6.5 flow_log_prob as students write them."""

import math

import torch
from torch.distributions import AffineTransform, Independent, Normal, TransformedDistribution

from tests.exercises.answers import Answers

answers = Answers()
LOG_2PI = math.log(2 * math.pi)


def by_hand(z, shift, scale, sign=-1.0, of_scale=lambda s: s.abs().log(), noise=lambda z, m, s: (z - m) / s):
    return (-0.5 * LOG_2PI - 0.5 * noise(z, shift, scale) ** 2 + sign * of_scale(scale)).sum(-1)


def transformed(z, shift, scale):
    base = Independent(Normal(torch.zeros_like(shift), torch.ones_like(shift)), 1)
    return TransformedDistribution(base, [AffineTransform(shift, scale, event_dim=1)], validate_args=False).log_prob(z)


def slogdet(z, shift, scale):
    z0 = (z - shift) / scale
    jacobian = torch.diag_embed(1 / scale)
    return Normal(0.0, 1.0).log_prob(z0).sum(-1) + torch.linalg.slogdet(jacobian).logabsdet


answers.right("by hand", by_hand)
answers.right("a transformed distribution", transformed)
answers.right("normal with |scale|", lambda z, shift, scale: Normal(shift, scale.abs(), validate_args=False).log_prob(z).sum(-1))
answers.right("half the log of the square", lambda z, m, s: by_hand(z, m, s, of_scale=lambda s: s.abs().log()))
answers.right(
    "loop over dimensions",
    lambda z, m, s: sum(by_hand(z[..., i : i + 1], m[..., i : i + 1], s[..., i : i + 1]) for i in range(z.shape[-1])),
)
answers.right("slogdet of 1/scale", slogdet)
answers.wrong("plus", "sign", lambda z, m, s: by_hand(z, m, s, sign=1.0))
answers.wrong("no determinant", "missing|determinant", lambda z, m, s: by_hand(z, m, s, sign=0.0))
answers.wrong("twice", "twice|2", lambda z, m, s: by_hand(z, m, s, sign=-2.0))
answers.wrong("half", "half|½|0.5", lambda z, m, s: by_hand(z, m, s, sign=-0.5))
answers.wrong("log of a signed scale", "negative|absolute", lambda z, m, s: by_hand(z, m, s, of_scale=torch.log))
answers.wrong("forwards", "noise to z|z₀", lambda z, m, s: by_hand(z, m, s, noise=lambda z, m, s: m + s * z))
answers.wrong("scaled first", "before|shift", lambda z, m, s: by_hand(z, m, s, noise=lambda z, m, s: z / s - m))
answers.wrong("multiplied", "Multiplied|divides", lambda z, m, s: by_hand(z, m, s, noise=lambda z, m, s: (z - m) * s))
answers.wrong("plus the shift", "sign|shift|minus", lambda z, m, s: by_hand(z, m, s, noise=lambda z, m, s: (z + m) / s))
answers.wrong("no shift", "shift|missing", lambda z, m, s: by_hand(z, m, s, noise=lambda z, m, s: z / s))
answers.wrong("variance", "variance", lambda z, m, s: by_hand(z, m, s.abs().sqrt()))
answers.wrong(
    "log scale",
    "log-scale|log",
    lambda z, m, s: by_hand(z, m, s, of_scale=lambda s: s, noise=lambda z, m, s: (z - m) * (-s).exp()),
)
answers.wrong("no constant", "constant|2π", lambda z, m, s: by_hand(z, m, s) + 0.5 * LOG_2PI * z.shape[-1])
answers.wrong("constant once", "constant|each|dimension", lambda z, m, s: by_hand(z, m, s) + 0.5 * LOG_2PI * (z.shape[-1] - 1))
answers.wrong("determinant of the batch", "batch|all|sum", lambda z, m, s: by_hand(z, m, s, sign=0.0) - s.abs().log().sum())
answers.wrong("not summed", "sum|shape", lambda z, m, s: -0.5 * LOG_2PI - 0.5 * ((z - m) / s) ** 2 - s.abs().log())
answers.wrong("mean", "mean", lambda z, m, s: by_hand(z, m, s) / z.shape[-1])
answers.wrong("density", "log|exp|density", lambda z, m, s: by_hand(z, m, s).exp())
answers.same = {"z - shift  ->  shift - z": "squared"}
