"""Answers to ps7.5 match_seqvae as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import bern, kl_standard_normal_loop, kl_terms

answers = Answers()
FREE = 0.5 * math.log(16 / math.pi)


def three(x, images, mu, logvar, errors=None, kl=None, log_p=None, objective=None):
    steps = len(images)
    errors = ((x - images) ** 2).sum(2).mean(1) if errors is None else errors(x, images)
    kl = kl_terms(mu, logvar).reshape(len(mu), steps, -1).sum((0, 2)) / len(mu) if kl is None else kl(mu, logvar, steps)
    log_p = steps * x.shape[1] * FREE - 16 * errors.sum() if log_p is None else log_p(x, images, errors)
    return errors, kl, (log_p - kl.sum() if objective is None else objective(log_p, kl, x, images))


def by_distributions(x, images, mu, logvar):
    log_p = Normal(images, math.sqrt(1 / 32)).log_prob(x).sum((0, 2)).mean()
    kl = kl_divergence(Normal(mu, torch.exp(logvar / 2)), Normal(0.0, 1.0))
    kl = torch.stack([part.sum(1).mean() for part in kl.chunk(len(images), 1)])
    return torch.cdist(x[:, None], images.transpose(0, 1)).square().squeeze(1).mean(0), kl, log_p - kl.sum()


def loops(x, images, mu, logvar):
    size, errors, kl, total = mu.shape[1] // len(images), [], [], 0.0
    for t in range(len(images)):
        errors.append(F.mse_loss(images[t], x, reduction="sum") / len(x))
        kl.append(kl_standard_normal_loop(mu[:, t * size : (t + 1) * size], logvar[:, t * size : (t + 1) * size]).mean())
        total = total - 0.5 * x.shape[1] * math.log(2 * math.pi / 32) - errors[t] / (2 / 32) - kl[t]
    return torch.stack(errors), torch.stack(kl), total


def gaussian_nll(x, images, mu, logvar):
    variance = torch.full_like(images, 1 / 32)
    nll = F.gaussian_nll_loss(images, x.expand_as(images), variance, full=True, reduction="none").sum((0, 2)).mean()
    kl = torch.einsum("btl->t", kl_terms(mu, logvar).unflatten(1, (len(images), -1))) / len(x)
    return torch.einsum("tbp,tbp->t", images - x, images - x) / len(x), kl, -nll - kl.sum()


answers.right("sums", three)
answers.right("distributions", by_distributions)
answers.right("loops", loops)
answers.right("torch's Gaussian loss", gaussian_nll)
answers.right("expanded squares", lambda *given: three(
    *given, errors=lambda x, im: ((x**2).sum(1) - 2 * (x * im).sum(2) + (im**2).sum(2)).mean(1)))  # fmt: skip
for name, cause, change in (
    ("half the squared errors", "½|half|2|twice", {"errors": lambda x, im: 0.5 * ((x - im) ** 2).sum(2).mean(1)}),
    ("distances", "squar|root", {"errors": lambda x, im: ((x - im) ** 2).sum(2).sqrt().mean(1)}),
    ("errors added up to each step", "cumul|so far|each step", {
        "errors": lambda x, im: ((x - im) ** 2).sum(2).mean(1).cumsum(0)}),
    ("errors of the mean image", "mean", {"errors": lambda x, im: ((x - im).mean(1) ** 2).sum(1)}),
    ("cross-entropy", "squared|cross|log-likelihood", {"errors": lambda x, im: -bern(x, im).sum(2).mean(1)}),
    ("KL reversed", "way round|prior", {"kl": lambda m, v, steps: (
        kl_terms(m, v) * 0 + 0.5 * ((1 + m**2) / v.exp() + v - 1)).unflatten(1, (steps, -1)).sum(2).mean(0)}),
    ("logvar as a standard deviation", "standard deviation|variance|logvar|log-variance", {
        "kl": lambda m, v, steps: kl_terms(m, 2 * v).unflatten(1, (steps, -1)).sum(2).mean(0)}),
    ("KL added up to each step", "cumul|so far|each step", {
        "kl": lambda m, v, steps: kl_terms(m, v).unflatten(1, (steps, -1)).sum(2).mean(0).cumsum(0)}),
    ("KL to the step before", "step before|prior|N\\(0", {"kl": lambda m, v, steps: chained(m, v, steps)}),
    ("steps from the end", "order|revers|first step", {
        "kl": lambda m, v, steps: kl_terms(m, v).unflatten(1, (steps, -1)).sum(2).mean(0).flip(0)}),
    ("1/32 as a standard deviation", "standard deviation|variance|1/32", {
        "log_p": lambda x, im, e: Normal(im, 1 / 32).log_prob(x).sum((0, 2)).mean()}),
    ("constant turned round", "constant|sign", {"log_p": lambda x, im, e: -16 * e.sum() - len(im) * x.shape[1] * FREE}),
    ("constant of one pixel", "constant|pixel", {"log_p": lambda x, im, e: -16 * e.sum() + len(im) * FREE}),
    ("constant without π", "π|16/pi", {
        "log_p": lambda x, im, e: -16 * e.sum() + len(im) * x.shape[1] * 0.5 * math.log(32)}),
    ("mean over the steps", "steps|averag|divided by the size of `images`", {
        "log_p": lambda x, im, e: x.shape[1] * FREE - 16 * e.mean()}),
    ("KL averaged over the steps", "KL|steps|mean|averag", {"objective": lambda log_p, kl, x, im: log_p - kl.mean()}),
    ("last image in the bound", "last|steps", {
        "objective": lambda log_p, kl, x, im: Normal(im[-1], 32**-0.5).log_prob(x).sum(1).mean() - kl.sum()}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: three(*given, **change))


def chained(mu, logvar, steps):
    """Each step's KL to the posterior of the step before, the first to N(0, I)."""
    q = [Normal(m, (v / 2).exp()) for m, v in zip(mu.chunk(steps, 1), logvar.chunk(steps, 1))]
    prior = [Normal(torch.zeros_like(q[0].mean), 1.0), *q[:-1]]
    return torch.stack([kl_divergence(a, b).sum(1).mean() for a, b in zip(q, prior)])


answers.wrong(
    "errors and KLs swapped", "swap|order|exchang", lambda *given: (three(*given)[1], three(*given)[0], three(*given)[2])
)
answers.same = {"-1  ->  1": "the last of two dimensions", "images - x  ->  x - images": "squared"}
