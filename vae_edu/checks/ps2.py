"""ps2: sampling with gradients, two gradient estimators, and the log densities of the VAE."""

import math

import numpy as np
import torch
from scipy.special import log_expit
from scipy.stats import norm

from .. import densities, reference, reparam
from ..reference import probe
from .exercise import Exercise

LN2, LOG_2PI = math.log(2), math.log(2 * math.pi)


def by_inverse_cdf(mu, logvar, noise):
    """The same quantile of N(mu, sigma^2) as the noise has in N(0, 1)."""
    return norm.ppf(norm.cdf(noise), loc=mu, scale=np.sqrt(np.exp(logvar)))


def draw_noise(rng: np.random.Generator):
    batch, dim = rng.integers(1, 7), rng.integers(2, 5)
    mu, logvar = rng.normal(size=(2, batch, dim))
    return 2 * mu, logvar, rng.normal(size=(batch, dim)).clip(-4, 4)


def probe_noise():
    answers = probe("vae-mnist")
    arguments = (answers.mu.numpy(), answers.logvar.numpy(), answers.noise.numpy())
    return "16 × 64 samples of vae-mnist's posteriors", arguments, (answers.z.numpy(),)


reparameterize = Exercise(
    "ps2.1",
    "reparameterize",
    ["mu", "logvar", "noise"],
    oracle=by_inverse_cdf,
    draw=draw_noise,
    reference=probe_noise,
    differentiable=["mu", "logvar"],
    closed_book=[reparam.reparameterize],
    unit="",
)
reparameterize.case("no noise gives the mean", [1.0, -2.0], [0.3, 0.7], [0.0, 0.0], expected=[1.0, -2.0])
reparameterize.case("by hand: N(1, 2²) at noise ½", [1.0], [2 * LN2], [0.5], expected=[2.0])
reparameterize.case(
    "three samples of one posterior", [1.0], [0.0], [[0.0], [1.0], [-1.0]], expected=[[1.0], [2.0], [0.0]], edge=True
)


@reparameterize.misconception("exp(logvar) is the variance. The noise is scaled by the standard deviation, exp(logvar / 2).")
def variance_as_std(mu, logvar, noise):
    return mu + logvar.exp() * noise


@reparameterize.misconception("logvar itself scales the noise: it is a logarithm (and may be negative). Use exp(logvar / 2).")
def logvar_as_std(mu, logvar, noise):
    return mu + logvar * noise


@reparameterize.misconception("The noise is not used: the posterior mean is a point, the VAE needs a sample.")
def mean_instead_of_sample(mu, logvar, noise):
    return mu + 0 * noise


@reparameterize.misconception("The noise is not scaled: multiply it by exp(logvar / 2).")
def unit_variance(mu, logvar, noise):
    return mu + noise


@reparameterize.misconception("exp(−logvar / 2) is one over the standard deviation: check the sign in the exponent.")
def inverse_std(mu, logvar, noise):
    return mu + (-0.5 * logvar).exp() * noise


def draw_points(rng: np.random.Generator):
    shape = (rng.integers(2, 7), rng.integers(2, 5))
    z, mu, logvar = rng.normal(size=(3, *shape))
    return 2 * z, mu, logvar


def probe_points():
    answers = probe("vae-mnist")
    return "log q(z|x) at 16 × 64 samples of vae-mnist", (answers.z.numpy(), answers.mu.numpy(), answers.logvar.numpy()), None


log_normal = Exercise(
    "ps2.2",
    "log_normal",
    ["z", "mu", "logvar"],
    oracle=lambda z, mu, logvar: norm.logpdf(z, mu, np.exp(logvar / 2)).sum(-1),
    draw=draw_points,
    reference=probe_points,
    differentiable=["z", "mu", "logvar"],
    closed_book=[densities.log_normal, densities.log_standard_normal],
)
log_normal.case("the standard normal at 0", [0.0], [0.0], [0.0], expected=-0.9189385)
log_normal.case("by hand: N(1, 2²) at 3", [3.0], [1.0], [2 * LN2], expected=-0.5 * LOG_2PI - LN2 - 0.5)
log_normal.case("40 dimensions at the mean", [0.5] * 40, [0.5] * 40, [0.0] * 40, expected=-20 * LOG_2PI)
log_normal.case("far away: 100 standard deviations", [100.0], [0.0], [0.0], expected=-0.5 * LOG_2PI - 5000, edge=True)
log_normal.case("a very narrow one: σ = e⁻¹⁵", [0.0], [0.0], [-30.0], expected=15 - 0.5 * LOG_2PI, edge=True)


@log_normal.misconception(
    "The constant −½ log 2π per dimension is missing. It cancels only where it is missing on both sides of a difference."
)
def two_pi_missing(z, mu, logvar):
    return -0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


@log_normal.misconception("A parenthesis too early: only the squared distance is divided by the variance, not the log-variance.")
def everything_divided(z, mu, logvar):
    return -0.5 * (LOG_2PI + (logvar + (z - mu) ** 2) / logvar.exp()).sum(-1)


@log_normal.misconception("exp(logvar) is used as the standard deviation. It is the variance: do not square it again.")
def variance_squared(z, mu, logvar):
    return (-0.5 * LOG_2PI - logvar - 0.5 * ((z - mu) / logvar.exp()) ** 2).sum(-1)


@log_normal.misconception("The ½ in front of the log-variance is missing: log σ is half of log σ².")
def log_variance_unhalved(z, mu, logvar):
    return (-0.5 * LOG_2PI - logvar - 0.5 * (z - mu) ** 2 / logvar.exp()).sum(-1)


@log_normal.misconception("Right, until the density underflows to 0 and its log to −inf: stay in log space from the first line.")
def log_of_density(z, mu, logvar):
    std = (0.5 * logvar).exp()
    return torch.log(torch.exp(-0.5 * ((z - mu) / std) ** 2) / (std * math.sqrt(2 * math.pi))).sum(-1)


@log_normal.misconception("A mean over dimensions where the log densities of independent dimensions add up.")
def mean_log_density(z, mu, logvar):
    return -0.5 * (LOG_2PI + logvar + (z - mu) ** 2 / logvar.exp()).mean(-1)


def draw_binary(rng: np.random.Generator):
    shape = (rng.integers(1, 6), rng.integers(3, 9))
    return rng.integers(0, 2, size=shape).astype(np.float64), 2 * rng.normal(size=shape)


def probe_pixels():
    answers = probe("vae-mnist")
    return "log p(x|z) of 64 images of vae-mnist", (answers.x.numpy(), answers.logits.numpy()), (answers.reconstruction.numpy(),)


log_bernoulli = Exercise(
    "ps2.3",
    "log_bernoulli",
    ["x", "logits"],
    oracle=lambda x, logits: (x * log_expit(logits) + (1 - x) * log_expit(-logits)).sum(-1),
    draw=draw_binary,
    reference=probe_pixels,
    differentiable=["logits"],
    closed_book=[densities.log_bernoulli],
)
log_bernoulli.case("a fair pixel", [1.0], [0.0], expected=-LN2)
log_bernoulli.case("by hand: π = ¾ on, then off", [1.0, 0.0], [math.log(3), math.log(3)], expected=math.log(3 / 16))
log_bernoulli.case("a grey pixel, x = ½ at π = ¾", [0.5], [math.log(3)], expected=0.5 * math.log(3 / 16))
log_bernoulli.case("a sure and wrong pixel: logit 1000", [0.0], [1000.0], expected=-1000.0, edge=True)
log_bernoulli.case("a sure and wrong pixel: logit −1000", [1.0], [-1000.0], expected=-1000.0, edge=True)
log_bernoulli.case("a sure and right pixel: logit −1000", [0.0], [-1000.0], expected=0.0, edge=True)


@log_bernoulli.misconception(
    "Right, until sigmoid(logit) rounds to 0 or 1 and its log is −inf or nan: write log π with softplus of the logit."
)
def log_of_sigmoid(x, logits):
    pi = torch.sigmoid(logits)
    return (x * torch.log(pi) + (1 - x) * torch.log(1 - pi)).sum(-1)


@log_bernoulli.misconception(
    "A small constant inside the logs hides how wrong a sure and wrong pixel is: write log π with softplus of the logit."
)
def epsilon_in_logs(x, logits):
    pi = torch.sigmoid(logits)
    return (x * torch.log(pi + 1e-8) + (1 - x) * torch.log(1 - pi + 1e-8)).sum(-1)


@log_bernoulli.misconception("Right size, wrong sign: this is the cross-entropy, a loss. The log-likelihood is minus that.")
def cross_entropy_sign(x, logits):
    return torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)


@log_bernoulli.misconception("Only the pixels that are on count here: the term (1 − x) log(1 − π) is missing.")
def only_pixels_on(x, logits):
    return (x * torch.nn.functional.logsigmoid(logits)).sum(-1)


@log_bernoulli.misconception(
    "A mean over pixels where a sum belongs: with 784 pixels the KL would weigh 784 times too much (a hidden β)."
)
def mean_over_pixels(x, logits):
    return -torch.nn.functional.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(-1)


@log_bernoulli.misconception("The sigmoid is applied twice: the logits are logits already.")
def sigmoid_twice(x, logits):
    return -torch.nn.functional.binary_cross_entropy_with_logits(torch.sigmoid(logits), x, reduction="none").sum(-1)


def slope_of_average(dfdz, logvar, noise):
    """Central differences of mean_s sum dfdz * z_s(mu, logvar), which is linear in z."""

    def average(mu, logvar):
        return (dfdz * by_inverse_cdf(mu, logvar, noise)).sum(-1).mean()

    step, origin = 1e-5, np.zeros_like(logvar)
    axes = np.eye(len(logvar)) * step
    d_mu = [(average(e, logvar) - average(-e, logvar)) / (2 * step) for e in axes]
    d_logvar = [(average(origin, logvar + e) - average(origin, logvar - e)) / (2 * step) for e in axes]
    return np.array(d_mu), np.array(d_logvar)


def draw_slopes(rng: np.random.Generator):
    samples, dim = rng.integers(2, 9), rng.integers(2, 5)
    return rng.normal(size=(samples, dim)), rng.normal(size=dim), rng.normal(size=(samples, dim)).clip(-4, 4)


def decoder_slopes():
    """d log p(x|z) / dz at 16 samples of the first image's posterior."""
    answers = probe("vae-mnist")
    model = reference.load("vae-mnist").double()
    z = answers.z[:, 0].clone().requires_grad_()
    (slopes,) = torch.autograd.grad(model.log_likelihood(answers.x[0], z).sum(), z)
    return (
        "∇ log p(x|z) of vae-mnist's first image",
        (slopes.numpy(), answers.logvar[0].numpy(), answers.noise[:, 0].numpy()),
        None,
    )


pathwise_gradient = Exercise(
    "ps2.4",
    "pathwise_gradient",
    ["dfdz", "logvar", "noise"],
    oracle=slope_of_average,
    draw=draw_slopes,
    reference=decoder_slopes,
    unit="",
    item="latent",
    tolerance=1e-4,
)
pathwise_gradient.case("f = z², φ = 1.5, noise ±1 (σ = 1)", [[5.0], [1.0]], [0.0], [[1.0], [-1.0]], expected=([3.0], [1.0]))
pathwise_gradient.case(
    "no noise: no slope along logvar", [[2.0, -1.0]], [0.4, 0.1], [[0.0, 0.0]], expected=([2.0, -1.0], [0.0, 0.0])
)


@pathwise_gradient.misconception(
    "The slope along logvar lacks its ½: z = μ + exp(logvar / 2)·noise, so the chain rule brings ½ exp(logvar / 2)·noise."
)
def inner_half_missing(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * (0.5 * logvar).exp() * noise).mean(0)


@pathwise_gradient.misconception("These are slopes along σ, not along logvar: multiply by dσ/dlogvar = ½ exp(logvar / 2).")
def slope_along_std(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * noise).mean(0)


@pathwise_gradient.misconception("A sum over samples: an expectation is estimated by their mean.")
def sum_of_slopes(dfdz, logvar, noise):
    return dfdz.sum(0), (dfdz * 0.5 * (0.5 * logvar).exp() * noise).sum(0)


@pathwise_gradient.misconception("exp(logvar) is used as the standard deviation: it is the variance.")
def variance_in_slope(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * 0.5 * logvar.exp() * noise).mean(0)


def slope_of_log_density(f, z, mu, logvar):
    """Autograd through torch.distributions' log density, weighed by f."""
    mu, logvar = (torch.tensor(a, requires_grad=True) for a in (mu, logvar))
    log_q = torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(torch.tensor(z)).sum(-1)
    return tuple(g.numpy() for g in torch.autograd.grad((torch.tensor(f) * log_q).mean(), (mu, logvar)))


def draw_scores(rng: np.random.Generator):
    samples, dim = rng.integers(2, 9), rng.integers(2, 5)
    mu, logvar = rng.normal(size=(2, dim))
    return rng.normal(size=samples), mu + rng.normal(size=(samples, dim)), mu, logvar


def reference_scores():
    answers = probe("vae-mnist")
    mu, logvar, z = answers.mu[0], answers.logvar[0], answers.z[:, 0]
    f = answers.log_weights[:, 0]
    return "log weights of vae-mnist's first image", (f.numpy(), z.numpy(), mu.numpy(), logvar.numpy()), None


score_function_gradient = Exercise(
    "ps2.5",
    "score_function_gradient",
    ["f", "z", "mu", "logvar"],
    oracle=slope_of_log_density,
    draw=draw_scores,
    reference=reference_scores,
    unit="",
    item="latent",
    tolerance=1e-4,
)
score_function_gradient.case(
    "f = z², φ = 1.5, z = 2.5 and 0.5", [6.25, 0.25], [[2.5], [0.5]], [1.5], [0.0], expected=([3.0], [0.0])
)
score_function_gradient.case("a sample two σ away", [1.0], [[4.0]], [0.0], [2 * LN2], expected=([1.0], [1.5]))


@score_function_gradient.misconception("The score along μ is (z − μ)/σ²: the division by the variance is missing.")
def variance_missing(f, z, mu, logvar):
    return (f[:, None] * (z - mu)).mean(0), (f[:, None] * 0.5 * ((z - mu) ** 2 / logvar.exp() - 1)).mean(0)


@score_function_gradient.misconception(
    "Right size, wrong sign: the log density rises towards z, so its slope along μ is (z − μ)/σ²."
)
def score_sign(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return -(f[:, None] * d).mean(0), -(f[:, None] * 0.5 * ((z - mu) * d - 1)).mean(0)


@score_function_gradient.misconception(
    "The −1 in the score along logvar is missing: it comes from the −½ logvar of the log density."
)
def log_term_missing(f, z, mu, logvar):
    return (f[:, None] * (z - mu) / logvar.exp()).mean(0), (f[:, None] * 0.5 * (z - mu) ** 2 / logvar.exp()).mean(0)


@score_function_gradient.misconception("A sum over samples: an expectation is estimated by their mean.")
def sum_of_scores(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return (f[:, None] * d).sum(0), (f[:, None] * 0.5 * ((z - mu) * d - 1)).sum(0)


@score_function_gradient.misconception("f is not used: without it this is the average score, whose expectation is 0.")
def f_forgotten(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return d.mean(0), (0.5 * ((z - mu) * d - 1)).mean(0)


@score_function_gradient.misconception("The two averages are taken apart: f and the score of the same sample belong together.")
def averages_apart(f, z, mu, logvar):
    d = (z - mu) / logvar.exp()
    return f.mean() * d.mean(0), f.mean() * (0.5 * ((z - mu) * d - 1)).mean(0)
