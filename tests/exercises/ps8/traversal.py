"""Answers to ps8.4 traversal as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def repeated(mu, unit, values):
    codes = mu[:, None].repeat(1, len(values), 1)
    codes[:, :, unit] = values
    return codes


def stacked(mu, unit, values):
    steps = []
    for v in values:
        code = mu.clone()
        code[:, unit] = v
        steps.append(code)
    return torch.stack(steps, dim=1)


def pieces(mu, unit, values):
    n, s = len(mu), len(values)
    left, right = mu[:, None, :unit].expand(n, s, -1), mu[:, None, unit + 1 :].expand(n, s, -1)
    return torch.cat([left, values.view(1, s, 1).expand(n, s, 1), right], -1)


def masked(mu, unit, values):
    mask = F.one_hot(torch.tensor(int(unit)), mu.shape[1]).to(mu)
    return torch.einsum("nl,s,l->nsl", mu, torch.ones_like(values), 1 - mask) + values[None, :, None] * mask


def chosen(mu, unit, values):
    return torch.where(torch.arange(mu.shape[1]) == unit, values[:, None], mu[:, None, :])


def triple_loop(mu, unit, values):
    codes = torch.zeros(mu.shape[0], values.shape[0], mu.shape[1])
    for i in range(mu.shape[0]):
        for s in range(values.shape[0]):
            for j in range(mu.shape[1]):
                codes[i, s, j] = values[s] if j == unit else mu[i, j]
    return codes


def no_clone(mu, unit, values):
    """The list holds the same tensor many times."""
    steps = []
    for v in values:
        mu[:, unit] = v
        steps.append(mu)
    return torch.stack(steps, 1)


def cloned_once(mu, unit, values):
    """mu stays, but all steps are one tensor."""
    code, steps = mu.clone(), []
    for v in values:
        code[:, unit] = v
        steps.append(code)
    return torch.stack(steps, 1)


def cloned_too_late(mu, unit, values):
    """Right, but mu is left at the last value."""
    steps = []
    for v in values:
        mu[:, unit] = v
        steps.append(mu.clone())
    return torch.stack(steps, 1)


def view_of_mu(mu, unit, values):
    """[:, None] is a view."""
    codes = mu[:, None]
    codes[:, :, unit] = 0
    pulse = torch.zeros(len(values), mu.shape[1], dtype=mu.dtype)
    pulse[:, unit] = values
    return codes + pulse


def change(mu, unit, values, base=None, at=None, value=None, out=None):
    """Each keyword changes one step."""
    codes = (mu if base is None else base(mu))[:, None].repeat(1, len(values), 1)
    v = values if value is None else value(mu, unit, values)
    codes[:, :, unit if at is None else at(unit, mu)] = v
    return codes if out is None else out(codes)


def interleaved(mu, unit, values):
    codes = mu.repeat(len(values), 1)
    codes[:, unit] = values.repeat(len(mu))
    return codes.view(len(mu), len(values), -1)


def wrong_axis(mu, unit, values):
    """The unit's number picks a step."""
    codes = mu[:, None].repeat(1, len(values), 1)
    codes[:, unit % len(values), :] = values[unit % len(values)]
    return codes


def all_but_the_last_step(mu, unit, values):
    codes = mu[:, None].repeat(1, len(values), 1)
    for s in range(len(values) - 1):
        codes[:, s, unit] = values[s]
    return codes


def ten(mu, unit, values):
    codes = torch.zeros(len(mu), len(values), 10, dtype=mu.dtype)
    codes[:] = mu[:, None]
    codes[..., unit] = values
    return codes


answers.right("repeated", repeated)
answers.right("stacked", stacked)
answers.right("pieces", pieces)
answers.right("mask", masked)
answers.right("where", chosen)
answers.right("three loops, float32", triple_loop)
answers.right("index_copy", lambda mu, unit, v: mu[:, None].expand(-1, len(v), -1).index_copy(
    2, torch.tensor([int(unit)]), v.view(1, -1, 1).expand(len(mu), -1, 1)))  # fmt: skip
for name, cause, what in (
    ("in standard deviations", "standard|deviation|set|std", {
        "value": lambda mu, unit, v: mu[:, unit].mean() + v * mu[:, unit].std(correction=0)}),
    ("the first latent", "first|latent|unit", {"at": lambda unit, mu: 0}),
    ("values in order of size", "sort|order", {"value": lambda mu, unit, v: v.sort()[0]}),
    ("whole values", "whole|int|round|trunc", {"value": lambda mu, unit, v: v.trunc()}),
    ("from −3 to 3", "values|linspace|even|−3|given", {
        "value": lambda mu, unit, v: torch.linspace(-3, 3, len(v), dtype=v.dtype)}),
    ("steps first", "shape|order|transpos|axes|dimension", {"out": lambda codes: codes.transpose(0, 1)}),
    ("one long batch", "shape|reshape|flatten", {"out": lambda codes: codes.flatten(0, 1)}),
    ("latents before steps", "shape|order|transpos|axes|dimension", {"out": lambda codes: codes.transpose(1, 2)}),
    ("differences from mu", "subtract|difference|minus|taken off", {"out": lambda codes: codes - codes.mean(1, keepdim=True)}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, what=what: change(*given, **what))
answers.wrong("every latent up to it", "latent|only|unit|up to|other", lambda mu, unit, v: torch.where(
    torch.arange(mu.shape[1]) <= unit, v[:, None], mu[:, None]))  # fmt: skip
answers.wrong("all but it", "other|mask|latent|exchang|all", lambda mu, unit, v: torch.where(
    torch.arange(mu.shape[1]) != unit, v[:, None], mu[:, None]))  # fmt: skip
answers.wrong("the latent alone", "shape|other latents", lambda mu, unit, v: v.expand(len(mu), -1))
answers.wrong("one code for all steps", "clone|copy|same|last value|last", cloned_once)
answers.wrong("no clone at all", "chang|in place|clone|copy", no_clone)
answers.wrong("cloned too late", "chang|in place|clone|copy", cloned_too_late)
answers.wrong("a view", "chang|in place|clone|copy|view", view_of_mu)
answers.wrong("images and steps mixed up", "repeat|reshape|view|order|mix|axes", interleaved)
answers.wrong("the unit picks a step", "step|axis|dimension|latent", wrong_axis)
answers.wrong("last step forgotten", "last|step", all_but_the_last_step)
answers.wrong("ten latents", "10|ten|latents|shape", ten, fair=0.8)
