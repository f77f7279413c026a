"""The spool writer: a record is safe from SIGKILL when `append` returns."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.errors import SpoolUnavailable
from mltrack_core.limits import MIB
from mltrack_core.limits import PAYLOAD_BYTES_MAX
from mltrack_core.limits import RING_BYTES_MAX
from mltrack_core.limits import SEGMENT_BYTES_MAX
from mltrack_core.records import Media
from mltrack_core.records import Seal
from mltrack_core.spool import attachments
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.frame import frame_at
from mltrack_core.spool.frame import pack
from mltrack_core.spool.losses import Losses
from mltrack_core.spool.segment import HEADER_BYTES
from mltrack_core.spool.segment import SegmentHeader
from mltrack_core.spool.space import Pressure

# The disk's room is looked at after so many bytes: 1 µs of statvfs among 4,000 records.
_LOOK_BYTES: Final = MIB
# What a record in the ring costs beside its payload: a bytes object, a tuple, a place in the deque.
_RING_ENTRY_BYTES: Final = 128
# The disk is fine, there is only no room on it, or a signal came: the same segment will do later.
_PASSING: Final = (errno.ENOSPC, errno.EDQUOT, errno.EINTR, errno.EAGAIN)
# A loss that repeats at every step is declared once in so many seconds, with its count.
_DECLARE_INTERVAL_S: Final = 1.0
_MEDIA: Final = wire.NUMBERS[Media]
_REFUSED: Final = "disk refused the write"


class SpoolWriter:
    """Appends the records of one stream to its segments.

    Each record is one write(2) with O_APPEND, nothing is held back in memory, and nothing is
    fsynced: that is the agent's work. While the disk refuses, the newest records wait in a ring of
    1 MiB and the rest is counted; both are written, the count as `Gap`, as soon as writing works
    again.

    Thread-safe, and safe to use in a signal handler or finalizer that runs in the middle of an
    append: its records follow the interrupted one. An append that Ctrl-C breaks off is whole in
    the spool or not there at all. After a fork the child must call `abandon` before anything else:
    the stream belongs to the parent.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run, 32 hexadecimal digits.
        stream: Id of this stream; made up where it is not given.
        segment_bytes_max: A segment is followed by another once it is longer.
        write: `os.write`, or a stand-in that fails, for tests.
    """

    def __init__(
        self,
        root: Path,
        run: str,
        *,
        stream: str | None = None,
        segment_bytes_max: int = SEGMENT_BYTES_MAX,
        write: Callable[[int, bytes], int] = os.write,
    ) -> None:
        self.root, self.run = root, run
        self.stream = stream or os.urandom(16).hex()
        self.losses = Losses()
        self.dropped = ""  # why the first record was, in words; "" while none was
        self._salt = int.from_bytes(os.urandom(4), "little")
        self._segment_bytes_max = segment_bytes_max
        self._write = write
        self._lock = threading.RLock()
        self._descriptor = -1
        self._path = root  # of the open segment
        self._index = 0  # of the next segment to open
        self._end = 0  # where the open segment's last whole frame ends
        self._look_at = 0  # value of _end at which the disk's room is looked at next
        self._seq = 0  # of the next record
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._lost = self.losses.reasons  # the same dict: cheap to ask whether it is empty
        self._pressure = Pressure.NONE
        self._declare_at_s = 0.0  # by the monotonic clock
        self._is_closed = False
        # Steady means: a segment is open, _seq and _end are true, there is room, nothing waits. It
        # is cleared before every write and set after it, so whatever breaks an append off, the
        # next one takes the careful way, which looks into the file first.
        self._is_steady = False
        self._is_busy = False  # an append is under way; one that comes now is nested in it

    @property
    def next_seq(self) -> int:
        """How many records are in the spool, which is the seq of the next."""
        return self._seq

    @property
    def is_closed(self) -> bool:
        """Whether the stream takes no more records."""
        return self._is_closed

    def open(self) -> None:
        """Create the stream's first segment.

        Raises:
            SpoolUnavailable: The folder cannot be made or written.
        """
        with self._lock:
            try:
                self._open_segment()
            except OSError as error:
                raise SpoolUnavailable(
                    layout.run_folder(self.root, self.run), error.strerror or str(error)
                ) from error
            self._look_at_room()
            self._tidy()

    def append(self, number: int, payload: bytes) -> bool:
        """Write one record; tell whether it is in the spool now.

        False means that it waits in the ring or was dropped and counted. Never raises for a
        reason that lies with the disk.

        Raises:
            ValueError: The payload is empty or longer than `limits.PAYLOAD_BYTES_MAX`.
        """
        if not 0 < len(payload) <= PAYLOAD_BYTES_MAX:
            raise ValueError(f"a record has 1 to {PAYLOAD_BYTES_MAX} bytes, not {len(payload)}")
        with self._lock:
            if not self._is_steady or self._lost:
                return self._append_with_care(number, payload)
            self._is_steady = False
            self._is_busy = True
            try:
                if not self._put(number, payload):
                    self._hold(number, payload)
                    return False
                if self._end < self._look_at and not self._ring:
                    self._is_steady = True
                else:
                    self._tidy()
                return True
            finally:
                self._is_busy = False
                if self._is_closed:
                    self._seal()

    def attach(self, digest: str, data: bytes) -> None:
        """Write a file that the next record names by its SHA-256; safe from SIGKILL on return.

        Where media are being dropped for want of room it is not written: the record that names it
        will be dropped, and counted.

        Raises:
            OSError: The disk does not take it.
        """
        with self._lock:
            if not self._has_no_room_for(_MEDIA):
                attachments.write(self.root, self.run, digest, data)

    def close(self) -> None:
        """Declare what was lost, seal the stream and close it. Does nothing the second time.

        What the disk refuses even now is counted in `losses`.
        """
        with self._lock:
            if self._is_closed:
                return
            self._is_closed = True
            self._is_steady = False
            if not self._is_busy:  # else the append that this call is nested in does it
                self._seal()

    def abandon(self) -> None:
        """Let go of the stream without a write: in a forked child it is the parent's."""
        self._lock = threading.RLock()  # the parent's other threads may have held it in the fork
        self._is_closed = True
        self._is_steady = self._is_busy = False
        self._ring.clear()
        self._lost.clear()
        self._close_segment()

    # ---- all below: the caller holds the lock ----

    def _append_with_care(self, number: int, payload: bytes) -> bool:
        """Do what `append` promises where something is, or may be, out of the ordinary."""
        if self._is_closed:
            return False
        if self._is_busy:
            self._hold(number, payload)
            return False
        self._is_steady = False
        self._is_busy = True
        try:
            self._settle()
            if self._has_no_room_for(number):
                self._drop(f"no room: {self._pressure.name.lower()}", number)
                self._catch_up()
                return False
            if not (self._catch_up() and self._put(number, payload)):
                self._hold(number, payload)
                return False
            self._tidy()
            return True
        finally:
            self._is_busy = False
            if self._is_closed:
                self._seal()

    def _put(self, number: int, payload: bytes) -> bool:
        """Write one frame; tell whether it is whole on disk."""
        try:
            if self._descriptor < 0:
                self._open_segment()
            frame = pack(number, self._seq, payload, self._salt)
            length = len(frame)
            written = self._write(self._descriptor, frame)
            if written != length:
                self._write_rest(frame, written)
        except OSError as error:
            seq = self._seq
            self._settle()
            self._leave_segment(error)
            return self._seq > seq  # a file system may complain about what it has written
        # No call between these two: a signal's exception could only come between the lines of one.
        self._seq += 1
        self._end += length
        return True

    def _write_rest(self, frame: bytes, written: int) -> None:
        """Write what a short write left of *frame*, or learn from the disk why it cannot be."""
        while written < len(frame):
            more = self._write(self._descriptor, frame[written:])
            if more == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            written += more

    def _settle(self) -> None:
        """Look into the file where the last write ended, and cut off what is not a whole frame."""
        if self._descriptor < 0:
            return
        try:
            if os.fstat(self._descriptor).st_size <= self._end:
                return
            with self._path.open("rb", buffering=0) as file:
                file.seek(self._end)
                frame = frame_at(file.read(), 0, self._salt)
            if frame is not None:  # broken off behind its write
                self._seq, self._end = self._seq + 1, self._end + frame.end
            os.ftruncate(self._descriptor, self._end)
        except OSError:
            self._close_segment()  # readers pass over a torn frame, and find the next segment

    def _catch_up(self) -> bool:
        """Write what waits in the ring and what is to be declared; tell whether the ring is empty.

        What stays undeclared waits in `losses`, and keeps no record from being written.
        """
        while self._ring:
            if not self._put(*self._ring[0]):
                return False
            _, payload = self._ring.popleft()
            self._ring_bytes -= len(payload) + _RING_ENTRY_BYTES
        if self._lost and time.monotonic() >= self._declare_at_s:
            self.losses.declare_to(self._put)
            self._declare_at_s = time.monotonic() + _DECLARE_INTERVAL_S
        return True

    def _hold(self, number: int, payload: bytes) -> None:
        """Keep a record that could not be written; drop and count the oldest that no longer fit."""
        if len(payload) + _RING_ENTRY_BYTES > RING_BYTES_MAX:
            self._drop(_REFUSED, number)  # it would push out everything and still not fit
            return
        self._ring.append((number, payload))
        self._ring_bytes += len(payload) + _RING_ENTRY_BYTES
        while self._ring_bytes > RING_BYTES_MAX:
            self._drop_oldest()

    def _drop_oldest(self) -> None:
        """Give up the record that has waited longest."""
        number, payload = self._ring.popleft()
        self._ring_bytes -= len(payload) + _RING_ENTRY_BYTES
        self._drop(_REFUSED, number)

    def _drop(self, reason: str, number: int) -> None:
        """Count a record that is not kept."""
        self.losses.count(reason, number)
        self.dropped = self.dropped or reason

    def _tidy(self) -> None:
        """Do what is due after a write: the ring, a look at the disk's room, the next segment."""
        is_caught_up = not self._ring or self._catch_up()
        if self._end >= self._look_at:
            self._look_at_room()
            if self._end >= self._segment_bytes_max:
                self._close_segment()
        self._is_steady = is_caught_up and self._descriptor >= 0 and not self._pressure

    def _seal(self) -> None:
        """Write what is still to be said, and end the stream."""
        self._settle()
        self._declare_at_s = 0.0
        if self._catch_up() and not self._lost:
            self._put(*wire.encode(Seal(time.time_ns())))
        while self._ring:
            self._drop_oldest()
        self._close_segment()

    def _open_segment(self) -> None:
        """Create the next segment, header included; on an error nothing is left open."""
        layout.make_run_folder(self.root, self.run)
        header = SegmentHeader(
            salt=self._salt, run=self.run, stream=self.stream, first_seq=self._seq
        ).pack()
        path = layout.segment_path(self.root, self.run, self.stream, self._index)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        self._index += 1  # a name is never tried twice, so O_EXCL cannot get stuck on it
        descriptor = os.open(path, flags, 0o600)
        try:
            if self._write(descriptor, header) != HEADER_BYTES:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        except OSError:
            os.close(descriptor)
            path.unlink(missing_ok=True)
            raise
        self._descriptor, self._path, self._end = descriptor, path, HEADER_BYTES
        self._look_at = min(HEADER_BYTES + _LOOK_BYTES, self._segment_bytes_max)

    def _leave_segment(self, error: OSError) -> None:
        """Decide what becomes of the open segment after *error*."""
        if error.errno in _PASSING:
            return
        if error.errno == errno.EBADF:
            self._descriptor = -1  # somebody closed it: the number may be another file's by now
        is_empty = self._descriptor >= 0 and self._end == HEADER_BYTES
        self._close_segment()  # a new segment may be on a healed disk
        if is_empty:
            # Else a disk that takes headers but no records would fill with headers.
            with contextlib.suppress(OSError):
                self._path.unlink()

    def _close_segment(self) -> None:
        """Close the open segment, if there is one; the next record opens another."""
        if self._descriptor >= 0:
            descriptor, self._descriptor = self._descriptor, -1
            with contextlib.suppress(OSError):  # EIO, or somebody closed it: nothing to be done
                os.close(descriptor)

    def _has_no_room_for(self, number: int) -> bool:
        """Tell whether a record of type *number* must be dropped for want of room."""
        bound = space.DROPPED_FROM.get(number, math.inf)
        if self._pressure < bound:
            return False
        self._look_at_room()
        return self._pressure >= bound

    def _look_at_room(self) -> None:
        """Ask the disk and the agent what may still be written."""
        self._look_at = min(self._end + _LOOK_BYTES, self._segment_bytes_max)
        try:
            self._pressure = max(
                space.pressure_of(space.room_left(self.root)), space.published(self.root)
            )
        except OSError:
            self._pressure = Pressure.NONE  # the disk's answer to the next write will tell
