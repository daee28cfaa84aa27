"""ps8.6: information_gaps."""

import numpy as np
import torch
from scipy.stats import entropy
from sklearn.metrics import mutual_info_score

from ... import reference, sprites
from ...disentanglement import mig
from ..exercise import Exercise


def pair_by_pair(bins, factors):
    """scikit-learn's mutual information of each pair, SciPy's entropies."""
    gaps = []
    for factor in factors.T:
        shares = sorted(mutual_info_score(latent, factor) for latent in bins.T)
        gaps.append((shares[-1] - shares[-2]) / entropy(np.unique(factor, return_counts=True)[1]))
    return np.array(gaps), float(np.mean(gaps))


def draw_table(rng: np.random.Generator):
    """20 to 40 images, 1 to 3 factors of 2 to 4 values, 2 to 4 latents of which the first say something."""
    images, number, latents = rng.integers(20, 41), rng.integers(1, 4), rng.integers(2, 5)
    factors = rng.integers(0, rng.integers(2, 5), size=(images, number))
    factors[:2] = [[0], [1]]  # no factor is constant
    noise = rng.integers(0, 4, size=(images, latents))
    says = rng.uniform(size=(images, latents)) < rng.uniform(0.3, 1, size=latents)
    return np.where(says, factors[:, rng.integers(number, size=latents)], noise).astype(float), factors.astype(float)


def sprites_encoded():
    """Every seventh sprite, and the mean codes that the reference gives it, in ten bins."""
    factors = sprites.factors_of(torch.arange(0, sprites.NUMBER, 7))
    codes = reference.load("betavae4-sprites").encode(sprites.render(factors))[0][:, [3, 6, 8]].double().numpy()
    bins = np.floor(10 * (codes - codes.min(0)) / np.ptp(codes, axis=0)).clip(0, 9)
    return "three latents of betavae4-sprites, of 1,646 sprites, and the five factors", (bins, factors.double().numpy()), None


exercise = Exercise(
    "ps8.6",
    "information_gaps",
    ["bins", "factors"],
    oracle=pair_by_pair,
    draw=draw_table,
    reference=sprites_encoded,
    closed_book=[mig],
    unit="",
    item="factor",
)
TWO = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]]  # every combination of two factors once
exercise.case("the factors themselves: a gap of 1 each", TWO, TWO, expected=([1.0, 1.0], 1.0))
exercise.case("exchanged: the latent's number does not matter", [[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]], TWO,
    expected=([1.0, 1.0], 1.0))  # fmt: skip
exercise.case("both latents say the first factor: no gap", [[0.0, 0.0], [0.0, 0.0], [1.0, 1.0], [1.0, 1.0]], TWO,
    expected=([0.0, 0.0], 0.0))  # fmt: skip
exercise.case("the first factor in one latent, the second in none", [[0.0, 5.0], [0.0, 5.0], [1.0, 5.0], [1.0, 5.0]], TWO,
    expected=([1.0, 0.0], 0.5))  # fmt: skip
exercise.case("one latent says everything of both, another says the first", [[0.0, 0.0], [1.0, 0.0], [2.0, 1.0], [3.0, 1.0]], TWO,
    expected=([0.0, 1.0], 0.5))  # fmt: skip
exercise.case("a latent that confuses nothing but its labels", [[1.0, 2.0], [1.0, 2.0], [0.0, 2.0], [0.0, 2.0]],
    [[0.0], [0.0], [1.0], [1.0]], expected=([1.0], 1.0))  # fmt: skip
exercise.case("unequal frequencies: the entropy is that of the factor as it occurs",
    [[0.0, 0.0], [0.0, 0.0], [0.0, 0.0], [1.0, 0.0]], [[0.0], [0.0], [0.0], [1.0]], expected=([1.0], 1.0))  # fmt: skip
HALF = 1.5 * np.log(2) - 0.75 * np.log(3)  # entropy of (3/4, 1/4) less half a log 2: what the second latent says
exercise.case("half of it in the second latent", [[0.0, 0.0], [0.0, 0.0], [1.0, 0.0], [1.0, 1.0]],
    [[0.0], [0.0], [1.0], [1.0]], expected=([1 - HALF / np.log(2)], 1 - HALF / np.log(2)))  # fmt: skip
exercise.case("bins and values with gaps", [[7.0, 3.0], [7.0, 9.0], [2.0, 3.0], [2.0, 9.0]],
    [[4.0, 1.0], [4.0, 8.0], [6.0, 1.0], [6.0, 8.0]], expected=([1.0, 1.0], 1.0), edge=True)  # fmt: skip
exercise.case("negative numbers", [[-2.0, -1.0], [-2.0, -3.0], [0.0, -1.0], [0.0, -3.0]],
    [[-5.0, 2.0], [-5.0, -2.0], [1.0, 2.0], [1.0, -2.0]], expected=([1.0, 1.0], 1.0), edge=True)  # fmt: skip
exercise.case("numbers of two digits", [[0.0, 3.0], [1.0, 3.0], [10.0, 3.0], [11.0, 3.0]], [[0.0], [10.0], [0.0], [10.0]],
    expected=([1.0], 1.0))  # fmt: skip
exercise.case("dead latents", [[0.0, 4.0, 4.0], [1.0, 4.0, 4.0]], [[0.0], [1.0]], expected=([1.0], 1.0), edge=True)
exercise.always("120 images, 6 latents, 4 factors", lambda rng: (
    rng.integers(0, 6, size=(120, 6)).astype(float), rng.integers(0, 4, size=(120, 4)).astype(float)))  # fmt: skip


def _joint(bins, factors):
    """p(bin, value) for every latent and factor: (latents, factors, bins, values)."""
    told = [(part[:, :, None] == part.unique()).to(part) for part in (bins, factors)]
    return torch.einsum("nlb,nfv->lfbv", *told) / len(bins)


def _shares(bins, factors):
    """Mutual information of every latent and factor, in nats: (latents, factors)."""
    joint = _joint(bins, factors)
    independent = joint.sum(3, keepdim=True) * joint.sum(2, keepdim=True)
    return (torch.xlogy(joint, joint) - torch.xlogy(joint, independent)).sum((2, 3))


def _entropies(factors):
    return torch.special.entr((factors[:, :, None] == factors.unique()).to(factors).mean(0)).sum(-1)


def _gaps(shares, entropies):
    best = shares.topk(2, 0).values
    gaps = (best[0] - best[1]) / entropies
    return gaps, gaps.mean()


@exercise.misconception("Not divided by the factor's entropy: the gap is its share, from 0 to 1.")
def in_nats(bins, factors):
    return _gaps(_shares(bins, factors), factors.new_ones(factors.shape[1]))


@exercise.misconception(
    "Divided by the log of the number of values: that is the entropy only where all values are equally frequent."
)
def log_of_the_count(bins, factors):
    number = (factors[:, :, None] == factors.unique()).any(0).sum(-1)
    return _gaps(_shares(bins, factors), number.to(factors).log())


@exercise.misconception("The information is in nats, the entropy in bits: both are to be in nats.")
def entropy_in_bits(bins, factors):
    return _gaps(_shares(bins, factors), _entropies(factors) / float(np.log(2)))


@exercise.misconception("Bins and factors are exchanged: a gap belongs to each factor, between latents.")
def exchanged(bins, factors):
    shares = torch.cat([_shares(bins, factors).T, bins.new_zeros(1, bins.shape[1])])
    entropies = _entropies(bins)
    return _gaps(shares, entropies + (entropies == 0))


@exercise.misconception("The second best less the best: the gap is never negative.")
def negative_gaps(bins, factors):
    gaps, score = _gaps(_shares(bins, factors), _entropies(factors))
    return -gaps, -score


@exercise.misconception("The best latent alone: the second best is to be subtracted.")
def best_alone(bins, factors):
    shares = _shares(bins, factors).amax(0) / _entropies(factors)
    return shares, shares.mean()


@exercise.misconception("The best less the *worst*: less the second best.")
def less_the_worst(bins, factors):
    shares = _shares(bins, factors)
    gaps = (shares.amax(0) - shares.amin(0)) / _entropies(factors)
    return gaps, gaps.mean()


@exercise.misconception("The best less the mean of all: less the second best.")
def less_the_mean(bins, factors):
    shares = _shares(bins, factors)
    gaps = (shares.amax(0) - shares.mean(0)) / _entropies(factors)
    return gaps, gaps.mean()


@exercise.misconception("The gap is taken between factors of one latent: it is between latents, for each factor.")
def between_factors(bins, factors):
    shares = torch.cat([_shares(bins, factors), bins.new_zeros(bins.shape[1], 1)], 1)
    best = shares.topk(2, 1).values
    gaps = (best[:, 0] - best[:, 1])[:1].expand(factors.shape[1]) / _entropies(factors)
    return gaps, gaps.mean()


@exercise.misconception("Divided by the entropy of the latent: by that of the factor.")
def entropy_of_the_latent(bins, factors):
    shares = _shares(bins, factors)
    best = shares.topk(2, 0)
    entropies = _entropies(bins)[best.indices[0]]
    return _gaps(shares, entropies + (entropies == 0))


@exercise.misconception("The first two latents are compared, whatever they say: the two that say most of the factor are.")
def first_two(bins, factors):
    shares = _shares(bins, factors)
    gaps = (shares[0] - shares[1]) / _entropies(factors)
    return gaps, gaps.mean()


@exercise.misconception("The joint entropy is taken for the mutual information: I = H(bin) + H(value) − H(both).")
def joint_entropy(bins, factors):
    return _gaps(torch.special.entr(_joint(bins, factors)).sum((2, 3)), _entropies(factors))


@exercise.misconception(
    "Correlations are taken for the mutual information: labels may be exchanged without changing what is said."
)
def correlations(bins, factors):
    b, f = bins - bins.mean(0), factors - factors.mean(0)
    scale = (b.norm(dim=0)[:, None] * f.norm(dim=0)).clamp(min=1e-12)
    return _gaps((b.T @ f / scale).abs(), factors.new_ones(factors.shape[1]))


@exercise.misconception("The gaps are summed: the score is their mean.")
def summed(bins, factors):
    gaps, _ = _gaps(_shares(bins, factors), _entropies(factors))
    return gaps, gaps.sum()


@exercise.misconception("All gaps are divided by the largest entropy: each factor has its own.")
def one_entropy(bins, factors):
    return _gaps(_shares(bins, factors), _entropies(factors).amax().expand(factors.shape[1]))


@exercise.misconception("The score is the gap of the means: the mean of the gaps is asked for.")
def gap_of_the_means(bins, factors):
    gaps, _ = _gaps(_shares(bins, factors), _entropies(factors))
    return gaps, _gaps(_shares(bins, factors).mean(1, keepdim=True), _entropies(factors).mean())[1]


@exercise.steps
def in_steps(bins, factors):
    of_bins = (bins.unsqueeze(2) == bins.unique()).double()  # which bin each latent is in
    of_values = (factors.unsqueeze(2) == factors.unique()).double()  # which value each factor has
    joint = torch.einsum("nlb,nfv->lfbv", of_bins, of_values) / len(bins)  # the shares of bin and value together
    p_bins = of_bins.mean(0)  # the shares of the bins
    p_values = of_values.mean(0)  # the shares of the values
    h_joint = torch.special.entr(joint).sum((2, 3))  # the entropies of bin and value together
    h_bins = torch.special.entr(p_bins).sum(1)  # the entropies of the bins
    h_values = torch.special.entr(p_values).sum(1)  # the entropies of the factors
    told = h_bins.unsqueeze(1) + h_values - h_joint  # the mutual information
    ordered = told.sort(0, descending=True).values  # the latents, the best first
    gaps = (ordered[0] - ordered[1]) / h_values  # the gaps
    return gaps, gaps.mean()  # gaps and score
