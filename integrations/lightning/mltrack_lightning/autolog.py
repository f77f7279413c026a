"""The taps: what no hook of Lightning tells."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import ModuleType
from typing import Any
from typing import Final

import mltrack_core
from mltrack_core import Guard
from mltrack_core import autolog
from mltrack_lightning.callback import MLTrackCallback
from mltrack_lightning.logger import MLTrackLogger
from mltrack_lightning.rank import rank

_MARK: Final = "_mltrack_original"


def tap_saves(module: ModuleType) -> Callable[[], None]:
    """See every checkpoint that a Trainer of *module*, `….trainer.trainer`, has saved.

    There is a hook before a checkpoint is written, for most of them, but none after.

    Returns:
        What takes the tap off.
    """
    trainer = module.Trainer
    original = trainer.save_checkpoint
    if hasattr(original, _MARK):
        return lambda: None

    @functools.wraps(original)
    def save_checkpoint(self: Any, *args: Any, **kwargs: Any) -> Any:
        callback = next((c for c in self.callbacks if isinstance(c, MLTrackCallback)), None)
        path = args[0] if args else kwargs.get("filepath")
        if callback is None or path is None:
            return original(self, *args, **kwargs)
        before = callback.before_save(path)
        result = original(self, *args, **kwargs)
        callback.after_save(self, path, before)
        return result

    setattr(save_checkpoint, _MARK, original)
    trainer.save_checkpoint = save_checkpoint

    def restore() -> None:
        if trainer.save_checkpoint is save_checkpoint:
            trainer.save_checkpoint = original

    return restore


def tap_fabric(module: ModuleType) -> Callable[[], None]:
    """Record what a Fabric of *module*, `….fabric`, logs, also where it has no logger of ours.

    Gradients and the rest are seen by the taps of PyTorch itself, and are in the same run.

    Returns:
        What takes the tap off, whoever has put it on.
    """
    fabric = module.Fabric
    original = fabric.log_dict
    if hasattr(original, _MARK):
        return _restore_of(fabric, original)
    guard = Guard()

    @functools.wraps(original)
    def log_dict(self: Any, *args: Any, **kwargs: Any) -> Any:
        result = original(self, *args, **kwargs)
        with guard("Fabric.log_dict"):
            if autolog.is_active("lightning"):
                _record(self, *args, **kwargs)
        return result

    setattr(log_dict, _MARK, original)
    fabric.log_dict = log_dict
    return _restore_of(fabric, log_dict)


def _restore_of(fabric: Any, tap: Any) -> Callable[[], None]:
    def restore() -> None:
        if fabric.log_dict is tap:
            fabric.log_dict = getattr(tap, _MARK)

    return restore


def _record(fabric: Any, metrics: Any, step: int | None = None) -> None:
    """Record what *fabric* logs to the active run, or one that others find active then."""
    if rank() > 0 or any(isinstance(logger, MLTrackLogger) for logger in fabric.loggers):
        return
    run = mltrack_core.active_run() or mltrack_core.init()
    run.log(metrics, step=step)
