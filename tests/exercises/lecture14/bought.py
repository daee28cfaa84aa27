"""Answers to 14.a bought as students write them."""

import math

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def loop(variances, level):
    rates, errors = [], []
    for v in variances.tolist():
        if v > level:
            rates.append(math.log(v / level) / 2)
            errors.append(level)
        else:
            rates.append(0.0)
            errors.append(v)
    return torch.tensor(rates), torch.tensor(errors)


def masked(variances, level):
    more = variances > level
    rates, errors = torch.zeros_like(variances), variances.clone()
    rates[more] = 0.5 * torch.log(variances[more] / level)
    errors[more] = level
    return rates, errors


def by_difference(variances, level):
    """What is bought takes a direction from its variance down to the level: the error is what the rate leaves."""
    rates = variances.clamp(min=level).log() / 2 - 0.5 * math.log(level)
    return rates, variances * torch.exp(-2 * rates)


answers.right("relu of the log", lambda v, level: ((v / level).log().relu() / 2, torch.minimum(v, torch.full_like(v, level))))
answers.right("clamp", lambda v, level: ((v / level).clamp(min=1).sqrt().log(), v.clamp(max=level)))
answers.right("loop", loop)
answers.right("mask", masked)
answers.right("what the rate leaves", by_difference)
answers.right("errors as what lies below", lambda v, level: (
    -0.5 * F.logsigmoid(torch.full_like(v, 40.0)) + 0.5 * torch.log(torch.where(v > level, v / level, 1.0)),
    v - F.relu(v - level)))  # fmt: skip


def both(variances, level, rates=None, errors=None):
    """Each keyword changes one result."""
    found = masked(variances, level)
    return (
        found[0] if rates is None else rates(variances, level),
        found[1] if errors is None else errors(variances, level),
    )


ratio = lambda v, level: (v / level).clamp(min=1)
for name, cause, change, fair in (
    ("base 10", "10|base|natural|log", {"rates": lambda v, s: 0.5 * ratio(v, s).log10()}, 0.5),
    ("excess over the level", "minus|subtract|excess|−|1", {
        "rates": lambda v, s: 0.5 * torch.log1p((v - s).relu())}, 0.5),
    ("level over variance", "sign|minus|level|divid|upside|exchang|swap", {
        "rates": lambda v, s: -0.5 * ratio(v, s).log()}, 0.5),
    ("absolute rates", "absolute|negative|below|0", {"rates": lambda v, s: 0.5 * (v / s).log().abs()}, 0.75),
    ("bought above 1", "level|1", {"rates": lambda v, s: 0.5 * torch.where(v > 1, (v / s).clamp(min=1e-12), 1.0).log()}, 0.5),
    ("0 times a log of 0", "0|nan|inf", {"rates": lambda v, s: 0.5 * (v > s) * (v / s).log()}, 0.9),
    ("rates added up", "sum|shape|each direction", {"rates": lambda v, s: (0.5 * ratio(v, s).log()).sum()}, 0.5),
    ("level squared", "squar|level", {"rates": lambda v, s: 0.5 * (v / s**2).clamp(min=1).log()}, 0.5),
    ("log of the variance alone", "level|divid", {"rates": lambda v, s: 0.5 * torch.where(v > s, v, 1.0).log()}, 0.5),
    ("square root twice", "¼|half|½|root|twice", {"rates": lambda v, s: 0.5 * ratio(v, s).sqrt().log()}, 0.5),
    ("the larger", "larger|smaller|max|min", {"errors": lambda v, s: v.clamp(min=s)}, 0.5),
    ("0 where nothing is bought", "0|below|variance|nothing", {"errors": lambda v, s: torch.where(v > s, s, 0.0).to(v)}, 0.75),
    ("0 where bought", "0|level|above", {"errors": lambda v, s: torch.where(v > s, 0.0, v)}, 0.5),
    ("share of the variance", "share|divid|variance|ratio", {
        "errors": lambda v, s: v.clamp(max=s) / v.clamp(min=1e-12)}, 0.5),
    ("all errors together", "sum|shape|each direction", {"errors": lambda v, s: v.clamp(max=s).sum()}, 0.5),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: both(*given, **change), fair=fair)
answers.wrong("swapped", "swap|order|exchang", lambda *given: masked(*given)[::-1])
answers.wrong("only what is bought", "shape|direction|all|left out", lambda v, s: (
    0.5 * (v[v > s] / s).log(), v.clamp(max=s)), fair=0.75)  # fmt: skip
answers.wrong("sorted", "order|sort", lambda v, s: masked(v.sort(descending=True)[0], s), fair=0.75)
answers.wrong("clamped in place", "in place|chang", lambda v, s: (0.5 * ratio(v, s).log(), v.clamp_(max=s)))
answers.wrong("errors in a view", "in place|chang", lambda v, s: (
    0.5 * ratio(v, s).log(), (e := v.view(-1), e.__setitem__(e > s, s), e)[2]))  # fmt: skip
