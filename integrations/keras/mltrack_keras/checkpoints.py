"""Checkpoints that other callbacks of a fit write, noticed once they are there.

Keras announces none. But its callbacks say where they write; between their hooks and the next one
of ours nobody writes, so what has changed there by then is a complete checkpoint.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
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

Stat = tuple[int, int, int]  # inode, size, time of change

_Orbax: Final[Any] = getattr(keras.callbacks, "OrbaxCheckpoint", None)
_WRITERS: Final = (keras.callbacks.ModelCheckpoint, keras.callbacks.BackupAndRestore)
_FRAMES_MAX: Final = 8  # between a callback and what it saves with


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Where a training stood, and how well."""

    step: int
    epoch: float | None  # complete ones, and the share of the one that goes on
    number: int  # of the epoch, from 0, as callbacks count
    logs: Mapping[str, Any]
    batch: int | None = None  # of the epoch, from 0; None at its end

    def metrics(self) -> dict[str, object]:
        """Return what was known of the model's quality, under the names that a run has."""
        numbers = {name: value for name, value in self.logs.items() if isinstance(value, float)}
        return named(numbers)


class Checkpoints:
    """Watches where the callbacks of one fit write.

    Args:
        run: Gets what is found.
        callbacks: Of the fit.
        guard: Books our own faults.
    """

    def __init__(
        self, run: Tracker, callbacks: Iterable[keras.callbacks.Callback], guard: Guard
    ) -> None:
        self._run, self._guard = run, guard
        writers = [c for c in callbacks if isinstance(c, _WRITERS)]
        self._by_epoch = [c for c in writers if c.save_freq == "epoch"]
        self._by_batch = [c for c in writers if c.save_freq != "epoch"]
        self._folders = [c for c in callbacks if _Orbax is not None and isinstance(c, _Orbax)]
        self._known: dict[str, Stat | None] = {}
        self._seen = {str(path) for c in self._folders for path in _steps_of(c)}
        self._moment: Moment | None = None  # the latest after which a callback may have saved
        self._ends: dict[int, Moment] = {}  # of epochs that Orbax may not have written yet
        for writer in writers:
            for path in _paths(writer, None):
                self._known[path] = _stat(path)

    @property
    def may_come_with_a_batch(self) -> bool:
        """Some callback writes within epochs."""
        return bool(self._by_batch)

    def come_to(self, moment: Moment) -> None:
        """Take note of a moment when callbacks may save; record what those before us have saved."""
        if moment.batch is None:
            self._ends[moment.number] = moment
            if self._moment is not None and self._moment.batch is not None:
                self.look()  # callbacks after ours may have saved after the epoch's last batch
        self._moment = moment
        self.look()

    def look(self) -> None:
        """Record what has been written since the look before, in the latest moment."""
        moment = self._moment
        if moment is None:
            return
        for writer in self._by_epoch if moment.batch is None else self._by_batch:
            with self._guard("checkpoints"):
                for path in _paths(writer, moment):
                    self._look_at(writer, path, moment)
        for orbax in self._folders:
            with self._guard("checkpoints"):
                for folder in _steps_of(orbax):
                    if str(folder) not in self._seen:
                        self._seen.add(str(folder))
                        self._record(orbax, folder, self._written_at(orbax, int(folder.name)))

    def finish(self) -> None:
        """Record what is left at the end of the fit, when Keras too waits for what is written."""
        for orbax in self._folders:
            with self._guard("checkpoints"):
                if not orbax.is_multihost_enabled():
                    orbax.wait_until_finished()
        self.look()

    def _written_at(self, orbax: Any, number: int) -> Moment:
        """Return when a folder was begun; it may be complete only later."""
        if orbax.save_freq == "epoch" and number in self._ends:
            return self._ends[number]
        # Within epochs Orbax counts batches, from the updates that had been made.
        return Moment(step=number, epoch=None, number=0, logs={})

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


def _steps_of(orbax: Any) -> list[Path]:
    """Return the folders that Orbax has completed: it writes under another name, then renames."""
    try:
        entries = [entry for entry in Path(orbax.directory).iterdir() if entry.name.isdecimal()]
    except OSError:
        return []
    return sorted(entries, key=lambda entry: int(entry.name))


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
