"""How much of the disk the spool may still take, and what is dropped first when it may not.

The agent measures the whole spool and writes one digit into the file `pressure`; a writer reads it
now and then and asks the file system itself, so that a full disk is noticed without an agent too.
"""

from __future__ import annotations

import enum
import math
import os
from pathlib import Path
from typing import Final

from mltrack_core import limits
from mltrack_core import wire
from mltrack_core.records import Console
from mltrack_core.records import Devices
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Scalars
from mltrack_core.spool import layout


class Pressure(enum.IntEnum):
    """What no longer goes into the spool; each level includes those below it."""

    NONE = 0
    NO_CONSOLE = 1
    NO_DEVICES = 2
    NO_MEDIA = 3
    NO_SCALARS = 4  # only what says how runs began and ended, and what was dropped


# The share of the room that is left, whichever of quota and free space has less, below which each
# level begins.
_LEVELS: Final = (
    (0.0, Pressure.NO_SCALARS),
    (0.05, Pressure.NO_MEDIA),
    (0.10, Pressure.NO_DEVICES),
    (0.20, Pressure.NO_CONSOLE),
)

# From which level on a type of record is dropped. Types not named here are always kept: they are
# few and small, and without them a run would not say what happened to it.
DROPPED_FROM: Final[dict[int, Pressure]] = {
    wire.NUMBERS[Console]: Pressure.NO_CONSOLE,
    wire.NUMBERS[Devices]: Pressure.NO_DEVICES,
    wire.NUMBERS[Histograms]: Pressure.NO_MEDIA,
    wire.NUMBERS[Media]: Pressure.NO_MEDIA,
    wire.NUMBERS[Scalars]: Pressure.NO_SCALARS,
}


def room_left(root: Path) -> float:
    """Return the share of the file system's spare room that is free: ≤ 0 when none is to be used.

    Spare is what lies above the free space that is left to others (`limits.FREE_FRACTION_MIN`).

    Raises:
        OSError: The file system does not answer.
    """
    free, floor = _free_and_floor(root)
    # The levels are shares of one floor above the floor: on a disk of 1 TiB they begin when 1.2 GiB
    # are left, not when 200 GiB are.
    # A file system that knows no size says 0; its answer to the next write will tell.
    return (free - floor) / floor if floor else math.inf


def spare_bytes(root: Path) -> float:
    """Return how many bytes may be written: < 0 when what is left to others is not free any more.

    Raises:
        OSError: The file system does not answer.
    """
    free, floor = _free_and_floor(root)
    return free - floor if floor else math.inf


def _free_and_floor(root: Path) -> tuple[int, float]:
    """Return the bytes that are free, and how many of them are left to others."""
    stat = os.statvfs(root)
    total, free = stat.f_blocks * stat.f_frsize, stat.f_bavail * stat.f_frsize
    return free, min(limits.FREE_BYTES_MIN, total * limits.FREE_FRACTION_MIN)


def pressure_of(room: float) -> Pressure:
    """Return the level for a share of room left."""
    for bound, level in _LEVELS:
        if room <= bound:
            return level
    return Pressure.NONE


def measure(
    root: Path, spool_bytes: int, spool_bytes_max: int = limits.SPOOL_BYTES_MAX
) -> Pressure:
    """Return the level that *spool_bytes* for servers and the disk's free space ask for.

    The quota takes console, devices and media; metrics are dropped for a full disk only.

    Raises:
        OSError: The file system does not answer.
    """
    quota_left = (spool_bytes_max - spool_bytes) / spool_bytes_max
    asked = min(pressure_of(quota_left), Pressure.NO_MEDIA)
    return max(asked, pressure_of(room_left(root)))


def publish(root: Path, level: Pressure) -> None:
    """Tell every writer of the spool about *level*; for the agent."""
    path = layout.spool_folder(root) / layout.PRESSURE_FILE
    if level is Pressure.NONE:
        path.unlink(missing_ok=True)
    else:
        # One byte over one byte: needs no room on a full disk, and no reader sees it half.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(descriptor, str(int(level)).encode(), 0)
        finally:
            os.close(descriptor)


def published(root: Path) -> Pressure:
    """Return the level that the agent published last; none if it never did."""
    try:
        text = (layout.spool_folder(root) / layout.PRESSURE_FILE).read_bytes()[:1]
    except OSError:
        return Pressure.NONE
    return Pressure(int(text)) if text in b"01234" and text else Pressure.NONE
