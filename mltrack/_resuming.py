"""Going on with a run where its last checkpoint left it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mltrack.reading import reader
from mltrack.reading.checkpoints import CheckpointUnavailable
from mltrack.reading.checkpoints import CheckpointView
from mltrack.reading.run import NotFound
from mltrack_core import _session
from mltrack_core import _settings
from mltrack_core.tracker import Tracker


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A run that goes on, and from where."""

    run: Tracker  # its next attempt, active from now on
    path: Path | None  # of the checkpoint, to be loaded; None if the run has none that can be had
    step: int  # optimizer updates that are in it; 0 where there is none
    epoch: int  # epochs that were complete, as far as known: Keras's `initial_epoch`
    checkpoint: CheckpointView | None  # what is known of it
    reason: str  # why there is no path


def resume(
    run: str, checkpoint: str, folder: str | Path | None, options: dict[str, Any]
) -> Resumed:
    """See `mltrack.resume`."""
    settings = _settings.read()
    with reader.open() as recorded:
        found = recorded.run(run)
        chosen, path, reason = None, None, ""
        try:
            chosen = found.checkpoint(checkpoint)
            path = chosen.original() or chosen.download(
                folder or settings.folder / "resumed" / found.id / chosen.id
            )
        except (NotFound, CheckpointUnavailable) as error:
            reason = str(error)
        name, project = found.name, found.project
    tracker = _session.init(**({"name": name, "project": project} | options | {"id": found.id}))
    step, epoch = 0, 0
    if chosen is not None and path is not None:
        step, epoch = chosen.step, int(chosen.summary.axes.get("epoch", 0))
    return Resumed(run=tracker, path=path, step=step, epoch=epoch, checkpoint=chosen, reason=reason)
