"""Files that records name: they wait in MLTRACK_DIR/media/<run>/<sha256> for the agent.

The trainer writes a file first and the record that names it after, so a record in the spool never
names what was not written. The agent makes a blob of it, where the run's records go, and removes
it. A file that no record names, because a kill fell in between, becomes a blob that nothing names.
"""

from __future__ import annotations

import contextlib
import errno
import os
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from typing import TypeVar

from mltrack_core.blobs import is_digest
from mltrack_core.spool import layout
from mltrack_core.spool import space

Result = TypeVar("Result")

_TRIES: Final = 5
_TEMPORARY_S_MAX: Final = 3600.0  # older ones are of trainers that were killed


def write(root: Path, run: str, digest: str, data: bytes) -> None:
    """Let *data*, whose SHA-256 is *digest*, wait; safe from SIGKILL when it returns.

    Raises:
        OSError: There is no room, or the folder cannot be written.
    """
    path = layout.media_folder(root, run) / digest
    if path.exists():
        return
    if len(data) > space.spare_bytes(root):
        raise OSError(errno.ENOSPC, "there is no room on the disk")
    temporary = path.with_name(f"{digest}.{os.getpid()}.{os.urandom(4).hex()}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    descriptor = _in_folder(path.parent, lambda: os.open(temporary, flags, 0o600))
    try:
        with open(descriptor, "wb", buffering=0) as file:
            rest = memoryview(data)
            while rest:
                rest = rest[file.write(rest) :]
        temporary.rename(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def link(root: Path, run: str, digest: str, blob: Path) -> None:
    """Let a blob that is stored here wait, to be brought to a server as well.

    Raises:
        OSError: The folder cannot be written, or there is no such blob.
    """
    path = layout.media_folder(root, run) / digest
    with contextlib.suppress(FileExistsError):
        _in_folder(path.parent, lambda: os.link(blob, path))


def waiting(root: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield each run for which files wait, and these; and remove what killed trainers left."""
    for run in _names(root / layout.MEDIA_FOLDER):
        if not layout.is_id(run):
            continue
        folder = layout.media_folder(root, run)
        names = _names(folder)
        for name in names:
            if not is_digest(name):
                _remove_old(folder / name)
        paths = [folder / name for name in names if is_digest(name)]
        if paths:
            yield run, paths
        else:
            tidy(folder)


def tidy(folder: Path) -> None:
    """Remove the folder of a run, and the folder of all runs, if nothing waits there."""
    with contextlib.suppress(OSError):
        folder.rmdir()
        folder.parent.rmdir()


def waiting_bytes(root: Path, run: str) -> int:
    """Return how much waits for one run."""
    total = 0
    folder = layout.media_folder(root, run)
    for name in _names(folder):
        with contextlib.suppress(FileNotFoundError):
            total += (folder / name).stat().st_size
    return total


def _in_folder(folder: Path, action: Callable[[], Result]) -> Result:
    """Do *action* in *folder*, which is made; the agent may remove it, empty, at this moment."""
    for _ in range(_TRIES):
        with contextlib.suppress(FileNotFoundError):
            for part in (folder.parent.parent, folder.parent, folder):
                part.mkdir(mode=0o700, exist_ok=True)
            return action()
    raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _remove_old(path: Path) -> None:
    with contextlib.suppress(FileNotFoundError):
        if time.time() - path.stat().st_mtime > _TEMPORARY_S_MAX:
            path.unlink()
