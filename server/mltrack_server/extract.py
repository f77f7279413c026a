"""Extracts: the points of many series of many runs as columns, a row for each point.

As binary columns it is a container (see container.py) with an `ExtractHeader`.
"""

from __future__ import annotations

from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from typing import Any
from typing import Final
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mltrack_core.errors import WireInvalid
from mltrack_server.columns import Floats
from mltrack_server.columns import Ints
from mltrack_server.columns import Points
from mltrack_server.columns import concatenate
from mltrack_server.container import Container
from mltrack_server.container import read_column
from mltrack_server.container import unpack as unpack_container
from mltrack_server.resources import ColumnRef
from mltrack_server.resources import ExtractColumn
from mltrack_server.resources import ExtractHeader
from mltrack_server.resources import ExtractList
from mltrack_server.resources import ExtractPart
from mltrack_server.resources import ExtractPosition
from mltrack_server.resources import ExtractSeries
from mltrack_server.resources import number

_POINTS: Final[tuple[ExtractColumn, ...]] = ("step", "time_ns", "value", "is_superseded")
_SUMS: Final[tuple[ExtractColumn, ...]] = ("min", "max", "mean", "count", "nonfinite")
_NO_POINTS: Final = Points(
    step=np.empty(0, np.int64),
    time_ns=np.empty(0, np.int64),
    value=np.empty(0),
    is_superseded=np.empty(0, np.bool_),
)


class Sums(NamedTuple):
    """What the points amount to that each row of a reduced extract stands for."""

    low: Floats  # of the finite values; NaN where there is none
    high: Floats
    mean: Floats
    points: Ints
    nonfinite: Ints

    def named(self) -> dict[str, NDArray[Any]]:
        """Return the columns by the names that the API gives them."""
        return {
            "min": self.low,
            "max": self.high,
            "mean": self.mean,
            "count": self.points,
            "nonfinite": self.nonfinite,
        }

    def cut(self, start: int, end: int) -> Sums:
        """Return rows *start* to *end*."""
        low, high, mean = (column[start:end] for column in self[:3])
        return Sums(low, high, mean, self.points[start:end], self.nonfinite[start:end])

    @staticmethod
    def joined(parts: Sequence[Sums]) -> Sums:
        """Return *parts*, at least one, one below the other."""
        columns: list[NDArray[Any]] = [np.concatenate(each) for each in zip(*parts, strict=True)]
        return Sums(*columns)


@dataclass(slots=True, kw_only=True)
class Extract:
    """Points of several series, one series below the other."""

    parts: list[ExtractPart] = field(default_factory=list)
    points: Points = _NO_POINTS  # of a reduced extract: the last one of each row
    sums: Sums | None = None  # of a reduced one
    next: ExtractPosition | None = None

    def __len__(self) -> int:
        return len(self.points)

    @classmethod
    def joined(
        cls,
        series: Sequence[tuple[str, str, Points, Sums | None]],
        following: ExtractPosition | None = None,
    ) -> Extract:
        """Return *series*, each of a run, a name, its points and their sums, as one extract."""
        full = [each for each in series if len(each[2])]
        if not full:
            return cls(next=following)
        sums = [each[3] for each in full if each[3] is not None]
        return cls(
            parts=[
                ExtractPart(run=run, name=name, count=len(points), is_thinned=points.is_thinned)
                for run, name, points, _ in full
            ],
            points=concatenate([points for _, _, points, _ in full]),
            sums=Sums.joined(sums) if sums else None,
            next=following,
        )

    def series(self) -> Iterator[tuple[ExtractPart, Points, Sums | None]]:
        """Yield each part with its own rows."""
        start = 0
        for part in self.parts:
            rows = np.arange(start, start + part.count)
            sums = None
            if self.sums is not None:
                sums = self.sums.cut(start, start + part.count)
            yield part, self.points.take(rows), sums
            start += part.count

    def pack(self) -> bytes:
        """Return the extract as binary columns."""
        container = Container()
        points = self.points
        columns: dict[ExtractColumn, ColumnRef] = {
            "step": container.add(points.step),
            "time_ns": container.add(points.time_ns),
            "value": container.add(points.value),
            "is_superseded": container.add(points.is_superseded.astype(np.uint32)),
        }
        if self.sums is not None:
            for name, column in zip(_SUMS, self.sums, strict=True):
                columns[name] = container.add(column)
        header = ExtractHeader(
            parts=self.parts, columns=columns, exact_ints=points.exact_ints, next=self.next
        )
        return container.pack(header)

    def listed(self) -> ExtractList:
        """Return the extract as the API's JSON gives it."""
        listed = []
        for part, points, sums in self.series():
            floats: list[list[Any]] = [[], [], []]
            counts: list[list[int]] = [[], []]
            if sums is not None:
                floats = [[number(value) for value in column.tolist()] for column in sums[:3]]
                counts = [column.tolist() for column in sums[3:]]
            listed.append(
                ExtractSeries(
                    run=part.run,
                    name=part.name,
                    step=points.step.tolist(),
                    time_ns=points.time_ns.tolist(),
                    value=[number(value) for value in points.values()],
                    is_superseded=points.is_superseded.tolist(),
                    min=floats[0],
                    max=floats[1],
                    mean=floats[2],
                    count=counts[0],
                    nonfinite=counts[1],
                    is_thinned=part.is_thinned,
                )
            )
        return ExtractList(series=listed, next=self.next)


def unpack(body: bytes) -> Extract:
    """Return the extract in binary columns.

    Raises:
        WireInvalid: These are none.
    """
    header, data = unpack_container(body, ExtractHeader)
    if missing := set(_POINTS) - header.columns.keys():
        raise WireInvalid(f"the answer has no {', '.join(sorted(missing))}")
    column = {name: read_column(at, data) for name, at in header.columns.items()}
    if any(len(each) != sum(part.count for part in header.parts) for each in column.values()):
        raise WireInvalid("the answer's columns are not as long as its parts")
    return Extract(
        parts=header.parts,
        points=Points(
            step=column["step"],
            time_ns=column["time_ns"],
            value=column["value"],
            is_superseded=column["is_superseded"].astype(np.bool_),
            exact_ints=header.exact_ints,
        ),
        sums=Sums(*(column[name] for name in _SUMS)) if "mean" in column else None,
        next=header.next,
    )


def chained(pages: Sequence[Extract]) -> Extract:
    """Return *pages* as one extract; a series that one page leaves off is whole again."""
    parts: list[ExtractPart] = []
    for part in (part for page in pages for part in page.parts):
        if parts and (parts[-1].run, parts[-1].name) == (part.run, part.name):
            before = parts.pop()
            part = ExtractPart(
                run=part.run,
                name=part.name,
                count=before.count + part.count,
                is_thinned=before.is_thinned or part.is_thinned,
            )
        parts.append(part)
    sums = [page.sums for page in pages if page.sums is not None]
    return Extract(
        parts=parts,
        points=concatenate([page.points for page in pages]),
        sums=Sums.joined(sums) if sums else None,
    )
