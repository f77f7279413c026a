"""The turn: which of its launch's runs a process begins.

A launch is one command of the user's, with all the processes that come of it. Its trainings are
runs of their own, one after the other or side by side; the ranks of one training are one run. So a
rank counts how many runs it has begun, and the n-th of every rank has the same id.

`<MLTRACK_DIR>/launches/<launch>-<rank>` has one byte for each run that the rank has begun.
"""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from mltrack_core import _names

_KEPT_S: Final = 30 * 86400.0


def new_launch(environ: Mapping[str, str]) -> str:
    """Return the id of a launch: a new one, or that of all tasks that `srun` started together."""
    step = [environ.get(f"SLURM_{name}", "") for name in ("CLUSTER_NAME", "JOB_ID", "STEP_ID")]
    if "SLURM_PROCID" not in environ or not all(step[1:]):
        return _names.new_id()
    began = environ.get("SLURM_JOB_START_TIME", "")
    stamp = int(began) * 1000 if began.isdecimal() else 0
    return f"{stamp:012x}{hashlib.sha256('/'.join(step).encode()).hexdigest()[:20]}"


def take(root: Path, launch: str, rank: int) -> str:
    """Return the id of the next run that *rank* begins in *launch*: that of the launch comes first.

    Processes of one rank that ask at once get one each.

    Raises:
        OSError: The turn cannot be written down.
    """
    folder = _folder(root)
    for part in (root, folder):
        part.mkdir(mode=0o700, parents=True, exist_ok=True)
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
    descriptor = os.open(folder / f"{launch}-{rank}", flags, 0o600)
    try:
        os.write(descriptor, b"\n")
        earlier = os.lseek(descriptor, 0, os.SEEK_CUR) - 1  # behind what we have appended
    finally:
        os.close(descriptor)
    return nth(launch, earlier)


def nth(launch: str, number: int) -> str:
    """Return the id of a launch's run; 0 for the first. It sorts behind those before it."""
    return f"{(int(launch, 16) + number) % (1 << 128):032x}"


def has_begun(root: Path, launch: str) -> bool:
    """Tell whether a run of this launch has begun on this host. Never raises."""
    try:
        return any(path.name.startswith(launch) for path in _folder(root).iterdir())
    except OSError:
        return False


def forget_old(root: Path) -> None:
    """Forget the turns of launches that began no run for a month. Never raises."""
    oldest_s = time.time() - _KEPT_S
    try:
        for path in _folder(root).iterdir():
            if path.stat().st_mtime < oldest_s:
                path.unlink(missing_ok=True)
    except OSError:
        pass  # there is none, or another launch is doing the same


def _folder(root: Path) -> Path:
    return root / "launches"
