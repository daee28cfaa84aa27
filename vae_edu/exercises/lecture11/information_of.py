"""11.b: information_of."""

import math

import numpy as np
import torch

from ... import information
from ...reference import probe
from ..exercise import Exercise


def row_by_row(log_q):
    """With probabilities divided by each row's largest, one row at a time."""
    terms = []
    for i, row in enumerate(log_q):
        shares = np.exp(row - row.max())
        terms.append(row[i] - row.max() - math.log(shares.mean()))
    return float(np.mean(terms))


def draw_matrix(rng: np.random.Generator):
    """Of 2 to 8 images."""
    m = int(rng.integers(2, 9))
    return (rng.normal(scale=3, size=(m, m)) + rng.uniform(0, 6) * np.eye(m) - 10,)


def probe_matrix():
    a = probe("vlae-digits")
    terms = -0.5 * (math.log(2 * math.pi) + a.logvar + (a.z[0][:, None] - a.mu) ** 2 / a.logvar.exp())
    return "64 images of vlae-digits", (terms.sum(-1).numpy(),), None


exercise = Exercise(
    "11.b",
    "information_of",
    ["log_q"],
    oracle=row_by_row,
    draw=draw_matrix,
    reference=probe_matrix,
    closed_book=[information.mutual_information],
)
exercise.case("codes that say nothing: all rows alike", [[-3.0, -3.0], [-3.0, -3.0]], expected=0.0)
exercise.case("two codes that cannot be confused: log 2", [[0.0, -900.0], [-900.0, 0.0]], expected=math.log(2))
exercise.case("four of them: log 4", (900 * np.eye(4) - 900).tolist(), expected=math.log(4))
exercise.case("by hand: three times as likely as the other", [[math.log(3), 0.0], [0.0, math.log(3)]], expected=math.log(1.5))
exercise.case("rows are codes, columns are posteriors", [[0.0, 0.0], [math.log(3), 0.0]], expected=0.5 * math.log(0.5))
exercise.case("densities near e⁻²⁰⁰⁰", [[-2000.0, -2000.0], [-2000.0, -2000.0]], expected=0.0, edge=True)


@exercise.misconception("log M is missing: the average over the posteriors has weight 1/M.")
def without_log_m(log_q):
    return (log_q.diagonal() - log_q.logsumexp(1)).mean()


@exercise.misconception("log M has the wrong sign.")
def minus_log_m(log_q):
    return (log_q.diagonal() - log_q.logsumexp(1)).mean() - math.log(len(log_q))


@exercise.misconception("Upside down: log q(z) is subtracted from log q(z|x).")
def negative(log_q):
    return (log_q.logsumexp(1) - log_q.diagonal()).mean() - math.log(len(log_q))


@exercise.misconception("The image itself is left out of the sum: all M posteriors are in q(z), its own too.")
def without_own(log_q):
    others = log_q.masked_fill(torch.eye(len(log_q), dtype=torch.bool), -torch.inf)
    return (log_q.diagonal() - others.logsumexp(1)).mean() + math.log(len(log_q) - 1)


@exercise.misconception("The sum runs over the codes: it runs over the posteriors, along a row.")
def down_the_columns(log_q):
    return (log_q.diagonal() - log_q.logsumexp(0)).mean() + math.log(len(log_q))


@exercise.misconception("The mean of the logarithms is taken: q(z) is a mean of densities, and its logarithm comes after.")
def mean_of_logs(log_q):
    return (log_q.diagonal() - log_q.mean(1)).mean()


@exercise.misconception("exp(−2000) is 0 to the computer: stay with logarithms (logsumexp).")
def exponentials_first(log_q):
    return (log_q.diagonal() - log_q.exp().mean(1).log()).mean()


@exercise.misconception("Summed over the images: it is their mean.")
def summed(log_q):
    return (log_q.diagonal() - log_q.logsumexp(1) + math.log(len(log_q))).sum()


@exercise.steps
def in_steps(log_q):
    own = log_q.diagonal()  # log q(z|x) of each code
    total = log_q.logsumexp(1)  # the log of the sum over all posteriors
    marginal = total - math.log(len(log_q))  # log q(z)
    return (own - marginal).mean()  # the mean over the images
