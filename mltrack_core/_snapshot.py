"""Snapshots: bytes of files kept at the moment they were written, before anybody rotates them.

By reflink where the file system shares blocks, else by hard link where the writer promises that it
never changes a file in place, else by a copy within bounds. Nothing of the user's is changed.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import stat
from collections.abc import Iterator
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core import limits
from mltrack_core.limits import MIB
from mltrack_core.records import CheckpointFile
from mltrack_core.records import Filed
from mltrack_core.records import RunStarted
from mltrack_core.spool import space
from mltrack_core.spool import waiting
from mltrack_core.spool.background import is_remote
from mltrack_core.spool.waiting import Manifest

_FICLONE: Final = 0x40049409  # of linux/fs.h
_PIECE_BYTES: Final = 64 * MIB
# What a file system says that cannot do it this way; anything else is a reason to give up.
_OTHER_WAY: Final = frozenset(
    getattr(errno, name)
    for name in "EACCES EBADF EINVAL EMLINK ENOSYS ENOTTY EOPNOTSUPP EPERM ETXTBSY EXDEV".split()
)


class _NotKept(Exception):
    """Why the bytes are not kept, in plain words."""


class Snapshot:
    """The folder in which one checkpoint, or what else has files, waits for the agent.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        started: How this process introduced itself.
        record: What was found at its path.

    Raises:
        OSError: The folder cannot be made.
    """

    def __init__(self, root: Path, run: str, started: RunStarted, record: Filed) -> None:
        self.record = record  # as it is to be recorded
        self._root, self._started = root, started
        if is_remote(root) and not _is_beside(record.path, root):
            raise OSError(errno.EREMOTEIO, "MLTRACK_DIR is on a network file system that may hang")
        self._folder = waiting.make(root, run, Manifest(started, record))

    def take(self, *, is_atomic: bool) -> None:
        """Keep the bytes of all files, or of none and say why in the record.

        Args:
            is_atomic: Whoever writes these files writes new ones and renames them.
        """
        try:
            kept = self._take(is_atomic=is_atomic)
        except _NotKept as error:
            kept, reason = "", str(error)
        except OSError as error:
            kept, reason = "", error.strerror or str(error)
        except BaseException:
            self.discard()  # Ctrl-C is the user's, and nothing is recorded
            raise
        else:
            reason = ""
        if not kept:
            self._forget_files()
        self.record = msgspec.structs.replace(self.record, kept=kept, reason=reason)

    def release(self) -> None:
        """Hand it over to the agent, once it is recorded."""
        waiting.release(self._folder, Manifest(self._started, self.record))

    def discard(self) -> None:
        """Remove it: it is not recorded."""
        with contextlib.suppress(OSError):
            waiting.remove(self._folder)

    def _take(self, *, is_atomic: bool) -> str:
        """Keep all files; return the way of the one that took the most."""
        ways = ["reflink", "hard link", "copy"] if is_atomic else ["reflink", "copy"]
        for number, file in enumerate(self.record.files):
            source = self._source(file)
            target = self._folder / str(number)
            while not _keep(ways[0], source, target, file):
                ways.pop(0)  # what does not work for one file is not tried for the next
                if ways == ["copy"]:
                    self._check_room(self.record.files[number:])
        return ways[0]

    def _source(self, file: CheckpointFile) -> Path:
        """Return where the user's *file* is."""
        path = Path(self.record.path)
        return path / file.path if self.record.is_folder else path

    def _check_room(self, files: Sequence[CheckpointFile]) -> None:
        """Refuse to copy what is too long, or what the disk has no room for."""
        size = sum(file.bytes for file in files)
        if size > limits.CHECKPOINT_COPY_BYTES_MAX:
            gib = limits.CHECKPOINT_COPY_BYTES_MAX / limits.GIB
            raise _NotKept(f"it is longer than the {gib:g} GiB that may be copied")
        if size > space.spare_bytes(self._root):
            raise _NotKept("there is no room on the disk for a copy")

    def _forget_files(self) -> None:
        """Remove what was kept of the files so far."""
        for number in range(len(self.record.files)):
            with contextlib.suppress(OSError):
                (self._folder / str(number)).unlink(missing_ok=True)


def _keep(way: str, source: Path, target: Path, file: CheckpointFile) -> bool:
    """Keep one file; tell whether that is possible this way."""
    try:
        if way == "hard link":
            os.link(source.resolve(), target)
            _check_unchanged(target.stat(), file)
            return True
        with _opened(source) as descriptor:
            _check_unchanged(os.fstat(descriptor), file)
            (_reflink if way == "reflink" else _copy)(descriptor, target)
            _check_unchanged(os.fstat(descriptor), file)
    except OSError as error:
        target.unlink(missing_ok=True)
        if way != "copy" and error.errno in _OTHER_WAY:
            return False
        raise
    return True


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[int]:
    """Give a descriptor of *path*; a pipe that has taken a file's place does not block."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _check_unchanged(found: os.stat_result, file: CheckpointFile) -> None:
    """Refuse a file that is not, or no longer, what was recorded."""
    if not stat.S_ISREG(found.st_mode):
        raise _NotKept(f"{file.path} is no longer a file")
    if (found.st_size, found.st_mtime_ns) != (file.bytes, file.modified_ns):
        raise _NotKept(f"{file.path} was changed while it was being kept")


def _reflink(source: int, target: Path) -> None:
    """Make *target* share the blocks of *source*.

    Raises:
        OSError: The file system cannot.
    """
    descriptor = _create(target)
    try:
        fcntl.ioctl(descriptor, _FICLONE, source)
    finally:
        os.close(descriptor)


def _copy(source: int, target: Path) -> None:
    """Copy *source* inside the kernel."""
    descriptor = _create(target)
    try:
        left = os.fstat(source).st_size
        while left > 0:
            count = min(left, _PIECE_BYTES)
            try:
                copied = os.copy_file_range(source, descriptor, count)
            except OSError as error:
                if error.errno not in _OTHER_WAY:
                    raise
                copied = os.sendfile(descriptor, source, None, count)
            if not copied:
                return  # it has become shorter; the caller looks
            left -= copied
    finally:
        os.close(descriptor)


def _create(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)


def _is_beside(path: str, root: Path) -> bool:
    """Tell whether *path* is on the file system of *root*: the training waits for that anyway."""
    try:
        return os.stat(path).st_dev == root.stat().st_dev
    except OSError:
        return False
