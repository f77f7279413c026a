"""Recording a Trainer that nobody has prepared: a callback that brings its logger along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from mltrack_core import guarded
from mltrack_lightning import packages
from mltrack_lightning.callback import MLTrackCallback
from mltrack_lightning.logger import MLTrackLogger
from mltrack_lightning.rank import Elsewhere


class AutomaticLogger(MLTrackLogger):
    """Records for a script that knows nothing of it.

    It may be the only logger of a Trainer that was to have none: then `self.logger` is it, and
    whatever the script asks of a logger, it is given an answer that does nothing.
    """

    @property
    def experiment(self) -> Any:
        """Something that takes everything: the script means another logger's."""
        return Elsewhere()

    @property
    def save_dir(self) -> str:
        """Where a Trainer without a logger puts its files."""
        trainer = self.trainer
        return super().save_dir if trainer is None else str(trainer.default_root_dir)

    def __getattr__(self, name: str) -> Callable[..., None]:
        if name.startswith("_"):
            raise AttributeError(name)
        return _nothing


class AutomaticCallback(MLTrackCallback):
    """Adds its logger to a Trainer for as long as that one runs, unless it has one of ours."""

    @property
    def _is_needed(self) -> bool:
        return isinstance(self.logger, AutomaticLogger)

    @guarded
    def setup(self, trainer: Any, module: Any, stage: str) -> None:
        """Get to know the Trainer; leave one alone that is not to be logged."""
        if not self._is_needed:
            return
        if trainer.fast_dev_run or trainer.barebones:
            trainer.callbacks = [one for one in trainer.callbacks if one is not self]
            return
        self.logger.meet(trainer, waits=True)

    @guarded
    def on_fit_start(self, trainer: Any, module: Any) -> None:
        """Add the logger, late enough to have no say in where checkpoints go."""
        self._add(trainer)
        super().on_fit_start(trainer, module)

    @guarded
    def on_validation_start(self, trainer: Any, module: Any) -> None:
        """Add the logger, if this is a validation of its own."""
        self._add(trainer)
        super().on_validation_start(trainer, module)

    @guarded
    def on_test_start(self, trainer: Any, module: Any) -> None:
        """Add the logger."""
        self._add(trainer)
        super().on_test_start(trainer, module)

    @guarded
    def on_exception(self, trainer: Any, module: Any, exception: BaseException) -> None:
        """Record the exception, and take the logger away."""
        super().on_exception(trainer, module, exception)
        self._remove(trainer)

    @guarded
    def teardown(self, trainer: Any, module: Any, stage: str) -> None:
        """Record what is left to record, and take the logger away."""
        super().teardown(trainer, module, stage)
        self._remove(trainer)

    def _add(self, trainer: Any) -> None:
        if self._is_needed and self.logger not in trainer.loggers:
            trainer.loggers = [*trainer.loggers, self.logger]

    def _remove(self, trainer: Any) -> None:
        if self._is_needed:
            trainer.loggers = [one for one in trainer.loggers if one is not self.logger]


def automatic_callback() -> MLTrackCallback:
    """Return a callback for one Trainer."""
    return packages.joined(AutomaticCallback, packages.callback_bases())(AutomaticLogger())


def _nothing(*args: object, **kwargs: object) -> None:
    """Do nothing."""
