"""Brings runs of other trackers into the spool, one after the other, each of them once."""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from dataclasses import replace
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

import mltrack
from mltrack.importing.imported import Imported
from mltrack.importing.imported import staging
from mltrack.importing.source import Source
from mltrack.reading.reader import Reader
from mltrack.reading.run import NotFound
from mltrack_core import _launch
from mltrack_core._redact import Redactor
from mltrack_core._settings import Settings
from mltrack_core.errors import MltrackError
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What became of one run."""

    counts: Counter[str]  # of what was imported: "points", "images" …
    losses: Counter[str]  # what is there and could not be read, by reason
    left_out: Counter[str]  # what mltrack has no place for, by kind


class Transfer:
    """Imports runs into an MLTRACK_DIR; used as a context manager.

    Args:
        settings: Where to, and which server gets them.
        project: For all of them; "": as each has it.

    Raises:
        ImportBusy: Another import goes on.
        OSError: The folder cannot be written.
    """

    def __init__(self, settings: Settings, project: str) -> None:
        self._settings = settings
        self._project = project
        self._redactor = Redactor(settings.secrets)
        self._destination = Destination(settings.url, settings.token) if settings.ships else None
        self._stack = contextlib.ExitStack()
        self._readers: list[Reader] | None = None  # of what no spool holds any more
        self._deleted: set[str] | None = None
        self._has_taken = False

    def __enter__(self) -> Self:
        self._place: Path = self._stack.enter_context(staging(self._settings.folder))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()
        if self._has_taken:
            _launch.ensure_agent(self._settings)  # which delivers, and makes blobs of media

    def has(self, source: Source) -> bool:
        """Tell whether the run was imported before, here or to the server."""
        if layout.segments(self._settings.folder, source.run):
            return True
        return any(_has(reader, source.run) for reader in self._opened())

    def is_deleted(self, source: Source) -> bool:
        """Tell whether the run was imported before and deleted since."""
        if self._deleted is None:
            self._deleted = {run.id for reader in self._opened() for run in reader.deletions()}
        return source.run in self._deleted

    def take(self, source: Source) -> Outcome:
        """Import a run, as a whole or not at all.

        Raises:
            NoRoom: The disk does not take it.
        """
        if self._project:
            started = msgspec.structs.replace(source.started, project=self._project)
            source = replace(source, started=started)
        with Imported(
            source, self._settings.folder, self._place, self._redactor, self._destination
        ) as run:
            source.read(run)
        self._has_taken = True
        return Outcome(counts=run.counts, losses=run.losses, left_out=run.left_out)

    def _opened(self) -> list[Reader]:
        """Return what knows runs that the spool let go of because a store has them."""
        if self._readers is None:
            self._readers = []
            places: list[str | Path] = []
            if (self._settings.folder / "store").is_dir():
                places.append(self._settings.folder)
            if self._settings.ships:
                places.append(self._settings.url)
            for place in places:
                # Without an answer it is imported again, and nothing is twice: a server that has
                # the stream already takes none of it.
                with contextlib.suppress(MltrackError):
                    self._readers.append(self._stack.enter_context(mltrack.open(place)))
        return self._readers


def _has(reader: Reader, run: str) -> bool:
    try:
        reader.run(run)
    except NotFound:
        return False
    return True
