"""Answers to ps6.6 mutual_information as students write them."""

import math

import torch
from torch.distributions import Categorical, Independent, MixtureSameFamily, Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import LOG_2PI, log_n, normal

answers = Answers()


def pairs(z, mu, logvar):
    return log_n(z[:, None], mu, logvar).sum(-1)


def estimate(z, mu, logvar):
    return pairs(z, mu, logvar).log_softmax(1).diagonal().mean() + math.log(len(z))


def mixture(z, mu, logvar):
    q = MixtureSameFamily(Categorical(torch.ones(len(z)).to(z)), Independent(Normal(mu, (logvar / 2).exp()), 1))
    return (normal(mu, logvar).log_prob(z) - q.log_prob(z)).mean()


def products(z, mu, logvar):
    precision = (-logvar).exp()
    log_q = -0.5 * (z**2 @ precision.T - 2 * z @ (mu * precision).T + (mu**2 * precision + logvar).sum(1) + LOG_2PI * z.shape[1])
    return math.log(len(z)) - torch.nn.functional.cross_entropy(log_q, torch.arange(len(z)))


def loop(z, mu, logvar):
    total = 0
    for i in range(len(z)):
        log_q = torch.stack([log_n(z[i], mu[j], logvar[j]).sum() for j in range(len(z))])
        total = total + log_q[i] - torch.logsumexp(log_q, 0) + math.log(len(z))
    return total / len(z)


answers.right("log_softmax", estimate)
answers.right("torch's mixture", mixture)
answers.right("matrix products", products)
answers.right("two loops", loop)
answers.right("ratios, no normalising constant", lambda z, mu, logvar: -(
    (pairs(z, mu, logvar) - pairs(z, mu, logvar).diagonal()[:, None]).logsumexp(1) - math.log(len(z))).mean())  # fmt: skip
answers.wrong("no log M", "log M", lambda z, mu, v: pairs(z, mu, v).log_softmax(1).diagonal().mean())
answers.wrong("minus log M", "log M", lambda z, mu, v: pairs(z, mu, v).log_softmax(1).diagonal().mean() - math.log(len(z)))
answers.wrong("KL at a sample", "prior|KL", lambda z, mu, v: (log_n(z, mu, v) - log_n(z, 0 * mu, 0 * v)).sum(1).mean())
answers.wrong(
    "closed KL", "KL|prior", lambda z, mu, v: torch.distributions.kl_divergence(normal(mu, v), normal(0 * mu, 0 * v)).mean()
)
answers.wrong(
    "columns",
    "over the M posteriors|codes|dimension",
    lambda z, mu, v: pairs(z, mu, v).log_softmax(0).diagonal().mean() + math.log(len(z)),
)
answers.wrong("own left out", "left out|own", lambda z, mu, v: (
    pairs(z, mu, v).diagonal() - (pairs(z, mu, v) - torch.diag(torch.full((len(z),), 1e30))).logsumexp(1)).mean() + math.log(len(z) - 1))  # fmt: skip
answers.wrong("own left out, log M", "left out|own", lambda z, mu, v: (
    pairs(z, mu, v).diagonal() - (pairs(z, mu, v) - torch.diag(torch.full((len(z),), 1e30))).logsumexp(1)).mean() + math.log(len(z)))  # fmt: skip
answers.wrong("mean of logs", "mean of the log", lambda z, mu, v: (pairs(z, mu, v).diagonal() - pairs(z, mu, v).mean(1)).mean())
answers.wrong("per latent", "latents", lambda z, mu, v: (
    log_n(z, mu, v) - log_n(z[:, None], mu, v).logsumexp(1) + math.log(len(z))).sum(1).mean())  # fmt: skip
answers.wrong("std", "variance|standard deviation|log σ|logvar", lambda z, mu, v: estimate(z, mu, 2 * v))
answers.wrong("means", "means|sample|`z`|mu", lambda z, mu, v: estimate(mu, mu, v))
answers.wrong("no logvar", "log-variance|logvar|normalising", lambda z, mu, v: (
    (-0.5 * (z[:, None] - mu) ** 2 / v.exp()).sum(-1).log_softmax(1).diagonal().mean() + math.log(len(z))))  # fmt: skip
answers.wrong("sum", "Summed|mean|times", lambda z, mu, v: estimate(z, mu, v) * len(z))
answers.wrong("bits", "log 2|bits|base|1.44", lambda z, mu, v: estimate(z, mu, v) / math.log(2))
answers.wrong("exp first", "exp|underflow|constant|inside the log|logarithm", lambda z, mu, v: (
    pairs(z, mu, v).diagonal() - (pairs(z, mu, v).exp().mean(1) + 1e-10).log()).mean())  # fmt: skip
answers.wrong("clamped at 0", "clamp|below 0|negative|right wherever", lambda z, mu, v: (
    pairs(z, mu, v).log_softmax(1).diagonal() + math.log(len(z))).clamp(min=0).mean())  # fmt: skip
answers.wrong("negative", "sign|-1", lambda z, mu, v: -estimate(z, mu, v))
answers.same = {"z[:, None] - mu  ->  mu - z[:, None]": "squared"}
