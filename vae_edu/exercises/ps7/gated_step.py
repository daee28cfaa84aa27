"""ps7.2: gated_step."""

import functools

import numpy as np
import torch
from scipy.special import expit

from ... import reference
from ...models.sequential import GatedStep
from ...reference import probe
from ..exercise import Exercise


def pixel_by_pixel(features, before, w_new, b_new, w_gate, b_gate):
    """Between the new image and the one before, the gate's share of the way back."""
    images = []
    for h, old in zip(features, before):
        new, alpha = expit(w_new.T @ h + b_new), expit(w_gate.T @ h + b_gate)
        images.append([n + a * (o - n) for n, a, o in zip(new, alpha, old)])
    return np.array(images)


def draw_step(rng: np.random.Generator):
    """2 to 6 grey images of 3 to 8 pixels, 2 to 5 features."""
    batch, pixels, hidden = rng.integers(2, 7), rng.integers(3, 9), rng.integers(2, 6)
    new, gate = 1.5 * rng.normal(size=(2, hidden, pixels))
    return (
        rng.normal(size=(batch, hidden)),
        rng.uniform(size=(batch, pixels)),
        new,
        rng.normal(size=pixels),
        gate,
        rng.normal(size=pixels),
    )


@functools.cache
@torch.no_grad()
def probe_step():
    """The third step of the trained reference on the first images of its probe: its own features and weights."""
    a, step = probe("seqvae-mnist"), reference.load("seqvae-mnist").double().steps[2]
    n, codes = 16, a.z.shape[-1] // 5
    images = a.logits[:n].unflatten(1, (5, -1))
    features = step.body(torch.cat([a.z[0, :n, 2 * codes : 3 * codes], images[:, 1]], -1))
    layers = (t.numpy() for layer in (step.new, step.gate) for t in (layer.weight.T, layer.bias))
    return (
        "the third step of seqvae-mnist on 16 images",
        (features.numpy(), images[:, 1].numpy(), *layers),
        (images[:, 2].numpy(),),
    )


exercise = Exercise(
    "ps7.2",
    "gated_step",
    ["features", "before", "w_new", "b_new", "w_gate", "b_gate"],
    oracle=pixel_by_pixel,
    draw=draw_step,
    reference=probe_step,
    closed_book=[GatedStep.forward],
    unit="",
)
NO_W = [[0.0]]
exercise.case("a gate half open, a new pixel of ½: half-way", [[0.0]], [[0.0]], NO_W, [0.0], NO_W, [0.0], expected=[[0.25]])
exercise.case("a gate at 1 keeps the image before", [[0.0]], [[0.3]], NO_W, [2.0], NO_W, [40.0], expected=[[0.3]])
exercise.case("a gate at 0 takes the new image", [[0.0]], [[0.3]], NO_W, [0.0], NO_W, [-40.0], expected=[[0.5]])
exercise.case("a gate of its own for each pixel", [[0.0]], [[0.9, 0.9]], [[0.0, 0.0]], [0.0, 0.0], [[0.0, 0.0]], [40.0, -40.0],
    expected=[[0.9, 0.5]])  # fmt: skip
exercise.case("new pixel and gate from the features", [[np.log(3)]], [[0.0]], [[1.0]], [0.0], [[-1.0]], [0.0],
    expected=[[0.5625]])  # fmt: skip
exercise.case("two images", [[0.0], [np.log(3)]], [[1.0], [1.0]], [[1.0]], [0.0], NO_W, [0.0], expected=[[0.75], [0.875]])
exercise.case("logits of 800", [[1.0]], [[0.25]], [[-800.0]], [0.0], [[-800.0]], [0.0], expected=[[0.0]], edge=True)
exercise.always("40 images of 90 pixels", lambda rng: (
    rng.normal(size=(40, 12)), rng.uniform(size=(40, 90)), rng.normal(size=(12, 90)), rng.normal(size=90),
    rng.normal(size=(12, 90)), rng.normal(size=90)))  # fmt: skip


def _step(features, before, w_new, b_new, w_gate, b_gate, new=torch.sigmoid, gate=torch.sigmoid):
    fresh, alpha = new(features @ w_new + b_new), gate(features @ w_gate + b_gate)
    return alpha * before + (1 - alpha) * fresh


@exercise.misconception(
    "The gate is turned round: alpha weighs the image *before*, 1 − alpha the new one (the paper's code has 1 − alpha)."
)
def gate_reversed(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_new, b_new, -w_gate, -b_gate)


@exercise.misconception("The gate has no sigmoid: what comes out of its layer is a logit, and the gate lies between 0 and 1.")
def gate_without_sigmoid(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_new, b_new, w_gate, b_gate, gate=lambda logit: logit)


@exercise.misconception("The new image has no sigmoid: its pixels lie between 0 and 1.")
def new_without_sigmoid(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_new, b_new, w_gate, b_gate, new=lambda logit: logit)


@exercise.misconception("There is no gate: the new image alone.")
def new_image_alone(features, before, w_new, b_new, w_gate, b_gate):
    return (features @ w_new + b_new).sigmoid()


@exercise.misconception("The gated new image is added to the image before whole: that one is weighed with alpha.")
def added(features, before, w_new, b_new, w_gate, b_gate):
    return before + _step(features, 0 * before, w_new, b_new, w_gate, b_gate)


@exercise.misconception("The new image comes in whole: it is weighed with 1 − alpha.")
def new_not_weighed(features, before, w_new, b_new, w_gate, b_gate):
    return (features @ w_gate + b_gate).sigmoid() * before + (features @ w_new + b_new).sigmoid()


@exercise.misconception("One gate for the whole image, the mean of all: each pixel has its own.")
def one_gate(features, before, w_new, b_new, w_gate, b_gate):
    alpha = (features @ w_gate + b_gate).sigmoid().mean(1, keepdim=True)
    return alpha * before + (1 - alpha) * (features @ w_new + b_new).sigmoid()


@exercise.misconception(
    "The mixing is done on the logits, and the sigmoid taken at the end: it is the two *images* that are mixed."
)
def mixed_as_logits(features, before, w_new, b_new, w_gate, b_gate):
    alpha = (features @ w_gate + b_gate).sigmoid()
    return (alpha * before + (1 - alpha) * (features @ w_new + b_new)).sigmoid()


@exercise.misconception("The biases are missing.")
def without_biases(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_new, 0 * b_new, w_gate, 0 * b_gate)


@exercise.misconception("The two layers are swapped: w_new and b_new make the new image, w_gate and b_gate the gate.")
def layers_swapped(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_gate, b_gate, w_new, b_new)


@exercise.misconception("tanh in the place of the sigmoid in the gate: it would be negative for half of the pixels.")
def gate_by_tanh(features, before, w_new, b_new, w_gate, b_gate):
    return _step(features, before, w_new, b_new, w_gate, b_gate, gate=torch.tanh)


@exercise.steps
def in_steps(features, before, w_new, b_new, w_gate, b_gate):
    products = features @ w_new  # the product with w_new
    logits = products + b_new  # the new image's logits
    new = logits.sigmoid()  # the new image
    of_gate = features @ w_gate  # the product with w_gate
    gate_logits = of_gate + b_gate  # the gate's logits
    alpha = gate_logits.sigmoid()  # the gate alpha
    kept = alpha * before  # what is kept of the image before
    coming = (1 - alpha) * new  # what comes of the new image
    return kept + coming  # the step's image
