"""ps7.3: infusion_chain."""

import numpy as np
import torch
from scipy.special import expit, log_expit

from ...models.infusion import InfusionChain, infuse
from ...reference import probe
from ..exercise import Exercise


def image_by_image(x, noise, hints, draws, rate, weights, biases):
    found = np.empty((len(weights), len(x)))
    for i, image in enumerate(x):
        state = noise[i]
        for t, (w, b) in enumerate(zip(weights, biases)):
            state = np.array([true if u < rate * (t + 1) else old for true, old, u in zip(image, state, hints[t, i])])
            logits = w.T @ state + b
            found[t, i] = sum(log_expit(value) if pixel else log_expit(-value) for pixel, value in zip(image, logits))
            if t < len(draws):
                state = (draws[t, i] < expit(logits)).astype(float)
    return found


def chain(rng: np.random.Generator, x, steps: int, scale: float):
    """Noise, hints, draws, rate and networks for images x; no draw lies so near its probability that rounding decides."""
    batch, pixels = x.shape
    noise = rng.integers(0, 2, size=x.shape).astype(float)
    hints, draws = rng.uniform(size=(steps, batch, pixels)), rng.uniform(size=(steps - 1, batch, pixels))
    rate = float(rng.uniform(0.5, 0.95) / steps)
    weights, biases = scale * rng.normal(size=(steps, pixels, pixels)), rng.normal(size=(steps, pixels))
    state = noise
    for t in range(steps - 1):
        p = expit(np.where(hints[t] < rate * (t + 1), x, state) @ weights[t] + biases[t])
        draws[t] = np.where(np.abs(draws[t] - p) < 1e-3, (draws[t] + 0.1) % 1, draws[t])
        state = (draws[t] < p).astype(float)
    return x, noise, hints, draws, rate, weights, biases


def draw_chain(rng: np.random.Generator):
    """2 to 5 binary images of 4 to 8 pixels, 2 to 4 steps."""
    x = rng.integers(0, 2, size=(rng.integers(2, 6), rng.integers(4, 9))).astype(float)
    return chain(rng, x, int(rng.integers(2, 5)), 1.0)


def probe_chain():
    """The images of a trained reference; the networks are drawn, small enough for pixels that are neither 0 nor 1."""
    x = probe("pixelvae-mnist14").x[:12].numpy()
    return "three steps from 12 images of pixelvae-mnist14", chain(np.random.default_rng(7), x, 3, 0.2), None


exercise = Exercise(
    "ps7.3",
    "infusion_chain",
    ["x", "noise", "hints", "draws", "rate", "weights", "biases"],
    oracle=image_by_image,
    draw=draw_chain,
    reference=probe_chain,
    closed_book=[InfusionChain.infused, infuse],
    item="step",
)
NONE = np.empty((0, 1, 1))
ON, OFF, COPY, IDLE = [[1.0]], [[0.0]], [[[8.0]]], [[[0.0]]]
LN2, SURE, HALF = np.log(2), log_expit(4.0), [[-4.0]]
exercise.case("networks that see nothing: −log 2 a pixel", [[1.0, 0.0]], [[0.0, 0.0]], [[[0.5, 0.5]]] * 2, [[[0.5, 0.5]]], 0.2,
    np.zeros((2, 2, 2)), np.zeros((2, 2)), expected=[[-2 * LN2], [-2 * LN2]])  # fmt: skip
exercise.case("the hint comes: u = 0.2 < 0.3", ON, OFF, [[[0.2]]], NONE, 0.3, COPY, HALF, expected=[[SURE]])
exercise.case("no hint: u = 0.4 > 0.3", ON, OFF, [[[0.4]]], NONE, 0.3, COPY, HALF, expected=[[log_expit(-4.0)]])
exercise.case("at the second step the share is 2 · 0.3: u = 0.4 is a hint", ON, OFF, [[[0.9]], [[0.4]]], [[[0.9]]], 0.3,
    [[[0.0]], [[8.0]]], [[0.0], [-4.0]], expected=[[-LN2], [SURE]])  # fmt: skip
exercise.case("the drawn state goes on: draw 0.4 < ½", ON, OFF, [[[0.9]], [[0.9]]], [[[0.4]]], 0.3,
    [[[0.0]], [[8.0]]], [[0.0], [-4.0]], expected=[[-LN2], [SURE]])  # fmt: skip
exercise.case("the same, draw 0.6: the pixel is off", ON, ON, [[[0.9]], [[0.9]]], [[[0.6]]], 0.3,
    [[[0.0]], [[8.0]]], [[0.0], [-4.0]], expected=[[-LN2], [log_expit(-4.0)]])  # fmt: skip
exercise.case("rate 0: the noise is all it sees", [[1.0], [1.0]], [[1.0], [0.0]], [[[0.1], [0.1]]], np.empty((0, 2, 1)), 0.0,
    COPY, HALF, expected=[[SURE, log_expit(-4.0)]])  # fmt: skip
exercise.always("four steps, 20 images of 40 pixels", lambda rng: chain(
    rng, rng.integers(0, 2, size=(20, 40)).astype(float), 4, 0.5))  # fmt: skip


def _run(x, noise, hints, draws, rate, weights, biases, share=None, mix=None, go_on=None, score=None):
    state, found = noise, []
    for t, (w, b) in enumerate(zip(weights, biases)):
        part = rate * (t + 1) if share is None else share(t)
        seen = (torch.where(hints[t] < part, x, state) if mix is None else mix(x, state, hints[t], part)).to(w)
        logits = seen @ w + b
        found.append(_log_p(x, logits) if score is None else score(seen, logits))
        if t < len(draws):
            state = (draws[t] < logits.sigmoid()).to(w) if go_on is None else go_on(draws[t], logits, seen)
    return torch.stack(found)


def _log_p(x, logits):
    return (x * logits - logits.clamp(min=0) - (-logits.abs()).exp().log1p()).sum(-1)


@exercise.misconception("The shares begin at 0: the first step has rate · 1, the last rate · T.")
def steps_from_zero(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, share=lambda t: rate * t)


@exercise.misconception("The share of true pixels is the same at every step: it is rate · t.")
def constant_share(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, share=lambda t: rate)


@exercise.misconception("The share grows the wrong way, from much to little: the first step gets the least.")
def shares_reversed(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, share=lambda t: rate * (len(weights) - t))


@exercise.misconception("No hint is mixed in: a pixel is the image's where its number in `hints` lies below rate · t.")
def without_hints(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, share=lambda t: -1.0)


@exercise.misconception("Upside down: the image's pixel is taken where the number lies *above* the share.")
def hints_upside_down(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, mix=lambda x, s, u, part: torch.where(u > part, x, s))


@exercise.misconception(
    "A blend of image and state is what the network sees: each pixel is the one *or* the other, by its number."
)
def blended(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, mix=lambda x, s, u, part: part * x + (1 - part) * s)


@exercise.misconception("Between the steps the pixels' means are passed on: they are drawn, with the numbers in `draws`.")
def means_between(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, go_on=lambda u, logits, seen: logits.sigmoid())


@exercise.misconception("Between the steps the pixels are rounded at ½: they are drawn, with the numbers in `draws`.")
def rounded_between(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, go_on=lambda u, logits, seen: (logits > 0).to(logits))


@exercise.misconception("Upside down: a pixel is on where its number in `draws` lies *below* the probability.")
def draws_upside_down(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, go_on=lambda u, logits, seen: (u > logits.sigmoid()).to(logits))


@exercise.misconception("Every step begins with the noise again: it begins with what the step before has drawn.")
def always_from_noise(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, go_on=lambda u, logits, seen: noise)


@exercise.misconception("The network's input goes on to the next step: what is *drawn* from its output does.")
def input_goes_on(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, go_on=lambda u, logits, seen: seen)


@exercise.misconception("The log-likelihood is that of the state: it is the *image* that every step predicts.")
def of_the_state(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases, score=_log_p)


@exercise.misconception("The log-likelihood is averaged over the pixels: it is their sum.")
def mean_over_pixels(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, biases) / x.shape[1]


@exercise.misconception("All steps use the first network: each has its own weights and biases.")
def one_network(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights[:1].expand_as(weights), biases[:1].expand_as(biases))


@exercise.misconception("The biases are missing.")
def without_biases(x, noise, hints, draws, rate, weights, biases):
    return _run(x, noise, hints, draws, rate, weights, 0 * biases)
