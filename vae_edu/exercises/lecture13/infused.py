"""13.b: infused."""

import numpy as np
import torch

from ...models.infusion import infuse
from ...reference import probe
from ..exercise import Exercise


def pixel_by_pixel(x, state, rate, uniform):
    return np.array([[true if u < rate else old for true, old, u in zip(*rows)] for rows in zip(x, state, uniform)])


def draw_states(rng: np.random.Generator):
    """2 to 6 binary images of 4 to 9 pixels, their states, a rate between 0.2 and 0.8."""
    x, state = rng.integers(0, 2, size=(2, rng.integers(2, 7), rng.integers(4, 10))).astype(float)
    return x, state, float(rng.uniform(0.2, 0.8)), rng.uniform(size=x.shape)


def probe_images():
    """The images of a trained reference in noise, at the share of the third step of infusion-mnist."""
    x, rng = probe("pixelvae-mnist14").x.numpy(), np.random.default_rng(5)
    arguments = x, rng.integers(0, 2, size=x.shape).astype(float), 0.36, rng.uniform(size=x.shape)
    return "64 images of pixelvae-mnist14, 36 % of them in noise", arguments, None


exercise = Exercise(
    "13.b",
    "infused",
    ["x", "state", "rate", "uniform"],
    oracle=pixel_by_pixel,
    draw=draw_states,
    reference=probe_images,
    closed_book=[infuse],
    unit="",
)
exercise.case("a number below the rate: the image's pixel", [[1.0]], [[0.0]], 0.3, [[0.2]], expected=[[1.0]])
exercise.case("a number above it: the state's pixel", [[1.0]], [[0.0]], 0.3, [[0.4]], expected=[[0.0]])
exercise.case("an image's black pixel puts out a lit one", [[0.0, 0.0]], [[1.0, 1.0]], 0.3, [[0.2, 0.4]], expected=[[0.0, 1.0]])
exercise.case("each pixel by its own number", [[1.0, 1.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, 1.0]], 0.6, [[0.1, 0.9], [0.7, 0.5]],
    expected=[[1.0, 0.0], [1.0, 0.0]])  # fmt: skip
exercise.case("rate 0: the state", [[1.0, 0.0]], [[0.0, 1.0]], 0.0, [[0.1, 0.0]], expected=[[0.0, 1.0]], edge=True)
exercise.case("rate 1: the image", [[1.0, 0.0]], [[0.0, 1.0]], 1.0, [[0.1, 0.999]], expected=[[1.0, 0.0]], edge=True)
exercise.always("20 images of 30 pixels", lambda rng: (
    *rng.integers(0, 2, size=(2, 20, 30)).astype(float), 0.36, rng.uniform(size=(20, 30))))  # fmt: skip


@exercise.misconception("Upside down: the image's pixel is taken where the number lies *below* the rate.")
def upside_down(x, state, rate, uniform):
    return torch.where(uniform < rate, state, x)


@exercise.misconception("A blend: each pixel is the image's *or* the state's, so it stays 0 or 1.")
def blended(x, state, rate, uniform):
    return rate * x + (1 - rate) * state


@exercise.misconception(
    "A pixel that is 1 in the state stays 1: where the number lies below the rate, the image's pixel *replaces* it."
)
def only_lit(x, state, rate, uniform):
    return torch.maximum(state, torch.where(uniform < rate, x, torch.zeros_like(x)))


@exercise.misconception("The state is lost: where no pixel of the image comes in, the state's stays.")
def state_lost(x, state, rate, uniform):
    return torch.where(uniform < rate, x, torch.zeros_like(x))


@exercise.misconception("The two are swapped: the image's pixels come in with probability rate, the state's with 1 − rate.")
def complement(x, state, rate, uniform):
    return torch.where(uniform < 1 - rate, x, state)


@exercise.misconception("One number decides for the whole image: each pixel has its own.")
def whole_images(x, state, rate, uniform):
    return torch.where(uniform[:, :1] < rate, x, state)


@exercise.misconception("The same pixels for all images: each image has numbers of its own.")
def same_pixels(x, state, rate, uniform):
    return torch.where(uniform[:1] < rate, x, state)


@exercise.misconception("This is which pixels come in, not the mixed image.")
def mask_alone(x, state, rate, uniform):
    return (uniform < rate).to(x)


@exercise.misconception("The image comes back as it is: only a share of its pixels may show.")
def image_alone(x, state, rate, uniform):
    return x


@exercise.misconception(
    "The pixels are drawn anew, with the blend as probability: a pixel in which image and state differ must follow its number."
)
def drawn_from_the_blend(x, state, rate, uniform):
    return (uniform < rate * x + (1 - rate) * state).to(x)


@exercise.misconception("The blend is rounded, without any number: each pixel's uniform number decides which of the two it is.")
def blend_rounded(x, state, rate, uniform):
    return ((rate * x + (1 - rate) * state) > 0.5).to(x)


@exercise.steps
def in_steps(x, state, rate, uniform):
    shown = (uniform < rate).double()  # which pixels show the image
    of_image = shown * x  # the image's pixels
    of_state = (1 - shown) * state  # the state's pixels
    return of_image + of_state  # the mixed image
