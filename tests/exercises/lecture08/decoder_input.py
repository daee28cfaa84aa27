"""Answers to 08.a decoder_input as students write them."""

import torch
from torch.distributions import Normal

from tests.exercises.answers import Answers

answers = Answers()


def loops(mu, logvar, masks, noise):
    z = torch.zeros(len(mu), len(masks), mu.shape[1], dtype=mu.dtype)
    for i in range(len(mu)):
        for e in range(len(masks)):
            for d in range(mu.shape[1]):
                if masks[e, d] > 0:
                    z[i, e, d] = mu[i, d] + torch.sqrt(torch.exp(logvar[i, d])) * noise[i, d]
    return z


def by_the_posterior(mu, logvar, masks, noise):
    """The masked posterior's sample, masked again."""
    mu_y, logvar_y = masks * mu[:, None], masks * logvar[:, None]
    return masks * (mu_y + torch.exp(0.5 * logvar_y) * noise[:, None])


def einsum(mu, logvar, masks, noise):
    return torch.einsum("bd,ed->bed", torch.addcmul(mu, (0.5 * logvar).exp(), noise), masks)


def quantiles(mu, logvar, masks, noise):
    q = Normal(mu, (logvar / 2).exp())
    z = q.loc + q.scale * noise
    return torch.stack([torch.where(mask.bool(), z, torch.zeros_like(z)) for mask in masks], 1)


def change(z=None, masked=None):
    def answer(mu, logvar, masks, noise):
        sample = z(mu, logvar, noise) if z else mu + (logvar / 2).exp() * noise
        return masked(sample, masks) if masked else sample[:, None] * masks

    return answer


def fresh(mu, logvar, masks, noise):
    return masks * (mu[:, None] + (logvar / 2).exp()[:, None] * torch.randn(len(mu), *masks.shape))


def in_place(mu, logvar, masks, noise):
    return mu.add_((logvar / 2).exp() * noise)[:, None] * masks


answers.right("loops", loops)
answers.right("posterior, masked twice", by_the_posterior)
answers.right("einsum", einsum)
answers.right("where", quantiles)
answers.right("float32", lambda *given: einsum(*(a.float() for a in given)))
for name, cause, parts in (
    ("variance", "standard deviation", {"z": lambda mu, v, n: mu + v.exp() * n}),
    ("logvar as deviation", "logarithm", {"z": lambda mu, v, n: mu + v * n}),
    ("half the variance", "half|½|factor|exp|0.5", {"z": lambda mu, v, n: mu + v.exp() / 2 * n}),
    ("fourth root", "root|quarter|half", {"z": lambda mu, v, n: mu + (v / 4).exp() * n}),
    ("precision", "sign", {"z": lambda mu, v, n: mu + (-v / 2).exp() * n}),
    ("not scaled", "not scaled", {"z": lambda mu, v, n: mu + n}),
    ("no mean", "mean|`mu`", {"z": lambda mu, v, n: (v / 2).exp() * n}),
    ("no noise", "mean", {"z": lambda mu, v, n: mu}),
    ("noise subtracted", "subtracted", {"z": lambda mu, v, n: mu - (v / 2).exp() * n}),
    ("mean scaled too", "deviation|multipl|parenthes|scale", {"z": lambda mu, v, n: (mu + n) * (v / 2).exp()}),
    ("one noise for all images", "noise", {"z": lambda mu, v, n: mu + (v / 2).exp() * n[0]}),
    ("epitomes first", "order", {"masked": lambda z, m: z * m[:, None]}),
    ("complement", "complement", {"masked": lambda z, m: z[:, None] * (1 - m)}),
    ("not masked", "masks are not used", {"masked": lambda z, m: z[:, None].repeat(1, len(m), 1)}),
    ("added up", "added up", {"masked": lambda z, m: (z[:, None] * m).sum(1)}),
    ("product of matrices", "matri|sum", {"masked": lambda z, m: z @ m.T}),
    ("averaged over its epitomes", "divided|averag", {"masked": lambda z, m: z[:, None] * m / m.sum(0).clamp(min=1)}),
    ("normalised masks", "divid|mask|mean|size", {"masked": lambda z, m: z[:, None] * m / m.sum(1, keepdim=True)}),
    ("left out", "left out|shape", {"masked": lambda z, m: torch.stack([z[:, r > 0] for r in m], 1)}),
    ("ones where off", "1|off", {"masked": lambda z, m: z[:, None] * m + (1 - m)}),
    ("latents before epitomes", "order", {"masked": lambda z, m: z[:, :, None] * m.T}),
    ("flattened", "shape|flat", {"masked": lambda z, m: (z[:, None] * m).flatten(1)}),
):  # fmt: skip
    answers.wrong(name, cause, change(**parts))
answers.wrong("mean masked alone", "noise", lambda mu, v, m, n: m * mu[:, None] + ((v / 2).exp() * n)[:, None])
answers.wrong("noise masked alone", "means", lambda mu, v, m, n: mu[:, None] + m * ((v / 2).exp() * n)[:, None])
answers.wrong("posterior masked alone", "pure noise", lambda mu, v, m, n: (
    m * mu[:, None] + torch.exp(m * v[:, None] / 2) * n[:, None]))  # fmt: skip
answers.wrong("fresh noise", "noise", fresh)
answers.wrong("in place", "in place", in_place)
