"""Answers to 13.b infused as students write them."""

import torch

from tests.exercises.answers import Answers

answers = Answers()


def indexed(x, state, rate, uniform):
    mixed = state.clone()
    shown = uniform < rate
    mixed[shown] = x[shown]
    return mixed


def loops(x, state, rate, uniform):
    mixed = torch.empty_like(x)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            mixed[i, j] = x[i, j] if uniform[i, j] < rate else state[i, j]
    return mixed


def lowest(x, state, rate, uniform):
    """Exactly a share of each image's pixels comes in, those with the lowest numbers."""
    place = uniform.argsort(1).argsort(1)
    return torch.where(place < round(rate * x.shape[1]), x, state)


answers.right("where", lambda x, state, rate, u: torch.where(u < rate, x, state))
answers.right("indexed", indexed)
answers.right("two loops", loops)
answers.right("mask times", lambda x, state, rate, u: (u < rate).to(x) * x + (u >= rate).to(x) * state)
answers.right("masked_fill", lambda x, state, rate, u: x.masked_fill(u >= rate, 0) + state.masked_fill(u < rate, 0))
answers.right("lerp", lambda x, state, rate, u: torch.lerp(state, x, torch.floor(1 + rate - u).clamp(0, 1) * (u != rate)))
answers.right("whole numbers", lambda x, state, rate, u: torch.where(u < rate, x.long(), state.long()))
answers.wrong("numbers from the other end", "1 −|above|below", lambda x, s, rate, u: torch.where(u > 1 - rate, x, s))
answers.wrong("floor(u + rate)", "1 −|above|below", lambda x, s, rate, u: torch.where((u + rate).floor() == 1, x, s))
answers.wrong("drawn from the blend", "blend|drawn|mix", lambda x, s, rate, u: (u < rate * x + (1 - rate) * s).to(x))
answers.wrong("blend rounded", "blend|round", lambda x, s, rate, u: (rate * x + (1 - rate) * s).round())
answers.wrong("added to the state", "added|1 − |state", lambda x, s, rate, u: s + (u < rate).to(x) * x)
answers.wrong("added and clamped", "lit|1 in the state|replace|stays 1", lambda x, s, rate, u: (s + (u < rate) * x).clamp(max=1))
answers.wrong("only black pixels come in", "black|replace|both", lambda x, s, rate, u: torch.where(u < rate, x * s, s))
answers.wrong("exclusive or", "or|replace|both", lambda x, s, rate, u: (s + (u < rate) * x) % 2)
answers.wrong("flipped", "image|flip|1 −", lambda x, s, rate, u: torch.where(u < rate, 1 - s, s))
answers.wrong("the lowest share of each image", "exactly|each pixel|sort|number", lowest)
answers.wrong("rate squared", "rate", lambda x, s, rate, u: torch.where(u < rate**2, x, s))
answers.wrong("half in the place of the rate", "rate|½|0.5", lambda x, s, rate, u: torch.where(u < 0.5, x, s))
answers.wrong("own dice", "draw none|uniform|random", lambda x, s, rate, u: torch.where(torch.rand_like(x) < rate, x, s))
answers.wrong("mask times rate", "rate|blend", lambda x, s, rate, u: torch.lerp(s, x, rate * (u < rate).to(x)))
answers.wrong(
    "the images' mean number",
    "whole image|one number|averaged over its last",
    lambda x, s, rate, u: torch.where(u.mean(1, keepdim=True) < rate, x, s),
)
answers.wrong(
    "lit pixels of the image alone have a number", "black|lit|replaces", lambda x, s, rate, u: torch.where(u < rate * x, x, s)
)
answers.wrong("state alone", "state|image", lambda x, s, rate, u: s.clone())
answers.wrong("soft mask", "number|below|blend|mix", lambda x, s, rate, u: u * x + (1 - u) * s)
