"""The exact points of one series as binary columns: how `mltrack.open()` reads from a server.

A container (see container.py) with a `HistoryHeader`. A long series comes in pages: each says where
the next one begins.
"""

from __future__ import annotations

from typing import Final
from typing import Literal

import numpy as np

from mltrack_core.errors import WireInvalid
from mltrack_server.columns import Points
from mltrack_server.container import Container
from mltrack_server.container import read_column
from mltrack_server.container import unpack as unpack_container
from mltrack_server.resources import ColumnRef
from mltrack_server.resources import Resource

Column = Literal["step", "time_ns", "value", "is_superseded"]
_COLUMNS: Final[tuple[Column, ...]] = ("step", "time_ns", "value", "is_superseded")


class Next(Resource, frozen=True, kw_only=True):
    """Where the following page begins: ask for it with these two."""

    start: int
    skip: int


class HistoryHeader(Resource, frozen=True, kw_only=True):
    """The JSON part of a binary history."""

    name: str
    columns: dict[Column, ColumnRef]  # step i8, time_ns i8, value f8, is_superseded u4 (0 or 1)
    exact_ints: dict[int, int]  # index → integer that its float64 `value` cannot hold
    next: Next | None = None  # None: this page is the last
    is_thinned: bool = False  # others were recorded between them, and are not kept


def pack(name: str, points: Points, following: Next | None = None) -> bytes:
    """Return the points of the series *name* as the binary answer."""
    container = Container()
    columns: dict[Column, ColumnRef] = {
        "step": container.add(points.step),
        "time_ns": container.add(points.time_ns),
        "value": container.add(points.value),
        "is_superseded": container.add(points.is_superseded.astype(np.uint32)),
    }
    return container.pack(
        HistoryHeader(
            name=name,
            columns=columns,
            exact_ints=points.exact_ints,
            next=following,
            is_thinned=points.is_thinned,
        )
    )


def unpack(body: bytes) -> tuple[Points, Next | None]:
    """Return the points in a binary answer, and where the next page begins.

    Raises:
        WireInvalid: This is not such an answer.
    """
    header, data = unpack_container(body, HistoryHeader)
    if missing := set(_COLUMNS) - header.columns.keys():
        raise WireInvalid(f"the answer has no {', '.join(sorted(missing))}")
    column = {name: read_column(at, data) for name, at in header.columns.items()}
    points = Points(
        step=column["step"],
        time_ns=column["time_ns"],
        value=column["value"],
        is_superseded=column["is_superseded"].astype(np.bool_),
        exact_ints=header.exact_ints,
        is_thinned=header.is_thinned,
    )
    return points, header.next


def page(points: Points, start: int | None, skip: int, limit: int) -> tuple[Points, Next | None]:
    """Return the first *limit* of *points*, and where those after them begin.

    Args:
        points: What follows the first *skip* of those from *start* on; one more than *limit* of
            them where there are more.
        start: As asked.
        skip: As asked.
        limit: How many a page has at most.
    """
    if len(points) <= limit:
        return points, None
    key = points.key
    following = int(key[limit])
    same = int((key[:limit] == following).sum())
    kept = points.take(np.arange(limit))
    if same == limit and start is not None:
        return kept, Next(start=start, skip=skip + limit)  # what was skipped may be the same too
    return kept, Next(start=following, skip=same)
