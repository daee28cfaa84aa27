"""Answers to ps7.3 infusion_step as students write them."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2, bern

answers = Answers()


def step(x, before, rate, t, hint, draw, weights, bias, mix=None, net=None, score=None, on=None):
    seen = torch.where(hint < rate * t, x, before) if mix is None else mix(x, before, hint, rate, t).to(x)
    logits = seen @ weights + bias if net is None else net(seen, weights, bias)
    log_p = bern(x, logits).sum(-1) if score is None else score(x, logits, seen)
    return log_p, ((draw < logits.sigmoid()).to(x) if on is None else on(draw, logits, x, seen))


def with_distributions(x, before, rate, t, hint, draw, weights, bias):
    seen = before + (hint < rate * t).to(x) * (x - before)
    p = Independent(Bernoulli(logits=torch.addmm(bias, seen, weights)), 1)
    return p.log_prob(x), torch.ceil(p.mean - draw)


def one_image_at_a_time(x, before, rate, t, hint, draw, weights, bias):
    found, states = [], []
    for image, state, h, u in zip(x, before.clone(), hint, draw):
        shown = h < t * rate
        state[shown] = image[shown]
        logits = torch.einsum("p,pq->q", state, weights) + bias
        found.append((F.logsigmoid(logits) * image + F.logsigmoid(-logits) * (1 - image)).sum())
        states.append((torch.logit(u) < logits).double())
    return torch.stack(found), torch.stack(states)


def by_cross_entropy(x, before, rate, t, hint, draw, weights, bias):
    mask = torch.heaviside(rate * t - hint, torch.zeros((), dtype=x.dtype))
    logits = (mask * x + (1 - mask) * before) @ weights + bias
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1), torch.lt(draw, logits.sigmoid()).to(x)


answers.right("distributions", with_distributions)
answers.right("image by image", one_image_at_a_time)
answers.right("cross-entropy", by_cross_entropy)
answers.right("signs", lambda *given: step(*given, score=lambda x, a, seen: F.logsigmoid((2 * x - 1) * a).sum(1)))
for name, cause, change in (
    ("power of the rate", "share|rate · t|power", {"mix": lambda x, s, u, rate, t: torch.where(u < rate**t, x, s)}),
    ("rate / t", "share|rate · t|divi|t", {"mix": lambda x, s, u, rate, t: torch.where(u < rate / t, x, s)}),
    ("one step ahead", "share|t \\+ 1|step|rate · t", {"mix": lambda x, s, u, rate, t: torch.where(u < rate * (t + 1), x, s)}),
    ("image all the time", "image|share", {"mix": lambda x, s, u, rate, t: x}),
    ("state all the time", "hint|image", {"mix": lambda x, s, u, rate, t: s}),
    ("only lit pixels infused", "lit|on|1|replaces|right wherever", {
        "mix": lambda x, s, u, rate, t: torch.maximum(s, x * (u < rate * t))}),
    ("added", "added|replaces|1 −|kept", {"mix": lambda x, s, u, rate, t: s + x * (u < rate * t)}),
    ("one hint for the whole image", "pixel|whole image", {"mix": lambda x, s, u, rate, t: torch.where(u[:, :1] < rate * t, x, s)}),
    ("hints above", "below|upside", {"mix": lambda x, s, u, rate, t: torch.where(u > rate * t, x, s)}),
    ("a blend", "blend|one \\*or\\*", {"mix": lambda x, s, u, rate, t: rate * t * x + (1 - rate * t) * s}),
    ("network transposed", "transpos", {"net": lambda seen, w, b: seen @ w.T + b}),
    ("bias forgotten", "bias", {"net": lambda seen, w, b: seen @ w}),
    ("tanh in the network", "tanh|logits", {"net": lambda seen, w, b: (seen @ w + b).tanh()}),
    ("lit pixels only in log p", "off|1 − x|lit|x =|term|second", {"score": lambda x, a, seen: (x * F.logsigmoid(a)).sum(-1)}),
    ("squared error", "squared|log-likelihood", {"score": lambda x, a, seen: -((x - a.sigmoid()) ** 2).sum(-1)}),
    ("sigmoid twice", "sigmoid|twice|squash", {"score": lambda x, a, seen: bern(x, a.sigmoid()).sum(-1)}),
    ("mean over pixels", "averaged|mean|sum", {"score": lambda x, a, seen: bern(x, a).mean(-1)}),
    ("bits", "log 2|bits|base|1.44", {"score": lambda x, a, seen: bern(x, a).sum(-1) / LN2}),
    ("log p of the state", "state|image", {"score": lambda x, a, seen: bern(seen, a).sum(-1)}),
    ("summed over the images", "sum|images", {"score": lambda x, a, seen: bern(x, a).sum(-1).sum().expand(len(x))}),
    ("drawn against logits", "logits|sigmoid|probabilit", {"on": lambda u, a, x, seen: (u < a).to(x)}),
    ("drawn above", "below|upside|1 −", {"on": lambda u, a, x, seen: (u > a.sigmoid()).to(x)}),
    ("the mean", "means|drawn", {"on": lambda u, a, x, seen: a.sigmoid()}),
    ("thresholded", "round|½|drawn", {"on": lambda u, a, x, seen: (a > 0).to(x)}),
    ("the image comes back", "image|drawn|state", {"on": lambda u, a, x, seen: x}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: step(*given, **change))
answers.same = {
    "-1  ->  1": "the last of two dimensions",
    "draw < logits.sigmoid()  ->  draw <= logits.sigmoid()": "no number is exactly there",
    "hint < rate * t  ->  hint <= rate * t": "no number is exactly there",
}
