"""What is recorded once for a fit: the model, how it was compiled, and with what."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

import keras
import numpy

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_keras.fit import FitCall
from mltrack_keras.fit import settings_of

_USUAL: Final = (keras.callbacks.History, keras.callbacks.ProgbarLogger)
_SUMMARY_COLUMNS: Final = 100


def record(run: Tracker, model: keras.Model, call: FitCall, guard: Guard) -> None:
    """Record all of it in *run*. One that fails costs no other."""
    for namespace, collect in _SOURCES.items():
        with guard(f"facts of {namespace}"):
            run.log_params(collect(model, call), namespace=namespace)


def framework(model: keras.Model, call: FitCall) -> dict[str, object]:
    """Return which Keras this is and what it runs on."""
    backend = keras.config.backend()
    return {
        "name": "keras",
        "version": keras.__version__,
        "backend": backend,
        "backend_version": getattr(sys.modules.get(backend), "__version__", ""),
        "floatx": keras.config.floatx(),
        "image_data_format": keras.config.image_data_format(),
    }


def compiled(model: keras.Model, call: FitCall) -> dict[str, object]:
    """Return the arguments of `compile`, the optimizer aside."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that a lambda has no name is no news for this user
        config = model.get_compile_config() or {}
    return {name: _readable(value) for name, value in config.items() if name != "optimizer"}


def optimizer(model: keras.Model, call: FitCall) -> dict[str, object]:
    """Return the optimizer's class and configuration; empty for a model without one."""
    if model.optimizer is None:
        return {}
    config = _readable(model.optimizer.get_config())
    assert isinstance(config, dict)
    return {"class": type(model.optimizer).__name__, **config}


def fit(model: keras.Model, call: FitCall) -> dict[str, object]:
    """Return what `fit` was given."""
    others = {
        type(callback).__name__: settings_of(callback)
        for callback in call.callbacks
        if not isinstance(callback, _USUAL) and not type(callback).__module__.startswith("mltrack")
    }
    known = {
        "epochs": call.epochs,
        "steps_per_epoch": call.steps,
        "batch_size": call.batch_size,
        "samples_per_epoch": call.samples,
        "data": call.data or None,
    }
    return {
        **{name: value for name, value in known.items() if value is not None},
        **{f"callback.{name}": settings for name, settings in others.items() if settings},
        "callbacks": sorted(others),
    }


def described(model: keras.Model, call: FitCall) -> dict[str, object]:
    """Return what the model is: its class, its size, its layers in words."""
    lines: list[str] = []
    model.summary(print_fn=lines.append, line_length=_SUMMARY_COLUMNS)
    trainable = sum(_size(variable) for variable in model.trainable_weights)
    fixed = sum(_size(variable) for variable in model.non_trainable_weights)
    return {
        "class": type(model).__name__,
        "name": model.name,
        "parameters": trainable + fixed,
        "trainable": trainable,
        "non_trainable": fixed,
        "layers": len(model.layers),
        "dtype_policy": model.dtype_policy.name,
        "summary": "\n".join(lines),
    }


def _size(variable: keras.Variable) -> int:
    return int(numpy.prod(variable.shape, dtype=numpy.int64))


def _readable(value: object) -> object:
    """Return a serialized configuration without the scaffolding that only Keras needs."""
    if isinstance(value, Mapping):
        if "class_name" in value and "config" in value:
            inner = _readable(value["config"])
            if isinstance(inner, dict):
                return {"class": value["class_name"], **inner}
            return inner if isinstance(inner, str) else value["class_name"]
        return {str(name): _readable(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_readable(inner) for inner in value]
    if isinstance(value, float) and numpy.float32(value) == value:
        # Keras keeps the learning rate as float32: 3e-4 would read 0.0003000000142492354.
        return float(str(numpy.float32(value)))
    return value


# Namespace → what it holds.
_SOURCES: Final[Mapping[str, Callable[[keras.Model, FitCall], dict[str, object]]]] = {
    "framework": framework,
    "keras.compile": compiled,
    "keras.optimizer": optimizer,
    "keras.fit": fit,
    "model": described,
}
