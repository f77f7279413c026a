"""The blob store: what the store's artifacts name, in a folder beside the database."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from sqlalchemy.engine import make_url

from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import Swept
from mltrack_core.blobs import digest_of
from mltrack_core.limits import MIB
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_server.errors import StoreFull

FOLDER: Final = "blobs"
_READ_BYTES: Final = 1 * MIB


class BlobMissing(LookupError):
    """A blob that an artifact names is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredFile:
    """A file that is stored as blobs."""

    name: str  # within its checkpoint
    sha256: str
    blobs: tuple[tuple[Path, int], ...]  # each one's place and bytes, in order

    @property
    def size(self) -> int:
        """How long it is."""
        return sum(size for _, size in self.blobs)

    def read(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Yield the bytes from *start* to before *end*. Blocks.

        Raises:
            BlobMissing: One of its blobs has gone meanwhile.
        """
        end = self.size if end is None else end
        position = 0
        for path, size in self.blobs:
            first, last = max(start, position), min(end, position + size)
            if first < last:
                yield from _read(path, first - position, last - first)
            position += size


class BlobStore:
    """Blobs by their SHA-256. Thread-safe; agents of this machine may write it as well.

    Args:
        folder: Where they are; None: nowhere, and none is taken.
    """

    def __init__(self, folder: Path | None) -> None:
        self.folder = folder
        # MLTRACK_DIR, where this is its store: what an agent has not stored yet is read there.
        self.root: Path | None = None

    def has(self, digest: str) -> bool:
        """Tell whether the blob is here."""
        return self.folder is not None and BlobFolder(self.folder).has(digest)

    def touch(self, digest: str) -> bool:
        """Tell whether the blob is here; if so it stays, for whoever is about to name it."""
        return self.folder is not None and BlobFolder(self.folder).touch(digest)

    def put(self, digest: str, data: bytes) -> bool:
        """Keep *data*, durably; tell whether its SHA-256 is *digest*, else it is not kept.

        Raises:
            StoreFull: There is no room.
        """
        if digest_of(data) != digest:
            return False
        if self.folder is None:
            raise StoreFull("the store", "it has no folder for blobs; start it with --blobs DIR")
        if self.touch(digest):
            return True
        blobs = BlobFolder(self.folder)
        try:
            self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if len(data) > space.spare_bytes(self.folder):
                raise StoreFull(str(self.folder), "the disk is full; free some space")
            blobs.put(digest, data)
            blobs.secure()
        except OSError as error:
            raise StoreFull(str(self.folder), error.strerror or str(error)) from error
        return True

    def read(self, digest: str, run: str) -> bytes:
        """Return a blob that the media of *run* name, or the file that will become one.

        Raises:
            FileNotFoundError: It is not here.
        """
        for path in self._places(digest, run):
            with contextlib.suppress(FileNotFoundError):
                return path.read_bytes()
        raise FileNotFoundError(digest)

    def is_readable(self, digest: str, run: str) -> bool:
        """Tell whether `read` would find it."""
        return any(path.exists() for path in self._places(digest, run))

    def _places(self, digest: str, run: str) -> Iterator[Path]:
        """Yield where it may be; an agent may make a blob of a waiting file between two looks."""
        blob = BlobFolder(self.folder).path(digest) if self.folder else None
        if blob is not None:
            yield blob
        if self.root is not None:
            yield layout.media_folder(self.root, run) / digest
            if blob is not None:
                yield blob

    def size(self, digest: str) -> int:
        """Return the bytes of a blob; 0 where it is not here."""
        try:
            return BlobFolder(self.folder).path(digest).stat().st_size if self.folder else 0
        except FileNotFoundError:
            return 0

    def bytes_of(self, digest: str) -> bytes:
        """Return the bytes of a blob.

        Raises:
            OSError: It is not here, or cannot be read.
        """
        if self.folder is None:
            raise FileNotFoundError(digest)
        return BlobFolder(self.folder).path(digest).read_bytes()

    def sweep(self, is_named: Callable[[str], bool]) -> Swept:
        """Delete every blob that nothing names; see `BlobFolder.sweep`.

        Raises:
            StoreFull: The folder cannot be written.
        """
        if self.folder is None or not self.folder.exists():
            return Swept(0, 0)
        try:
            return BlobFolder(self.folder).sweep(is_named)
        except OSError as error:
            raise StoreFull(str(self.folder), error.strerror or str(error)) from error

    def file(self, name: str, sha256: str, digests: Sequence[str]) -> StoredFile:
        """Return a file made of blobs.

        Raises:
            BlobMissing: One of them is not here.
        """
        if self.folder is None:
            raise BlobMissing(name)
        folder = BlobFolder(self.folder)
        try:
            paths = [folder.path(digest) for digest in digests]
            blobs = tuple((path, path.stat().st_size) for path in paths)
        except FileNotFoundError as error:
            raise BlobMissing(name) from error
        return StoredFile(name=name, sha256=sha256, blobs=blobs)


def folder_beside(url: str) -> Path | None:
    """Return the folder for blobs beside the database at *url*; None where that is no file."""
    parsed = make_url(url)
    is_file = parsed.get_backend_name() == "sqlite" and parsed.database
    return Path(parsed.database or "").parent / FOLDER if is_file else None


def _read(path: Path, start: int, length: int) -> Iterator[bytes]:
    """Yield *length* bytes of a blob from *start* on."""
    try:
        with path.open("rb", buffering=0) as file:
            file.seek(start)
            while length and (data := file.read(min(length, _READ_BYTES))):
                length -= len(data)
                yield data
    except FileNotFoundError as error:
        raise BlobMissing(path.name) from error
    if length:
        raise BlobMissing(path.name)
