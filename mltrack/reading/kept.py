"""What a run recorded of files and kept, brought back: checkpoints and others alike."""

from __future__ import annotations

import hashlib
import os
import shutil
from abc import ABC
from abc import abstractmethod
from pathlib import Path
from typing import ClassVar
from typing import Final

from mltrack.reading.file_source import Readable
from mltrack_core.errors import MltrackError
from mltrack_core.spool import layout
from mltrack_server.resources import CheckpointFile
from mltrack_server.store.blobs import BlobMissing

_READ_BYTES: Final = 1 << 22
_GONE: Final = "its bytes were stored, and blobs of them have gone"
_WHY: Final = {
    "recorded": "its bytes were not kept",
    "hashed": "its bytes were not kept",
    "waiting": "its bytes are captured, and the agent has still to store them",
    "missing": _GONE,
    "removed": "its bytes were let go of",
}


class Unavailable(MltrackError):
    """What was recorded cannot be brought back, and why."""


class Kept(ABC):
    """A file or folder that was recorded, and perhaps kept."""

    _kind: ClassVar[str]  # what to call it
    _unavailable: ClassVar[type[Unavailable]] = Unavailable

    @property
    @abstractmethod
    def id(self) -> str:
        """32 hexadecimal digits."""

    @property
    @abstractmethod
    def status(self) -> str:
        """How far it has come: "stored" can be downloaded. docs/checkpoints.md tells the others."""

    @property
    @abstractmethod
    def path(self) -> Path:
        """Where it was, on the machine that trained."""

    @abstractmethod
    def files(self) -> list[CheckpointFile]:
        """Return its files with sizes and hashes."""

    @property
    @abstractmethod
    def _name(self) -> str:
        """What it is called when it is downloaded."""

    @property
    @abstractmethod
    def _is_folder(self) -> bool:
        """Whether it is a folder."""

    @abstractmethod
    def _stored(self, name: str) -> Readable | None:
        """Return one of its files, to be read."""

    def _why(self) -> str:
        """Return why it cannot be downloaded."""
        return _WHY[self.status]

    def original(self) -> Path | None:
        """Return where it was written, if it still lies there as it was recorded, on this machine.

        Told by size and time, as the recorder does; nothing is read.
        """
        for file in self.files():
            path = self.path / file.path if self._is_folder else self.path
            try:
                found = path.stat()
            except OSError:
                return None
            if (found.st_size, found.st_mtime_ns) != (file.bytes, file.modified_ns):
                return None
        return self.path

    def download(self, folder: str | os.PathLike[str] = ".") -> Path:
        """Bring it into *folder*, which is made if need be; return where it is: a file or folder.

        Every file is checked against its SHA-256 before the whole gets its name, so what has the
        name is whole. What is there already stays: where it is the same it is returned at once.

        Raises:
            Unavailable: Its bytes are nowhere, or damaged, or its name is taken.
            ServerUnreachable: The server cannot be reached any more.
            OSError: The folder cannot be written.
        """
        files = self.files()
        if not layout.is_inside(self._name):
            raise self._unavailable(f"the name {self._name!r} leads out of the folder")
        target = Path(folder) / self._name
        if target.exists():
            if files and all(_is_same(self._inside(target, file), file) for file in files):
                return target
            raise self._unavailable(
                f"{target} is there already and is something else; download into another folder"
            )
        if self.status != "stored":
            raise self._unavailable(f"{self._kind} {self.id} cannot be downloaded: {self._why()}")
        target.parent.mkdir(parents=True, exist_ok=True)
        temporary = target.parent / f".{target.name}.{os.urandom(4).hex()}"
        try:
            if self._is_folder:
                temporary.mkdir()
            for file in files:
                self._fetch(file, self._inside(temporary, file))
            temporary.rename(target)
        finally:
            if temporary.is_dir():
                shutil.rmtree(temporary)
            temporary.unlink(missing_ok=True)
        return target

    def _inside(self, target: Path, file: CheckpointFile) -> Path:
        """Return where *file* lies when the checkpoint lies at *target*."""
        if not layout.is_inside(file.path):
            raise self._unavailable(f"the file name {file.path!r} leads out of the folder")
        return target / file.path if self._is_folder else target

    def _fetch(self, file: CheckpointFile, path: Path) -> None:
        """Write *file* to *path*, and check it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.sha256()
        try:
            stored = self._stored(file.path)
            if stored is None:
                raise LookupError(file.path)
            with path.open("xb") as opened:
                for part in stored.read():
                    digest.update(part)
                    opened.write(part)
                opened.flush()
                os.fsync(opened.fileno())
        except (BlobMissing, LookupError) as error:
            raise self._unavailable(f"{file.path}: {_GONE}") from error
        if digest.hexdigest() != file.sha256:
            raise self._unavailable(
                f"{file.path}: what arrived has another SHA-256; nothing of it is kept"
            )


def _is_same(path: Path, file: CheckpointFile) -> bool:
    """Tell whether *path* holds what *file* did."""
    if not path.is_file() or path.stat().st_size != file.bytes:
        return False
    digest = hashlib.sha256()
    with path.open("rb") as opened:
        while data := opened.read(_READ_BYTES):
            digest.update(data)
    return digest.hexdigest() == file.sha256
