"""The folders of Keras's `OrbaxCheckpoint`, each noticed once it is complete.

It saves in the background, and what it saves has its final name only when all of it is there. No
hook tells of either. So one method of the callback object is wrapped for the time of a fit, in its
`__dict__` and nowhere else: it knows when a save begins. From then on we look whether it is
complete, as often as a batch begins, for the process may be killed before the epoch ends; and when
the next one has begun, for then the one before is there for certain, and not yet deleted.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

import keras

from mltrack_core import Guard
from mltrack_keras.metrics import to_number
from mltrack_keras.moments import Moment
from mltrack_keras.position import Position

Record = Callable[[Any, Path, Moment], None]

# None in a Keras that has no such callback.
ORBAX_CHECKPOINT: Final[Any] = getattr(keras.callbacks, "OrbaxCheckpoint", None)

_SAVE: Final = "_save_checkpoint"
_BEGUN_MAX: Final = 8  # saves under way; Orbax itself has one at a time


class _Saving:
    """Stands in for the method that saves; tells who watches when it has begun."""

    def __init__(self, save: Callable[..., object]) -> None:
        self.watchers: list[OrbaxFolders] = []
        self._save = save

    def __call__(self, step: int, logs: Mapping[str, Any] | None = None) -> object:
        result = self._save(step, logs)
        for watcher in self.watchers:
            watcher.begin(step, logs or {})
        return result


class OrbaxFolders:
    """What one `OrbaxCheckpoint` writes in one fit.

    Args:
        callback: It.
        position: Where the training stands.
        record: Gets the callback, a folder that is complete, and when it was begun.
        guard: Books our own faults.
    """

    def __init__(self, callback: Any, position: Position, record: Record, guard: Guard) -> None:
        self.callback = callback
        self._position, self._record, self._guard = position, record, guard
        self._begun: dict[int, Moment] = {}  # by the folder's number
        self._epoch = 0
        own = vars(callback)
        if not isinstance(own.get(_SAVE), _Saving):
            own[_SAVE] = _Saving(getattr(callback, _SAVE))
        own[_SAVE].watchers.append(self)

    @property
    def awaits(self) -> bool:
        """A save has begun and is not known to be complete."""
        return bool(self._begun)

    def begin_epoch(self, number: int) -> None:
        """Take note of which epoch it is, from 0."""
        self._epoch = number

    def look(self) -> None:
        """Record the folders that have got their names since."""
        for number in sorted(self._begun):
            folder = Path(self.callback.directory, str(number))
            if folder.is_dir():
                self._record(self.callback, folder, self._begun.pop(number))

    def wait(self) -> None:
        """Wait for the save that is under way, as Keras does at the end of a fit."""
        # With several hosts all of them would have to wait at once.
        if self._begun and not self.callback.is_multihost_enabled():
            self.callback.wait_until_finished()

    def remove(self) -> None:
        """Leave the callback as it was."""
        saving = vars(self.callback).get(_SAVE)
        if isinstance(saving, _Saving) and self in saving.watchers:
            saving.watchers.remove(self)
            if not saving.watchers:
                del vars(self.callback)[_SAVE]

    def begin(self, number: int, logs: Mapping[str, Any]) -> None:
        """Take note that a save has begun. Raises nothing."""
        with self._guard("OrbaxCheckpoint"):
            self.look()
            self._begin(number, logs)

    def _begin(self, number: int, logs: Mapping[str, Any]) -> None:
        # On JAX a model has no state within an epoch, but Orbax has had it brought back.
        callback = self.callback
        optimizer = callback._model.optimizer
        updates = int(to_number(optimizer.iterations)) if optimizer is not None else 0
        epoch: float | None = number + 1
        if callback.save_freq != "epoch":
            steps = (callback.params or {}).get("steps")
            epoch = self._epoch + (callback._last_batch_seen + 1) / steps if steps else None
        self._begun[number] = Moment(
            step=self._position.at(updates), epoch=epoch, number=self._epoch, logs=dict(logs)
        )
        while len(self._begun) > _BEGUN_MAX:
            del self._begun[min(self._begun)]
