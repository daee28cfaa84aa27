"""02.b: posterior_density."""

import numpy as np

from ..exercise import Exercise
from ._shared import draw_grid, far_away, reference_grid


def normalised(log_joint, step):
    """From the largest value down: ratios to it, then divided by their own integral."""
    ratios = np.exp(log_joint - log_joint.max(-1, keepdims=True))
    return ratios / (ratios.sum(-1, keepdims=True) * step)


exercise = Exercise(
    "02.b",
    "posterior_density",
    ["log_joint", "step"],
    oracle=normalised,
    draw=draw_grid,
    reference=reference_grid,
    unit="",
)
exercise.case("four equal points on a length of 2: density ½", [0.0, 0.0, 0.0, 0.0], 0.5, expected=[0.5, 0.5, 0.5, 0.5])
exercise.case("one to three, cells of length 2", [0.0, float(np.log(3))], 2.0, expected=[0.125, 0.375])
exercise.case("the same near −1000", [-1000.0, float(np.log(3)) - 1000], 2.0, expected=[0.125, 0.375])
exercise.case("two images, cells of length ¼", [[0.0, 0.0], [0.0, float(np.log(3))]], 0.25, expected=[[2.0, 2.0], [1.0, 3.0]])
exercise.case(
    "two images, near 0 and near −1000", [[0.0, 0.0], [-1000.0, -1000.0]], 0.5, expected=[[1.0, 1.0], [1.0, 1.0]], edge=True
)
exercise.case("one point, e²⁰⁰⁰ times the other", [0.0, -2000.0], 0.5, expected=[2.0, 0.0], edge=True)
exercise.case(
    "two dimensions in front", [[[0.0, 0.0]], [[0.0, float(np.log(3))]]], 0.25, expected=[[[2.0, 2.0]], [[1.0, 3.0]]], edge=True
)
exercise.always("70 images at 30 points near −1000", far_away)


@exercise.misconception(
    "These sum to one by themselves: they are the shares of the cells. A density is a share divided by the cell's length."
)
def shares(log_joint, step):
    return log_joint.softmax(-1)


@exercise.misconception("The share of a cell is multiplied by its length; for a density it is divided.")
def multiplied(log_joint, step):
    return log_joint.softmax(-1) * step


@exercise.misconception("This is the logarithm of the density: exponentiate at the end.")
def still_a_logarithm(log_joint, step):
    return log_joint.log_softmax(-1) - np.log(step)


@exercise.misconception("Not normalised: p(x, z) is still to be divided by p(x).")
def joint(log_joint, step):
    return log_joint.exp()


@exercise.misconception("Divided by the largest value, so that the peak is 1; a density's integral is 1.")
def peak_one(log_joint, step):
    return (log_joint - log_joint.amax(-1, keepdim=True)).exp()


@exercise.misconception("exp(−1000) is 0 to the computer, and 0/0 is no number: normalise on the log scale (logsumexp, softmax).")
def exponentials_first(log_joint, step):
    return log_joint.exp() / (log_joint.exp().sum(-1, keepdim=True) * step)


@exercise.misconception("The largest of the whole batch is taken out, and images far below it underflow: each image has its own.")
def largest_of_the_batch(log_joint, step):
    ratios = (log_joint - log_joint.max()).exp()
    return ratios / (ratios.sum(-1, keepdim=True) * step)


@exercise.misconception("Normalised over the first dimension, the images: each image has a density over the points, the last.")
def over_the_images(log_joint, step):
    return log_joint.softmax(0) / step


@exercise.steps
def in_steps(log_joint, step):
    share = log_joint.softmax(-1)  # the share of each cell
    return share / step  # the length of a cell


exercise.instead(
    "return",
    {
        "this is the logarithm of the shares of the cells: no exponential, and no step": lambda log_joint: log_joint.log_softmax(
            -1
        ),
        "one sum for all images divides: each image has its own": lambda log_joint, step: (
            log_joint.flatten().softmax(0).view_as(log_joint) / step
        ),
    },
)
