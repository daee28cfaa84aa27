"""ps6.3: kl_weights."""

import math

import numpy as np
import torch

from ... import objectives
from ..exercise import Exercise


def epoch_by_epoch(epochs, period):
    linear, exponential, cyclic = [], [], []
    for epoch in range(1, epochs + 1):
        linear.append(1.0 if epoch > period else epoch / period)
        exponential.append(-math.expm1(-epoch / period))
        phase = (epoch - 1) % period + 1
        cyclic.append(1.0 if 2 * phase >= period else 2 * phase / period)
    return tuple(np.array(weights) for weights in (linear, exponential, cyclic))


def draw_schedule(rng: np.random.Generator):
    """3 to 40 epochs, periods of 2 to 12."""
    return int(rng.integers(3, 41)), int(rng.integers(2, 13))


def warm_up_of_vae_mnist():
    return "500 epochs, warm-up over 100, as vae-mnist was trained", (500, 100), None


exercise = Exercise(
    "ps6.3",
    "kl_weights",
    ["epochs", "period"],
    oracle=epoch_by_epoch,
    draw=draw_schedule,
    reference=warm_up_of_vae_mnist,
    closed_book=[objectives.warm_up],
    unit="",
    item="epoch",
)
E1, E2, E3, E4 = (1 - math.exp(-n / 4) for n in (1, 2, 3, 4))
exercise.case(
    "by hand: 4 epochs, a period of 4", 4, 4,
    expected=([0.25, 0.5, 0.75, 1.0], [E1, E2, E3, E4], [0.5, 1.0, 1.0, 1.0]),
)  # fmt: skip
exercise.case(
    "6 epochs, a period of 3: two cycles", 6, 3,
    expected=(
        [1 / 3, 2 / 3, 1.0, 1.0, 1.0, 1.0],
        [1 - math.exp(-n / 3) for n in range(1, 7)],
        [2 / 3, 1.0, 1.0, 2 / 3, 1.0, 1.0],
    ),
)  # fmt: skip
exercise.case(
    "2 epochs of a period of 8: the run ends before it is over", 2, 8,
    expected=([1 / 8, 2 / 8], [1 - math.exp(-1 / 8), 1 - math.exp(-2 / 8)], [2 / 8, 4 / 8]),
)  # fmt: skip
exercise.always("40 epochs, a period of 10", lambda rng: (40, 10))
exercise.always("23 epochs, a period of 5", lambda rng: (23, 5))
exercise.case(
    "a period of 1: no annealing", 3, 1,
    expected=([1.0] * 3, [1 - math.exp(-n) for n in (1, 2, 3)], [1.0] * 3), edge=True,
)  # fmt: skip
exercise.case("a single epoch", 1, 4, expected=([0.25], [E1], [0.5]), edge=True)


def _epochs(epochs):
    return torch.arange(1, epochs + 1, dtype=torch.float64)


def _exponential(t, period):
    return 1 - (-t / period).exp()


def _cyclic(t, period):
    return (2 * ((t - 1) % period + 1) / period).clamp(max=1)


@exercise.misconception("Epochs are counted from 0: here the first one is 1, so that none has a weight of 0.")
def from_zero(epochs, period):
    t = _epochs(epochs) - 1
    return (t / period).clamp(max=1), _exponential(t, period), (2 * (t % period) / period).clamp(max=1)


@exercise.misconception("The linear weight goes on rising: it stops at 1.")
def unclamped(epochs, period):
    t = _epochs(epochs)
    return t / period, _exponential(t, period), _cyclic(t, period)


@exercise.misconception("The linear weight rises over the whole run: over `period` epochs.")
def over_the_run(epochs, period):
    t = _epochs(epochs)
    return t / epochs, _exponential(t, period), _cyclic(t, period)


@exercise.misconception("The cyclic weight rises over the whole of its cycle: over the first half, then it stays at 1.")
def whole_cycle(epochs, period):
    t = _epochs(epochs)
    return (t / period).clamp(max=1), _exponential(t, period), ((t - 1) % period + 1) / period


@exercise.misconception("The cyclic weight rises once and does not start again: every `period` epochs it starts anew.")
def one_cycle(epochs, period):
    t = _epochs(epochs)
    return (t / period).clamp(max=1), _exponential(t, period), (2 * t / period).clamp(max=1)


@exercise.misconception("t mod period is 0 at the end of each cycle: with epochs from 1, the phase is (t − 1) mod period + 1.")
def phase_of_zero(epochs, period):
    t = _epochs(epochs)
    return (t / period).clamp(max=1), _exponential(t, period), (2 * (t % period) / period).clamp(max=1)


@exercise.misconception("The exponential weight falls: it is 1 − exp(−t/period).")
def falling(epochs, period):
    t = _epochs(epochs)
    return (t / period).clamp(max=1), (-t / period).exp(), _cyclic(t, period)


@exercise.misconception("The sign in the exponent is missing: 1 − exp(+t/period) is negative and grows without bound.")
def exploding(epochs, period):
    t = _epochs(epochs)
    return (t / period).clamp(max=1), 1 - (t / period).exp(), _cyclic(t, period)


@exercise.misconception("The weights fall from 1 to 0: annealing of the KL goes the other way.")
def reversed_(epochs, period):
    t = _epochs(epochs)
    return 1 - (t / period).clamp(max=1), (-t / period).exp(), 1 - _cyclic(t, period)


@exercise.misconception("The exponential weight is divided by its last value, so that it ends at 1: it never reaches 1.")
def normalised(epochs, period):
    t = _epochs(epochs)
    rising = _exponential(t, period)
    return (t / period).clamp(max=1), rising / rising[-1], _cyclic(t, period)


@exercise.steps
def in_steps(epochs, period):
    t = torch.arange(1, epochs + 1)  # the number of the epoch
    share = t / period  # the epochs over the period
    phase = (t - 1) % period + 1  # the epoch within its cycle
    rise = 2 * phase / period  # the rise within a cycle
    return share.clamp(max=1), 1 - (-share).exp(), rise.clamp(max=1)  # the three weights
