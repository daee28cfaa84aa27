"""Answers to ps3.1 elbo as students write them."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import LOG_2PI, bern, elbo_distributions, kl_standard_normal_loop, kl_terms, log_bernoulli_bce, normal

answers = Answers()


class ELBO:
    """Helpers as methods, as in a cell higher up."""

    beta_default = 1.0

    def reconstruction(self, x, logits):
        loss = nn.BCEWithLogitsLoss(reduction="none")
        return loss(logits, x).sum(1).neg()

    def kl(self, mu, logvar):
        return kl_divergence(Normal(mu, (0.5 * logvar).exp()), Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(1)

    def __call__(self, x, logits, mu, logvar, beta=None):
        beta = self.beta_default if beta is None else beta
        return self.reconstruction(x, logits) - beta * self.kl(mu, logvar)


def elbo_image_by_image(x, logits, mu, logvar, beta):
    bounds = []
    for i in range(x.shape[0]):
        bound = -F.binary_cross_entropy_with_logits(logits[i], x[i], reduction="sum")
        for d in range(mu.shape[1]):
            bound = bound - beta * 0.5 * (mu[i, d] ** 2 + logvar[i, d].exp() - logvar[i, d] - 1)
        bounds.append(bound)
    return bounds


el = lambda x, l, m, v, b: bern(x, l).sum(-1) - b * kl_terms(m, v).sum(-1)
answers.right("an object with methods", ELBO())
answers.right("image by image, a list of scalars", elbo_image_by_image)
answers.right(
    "vmap",
    lambda x, logits, mu, logvar, beta: torch.vmap(lambda a, b, c, d: bern(a, b).sum() - beta * kl_terms(c, d).sum())(
        x, logits, mu, logvar
    ),
)
answers.right(
    "cat of all parts, then one sum",
    lambda x, logits, mu, logvar, beta: (
        torch.cat([bern(x, logits), -beta * kl_terms(mu, logvar)], dim=1).sum(dim=1, keepdim=True).squeeze(1)
    ),
)
answers.right(
    "minus the loss",
    lambda x, logits, mu, logvar, beta: (
        -(
            F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
            - beta / 2 * (1 + logvar - mu**2 - logvar.exp()).sum(1)
        )
    ),
)
answers.right(
    "float32 inside", lambda x, logits, mu, logvar, beta: el(x.float(), logits.float(), mu.float(), logvar.float(), beta)
)
answers.right(
    "numpy",
    lambda x, logits, mu, logvar, beta: torch.from_numpy(
        (x.numpy() * logits.numpy() - np.logaddexp(0.0, logits.numpy())).sum(1)
        - beta * 0.5 * (mu.numpy() ** 2 + np.exp(logvar.numpy()) - logvar.numpy() - 1).sum(1)
    ),
)
answers.right("no_grad", torch.no_grad()(el))
answers.wrong("beta on both", "β|beta", lambda x, l, m, v, b: b * (bern(x, l).sum(-1) - kl_terms(m, v).sum(-1)))
answers.wrong(
    "divided by beta",
    "β|beta",
    lambda x, l, m, v, b: bern(x, l).sum(-1) - kl_terms(m, v).sum(-1) / b if b else bern(x, l).sum(-1),
)
answers.wrong("KL over 1 + beta", "β|beta", lambda x, l, m, v, b: bern(x, l).sum(-1) - (b - 1) * kl_terms(m, v).sum(-1))
answers.wrong(
    "half of the KL missing", "½|half|factor|twice", lambda x, l, m, v, b: bern(x, l).sum(-1) - 2 * b * kl_terms(m, v).sum(-1)
)
answers.wrong(
    "KL with std for the variance",
    "variance|deviation",
    lambda x, l, m, v, b: bern(x, l).sum(-1) - b * 0.5 * (m**2 + (v / 2).exp() - v - 1).sum(-1),
)
answers.wrong("KL without -1", "1", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * 0.5 * (m**2 + v.exp() - v).sum(-1))
answers.wrong("KL summed over the batch", "batch|image", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * kl_terms(m, v).sum())
answers.wrong(
    "KL averaged over the batch", "batch|image", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * kl_terms(m, v).sum(-1).mean()
)
answers.wrong(
    "both averaged over their dimensions",
    "mean|pixels|latents",
    lambda x, l, m, v, b: bern(x, l).mean(-1) - b * kl_terms(m, v).mean(-1),
)
answers.wrong(
    "squared error",
    "Bernoulli|cross-entropy|square",
    lambda x, l, m, v, b: -((x - l.sigmoid()) ** 2).sum(-1) - b * kl_terms(m, v).sum(-1),
)
answers.wrong(
    "F.binary_cross_entropy (clamps at -100)",
    "softplus|round|clamp|logit",
    lambda x, l, m, v, b: -F.binary_cross_entropy(l.sigmoid(), x, reduction="none").sum(-1) - b * kl_terms(m, v).sum(-1),
    fair=0.9,
)
answers.wrong(
    "probabilities with 1e-8",
    "softplus|constant|clamp",
    lambda x, l, m, v, b: (
        (x * (l.sigmoid() + 1e-8).log() + (1 - x) * (1 - l.sigmoid() + 1e-8).log()).sum(-1) - b * kl_terms(m, v).sum(-1)
    ),
    fair=0.9,
)
answers.wrong(
    "log(1 + exp(logits))",
    "softplus|overflow",
    lambda x, l, m, v, b: (x * l - (1 + l.exp()).log()).sum(-1) - b * kl_terms(m, v).sum(-1),
    fair=0.9,
)
answers.right("kl detached", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * kl_terms(m, v).sum(-1).detach())
answers.wrong("sigmoid twice", "sigmoid", lambda x, l, m, v, b: bern(x, l.sigmoid()).sum(-1) - b * kl_terms(m, v).sum(-1))
answers.wrong(
    "keepdim", "shape", lambda x, l, m, v, b: bern(x, l).sum(-1, keepdim=True) - b * kl_terms(m, v).sum(-1, keepdim=True)
)
answers.wrong(
    "outer sum of column and row", "shape", lambda x, l, m, v, b: bern(x, l).sum(-1, keepdim=True) - b * kl_terms(m, v).sum(-1)
)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda x, l, m, v, b: el(x, l, m, v.clamp(-6, 2), b))
answers.wrong("logvar clamped to [-2, 2]", "clamp", lambda x, l, m, v, b: el(x, l, m, v.clamp(-2, 2), b))
answers.wrong("free bits", "free|clamp", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * kl_terms(m, v).clamp(min=0.05).sum(-1))
answers.wrong(
    "capacity |KL - C|", "absolute|capacity", lambda x, l, m, v, b: bern(x, l).sum(-1) - b * (kl_terms(m, v).sum(-1) - 1).abs()
)
answers.wrong("integer beta", "β|beta|integer", lambda x, l, m, v, b: el(x, l, m, v, int(b)))
answers.wrong("loss and mean", "sign|batch|one number", lambda x, l, m, v, b: -el(x, l, m, v, b).mean())
answers.wrong(
    "Monte Carlo KL with own noise",
    "draw none|noise|differently",
    lambda x, l, m, v, b: (
        bern(x, l).sum(-1)
        - b * (normal(m, v).log_prob(z := m + (v / 2).exp() * torch.randn_like(m)) + 0.5 * (LOG_2PI + z**2).sum(-1))
    ),
)


def elbo_rows(x, logits, mu, logvar, beta):
    bounds = [log_bernoulli_bce(a, b) - beta * kl_standard_normal_loop(c, d) for a, b, c, d in zip(x, logits, mu, logvar)]
    return torch.stack(bounds)


answers.right("rows", elbo_rows)
answers.right("distributions", elbo_distributions)


answers.same = {"-1  ->  1": "the last dimension of (batch, dim) is the second"}
