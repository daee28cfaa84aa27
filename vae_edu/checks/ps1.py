"""ps1: the KL divergence, in four exercises."""

import math

import numpy as np
import torch
from scipy.special import rel_entr
from torch.distributions import Normal

from .. import divergences
from ..reference import probe
from .exercise import Exercise

LN2 = math.log(2)


def draw_distributions(rng: np.random.Generator):
    """Two distributions over 2 to 6 outcomes, in batches of 1 to 7."""
    shape, outcomes = rng.integers(1, 8), rng.integers(2, 7)
    return tuple(rng.dirichlet(np.ones(outcomes), size=shape) for _ in range(2))


def pixel_distributions():
    """Each pixel of image i against the same pixel of image i + 1, as two-sided coins."""
    on = torch.sigmoid(probe("vae-mnist").logits[:17, ::7]).clamp(1e-6, 1 - 1e-6)
    coins = torch.stack([1 - on, on], -1).numpy()
    return "pixel probabilities of vae-mnist", (coins[:-1], coins[1:]), None


kl_discrete = Exercise(
    "ps1.1",
    "kl_discrete",
    ["q", "p"],
    oracle=lambda q, p: rel_entr(q, p).sum(-1),
    draw=draw_distributions,
    reference=pixel_distributions,
    closed_book=[divergences.kl_discrete],
    item="row",
)
kl_discrete.case("zero when q equals p", [0.2, 0.3, 0.5], [0.2, 0.3, 0.5], expected=0.0)
kl_discrete.case("the lecture's coin, KL(q‖p)", [0.5, 0.5], [0.3, 0.7], expected=0.5 * math.log(25 / 21))
kl_discrete.case("the other way round, KL(p‖q)", [0.3, 0.7], [0.5, 0.5], expected=0.0822829)
kl_discrete.case("0 log 0 counts as 0", [0.0, 1.0], [0.5, 0.5], expected=LN2, edge=True)
kl_discrete.case("an outcome that neither takes", [0.0, 1.0], [0.0, 1.0], expected=0.0, edge=True)
kl_discrete.case("infinite where p is 0 and q is not", [0.5, 0.5], [0.0, 1.0], expected=math.inf, edge=True)


@kl_discrete.misconception(
    "These are the values of KL(p‖q). The average is over q, the first argument: which one weighs the logs?"
)
def arguments_swapped(q, p):
    return torch.special.xlogy(p, p).sum(-1) - torch.special.xlogy(p, q).sum(-1)


@kl_discrete.misconception("Right size, wrong sign: KL = E_q[log q − log p], so the log of q comes first.")
def sign_flipped(q, p):
    return (q * torch.log(p / q)).sum(-1)


@kl_discrete.misconception("This is the cross-entropy −Σ q log p. The entropy of q still has to be subtracted from it.")
def cross_entropy(q, p):
    return -(q * torch.log(p)).sum(-1)


@kl_discrete.misconception(
    "This is −entropy − cross-entropy, as the slide prints it (erratum E5). KL = cross-entropy − entropy: check the signs."
)
def slide_signs(q, p):
    return (q * torch.log(q)).sum(-1) + (q * torch.log(p)).sum(-1)


@kl_discrete.misconception("Your values are in bits (base-2 logarithms). The course counts in nats: use the natural log.")
def in_bits(q, p):
    return (q * torch.log2(q / p)).sum(-1)


@kl_discrete.misconception("A mean over outcomes where the definition has a sum: the weights q already average.")
def mean_over_outcomes(q, p):
    return (q * torch.log(q / p)).mean(-1)


@kl_discrete.misconception(
    "One number for the whole batch: sum over the last dimension only, so that every row keeps its own KL."
)
def summed_over_batch(q, p):
    return (q * torch.log(q / p)).sum()


@kl_discrete.misconception(
    "Right, except where q is 0: 0·log 0 is nan on a computer, but such an outcome costs nothing. Treat it apart."
)
def nan_at_zero(q, p):
    return (q * torch.log(q / p)).sum(-1)


@kl_discrete.misconception(
    "A small constant inside the logs hides the case p = 0 < q, where the divergence is infinite: treat q = 0 apart instead."
)
def epsilon_in_logs(q, p):
    return (q * torch.log((q + 1e-8) / (p + 1e-8))).sum(-1)


def draw_gaussian_pair(rng: np.random.Generator):
    shape = (rng.integers(1, 8), rng.integers(1, 6))
    return tuple(scale * rng.normal(size=shape) for scale in (1.5, 0.8, 1.5, 0.8))


def neighbouring_posteriors():
    answers = probe("vae-mnist")
    mu, logvar = answers.mu.numpy(), answers.logvar.numpy()
    return "64 posteriors of vae-mnist, each ‖ the next", (mu, logvar, np.roll(mu, -1, 0), np.roll(logvar, -1, 0)), None


def gaussian_kl(mu_q, logvar_q, mu_p, logvar_p):
    """torch.distributions' closed form."""
    q, p = (Normal(torch.as_tensor(m), torch.as_tensor(v).div(2).exp()) for m, v in ((mu_q, logvar_q), (mu_p, logvar_p)))
    return torch.distributions.kl_divergence(q, p).sum(-1).numpy()


kl_normal = Exercise(
    "ps1.2",
    "kl_normal",
    ["mu_q", "logvar_q", "mu_p", "logvar_p"],
    oracle=gaussian_kl,
    draw=draw_gaussian_pair,
    reference=neighbouring_posteriors,
    differentiable=["mu_q", "logvar_q"],
    closed_book=[divergences.kl_normal, divergences.kl_standard_normal],
)
kl_normal.case("zero when q equals p", [0.3, -2.0], [0.5, 1.0], [0.3, -2.0], [0.5, 1.0], expected=0.0)
kl_normal.case("by hand: N(1, 2²) ‖ N(−1, ½²)", [1.0], [2 * LN2], [-1.0], [-2 * LN2], expected=15.5 - 2 * LN2)
kl_normal.case("by hand: the other way round", [-1.0], [-2 * LN2], [1.0], [2 * LN2], expected=2 * LN2 + 4.25 / 8 - 0.5)
kl_normal.case("far from the origin: N(1000, 1) ‖ N(0, 1)", [1e3], [0.0], [0.0], [0.0], expected=5e5)
kl_normal.case(
    "one p for a batch of q (broadcast)",
    [[1.0, 0.0], [0.0, 2.0]],
    [0.0, 0.0],
    [0.0, 0.0],
    [0.0, 0.0],
    expected=[0.5, 2.0],
    edge=True,
)


@kl_normal.misconception("Twice the expected value everywhere. Is the ½ in front of the sum missing?")
def half_missing(mu_q, logvar_q, mu_p, logvar_p):
    return (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@kl_normal.misconception("These are the values of KL(p‖q): the variance of p, not of q, belongs under the fraction.")
def gaussians_swapped(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_q - logvar_p + (logvar_p.exp() + (mu_q - mu_p) ** 2) / logvar_q.exp() - 1).sum(-1)


@kl_normal.misconception(
    "exp(logvar) is used as the standard deviation. It is the variance; the standard deviation is exp(logvar / 2)."
)
def logvar_as_log_std(mu_q, logvar_q, mu_p, logvar_p):
    return (logvar_p - logvar_q + ((2 * logvar_q).exp() + (mu_q - mu_p) ** 2) / (2 * (2 * logvar_p).exp()) - 0.5).sum(-1)


@kl_normal.misconception(
    "Too large by ½ per dimension: the −1 inside the sum is missing (KL of a Gaussian with itself must be 0)."
)
def minus_one_missing(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp()).sum(-1)


@kl_normal.misconception("The log-ratio has the wrong sign: it is log σ_p − log σ_q.")
def log_ratio_flipped(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_q - logvar_p + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@kl_normal.misconception(
    "Only the variance is divided by σ_p²: the squared distance of the means belongs over it too (check the parentheses)."
)
def misplaced_parenthesis(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + logvar_q.exp() / logvar_p.exp() + (mu_q - mu_p) ** 2 - 1).sum(-1)


@kl_normal.misconception("A mean over dimensions where independent dimensions add up: sum over the last one.")
def mean_over_dimensions(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).mean(-1)


@kl_normal.misconception(
    "One number for the whole batch: sum over the last dimension only, so that every image keeps its own KL."
)
def one_for_all(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum()


def posteriors_and_kl():
    answers = probe("vae-mnist")
    return "64 posteriors of vae-mnist", (answers.mu.numpy(), answers.logvar.numpy()), (answers.kl.numpy(),)


kl_standard_normal = Exercise(
    "ps1.3",
    "kl_standard_normal",
    ["mu", "logvar"],
    oracle=lambda mu, logvar: gaussian_kl(mu, logvar, np.zeros_like(mu), np.zeros_like(mu)),
    draw=lambda rng: draw_gaussian_pair(rng)[:2],
    reference=posteriors_and_kl,
    differentiable=["mu", "logvar"],
    closed_book=[divergences.kl_normal, divergences.kl_standard_normal],
)
kl_standard_normal.case("zero at N(0, I)", [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], expected=0.0)
kl_standard_normal.case("a shifted mean: N(3, 1)", [3.0], [0.0], expected=4.5)
kl_standard_normal.case("a narrow one: N(0, 0.1²)", [0.0], [2 * math.log(0.1)], expected=0.5 * (0.01 - 1) + math.log(10))
kl_standard_normal.case("a wide one: N(0, 2²)", [0.0], [2 * LN2], expected=1.5 - LN2)


@kl_standard_normal.misconception("Twice the expected value everywhere. Is the ½ in front of the sum missing?")
def half_missing_standard(mu, logvar):
    return (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@kl_standard_normal.misconception(
    "Right size, wrong sign. Papers print −KL because they maximise it; the divergence itself is never negative."
)
def minus_kl(mu, logvar):
    return 0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)


@kl_standard_normal.misconception("exp(logvar / 2) is the standard deviation; the formula needs the variance, exp(logvar).")
def std_for_variance(mu, logvar):
    return 0.5 * (mu**2 + (0.5 * logvar).exp() - logvar - 1).sum(-1)


@kl_standard_normal.misconception("Too large by ½ per dimension: the −1 inside the sum is missing (N(0, I) must cost 0).")
def minus_one_missing_standard(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar).sum(-1)


@kl_standard_normal.misconception(
    "The regulariser does not only pull means to 0 (the slide's wording, erratum E31): variances cost something too."
)
def mean_only(mu, logvar):
    return 0.5 * (mu**2).sum(-1)


@kl_standard_normal.misconception(
    "A mean over dimensions where independent dimensions add up: with 40 latents this hides a weight of 1/40 on the KL."
)
def mean_over_latents(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).mean(-1)


@kl_standard_normal.misconception(
    "One number for the whole batch: sum over the last dimension only, so that every image keeps its own KL."
)
def one_for_all_standard(mu, logvar):
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum()


def posterior_samples():
    answers = probe("vae-mnist")
    log_q = Normal(answers.mu, (0.5 * answers.logvar).exp()).log_prob(answers.z).sum(-1)
    log_p = Normal(0.0, 1.0).log_prob(answers.z).sum(-1)
    return "16 samples of 64 posteriors of vae-mnist", (log_q.numpy(), log_p.numpy()), None


kl_monte_carlo = Exercise(
    "ps1.4",
    "kl_monte_carlo",
    ["log_q", "log_p"],
    oracle=lambda log_q, log_p: np.einsum("s...->...", log_q - log_p) / log_q.shape[0],
    draw=lambda rng: tuple(rng.normal(-5, 3, size=(2, rng.integers(2, 9), rng.integers(1, 6)))),
    reference=posterior_samples,
    differentiable=["log_q", "log_p"],
    closed_book=[divergences.kl_monte_carlo],
)
kl_monte_carlo.case("three samples by hand", [-1.0, -2.0, -3.0], [-2.0, -4.0, -3.0], expected=1.0)
kl_monte_carlo.case("an estimate may be negative", [-2.0, -2.0], [-1.0, -1.5], expected=-0.75)
kl_monte_carlo.case("one sample, two images", [[-1.0, -5.0]], [[-3.0, -4.0]], expected=[2.0, -1.0])


@kl_monte_carlo.misconception("Right size, wrong sign: KL = E_q[log q − log p].")
def difference_reversed(log_q, log_p):
    return (log_p - log_q).mean(0)


@kl_monte_carlo.misconception(
    "One number for everything: average over the samples (the first dimension) only, so that every image keeps its own KL."
)
def mean_over_all(log_q, log_p):
    return (log_q - log_p).mean()


@kl_monte_carlo.misconception("A sum over samples: divide by their number, so that more samples make it better and not larger.")
def summed_over_samples(log_q, log_p):
    return (log_q - log_p).sum(0)


@kl_monte_carlo.misconception(
    "The samples come from q, so they are weighed by q already: weighing by exp(log_q) again counts it twice."
)
def weighed_again(log_q, log_p):
    return (log_q.exp() * (log_q - log_p)).sum(0)


@kl_monte_carlo.misconception("The average runs over the wrong dimension: samples are the first one, images the second.")
def wrong_dimension(log_q, log_p):
    return (log_q - log_p).mean(-1)


@kl_monte_carlo.misconception(
    "The absolute value forces every sample to be positive and biases the mean: single samples may be negative."
)
def absolute_value(log_q, log_p):
    return (log_q - log_p).abs().mean(0)
