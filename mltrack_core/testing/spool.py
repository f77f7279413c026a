"""A spool as tests see it: records, not bytes."""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

from mltrack_core import wire
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool import layout
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.segment import HEADER_BYTES

T = TypeVar("T", bound=Record)


class RecordedSpool:
    """What lies in the spool of an MLTRACK_DIR, decoded.

    Args:
        root: The MLTRACK_DIR; it need not exist yet.

    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def runs(self) -> list[str]:
        """Return the ids of all runs, oldest first."""
        return sorted(layout.runs(self.root))

    def streams(self, run: str) -> list[list[Record | wire.Unknown]]:
        """Return the records of each stream of a run, the one begun first in front.

        Left out are those that have no record yet, or never will: their writers were killed.
        """
        return sorted(filter(None, self.streams_unchecked(run)), key=_begun_ns)

    def streams_unchecked(self, run: str) -> list[list[Record | wire.Unknown]]:
        """Return the records of each stream, which need not begin as a stream of a run does."""
        streams = []
        for segments in layout.segments(self.root, run).values():
            *whole, last = [(part.path, part.path.read_bytes()) for part in segments]
            # A kill, or this moment, may lie between making a segment and writing its header.
            parts = [*whole, last] if len(last[1]) >= HEADER_BYTES else whole
            frames = [frame for part in parts for frame in read_segment(*part).frames]
            streams.append([wire.decode(frame.number, frame.payload) for frame in frames])
        return streams

    def records(self, run: str | None = None) -> list[Record | wire.Unknown]:
        """Return the records of the only stream of *run*, or of the only run."""
        if run is None:
            (run,) = self.runs()
        ((*records,),) = self.streams(run)
        return records

    def of(self, kind: type[T], run: str | None = None) -> list[T]:
        """Return the records of one kind of the only stream."""
        return [record for record in self.records(run) if isinstance(record, kind)]

    def series(self, run: str | None = None) -> dict[str, list[tuple[int, object]]]:
        """Return step and value of every point of the only stream, by metric."""
        found: dict[str, list[tuple[int, object]]] = {}
        for scalars in self.of(Scalars, run):
            for name, value in scalars.values.items():
                found.setdefault(name, []).append((scalars.step, value))
        return found

    def params(self, run: str | None = None) -> dict[str, dict[str, ParamValue]]:
        """Return the parameters of the only stream by namespace, the newest of each."""
        found: dict[str, dict[str, ParamValue]] = {}
        for params in self.of(Params, run):
            found.setdefault(params.namespace, {}).update(params.values)
        return found


def _begun_ns(records: list[Record | wire.Unknown]) -> int:
    first = records[0]
    assert isinstance(first, RunStarted), "a stream begins with RunStarted"
    return first.time_ns
