"""What students put in the place of a step that many exercises share: {what is wrong, in words: what is computed instead}."""

import math

import torch

SMALL = (1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8, 1e-10)


def _log_bernoulli(x, on, off=None):
    return x * on.log() + (1 - x) * (1 - on if off is None else off).log()


PIXELS = {
    "a squared error stands where the log-likelihood of each pixel belongs": lambda x, logits: -((x - logits.sigmoid()) ** 2),
    "half a squared error stands where the log-likelihood of each pixel belongs": lambda x, logits: (
        -((x - logits.sigmoid()) ** 2) / 2
    ),
    "a squared error of the logits stands where the log-likelihood of each pixel belongs": lambda x, logits: -((x - logits) ** 2),
    "an absolute error stands where the log-likelihood of each pixel belongs": lambda x, logits: -(x - logits.sigmoid()).abs(),
    "the sigmoid is applied twice: the logits are logits already": lambda x, logits: _log_bernoulli(
        x, logits.sigmoid().sigmoid()
    ),
    "the log of a rounded probability is taken, clamped at −100": lambda x, logits: (
        -torch.nn.functional.binary_cross_entropy(logits.sigmoid(), x, reduction="none")
    ),
    "exp of the logits is taken inside the log, and overflows": lambda x, logits: x * logits - (1 + logits.exp()).log(),
    "the log of a rounded probability is taken, which overflows to minus infinity": lambda x, logits: _log_bernoulli(
        x, logits.sigmoid()
    ),
    "the logits are taken for probabilities": lambda x, logits: _log_bernoulli(x, logits.clamp(1e-6, 1 - 1e-6)),
    "grey pixels are rounded to 0 or 1": lambda x, logits: _log_bernoulli(x.round(), logits.sigmoid()),
    "pixels above 0 all count as 1": lambda x, logits: _log_bernoulli((x > 0).double(), logits.sigmoid()),
    "the normalising constant of the continuous Bernoulli is added": lambda x, logits: torch.distributions.ContinuousBernoulli(
        logits=logits.clamp(-30, 30), validate_args=False
    ).log_prob(x),
    "x and the probabilities are exchanged in the cross-entropy": lambda x, logits: (
        logits.sigmoid() * x.log() + (1 - logits.sigmoid()) * (1 - x).log()
    ),
} | {
    words: function
    for c in SMALL
    for words, function in {
        f"the probabilities are clamped to [{c:g}, 1 − {c:g}]": lambda x, logits, c=c: _log_bernoulli(
            x, logits.sigmoid().clamp(c, 1 - c)
        ),
        f"a small constant, {c:g}, is added inside the logs of the probabilities": lambda x, logits, c=c: _log_bernoulli(
            x, logits.sigmoid() + c, 1 - logits.sigmoid() + c
        ),
    }.items()
}

KL = {
    "the KL is taken the other way round, from the prior to the posterior": lambda mu, logvar: (
        0.5 * (logvar + (1 + mu**2) / logvar.exp() - 1)
    ),
    "the entropy stands where the KL of each latent belongs": lambda mu, logvar: (
        0.5 * (1 + math.log(2 * math.pi) + logvar) + 0 * mu
    ),
    "the KL of each latent is that of the means alone": lambda mu, logvar: 0.5 * mu**2 + 0 * logvar,
    "the KL of each latent is that of the variances alone": lambda mu, logvar: 0.5 * (logvar.exp() - logvar - 1) + 0 * mu,
    "log σ stands where the log-variance belongs, in the log-term of the KL alone": lambda mu, logvar: (
        0.5 * (mu**2 + logvar.exp() - logvar / 2 - 1)
    ),
}
SAMPLED_KL = {
    "the KL is estimated at one sample instead of its closed form": lambda z, mu, logvar: (
        -0.5 * (logvar + (z - mu) ** 2 / logvar.exp() - z**2)
    ),
}
CLOSED_KL = {
    "the KL to N(0, I) in closed form stands for log q at the sample": lambda mu, logvar: (
        0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    ),
}

MIXTURE = {
    "the logsumexp runs over the components of each latent, and the latents are summed after it": lambda terms, mu: (
        terms.logsumexp(1) - math.log(len(mu))
    ).sum(-1),
    "the nearest component alone is taken": lambda densities: densities.amax(1),
    "the nearest component alone is taken, minus log K": lambda densities, log_k: densities.amax(1) - log_k,
    "the mean of the log densities stands where the log of the mean belongs": lambda densities: densities.mean(1),
    "the mixture is one Gaussian, with the mean of the means and of the log-variances": lambda z, mu, logvar: _log_normal(
        z, mu.mean(0), logvar.mean(0)
    ),
    "the mixture is one Gaussian, with the mean of the means and of the variances": lambda z, mu, logvar: _log_normal(
        z, mu.mean(0), logvar.exp().mean(0).log()
    ),
    "the mixture is one Gaussian, with the mean and variance of the whole mixture": lambda z, mu, logvar: _log_normal(
        z, mu.mean(0), (logvar.exp().mean(0) + mu.var(0, correction=0)).log()
    ),
    "the standard normal stands where the mixture belongs": lambda z: _log_normal(z, 0 * z, 0 * z),
    "the first component alone is taken": lambda densities: densities[:, 0],
    "means and log-variances are swapped": lambda z, mu, logvar, log_k: (
        _log_normal(z.unsqueeze(1), logvar, mu).logsumexp(1) - log_k
    ),
    "the density is returned, not its log": lambda total, log_k: (total - log_k).exp(),
    "the log of the weighted sum takes K for the weight, not 1/K": lambda total, log_k: total + log_k,
}


def _log_normal(z, mu, logvar):
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
