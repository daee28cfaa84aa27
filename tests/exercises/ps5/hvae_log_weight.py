"""Answers to ps5.5 hvae_log_weight as students write them."""

import math

import numpy as np
import scipy.special
import scipy.stats
import torch
import torch.nn.functional as F
from torch.distributions import Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import HALF, LOG_2PI, kl_terms, log_n, normal

answers = Answers()


def hvae_numpy(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    n = lambda z, m, v: scipy.stats.norm.logpdf(z, m, np.exp(np.asarray(v) / 2)).sum(-1)
    a = [np.asarray(t) for t in (log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2)]
    return a[0] + n(a[1], a[5], a[6]) - n(a[1], a[3], a[4]) + a[9] - n(a[2], a[7], a[8])


def hvae_kwargs(*args):
    names = "log_p_x z1 z2 mu_q1 logvar_q1 mu_p1 logvar_p1 mu_q2 logvar_q2 log_p_z2".split()
    a = dict(zip(names, args))
    terms = {"x": a["log_p_x"], "z2": a["log_p_z2"]}
    for layer in ("p1", "q1", "q2"):
        z = a["z" + layer[1]]
        terms[layer] = Normal(a["mu_" + layer], (a["logvar_" + layer] / 2).exp(), validate_args=False).log_prob(z).sum(-1)
    return terms["x"] + terms["z2"] + terms["p1"] - terms["q1"] - terms["q2"]


def hvae_joined(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    """q of both layers as one Gaussian over the concatenation."""
    mu_q2, logvar_q2 = mu_q2.expand_as(z2), logvar_q2.expand_as(z2)
    q = normal(torch.cat([mu_q1, mu_q2], -1), torch.cat([logvar_q1, logvar_q2], -1))
    return log_p_x + log_p_z2 + normal(mu_p1, logvar_p1).log_prob(z1) - q.log_prob(torch.cat([z1, z2], dim=-1))


def hvae_nll(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    nll = lambda z, m, v: F.gaussian_nll_loss(
        m.expand_as(z), z, v.exp().expand_as(z), full=True, eps=1e-200, reduction="none"
    ).sum(-1)
    return log_p_x - nll(z1, mu_p1, logvar_p1) + nll(z1, mu_q1, logvar_q1) + log_p_z2 + nll(z2, mu_q2, logvar_q2)


answers.right("numpy and scipy", hvae_numpy)
answers.right("a dict of terms, star arguments", hvae_kwargs)
answers.right("q of both layers joined", hvae_joined)
answers.right("gaussian_nll_loss", hvae_nll)
answers.right("float32", lambda *a: hvae_kwargs(*(t.float() for t in a)))
answers.right(
    "no_grad",
    torch.no_grad()(
        lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
            x
            + pz2
            + (log_n(z1, mp1, vp1) - log_n(z1, mq1, vq1)).sum(-1)
            - log_n(z2, mq2, vq2).sum(dim=-1, keepdim=True).squeeze(-1)
        )
    ),
)


def hv(change):
    """change(x, p1, pz2, q1, q2) on the five summed log densities."""

    def f(x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2):
        return change(x, log_n(z1, mp1, vp1).sum(-1), pz2, log_n(z1, mq1, vq1).sum(-1), log_n(z2, mq2, vq2).sum(-1))

    return f


def hva(change):
    """change(argument dict) before the right formula."""

    def f(x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2):
        a = dict(x=x, z1=z1, z2=z2, mq1=mq1, vq1=vq1, mp1=mp1, vp1=vp1, mq2=mq2, vq2=vq2, pz2=pz2)
        a.update(change(**a))
        return (
            a["x"]
            + log_n(a["z1"], a["mp1"], a["vp1"]).sum(-1)
            + a["pz2"]
            - log_n(a["z1"], a["mq1"], a["vq1"]).sum(-1)
            - log_n(a["z2"], a["mq2"], a["vq2"]).sum(-1)
        )

    return f


answers.wrong("negated", "sign|-1 times", hv(lambda x, p1, p2, q1, q2: q1 + q2 - x - p1 - p2))
answers.wrong("lower ratio upside down", "sign|q|subtract", hv(lambda x, p1, p2, q1, q2: x - p1 + p2 + q1 - q2))
answers.wrong("upper ratio upside down", "sign|q|subtract", hv(lambda x, p1, p2, q1, q2: x + p1 - p2 - q1 + q2))
answers.wrong("only q1 added", r"q\(z1|sign|subtract", hv(lambda x, p1, p2, q1, q2: x + p1 + p2 + q1 - q2))
answers.wrong("only q2 added", r"q\(z2|sign|subtract", hv(lambda x, p1, p2, q1, q2: x + p1 + p2 - q1 + q2))
answers.wrong("p1 subtracted", "p\\(z1|sign", hv(lambda x, p1, p2, q1, q2: x - p1 + p2 - q1 - q2))
answers.wrong("lower layer missing", "z1|lower", hv(lambda x, p1, p2, q1, q2: x + p2 - q2))
answers.wrong("upper layer missing", "z2|upper", hv(lambda x, p1, p2, q1, q2: x + p1 - q1))
answers.wrong("both q missing", "q", hv(lambda x, p1, p2, q1, q2: x + p1 + p2))
answers.wrong("joint weight exponentiated", "log|exp", hv(lambda x, p1, p2, q1, q2: (x + p1 + p2 - q1 - q2).exp()))
answers.wrong("mean over images", "image|batch|shape|number", hv(lambda x, p1, p2, q1, q2: (x + p1 + p2 - q1 - q2).mean(-1)))
answers.wrong(
    "N(0, I) for p(z2)",
    "prior|p\\(z2",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + (log_n(z1, mp1, vp1) - log_n(z1, mq1, vq1)).sum(-1) + (log_n(z2, 0 * z2, 0 * z2) - log_n(z2, mq2, vq2)).sum(-1)
    ),
)
answers.wrong(
    "2 pi dropped everywhere but in p(z2)",
    "2π|constant",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + (log_n(z1, mp1, vp1) - log_n(z1, mq1, vq1)).sum(-1) + pz2 - (log_n(z2, mq2, vq2) + 0.5 * LOG_2PI).sum(-1)
    ),
)
answers.wrong(
    "std for the variance",
    "variance|σ|deviation",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: hv(lambda *t: t[0] + t[1] + t[2] - t[3] - t[4])(
        x, z1, z2, mq1, 2 * vq1, mp1, 2 * vp1, mq2, 2 * vq2, pz2
    ),
)
answers.wrong(
    "p1 and q1 parameters swapped",
    "swap|p\\(z1|q\\(z1",
    hva(lambda mq1, vq1, mp1, vp1, **_: dict(mq1=mp1, vq1=vp1, mp1=mq1, vp1=vq1)),
)
answers.wrong("p1 with q1's variance", "variance|logvar_p1|p\\(z1", hva(lambda vq1, **_: dict(vp1=vq1)))
answers.wrong("q1 variance ignored", "variance|logvar_q1|q\\(z1", hva(lambda vq1, **_: dict(vq1=0 * vq1)))
answers.wrong(
    "q1 at its mean",
    "sample|z1|mean",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + log_n(z1, mp1, vp1).sum(-1) + pz2 - log_n(mq1, mq1, vq1).sum(-1) - log_n(z2, mq2, vq2).sum(-1)
    ),
)
answers.wrong(
    "entropies for log q",
    "entropy|sample|average",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + log_n(z1, mp1, vp1).sum(-1) + pz2 + (HALF + vq1 / 2).sum(-1) + (HALF + vq2 / 2).sum(-1)
    ),
)
answers.wrong(
    "mean over latents",
    "mean|sum|latent",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + log_n(z1, mp1, vp1).mean(-1) + pz2 - log_n(z1, mq1, vq1).mean(-1) - log_n(z2, mq2, vq2).mean(-1)
    ),
)
answers.wrong(
    "sum over dim 1",
    "dimension|last|broadcast",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + log_n(z1, mp1, vp1).sum(1) + pz2 - log_n(z1, mq1, vq1).sum(1) - log_n(z2, mq2, vq2).sum(1)
    ),
)
answers.wrong(
    "logvars clamped to [-6, 2]",
    "clamp",
    hva(lambda vq1, vp1, vq2, **_: dict(vq1=vq1.clamp(-6, 2), vp1=vp1.clamp(-6, 2), vq2=vq2.clamp(-6, 2))),
)
answers.wrong("ratio clamped at 0", "negative|clamp", hv(lambda x, p1, p2, q1, q2: x + p2 - q2 - (q1 - p1).clamp(min=0)))
answers.wrong(
    "upper KL in closed form to N(0, I)",
    "KL|closed|prior",
    lambda x, z1, z2, mq1, vq1, mp1, vp1, mq2, vq2, pz2: (
        x + (log_n(z1, mp1, vp1) - log_n(z1, mq1, vq1)).sum(-1) - kl_terms(mq2, vq2).sum(-1)
    ),
)


def hvae_log_weight_distributions(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    log_q = normal(mu_q1, logvar_q1).log_prob(z1) + normal(mu_q2, logvar_q2).log_prob(z2)
    return log_p_x + normal(mu_p1, logvar_p1).log_prob(z1) + log_p_z2 - log_q


answers.right("distributions", hvae_log_weight_distributions)


def hvae_log_weight_without_constants(log_p_x, z1, z2, mu_q1, logvar_q1, mu_p1, logvar_p1, mu_q2, logvar_q2, log_p_z2):
    """The 2 pi of z1 cancels between p and q; that of z2 does not, since log_p_z2 has it."""
    half = lambda z, mu, logvar: -0.5 * (logvar + (z - mu) ** 2 / logvar.exp()).sum(-1)
    lower = half(z1, mu_p1, logvar_p1) - half(z1, mu_q1, logvar_q1)
    return log_p_x + lower + log_p_z2 - half(z2, mu_q2, logvar_q2) + z2.shape[-1] * 0.5 * math.log(2 * math.pi)


answers.right("without constants", hvae_log_weight_without_constants)


answers.same = {
    "z - mu  ->  mu - z": "squared",
    "log_normal(z1, mu_q1, logvar_q1)  ->  log_normal(mu_q1, z1, logvar_q1)": "a normal density is symmetric in z and its mean",
    "log_normal(z2, mu_q2, logvar_q2)  ->  log_normal(mu_q2, z2, logvar_q2)": "a normal density is symmetric in z and its mean",
    "log_normal(z1, mu_p1, logvar_p1)  ->  log_normal(mu_p1, z1, logvar_p1)": "a normal density is symmetric in z and its mean",
}
