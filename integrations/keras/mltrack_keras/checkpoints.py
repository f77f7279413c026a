"""Checkpoints that other callbacks of a fit write, noticed once they are there.

Keras announces none. But its callbacks say where they write; between their hooks and the next one
of ours nobody writes, so what has changed there by then is a complete checkpoint. What Orbax writes
in the background is another matter: see `orbax`.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from types import FrameType
from typing import Any
from typing import Final

import keras

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole
from mltrack_keras.metrics import named
from mltrack_keras.moments import Moment
from mltrack_keras.orbax import ORBAX_CHECKPOINT
from mltrack_keras.orbax import OrbaxFolders
from mltrack_keras.position import Position
from mltrack_keras.resuming import note_origin

Stat = tuple[int, int, int]  # inode, size, time of change

_WRITERS: Final = (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)
_FRAMES_MAX: Final = 8  # between a callback and what it saves with


class Checkpoints:
    """Watches where the callbacks of one fit write.

    Args:
        run: Gets what is found.
        callbacks: Of the fit.
        position: Where the training stands.
        guard: Books our own faults.
    """

    def __init__(
        self,
        run: Tracker,
        callbacks: Iterable[keras.callbacks.Callback],
        position: Position,
        guard: Guard,
    ) -> None:
        self._run, self._guard = run, guard
        writers = [c for c in callbacks if isinstance(c, _WRITERS)]
        self._by_epoch = [c for c in writers if c.save_freq == "epoch"]
        self._by_batch = [c for c in writers if c.save_freq != "epoch"]
        self._folders: list[OrbaxFolders] = []
        for callback in callbacks if ORBAX_CHECKPOINT is not None else ():
            if isinstance(callback, ORBAX_CHECKPOINT):
                with guard("OrbaxCheckpoint"):
                    self._folders.append(OrbaxFolders(callback, position, self._record, guard))
        self._known: dict[str, Stat | None] = {}
        self._moment: Moment | None = None  # the latest after which a callback may have saved
        for writer in writers:
            for path in _paths(writer, None):
                self._known[path] = _stat(path)

    @property
    def may_begin_with_a_batch(self) -> bool:
        """Some callback saves within epochs, and does not say so."""
        return bool(self._by_batch)

    @property
    def may_end_with_a_batch(self) -> bool:
        """What is written may be complete before the epoch ends."""
        return bool(self._by_batch) or any(folders.awaits for folders in self._folders)

    def begin_epoch(self, number: int) -> None:
        """Record what has been written at the end of the epoch before."""
        self.look()
        for folders in self._folders:
            folders.begin_epoch(number)

    def come_to(self, moment: Moment) -> None:
        """Take note of a moment when callbacks may save; record what those before us have saved."""
        if moment.batch is None and self._moment is not None and self._moment.batch is not None:
            self.look()  # callbacks after ours may have saved after the epoch's last batch
        self._moment = moment
        self.look()

    def look(self) -> None:
        """Record what has been written since the look before, in the latest moment."""
        moment = self._moment
        if moment is not None:
            for writer in self._by_epoch if moment.batch is None else self._by_batch:
                with self._guard("checkpoints"):
                    for path in _paths(writer, moment):
                        self._look_at(writer, path, moment)
        for folders in self._folders:
            with self._guard("checkpoints"):
                folders.look()

    def finish(self) -> None:
        """Record what is left at the end of the fit, when Keras too waits for what is written."""
        for folders in self._folders:
            with self._guard("checkpoints"):
                folders.wait()

    def leave(self) -> None:
        """Record what is there, and watch no more."""
        self.look()
        for folders in self._folders:
            folders.remove()

    def _look_at(self, writer: keras.callbacks.Callback, path: str, moment: Moment) -> None:
        found = _stat(path)
        if found is None or self._known.get(path) == found:
            return
        self._known[path] = found
        self._record(writer, Path(path), moment)

    def _record(self, writer: keras.callbacks.Callback, path: Path, moment: Moment) -> None:
        monitor, mode = _monitor(writer)
        axes: dict[str, Any] = {} if moment.epoch is None else {"epoch": moment.epoch}
        self._run.log_checkpoint(
            path,
            step=moment.step,
            roles=_roles(writer),
            metrics=moment.metrics(),
            monitor=monitor,
            mode=mode,
            writer=type(writer).__name__,
            **axes,
        )
        if not isinstance(writer, keras.callbacks.BackupAndRestore):
            note_origin(path, self._run.id, moment.step)


def is_own_saving(frame: FrameType) -> bool:
    """Tell whether a callback that is watched is saving in *frame*."""
    caller: FrameType | None = frame
    for _ in range(_FRAMES_MAX):
        if caller is None:
            return False
        if isinstance(caller.f_locals.get("self"), _WRITERS):
            return True
        caller = caller.f_back
    return False


def _paths(writer: keras.callbacks.Callback, moment: Moment | None) -> Iterator[str]:
    """Yield where *writer* would have written at *moment*; before the fit, where it is fixed."""
    if isinstance(writer, keras.callbacks.BackupAndRestore):
        yield os.path.join(writer.backup_dir, "latest.weights.h5")
        return
    if moment is None:
        if "{" not in writer.filepath:
            yield writer.filepath
        return
    names: dict[str, object] = {"epoch": moment.number + 1, **moment.logs}
    if moment.batch is not None:
        names.setdefault("batch", moment.batch + 1)
    try:
        yield writer.filepath.format(**names)
    except (KeyError, ValueError):
        return  # it is not the moment when this one writes


def _stat(path: str) -> Stat | None:
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def _roles(writer: keras.callbacks.Callback) -> Sequence[CheckpointRole]:
    if isinstance(writer, keras.callbacks.BackupAndRestore):
        return ["backup"]
    return ["best"] if writer.save_best_only else ["periodic", "last"]


def _monitor(writer: keras.callbacks.Callback) -> tuple[str, CheckpointMode]:
    """Return by which metric the best checkpoint of *writer* is chosen, and which way."""
    if not getattr(writer, "save_best_only", False):
        return "", ""
    [monitor] = named({writer.monitor: 0.0}) or [""]
    better: Callable[..., object] | None = writer.monitor_op
    if better is None:
        return monitor, writer.mode if writer.mode in ("min", "max") else ""
    return monitor, "min" if better == keras.ops.less else "max"
