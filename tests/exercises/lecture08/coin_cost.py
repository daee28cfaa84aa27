"""Answers to 08.b coin_cost as students write them."""

import math

import torch
from torch.distributions import Categorical

from tests.exercises.answers import Answers

answers = Answers()


def loop(table, q_z, y):
    total = math.log(len(table))
    for z, q in enumerate(q_z.tolist()):
        if q > 0:
            total += q * (math.log(q * len(q_z)) - math.log(table[y, z]))
    return torch.tensor(total)


def used_alone(table, q_z, y):
    """The z that q takes, and no other."""
    epitomes, codes = table.shape
    used = q_z > 0
    q, p = q_z[used], table[y][used]
    return -(q * p.log()).sum() + math.log(epitomes) + (q * torch.log(q * codes)).sum()


def entropy(table, q_z, y):
    return -torch.xlogy(q_z, table[y]).sum() + math.log(table.numel()) - torch.special.entr(q_z).sum()


def joint(table, q_z, y):
    """All pairs of y and z, most of them with q = 0."""
    q = torch.zeros_like(table)
    q[y] = q_z
    prior = torch.full_like(table, 1 / table.numel())
    return (torch.xlogy(q, q) - torch.xlogy(q, prior * table)).sum()


def parts(reconstruction=None, kl_y=None, kl_z=None, whole=None):
    def answer(table, q_z, y):
        r = reconstruction(table, q_z, y) if reconstruction else -torch.xlogy(q_z, table[y]).sum()
        a = kl_y(*table.shape) if kl_y else math.log(len(table))
        b = kl_z(q_z, *table.shape) if kl_z else torch.xlogy(q_z, q_z * len(q_z)).sum()
        return whole(r, a, b) if whole else r + a + b

    return answer


answers.right("loop", loop)
answers.right("the z that q takes", used_alone)
answers.right("entropy", entropy)
answers.right("the whole joint", joint)
for name, cause, fair, change in (
    ("printed signs", "equation 10", 0, {"whole": lambda r, a, b: r - a - b}),
    ("one printed sign", "sign|subtract|negative|twice|added", 0, {"whole": lambda r, a, b: r - a + b}),
    ("the other printed sign", "sign|subtract|KL of z", 0, {"whole": lambda r, a, b: r + a - b}),
    ("bound", "bound", 0, {"whole": lambda r, a, b: -r - a - b}),
    ("bits", "bits", 0, {"whole": lambda r, a, b: (r + a + b) / math.log(2)}),
    ("no log E", "KL of y", 0, {"kl_y": lambda E, Z: 0.0}),
    ("log Z for both", "count|columns", 0, {"kl_y": lambda E, Z: math.log(Z)}),
    ("1/E", "1/E|one over|log E", 0, {"kl_y": lambda E, Z: 1 / E}),
    ("log2 E", "2", 0, {"kl_y": lambda E, Z: math.log2(E)}),
    ("entropy alone", "prior of z", 0, {"kl_z": lambda q, E, Z: torch.xlogy(q, q).sum()}),
    ("entropy added", "entropy", 0, {"kl_z": lambda q, E, Z: torch.special.entr(q).sum()}),
    ("no KL of z", "KL of z", 0, {"kl_z": lambda q, E, Z: 0.0}),
    ("E for Z", "rows", 0, {"kl_z": lambda q, E, Z: torch.xlogy(q, q * E).sum()}),
    ("KL the other way round", "other way", 0, {"kl_z": lambda q, E, Z: -(q * Z).log().mean()}),
    ("mean of the KL's terms", "mean|averag", 0, {"kl_z": lambda q, E, Z: torch.xlogy(q, q * Z).mean()}),
    ("nan at 0", "0·log 0", 0.9, {
        "reconstruction": lambda t, q, y: -(q * t[y].log()).sum(), "kl_z": lambda q, E, Z: (q * (q * Z).log()).sum()}),
    ("log of the mean", "log of the mean", 0, {"reconstruction": lambda t, q, y: -(q * t[y]).sum().log()}),
    ("mean by the prior", "prior", 0, {"reconstruction": lambda t, q, y: -t[y].log().mean()}),
    ("rows averaged", "rows", 0, {"reconstruction": lambda t, q, y: -(torch.xlogy(q, t).sum(1)).mean()}),
    ("first row", "row|`y`", 0, {"reconstruction": lambda t, q, y: -torch.xlogy(q, t[0]).sum()}),
    ("no log", "logarithm", 0, {"reconstruction": lambda t, q, y: -(q * t[y]).sum()}),
    ("sum without weights", "weights", 0, {"reconstruction": lambda t, q, y: -t[y].log().sum()}),
    ("likeliest z", "likeliest", 0, {"reconstruction": lambda t, q, y: -t[y, q.argmax()].log()}),
    ("row normalised", "add up to one|prior|row", 0, {
        "reconstruction": lambda t, q, y: -torch.xlogy(q, t[y] / t[y].sum()).sum()}),
    ("a constant in the log", "constant|small", 0, {"reconstruction": lambda t, q, y: -(q * (t[y] + 1e-8).log()).sum()}),
    ("reconstruction's sign", "sign", 0, {"reconstruction": lambda t, q, y: torch.xlogy(q, t[y]).sum()}),
):  # fmt: skip
    answers.wrong(name, cause, parts(**change), fair)
answers.wrong("exact", "exact|table|log p", lambda table, q_z, y: -table.mean().log())
answers.wrong("Categorical's entropy, added", "entropy", lambda table, q_z, y: (
    -torch.xlogy(q_z, table[y]).sum() + math.log(len(table)) + Categorical(q_z).entropy()))  # fmt: skip
answers.wrong("for every y", "shape|row", lambda table, q_z, y: (
    -torch.xlogy(q_z, table).sum(1) + math.log(len(table)) + torch.xlogy(q_z, q_z * len(q_z)).sum()))  # fmt: skip
