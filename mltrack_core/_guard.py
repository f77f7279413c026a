"""The guard: nothing that mltrack does wrong may reach the training loop."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import TracebackType
from typing import Concatenate
from typing import Final
from typing import ParamSpec
from typing import Protocol
from typing import TypeVar

from mltrack_core import _settings

P = ParamSpec("P")

FAILURES_MAX: Final = 5  # of one site, then whoever asks is told to leave it alone


class Guard:
    """Swallows our own faults, one warning for each site or bad name, and counts them.

        guard = Guard()
        with guard("on_epoch_end"):
            ...

    Ctrl-C, SystemExit and everything else that is no `Exception` passes through: it is the user's.

    Args:
        strict: Raise our faults instead, for tests. Default: as MLTRACK_STRICT says.
    """

    def __init__(self, strict: bool | None = None) -> None:
        self.strict = _settings.is_strict() if strict is None else strict
        self.failures: dict[str, int] = {}
        self._warned: dict[str, set[str]] = {}  # site → the names that it was warned of

    def __call__(self, site: str) -> _Site:
        """Return a context whose faults are booked on *site*."""
        return _Site(self, site)

    def __reduce__(self) -> tuple[type[Guard], tuple[bool]]:
        return Guard, (self.strict,)

    def is_tripped(self, site: str) -> bool:
        """Tell whether *site* has failed so often that it is better left alone."""
        return self.failures.get(site, 0) >= FAILURES_MAX

    def caught(self, site: str, error: Exception) -> None:
        """Book *error* on *site*; for a hot path that cannot afford the context.

        Raises:
            Exception: *error* itself, where the guard is strict.
        """
        if self.strict:
            raise error
        self.failures[site] = self.failures.get(site, 0) + 1
        # A fault in every step must not flood the output of a million-step run. But the first bad
        # metric must not hide the second.
        warned = self._warned.setdefault(site, set())
        name = getattr(error, "name", None)
        about = name if isinstance(name, str) else ""
        if about not in warned and len(warned) < FAILURES_MAX:
            warned.add(about)
            _warn(site, error)


class _Guarded(Protocol):
    """What has hooks to guard."""

    _guard: Guard


Host = TypeVar("Host", bound=_Guarded)


def guarded(hook: Callable[Concatenate[Host, P], None]) -> Callable[Concatenate[Host, P], None]:
    """Keep our faults in *hook*, a method, from the framework that calls it.

    The object's `_guard` books them. A hook that has failed too often is left alone.
    """
    site = hook.__name__

    @functools.wraps(hook)
    def wrapper(self: Host, /, *args: P.args, **kwargs: P.kwargs) -> None:
        if not self._guard.is_tripped(site):
            with self._guard(site):
                hook(self, *args, **kwargs)

    return wrapper


def _warn(site: str, error: Exception) -> None:
    """Tell the user about *error*, if there is still a way to."""
    try:
        import logging

        logger = logging.getLogger("mltrack")
        logger.warning(
            "mltrack: %s: %s; training continues (%s)", site, error, type(error).__name__
        )
        logger.debug("mltrack: the fault in %s", site, exc_info=error)
    except Exception:  # noqa: BLE001, S110 - stderr is closed, or the interpreter is almost gone
        pass


class _Site:
    """One guarded place."""

    __slots__ = ("_guard", "_name")

    def __init__(self, guard: Guard, name: str) -> None:
        self._guard, self._name = guard, name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None or self._guard.strict or not isinstance(error, Exception):
            return False
        self._guard.caught(self._name, error)
        return True
