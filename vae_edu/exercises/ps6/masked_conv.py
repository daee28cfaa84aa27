"""ps6.1: masked_conv."""

import numpy as np
import torch
import torch.nn.functional as F

from ... import reference
from ...models import autoregressive, pixelcnn
from ...reference import probe
from ..exercise import Exercise
from ._shared import correlate, padded


def by_scipy(x, weight, sees_centre):
    kernel = weight.shape[-1]
    seen = np.zeros((kernel, kernel))
    for row in range(kernel):
        for column in range(kernel):
            before = (row, column) < (kernel // 2, kernel // 2)
            seen[row, column] = before or (bool(sees_centre) and row == column == kernel // 2)
    return correlate(padded(x, *[kernel // 2] * 4), weight * seen)


def draw_layer(rng: np.random.Generator):
    """1 to 3 images of 1 or 2 maps, kernels of 3 or 5."""
    kernel, inputs, outputs = rng.choice([3, 5]), rng.integers(1, 3), rng.integers(1, 4)
    x = rng.normal(size=(rng.integers(1, 4), inputs, rng.integers(4, 7), rng.integers(4, 8)))
    return x, rng.normal(size=(outputs, inputs, kernel, kernel)), int(rng.integers(2))


def probe_layer():
    """The first layer's horizontal stack: a masked 7 x 7 convolution of which the rows above are 0."""
    layer = reference.load("pixelcnn-digits").double().network.layers[0]
    x = probe("pixelcnn-digits").x[:8].reshape(-1, 1, 8, 8)
    weight = np.full((len(layer.horizontal.weight), 1, 7, 7), 9.0)  # what a mask has to hide
    weight[:, :, :3], weight[:, :, 3, :3] = 0, layer.horizontal.weight[:, :, 0].numpy()
    answer = layer.to_the_left(x) - layer.horizontal.bias[:, None, None]
    return "the first layer of pixelcnn-digits, at 8 of its images", (x.numpy(), weight, 0), (answer.numpy(),)


exercise = Exercise(
    "ps6.1",
    "masked_conv",
    ["x", "weight", "sees_centre"],
    oracle=by_scipy,
    draw=draw_layer,
    reference=probe_layer,
    differentiable=["x", "weight"],
    closed_book=[autoregressive.MaskedConv2d.forward, pixelcnn.CausalLayer.to_the_left],
    unit="",
)
ROW, ONES = [[[[1.0, 2.0, 4.0]]]], [[[[1.0] * 3] * 3]]
exercise.case("one row of 1, 2, 4: the sum of what is left", ROW, ONES, 0, expected=[[[[0.0, 1.0, 2.0]]]])
exercise.case("the same, and the pixel itself", ROW, ONES, 1, expected=[[[[1.0, 3.0, 6.0]]]])
exercise.case(
    "two rows: above left, above, above right, left", [[[[1.0, 2.0, 4.0], [8.0, 16.0, 32.0]]]], ONES, 0,
    expected=[[[[0.0, 1.0, 2.0], [3.0, 15.0, 22.0]]]],
)  # fmt: skip
exercise.case(
    "which weight belongs to which neighbour", [[[[0.0, 1.0, 0.0], [0.0, 0.0, 0.0]]]],
    [[[[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.0]]]], 0, expected=[[[[0.0, 0.0, 4.0], [3.0, 2.0, 1.0]]]],
)  # fmt: skip
exercise.case("two maps add up", [[[[1.0, 2.0]], [[10.0, 20.0]]]], [[[[1.0] * 3] * 3] * 2], 1, expected=[[[[11.0, 33.0]]]])
exercise.always("a kernel of 7 on 8 × 9 pixels", lambda rng: (rng.normal(size=(2, 2, 8, 9)), rng.normal(size=(3, 2, 7, 7)), 1))
exercise.always(
    "a kernel of 7, without the centre", lambda rng: (rng.normal(size=(2, 2, 8, 9)), rng.normal(size=(3, 2, 7, 7)), 0)
)
exercise.case("a kernel wider than the image", ROW, [[[[1.0] * 7] * 7]], 0, expected=[[[[0.0, 1.0, 3.0]]]], edge=True)


def _masked(x, weight, sees_centre, change=lambda mask, c: None):
    """The right mask, changed; then its centre is set."""
    c = weight.shape[-1] // 2
    mask = weight.new_zeros(weight.shape[-2:])
    mask[:c] = 1
    mask[c, :c] = 1
    change(mask, c)
    mask[c, c] = sees_centre
    return F.conv2d(x, weight * mask, padding=c)


@exercise.misconception("The kernel is not masked at all: every pixel sees itself and all that comes later.")
def unmasked(x, weight, sees_centre):
    return F.conv2d(x, weight, padding=weight.shape[-1] // 2)


@exercise.misconception(
    "The masks are the wrong way round: the pixel itself is seen where `sees_centre` is 0, and hidden where it is 1."
)
def exchanged(x, weight, sees_centre):
    return _masked(x, weight, 1 - sees_centre)


@exercise.misconception("The pixel itself is always seen: without `sees_centre` (the first layer) a pixel would predict itself.")
def always_with_centre(x, weight, sees_centre):
    return _masked(x, weight, 1)


@exercise.misconception("The pixel itself is never seen: from the second layer on (`sees_centre`) it may be, and has to be.")
def never_with_centre(x, weight, sees_centre):
    return _masked(x, weight, 0)


@exercise.misconception("The rest of the pixel's own row is seen too: what lies to the right comes later.")
def whole_row(x, weight, sees_centre):
    return _masked(x, weight, sees_centre, lambda mask, c: mask[c].fill_(1))


@exercise.misconception("Only the rows above are seen: what lies to the left in the own row is earlier, too.")
def rows_above_only(x, weight, sees_centre):
    return _masked(x, weight, sees_centre, lambda mask, c: mask[c].fill_(0))


@exercise.misconception("The quadrant above and to the left is seen: the pixels above and to the RIGHT are earlier, too.")
def quadrant(x, weight, sees_centre):
    return _masked(x, weight, sees_centre, lambda mask, c: mask[:, c + 1 :].fill_(0))


@exercise.misconception("The mask lies upside down: later pixels are seen, not earlier ones.")
def upside_down(x, weight, sees_centre):
    return _masked(x, weight, sees_centre, lambda mask, c: mask.copy_(mask.flip(0, 1)))


@exercise.misconception("The mask of a transposed image: columns left of the pixel are taken for rows above it.")
def transposed(x, weight, sees_centre):
    return _masked(x, weight, sees_centre, lambda mask, c: mask.copy_(mask.T.clone()))


@exercise.misconception("The kernel is turned by 180°: torch's conv2d does not turn it, and neither does this layer.")
def turned(x, weight, sees_centre):
    return _masked(x, weight.flip(-1, -2), sees_centre)


@exercise.misconception("The image is masked, not the kernel: each pixel has neighbours of its own to hide.")
def image_masked(x, weight, sees_centre):
    rows, columns = x.shape[-2:]
    seen = x.clone()
    seen[..., rows // 2 + 1 :, :] = 0
    seen[..., rows // 2, columns // 2 + int(sees_centre) :] = 0
    return F.conv2d(seen, weight, padding=weight.shape[-1] // 2)


@exercise.steps
def in_steps(x, weight, sees_centre):
    kernel = weight.shape[-1]  # the size of the kernel
    centre = kernel // 2  # the place of its middle
    place = kernel * torch.arange(kernel)[:, None] + torch.arange(kernel)  # the number of each weight in reading order
    last = centre * kernel + centre  # the number of the middle
    mask = place < last + sees_centre  # the mask
    kept = weight * mask  # the weights that are kept
    return F.conv2d(x, kept, padding=centre)  # the convolution
