"""What Keras reports of an epoch, under the names it has in a run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from typing import Final

import keras
import numpy

_VECTOR_MAX: Final = 100  # values of one metric, e.g. one for each class


def named(logs: Mapping[str, Any]) -> dict[str, object]:
    """Return an epoch's metrics under their names here: "val_loss" is "val/loss"."""
    named: dict[str, object] = {}
    for name, value in flat(logs):
        if name == "learning_rate":
            continue  # as a scheduler reports it: already recorded, at the epoch's first batch
        if name.startswith("learning_rate_"):
            named[f"opt/{name}"] = value
        elif name.startswith("val_"):
            named[f"val/{name.removeprefix('val_')}"] = value
        else:
            named[f"train/{name}"] = value
    return named


def flat(logs: Mapping[str, Any]) -> list[tuple[str, object]]:
    """Return metrics, those of several values as "f1/0", "f1/1" and so on."""
    flat: list[tuple[str, object]] = []
    for name, value in logs.items():
        if isinstance(value, int | float):
            flat.append((name, value))
            continue
        array = keras.ops.convert_to_numpy(value)
        if array.size == 1:
            flat.append((name, array.item()))
        elif array.size <= _VECTOR_MAX:
            flat.extend((f"{name}/{i}", item) for i, item in enumerate(array.ravel().tolist()))
        else:
            # Not a metric that a chart could show; say so, as for everything that is no number.
            flat.append((name, value))
    return flat


def to_number(value: object) -> float:
    """Return a scalar of any backend as a number; waits for a device."""
    return float(numpy.asarray(keras.ops.convert_to_numpy(value)).item())
