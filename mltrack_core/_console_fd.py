"""Console capture at the level of file descriptors: sees C++ and child processes too; opt-in.

Descriptors 1 and 2 are pointed at files that are only ever appended to, so that no reader, dead or
hanging, can block or kill whoever prints. A relay process follows the files: it passes everything
on to the terminal and records lines in a stream of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mltrack_core import _launch
from mltrack_core import wire
from mltrack_core.limits import EXIT_S_MAX
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout

_DESCRIPTORS: Final = (1, 2)


class DescriptorTap:
    """Points this process's stdout and stderr at the relay, and back.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        started: How this process introduced the run; the relay's stream copies it.
    """

    def __init__(self, root: Path, run: str, started: RunStarted) -> None:
        self._root, self._run, self._started = root, run, started
        self._originals: list[int] = []
        self._life = -1  # while it is open somewhere, there may be more to relay
        self._relay: subprocess.Popen[bytes] | None = None

    def open(self) -> None:
        """Begin to listen.

        Raises:
            OSError: The files cannot be made or the relay not be started; nothing has changed then.
        """
        folder = layout.run_folder(self._root, self._run)
        paths = [folder / f"console-{os.getpid()}-{number}.out" for number in _DESCRIPTORS]
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        files = [os.open(path, flags, 0o600) for path in paths]
        ear, self._life = os.pipe()
        self._originals = [os.dup(number) for number in _DESCRIPTORS]
        try:
            self._relay = subprocess.Popen(
                self._command(ear, paths),
                stdin=subprocess.DEVNULL,
                pass_fds=(ear, *self._originals),
                start_new_session=True,  # Ctrl-C ends the training; the relay ends after it
            )
            _flush()
            for file, number in zip(files, _DESCRIPTORS, strict=True):
                os.dup2(file, number)
        except OSError:
            self.close()
            raise
        finally:
            os.close(ear)
            for file in files:
                os.close(file)

    def close(self) -> None:
        """Give stdout and stderr back, and wait a moment for the relay to pass on the rest."""
        _flush()
        for original, number in zip(self._originals, _DESCRIPTORS, strict=False):
            os.dup2(original, number)
            os.close(original)
        self._originals = []
        if self._life >= 0:
            os.close(self._life)
            self._life = -1
        if self._relay is not None:
            try:
                self._relay.wait(EXIT_S_MAX / 2)
            except subprocess.TimeoutExpired:
                self._relay.returncode = 0  # it goes on without us; Popen must not warn of it

    def _command(self, ear: int, paths: Sequence[Path]) -> list[str]:
        started = wire.encode(self._started)[1].hex()
        descriptors = map(str, (ear, *self._originals))
        return [
            *_launch.python("mltrack_core._console_relay"),
            *(str(self._root), self._run, started),
            *descriptors,
            *map(str, paths),
        ]


def _flush() -> None:
    """Hand on what Python holds back: it belongs to where the descriptors point now."""
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
