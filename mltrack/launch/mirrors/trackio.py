"""What a program sends to Trackio."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Mapping
from types import ModuleType
from typing import Any
from typing import Final

from mltrack.launch.mirrors.mirror import Mirror
from mltrack.launch.mirrors.mirror import loggable

_mirror = Mirror("trackio")
_begun: Final[set[str]] = set()  # their runs whose configuration is recorded


def tap(module: ModuleType) -> Callable[[], None]:
    """Mirror the runs of *module*, trackio.run; return what stops it."""
    return _mirror.listen(module.Run, "log", _log)


def _log(theirs: Any, metrics: Mapping[str, Any], step: int | None = None) -> None:
    run = _mirror.run(theirs.id, project=theirs.project or None, name=theirs.name or None)
    if theirs.id not in _begun:
        _begun.add(theirs.id)
        config = theirs.config or {}
        own = {name: value for name, value in config.items() if not name.startswith("_")}
        run.log_params(own, namespace="trackio")
    if values := loggable(metrics):
        run.log(values, step=theirs._next_step if step is None else step)
