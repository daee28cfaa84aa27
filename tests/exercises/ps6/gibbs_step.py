"""Answers to ps6.8 gibbs_step as students write them."""

import numpy as np
import torch
from torch.distributions import Normal

from tests.exercises.answers import Answers

answers = Answers()


def step(x, noise, uniform, encoder, decoder, bias, z=None, draw=None):
    latents = noise.shape[1]
    mu, logvar = x @ encoder[:, :latents], x @ encoder[:, latents:]
    z = mu + torch.exp(logvar / 2) * noise if z is None else z(mu, logvar, noise)
    logits = z @ decoder + bias
    return (uniform < torch.sigmoid(logits)).to(x.dtype) if draw is None else draw(uniform, logits).to(x.dtype)


def by_numpy(x, noise, uniform, encoder, decoder, bias):
    x, noise, uniform, encoder, decoder, bias = (t.numpy() for t in (x, noise, uniform, encoder, decoder, bias))
    mu, logvar = np.split(x @ encoder, 2, 1)
    logits = (mu + np.exp(logvar) ** 0.5 * noise) @ decoder + bias
    return np.where(np.log(uniform) - np.log1p(-uniform) < logits, 1.0, 0.0)


def one_by_one(x, noise, uniform, encoder, decoder, bias):
    rows = []
    for image, e, u in zip(x, noise, uniform):
        h = image @ encoder
        z = h[: len(e)] + torch.sqrt(torch.exp(h[len(e) :])) * e
        rows.append(torch.ceil(torch.sigmoid(z @ decoder + bias) - u))
    return torch.stack(rows)


answers.right("slices", step)
answers.right("numpy, logits against the logit of u", by_numpy)
answers.right("image by image", one_by_one)
answers.right("whole numbers", lambda *a: step(*a).long())
answers.right("inverse normal", lambda x, noise, *rest: step(x, noise, *rest, z=lambda m, v, e: Normal(m, (v / 2).exp()).icdf(
    Normal(0.0, 1.0).cdf(e))))  # fmt: skip
for name, cause, change in (
    ("mean", "mean|noise", {"z": lambda m, v, e: m}),
    ("prior", "prior|mean", {"z": lambda m, v, e: e}),
    ("variance", "variance|exp\\(logvar", {"z": lambda m, v, e: m + v.exp() * e}),
    ("logvar as std", "exp|log-variance|logvar|standard deviation", {"z": lambda m, v, e: m + v * e}),
    ("no std", "standard deviation|logvar|noise", {"z": lambda m, v, e: m + e}),
    ("minus noise", "sign|noise|subtract", {"z": lambda m, v, e: m - (v / 2).exp() * e}),
    ("means of the pixels", "means|drawn", {"draw": lambda u, a: a.sigmoid()}),
    ("rounded", "rounded|uniform", {"draw": lambda u, a: a.sigmoid().round()}),
    ("logits above 0", "rounded|uniform|½", {"draw": lambda u, a: a > 0}),
    ("greater", "below|Upside", {"draw": lambda u, a: u > a.sigmoid()}),
    ("logits", "logits|sigmoid", {"draw": lambda u, a: u < a}),
    ("own dice", "draw none|uniform|random", {"draw": lambda u, a: torch.bernoulli(a.sigmoid())}),
    ("tanh", "sigmoid|probabilit", {"draw": lambda u, a: u < a.tanh()}),
    ("twice", "sigmoid|probabilit", {"draw": lambda u, a: u < a.sigmoid().sigmoid()}),
):
    answers.wrong(name, cause, lambda *given, change=change: step(*given, **change))
answers.wrong(
    "swapped halves",
    "swap|halves|mean",
    lambda x, n, u, e, d, b: step(x, n, u, torch.cat([e[:, n.shape[1] :], e[:, : n.shape[1]]], 1), d, b),
)
answers.wrong("no bias", "bias", lambda x, n, u, e, d, b: step(x, n, u, e, d, 0 * b))
answers.wrong("x itself", "nothing|x|z", lambda x, n, u, e, d, b: x.clone())
answers.wrong("one noise for all", "noise|image", lambda x, n, u, e, d, b: step(x, n[:1].expand_as(n), u, e, d, b))
answers.wrong("one uniform number an image", "uniform|pixel", lambda x, n, u, e, d, b: step(x, n, u[:, :1].expand_as(u), e, d, b))
answers.same = {
    "-1  ->  1": "the last of two dimensions",
    "uniform < (z @ decoder + bias).sigmoid()  ->  uniform <= (z @ decoder + bias).sigmoid()": "no number is exactly there",
}
