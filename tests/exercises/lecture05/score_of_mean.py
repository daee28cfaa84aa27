"""Answers to 05.a score_of_mean as students write them."""

import torch
from torch.distributions import Normal

from tests.exercises.answers import Answers

answers = Answers()


def by_autograd(z, mu, sigma):
    mean = mu.clone().requires_grad_()
    with torch.enable_grad():
        (slope,) = torch.autograd.grad(Normal(mean, sigma).log_prob(z).sum(), mean)
    return slope


answers.right("one line", lambda z, mu, sigma: (z - mu) / sigma**2)
answers.right("noise over sigma", lambda z, mu, sigma: ((z - mu) / sigma) / sigma)
answers.right("autograd", by_autograd)
answers.right("precision", lambda z, mu, sigma: (z - mu) * sigma.pow(-2))
answers.wrong("sign", "sign", lambda z, mu, sigma: (mu - z) / sigma**2)
answers.wrong("sigma once", "once|σ", lambda z, mu, sigma: (z - mu) / sigma)
answers.wrong("no sigma", "Not divided", lambda z, mu, sigma: z - mu)
answers.wrong("exponent", "density", lambda z, mu, sigma: -0.5 * ((z - mu) / sigma) ** 2)
answers.wrong("log density", "density|derivative", lambda z, mu, sigma: Normal(mu, sigma).log_prob(z))
answers.wrong("with respect to z", "respect to z", lambda z, mu, sigma: -(z - mu) / sigma**2)
answers.wrong("standardized square", "squared", lambda z, mu, sigma: ((z - mu) / sigma) ** 2)
answers.wrong("of the variance", "respect to the variance", lambda z, mu, sigma: ((z - mu) ** 2 / sigma**2 - 1) / (2 * sigma**2))
answers.wrong(
    "of the density", "density is derived", lambda z, mu, sigma: (z - mu) / sigma**2 * Normal(mu, sigma).log_prob(z).exp()
)
answers.wrong("half", "[Hh]alf", lambda z, mu, sigma: 0.5 * (z - mu) / sigma**2)
answers.wrong("twice", "twice|two", lambda z, mu, sigma: 2 * (z - mu) / sigma**2)
answers.wrong("times", "[Mm]ultipl", lambda z, mu, sigma: (z - mu) * sigma**2)
answers.wrong("of sigma", "σ", lambda z, mu, sigma: ((z - mu) ** 2 / sigma**2 - 1) / sigma)
answers.wrong("of log variance", "log-variance", lambda z, mu, sigma: 0.5 * ((z - mu) ** 2 / sigma**2 - 1))
answers.wrong("the sum", "one number|sum", lambda z, mu, sigma: ((z - mu) / sigma**2).sum())
answers.wrong("absolute", "sign|absolute", lambda z, mu, sigma: (z - mu).abs() / sigma**2)
answers.wrong("mean forgotten", "mu", lambda z, mu, sigma: z / sigma**2)
