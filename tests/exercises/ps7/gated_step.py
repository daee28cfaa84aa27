"""Answers to ps7.2 gated_step as students write them."""

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def step(features, before, w_new, b_new, w_gate, b_gate, new=torch.sigmoid, gate=torch.sigmoid, mix=None):
    fresh, alpha = new(features @ w_new + b_new), gate(features @ w_gate + b_gate)
    return alpha * before + (1 - alpha) * fresh if mix is None else mix(alpha, before, fresh)


def one_layer(features, before, w_new, b_new, w_gate, b_gate):
    """Both layers at once, then cut in two."""
    a, b = (features @ torch.cat([w_new, w_gate], 1) + torch.cat([b_new, b_gate])).sigmoid().chunk(2, 1)
    return b * before + (1 - b) * a


def pixel_loop(features, before, w_new, b_new, w_gate, b_gate):
    found = []
    for h, old in zip(features, before):
        row = []
        for j in range(len(old)):
            alpha = torch.sigmoid((h * w_gate[:, j]).sum() + b_gate[j])
            row.append(alpha * old[j] + (1 - alpha) * torch.sigmoid((h * w_new[:, j]).sum() + b_new[j]))
        found.append(torch.stack(row))
    return torch.stack(found)


def softmax_pair(features, before, w_new, b_new, w_gate, b_gate):
    """A gate is a softmax over two choices, the other one's logit being 0."""
    logits = F.linear(features, w_gate.T, b_gate)
    weights = torch.stack([logits, torch.zeros_like(logits)]).softmax(0)
    return (weights * torch.stack([before, F.linear(features, w_new.T, b_new).sigmoid()])).sum(0)


answers.right("matrix products", step)
answers.right("one layer in two halves", one_layer)
answers.right(
    "lerp",
    lambda f, before, w, b, u, c: torch.lerp(torch.sigmoid(torch.addmm(b, f, w)), before, torch.sigmoid(torch.addmm(c, f, u))),
)
answers.right("softmax of two", softmax_pair)
answers.right("pixel by pixel", pixel_loop)
answers.right("einsum, 1 − alpha as the sigmoid of −logit", lambda f, before, w, b, u, c: (
    (torch.einsum("bh,hp->bp", f, u) + c).sigmoid() * before
    + (-torch.einsum("bh,hp->bp", f, u) - c).sigmoid() * (torch.einsum("bh,hp->bp", f, w) + b).sigmoid()))  # fmt: skip
for name, cause, change in (
    ("softmax over pixels, gate", "softmax|gate", {"gate": lambda a: a.softmax(1)}),
    ("softmax over pixels, new", "softmax|new image", {"new": lambda a: a.softmax(1)}),
    ("new image clamped", "clamp|sigmoid|new image", {"new": lambda a: a.clamp(0, 1)}),
    ("hard sigmoid in the gate", "hard|gate|clamp", {"gate": F.hardsigmoid}),
    ("tanh in the new image", "tanh|new image", {"new": torch.tanh}),
    ("relu in the new image", "relu|new image|below 0|negative", {"new": torch.relu}),
    ("the gate is rounded", "round|gate|½", {"gate": lambda a: (a > 0).to(a)}),
    ("the new image is rounded", "round|new image|½", {"new": lambda a: a.sigmoid().round()}),
    ("minus forgotten in the sigmoid of the new", "sign|minus|new image|upside", {"new": lambda a: 1 / (1 + a.exp())}),
    ("sigmoid twice in the gate", "twice|gate", {"gate": lambda a: a.sigmoid().sigmoid()}),
    ("half of each", "gate|alpha", {"mix": lambda alpha, old, new: (old + new) / 2}),
    ("a sigmoid around it all", "sigmoid", {"mix": lambda alpha, old, new: (alpha * old + (1 - alpha) * new).sigmoid()}),
    ("geometric mixture", "log|power|geometric|mix", {"mix": lambda alpha, old, new: old**alpha * new ** (1 - alpha)}),
    ("the first pixel's gate", "gate|pixel", {"mix": lambda alpha, old, new: alpha[:, :1] * old + (1 - alpha[:, :1]) * new}),
    ("the images' mean gate", "gate|image", {"mix": lambda alpha, old, new: alpha.mean(0) * old + (1 - alpha.mean(0)) * new}),
    ("1 − before", "1 − alpha|1 − before|before", {"mix": lambda alpha, old, new: alpha * old + (1 - old) * new}),
    ("gated image before alone", "new image|alone|missing", {"mix": lambda alpha, old, new: alpha * old}),
):
    answers.wrong(name, cause, lambda *given, change=change: step(*given, **change))
answers.wrong("no bias in the gate", "bias|b_gate", lambda f, old, w, b, u, c: step(f, old, w, b, u, 0 * c))
