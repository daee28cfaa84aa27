"""08.b: coin_cost."""

import math

import numpy as np
import torch

from ... import reference
from ...reference import probe
from ..alternatives import SMALL
from ..exercise import Exercise


def over_the_joint(table, q_z, y):
    """E_q[log q(y, z|x) − log p(x, y, z)], one pair of y and z after the other; pairs that q never takes cost nothing."""
    epitomes, codes = table.shape
    total = 0.0
    with np.errstate(all="ignore"):
        for row in range(epitomes):
            for column in range(codes):
                q = q_z[column] if row == y else 0.0
                joint = table[row, column] * (1 / epitomes) * (1 / codes)
                total += q * (np.log(q) - np.log(joint)) if q > 0 else 0.0
    return total


def draw_tables(rng: np.random.Generator):
    """2 to 5 values of y, 2 to 6 of z, any probabilities."""
    epitomes, codes = int(rng.integers(2, 6)), int(rng.integers(2, 7))
    q_z = rng.dirichlet(np.full(codes, 1.5)) * 0.98 + 0.02 / codes
    return rng.uniform(0.02, 1, size=(epitomes, codes)), q_z, int(rng.integers(epitomes))


def probe_table():
    """One image, the 16 samples of its z as the values z can take; q(z) goes with how well each explains it."""
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    mu, logvar = model.encode(a.x[:1])
    z = mu + (logvar / 2).exp() * a.noise[:, 0]
    log_p_x = model.log_likelihood(a.x[0], model.masks.unsqueeze(1) * z)  # (epitomes, 16)
    y = int(a.costs[0].argmin())
    return "an image of evae48-mnist, 12 epitomes, 16 z", (log_p_x.exp().numpy(), (log_p_x[y] / 4).softmax(0).numpy(), y), None


exercise = Exercise(
    "08.b",
    "coin_cost",
    ["table", "q_z", "y"],
    oracle=over_the_joint,
    draw=draw_tables,
    reference=probe_table,
)
LN2, LN3 = math.log(2), math.log(3)
EVEN = [0.5, 0.5]
exercise.case("all certain: only the choice of two costs", [[1.0, 1.0], [1.0, 1.0]], EVEN, 0, expected=LN2)
exercise.case("by hand: probabilities ½ and ⅛", [[0.5, 0.125], [0.1, 0.2]], EVEN, 0, expected=3 * LN2)
exercise.case("the other row", [[0.5, 0.125], [0.25, 0.25]], EVEN, 1, expected=3 * LN2)
exercise.case("three values of y, four of z", [[0.25] * 4, [0.5] * 4, [1.0] * 4], [0.25] * 4, 1, expected=LN2 + LN3)
exercise.case("q says something: its KL is paid", [[0.25, 0.25], [1.0, 1.0]], [0.75, 0.25], 0,
    expected=4 * LN2 - 2 * LN2 + 0.75 * LN3)  # fmt: skip
exercise.case("q never takes one of the two z", [[0.5, 0.25], [0.9, 0.9]], [1.0, 0.0], 0, expected=3 * LN2, edge=True)
exercise.case("nor can that z make the image", [[0.0, 0.5], [0.9, 0.9]], [0.0, 1.0], 0, expected=3 * LN2, edge=True)
exercise.case("one value of y: no choice", [[0.5, 0.125]], EVEN, 0, expected=2 * LN2, edge=True)
exercise.always("12 values of y, 30 of z", lambda rng: (
    rng.uniform(0.001, 1, size=(12, 30)), rng.dirichlet(np.full(30, 2.0)), 7))  # fmt: skip
exercise.always("small and large probabilities", lambda rng: (
    np.exp(rng.uniform(-90, -5, size=(3, 20))), rng.dirichlet(np.full(20, 2.0)), 1))  # fmt: skip


def _reconstruction(table, q_z, y):
    return -torch.xlogy(q_z, table[y]).sum()


def _kl(q_z):
    return torch.xlogy(q_z, q_z * len(q_z)).sum()


@exercise.misconception(
    "These are the signs of the paper's equation 10 (erratum E1), where both KL terms lower the cost: they raise it."
)
def printed_signs(table, q_z, y):
    return _reconstruction(table, q_z, y) - math.log(len(table)) - _kl(q_z)


@exercise.misconception("The KL of y is missing: to put everything on one of E values costs nats, whichever value it is.")
def log_e_missing(table, q_z, y):
    return _reconstruction(table, q_z, y) + _kl(q_z)


@exercise.misconception("The prior of z is missing: minus the entropy of q is only a part of its KL.")
def log_z_missing(table, q_z, y):
    return _reconstruction(table, q_z, y) + math.log(len(table)) + torch.xlogy(q_z, q_z).sum()


@exercise.misconception("The log of the mean probability is taken: the bound has the mean of the logs, which is lower.")
def log_of_the_mean(table, q_z, y):
    return -(q_z * table[y]).sum().log() + math.log(len(table)) + _kl(q_z)


@exercise.misconception("The prior of z weighs the logs, every z alike: z is drawn from q.")
def weighed_by_the_prior(table, q_z, y):
    return -table[y].log().mean() + math.log(len(table)) + _kl(q_z)


@exercise.misconception("Right size, wrong sign: this is the bound. The cost is minus that.")
def bound_instead(table, q_z, y):
    return -_reconstruction(table, q_z, y) - math.log(len(table)) - _kl(q_z)


@exercise.misconception("All rows are averaged: q puts everything on the row y.")
def mean_over_rows(table, q_z, y):
    return -(torch.xlogy(q_z, table).sum(1)).mean() + math.log(len(table)) + _kl(q_z)


@exercise.misconception("log2 gives bits: the cost is asked in nats, with the natural logarithm.")
def in_bits(table, q_z, y):
    return (_reconstruction(table, q_z, y) + math.log(len(table)) + _kl(q_z)) / LN2


@exercise.misconception("The KL of z is taken the other way round: the average is over q, not over the prior.")
def kl_reversed(table, q_z, y):
    return _reconstruction(table, q_z, y) + math.log(len(table)) - (q_z * len(q_z)).log().mean()


@exercise.misconception("For y the number of columns is taken, and that is the number of values of z: those of y are the rows.")
def columns_for_both(table, q_z, y):
    return _reconstruction(table, q_z, y) + 2 * math.log(len(q_z)) + torch.xlogy(q_z, q_z).sum()


@exercise.misconception("For z the number of rows is taken, and that is the number of values of y: those of z are the columns.")
def rows_for_both(table, q_z, y):
    return _reconstruction(table, q_z, y) + 2 * math.log(len(table)) + torch.xlogy(q_z, q_z).sum()


@exercise.misconception("The probabilities are averaged as they are: take their logarithms first.")
def no_logs(table, q_z, y):
    return -(q_z * table[y]).sum() + math.log(len(table)) + _kl(q_z)


@exercise.misconception("This is the reconstruction alone: what y and z say about the image is paid too.")
def reconstruction_alone(table, q_z, y):
    return _reconstruction(table, q_z, y)


@exercise.misconception("The KL of z is missing: a q that differs from the prior is paid for.")
def kl_of_z_missing(table, q_z, y):
    return _reconstruction(table, q_z, y) + math.log(len(table))


@exercise.misconception("Minus the logarithms are added without their weights: q says how often each z is drawn.")
def logs_unweighed(table, q_z, y):
    return -table[y].log().sum() + math.log(len(table)) + _kl(q_z)


@exercise.misconception("The logs of the KL are added without their weights: average them over q.")
def kl_unweighed(table, q_z, y):
    return _reconstruction(table, q_z, y) + math.log(len(table)) + (q_z * len(q_z)).log().sum()


@exercise.misconception("The sign of the reconstruction alone is wrong: an image that is likelier must cost less.")
def reconstruction_sign(table, q_z, y):
    return -_reconstruction(table, q_z, y) + math.log(len(table)) + _kl(q_z)


@exercise.misconception(
    "Right, except where q is 0: 0·log 0 is nan on a computer, but a z that is never drawn costs nothing. Treat it apart."
)
def nan_at_zero(table, q_z, y):
    return -(q_z * table[y].log()).sum() + math.log(len(table)) + (q_z * (q_z * len(q_z)).log()).sum()


@exercise.steps
def in_steps(table, q_z, y):
    row = table[y]  # the row of y
    logs = row.log()  # the log-likelihood at each z
    fits = torch.where(q_z > 0, q_z * logs, 0.0)  # the weighted log-likelihood
    reconstruction = -fits.sum()  # the reconstruction
    codes = len(q_z)  # the number of values of z
    ratio = q_z * codes  # the ratio of q to the prior of z
    nats = ratio.log()  # the log-ratio
    terms = torch.where(q_z > 0, q_z * nats, 0.0)  # the weighted log-ratio
    kl = terms.sum()  # the KL of z
    epitomes = len(table)  # the number of values of y
    log_e = math.log(epitomes)  # the term log E
    return reconstruction + log_e + kl  # the cost


exercise.instead(
    "logs",
    {f"a small constant, {c:g}, is added inside the log of the probabilities": lambda row, c=c: (row + c).log() for c in SMALL},
)
exercise.instead(
    "logs",
    {f"the probabilities are clamped from below at {c:g}": lambda row, c=c: row.clamp(min=c).log() for c in SMALL},
)
exercise.instead(
    "reconstruction",
    {
        "the likeliest z alone counts in the reconstruction": lambda logs, q_z: -logs[q_z.argmax()],
        "the z that explains the image best alone counts in the reconstruction": lambda logs: -logs.amax(),
        "the reconstruction sums over all rows": lambda table, q_z: -torch.xlogy(q_z, table).sum(),
        "the table's first row counts, whatever y is": lambda table, q_z: -torch.xlogy(q_z, table[0]).sum(),
        "the rows are averaged before the log is taken": lambda table, q_z: -torch.xlogy(q_z, table.mean(0)).sum(),
        "the row is turned into probabilities that add up to one": lambda row, q_z: -torch.xlogy(q_z, row / row.sum()).sum(),
        "the table is turned into probabilities that add up to one": lambda row, table, q_z: (
            -torch.xlogy(q_z, row / table.sum()).sum()
        ),
    },
)
exercise.instead(
    "kl",
    {
        "the entropy of q is added, and the prior of z forgotten": lambda q_z: -torch.xlogy(q_z, q_z).sum(),
        "log Z, the number of values of z, is subtracted instead of added": lambda q_z, codes: (
            torch.xlogy(q_z, q_z).sum() - math.log(codes)
        ),
        "the entropy of q has the wrong sign": lambda q_z, codes: math.log(codes) - torch.xlogy(q_z, q_z).sum(),
        "log Z, the number of values of z, stands for the KL of z": lambda codes: math.log(codes),
    },
)
exercise.instead(
    "log_e",
    {
        "log E + log Z stands where log E belongs: Z has its place in the KL of z": lambda table: math.log(table.numel()),
        "one over the number of values of y stands for log E": lambda epitomes: 1 / epitomes,
        "the KL of y has a factor 1/E: the weight of a point mass is 1": lambda epitomes: math.log(epitomes) / epitomes,
    },
)
exercise.instead(
    "return",
    {
        "all of q is put on its likeliest z": lambda logs, q_z, codes, log_e: log_e + math.log(codes) - logs[q_z.argmax()],
        "the KL from q to the exact posterior of z, and log E, stand for the cost": lambda row, q_z, log_e: (
            torch.xlogy(q_z, q_z).sum() - torch.xlogy(q_z, row / row.sum()).sum() + log_e
        ),
        "the exact −log p(x) of the whole table stands for the cost": lambda table: -table.mean().log(),
        "the exact −log p(x|y) of the row stands for the cost": lambda row: -row.mean().log(),
    },
)
