"""The taps of zero-code: what makes every Trainer record itself.

Each is called once its module has been imported, and returns what undoes it. Nothing of a framework
is imported here before that.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any


def trainer(module: ModuleType) -> Callable[[], None]:
    """Give every new Trainer our callback; *module* is transformers.trainer.

    Beside it: what no callback is told, `save_model` and the exception that leaves `train`.
    """
    from transformers.integrations import integration_utils

    from mltrack_hf import names
    from mltrack_hf.automatic import AutologCallback

    names.register_reporter(integration_utils)
    defaults: list[Any] = module.DEFAULT_CALLBACKS
    if AutologCallback not in defaults:
        defaults.append(AutologCallback)
    undo = [_wrap(module.Trainer, "save_model", _saving), _wrap(module.Trainer, "train", _training)]

    def restore() -> None:
        if AutologCallback in defaults:
            defaults.remove(AutologCallback)
        for one in undo:
            one()

    return restore


def tracker(module: ModuleType) -> Callable[[], None]:
    """Let `Accelerator(log_with="mltrack")` know the name; *module* is accelerate.tracking."""
    from mltrack_hf import names

    names.register_tracker(module)
    return lambda: None  # a name that nobody says does nothing


def _wrap(
    owner: Any, name: str, wrapper: Callable[[Callable[..., Any]], Callable[..., Any]]
) -> Callable[[], None]:
    """Replace a method by what *wrapper* makes of it; return what puts it back."""
    original = owner.__dict__[name]
    ours = wrapper(original)
    setattr(owner, name, ours)

    def restore() -> None:
        if owner.__dict__.get(name) is ours:  # else somebody has replaced it since
            setattr(owner, name, original)

    return restore


def _saving(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def save_model(
        self: Any, output_dir: str | None = None, _internal_call: bool = False, **more: Any
    ) -> Any:
        result = original(self, output_dir, _internal_call, **more)
        if not _internal_call:  # else it is a part of a checkpoint, whose hook comes
            for callback in _callbacks(self):
                callback.saved(self.args, self.state, output_dir or self.args.output_dir)
        return result

    return save_model


def _training(original: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(original)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except BaseException as error:
            for callback in _callbacks(self):
                callback.left(error)
            raise

    return train


def _callbacks(trainer: Any) -> list[Any]:
    """Return those of ours that a Trainer has; of several, one does what it is told."""
    from mltrack_hf.callback import MLTrackCallback

    handler = getattr(trainer, "callback_handler", None)
    return [c for c in getattr(handler, "callbacks", ()) if isinstance(c, MLTrackCallback)]
