"""The demo's data: scikit-learn's handwritten digits."""

from __future__ import annotations

import numpy
from sklearn.datasets import load_digits

from mltrack.demo.network import Array
from mltrack.demo.network import Labels

_VALIDATION_IMAGES = 360  # of 1797


def digits(
    random: numpy.random.Generator,
) -> tuple[tuple[Array, Labels], tuple[Array, Labels]]:
    """Return images of 8 by 8 pixels between 0 and 1 and their labels, to train and to validate.

    Args:
        random: Decides which are which.

    Returns:
        Images of shape (N, 64), float32, and labels of shape (N,), int64, in two pairs.
    """
    found = load_digits()
    order = random.permutation(len(found.target))
    images = (found.data[order] / 16).astype("float32")
    labels = found.target[order].astype("int64")
    cut = _VALIDATION_IMAGES
    return (images[cut:], labels[cut:]), (images[:cut], labels[:cut])
