"""Answers to 04.b elbo_toy as students write them."""

import math

import torch
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()


def kl(mu, variance):
    return kl_divergence(Normal(mu, variance.sqrt()), Normal(torch.zeros_like(mu), 1.0))


def fit(x, mu, spread):
    return -0.5 * (math.log(2 * math.pi) + (x - 2 * mu) ** 2 + spread)


answers.right(
    "line by line", lambda x, mu, variance: fit(x, mu, 4 * variance) - 0.5 * (mu**2 + variance - torch.log(variance) - 1)
)
answers.right("torch's divergence", lambda x, mu, variance: Normal(2 * mu, 1.0).log_prob(x) - 2 * variance - kl(mu, variance))
answers.right(
    "evidence minus gap",
    lambda x, mu, variance: (
        Normal(0.0, math.sqrt(5)).log_prob(x) - kl_divergence(Normal(mu, variance.sqrt()), Normal(0.4 * x, math.sqrt(0.2)))
    ),
)
answers.right(
    "in one sum",
    lambda x, mu, variance: -0.5 * (math.log(2 * math.pi) + (x - 2 * mu) ** 2 + mu**2 + 5 * variance - variance.log() - 1),
)
answers.wrong("at the mean", "mean|variance", lambda x, mu, variance: fit(x, mu, 0) - kl(mu, variance))
answers.wrong("variance once", "variance|four", lambda x, mu, variance: fit(x, mu, variance) - kl(mu, variance))
answers.wrong("variance twice", "variance", lambda x, mu, variance: fit(x, mu, 2 * variance) - kl(mu, variance))
answers.wrong("kl added", "add|sign", lambda x, mu, variance: fit(x, mu, 4 * variance) + kl(mu, variance))
answers.wrong("no kl", "divergence", lambda x, mu, variance: fit(x, mu, 4 * variance))
answers.wrong("no 2 pi", "2π", lambda x, mu, variance: fit(x, mu, 4 * variance) + 0.5 * math.log(2 * math.pi) - kl(mu, variance))
answers.wrong(
    "standard deviation", "deviation|squared", lambda x, mu, variance: fit(x, mu, 4 * variance**2) - kl(mu, variance**2)
)
answers.wrong("z not doubled", "twice|double|2", lambda x, mu, variance: fit(x, mu / 2, 4 * variance) - kl(mu, variance))
answers.wrong(
    "log sign", "sign|log", lambda x, mu, variance: fit(x, mu, 4 * variance) - 0.5 * (mu**2 + variance + variance.log() - 1)
)
answers.wrong(
    "the one forgotten",
    "½|constant|1 is missing",
    lambda x, mu, variance: fit(x, mu, 4 * variance) - 0.5 * (mu**2 + variance - variance.log()),
)
answers.wrong("kl without half", "half|twice", lambda x, mu, variance: fit(x, mu, 4 * variance) - 2 * kl(mu, variance))
answers.wrong("sign of all", "sign|other way", lambda x, mu, variance: kl(mu, variance) - fit(x, mu, 4 * variance))
answers.wrong(
    "no entropy",
    "entropy|log q",
    lambda x, mu, variance: fit(x, mu, 4 * variance) - 0.5 * (math.log(2 * math.pi) + mu**2 + variance),
)
answers.wrong("the evidence", "guess|mu|variance", lambda x, mu, variance: Normal(0.0, math.sqrt(5)).log_prob(x) + 0 * mu)
