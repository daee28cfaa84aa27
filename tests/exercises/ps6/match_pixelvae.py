"""Answers to ps6.9 match_pixelvae as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.ps6.mutual_information import estimate, loop, mixture, products
from tests.exercises.shared import bern, kl_standard_normal_loop, kl_terms, log_n, normal

answers = Answers()


def three(x, logits, mu, v, z, rec=None, kl=None, information=None, bound=None):
    rec = bern(x, logits).sum(-1).mean() if rec is None else rec(x, logits)
    kl = kl_terms(mu, v).sum(-1).mean() if kl is None else kl(mu, v, z)
    information = estimate(z, mu, v) if information is None else information(z, mu, v)
    return (rec - kl if bound is None else bound(rec, kl, information)), kl, information


answers.right("sums", three)
answers.right("binary cross-entropy", lambda *a: three(
    *a, rec=lambda x, l: -F.binary_cross_entropy_with_logits(l, x, reduction="sum") / len(x), information=products))  # fmt: skip
answers.right("distributions", lambda *a: three(
    *a, rec=lambda x, l: Independent(Bernoulli(logits=l), 1).log_prob(x).mean(), information=mixture,
    kl=lambda m, v, z: kl_divergence(normal(m, v), normal(0 * m, 0 * v)).mean()))  # fmt: skip
answers.right("loops", lambda *a: three(*a, kl=lambda m, v, z: kl_standard_normal_loop(m, v).mean(), information=loop))
answers.right("as one tensor's entries", lambda *a: tuple(torch.stack(three(*a)).unbind()))
for name, cause, change in (
    ("reconstruction first", "reconstruction|KL", {"bound": lambda r, k, i: r}),
    ("KL added", "added|sign", {"bound": lambda r, k, i: r + k}),
    ("information subtracted", "information|whole KL", {"bound": lambda r, k, i: r - i}),
    ("loss", "sign|-1", {"bound": lambda r, k, i: k - r}),
    ("mean of pixels", "pixels|sum", {"rec": lambda x, l: bern(x, l).mean()}),
    ("squared error", "squared|log-likelihood", {"rec": lambda x, l: -((x - l.sigmoid()) ** 2).sum(-1).mean()}),
    ("sigmoid twice", "sigmoid|logits|squash", {"rec": lambda x, l: bern(x, l.sigmoid()).sum(-1).mean()}),
    ("mean of latents", "latents", {"kl": lambda m, v, z: kl_terms(m, v).mean()}),
    ("KL at the sample", "sample|closed", {"kl": lambda m, v, z: (log_n(z, m, v) - log_n(z, 0 * m, 0 * v)).sum(1).mean()}),
    ("KL of the means", "means|variance|KL", {"kl": lambda m, v, z: 0.5 * (m**2).sum(1).mean()}),
    ("KL doubled", "½|twice|KL|2", {"kl": lambda m, v, z: 2 * kl_terms(m, v).sum(1).mean()}),
    ("reverse KL", "way round|prior|KL", {"kl": lambda m, v, z: kl_divergence(normal(0 * m, 0 * v), normal(m, v)).mean()}),
    ("no log M", "log M", {"information": lambda z, m, v: estimate(z, m, v) - math.log(len(z))}),
    ("information of the means", "means|z", {"information": lambda z, m, v: estimate(m, m, v)}),
    ("KL for the information", "KL|prior", {
        "information": lambda z, m, v: (log_n(z, m, v) - log_n(z, 0 * m, 0 * v)).sum(1).mean()}),
    ("information in bits", "log 2|bits|base|1.44", {"information": lambda z, m, v: estimate(z, m, v) / math.log(2)}),
    ("information summed", "times|mean|sum|images", {"information": lambda z, m, v: estimate(z, m, v) * len(z)}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: three(*given, **change))
answers.wrong("order", "order|swap|pair", lambda *a: three(*a)[::-1])
answers.wrong("per image", "one number|shape|mean", lambda x, l, m, v, z: (
    bern(x, l).sum(-1) - kl_terms(m, v).sum(-1), kl_terms(m, v).sum(-1), estimate(z, m, v)))  # fmt: skip
answers.same = {"-1  ->  1": "the last of two dimensions"}
