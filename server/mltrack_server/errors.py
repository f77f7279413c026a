"""What can go wrong in the server that a person can do something about.

MltrackError
├── StoreUnusable    the store cannot be opened
├── StoreFull        the store takes no writes for now; reads go on
│   └── StoreContended   another server's transaction got in the way
├── RunDeleted       a deleted run is not changed
├── BackupUnusable   a backup cannot be made there, or restored
├── QueryInvalid     a filter, a sort order or a list of fields is not one
├── RulesInvalid     what is wanted of a project's runs makes no sense
├── ModelRefused     the model registry does not do what was asked
└── Overloaded       more is asked than can be done now; trying again helps
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from typing import Literal

from mltrack_core.errors import MltrackError
from mltrack_server.reasons import Reason

_SHOWN: Final = 60  # characters of a query around its mistake


class StoreUnusable(MltrackError):
    """The store cannot be opened, or is damaged. Nothing in it has been changed."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[StoreUnusable], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class BackupUnusable(MltrackError):
    """A backup cannot be made at this place, or this one cannot be restored."""

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(f"{path}: {reason}")
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[BackupUnusable], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class StoreFull(MltrackError):
    """The store takes no writes: its disk is full, read-only or failing, or it is locked.

    Reads go on. Nothing of what was to be written is stored; whoever holds it sends it again later.
    """

    def __init__(self, path: str, reason: str) -> None:
        super().__init__(
            f"{path}: {reason}. Nothing is lost: records wait where they were made, and writing "
            "goes on by itself once this is over."
        )
        self.path, self.reason = path, reason

    def __reduce__(self) -> tuple[type[StoreFull], tuple[str, str]]:
        return type(self), (self.path, self.reason)


class StoreContended(StoreFull):
    """Another server's transaction got in the way again and again; nothing is wrong with either."""


class RunDeleted(MltrackError):
    """A run that somebody deleted is not changed: in 30 days nobody would know of it."""

    def __init__(self, run: str) -> None:
        super().__init__(
            f"Run {run} was deleted, so nothing of it is changed. Restore it first: "
            f"`mltrack delete --undo {run}`, or POST /api/v1/runs/{run}/restore."
        )
        self.run = run

    def __reduce__(self) -> tuple[type[RunDeleted], tuple[str]]:
        return type(self), (self.run,)


class Overloaded(MltrackError):
    """More is to be written or read than can be at the moment; trying again helps."""

    def __init__(self, retry_after_s: float) -> None:
        super().__init__(f"too much is waiting already; try again in {retry_after_s:g} s")
        self.retry_after_s = retry_after_s

    def __reduce__(self) -> tuple[type[Overloaded], tuple[float]]:
        return type(self), (self.retry_after_s,)


class RulesInvalid(MltrackError, ValueError):
    """What somebody wants of a project's runs makes no sense; nothing has changed.

    Args:
        at: Which part of it, e.g. "metrics[2]".
        reason: Why, in plain words.
    """

    def __init__(self, at: str, reason: str) -> None:
        super().__init__(f"{at}: {reason}")
        self.at, self.reason = at, reason

    def __reduce__(self) -> tuple[type[RulesInvalid], tuple[str, str]]:
        return type(self), (self.at, self.reason)


class ModelRefused(MltrackError):
    """The model registry does not do what was asked; nothing has changed.

    Args:
        kind: "missing": something is not there · "gone": it was deleted · "conflict": somebody
            else was there first, or something is in the way · "full": there is no room.
        reason: Why, and what to do, in plain words.
    """

    def __init__(self, kind: Literal["missing", "gone", "conflict", "full"], reason: str) -> None:
        super().__init__(reason)
        self.kind, self.reason = kind, reason

    def __reduce__(self) -> tuple[type[ModelRefused], tuple[str, str]]:
        return type(self), (self.kind, self.reason)


class QueryInvalid(MltrackError, ValueError):
    """A filter, a sort order or a list of fields is not one.

    Args:
        query: The whole text.
        start: Character of it, from 0, at which the mistake begins.
        end: The character behind it.
        reason: What is wrong.
        expected: What could stand there instead, as it would be written.
        nearest: The key or word that was probably meant; "" where none is near.
    """

    def __init__(
        self,
        query: str,
        start: int,
        end: int,
        reason: Reason,
        *,
        expected: Iterable[str] = (),
        nearest: str = "",
    ) -> None:
        self.query, self.start, self.end = query, start, max(start, end)
        self.reason, self.expected, self.nearest = reason, tuple(expected), nearest
        self.detail = self._detail()
        super().__init__(f"{self.detail}\n{self._drawing()}")

    def __reduce__(self) -> tuple[object, ...]:
        return _query_invalid, (
            self.query,
            self.start,
            self.end,
            self.reason,
            self.expected,
            self.nearest,
        )

    def _detail(self) -> str:
        """Return the message in one line."""
        text = f"Character {self.start + 1}: {self.reason}"
        if self.expected:
            text += f"; expected: {' '.join(self.expected)}"
        if self.nearest:
            text += f"; do you mean {self.nearest}?"
        return text if text.endswith("?") else f"{text}."

    def _drawing(self) -> str:
        """Return the query around the mistake, with a mark below it."""
        first = max(0, self.start - _SHOWN // 2)
        shown = "".join(
            character if character.isprintable() else " "
            for character in self.query[first : first + _SHOWN]
        )
        marks = "^" * max(1, min(self.end, first + _SHOWN) - self.start)
        return f"  {shown}\n  {' ' * (self.start - first)}{marks}"


def _query_invalid(
    query: str, start: int, end: int, reason: Reason, expected: tuple[str, ...], nearest: str
) -> QueryInvalid:
    """Return the error again, for pickle."""
    return QueryInvalid(query, start, end, reason, expected=expected, nearest=nearest)
