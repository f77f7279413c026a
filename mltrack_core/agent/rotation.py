"""Rotation: checkpoints whose files go or change where they were written, while their run goes on.

Frameworks delete and overwrite their own checkpoints, and tell nobody. So the files are looked at
now and then: by name, size and time, never opened.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from mltrack_core._facts import host_name
from mltrack_core.agent import peek
from mltrack_core.agent.clock import Clock
from mltrack_core.records import Checkpoint
from mltrack_core.records import Filed
from mltrack_core.records import Gone
from mltrack_core.spool import layout
from mltrack_core.spool.waiting import Manifest

_LOOK_S: Final = 2.0  # between two looks …
_SHARE_MAX: Final = 0.01  # … but looking takes no more than this share of one core


class Rotation:
    """Watches the checkpoints of runs that go on. Not thread-safe.

    Args:
        root: MLTRACK_DIR.
        clock: For the time between looks.
    """

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root, self._clock = root, clock
        self._there: dict[str, dict[str, Manifest]] = {}  # run → checkpoint's id → what it was
        self._known: frozenset[str] = frozenset()  # runs whose earlier checkpoints were looked up
        self._due_s = clock.monotonic()

    def add(self, run: str, manifest: Manifest) -> None:
        """Watch what this host's processes have written and recorded, if it is a checkpoint."""
        if manifest.started.host == host_name() and isinstance(manifest.record, Checkpoint):
            self._there.setdefault(run, {})[manifest.record.id] = manifest

    def look(self, live: frozenset[str]) -> Iterator[tuple[str, Manifest, Gone]]:
        """Yield every checkpoint that has gone since, with its run; each of them once.

        Args:
            live: Runs that go on. Others are looked at once more and forgotten: what becomes of
                files after a training is no longer its rotation.
        """
        now_s = self._clock.monotonic()
        for run in live - self._known:
            self._recall(run)
        self._known = live
        ended = self._there.keys() - live
        for run in list(self._there) if now_s >= self._due_s else sorted(ended):
            there = self._there[run]
            for uid, manifest in list(there.items()):
                if gone := _what_became_of(manifest.record):
                    yield run, manifest, gone
                    del there[uid]  # by now it is recorded
            if run in ended:
                del self._there[run]
        took_s = self._clock.monotonic() - now_s
        if now_s >= self._due_s:
            self._due_s = now_s + max(_LOOK_S, took_s / _SHARE_MAX)

    def _recall(self, run: str) -> None:
        """Watch what the run had written before it, or the agent, was begun again."""
        streams = layout.segments(self._root, run)
        told = peek.gone(streams)
        for started, checkpoint in peek.filed(streams, Checkpoint):
            if checkpoint.id not in told:
                self.add(run, Manifest(started, checkpoint))


def _what_became_of(record: Filed) -> Gone:
    """Return whether a file is away or another; "" if all are as they were, or cannot be seen."""
    path = Path(record.path)
    for file in record.files:
        try:
            found = (path / file.path if record.is_folder else path).stat()
        except (FileNotFoundError, NotADirectoryError):
            return "deleted"
        except OSError:
            return ""  # a disk that does not answer has deleted nothing
        if (found.st_size, found.st_mtime_ns) != (file.bytes, file.modified_ns):
            return "overwritten"
    return ""
