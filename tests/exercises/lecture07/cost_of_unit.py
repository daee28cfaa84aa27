"""Answers to 07.a cost_of_unit as students write them."""

import torch
from torch.distributions import Normal, kl_divergence

from tests.exercises.answers import Answers

answers = Answers()


def expanded(v, w, tau2, variance, s, beta):
    """E[x²] − 2 E[x w z] + E[w² z²], each by itself."""
    z2 = v * v * variance + tau2
    error = variance - 2 * w * v * variance + w * w * z2
    return error / 2 / s - beta * (1 + torch.log(tau2) - z2) / 2


def distributions(v, w, tau2, variance, s, beta):
    """The KL is quadratic in x: at one standard deviation it has its mean value."""
    x = variance.sqrt()
    kl = kl_divergence(Normal(v * x, tau2.sqrt()), Normal(torch.zeros_like(x), torch.ones_like(x)))
    return ((x - w * v * x).pow(2) + (w * tau2.sqrt()).pow(2)) / (2 * s) + beta * kl


def loop(v, w, tau2, variance, s, beta):
    given = torch.broadcast_tensors(v, w, tau2, variance, *(torch.as_tensor(a, dtype=v.dtype) for a in (s, beta)))
    out = []
    for one in zip(*(a.flatten() for a in given)):
        V, W, T, X, S, B = one
        lost = X * (1 - W * V) ** 2
        out.append((lost + W**2 * T) / (2 * S) + B / 2 * (V**2 * X + T - torch.log(T) - 1))
    return torch.stack(out).reshape(v.shape)


def change(error=None, kl=None, whole=None):
    def answer(v, w, tau2, variance, s, beta):
        e = error(v, w, tau2, variance) if error else variance * (1 - w * v) ** 2 + w**2 * tau2
        k = kl(v, tau2, variance) if kl else 0.5 * (v**2 * variance + tau2 - tau2.log() - 1)
        return whole(e, k, s, beta) if whole else e / (2 * s) + beta * k

    return answer


answers.right("expanded", expanded)
answers.right("distributions", distributions)
answers.right("loop", loop)
answers.right("expm1 and log1p", change(kl=lambda v, t, x: 0.5 * (v.square() * x + torch.expm1(t.log()) - torch.log1p(t - 1))))
for name, cause, parts in (
    ("noise of z left out", "noise", {"error": lambda v, w, t, x: x * (1 - w * v) ** 2}),
    ("noise by w alone", "power of w", {"error": lambda v, w, t, x: x * (1 - w * v) ** 2 + w * t}),
    ("noise not by w", "multiplies z by w", {"error": lambda v, w, t, x: x * (1 - w * v) ** 2 + t}),
    ("noise by the deviation", "square root|noise", {"error": lambda v, w, t, x: x * (1 - w * v) ** 2 + w**2 * t.sqrt()}),
    ("the lost part not squared", "square|error of the mean|part of x", {
        "error": lambda v, w, t, x: x * (1 - w * v).abs() + w**2 * t}),
    ("variance squared", "variance|squared", {"error": lambda v, w, t, x: (x * (1 - w * v)) ** 2 + w**2 * t}),
    ("difference of squares", "squares", {"error": lambda v, w, t, x: x * (1 - w**2 * v**2) + w**2 * t}),
    ("one image", "mean of x²|KL", {"kl": lambda v, t, x: 0.5 * (v**2 + t - t.log() - 1)}),
    ("v not squared", "mean|square|absolute|v", {"kl": lambda v, t, x: 0.5 * (v * x + t - t.log() - 1)}),
    ("tau for tau2", "noise|std|root|deviation|tau2", {"kl": lambda v, t, x: 0.5 * (v**2 * x + t.sqrt() - t.log() - 1)}),
    ("log of tau", "log", {"kl": lambda v, t, x: 0.5 * (v**2 * x + t - t.sqrt().log() - 1)}),
    ("log's sign", "sign of the log", {"kl": lambda v, t, x: 0.5 * (v**2 * x + t + t.log() - 1)}),
    ("log2", "base 2|log", {"kl": lambda v, t, x: 0.5 * (v**2 * x + t - t.log2() - 1)}),
    ("no half", "½", {"kl": lambda v, t, x: v**2 * x + t - t.log() - 1}),
    ("no minus one", "−1", {"kl": lambda v, t, x: 0.5 * (v**2 * x + t - t.log())}),
    ("KL the other way round", "other way", {"kl": lambda v, t, x: 0.5 * (t.log() + (1 + v**2 * x) / t - 1)}),
    ("error not halved", "½|half|twice", {"whole": lambda e, k, s, b: e / s + b * k}),
    ("error without s", "not divided by s|s alone", {"whole": lambda e, k, s, b: e / 2 + b * k}),
    ("plain error", "nats|factor", {"whole": lambda e, k, s, b: e + b * k}),
    ("times s", "s", {"whole": lambda e, k, s, b: e * s / 2 + b * k}),
    ("s a deviation", "squared", {"whole": lambda e, k, s, b: e / (2 * s**2) + b * k}),
    ("beta on both", "both", {"whole": lambda e, k, s, b: b * (e / (2 * s) + k)}),
    ("no beta", "beta", {"whole": lambda e, k, s, b: e / (2 * s) + k}),
    ("beta divides", "beta", {"whole": lambda e, k, s, b: e / (2 * s) + k / b}),
    ("beta minus one", "beta", {"whole": lambda e, k, s, b: e / (2 * s) + (b - 1) * k}),
    ("subtracted", "subtracted|sign", {"whole": lambda e, k, s, b: e / (2 * s) - b * k}),
    ("all directions added", "sum", {"whole": lambda e, k, s, b: (e / (2 * s) + b * k).sum()}),
    ("all directions averaged", "mean|averag", {"whole": lambda e, k, s, b: (e / (2 * s) + b * k).mean()}),
):  # fmt: skip
    answers.wrong(name, cause, change(**parts))
answers.wrong("v and w exchanged", "exchang|swap|`v`|`w`", lambda v, w, *others: change()(w, v, *others))
