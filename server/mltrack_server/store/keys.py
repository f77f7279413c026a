"""Keys: what runs and series are called in the tables."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import bindparam
from sqlalchemy import select

from mltrack_server.store import schema
from mltrack_server.store.points import SeriesKey

_RUNS_CACHED_MAX: Final = 4096  # those that are live at once: each batch asks for its run's
_NAMES_CACHED_MAX: Final = 1_000_000  # of all runs together, about 150 MB

_series: Final = schema.series.c
_NUMBERS: Final = select(_series.kind, _series.name, _series.no).where(
    _series.rid == bindparam("b_rid")
)


def rid_of(uid: str) -> int:
    """Return the key of the run *uid*: 63 bits of a hash, so that no counter has to hand it out."""
    return int.from_bytes(hashlib.sha256(uid.encode()).digest()[:8], "big") >> 1


def host_suffix(rank: int, host: str) -> str:
    """Return what stands behind the device names of a host other than rank 0's."""
    return f"@{host}" if rank else ""


def series_numbers(connection: Connection, rid: int) -> dict[SeriesKey, int]:
    """Return the numbers of a run's series."""
    rows = connection.execute(_NUMBERS, {"b_rid": rid})
    return {(kind, name): no for kind, name, no in rows}


@dataclass(slots=True)
class _Known:
    """The numbers of a run's series at one of its revisions."""

    rev: int
    numbers: dict[SeriesKey, int]


class SeriesNumbers:
    """The series numbers of the runs written to lately, as of the last write of each."""

    def __init__(self) -> None:
        self._runs: OrderedDict[int, _Known] = OrderedDict()

    def of(self, connection: Connection, rid: int, rev: int) -> dict[SeriesKey, int]:
        """Return the committed numbers of a run's series; not to be changed by the caller.

        Args:
            connection: Asked where the run is not known as it is at *rev*.
            rid: The run.
            rev: Of its last change, by whichever server.
        """
        known = self._runs.get(rid)
        if known is None or known.rev != rev:
            known = self._runs[rid] = _Known(rev, series_numbers(connection, rid))
        self._runs.move_to_end(rid)
        return known.numbers

    def commit(self, fresh: Mapping[int, Mapping[SeriesKey, int]], rev: int) -> None:
        """Remember series that the committed transaction with *rev* has added."""
        for rid, numbers in fresh.items():
            if known := self._runs.get(rid):
                known.rev = rev
                known.numbers.update(numbers)
        size = sum(len(known.numbers) for known in self._runs.values())
        while self._runs and (len(self._runs) > _RUNS_CACHED_MAX or size > _NAMES_CACHED_MAX):
            _, oldest = self._runs.popitem(last=False)
            size -= len(oldest.numbers)

    def clear(self) -> None:
        """Forget everything: a transaction failed."""
        self._runs.clear()
