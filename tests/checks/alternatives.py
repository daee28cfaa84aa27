"""Correct solutions in other styles, at least two an exercise: loops, einsum, numpy, torch.distributions, other algebra."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Categorical, Independent, Normal, kl_divergence


def normal(mu, logvar):
    return Independent(Normal(mu, (0.5 * logvar).exp()), 1)


def kl_discrete_xlogy(q, p):
    ratio = torch.where(q > 0, q / p, torch.ones_like(q))
    return torch.special.xlogy(q, ratio).sum(-1)


def kl_discrete_loop(q, p):
    rows = []
    for a, b in zip(q.reshape(-1, q.shape[-1]).tolist(), p.reshape(-1, p.shape[-1]).tolist()):
        total = 0.0
        for qi, pi in zip(a, b):
            if qi > 0:
                total += math.inf if pi == 0 else qi * (math.log(qi) - math.log(pi))
        rows.append(total)
    return torch.tensor(rows).reshape(q.shape[:-1])


def kl_discrete_distributions(q, p):
    return kl_divergence(Categorical(probs=q), Categorical(probs=p))


def kl_normal_distributions(mu_q, logvar_q, mu_p, logvar_p):
    return kl_divergence(normal(mu_q, logvar_q), normal(*torch.broadcast_tensors(mu_p, logvar_p)))


def kl_normal_by_std(mu_q, logvar_q, mu_p, logvar_p):
    s_q, s_p = torch.exp(logvar_q / 2), torch.exp(logvar_p / 2)
    return (torch.log(s_p / s_q) + (s_q**2 + (mu_q - mu_p) ** 2) / (2 * s_p**2) - 0.5).sum(dim=-1)


def kl_standard_normal_distributions(mu, logvar):
    return kl_divergence(normal(mu, logvar), normal(torch.zeros_like(mu), torch.zeros_like(mu)))


def kl_standard_normal_loop(mu, logvar):
    return sum(0.5 * (mu[..., d] ** 2 + torch.exp(logvar[..., d]) - 1 - logvar[..., d]) for d in range(mu.shape[-1]))


def kl_monte_carlo_loop(log_q, log_p):
    total = torch.zeros_like(log_q[0])
    for a, b in zip(log_q, log_p):
        total = total + a - b
    return total / len(log_q)


def kl_monte_carlo_two_means(log_q, log_p):
    return torch.mean(log_q, dim=0) - torch.mean(log_p, dim=0)


def reparameterize_sqrt(mu, logvar, noise):
    return noise * torch.sqrt(torch.exp(logvar)) + mu


def reparameterize_affine(mu, logvar, noise):
    return torch.addcmul(mu.expand_as(noise), torch.exp(logvar / 2).expand_as(noise), noise)


def log_normal_distributions(z, mu, logvar):
    return normal(mu, logvar).log_prob(z)


def log_normal_standardised(z, mu, logvar):
    e = (z - mu) * torch.exp(-logvar / 2)
    return (-0.5 * e * e - 0.5 * logvar).sum(-1) - z.shape[-1] * 0.5 * math.log(2 * math.pi)


def log_bernoulli_bce(x, logits):
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


def log_bernoulli_distributions(x, logits):
    return Independent(Bernoulli(logits=logits, validate_args=False), 1).log_prob(x)


def log_bernoulli_logsigmoid(x, logits):
    return torch.einsum("...i->...", x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits))


def pathwise_gradient_autograd(dfdz, logvar, noise):
    mu = torch.zeros_like(logvar, requires_grad=True)
    logvar = logvar.clone().requires_grad_()
    z = mu + torch.exp(logvar / 2) * noise
    return torch.autograd.grad((dfdz * z).sum(-1).mean(), (mu, logvar))


def pathwise_gradient_einsum(dfdz, logvar, noise):
    s = len(dfdz)
    along_std = torch.einsum("sd,sd->d", dfdz, noise) / s
    return dfdz.sum(0) / s, along_std * torch.exp(logvar / 2) / 2


def score_function_gradient_autograd(f, z, mu, logvar):
    mu, logvar = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
    return torch.autograd.grad((f * normal(mu, logvar).log_prob(z)).mean(), (mu, logvar))


def score_function_gradient_loop(f, z, mu, logvar):
    variance = torch.exp(logvar)
    d_mu = sum(fi * (zi - mu) / variance for fi, zi in zip(f, z)) / len(f)
    d_logvar = sum(fi * ((zi - mu) ** 2 - variance) / (2 * variance) for fi, zi in zip(f, z)) / len(f)
    return [d_mu, d_logvar]


def elbo_distributions(x, logits, mu, logvar, beta):
    return log_bernoulli_distributions(x, logits) - beta * kl_standard_normal_distributions(mu, logvar)


def elbo_rows(x, logits, mu, logvar, beta):
    bounds = [log_bernoulli_bce(a, b) - beta * kl_standard_normal_loop(c, d) for a, b, c, d in zip(x, logits, mu, logvar)]
    return torch.stack(bounds)


def training_step_optimizer(encoder, decoder, x, noise, lr):
    parameters = [torch.nn.Parameter(encoder.clone()), torch.nn.Parameter(decoder.clone())]
    optimizer = torch.optim.SGD(parameters, lr=lr)
    mu, logvar = (x @ parameters[0]).chunk(2, dim=1)
    logits = (mu + torch.exp(logvar / 2) * noise) @ parameters[1]
    (-elbo_distributions(x, logits, mu, logvar, 1.0).mean()).backward()
    optimizer.step()
    return tuple(p.detach() for p in parameters)


def training_step_by_pencil(encoder, decoder, x, noise, lr):
    n, d = noise.shape
    mu, logvar = (x @ encoder)[:, :d], (x @ encoder)[:, d:]
    std = torch.exp(0.5 * logvar)
    z = mu + std * noise
    error = torch.sigmoid(z @ decoder) - x
    back = error @ decoder.T
    slope = x.T @ torch.cat([back + mu, back * noise * std / 2 + (std**2 - 1) / 2], 1)
    return encoder - lr * slope / n, decoder - lr * (z.T @ error) / n


def importance_log_likelihood_shifted(log_weights):
    top = log_weights.max(dim=0).values
    return top + torch.log(torch.exp(log_weights - top).mean(dim=0))


def importance_log_likelihood_numpy(log_weights):
    return torch.from_numpy(np.logaddexp.reduce(log_weights.numpy(), axis=0)) - math.log(log_weights.shape[0])


def active_units_loop(mu, threshold):
    return sum(1 for d in range(mu.shape[1]) if float(mu[:, d].var(unbiased=False)) > threshold)


def active_units_moments(mu, threshold):
    centred = mu - mu.mean(0, keepdim=True)
    return torch.count_nonzero((centred**2).mean(0) > threshold)


def match_reference_matrices(x, noise, weights):
    def affine(h, name):
        return h @ weights[name + ".weight"].T + weights[name + ".bias"]

    def gated(h, name):
        value, gate = torch.split(affine(h, name), len(weights[name + ".bias"]) // 2, dim=-1)
        return value / (1 + torch.exp(-gate))

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = affine(h, "encoder.mu"), torch.clamp(affine(h, "encoder.logvar"), min=-6, max=2)
    z = reparameterize_sqrt(mu, logvar, noise)
    return elbo_distributions(x, affine(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1"), mu, logvar, 1.0)


def match_reference_library(x, noise, weights):
    from vae_edu.models import VAE

    latent_dim, hidden = weights["encoder.mu.weight"].shape
    model = VAE(x.shape[1], latent_dim, (hidden, hidden)).double()
    model.load_state_dict(weights)
    mu, logvar = model.encode(x)
    return model.log_likelihood(x, mu + (0.5 * logvar).exp() * noise) - kl_standard_normal_loop(mu, logvar)


def of(exercise: str) -> list:
    """The alternatives of an exercise: the functions here whose names begin with its name."""
    return [f for name, f in globals().items() if name.startswith(exercise + "_")]
