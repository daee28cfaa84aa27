"""Answers to ps2.1 reparameterize as students write them."""

import math

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Normal

from tests.exercises.answers import Answers
from tests.exercises.shared import reparameterize_sqrt

answers = Answers()


class Sampler(nn.Module):
    def forward(self, mu, logvar, noise):
        scale = torch.exp(torch.mul(logvar, 0.5))
        return torch.add(mu, torch.mul(scale, noise))


def sample_in_place(mu, logvar, noise):
    out = noise.clone()
    out = out * logvar.div(2).exp()
    out += mu
    return out


answers.right("a module", Sampler())
answers.wrong("in place on own tensors", "broadcast", sample_in_place, fair=0.9)
answers.right(
    "diagonal matrices", lambda mu, logvar, noise: mu + (torch.diag_embed((logvar / 2).exp()) @ noise.unsqueeze(-1)).squeeze(-1)
)
answers.right(
    "affine transform", lambda mu, logvar, noise: torch.distributions.transforms.AffineTransform(mu, logvar.exp().sqrt())(noise)
)
answers.right("lerp-free powers of e", lambda mu, logvar, noise: mu + math.e ** (logvar / 2) * noise)
answers.right("logaddexp free softplus identity", lambda mu, logvar, noise: mu + noise / torch.exp(-logvar).sqrt())
answers.right("float32 and back", lambda mu, logvar, noise: (mu.float() + (0.5 * logvar.float()).exp() * noise.float()).double())
answers.right(
    "icdf of the noise's cdf",
    lambda mu, logvar, noise: Normal(mu, (logvar / 2).exp()).loc + Normal(mu, (logvar / 2).exp()).scale * noise,
)
answers.wrong(
    "noise detached from sigma", "gradient", lambda mu, logvar, noise: mu + ((0.5 * logvar).exp() * noise).detach(), fair=0.9
)
answers.wrong(
    "numpy, no gradients",
    "gradient|detach",
    lambda mu, logvar, noise: torch.from_numpy(mu.numpy() + np.exp(logvar.numpy() / 2) * noise.numpy()),
    fair=0.9,
)
answers.wrong("no_grad", "gradient", torch.no_grad()(lambda mu, logvar, noise: mu + (0.5 * logvar).exp() * noise), fair=0.9)
answers.wrong(
    "rsample with own noise", "draw none|noise|random", lambda mu, logvar, noise: Normal(mu, (0.5 * logvar).exp()).rsample()
)
answers.wrong(
    "rsample after a seed reset",
    "noise",
    lambda mu, logvar, noise: (torch.manual_seed(0), Normal(mu, (0.5 * logvar).exp()).rsample())[1],
)
answers.wrong("minus the noise", "sign", lambda mu, logvar, noise: mu - (0.5 * logvar).exp() * noise)
answers.wrong("absolute noise", "negative|absolute|sign", lambda mu, logvar, noise: mu + (0.5 * logvar).exp() * noise.abs())
answers.wrong("sqrt of logvar", "exp|logarithm|log", lambda mu, logvar, noise: mu + logvar.abs().sqrt() * noise)
answers.wrong("exp(2 logvar)", "half|logvar / 2|½|standard", lambda mu, logvar, noise: mu + (2 * logvar).exp() * noise)
answers.wrong("softplus scale", "exp|softplus", lambda mu, logvar, noise: mu + F.softplus(logvar) * noise)
answers.wrong("mu scaled too", "mean|mu|parenthes", lambda mu, logvar, noise: (mu + noise) * (0.5 * logvar).exp())
answers.wrong("arguments swapped", "swap|order|argument|mean", lambda mu, logvar, noise: noise + (0.5 * logvar).exp() * mu)
answers.wrong("half outside", "½|half|factor|exp\\(logvar / 2", lambda mu, logvar, noise: mu + 0.5 * logvar.exp() * noise)
answers.wrong("1e-3 added to sigma", "constant|epsilon", lambda mu, logvar, noise: mu + ((0.5 * logvar).exp() + 1e-3) * noise)
answers.wrong(
    "noise of the first row",
    "row|image|sample|noise",
    lambda mu, logvar, noise: mu + (0.5 * logvar).exp() * noise[:1].expand_as(noise),
)
answers.wrong("float16", "precision|half", lambda mu, logvar, noise: mu.half() + (0.5 * logvar.half()).exp() * noise.half())
answers.wrong(
    "noise with its shape made mu's",
    "shape|broadcast|RuntimeError",
    lambda mu, logvar, noise: mu + (0.5 * logvar).exp() * noise.reshape(mu.shape),
    fair=0.9,
)
answers.wrong("noise in place", "in place", lambda mu, logvar, noise: noise.mul_((0.5 * logvar).exp()).add_(mu), fair=0.0)
answers.wrong("logvar clamped to [-6, 2]", "clamp", lambda mu, logvar, noise: mu + (0.5 * logvar.clamp(-6, 2)).exp() * noise)
answers.wrong("logvar clamped to [-2, 2]", "clamp", lambda mu, logvar, noise: mu + (0.5 * logvar.clamp(-2, 2)).exp() * noise)
answers.wrong(
    "sampled per batch", "noise|dimension", lambda mu, logvar, noise: mu + (0.5 * logvar).exp() * noise.mean(-1, keepdim=True)
)


def reparameterize_affine(mu, logvar, noise):
    return torch.addcmul(*torch.broadcast_tensors(mu, torch.exp(logvar / 2), noise))


answers.right("affine", reparameterize_affine)
answers.right("sqrt", reparameterize_sqrt)
