"""Trackers for tests: one that keeps what it was told, and those that fail."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from types import TracebackType
from typing import NoReturn
from typing import Self

from mltrack_core.records import AlertLevel
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole
from mltrack_core.records import EndState
from mltrack_core.records import FileUse


@dataclass(frozen=True, slots=True, kw_only=True)
class Logged:
    """One call of `log`."""

    values: dict[str, object]
    step: int | None
    axes: dict[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Saved:
    """One call of `log_checkpoint`."""

    path: str
    step: int | None
    roles: tuple[CheckpointRole, ...]
    metrics: dict[str, object]
    monitor: str
    mode: CheckpointMode
    writer: str
    is_atomic: bool
    axes: dict[str, float]


@dataclass(slots=True)
class RecordingTracker:
    """A `Tracker` that keeps what it was told, in the order it was told. Thread-safe."""

    id: str = "0" * 31 + "1"
    name: str = "recording"
    logged: list[Logged] = field(default_factory=list)
    params: dict[str, dict[str, object]] = field(default_factory=dict)  # by namespace
    alerts: list[tuple[AlertLevel, str, int | None]] = field(default_factory=list)
    marks: list[tuple[str, int | None]] = field(default_factory=list)  # alerts of a kind
    checkpoints: list[Saved] = field(default_factory=list)
    files: list[tuple[FileUse, str, str]] = field(default_factory=list)  # use, path, name
    notes: list[str] = field(default_factory=list)
    rewinds: list[int] = field(default_factory=list)
    ended: tuple[EndState, str] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def log(self, values: Mapping[str, object], *, step: int | None = None, **axes: float) -> None:
        """Keep the call."""
        with self._lock:
            self.logged.append(Logged(values=dict(values), step=step, axes=dict(axes)))

    def log_params(self, values: Mapping[str, object], *, namespace: str = "") -> None:
        """Merge *values* into the namespace."""
        self.params.setdefault(namespace, {}).update(values)

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
        """Keep the call."""
        self.checkpoints.append(
            Saved(
                path=os.fspath(path),
                step=step,
                roles=tuple(roles),
                metrics=dict(metrics or {}),
                monitor=monitor,
                mode=mode,
                writer=writer,
                is_atomic=is_atomic,
                axes=dict(axes),
            )
        )

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
        """Keep use, path, and name."""
        self.files.append(("output", os.fspath(path), name))

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
        """Keep use, path, and name."""
        self.files.append(("input", os.fspath(path), name))

    def alert(
        self,
        title: str,
        text: str = "",
        *,
        level: AlertLevel = "warning",
        step: int | None = None,
        kind: str = "",
    ) -> None:
        """Keep level, title and step; and the kind, if it is of one."""
        self.alerts.append((level, title, step))
        if kind:
            self.marks.append((kind, step))

    def note(self, text: str, *, step: int | None = None) -> None:
        """Keep the text."""
        self.notes.append(text)

    def rewind(self, step: int) -> None:
        """Keep the step."""
        self.rewinds.append(step)

    def finish(self, state: EndState = "finished", reason: str = "") -> None:
        """Keep the first end."""
        self.ended = self.ended or (state, reason)

    def fail(self, error: BaseException) -> None:
        """End as failed or interrupted."""
        is_interrupt = isinstance(error, KeyboardInterrupt)
        self.finish("interrupted" if is_interrupt else "failed", str(error))

    def __enter__(self) -> Self:
        """Return the tracker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End as a run does."""
        if error is None:
            self.finish()
        else:
            self.fail(error)

    def points(self, name: str) -> list[tuple[int | None, object]]:
        """Return step and value of every point of the metric *name*, as they were told."""
        return [(call.step, call.values[name]) for call in self.logged if name in call.values]

    def values(self, name: str) -> list[object]:
        """Return the value of every point of the metric *name*."""
        return [value for _, value in self.points(name)]

    def steps(self) -> list[int]:
        """Return the steps of all calls, in the order they were made."""
        return [call.step for call in self.logged if call.step is not None]


class TrackerBroken(Exception):
    """What a `FailingTracker` raises: a fault of ours that no training may see."""


class FailingTracker:
    """A `Tracker` that breaks its promise: every method raises.

    Args:
        error: What is raised; KeyboardInterrupt makes it the user who presses Ctrl-C just then.
    """

    id = "0" * 31 + "2"
    name = "failing"

    def __init__(self, error: type[BaseException] = TrackerBroken) -> None:
        self.calls = 0  # made so far
        self._error = error

    def _raise(self, *args: object, **kwargs: object) -> NoReturn:
        self.calls += 1
        raise self._error("the tracker is broken on purpose")

    log = log_params = log_checkpoint = log_file = use_file = alert = note = rewind = finish = (
        fail
    ) = _raise

    def __enter__(self) -> Self:
        """Return the tracker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing: what passes through is the test's."""
