"""The scale of the loss in mixed precision, and the updates that it cost."""

from __future__ import annotations

from typing import Any

import keras


class LossScale:
    """Follows a `LossScaleOptimizer` through a training, from epoch to epoch."""

    def __init__(self) -> None:
        self._skipped: int | None = 0  # batches so far; None once that is unknown
        self._applied = 0  # of the optimizer, when the epoch began

    def begin_epoch(self, optimizer: object) -> None:
        """Take note of where the optimizer stands."""
        self._applied = _applied(optimizer)

    def end_epoch(self, optimizer: object, batches: int | None) -> dict[str, object]:
        """Return what is to be recorded: nothing where the scale never changes.

        Args:
            optimizer: Of the model.
            batches: That were trained on in the epoch; None where nobody knows.
        """
        scale = getattr(optimizer, "dynamic_scale", None)
        if scale is None:
            return {}
        values: dict[str, object] = {"amp/scale": float(keras.ops.convert_to_numpy(scale))}
        # The inner optimizer hears of a batch only if its gradients are finite.
        if batches is None or self._skipped is None:
            self._skipped = None
        else:
            self._skipped += max(0, batches - (_applied(optimizer) - self._applied))
            values["amp/skipped"] = self._skipped
        return values


def _applied(optimizer: Any) -> int:
    """Return how many batches' gradients the optimizer has taken, accumulated or applied."""
    inner = getattr(optimizer, "inner_optimizer", None)
    return 0 if inner is None else int(keras.ops.convert_to_numpy(inner._iterations))
