"""Answers to ps8.1 two_objectives as students write them."""

import math

import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers

answers = Answers()


def plain(log_p, kl, beta, gamma, capacity):
    d, r = -log_p.mean(), kl.mean()
    return d + beta * r, d + gamma * (r - capacity).abs()


def image_by_image(log_p, kl, beta, gamma, capacity):
    distortion, rate = 0.0, 0.0
    for a, b in zip(log_p, kl):
        distortion = distortion - a / len(log_p)
        rate = rate + b / len(kl)
    away = rate - capacity if rate > capacity else capacity - rate
    return distortion + beta * rate, distortion + gamma * away


def matrix(log_p, kl, beta, gamma, capacity):
    """Both means with one product."""
    both = torch.stack([-log_p, kl]) @ torch.full_like(kl, 1 / len(kl))
    return both @ torch.tensor([1.0, beta]).to(both), both[0] + gamma * F.l1_loss(both[1], torch.full_like(both[1], capacity))


def larger_less_smaller(log_p, kl, beta, gamma, capacity):
    r = torch.mean(kl)
    c = torch.as_tensor(capacity, dtype=r.dtype)
    return (beta * kl - log_p).mean(), gamma * (torch.maximum(r, c) - torch.minimum(r, c)) - torch.mean(log_p)


def single(log_p, kl, beta, gamma, capacity):
    return plain(log_p.float(), kl.float(), beta, gamma, capacity)


def two(log_p, kl, beta, gamma, capacity, d=None, first=None, second=None):
    """Each keyword changes one step."""
    d, r = -log_p.mean() if d is None else d(log_p), kl.mean()
    first = d + beta * r if first is None else first(d, r, beta)
    return first, d + gamma * (r - capacity).abs() if second is None else second(d, r, gamma, capacity)


answers.right("means", plain)
answers.right("image by image", image_by_image)
answers.right("one product and l1_loss", matrix)
answers.right("the larger less the smaller", larger_less_smaller)
answers.right("float32", single)
for name, cause, change in (
    ("distortion summed over the batch", "sum|batch|mean", {"d": lambda log_p: -log_p.sum()}),
    ("distortion of every image", "mean|shape|number|batch", {"d": lambda log_p: -log_p}),
    ("convex mixture", "1 − |distortion|β|beta", {"first": lambda d, r, beta: (1 - beta) * d + beta * r}),
    ("beta forgotten", "β|beta", {"first": lambda d, r, beta: d + r}),
    ("divided by beta", "β|beta|divided", {"first": lambda d, r, beta: d + r / beta}),
    ("gamma inside", "gamma|γ|inside|capacity", {"second": lambda d, r, g, c: d + (g * r - c).abs()}),
    ("distortion inside", "inside|distortion|absolute", {"second": lambda d, r, g, c: (d + g * (r - c)).abs()}),
    ("capacity added", "sign|C|capacity|plus|added", {"second": lambda d, r, g, c: d + g * (r + c).abs()}),
    ("the capacity reached by minimum", "capacity|minimum|below|above|clamp", {
        "second": lambda d, r, g, c: d + g * r.clamp(min=c)}),
    ("rate does not carry the second gradient", "gradient", {
        "second": lambda d, r, g, c: d + g * abs(r.item() - c)}),
):  # fmt: skip
    answers.wrong(name, cause, lambda *given, change=change: two(*given, **change))
answers.wrong("absolute value per image", "each image|inside|mean", lambda log_p, kl, beta, gamma, c: (
    (beta * kl - log_p).mean(), (gamma * (kl - c).abs() - log_p).mean()))  # fmt: skip
answers.wrong("summed batch", "sum|mean|batch", lambda log_p, kl, b, g, c: (
    (b * kl - log_p).sum(), -log_p.sum() + g * (kl.sum() - c).abs()))  # fmt: skip
answers.wrong("swapped", "swap|order|exchang", lambda *given: plain(*given)[::-1])
answers.wrong("to be maximised", "sign|minus|minimi", lambda *given: tuple(-part for part in plain(*given)))
answers.wrong("beta in the second too", "β|beta|gamma|γ", lambda log_p, kl, b, g, c: (
    plain(log_p, kl, b, g, c)[0], -log_p.mean() + g * (b * kl.mean() - c).abs()))  # fmt: skip
answers.wrong("one objective of both", "added|β|beta|both|first", lambda log_p, kl, b, g, c: (
    plain(log_p, kl, b, g, c)[0], plain(log_p, kl, b, g, c)[0] + g * (kl.mean() - c).abs()))  # fmt: skip
answers.wrong("floats", "gradient", lambda *given: tuple(part.item() for part in plain(*given)))
answers.wrong("the rate in bits", "log 2|ln 2|0.693|1.44|factor|times|bits", lambda log_p, kl, b, g, c: (
    plain(log_p, kl / math.log(2), b, g, c)))  # fmt: skip
answers.wrong("median image", "median|mean", lambda log_p, kl, b, g, c: plain(log_p.median(), kl.median(), b, g, c))
answers.wrong("printed", "return|None|nothing", lambda *given: [plain(*given)] and None)
answers.same = {"rate - capacity  ->  capacity - rate": "absolute"}
