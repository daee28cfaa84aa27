"""ps4.3: epitome_costs."""

import math

import numpy as np

from ... import reference
from ...reference import probe
from ..alternatives import KL
from ..exercise import Exercise
from ..ps1._shared import wide_logvar
from ._shared import TWO, costs_one_by_one, kl_terms, masks_by_counting

LN2, LN3 = math.log(2), math.log(3)


def draw_candidates(rng: np.random.Generator):
    batch, size = int(rng.integers(1, 7)), int(rng.integers(1, 4))
    masks = masks_by_counting(size * int(rng.integers(2, 5)), size, size)
    mu, logvar = rng.normal(size=(2, batch, masks.shape[1]))
    return rng.normal(-9, 3, size=(batch, len(masks))), mu, logvar, masks


def probe_candidates():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    mu, logvar = model.encode(a.x)
    log_p_x = model.log_likelihood(a.x.unsqueeze(1), model.masks * mu.unsqueeze(1))
    arguments = (log_p_x.numpy(), mu.numpy(), logvar.numpy(), model.masks.numpy())
    return "64 images × 12 epitomes of evae48-mnist", arguments, (a.costs.numpy(),)


exercise = Exercise(
    "ps4.3",
    "epitome_costs",
    ["log_p_x", "mu", "logvar", "masks"],
    oracle=costs_one_by_one,
    draw=draw_candidates,
    reference=probe_candidates,
)
exercise.case("one epitome: no choice, log 1 = 0", [[-2.0]], [[0.0]], [[0.0]], [[1.0]], expected=[[2.0]])
exercise.case(
    "by hand: two epitomes, KL 4.5 and 0",
    [[-1.0, -5.0]],
    [[3.0, 0.0, 0.0]],
    [[0.0] * 3],
    [[1.0, 0, 0], [0.0, 1, 1]],
    expected=[[5.5 + LN2, 5 + LN2]],
)
exercise.case(
    "by hand: the better image loses by its KL", [[-7.0, -8.0]], [[2.0, 0.0]], [[0.0, 0.0]], TWO, expected=[[9 + LN2, 8 + LN2]]
)
exercise.case(
    "a latent in two of three epitomes",
    [[0.0, 0.0, 0.0]], [[0.0, 2.0, 0.0, 0.0]], [[0.0] * 4], [[1.0, 1, 0, 0], [0.0, 1, 1, 0], [0.0, 0, 1, 1]],
    expected=[[2 + LN3, 2 + LN3, LN3]], edge=True,
)  # fmt: skip
exercise.always(
    "70 images, 15 epitomes of 45 latents, log-variances from −9 to 5",
    lambda rng: (
        rng.normal(-9, 3, size=(70, 15)),
        rng.normal(size=(70, 45)),
        wide_logvar(rng, 70, 45),
        masks_by_counting(45, 3, 3),
    ),
)


def _kl(mu, logvar, masks):
    return kl_terms(mu, logvar) @ masks.T


@exercise.misconception(
    "The signs of the paper's equation 10 (erratum E1): both KL terms are costs. With these signs the “bound” can lie above log p(x)."
)
def printed_signs(log_p_x, mu, logvar, masks):
    return -log_p_x - _kl(mu, logvar, masks) - math.log(len(masks))


@exercise.misconception("The reconstruction alone: an epitome that needs a dear posterior must pay for it.")
def reconstruction_only(log_p_x, mu, logvar, masks):
    return -log_p_x + math.log(len(masks))


@exercise.misconception(
    "log E is missing: KL(q(y|x) ‖ p(y)) of a point mass. It moves no choice, but without it this is no bound on log p(x)."
)
def log_e_missing(log_p_x, mu, logvar, masks):
    return -log_p_x + _kl(mu, logvar, masks)


@exercise.misconception("This is the log of the number of latents: log E counts the epitomes, the rows of `masks`.")
def log_of_latents(log_p_x, mu, logvar, masks):
    return -log_p_x + _kl(mu, logvar, masks) + math.log(masks.shape[1])


@exercise.misconception("All latents' KL is counted for every epitome: mask it.")
def unmasked_kl(log_p_x, mu, logvar, masks):
    return -log_p_x + kl_terms(mu, logvar).sum(-1, keepdim=True) + math.log(len(masks))


@exercise.misconception("Right size, wrong sign: this is the bound. The cost is minus that.")
def bound_instead(log_p_x, mu, logvar, masks):
    return log_p_x - _kl(mu, logvar, masks) - math.log(len(masks))


@exercise.steps
def in_steps(log_p_x, mu, logvar, masks):
    square = mu**2  # the square of the mean
    variance = logvar.exp()  # the variance
    terms = 0.5 * (square + variance - logvar - 1)  # the KL of each latent
    kl = terms @ masks.T  # the sum over an epitome's latents
    epitomes = len(masks)  # the number of epitomes
    log_e = math.log(epitomes)  # the term log E
    reconstruction = -log_p_x  # the reconstruction
    return reconstruction + kl + log_e  # the cost


exercise.instead("terms", KL)


exercise.instead(
    "kl",
    {
        "only the mean is masked: the other latents' variances still cost": lambda mu, logvar, masks: (
            0.5 * (masks @ (mu**2).T).T + 0.5 * (logvar.exp() - logvar - 1).sum(-1, keepdim=True)
        ),
        "the KL is averaged over an epitome's latents": lambda terms, masks: terms @ masks.T / masks.sum(1),
        "the KL of all latents counts for every epitome": lambda terms, masks: terms.sum(-1, keepdim=True).expand(-1, len(masks)),
        "the latents outside the epitome are counted": lambda terms, masks: terms @ (1 - masks).T,
    },
)
exercise.instead(
    "return",
    {
        "the probability of each epitome is returned, a softmax of minus the costs": lambda reconstruction, kl: (
            -(reconstruction + kl)
        ).softmax(1),
        "the least cost of each image is returned": lambda reconstruction, kl, log_e: (reconstruction + kl + log_e).amin(1),
        "the number of the cheapest epitome is returned": lambda reconstruction, kl: (reconstruction + kl).argmin(1),
    },
)
