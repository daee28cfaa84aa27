"""04.a: elbo_from_samples."""

import numpy as np

from ...reference import probe
from ..exercise import Exercise


def draw_samples(rng: np.random.Generator):
    """log p(x, z) and log q(z) of 2 to 9 samples for 1 to 6 images."""
    shape = (rng.integers(2, 10), rng.integers(1, 7))
    return rng.normal(scale=3, size=shape) - 80, rng.normal(scale=3, size=shape) - 20


def probe_samples():
    answers = probe("vae-mnist")
    log_q = -0.5 * (np.log(2 * np.pi) + answers.logvar + answers.noise**2).sum(-1)
    log_joint = (answers.log_weights + log_q).numpy()
    return "64 images of vae-mnist, 16 samples each", (log_joint, log_q.numpy()), (answers.log_weights.mean(0).numpy(),)


exercise = Exercise(
    "04.a",
    "elbo_from_samples",
    ["log_joint", "log_q"],
    oracle=lambda log_joint, log_q: np.average(log_joint, axis=0) - np.average(log_q, axis=0),
    draw=draw_samples,
    reference=probe_samples,
)
exercise.case("two samples: (−4 + 1) and (−6 + 3), so −3", [-4.0, -6.0], [-1.0, -3.0], expected=-3.0)
exercise.case("one sample", [-7.0], [-2.5], expected=-4.5)
exercise.case("two images", [[-4.0, 0.0], [-6.0, 2.0]], [[-1.0, 1.0], [-3.0, 1.0]], expected=[-3.0, 0.0])
exercise.case(
    "two samples of a grid of two by one",
    [[[-4.0], [0.0]], [[-6.0], [2.0]]],
    [[[-1.0], [1.0]], [[-3.0], [1.0]]],
    expected=[[-3.0], [0.0]],
)
exercise.always("70 images, 5 samples", lambda rng: (rng.normal(size=(5, 70)) - 1000, rng.normal(size=(5, 70)) - 30))


@exercise.misconception("The sign: the bound is log p(x, z) minus log q(z), a divergence is the other way round.")
def sign_flipped(log_joint, log_q):
    return (log_q - log_joint).mean(0)


@exercise.misconception("The samples are summed: an expectation is estimated by their mean.")
def summed(log_joint, log_q):
    return (log_joint - log_q).sum(0)


@exercise.misconception(
    "This is the logarithm of the mean weight, another and tighter bound: the ELBO is the mean of the logarithms."
)
def log_of_mean(log_joint, log_q):
    return (log_joint - log_q).logsumexp(0) - np.log(len(log_q))


@exercise.misconception("The samples are weighted by q once more: they were drawn from q, so that a plain mean does it.")
def weighted_again(log_joint, log_q):
    return (log_q.softmax(0) * (log_joint - log_q)).sum(0)


@exercise.misconception("log q is forgotten: the bound subtracts it.")
def no_log_q(log_joint, log_q):
    return log_joint.mean(0)


@exercise.misconception("One number for all: the mean runs over the samples, the first dimension, and each image keeps its own.")
def one_number(log_joint, log_q):
    return (log_joint - log_q).mean()


@exercise.misconception("The mean runs over the last dimension: the samples are the first, and each image keeps its own number.")
def over_images(log_joint, log_q):
    return (log_joint - log_q).mean(-1)


@exercise.steps
def in_steps(log_joint, log_q):
    terms = log_joint - log_q  # what is averaged
    return terms.mean(0)  # the mean over the samples


exercise.instead(
    "return",
    {
        "each sample is weighted by its density q, from which it was drawn already": lambda terms, log_q: (
            log_q.exp() * terms
        ).sum(0),
        "each sample is weighted by its density q, from which it was drawn already, and a mean is taken": lambda terms, log_q: (
            log_q.exp() * terms
        ).mean(0),
        "the log of the sum of the weights is taken": lambda terms: terms.logsumexp(0),
        "the mean weight is taken, without a log": lambda terms: terms.exp().mean(0),
    },
)
