"""Answers to ps4.7 match_epitomic as students write them."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.exercises.answers import Answers
from tests.exercises.shared import (
    bern,
    epitome_costs_einsum,
    kl_terms,
    log_bernoulli_bce,
    log_bernoulli_distributions,
    log_n,
    masked_kl_distributions,
    masked_kl_terms,
    normal,
)

answers = Answers()


def evae(
    x,
    noise,
    masks,
    w,
    cost=None,
    choice=None,
    sample=None,
    kl=None,
    log_e=True,
    logvar_clamp=None,
    act=torch.relu,
    shape=None,
    bias=True,
    final=None,
    x_of=lambda x: x,
):
    """The network with one thing changed."""
    x = x_of(x)
    lin = lambda h, n: h @ w[n + ".weight"].T + (w[n + ".bias"] if bias else 0)
    dec = lambda z: lin(act(lin(z, "decoder.0.0")), "decoder.1")
    h = act(lin(x, "encoder.body.0"))
    mu, v = lin(h, "encoder.mu"), lin(h, "encoder.logvar")
    v = v.clamp(*logvar_clamp) if logvar_clamp else v
    lp = bern(x[:, None], dec(masks * mu[:, None])).sum(-1)
    costs = -lp + kl_terms(mu, v) @ masks.T + math.log(len(masks)) if cost is None else cost(lp, mu, v, masks)
    y = costs.argmin(1) if choice is None else choice(costs)
    m = masks[y]
    z = m * (mu + (v / 2).exp() * noise) if sample is None else sample(m, mu, v, noise)
    k = (m * kl_terms(mu, v)).sum(-1) if kl is None else kl(m, mu, v, z)
    bound = (bern(x, dec(z)).sum(-1) if final is None else final(x, dec(z))) - k - (math.log(len(masks)) if log_e else 0)
    return (y, bound) if shape is None else shape(y, bound)


class EVAE:
    def __init__(self, weights):
        self.w = {k: v.numpy() for k, v in weights.items()}

    def lin(self, h, n):
        return h @ self.w[n + ".weight"].T + self.w[n + ".bias"]

    def decode(self, z):
        return self.lin(np.maximum(self.lin(z, "decoder.0.0"), 0), "decoder.1")

    def __call__(self, x, noise, masks):
        h = np.maximum(self.lin(x, "encoder.body.0"), 0)
        mu, v = self.lin(h, "encoder.mu"), self.lin(h, "encoder.logvar")
        terms = 0.5 * (mu**2 + np.exp(v) - v - 1)
        best, answer = None, None
        for e, m in enumerate(masks):
            l = self.decode(m * mu)
            c = -(x * l - np.logaddexp(0, l)).sum(1) + terms @ m
            l = self.decode(m * (mu + np.exp(v / 2) * noise))
            b = (x * l - np.logaddexp(0, l)).sum(1) - terms @ m - np.log(len(masks))
            if best is None:
                best, y, answer = c, np.zeros(len(x), int), b
            else:
                won = c < best
                best, y, answer = np.where(won, c, best), np.where(won, e, y), np.where(won, b, answer)
        return y, answer


answers.right(
    "numpy, a running minimum over epitomes",
    lambda x, noise, masks, weights: EVAE(weights)(x.numpy(), noise.numpy(), masks.numpy()),
)
answers.right(
    "vmap over images",
    lambda x, noise, masks, weights: torch.vmap(lambda a, e: tuple(t[0] for t in evae(a[None], e[None], masks, weights)))(
        x, noise
    ),
)
answers.right(
    "a batch at a time, no_grad",
    torch.no_grad()(
        lambda x, noise, masks, weights: tuple(
            torch.cat(p) for p in zip(*(evae(a, e, masks, weights) for a, e in zip(x.split(10), noise.split(10))))
        )
    ),
)
answers.right(
    "all bounds, then gather",
    lambda x, noise, masks, weights: (lambda y, b: (y, b.gather(1, y[:, None])[:, 0]))(
        evae(x, noise, masks, weights)[0],
        torch.stack(
            [evae(x, noise, masks, weights, choice=lambda c, e=e: torch.full((len(c),), e))[1] for e in range(len(masks))], 1
        ),
    ),
)
answers.right(
    "BCE function and masked posterior",
    lambda x, noise, masks, weights: evae(
        x,
        noise,
        masks,
        weights,
        final=lambda a, l: -F.binary_cross_entropy_with_logits(l, a, reduction="none").sum(1),
        sample=lambda m, mu, v, n: m * mu + torch.sqrt(torch.exp(m * v)) * (m * n),
        kl=lambda m, mu, v, z: kl_terms(m * mu, m * v).sum(1),
    ),
)
answers.right("float64 index answer", lambda x, noise, masks, weights: [t.double() for t in evae(x, noise, masks, weights)])
answers.wrong(
    "random choice",
    "draw none|random|cheapest",
    lambda x, n, k, w: evae(x, n, k, w, choice=lambda c: torch.randint(c.shape[1], (len(c),))),
)
answers.wrong(
    "choice with the decoder unmasked",
    "mask|m.μ",
    lambda x, n, k, w: (
        lambda lin: evae(
            x,
            n,
            k,
            w,
            cost=lambda lp, m, v, k: (
                -bern(x, lin(lin(m, "decoder.0.0").relu(), "decoder.1")).sum(-1, keepdim=True) + kl_terms(m, v) @ k.T
            ),
        )
    )(lambda h, name: h @ w[name + ".weight"].T + w[name + ".bias"]),
)
answers.wrong("dearest", "argmin|dear|least|cheapest", lambda x, n, k, w: evae(x, n, k, w, choice=lambda c: c.argmax(1)))
answers.wrong(
    "always epitome 0",
    "cheapest|choice|epitome",
    lambda x, n, k, w: evae(x, n, k, w, choice=lambda c: torch.zeros(len(c), dtype=torch.long)),
)
answers.wrong(
    "one epitome for the batch",
    "image|batch",
    lambda x, n, k, w: evae(x, n, k, w, choice=lambda c: c.sum(0).argmin().expand(len(c))),
)
answers.wrong(
    "printed signs of equation 10",
    "sign|E1|equation",
    lambda x, n, k, w: evae(x, n, k, w, cost=lambda lp, m, v, k: -lp - kl_terms(m, v) @ k.T - math.log(len(k))),
)
answers.wrong(
    "chosen with the KL of all latents",
    "mask",
    lambda x, n, k, w: evae(x, n, k, w, cost=lambda lp, m, v, k: -lp + kl_terms(m, v).sum(-1, keepdim=True)),
)
answers.wrong(
    "chosen by the KL alone",
    "reconstruction|log p",
    lambda x, n, k, w: evae(x, n, k, w, cost=lambda lp, m, v, k: kl_terms(m, v) @ k.T),
)
answers.wrong(
    "chosen by mean pixels",
    "mean|pixel",
    lambda x, n, k, w: evae(x, n, k, w, cost=lambda lp, m, v, k: -lp / x.shape[1] + kl_terms(m, v) @ k.T),
)
answers.wrong(
    "off-epitome noise with variance 1",
    "off the epitome|noise|mask",
    lambda x, n, k, w: evae(x, n, k, w, sample=lambda m, mu, v, e: m * mu + (m * v / 2).exp() * e),
)
answers.wrong(
    "noise not masked, mean masked",
    "noise|mask",
    lambda x, n, k, w: evae(x, n, k, w, sample=lambda m, mu, v, e: m * mu + (v / 2).exp() * e),
)
answers.wrong(
    "noise forgotten off by scale: sigma 1",
    "σ|noise|scale",
    lambda x, n, k, w: evae(x, n, k, w, sample=lambda m, mu, v, e: m * (mu + e)),
)
answers.wrong(
    "own noise",
    "draw none|noise",
    lambda x, n, k, w: evae(x, n, k, w, sample=lambda m, mu, v, e: m * (mu + (v / 2).exp() * torch.randn_like(e))),
)
answers.wrong("log-variance clamped to [-6, 2]", "clamp", lambda x, n, k, w: evae(x, n, k, w, logvar_clamp=(-6, 2)))
answers.wrong(
    "KL of the mean only",
    "KL|variance",
    lambda x, n, k, w: evae(x, n, k, w, kl=lambda m, mu, v, z: 0.5 * ((m * mu) ** 2).sum(-1)),
)
answers.wrong(
    "KL not halved", "½|half|KL", lambda x, n, k, w: evae(x, n, k, w, kl=lambda m, mu, v, z: 2 * (m * kl_terms(mu, v)).sum(-1))
)
answers.wrong("KL added", "sign|KL", lambda x, n, k, w: evae(x, n, k, w, kl=lambda m, mu, v, z: -(m * kl_terms(mu, v)).sum(-1)))
answers.wrong(
    "log E added", "log E|sign|off by", lambda x, n, k, w: evae(x, n, k, w, shape=lambda y, b: (y, b + 2 * math.log(len(k))))
)
answers.wrong(
    "log 12", "log E|epitomes", lambda x, n, k, w: evae(x, n, k, w, log_e=False, shape=lambda y, b: (y, b - math.log(12)))
)
answers.wrong("pixels rounded to black and white", "grey|round|binar", lambda x, n, k, w: evae(x, n, k, w, x_of=torch.round))
answers.wrong("mean over pixels", "pixel|mean", lambda x, n, k, w: evae(x, n, k, w, final=lambda a, l: bern(a, l).mean(-1)))
answers.wrong(
    "squared error", "Bernoulli|square", lambda x, n, k, w: evae(x, n, k, w, final=lambda a, l: -((a - l.sigmoid()) ** 2).sum(-1))
)
answers.wrong(
    "output squashed", "logit|sigmoid", lambda x, n, k, w: evae(x, n, k, w, final=lambda a, l: bern(a, l.sigmoid()).sum(-1))
)
answers.wrong("biases forgotten", "bias", lambda x, n, k, w: evae(x, n, k, w, bias=False))
answers.wrong("leaky ReLU", "ReLU", lambda x, n, k, w: evae(x, n, k, w, act=lambda t: F.leaky_relu(t, 0.01)))
answers.wrong("softplus layers", "ReLU", lambda x, n, k, w: evae(x, n, k, w, act=F.softplus))
answers.wrong(
    "one-sample KL",
    "KL|closed",
    lambda x, n, k, w: evae(x, n, k, w, kl=lambda m, mu, v, z: (m * (log_n(z, mu, v) - log_n(z, 0 * mu, 0 * v))).sum(-1)),
)
answers.wrong(
    "bound at the least cost",
    "noise|sample",
    lambda x, n, k, w: evae(x, n, k, w, shape=lambda y, b: (y, evae(x, 0 * n, k, w)[1])),
)
answers.wrong("counted from 1", "off by the same .1", lambda x, n, k, w: evae(x, n, k, w, shape=lambda y, b: (y + 1, b)))
answers.wrong("only the bound", "values|y", lambda x, n, k, w: evae(x, n, k, w)[1])
answers.wrong("bounds' mean", "image|batch|shape", lambda x, n, k, w: evae(x, n, k, w, shape=lambda y, b: (y, b.mean())))


def match_epitomic_loop(x, noise, masks, weights):
    linear = lambda h, layer: F.linear(h, weights[layer + ".weight"], weights[layer + ".bias"])
    decode = lambda z: linear(F.relu(linear(z, "decoder.0.0")), "decoder.1")
    h = F.relu(linear(x, "encoder.body.0"))
    mu, logvar = linear(h, "encoder.mu"), linear(h, "encoder.logvar")
    log_p_x = torch.stack([log_bernoulli_bce(x, decode(mask * mu)) for mask in masks], 1)
    y = epitome_costs_einsum(log_p_x, mu, logvar, masks).argmin(1)
    mask = masks[y]
    z = normal(mask * mu, mask * logvar).base_dist
    z = mask * (z.loc + z.scale * noise)
    return y, log_bernoulli_bce(x, decode(z)) - masked_kl_distributions(mu, logvar, mask) - math.log(len(masks))


answers.right("loop", match_epitomic_loop)


def match_epitomic_image_by_image(x, noise, masks, weights):
    def affine(h, layer):
        return weights[layer + ".weight"] @ h + weights[layer + ".bias"]

    def bound(image, z, posterior, mask):
        logits = affine(torch.relu(affine(mask * z, "decoder.0.0")), "decoder.1")
        return log_bernoulli_distributions(image, logits) - masked_kl_terms(*posterior, mask[None])[0] - math.log(len(masks))

    chosen, bounds = [], []
    for image, e in zip(x, noise):
        h = torch.relu(affine(image, "encoder.body.0"))
        mu, logvar = affine(h, "encoder.mu"), affine(h, "encoder.logvar")
        posterior = mu[None], logvar[None]
        candidates = [bound(image, mu, posterior, mask).item() for mask in masks]
        chosen.append(candidates.index(max(candidates)))
        bounds.append(bound(image, mu + torch.exp(logvar / 2) * e, posterior, masks[chosen[-1]]))
    return torch.tensor(chosen), torch.stack(bounds)


answers.right("image by image", match_epitomic_image_by_image)
