"""Answers to ps2.5 score_function_gradient as students write them."""

import numpy as np
import torch
import torch.nn as nn

from tests.exercises.answers import Answers
from tests.exercises.shared import normal

answers = Answers()


def score_vmap(f, z, mu, logvar):
    score = torch.func.grad(lambda m, v, zi: normal(m, v).log_prob(zi), argnums=(0, 1))
    g = torch.vmap(score, in_dims=(None, None, 0))(mu, logvar, z)
    return tuple((f.unsqueeze(1) * part).mean(0) for part in g)


def score_backward(f, z, mu, logvar):
    m, v = nn.Parameter(mu.clone()), nn.Parameter(logvar.clone())
    log_q = (-0.5 * (v + (z - m) ** 2 / v.exp())).sum(1)
    torch.dot(f, log_q).div(len(f)).backward()
    return m.grad, v.grad


def score_matmul(f, z, mu, logvar):
    n = z.shape[0]
    e = (z - mu) * torch.exp(-0.5 * logvar)
    return f @ e * torch.exp(-0.5 * logvar) / n, (f @ (e * e) - f.sum()) / (2 * n)


def score_numpy(f, z, mu, logvar):
    f, z, mu, s2 = f.numpy()[:, np.newaxis], z.numpy(), mu.numpy(), np.exp(logvar.numpy())
    return np.mean(f * (z - mu) / s2, axis=0), np.mean(f * ((z - mu) ** 2 - s2) / (2 * s2), axis=0)


answers.right("vmapped grad", score_vmap)
answers.right("backward on parameters", score_backward)
answers.right("matrix products", score_matmul)
answers.right("numpy pair", score_numpy)
answers.right(
    "list comprehension and stack",
    lambda f, z, mu, logvar: (
        torch.stack([fi * (zi - mu) / logvar.exp() for fi, zi in zip(f, z)]).mean(0),
        torch.stack([fi * ((zi - mu) ** 2 / logvar.exp() - 1) * 0.5 for fi, zi in zip(f, z)]).mean(0),
    ),
)
answers.right(
    "float32 and back",
    lambda f, z, mu, logvar: tuple(t.double() for t in score_matmul(f.float(), z.float(), mu.float(), logvar.float())),
)
answers.right(
    "einsum",
    lambda f, z, mu, logvar: (
        torch.einsum("s,sd,d->d", f, z - mu, (-logvar).exp()) / len(f),
        0.5 * (torch.einsum("s,sd,d->d", f, (z - mu) ** 2, (-logvar).exp()) - f.sum()) / len(f),
    ),
)


def sc(f, z, mu, logvar):
    return (z - mu) / logvar.exp(), 0.5 * ((z - mu) ** 2 / logvar.exp() - 1)


answers.wrong(
    "mean baseline subtracted",
    "baseline",
    lambda f, z, mu, logvar: tuple(((f - f.mean())[:, None] * s).mean(0) for s in sc(f, z, mu, logvar)),
)
answers.wrong(
    "leave-one-out baseline",
    "baseline",
    lambda f, z, mu, logvar: tuple(((f - (f.sum() - f) / max(len(f) - 1, 1))[:, None] * s).mean(0) for s in sc(f, z, mu, logvar)),
)
answers.wrong(
    "half of the second missing",
    "½|half|times|factor",
    lambda f, z, mu, logvar: ((f[:, None] * sc(f, z, mu, logvar)[0]).mean(0), 2 * (f[:, None] * sc(f, z, mu, logvar)[1]).mean(0)),
)
answers.wrong(
    "divided by sigma",
    "variance|σ",
    lambda f, z, mu, logvar: (
        (f[:, None] * (z - mu) / (logvar / 2).exp()).mean(0),
        (f[:, None] * sc(f, z, mu, logvar)[1]).mean(0),
    ),
)
answers.wrong(
    "along sigma, not logvar",
    "logvar|σ|chain",
    lambda f, z, mu, logvar: (
        (f[:, None] * sc(f, z, mu, logvar)[0]).mean(0),
        (f[:, None] * 2 * sc(f, z, mu, logvar)[1] / (logvar / 2).exp()).mean(0),
    ),
)
answers.wrong(
    "along the variance",
    "logvar|variance|chain",
    lambda f, z, mu, logvar: (
        (f[:, None] * sc(f, z, mu, logvar)[0]).mean(0),
        (f[:, None] * sc(f, z, mu, logvar)[1] / logvar.exp()).mean(0),
    ),
)
answers.wrong("log f", "f", lambda f, z, mu, logvar: tuple((f.abs().log()[:, None] * s).mean(0) for s in sc(f, z, mu, logvar)))
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda f, z, mu, logvar: score_matmul(f, z, mu, logvar.clamp(-6, 2)))
answers.wrong("float16", "precision|half", lambda f, z, mu, logvar: tuple(t.half() for t in score_matmul(f, z, mu, logvar)))
answers.wrong(
    "sign of the second only",
    "sign|-1 times",
    lambda f, z, mu, logvar: ((f[:, None] * sc(f, z, mu, logvar)[0]).mean(0), -(f[:, None] * sc(f, z, mu, logvar)[1]).mean(0)),
)
answers.wrong(
    "distance not squared",
    "square",
    lambda f, z, mu, logvar: (
        (f[:, None] * sc(f, z, mu, logvar)[0]).mean(0),
        (f[:, None] * 0.5 * ((z - mu).abs() / logvar.exp() - 1)).mean(0),
    ),
)
answers.wrong(
    "pair swapped",
    "swap|order|first",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).mean(0) for s in sc(f, z, mu, logvar)[::-1]),
)
answers.wrong(
    "weighted by the density",
    "weigh|sample",
    lambda f, z, mu, logvar: tuple(
        (normal(mu, logvar).log_prob(z).exp()[:, None] * f[:, None] * s).mean(0) for s in sc(f, z, mu, logvar)
    ),
)
answers.wrong(
    "normalised by sum of f",
    "normalis|mean|divide",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).sum(0) / f.sum() for s in sc(f, z, mu, logvar)),
)
answers.wrong(
    "n - 1",
    "number|mean|times|factor",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).sum(0) / max(len(f) - 1, 1) for s in sc(f, z, mu, logvar)),
)
answers.wrong(
    "mean over latents",
    "dimension|sample|shape",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).mean(1) for s in sc(f, z, mu, logvar)),
)
answers.wrong(
    "f broadcast along latents (square only)",
    "RuntimeError|shape|f\\[:, None|size",
    lambda f, z, mu, logvar: tuple((f * s).mean(0) for s in sc(f, z, mu, logvar)),
)
answers.wrong("only mu", "values|2", lambda f, z, mu, logvar: (f[:, None] * sc(f, z, mu, logvar)[0]).mean(0))
answers.wrong(
    "mu from the samples",
    "mu|mean",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).mean(0) for s in sc(f, z, z.mean(0), logvar)),
)
answers.wrong(
    "logvar from the samples",
    "logvar|variance",
    lambda f, z, mu, logvar: tuple((f[:, None] * s).mean(0) for s in sc(f, z, mu, ((z - mu) ** 2).mean(0).log())),
)
answers.wrong(
    "minus one halved wrongly",
    "1|½",
    lambda f, z, mu, logvar: (
        (f[:, None] * sc(f, z, mu, logvar)[0]).mean(0),
        (f[:, None] * (0.5 * (z - mu) ** 2 / logvar.exp() - 1)).mean(0),
    ),
)
answers.wrong(
    "scores summed over latents",
    "latent|dimension|shape",
    lambda f, z, mu, logvar: tuple((f * s.sum(1)).mean().expand(mu.shape) for s in sc(f, z, mu, logvar)),
)


def score_function_gradient_autograd(f, z, mu, logvar):
    mu, logvar = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
    return torch.autograd.grad((f * normal(mu, logvar).log_prob(z)).mean(), (mu, logvar))


answers.right("autograd", score_function_gradient_autograd)


def score_function_gradient_loop(f, z, mu, logvar):
    variance = torch.exp(logvar)
    d_mu = sum(fi * (zi - mu) / variance for fi, zi in zip(f, z)) / len(f)
    d_logvar = sum(fi * ((zi - mu) ** 2 - variance) / (2 * variance) for fi, zi in zip(f, z)) / len(f)
    return [d_mu, d_logvar]


answers.right("loop", score_function_gradient_loop)


answers.same = {"z - mu  ->  mu - z": "squared"}
