"""Blobs: immutable bytes in files that are named by their SHA-256. docs/format/blobs.md."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final
from typing import NamedTuple

_DIGEST: Final = re.compile(r"[0-9a-f]{64}")
_TEMPORARY: Final = "tmp"
_TEMPORARY_S_MAX: Final = 3600.0  # older files there are of writers that were killed
LEASE_S: Final = 3600.0  # that a blob stays for whoever has asked for it and names it soon


class Swept(NamedTuple):
    """What a sweep came to, in bytes."""

    freed: int
    waiting: int  # named by nothing, and asked for too lately


def is_digest(text: str) -> bool:
    """Tell whether *text* is a SHA-256: 64 lower-case hexadecimal digits."""
    return _DIGEST.fullmatch(text) is not None


class BlobFolder:
    """A folder of blobs. Any number of processes may write it at once; none changes a blob.

    Args:
        folder: Made with the first blob.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._unsynced: set[Path] = set()  # folders with names that a power cut may still take

    def path(self, digest: str) -> Path:
        """Return where the blob *digest* lies, or would."""
        assert is_digest(digest), digest
        return self.folder / digest[:2] / digest

    def has(self, digest: str) -> bool:
        """Tell whether the blob is here."""
        return self.path(digest).exists()

    def touch(self, digest: str) -> bool:
        """Tell whether the blob is here; if so it stays for `LEASE_S`, though nothing names it."""
        try:
            os.utime(self.path(digest))
        except FileNotFoundError:
            return False
        return True

    def put(self, digest: str, data: bytes | memoryview) -> bool:
        """Keep *data*, whose SHA-256 is *digest*; tell whether it was new.

        Its bytes are on the disk when this returns, and its name after the next `secure`. It stays
        for `LEASE_S`, though nothing names it yet.

        Raises:
            OSError: There is no room, or the folder cannot be written.
        """
        path = self.path(digest)
        if self.touch(digest):
            return False
        temporary = self.folder / _TEMPORARY / f"{digest}.{os.getpid()}.{os.urandom(4).hex()}"
        for folder in (self.folder, temporary.parent, path.parent):
            if not folder.is_dir():
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._unsynced.add(folder.parent)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
        try:
            with open(os.open(temporary, flags, 0o600), "wb", buffering=0) as file:
                rest = memoryview(data)
                while rest:
                    rest = rest[file.write(rest) :]
                os.fsync(file.fileno())
            temporary.rename(path)
        except BaseException:
            temporary.unlink(missing_ok=True)
            raise
        self._unsynced.add(path.parent)
        return True

    def secure(self) -> None:
        """Force the names of all new blobs to the disk."""
        for folder in self._unsynced:
            descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
            try:
                with contextlib.suppress(OSError):  # some file systems refuse
                    os.fsync(descriptor)
            finally:
                os.close(descriptor)
        self._unsynced.clear()

    def sweep(self, is_named: Callable[[str], bool]) -> Swept:
        """Delete every blob that nothing names, but for those that were asked for lately.

        An agent looks whether a blob is here and names it a moment later: what it has looked at is
        not taken away in between.

        Args:
            is_named: Tells whether a blob is to stay.
        """
        freed = waiting = 0
        since_s = time.time() - LEASE_S
        for path in list(self.folder.glob("[0-9a-f][0-9a-f]/*")):
            if not is_digest(path.name) or is_named(path.name):
                continue
            size, touched_s = path.stat().st_size, path.stat().st_mtime
            if touched_s >= since_s or not self._remove(path, since_s):
                waiting += size
            else:
                freed += size
        return Swept(freed, waiting)

    def _remove(self, path: Path, since_s: float) -> bool:
        """Delete a blob unless somebody asks for it at this very moment."""
        aside = self.folder / _TEMPORARY / f"{path.name}.removed"
        path.rename(aside)  # from here on whoever asks writes it anew
        if aside.stat().st_mtime >= since_s:
            aside.rename(path)
            return False
        aside.unlink()
        return True

    def tidy(self) -> None:
        """Remove what writers left that were killed in the middle of a blob."""
        with contextlib.suppress(FileNotFoundError):
            for path in (self.folder / _TEMPORARY).iterdir():
                with contextlib.suppress(FileNotFoundError):
                    if time.time() - path.stat().st_mtime > _TEMPORARY_S_MAX:
                        path.unlink()


def digest_of(data: bytes | memoryview) -> str:
    """Return the SHA-256 of *data*."""
    return hashlib.sha256(data).hexdigest()
