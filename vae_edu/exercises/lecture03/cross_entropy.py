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
    ["p", "q"],
    oracle=lambda p, q: -xlogy(p, q).sum(-1),
    draw=draw_distributions,
    reference=pixel_distributions,
    item="row",
)
exercise.case("a fair coin, believed fair: log 2", [0.5, 0.5], [0.5, 0.5], expected=LN2)
exercise.case("the lecture's coin, believed fair", [0.3, 0.7], [0.5, 0.5], expected=LN2)
exercise.case("a fair coin, believed loaded", [0.5, 0.5], [0.3, 0.7], expected=-0.5 * math.log(0.21))
exercise.always("70 distributions over 7 outcomes", lambda rng: tuple(rng.dirichlet(np.ones(7), size=(2, 70))))


@exercise.misconception("This is the entropy of p: the surprise is that of the belief, so it is log q that is averaged.")
def entropy_of_p(p, q):
    return -(p * p.log()).sum(-1)


@exercise.misconception("The two are swapped: p is what happens and does the averaging, q is believed and goes into the log.")
def swapped(p, q):
    return -(q * p.log()).sum(-1)


@exercise.misconception("The sign: a log-probability is negative, a surprise positive.")
def sign_flipped(p, q):
    return (p * q.log()).sum(-1)


@exercise.misconception("This is the divergence: the cross-entropy does not subtract the entropy of p.")
def divergence(p, q):
    return (p * torch.log(p / q)).sum(-1)


@exercise.misconception("Your values are in bits: the course counts in nats, the natural logarithm.")
def in_bits(p, q):
    return -(p * q.log2()).sum(-1)
