"""Where things lie below MLTRACK_DIR.

<MLTRACK_DIR>/                      0700
    agent.lock                      held by the host's agent; its content is for people
    agent.log                       what the agent had to say
    agent.bell                      a named pipe that a run rings when it begins
    spool/
        pressure                    one digit, written by the agent: see spool.space
        <run>/                      32 hexadecimal digits
            <stream>-<n:08d>.seg    one writer each; never reopened to append
            quarantine/             what no server would take, and why
    checkpoints/
        <run>/<id>/                 one checkpoint that waits for the agent: see spool.waiting
            pending                 while the trainer captures it
            manifest                instead, once it is captured and recorded
            0, 1, 2 …               what was captured of its files, in the record's order
    files/
        <run>/<id>/                 the same of a file or folder that was recorded by `log_file`
    origins/
        <device>-<inode>            which run has written that file: see mltrack_core.origins
    media/
        <run>/<sha256>              one file that a Media record names, on its way to the blobs
    importing/                      runs of other trackers, while `mltrack import` makes them
    store/                          the embedded server's, see mltrack_server
        blobs/<2 digits>/<sha256>   what is stored of files: see blobs
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

SPOOL_FOLDER: Final = "spool"
QUARANTINE_FOLDER: Final = "quarantine"
PRESSURE_FILE: Final = "pressure"
AGENT_LOCK_FILE: Final = "agent.lock"
AGENT_LOG_FILE: Final = "agent.log"
AGENT_BELL_FILE: Final = "agent.bell"
CHECKPOINTS_FOLDER: Final = "checkpoints"
FILES_FOLDER: Final = "files"
MEDIA_FOLDER: Final = "media"
ORIGINS_FOLDER: Final = "origins"
BLOBS_FOLDER: Final = "store/blobs"

_ID: Final = re.compile(r"[0-9a-f]{32}")
_SEGMENT: Final = re.compile(r"([0-9a-f]{32})-([0-9]{8})\.seg")


class SegmentFile(msgspec.Struct, frozen=True, order=True):
    """One segment of a stream, told by its name."""

    stream: str
    index: int  # 0, 1, 2 … within the stream
    path: Path


def is_id(text: str) -> bool:
    """Tell whether *text* is the id of a run or stream: 32 lower-case hexadecimal digits."""
    return _ID.fullmatch(text) is not None


def is_inside(path: str) -> bool:
    """Tell whether *path*, "/" between parts, stays in the folder that it is relative to."""
    parts = path.split("/")
    return not {"", ".", ".."}.intersection(parts) and "\0" not in path


def spool_folder(root: Path) -> Path:
    """Return the folder of all runs below MLTRACK_DIR."""
    return root / SPOOL_FOLDER


def run_folder(root: Path, run: str) -> Path:
    """Return the folder of one run's segments."""
    return root / SPOOL_FOLDER / run


def make_run_folder(root: Path, run: str) -> Path:
    """Create the folder of one run, open to nobody but its owner, and return it.

    Raises:
        OSError: It cannot be made.
    """
    root.parent.mkdir(parents=True, exist_ok=True)  # the user's, so by the user's own rules
    folder = run_folder(root, run)
    for part in (root, spool_folder(root), folder):
        part.mkdir(mode=0o700, exist_ok=True)
    return folder


def origin_path(root: Path, device: int, inode: int) -> Path:
    """Return where it is noted which run has written a file."""
    return root / ORIGINS_FOLDER / f"{device:x}-{inode:x}"


def media_folder(root: Path, run: str) -> Path:
    """Return where files that a run's Media records name wait for the agent."""
    return root / MEDIA_FOLDER / run


def segment_path(root: Path, run: str, stream: str, index: int) -> Path:
    """Return where a stream's segment number *index* lies."""
    return root / SPOOL_FOLDER / run / f"{stream}-{index:08d}.seg"


def runs(root: Path) -> Iterator[str]:
    """Yield the ids of all runs that have a folder in the spool."""
    try:
        names = os.listdir(spool_folder(root))
    except (FileNotFoundError, NotADirectoryError):
        return
    yield from filter(is_id, names)


def segments(root: Path, run: str) -> dict[str, list[SegmentFile]]:
    """Return each stream's segments of one run, in the order they were written."""
    streams: dict[str, list[SegmentFile]] = {}
    try:
        entries = sorted(run_folder(root, run).iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return streams
    for entry in entries:
        if match := _SEGMENT.fullmatch(entry.name):
            stream, index = match[1], int(match[2])
            streams.setdefault(stream, []).append(SegmentFile(stream, index, entry))
    return streams
