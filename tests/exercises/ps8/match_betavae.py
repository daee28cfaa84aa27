"""Answers to ps8.7 match_betavae as students write them."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Normal, kl_divergence

from tests.exercises.answers import Answers
from tests.exercises.shared import bern, kl_terms

answers = Answers()


def parts(x, logits, mu, logvar, beta, kl=kl_terms, rates=None, count=None, log_p=None, cost=None):
    """Each keyword changes one step."""
    terms = kl(mu, logvar)
    rate = terms.mean(0) if rates is None else rates(terms)
    used = (rate > 0.1).sum() if count is None else count(rate, terms)
    score = (bern if log_p is None else log_p)(x, logits)
    cost = -score.sum(1).mean() + beta * rate.sum() if cost is None else cost(score, rate, beta)
    return rate, used, cost


def distributions(x, logits, mu, logvar, beta):
    prior = Normal(torch.zeros_like(mu), torch.ones_like(mu))
    rates = kl_divergence(Normal(mu, (0.5 * logvar).exp()), prior).mean(0)
    distortion = -Bernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1).mean()
    return rates, len(rates[rates > 0.1]), distortion + beta * rates.sum()


def loops(x, logits, mu, logvar, beta):
    rates, used = [], 0
    for j in range(mu.shape[1]):
        rates.append(sum((m**2 + v.exp() - v - 1) / 2 for m, v in zip(mu[:, j], logvar[:, j])) / len(mu))
        used += int(rates[-1] > 0.1)
    cost = 0.0
    for image, a in zip(x, logits):
        cost += F.binary_cross_entropy_with_logits(a, image, reduction="sum") / len(x)
    return torch.stack(rates), used, cost + beta * sum(rates)


def log_sigmoids(x, logits, mu, logvar, beta):
    var = torch.exp(logvar)
    kl = -0.5 * torch.log(var) + (var + mu * mu) / 2 - 0.5
    log_p = torch.einsum("bp,bp->b", x, F.logsigmoid(logits)) + torch.einsum("bp,bp->b", 1 - x, F.logsigmoid(-logits))
    return kl.mean(0), torch.count_nonzero(kl.mean(0) > 0.1), (beta * kl.sum(1) - log_p).mean()


answers.right("softplus", parts)
answers.right("distributions", distributions)
answers.right("loops", loops)
answers.right("log-sigmoids, einsum", log_sigmoids)
answers.right("float32", lambda *given: parts(*(g.float() if torch.is_tensor(g) else g for g in given)))
for name, cause, change, fair in (
    ("logvar as the variance", "logvar|exp|log", {"kl": lambda m, v: kl_terms(m, v.abs().log())}, 0.0),
    ("from the prior to q", "order|swap|direction|q|prior|p", {
        "kl": lambda m, v: 0.5 * (v + (1 + m**2) / v.exp() - 1)}, 0.0),
    ("rates of images", "axis|latent|images|shape|dimension", {"rates": lambda t: t.mean(1)}, 0.0),
    ("rate not averaged", "averag|mean|shape|images", {"rates": lambda t: t}, 0.0),
    ("rate of the mean posterior", "mean|averag|posterior", {"kl": lambda m, v: kl_terms(
        m.mean(0).expand_as(m), v.mean(0).expand_as(v))}, 0.0),
    ("threshold 0.01", "0.1|0.01|threshold", {"count": lambda rate, t: (rate > 0.01).sum()}, 0.75),
    ("more than a tenth of the largest", "0.1|largest|tenth|threshold", {
        "count": lambda rate, t: (rate > 0.1 * rate.max()).sum()}, 0.75),
    ("more than 0.1 bits", "bits|0.1|nats", {"count": lambda rate, t: (rate / math.log(2) > 0.1).sum()}, 0.75),
    ("counted in every image", "image|mean|averag|sum", {"count": lambda rate, t: (t > 0.1).sum()}, 0.75),
    ("their numbers", "number|how many|shape|count", {"count": lambda rate, t: (rate > 0.1).nonzero()[:, 0]}, 0.7),
    ("of 10 latents", "10|ten|latents", {"count": lambda rate, t: 10 - (rate <= 0.1).sum()}, 0.75),
    ("sigmoid, then log", "800|logit|large|inf|nan|log|overflow", {
        "log_p": lambda x, a: x * a.sigmoid().log() + (1 - x) * (1 - a.sigmoid()).log()}, 0.75),
    ("log with a small constant", "800|logit|large|small|added|clamped to", {
        "log_p": lambda x, a: x * (a.sigmoid() + 1e-10).log() + (1 - x) * (1 - a.sigmoid() + 1e-10).log()}, 0.85),
    ("cross-entropy of probabilities", "800|logit|large|100|clamp|BCE|log", {
        "log_p": lambda x, a: -F.binary_cross_entropy(a.sigmoid(), x, reduction="none")}, 0.85),
    ("logits clamped", "clamp|logit|large|800", {"log_p": lambda x, a: bern(x, a.clamp(-20, 20))}, 0.85),
    ("rounded pixels", "round|grey|binar", {"log_p": lambda x, a: bern((x > 0.5).to(x), a)}, 0.75),
    ("only lit pixels", "1 − x|lit|black|other", {"log_p": lambda x, a: x * F.logsigmoid(a)}, 0.0),
    ("beta at the distortion", "beta|β|distortion", {"cost": lambda s, rate, beta: -beta * s.sum(1).mean() + rate.sum()}, 0.7),
    ("rate of used latents alone", "0.1|latents|all|used|rate", {
        "cost": lambda s, rate, beta: -s.sum(1).mean() + beta * rate[rate > 0.1].sum()}, 0.75),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: parts(*given, **change), fair=fair)
answers.wrong("two results", "three|cost|minimi", lambda *given: parts(*given)[:2])
answers.wrong("order changed", "order|swap|exchang", lambda *given: (lambda r, n, c: (c, r, n))(*parts(*given)))
answers.wrong("logvar clamped", "clamp|logvar|bound", lambda x, a, m, v, beta: parts(x, a, m, v.clamp(-4, 4), beta), fair=0.9)
answers.wrong("mu shifted in place", "in place|chang", lambda x, a, m, v, beta: (parts(x, a, m, v, beta), m.square_())[0])
answers.same = {"rates > 0.1  ->  rates >= 0.1": "no rate is exactly there"}
