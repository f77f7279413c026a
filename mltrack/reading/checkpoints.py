"""Checkpoints of a recorded run: looked at, and brought back."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Final

from mltrack.reading.source import Source
from mltrack_core.errors import MltrackError
from mltrack_core.spool import layout
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointFile
from mltrack_server.resources import CheckpointSummary
from mltrack_server.store.blobs import BlobMissing

_READ_BYTES: Final = 1 << 22
_WHY: Final = {
    "recorded": "its bytes were not kept",
    "waiting": "its bytes are captured, and the agent has still to store them",
    "hashed": "its bytes were not kept; init(checkpoints=…) keeps those of the next ones",
    "missing": "its bytes were stored, and blobs of them have gone",
    "removed": "its bytes were let go of",
}


class CheckpointUnavailable(MltrackError):
    """A checkpoint cannot be brought back, and why."""


class CheckpointView:
    """One checkpoint of a recorded run, as it was when it was looked up."""

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

    def original(self) -> Path | None:
        """Return where it was written, if it still lies there as it was recorded, on this machine.

        Told by size and time, as the recorder does; nothing is read.
        """
        for file in self._details().files:
            path = self.path / file.path if self.summary.is_folder else self.path
            try:
                found = path.stat()
            except OSError:
                return None
            if (found.st_size, found.st_mtime_ns) != (file.bytes, file.modified_ns):
                return None
        return self.path

    def download(self, folder: str | os.PathLike[str] = ".") -> Path:
        """Bring it into *folder*, which is made if need be; return where it is: a file or folder.

        Every file is checked against its SHA-256 before the checkpoint gets its name, so what has
        the name is whole. What is there already stays: the same checkpoint is returned at once.

        Raises:
            CheckpointUnavailable: Its bytes are nowhere, or damaged, or its name is taken.
            ServerUnreachable: The server cannot be reached any more.
            OSError: The folder cannot be written.
        """
        files = self._details().files
        target = Path(folder) / self.path.name
        if target.exists():
            if all(_is_same(self._inside(target, file), file) for file in files):
                return target
            raise CheckpointUnavailable(
                f"{target} is there already and is something else; download into another folder"
            )
        if self.status != "stored":
            why = self.summary.problem or self.summary.reason or _WHY[self.status]
            raise CheckpointUnavailable(f"checkpoint {self.id} cannot be downloaded: {why}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{os.urandom(4).hex()}"
        try:
            if self.summary.is_folder:
                temporary.mkdir()
            for file in files:
                self._fetch(file, self._inside(temporary, file))
            temporary.rename(target)
        finally:
            if temporary.is_dir():
                shutil.rmtree(temporary)
            temporary.unlink(missing_ok=True)
        return target

    def _details(self) -> Checkpoint:
        found = self._source.checkpoint(self._run, self.id)
        if found is None:
            raise CheckpointUnavailable(f"checkpoint {self.id} is no longer there")
        return found

    def _inside(self, target: Path, file: CheckpointFile) -> Path:
        """Return where *file* lies when the checkpoint lies at *target*."""
        if not layout.is_inside(file.path):
            raise CheckpointUnavailable(f"the file name {file.path!r} leads out of the folder")
        return target / file.path if self.summary.is_folder else target

    def _fetch(self, file: CheckpointFile, path: Path) -> None:
        """Write *file* to *path*, and check it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            stored = self._source.stored_file(self._run, self.id, file.path)
            if stored is None:
                raise LookupError(file.path)
            with path.open("xb") as opened:
                for part in stored.read():
                    digest.update(part)
                    opened.write(part)
                opened.flush()
                os.fsync(opened.fileno())
        except (BlobMissing, LookupError) as error:
            raise CheckpointUnavailable(f"{file.path}: {_WHY['missing']}") from error
        if digest.hexdigest() != file.sha256:
            raise CheckpointUnavailable(
                f"{file.path}: what arrived has another SHA-256; nothing of it is kept"
            )


def choose(found: list[CheckpointView], which: str) -> CheckpointView | None:
    """Return the one that holds the role *which*, or whose id ends with it; None if none does."""
    for each in found:
        if which in each.summary.holds:
            return each
    fitting = [each for each in found if which and each.id.endswith(which)]
    return fitting[0] if len(fitting) == 1 else None


def _is_same(path: Path, file: CheckpointFile) -> bool:
    """Tell whether *path* holds what *file* did."""
    if not path.is_file() or path.stat().st_size != file.bytes:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while data := opened.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest() == file.sha256
