"""ps2.3: log_bernoulli."""

import math

import numpy as np
import torch
from scipy.special import log_expit

from ... import densities
from ...reference import probe
from ..alternatives import PIXELS
from ..exercise import Exercise
from ._shared import LN2


def draw_binary(rng: np.random.Generator):
    shape = (rng.integers(1, 6), rng.integers(3, 9))
    return rng.integers(0, 2, size=shape).astype(np.float64), 2 * rng.normal(size=shape)


def probe_pixels():
    answers = probe("vae-mnist")
    return "log p(x|z) of 64 images of vae-mnist", (answers.x.numpy(), answers.logits.numpy()), (answers.reconstruction.numpy(),)


exercise = Exercise(
    "ps2.3",
    "log_bernoulli",
    ["x", "logits"],
    oracle=lambda x, logits: (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(-1),
    draw=draw_binary,
    reference=probe_pixels,
    closed_book=[densities.log_bernoulli],
)
exercise.case("a fair pixel", [1.0], [0.0], expected=-LN2)
exercise.case("by hand: π = ¾ on, then off", [1.0, 0.0], [math.log(3), math.log(3)], expected=math.log(3 / 16))
exercise.case("a grey pixel, x = ½ at π = ¾", [0.5], [math.log(3)], expected=0.5 * math.log(3 / 16))
exercise.case("a sure and wrong pixel: logit 1000", [0.0], [1000.0], expected=-1000.0, edge=True)
exercise.case("a sure and wrong pixel: logit −1000", [1.0], [-1000.0], expected=-1000.0, edge=True)
exercise.case("a sure and right pixel: logit −1000", [0.0], [-1000.0], expected=0.0, edge=True)
exercise.case(
    "two dimensions in front",
    [[[1.0, 0.0], [1.0, 1.0]]],
    [[[0.0, 0.0], [math.log(3), 0.0]]],
    expected=[[-2 * LN2, math.log(3 / 8)]],
    edge=True,
)
exercise.always("70 grey images of 90 pixels", lambda rng: (rng.uniform(size=(70, 90)), 3 * rng.normal(size=(70, 90))))


@exercise.misconception(
    "Right, until sigmoid(logit) rounds to 0 or 1 and its log is −inf or nan: write log π with softplus of the logit."
)
def log_of_sigmoid(x, logits):
    pi = torch.sigmoid(logits)
    return (x * torch.log(pi) + (1 - x) * torch.log(1 - pi)).sum(-1)


@exercise.misconception(
    "A small constant inside the logs hides how wrong a sure and wrong pixel is: write log π with softplus of the logit."
)
def epsilon_in_logs(x, logits):
    pi = torch.sigmoid(logits)
    return (x * torch.log(pi + 1e-8) + (1 - x) * torch.log(1 - pi + 1e-8)).sum(-1)


@exercise.misconception("Right size, wrong sign: this is the cross-entropy, a loss. The log-likelihood is minus that.")
def cross_entropy_sign(x, logits):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


@exercise.misconception("Only the pixels that are on count here: the term (1 − x) log(1 − π) is missing.")
def only_pixels_on(x, logits):
    return (x * torch.nn.functional.logsigmoid(logits)).sum(-1)


@exercise.misconception(
    "A mean over pixels where a sum belongs: with 784 pixels the KL would weigh 784 times too much (a hidden β)."
)
def mean_over_pixels(x, logits):
    return -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(-1)


@exercise.misconception("The sigmoid is applied twice: the logits are logits already.")
def sigmoid_twice(x, logits):
    return -torch.nn.functional.binary_cross_entropy_with_logits(torch.sigmoid(logits), x, reduction="none").sum(-1)


@exercise.steps
def in_steps(x, logits):
    log_on = logits - torch.nn.functional.softplus(logits)  # log π
    log_off = -torch.nn.functional.softplus(logits)  # log(1 − π)
    on = x * log_on  # the part of the pixels that are on
    off = (1 - x) * log_off  # the part of the pixels that are off
    pixels = on + off  # the log-likelihood of each pixel
    return pixels.sum(-1)  # the sum over the pixels


exercise.instead("pixels", PIXELS)
