"""What an integration may call: the protocol, and the tracker that does nothing."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING
from typing import Protocol
from typing import Self
from typing import runtime_checkable

from mltrack_core.records import AlertLevel
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole
from mltrack_core.records import EndState

if TYPE_CHECKING:
    import os


@runtime_checkable
class Tracker(Protocol):
    """A run that takes records. No method blocks on a network or raises for a reason of its own.

    What cannot be recorded (a value that is not a number, a full disk) is counted, warned about
    once, and shown on the run; with MLTRACK_STRICT=1 it is raised instead.
    """

    @property
    def id(self) -> str:
        """32 hexadecimal digits; "" where nothing is recorded."""

    @property
    def name(self) -> str:
        """What people call the run."""

    def log(
        self,
        values: Mapping[str, object],
        *,
        step: int | None = None,
        **axes: float,
    ) -> None:
        """Record one or more metrics, and what else is to be seen, at one step.

        When it returns, the record survives a SIGKILL of every process of mltrack.

        Args:
            values: Metric name to number: int, float, NumPy scalar, or anything with `.item()`
                that gives one. NaN and ±inf are kept. Or to a `records.Histogram`, or to an image,
                sound, text or table of `mltrack_core.media`, or a list of these. A tensor on an
                accelerator is waited for, except where `mltrack.watch` knows better: then it is
                recorded as soon as it has been computed, at the latest when the run ends.
            step: Optimizer updates completed. None: as many as `mltrack.watch` has counted, else
                one more than the highest step so far. Steps may repeat and go back; nothing is
                dropped for it.
            axes: What else is known of the position: epoch, batch, samples, tokens.
        """

    def log_params(self, values: Mapping[str, object], *, namespace: str = "") -> None:
        """Record parameters or facts, merged into what *namespace* holds already.

        Nested mappings, namespaces and data classes become dotted keys. Values that look like
        secrets are redacted; values that are not JSON-like are recorded as their repr.
        """

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
        """Record a checkpoint that has just been written; the files are not changed.

        Args:
            path: The file, or the folder of a sharded one.
            step: Optimizer updates that are in it. None: the highest step so far.
            roles: What it is kept for; of several in one role the newest is in it.
            metrics: What is known of its quality.
            monitor: The metric by which the best one is chosen.
            mode: Whether its lowest ("min") or highest ("max") value is best.
            writer: Who wrote it, e.g. "torch.save".
            is_atomic: Whoever wrote it writes a new file and renames it, so that a hard link keeps
                these bytes. What overwrites its file in place, like `torch.save`, has to be copied.
            axes: As in `log`.
        """

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
        """Record a file or folder that the run has written; nothing of it is changed.

        Its bytes are kept as those of a checkpoint are: by reflink, hard link or copy while this
        runs, everything slower by the agent. What cannot be kept is recorded all the same.

        Args:
            path: Of the file or folder. Or an address (s3://, https://, …): recorded, never asked.
            name: What it is called in the run, "/" between parts. Default: the path's last part.
                Several of one name are its versions, and the newest one is shown.
            kind: What it is, in your words: "model", "report" …
            step: Where in the training. Default: the highest step so far.
            keep: Keep the bytes; else only its size, time and, from the agent, its SHA-256.
            is_atomic: As in `log_checkpoint`.
            size: Bytes of what an address names, if known.
            modified_s: When that was written last, in seconds since the Unix epoch, if known.
            sha256: Of that, if known: it is what ties runs to each other.
        """

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
        """Record a file or folder that the run reads, by its SHA-256; as `log_file` does.

        Whatever run has written or read the same bytes is shown beside it. *keep* stores them, too.
        """

    def alert(
        self,
        title: str,
        text: str = "",
        *,
        level: AlertLevel = "warning",
        step: int | None = None,
        kind: str = "",
    ) -> None:
        """Record something that a person should see; *kind* names what mltrack itself noticed."""

    def note(self, text: str, *, step: int | None = None) -> None:
        """Record a remark."""

    def rewind(self, step: int) -> None:
        """Say that training goes on from *step*: what was logged after it is superseded."""

    def finish(self, state: EndState = "finished", reason: str = "") -> None:
        """End the run. Further calls, and `log` after it, do nothing."""

    def fail(self, error: BaseException) -> None:
        """End the run as failed with *error*'s traceback, or as interrupted by Ctrl-C."""

    def __enter__(self) -> Self:
        """Return the run."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the run: as failed if an exception passes through, which it goes on doing."""


class NullTracker:
    """Takes everything, records nothing: MLTRACK_MODE=disabled and the last resort of `init`."""

    id = ""
    name = ""
    project = ""
    attempt = 1
    has_ended = False

    def log(self, values: Mapping[str, object], *, step: int | None = None, **axes: float) -> None:
        """Do nothing."""

    def log_params(self, values: Mapping[str, object], *, namespace: str = "") -> None:
        """Do nothing."""

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
        """Do nothing."""

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
        """Do nothing."""

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
        """Do nothing."""

    def alert(
        self,
        title: str,
        text: str = "",
        *,
        level: AlertLevel = "warning",
        step: int | None = None,
        kind: str = "",
    ) -> None:
        """Do nothing."""

    def note(self, text: str, *, step: int | None = None) -> None:
        """Do nothing."""

    def rewind(self, step: int) -> None:
        """Do nothing."""

    def finish(self, state: EndState = "finished", reason: str = "") -> None:
        """Do nothing."""

    def fail(self, error: BaseException) -> None:
        """Do nothing."""

    def __enter__(self) -> Self:
        """Return the tracker."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Do nothing."""
