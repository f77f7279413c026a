"""Checkpoints: what lies at a path, told without reading it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from collections.abc import Sequence
from pathlib import Path
from typing import Final
from typing import get_args

from mltrack_core import _listing
from mltrack_core._names import new_id
from mltrack_core._settings import Checkpoints
from mltrack_core.errors import CheckpointInvalid
from mltrack_core.errors import FileInvalid
from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointMode
from mltrack_core.records import CheckpointRole

_KEPT_ROLES: Final[dict[str, frozenset[CheckpointRole]]] = {
    "off": frozenset(),
    "best": frozenset(("best",)),
    "last": frozenset(("last", "final")),
}


def is_kept(keeps: Checkpoints, roles: Sequence[CheckpointRole]) -> bool:
    """Tell whether the bytes of a checkpoint in these roles are to be kept.

    With "all" each one's are, but for those that are a backup and nothing else: they are there for
    a framework to find its way back, and replaced all the time.
    """
    if keeps == "all":
        return set(roles) != {"backup"}
    return not _KEPT_ROLES[keeps].isdisjoint(roles)


def survey(
    path: str | os.PathLike[str],
    *,
    step: int,
    roles: Sequence[CheckpointRole],
    metrics: Mapping[str, float],
    monitor: str,
    mode: CheckpointMode,
    writer: str,
    axes: Mapping[str, float],
) -> Checkpoint:
    """Return the record of the checkpoint at *path*; nothing is opened, nothing is changed.

    Raises:
        CheckpointInvalid: There is no file or folder, or it is not like a checkpoint.
        ValueError: A role or mode that there is not.
    """
    if unknown := [role for role in roles if role not in get_args(CheckpointRole)]:
        raise ValueError(f"roles={unknown!r}: use {', '.join(get_args(CheckpointRole))}")
    if mode not in get_args(CheckpointMode):
        raise ValueError(f"mode={mode!r}: use min or max")
    where = Path(path).absolute()
    try:
        is_folder, files = _listing.look(where)
    except FileInvalid as error:
        raise CheckpointInvalid(where, error.reason) from error
    return Checkpoint(
        time.time_ns(),
        id=new_id(),
        path=str(where),
        step=step,
        roles=list(roles),
        files=files,
        metrics=dict(metrics),
        monitor=monitor,
        mode=mode,
        writer=writer,
        is_folder=is_folder,
        axes=dict(axes),
    )
