"""ps4: epitome masks, the masked KL, the cost of every epitome. (ps4.4 to 4.6 are in ps4_sweep, ps4.7 is in ps4_match.)"""

import math

import numpy as np
import torch

from .. import epitome, reference
from ..reference import probe
from .exercise import Exercise
from .ps1 import gaussian_kl

LN2, LN3 = math.log(2), math.log(3)


def masks_by_counting(latent_dim, size, stride):
    rows, first = [], 0
    while first + size <= latent_dim:
        rows.append([float(first <= latent < first + size) for latent in range(latent_dim)])
        first += stride
    return np.array(rows)


def draw_sizes(rng: np.random.Generator):
    size = int(rng.integers(2, 5))
    return size * int(rng.integers(2, 5)) + int(rng.integers(0, 3)), size, int(rng.integers(1, size))


epitome_masks = Exercise(
    "ps4.1",
    "epitome_masks",
    ["latent_dim", "size", "stride"],
    oracle=masks_by_counting,
    draw=draw_sizes,
    reference=lambda: ("the 19 overlapping epitomes of evae20-mnist", (20, 2, 1), None),
    closed_book=[epitome.epitome_masks],
    unit="",
    item="epitome",
)
epitome_masks.case("two epitomes, side by side", 4, 2, 2, expected=[[1, 1, 0, 0], [0, 0, 1, 1]])
epitome_masks.case("stride 1: neighbours overlap", 4, 2, 1, expected=[[1, 1, 0, 0], [0, 1, 1, 0], [0, 0, 1, 1]])
epitome_masks.case("size = latents: one epitome, a VAE", 3, 3, 1, expected=[[1, 1, 1]])
epitome_masks.case("8 in threes: two latents in no epitome", 8, 3, 3, expected=[[1] * 3 + [0] * 5, [0] * 3 + [1] * 3 + [0] * 2])
epitome_masks.case("a stride beyond the size", 7, 2, 3, expected=[[1, 1, 0, 0, 0, 0, 0], [0, 0, 0, 1, 1, 0, 0]], edge=True)


def _rows(first, latent_dim, size):
    latent = torch.arange(latent_dim)
    return ((first.unsqueeze(1) <= latent) & (latent < first.unsqueeze(1) + size)).double()


@epitome_masks.misconception("One epitome too few: there are ⌊(latents − size) / stride⌋ + 1.")
def count_without_one(latent_dim, size, stride):
    first = torch.arange((latent_dim - size) // stride).unsqueeze(1) * stride
    latent = torch.arange(latent_dim)
    return ((first <= latent) & (latent < first + size)).float()


@epitome_masks.misconception("⌊ ⌋ rounds down: an epitome that does not fit whole is none.")
def rounded_up(latent_dim, size, stride):
    return _rows(torch.arange(math.ceil((latent_dim - size) / stride) + 1) * stride, latent_dim, size)


@epitome_masks.misconception("The last rows hang over the end: an epitome starts only where all its latents fit.")
def cut_off_at_the_end(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim, stride), latent_dim, size)


@epitome_masks.misconception("The stride is not used: the next epitome starts `stride` latents further on, not `size`.")
def stride_ignored(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, size), latent_dim, size)


@epitome_masks.misconception("Each row has `stride` ones: `size` says how many latents an epitome has.")
def stride_for_size(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, stride), latent_dim, stride)


@epitome_masks.misconception("Rows and columns are swapped: one row per epitome, one column per latent.")
def transposed(latent_dim, size, stride):
    return _rows(torch.arange(0, latent_dim - size + 1, stride), latent_dim, size).T


def draw_posterior(rng: np.random.Generator):
    batch, latent_dim = int(rng.integers(1, 7)), int(rng.integers(3, 8))
    masks = np.zeros((batch, latent_dim))
    for row, first in zip(masks, rng.integers(0, latent_dim - 1, size=batch)):
        row[first : first + 2] = 1
    return *rng.normal(size=(2, batch, latent_dim)), masks


def probe_posterior():
    model, a = reference.load("evae48-mnist").double(), probe("evae48-mnist")
    mu, logvar = model.encode(a.x)
    masks = model.masks[a.costs.argmin(1)]
    return "64 posteriors of evae48-mnist", (mu.numpy(), logvar.numpy(), masks.numpy()), ((a.kl - math.log(12)).numpy(),)


masked_kl = Exercise(
    "ps4.2",
    "masked_kl",
    ["mu", "logvar", "mask"],
    oracle=lambda mu, logvar, mask: gaussian_kl(mask * mu, mask * logvar, np.zeros_like(mu), np.zeros_like(mu)),
    draw=draw_posterior,
    reference=probe_posterior,
    differentiable=["mu", "logvar"],
    closed_book=[],
)
masked_kl.case("an empty mask: posterior = prior", [[3.0, -1.0]], [[1.0, 2.0]], [[0.0, 0.0]], expected=[0.0])
masked_kl.case("by hand: only the first latent counts", [[3.0, 5.0]], [[0.0, 0.0]], [[1.0, 0.0]], expected=[4.5])
masked_kl.case("off the epitome the variance is 1, not e²", [[0.0, 0.0]], [[0.0, 2.0]], [[1.0, 0.0]], expected=[0.0])
masked_kl.case(
    "a full mask: the KL of a VAE", [[3.0, 5.0]], [[0.0, 2.0]], [[1.0, 1.0]], expected=[4.5 + (25 + math.e**2 - 3) / 2]
)
masked_kl.case("log-variance −1000 off the epitome", [[1.0, 0.0]], [[0.0, -1000.0]], [[1.0, 0.0]], expected=[0.5], edge=True)


def kl_terms(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1)


@masked_kl.misconception("Only the mean is masked: mask the log-variance too, or the other latents still cost KL.")
def only_mean_masked(mu, logvar, mask):
    return kl_terms(mask * mu, logvar).sum(-1)


@masked_kl.misconception("Only the log-variance is masked: the mean must be 0 off the epitome as well.")
def only_logvar_masked(mu, logvar, mask):
    return kl_terms(mu, mask * logvar).sum(-1)


@masked_kl.misconception("The mask is not used: latents outside the epitome equal the prior and cost nothing.")
def mask_ignored(mu, logvar, mask):
    return kl_terms(mu, logvar).sum(-1)


@masked_kl.misconception(
    "The variance itself is masked: 0 is infinitely far from the prior. Mask its logarithm, so that it is 1."
)
def variance_masked(mu, logvar, mask):
    return kl_terms(mask * mu, (mask * logvar.exp()).log()).sum(-1)


@masked_kl.misconception("The mask is upside down: ones mark the epitome.")
def mask_inverted(mu, logvar, mask):
    return kl_terms((1 - mask) * mu, (1 - mask) * logvar).sum(-1)


@masked_kl.misconception(
    "The −1 is not masked: each latent outside the epitome then gives −½. Mask mu and logvar, and 0 comes by itself."
)
def one_unmasked(mu, logvar, mask):
    return 0.5 * ((mask * mu) ** 2 + mask * logvar.exp() - mask * logvar - 1).sum(-1)


@masked_kl.misconception("A mean over latents: the KL is a sum.")
def latents_averaged(mu, logvar, mask):
    return kl_terms(mask * mu, mask * logvar).mean(-1)


def costs_one_by_one(log_p_x, mu, logvar, masks):
    rows = [gaussian_kl(mask * mu, mask * logvar, 0 * mu, 0 * mu) for mask in masks]
    return np.stack(rows, 1) - log_p_x + np.log(len(masks))


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


epitome_costs = Exercise(
    "ps4.3",
    "epitome_costs",
    ["log_p_x", "mu", "logvar", "masks"],
    oracle=costs_one_by_one,
    draw=draw_candidates,
    reference=probe_candidates,
)
TWO = [[1.0, 0.0], [0.0, 1.0]]
epitome_costs.case("one epitome: no choice, log 1 = 0", [[-2.0]], [[0.0]], [[0.0]], [[1.0]], expected=[[2.0]])
epitome_costs.case(
    "by hand: two epitomes, KL 4.5 and 0",
    [[-1.0, -5.0]],
    [[3.0, 0.0, 0.0]],
    [[0.0] * 3],
    [[1.0, 0, 0], [0.0, 1, 1]],
    expected=[[5.5 + LN2, 5 + LN2]],
)
epitome_costs.case(
    "by hand: the better image loses by its KL", [[-7.0, -8.0]], [[2.0, 0.0]], [[0.0, 0.0]], TWO, expected=[[9 + LN2, 8 + LN2]]
)
epitome_costs.case(
    "a latent in two of three epitomes",
    [[0.0, 0.0, 0.0]], [[0.0, 2.0, 0.0, 0.0]], [[0.0] * 4], [[1.0, 1, 0, 0], [0.0, 1, 1, 0], [0.0, 0, 1, 1]],
    expected=[[2 + LN3, 2 + LN3, LN3]], edge=True,
)  # fmt: skip


def _kl(mu, logvar, masks):
    return kl_terms(mu, logvar) @ masks.T


@epitome_costs.misconception(
    "The signs of the paper's equation 10 (erratum E1): both KL terms are costs. With these signs the “bound” can lie above log p(x)."
)
def printed_signs(log_p_x, mu, logvar, masks):
    return -log_p_x - _kl(mu, logvar, masks) - math.log(len(masks))


@epitome_costs.misconception("The reconstruction alone: an epitome that needs a dear posterior must pay for it.")
def reconstruction_only(log_p_x, mu, logvar, masks):
    return -log_p_x + math.log(len(masks))


@epitome_costs.misconception(
    "log E is missing: KL(q(y|x) ‖ p(y)) of a point mass. It moves no choice, but without it this is no bound on log p(x)."
)
def log_e_missing(log_p_x, mu, logvar, masks):
    return -log_p_x + _kl(mu, logvar, masks)


@epitome_costs.misconception("This is the log of the number of latents: log E counts the epitomes, the rows of `masks`.")
def log_of_latents(log_p_x, mu, logvar, masks):
    return -log_p_x + _kl(mu, logvar, masks) + math.log(masks.shape[1])


@epitome_costs.misconception("All latents' KL is counted for every epitome: mask it.")
def unmasked_kl(log_p_x, mu, logvar, masks):
    return -log_p_x + kl_terms(mu, logvar).sum(-1, keepdim=True) + math.log(len(masks))


@epitome_costs.misconception("Right size, wrong sign: this is the bound. The cost is minus that.")
def bound_instead(log_p_x, mu, logvar, masks):
    return log_p_x - _kl(mu, logvar, masks) - math.log(len(masks))
