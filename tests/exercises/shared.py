"""What answers to several exercises are made of."""

import math

import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, Independent, MixtureSameFamily, Normal, kl_divergence

LOG_2PI, LN2 = math.log(2 * math.pi), math.log(2)


def normal(mu, logvar):
    return Independent(Normal(mu, (logvar / 2).exp()), 1)


def kl_terms(mu, logvar):
    return 0.5 * (mu.square() + logvar.exp() - logvar - 1)


def log_n(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 * torch.exp(-logvar))


def bern(x, logits):
    return x * logits - F.softplus(logits)


def kl_normal_columns(mu_q, logvar_q, mu_p, logvar_p):
    mu_q, logvar_q, mu_p, logvar_p = torch.broadcast_tensors(mu_q, logvar_q, mu_p, logvar_p)
    parts = []
    for a, b, c, d in zip(*(t.unbind(-1) for t in (mu_q, logvar_q, mu_p, logvar_p))):
        parts.append(0.5 * d - 0.5 * b + torch.exp(b - d) / 2 + (a - c) ** 2 / (2 * torch.exp(d)) - 1 / 2)
    return torch.stack(parts, dim=0).sum(dim=0)


k2 = lambda mu_q, lq, mu_p, lp: 0.5 * (lp - lq + (lq.exp() + (mu_q - mu_p) ** 2) / lp.exp() - 1)


HALF = 0.5 * (1 + LOG_2PI)


def enc(x, w, clamp=True):
    lin = lambda h, n: F.linear(h, w[f"encoder.{n}.weight"], w[f"encoder.{n}.bias"])
    h = F.glu(lin(F.glu(lin(x, "body.0"), -1), "body.2"), -1)
    v = lin(h, "logvar")
    return lin(h, "mu"), v.clamp(-6, 2) if clamp else v


def lmix(z, mu, logvar, log_k=None):
    return log_n(z[:, None], mu, logvar).sum(-1).logsumexp(1) - (math.log(len(mu)) if log_k is None else log_k)


class VampPrior(nn.Module):
    def __init__(self, u, weights):
        super().__init__()
        self.u, self.weights = u, weights

    def components(self):
        return enc(F.hardtanh(self.u, min_val=0.0, max_val=1.0), self.weights)

    def forward(self, z):
        return torch.stack([normal(m, v).log_prob(z) for m, v in zip(*self.components())]).logsumexp(0) - math.log(len(self.u))


def kl_standard_normal_distributions(mu, logvar):
    return kl_divergence(normal(mu, logvar), normal(torch.zeros_like(mu), torch.zeros_like(mu)))


def kl_standard_normal_loop(mu, logvar):
    return sum(0.5 * (mu[..., d] ** 2 + torch.exp(logvar[..., d]) - 1 - logvar[..., d]) for d in range(mu.shape[-1]))


def reparameterize_sqrt(mu, logvar, noise):
    return noise * torch.sqrt(torch.exp(logvar)) + mu


def log_normal_distributions(z, mu, logvar):
    return normal(mu, logvar).log_prob(z)


def log_normal_standardised(z, mu, logvar):
    e = (z - mu) * torch.exp(-logvar / 2)
    return (-0.5 * e * e - 0.5 * logvar).sum(-1) - z.shape[-1] * 0.5 * math.log(2 * math.pi)


def log_bernoulli_bce(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def log_bernoulli_distributions(x, logits):
    return Independent(Bernoulli(logits=logits, validate_args=False), 1).log_prob(x)


def elbo_distributions(x, logits, mu, logvar, beta):
    return log_bernoulli_distributions(x, logits) - beta * kl_standard_normal_distributions(mu, logvar)


def masked_kl_distributions(mu, logvar, mask):
    return kl_divergence(normal(mask * mu, mask * logvar), normal(torch.zeros_like(mu), torch.zeros_like(mu)))


def masked_kl_terms(mu, logvar, mask):
    terms = 0.5 * (mu**2 + torch.expm1(logvar) - logvar)
    return torch.einsum("bd,bd->b", mask, terms)


def epitome_costs_einsum(log_p_x, mu, logvar, masks):
    terms = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return math.log(len(masks)) + torch.einsum("bd,ed->be", terms, masks) - log_p_x


def log_mixture_distributions(z, mu, logvar):
    weights = Categorical(logits=torch.zeros(len(mu), dtype=mu.dtype))
    return MixtureSameFamily(weights, normal(mu, logvar)).log_prob(z)


def log_mixture_products(z, mu, logvar):
    precision = 1 / logvar.exp()
    cross = z**2 @ precision.T - 2 * z @ (mu * precision).T + (mu**2 * precision).sum(-1)
    log_n = -0.5 * (cross + logvar.sum(-1) + z.shape[-1] * math.log(2 * math.pi))
    return torch.logsumexp(log_n + math.log(1 / len(mu)), dim=-1)


def gated_encoder(x, weights):
    layer = lambda h, name: F.linear(h, weights[f"encoder.{name}.weight"], weights[f"encoder.{name}.bias"])
    h = F.glu(layer(F.glu(layer(x, "body.0"), -1), "body.2"), -1)
    return layer(h, "mu"), torch.clamp(layer(h, "logvar"), -6, 2)


def vampprior_log_prob_one_by_one(z, pseudo_inputs, weights):
    images = torch.where(pseudo_inputs < 0, torch.zeros_like(pseudo_inputs), pseudo_inputs)
    images = torch.where(images > 1, torch.ones_like(images), images)
    parts = [log_normal_distributions(z, *gated_encoder(u.unsqueeze(0), weights)) for u in images]
    return torch.stack(parts, -1).logsumexp(-1) - math.log(len(parts))
