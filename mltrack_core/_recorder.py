"""The recorder: appends a run's records to the stream of whichever process it is in."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType

from mltrack_core import wire
from mltrack_core._guard import Guard
from mltrack_core.errors import MediaInvalid
from mltrack_core.errors import RunFinished
from mltrack_core.errors import SpoolFull
from mltrack_core.errors import ValueInvalid
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool.background import BackgroundWriter
from mltrack_core.spool.writer import SpoolWriter

Writer = SpoolWriter | BackgroundWriter
Reopen = Callable[[], tuple[Writer, RunStarted]]


class Recorder:
    """Writes one process's stream of a run. Thread-safe.

    Args:
        writer: Open, and empty: *started* is written first.
        started: How the run introduces itself.
        guard: Books our own faults.
        reopen: Makes the writer of a forked child.
        is_elsewhere: Another process has begun the run: begin a stream of the own when there is
            something to record, as in a forked child. *writer* is not used then.
    """

    def __init__(
        self,
        writer: Writer,
        started: RunStarted,
        *,
        guard: Guard,
        reopen: Reopen,
        is_elsewhere: bool = False,
    ) -> None:
        self.started = started
        self.reopen = reopen
        self.has_ended = False
        self._writer = writer
        self._guard = guard
        self._lock = threading.RLock()
        self._has_warned = False  # of records that are dropped
        self._is_forked = is_elsewhere  # the next record begins the child's own stream
        if not is_elsewhere:
            self.write(started)

    @property
    def run(self) -> str:
        """Id of the run."""
        return self._writer.run

    @property
    def root(self) -> Path:
        """MLTRACK_DIR."""
        return self._writer.root

    def append(self, number: int, payload: bytes) -> None:
        """Append one record of the type *number*.

        Raises:
            RunFinished: The run takes no more records.
            SpoolFull: Records are being dropped, and the guard is strict.
        """
        if self.has_ended:
            raise RunFinished(self.run)
        if self._is_forked:
            self._begin_own_stream()
        if not self._writer.append(number, payload):
            self._explain()

    def attach(self, digest: str, data: bytes) -> None:
        """Write a file that the next record names by its SHA-256.

        Raises:
            RunFinished: The run takes no more records.
            OSError: The disk does not take it.
        """
        if self.has_ended:
            raise RunFinished(self.run)
        if self._is_forked:
            self._begin_own_stream()
        self._writer.attach(digest, data)

    def write(self, record: Record) -> None:
        """Append *record*.

        Raises:
            RunFinished: The run takes no more records.
        """
        self.append(*wire.encode(record))

    def keeping(self, kind: type[Record]) -> _Keeping:
        """Return a context in which a record is made: if that fails, it is counted as lost."""
        return _Keeping(self, kind)

    def lost(self, kind: type[Record], error: Exception) -> None:
        """Book a record that could not be made, and show the loss on the run."""
        if not self.has_ended and not isinstance(error, SpoolFull):  # which the writer has counted
            self._writer.losses.count(_reason(error), wire.NUMBERS[kind])
        self._guard.caught("log" if kind is Scalars else kind.__name__.lower(), error)

    def end(self, ended: RunEnded) -> None:
        """Write the last record and seal the stream."""
        if not self._is_forked:  # a child that recorded nothing has nothing to end
            self.write(ended)
        self.has_ended = True
        self._writer.close()
        if self._writer.losses:
            lost = sum(gap.count for gap in self._writer.losses.declare())
            sys.stderr.write(f"mltrack: {lost} records of {self.started.name} could not be kept\n")

    def forget_after_fork(self) -> None:
        """Let go of the parent's stream; called in a forked child before anything else runs."""
        self._lock = threading.RLock()
        self._writer.abandon()
        self._is_forked = True

    def _explain(self) -> None:
        """Deal with a record that is not in the spool: it waits, or was dropped, or comes late."""
        if self._writer.is_closed:
            raise RunFinished(self.run)  # by another thread, just now
        if self._writer.dropped and not self._has_warned:
            self._has_warned = True  # now, and not only at the end of a long run
            self._guard.caught("spool", SpoolFull(self.root, self._writer.dropped))

    def _begin_own_stream(self) -> None:
        with self._lock:
            if self._is_forked:
                self._writer, self.started = self.reopen()
                self._is_forked = False
                self._writer.append(*wire.encode(self.started))


def _reason(error: Exception) -> str:
    """Return in a few words why a record could not be made, alike for all that fail alike."""
    if isinstance(error, ValueInvalid):
        return "not a number"
    if isinstance(error, MediaInvalid):
        return f"not to be shown as {error.kind}"
    return (isinstance(error, OSError) and error.strerror) or type(error).__name__


class _Keeping:
    """Where one record is made."""

    __slots__ = ("_kind", "_recorder")

    def __init__(self, recorder: Recorder, kind: type[Record]) -> None:
        self._recorder, self._kind = recorder, kind

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if not isinstance(error, Exception):
            return False
        self._recorder.lost(self._kind, error)
        return True
