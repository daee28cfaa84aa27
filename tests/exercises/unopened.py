"""Wrong answers to the 28 exercises of ps1 to ps5, for a program that names a mistake from the answers alone.

Written on 2026-11-24 by a fresh hand that had seen the statements and the solutions, and neither the program, nor the
misconceptions that the exercises declare, nor any diagnosis. Where the mistake is (`step`, of a vocabulary that was derived
from the statement first), what it is (`kind`) and why it was made (`cause`) were stored with each answer when it was written.
Two mistakes at once have a tuple of two steps and a tuple of two kinds, in the same order.
Each answer was run through the public `grade` once: it earned less than all points. Those that earned all points although
the statement says that they are wrong are the last ones; each has had a row that shows what is wrong since then.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F

KINDS = (
    "left out",
    "sign",
    "factor",
    "power or root",
    "std, variance or log-variance",
    "log or exp",
    "reduction",
    "axis or shape",
    "argument exchanged",
    "argument ignored",
    "index or order",
    "constant",
    "clamp or overflow",
    "precision",
    "gradient",
    "randomness",
    "in place",
    "another quantity",
    "another algorithm",
    "edge",
)

STEPS = {
    "kl_discrete": [
        "ratio of q to p",
        "logarithm",
        "weight by q",
        "outcomes where q is zero",
        "outcomes where p is zero",
        "sum over the outcomes",
    ],
    "kl_normal": [
        "log-ratio of the variances",
        "squared distance of the means",
        "variance of q",
        "variance of p",
        "minus one",
        "factor one half",
        "sum over the dimensions",
    ],
    "kl_standard_normal": [
        "square of the mean",
        "variance",
        "log-variance",
        "minus one",
        "factor one half",
        "sum over the latents",
    ],
    "kl_monte_carlo": ["difference of the logs", "weights of the samples", "average over the samples"],
    "reparameterize": ["deviation from the log-variance", "noise", "deviation times noise", "adding the mean"],
    "log_normal": [
        "constant log two pi",
        "log-variance",
        "squared distance",
        "division by the variance",
        "factor minus one half",
        "sum over the dimensions",
    ],
    "log_bernoulli": [
        "from logit to probability",
        "pixels that are on",
        "pixels that are off",
        "grey pixels",
        "extreme logits",
        "sum over the pixels",
    ],
    "pathwise_gradient": [
        "gradient along the mean",
        "derivative of z",
        "slope times derivative",
        "average over the samples",
        "order of the pair",
    ],
    "score_function_gradient": [
        "distance from the mean",
        "score along the mean",
        "score along the log-variance",
        "weight by f",
        "average over the samples",
        "order of the pair",
    ],
    "elbo": ["log-likelihood of the pixels", "sum over the pixels", "KL to the prior", "beta", "one bound per image"],
    "training_step": [
        "halves of the encoding",
        "sampling z",
        "logits",
        "reconstruction",
        "KL to the prior",
        "average over the batch",
        "gradient",
        "update",
    ],
    "importance_log_likelihood": [
        "shift by the maximum",
        "exponential of the weights",
        "mean of the weights",
        "number of samples",
        "logarithm of the mean",
    ],
    "active_units": ["variance over the images", "comparison with the threshold", "count"],
    "match_reference": [
        "linear layers",
        "gated layers",
        "encoder heads",
        "clamp of the log-variance",
        "sampling z",
        "decoder",
        "log-likelihood of the pixels",
        "KL to the prior",
        "difference of the terms",
    ],
    "epitome_masks": [
        "number of epitomes",
        "first latent of each",
        "last latent of each",
        "latents left over",
        "zeros and ones",
        "rows and columns",
    ],
    "masked_kl": ["masked mean", "masked log-variance", "variance off the epitome", "KL of each latent", "sum over the latents"],
    "epitome_costs": [
        "reconstruction",
        "KL of each latent",
        "sum over an epitome's latents",
        "term log E",
        "sign of the cost",
    ],
    "assign": ["cheapest epitome", "equal costs", "counts", "epitomes without images", "order of the pair"],
    "stratified_batches": ["random order", "grouping by epitome", "order inside an epitome", "dealing", "batch of each image"],
    "epitome_activity": ["mask of each image", "masked mean", "average over the images", "squared deviations", "division by n-1"],
    "match_epitomic": [
        "encoder",
        "choice of the epitome",
        "sampling z",
        "mask before the decoder",
        "decoder",
        "log-likelihood of the pixels",
        "KL of the choice",
        "term log E",
    ],
    "three_terms": ["reconstruction", "entropy of one latent", "sum over the latents", "cross-entropy", "mean over the images"],
    "log_mixture": [
        "density of one component",
        "sum over the latents",
        "sum over the components",
        "weight one over K",
        "out of log space",
    ],
    "vampprior_log_prob": [
        "clamp of the pseudo-inputs",
        "encoding",
        "density of one component",
        "sum over the components",
        "weight one over K",
        "gradient to the pseudo-inputs",
    ],
    "vampprior_sample": ["choice of the component", "parameters of the component", "deviation from the log-variance", "noise"],
    "hvae_log_weight": [
        "log density of a Gaussian",
        "likelihood of the image",
        "prior of z1",
        "prior of z2",
        "posterior of z1",
        "posterior of z2",
        "sum over the latents",
        "difference of the logs",
    ],
    "chunked_log_likelihood": [
        "joining the chunks",
        "log of the mean",
        "number of samples",
        "from nats to bits",
        "mean over the images",
    ],
    "match_vampprior": [
        "encoding",
        "sampling z",
        "decoder",
        "log-likelihood of the pixels",
        "prior of z",
        "posterior of z",
        "sum of the terms",
    ],
}


@dataclass(frozen=True)
class Answer:
    """A wrong answer: what it answers, where it is wrong, how, and why."""

    exercise: str
    name: str
    step: str | tuple[str, str]
    kind: str | tuple[str, str]
    cause: str
    function: Callable


ANSWERS: list[Answer] = []


def wrong(exercise: str, name: str, step: str | tuple[str, str], kind: str | tuple[str, str], cause: str) -> Callable:
    """Put the decorated function among the ANSWERS."""

    def keep(function: Callable) -> Callable:
        ANSWERS.append(Answer(exercise, name, step, kind, cause, function))
        return function

    return keep


def encode(x, weights):
    """The cell that ps5 gives to everyone, word for word: mu and logvar of q(z|x)."""

    def linear(h, layer):
        return F.linear(h, weights[f"encoder.{layer}.weight"], weights[f"encoder.{layer}.bias"])

    h = F.glu(linear(x, "body.0"), -1)
    h = F.glu(linear(h, "body.2"), -1)
    return linear(h, "mu"), linear(h, "logvar").clamp(-6, 2)


# ---------------------------------------------------------------------------------------------------------------- ps1.1


@wrong(
    "kl_discrete",
    "kl_div with its arguments as named",
    step="ratio of q to p",
    kind="argument exchanged",
    cause="F.kl_div(input, target) computes KL(target || input), the student reads it from left to right.",
)
def kl_discrete_kl_div(q, p):
    return F.kl_div(q.log(), p, reduction="none").sum(-1)


@wrong(
    "kl_discrete",
    "a small number everywhere",
    step="outcomes where p is zero",
    kind="clamp or overflow",
    cause="1e-8 is added to q and p against log 0, so that an impossible outcome costs about 18 nats instead of infinitely many.",
)
def kl_discrete_epsilon(q, p):
    eps = 1e-8
    q, p = q + eps, p + eps
    return (q * torch.log(q / p)).sum(dim=-1)


@wrong(
    "kl_discrete",
    "nan_to_num on the terms",
    step="outcomes where p is zero",
    kind="clamp or overflow",
    cause="nan_to_num mends 0 log 0 but also turns infinity into the largest float.",
)
def kl_discrete_nan_to_num(q, p):
    terms = torch.nan_to_num(q * torch.log(q / p), nan=0.0)
    return terms.sum(-1)


@wrong(
    "kl_discrete",
    "both must be positive",
    step="outcomes where p is zero",
    kind="edge",
    cause="All outcomes with a zero in q or in p are skipped, also those that p forbids and q takes.",
)
def kl_discrete_both_positive(q, p):
    support = (q > 0) & (p > 0)
    ratio = torch.where(support, q, torch.ones_like(q)) / torch.where(support, p, torch.ones_like(p))
    return torch.where(support, q * ratio.log(), torch.zeros_like(q)).sum(-1)


@wrong(
    "kl_discrete",
    "infinite wherever p is zero",
    step="outcomes where p is zero",
    kind="edge",
    cause="A zero of p is made infinitely dear without asking whether q ever takes that outcome.",
)
def kl_discrete_infinite_too_often(q, p):
    terms = torch.where(q > 0, q * (q.clamp(min=1e-300).log() - p.clamp(min=1e-300).log()), 0.0)
    return torch.where((p == 0).any(-1), torch.inf, terms.sum(-1))


@wrong(
    "kl_discrete",
    "indexing flattens",
    step="sum over the outcomes",
    kind="axis or shape",
    cause="q[q > 0] loses the shape, so that the sum runs over all distributions at once.",
)
def kl_discrete_flat(q, p):
    keep = q > 0
    return (q[keep] * torch.log(q[keep] / p[keep])).sum()


@wrong(
    "kl_discrete",
    "absolute terms",
    step="sum over the outcomes",
    kind="sign",
    cause="The student has heard that KL is never negative and takes the absolute value of each term.",
)
def kl_discrete_absolute(q, p):
    terms = torch.xlogy(q, q) - torch.xlogy(q, p)
    return terms.abs().sum(-1)


@wrong(
    "kl_discrete",
    "mass left unweighted",
    step="weight by q",
    kind="left out",
    cause="The log-ratios are summed without the probability that each of them has.",
)
def kl_discrete_unweighted(q, p):
    log_ratio = torch.where(q > 0, q, 1.0).log() - torch.where(q > 0, p, 1.0).log()
    return log_ratio.sum(-1)


@wrong(
    "kl_discrete",
    "first axis summed",
    step="sum over the outcomes",
    kind="axis or shape",
    cause="The sum runs over the first dimension: right for a single pair, wrong with distributions in front.",
)
def kl_discrete_first_axis(q, p):
    inside = q > 0
    q, p = torch.where(inside, q, 1.0), torch.where(inside, p, 1.0)
    return torch.sum(q * torch.log(q / p), 0)


@wrong(
    "kl_discrete",
    "Jensen-Shannon",
    step="ratio of q to p",
    kind="another quantity",
    cause="Both are compared with their average and the two results are averaged: the Jensen-Shannon divergence.",
)
def kl_discrete_jensen_shannon(q, p):
    m = 0.5 * (q + p)
    left = torch.xlogy(q, q) - torch.xlogy(q, m)
    right = torch.xlogy(p, p) - torch.xlogy(p, m)
    return 0.5 * (left + right).sum(-1)


@wrong(
    "kl_discrete",
    "cross-entropy alone",
    step="logarithm",
    kind="another quantity",
    cause="The cross-entropy loss is taken for the divergence: the entropy of q is not subtracted.",
)
def kl_discrete_cross_entropy(q, p):
    return -torch.xlogy(q, p).sum(-1)


@wrong(
    "kl_discrete",
    "probabilities through a softmax",
    step="logarithm",
    kind="log or exp",
    cause="The student takes q and p for logits and normalises them again with a softmax.",
)
def kl_discrete_softmax(q, p):
    log_q, log_p = F.log_softmax(q, -1), F.log_softmax(p, -1)
    return (log_q.exp() * (log_q - log_p)).sum(-1)


@wrong(
    "kl_discrete",
    "chi-square",
    step="ratio of q to p",
    kind="another quantity",
    cause="A physicist's chi-square distance (q-p)^2/p is used, which is twice KL to second order only.",
)
def kl_discrete_chi_square(q, p):
    diff = (q - p) ** 2
    return 0.5 * torch.where(diff > 0, diff / p, 0.0).sum(-1)


@wrong(
    "kl_discrete",
    "bits, and averaged",
    step=("logarithm", "sum over the outcomes"),
    kind=("constant", "reduction"),
    cause="log2 gives bits, and mean(-1) divides by the number of outcomes on top.",
)
def kl_discrete_bits_mean(q, p):
    some = q > 0
    q, p = torch.where(some, q, 1.0), torch.where(some, p, 1.0)
    return (q * torch.log2(q / p)).mean(-1)


@wrong(
    "kl_discrete",
    "weighted by p, in decimal digits",
    step=("weight by q", "logarithm"),
    kind=("argument exchanged", "constant"),
    cause="The average of log q/p is taken under p, and with the decimal logarithm of the pocket calculator.",
)
def kl_discrete_under_p(q, p):
    inside = q > 0
    ratio = torch.where(inside, q, 1.0) / torch.where(inside, p, 1.0)
    return (p * torch.log10(ratio)).sum(-1)


@wrong(
    "kl_discrete",
    "zero of q counted as certain",
    step="outcomes where q is zero",
    kind="constant",
    cause="Where q is zero it is set to 1, against log 0, in the weight too; p is left: such an outcome costs -log p.",
)
def kl_discrete_zero_as_one(q, p):
    q = torch.where(q > 0, q, 1.0)
    return (q * (q.log() - p.log())).sum(-1)


# ---------------------------------------------------------------------------------------------------------------- ps1.2


@wrong(
    "kl_normal",
    "Normal takes a deviation",
    step="variance of q",
    kind="std, variance or log-variance",
    cause="torch.distributions.Normal expects the standard deviation, q gets its variance (p is done right).",
)
def kl_normal_variance_as_scale(mu_q, logvar_q, mu_p, logvar_p):
    q = torch.distributions.Normal(mu_q, logvar_q.exp())
    p = torch.distributions.Normal(mu_p, (logvar_p / 2).exp())
    return torch.distributions.kl_divergence(q, p).sum(-1)


@wrong(
    "kl_normal",
    "one half subtracted once",
    step="minus one",
    kind="constant",
    cause="The constant 1/2 is subtracted after the sum over the dimensions, so once instead of once for each.",
)
def kl_normal_half_once(mu_q, logvar_q, mu_p, logvar_p):
    kl = 0.5 * (logvar_p - logvar_q) + (logvar_q.exp() + (mu_q - mu_p) ** 2) / (2 * logvar_p.exp())
    return kl.sum(-1) - 0.5


@wrong(
    "kl_normal",
    "log of sigma ratio without half",
    step="log-ratio of the variances",
    kind="factor",
    cause="log(sigma_p/sigma_q) is written as the difference of the log-variances, which is twice as much.",
)
def kl_normal_logratio_full(mu_q, logvar_q, mu_p, logvar_p):
    var_q, var_p = logvar_q.exp(), logvar_p.exp()
    return (logvar_p - logvar_q + (var_q + (mu_q - mu_p).pow(2)) / (2 * var_p) - 0.5).sum(-1)


@wrong(
    "kl_normal",
    "slash before times",
    step="variance of p",
    kind="index or order",
    cause="a / 2 * s**2 is read by Python from left to right: the variance of p multiplies instead of dividing.",
)
def kl_normal_precedence(mu_q, logvar_q, mu_p, logvar_p):
    s_q, s_p = torch.exp(logvar_q / 2), torch.exp(logvar_p / 2)
    return (torch.log(s_p / s_q) + (s_q**2 + (mu_q - mu_p) ** 2) / 2 * s_p**2 - 1 / 2).sum(-1)


@wrong(
    "kl_normal",
    "only the distance over var_p",
    step="variance of q",
    kind="left out",
    cause="A missing bracket: only the squared distance is divided by the variance of p, the variance of q stands alone.",
)
def kl_normal_bracket(mu_q, logvar_q, mu_p, logvar_p):
    return 0.5 * (logvar_p - logvar_q + logvar_q.exp() + (mu_q - mu_p) ** 2 / logvar_p.exp() - 1).sum(-1)


@wrong(
    "kl_normal",
    "distance measured in q",
    step="squared distance of the means",
    kind="argument exchanged",
    cause="The distance of the means is divided by the variance of q, as if q were the ruler.",
)
def kl_normal_mahalanobis_q(mu_q, logvar_q, mu_p, logvar_p):
    delta = mu_p - mu_q
    trace = (logvar_q - logvar_p).exp()
    return 0.5 * (trace + delta**2 * (-logvar_q).exp() - 1 + logvar_p - logvar_q).sum(-1)


@wrong(
    "kl_normal",
    "difference of squares",
    step="squared distance of the means",
    kind="power or root",
    cause="The square is applied to each mean before the difference: mu_q^2 - mu_p^2.",
)
def kl_normal_difference_of_squares(mu_q, logvar_q, mu_p, logvar_p):
    squares = (logvar_q.exp() + mu_q**2 - mu_p**2) / logvar_p.exp()
    return (0.5 * (logvar_p - logvar_q) + 0.5 * squares - 0.5).sum(-1)


@wrong(
    "kl_normal",
    "summed before squared",
    step="squared distance of the means",
    kind="index or order",
    cause="The standardised distances are summed over the dimensions first and squared after.",
)
def kl_normal_sum_then_square(mu_q, logvar_q, mu_p, logvar_p):
    shift = ((mu_q - mu_p) / (0.5 * logvar_p).exp()).sum(-1) ** 2
    rest = (logvar_p - logvar_q + (logvar_q - logvar_p).exp() - 1).sum(-1)
    return 0.5 * (shift + rest)


@wrong(
    "kl_normal",
    "exp in place",
    step="variance of q",
    kind="in place",
    cause="exp_() saves memory and overwrites the caller's log-variances.",
)
def kl_normal_in_place(mu_q, logvar_q, mu_p, logvar_p):
    log_ratio = logvar_p - logvar_q
    var_q, var_p = logvar_q.exp_(), logvar_p.exp_()
    return 0.5 * (log_ratio + (var_q + (mu_q - mu_p) ** 2) / var_p - 1).sum(-1)


@wrong(
    "kl_normal",
    "clamped for safety",
    step="variance of p",
    kind="clamp or overflow",
    cause="The log-variances are clamped to -5..5 'for stability', which changes the answer outside.",
)
def kl_normal_clamped(mu_q, logvar_q, mu_p, logvar_p):
    logvar_q, logvar_p = logvar_q.clamp(-5, 5), logvar_p.clamp(-5, 5)
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@wrong(
    "kl_normal",
    "Wasserstein",
    step="log-ratio of the variances",
    kind="another quantity",
    cause="The squared 2-Wasserstein distance of the Gaussians is returned.",
)
def kl_normal_wasserstein(mu_q, logvar_q, mu_p, logvar_p):
    s_q, s_p = (0.5 * logvar_q).exp(), (0.5 * logvar_p).exp()
    return ((mu_q - mu_p) ** 2 + (s_q - s_p) ** 2).sum(-1)


@wrong(
    "kl_normal",
    "Jeffreys",
    step="log-ratio of the variances",
    kind="another quantity",
    cause="A statistician averages both directions because a distance ought to be symmetric.",
)
def kl_normal_jeffreys(mu_q, logvar_q, mu_p, logvar_p):
    d2 = (mu_q - mu_p) ** 2
    forward = (logvar_q.exp() + d2) / logvar_p.exp() - 1 + logvar_p - logvar_q
    backward = (logvar_p.exp() + d2) / logvar_q.exp() - 1 + logvar_q - logvar_p
    return 0.25 * (forward + backward).sum(-1)


@wrong(
    "kl_normal",
    "a thousand samples",
    step="sum over the dimensions",
    kind="another algorithm",
    cause="The formula is replaced by a Monte Carlo average over samples of q, which is near but never equal.",
)
def kl_normal_sampled(mu_q, logvar_q, mu_p, logvar_p):
    mu_q, logvar_q, mu_p, logvar_p = torch.broadcast_tensors(mu_q, logvar_q, mu_p, logvar_p)
    q = torch.distributions.Normal(mu_q, (0.5 * logvar_q).exp())
    p = torch.distributions.Normal(mu_p, (0.5 * logvar_p).exp())
    z = q.rsample((1000,))
    return (q.log_prob(z) - p.log_prob(z)).mean(0).sum(-1)


@wrong(
    "kl_normal",
    "ratio reversed, no minus one",
    step=("log-ratio of the variances", "minus one"),
    kind=("sign", "left out"),
    cause="log sigma_q/sigma_p stands in place of log sigma_p/sigma_q, and the constant is forgotten.",
)
def kl_normal_reversed_ratio(mu_q, logvar_q, mu_p, logvar_p):
    sq, sp = torch.exp(0.5 * logvar_q), torch.exp(0.5 * logvar_p)
    return torch.sum(torch.log(sq / sp) + (sq**2 + (mu_q - mu_p) ** 2) / (2 * sp**2), dim=-1)


@wrong(
    "kl_normal",
    "absolute distance, averaged",
    step=("squared distance of the means", "sum over the dimensions"),
    kind=("power or root", "reduction"),
    cause="The distance of the means is not squared but made positive, and the dimensions are averaged.",
)
def kl_normal_abs_mean(mu_q, logvar_q, mu_p, logvar_p):
    inside = logvar_p - logvar_q + (logvar_q.exp() + torch.abs(mu_q - mu_p)) / logvar_p.exp() - 1
    return (inside / 2).mean(-1)


@wrong(
    "kl_normal",
    "halved twice",
    step="factor one half",
    kind="factor",
    cause="The denominator 2 sigma_p^2 of the formula is typed inside a bracket that is halved as a whole.",
)
def kl_normal_halved_twice(mu_q, logvar_q, mu_p, logvar_p):
    fraction = (logvar_q.exp() + (mu_q - mu_p) ** 2) / (2 * logvar_p.exp())
    return 0.5 * (logvar_p - logvar_q + fraction - 1).sum(-1)


# ---------------------------------------------------------------------------------------------------------------- ps1.3


@wrong(
    "kl_standard_normal",
    "sign of the variance",
    step="variance",
    kind="sign",
    cause="The well-known line -0.5*sum(1 + logvar - mu^2 - exp(logvar)) is remembered with a plus before the exponential.",
)
def kl_standard_normal_sign(mu, logvar):
    return -0.5 * torch.sum(1 + logvar - mu.pow(2) + logvar.exp(), dim=-1)


@wrong(
    "kl_standard_normal",
    "deviation for variance",
    step="variance",
    kind="std, variance or log-variance",
    cause="The sigma made for sampling, exp(logvar/2), is used where its square belongs.",
)
def kl_standard_normal_std(mu, logvar):
    sigma = torch.exp(0.5 * logvar)
    return 0.5 * (mu**2 + sigma - logvar - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "log sigma inside the bracket",
    step="log-variance",
    kind="factor",
    cause="log sigma = logvar/2 is put inside the bracket that is halved again.",
)
def kl_standard_normal_log_sigma(mu, logvar):
    log_sigma = logvar / 2
    return 0.5 * (mu**2 + (2 * log_sigma).exp() - log_sigma - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "expm1 and minus one",
    step="minus one",
    kind="constant",
    cause="expm1 subtracts the one already, and it is subtracted a second time.",
)
def kl_standard_normal_expm1(mu, logvar):
    return 0.5 * (mu.square() + torch.expm1(logvar) - logvar - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "norm of the mean",
    step="square of the mean",
    kind="power or root",
    cause="mu.norm() is the root of the sum of squares; the square is missing.",
)
def kl_standard_normal_norm(mu, logvar):
    return 0.5 * (mu.norm(dim=-1) + (logvar.exp() - logvar - 1).sum(-1))


@wrong(
    "kl_standard_normal",
    "square of mean plus sigma",
    step="square of the mean",
    kind="power or root",
    cause="E[z^2] is taken for (mu + sigma)^2 instead of mu^2 + sigma^2.",
)
def kl_standard_normal_binomial(mu, logvar):
    sigma = (0.5 * logvar).exp()
    second_moment = (mu + sigma) ** 2
    return 0.5 * (second_moment - logvar - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "log of variance plus epsilon",
    step="log-variance",
    kind="clamp or overflow",
    cause="The logarithm is taken again, of the variance plus 1e-4, which bounds it from below.",
)
def kl_standard_normal_log_eps(mu, logvar):
    var = logvar.exp()
    return 0.5 * (mu**2 + var - torch.log(var + 1e-4) - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "dim=1",
    step="sum over the latents",
    kind="axis or shape",
    cause="The sum runs over dimension 1, copied from code for batches: it fails for one image or three dimensions.",
)
def kl_standard_normal_dim1(mu, logvar):
    return -0.5 * torch.sum(1 + logvar - mu**2 - logvar.exp(), dim=1)


@wrong(
    "kl_standard_normal",
    "free bits",
    step="sum over the latents",
    kind="another quantity",
    cause="Each latent is charged at least 0.1 nats (free bits), which is a training trick and not the divergence.",
)
def kl_standard_normal_free_bits(mu, logvar):
    per_latent = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return per_latent.clamp(min=0.1).sum(-1)


@wrong(
    "kl_standard_normal",
    "prior against posterior",
    step="variance",
    kind="argument exchanged",
    cause="The standard normal is put in the place of q: KL(N(0,I) || q).",
)
def kl_standard_normal_reverse(mu, logvar):
    return 0.5 * (logvar + (1 + mu**2) * torch.exp(-logvar) - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "entropy of q alone",
    step="square of the mean",
    kind="another quantity",
    cause="Only minus the entropy of q and the constant of the prior are kept; where q lies is forgotten.",
)
def kl_standard_normal_negentropy(mu, logvar):
    negative_entropy = -0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)
    return negative_entropy + 0.5 * mu.shape[-1] * math.log(2 * math.pi)


@wrong(
    "kl_standard_normal",
    "clamped log-variance",
    step="log-variance",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -4..4 before use: right for most posteriors, wrong for narrow ones.",
)
def kl_standard_normal_clamp(mu, logvar):
    lv = torch.clamp(logvar, -4.0, 4.0)
    return 0.5 * (mu**2 + lv.exp() - lv - 1).sum(-1)


@wrong(
    "kl_standard_normal",
    "no half and a lone constant",
    step=("factor one half", "minus one"),
    kind=("left out", "reduction"),
    cause="The half is lost, and the one is subtracted once after the sum.",
)
def kl_standard_normal_no_half(mu, logvar):
    return (mu**2 + logvar.exp() - logvar).sum(-1) - 1


@wrong(
    "kl_standard_normal",
    "mean not squared, batch averaged",
    step=("square of the mean", "sum over the latents"),
    kind=("power or root", "reduction"),
    cause="mu stands without its square, and the sum over latents is followed by the batch average of a training loop.",
)
def kl_standard_normal_mu_mean(mu, logvar):
    return (0.5 * (mu + logvar.exp() - logvar - 1)).sum(-1).mean()


# ---------------------------------------------------------------------------------------------------------------- ps1.4


@wrong(
    "kl_monte_carlo",
    "weighted by q again",
    step="weights of the samples",
    kind="another algorithm",
    cause="The discrete sum q(log q - log p) is copied: the samples come from q already, so q counts twice.",
)
def kl_monte_carlo_weighted(log_q, log_p):
    return (log_q.exp() * (log_q - log_p)).sum(0)


@wrong(
    "kl_monte_carlo",
    "kl_div with log target",
    step="weights of the samples",
    kind="another algorithm",
    cause="F.kl_div multiplies by exp(target); at samples nothing is to be multiplied. Then it is averaged.",
)
def kl_monte_carlo_kl_div(log_q, log_p):
    return F.kl_div(log_p, log_q, reduction="none", log_target=True).mean(0)


@wrong(
    "kl_monte_carlo",
    "never below zero",
    step="average over the samples",
    kind="edge",
    cause="A KL cannot be negative, so the student cuts the estimate off at zero, which makes it biased.",
)
def kl_monte_carlo_clamp(log_q, log_p):
    return (log_q - log_p).mean(0).clamp(min=0)


@wrong(
    "kl_monte_carlo",
    "Schulman's k3",
    step="difference of the logs",
    kind="another algorithm",
    cause="The low-variance estimator r - 1 - log r of reinforcement learning is used: same expectation, other numbers.",
)
def kl_monte_carlo_k3(log_q, log_p):
    log_r = log_p - log_q
    return (log_r.exp() - 1 - log_r).mean(0)


@wrong(
    "kl_monte_carlo",
    "half the square",
    step="difference of the logs",
    kind="another algorithm",
    cause="The estimator half the squared log-ratio is used, which agrees only where q and p are close.",
)
def kl_monte_carlo_k2(log_q, log_p):
    return 0.5 * ((log_q - log_p) ** 2).mean(0)


@wrong(
    "kl_monte_carlo",
    "log of the mean ratio",
    step="average over the samples",
    kind="index or order",
    cause="The average of the ratios is taken first and its logarithm after: log E[q/p] is not E[log q/p].",
)
def kl_monte_carlo_log_mean(log_q, log_p):
    return torch.logsumexp(log_q - log_p, 0) - math.log(log_q.shape[0])


@wrong(
    "kl_monte_carlo",
    "last axis averaged",
    step="average over the samples",
    kind="axis or shape",
    cause="The habit of mean(-1): right with nothing behind the samples, the wrong axis otherwise.",
)
def kl_monte_carlo_last_axis(log_q, log_p):
    return (log_q - log_p).mean(-1)


@wrong(
    "kl_monte_carlo",
    "Bessel's correction",
    step="average over the samples",
    kind="factor",
    cause="A statistician divides by n - 1, which belongs to a variance.",
)
def kl_monte_carlo_bessel(log_q, log_p):
    n = log_q.shape[0]
    return torch.sum(log_q - log_p, dim=0) / max(n - 1, 1)


@wrong(
    "kl_monte_carlo",
    "running average forgets",
    step="average over the samples",
    kind="another algorithm",
    cause="The running average is updated by halves, so that the last sample weighs as much as all before.",
)
def kl_monte_carlo_running(log_q, log_p):
    estimate = log_q[0] - log_p[0]
    for lq, lp in zip(log_q[1:], log_p[1:]):
        estimate = (estimate + (lq - lp)) / 2
    return estimate


@wrong(
    "kl_monte_carlo",
    "ratio of the logs",
    step="difference of the logs",
    kind="log or exp",
    cause="log(q/p) is written as log q / log p.",
)
def kl_monte_carlo_ratio(log_q, log_p):
    return (log_q / log_p).mean(0)


@wrong(
    "kl_monte_carlo",
    "densities minus densities",
    step="difference of the logs",
    kind="log or exp",
    cause="The logs are undone first, so that densities and not log densities are compared.",
)
def kl_monte_carlo_exp(log_q, log_p):
    return (torch.exp(log_q) - torch.exp(log_p)).mean(dim=0)


@wrong(
    "kl_monte_carlo",
    "self-normalised towards p",
    step="weights of the samples",
    kind="another algorithm",
    cause="Importance weights p/q are put on the samples, which turns the average under q into one under p.",
)
def kl_monte_carlo_importance(log_q, log_p):
    w = torch.softmax(log_p - log_q, dim=0)
    return (w * (log_q - log_p)).sum(0)


@wrong(
    "kl_monte_carlo",
    "median",
    step="average over the samples",
    kind="another quantity",
    cause="The median of the log-ratios is taken because it is robust; the expectation is a mean.",
)
def kl_monte_carlo_median(log_q, log_p):
    return (log_q - log_p).quantile(0.5, dim=0)


@wrong(
    "kl_monte_carlo",
    "first sample skipped, summed",
    step=("average over the samples", "average over the samples"),
    kind=("index or order", "reduction"),
    cause="The loop begins at 1, and the sum is never divided.",
)
def kl_monte_carlo_loop(log_q, log_p):
    total = torch.zeros_like(log_q[0])
    for s in range(1, len(log_q)):
        total = total + log_q[s] - log_p[s]
    return total


@wrong(
    "kl_monte_carlo",
    "reversed, whole average",
    step=("difference of the logs", "average over the samples"),
    kind=("sign", "axis or shape"),
    cause="log p - log q, as in the ELBO, and mean() over everything that came.",
)
def kl_monte_carlo_reversed(log_q, log_p):
    return (log_p - log_q).mean()


# ---------------------------------------------------------------------------------------------------------------- ps2.1


@wrong(
    "reparameterize",
    "half outside the exponential",
    step="deviation from the log-variance",
    kind="log or exp",
    cause="0.5 * logvar.exp() is half the variance; the half belongs into the exponent.",
)
def reparameterize_half_outside(mu, logvar, noise):
    sigma = 0.5 * logvar.exp()
    return mu + sigma * noise


@wrong(
    "reparameterize",
    "root of the log-variance",
    step="deviation from the log-variance",
    kind="std, variance or log-variance",
    cause="The log-variance is taken for a variance and its root drawn (of the absolute value, after the first nan).",
)
def reparameterize_sqrt(mu, logvar, noise):
    return mu + logvar.abs().sqrt() * noise


@wrong(
    "reparameterize",
    "softplus",
    step="deviation from the log-variance",
    kind="log or exp",
    cause="As in other libraries, a softplus makes the deviation positive; the exercise gives log-variances.",
)
def reparameterize_softplus(mu, logvar, noise):
    return mu + F.softplus(logvar) * noise


@wrong(
    "reparameterize",
    "draws its own noise",
    step="noise",
    kind="randomness",
    cause="randn_like is called, as in every tutorial, and the given noise ignored.",
)
def reparameterize_own_noise(mu, logvar, noise):
    std = torch.exp(0.5 * logvar)
    eps = torch.randn_like(std)
    return mu + eps * std


@wrong(
    "reparameterize",
    "deviation under no_grad",
    step="deviation from the log-variance",
    kind="gradient",
    cause="The deviation is computed under no_grad because it is 'only sampling': no gradient reaches the log-variance.",
)
def reparameterize_no_grad(mu, logvar, noise):
    with torch.no_grad():
        std = (0.5 * logvar).exp()
    return mu + std * noise


@wrong(
    "reparameterize",
    "a leaf made anew",
    step="adding the mean",
    kind="gradient",
    cause="The mean is detached, so that the sample is right and learns nothing about mu.",
)
def reparameterize_detached_mean(mu, logvar, noise):
    return mu.detach() + (logvar / 2).exp() * noise


@wrong(
    "reparameterize",
    "noise subtracted",
    step="adding the mean",
    kind="sign",
    cause="The noise is subtracted: the same distribution, and not the sample that was asked for.",
)
def reparameterize_minus(mu, logvar, noise):
    return mu - torch.exp(0.5 * logvar) * noise


@wrong(
    "reparameterize",
    "mean and deviation exchanged",
    step="deviation times noise",
    kind="argument exchanged",
    cause="The noise multiplies the mean and the deviation is added.",
)
def reparameterize_exchanged(mu, logvar, noise):
    return torch.addcmul((0.5 * logvar).exp(), mu, noise)


@wrong(
    "reparameterize",
    "filled into the mean's shape",
    step="adding the mean",
    kind="edge",
    cause="The result is written into a tensor of the shape of mu, which is too small where mu broadcasts.",
)
def reparameterize_empty_like(mu, logvar, noise):
    z = torch.zeros_like(mu)
    z[...] = mu + (0.5 * logvar).exp() * noise
    return z


@wrong(
    "reparameterize",
    "clamped for safety",
    step="deviation from the log-variance",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -5..2, as some code does against overflow.",
)
def reparameterize_clamp(mu, logvar, noise):
    return mu + (0.5 * logvar.clamp(-5, 2)).exp() * noise


@wrong(
    "reparameterize",
    "noise standardised",
    step="noise",
    kind="another algorithm",
    cause="The noise is first brought to mean 0 and deviation 1 over its last dimension (moment matching).",
)
def reparameterize_standardised(mu, logvar, noise):
    eps = noise - noise.mean(-1, keepdim=True)
    eps = eps / eps.std(-1, keepdim=True).clamp(min=1e-12)
    return mu + (0.5 * logvar).exp() * eps


@wrong(
    "reparameterize",
    "epsilon under the root",
    step="deviation from the log-variance",
    kind="precision",
    cause="The root of variance + 1e-3 is drawn: right for ordinary variances to three digits, wrong for small ones.",
)
def reparameterize_root_eps(mu, logvar, noise):
    return mu + torch.sqrt(torch.exp(logvar) + 1e-3) * noise


@wrong(
    "reparameterize",
    "torch.normal with the variance",
    step=("noise", "deviation from the log-variance"),
    kind=("randomness", "std, variance or log-variance"),
    cause="torch.normal draws noise of its own, lets no gradient through, and is given the variance as deviation.",
)
def reparameterize_torch_normal(mu, logvar, noise):
    mu, var = torch.broadcast_tensors(mu, logvar.exp())
    return torch.normal(mu, var)


@wrong(
    "reparameterize",
    "one noise for all latents",
    step=("noise", "deviation from the log-variance"),
    kind=("axis or shape", "std, variance or log-variance"),
    cause="Only the first number of the noise is used for all latents, and the variance in place of the deviation.",
)
def reparameterize_shared_noise(mu, logvar, noise):
    return mu + logvar.exp() * noise[..., :1]


# ---------------------------------------------------------------------------------------------------------------- ps2.2


@wrong(
    "log_normal",
    "constant once",
    step="constant log two pi",
    kind="reduction",
    cause="log 2 pi is added after the sum, once for the vector instead of once for each dimension.",
)
def log_normal_constant_once(z, mu, logvar):
    return -0.5 * (math.log(2 * math.pi) + (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1))


@wrong(
    "log_normal",
    "constant times the batch",
    step="constant log two pi",
    kind="index or order",
    cause="len(z) is taken for the number of dimensions; it is the first axis.",
)
def log_normal_len(z, mu, logvar):
    d = len(z)
    return -0.5 * d * math.log(2 * math.pi) - 0.5 * (logvar + (z - mu) ** 2 * torch.exp(-logvar)).sum(-1)


@wrong(
    "log_normal",
    "root of two pi halved again",
    step="constant log two pi",
    kind="factor",
    cause="log sqrt(2 pi) stands inside the bracket that is halved anyway.",
)
def log_normal_root_halved(z, mu, logvar):
    return -0.5 * (math.log(math.sqrt(2 * math.pi)) + logvar + (z - mu).pow(2) / logvar.exp()).sum(dim=-1)


@wrong(
    "log_normal",
    "density first",
    step="sum over the dimensions",
    kind="clamp or overflow",
    cause="The density is computed and its logarithm taken: it is 0 to the computer far from the mean.",
)
def log_normal_density(z, mu, logvar):
    var = logvar.exp()
    density = torch.exp(-((z - mu) ** 2) / (2 * var)) / torch.sqrt(2 * math.pi * var)
    return density.log().sum(-1)


@wrong(
    "log_normal",
    "density kept above 1e-300",
    step="sum over the dimensions",
    kind="clamp or overflow",
    cause="The underflow of the density is hidden with a floor of 1e-300, which caps each term at -691.",
)
def log_normal_floor(z, mu, logvar):
    sigma = (0.5 * logvar).exp()
    pdf = (-0.5 * ((z - mu) / sigma) ** 2).exp() / (sigma * math.sqrt(2 * math.pi))
    return pdf.clamp(min=1e-300).log().sum(-1)


@wrong(
    "log_normal",
    "deviations cut at thirty",
    step="squared distance",
    kind="clamp or overflow",
    cause="An engineer limits the standardised distance to 30 'since nothing is ever further away'.",
)
def log_normal_cut(z, mu, logvar):
    t = ((z - mu) / (0.5 * logvar).exp()).clamp(-30, 30)
    return -0.5 * (t**2 + logvar + math.log(2 * math.pi)).sum(-1)


@wrong(
    "log_normal",
    "gaussian_nll_loss without its constant",
    step="constant log two pi",
    kind="left out",
    cause="F.gaussian_nll_loss leaves out the constant unless full=True.",
)
def log_normal_nll_loss(z, mu, logvar):
    z, mu, var = torch.broadcast_tensors(z, mu, logvar.exp())
    return -F.gaussian_nll_loss(mu, z, var, reduction="none").sum(-1)


@wrong(
    "log_normal",
    "gaussian_nll_loss and its floor",
    step="division by the variance",
    kind="clamp or overflow",
    cause="F.gaussian_nll_loss raises small variances to eps; with eps=1e-2 the narrow posteriors are wrong.",
)
def log_normal_nll_floor(z, mu, logvar):
    z, mu, var = torch.broadcast_tensors(z, mu, logvar.exp())
    return -F.gaussian_nll_loss(mu, z, var, full=True, eps=1e-2, reduction="none").sum(-1)


@wrong(
    "log_normal",
    "covariance of deviations",
    step="division by the variance",
    kind="std, variance or log-variance",
    cause="MultivariateNormal wants covariances and gets deviations on the diagonal.",
)
def log_normal_multivariate(z, mu, logvar):
    covariance = torch.diag_embed((0.5 * logvar).exp())
    return torch.distributions.MultivariateNormal(mu, covariance).log_prob(z)


@wrong(
    "log_normal",
    "sign of the log-variance",
    step="log-variance",
    kind="sign",
    cause="The width enters as +log sigma: a wide Gaussian gets a higher density.",
)
def log_normal_logvar_sign(z, mu, logvar):
    quadratic = -((z - mu) ** 2) / (2 * logvar.exp())
    return (quadratic + 0.5 * logvar - 0.5 * math.log(2 * math.pi)).sum(-1)


@wrong(
    "log_normal",
    "distances summed, then squared",
    step="squared distance",
    kind="index or order",
    cause="The standardised distances are added up before they are squared.",
)
def log_normal_sum_then_square(z, mu, logvar):
    t = ((z - mu) / torch.exp(logvar / 2)).sum(-1)
    return -0.5 * (t**2 + (logvar + math.log(2 * math.pi)).sum(-1))


@wrong(
    "log_normal",
    "centred in place",
    step="squared distance",
    kind="in place",
    cause="z -= mu centres the caller's tensor.",
)
def log_normal_in_place(z, mu, logvar):
    z -= mu
    return -0.5 * (math.log(2 * math.pi) + logvar + z**2 / logvar.exp()).sum(-1)


@wrong(
    "log_normal",
    "Laplace",
    step="squared distance",
    kind="another quantity",
    cause="The density of a Laplace distribution with this scale is returned.",
)
def log_normal_laplace(z, mu, logvar):
    scale = (0.5 * logvar).exp()
    return torch.distributions.Laplace(mu, scale).log_prob(z).sum(-1)


@wrong(
    "log_normal",
    "expected, not at z",
    step="squared distance",
    kind="another quantity",
    cause="The mean log density (minus the entropy) is returned, which does not look at z.",
)
def log_normal_entropy(z, mu, logvar):
    return -0.5 * (1 + math.log(2 * math.pi) + logvar + 0 * z).sum(-1)


@wrong(
    "log_normal",
    "no half, deviation below",
    step=("factor minus one half", "division by the variance"),
    kind=("factor", "std, variance or log-variance"),
    cause="The exponent is remembered as -(z-mu)^2/sigma: half lost and deviation instead of variance.",
)
def log_normal_no_half(z, mu, logvar):
    sigma = torch.exp(0.5 * logvar)
    return (-((z - mu) ** 2) / sigma - torch.log(sigma) - 0.5 * math.log(2 * math.pi)).sum(-1)


@wrong(
    "log_normal",
    "pi without two, averaged",
    step=("constant log two pi", "sum over the dimensions"),
    kind=("constant", "reduction"),
    cause="log pi in place of log 2 pi, and a mean over the dimensions.",
)
def log_normal_pi_mean(z, mu, logvar):
    return -0.5 * torch.mean(math.log(math.pi) + logvar + (z - mu) ** 2 / logvar.exp(), -1)


# ---------------------------------------------------------------------------------------------------------------- ps2.3


@wrong(
    "log_bernoulli",
    "sigmoid and log",
    step="extreme logits",
    kind="clamp or overflow",
    cause="The formula of the statement is typed as it stands: log 0 where the sigmoid rounds to 0 or 1.",
)
def log_bernoulli_naive(x, logits):
    p = torch.sigmoid(logits)
    return (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)


@wrong(
    "log_bernoulli",
    "probabilities clamped",
    step="extreme logits",
    kind="clamp or overflow",
    cause="The probabilities are kept between 1e-7 and 1 - 1e-7, so that a pixel costs 16 nats at most.",
)
def log_bernoulli_clamped(x, logits):
    p = torch.sigmoid(logits).clamp(1e-7, 1 - 1e-7)
    return torch.sum(x * torch.log(p) + (1 - x) * torch.log1p(-p), dim=-1)


@wrong(
    "log_bernoulli",
    "binary_cross_entropy stops at 100",
    step="extreme logits",
    kind="clamp or overflow",
    cause="F.binary_cross_entropy clamps its logarithms at -100.",
)
def log_bernoulli_bce(x, logits):
    return -F.binary_cross_entropy(logits.sigmoid(), x, reduction="none").sum(-1)


@wrong(
    "log_bernoulli",
    "own softplus overflows",
    step="extreme logits",
    kind="clamp or overflow",
    cause="log(1 + exp(l)) is typed by hand and overflows at large logits.",
)
def log_bernoulli_log1p_exp(x, logits):
    return (x * logits - torch.log1p(torch.exp(logits))).sum(-1)


@wrong(
    "log_bernoulli",
    "pixels rounded",
    step="grey pixels",
    kind="edge",
    cause="Grey pixels are rounded to black or white before they are compared.",
)
def log_bernoulli_rounded(x, logits):
    x = (x > 0.5).to(logits.dtype)
    return (x * logits - F.softplus(logits)).sum(-1)


@wrong(
    "log_bernoulli",
    "on and off by where",
    step="grey pixels",
    kind="edge",
    cause="Everything that is not exactly 0 counts as on.",
)
def log_bernoulli_where(x, logits):
    return torch.where(x == 0, F.logsigmoid(-logits), F.logsigmoid(logits)).sum(-1)


@wrong(
    "log_bernoulli",
    "Bernoulli insists on zero or one",
    step="grey pixels",
    kind="edge",
    cause="torch.distributions.Bernoulli refuses grey pixels unless its validation is off.",
)
def log_bernoulli_validates(x, logits):
    return torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)


@wrong(
    "log_bernoulli",
    "softplus with a low threshold",
    step="extreme logits",
    kind="precision",
    cause="Softplus is made linear above 2 for speed, which costs a tenth of a nat where it begins.",
)
def log_bernoulli_threshold(x, logits):
    return (x * logits - F.softplus(logits, beta=1, threshold=2)).sum(-1)


@wrong(
    "log_bernoulli",
    "only the pixels that are on",
    step="pixels that are off",
    kind="left out",
    cause="As in a classification loss only the log-probability of what is there is summed.",
)
def log_bernoulli_on_only(x, logits):
    return (x * F.logsigmoid(logits)).sum(-1)


@wrong(
    "log_bernoulli",
    "softplus signs exchanged",
    step="pixels that are off",
    kind="argument exchanged",
    cause="softplus(l) and softplus(-l) are exchanged: on pixels are scored as off.",
)
def log_bernoulli_exchanged(x, logits):
    return -(x * F.softplus(logits) + (1 - x) * F.softplus(-logits)).sum(-1)


@wrong(
    "log_bernoulli",
    "sigmoid before logits",
    step="from logit to probability",
    kind="log or exp",
    cause="The sigmoid is taken before a function that takes it itself.",
)
def log_bernoulli_double_sigmoid(x, logits):
    return -F.binary_cross_entropy_with_logits(torch.sigmoid(logits), x, reduction="none").sum(-1)


@wrong(
    "log_bernoulli",
    "stable form with one wrong sign",
    step="from logit to probability",
    kind="sign",
    cause="The stable form x l - max(l,0) - log(1+exp(-|l|)) is remembered with a plus before the logarithm.",
)
def log_bernoulli_stable_sign(x, logits):
    return (x * logits - logits.clamp(min=0) + torch.log1p(torch.exp(-logits.abs()))).sum(-1)


@wrong(
    "log_bernoulli",
    "continuous Bernoulli",
    step="grey pixels",
    kind="another quantity",
    cause="For grey pixels the properly normalised continuous Bernoulli is used, which adds its normaliser.",
)
def log_bernoulli_continuous(x, logits):
    return torch.distributions.ContinuousBernoulli(logits=logits, validate_args=False).log_prob(x).sum(-1)


@wrong(
    "log_bernoulli",
    "squared error",
    step="from logit to probability",
    kind="another quantity",
    cause="A Gaussian of unit width around the probability: minus half the squared error.",
)
def log_bernoulli_squared_error(x, logits):
    return -0.5 * ((x - logits.sigmoid()) ** 2).sum(-1)


@wrong(
    "log_bernoulli",
    "loss per pixel",
    step=("sum over the pixels", "sum over the pixels"),
    kind=("reduction", "sign"),
    cause="The default of the loss function: averaged over the pixels, and positive.",
)
def log_bernoulli_loss(x, logits):
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(-1)


@wrong(
    "log_bernoulli",
    "off pixels weighed by x, summed over the front",
    step=("pixels that are off", "sum over the pixels"),
    kind=("argument exchanged", "axis or shape"),
    cause="x in place of 1 - x before the second term, and the sum over the first axis.",
)
def log_bernoulli_weight_axis(x, logits):
    return (x * F.logsigmoid(logits) + x * F.logsigmoid(-logits)).sum(0)


@wrong(
    "log_bernoulli",
    "on pixels weighted by probability",
    step="pixels that are on",
    kind="argument exchanged",
    cause="The weight of log pi is pi itself where it should be x: minus the entropy of the decoder for the on part.",
)
def log_bernoulli_probability_weight(x, logits):
    return (logits.sigmoid() * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)


# ---------------------------------------------------------------------------------------------------------------- ps2.4


@wrong(
    "pathwise_gradient",
    "product of the averages",
    step="average over the samples",
    kind="index or order",
    cause="Slope and derivative are averaged one by one and multiplied then; their correlation is what counts.",
)
def pathwise_product_of_means(dfdz, logvar, noise):
    dz = 0.5 * torch.exp(0.5 * logvar) * noise
    return dfdz.mean(0), dfdz.mean(0) * dz.mean(0)


@wrong(
    "pathwise_gradient",
    "gradient along sigma",
    step="derivative of z",
    kind="another quantity",
    cause="z is differentiated along sigma, whose derivative is the noise, and not along the log-variance.",
)
def pathwise_along_sigma(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * noise).mean(0)


@wrong(
    "pathwise_gradient",
    "half the variance",
    step="derivative of z",
    kind="std, variance or log-variance",
    cause="The chain rule is done with the variance in place of the deviation: 0.5 exp(logvar) noise.",
)
def pathwise_variance(dfdz, logvar, noise):
    return dfdz.mean(0), (dfdz * 0.5 * logvar.exp() * noise).mean(0)


@wrong(
    "pathwise_gradient",
    "exponential not differentiated",
    step="derivative of z",
    kind="log or exp",
    cause="exp(logvar/2) is differentiated to 1/2: the exponential itself is dropped.",
)
def pathwise_half_only(dfdz, logvar, noise):
    return dfdz.mean(dim=0), 0.5 * (dfdz * noise).mean(dim=0) * torch.ones_like(logvar)


@wrong(
    "pathwise_gradient",
    "slope centred first",
    step="slope times derivative",
    kind="another algorithm",
    cause="The mean slope is subtracted as a control variate; it scatters less and is another estimate.",
)
def pathwise_baseline(dfdz, logvar, noise):
    centred = dfdz - dfdz.mean(0, keepdim=True)
    return dfdz.mean(0), (centred * 0.5 * (0.5 * logvar).exp() * noise).mean(0)


@wrong(
    "pathwise_gradient",
    "natural gradient",
    step="slope times derivative",
    kind="another quantity",
    cause="The gradients are multiplied with the inverse Fisher matrix of the Gaussian: variance and two.",
)
def pathwise_natural(dfdz, logvar, noise):
    g_mu = dfdz.mean(0)
    g_logvar = (dfdz * 0.5 * (0.5 * logvar).exp() * noise).mean(0)
    return logvar.exp() * g_mu, 2 * g_logvar


@wrong(
    "pathwise_gradient",
    "divided by n minus one",
    step="average over the samples",
    kind="factor",
    cause="An average is divided by n - 1, as for a covariance of slope and noise.",
)
def pathwise_bessel(dfdz, logvar, noise):
    n = len(dfdz)
    std = torch.exp(0.5 * logvar)
    return dfdz.mean(0), (dfdz * noise).sum(0) * 0.5 * std / (n - 1)


@wrong(
    "pathwise_gradient",
    "noise squared",
    step="derivative of z",
    kind="power or root",
    cause="The noise of the sample is multiplied a second time, since z contains it too.",
)
def pathwise_noise_squared(dfdz, logvar, noise):
    dz = 0.5 * (0.5 * logvar).exp() * noise
    return dfdz.mean(0), (dfdz * dz * noise).mean(0)


@wrong(
    "pathwise_gradient",
    "mean divided by sigma",
    step="gradient along the mean",
    kind="std, variance or log-variance",
    cause="The slope along mu is divided by sigma, as if f depended on the standardised z.",
)
def pathwise_mu_over_sigma(dfdz, logvar, noise):
    sigma = (0.5 * logvar).exp()
    return (dfdz / sigma).mean(0), (0.5 * sigma * noise * dfdz).mean(0)


@wrong(
    "pathwise_gradient",
    "descent direction",
    step="slope times derivative",
    kind="sign",
    cause="The negative gradients are returned, ready for gradient descent on minus L.",
)
def pathwise_descent(dfdz, logvar, noise):
    dz_dlogvar = 0.5 * (0.5 * logvar).exp() * noise
    return -dfdz.mean(0), -(dfdz * dz_dlogvar).mean(0)


@wrong(
    "pathwise_gradient",
    "pair turned round",
    step="order of the pair",
    kind="index or order",
    cause="The gradient along the log-variance is returned first.",
)
def pathwise_order(dfdz, logvar, noise):
    dz_dlogvar = 0.5 * (0.5 * logvar).exp() * noise
    return (dfdz * dz_dlogvar).mean(0), dfdz.mean(0)


@wrong(
    "pathwise_gradient",
    "matrix product",
    step="slope times derivative",
    kind="axis or shape",
    cause="The sum over the samples is written as a matrix product, whose diagonal is the answer, and its row sums are returned.",
)
def pathwise_matmul(dfdz, logvar, noise):
    dz_dlogvar = 0.5 * (0.5 * logvar).exp() * noise
    product = dfdz.T @ dz_dlogvar / len(dfdz)
    return dfdz.mean(0), product.sum(0)


@wrong(
    "pathwise_gradient",
    "medians",
    step="average over the samples",
    kind="another quantity",
    cause="Medians in place of means, against outliers.",
)
def pathwise_median(dfdz, logvar, noise):
    product = dfdz * (0.5 * (0.5 * logvar).exp() * noise)
    return dfdz.quantile(0.5, dim=0), product.quantile(0.5, dim=0)


@wrong(
    "pathwise_gradient",
    "no half and summed",
    step=("derivative of z", "average over the samples"),
    kind=("factor", "reduction"),
    cause="The half of the chain rule is lost, and sums are returned in place of averages.",
)
def pathwise_no_half_sum(dfdz, logvar, noise):
    return dfdz.sum(0), (dfdz * torch.exp(0.5 * logvar) * noise).sum(0)


@wrong(
    "pathwise_gradient",
    "mean gets the noise, variance not",
    step=("gradient along the mean", "derivative of z"),
    kind=("another quantity", "left out"),
    cause="The two derivatives of z are mixed up: the noise multiplies the slope along mu and is missing along the log-variance.",
)
def pathwise_mixed_up(dfdz, logvar, noise):
    return (dfdz * noise).mean(0), (dfdz * 0.5 * (0.5 * logvar).exp()).mean(0)


# ---------------------------------------------------------------------------------------------------------------- ps2.5


@wrong(
    "score_function_gradient",
    "baseline",
    step="weight by f",
    kind="another algorithm",
    cause="The mean of f is subtracted as a baseline, which scatters less and is another estimate.",
)
def score_baseline(f, z, mu, logvar):
    advantage = (f - f.mean()).unsqueeze(1)
    var = logvar.exp()
    return (advantage * (z - mu) / var).mean(0), (advantage * 0.5 * ((z - mu) ** 2 / var - 1)).mean(0)


@wrong(
    "score_function_gradient",
    "leave-one-out baseline",
    step="weight by f",
    kind="another algorithm",
    cause="RLOO: each f is compared with the mean of the others, unbiased and not the estimate asked for.",
)
def score_rloo(f, z, mu, logvar):
    n = len(f)
    weight = (f - (f.sum() - f) / max(n - 1, 1))[:, None]
    t2 = (z - mu) ** 2 / logvar.exp()
    return (weight * (z - mu) / logvar.exp()).mean(0), (weight * (t2 - 1) / 2).mean(0)


@wrong(
    "score_function_gradient",
    "score along sigma",
    step="score along the log-variance",
    kind="another quantity",
    cause="The log density is differentiated along sigma: (z-mu)^2/sigma^3 - 1/sigma.",
)
def score_along_sigma(f, z, mu, logvar):
    s = (0.5 * logvar).exp()
    g_sigma = (z - mu) ** 2 / s**3 - 1 / s
    return (f[:, None] * (z - mu) / s**2).mean(0), (f[:, None] * g_sigma).mean(0)


@wrong(
    "score_function_gradient",
    "score along the variance",
    step="score along the log-variance",
    kind="another quantity",
    cause="The log density is differentiated along sigma^2; the inner derivative of the exponential is missing.",
)
def score_along_variance(f, z, mu, logvar):
    v = logvar.exp()
    d = z - mu
    return (f[:, None] * d / v).mean(0), (f[:, None] * (d**2 / (2 * v**2) - 1 / (2 * v))).mean(0)


@wrong(
    "score_function_gradient",
    "mean divided by sigma",
    step="score along the mean",
    kind="std, variance or log-variance",
    cause="The score along mu is taken as the standardised distance (z-mu)/sigma.",
)
def score_std(f, z, mu, logvar):
    t = (z - mu) / torch.exp(0.5 * logvar)
    return (f[:, None] * t).mean(0), (f[:, None] * 0.5 * (t**2 - 1)).mean(0)


@wrong(
    "score_function_gradient",
    "one forgotten",
    step="score along the log-variance",
    kind="left out",
    cause="The normaliser's logarithm is not differentiated, so that the -1 is missing.",
)
def score_no_minus_one(f, z, mu, logvar):
    score_mu = (z - mu) * torch.exp(-logvar)
    score_logvar = 0.5 * (z - mu) ** 2 * torch.exp(-logvar)
    return torch.einsum("s,sd->d", f, score_mu) / len(f), torch.einsum("s,sd->d", f, score_logvar) / len(f)


@wrong(
    "score_function_gradient",
    "sample mean for mu",
    step="distance from the mean",
    kind="argument ignored",
    cause="A statistician centres the samples by their own mean.",
)
def score_sample_mean(f, z, mu, logvar):
    d = z - z.mean(0)
    return (f[:, None] * d / logvar.exp()).mean(0), (f[:, None] * 0.5 * (d**2 / logvar.exp() - 1)).mean(0)


@wrong(
    "score_function_gradient",
    "surrogate averaged over all",
    step="average over the samples",
    kind="reduction",
    cause="The surrogate loss for autograd is averaged over samples and latents, so that it is dim times too small.",
)
def score_surrogate(f, z, mu, logvar):
    mu, logvar = mu.clone().requires_grad_(), logvar.clone().requires_grad_()
    log_q = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z)
    return torch.autograd.grad((f[:, None] * log_q).mean(), (mu, logvar))


@wrong(
    "score_function_gradient",
    "log of f",
    step="weight by f",
    kind="log or exp",
    cause="The log-derivative trick is misread: f is put under a logarithm as well.",
)
def score_log_f(f, z, mu, logvar):
    w = f.abs().clamp(min=1e-12).log()[:, None]
    return (w * (z - mu) / logvar.exp()).mean(0), (w * 0.5 * ((z - mu) ** 2 / logvar.exp() - 1)).mean(0)


@wrong(
    "score_function_gradient",
    "gradient of the density",
    step="weight by f",
    kind="another algorithm",
    cause="q times its score is averaged: the samples come from q already, the density counts twice.",
)
def score_density(f, z, mu, logvar):
    var = logvar.exp()
    q = torch.exp(-0.5 * ((z - mu) ** 2 / var + logvar + math.log(2 * math.pi)).sum(-1))
    w = (f * q)[:, None]
    return (w * (z - mu) / var).mean(0), (w * 0.5 * ((z - mu) ** 2 / var - 1)).mean(0)


@wrong(
    "score_function_gradient",
    "product of the averages",
    step="average over the samples",
    kind="index or order",
    cause="f and the score are averaged separately; the mean score is nearly zero, so is the answer.",
)
def score_product_of_means(f, z, mu, logvar):
    score_mu = ((z - mu) / logvar.exp()).mean(0)
    score_logvar = (0.5 * ((z - mu) ** 2 / logvar.exp() - 1)).mean(0)
    return f.mean() * score_mu, f.mean() * score_logvar


@wrong(
    "score_function_gradient",
    "standardised reward",
    step="weight by f",
    kind="another algorithm",
    cause="f is brought to mean 0 and deviation 1, as rewards are in reinforcement learning.",
)
def score_standardised(f, z, mu, logvar):
    a = (f - f.mean()) / (f.std() + 1e-8)
    d = z - mu
    return a @ (d / logvar.exp()) / len(a), a @ (0.5 * (d**2 / logvar.exp() - 1)) / len(a)


@wrong(
    "score_function_gradient",
    "minus the distance, summed",
    step=("distance from the mean", "average over the samples"),
    kind=("sign", "reduction"),
    cause="mu - z turns the sign of the score along mu (its square survives), and the samples are summed.",
)
def score_sign_sum(f, z, mu, logvar):
    d = mu - z
    return f @ (d / logvar.exp()), f @ (0.5 * (d**2 / logvar.exp() - 1))


@wrong(
    "score_function_gradient",
    "variance multiplied, half lost",
    step=("score along the mean", "score along the log-variance"),
    kind=("std, variance or log-variance", "factor"),
    cause="The precision is confused with the variance along mu, and the half is lost along the log-variance.",
)
def score_times_variance(f, z, mu, logvar):
    g_mu = f[:, None] * (z - mu) * logvar.exp()
    g_logvar = f[:, None] * ((z - mu) ** 2 / logvar.exp() - 1)
    return g_mu.mean(0), g_logvar.mean(0)


# ---------------------------------------------------------------------------------------------------------------- ps3.1


@wrong(
    "elbo",
    "beta on the whole",
    step="beta",
    kind="factor",
    cause="A bracket too far: beta multiplies the reconstruction too.",
)
def elbo_beta_all(x, logits, mu, logvar, beta):
    log_p = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kl = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)
    return beta * (log_p - kl)


@wrong(
    "elbo",
    "beta at most one",
    step="beta",
    kind="edge",
    cause="beta is treated as a warm-up factor that never exceeds one.",
)
def elbo_beta_capped(x, logits, mu, logvar, beta):
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p - min(beta, 1.0) * kl


@wrong(
    "elbo",
    "trade-off by one minus beta",
    step="beta",
    kind="another quantity",
    cause="beta is read as a mixing weight: (1-beta) reconstruction minus beta KL.",
)
def elbo_mixing(x, logits, mu, logvar, beta):
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (1 - beta) * log_p - beta * kl


@wrong(
    "elbo",
    "KL summed over the batch",
    step="one bound per image",
    kind="edge",
    cause="torch.sum without a dimension adds the KL of all images to each one; right for a single image.",
)
def elbo_batch_kl(x, logits, mu, logvar, beta):
    rec = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(dim=1)
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return rec - beta * kld


@wrong(
    "elbo",
    "binarised pixels",
    step="log-likelihood of the pixels",
    kind="edge",
    cause="The images are binarised at one half before they are scored.",
)
def elbo_binarised(x, logits, mu, logvar, beta):
    x = (x >= 0.5).double()
    log_p = (x * F.logsigmoid(logits) + (1 - x) * F.logsigmoid(-logits)).sum(-1)
    return log_p - beta * 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "elbo",
    "cross-entropy minus entropy of the pixels",
    step="log-likelihood of the pixels",
    kind="another quantity",
    cause="The KL between pixel and probability is subtracted, which is zero for a perfect grey image.",
)
def elbo_pixel_kl(x, logits, mu, logvar, beta):
    pixel_entropy = -(torch.xlogy(x, x) + torch.xlogy(1 - x, 1 - x)).sum(-1)
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p + pixel_entropy - beta * kl


@wrong(
    "elbo",
    "sigmoid twice",
    step="log-likelihood of the pixels",
    kind="log or exp",
    cause="The logits pass a sigmoid before the function that has one inside.",
)
def elbo_sigmoid_twice(x, logits, mu, logvar, beta):
    recon = torch.sigmoid(logits)
    log_p = -F.binary_cross_entropy_with_logits(recon, x, reduction="none").sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p - beta * kl


@wrong(
    "elbo",
    "probabilities clamped",
    step="log-likelihood of the pixels",
    kind="clamp or overflow",
    cause="Probabilities are kept 1e-3 away from 0 and 1, so that confident decoders are misjudged.",
)
def elbo_clamped(x, logits, mu, logvar, beta):
    p = logits.sigmoid().clamp(1e-3, 1 - 1e-3)
    log_p = (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p - beta * kl


@wrong(
    "elbo",
    "one left out of the KL",
    step="KL to the prior",
    kind="left out",
    cause="The constant -1 is dropped since it has no gradient.",
)
def elbo_no_one(x, logits, mu, logvar, beta):
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar).sum(-1)
    return log_p - beta * kl


@wrong(
    "elbo",
    "capacity",
    step="beta",
    kind="another quantity",
    cause="The absolute difference of KL and a capacity of 5 nats is charged, as in a later version of the beta-VAE.",
)
def elbo_capacity(x, logits, mu, logvar, beta):
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p - beta * (kl - 5.0).abs()


@wrong(
    "elbo",
    "squared error for the pixels",
    step="log-likelihood of the pixels",
    kind="another quantity",
    cause="The pixels are given a Gaussian likelihood: minus half the squared error.",
)
def elbo_squared_error(x, logits, mu, logvar, beta):
    log_p = -0.5 * ((x - torch.sigmoid(logits)) ** 2).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p - beta * kl


@wrong(
    "elbo",
    "loss with beta outside",
    step=("one bound per image", "beta"),
    kind=("sign", "argument ignored"),
    cause="The loss (minus the bound) of a plain VAE is returned; beta is not used.",
)
def elbo_loss(x, logits, mu, logvar, beta):
    bce = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)
    kld = -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(1)
    return bce + kld


@wrong(
    "elbo",
    "both terms averaged",
    step=("sum over the pixels", "KL to the prior"),
    kind=("reduction", "reduction"),
    cause="mean(-1) over the pixels and mean(-1) over the latents, so that the numbers look tidy.",
)
def elbo_means(x, logits, mu, logvar, beta):
    log_p = (x * logits - F.softplus(logits)).mean(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).mean(-1)
    return log_p - beta * kl


@wrong(
    "elbo",
    "KL with deviation, added",
    step=("KL to the prior", "beta"),
    kind=("std, variance or log-variance", "sign"),
    cause="The KL is computed with sigma in place of sigma^2 and added, since the loss has a plus.",
)
def elbo_std_plus(x, logits, mu, logvar, beta):
    std = (0.5 * logvar).exp()
    kl = 0.5 * (mu**2 + std - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) + beta * kl


# ---------------------------------------------------------------------------------------------------------------- ps3.2


@wrong(
    "training_step",
    "decoder after encoder",
    step="gradient",
    kind="index or order",
    cause="The encoder is updated first and the decoder's slope is taken at the new encoder: two half steps, not one.",
)
def training_step_alternating(encoder, decoder, x, noise, lr):
    def loss(e, d):
        mu, logvar = (x @ e).chunk(2, -1)
        logits = (mu + (0.5 * logvar).exp() * noise) @ d
        kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
        return (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()

    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    new_e = (e - lr * torch.autograd.grad(loss(e, d), e)[0]).detach()
    new_d = d - lr * torch.autograd.grad(loss(new_e, d), d)[0]
    return new_e, new_d.detach()


@wrong(
    "training_step",
    "one step of Adam",
    step="update",
    kind="another algorithm",
    cause="torch.optim.Adam makes the step out of habit; its first step has the size lr everywhere.",
)
def training_step_adam(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    optimizer = torch.optim.Adam([e, d], lr=lr)
    mu, logvar = (x @ e).chunk(2, -1)
    logits = (mu + (0.5 * logvar).exp() * noise) @ d
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    loss.backward()
    optimizer.step()
    return e.detach(), d.detach()


@wrong(
    "training_step",
    "gradients clipped",
    step="gradient",
    kind="edge",
    cause="clip_grad_norm_ with norm 1 is part of the student's training loop: small steps are right, others shortened.",
)
def training_step_clipped(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    logits = z @ d
    log_p = (x * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    (kl - log_p).mean().backward()
    torch.nn.utils.clip_grad_norm_([e, d], 1.0)
    return (e - lr * e.grad).detach(), (d - lr * d.grad).detach()


@wrong(
    "training_step",
    "halves exchanged",
    step="halves of the encoding",
    kind="argument exchanged",
    cause="The first half of the columns is taken for the log-variance.",
)
def training_step_halves(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    logvar, mu = (x @ e).chunk(2, dim=-1)
    logits = (mu + torch.exp(0.5 * logvar) * noise) @ d
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    ge, gd = torch.autograd.grad(loss, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "even and odd columns",
    step="halves of the encoding",
    kind="index or order",
    cause="mu and log-variance are taken from even and odd columns, as if they were interleaved.",
)
def training_step_interleaved(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    h = x @ e
    mu, logvar = h[:, 0::2], h[:, 1::2]
    logits = (mu + torch.exp(0.5 * logvar) * noise) @ d
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    ge, gd = torch.autograd.grad(loss, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "sample detached",
    step="sampling z",
    kind="gradient",
    cause="z is detached because sampling has no gradient: the encoder learns from the KL alone.",
)
def training_step_detached(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = (mu + (0.5 * logvar).exp() * noise).detach()
    logits = z @ d
    bound = (x * logits - F.softplus(logits)).sum(-1) - 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    ge, gd = torch.autograd.grad(-bound.mean(), (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "pencil without the deviation",
    step="gradient",
    kind="left out",
    cause="By hand: the path from the logits through sigma to the log-variance is forgotten, only its KL pulls.",
)
def training_step_pencil(encoder, decoder, x, noise, lr):
    n = len(x)
    mu, logvar = (x @ encoder).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    error = torch.sigmoid(z @ decoder) - x
    g_z = error @ decoder.T
    g_mu, g_logvar = g_z + mu, 0.5 * (logvar.exp() - 1)
    g_encoder = x.T @ torch.cat([g_mu, g_logvar], -1) / n
    return encoder - lr * g_encoder, decoder - lr * z.T @ error / n


@wrong(
    "training_step",
    "pencil with mu for z",
    step="gradient",
    kind="argument exchanged",
    cause="By hand: the decoder's slope is the outer product of the error with mu; it should be with z.",
)
def training_step_pencil_mu(encoder, decoder, x, noise, lr):
    n = x.shape[0]
    mu, logvar = (x @ encoder).chunk(2, 1)
    s = torch.exp(logvar / 2)
    delta = torch.sigmoid((mu + s * noise) @ decoder) - x
    back = delta @ decoder.T
    g_h = torch.cat((back + mu, back * noise * s / 2 + (s**2 - 1) / 2), 1)
    return encoder - lr / n * (x.T @ g_h), decoder - lr / n * (mu.T @ delta)


@wrong(
    "training_step",
    "KL averaged over latents",
    step="KL to the prior",
    kind="reduction",
    cause="torch.mean over everything for the KL: averaged over the batch and over the latents.",
)
def training_step_kl_mean(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    logits = (mu + (0.5 * logvar).exp() * noise) @ d
    rec = F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1).mean()
    kl = -0.5 * torch.mean(1 + logvar - mu**2 - logvar.exp())
    ge, gd = torch.autograd.grad(rec + kl, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "matrices changed in place",
    step="update",
    kind="in place",
    cause="The matrices that were given are updated with -=, as an optimiser would.",
)
def training_step_in_place(encoder, decoder, x, noise, lr):
    encoder.requires_grad_(), decoder.requires_grad_()
    mu, logvar = (x @ encoder).chunk(2, -1)
    logits = (mu + (0.5 * logvar).exp() * noise) @ decoder
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    ge, gd = torch.autograd.grad(loss, (encoder, decoder))
    with torch.no_grad():
        encoder -= lr * ge
        decoder -= lr * gd
    return encoder.detach(), decoder.detach()


@wrong(
    "training_step",
    "weight decay",
    step="update",
    kind="another algorithm",
    cause="SGD with a weight decay of 0.01, copied from another project.",
)
def training_step_decay(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    sgd = torch.optim.SGD([e, d], lr=lr, weight_decay=1e-2)
    mu, logvar = (x @ e).chunk(2, -1)
    logits = (mu + (0.5 * logvar).exp() * noise) @ d
    bound = (x * logits - F.softplus(logits)).sum(-1) - 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    (-bound.mean()).backward()
    sgd.step()
    return e.detach(), d.detach()


@wrong(
    "training_step",
    "KL at the sample drawn",
    step="KL to the prior",
    kind="another algorithm",
    cause="The KL is estimated at the sample, log q(z|x) - log p(z), which has the same mean and another slope.",
)
def training_step_sampled_kl(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    logits = z @ d
    log_q = -0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    log_p = -0.5 * (z**2).sum(-1)
    loss = (log_q - log_p - (x * logits - F.softplus(logits)).sum(-1)).mean()
    ge, gd = torch.autograd.grad(loss, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "batch summed, own noise",
    step=("average over the batch", "sampling z"),
    kind=("reduction", "randomness"),
    cause="The loss is summed over the batch, and the sampler draws noise of its own.",
)
def training_step_sum_own_noise(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * torch.randn_like(mu)
    bce = F.binary_cross_entropy_with_logits(z @ d, x, reduction="sum")
    kld = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    ge, gd = torch.autograd.grad(bce + kld, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "uphill on the loss, wide noise",
    step=("update", "sampling z"),
    kind=("sign", "std, variance or log-variance"),
    cause="The slope of the loss is added as if it were that of the bound, and the variance scales the noise.",
)
def training_step_uphill(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    logits = (mu + logvar.exp() * noise) @ d
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    ge, gd = torch.autograd.grad(loss, (e, d))
    return (e + lr * ge).detach(), (d + lr * gd).detach()


@wrong(
    "training_step",
    "squared error",
    step="reconstruction",
    kind="another quantity",
    cause="The reconstruction is scored by its squared error, as in an autoencoder.",
)
def training_step_squared_error(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    z = mu + (0.5 * logvar).exp() * noise
    loss = ((torch.sigmoid(z @ d) - x) ** 2).sum(-1) + 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    ge, gd = torch.autograd.grad(loss.mean(), (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


@wrong(
    "training_step",
    "tanh before the logits",
    step="logits",
    kind="another quantity",
    cause="A nonlinearity is put between z and the decoder's matrix, since a network without one seems too small.",
)
def training_step_tanh(encoder, decoder, x, noise, lr):
    e, d = encoder.clone().requires_grad_(), decoder.clone().requires_grad_()
    mu, logvar = (x @ e).chunk(2, -1)
    logits = torch.tanh(mu + (0.5 * logvar).exp() * noise) @ d
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    loss = (F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl).mean()
    ge, gd = torch.autograd.grad(loss, (e, d))
    return (e - lr * ge).detach(), (d - lr * gd).detach()


# ---------------------------------------------------------------------------------------------------------------- ps3.3


@wrong(
    "importance_log_likelihood",
    "one maximum for all images",
    step="shift by the maximum",
    kind="edge",
    cause="The largest weight of the whole batch is the shift, so that an image with far smaller ones underflows.",
)
def importance_global_max(log_weights):
    top = log_weights.max()
    return (log_weights - top).exp().mean(0).log() + top


@wrong(
    "importance_log_likelihood",
    "shift not undone",
    step="shift by the maximum",
    kind="left out",
    cause="The maximum is subtracted before the exponential and not added after the logarithm.",
)
def importance_shift_kept(log_weights):
    top = log_weights.max(0).values
    return (log_weights - top).exp().mean(0).log()


@wrong(
    "importance_log_likelihood",
    "shift by the smallest",
    step="shift by the maximum",
    kind="clamp or overflow",
    cause="The minimum is subtracted in place of the maximum, which overflows where the weights differ much.",
)
def importance_shift_min(log_weights):
    low = log_weights.min(0).values
    return low + torch.log(torch.exp(log_weights - low).mean(0))


@wrong(
    "importance_log_likelihood",
    "plain exponential",
    step="exponential of the weights",
    kind="clamp or overflow",
    cause="The formula as it stands: exp(-2000) is zero to the computer and its logarithm minus infinity.",
)
def importance_plain(log_weights):
    return torch.log(torch.mean(torch.exp(log_weights), dim=0))


@wrong(
    "importance_log_likelihood",
    "weights raised to e^-700",
    step="exponential of the weights",
    kind="clamp or overflow",
    cause="The log weights are kept above -700, where exp still works: -85 is right, -2000 becomes -700.",
)
def importance_clamped(log_weights):
    return log_weights.clamp(min=-700).exp().mean(0).log()


@wrong(
    "importance_log_likelihood",
    "accumulator starts at zero",
    step="mean of the weights",
    kind="constant",
    cause="logaddexp is run from 0 and not from minus infinity: a sample of weight 1 comes in.",
)
def importance_accumulator(log_weights):
    total = torch.zeros_like(log_weights[0])
    for row in log_weights:
        total = torch.logaddexp(total, row)
    return total - math.log(log_weights.shape[0])


@wrong(
    "importance_log_likelihood",
    "running average by halves",
    step="mean of the weights",
    kind="another algorithm",
    cause="Each new weight is averaged with all before it, half and half, so that late samples count more.",
)
def importance_running(log_weights):
    average = log_weights[0]
    for row in log_weights[1:]:
        average = torch.logaddexp(average, row) - math.log(2)
    return average


@wrong(
    "importance_log_likelihood",
    "number of images",
    step="number of samples",
    kind="index or order",
    cause="The logarithm of the batch size is subtracted in place of that of the number of samples.",
)
def importance_batch_size(log_weights):
    return log_weights.logsumexp(0) - math.log(log_weights.size(1))


@wrong(
    "importance_log_likelihood",
    "divided after the logarithm",
    step="number of samples",
    kind="log or exp",
    cause="The log of the sum is divided by S: the average is taken outside the logarithm.",
)
def importance_divided(log_weights):
    return torch.logsumexp(log_weights, dim=0) / len(log_weights)


@wrong(
    "importance_log_likelihood",
    "self-normalised",
    step="mean of the weights",
    kind="another quantity",
    cause="The average of log w under the normalised weights is returned.",
)
def importance_self_normalised(log_weights):
    return (torch.softmax(log_weights, 0) * log_weights).sum(0)


@wrong(
    "importance_log_likelihood",
    "second cumulant",
    step="logarithm of the mean",
    kind="another algorithm",
    cause="A physicist expands in cumulants: mean plus half the variance, exact for log-normal weights only.",
)
def importance_cumulants(log_weights):
    return log_weights.mean(0) + 0.5 * log_weights.var(0)


@wrong(
    "importance_log_likelihood",
    "bias corrected",
    step="logarithm of the mean",
    kind="another algorithm",
    cause="The first-order bias of the logarithm is corrected with the delta method.",
)
def importance_delta(log_weights):
    n = len(log_weights)
    top = log_weights.amax(0)
    w = (log_weights - top).exp()
    mean = w.mean(0)
    return top + mean.log() + w.var(0) / (2 * n * mean**2)


@wrong(
    "importance_log_likelihood",
    "best sample",
    step="mean of the weights",
    kind="another quantity",
    cause="The largest weight dominates, says the student, and returns it minus log S.",
)
def importance_best(log_weights):
    return log_weights.max(dim=0)[0] - math.log(len(log_weights))


@wrong(
    "importance_log_likelihood",
    "number added, other axis",
    step=("number of samples", "mean of the weights"),
    kind=("sign", "axis or shape"),
    cause="log S is added, and the last axis is taken for the samples.",
)
def importance_axis_sign(log_weights):
    return torch.logsumexp(log_weights, -1) + math.log(log_weights.shape[-1])


@wrong(
    "importance_log_likelihood",
    "mean of logs over all",
    step=("logarithm of the mean", "mean of the weights"),
    kind=("index or order", "reduction"),
    cause="Mean of the logs, which is the ELBO, and that over the images too.",
)
def importance_elbo_mean(log_weights):
    return log_weights.mean()


# ---------------------------------------------------------------------------------------------------------------- ps3.4


@wrong(
    "active_units",
    "median deviation",
    step="variance over the images",
    kind="another quantity",
    cause="A robust variance, from the median of the absolute deviations, is compared: a unit with rare outliers looks dead.",
)
def active_units_mad(mu, threshold):
    mad = (mu - mu.quantile(0.5, dim=0)).abs().quantile(0.5, dim=0)
    return ((1.4826 * mad) ** 2 > threshold).sum()


@wrong(
    "active_units",
    "rounded to two digits",
    step="comparison with the threshold",
    kind="precision",
    cause="The variances are rounded to two digits, as printed, before they are compared.",
)
def active_units_rounded(mu, threshold):
    return (mu.var(0).round(decimals=2) > threshold).sum()


@wrong(
    "active_units",
    "at least the threshold",
    step="comparison with the threshold",
    kind="edge",
    cause=">= counts a unit whose variance is the threshold itself, such as 0 at threshold 0.",
)
def active_units_at_least(mu, threshold):
    return int((torch.var(mu, dim=0) >= threshold).sum())


@wrong(
    "active_units",
    "deviation",
    step="variance over the images",
    kind="std, variance or log-variance",
    cause="The standard deviation is compared with a threshold for variances.",
)
def active_units_std(mu, threshold):
    return (mu.std(0) > threshold).sum()


@wrong(
    "active_units",
    "second moment",
    step="variance over the images",
    kind="left out",
    cause="The mean over the images is not subtracted: a unit that always says 2 counts as active.",
)
def active_units_second_moment(mu, threshold):
    return (mu.pow(2).mean(0) > threshold).sum()


@wrong(
    "active_units",
    "scatter summed, not averaged",
    step="variance over the images",
    kind="reduction",
    cause="The squared deviations are added up and not divided by their number.",
)
def active_units_sum_of_squares(mu, threshold):
    centred = mu - mu.mean(0, keepdim=True)
    return ((centred**2).sum(0) > threshold).sum()


@wrong(
    "active_units",
    "principal components",
    step="variance over the images",
    kind="another quantity",
    cause="The eigenvalues of the covariance are counted: directions, and not latents.",
)
def active_units_pca(mu, threshold):
    covariance = torch.cov(mu.T).reshape(mu.shape[1], mu.shape[1])
    return (torch.linalg.eigvalsh(covariance) > threshold).sum()


@wrong(
    "active_units",
    "range",
    step="variance over the images",
    kind="another quantity",
    cause="How far a unit reaches, largest minus smallest, in place of the variance.",
)
def active_units_range(mu, threshold):
    spread = mu.amax(0) - mu.amin(0)
    return (spread > threshold).sum()


@wrong(
    "active_units",
    "threshold of the paper",
    step="comparison with the threshold",
    kind="argument ignored",
    cause="The usual 0.01 is written into the function; other thresholds are not looked at.",
)
def active_units_fixed(mu, threshold):
    return (mu.var(0) > 1e-2).sum()


@wrong(
    "active_units",
    "indices added",
    step="count",
    kind="reduction",
    cause="nonzero() gives the numbers of the active units, and these are added in place of counted.",
)
def active_units_indices(mu, threshold):
    return torch.nonzero(mu.var(0) > threshold).sum()


@wrong(
    "active_units",
    "variances added",
    step="count",
    kind="another quantity",
    cause="The variances of the active units are added up.",
)
def active_units_total(mu, threshold):
    v = mu.var(0)
    return v[v > threshold].sum()


@wrong(
    "active_units",
    "fraction",
    step="count",
    kind="reduction",
    cause="The mean of the mask: the share of active units.",
)
def active_units_fraction(mu, threshold):
    return (mu.var(0) > threshold).double().mean()


@wrong(
    "active_units",
    "inactive counted, by deviation",
    step=("comparison with the threshold", "variance over the images"),
    kind=("sign", "std, variance or log-variance"),
    cause="The units below the threshold are counted, the over-pruned ones of the lecture, and deviations are compared.",
)
def active_units_inactive(mu, threshold):
    return sum(int(mu[:, d].std() < threshold) for d in range(mu.shape[1]))


@wrong(
    "active_units",
    "deviation over the latents",
    step=("variance over the images", "variance over the images"),
    kind=("axis or shape", "std, variance or log-variance"),
    cause="The deviation over the latents of an image: wrong axis, wrong power.",
)
def active_units_axis_std(mu, threshold):
    return (mu.std(-1) > threshold).sum()


@wrong(
    "active_units",
    "second moment, share of units",
    step=("variance over the images", "count"),
    kind=("left out", "reduction"),
    cause="The mean is not subtracted, and the mask is averaged in place of summed.",
)
def active_units_moment_share(mu, threshold):
    active = torch.einsum("nd,nd->d", mu, mu) / len(mu) > threshold
    return active.double().mean()


# ---------------------------------------------------------------------------------------------------------------- ps3.5


@wrong(
    "match_reference",
    "gate and value exchanged",
    step="gated layers",
    kind="argument exchanged",
    cause="The first half goes through the sigmoid and multiplies the second.",
)
def match_reference_gates(x, noise, weights):
    def linear(h, layer):
        return h @ weights[layer + ".weight"].T + weights[layer + ".bias"]

    def gated(h, layer):
        g, a = linear(h, layer).chunk(2, -1)
        return a * torch.sigmoid(g)

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "WaveNet's gate",
    step="gated layers",
    kind="another algorithm",
    cause="The gated unit of PixelCNN and WaveNet is used: tanh(a) sigmoid(g).",
)
def match_reference_tanh(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def gated(h, layer):
        a, g = linear(h, layer).chunk(2, dim=-1)
        return torch.tanh(a) * torch.sigmoid(g)

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "split at 300",
    step="gated layers",
    kind="edge",
    cause="The size of the halves is written into the code: right for the reference, no answer for small networks.",
)
def match_reference_300(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def gated(h, layer):
        h = linear(h, layer)
        return h[:, :300] * h[:, 300:].sigmoid()

    h = gated(gated(x, "encoder.body.0"), "encoder.body.2")
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(gated(gated(z, "decoder.0.0"), "decoder.0.2"), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "clamp for the sample only",
    step="clamp of the log-variance",
    kind="index or order",
    cause="The clamped log-variance draws the sample, the KL is computed with the raw one.",
)
def match_reference_clamp_sample(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    z = mu + (0.5 * logvar.clamp(-6, 2)).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) - kl


@wrong(
    "match_reference",
    "no clamp",
    step="clamp of the log-variance",
    kind="left out",
    cause="The sentence on the clamp is read over.",
)
def match_reference_no_clamp(x, noise, weights):
    def layer(h, name):
        return h @ weights[f"{name}.weight"].mT + weights[f"{name}.bias"]

    h = x
    for name in ("encoder.body.0", "encoder.body.2"):
        h = F.glu(layer(h, name))
    mu, logvar = layer(h, "encoder.mu"), layer(h, "encoder.logvar")
    h = mu + torch.exp(logvar / 2) * noise
    for name in ("decoder.0.0", "decoder.0.2"):
        h = F.glu(layer(h, name))
    logits = layer(h, "decoder.1")
    return (x * logits - F.softplus(logits) - 0).sum(-1) - 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "match_reference",
    "KL at the sample",
    step="KL to the prior",
    kind="another algorithm",
    cause="log q(z|x) - log p(z) at the sample takes the place of the closed form: same mean, other numbers.",
)
def match_reference_sampled_kl(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    std = (0.5 * logvar).exp()
    z = mu + std * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    log_q = torch.distributions.Normal(mu, std).log_prob(z).sum(-1)
    log_p = torch.distributions.Normal(0.0, 1.0).log_prob(z).sum(-1)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + log_p - log_q


@wrong(
    "match_reference",
    "decoded at the mean",
    step="sampling z",
    kind="argument ignored",
    cause="The decoder gets mu, as for a reconstruction; the noise is not used.",
)
def match_reference_mean(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    logits = linear(F.glu(linear(F.glu(linear(mu, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "pixels rounded",
    step="log-likelihood of the pixels",
    kind="edge",
    cause="The image is rounded to black and white in the likelihood: right for binary images only.",
)
def match_reference_rounded(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    target = x.round()
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return -F.binary_cross_entropy_with_logits(logits, target, reduction="none").sum(-1) - kl


@wrong(
    "match_reference",
    "ReLU in the decoder",
    step="decoder",
    kind="another algorithm",
    cause="The decoder's hidden layers are taken to have the value half with a ReLU, as in other networks.",
)
def match_reference_relu_decoder(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    h = linear(z, "decoder.0.0").chunk(2, -1)[0].relu()
    h = linear(h, "decoder.0.2").chunk(2, -1)[0].relu()
    logits = linear(h, "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "logits have no bias",
    step="linear layers",
    kind="left out",
    cause="The bias of the last layer is forgotten in a hand-written matrix product.",
)
def match_reference_no_bias(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")) @ weights["decoder.1.weight"].T
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "both heads clamped",
    step="encoder heads",
    kind="edge",
    cause="mu is clamped to -6..2 with the log-variance: it shows only where a mean exceeds 2.",
)
def match_reference_mu_clamped(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = (linear(h, f"encoder.{head}").clamp(-6, 2) for head in ("mu", "logvar"))
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "softplus instead of a clamp",
    step="clamp of the log-variance",
    kind="another algorithm",
    cause="A smooth limit, 2 - softplus(2 - logvar), in place of the clamp, and none below.",
)
def match_reference_soft_clamp(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), 2 - F.softplus(2 - linear(h, "encoder.logvar"))
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_reference",
    "variance for noise, and a loss",
    step=("sampling z", "difference of the terms"),
    kind=("std, variance or log-variance", "sign"),
    cause="exp(logvar) scales the noise, and the negative bound is returned.",
)
def match_reference_variance_loss(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + logvar.exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1) + kl


@wrong(
    "match_reference",
    "KL added, pixels averaged",
    step=("difference of the terms", "log-likelihood of the pixels"),
    kind=("sign", "reduction"),
    cause="The mean cross-entropy of the pixels, and the KL with the sign that it has in the loss.",
)
def match_reference_plus_mean(x, noise, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.glu(linear(F.glu(linear(x, "encoder.body.0")), "encoder.body.2"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-6, 2)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "decoder.0.0")), "decoder.0.2")), "decoder.1")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(-1) + kl


# ---------------------------------------------------------------------------------------------------------------- ps4.1


@wrong(
    "epitome_masks",
    "last epitome cut short",
    step="number of epitomes",
    kind="edge",
    cause="The division is rounded up: the latents left over make an epitome of their own, shorter than the others.",
)
def epitome_masks_ceil(latent_dim, size, stride):
    count = math.ceil((latent_dim - size) / stride) + 1
    masks = torch.zeros(count, latent_dim)
    for e in range(count):
        masks[e, e * stride : e * stride + size] = 1
    return masks


@wrong(
    "epitome_masks",
    "last epitome pushed to the end",
    step="latents left over",
    kind="edge",
    cause="An extra epitome covers the last latents, overlapping with the one before, so that none is left over.",
)
def epitome_masks_cover(latent_dim, size, stride):
    starts = list(range(0, latent_dim - size + 1, stride))
    if starts[-1] + size < latent_dim:
        starts.append(latent_dim - size)
    masks = torch.zeros(len(starts), latent_dim)
    for row, first in zip(masks, starts):
        row[first : first + size] = 1
    return masks


@wrong(
    "epitome_masks",
    "last epitome stretched",
    step="latents left over",
    kind="edge",
    cause="The latents left over are given to the last epitome.",
)
def epitome_masks_stretch(latent_dim, size, stride):
    count = (latent_dim - size) // stride + 1
    masks = torch.zeros(count, latent_dim)
    for e in range(count):
        masks[e, e * stride : e * stride + size] = 1.0
    masks[-1, (count - 1) * stride :] = 1.0
    return masks


@wrong(
    "epitome_masks",
    "around the corner",
    step="number of epitomes",
    kind="another algorithm",
    cause="The latents are taken for a ring: an epitome starts at every stride and goes on at latent 0.",
)
def epitome_masks_ring(latent_dim, size, stride):
    row = torch.zeros(latent_dim)
    row[:size] = 1
    return torch.stack([row.roll(first) for first in range(0, latent_dim, stride)])


@wrong(
    "epitome_masks",
    "range ends too early",
    step="number of epitomes",
    kind="index or order",
    cause="range(0, D - K, s) leaves out its end: the last epitome that fits is lost.",
)
def epitome_masks_range(latent_dim, size, stride):
    first = torch.arange(0, latent_dim - size, stride)[:, None]
    latent = torch.arange(latent_dim)[None, :]
    return ((latent >= first) & (latent < first + size)).to(torch.float64)


@wrong(
    "epitome_masks",
    "end included",
    step="last latent of each",
    kind="index or order",
    cause="<= first + size takes one latent too many.",
)
def epitome_masks_inclusive(latent_dim, size, stride):
    first = stride * torch.arange((latent_dim - size) // stride + 1).unsqueeze(1)
    latent = torch.arange(latent_dim)
    return ((latent >= first) & (latent <= first + size)).double()


@wrong(
    "epitome_masks",
    "side by side",
    step="first latent of each",
    kind="argument ignored",
    cause="The epitomes follow each other without overlap; the stride counts them and does not place them.",
)
def epitome_masks_side_by_side(latent_dim, size, stride):
    count = (latent_dim - size) // stride + 1
    masks = torch.zeros(count, latent_dim)
    for e in range(count):
        masks[e, e * size : (e + 1) * size] = 1
    return masks


@wrong(
    "epitome_masks",
    "evenly spread",
    step="first latent of each",
    kind="another algorithm",
    cause="The right number of epitomes is spread evenly from the first latent to the last with linspace.",
)
def epitome_masks_linspace(latent_dim, size, stride):
    count = (latent_dim - size) // stride + 1
    first = torch.linspace(0, latent_dim - size, count).round().unsqueeze(1)
    latent = torch.arange(latent_dim)
    return ((latent >= first) & (latent < first + size)).float()


@wrong(
    "epitome_masks",
    "size and stride exchanged",
    step="first latent of each",
    kind="argument exchanged",
    cause="Runs of `stride` latents that start every `size` latents.",
)
def epitome_masks_exchanged(latent_dim, size, stride):
    rows = []
    first = 0
    while first + stride <= latent_dim:
        rows.append([1.0 if first <= d < first + stride else 0.0 for d in range(latent_dim)])
        first += size
    return torch.tensor(rows)


@wrong(
    "epitome_masks",
    "stride within the epitome",
    step="last latent of each",
    kind="another quantity",
    cause="Stride is read as dilation: an epitome takes every stride-th latent, the next one starts one latent further on.",
)
def epitome_masks_dilated(latent_dim, size, stride):
    reach = (size - 1) * stride + 1
    masks = torch.zeros(max(latent_dim - reach + 1, 1), latent_dim)
    for e in range(len(masks)):
        masks[e, e : e + reach : stride] = 1
    return masks


@wrong(
    "epitome_masks",
    "latents by epitomes",
    step="rows and columns",
    kind="axis or shape",
    cause="One column for each epitome: transposed.",
)
def epitome_masks_transposed(latent_dim, size, stride):
    count = (latent_dim - size) // stride + 1
    masks = torch.zeros(latent_dim, count)
    for e in range(count):
        masks[e * stride : e * stride + size, e] = 1
    return masks


@wrong(
    "epitome_masks",
    "counted by the stride alone",
    step="number of epitomes",
    kind="left out",
    cause="D // s epitomes: that the last one needs room for K latents is forgotten, and it is cut off.",
)
def epitome_masks_d_over_s(latent_dim, size, stride):
    d = torch.arange(latent_dim)
    return torch.stack([((d >= e * stride) & (d < e * stride + size)).float() for e in range(latent_dim // stride)])


@wrong(
    "epitome_masks",
    "size ignored, one too few",
    step=("last latent of each", "number of epitomes"),
    kind=("argument exchanged", "index or order"),
    cause="Each run is as long as the stride, and the +1 of the formula is forgotten.",
)
def epitome_masks_stride_runs(latent_dim, size, stride):
    count = (latent_dim - size) // stride
    masks = torch.zeros(count, latent_dim)
    for e in range(count):
        masks[e, e * stride : (e + 1) * stride] = 1
    return masks


@wrong(
    "epitome_masks",
    "shifted by one, inverted",
    step=("first latent of each", "zeros and ones"),
    kind=("index or order", "sign"),
    cause="Counted from 1 as in Fortran, and masked_fill style: ones where the latent is hidden.",
)
def epitome_masks_fortran(latent_dim, size, stride):
    count = (latent_dim - size) // stride + 1
    masks = torch.ones(count, latent_dim)
    for e in range(count):
        masks[e, 1 + e * stride : 1 + e * stride + size] = 0
    return masks


# ---------------------------------------------------------------------------------------------------------------- ps4.2


@wrong(
    "masked_kl",
    "mean masked, variance not",
    step="masked log-variance",
    kind="left out",
    cause="Only the mean is masked; off the epitome the encoder's variance is still charged.",
)
def masked_kl_mean_only(mu, logvar, mask):
    mu = mu * mask
    return -0.5 * (1 + logvar - mu**2 - logvar.exp()).sum(-1)


@wrong(
    "masked_kl",
    "variance masked to zero",
    step="variance off the epitome",
    kind="std, variance or log-variance",
    cause="The mask multiplies the variance: off the epitome it is 0 (kept at 1e-8) and not 1.",
)
def masked_kl_variance_zero(mu, logvar, mask):
    mu, var = mask * mu, (mask * logvar.exp()).clamp(min=1e-8)
    return 0.5 * (mu**2 + var - var.log() - 1).sum(-1)


@wrong(
    "masked_kl",
    "log-variance filled with one",
    step="variance off the epitome",
    kind="constant",
    cause="The log-variance, and not the variance, is set to 1 off the epitome.",
)
def masked_kl_filled_with_one(mu, logvar, mask):
    off = mask == 0
    mu, logvar = mu.masked_fill(off, 0.0), logvar.masked_fill(off, 1.0)
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "masked_kl",
    "mask on the exponential only",
    step="masked log-variance",
    kind="index or order",
    cause="The log-variance is masked inside the exponential and stands raw beside it.",
)
def masked_kl_half_masked(mu, logvar, mask):
    var = torch.exp(mask * logvar)
    return 0.5 * ((mask * mu) ** 2 + var - logvar - 1).sum(-1)


@wrong(
    "masked_kl",
    "minus one for all latents",
    step="KL of each latent",
    kind="index or order",
    cause="The terms are masked before the constant is subtracted, so that each hidden latent gives -1/2.",
)
def masked_kl_constant_everywhere(mu, logvar, mask):
    inside = mask * (mu**2 + logvar.exp() - logvar)
    return 0.5 * (inside - 1).sum(-1)


@wrong(
    "masked_kl",
    "mean over the epitome",
    step="sum over the latents",
    kind="reduction",
    cause="A masked mean: the sum is divided by the number of latents of the epitome.",
)
def masked_kl_masked_mean(mu, logvar, mask):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return (kl * mask).sum(-1) / mask.sum(-1).clamp(min=1)


@wrong(
    "masked_kl",
    "first image's mask for all",
    step="masked mean",
    kind="edge",
    cause="The mask of the first image is used for the whole batch: right for one image, or where all share an epitome.",
)
def masked_kl_first_mask(mu, logvar, mask):
    on = mask[0].bool()
    m, lv = mu[:, on], logvar[:, on]
    return 0.5 * (m**2 + lv.exp() - lv - 1).sum(-1)


@wrong(
    "masked_kl",
    "indexed and reshaped",
    step="sum over the latents",
    kind="edge",
    cause="mu[mask].reshape(batch, -1) needs equally many ones in each row, and fails or mixes images otherwise.",
)
def masked_kl_reshaped(mu, logvar, mask):
    on = mask > 0
    m, lv = mu[on].reshape(len(mu), -1), logvar[on].reshape(len(mu), -1)
    return 0.5 * (m**2 + lv.exp() - lv - 1).sum(-1)


@wrong(
    "masked_kl",
    "indexed and summed",
    step="sum over the latents",
    kind="axis or shape",
    cause="Boolean indexing flattens, and sum() returns one number for the batch.",
)
def masked_kl_flat(mu, logvar, mask):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return kl[mask.bool()].sum()


@wrong(
    "masked_kl",
    "other way round",
    step="masked mean",
    kind="sign",
    cause="As in masked_fill, ones are taken for the latents to hide.",
)
def masked_kl_complement(mu, logvar, mask):
    mu, logvar = (1 - mask) * mu, (1 - mask) * logvar
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "masked_kl",
    "masks in place",
    step="masked mean",
    kind="in place",
    cause="mu *= mask changes the encoder's outputs for everyone.",
)
def masked_kl_in_place(mu, logvar, mask):
    mu *= mask
    logvar *= mask
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "masked_kl",
    "prior against masked posterior",
    step="KL of each latent",
    kind="argument exchanged",
    cause="The KL is taken from the prior to the masked posterior.",
)
def masked_kl_reverse(mu, logvar, mask):
    q = torch.distributions.Normal(mask * mu, (0.5 * mask * logvar).exp())
    prior = torch.distributions.Normal(torch.zeros_like(mu), torch.ones_like(mu))
    return torch.distributions.kl_divergence(prior, q).sum(-1)


@wrong(
    "masked_kl",
    "deviation as variance, mean raw",
    step=("KL of each latent", "masked mean"),
    kind=("std, variance or log-variance", "left out"),
    cause="sigma stands for its square, and the mean is not masked.",
)
def masked_kl_std_raw_mean(mu, logvar, mask):
    logvar = mask * logvar
    sigma = (0.5 * logvar).exp()
    return 0.5 * (mu**2 + sigma - logvar - 1).sum(-1)


@wrong(
    "masked_kl",
    "no half, over all latents averaged",
    step=("KL of each latent", "sum over the latents"),
    kind=("factor", "reduction"),
    cause="The half is lost, and mean(-1) counts the hidden latents as zeros.",
)
def masked_kl_no_half_mean(mu, logvar, mask):
    kl = mu**2 + logvar.exp() - logvar - 1
    return torch.where(mask > 0, kl, 0.0).mean(-1)


@wrong(
    "masked_kl",
    "masked from unmasked",
    step="KL of each latent",
    kind="another quantity",
    cause="The KL of the masked posterior to the encoder's own, unmasked one: what the mask costs.",
)
def masked_kl_to_unmasked(mu, logvar, mask):
    masked = torch.distributions.Normal(mask * mu, (0.5 * mask * logvar).exp())
    unmasked = torch.distributions.Normal(mu, (0.5 * logvar).exp())
    return torch.distributions.kl_divergence(masked, unmasked).sum(-1)


@wrong(
    "masked_kl",
    "log of the masked variance",
    step="variance off the epitome",
    kind="clamp or overflow",
    cause="The variance is masked, so that off the epitome log 0 appears, which nan_to_num turns into a huge number.",
)
def masked_kl_log_zero(mu, logvar, mask):
    var = mask * logvar.exp()
    return (0.5 * ((mask * mu) ** 2 + var - torch.nan_to_num(var.log()) - 1)).sum(-1)


@wrong(
    "masked_kl",
    "one run of latents",
    step="masked mean",
    kind="edge",
    cause="The mask is taken for one run from its first one on, as long as its sum: right for runs, wrong for masks with gaps.",
)
def masked_kl_run(mu, logvar, mask):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    first, length = mask.argmax(-1), mask.sum(-1).long()
    return torch.stack([row[a : a + n].sum() for row, a, n in zip(kl, first.tolist(), length.tolist())])


# ---------------------------------------------------------------------------------------------------------------- ps4.3


@wrong(
    "epitome_costs",
    "as the paper prints it",
    step="KL of each latent",
    kind="sign",
    cause="The erratum is copied: the KL is subtracted from the cost.",
)
def epitome_costs_kl_sign(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return -log_p_x - kl @ masks.T + math.log(masks.shape[0])


@wrong(
    "epitome_costs",
    "log of the number of latents",
    step="term log E",
    kind="argument exchanged",
    cause="masks.shape[1], the number of latents, is taken for the number of epitomes.",
)
def epitome_costs_log_latents(log_p_x, mu, logvar, masks):
    kl = -0.5 * (1 + logvar - mu.pow(2) - logvar.exp())
    return -log_p_x + kl.matmul(masks.t()) + math.log(masks.shape[1])


@wrong(
    "epitome_costs",
    "log of the number of images",
    step="term log E",
    kind="index or order",
    cause="len(log_p_x) is the batch size; the student wanted the other axis.",
)
def epitome_costs_log_batch(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return torch.einsum("bd,ed->be", kl, masks) - log_p_x + math.log(len(log_p_x))


@wrong(
    "epitome_costs",
    "log of the epitome's size",
    step="term log E",
    kind="another quantity",
    cause="K, the latents of an epitome, is taken for E.",
)
def epitome_costs_log_size(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return -log_p_x + kl @ masks.T + masks.sum(-1).log()


@wrong(
    "epitome_costs",
    "KL of the whole posterior",
    step="sum over an epitome's latents",
    kind="argument ignored",
    cause="The KL of all latents is charged to every epitome.",
)
def epitome_costs_full_kl(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1, keepdim=True)
    return -log_p_x + kl + math.log(len(masks))


@wrong(
    "epitome_costs",
    "mean over the epitome",
    step="sum over an epitome's latents",
    kind="reduction",
    cause="The mean KL of an epitome's latents, so that larger epitomes are not punished.",
)
def epitome_costs_mean_kl(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return -log_p_x + torch.stack([kl[:, m > 0].mean(1) for m in masks], 1) + math.log(len(masks))


@wrong(
    "epitome_costs",
    "masked before the constant",
    step="KL of each latent",
    kind="index or order",
    cause="The terms are masked before the constant is taken off, so that each latent off the epitome gives -1/2.",
)
def epitome_costs_masked_terms(log_p_x, mu, logvar, masks):
    m = masks.unsqueeze(0)
    terms = m * (mu**2 + logvar.exp() - logvar).unsqueeze(1) - 1
    return -log_p_x + 0.5 * terms.sum(-1) + math.log(len(masks))


@wrong(
    "epitome_costs",
    "shared latents shared out",
    step="sum over an epitome's latents",
    kind="edge",
    cause="A latent that several epitomes have is charged in parts: right for epitomes without overlap.",
)
def epitome_costs_shared(log_p_x, mu, logvar, masks):
    owners = masks.sum(0).clamp(min=1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return -log_p_x + (kl / owners) @ masks.T + math.log(len(masks))


@wrong(
    "epitome_costs",
    "soft assignment",
    step="term log E",
    kind="another quantity",
    cause="The posterior over the epitomes is worked out by a softmax, and its -log is charged instead of log E.",
)
def epitome_costs_soft(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    base = -log_p_x + kl @ masks.T
    return base - F.log_softmax(-base, 1)


@wrong(
    "epitome_costs",
    "relative to the cheapest",
    step="sign of the cost",
    kind="another quantity",
    cause="The cheapest epitome's cost is subtracted, since only the comparison matters.",
)
def epitome_costs_relative(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    costs = -log_p_x + kl @ masks.T + math.log(len(masks))
    return costs - costs.min(1, keepdim=True).values


@wrong(
    "epitome_costs",
    "squeezed",
    step="sum over an epitome's latents",
    kind="edge",
    cause="squeeze() drops a batch of one image, or a single epitome.",
)
def epitome_costs_squeezed(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return (-log_p_x + kl @ masks.T + math.log(len(masks))).squeeze(0)


@wrong(
    "epitome_costs",
    "the bound, without log E",
    step=("sign of the cost", "term log E"),
    kind=("sign", "left out"),
    cause="The bound is returned in place of the cost, and the constant is left out because it changes no choice.",
)
def epitome_costs_bound(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return log_p_x - kl @ masks.T


@wrong(
    "epitome_costs",
    "plus log p, bits",
    step=("reconstruction", "term log E"),
    kind=("sign", "constant"),
    cause="The log-likelihood is added as it comes, and the choice among E is charged in bits.",
)
def epitome_costs_plus_bits(log_p_x, mu, logvar, masks):
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    return log_p_x + kl @ masks.T + math.log2(len(masks))


@wrong(
    "epitome_costs",
    "deviation, and one over E",
    step=("KL of each latent", "term log E"),
    kind=("std, variance or log-variance", "sign"),
    cause="sigma in place of its square in the KL, and log 1/E added.",
)
def epitome_costs_std_inverse(log_p_x, mu, logvar, masks):
    sigma = torch.exp(logvar / 2)
    kl = 0.5 * (mu**2 + sigma - logvar - 1)
    return -log_p_x + torch.mm(kl, masks.T) + math.log(1 / len(masks))


# ---------------------------------------------------------------------------------------------------------------- ps4.4


@wrong(
    "assign",
    "no zeros at the end",
    step="epitomes without images",
    kind="edge",
    cause="bincount stops at the largest y: too short where nobody takes the last epitomes.",
)
def assign_bincount(costs):
    y = costs.argmin(dim=1)
    return y, torch.bincount(y)


@wrong(
    "assign",
    "unique",
    step="epitomes without images",
    kind="edge",
    cause="unique counts only the epitomes that somebody took.",
)
def assign_unique(costs):
    y = costs.argmin(-1)
    return y, torch.unique(y, return_counts=True)[1]


@wrong(
    "assign",
    "histogram over the data's range",
    step="counts",
    kind="edge",
    cause="histc spreads its bins from the smallest y to the largest: wrong where an end is empty.",
)
def assign_histc(costs):
    y = costs.argmin(1)
    return y, torch.histc(y.double(), bins=costs.shape[1]).long()


@wrong(
    "assign",
    "last of equals",
    step="equal costs",
    kind="edge",
    cause="<= in the loop lets a later epitome with the same cost win.",
)
def assign_last(costs):
    best = costs[:, 0].clone()
    y = torch.zeros(len(costs), dtype=torch.long)
    for e in range(1, costs.shape[1]):
        better = costs[:, e] <= best
        y = torch.where(better, e, y)
        best = torch.where(better, costs[:, e], best)
    return y, torch.bincount(y, minlength=costs.shape[1])


@wrong(
    "assign",
    "equals counted twice",
    step="counts",
    kind="edge",
    cause="Every epitome that reaches the minimum is counted, so that an image with two equal costs counts twice.",
)
def assign_twice(costs):
    cheapest = costs == costs.min(1, keepdim=True).values
    return costs.argmin(1), cheapest.sum(0)


@wrong(
    "assign",
    "one count per image",
    step="epitomes without images",
    kind="index or order",
    cause="minlength is set to the number of images.",
)
def assign_minlength(costs):
    y = torch.argmin(costs, 1)
    return y, torch.bincount(y, minlength=costs.shape[0])


@wrong(
    "assign",
    "best image of each epitome",
    step="cheapest epitome",
    kind="axis or shape",
    cause="argmin over the images: which image likes the epitome best.",
)
def assign_axis(costs):
    y = costs.argmin(0)
    return y, torch.bincount(y, minlength=costs.shape[1])


@wrong(
    "assign",
    "dearest",
    step="cheapest epitome",
    kind="sign",
    cause="argmax, as for log-likelihoods.",
)
def assign_argmax(costs):
    y = costs.argmax(1)
    return y, F.one_hot(y, costs.shape[1]).sum(0)


@wrong(
    "assign",
    "values",
    step="cheapest epitome",
    kind="another quantity",
    cause="min(1) gives values and indices, and the values are returned as y.",
)
def assign_values(costs):
    value, index = costs.min(1)
    return value, torch.bincount(index, minlength=costs.shape[1])


@wrong(
    "assign",
    "shares",
    step="counts",
    kind="reduction",
    cause="The share of the images is returned for each epitome.",
)
def assign_shares(costs):
    y = costs.argmin(1)
    return y, F.one_hot(y, costs.shape[1]).double().mean(0)


@wrong(
    "assign",
    "soft counts",
    step="counts",
    kind="another algorithm",
    cause="The responsibilities of EM (a softmax of minus the costs) are summed in place of hard choices.",
)
def assign_soft(costs):
    return costs.argmin(1), torch.softmax(-costs, 1).sum(0)


@wrong(
    "assign",
    "balanced",
    step="cheapest epitome",
    kind="another algorithm",
    cause="No epitome may get more than its share: an image goes to the cheapest one that still has room.",
)
def assign_balanced(costs):
    n, epitomes = costs.shape
    room = torch.full((epitomes,), math.ceil(n / epitomes))
    y = torch.zeros(n, dtype=torch.long)
    for i in range(n):
        y[i] = torch.where(room > 0, costs[i], torch.inf).argmin()
        room[y[i]] -= 1
    return y, torch.bincount(y, minlength=epitomes)


@wrong(
    "assign",
    "costs in steps of a tenth",
    step="equal costs",
    kind="precision",
    cause="Costs are rounded to a tenth of a nat, since less does not matter: near costs become equal.",
)
def assign_rounded(costs):
    y = (costs * 10).round().argmin(1)
    return y, torch.bincount(y, minlength=costs.shape[1])


@wrong(
    "assign",
    "from one, counts short",
    step=("cheapest epitome", "epitomes without images"),
    kind=("index or order", "edge"),
    cause="Epitomes are numbered from 1, and the empty ones are not counted.",
)
def assign_from_one(costs):
    y = costs.argmin(1) + 1
    return y, y.unique(return_counts=True)[1]


@wrong(
    "assign",
    "dearest, turned pair",
    step=("cheapest epitome", "order of the pair"),
    kind=("sign", "index or order"),
    cause="The dearest epitome, and the counts are returned first.",
)
def assign_turned(costs):
    y = costs.topk(1, dim=1).indices[:, 0]
    return torch.bincount(y, minlength=costs.size(1)), y


# ---------------------------------------------------------------------------------------------------------------- ps4.5


@wrong(
    "stratified_batches",
    "each epitome from batch 0",
    step="dealing",
    kind="edge",
    cause="The deal starts at batch 0 again with each epitome: right where the counts are multiples of the batches.",
)
def stratified_restart(y, order, batches):
    answer = torch.empty_like(order)
    for e in y.unique():
        members = order[y[order] == e]
        answer[members] = torch.arange(len(members)) % batches
    return answer


@wrong(
    "stratified_batches",
    "there and back",
    step="dealing",
    kind="another algorithm",
    cause="Dealt to and fro (0, 1, 1, 0) as captains choose teams.",
)
def stratified_snake(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    step = torch.arange(len(y)) % (2 * batches)
    answer = torch.empty_like(order)
    answer[grouped] = torch.where(step < batches, step, 2 * batches - 1 - step)
    return answer


@wrong(
    "stratified_batches",
    "blocks",
    step="dealing",
    kind="index or order",
    cause="The grouped images are cut into runs, one per batch: epitomes apart, which is the opposite of the aim.",
)
def stratified_blocks(y, order, batches):
    n = len(y)
    grouped = order[y[order].argsort(stable=True)]
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(n) * batches // n
    return answer


@wrong(
    "stratified_batches",
    "in dealt order",
    step="batch of each image",
    kind="index or order",
    cause="The batches are returned in the order of the deal and not sorted back to the images.",
)
def stratified_not_scattered(y, order, batches):
    grouped = order[y[order].argsort(stable=True)]
    return torch.arange(len(grouped)) % batches


@wrong(
    "stratified_batches",
    "gathered, not scattered",
    step="batch of each image",
    kind="index or order",
    cause="deal[grouped] reads where answer[grouped] = deal would write: the inverse permutation.",
)
def stratified_gather(y, order, batches):
    grouped = order[torch.argsort(y[order], stable=True)]
    return (torch.arange(len(y)) % batches)[grouped]


@wrong(
    "stratified_batches",
    "order not applied to y",
    step="grouping by epitome",
    kind="index or order",
    cause="y is sorted as it stands and the result used as places in `order`: the images are grouped by someone else's epitome.",
)
def stratified_y_unordered(y, order, batches):
    grouped = order[y.argsort(stable=True)]
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(len(y)) % batches
    return answer


@wrong(
    "stratified_batches",
    "order as ranks",
    step="random order",
    kind="argument exchanged",
    cause="order[i] is read as the place of image i and not as the image at place i.",
)
def stratified_ranks(y, order, batches):
    key = y * len(y) + order
    grouped = key.argsort()
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(len(y)) % batches
    return answer


@wrong(
    "stratified_batches",
    "order within reversed",
    step="order inside an epitome",
    kind="edge",
    cause="A sort that is not stable: equal epitomes come out last first, and the random order is turned round.",
)
def stratified_unstable(y, order, batches):
    n = len(y)
    key = y[order] * n + torch.arange(n).flip(0)
    grouped = order[key.argsort()]
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(n) % batches
    return answer


@wrong(
    "stratified_batches",
    "epitomes without order",
    step="random order",
    kind="argument ignored",
    cause="The images are grouped by epitome, and inside it by their number; `order` is not used.",
)
def stratified_no_order(y, order, batches):
    answer = torch.empty_like(order)
    answer[y.argsort(stable=True)] = torch.arange(len(y)) % batches
    return answer


@wrong(
    "stratified_batches",
    "random batches",
    step="grouping by epitome",
    kind="argument ignored",
    cause="The shuffled images are dealt without a look at their epitomes.",
)
def stratified_random(y, order, batches):
    answer = torch.empty_like(order)
    answer[order] = torch.arange(len(order)) % batches
    return answer


@wrong(
    "stratified_batches",
    "largest epitome first",
    step="grouping by epitome",
    kind="another algorithm",
    cause="The epitomes are dealt by falling size, as in bin packing.",
)
def stratified_largest_first(y, order, batches):
    sizes = torch.bincount(y)
    by_size = sizes.argsort(descending=True, stable=True)
    grouped = torch.cat([order[y[order] == e] for e in by_size])
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(len(y)) % batches
    return answer


@wrong(
    "stratified_batches",
    "rest in the last batch",
    step="dealing",
    kind="edge",
    cause="Batches of n // batches images, strided; what is left over goes into the last one.",
)
def stratified_rest(y, order, batches):
    n = len(y)
    grouped = order[y[order].argsort(stable=True)]
    whole = n // batches * batches
    answer = torch.full_like(order, batches - 1)
    answer[grouped[:whole]] = torch.arange(whole) % batches
    return answer


@wrong(
    "stratified_batches",
    "last epitome first, from batch one",
    step=("grouping by epitome", "dealing"),
    kind=("index or order", "index or order"),
    cause="The sort is descending, and the first card goes to batch 1.",
)
def stratified_descending(y, order, batches):
    grouped = order[y[order].argsort(descending=True, stable=True)]
    answer = torch.empty_like(order)
    answer[grouped] = torch.arange(1, len(y) + 1) % batches
    return answer


@wrong(
    "stratified_batches",
    "no order, each epitome anew",
    step=("random order", "dealing"),
    kind=("argument ignored", "edge"),
    cause="One loop over the images with a counter for each epitome: `order` is unused and each epitome starts at batch 0.",
)
def stratified_counters(y, order, batches):
    seen: dict[int, int] = {}
    answer = []
    for e in y.tolist():
        answer.append(seen.get(e, 0) % batches)
        seen[e] = seen.get(e, 0) + 1
    return torch.tensor(answer)


# ---------------------------------------------------------------------------------------------------------------- ps4.6


@wrong(
    "epitome_activity",
    "only the epitome's own images",
    step="average over the images",
    kind="another quantity",
    cause="The variance of a unit is taken over the images whose epitome has it, zeros left out.",
)
def activity_own_images(mu, y, masks):
    on = masks[y] > 0
    columns = [mu[on[:, d], d] for d in range(mu.shape[1])]
    return torch.stack([c.var() if len(c) > 1 else torch.zeros((), dtype=mu.dtype) for c in columns])


@wrong(
    "epitome_activity",
    "centred, then masked",
    step="squared deviations",
    kind="index or order",
    cause="The mean over all images is subtracted before the mask hides anything.",
)
def activity_centred_first(mu, y, masks):
    centred = (mu - mu.mean(0)) * masks[y]
    return (centred**2).sum(0) / (len(mu) - 1)


@wrong(
    "epitome_activity",
    "mean over the shown",
    step="average over the images",
    kind="reduction",
    cause="The mean that is subtracted is that of the images that show the unit, not of all.",
)
def activity_shown_mean(mu, y, masks):
    m = masks[y]
    masked = m * mu
    mean = masked.sum(0) / m.sum(0).clamp(min=1)
    return ((masked - mean) ** 2).sum(0) / (len(mu) - 1)


@wrong(
    "epitome_activity",
    "variance times share",
    step="mask of each image",
    kind="another quantity",
    cause="The unmasked variance is multiplied by the share of the images that show the unit.",
)
def activity_share(mu, y, masks):
    return mu.var(0) * masks[y].to(mu.dtype).mean(0)


@wrong(
    "epitome_activity",
    "unmasked",
    step="mask of each image",
    kind="argument ignored",
    cause="The function of ps3.4 is used as it is.",
)
def activity_unmasked(mu, y, masks):
    return mu.var(0)


@wrong(
    "epitome_activity",
    "divided by n",
    step="division by n-1",
    kind="factor",
    cause="The mean of the squares minus the square of the mean, which divides by n.",
)
def activity_biased(mu, y, masks):
    used = masks[y] * mu
    return (used**2).mean(0) - used.mean(0) ** 2


@wrong(
    "epitome_activity",
    "within epitomes",
    step="average over the images",
    kind="another quantity",
    cause="The variances within the epitomes are averaged: what differs between epitomes is lost.",
)
def activity_within(mu, y, masks):
    used = masks[y] * mu
    total = torch.zeros_like(mu[0])
    for e in range(len(masks)):
        group = used[y == e]
        if len(group) > 1:
            total = total + ((group - group.mean(0)) ** 2).sum(0)
    return total / (len(mu) - 1)


@wrong(
    "epitome_activity",
    "second moment",
    step="squared deviations",
    kind="left out",
    cause="The mean of the masked means is not subtracted.",
)
def activity_second_moment(mu, y, masks):
    used = masks[y] * mu
    return used.pow(2).sum(0) / (mu.shape[0] - 1)


@wrong(
    "epitome_activity",
    "masks in image order",
    step="mask of each image",
    kind="index or order",
    cause="The epitomes are repeated in turn over the images: y is taken to be 0, 1, 2, ...",
)
def activity_in_turn(mu, y, masks):
    rows = torch.arange(len(mu)) % len(masks)
    return (masks[rows] * mu).var(dim=0)


@wrong(
    "epitome_activity",
    "epitomes counted from one",
    step="mask of each image",
    kind="index or order",
    cause="masks[y - 1]: epitome 0 gets the last mask, silently.",
)
def activity_from_one(mu, y, masks):
    return torch.var(masks[y - 1] * mu, 0)


@wrong(
    "epitome_activity",
    "one bit per unit",
    step="average over the images",
    kind="another quantity",
    cause="Whether the unit is active (variance above 0.01) is returned, as in ps3.4.",
)
def activity_thresholded(mu, y, masks):
    return ((masks[y] * mu).var(0) > 0.01).to(mu.dtype)


@wrong(
    "epitome_activity",
    "zeros for units seldom shown",
    step="average over the images",
    kind="edge",
    cause="A unit that fewer than three images show is said to be inactive.",
)
def activity_rare(mu, y, masks):
    m = masks[y]
    activity = (m * mu).var(0)
    return torch.where(m.sum(0) < 3, 0.0, activity)


@wrong(
    "epitome_activity",
    "deviation, divided by n",
    step=("squared deviations", "division by n-1"),
    kind=("power or root", "factor"),
    cause="The standard deviation with n below: NumPy's std().",
)
def activity_numpy_std(mu, y, masks):
    return (masks[y] * mu).std(0, correction=0)


@wrong(
    "epitome_activity",
    "hidden ones kept, second moment",
    step=("mask of each image", "squared deviations"),
    kind=("sign", "left out"),
    cause="The mask is inverted, and the mean is not subtracted.",
)
def activity_inverted(mu, y, masks):
    hidden = torch.where(masks[y] > 0, 0.0, mu)
    return (hidden * hidden).sum(0) / (len(mu) - 1)


# ---------------------------------------------------------------------------------------------------------------- ps4.7


@wrong(
    "match_epitomic",
    "chosen at the sample",
    step="choice of the epitome",
    kind="index or order",
    cause="The sample is drawn first, and the epitome chosen for it and not for the mean.",
)
def match_epitomic_at_sample(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(linear(masks * z.unsqueeze(1), "decoder.0.0").relu(), "decoder.1")
    log_p_x = (x.unsqueeze(1) * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    bounds = log_p_x - kl - math.log(len(masks))
    best, y = bounds.max(1)
    return y, best


@wrong(
    "match_epitomic",
    "prior noise off the epitome",
    step="mask before the decoder",
    kind="left out",
    cause="z is drawn from the masked posterior, so that the decoder gets pure noise off the epitome and not zeros.",
)
def match_epitomic_prior_noise(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    m = masks[y]
    z = m * mu + (0.5 * m * logvar).exp() * noise
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None])[:, 0] - math.log(len(masks))


@wrong(
    "match_epitomic",
    "whole sample decoded",
    step="mask before the decoder",
    kind="left out",
    cause="In the last step the decoder sees all latents of the sample, not only the epitome's.",
)
def match_epitomic_unmasked(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = mu + (0.5 * logvar).exp() * noise
    return y, log_likelihood(x, z) - kl[torch.arange(len(x)), y] - math.log(len(masks))


@wrong(
    "match_epitomic",
    "chosen by the picture alone",
    step="choice of the epitome",
    kind="left out",
    cause="The epitome with the best reconstruction is taken; its KL is not weighed.",
)
def match_epitomic_reconstruction(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    y = log_likelihood(x.unsqueeze(1), masks * mu.unsqueeze(1)).argmax(1)
    m = masks[y]
    kl = (m * 0.5 * (mu**2 + logvar.exp() - logvar - 1)).sum(-1)
    return y, log_likelihood(x, m * (mu + (0.5 * logvar).exp() * noise)) - kl - math.log(len(masks))


@wrong(
    "match_epitomic",
    "chosen by the KL",
    step="choice of the epitome",
    kind="another quantity",
    cause="The epitome with the largest KL is taken, as the one where the encoder has most to say; nothing is decoded.",
)
def match_epitomic_most_informative(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = F.relu(linear(x, "encoder.body.0"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    best, y = kl.max(1)
    z = masks[y] * (mu + torch.exp(0.5 * logvar) * noise)
    logits = linear(F.relu(linear(z, "decoder.0.0")), "decoder.1")
    log_p = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
    return y, log_p - best - math.log(len(masks))


@wrong(
    "match_epitomic",
    "one epitome for the batch",
    step="choice of the epitome",
    kind="edge",
    cause="The costs are summed over the batch before the cheapest is taken: right for a single image.",
)
def match_epitomic_batch(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    costs = kl - log_likelihood(x[:, None], masks * mu[:, None])
    y = costs.sum(0).argmin().expand(len(x))
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl[torch.arange(len(x)), y] - math.log(len(masks))


@wrong(
    "match_epitomic",
    "KL of all latents in the bound",
    step="KL of the choice",
    kind="argument ignored",
    cause="The choice is right, and the bound is charged for all latents.",
)
def match_epitomic_full_kl(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1)
    y = (kl @ masks.T - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl.sum(-1) - math.log(len(masks))


@wrong(
    "match_epitomic",
    "bound at the mean",
    step="sampling z",
    kind="argument ignored",
    cause="The bound is minus the cost that chose the epitome, so it is taken at the mean; the noise is unused.",
)
def match_epitomic_at_mean(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    logits = linear(linear(masks * mu.unsqueeze(1), "decoder.0.0").relu(), "decoder.1")
    log_p_x = (x.unsqueeze(1) * logits - F.softplus(logits)).sum(-1)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    costs = -log_p_x + kl + math.log(len(masks))
    least, y = costs.min(1)
    return y, -least


@wrong(
    "match_epitomic",
    "epitomes summed over",
    step="choice of the epitome",
    kind="another algorithm",
    cause="The bound is a logsumexp over all epitomes at the sample, a mixture in place of a choice.",
)
def match_epitomic_mixture(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(z):
        logits = linear(linear(masks * z.unsqueeze(1), "decoder.0.0").relu(), "decoder.1")
        return (x.unsqueeze(1) * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(mu)).argmin(1)
    bounds = log_likelihood(mu + (0.5 * logvar).exp() * noise) - kl
    return y, bounds.logsumexp(1) - math.log(len(masks))


@wrong(
    "match_epitomic",
    "pixels binarised",
    step="log-likelihood of the pixels",
    kind="edge",
    cause="The image is binarised before it is scored (the encoder sees it grey).",
)
def match_epitomic_binarised(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(target, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return ((target > 0.5) * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None]).squeeze(1) - math.log(len(masks))


@wrong(
    "match_epitomic",
    "gated as before",
    step="encoder",
    kind="another algorithm",
    cause="The encoder of ps3.5 is kept in mind: x times a sigmoid (SiLU) in place of the ReLU.",
)
def match_epitomic_silu(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = F.silu(linear(x, "encoder.body.0"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None]).squeeze(1) - math.log(len(masks))


@wrong(
    "match_epitomic",
    "clamp of the last set",
    step="encoder",
    kind="clamp or overflow",
    cause="The log-variance is clamped, as in ps3.5, but nothing is clamped here; -2 to 2 shows it on narrow posteriors.",
)
def match_epitomic_clamped(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar").clamp(-2, 2)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None]).squeeze(1) - math.log(len(masks))


@wrong(
    "match_epitomic",
    "no log E, variance for noise",
    step=("term log E", "sampling z"),
    kind=("left out", "std, variance or log-variance"),
    cause="The constant of the choice is dropped, and exp(logvar) scales the noise.",
)
def match_epitomic_no_log_e(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0").relu(), "decoder.1")
        return (x * logits - F.softplus(logits)).sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + logvar.exp() * noise)
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None]).squeeze(1)


@wrong(
    "match_epitomic",
    "decoder linear, log E added",
    step=("decoder", "term log E"),
    kind=("left out", "sign"),
    cause="The ReLU of the decoder is forgotten, and log E enters with a plus.",
)
def match_epitomic_linear_decoder(x, noise, masks, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"{layer}.weight"], weights[f"{layer}.bias"])

    def log_likelihood(x, z):
        logits = linear(linear(z, "decoder.0.0"), "decoder.1")
        return -F.binary_cross_entropy_with_logits(logits, x.expand_as(logits), reduction="none").sum(-1)

    h = linear(x, "encoder.body.0").relu()
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1) @ masks.T
    y = (kl - log_likelihood(x[:, None], masks * mu[:, None])).argmin(1)
    z = masks[y] * (mu + (0.5 * logvar).exp() * noise)
    return y, log_likelihood(x, z) - kl.gather(1, y[:, None]).squeeze(1) + math.log(len(masks))


# ---------------------------------------------------------------------------------------------------------------- ps5.1


@wrong(
    "three_terms",
    "entropy without the one",
    step="entropy of one latent",
    kind="left out",
    cause="The normaliser is taken for the entropy: the 1 from the mean square is missing.",
)
def three_terms_no_one(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (math.log(2 * math.pi) + logvar).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@wrong(
    "three_terms",
    "constants once",
    step="sum over the latents",
    kind="reduction",
    cause="1 + log 2 pi is added after the sum over the latents, once.",
)
def three_terms_constants_once(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar.sum(-1))
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@wrong(
    "three_terms",
    "log sigma halved",
    step="entropy of one latent",
    kind="factor",
    cause="log sigma = logvar/2 is put into the bracket that is halved already.",
)
def three_terms_log_sigma(log_p_x, logvar, log_p_z):
    log_sigma = torch.log(torch.exp(0.5 * logvar))
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_sigma).sum(-1)
    return log_p_x.mean(0), entropy.mean(0), (-log_p_z).mean(0)


@wrong(
    "three_terms",
    "Normal(scale=variance)",
    step="entropy of one latent",
    kind="std, variance or log-variance",
    cause="The library's Normal gets the variance as scale, so that log sigma counts twice.",
)
def three_terms_variance_as_scale(log_p_x, logvar, log_p_z):
    q = torch.distributions.Normal(torch.zeros_like(logvar), logvar.exp())
    return log_p_x.mean(), q.entropy().sum(-1).mean(), -log_p_z.mean()


@wrong(
    "three_terms",
    "mean over batch and latents",
    step="sum over the latents",
    kind="reduction",
    cause="mean() over the matrix: the entropy of one latent, not of all.",
)
def three_terms_matrix_mean(log_p_x, logvar, log_p_z):
    entropy = 0.5 * torch.mean(1 + math.log(2 * math.pi) + logvar)
    return torch.mean(log_p_x), entropy, torch.mean(-log_p_z)


@wrong(
    "three_terms",
    "cross-entropy with its minus",
    step="cross-entropy",
    kind="sign",
    cause="E log p(z) is returned; the cross-entropy is minus that.",
)
def three_terms_cross_sign(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)
    return log_p_x.mean(), entropy.mean(), log_p_z.mean()


@wrong(
    "three_terms",
    "variance of the average log-variance",
    step="mean over the images",
    kind="index or order",
    cause="The variances are averaged over the images and one entropy is computed: that of an average posterior.",
)
def three_terms_average_posterior(log_p_x, logvar, log_p_z):
    log_mean_var = logvar.exp().mean(0).log()
    entropy = 0.5 * (1 + math.log(2 * math.pi) + log_mean_var).sum()
    return log_p_x.mean(), entropy, -log_p_z.mean()


@wrong(
    "three_terms",
    "KL for cross-entropy",
    step="cross-entropy",
    kind="another quantity",
    cause="The third term is made the KL, so the entropy is contained in it (and the bound counts it twice).",
)
def three_terms_kl(log_p_x, logvar, log_p_z):
    entropy = (0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)).mean()
    return log_p_x.mean(), entropy, -log_p_z.mean() - entropy


@wrong(
    "three_terms",
    "standard normal cross-entropy",
    step="cross-entropy",
    kind="argument ignored",
    cause="The cross-entropy with N(0, I) is computed from the variances (means taken as 0) in place of the given log p(z).",
)
def three_terms_standard_prior(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1).mean()
    cross = 0.5 * (math.log(2 * math.pi) + logvar.exp()).sum(-1).mean()
    return log_p_x.mean(), entropy, cross + 0 * log_p_z.mean()


@wrong(
    "three_terms",
    "one per image",
    step="mean over the images",
    kind="reduction",
    cause="The three terms are returned for each image; the mean is left to the caller.",
)
def three_terms_per_image(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)
    return log_p_x, entropy, -log_p_z


@wrong(
    "three_terms",
    "log-variance kept above minus four",
    step="entropy of one latent",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -4..4, as a sampler might.",
)
def three_terms_clamped(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar.clamp(-4, 4)).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@wrong(
    "three_terms",
    "discrete entropy",
    step="entropy of one latent",
    kind="another quantity",
    cause="-sum p log p of the variances, taken for probabilities after a softmax.",
)
def three_terms_discrete(log_p_x, logvar, log_p_z):
    log_p = F.log_softmax(logvar, -1)
    entropy = -(log_p.exp() * log_p).sum(-1)
    return log_p_x.mean(), entropy.mean(), -log_p_z.mean()


@wrong(
    "three_terms",
    "no half, summed over images",
    step=("entropy of one latent", "mean over the images"),
    kind=("factor", "reduction"),
    cause="The half of the entropy is lost, and the images are summed.",
)
def three_terms_no_half_sum(log_p_x, logvar, log_p_z):
    entropy = (1 + math.log(2 * math.pi) + logvar).sum()
    return log_p_x.sum(), entropy, -log_p_z.sum()


@wrong(
    "three_terms",
    "loss signs",
    step=("reconstruction", "entropy of one latent"),
    kind=("sign", "sign"),
    cause="Reconstruction and entropy are returned as losses, with a minus.",
)
def three_terms_losses(log_p_x, logvar, log_p_z):
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)
    return -log_p_x.mean(), -entropy.mean(), -log_p_z.mean()


# ---------------------------------------------------------------------------------------------------------------- ps5.2


@wrong(
    "log_mixture",
    "mixture in each latent",
    step="sum over the components",
    kind="index or order",
    cause="The components are added latent by latent, the latents after: the order that the statement warns of.",
)
def log_mixture_order(z, mu, logvar):
    d = z.unsqueeze(1) - mu
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + d**2 / logvar.exp())
    return (log_n.logsumexp(1) - math.log(mu.shape[0])).sum(-1)


@wrong(
    "log_mixture",
    "densities added",
    step="out of log space",
    kind="clamp or overflow",
    cause="The densities are averaged and the logarithm taken: minus infinity far from every component.",
)
def log_mixture_densities(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z[:, None] - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.exp().mean(1).log()


@wrong(
    "log_mixture",
    "densities kept above 1e-30",
    step="out of log space",
    kind="clamp or overflow",
    cause="1e-30 is added to the density against log 0.",
)
def log_mixture_floor(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z[:, None] - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.log(log_n.exp().mean(1) + 1e-30)


@wrong(
    "log_mixture",
    "mean of the log densities",
    step="sum over the components",
    kind="index or order",
    cause="The log densities are averaged: a product of experts and not a mixture.",
)
def log_mixture_mean_log(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.mean(1)


@wrong(
    "log_mixture",
    "nearest component",
    step="sum over the components",
    kind="another algorithm",
    cause="The largest component stands for the sum, as for a z that belongs to one component.",
)
def log_mixture_max(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.amax(1) - math.log(len(mu))


@wrong(
    "log_mixture",
    "one Gaussian with the mixture's moments",
    step="sum over the components",
    kind="another quantity",
    cause="The mixture is replaced by the Gaussian with its mean and variance.",
)
def log_mixture_moments(z, mu, logvar):
    mean = mu.mean(0)
    var = (logvar.exp() + mu**2).mean(0) - mean**2
    return -0.5 * (math.log(2 * math.pi) + var.log() + (z - mean) ** 2 / var).sum(-1)


@wrong(
    "log_mixture",
    "weight by the latents",
    step="weight one over K",
    kind="argument exchanged",
    cause="mu.shape[-1] is taken for K.",
)
def log_mixture_latents(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n, 1) - math.log(mu.shape[-1])


@wrong(
    "log_mixture",
    "weight by the batch",
    step="weight one over K",
    kind="index or order",
    cause="log_n.shape[0] is the batch size and not K.",
)
def log_mixture_batch(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n, dim=1) - math.log(log_n.shape[0])


@wrong(
    "log_mixture",
    "squeezed",
    step="sum over the latents",
    kind="edge",
    cause="squeeze() after the sum drops a batch of one, or the axis of a single component.",
)
def log_mixture_squeezed(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1).squeeze()
    return torch.logsumexp(log_n, -1) - math.log(len(mu))


@wrong(
    "log_mixture",
    "components weighted by their width",
    step="weight one over K",
    kind="another quantity",
    cause="The weights are a softmax of the summed log-variances: wide components count more.",
)
def log_mixture_weighted(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n + F.log_softmax(logvar.sum(-1), 0), 1)


@wrong(
    "log_mixture",
    "normaliser of one component",
    step="density of one component",
    kind="index or order",
    cause="The log-variance is averaged over the components, so that all share one normaliser.",
)
def log_mixture_shared_normaliser(z, mu, logvar):
    quadratic = -0.5 * ((z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    normaliser = -0.5 * (math.log(2 * math.pi) + logvar.mean(0)).sum()
    return quadratic.logsumexp(1) + normaliser - math.log(len(mu))


@wrong(
    "log_mixture",
    "MixtureSameFamily of variances",
    step="density of one component",
    kind="std, variance or log-variance",
    cause="torch's mixture is built with the variances as scales.",
)
def log_mixture_library(z, mu, logvar):
    d = torch.distributions
    components = d.Independent(d.Normal(mu, logvar.exp()), 1)
    return d.MixtureSameFamily(d.Categorical(logits=torch.zeros_like(mu[:, 0])), components).log_prob(z)


@wrong(
    "log_mixture",
    "no weight, no constant",
    step=("weight one over K", "density of one component"),
    kind=("left out", "left out"),
    cause="log K and log 2 pi are both dropped as constants.",
)
def log_mixture_no_constants(z, mu, logvar):
    log_n = -0.5 * (logvar + (z.unsqueeze(1) - mu) ** 2 * torch.exp(-logvar)).sum(-1)
    return torch.logsumexp(log_n, -1)


@wrong(
    "log_mixture",
    "latents averaged, K added",
    step=("sum over the latents", "weight one over K"),
    kind=("reduction", "sign"),
    cause="The log density is averaged over the latents, and log K is added.",
)
def log_mixture_latents_averaged(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).mean(-1)
    return log_n.logsumexp(1) + math.log(len(mu))


# ---------------------------------------------------------------------------------------------------------------- ps5.3


@wrong(
    "vampprior_log_prob",
    "not clamped",
    step="clamp of the pseudo-inputs",
    kind="left out",
    cause="The pseudo-inputs go into the encoder as they are.",
)
def vampprior_log_prob_raw(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs, weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "only below zero",
    step="clamp of the pseudo-inputs",
    kind="edge",
    cause="relu cuts what is below 0 and lets through what is above 1.",
)
def vampprior_log_prob_relu(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.relu(), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "sigmoid for clamp",
    step="clamp of the pseudo-inputs",
    kind="another algorithm",
    cause="A sigmoid brings the pseudo-inputs into [0, 1] smoothly, and changes all of them.",
)
def vampprior_log_prob_sigmoid(z, pseudo_inputs, weights):
    mu, logvar = encode(torch.sigmoid(pseudo_inputs), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n, 1) - math.log(pseudo_inputs.shape[0])


@wrong(
    "vampprior_log_prob",
    "rescaled to zero and one",
    step="clamp of the pseudo-inputs",
    kind="another algorithm",
    cause="Minimum and maximum of each pseudo-input are stretched to 0 and 1.",
)
def vampprior_log_prob_rescaled(z, pseudo_inputs, weights):
    low, high = pseudo_inputs.amin(1, keepdim=True), pseudo_inputs.amax(1, keepdim=True)
    mu, logvar = encode((pseudo_inputs - low) / (high - low), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n, 1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "pseudo-inputs detached",
    step="gradient to the pseudo-inputs",
    kind="gradient",
    cause="The clamp is done on .data, as one clamps parameters after a step: right value, no gradient.",
)
def vampprior_log_prob_data(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.data.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "encoder under no_grad",
    step="gradient to the pseudo-inputs",
    kind="gradient",
    cause="The prior is 'only evaluated', so the encoder runs under no_grad.",
)
def vampprior_log_prob_no_grad(z, pseudo_inputs, weights):
    with torch.no_grad():
        mu, logvar = encode(torch.clamp(pseudo_inputs, 0.0, 1.0), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z[:, None, :] - mu[None]) ** 2 / logvar.exp()).sum(-1)
    return torch.logsumexp(log_n, dim=1) - math.log(mu.shape[0])


@wrong(
    "vampprior_log_prob",
    "gradient straight through",
    step="gradient to the pseudo-inputs",
    kind="gradient",
    cause="A straight-through clamp: pixels outside [0, 1] get the gradient that clamp sets to zero.",
)
def vampprior_log_prob_straight_through(z, pseudo_inputs, weights):
    u = pseudo_inputs + (pseudo_inputs.clamp(0, 1) - pseudo_inputs).detach()
    mu, logvar = encode(u, weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "average pseudo-input",
    step="encoding",
    kind="index or order",
    cause="The pseudo-inputs are averaged before the encoder: one component.",
)
def vampprior_log_prob_average_input(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1).mean(0, keepdim=True), weights)
    return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)


@wrong(
    "vampprior_log_prob",
    "widths of the prior",
    step="encoding",
    kind="argument ignored",
    cause="Only the means of the pseudo-inputs' posteriors are used, with variance 1.",
)
def vampprior_log_prob_unit_width(z, pseudo_inputs, weights):
    mu, _ = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + (z.unsqueeze(1) - mu) ** 2).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "clamped in place",
    step="clamp of the pseudo-inputs",
    kind="in place",
    cause="clamp_ changes the parameters themselves (and autograd objects to it for a leaf).",
)
def vampprior_log_prob_in_place(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp_(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "sampled components",
    step="density of one component",
    kind="another algorithm",
    cause="Kernel density in the manner of Parzen: one common width, the mean of all, for every component.",
)
def vampprior_log_prob_parzen(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1), weights)
    width = logvar.exp().mean().sqrt()
    log_n = torch.distributions.Normal(mu, width).log_prob(z.unsqueeze(1)).sum(-1)
    return log_n.logsumexp(1) - math.log(len(mu))


@wrong(
    "vampprior_log_prob",
    "densities out of log space",
    step="sum over the components",
    kind="clamp or overflow",
    cause="exp, mean, log: a z far from every component gets minus infinity.",
)
def vampprior_log_prob_exp(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.exp().mean(1).log()


@wrong(
    "vampprior_log_prob",
    "clamped to minus one, no weight",
    step=("clamp of the pseudo-inputs", "weight one over K"),
    kind=("constant", "left out"),
    cause="Clamped to -1..1, the range of other people's images, and log K is forgotten.",
)
def vampprior_log_prob_minus_one(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(-1, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    return log_n.logsumexp(1)


@wrong(
    "vampprior_log_prob",
    "unclamped mean of logs",
    step=("clamp of the pseudo-inputs", "sum over the components"),
    kind=("left out", "index or order"),
    cause="Nothing is clamped, and the log densities are averaged.",
)
def vampprior_log_prob_raw_mean(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs, weights)
    return torch.distributions.Normal(mu, (logvar / 2).exp()).log_prob(z.unsqueeze(1)).sum(-1).mean(1)


# ---------------------------------------------------------------------------------------------------------------- ps5.4


@wrong(
    "vampprior_sample",
    "rounded up",
    step="choice of the component",
    kind="index or order",
    cause="ceil(u K) - 1: right but on the boundaries, where u = k/K gets the component below (and u = 0 the last).",
)
def vampprior_sample_ceil(uniform, noise, mu, logvar):
    k = torch.ceil(uniform * len(mu)).long() - 1
    return mu[k] + torch.exp(0.5 * logvar[k]) * noise


@wrong(
    "vampprior_sample",
    "searchsorted on the left",
    step="choice of the component",
    kind="edge",
    cause="bucketize with its default side: u = k/K falls into the component below.",
)
def vampprior_sample_bucketize(uniform, noise, mu, logvar):
    edges = torch.arange(1, len(mu), dtype=uniform.dtype) / len(mu)
    k = torch.bucketize(uniform, edges)
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@wrong(
    "vampprior_sample",
    "rounded to the nearest",
    step="choice of the component",
    kind="index or order",
    cause="round(u (K-1)): the first and the last component get half the probability.",
)
def vampprior_sample_round(uniform, noise, mu, logvar):
    k = (uniform * (len(mu) - 1)).round().long()
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@wrong(
    "vampprior_sample",
    "last component never",
    step="choice of the component",
    kind="constant",
    cause="int(u (K-1)), to be sure that the index stays inside: the last component is never drawn.",
)
def vampprior_sample_k_minus_one(uniform, noise, mu, logvar):
    k = (uniform * (mu.shape[0] - 1)).long()
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@wrong(
    "vampprior_sample",
    "number of latents for K",
    step="choice of the component",
    kind="argument exchanged",
    cause="u is multiplied with mu.shape[1] and cut off at the last component.",
)
def vampprior_sample_latents(uniform, noise, mu, logvar):
    k = (uniform * mu.shape[1]).long().clamp(max=len(mu) - 1)
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@wrong(
    "vampprior_sample",
    "average component",
    step="parameters of the component",
    kind="another algorithm",
    cause="A mixture is drawn from by averaging: every sample comes from the mean of means with the mean log-variance.",
)
def vampprior_sample_average(uniform, noise, mu, logvar):
    return mu.mean(0) + (0.5 * logvar.mean(0)).exp() * noise


@wrong(
    "vampprior_sample",
    "Gaussian of the mixture's moments",
    step="parameters of the component",
    kind="another algorithm",
    cause="One Gaussian with the mean and variance of the mixture is drawn from; `uniform` is not used.",
)
def vampprior_sample_moments(uniform, noise, mu, logvar):
    mean = mu.mean(0)
    var = logvar.exp().mean(0) + mu.var(0, correction=0)
    return mean + var.sqrt() * noise


@wrong(
    "vampprior_sample",
    "interpolated",
    step="parameters of the component",
    kind="another algorithm",
    cause="Between two components the parameters are interpolated, as in an inverse distribution function.",
)
def vampprior_sample_interpolated(uniform, noise, mu, logvar):
    position = uniform * (len(mu) - 1)
    low = position.long()
    high = (low + 1).clamp(max=len(mu) - 1)
    t = (position - low).unsqueeze(1)
    m = (1 - t) * mu[low] + t * mu[high]
    lv = (1 - t) * logvar[low] + t * logvar[high]
    return m + (0.5 * lv).exp() * noise


@wrong(
    "vampprior_sample",
    "component for each latent",
    step="choice of the component",
    kind="another algorithm",
    cause="Each latent draws a component of its own (the number of the latent shifts u): modes get mixed.",
)
def vampprior_sample_per_latent(uniform, noise, mu, logvar):
    components, dim = mu.shape
    u = (uniform.unsqueeze(1) + torch.arange(dim) / dim) % 1.0
    k = (u * components).long().clamp(max=components - 1)
    return mu.gather(0, k) + (0.5 * logvar.gather(0, k)).exp() * noise


@wrong(
    "vampprior_sample",
    "variance scales the noise",
    step="deviation from the log-variance",
    kind="std, variance or log-variance",
    cause="exp(logvar) is taken for the deviation.",
)
def vampprior_sample_variance(uniform, noise, mu, logvar):
    k = torch.floor(uniform * len(mu)).long()
    return torch.addcmul(mu[k], logvar[k].exp(), noise)


@wrong(
    "vampprior_sample",
    "modulo",
    step="choice of the component",
    kind="argument ignored",
    cause="Components are used in turn, i mod K, which is fair; the given numbers are not used.",
)
def vampprior_sample_in_turn(uniform, noise, mu, logvar):
    k = torch.arange(len(uniform)) % len(mu)
    return mu[k] + (0.5 * logvar[k]).exp() * noise


@wrong(
    "vampprior_sample",
    "deviations in order of the draws",
    step="parameters of the component",
    kind="index or order",
    cause="The mean of the drawn component, and the deviation of the first one for all.",
)
def vampprior_sample_first_deviation(uniform, noise, mu, logvar):
    k = (uniform * len(mu)).long()
    return mu[k] + (0.5 * logvar[0]).exp() * noise


@wrong(
    "vampprior_sample",
    "randint and half the variance",
    step=("choice of the component", "deviation from the log-variance"),
    kind=("randomness", "log or exp"),
    cause="The component is drawn anew with randint, and the half stands before the exponential.",
)
def vampprior_sample_randint(uniform, noise, mu, logvar):
    k = torch.randint(len(mu), (len(noise),))
    return mu[k] + 0.5 * logvar[k].exp() * noise


@wrong(
    "vampprior_sample",
    "from the end, noise halved",
    step=("choice of the component", "deviation from the log-variance"),
    kind=("index or order", "std, variance or log-variance"),
    cause="Component -k (Python counts from the end), and half the log-variance as deviation, without an exponential.",
)
def vampprior_sample_from_the_end(uniform, noise, mu, logvar):
    k = -(uniform * len(mu)).long()
    return mu[k] + 0.5 * logvar[k] * noise


@wrong(
    "vampprior_sample",
    "noise of the component",
    step="noise",
    kind="index or order",
    cause="noise[k] in line with mu[k] and logvar[k]: the noise is indexed by the component too.",
)
def vampprior_sample_noise_of_component(uniform, noise, mu, logvar):
    k = (uniform * len(mu)).long()
    return mu[k] + (0.5 * logvar[k]).exp() * noise[k % len(noise)]


# ---------------------------------------------------------------------------------------------------------------- ps5.5


@wrong(
    "hvae_log_weight",
    "prior of z1 at its own mean",
    step="prior of z1",
    kind="argument ignored",
    cause="z1 is compared with N(0, I), as in a one-layer VAE; mu_p1 and logvar_p1 are not used.",
)
def hvae_standard_prior(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    zero = torch.zeros_like(z1)
    log_p = log_p_x + log_normal(z1, zero, zero) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)


@wrong(
    "hvae_log_weight",
    "z2 left out of q",
    step="posterior of z2",
    kind="left out",
    cause="Only q(z1|x,z2) is taken off; q(z2|x) is forgotten.",
)
def hvae_no_q2(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)

    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1)


@wrong(
    "hvae_log_weight",
    "q and p of z1 exchanged",
    step="posterior of z1",
    kind="argument exchanged",
    cause="The parameters of q(z1) and p(z1) are exchanged.",
)
def hvae_exchanged(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p = log_p_x + log_normal(z1, mu_q1, logvar_q1) + log_p_z2
    log_q = log_normal(z1, mu_p1, logvar_p1) + log_normal(z2, mu_q2, logvar_q2)
    return log_p - log_q


@wrong(
    "hvae_log_weight",
    "closed form for z1",
    step="posterior of z1",
    kind="another algorithm",
    cause="The KL between q(z1) and p(z1) in closed form: the ELBO with less scatter, and no log weight.",
)
def hvae_closed_form(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    kl1 = 0.5 * (logvar_p1 - logvar_q1 + (logvar_q1.exp() + (mu_q1 - mu_p1) ** 2) / logvar_p1.exp() - 1).sum(-1)
    log_q2 = -0.5 * (math.log(2 * math.pi) + logvar_q2 + (z2 - mu_q2) ** 2 / logvar_q2.exp()).sum(-1)
    return log_p_x - kl1 + log_p_z2 - log_q2


@wrong(
    "hvae_log_weight",
    "entropy for q(z2)",
    step="posterior of z2",
    kind="another quantity",
    cause="log q(z2|x) is replaced by its mean, minus the entropy.",
)
def hvae_entropy(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar_q2).sum(-1)
    return log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2 - log_normal(z1, mu_q1, logvar_q1) + entropy


@wrong(
    "hvae_log_weight",
    "prior of z2 added again",
    step="prior of z2",
    kind="another quantity",
    cause="log p(z2) is computed as a standard normal although it is given: right for that prior only.",
)
def hvae_own_prior(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p2 = -0.5 * (math.log(2 * math.pi) + z2**2).sum(-1)
    log_q = log_normal(z1, mu_q1, logvar_q1) + log_normal(z2, mu_q2, logvar_q2)
    return log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p2 - log_q


@wrong(
    "hvae_log_weight",
    "flattened per sample",
    step="sum over the latents",
    kind="axis or shape",
    cause="Everything behind the first axis is summed: right for a batch, wrong with two dimensions in front.",
)
def hvae_flatten(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).flatten(1).sum(1)

    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)


@wrong(
    "hvae_log_weight",
    "concatenated posteriors",
    step="posterior of z2",
    kind="edge",
    cause="z1 and z2 and their parameters are concatenated, which fails where mu_q2 has fewer dimensions in front.",
)
def hvae_concatenated(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    z = torch.cat([z1, z2], -1)
    mu, logvar = torch.cat([mu_q1, mu_q2], -1), torch.cat([logvar_q1, logvar_q2], -1)
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    log_p1 = -0.5 * (math.log(2 * math.pi) + logvar_p1 + (z1 - mu_p1) ** 2 / logvar_p1.exp()).sum(-1)
    return log_p_x + log_p1 + log_p_z2 - log_q


@wrong(
    "hvae_log_weight",
    "samples averaged for q2",
    step="posterior of z2",
    kind="reduction",
    cause="Where mu_q2 has fewer dimensions, z2 is averaged over the samples to fit: right where it has not.",
)
def hvae_averaged_z2(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    while z2.dim() > mu_q2.dim():
        z2 = z2.mean(0)
    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)


@wrong(
    "hvae_log_weight",
    "constants cancel",
    step="log density of a Gaussian",
    kind="left out",
    cause="log 2 pi is left out because it cancels; for z1 it does, for z2 the prior is given with its constant.",
)
def hvae_no_constant(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)


@wrong(
    "hvae_log_weight",
    "weight without its log",
    step="difference of the logs",
    kind="log or exp",
    cause="The weight itself is returned: zero to the computer.",
)
def hvae_exponential(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return (log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)).exp()


@wrong(
    "hvae_log_weight",
    "averaged over the samples",
    step="difference of the logs",
    kind="reduction",
    cause="The log weights are averaged over the first axis: a bound and not the weights.",
)
def hvae_averaged(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p = log_p_x + log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    w = log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)
    return w.mean(0) if w.dim() else w


@wrong(
    "hvae_log_weight",
    "prior of z1 subtracted, deviation below",
    step=("prior of z1", "log density of a Gaussian"),
    kind=("sign", "std, variance or log-variance"),
    cause="p(z1|z2) stands with the q's, and the Gaussians divide by sigma.",
)
def hvae_p1_subtracted(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / (0.5 * logvar).exp()).sum(-1)

    gaussians = log_normal(z1, mu_p1, logvar_p1) + log_normal(z1, mu_q1, logvar_q1) + log_normal(z2, mu_q2, logvar_q2)
    return log_p_x + log_p_z2 - gaussians


@wrong(
    "hvae_log_weight",
    "no p(z2), q(z2) added",
    step=("prior of z2", "posterior of z2"),
    kind=("left out", "sign"),
    cause="log p(z2) is forgotten, and log q(z2|x) enters with a plus.",
)
def hvae_q2_added(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_ratio1 = log_normal(z1, mu_p1, logvar_p1) - log_normal(z1, mu_q1, logvar_q1)
    return log_p_x + log_ratio1 + log_normal(z2, mu_q2, logvar_q2)


@wrong(
    "hvae_log_weight",
    "likelihood left out",
    step="likelihood of the image",
    kind="left out",
    cause="Only the latents are weighed, log p(z1, z2) - log q(z1, z2|x): minus a sampled KL, without log p(x|z).",
)
def hvae_no_likelihood(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    def log_normal(z, mu, logvar):
        return -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)

    log_p = log_normal(z1, mu_p1, logvar_p1) + log_p_z2
    return log_p - log_normal(z1, mu_q1, logvar_q1) - log_normal(z2, mu_q2, logvar_q2)


# ---------------------------------------------------------------------------------------------------------------- ps5.6


@wrong(
    "chunked_log_likelihood",
    "chunks averaged in logs",
    step="joining the chunks",
    kind="index or order",
    cause="Each chunk gives its own log-likelihood, and these are averaged.",
)
def chunked_mean_of_chunks(log_weights, pixels):
    per_chunk = log_weights.logsumexp(1) - math.log(log_weights.shape[1])
    nats = per_chunk.mean(0)
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "best chunk",
    step="joining the chunks",
    kind="another algorithm",
    cause="The largest of the chunks' estimates is kept, since each is a lower bound.",
)
def chunked_best_chunk(log_weights, pixels):
    per_chunk = torch.logsumexp(log_weights, dim=1) - math.log(log_weights.shape[1])
    nats = per_chunk.max(dim=0).values
    return nats, (-nats / (pixels * math.log(2))).mean()


@wrong(
    "chunked_log_likelihood",
    "samples of one chunk",
    step="number of samples",
    kind="left out",
    cause="log of the samples per chunk is subtracted; the number of chunks is forgotten.",
)
def chunked_one_chunk(log_weights, pixels):
    nats = torch.logsumexp(log_weights, (0, 1)) - math.log(log_weights.shape[1])
    return nats, -nats.mean() / pixels / math.log(2)


@wrong(
    "chunked_log_likelihood",
    "number of all weights",
    step="number of samples",
    kind="index or order",
    cause="numel() counts the images too.",
)
def chunked_numel(log_weights, pixels):
    nats = log_weights.logsumexp((0, 1)) - math.log(log_weights.numel())
    return nats, -(nats.mean()) / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "reshaped wrongly",
    step="joining the chunks",
    kind="axis or shape",
    cause="reshape(batch, -1) cuts the numbers in memory order: the weights of different images are mixed.",
)
def chunked_reshape(log_weights, pixels):
    batch = log_weights.shape[-1]
    flat = log_weights.reshape(batch, -1)
    nats = flat.logsumexp(1) - math.log(flat.shape[1])
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "running mean of unequal parts",
    step="joining the chunks",
    kind="another algorithm",
    cause="A running estimate is averaged half and half with each new chunk, so that the last counts most.",
)
def chunked_running(log_weights, pixels):
    nats = None
    for chunk in log_weights:
        new = chunk.logsumexp(0) - math.log(len(chunk))
        nats = new if nats is None else torch.logaddexp(nats, new) - math.log(2)
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "one shift for all",
    step="log of the mean",
    kind="edge",
    cause="The largest weight of all images is subtracted: images that are far less likely underflow.",
)
def chunked_global_shift(log_weights, pixels):
    top = log_weights.max()
    nats = (log_weights - top).exp().mean((0, 1)).log() + top
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "weights in plain numbers",
    step="log of the mean",
    kind="clamp or overflow",
    cause="exp, mean, log: weights of e^-2000 are zero.",
)
def chunked_plain(log_weights, pixels):
    nats = log_weights.exp().mean(dim=(0, 1)).log()
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "nats per pixel",
    step="from nats to bits",
    kind="left out",
    cause="log 2 is forgotten: nats per dimension.",
)
def chunked_nats(log_weights, pixels):
    flat = log_weights.flatten(0, 1)
    nats = flat.logsumexp(0) - math.log(len(flat))
    return nats, -nats.mean() / pixels


@wrong(
    "chunked_log_likelihood",
    "bits of MNIST",
    step="from nats to bits",
    kind="argument ignored",
    cause="784 is written into the function.",
)
def chunked_784(log_weights, pixels):
    flat = log_weights.flatten(0, 1)
    nats = torch.logsumexp(flat, 0) - math.log(flat.size(0))
    return nats, -nats.mean() / (784 * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "likelihoods averaged over the images",
    step="mean over the images",
    kind="index or order",
    cause="The bits come from the log of the mean likelihood of the images, not from the mean of the logs.",
)
def chunked_mean_likelihood(log_weights, pixels):
    flat = log_weights.flatten(0, 1)
    nats = flat.logsumexp(0) - math.log(len(flat))
    whole = nats.logsumexp(0) - math.log(len(nats))
    return nats, -whole / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "log weights averaged",
    step="log of the mean",
    kind="another quantity",
    cause="The mean of the log weights over all samples is the ELBO.",
)
def chunked_elbo(log_weights, pixels):
    nats = log_weights.mean((0, 1))
    return nats, -nats.mean() / (pixels * math.log(2))


@wrong(
    "chunked_log_likelihood",
    "bits multiplied, positive nats",
    step=("from nats to bits", "from nats to bits"),
    kind=("power or root", "sign"),
    cause="The nats are multiplied by ln 2 in place of divided, and the minus is forgotten.",
)
def chunked_times_log2(log_weights, pixels):
    flat = log_weights.flatten(0, 1)
    nats = flat.logsumexp(0) - math.log(len(flat))
    return nats, nats.mean() * math.log(2) / pixels


@wrong(
    "chunked_log_likelihood",
    "chunks summed, one bit each",
    step=("joining the chunks", "mean over the images"),
    kind=("reduction", "reduction"),
    cause="The chunks' estimates are added in log space without their number, and the bits are returned for each image.",
)
def chunked_sum_of_chunks(log_weights, pixels):
    per_chunk = log_weights.logsumexp(1) - math.log(log_weights.shape[1])
    nats = per_chunk.logsumexp(0)
    return nats, -nats / (pixels * math.log(2))


# ---------------------------------------------------------------------------------------------------------------- ps5.7


@wrong(
    "match_vampprior",
    "KL to the standard normal",
    step="prior of z",
    kind="another quantity",
    cause="The bound is that of the plain VAE; the VampPrior is only reported beside it.",
)
def match_vampprior_standard_kl(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) - kl


@wrong(
    "match_vampprior",
    "entropy for log q",
    step="posterior of z",
    kind="another algorithm",
    cause="The entropy in closed form takes the place of -log q at the sample: same mean, other numbers.",
)
def match_vampprior_entropy(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    entropy = 0.5 * (1 + math.log(2 * math.pi) + logvar).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z + entropy


@wrong(
    "match_vampprior",
    "pseudo-inputs raw",
    step="prior of z",
    kind="left out",
    cause="The clamp of the pseudo-inputs is forgotten.",
)
def match_vampprior_raw(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs, weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + noise**2).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "log q of the noise",
    step="posterior of z",
    kind="left out",
    cause="log q is taken as the log density of the noise: the Jacobian, sum of log sigma, is missing.",
)
def match_vampprior_noise_density(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + noise**2).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "prior at the mean",
    step="prior of z",
    kind="argument exchanged",
    cause="log p is evaluated at mu, and not at the sample.",
)
def match_vampprior_prior_at_mean(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (mu.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "importance over the batch",
    step="prior of z",
    kind="another quantity",
    cause="The aggregated posterior of the batch itself is taken for the prior; the pseudo-inputs are not used.",
)
def match_vampprior_batch_prior(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(x))
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_n.diagonal()


@wrong(
    "match_vampprior",
    "pixels as probabilities clamped",
    step="log-likelihood of the pixels",
    kind="clamp or overflow",
    cause="The probabilities are kept 1e-4 away from 0 and 1, as old code for log p does.",
)
def match_vampprior_clamped_pixels(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    p = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1").sigmoid().clamp(1e-4, 1 - 1e-4)
    log_p_x = (x * p.log() + (1 - x) * (1 - p).log()).sum(-1)
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, log_p_x + log_p_z - log_q


@wrong(
    "match_vampprior",
    "gates of the decoder exchanged",
    step="decoder",
    kind="argument exchanged",
    cause="The encoder is given, the decoder written by hand with the sigmoid on the first half.",
)
def match_vampprior_gates(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    def gated(h, layer):
        gate, value = linear(h, layer).chunk(2, -1)
        return gate.sigmoid() * value

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(gated(gated(z, "0.0"), "0.2"), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "five hundred components",
    step="prior of z",
    kind="edge",
    cause="log 500 is written into the function: right for the reference, wrong for small networks.",
)
def match_vampprior_500(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(500)
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "nearest pseudo-input",
    step="prior of z",
    kind="another algorithm",
    cause="Only the largest component of the mixture is kept, as if z belonged to one pseudo-input.",
)
def match_vampprior_nearest(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.max(1).values - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "images binarised first",
    step="encoding",
    kind="edge",
    cause="The images are rounded before anything else, for encoder and likelihood: right for binary images.",
)
def match_vampprior_binarised(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    x = x.round()
    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "decoded at the mean",
    step="sampling z",
    kind="argument exchanged",
    cause="The decoder gets mu, while prior and posterior are taken at the sample.",
)
def match_vampprior_decoded_mean(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(mu, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z - log_q


@wrong(
    "match_vampprior",
    "no log K, q added",
    step=("prior of z", "sum of the terms"),
    kind=("left out", "sign"),
    cause="The weights 1/K are forgotten, and log q is added.",
)
def match_vampprior_plus_q(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + (0.5 * logvar).exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_p_z = torch.distributions.Normal(m, (0.5 * lv).exp()).log_prob(z.unsqueeze(1)).sum(-1).logsumexp(1)
    log_q = torch.distributions.Normal(mu, (0.5 * logvar).exp()).log_prob(z).sum(-1)
    return log_p_z, (x * logits - F.softplus(logits)).sum(-1) + log_p_z + log_q


@wrong(
    "match_vampprior",
    "variance for noise, mean of pixels",
    step=("sampling z", "log-likelihood of the pixels"),
    kind=("std, variance or log-variance", "reduction"),
    cause="exp(logvar) scales the noise, and the cross-entropy is averaged over the pixels.",
)
def match_vampprior_variance_mean(x, noise, pseudo_inputs, weights):
    def linear(h, layer):
        return F.linear(h, weights[f"decoder.{layer}.weight"], weights[f"decoder.{layer}.bias"])

    mu, logvar = encode(x, weights)
    z = mu + logvar.exp() * noise
    logits = linear(F.glu(linear(F.glu(linear(z, "0.0")), "0.2")), "1")
    log_p_x = -F.binary_cross_entropy_with_logits(logits, x, reduction="none").mean(-1)
    m, lv = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + lv + (z.unsqueeze(1) - m) ** 2 / lv.exp()).sum(-1)
    log_p_z = log_n.logsumexp(1) - math.log(len(m))
    log_q = -0.5 * (math.log(2 * math.pi) + logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    return log_p_z, log_p_x + log_p_z - log_q


@wrong(
    "log_mixture",
    "shifted by the batch's maximum",
    step="out of log space",
    kind="edge",
    cause="One maximum for the whole batch: a z that is far from every component underflows beside a near one.",
)
def log_mixture_global_shift(z, mu, logvar):
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    top = log_n.max()
    return top + (log_n - top).exp().mean(1).log()


@wrong(
    "vampprior_log_prob",
    "shifted by the batch's maximum",
    step="sum over the components",
    kind="edge",
    cause="One maximum for the whole batch, as in the mixture.",
)
def vampprior_log_prob_global_shift(z, pseudo_inputs, weights):
    mu, logvar = encode(pseudo_inputs.clamp(0, 1), weights)
    log_n = -0.5 * (math.log(2 * math.pi) + logvar + (z.unsqueeze(1) - mu) ** 2 / logvar.exp()).sum(-1)
    top = log_n.max()
    return top + (log_n - top).exp().mean(1).log()


# ------------------------------ given all points on the day they were written; each has had a row that shows it since then


@wrong(
    "kl_discrete",
    "one impossible pair, all infinite",
    step="outcomes where p is zero",
    kind="edge",
    cause="any() without a dimension: one pair with p = 0 < q makes all pairs of the batch infinite.",
)
def kl_discrete_all_infinite(q, p):
    kl = (torch.xlogy(q, q) - torch.xlogy(q, torch.where(p > 0, p, 1.0))).sum(-1)
    return torch.where(((p == 0) & (q > 0)).any(), torch.inf, kl)


@wrong(
    "kl_normal",
    "clamped to ten",
    step="variance of p",
    kind="clamp or overflow",
    cause="The log-variances are clamped to -10..10, although 'a network may output any real number'.",
)
def kl_normal_clamped_ten(mu_q, logvar_q, mu_p, logvar_p):
    logvar_q, logvar_p = logvar_q.clamp(-10, 10), logvar_p.clamp(-10, 10)
    return 0.5 * (logvar_p - logvar_q + (logvar_q.exp() + (mu_q - mu_p) ** 2) / logvar_p.exp() - 1).sum(-1)


@wrong(
    "kl_normal",
    "product of the variances",
    step="log-ratio of the variances",
    kind="clamp or overflow",
    cause="log det is the logarithm of a product, which is 0 or infinite for some hundred dimensions.",
)
def kl_normal_determinant(mu_q, logvar_q, mu_p, logvar_p):
    var_q, var_p = logvar_q.exp(), logvar_p.exp()
    log_det = torch.log(var_p.prod(-1) / var_q.prod(-1))
    return 0.5 * (log_det + ((var_q + (mu_q - mu_p) ** 2) / var_p - 1).sum(-1))


@wrong(
    "kl_standard_normal",
    "clamped to ten",
    step="log-variance",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -10..10.",
)
def kl_standard_normal_clamped_ten(mu, logvar):
    logvar = logvar.clamp(-10, 10)
    return 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)


@wrong(
    "kl_monte_carlo",
    "infinities dropped",
    step="average over the samples",
    kind="edge",
    cause="Samples that p forbids are left out of the average, which ought to be infinite.",
)
def kl_monte_carlo_finite(log_q, log_p):
    log_ratio = log_q - log_p
    return torch.where(log_ratio.isfinite(), log_ratio, torch.nan).nanmean(0)


@wrong(
    "reparameterize",
    "clamped to ten",
    step="deviation from the log-variance",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -10..10.",
)
def reparameterize_clamped_ten(mu, logvar, noise):
    return mu + (0.5 * logvar.clamp(-10, 10)).exp() * noise


@wrong(
    "elbo",
    "clamped to ten",
    step="KL to the prior",
    kind="clamp or overflow",
    cause="The log-variance is clamped to -10..10 in the KL.",
)
def elbo_clamped_ten(x, logits, mu, logvar, beta):
    logvar = logvar.clamp(-10, 10)
    kl = 0.5 * (mu**2 + logvar.exp() - logvar - 1).sum(-1)
    return (x * logits - F.softplus(logits)).sum(-1) - beta * kl


@wrong(
    "active_units",
    "with a tolerance",
    step="comparison with the threshold",
    kind="edge",
    cause="An engineer asks for 0.001 more than the threshold against rounding: units just above it are lost.",
)
def active_units_tolerance(mu, threshold):
    return (mu.var(0) - threshold > 1e-3).sum()


@wrong(
    "active_units",
    "no threshold means the usual one",
    step="comparison with the threshold",
    kind="edge",
    cause="A threshold of 0 counts as not given (`threshold or 0.01`), and the usual 0.01 is taken.",
)
def active_units_default(mu, threshold):
    return (mu.var(0) > (threshold or 0.01)).sum()


@wrong(
    "active_units",
    "divided by n plus one",
    step="variance over the images",
    kind="factor",
    cause="Bessel's correction with the wrong sign: n + 1 below, which is neither of the two usual variances.",
)
def active_units_n_plus_one(mu, threshold):
    return (mu.var(0, correction=-1) > threshold).sum()


@wrong(
    "active_units",
    "in half precision",
    step="variance over the images",
    kind="precision",
    cause="The means are kept as float16 to save memory.",
)
def active_units_half(mu, threshold):
    return (mu.half().var(0) > threshold).sum()
