"""Answers to ps3.2 training_step as students write them."""

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn as nn
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import bern, elbo_distributions, kl_terms, normal

answers = Answers()


def losses(encoder, decoder, x, noise):
    mu, logvar = (x @ encoder).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    return bern(x, z @ decoder).sum(-1), kl_terms(mu, logvar).sum(-1)


def descend(encoder, decoder, x, noise, lr, loss=None, forward=losses):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    value = (loss or (lambda r, k: (k - r).mean()))(*forward(e, d, x, noise))
    ge, gd = torch.autograd.grad(value, (e, d))
    return encoder - lr * ge, decoder - lr * gd


def step_functional(encoder, decoder, x, noise, lr):
    loss = lambda e, d: torch.func.vmap(lambda xi, ni: -torch.sub(*losses(e, d, xi, ni)))(x, noise).mean()
    ge, gd = torch.func.grad(loss, argnums=(0, 1))(encoder, decoder)
    return encoder - lr * ge, decoder - lr * gd


def step_modules(encoder, decoder, x, noise, lr):
    pixels, double = encoder.shape
    enc, dec = nn.Linear(pixels, double, bias=False), nn.Linear(double // 2, pixels, bias=False)
    enc.weight.data, dec.weight.data = encoder.T.clone(), decoder.T.clone()
    optimizer = torch.optim.SGD([*enc.parameters(), *dec.parameters()], lr=lr, momentum=0.9)
    optimizer.zero_grad()
    mu, logvar = torch.split(enc(x), double // 2, dim=1)
    q = Normal(mu, torch.exp(logvar / 2))
    loss = nn.functional.binary_cross_entropy_with_logits(dec(q.loc + q.scale * noise), x, reduction="sum") / len(x)
    loss = loss + kl_divergence(q, Normal(torch.zeros_like(mu), torch.ones_like(mu))).sum(1).mean()
    loss.backward()
    optimizer.step()
    return enc.weight.detach().T, dec.weight.detach().T


def step_leaf_in_place(encoder, decoder, x, noise, lr):
    e, d = encoder.detach().clone().requires_grad_(True), decoder.detach().clone().requires_grad_(True)
    r, k = losses(e, d, x, noise)
    (k - r).mean().backward()
    with torch.no_grad():
        e -= lr * e.grad
        d -= lr * d.grad
    return e, d


def step_numpy(encoder, decoder, x, noise, lr):
    E, D, X, N = encoder.numpy(), decoder.numpy(), x.numpy(), noise.numpy()
    h = X @ E
    k = h.shape[1] // 2
    mu, lv = h[:, :k], h[:, k:]
    s = np.exp(lv / 2)
    z = mu + s * N
    err = scipy.special.expit(z @ D) - X
    gz = err @ D.T
    gE = X.T @ np.hstack([gz + mu, gz * N * s / 2 + 0.5 * (np.exp(lv) - 1)]) / X.shape[0]
    return torch.from_numpy(E - lr * gE), torch.from_numpy(D - lr * (z.T @ err) / X.shape[0])


def step_accumulated(encoder, decoder, x, noise, lr):
    """Gradients of one image after the other, accumulated."""
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    for xi, ni in zip(x, noise):
        r, k = losses(e, d, xi, ni)
        ((k - r) / len(x)).backward()
    return e.detach() - lr * e.grad, d.detach() - lr * d.grad


answers.right("torch.func and vmap", step_functional)
answers.right("Linear modules and SGD with momentum (first step)", step_modules)
answers.right("leaves changed under no_grad", step_leaf_in_place)
answers.right("numpy by pencil", step_numpy)
answers.right("accumulated image by image", step_accumulated)
answers.right(
    "float32 inside",
    lambda encoder, decoder, x, noise, lr: tuple(
        t.double() for t in descend(encoder.float(), decoder.float(), x.float(), noise.float(), lr)
    ),
)


def with_optimizer(make):
    def step(encoder, decoder, x, noise, lr):
        e, d = nn.Parameter(encoder.clone()), nn.Parameter(decoder.clone())
        optimizer = make([e, d], lr)
        r, k = losses(e, d, x, noise)
        (k - r).mean().backward()
        optimizer.step()
        return e.detach(), d.detach()

    return step


def step_alternating(encoder, decoder, x, noise, lr):
    _, d = descend(encoder, decoder, x, noise, lr)
    e, _ = descend(encoder, d, x, noise, lr)
    return e, d


def step_twice(encoder, decoder, x, noise, lr):
    return descend(*descend(encoder, decoder, x, noise, lr), x, noise, lr)


def step_in_place(encoder, decoder, x, noise, lr):
    e, d = descend(encoder, decoder, x, noise, lr)
    encoder.copy_(e)
    decoder.copy_(d)
    return encoder, decoder


def forward_with(f):
    def forward(encoder, decoder, x, noise):
        mu, logvar = (x @ encoder).chunk(2, -1)
        return f(mu, logvar, decoder, x, noise)

    return forward


def varied(f=None, loss=None):
    return lambda encoder, decoder, x, noise, lr: descend(encoder, decoder, x, noise, lr, loss, forward_with(f) if f else losses)


answers.wrong("Adam", "descent|Adam|optimi", with_optimizer(lambda p, lr: torch.optim.Adam(p, lr)))
answers.wrong("weight decay", "decay|descent", with_optimizer(lambda p, lr: torch.optim.SGD(p, lr, weight_decay=1e-2)))
answers.wrong("learning rate hard-coded", "lr|learning rate", with_optimizer(lambda p, lr: torch.optim.SGD(p, 0.1)))
answers.wrong("decoder first, then encoder against it", "new decoder|both|one step|same", step_alternating)
answers.wrong("two steps", "one step|two", step_twice)
answers.wrong("matrices overwritten", "in place", step_in_place, fair=0.0)
answers.wrong(
    "halves swapped",
    "half|halves|mu",
    varied(lambda v, m, d, x, n: (bern(x, (m + (v / 2).exp() * n) @ d).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "std = exp(logvar)",
    "variance|logvar / 2",
    varied(lambda m, v, d, x, n: (bern(x, (m + v.exp() * n) @ d).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "logvar clamped to [-6, 2]",
    "clamp",
    varied(
        lambda m, v, d, x, n: (bern(x, (m + (v.clamp(-6, 2) / 2).exp() * n) @ d).sum(-1), kl_terms(m, v.clamp(-6, 2)).sum(-1))
    ),
)
answers.wrong(
    "z detached in the reconstruction",
    "gradient stops|detach|encoder",
    varied(lambda m, v, d, x, n: (bern(x, (m + (v / 2).exp() * n).detach() @ d).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "sigma detached",
    "detach|gradient|σ|logvar",
    varied(lambda m, v, d, x, n: (bern(x, (m + (v / 2).exp().detach() * n) @ d).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "mean over latents in the KL",
    "latents|mean",
    varied(lambda m, v, d, x, n: (bern(x, (m + (v / 2).exp() * n) @ d).sum(-1), kl_terms(m, v).mean(-1))),
)
answers.wrong(
    "squared error",
    "Bernoulli|cross-entropy|square",
    varied(lambda m, v, d, x, n: (-((x - ((m + (v / 2).exp() * n) @ d).sigmoid()) ** 2).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "sigmoid twice",
    "sigmoid|logit",
    varied(lambda m, v, d, x, n: (bern(x, ((m + (v / 2).exp() * n) @ d).sigmoid()).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong(
    "own noise",
    "draw none|noise|differently",
    varied(lambda m, v, d, x, n: (bern(x, (m + (v / 2).exp() * torch.randn_like(n)) @ d).sum(-1), kl_terms(m, v).sum(-1))),
)
answers.wrong("KL subtracted", "KL|sign", varied(loss=lambda r, k: (-r - k).mean()))
answers.wrong("KL half", "½|half|KL", varied(loss=lambda r, k: (0.5 * k - r).mean()))
answers.wrong(
    "mean over batch and pixels of both",
    "pixel|mean",
    lambda encoder, decoder, x, noise, lr: descend(encoder, decoder, x, noise, lr, lambda r, k: ((k - r) / x.shape[1]).mean()),
)
answers.wrong(
    "gradients clipped to norm 1",
    "clip",
    lambda encoder, decoder, x, noise, lr: tuple(
        old - (old - new) * min(1.0, lr / max(float((old - new).norm()), 1e-12))
        for old, new in zip((encoder, decoder), descend(encoder, decoder, x, noise, lr))
    ),
)
answers.wrong(
    "gradients returned",
    "gradient|matrices|weights",
    lambda encoder, decoder, x, noise, lr: tuple(
        (old - new) / lr for old, new in zip((encoder, decoder), descend(encoder, decoder, x, noise, lr))
    ),
)
answers.wrong(
    "pair swapped", "swap|order|first", lambda encoder, decoder, x, noise, lr: descend(encoder, decoder, x, noise, lr)[::-1]
)
answers.wrong(
    "lr divided by the batch again",
    "batch|average",
    lambda encoder, decoder, x, noise, lr: descend(encoder, decoder, x, noise, lr / len(x)),
)
answers.wrong(
    "divided by 64 images",
    "batch|average|64",
    lambda encoder, decoder, x, noise, lr: descend(encoder, decoder, x, noise, lr, lambda r, k: (k - r).sum() / 64),
)
answers.wrong(
    "only the encoder learns",
    "decoder",
    lambda encoder, decoder, x, noise, lr: (descend(encoder, decoder, x, noise, lr)[0], decoder.clone()),
)
answers.wrong(
    "score-function gradient of z",
    "gradient",
    varied(
        lambda m, v, d, x, n: (
            (lambda r, z: r + r.detach() * normal(m, v).log_prob(z) - (r.detach() * normal(m, v).log_prob(z)).detach())(
                bern(x, (m + (v / 2).exp() * n).detach() @ d).sum(-1), (m + (v / 2).exp() * n).detach()
            ),
            kl_terms(m, v).sum(-1),
        )
    ),
)


def training_step_optimizer(encoder, decoder, x, noise, lr):
    parameters = [torch.nn.Parameter(encoder.clone()), torch.nn.Parameter(decoder.clone())]
    optimizer = torch.optim.SGD(parameters, lr=lr)
    mu, logvar = (x @ parameters[0]).chunk(2, dim=1)
    logits = (mu + torch.exp(logvar / 2) * noise) @ parameters[1]
    (-elbo_distributions(x, logits, mu, logvar, 1.0).mean()).backward()
    optimizer.step()
    return tuple(p.detach() for p in parameters)


answers.right("optimizer", training_step_optimizer)


def training_step_by_pencil(encoder, decoder, x, noise, lr):
    n, d = noise.shape
    mu, logvar = (x @ encoder)[:, :d], (x @ encoder)[:, d:]
    std = torch.exp(0.5 * logvar)
    z = mu + std * noise
    error = torch.sigmoid(z @ decoder) - x
    back = error @ decoder.T
    slope = x.T @ torch.cat([back + mu, back * noise * std / 2 + (std**2 - 1) / 2], 1)
    return encoder - lr * slope / n, decoder - lr * (z.T @ error) / n


answers.right("by pencil", training_step_by_pencil)


answers.same = {"-1  ->  1": "the last dimension of (batch, dim) is the second"}
