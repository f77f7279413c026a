"""Reads of histograms: all of a run as a grid of layers and steps, or one of them step by step."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Final
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core.records import ByEdges
from mltrack_core.records import Histogram
from mltrack_server import resources
from mltrack_server.resources import HistogramColumn
from mltrack_server.resources import HistogramGrid
from mltrack_server.resources import HistogramRow
from mltrack_server.resources import HistogramSeries
from mltrack_server.store import schema
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.distributions import Distribution
from mltrack_server.store.distributions import amount
from mltrack_server.store.distributions import total
from mltrack_server.store.distributions import unpack
from mltrack_server.store.lineage import Lineage

# Histograms that one answer is made from: of more, rows between are passed over, and it says so.
_HISTOGRAMS_MAX: Final = 60_000
_ROWS_MAX: Final = 4096
NAMES_MAX: Final = 2000  # rows of a grid

_histogram: Final = schema.histogram.c


class Key(NamedTuple):
    """Which row, and where it stands."""

    stream_no: int
    seq: int
    step: int
    time_ns: int


class Selection(NamedTuple):
    """Which histograms of a run are wanted."""

    rid: int
    start: int | None  # lowest step
    end: int | None  # highest step
    columns: int  # at most, into which the steps between are put together


class _Group(NamedTuple):
    """Consecutive rows that are one column."""

    column: HistogramColumn
    values: list[dict[str, Histogram]]


class _Chosen(NamedTuple):
    groups: list[_Group]
    is_thinned: bool


def count(connection: Connection, rid: int) -> int:
    """Return how many records of histograms a run has."""
    found = select(func.count()).select_from(schema.histogram).where(_histogram.rid == rid)
    return int(connection.execute(found).scalar_one())


def grid(connection: Connection, selection: Selection, prefix: str) -> HistogramGrid:
    """Return what all histograms whose names begin with *prefix* amount to, column by column."""
    chosen = _choose(connection, selection)
    # In the order of the model's layers, as they were logged.
    names = list(
        dict.fromkeys(
            name
            for group in chosen.groups
            for values in group.values
            for name in values
            if name.startswith(prefix)
        )
    )
    return HistogramGrid(
        columns=[group.column for group in chosen.groups],
        rows=[_row(name, chosen.groups) for name in names[:NAMES_MAX]],
        names=len(names),
        is_thinned=chosen.is_thinned,
    )


def one(connection: Connection, selection: Selection, name: str) -> HistogramSeries | None:
    """Return one histogram column by column; None if the run has none of that name there."""
    chosen = _choose(connection, selection)
    columns, found = [], []
    scale = "exponent"
    for group in chosen.groups:
        alike = [values[name] for values in group.values if name in values]
        distribution = total(alike)
        if distribution is not None:
            scale = "edges" if isinstance(alike[-1], ByEdges) else "exponent"
            columns.append(group.column)
            found.append(described(distribution))
    if not found:
        return None
    return HistogramSeries(
        name=name,
        scale="edges" if scale == "edges" else "exponent",
        columns=columns,
        histograms=found,
        is_thinned=chosen.is_thinned,
    )


def _choose(connection: Connection, selection: Selection) -> _Chosen:
    """Return the rows wanted, put together into columns."""
    rows = list(_current(connection, selection))
    if not rows:
        return _Chosen([], is_thinned=False)
    width = max(1, len(_values(connection, selection.rid, rows[-1])))
    rows_max = max(selection.columns, min(_ROWS_MAX, _HISTOGRAMS_MAX // width))
    kept = [rows[i] for i in np.unique(np.linspace(0, len(rows) - 1, rows_max).astype(int))]
    is_thinned = len(kept) < len(rows)
    size = math.ceil(len(kept) / selection.columns)
    groups = []
    for start in range(0, len(kept), size):
        some = kept[start : start + size]
        column = HistogramColumn(
            first_step=some[0].step,
            last_step=some[-1].step,
            time_ns=some[-1].time_ns,
            records=len(some),
        )
        groups.append(_Group(column, [_values(connection, selection.rid, row) for row in some]))
    return _Chosen(groups, is_thinned)


def _current(connection: Connection, selection: Selection) -> Iterator[Key]:
    """Yield the keys of the rows in the window, by step, without those gone over again."""
    found = connection.execute(
        select(_histogram.stream_no, _histogram.seq, _histogram.step, _histogram.time_ns)
        .where(
            _histogram.rid == selection.rid,
            _histogram.step >= (INT64_MIN if selection.start is None else selection.start),
            _histogram.step <= (INT64_MAX if selection.end is None else selection.end),
        )
        .order_by(_histogram.step, _histogram.stream_no, _histogram.seq)
    )
    rows = [Key(*row) for row in found]
    lineage = Lineage.load(connection, selection.rid)
    firsts: dict[int, int] = {}
    for row in rows:
        firsts[row.stream_no] = min(firsts.get(row.stream_no, row.step), row.step)
    cuts = lineage.cuts(firsts)
    for row in rows:
        epoch = sum(seq < row.seq for seq, _ in lineage.rewinds.get(row.stream_no, []))
        if row.step < cuts.get((row.stream_no, epoch), math.inf):
            yield row


def _values(connection: Connection, rid: int, row: Key) -> dict[str, Histogram]:
    body = connection.execute(
        select(_histogram.body).where(
            _histogram.rid == rid,
            _histogram.stream_no == row.stream_no,
            _histogram.seq == row.seq,
        )
    ).scalar_one()
    return unpack(body)


def _row(name: str, groups: list[_Group]) -> HistogramRow:
    found = [amount(values[name] for values in group.values if name in values) for group in groups]
    return HistogramRow(
        name=name,
        magnitude=[None if each is None else each.magnitude for each in found],
        zeros=[None if each is None else each.zeros for each in found],
        nonfinite=[0 if each is None else each.nonfinite for each in found],
    )


def described(found: Distribution) -> resources.Histogram:
    """Return a distribution as the API gives it."""
    return resources.Histogram(
        low=found.low.tolist(),
        high=found.high.tolist(),
        count=found.count.tolist(),
        nans=found.nans,
        negative_infinities=found.negative_infinities,
        positive_infinities=found.positive_infinities,
    )
