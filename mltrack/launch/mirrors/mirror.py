"""The mirror of another tracker: hears what is sent to it, and finds the run it belongs to."""

from __future__ import annotations

import sys
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from functools import wraps
from types import FrameType
from types import ModuleType
from typing import Any
from typing import Final

import mltrack_core
from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core import autolog

# What a framework's own hook sends to another tracker, its integration records itself, and better.
_FRAMEWORKS: Final = {
    "keras": "keras",
    "lightning": "lightning",
    "lightning_fabric": "lightning",
    "pytorch_lightning": "lightning",
    "transformers": "hf",
}


class Mirror:
    """Records what a program sends to another tracker.

    Args:
        part: Its name, as in `mltrack.autolog(exclude=[…])`, and that of its package.
        also: Further packages that a call of the program passes through.
    """

    def __init__(self, part: str, *, also: tuple[str, ...] = ()) -> None:
        self._part, self._packages = part, ("mltrack", part, *also)
        self.guard = Guard()
        self._begun: dict[str, str] = {}  # our run, by the id of the other tracker's

    def listen(
        self,
        owner: type | ModuleType,
        name: str,
        heard: Callable[..., None],
        *,
        hears_frameworks: bool = False,
    ) -> Callable[[], None]:
        """Call *heard* before each call of a function, with its arguments; return what stops it.

        Nothing is heard of calls by a framework whose integration records the same, unless that is
        wanted: then *heard* itself asks `is_recorded`.
        """
        original = owner.__dict__[name]

        @wraps(original)
        def method(*args: Any, **kwargs: Any) -> Any:
            if autolog.is_active(self._part) and not self.guard.is_tripped(self._part):
                with self.guard(self._part):
                    is_heard = hears_frameworks or not self.is_recorded(sys._getframe())
                    if is_heard and mltrack_core.launch_rank() == 0:
                        heard(*args, **kwargs)
            return original(*args, **kwargs)

        def undo() -> None:
            if owner.__dict__.get(name) is method:
                setattr(owner, name, original)

        setattr(owner, name, method)
        return undo

    def run(self, theirs: str, **options: Any) -> Tracker:
        """Return the run that belongs to theirs: the active one, or one of its own.

        Args:
            theirs: Id of the other tracker's run.
            options: Arguments of `init` for a new run.
        """
        active = mltrack_core.active_run()
        if active is not None and self._begun.get(active.id, theirs) == theirs:
            return active
        run = mltrack_core.init(**options)
        self._begun[run.id] = theirs
        return run

    def is_recorded(self, frame: FrameType | None) -> bool:
        """Tell whether who calls the other tracker is a framework that we record ourselves."""
        while frame is not None:
            package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
            if package not in self._packages:
                return package in _FRAMEWORKS and autolog.is_active(_FRAMEWORKS[package])
            frame = frame.f_back
        return False


def loggable(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return numbers, histograms and media among *values*, nested names joined by "/"."""
    return dict(_loggable(values, ""))


def _loggable(values: Mapping[str, Any], path: str) -> Iterator[tuple[str, Any]]:
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from _loggable(value, f"{path}{name}/")
        elif isinstance(value, int | float) or getattr(value, "ndim", None) == 0:
            yield f"{path}{name}", value
        elif not isinstance(value, str) and value is not None:
            from mltrack.launch.mirrors import media  # most programs log numbers only

            if (found := media.of(value)) is not None:
                yield f"{path}{name}", found
