"""The call of fit() that a callback is part of: what it was given, and who else listens.

Keras tells a callback the number of epochs and steps, but neither the batch size nor the other
callbacks, and it has no hook from which they can be had. They are read, never written, from the
frames of the calls that lead to our hook; where Keras is built differently one day, they are just
not known.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterator
from collections.abc import Mapping
from dataclasses import dataclass
from types import FrameType

import keras

_FRAMES_MAX = 20  # between our hook and fit(): callbacks may wrap callbacks


@dataclass(frozen=True, slots=True, kw_only=True)
class FitCall:
    """What one call of fit() was given."""

    epochs: int | None  # the last one's number
    steps: int | None  # batches in an epoch
    batch_size: int | None  # samples
    samples: int | None  # in an epoch
    data: str  # kind of the data set, e.g. "ArrayDataAdapter"; "" where unknown
    callbacks: tuple[keras.callbacks.Callback, ...]  # of the call, ours included


def surrounding(frame: FrameType, params: Mapping[str, int | None]) -> FitCall:
    """Return the fit() call that led to *frame*; *params* is what Keras told the callback."""
    callback_list = surrounding_list(frame)
    adapter = _data_adapter(frame)
    batch_size = _told(adapter, "batch_size")
    steps = params.get("steps")
    return FitCall(
        epochs=params.get("epochs"),
        steps=steps,
        batch_size=batch_size,
        samples=_samples(adapter, batch_size, steps),
        data=type(adapter).__name__ if adapter is not None else "",
        callbacks=tuple(callback_list.callbacks) if callback_list is not None else (),
    )


def surrounding_list(frame: FrameType) -> keras.callbacks.CallbackList | None:
    """Return the list of callbacks that is calling *frame*.

    Keep no reference to it: `outcome` waits for it to be let go.
    """
    for caller in _callers(frame):
        if isinstance(found := caller.f_locals.get("self"), keras.callbacks.CallbackList):
            return found
    return None


def stop_reason(call: FitCall, logs: Mapping[str, object], *, is_ours: bool) -> dict[str, object]:
    """Return why training stopped before its last epoch, as parameters.

    Args:
        call: Of fit().
        logs: Of its end.
        is_ours: Our callback has stopped it.
    """
    if is_ours:
        why = "a loss or gradient was not finite"
        return {"stopped_by": "MLTrackCallback", "stopped_reason": why}
    for callback in call.callbacks:
        if isinstance(callback, keras.callbacks.EarlyStopping) and callback.stopped_epoch > 0:
            return {
                "stopped_by": type(callback).__name__,
                "stopped_reason": f"{callback.monitor} did not improve "
                f"for {callback.patience} epochs",
                "stopped_epoch": callback.stopped_epoch + 1,
                "best_epoch": callback.best_epoch + 1,
                "best": float(callback.best),
                "restored_best_weights": bool(callback.restore_best_weights),
            }
    loss = logs.get("loss")
    is_broken = isinstance(loss, float) and not math.isfinite(loss)
    for callback in call.callbacks:
        if isinstance(callback, keras.callbacks.TerminateOnNaN) and is_broken:
            return {"stopped_by": type(callback).__name__, "stopped_reason": f"loss is {loss}"}
    return {"stopped_by": "stop_training", "stopped_reason": "model.stop_training was set"}


def settings_of(callback: keras.callbacks.Callback) -> dict[str, object]:
    """Return the plain arguments that *callback* was made with, as far as it kept them."""
    kept = vars(callback)
    names = inspect.signature(type(callback).__init__).parameters
    return {
        name: kept[name]
        for name in names
        if name in kept and isinstance(kept[name], bool | int | float | str)
    }


def _data_adapter(frame: FrameType) -> object:
    for caller in _callers(frame):
        if caller.f_code.co_name == "fit" and "epoch_iterator" in caller.f_locals:
            return getattr(caller.f_locals["epoch_iterator"], "data_adapter", None)
    return None


def _samples(adapter: object, batch_size: int | None, steps: int | None) -> int | None:
    """Return the samples in an epoch, where the data say so for certain."""
    is_partial = _told(adapter, "has_partial_batch")
    if batch_size is None or steps is None or is_partial is None:
        return None
    if not is_partial:
        return batch_size * steps
    if steps != _told(adapter, "num_batches"):
        return None  # `steps_per_epoch` was given: the short batch is in some epochs only
    partial = _told(adapter, "partial_batch_size")
    return None if partial is None else batch_size * (steps - 1) + partial


def _told(adapter: object, name: str) -> int | None:
    """Return what Keras's data adapter says of itself; generators know next to nothing."""
    try:
        value = getattr(adapter, name, None)
    except NotImplementedError:
        return None
    return value if isinstance(value, int) else None


def _callers(frame: FrameType) -> Iterator[FrameType]:
    caller: FrameType | None = frame
    for _ in range(_FRAMES_MAX):
        if caller is None:
            return
        yield caller
        caller = caller.f_back
