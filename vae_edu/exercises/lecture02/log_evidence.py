"""02.a: log_evidence."""

import math

import numpy as np
from scipy.special import logsumexp

from ..alternatives import SMALL
from ..exercise import Exercise
from ._shared import draw_grid, far_away, reference_grid

exercise = Exercise(
    "02.a",
    "log_evidence",
    ["log_joint", "step"],
    oracle=lambda log_joint, step: logsumexp(log_joint, axis=-1, b=step),
    draw=draw_grid,
    reference=reference_grid,
)
exercise.case("p(x, z) = 1 on a grid of length 1: log 1", [0.0, 0.0, 0.0, 0.0], 0.25, expected=0.0)
exercise.case("two points of 3 and 5, cells of length ½: log 4", [math.log(3), math.log(5)], 0.5, expected=math.log(4))
exercise.case("two images", [[0.0, 0.0], [math.log(2), math.log(2)]], 1.0, expected=[math.log(2), math.log(4)])
exercise.case("values near −1000, where exp is 0 to the computer", [-1000.0, -1000.0], 0.5, expected=-1000.0)
exercise.case("two images, near 0 and near −1000", [[0.0, 0.0], [-1000.0, -1000.0]], 0.5, expected=[0.0, -1000.0], edge=True)
exercise.case("one point, e²⁰⁰⁰ times the other", [0.0, -2000.0], 0.5, expected=-math.log(2), edge=True)
exercise.case(
    "two dimensions in front",
    [[[0.0, 0.0]], [[math.log(2), math.log(2)]]],
    1.0,
    expected=[[math.log(2)], [math.log(4)]],
    edge=True,
)
exercise.always("70 images at 30 points near −1000", far_away)


@exercise.misconception(
    "The step is missing: an integral is the sum times the length of a cell, on a log scale plus its logarithm."
)
def step_forgotten(log_joint, step):
    return log_joint.logsumexp(-1)


@exercise.misconception("This averages over the points; the integral is their sum times the step, whatever their number.")
def averaged(log_joint, step):
    return log_joint.logsumexp(-1) - math.log(log_joint.shape[-1])


@exercise.misconception("exp(−1000) is 0 to the computer, and log 0 is −∞: sum without leaving the logarithms (logsumexp).")
def sum_first(log_joint, step):
    return (log_joint.exp().sum(-1) * step).log()


@exercise.misconception("The largest of the whole batch is taken out, and images far below it underflow: each image has its own.")
def largest_of_the_batch(log_joint, step):
    return log_joint.max() + ((log_joint - log_joint.max()).exp().sum(-1) * step).log()


@exercise.misconception("Summed over the first dimension, the images: the points are the last.")
def over_the_images(log_joint, step):
    return log_joint.logsumexp(0) + math.log(step)


@exercise.misconception("The logarithm of the step is subtracted: smaller cells must make the sum smaller, not larger.")
def step_divided(log_joint, step):
    return log_joint.logsumexp(-1) - math.log(step)


@exercise.misconception("The step itself is added; a factor becomes its logarithm on a log scale.")
def step_added(log_joint, step):
    return log_joint.logsumexp(-1) + step


@exercise.misconception("These are sums of logarithms; the probabilities add up, not their logarithms.")
def logs_summed(log_joint, step):
    return log_joint.sum(-1) + math.log(step)


@exercise.steps
def in_steps(log_joint, step):
    total = log_joint.logsumexp(-1)  # the sum over the points
    width = math.log(step)  # the logarithm of the step
    return total + width  # the step's factor


exercise.instead(
    "total",
    {
        "only the most probable point counts": lambda log_joint: log_joint.amax(-1),
        "the probabilities of the points are averaged, not summed": lambda log_joint: (
            log_joint.logsumexp(-1) - math.log(log_joint.shape[-1])
        ),
    },
)
exercise.instead("width", {"the step is squared": lambda step: 2 * float(np.log(step))})
exercise.instead(
    "return",
    {"this is p(x) itself, not its logarithm": lambda total, step: total.exp() * step}
    | {
        f"a small constant, {c:g}, is added inside the logarithm, which hides smaller values": lambda log_joint, step, c=c: (
            log_joint.exp().sum(-1) * step + c
        ).log()
        for c in SMALL
    },
)
