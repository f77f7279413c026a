"""The relay of `mltrack_core._console_fd`, a process of its own.

Follows two files that a training process prints into, passes them on to the terminal and records
their lines. Ends when nobody prints there any more: that process, its children, and the program
that it was replaced with. Then removes the files.
"""

from __future__ import annotations

import codecs
import ctypes
import errno
import fcntl
import os
import select
import signal
import sys
import time
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core import _facts
from mltrack_core import _settings
from mltrack_core import wire
from mltrack_core._console import LineAssembler
from mltrack_core._redact import Redactor
from mltrack_core.records import Channel
from mltrack_core.records import Console
from mltrack_core.records import RunStarted
from mltrack_core.spool.writer import SpoolWriter

_INTERVAL_S: Final = 0.05
_READ_BYTES_MAX: Final = 1 << 20
_PUNCH_HOLE_KEEP_SIZE: Final = 0x02 | 0x01


class _Channel:
    """One file, the terminal it goes to, and the lines in it."""

    def __init__(self, path: Path, terminal: int, assembler: LineAssembler) -> None:
        self._path, self._terminal, self._assembler = path, terminal, assembler
        self._file = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        self._offset = 0
        self._decode = codecs.getincrementaldecoder("utf-8")("replace").decode

    def relay(self) -> bool:
        """Pass on what has been added; tell whether there was any."""
        data = os.pread(self._file, _READ_BYTES_MAX, self._offset)
        if not data:
            return False
        self._show(data)
        self._assembler.feed(self._decode(data))
        _release(self._file, self._offset, len(data))
        self._offset += len(data)
        return True

    def is_in_use(self) -> bool:
        """Tell whether a process has the file open to write into it."""
        try:
            # Given only where nobody else has the file open at all.
            fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_WRLCK)
            fcntl.fcntl(self._file, fcntl.F_SETLEASE, fcntl.F_UNLCK)
        except AttributeError:
            return False  # not Linux
        except OSError as error:
            return error.errno == errno.EAGAIN  # else a file system that has no leases
        return False

    def close(self) -> None:
        self._assembler.close()
        self._path.unlink(missing_ok=True)

    def _show(self, data: bytes) -> None:
        """Write all of *data* to the terminal; a terminal that has been closed sees no more."""
        if self._terminal < 0:
            return
        try:
            while data:
                data = data[os.write(self._terminal, data) :]
        except OSError:
            self._terminal = -1


def main(arguments: list[str]) -> None:
    """Relay until the training process is gone."""
    root, run, started_hex, ear, *rest = arguments
    terminals, paths = map(int, rest[:2]), map(Path, rest[2:])
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    trainer = msgspec.msgpack.decode(bytes.fromhex(started_hex), type=RunStarted)
    writer = SpoolWriter(Path(root), run)
    writer.append(*wire.encode(_own_start(trainer)))
    redactor = Redactor(_settings.read().secrets)

    def emit(channel: Channel, line: str, is_partial: bool) -> None:
        record = Console(time.time_ns(), channel, redactor.text(line), is_partial)
        writer.append(*wire.encode(record))

    names: tuple[Channel, Channel] = ("stdout", "stderr")
    channels = [
        _Channel(path, terminal, LineAssembler(name, emit))
        for path, terminal, name in zip(paths, terminals, names, strict=True)
    ]
    is_over = False
    while True:
        has_moved = [channel.relay() for channel in channels]
        if any(has_moved):
            continue
        if is_over:  # looked once more after the end: nothing can have been added since
            break
        ready, _, _ = select.select([int(ear)], [], [], _INTERVAL_S)
        is_over = bool(ready) and not any(channel.is_in_use() for channel in channels)
        if ready and not is_over:
            time.sleep(_INTERVAL_S)  # the pipe is closed, and does not make `select` wait
    for channel in channels:
        channel.close()
    writer.close()


def _own_start(trainer: RunStarted) -> RunStarted:
    """Return the introduction of the relay's stream: a child of the training process."""
    return msgspec.structs.replace(
        trainer,
        role="child",
        time_ns=time.time_ns(),
        monotonic_ns=time.monotonic_ns(),
        pid=os.getpid(),
        pid_started=_facts.process_started(os.getpid()),
    )


def _release(file: int, offset: int, length: int) -> None:
    """Give the disk back what has been passed on, where the file system can."""
    if sys.platform == "linux":
        fallocate = ctypes.CDLL(None).fallocate64
        fallocate.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_int64, ctypes.c_int64)
        fallocate(file, _PUNCH_HOLE_KEEP_SIZE, offset, length)


if __name__ == "__main__":
    main(sys.argv[1:])
