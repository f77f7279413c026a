"""Keras without a line of code: what `mltrack run` and `mltrack.autolog()` put on it.

Whoever trains, evaluates or predicts makes a `CallbackList`; ours joins it once it is complete. So
no argument of the user's is touched, and Keras decides for itself how it delivers batches.
"""

from __future__ import annotations

import functools
import os
import sys
import weakref
from collections.abc import Callable
from types import ModuleType
from typing import Any

from mltrack_core import Guard
from mltrack_core import active_run
from mltrack_core import autolog
from mltrack_keras.callback import MLTrackCallback
from mltrack_keras.checkpoints import is_own_saving
from mltrack_keras.rank import rank

PART = "keras"

_MARK = "__mltrack__"


class _Latest:
    """The callback that was injected last: another call with the same model gets it again."""

    def __init__(self) -> None:
        self._model: weakref.ref[object] | None = None
        self._callback: MLTrackCallback | None = None

    def for_model(self, model: object) -> MLTrackCallback:
        if self._callback is None or self._model is None or self._model() is not model:
            self._callback, self._model = MLTrackCallback(), weakref.ref(model)
        return self._callback

    def forget(self) -> None:
        self._model = self._callback = None


_latest = _Latest()


def tap(module: ModuleType) -> Callable[[], None]:
    """Record what is trained with *module*, which is `keras`; return what undoes it."""
    undo = [
        _wrap(module.callbacks.CallbackList, "__init__", _joining),
        _wrap(module.Model, "save", _recording),
        _wrap(module.Model, "save_weights", _recording),
    ]

    def restore() -> None:
        for take_off in reversed(undo):
            take_off()
        _latest.forget()

    return restore


def _wrap(owner: type, name: str, around: Callable[..., Any]) -> Callable[[], None]:
    """Replace the method *name*, once, by what *around* makes of it; return what undoes it."""
    original = vars(owner)[name]
    if hasattr(original, _MARK):
        return lambda: None
    wrapper = around(original)
    setattr(wrapper, _MARK, True)
    setattr(owner, name, wrapper)

    def take_off() -> None:
        if vars(owner).get(name) is wrapper:  # else somebody has wrapped ours: leave theirs alone
            setattr(owner, name, original)

    return take_off


def _joining(original: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(original)
    def init(self: Any, *args: Any, **kwargs: Any) -> None:
        original(self, *args, **kwargs)
        if autolog.is_active(PART):
            with Guard()("autolog(keras)"):
                _join(self)

    return init


def _join(callback_list: Any) -> None:
    """Add our callback to a list that has none."""
    model = getattr(callback_list, "_model", None)
    if model is None or any(isinstance(c, MLTrackCallback) for c in callback_list.callbacks):
        return
    ours = _latest.for_model(model)
    ours.set_params(callback_list.params)
    ours.set_model(model)
    callback_list.callbacks.append(ours)


def _recording(original: Callable[..., object]) -> Callable[..., object]:
    @functools.wraps(original)
    def save(self: Any, filepath: Any, *args: Any, **kwargs: Any) -> object:
        result = original(self, filepath, *args, **kwargs)
        run = active_run()
        if run is not None and autolog.is_active(PART) and rank() == 0:
            with Guard()("autolog(keras)"):
                is_local = "://" not in os.fspath(filepath)
                if is_local and not is_own_saving(sys._getframe()):
                    run.log_checkpoint(filepath, roles=["final"], writer=f"Model.{name}")
        return result

    name = original.__name__
    return save
