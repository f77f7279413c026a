"""What a run records of files: checkpoints, what it wrote, what it read."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from typing import TYPE_CHECKING
from typing import Final
from typing import NamedTuple

import msgspec

from mltrack_core import _values
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole
from mltrack_core.records import File
from mltrack_core.records import Filed
from mltrack_core.records import FileUse

if TYPE_CHECKING:
    import os

    from mltrack_core._guard import Guard
    from mltrack_core._metrics import Metrics
    from mltrack_core._recorder import Recorder
    from mltrack_core._redact import Redactor
    from mltrack_core._settings import Checkpoints


class Told(NamedTuple):
    """What is told of a file that nobody here can look at."""

    size: int | None = None  # bytes
    modified_s: float | None = None  # since the Unix epoch
    sha256: str = ""  # 64 hexadecimal digits


NOTHING_TOLD: Final = Told()


class Filing:
    """The part of a `Run` that deals with files; `mltrack_core.tracker.Tracker` has the promises.

    What it needs is loaded by the first call: a run without files does without.
    """

    _recorder: Recorder
    _guard: Guard
    _redactor: Redactor
    _metrics: Metrics
    _step: int
    _keeps: Checkpoints

    def log_checkpoint(
        self,
        path: str | os.PathLike[str],
        *,
        step: int | None = None,
        roles: Sequence[CheckpointRole] = (),
        metrics: Mapping[str, object] | None = None,
        monitor: str = "",
        mode: CheckpointMode = "",
        writer: str = "",
        is_atomic: bool = False,
        **axes: float,
    ) -> None:
        """Record a checkpoint that has just been written."""
        with self._recorder.keeping(Checkpoint):
            from mltrack_core import _checkpoint

            found = _checkpoint.survey(
                path,
                step=max(self._step, 0) if step is None else _values.step_number(step),
                roles=roles,
                metrics=self._metrics.axes(metrics or {}),
                monitor=monitor,
                mode=mode,
                writer=writer,
                axes=self._metrics.axes(axes),
            )
            is_kept = _checkpoint.is_kept(self._keeps, roles)
            self._write_filed(found, is_kept=is_kept, is_atomic=is_atomic)

    def log_file(
        self,
        path: str | os.PathLike[str],
        name: str = "",
        *,
        kind: str = "",
        step: int | None = None,
        keep: bool = True,
        is_atomic: bool = False,
        size: int | None = None,
        modified_s: float | None = None,
        sha256: str = "",
    ) -> None:
        """Record a file or folder that the run has written."""
        with self._recorder.keeping(File):
            told = Told(size, modified_s, sha256)
            found = self._file(path, name, told, use="output", kind=kind, step=step)
            self._write_filed(found, is_kept=keep, is_atomic=is_atomic)

    def use_file(
        self,
        path: str | os.PathLike[str],
        name: str = "",
        *,
        kind: str = "",
        step: int | None = None,
        keep: bool = False,
        size: int | None = None,
        modified_s: float | None = None,
        sha256: str = "",
    ) -> None:
        """Record a file or folder that the run reads."""
        with self._recorder.keeping(File):
            told = Told(size, modified_s, sha256)
            found = self._file(path, name, told, use="input", kind=kind, step=step)
            self._write_filed(found, is_kept=keep, is_atomic=False)

    def _file(
        self,
        path: str | os.PathLike[str],
        name: str,
        told: Told,
        *,
        use: FileUse,
        kind: str,
        step: int | None,
    ) -> File:
        """Return the record of what is at *path*."""
        from mltrack_core import _file

        if step is not None:
            step = _values.step_number(step)
        elif self._step >= 0:
            step = self._step
        clean = self._redactor.text
        if isinstance(path, str) and _file.is_address(path):
            return _file.refer(path, name, told, use=use, kind=kind, step=step, clean=clean)
        if told != NOTHING_TOLD:
            raise ValueError("size, modified_s and sha256 are of what an address names, not a path")
        return _file.survey(path, name, use=use, kind=kind, step=step, clean=clean)

    def _write_filed(self, found: Filed, *, is_kept: bool, is_atomic: bool) -> None:
        """Write *found*, its bytes kept on request, and leave it to the agent."""
        recorder = self._recorder
        if isinstance(found, File) and found.is_elsewhere:
            recorder.write(found)
            return
        from mltrack_core._snapshot import Snapshot

        try:
            snapshot = Snapshot(recorder.root, recorder.run, recorder.started, found)
        except OSError as error:
            reason = error.strerror or str(error)
            recorder.write(msgspec.structs.replace(found, reason=reason) if is_kept else found)
            return
        if is_kept:
            snapshot.take(is_atomic=is_atomic)
        try:
            recorder.write(snapshot.record)
        except Exception:
            snapshot.discard()
            raise
        with self._guard(type(found).__name__.lower()):
            snapshot.release()
