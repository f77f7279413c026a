"""Checkpoints of a recorded run: looked at, and brought back."""

from __future__ import annotations

from pathlib import Path

from mltrack.reading.file_source import Readable
from mltrack.reading.kept import Kept
from mltrack.reading.kept import Unavailable
from mltrack.reading.source import Source
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointFile
from mltrack_server.resources import CheckpointSummary


class CheckpointUnavailable(Unavailable):
    """A checkpoint cannot be brought back, and why."""


class CheckpointView(Kept):
    """One checkpoint of a recorded run, as it was when it was looked up."""

    _kind = "checkpoint"
    _unavailable = CheckpointUnavailable

    def __init__(self, source: Source, run: str, summary: CheckpointSummary) -> None:
        self._source, self._run = source, run
        self.summary = summary  # everything that is known of it

    def __repr__(self) -> str:
        roles = "/".join(self.summary.holds or self.summary.roles)
        return f"<checkpoint {self.id[-8:]} {roles} of step {self.step}, {self.status}>"

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self.summary.id

    @property
    def step(self) -> int:
        """Optimizer updates that are in it."""
        return self.summary.step

    @property
    def roles(self) -> list[str]:
        """What it was written for: best, last, periodic, final, backup."""
        return list(self.summary.roles)

    @property
    def status(self) -> str:
        """How far it has come: "stored" can be downloaded. docs/checkpoints.md tells the others."""
        return self.summary.status

    @property
    def gone(self) -> str:
        """What became of it where it was written: "deleted", "overwritten", or "" if nothing."""
        return self.summary.gone

    @property
    def path(self) -> Path:
        """Where it was written, on the machine that trained."""
        return Path(self.summary.path)

    def files(self) -> list[CheckpointFile]:
        """Return its files with sizes and hashes."""
        return self._details().files

    def _details(self) -> Checkpoint:
        found = self._source.checkpoint(self._run, self.id)
        if found is None:
            raise CheckpointUnavailable(f"checkpoint {self.id} is no longer there")
        return found

    @property
    def _name(self) -> str:
        return self.path.name

    @property
    def _is_folder(self) -> bool:
        return self.summary.is_folder

    def _stored(self, name: str) -> Readable | None:
        return self._source.stored_file(self._run, self.id, name)

    def _why(self) -> str:
        if self.status == "hashed":
            why = f"{super()._why()}; init(checkpoints=…) keeps those of the next ones"
        else:
            why = super()._why()
        return self.summary.problem or self.summary.reason or why


def choose(found: list[CheckpointView], which: str) -> CheckpointView | None:
    """Return the one that holds the role *which*, or whose id ends with it; None if none does."""
    for each in found:
        if which in each.summary.holds:
            return each
    fitting = [each for each in found if which and each.id.endswith(which)]
    return fitting[0] if len(fitting) == 1 else None
