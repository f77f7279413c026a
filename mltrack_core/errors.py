"""Every error that mltrack raises on purpose.

    MltrackError
    ├── SettingInvalid       a setting or argument cannot be used
    ├── NameInvalid          a project, run, parameter or metric name cannot be used
    ├── ValueInvalid         a logged value is not a number
    ├── MediaInvalid         what is to be shown is no image, sound, text or table
    ├── CheckpointInvalid    what is at a path is no checkpoint
    ├── FileInvalid          what is at a path cannot be recorded as a file of the run
    ├── RunFinished          something was logged to a run that has ended
    ├── SpoolUnavailable     the spool folder cannot be written
    ├── SpoolFull            the disk of the spool takes no more records for now
    ├── SpoolCorrupt         a frame in the middle of a segment is damaged
    ├── SpoolTooNew          a segment was written by a newer mltrack
    ├── WireInvalid          bytes that arrived are not what the format says
    ├── ServerRefused        a server answered no, for good
    ├── ServerUnreachable    a server did not answer; trying again may help
    └── FrameworkMissing     an integration was asked for whose framework is not installed

Operating errors say what happened, where, and what to do next; they carry their fields and survive
pickling. Mistakes in calling code are `TypeError` and `ValueError`, like everywhere in Python.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class MltrackError(Exception):
    """The base of every error that mltrack raises on purpose."""


class SettingInvalid(MltrackError):
    """A setting or argument cannot be used as it stands."""

    def __init__(self, setting: str, value: object, reason: str) -> None:
        super().__init__(f"{setting}={value!r}: {reason}")
        self.setting, self.value, self.reason = setting, value, reason

    def __reduce__(self) -> tuple[type[SettingInvalid], tuple[str, object, str]]:
        return type(self), (self.setting, self.value, self.reason)


class NameInvalid(MltrackError):
    """A project, run, parameter or metric name cannot be used."""

    def __init__(self, kind: str, name: object, reason: str) -> None:
        super().__init__(f"{kind} name {_shorten(name)}: {reason}")
        self.kind, self.name, self.reason = kind, name, reason

    def __reduce__(self) -> tuple[type[NameInvalid], tuple[str, object, str]]:
        return type(self), (self.kind, self.name, self.reason)


class ValueInvalid(MltrackError):
    """A logged value is not a number."""

    def __init__(self, name: str, value: object, reason: str) -> None:
        super().__init__(
            f"metric {_shorten(name)}: {_shorten(value)} of type {type(value).__name__}: {reason}"
        )
        self.name, self.value, self.reason = name, value, reason

    def __reduce__(self) -> tuple[type[ValueInvalid], tuple[str, object, str]]:
        return type(self), (self.name, self.value, self.reason)


class MediaInvalid(MltrackError):
    """What is to be shown cannot be recorded as an image, a sound, a text or a table."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"{kind}: {reason}")
        self.kind, self.reason = kind, reason

    def __reduce__(self) -> tuple[type[MediaInvalid], tuple[str, str]]:
        return type(self), (self.kind, self.reason)


class CheckpointInvalid(MltrackError):
    """What lies at a path cannot be recorded as a checkpoint."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"checkpoint {path}: {reason}. It is not recorded; call after it is saved")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[CheckpointInvalid], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


class FileInvalid(MltrackError):
    """What lies at a path cannot be recorded as a file of the run."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"file {_shorten(path)}: {reason}. It is not recorded")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[FileInvalid], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class RunFinished(MltrackError):
    """Something was logged to a run that has ended."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"run {run} has ended and takes no more records; "
            f'continue it with mltrack.init(id="{run}"), or start another with mltrack.init()'
        )
        self.run = run

    def __reduce__(self) -> tuple[type[RunFinished], tuple[str]]:
        return type(self), (self.run,)


class SpoolUnavailable(MltrackError):
    """The spool folder cannot be written."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}. Nothing is recorded; "
            "point MLTRACK_DIR at a folder that this user can write to."
        )
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[SpoolUnavailable], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


class SpoolFull(MltrackError):
    """The disk of the spool takes no more records for now."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}. Records are dropped, and counted on the run, until there is room"
        )
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[SpoolFull], tuple[Path, str]]:
        return type(self), (self.path, self.reason)


class SpoolCorrupt(MltrackError):
    """A frame in the middle of a segment does not match its checksum.

    A damaged *last* frame is a torn write, not corruption: readers stop before it.
    """

    def __init__(self, path: Path | str, offset: int, reason: str) -> None:
        super().__init__(f"{path}: byte {offset}: {reason}. The records around it are intact.")
        self.path, self.offset, self.reason = path, offset, reason

    def __reduce__(self) -> tuple[type[SpoolCorrupt], tuple[Path | str, int, str]]:
        return type(self), (self.path, self.offset, self.reason)


class SpoolTooNew(MltrackError):
    """A segment was written by a newer mltrack than this one."""

    def __init__(self, path: Path | str, version: int, supported: int) -> None:
        super().__init__(
            f"{path}: format version {version}, but this mltrack reads up to {supported}. "
            "The file is untouched; upgrade mltrack here to read it."
        )
        self.path, self.version, self.supported = path, version, supported

    def __reduce__(self) -> tuple[type[SpoolTooNew], tuple[Path | str, int, int]]:
        return type(self), (self.path, self.version, self.supported)


class WireInvalid(MltrackError):
    """Bytes that arrived are not what the format says."""


class ServerRefused(MltrackError):
    """A server answered no, and will answer no again to the same request."""

    def __init__(self, url: str, status: int, detail: str) -> None:
        super().__init__(f"{url} answered {status}: {detail}")
        self.url, self.status, self.detail = url, status, detail

    def __reduce__(self) -> tuple[type[ServerRefused], tuple[str, int, str]]:
        return type(self), (self.url, self.status, self.detail)


class ServerUnreachable(MltrackError):
    """A server did not answer, or said that it cannot answer now."""

    def __init__(self, url: str, reason: str, retry_after_s: float | None = None) -> None:
        super().__init__(f"{url}: {reason}")
        self.url, self.reason, self.retry_after_s = url, reason, retry_after_s

    def __reduce__(self) -> tuple[type[ServerUnreachable], tuple[str, str, float | None]]:
        return type(self), (self.url, self.reason, self.retry_after_s)


class FrameworkMissing(MltrackError, ImportError):
    """An integration was asked for whose framework is not installed, or not supported yet."""


def _shorten(value: object, length_max: int = 80) -> str:
    """Return the start of *value*'s repr: an error must not carry a megabyte into a terminal."""
    text = repr(value)
    return text if len(text) <= length_max else f"{text[:length_max]}… ({len(text)} characters)"
