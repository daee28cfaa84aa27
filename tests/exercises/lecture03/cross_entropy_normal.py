"""Answers to 03.b cross_entropy_normal as students write them."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()


def constant(sigma):
    return 0.5 * torch.log(2 * math.pi * sigma**2)


answers.right(
    "one line",
    lambda mu_q, sigma_q, mu_p, sigma_p: (
        0.5 * math.log(2 * math.pi) + sigma_p.log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)
    ),
)
answers.right(
    "entropy plus divergence",
    lambda mu_q, sigma_q, mu_p, sigma_p: (
        Normal(mu_q, sigma_q).entropy() + kl_divergence(Normal(mu_q, sigma_q), Normal(mu_p, sigma_p))
    ),
)
answers.right(
    "log density at the mean, and the spread",
    lambda mu_q, sigma_q, mu_p, sigma_p: -Normal(mu_p, sigma_p).log_prob(mu_q) + 0.5 * (sigma_q / sigma_p) ** 2,
)
answers.right(
    "two points",
    lambda mu_q, sigma_q, mu_p, sigma_p: (
        -0.5 * (Normal(mu_p, sigma_p).log_prob(mu_q + sigma_q) + Normal(mu_p, sigma_p).log_prob(mu_q - sigma_q))
    ),
)
answers.wrong("at the mean", "mean|spread|variance", lambda mu_q, sigma_q, mu_p, sigma_p: -Normal(mu_p, sigma_p).log_prob(mu_q))
answers.wrong(
    "divergence",
    "divergence|entropy",
    lambda mu_q, sigma_q, mu_p, sigma_p: kl_divergence(Normal(mu_q, sigma_q), Normal(mu_p, sigma_p)),
)
answers.wrong(
    "swapped",
    "swap",
    lambda mu_q, sigma_q, mu_p, sigma_p: constant(sigma_q) + (sigma_p**2 + (mu_q - mu_p) ** 2) / (2 * sigma_q**2),
)
answers.wrong(
    "no 2 pi", "2π|log", lambda mu_q, sigma_q, mu_p, sigma_p: sigma_p.log() + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)
)
answers.wrong(
    "variances",
    "variance|square",
    lambda mu_q, sigma_q, mu_p, sigma_p: 0.5 * torch.log(2 * math.pi * sigma_p) + (sigma_q + (mu_q - mu_p) ** 2) / (2 * sigma_p),
)
answers.wrong(
    "sign", "sign", lambda mu_q, sigma_q, mu_p, sigma_p: -constant(sigma_p) - (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)
)
answers.wrong("entropy of q", "entropy", lambda mu_q, sigma_q, mu_p, sigma_p: Normal(mu_q, sigma_q).entropy())
answers.wrong("entropy of p", "entropy|mean", lambda mu_q, sigma_q, mu_p, sigma_p: Normal(mu_p, sigma_p).entropy())
answers.wrong(
    "no half",
    "half|twice|½",
    lambda mu_q, sigma_q, mu_p, sigma_p: constant(sigma_p) + (sigma_q**2 + (mu_q - mu_p) ** 2) / sigma_p**2,
)
answers.wrong(
    "means not squared",
    "square",
    lambda mu_q, sigma_q, mu_p, sigma_p: constant(sigma_p) + (sigma_q**2 + (mu_q - mu_p).abs()) / (2 * sigma_p**2),
)
answers.wrong(
    "a minus",
    "sign|minus",
    lambda mu_q, sigma_q, mu_p, sigma_p: constant(sigma_p) + (sigma_q**2 - (mu_q - mu_p) ** 2) / (2 * sigma_p**2),
)
answers.wrong(
    "2 pi without log",
    "log",
    lambda mu_q, sigma_q, mu_p, sigma_p: 2 * math.pi * sigma_p**2 + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2),
)
answers.wrong(
    "the half of the log missing",
    "½|half|twice",
    lambda mu_q, sigma_q, mu_p, sigma_p: 2 * constant(sigma_p) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2),
)
answers.wrong(
    "one number",
    "one number|row",
    lambda mu_q, sigma_q, mu_p, sigma_p: (constant(sigma_p) + (sigma_q**2 + (mu_q - mu_p) ** 2) / (2 * sigma_p**2)).sum(),
)
answers.wrong(
    "at the mean, one number", "one number|row", lambda mu_q, sigma_q, mu_p, sigma_p: -Normal(mu_p, sigma_p).log_prob(mu_q).sum()
)
