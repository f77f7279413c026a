"""What a program sends to Weights & Biases."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from typing import Final

from mltrack.launch.mirrors.mirror import Mirror
from mltrack.launch.mirrors.mirror import loggable
from mltrack_core import Tracker

_mirror = Mirror("wandb")
# The step of the next call without one, by run: to ask W&B's own process would take a round trip.
_steps: Final[dict[str, int]] = {}


def tap(module: ModuleType) -> Callable[[], None]:
    """Mirror the runs of *module*, wandb.sdk.wandb_run; return what stops it."""
    heard: dict[str, Callable[..., None]] = {
        "_on_start": _begin,
        "log": _log,
        "_on_finish": _begin,  # the program may have added to its configuration
    }
    # Without the private ones, which another version may lack, a run begins at its first `log`.
    there = [name for name in heard if name in vars(module.Run)]
    stops = [_mirror.listen(module.Run, name, heard[name]) for name in there]

    def undo() -> None:
        for stop in stops:
            stop()

    return undo


def _run(theirs: Any) -> Tracker:
    return _mirror.run(
        theirs.id,
        project=theirs.project or None,
        name=theirs.name or None,
        tags=list(theirs.tags or ()),
        group=theirs.group or "",
        notes=theirs.notes or "",
    )


def _begin(theirs: Any) -> None:
    config = theirs.config.as_dict()
    own = {name: value for name, value in config.items() if name != "_wandb"}
    _run(theirs).log_params(own, namespace="wandb")


def _log(
    theirs: Any,
    data: Mapping[str, Any],
    step: int | None = None,
    commit: bool | None = None,
    **_: object,
) -> None:
    if step is None:
        step = _steps.get(theirs.id, getattr(theirs, "starting_step", 0))
        _steps[theirs.id] = step + (commit is not False)
    else:
        _steps[theirs.id] = step + bool(commit)
    values = loggable(data)
    if values:
        _run(theirs).log(values, step=step)
