"""What is measured of an update, in each backend's own operations: it becomes a part of the step.

The operations take tensors as they are at hand within a step and read nothing else.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import Protocol

from mltrack_keras.layers import by_layer

Paths = tuple[str, ...]  # of the variables that gradients belong to
Shape = tuple[tuple[int, ...], str]  # and its dtype

_PATTERNS: Final = 512  # of sign and exponent of a float32
COUNTS: Final = _PATTERNS + 2  # and behind them the NaNs of each sign


class Operations(Protocol):
    """What a backend is asked to compute."""

    def norms(self, tensors: Sequence[Any]) -> Any:
        """Return each tensor's L2 norm, shape (tensors,), float32."""

    def counts(self, groups: Sequence[Sequence[Any]]) -> Any:
        """Return how often each sign and exponent occurs, shape (groups, COUNTS), int32."""

    def differences(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        """Return how far each tensor has moved, float32."""


class Quantity(Protocol):
    """Something to be measured."""

    def shapes(self, paths: Paths) -> list[list[Shape]]:
        """Return what may come out, for a backend that needs a place for it beforehand."""

    def examples(self, weights: list[Any]) -> list[Any]:
        """Return tensors of the shapes that are measured, given the weights."""

    def compute(
        self, operations: Operations, paths: Paths, tensors: Sequence[Any]
    ) -> tuple[Any, ...]:
        """Return the arrays to be recorded."""


class _Norms:
    """L2 norms of gradients, and behind them of the clipped ones where something clips."""

    def shapes(self, paths: Paths) -> list[list[Shape]]:
        return [[((count * len(paths),), "float32")] for count in (1, 2)]

    def examples(self, weights: list[Any]) -> list[Any]:
        return weights

    def compute(
        self, operations: Operations, paths: Paths, tensors: Sequence[Any]
    ) -> tuple[Any, ...]:
        return (operations.norms(tensors),)


class _Histograms:
    """Histograms of gradients, one for each layer.

    Args:
        model: The model's name, with which its variables' paths begin.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    def shapes(self, paths: Paths) -> list[list[Shape]]:
        return [[((len(by_layer(paths, self._model)), COUNTS), "int32")]]

    def examples(self, weights: list[Any]) -> list[Any]:
        return weights

    def compute(
        self, operations: Operations, paths: Paths, tensors: Sequence[Any]
    ) -> tuple[Any, ...]:
        return (operations.counts(_grouped(tensors, paths, self._model)),)


class _Changes:
    """What an update does: of weights before and after, histograms of each layer and norms.

    Norms first of how far each variable moves, then of each variable.

    Args:
        model: As above.
    """

    def __init__(self, model: str) -> None:
        self._model = model

    def shapes(self, paths: Paths) -> list[list[Shape]]:
        layers = len(by_layer(paths, self._model))
        return [[((layers, COUNTS), "int32"), ((2 * len(paths),), "float32")]]

    def examples(self, weights: list[Any]) -> list[Any]:
        return weights + weights

    def compute(
        self, operations: Operations, paths: Paths, tensors: Sequence[Any]
    ) -> tuple[Any, ...]:
        before, after = tensors[: len(paths)], tensors[len(paths) :]
        moved = operations.differences(before, after)
        counts = operations.counts(_grouped(moved, paths, self._model))
        return counts, operations.norms([*moved, *after])


class _OnTorch:
    """Operations of PyTorch."""

    def norms(self, tensors: Sequence[Any]) -> Any:
        torch = sys.modules["torch"]
        return torch.stack(torch._foreach_norm(_dense(tensors), 2, dtype=torch.float32))

    def counts(self, groups: Sequence[Sequence[Any]]) -> Any:
        torch = sys.modules["torch"]
        rows = []
        for group in groups:
            flat = torch.cat([tensor.reshape(-1).float() for tensor in _dense(group)])
            leading = (flat.view(torch.int32) >> 23) & (_PATTERNS - 1)
            nan, negative = flat.isnan(), leading >= _PATTERNS // 2
            nans = torch.stack([(nan & ~negative).sum(), (nan & negative).sum()])
            rows.append(torch.cat([torch.bincount(leading, minlength=_PATTERNS), nans]))
        return torch.stack(rows)

    def differences(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        return [new.float() - old.float() for old, new in zip(before, after, strict=True)]


class _OnJax:
    """Operations of JAX."""

    def norms(self, tensors: Sequence[Any]) -> Any:
        numbers = sys.modules["jax.numpy"]
        flat = [numbers.ravel(tensor).astype("float32") for tensor in tensors]
        return numbers.stack([numbers.linalg.norm(each) for each in flat])

    def counts(self, groups: Sequence[Sequence[Any]]) -> Any:
        jax, numbers = sys.modules["jax"], sys.modules["jax.numpy"]
        rows = []
        for group in groups:
            flat = numbers.concatenate([numbers.ravel(each).astype("float32") for each in group])
            bits = jax.lax.bitcast_convert_type(flat, numbers.uint32)
            leading = (bits >> 23).astype("int32")
            nan, negative = numbers.isnan(flat), leading >= _PATTERNS // 2
            nans = numbers.stack([(nan & ~negative).sum(), (nan & negative).sum()])
            counts = numbers.bincount(leading, length=_PATTERNS)
            rows.append(numbers.concatenate([counts.astype("int32"), nans.astype("int32")]))
        return numbers.stack(rows)

    def differences(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        pairs = zip(before, after, strict=True)
        return [new.astype("float32") - old.astype("float32") for old, new in pairs]


class _OnTensorFlow:
    """Operations of TensorFlow."""

    def norms(self, tensors: Sequence[Any]) -> Any:
        tf = sys.modules["tensorflow"]
        # l2_loss is half the sum of squares, in one operation without a temporary.
        halves = [tf.nn.l2_loss(each) for each in self._floats(tensors)]
        return tf.sqrt(2.0 * tf.stack(halves))

    def counts(self, groups: Sequence[Sequence[Any]]) -> Any:
        tf = sys.modules["tensorflow"]
        rows = []
        for group in groups:
            flat = tf.concat([tf.reshape(each, [-1]) for each in self._floats(group)], 0)
            bits = tf.bitwise.right_shift(tf.bitcast(flat, tf.uint32), tf.constant(23, tf.uint32))
            leading = tf.cast(bits, tf.int32)
            nan, negative = tf.math.is_nan(flat), leading >= _PATTERNS // 2
            nans = [
                tf.math.count_nonzero(which, dtype=tf.int32)
                for which in (nan & ~negative, nan & negative)
            ]
            counts = tf.math.bincount(leading, minlength=_PATTERNS, maxlength=_PATTERNS)
            counts = tf.reshape(counts, [_PATTERNS])  # in a graph its length is not known
            rows.append(tf.concat([counts, tf.stack(nans)], 0))
        return tf.stack(rows)

    def differences(self, before: Sequence[Any], after: Sequence[Any]) -> list[Any]:
        pairs = zip(self._floats(before), self._floats(after), strict=True)
        return [new - old for old, new in pairs]

    def _floats(self, tensors: Sequence[Any]) -> list[Any]:
        tf = sys.modules["tensorflow"]
        # Rows of an embedding that occur twice in a batch are added up by the conversion.
        return [tf.cast(tf.convert_to_tensor(each), tf.float32) for each in tensors]


NORMS: Final[Quantity] = _Norms()
OPERATIONS: Final[dict[str, Operations]] = {
    "torch": _OnTorch(),
    "jax": _OnJax(),
    "tensorflow": _OnTensorFlow(),
}


def histograms(model: str) -> Quantity:
    """Return the histograms of the gradients of the model of that name."""
    return _Histograms(model)


def changes(model: str) -> Quantity:
    """Return what an update does to the weights of the model of that name."""
    return _Changes(model)


def _dense(tensors: Sequence[Any]) -> list[Any]:
    """Return PyTorch's tensors; of sparse ones what is not zero."""
    return [each.coalesce().values() if each.is_sparse else each for each in tensors]


def _grouped(tensors: Sequence[Any], paths: Paths, model: str) -> list[list[Any]]:
    return [[tensors[index] for index in group] for group in by_layer(paths, model).values()]
