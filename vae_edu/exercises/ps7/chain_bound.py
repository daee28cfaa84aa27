"""ps7.4: chain_bound."""

import functools

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit, log_expit, logsumexp

from ... import reference
from ...models.infusion import InfusionChain
from ..exercise import Exercise


def pixel_by_pixel(x, states, logits, rate):
    """Step by step, q as a mixture of two logarithms."""
    bound = np.where(x == 1, log_expit(logits[-1]), log_expit(-logits[-1])).sum(-1)
    for t, state in enumerate(states):
        before = logits[t - 1] if t else np.zeros_like(x)
        log_p, share = np.where(state == 1, log_expit(before), log_expit(-before)), rate * (t + 1)
        agrees = np.where(state == x, 0.0, -np.inf)
        log_q = logsumexp([log_p, agrees], b=[np.full_like(x, 1 - share), np.full_like(x, share)], axis=0)
        bound = bound + (log_p - log_q).sum(-1)
    return bound


def draw_states(rng: np.random.Generator):
    """2 to 5 binary images of 3 to 7 pixels, 1 to 4 steps; states as the infused chain draws them."""
    batch, pixels, steps = int(rng.integers(2, 6)), int(rng.integers(3, 8)), int(rng.integers(1, 5))
    return random_chain(rng, batch, pixels, steps)


def random_chain(rng: np.random.Generator, batch: int, pixels: int, steps: int):
    x, logits = rng.integers(0, 2, size=(batch, pixels)).astype(float), 1.5 * rng.normal(size=(steps, batch, pixels))
    rate = float(rng.uniform(0.4, 0.95) / steps)
    drawn = rng.uniform(size=logits.shape) < np.concatenate([np.full_like(logits[:1], 0.5), expit(logits[:-1])])
    hinted = rng.uniform(size=logits.shape) < rate * np.arange(1, steps + 1)[:, None, None]
    return x, np.where(hinted, x, drawn).astype(float), logits, rate


@functools.cache
@torch.no_grad()
def trained_chain():
    """The trained chain on eight of its own images."""
    model, generator = reference.load("infusion-mnist").double(), torch.Generator().manual_seed(7)
    x = model.sample(8, generator=generator)
    states, logits = model.infused(x, generator=generator)
    return "infusion-mnist on 8 images, 6 steps", (x.numpy(), states.numpy(), logits.numpy(), model.rates[0]), None


exercise = Exercise(
    "ps7.4",
    "chain_bound",
    ["x", "states", "logits", "rate"],
    oracle=pixel_by_pixel,
    draw=draw_states,
    reference=trained_chain,
    closed_book=[InfusionChain.log_weights],
)
LN2 = np.log(2)
exercise.case("one step, no hint: log p(x|z) alone", [[1.0]], [[[0.0]]], [[[0.0]]], 0.0, expected=[-LN2])
exercise.case("one step, the state is the image's pixel: ½ under p, ¾ under q", [[1.0]], [[[1.0]]], [[[0.0]]], 0.5,
    expected=[np.log(0.5 / 0.75) - LN2])  # fmt: skip
exercise.case("one step, the state is not the image's: ½ under p, ¼ under q", [[1.0]], [[[0.0]]], [[[0.0]]], 0.5,
    expected=[np.log(0.5 / 0.25) - LN2])  # fmt: skip
exercise.case("a pixel that is off in the image", [[0.0]], [[[0.0]]], [[[-np.log(3)]]], 0.5,
    expected=[np.log(0.5 / 0.75) + np.log(0.75)])  # fmt: skip
exercise.case("two steps: shares ¼ and ½, p of the second from the first logits", [[1.0]], [[[0.0]], [[1.0]]],
    [[[-np.log(3)]], [[np.log(3)]]], 0.25,
    expected=[np.log(0.5 / 0.375) + np.log(0.25 / 0.625) + np.log(0.75)])  # fmt: skip
exercise.case("two images, two pixels", [[1.0, 0.0], [0.0, 0.0]], [[[1.0, 0.0], [1.0, 0.0]]], [[[0.0, 0.0], [0.0, 0.0]]], 0.5,
    expected=[2 * np.log(2 / 3) - 2 * LN2, np.log(2 / 3) + np.log(2) - 2 * LN2])  # fmt: skip
exercise.case("logits of 800", [[1.0]], [[[1.0]], [[1.0]]], [[[-800.0]], [[800.0]]], 0.25,
    expected=[np.log(0.5 / 0.625) - 800 + LN2], edge=True)  # fmt: skip
exercise.always("four steps, 20 images of 40 pixels", lambda rng: random_chain(rng, 20, 40, 4))


def _shares(rate, steps):
    """The share of true pixels at steps 1 .. steps, (steps, 1, 1)."""
    return (rate * torch.arange(1, steps + 1, dtype=torch.float64))[:, None, None]


def _log_p(states, logits):
    return -F.softplus((1 - 2 * states) * logits)


def _drawn_from(logits):
    return torch.cat([torch.zeros_like(logits[:1]), logits[:-1]])


def _bound(x, states, logits, rate, q=None, before=None, part=None, last=None):
    part = _shares(rate, len(states)) if part is None else part
    log_p = _log_p(states, _drawn_from(logits) if before is None else before)
    log_q = torch.log((1 - part) * log_p.exp() + part * (states == x)) if q is None else q(log_p, part)
    return (log_p - log_q).sum((0, 2)) + (_log_p(x, logits[-1]).sum(-1) if last is None else last)


@exercise.misconception("The states' log q is not subtracted: the bound is log p of everything drawn minus log q of the states.")
def without_q(x, states, logits, rate):
    return _bound(x, states, logits, rate, q=lambda log_p, part: 0 * log_p)


@exercise.misconception("The last step alone: log p(x|z_T) is no bound until the states' log p − log q is added.")
def last_step_alone(x, states, logits, rate):
    return _log_p(x, logits[-1]).sum(-1)


@exercise.misconception("All steps' log p(x|z_t) are added up, as in training: only the last one draws the image.")
def sum_over_steps(x, states, logits, rate):
    return _log_p(x, logits).sum((0, 2))


@exercise.misconception("log q is added and log p subtracted in the states: the bound has log p − log q.")
def ratio_upside_down(x, states, logits, rate):
    last = _log_p(x, logits[-1]).sum(-1)
    return 2 * last - _bound(x, states, logits, rate)


@exercise.misconception("The share of true pixels is taken as constant: at step t it is rate · t.")
def constant_share(x, states, logits, rate):
    return _bound(x, states, logits, rate, part=0 * _shares(rate, len(states)) + rate)


@exercise.misconception("The shares begin at 0: the first state has rate · 1.")
def steps_from_zero(x, states, logits, rate):
    return _bound(x, states, logits, rate, part=_shares(rate, len(states)) - rate)


@exercise.misconception(
    "The states are scored under their own logits: z_(t+1) is drawn from the logits that z_t gives, z_1 from ½."
)
def own_logits(x, states, logits, rate):
    return _bound(x, states, logits, rate, before=logits)


@exercise.misconception(
    "log q is that of a pixel known to be a hint or not: which it was is not known, so q = (1 − share)·p + share·[z = x]."
)
def log_of_the_parts(x, states, logits, rate):
    return _bound(x, states, logits, rate, q=lambda log_p, part: (1 - part) * log_p + part * torch.where(states == x, 0.0, -1.0))


@exercise.misconception("The first state has no cost here: its pixels are ½ under p, and infused under q like all others.")
def first_state_left_out(x, states, logits, rate):
    part = _shares(rate, len(states)).clone()
    part[0] = 0
    return _bound(x, states, logits, rate, part=part)


@exercise.misconception("The pixels are averaged: log p and log q are sums over them.")
def mean_over_pixels(x, states, logits, rate):
    return _bound(x, states, logits, rate) / x.shape[1]


@exercise.misconception("q mixes in the pixel's *being on*, also where the image's pixel is off: it puts the share on z = x.")
def hint_is_on(x, states, logits, rate):
    return _bound(x, states, logits, rate, q=lambda log_p, part: torch.log((1 - part) * log_p.exp() + part * states))


@exercise.misconception("This is the mean over the images: one number for each image is asked for.")
def averaged(x, states, logits, rate):
    return _bound(x, states, logits, rate).mean()


@exercise.misconception("log p(x|z_t) of *every* step is added to the states' terms: the last step alone draws the image.")
def images_term_at_all_steps(x, states, logits, rate):
    return _bound(x, states, logits, rate, last=_log_p(x, logits).sum((0, 2)))


@exercise.misconception(
    "Where z agrees with x its q is the share alone: it may agree by a draw as well, q = (1 − share)·p + share."
)
def share_alone(x, states, logits, rate):
    drawn = lambda log_p, part: torch.where(states == x, part.log(), (1 - part).log() + log_p)
    return _bound(x, states, logits, rate, q=drawn)


@exercise.misconception("p(z_1) is missing: its pixels are noise, each with the probability ½.")
def first_state_sure(x, states, logits, rate):
    half = _log_p(states[:1], 0 * logits[:1]).sum((0, 2))
    return _bound(x, states, logits, rate) - half


@exercise.misconception("The hint is compared with the state before: it is the *image's* pixel that z agrees with or not.")
def agrees_with_the_state_before(x, states, logits, rate):
    before = torch.cat([states[:1], states[:-1]])
    return _bound(x, states, logits, rate, q=lambda log_p, part: torch.log((1 - part) * log_p.exp() + part * (states == before)))


@exercise.steps
def in_steps(x, states, logits, rate):
    before = _drawn_from(logits)  # the logits each state is drawn from, 0 for the first
    log_p = -F.softplus((1 - 2 * states) * before)  # log p of each state's pixels
    share = _shares(rate, len(states))  # the shares of true pixels
    mixed = (1 - share) * log_p.exp() + share * (states == x)  # q of each state's pixels
    ratio = log_p - mixed.log()  # log p − log q of each pixel
    of_states = ratio.sum((0, 2))  # the sum over steps and pixels
    pixels = -F.softplus((1 - 2 * x) * logits[-1])  # log p of the image's pixels
    return of_states + pixels.sum(-1)  # the bound
