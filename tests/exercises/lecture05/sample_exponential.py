"""Answers to 05.b sample_exponential as students write them."""

import torch
from torch.distributions import Exponential

from tests.exercises.answers import Answers

answers = Answers()

answers.right("one line", lambda u, rate: -torch.log(1 - u) / rate)
answers.right("log1p", lambda u, rate: -torch.log1p(-u) / rate)
answers.right("torch's inverse", lambda u, rate: Exponential(rate).icdf(u))
answers.right("log of the inverse", lambda u, rate: torch.log(1 / (1 - u)) / rate)
answers.wrong("-log u", "law|1 − u", lambda u, rate: -u.log() / rate)
answers.wrong("times rate", "rate", lambda u, rate: -(1 - u).log() * rate)
answers.wrong("sign", "sign", lambda u, rate: (1 - u).log() / rate)
answers.wrong("rate as the mean, log u", "log of u.*multiplies", lambda u, rate: -u.log() * rate)
answers.wrong("1 - F", "1 − F", lambda u, rate: (-rate * u).exp())
answers.wrong("log density", "log density", lambda u, rate: Exponential(rate).log_prob(u))
answers.wrong("the mean", "mean of the law", lambda u, rate: 1 / rate)
answers.wrong("F", "F itself", lambda u, rate: 1 - (-rate * u).exp())
answers.wrong("density", "density", lambda u, rate: rate * (-rate * u).exp())
answers.wrong("no rate", "rate", lambda u, rate: -(1 - u).log())
answers.wrong("base 10", "base|log", lambda u, rate: -(1 - u).log10() / rate)
answers.wrong("base 2", "base|log", lambda u, rate: -(1 - u).log2() / rate)
answers.wrong("1 + u", "sign", lambda u, rate: -(1 + u).log() / rate)
answers.wrong("rate inside", "inside the log", lambda u, rate: -(1 - u / rate).log())
answers.wrong("its own noise", "random|differ", lambda u, rate: Exponential(rate).sample())
answers.wrong("log u with its sign", "log of u.*minus", lambda u, rate: u.log() / rate)
answers.wrong("rate squared", "rate", lambda u, rate: -(1 - u).log() / rate**2)
