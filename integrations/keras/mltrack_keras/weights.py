"""What weights and the optimizer's state look like at the end of an epoch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from typing import Any
from typing import Final

import keras
import numpy

from mltrack_core.budget import Budget
from mltrack_core.exponents import from_leading_bits
from mltrack_core.records import ByExponent
from mltrack_keras.layers import layer_of

_ENTRIES: Final = 1 << 16  # counted at a time: they stay in the processor's cache
_EXPONENTS: Final = 256  # of float32


class Weights:
    """Measures a model's trainable weights, so rarely that it takes at most 1 % of the time.

    They are copied to the host for it, one variable at a time.

    Args:
        clock: Seconds, monotonic.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self._clock = clock
        self._budget = Budget(clock=clock)
        self._budget.is_due()  # the clock runs from here: the first turn is the first epoch's

    def measure(self, model: keras.Model) -> dict[str, object]:
        """Return norms and histograms; empty if it is not time for them."""
        if not self._budget.is_due():
            return {}
        began_s = self._clock()
        layers: dict[str, list[Any]] = {}
        for variable in model.trainable_variables:
            layers.setdefault(layer_of(variable.path, model.name), []).append(variable)
        values: dict[str, object] = {}
        total = 0.0
        for layer, variables in layers.items():
            square, counts = 0.0, numpy.zeros(2 * _EXPONENTS + 2, dtype=numpy.int64)
            for variable in variables:
                for part in _parts(variable):
                    square += _square(part)
                    counts += _count(part)
            values[f"param/norm/{layer}"] = math.sqrt(square)
            values[f"param/histogram/{layer}"] = from_leading_bits(counts.tolist())
            total += square
        values["param/norm"] = math.sqrt(total)
        values |= {f"opt/state/{name}": norm for name, norm in _state(model.optimizer).items()}
        self._budget.spent(self._clock() - began_s)
        return values


def by_exponent(values: Iterable[Any]) -> ByExponent:
    """Return the histogram of all entries of *values*, arrays of floats."""
    counts = numpy.zeros(2 * _EXPONENTS + 2, dtype=numpy.int64)
    for array in values:
        for part in _split(array):
            counts += _count(part)
    return from_leading_bits(counts.tolist())


def _state(optimizer: Any) -> dict[str, float]:
    """Return the norm of each kind of state that the optimizer keeps for every weight."""
    optimizer = getattr(optimizer, "inner_optimizer", optimizer)
    if optimizer is None:
        return {}
    owners = sorted(
        (f"{variable.path.replace('/', '_')}_" for variable in optimizer._trainable_variables),
        key=len,
        reverse=True,  # "dense_1_kernel_" before "dense_1_"
    )
    squares: dict[str, float] = {}
    for variable in optimizer.variables:
        owner = next((owner for owner in owners if variable.name.startswith(owner)), None)
        if owner is not None:
            kind = variable.name.removeprefix(owner)
            square = sum(_square(part) for part in _parts(variable))
            squares[kind] = squares.get(kind, 0.0) + square
    return {kind: math.sqrt(square) for kind, square in squares.items()}


def _parts(variable: Any) -> Iterator[Any]:
    return _split(keras.ops.convert_to_numpy(variable))


def _split(array: Any) -> Iterator[Any]:
    """Yield *array* in pieces, as float32: no format that Keras trains in has more exponents."""
    entries = numpy.asarray(array).reshape(-1)
    for begin in range(0, entries.size, _ENTRIES):
        yield numpy.ascontiguousarray(entries[begin : begin + _ENTRIES], dtype=numpy.float32)


def _square(part: Any) -> float:
    # Not the dot product: it would wake BLAS's threads, which then spin beside the training.
    return float(numpy.square(part, dtype=numpy.float64).sum())


def _count(part: Any) -> Any:
    """Return how often each sign and exponent occurs; the last two count the NaNs of each sign."""
    leading = (part.view(numpy.uint32) >> numpy.uint32(23)).astype(numpy.intp)
    counts = numpy.bincount(leading, minlength=2 * _EXPONENTS)
    nans = [0, 0]
    if counts[_EXPONENTS - 1] or counts[-1]:
        broken = leading[numpy.isnan(part)]
        nans = [int((broken < _EXPONENTS).sum()), int((broken >= _EXPONENTS).sum())]
    return numpy.concatenate((counts, nans))
