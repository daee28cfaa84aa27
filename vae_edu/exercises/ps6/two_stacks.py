"""ps6.2: two_stacks."""

import numpy as np
import torch
import torch.nn.functional as F

from ... import reference
from ...models import pixelcnn
from ...reference import probe
from ..exercise import Exercise
from ._shared import correlate, padded


def by_scipy(v, h, vertical, horizontal, link):
    """A shifted copy of the rows above instead of a shifted answer; gates by NumPy."""
    above = correlate(padded(v, vertical.shape[2] - 1, 0, vertical.shape[3] // 2, vertical.shape[3] // 2), vertical)
    shifted = padded(v, vertical.shape[2], 0, vertical.shape[3] // 2, vertical.shape[3] // 2)[:, :, :-1]
    known = np.einsum("oc,ncij->noij", link, correlate(shifted, vertical))
    left = correlate(padded(h, 0, 0, horizontal.shape[3] - 1, 0), horizontal) + known
    return tuple(np.tanh(a[:, : len(link) // 2]) / (1 + np.exp(-a[:, len(link) // 2 :])) for a in (above, left))


def draw_stacks(rng: np.random.Generator):
    """1 to 3 images, 1 to 3 channels, kernels of 3 or 5."""
    reach, channels = int(rng.integers(1, 3)), int(rng.integers(1, 4))
    v, h = rng.normal(size=(2, rng.integers(1, 4), channels, rng.integers(3, 6), rng.integers(4, 7)))
    vertical = rng.normal(size=(2 * channels, channels, reach + 1, 2 * reach + 1))
    horizontal = rng.normal(size=(2 * channels, channels, 1, reach + 1))
    return v, h, 0.5 * vertical, 0.5 * horizontal, 0.5 * rng.normal(size=(2 * channels, 2 * channels))


def probe_stacks():
    """Where its second layer starts; the biases are 0 in the exercise, and are taken from the model's layer here."""
    layers = reference.load("pixelcnn-digits").double().network.layers
    x = probe("pixelcnn-digits").x[:8].reshape(-1, 1, 8, 8)
    v, h = layers[0](x, x)
    layer = layers[1]
    for bias in (layer.vertical.bias, layer.horizontal.bias):
        bias.zero_()
    above = layer.rows_above(v)
    left = layer.to_the_left(h) + layer.link(F.pad(above, (0, 0, 1, -1)))
    weights = layer.vertical.weight, layer.horizontal.weight, layer.link.weight[:, :, 0, 0]
    arguments = tuple(tensor.numpy() for tensor in (v, h, *weights))
    expected = tuple(pixelcnn.gated(a).numpy() for a in (above, left))
    return "the second layer of pixelcnn-digits, without its biases", arguments, expected


exercise = Exercise(
    "ps6.2",
    "two_stacks",
    ["v", "h", "vertical", "horizontal", "link"],
    oracle=by_scipy,
    draw=draw_stacks,
    reference=probe_stacks,
    closed_book=[pixelcnn.CausalLayer.forward, pixelcnn.CausalLayer.rows_above, pixelcnn.gated],
    unit="",
)
BIG = 50.0  # sigmoid(50) is 1: the gate is open
OPEN = [[0.0] * 3] * 2


def _by_hand(v, h, above, left, link):
    """One channel whose gate is open by a weight on a second channel that is 1 everywhere."""
    ones = np.ones_like(v)
    vertical, horizontal = np.zeros((4, 2, 2, 3)), np.zeros((4, 2, 1, 2))
    vertical[0, 0], horizontal[0, 0, 0] = above, left
    vertical[2, 1, 1, 1], horizontal[2, 1, 0, 1] = BIG, BIG
    weights = np.zeros((4, 4))
    weights[0, 0] = link
    return np.array([[v, ones]]), np.array([[h, ones]]), vertical, horizontal, weights


def _tanh(values):
    value = np.tanh(np.array(values))
    return np.array([[value, np.zeros_like(value)]])


FIRST = [[0.1, 0.2, 0.4], [0.8, 0.0, 0.0]]
exercise.case(
    "by hand: v sees its own row, h what is left, no link",
    *_by_hand(FIRST, FIRST, [[0, 0, 0], [1, 1, 1]], [1, 1], 0.0),
    expected=(_tanh([[0.3, 0.7, 0.6], [0.8, 0.8, 0.0]]), _tanh([[0.1, 0.3, 0.6], [0.8, 0.8, 0.0]])),
)
exercise.case(
    "by hand: h learns of v one row further up",
    *_by_hand(FIRST, FIRST, [[0, 0, 0], [1, 1, 1]], [0, 0], 1.0),
    expected=(_tanh([[0.3, 0.7, 0.6], [0.8, 0.8, 0.0]]), _tanh([[0.0, 0.0, 0.0], [0.3, 0.7, 0.6]])),
)
exercise.case(
    "by hand: the row above, and to both sides",
    *_by_hand(FIRST, FIRST, [[1, 0, 2], [0, 0, 0]], [0, 1], 0.0),
    expected=(_tanh([[0.0, 0.0, 0.0], [0.4, 0.9, 0.2]]), _tanh(FIRST)),
)
exercise.always(
    "a kernel of 7",
    lambda rng: (
        *rng.normal(size=(2, 2, 2, 6, 9)), 0.3 * rng.normal(size=(4, 2, 4, 7)), 0.3 * rng.normal(size=(4, 2, 1, 4)),
        0.3 * rng.normal(size=(4, 4)),
    ),
)  # fmt: skip
exercise.case(
    "a single row: nothing above", *_by_hand(FIRST[:1], FIRST[:1], [[5, 5, 5], [0, 1, 0]], [0, 1], 3.0),
    expected=(_tanh(FIRST[:1]), _tanh(FIRST[:1])), edge=True,
)  # fmt: skip


def _gate(a):
    value, gate = a.chunk(2, 1)
    return value.tanh() * gate.sigmoid()


def _above(v, vertical):
    rows, columns = vertical.shape[2:]
    return F.conv2d(F.pad(v, (columns // 2, columns // 2, rows - 1, 0)), vertical)


def _left(h, horizontal):
    return F.conv2d(F.pad(h, (horizontal.shape[3] - 1, 0)), horizontal)


def _linked(above, link):
    return F.conv2d(F.pad(above, (0, 0, 1, -1)), link[:, :, None, None])


@exercise.misconception("The vertical stack is not moved down by a row: h would see its own row whole, the later pixels too.")
def not_shifted(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    return _gate(above), _gate(_left(h, horizontal) + F.conv2d(above, link[:, :, None, None]))


@exercise.misconception("The vertical stack is moved up, not down: row i must learn of row i − 1.")
def shifted_up(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    return _gate(above), _gate(_left(h, horizontal) + F.conv2d(F.pad(above, (0, 0, -1, 1)), link[:, :, None, None]))


@exercise.misconception("h learns nothing of the rows above: the link from the vertical stack is missing.")
def without_link(v, h, vertical, horizontal, link):
    return _gate(_above(v, vertical)), _gate(_left(h, horizontal))


@exercise.misconception("The link starts from the vertical stack after its gate: it starts before it.")
def link_after_gate(v, h, vertical, horizontal, link):
    value = _gate(_above(v, vertical))
    both = torch.cat([value, value], 1)
    return value, _gate(_left(h, horizontal) + _linked(both, link))


@exercise.misconception("The halves are exchanged: the first half is the value (tanh), the second the gate (sigmoid).")
def halves_exchanged(v, h, vertical, horizontal, link):
    gate = lambda a: a.chunk(2, 1)[1].tanh() * a.chunk(2, 1)[0].sigmoid()
    above = _above(v, vertical)
    return gate(above), gate(_left(h, horizontal) + _linked(above, link))


@exercise.misconception("Sigmoid alone, as in a gated linear unit: the value goes through tanh here.")
def linear_value(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    return F.glu(above, 1), F.glu(_left(h, horizontal) + _linked(above, link), 1)


@exercise.misconception("The vertical stack is padded above and below alike: row i would see rows below it.")
def padded_both_sides(v, h, vertical, horizontal, link):
    rows, columns = vertical.shape[2:]
    above = F.conv2d(F.pad(v, (columns // 2, columns // 2, (rows - 1) // 2, rows - 1 - (rows - 1) // 2)), vertical)
    return _gate(above), _gate(_left(h, horizontal) + _linked(above, link))


@exercise.misconception("The horizontal stack is padded on the right: it would see what comes later, not what is left.")
def padded_right(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    right = F.conv2d(F.pad(h, (0, horizontal.shape[3] - 1)), horizontal)
    return _gate(above), _gate(right + _linked(above, link))


@exercise.misconception("The link's matrix is transposed: link (outputs, inputs) times the channels of v.")
def link_transposed(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    return _gate(above), _gate(_left(h, horizontal) + _linked(above, link.T))


@exercise.misconception("h is added to its own gate's output, as the network does afterwards: not in this step.")
def with_residual(v, h, vertical, horizontal, link):
    above = _above(v, vertical)
    return _gate(above), h + _gate(_left(h, horizontal) + _linked(above, link))


@exercise.steps
def in_steps(v, h, vertical, horizontal, link):
    rows = vertical.shape[2]  # the rows of the vertical kernel
    reach = vertical.shape[3] // 2  # how far it reaches to both sides
    tall = F.pad(v, (reach, reach, rows - 1, 0))  # v, padded
    above = F.conv2d(tall, vertical)  # the vertical stack before its gate
    down = F.pad(above, (0, 0, 1, -1))  # it, moved down by a row
    known = torch.einsum("oc,ncij->noij", link, down)  # what the link brings
    wide = F.pad(h, (horizontal.shape[3] - 1, 0))  # h, padded
    left = F.conv2d(wide, horizontal)  # the horizontal stack alone
    sums = left + known  # the horizontal stack before its gate
    halves = above.chunk(2, 1)  # the halves of the vertical stack
    others = sums.chunk(2, 1)  # the halves of the horizontal stack
    return halves[0].tanh() * halves[1].sigmoid(), others[0].tanh() * others[1].sigmoid()  # the gated stacks
