"""ps7.3: infusion_step."""

import numpy as np
import torch
import torch.nn.functional as F
from scipy.special import expit, log_expit

from ...models.infusion import InfusionChain, infuse
from ...reference import probe
from ..exercise import Exercise


def image_by_image(x, before, rate, t, hint, draw, weights, bias):
    log_p, states = [], []
    for image, old, h, u in zip(x, before, hint, draw):
        mixed = np.array([true if number < rate * t else kept for true, kept, number in zip(image, old, h)])
        logits = weights.T @ mixed + bias
        log_p.append(sum(log_expit(value) if pixel else log_expit(-value) for pixel, value in zip(image, logits)))
        states.append((u < expit(logits)).astype(float))
    return np.array(log_p), np.array(states)


def step_of(rng: np.random.Generator, x, steps: int, scale: float):
    """A step from images x in noise; no number in `draw` lies so near its probability that rounding decides."""
    before, hint, draw = rng.integers(0, 2, size=x.shape).astype(float), rng.uniform(size=x.shape), rng.uniform(size=x.shape)
    t, rate = int(rng.integers(2, steps + 1)), float(rng.uniform(0.5, 0.9) / steps)
    weights, bias = scale * rng.normal(size=(x.shape[1], x.shape[1])), rng.normal(size=x.shape[1])
    p = expit(np.where(hint < rate * t, x, before) @ weights + bias)
    draw = np.where(np.abs(draw - p) < 1e-3, (draw + 0.1) % 1, draw)
    return x, before, rate, t, hint, draw, weights, bias


def draw_step(rng: np.random.Generator):
    """3 to 6 binary images of 5 to 9 pixels, the second to fifth step."""
    x = rng.integers(0, 2, size=(rng.integers(3, 7), rng.integers(5, 10))).astype(float)
    return step_of(rng, x, 5, 1.0)


def probe_step():
    """The images of a trained reference; the network is drawn, small enough for pixels that are neither 0 nor 1."""
    x = probe("pixelvae-mnist14").x[:20].numpy()
    return "a step from 20 images of pixelvae-mnist14", step_of(np.random.default_rng(7), x, 6, 0.2), None


exercise = Exercise(
    "ps7.3",
    "infusion_step",
    ["x", "before", "rate", "t", "hint", "draw", "weights", "bias"],
    oracle=image_by_image,
    draw=draw_step,
    reference=probe_step,
    closed_book=[InfusionChain.infused, infuse],
)
LN2, SURE = np.log(2), log_expit(4.0)
ON, OFF, COPY, HALF = [[1.0]], [[0.0]], [[8.0]], [-4.0]  # a network that copies its pixel: logits 4 and -4
exercise.case("a network that sees nothing: −log 2 a pixel, on where u < ½", [[1.0, 0.0]], [[0.0, 0.0]], 0.2, 1, [[0.5, 0.5]],
    [[0.4, 0.6]], [[0.0, 0.0], [0.0, 0.0]], [0.0, 0.0], expected=([-2 * LN2], [[1.0, 0.0]]))  # fmt: skip
exercise.case("step 1: a hint, 0.2 < 0.3", ON, OFF, 0.3, 1, [[0.2]], [[0.5]], COPY, HALF, expected=([SURE], [[1.0]]))
exercise.case("step 1: no hint, 0.4 > 0.3", ON, OFF, 0.3, 1, [[0.4]], [[0.5]], COPY, HALF, expected=([log_expit(-4.0)], [[0.0]]))
exercise.case(
    "step 2: the share is 2 · 0.3, and 0.4 a hint", ON, OFF, 0.3, 2, [[0.4]], [[0.5]], COPY, HALF, expected=([SURE], [[1.0]])
)
exercise.case("a black pixel is a hint, too", OFF, ON, 0.3, 2, [[0.4]], [[0.5]], COPY, HALF, expected=([SURE], [[0.0]]))
exercise.case("the log-likelihood is the image's, not the mixed state's", ON, OFF, 0.3, 1, [[0.9]], [[0.9]], COPY, HALF,
    expected=([log_expit(-4.0)], [[0.0]]))  # fmt: skip
exercise.case("rate 0: the state before is all it sees", [[1.0], [1.0]], [[1.0], [0.0]], 0.0, 3, [[0.1], [0.1]], [[0.5], [0.5]],
    COPY, HALF, expected=([SURE, log_expit(-4.0)], [[1.0], [0.0]]))  # fmt: skip
exercise.always("40 images of 50 pixels", lambda rng: step_of(rng, rng.integers(0, 2, size=(40, 50)).astype(float), 4, 0.5))


def _log_p(x, logits):
    return (x * logits - F.softplus(logits)).sum(-1)


def _step(x, before, rate, t, hint, draw, weights, bias, share=None, mix=None, score=None, on=None):
    share = rate * t if share is None else share
    mixed = torch.where(hint < share, x, before) if mix is None else mix(share)
    logits = mixed @ weights + bias
    p = logits.sigmoid()
    return _log_p(x, logits) if score is None else score(mixed, logits), ((draw < p).to(x) if on is None else on(p, mixed))


@exercise.misconception("The share of true pixels is the rate itself: at step t it is rate · t.")
def constant_share(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, share=rate)


@exercise.misconception("The share is that of the step before, rate · (t − 1): steps count from 1.")
def steps_from_zero(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, share=rate * (t - 1))


@exercise.misconception("The share is a power, 1 − (1 − rate)^t: it grows evenly, rate · t.")
def geometric_share(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, share=1 - (1 - rate) ** t)


@exercise.misconception("No hint is mixed in: a pixel is the image's where its number in `hint` lies below rate · t.")
def without_hint(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, share=-1.0)


@exercise.misconception("Upside down: the image's pixel is taken where its number in `hint` lies *below* the share.")
def hint_upside_down(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, mix=lambda share: torch.where(hint < share, before, x))


@exercise.misconception(
    "A blend of image and state is what the network sees: each pixel is the one *or* the other, by its number."
)
def blended(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, mix=lambda share: share * x + (1 - share) * before)


@exercise.misconception("The network sees the image itself: only a share of its pixels may show.")
def image_seen(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, mix=lambda share: x)


@exercise.misconception("The pixels' means are handed on: the next state is drawn, each pixel 0 or 1.")
def means_handed_on(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, on=lambda p, mixed: p)


@exercise.misconception("The next state is rounded at ½: it is drawn, with the numbers in `draw`.")
def rounded(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, on=lambda p, mixed: (p > 0.5).to(x))


@exercise.misconception("Upside down: a pixel is on where its number in `draw` lies *below* the probability.")
def draw_upside_down(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, on=lambda p, mixed: (draw > p).to(x))


@exercise.misconception("The mixed state is handed on: the next one is what is drawn from the network's answer.")
def mixed_handed_on(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, on=lambda p, mixed: mixed)


@exercise.misconception(
    "True pixels are mixed into the next state, too: that is for the next step, which has numbers of its own."
)
def hint_twice(x, before, rate, t, hint, draw, weights, bias):
    return _step(
        x, before, rate, t, hint, draw, weights, bias, on=lambda p, mixed: torch.where(hint < rate * t, x, (draw < p).to(x))
    )


@exercise.misconception("The log-likelihood is that of the mixed state: it is the *image* that every step predicts.")
def of_the_state(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, score=_log_p)


@exercise.misconception("The log-likelihood is averaged over the pixels: it is their sum.")
def mean_over_pixels(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, score=lambda mixed, logits: _log_p(x, logits) / x.shape[1])


@exercise.misconception("The sign: log p, not the loss −log p.")
def negative(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, bias, score=lambda mixed, logits: -_log_p(x, logits))


@exercise.misconception("The bias is missing.")
def without_bias(x, before, rate, t, hint, draw, weights, bias):
    return _step(x, before, rate, t, hint, draw, weights, 0 * bias)


@exercise.steps
def in_steps(x, before, rate, t, hint, draw, weights, bias):
    share = rate * t  # the share of true pixels
    shown = (hint < share).double()  # which pixels show the image
    mixed = shown * x + (1 - shown) * before  # the mixed state
    products = mixed @ weights  # the product with the weights
    logits = products + bias  # the logits
    pixels = x * logits - F.softplus(logits)  # the log-likelihood of each pixel
    log_p = pixels.sum(-1)  # the log-likelihood of each image
    p = logits.sigmoid()  # the probabilities
    return log_p, (draw < p).double()  # log p and the drawn state
