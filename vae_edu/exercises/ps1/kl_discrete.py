"""ps1.1: kl_discrete."""

import math

import numpy as np
import torch
from scipy.special import rel_entr

from ... import divergences
from ..exercise import Exercise
from ._shared import LN2, draw_distributions, pixel_distributions

exercise = Exercise(
    "ps1.1",
    "kl_discrete",
    ["q", "p"],
    oracle=lambda q, p: rel_entr(q, p).sum(-1),
    draw=draw_distributions,
    reference=pixel_distributions,
    closed_book=[divergences.kl_discrete],
    item="row",
)
exercise.case("zero when q equals p", [0.2, 0.3, 0.5], [0.2, 0.3, 0.5], expected=0.0)
exercise.case("the lecture's coin, KL(q‖p)", [0.5, 0.5], [0.3, 0.7], expected=0.5 * math.log(25 / 21))
exercise.case("the other way round, KL(p‖q)", [0.3, 0.7], [0.5, 0.5], expected=0.0822829)
exercise.case("0 log 0 counts as 0", [0.0, 1.0], [0.5, 0.5], expected=LN2, edge=True)
exercise.case("an outcome that neither takes", [0.0, 1.0], [0.0, 1.0], expected=0.0, edge=True)
exercise.case(
    "infinite where p is 0 and q is not, and only there",
    [[0.5, 0.5], [0.5, 0.5]],
    [[0.0, 1.0], [0.3, 0.7]],
    expected=[math.inf, 0.5 * math.log(25 / 21)],
    edge=True,
)
exercise.case(
    "two dimensions in front",
    [[[0.2, 0.8], [0.5, 0.5]]],
    [[[0.2, 0.8], [0.3, 0.7]]],
    expected=[[0.0, 0.5 * math.log(25 / 21)]],
    edge=True,
)
exercise.always("70 distributions over 7 outcomes", lambda rng: tuple(rng.dirichlet(np.ones(7), size=(2, 70))))


@exercise.misconception("These are the values of KL(p‖q). The average is over q, the first argument: which one weighs the logs?")
def arguments_swapped(q, p):
    return torch.special.xlogy(p, p).sum(-1) - torch.special.xlogy(p, q).sum(-1)


@exercise.misconception("Right size, wrong sign: KL = E_q[log q − log p], so the log of q comes first.")
def sign_flipped(q, p):
    return (q * torch.log(p / q)).sum(-1)


@exercise.misconception("This is the cross-entropy −Σ q log p. The entropy of q still has to be subtracted from it.")
def cross_entropy(q, p):
    return -(q * torch.log(p)).sum(-1)


@exercise.misconception(
    "This is −entropy − cross-entropy, as the slide prints it (erratum E5). KL = cross-entropy − entropy: check the signs."
)
def slide_signs(q, p):
    return (q * torch.log(q)).sum(-1) + (q * torch.log(p)).sum(-1)


@exercise.misconception("Your values are in bits (base-2 logarithms). The course counts in nats: use the natural log.")
def in_bits(q, p):
    return (q * torch.log2(q / p)).sum(-1)


@exercise.misconception("A mean over outcomes where the definition has a sum: the weights q already average.")
def mean_over_outcomes(q, p):
    return (q * torch.log(q / p)).mean(-1)


@exercise.misconception("One number for the whole batch: sum over the last dimension only, so that every row keeps its own KL.")
def summed_over_batch(q, p):
    return (q * torch.log(q / p)).sum()


@exercise.misconception(
    "Right, except where q is 0: 0·log 0 is nan on a computer, but such an outcome costs nothing. Treat it apart."
)
def nan_at_zero(q, p):
    return (q * torch.log(q / p)).sum(-1)


@exercise.misconception(
    "A small constant inside the logs hides the case p = 0 < q, where the divergence is infinite: treat q = 0 apart instead."
)
def epsilon_in_logs(q, p):
    return (q * torch.log((q + 1e-8) / (p + 1e-8))).sum(-1)


@exercise.steps
def in_steps(q, p):
    ratio = q / p  # the ratio of q to p
    logs = ratio.log()  # the logarithm
    weighed = q * logs  # the weight by q
    costs = torch.where(q > 0, weighed, 0.0)  # the cost of each outcome
    return costs.sum(-1)  # the sum over the outcomes


exercise.instead(
    "costs",
    {
        "the Jensen–Shannon divergence stands where the KL belongs": lambda q, p: (
            (torch.xlogy(q, 2 * q / (q + p)) + torch.xlogy(p, 2 * p / (q + p))) / 2
        ),
        "the total variation stands where the KL belongs": lambda q, p: (q - p).abs() / 2,
        "a sum of absolute differences stands where the KL belongs": lambda q, p: (q - p).abs(),
        "the squared Hellinger distance stands where the KL belongs": lambda q, p: (q.sqrt() - p.sqrt()) ** 2 / 2,
        "squared differences of the roots stand where the KL belongs": lambda q, p: (q.sqrt() - p.sqrt()) ** 2,
        "the χ² divergence stands where the KL belongs": lambda q, p: (q - p) ** 2 / p,
        "squared differences stand where the KL belongs": lambda q, p: (q - p) ** 2,
        "p is added and q taken off, as for measures that do not add up to one": lambda q, p: torch.xlogy(q, q / p) - q + p,
    },
)
