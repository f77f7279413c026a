"""Each checkpoint that a Trainer writes, recorded once and when it is complete.

Lightning tells loggers of what ModelCheckpoint has written, but not of a link to it, of a folder
that another callback wrote, or of `trainer.save_checkpoint()`; and a writer in the background is
told of before it has begun. So each save is seen by `autolog.tap_saves`, and what is not there when
it returns is looked for later.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from tempfile import gettempdir
from typing import Any
from typing import Final

from mltrack_core import Tracker
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole

# What tuners write to undo themselves, and delete again.
_TEMPORARY: Final = (".lr_find_", ".scale_batch_size_")

Stamp = tuple[tuple[str, int, int, int], ...]  # name, inode, size and time of each file


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checkpoint:
    """What is known of a checkpoint when it is written."""

    step: int
    roles: tuple[CheckpointRole, ...]
    metrics: Mapping[str, float]
    monitor: str
    mode: CheckpointMode
    writer: str
    is_atomic: bool
    axes: Mapping[str, float]


@dataclass(slots=True)
class _Expected:
    """A checkpoint whose files were not there, or still the former ones, when it was saved."""

    checkpoint: _Checkpoint
    before: Stamp  # of what was in its place
    seen: Stamp  # when it was looked for last


class Checkpoints:
    """Those of one Trainer."""

    def __init__(self) -> None:
        self._recorded: dict[str, tuple[Stamp, _Checkpoint]] = {}
        self._expected: dict[str, _Expected] = {}

    @property
    def is_expecting(self) -> bool:
        """Whether a checkpoint is still being written."""
        return bool(self._expected)

    def saved(
        self,
        run: Tracker,
        trainer: Any,
        path: str,
        before: Stamp,
        *,
        step: int,
        axes: Mapping[str, float],
    ) -> None:
        """Record the checkpoint at *path*, now or once it is there.

        Args:
            run: Where it is recorded.
            trainer: Who has saved it.
            path: Of the file or folder.
            before: What was there before it was saved.
            step: Updates that are in it.
            axes: What else is known of the position.
        """
        if Path(path).name.startswith(_TEMPORARY):
            return
        checkpoint = _described(trainer, path, step, axes)
        now = stamp(path)
        if now and now != before and not self._expected:
            self._record(run, path, now, checkpoint)
        else:
            self._expected.pop(path, None)  # to the end: writers in the background take turns
            self._expected[path] = _Expected(checkpoint, before, before)

    def look(self, run: Tracker, trainer: Any, *, is_settled: bool = False) -> None:
        """Record what has arrived since.

        Args:
            run: Where it is recorded.
            trainer: Whose ModelCheckpoints may have made links.
            is_settled: Nobody is writing any more. Else what has arrived must be the same twice.
        """
        for path, expected in list(self._expected.items()):
            now = stamp(path)
            is_here = bool(now) and now != expected.before
            if not is_settled and not (is_here and now == expected.seen):
                expected.seen = now
                break
            del self._expected[path]
            if is_here:
                self._record(run, path, now, expected.checkpoint)
        for callback in trainer.checkpoint_callbacks:
            if getattr(callback, "save_last", None) == "link":
                self._look_at_link(run, str(callback.last_model_path))

    def _look_at_link(self, run: Tracker, path: str) -> None:
        """Record a link to a checkpoint as the last one; its files are the other's."""
        if not path or not os.path.islink(path):
            return
        now = stamp(path)
        target = os.path.join(os.path.dirname(path), os.readlink(path))
        known = self._recorded.get(os.path.normpath(target))
        if known is None or self._recorded.get(path, ((), None))[0] == now:
            return
        _, of = known
        self._record(run, path, now, replace(of, roles=("last",)))

    def _record(self, run: Tracker, path: str, now: Stamp, checkpoint: _Checkpoint) -> None:
        self._recorded[path] = (now, checkpoint)
        run.log_checkpoint(
            path,
            step=checkpoint.step,
            roles=checkpoint.roles,
            metrics=checkpoint.metrics,
            monitor=checkpoint.monitor,
            mode=checkpoint.mode,
            writer=checkpoint.writer,
            is_atomic=checkpoint.is_atomic,
            **checkpoint.axes,
        )


def stamp(path: str) -> Stamp:
    """Return what tells the files at *path* from others that were or will be there; () for none."""
    try:
        if not os.path.isdir(path):
            return (_stamp_of("", os.stat(path)),)
        with os.scandir(path) as entries:
            return tuple(sorted(_stamp_of(entry.name, entry.stat()) for entry in entries))
    except OSError:
        return ()


def _stamp_of(name: str, found: os.stat_result) -> tuple[str, int, int, int]:
    return name, found.st_ino, found.st_size, found.st_mtime_ns


def _described(trainer: Any, path: str, step: int, axes: Mapping[str, float]) -> _Checkpoint:
    """Return what the Trainer and its callbacks say of the checkpoint that they have saved."""
    metrics = {
        name: float(value)
        for name, value in trainer.callback_metrics.items()
        if getattr(value, "ndim", 0) == 0
    }
    for callback in trainer.checkpoint_callbacks:
        if roles := _roles(callback, path):
            monitor = getattr(callback, "monitor", None) or ""
            return _Checkpoint(
                step=step,
                roles=roles,
                metrics=metrics,
                monitor=monitor,
                mode=callback.mode if monitor else "",
                writer=f"lightning.{type(callback).__name__}",
                is_atomic=_is_atomic(trainer, path),
                axes=axes,
            )
    is_over = trainer.state.fn != "fit" or trainer.state.stage is None
    return _Checkpoint(
        step=step,
        roles=("final",) if is_over else ("periodic",),
        metrics=metrics,
        monitor="",
        mode="",
        writer="lightning.Trainer",
        is_atomic=_is_atomic(trainer, path),
        axes=axes,
    )


def _is_atomic(trainer: Any, path: str) -> bool:
    """Tell whether a file is written anew each time, so that a hard link keeps its bytes.

    Lightning writes into the folder for temporary files and moves what it wrote from there: a
    rename within one file system, and a copy over the old file from one to another.
    """
    writer = trainer.strategy.checkpoint_io
    while (inner := getattr(writer, "checkpoint_io", None)) is not None:
        writer = inner
    if type(writer).__name__ != "TorchCheckpointIO" or os.path.isdir(path):
        return False
    try:
        return os.stat(os.path.dirname(path) or ".").st_dev == os.stat(gettempdir()).st_dev
    except OSError:
        return False


def _roles(callback: Any, path: str) -> tuple[CheckpointRole, ...]:
    """Return what *callback* keeps the checkpoint at *path* for; none if it is not its own."""
    if path == getattr(callback, "ckpt_path", None):
        return ("backup",)  # OnExceptionCheckpoint's
    roles: list[CheckpointRole] = []
    if path == getattr(callback, "last_model_path", None):
        roles.append("last")
    if path == getattr(callback, "best_model_path", None):
        # Without a metric to choose by, Lightning calls the newest one the best.
        if callback.monitor is not None:
            roles.append("best")
        else:
            roles.append("last" if callback.save_top_k == 1 else "periodic")
    elif path in getattr(callback, "best_k_models", ()):
        roles.append("periodic")
    return tuple(dict.fromkeys(roles))
