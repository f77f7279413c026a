"""Hashing files, and cutting what was captured of them into blobs."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final
from typing import Protocol

from mltrack_core import limits
from mltrack_core.agent.chunking import pieces
from mltrack_core.blobs import digest_of
from mltrack_core.limits import MIB
from mltrack_core.records import ArtifactFile
from mltrack_core.records import CheckpointFile
from mltrack_core.records import Filed

_READ_BYTES: Final = 4 * MIB


class Unreadable(Exception):
    """A file is not, or is no longer, what was recorded; why, in plain words."""


class Blobs(Protocol):
    """Where blobs go: a folder or a server."""

    def put(self, digest: str, data: bytes) -> bool:
        """Keep *data*, whose SHA-256 is *digest*, unless it is there; tell whether it was new."""

    def secure(self) -> None:
        """Return when everything that was put is there for good."""


class Hasher:
    """Reads the files of one checkpoint, or of what else has files.

    Args:
        folder: Where it waits, and what was captured of it lies.
        record: What was recorded of it.
        blobs: Where its pieces go; None: it is hashed only.
        check: Called now and then; what it raises ends the work.
    """

    def __init__(
        self,
        folder: Path,
        record: Filed,
        blobs: Blobs | None,
        check: Callable[[], None],
    ) -> None:
        self._folder, self._record = folder, record
        self._blobs, self._check = blobs, check

    def read(self) -> list[ArtifactFile]:
        """Return all files with their hashes and, where there is a place for them, their blobs.

        Raises:
            Unreadable: One of them cannot be read, or has changed.
        """
        found = self._record
        size = sum(file.bytes for file in found.files)
        if not found.kept and size > limits.CHECKPOINT_HASH_BYTES_MAX:
            gib = limits.CHECKPOINT_HASH_BYTES_MAX / limits.GIB
            raise Unreadable(f"it is not hashed: longer than {gib:g} GiB")
        files = [self._read(number, file) for number, file in enumerate(found.files)]
        if self._blobs is not None:
            self._blobs.secure()
        return files

    def _read(self, number: int, file: CheckpointFile) -> ArtifactFile:
        """Return one file with its hash."""
        path = self._path(number, file)
        try:
            with open(_open(path), "rb", buffering=0) as opened:
                self._compare(os.fstat(opened.fileno()), file)
                digest = hashlib.sha256()
                chunks = []
                read = _reader(opened.read, file)
                is_cut = self._blobs is not None
                for piece in pieces(read) if is_cut else iter(lambda: read(_READ_BYTES), b""):
                    self._check()
                    digest.update(piece)
                    if self._blobs is not None:
                        chunks.append(digest_of(piece))
                        self._blobs.put(chunks[-1], piece)
                self._compare(os.fstat(opened.fileno()), file)
                if os.stat(path).st_ino != os.fstat(opened.fileno()).st_ino:
                    raise Unreadable(f"{file.path} was replaced before it could be hashed")
        except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
            raise Unreadable(f"{file.path} could not be hashed: {error.strerror}") from error
        return ArtifactFile(file.path, file.bytes, digest.hexdigest(), chunks)

    def _path(self, number: int, file: CheckpointFile) -> Path:
        """Return where the bytes of *file* are."""
        if self._record.kept:
            return self._folder / str(number)
        path = Path(self._record.path)
        return path / file.path if self._record.is_folder else path

    def _compare(self, found: os.stat_result, file: CheckpointFile) -> None:
        """Refuse a file that is not what was recorded."""
        if not stat.S_ISREG(found.st_mode):
            raise Unreadable(f"{file.path} is no longer a file")
        # A copy and a reflink have a time of their own; a hard link has the one of the file.
        kept = self._record.kept
        is_copy = kept in ("copy", "reflink")
        if found.st_size != file.bytes or (not is_copy and found.st_mtime_ns != file.modified_ns):
            how = "it was overwritten before it could be hashed"
            if kept:
                how = "what was kept of it is damaged"
            if kept == "hard link":
                how = "it was written to in place after it was kept by a hard link"
            raise Unreadable(f"{file.path}: {how}")


def _reader(read: Callable[[int], bytes], file: CheckpointFile) -> Callable[[int], bytes]:
    """Return what reads *file*: a damaged disk is told from one that takes no blobs."""

    def reader(length: int) -> bytes:
        try:
            return read(length)
        except OSError as error:
            raise Unreadable(f"{file.path} could not be read: {error.strerror}") from error

    return reader


def _open(path: Path) -> int:
    """Return a descriptor; a pipe that has taken the file's place does not block."""
    return os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
