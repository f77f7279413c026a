"""The doorbell: a run that begins need not wait until the agent happens to look.

A named pipe, MLTRACK_DIR/agent.bell. Whoever begins a run writes a byte into it
(`mltrack_core._launch`); nothing is said by it but "look now".
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import Final

from mltrack_core.spool import layout

_READ_BYTES: Final = 4096


class Doorbell:
    """The agent's end. Where the file system has no named pipes, it just never rings.

    Args:
        root: MLTRACK_DIR.
    """

    def __init__(self, root: Path) -> None:
        self.descriptor = -1  # to be selected on; -1 where there is none
        path = root / layout.AGENT_BELL_FILE
        with contextlib.suppress(OSError):
            with contextlib.suppress(FileExistsError):
                os.mkfifo(path, 0o600)
            # For writing too: a pipe whose writers have all gone would wake us again and again.
            self.descriptor = os.open(
                path, os.O_RDWR | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC
            )

    def answer(self) -> None:
        """Take note of all rings so far."""
        with contextlib.suppress(OSError):
            while len(os.read(self.descriptor, _READ_BYTES)) == _READ_BYTES:
                pass

    def close(self) -> None:
        """Hear no more rings."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1
