"""11.a: receptive_field."""

import numpy as np

from ...models.pixelcnn import GatedPixelCNN
from ..exercise import Exercise


def by_counting(kernels):
    """Walks the two stacks, kernel by kernel, and counts the earlier pixels that are met."""
    above, left = {(-1, 0)}, {0}  # where the vertical stack is read, where the horizontal one
    for reach in [int(k) // 2 for k in kernels][::-1]:
        left = {c - s for c in left for s in range(reach + 1)}
    for at, reach in reversed(list(enumerate(int(k) // 2 for k in kernels))):
        rows = range(reach if at == 0 else reach + 1)
        above = {(r - s, c + t) for r, c in above for s in rows for t in range(-reach, reach + 1)}
    return float(len(above) + len(left) - 1)


exercise = Exercise(
    "11.a",
    "receptive_field",
    ["kernels"],
    oracle=by_counting,
    draw=lambda rng: (2.0 * np.array([rng.integers(1, 4), *rng.integers(0, 3, size=rng.integers(0, 4))]) + 1,),
    reference=lambda: ("the network of pixelcnn-digits: kernels 7, 3, 3", (np.array([7.0, 3.0, 3.0]),), None),
    closed_book=[GatedPixelCNN.receptive_field.fget],
    unit="pixels",
)
exercise.case("one kernel of 3: three above, one to the left", [3.0], expected=4.0)
exercise.case("3 and 3: two rows of five, two to the left", [3.0, 3.0], expected=12.0)
exercise.case("a kernel of 5: two rows of five, two to the left", [5.0], expected=12.0)
exercise.case("a window: kernels of 1 add nothing", [3.0, 1.0, 1.0], expected=4.0)
exercise.case("7, 3, 3: five rows of eleven, five to the left", [7.0, 3.0, 3.0], expected=60.0)


def _reach(kernels):
    return (kernels // 2).sum()


@exercise.misconception("The whole square is counted: later pixels, and the pixel itself, are not seen.")
def whole_square(kernels):
    return (2 * _reach(kernels) + 1) ** 2


@exercise.misconception("What lies to the left in the own row is missing.")
def without_own_row(kernels):
    r = _reach(kernels)
    return r * (2 * r + 1)


@exercise.misconception("The pixel itself is counted: it is what is predicted.")
def with_itself(kernels):
    r = _reach(kernels)
    return r * (2 * r + 1) + r + 1


@exercise.misconception("The reaches are multiplied: layer by layer they add up.")
def multiplied(kernels):
    r = (kernels // 2).clamp(min=1).prod()
    return r * (2 * r + 1) + r


@exercise.misconception("The kernels' sizes are added, not how far they reach to one side, k // 2.")
def sizes(kernels):
    r = kernels.sum()
    return r * (2 * r + 1) + r


@exercise.misconception("This is the plain stack of masked layers with its blind spot: two stacks see each row above whole.")
def blind_spot(kernels):
    r = _reach(kernels)
    return r * (r + 1) + r * (r + 1) / 2 + r


@exercise.misconception("Only the first layer is counted.")
def first_layer(kernels):
    r = kernels[0] // 2
    return r * (2 * r + 1) + r


@exercise.misconception("Rows to the left only: a row above is seen to both sides, 2r + 1 pixels.")
def one_side(kernels):
    r = _reach(kernels)
    return r * (r + 1) + r


@exercise.steps
def in_steps(kernels):
    reach = (kernels // 2).sum()  # how far all layers reach
    width = 2 * reach + 1  # the width of a row above
    return reach * width + reach  # the number of pixels
