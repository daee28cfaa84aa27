"""Answers to ps2.4 pathwise_gradient as students write them."""

import collections
import math

import numpy as np
import torch
import torch.nn as nn

from tests.exercises.answers import Answers

answers = Answers()


def pathwise_backward(dfdz, logvar, noise):
    mu = nn.Parameter(torch.zeros_like(logvar))
    lv = nn.Parameter(logvar.clone())
    z = mu + (0.5 * lv).exp() * noise
    z.backward(gradient=dfdz / dfdz.shape[0])
    return mu.grad, lv.grad


def pathwise_lists(dfdz, logvar, noise):
    n, d = dfdz.shape
    a = [sum(dfdz[s, j].item() for s in range(n)) / n for j in range(d)]
    b = [sum(dfdz[s, j].item() * noise[s, j].item() * math.exp(logvar[j].item() / 2) / 2 for s in range(n)) / n for j in range(d)]
    return torch.tensor(a), torch.tensor(b)


PAIR = collections.namedtuple("PAIR", "mu logvar")
answers.right("backward with a seed gradient", pathwise_backward)
answers.right("double loop, items, float32 answers", pathwise_lists)
answers.right(
    "numpy pair",
    lambda dfdz, logvar, noise: (
        np.mean(dfdz.numpy(), 0),
        np.mean(dfdz.numpy() * noise.numpy(), 0) * np.sqrt(np.exp(logvar.numpy())) / 2,
    ),
)
answers.right(
    "a named tuple, einsum",
    lambda dfdz, logvar, noise: PAIR(
        torch.einsum("sd->d", dfdz) / len(dfdz), torch.einsum("sd,sd,d->d", dfdz, noise, (logvar / 2).exp()) / (2 * len(dfdz))
    ),
)
answers.right(
    "vmapped jacobian",
    lambda dfdz, logvar, noise: (
        dfdz.mean(0),
        torch.vmap(lambda g, e: g * torch.func.jacrev(lambda v: ((v / 2).exp() * e).sum())(logvar))(dfdz, noise).mean(0),
    ),
)
answers.right(
    "keepdim and squeeze",
    lambda dfdz, logvar, noise: [
        dfdz.mean(0, keepdim=True).squeeze(0),
        (dfdz * noise * logvar.exp().sqrt()).mean(0, keepdim=True).squeeze(0) * 0.5,
    ],
)
answers.right(
    "diagonal of a matrix product",
    lambda dfdz, logvar, noise: (dfdz.mean(0), torch.diagonal(dfdz.T @ noise) / len(noise) * (0.5 * logvar).exp() / 2),
)
answers.wrong(
    "sigma missing, half kept", "σ|exp\\(logvar / 2|dσ", lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * noise).mean(0))
)
answers.wrong(
    "averages apart",
    "apart|same sample|product",
    lambda dfdz, logvar, noise: (dfdz.mean(0), dfdz.mean(0) * (0.5 * (0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong("noise forgotten", "noise", lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * (0.5 * logvar).exp()).mean(0)))
answers.wrong(
    "noise on mu too",
    "mu|noise",
    lambda dfdz, logvar, noise: ((dfdz * noise).mean(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong(
    "sigma on mu too",
    "mu|σ|first",
    lambda dfdz, logvar, noise: ((dfdz * (0.5 * logvar).exp()).mean(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong(
    "pair swapped",
    "swap|order|first",
    lambda dfdz, logvar, noise: ((dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0), dfdz.mean(0)),
)
answers.wrong(
    "mean over latents",
    "dimension|sample|shape",
    lambda dfdz, logvar, noise: (dfdz.mean(1), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(1)),
)
answers.wrong(
    "per sample", "mean|average|sample|shape", lambda dfdz, logvar, noise: (dfdz, dfdz * 0.5 * (0.5 * logvar).exp() * noise)
)
answers.wrong(
    "logvar clamped to [-6, 2]", "clamp", lambda dfdz, logvar, noise: pathwise_backward(dfdz, logvar.clamp(-6, 2), noise)
)
answers.wrong(
    "float16", "precision|half", lambda dfdz, logvar, noise: tuple(t.half() for t in pathwise_backward(dfdz, logvar, noise))
)
answers.wrong(
    "sign of the second",
    "sign|-1 times",
    lambda dfdz, logvar, noise: (dfdz.mean(0), -(dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong(
    "one over sigma",
    "σ|sign|exp",
    lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * (-0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong(
    "n - 1",
    "number|mean|factor|times",
    lambda dfdz, logvar, noise: (
        dfdz.sum(0) / max(len(dfdz) - 1, 1),
        (dfdz * 0.5 * (0.5 * logvar).exp() * noise).sum(0) / max(len(dfdz) - 1, 1),
    ),
)
answers.wrong("only mu", "values|2", lambda dfdz, logvar, noise: dfdz.mean(0))
answers.wrong(
    "KL slope added",
    "KL",
    lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0) + 0.5 * (logvar.exp() - 1)),
)
answers.wrong(
    "second summed over samples",
    "sum|mean",
    lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).sum(0)),
)
answers.wrong(
    "noise squared",
    "noise|square",
    lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise**2).mean(0)),
)
answers.wrong(
    "half twice",
    "½|half|times|factor",
    lambda dfdz, logvar, noise: (dfdz.mean(0), (dfdz * 0.25 * (0.5 * logvar).exp() * noise).mean(0)),
)
answers.wrong(
    "scalars",
    "shape|latent|dimension",
    lambda dfdz, logvar, noise: (dfdz.mean(), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean()),
)
answers.wrong(
    "fixed for 16 samples",
    "number|samples|mean|factor",
    lambda dfdz, logvar, noise: (dfdz.sum(0) / 16, (dfdz * 0.5 * (0.5 * logvar).exp() * noise).sum(0) / 16),
)


def pathwise_gradient_autograd(dfdz, logvar, noise):
    mu = torch.zeros_like(logvar, requires_grad=True)
    logvar = logvar.clone().requires_grad_()
    z = mu + torch.exp(logvar / 2) * noise
    return torch.autograd.grad((dfdz * z).sum(-1).mean(), (mu, logvar))


answers.right("autograd", pathwise_gradient_autograd)


def pathwise_gradient_einsum(dfdz, logvar, noise):
    s = len(dfdz)
    along_std = torch.einsum("sd,sd->d", dfdz, noise) / s
    return dfdz.sum(0) / s, along_std * torch.exp(logvar / 2) / 2


answers.right("einsum", pathwise_gradient_einsum)
