"""Checkpoints and files that wait for the agent: the trainer fills a folder each, it empties it.

The trainer makes the folder, says in `pending` whose it is, captures the files, records them,
and renames what it then knows to `manifest`. From there on the folder is the agent's.
Wherever a kill falls: a folder with `pending` was not recorded, or was and the record says so; one
with `manifest` is complete; one with neither is being made or being removed. docs/checkpoints.md.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core import wire
from mltrack_core.records import Artifact
from mltrack_core.records import Checkpoint
from mltrack_core.records import File
from mltrack_core.records import Filed
from mltrack_core.records import RunStarted
from mltrack_core.spool import layout

PENDING_FILE: Final = "pending"
MANIFEST_FILE: Final = "manifest"
_TRIES: Final = 5


class Manifest(msgspec.Struct, frozen=True, array_like=True):
    """What the agent has to know."""

    started: RunStarted  # how the process that captured it introduced itself
    record: Filed
    artifact: Artifact | None = None  # stored here already, and to be brought to a server as well


# A folder for each kind: an agent of an older mltrack leaves alone what it does not know.
_DECODERS: Final[dict[str, Callable[[bytes], tuple[RunStarted, Filed, Artifact | None]]]] = {
    layout.CHECKPOINTS_FOLDER: msgspec.msgpack.Decoder(
        tuple[RunStarted, Checkpoint, Artifact | None]
    ).decode,
    layout.FILES_FOLDER: msgspec.msgpack.Decoder(tuple[RunStarted, File, Artifact | None]).decode,
}
_FOLDERS: Final = {Checkpoint: layout.CHECKPOINTS_FOLDER, File: layout.FILES_FOLDER}


def read(path: Path) -> Manifest | None:
    """Return what the file `pending` or `manifest` says; None if that cannot be read.

    Raises:
        FileNotFoundError: It is not there.
    """
    try:
        return Manifest(*_DECODERS[path.parents[2].name](path.read_bytes()))
    except FileNotFoundError:
        raise
    except (OSError, msgspec.DecodeError, UnicodeDecodeError):
        return None  # a power cut may leave an empty file behind a finished rename


def make(root: Path, run: str, manifest: Manifest) -> Path:
    """Make the folder of what is about to be captured, and return it.

    Raises:
        OSError: It cannot be made.
    """
    folder = root / _FOLDERS[type(manifest.record)] / run / manifest.record.id
    root.mkdir(mode=0o700, exist_ok=True)
    folder.parent.parent.mkdir(mode=0o700, exist_ok=True)
    for _ in range(_TRIES):
        folder.parent.mkdir(mode=0o700, exist_ok=True)
        # The agent removes a run's folder when it has emptied it, perhaps at this moment.
        with contextlib.suppress(FileNotFoundError):
            folder.mkdir(mode=0o700, exist_ok=True)
            break
    _write(folder, PENDING_FILE, manifest)
    return folder


def release(folder: Path, manifest: Manifest) -> None:
    """Hand the folder over to the agent: what is in it is captured and recorded.

    Raises:
        OSError: The manifest cannot be written.
    """
    _write(folder, MANIFEST_FILE, manifest)
    (folder / PENDING_FILE).unlink(missing_ok=True)


def remove(folder: Path) -> None:
    """Remove the folder: its manifest before its files, so that half is never taken for the whole.

    Raises:
        OSError: It cannot be removed.
    """
    for name in (PENDING_FILE, MANIFEST_FILE):
        (folder / name).unlink(missing_ok=True)
    try:
        for path in folder.iterdir():
            path.unlink(missing_ok=True)
        folder.rmdir()
    except FileNotFoundError:
        return  # somebody else has removed it
    with contextlib.suppress(OSError):
        folder.parent.rmdir()  # refuses while another of the run waits


def folders(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield run and folder of everything that waits, the oldest of each run and kind first."""
    for kind in _DECODERS:
        for run in _names(root / kind):
            for uid in _names(root / kind / run):
                yield run, root / kind / run / uid


def _names(folder: Path) -> list[str]:
    """Return the ids that are names in *folder*."""
    try:
        return sorted(name for name in os.listdir(folder) if layout.is_id(name))
    except (FileNotFoundError, NotADirectoryError):
        return []


def _write(folder: Path, name: str, manifest: Manifest) -> None:
    """Write *manifest* in one step."""
    temporary = folder / f"{name}.tmp"
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
    with open(os.open(temporary, flags, 0o600), "wb") as file:
        file.write(wire.pack(manifest))
    temporary.rename(folder / name)
