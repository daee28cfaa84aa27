"""Answers to ps7.4 chain_bound as students write them."""

import torch
import torch.nn.functional as F
from torch.distributions import Bernoulli

from tests.exercises.answers import Answers
from tests.exercises.shared import LN2, bern

answers = Answers()


def share_of(rate, steps):
    return (rate * torch.arange(1.0, steps + 1, dtype=torch.float64))[:, None, None]


def bound(x, states, logits, rate, before=None, share=None, q=None, last=None, total=None, first=None):
    """before: the logits of the states; q(p, s, agrees): their q; first: what log p of z_1 is."""
    earlier = torch.cat([torch.zeros_like(logits[:1]), logits[:-1]]) if before is None else before(logits)
    log_p = F.logsigmoid(torch.where(states == 1, earlier, -earlier))
    s, agrees = share_of(rate, len(logits)) if share is None else share(rate, len(logits)), (states == x).to(x)
    log_q = ((1 - s) * log_p.exp() + s * agrees).log() if q is None else q(log_p.exp(), s, agrees, states)
    log_p = log_p if first is None else torch.cat([log_p[:1] * 0 + first, log_p[1:]])
    score = bern(x, logits[-1]).sum(-1) if last is None else last(x, logits)
    return (log_p - log_q).sum((0, -1)) + score if total is None else total(log_p, log_q, score)


def step_loop(x, states, logits, rate):
    """In logarithms throughout."""
    total = -F.binary_cross_entropy_with_logits(logits[-1], x, reduction="none").sum(-1)
    for t, z in enumerate(states):
        log_p = bern(z, logits[t - 1]) if t > 0 else torch.full_like(z, -LN2)
        s = torch.tensor(rate * (t + 1), dtype=torch.float64)
        log_q = torch.where(z == x, torch.logaddexp(torch.log1p(-s) + log_p, s.log()), torch.log1p(-s) + log_p)
        total = total + (log_p - log_q).sum(-1)
    return total


def by_bernoullis(x, states, logits, rate):
    """q of a pixel is a Bernoulli whose mean lies the share of the way to the image's pixel."""
    first = torch.zeros_like(x)
    total = Bernoulli(logits=logits[-1]).log_prob(x).sum(-1)
    for t in range(len(states)):
        p = Bernoulli(logits=first if t == 0 else logits[t - 1])
        s = rate * (t + 1)
        q = Bernoulli(probs=torch.lerp(p.probs, x, s))
        total = total + p.log_prob(states[t]).sum(-1) - q.log_prob(states[t]).sum(-1)
    return total


def by_ratio(x, states, logits, rate):
    """Minus log(1 - s + s [z = x] / p), and p itself in the image's step."""
    p = torch.cat([torch.full_like(logits[:1], 0.5), logits[:-1].sigmoid()])
    of_state = states * p + (1 - states) * (1 - p)
    s = share_of(rate, len(states))
    log_ratio = of_state.log() - ((1 - s) * of_state + s * (states == x)).log()
    safe = torch.where(
        of_state > 0, log_ratio, bern(states, torch.cat([0 * logits[:1], logits[:-1]])) - (s * (states == x)).log()
    )
    return safe.sum((0, 2)) + bern(x, logits[-1]).sum(-1)


def pixel_loop(x, states, logits, rate):
    found = []
    for i in range(len(x)):
        total = F.logsigmoid((2 * x[i] - 1) * logits[-1, i]).sum()
        for t in range(len(states)):
            a = (2 * states[t, i] - 1) * (logits[t - 1, i] if t else torch.zeros_like(x[i]))
            p, s = torch.exp(F.logsigmoid(a)), rate * (t + 1)
            total = total + F.logsigmoid(a).sum() - torch.log(torch.where(states[t, i] == x[i], p + s * (1 - p), p - s * p)).sum()
        found.append(total)
    return torch.stack(found)


answers.right("tables", bound)
answers.right("step by step, in logarithms", step_loop)
answers.right("Bernoullis", by_bernoullis)
answers.right("ratios", by_ratio)
answers.right("image by image", pixel_loop)
for name, cause, change in (
    ("rate · t / T", "share|rate", {"share": lambda rate, steps: share_of(rate, steps) / steps}),
    ("powers of the rate", "share|power", {"share": lambda rate, steps: rate ** share_of(1.0, steps)}),
    ("shares reversed", "share|revers|way", {"share": lambda rate, steps: share_of(rate, steps).flip(0)}),
    ("share and 1 − share exchanged", "1 − share|share|swap", {"q": lambda p, s, agrees, z: (s * p + (1 - s) * agrees).log()}),
    ("share alone where it agrees", "agrees|\\(1 − share\\)|share|by chance", {
        "q": lambda p, s, agrees, z: torch.where(agrees == 1, s.clamp(min=1e-300), (1 - s) * p).log()}),
    ("p whole in q", "1 − share|share|p", {"q": lambda p, s, agrees, z: (p + s * agrees).log()}),
    ("agreement that does not count", "agree|share|\\[z = x\\]|on the right is missing as a factor", {
        "q": lambda p, s, agrees, z: ((1 - s) * p + s).log()}),
    ("disagreement in the place of agreement", "agree|z = x|\\[z|differ|1 − … is taken of `x`", {
        "q": lambda p, s, agrees, z: ((1 - s) * p + s * (1 - agrees)).log()}),
    ("logs mixed with log of ½", "log|mix|logarithm", {
        "q": lambda p, s, agrees, z: (1 - s) * p.log() + s * torch.where(agrees == 1, 1.0, 1e-6).log()}),
    ("q with a floor", "clamp|floor|small (constant|number)|added", {
        "q": lambda p, s, agrees, z: ((1 - s) * p + s * agrees + 0.01).log()}),
    ("the last logits before the first state", "first|noise|½|last", {"before": lambda logits: logits.roll(1, 0)}),
    ("the next logits", "own|logits|before", {"before": lambda logits: torch.cat([logits[1:], 0 * logits[:1]])}),
    ("first state sure under p", "first|½", {"first": 0.0}),
    ("image's term at all steps", "steps|only the last|sum over", {"last": lambda x, logits: bern(x, logits).sum((0, 2))}),
    ("mean over steps", "steps|mean|averag|divided by the size of `states`", {
        "total": lambda log_p, log_q, score: (log_p - log_q).sum(-1).mean(0) + score}),
    ("KL weighed with p", "weigh|expect|KL|multiplied by q", {
        "total": lambda log_p, log_q, score: (log_q.exp() * (log_p - log_q)).sum((0, 2)) + score}),
    ("kept at or below log p(x|z)", "clamp|above|negative|0", {
        "total": lambda log_p, log_q, score: (log_p - log_q).clamp(max=0).sum((0, 2)) + score}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: bound(*given, **change))
answers.wrong("agreement with the state before", "image|x|state before", lambda x, z, a, rate: bound(
    x, z, a, rate, q=lambda p, s, agrees, z: ((1 - s) * p + s * (z == torch.cat([x[None], z[:-1]]))).log()))  # fmt: skip
answers.same = {"-1  ->  1": "the last of two dimensions"}
