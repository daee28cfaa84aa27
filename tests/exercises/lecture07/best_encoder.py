"""Answers to 07.b best_encoder as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def by_precision(w, s, beta):
    """The posterior whose likelihood counts 1/beta: precisions add up."""
    precision = 1 + w**2 / (beta * s)
    return w / (beta * s * precision), 1 / precision


def what_is_left(w, s, beta):
    v = w / (w * w + beta * s)
    return v, 1 - w * v


def in_units_of_the_noise(w, s, beta):
    """The decoder's slope measured against the root of beta s."""
    k = w / (beta * s) ** 0.5
    return k / (1 + k**2) / (beta * s) ** 0.5, 1 / (1 + k**2)


def descended(w, s, beta):
    """Newton's steps on the cost, in v and in log tau2."""
    v, t = 0 * w, 0 * w
    for _ in range(60):
        v = v - ((-w * (1 - w * v)) / s + beta * v) / (w**2 / s + beta)
        slope, curve = (w**2 / s + beta) * t.exp() / 2 - beta / 2, (w**2 / s + beta) * t.exp() / 2
        t = t - slope / curve
    return v, t.exp()


def pair(v=None, tau2=None):
    right_v, right_tau2 = (lambda w, s, b: w / (w**2 + b * s)), (lambda w, s, b: b * s / (w**2 + b * s))
    return lambda w, s, beta: ((v or right_v)(w, s, beta), (tau2 or right_tau2)(w, s, beta))


answers.right("precisions", by_precision)
answers.right("what is left of 1", what_is_left)
answers.right("in units of the noise", in_units_of_the_noise)
answers.right("Newton", descended)
answers.right("a list of two", lambda w, s, beta: list(by_precision(w, s, beta)))
for name, cause, parts in (
    ("beta forgotten in both", "beta", {"v": lambda w, s, b: w / (w**2 + s), "tau2": lambda w, s, b: s / (w**2 + s)}),
    ("beta forgotten in tau2", "beta", {"tau2": lambda w, s, b: s / (w**2 + s)}),
    ("beta forgotten in v", "beta", {"v": lambda w, s, b: w / (w**2 + s)}),
    ("the inverse of the decoder", "exactly|error", {"v": lambda w, s, b: 1 / w}),
    ("no prior", "prior", {"v": lambda w, s, b: 1 / w, "tau2": lambda w, s, b: b * s / w**2}),
    ("no prior in tau2", "prior|square|precision|tau2|variance of q", {"tau2": lambda w, s, b: b * s / w**2}),
    ("deviation", "standard deviation", {"tau2": lambda w, s, b: (b * s / (w**2 + b * s)) ** 0.5}),
    ("log-variance", "log", {"tau2": lambda w, s, b: (b * s / (w**2 + b * s)).log()}),
    ("precision", "precision|upside", {"tau2": lambda w, s, b: 1 + w**2 / (b * s)}),
    ("w not squared", "square", {"v": lambda w, s, b: w / (w + b * s), "tau2": lambda w, s, b: b * s / (w + b * s)}),
    ("w v", "w v|part of x", {"v": lambda w, s, b: w**2 / (w**2 + b * s)}),
    ("transposed", "transposed", {"v": lambda w, s, b: w}),
    ("sign of v", "sign", {"v": lambda w, s, b: -w / (w**2 + b * s)}),
    ("v above 0", "absolute|sign", {"v": lambda w, s, b: w.abs() / (w**2 + b * s)}),
    ("noise of the prior", "prior", {"tau2": lambda w, s, b: torch.ones_like(w)}),
    ("no noise", "0|missing", {"tau2": lambda w, s, b: torch.zeros_like(w)}),
    ("s above alone", "beta", {"tau2": lambda w, s, b: s / (w**2 + b * s)}),
    ("beta above alone", "factor s|s", {"tau2": lambda w, s, b: b / (w**2 + b * s)}),
    ("posterior variance of z's error", "noise|error|variance", {"tau2": lambda w, s, b: w**2 * b * s / (w**2 + b * s)}),
    ("1 plus", "1|sum", {"v": lambda w, s, b: w / (1 + w**2), "tau2": lambda w, s, b: 1 / (1 + w**2)}),
    ("s squared", "squared", {"v": lambda w, s, b: w / (w**2 + b * s**2), "tau2": lambda w, s, b: b * s**2 / (w**2 + b * s**2)}),
    ("beta the other way", "beta", {"v": lambda w, s, b: w / (w**2 + s / b), "tau2": lambda w, s, b: s / b / (w**2 + s / b)}),
):  # fmt: skip
    answers.wrong(name, cause, pair(**parts))
answers.wrong("swapped", "order", lambda w, s, beta: what_is_left(w, s, beta)[::-1])
answers.wrong("one tensor of v alone", "values|value", lambda w, s, beta: what_is_left(w, s, beta)[0])
answers.wrong("stacked", "value", lambda w, s, beta: torch.stack(what_is_left(w, s, beta)))
