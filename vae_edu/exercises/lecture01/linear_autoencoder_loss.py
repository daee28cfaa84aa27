"""01.a: linear_autoencoder_loss."""

import numpy as np
import torch
import torch.nn.functional as F

from ... import reference
from ..exercise import Exercise


def by_singular_values(x, W):
    """Along a direction in which W stretches by s, s² of the image comes back: (1 − s²)² of its square is lost."""
    _, s, directions = np.linalg.svd(W, full_matrices=False)
    along = (x @ directions.T) ** 2
    return (x**2).sum(1) - along.sum(1) + along @ (1 - s**2) ** 2


def draw_images(rng: np.random.Generator):
    """1 to 6 images of 3 to 6 pixels, 1 to 2 latents more or less at the right scale."""
    batch, pixels, latents = rng.integers(1, 7), rng.integers(3, 7), rng.integers(1, 3)
    return rng.uniform(size=(batch, pixels)), rng.normal(size=(latents, pixels)) / np.sqrt(pixels)


def probe_images():
    W = reference.load("vae-mnist").double().encoder.body[0].weight[:20].numpy()
    return "64 images of vae-mnist, W from its first layer", (reference.probe("vae-mnist").x.numpy(), W), None


exercise = Exercise(
    "01.a",
    "linear_autoencoder_loss",
    ["x", "W"],
    oracle=by_singular_values,
    draw=draw_images,
    reference=probe_images,
    unit="",
)
exercise.case("the first pixel is kept, the second lost", [[3.0, 4.0]], [[1.0, 0.0]], expected=[16.0])
exercise.case("a row of length 2: four times too bright", [[1.0, 0.0]], [[2.0, 0.0]], expected=[9.0])
exercise.case("by hand: two images", [[1.0, 2.0, 3.0], [1.0, 1.0, 0.0]], [[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]], expected=[13.0, 1.0])
exercise.case("as many latents as pixels", [[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0], [0.0, 1.0]], expected=[1.0, 2.0])
exercise.case("a row of length 1", [[1.0, 2.0]], [[0.6, 0.8]], expected=[0.16])
exercise.always(
    "70 images of 50 pixels, 5 latents", lambda rng: (rng.uniform(size=(70, 50)), rng.normal(size=(5, 50)) / np.sqrt(50))
)


@exercise.misconception("A mean over the pixels: the errors of an image's pixels add up here.")
def averaged_over_pixels(x, W):
    return ((x - x @ W.T @ W) ** 2).mean(-1)


@exercise.misconception(
    "One number for the whole batch: sum over the last dimension, the pixels, so that each image has its own."
)
def one_for_the_batch(x, W):
    return ((x - x @ W.T @ W) ** 2).sum()


@exercise.misconception("This is how bright the restoration is: the error is that of its difference from the image.")
def restoration_alone(x, W):
    return ((x @ W.T @ W) ** 2).sum(-1)


@exercise.misconception("This is the length of the difference: the squared error is its square, no root is taken.")
def root_taken(x, W):
    return ((x - x @ W.T @ W) ** 2).sum(-1).sqrt()


@exercise.misconception(
    "The decoder is a pseudo-inverse of W, which projects the image: asked for is Wᵀ, the same only for orthonormal rows."
)
def pseudo_inverse(x, W):
    return ((x - x @ W.T @ torch.linalg.pinv(W).T) ** 2).sum(-1)


@exercise.misconception(
    "The square of the code is taken off that of the image: that is the error only where W has orthonormal rows."
)
def pythagoras(x, W):
    return (x**2).sum(-1) - ((x @ W.T) ** 2).sum(-1)


@exercise.misconception("The restoration is encoded and decoded a second time: once is enough.")
def applied_twice(x, W):
    return ((x - x @ W.T @ W @ W.T @ W) ** 2).sum(-1)


@exercise.misconception("W is transposed, in the code and in the restoration: each row of W gives one number of the code.")
def transposed(x, W):
    return ((x - x @ W @ W.T) ** 2).sum(-1)


@exercise.steps
def in_steps(x, W):
    code = x @ W.T  # the code
    restored = code @ W  # the restoration
    difference = x - restored  # the difference of each pixel
    squares = difference**2  # the squared difference of each pixel
    return squares.sum(-1)  # the sum over the pixels


exercise.instead(
    "restored",
    {
        "the rows of W are brought to length 1": lambda x, W: x @ F.normalize(W, dim=1).T @ F.normalize(W, dim=1),
        "the rows of W are brought to length 1, for the restoration alone": lambda code, W: code @ F.normalize(W, dim=1),
        "the mean image is taken off before, and added after": lambda x, W: x.mean(0) + (x - x.mean(0)) @ W.T @ W,
        "a ReLU stands after the code": lambda code, W: code.relu() @ W,
    },
)
exercise.instead(
    "squares",
    {
        "a difference of squares stands where the square of the difference belongs": lambda x, restored: x**2 - restored**2,
        "an absolute value stands where the squared difference belongs": lambda difference: difference.abs(),
    },
)
exercise.instead(
    "return",
    {
        "the square of the code is returned": lambda code: (code**2).sum(-1),
        "the square of the image is returned": lambda x: (x**2).sum(-1),
        "the mean over everything is taken, one number for all": lambda squares: squares.mean(),
    },
)
