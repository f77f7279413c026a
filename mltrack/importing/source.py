"""A run of another tracker: what is known of it before it is read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from mltrack_core import __version__
from mltrack_core import limits
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout
from mltrack_server.store.bounds import INT64_MAX

if TYPE_CHECKING:
    from mltrack.importing.imported import Imported

Read = Callable[["Imported"], None]
MS: Final = 1_000_000  # nanoseconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One run, found but not read yet."""

    format: str  # as its tracker is called, e.g. "TensorBoard"
    path: Path  # of its file or folder
    identity: str  # what tells it from all others, wherever it lies
    started: RunStarted
    read: Read  # records everything else

    @property
    def run(self) -> str:
        """Id of the run that it becomes, always the same one: the tracker's own where it fits."""
        if layout.is_id(self.identity):
            return self.identity
        return hashlib.sha256(f"{self.format}\0{self.identity}".encode()).hexdigest()[:32]

    @property
    def stream(self) -> str:
        """Id of its only stream: a server that has it already takes it no second time."""
        return hashlib.sha256(f"import\0{self.run}".encode()).hexdigest()[:32]


@dataclass(slots=True)
class Survey:
    """What was found below some paths."""

    sources: list[Source]
    refused: list[str]  # what cannot be read at all, and why, in words
    deleted: int = 0  # runs that their tracker counts as deleted

    @property
    def size(self) -> int:
        """How much was found, whatever it is."""
        return len(self.sources) + len(self.refused) + self.deleted


def introduction(
    time_ns: int,
    project: str,
    name: str,
    *,
    host: str = "",
    user: str = "",
    command: Sequence[str] = (),
    folder: str = "",
    python: str = "",
    group: str = "",
    tags: Sequence[str] = (),
    notes: str = "",
    parent: str = "",
) -> RunStarted:
    """Return how an imported run introduces itself: as a trainer that is gone."""
    return RunStarted(
        time_ns if 0 <= time_ns <= INT64_MAX else 0,  # what is damaged may say any time
        shown(project, limits.PROJECT_CHARACTERS_MAX) or "imported",
        shown(name, limits.RUN_NAME_CHARACTERS_MAX) or "unnamed",
        "trainer",
        1,
        0,
        1,
        host,
        user,
        0,  # no process of this host is ever taken for it
        0,
        "",
        0,
        list(command),
        folder,
        python,
        __version__,
        group,
        [text for tag in tags if (text := shown(tag, 256))][: limits.TAGS_MAX],
        notes,
        parent if layout.is_id(parent) else "",
    )


def nanoseconds(seconds: float) -> int:
    """Return *seconds* since the Unix epoch as nanoseconds; 0 for what is no time."""
    return round(seconds * 1e9) if 0 <= seconds < 9e9 else 0


def shown(name: str, characters_max: int = limits.NAME_CHARACTERS_MAX) -> str:
    """Return *name* as a name can be shown: without control characters, no longer than allowed."""
    return "".join(c if c.isprintable() else "_" for c in name).strip()[:characters_max]
