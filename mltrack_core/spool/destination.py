"""Where a run's records are to be delivered: a file beside its segments.

The trainer writes it, or `mltrack sync` does for a run recorded offline; the agent reads it. A run
without one stays on this machine. It may hold a token, so like everything here only its owner
reads it.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core.spool import layout

FILE: Final = "destination.json"


class Destination(msgspec.Struct, frozen=True):
    """A server and what it wants to see."""

    url: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Destination(url={self.url!r}, token={'…' if self.token else ''!r})"


def read(root: Path, run: str) -> Destination | None:
    """Return where *run* is to be delivered; None if it stays here or the file is unreadable."""
    try:
        data = (layout.run_folder(root, run) / FILE).read_bytes()
        return msgspec.json.decode(data, type=Destination)
    except (OSError, msgspec.DecodeError):
        return None


def write(root: Path, run: str, destination: Destination) -> None:
    """Say where *run* is to be delivered; replaces what was said before in one step.

    Raises:
        OSError: The folder cannot be written.
    """
    folder = layout.make_run_folder(root, run)
    temporary = folder / f"{FILE}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with open(descriptor, "wb") as file:
        file.write(msgspec.json.encode(destination))
    temporary.replace(folder / FILE)
