"""The run table in memory: columns of a project's runs, loaded when a query first names them.

A column costs a read of all runs once. After that the store's revision tells which runs have
changed, and only those are read again.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from collections.abc import Sequence
from typing import Any
from typing import Final

import numpy as np
import numpy.typing as npt
from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core.limits import SILENT_S
from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import TEXT
from mltrack_server.query.cells import Cells
from mltrack_server.query.cells import Mask
from mltrack_server.query.tree import Key
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.search import loading
from mltrack_server.store.search.filling import ColumnKey
from mltrack_server.store.search.filling import Columns
from mltrack_server.store.search.filling import Draft
from mltrack_server.store.search.filling import empty
from mltrack_server.store.search.filling import fill
from mltrack_server.store.search.filling import refill
from mltrack_server.store.search.loading import Scope

_RELOAD_SHARE: Final = 4  # where more than one run in so many has changed, everything is read anew
_RELOAD_MIN: Final = 1000
_ROW_BYTES: Final = 250  # of what is always kept of a run

_STATES: Final = ("running", "finished", "failed", "interrupted", "killed", "silent")
_STATE_CODES: Final = {state: code for code, state in enumerate(_STATES)}
_BASE: Final = frozenset(("archived", "created", "duration", "ended", "heard", "state"))

Ints = npt.NDArray[np.int64]


class RunTable:
    """The runs of one project as columns; see runtables.py, which guards it.

    Args:
        project: Its name; None: the runs of all projects.
    """

    def __init__(self, project: str | None) -> None:
        self.project = project
        self._clear()

    def _clear(self) -> None:
        self.rev = -1
        self._row_of: dict[int, int] = {}
        self.rids: Ints = np.zeros(0, np.int64)
        self.uids: npt.NDArray[np.bytes_] = np.zeros(0, "S32")
        self.started: Ints = np.zeros(0, np.int64)
        self.is_here: Mask = np.zeros(0, np.bool_)
        self._ended: Ints = np.zeros(0, np.int64)  # 0: it has not
        self._heard: Ints = np.zeros(0, np.int64)
        self._states: npt.NDArray[np.int32] = np.zeros(0, np.int32)
        self._archived: Mask = np.zeros(0, np.bool_)
        self._recency: Ints | None = None
        self.columns: OrderedDict[ColumnKey, Columns] = OrderedDict()

    def __len__(self) -> int:
        return len(self.rids)

    @property
    def nbytes(self) -> int:
        """About how much memory it takes."""
        columns = sum(cells.nbytes for group in self.columns.values() for cells in group.values())
        return columns + _ROW_BYTES * len(self)

    def recency(self) -> Ints:
        """Return the rows that are here, the newest run first."""
        if self._recency is None:
            newest = np.lexsort((self.uids, self.started))[::-1]
            self._recency = newest[self.is_here[newest]]
        return self._recency

    def row_of(self, uid: str) -> int | None:
        """Return the row of a run; None if it is not here."""
        found = np.flatnonzero((self.uids == uid.encode()) & self.is_here)
        return int(found[0]) if len(found) else None

    # ---- keeping up ----

    def refresh(self, connection: Connection) -> None:
        """Become what the store is as *connection* sees it."""
        present = runs.rev(connection)
        if present == self.rev:
            return
        if not 0 <= self.rev < present:
            self._load(connection, present)
            return
        if self.is_behind(connection):
            self._load(connection, present)
            return
        changed = connection.execute(loading.BASE.where(schema.run.c.rev > self.rev)).all()
        mine = [row for row in changed if self.project in (None, row.project)]
        here = {row.rid for row in mine}
        gone = [self._row_of[r.rid] for r in changed if r.rid not in here and r.rid in self._row_of]
        if gone:
            self.is_here[gone] = False
            self._recency = None
        self._take(mine)
        if self._count(connection) != int(self.is_here.sum()):
            self._load(connection, present)  # a run is no longer in the store
            return
        self._reload(connection, [row.rid for row in mine])
        self.rev = present

    def is_behind(self, connection: Connection) -> bool:
        """Tell whether so much has changed that everything is read anew."""
        query = select(func.count()).select_from(schema.run).where(schema.run.c.rev > self.rev)
        changed: int = connection.execute(query).scalar_one()
        return changed > max(_RELOAD_MIN, len(self) // _RELOAD_SHARE)

    def _load(self, connection: Connection, present: int) -> None:
        """Read everything anew that is always known; columns when they are asked for."""
        self._clear()
        for rows in loading.base(connection, Scope(self.project)):
            self._take(rows)
        self.rev = present

    def _count(self, connection: Connection) -> int:
        query = select(func.count()).select_from(schema.run)
        query = query.where(schema.run.c.deleted_ns.is_(None))
        if self.project is not None:
            query = query.where(schema.run.c.project == self.project)
        return int(connection.execute(query).scalar_one())

    def _take(self, found: Sequence[Any]) -> None:
        """Write what is always known of some runs, new ones behind the others."""
        if not found:
            return
        rids, uids, _, states, started, ended, heard, archived, deleted = zip(*found, strict=True)
        fresh = [rid for rid in rids if rid not in self._row_of]
        for rid in fresh:
            self._row_of[rid] = len(self._row_of)
        if fresh:
            self._grow(len(self._row_of))
        rows = self._rows(rids)
        begun = np.array(started, np.int64)
        is_here = np.array([each is None for each in deleted], np.bool_)
        is_moved = (self.is_here[rows] != is_here) | (self.started[rows] != begun)
        if fresh or is_moved.any():
            self._recency = None
        self.rids[rows], self.started[rows] = np.array(rids, np.int64), begun
        self.uids[rows] = np.array(uids, "S32")
        self._ended[rows] = np.array([each or 0 for each in ended], np.int64)
        self._heard[rows] = np.array(heard, np.int64)
        self._states[rows] = [_STATE_CODES[state] for state in states]
        self._archived[rows] = np.array(archived, np.bool_)
        self.is_here[rows] = is_here

    def rows_of(self, rids: Iterable[int]) -> Ints | None:
        """Return the rows of these runs; None if one of them is no longer in the table."""
        rows = [self._row_of.get(rid, -1) for rid in rids]
        return None if -1 in rows else np.array(rows, np.int64)

    def _grow(self, length: int) -> None:
        for name in ("rids", "uids", "started", "is_here", "_ended", "_heard", "_states",
                     "_archived"):  # fmt: skip
            old = getattr(self, name)
            grown = np.zeros(length, old.dtype)
            grown[: len(old)] = old
            setattr(self, name, grown)
        for group in self.columns.values():
            for cells in group.values():
                cells.grow(length)

    def _rows(self, rids: Iterable[int]) -> Ints:
        row_of = self._row_of
        return np.array([row_of[rid] for rid in rids], np.int64)

    # ---- columns ----

    def column(self, connection: Connection, key: Key) -> Cells:
        """Return a column that is stored, loading it first if need be; not to be changed."""
        column = ColumnKey(key.place, key.name)
        if column not in self.columns:
            loaded = empty([column], len(self))
            fill(connection, Scope(self.project), loaded, self._row_of)
            self.columns |= loaded
        self.columns.move_to_end(column)
        return self.columns[column][key.statistic]

    def draft(self, wanted: Iterable[Key]) -> Draft | None:
        """Return how to load those of *wanted* that are not here; None where all are."""
        columns = dict.fromkeys(
            ColumnKey(key.place, key.name)
            for key in wanted
            if not (key.place == "attribute" and key.name in _BASE)
        )
        missing = [column for column in columns if column not in self.columns]
        if not missing:
            return None
        return Draft(self.project, self.rev, self._row_of, empty(missing, len(self)))

    def adopt(self, connection: Connection, draft: Draft) -> None:
        """Take columns that were loaded elsewhere; this table is as *connection* sees it by now."""
        if draft.row_of is not self._row_of:
            return  # all was read anew meanwhile; these are loaded when they are asked for
        query = Scope(self.project).of(
            select(schema.run.c.rid).where(schema.run.c.rev > draft.rev), schema.run.c.rid
        )
        changed = connection.execute(query).scalars().all()
        for group in draft.columns.values():
            for cells in group.values():
                cells.grow(len(self))
        refill(connection, Scope(self.project, changed), draft.columns, self._row_of)
        for column, group in draft.columns.items():
            self.columns.setdefault(column, group)

    def _reload(self, connection: Connection, rids: Sequence[int]) -> None:
        """Read some runs anew in all columns."""
        for column in [c for c, group in self.columns.items() if _is_bloated(group)]:
            del self.columns[column]
        if not rids or not self.columns:
            return
        refill(connection, Scope(self.project, rids), self.columns, self._row_of)

    def derived(self, name: str, now_ns: int) -> Cells:
        """Return an attribute that depends on what time it is, or is always known."""
        is_over = self._ended > 0
        is_silent = (self._states == _STATE_CODES["running"]) & (
            self._heard < now_ns - int(SILENT_S * 1e9)
        )
        cells = Cells(len(self), np.float64 if name in ("archived", "state") else np.int64)
        cells.kinds[:] = NUMBER
        if name == "created":
            cells.numbers = self.started
        elif name == "heard":
            cells.numbers = self._heard
        elif name == "ended":
            cells.numbers = self._ended
            cells.kinds[~is_over] = 0
        elif name == "duration":
            end = np.where(is_over, self._ended, np.where(is_silent, self._heard, now_ns))
            cells.numbers = np.maximum(end - self.started, 0)
        elif name == "archived":
            cells.kinds[:] = BOOLEAN
            cells.numbers[:] = self._archived
        else:
            cells.kinds[:] = TEXT
            cells.set_codes(np.where(is_silent, _STATE_CODES["silent"], self._states), _STATES)
        return cells


def _is_bloated(group: Columns) -> bool:
    return any(cells.is_bloated() for cells in group.values())


class TableFrame:
    """A table at one moment, as the query sees it."""

    def __init__(self, table: RunTable, connection: Connection, now_ns: int) -> None:
        self._table, self.connection, self._now_ns = table, connection, now_ns
        self._derived: dict[str, Cells] = {}

    @property
    def length(self) -> int:
        """How many rows it has."""
        return len(self._table)

    @property
    def now_ns(self) -> int:
        """What time it is."""
        return self._now_ns

    def cells(self, key: Key) -> Cells:
        """Return a column; not to be changed."""
        if key.place == "attribute" and key.name in _BASE:
            if key.name not in self._derived:
                self._derived[key.name] = self._table.derived(key.name, self._now_ns)
            return self._derived[key.name]
        return self._table.column(self.connection, key)
