"""03.a: cross_entropy."""

import math

import numpy as np
import torch
from scipy.special import xlogy

from ..exercise import Exercise
from ..ps1._shared import LN2, draw_distributions, pixel_distributions

exercise = Exercise(
    "03.a",
    "cross_entropy",
    ["q", "p"],
    oracle=lambda q, p: -xlogy(q, p).sum(-1),
    draw=draw_distributions,
    reference=pixel_distributions,
    item="row",
)
exercise.case("a fair coin, believed fair: log 2", [0.5, 0.5], [0.5, 0.5], expected=LN2)
exercise.case("the lecture's coin, believed fair", [0.3, 0.7], [0.5, 0.5], expected=LN2)
exercise.case("a fair coin, believed loaded", [0.5, 0.5], [0.3, 0.7], expected=-0.5 * math.log(0.21))
exercise.always("70 distributions over 7 outcomes", lambda rng: tuple(rng.dirichlet(np.ones(7), size=(2, 70))))


@exercise.misconception("This is the entropy of q: the surprise is that of the belief, so it is log p that is averaged.")
def entropy_of_q(q, p):
    return -(q * q.log()).sum(-1)


@exercise.misconception("The two are swapped: q is what happens and does the averaging, p is believed and goes into the log.")
def swapped(q, p):
    return -(p * q.log()).sum(-1)


@exercise.misconception("The sign: a log-probability is negative, a surprise positive.")
def sign_flipped(q, p):
    return (q * p.log()).sum(-1)


@exercise.misconception("This is the divergence: the cross-entropy does not subtract the entropy of q.")
def divergence(q, p):
    return (q * torch.log(q / p)).sum(-1)


@exercise.misconception("Your values are in bits: the course counts in nats, the natural logarithm.")
def in_bits(q, p):
    return -(q * p.log2()).sum(-1)


@exercise.steps
def in_steps(q, p):
    logs = p.log()  # the logarithm of p
    surprises = q * logs  # the weight by q
    total = surprises.sum(-1)  # the sum over the outcomes
    return -total  # the sign


exercise.instead(
    "return",
    {
        "the entropy of p, of the belief alone, stands where the cross-entropy belongs": lambda p: -(p * p.log()).sum(-1),
        "the log of the mean probability stands where the mean of the logs belongs": lambda q, p: -(q * p).sum(-1).log(),
        "each outcome is taken for a coin of its own, with 1 − q and 1 − p added": lambda q, p: (
            -(q * p.log() + (1 - q) * (1 - p).log()).sum(-1)
        ),
    },
)
