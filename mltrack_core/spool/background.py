"""Writing to a folder that may hang: a network file system.

On a local disk a write to the page cache takes a microsecond. On a network file system it can block
for minutes, and a process blocked in it cannot even be killed. There the trainer hands its records
to a thread; what that thread cannot write in time waits, within a bound, and is counted beyond it.
"""

from __future__ import annotations

import threading
from collections import deque
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.limits import EXIT_S_MAX
from mltrack_core.limits import MIB
from mltrack_core.records import Media
from mltrack_core.spool.losses import Losses
from mltrack_core.spool.writer import SpoolWriter

QUEUE_BYTES_MAX: Final = 16 * MIB

_MEDIA: Final = wire.NUMBERS[Media]
_REMOTE_TYPES: Final = frozenset(
    "9p afs beegfs ceph cifs davfs fuse.glusterfs fuse.rclone fuse.s3fs fuse.sshfs glusterfs gpfs "
    "lustre ncpfs nfs nfs4 pvfs2 smb2 smb3 smbfs virtiofs wekafs".split()
)


class BackgroundWriter:
    """A `SpoolWriter` behind a bounded queue and one thread.

    A record is safe from SIGKILL not when `append` returns but when the thread has written it:
    within a second, unless the file system hangs.

    Args:
        writer: Used by the thread only.
        queue_bytes_max: Records beyond it are dropped, the oldest first, and counted.
    """

    def __init__(self, writer: SpoolWriter, queue_bytes_max: int = QUEUE_BYTES_MAX) -> None:
        self.root, self.run, self.stream = writer.root, writer.run, writer.stream
        self.losses = Losses()  # what did not reach *writer*
        self._dropped = ""
        self._writer = writer
        self._queue_bytes_max = queue_bytes_max
        self._queue: deque[tuple[int, bytes, str]] = deque()  # the last: of a file, its SHA-256
        self._queue_bytes = 0
        self._changed = threading.Condition()
        self._is_closed = False
        self._thread = threading.Thread(target=self._work, name="mltrack-writer", daemon=True)

    @property
    def is_closed(self) -> bool:
        """Whether the stream takes no more records."""
        return self._is_closed

    def open(self) -> None:
        """Create the stream's first segment and start the thread.

        This one write is waited for: a run that cannot be recorded should say so at its start.

        Raises:
            SpoolUnavailable: The folder cannot be made or written.
        """
        self._writer.open()
        self._thread.start()

    @property
    def dropped(self) -> str:
        """Why the first record was dropped, in words; "" while none was."""
        return self._dropped or self._writer.dropped

    def append(self, number: int, payload: bytes) -> bool:
        """Hand over one record; tell whether there was room for it, and for all before it."""
        return self._enqueue(number, payload, "")

    def attach(self, digest: str, data: bytes) -> None:
        """Hand over a file that the next record names; what cannot be written is counted."""
        self._enqueue(_MEDIA, data, digest)

    def _enqueue(self, number: int, payload: bytes, digest: str) -> bool:
        with self._changed:
            if self._is_closed:
                return False
            self._queue.append((number, payload, digest))
            self._queue_bytes += len(payload)
            has_room = self._queue_bytes <= self._queue_bytes_max
            while self._queue_bytes > self._queue_bytes_max:
                self._drop_oldest("the network folder did not take it in time")
            self._changed.notify()
            return has_room and not self._writer.dropped

    def close(self) -> None:
        """Write what waits and close the stream; after `EXIT_S_MAX` give up and count the rest."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        self._thread.join(EXIT_S_MAX)
        with self._changed:
            while self._queue:
                self._drop_oldest("the network folder hung when the process ended")

    def abandon(self) -> None:
        """Let go of the stream without a write: in a forked child it is the parent's."""
        self._changed = threading.Condition()
        self._is_closed = True
        self._queue.clear()
        self._writer.abandon()

    def _drop_oldest(self, reason: str) -> None:
        number, payload, _ = self._queue.popleft()
        self._queue_bytes -= len(payload)
        self.losses.count(reason, number)
        self._dropped = self._dropped or reason

    def _work(self) -> None:
        """Write until the stream is closed and nothing waits."""
        while True:
            with self._changed:
                while not (self._queue or self._is_closed):
                    self._changed.wait()
                if not self._queue:
                    break
                number, payload, digest = self._queue.popleft()
                self._queue_bytes -= len(payload)
            self.losses.move_to(self._writer.losses)
            if not digest:
                self._writer.append(number, payload)
                continue
            try:
                self._writer.attach(digest, payload)
            except OSError as error:
                self.losses.count(error.strerror or str(error), number)
        self.losses.move_to(self._writer.losses)
        self._writer.close()


def is_remote(folder: Path, mounts: Path = Path("/proc/self/mounts")) -> bool:
    """Tell whether *folder* is on a network file system, as far as the system says.

    Args:
        folder: Need not exist; what it would be created in counts.
        mounts: The system's table of mounts; where there is none, every folder counts as local.
    """
    try:
        lines = mounts.read_text(encoding="utf-8", errors="replace").splitlines()
        path = folder.resolve()
    except OSError:
        return False
    best, is_remote_type = "", False
    for line in lines:
        _device, point, kind, *_ = line.split(" ")
        point = point.replace("\\040", " ")
        if len(point) >= len(best) and path.is_relative_to(point):
            best, is_remote_type = point, kind in _REMOTE_TYPES
    return is_remote_type
