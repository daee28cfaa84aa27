"""What several exercises of ps6 share."""

import numpy as np
from scipy.signal import correlate2d


def correlate(x, weight):
    """A convolution layer by SciPy, map by map: x (batch, inputs, rows, columns) that is padded already, weight (outputs, inputs, …)."""
    return np.array([[sum(correlate2d(a, w, mode="valid") for a, w in zip(image, maps)) for maps in weight] for image in x])


def padded(x, top, bottom, left, right):
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)))
