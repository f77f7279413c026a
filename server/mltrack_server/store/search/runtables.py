"""The run tables of the projects asked for lately, and how threads share them.

One lock guards all tables. What takes long (whole columns, a whole table, the catalogue of keys) is
read beside it. Beyond a bound the columns used longest ago are let go.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Collection
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final
from typing import NamedTuple

from sqlalchemy import Connection

from mltrack_core.limits import MIB
from mltrack_server.query.tree import Key
from mltrack_server.store import runs
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.search import catalogue
from mltrack_server.store.search.catalogue import Catalogue
from mltrack_server.store.search.filling import Draft
from mltrack_server.store.search.runtable import RunTable

BYTES_MAX: Final = 256 * MIB  # of all tables together
_TABLES_MAX: Final = 32
_CATALOGUE_SHARE: Final = 20  # reading it anew takes at most one part in so many of the time


class _Known(NamedTuple):
    """A catalogue, and when it is worth reading again."""

    catalogue: Catalogue
    rev: int
    until_s: float  # by the monotonic clock


class RunTables:
    """The tables of the projects asked for lately, bounded in memory."""

    def __init__(self, bytes_max: int = BYTES_MAX) -> None:
        self._bytes_max = bytes_max
        self._tables: OrderedDict[str | None, RunTable] = OrderedDict()
        self._lock = threading.Lock()
        # What takes long is done beside that one, by one thread at a time of each kind.
        self._loading_lock = threading.Lock()
        self._reloading_lock = threading.Lock()
        self._catalogue_lock = threading.Lock()
        self._catalogues: dict[str | None, _Known] = {}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep everybody else away. Begin the transaction within: tables never go back in time."""
        with self._lock:
            yield

    def prepare(self, reading: Connecting, project: str | None, wanted: Collection[Key]) -> None:
        """Load what *wanted* needs of a project's table, while others go on using the tables.

        What is still missing afterwards, e.g. since the table was let go, is loaded when it is
        asked for. Call it while not `held`.

        Args:
            reading: Gives a connection that sees one state of the store.
            project: Its name; None: the runs of all projects.
            wanted: Columns that will be asked for.
        """
        self._reload(reading, project)
        if self._draft(project, wanted) is None:
            return
        with self._loading_lock:  # whoever wants the same waits here and finds it loaded
            if project not in self._tables:
                table = RunTable(project)
                with reading() as connection:
                    table.refresh(connection)
                with self._lock:
                    self._tables.setdefault(project, table)
            draft = self._draft(project, wanted)
            if draft is None or not draft.columns:
                return
            with reading() as connection:
                draft.load(connection)
            with self._lock, reading() as connection:
                self.of(connection, project).adopt(connection, draft)

    def catalogue(self, reading: Connecting, project: str | None) -> Catalogue:
        """Return which keys a project's newest runs have; while runs go on, of seconds ago.

        Call it while not `held`: it reads for a good part of a second, and others need not wait.
        """
        self.prepare(reading, project, ())
        with self._catalogue_lock:
            with self._lock, reading() as connection:
                table = self.of(connection, project)
                rev, newest = table.rev, table.recency()[: catalogue.RUNS_MAX]
                rids = table.rids[newest].tolist()
            known = self._catalogues.get(project)
            began_s = time.monotonic()
            if known is None or (known.rev != rev and began_s >= known.until_s):
                with reading() as connection:
                    found = catalogue.read(connection, rids)
                ended_s = time.monotonic()
                until_s = ended_s + _CATALOGUE_SHARE * (ended_s - began_s)
                known = self._catalogues[project] = _Known(found, rev, until_s)
                for other in list(self._catalogues)[:-_TABLES_MAX]:
                    del self._catalogues[other]
            return known.catalogue

    def _reload(self, reading: Connecting, project: str | None) -> None:
        """Read a table anew, beside it, where too much has changed to catch up with."""
        if not self._is_behind(reading, project):
            return
        with self._reloading_lock:  # whoever comes second finds it done
            if self._is_behind(reading, project):
                table = RunTable(project)
                with reading() as connection:
                    table.refresh(connection)
                with self._lock:
                    self._tables[project] = table

    def _is_behind(self, reading: Connecting, project: str | None) -> bool:
        with self._lock:
            table = self._tables.get(project)
        if table is None:
            return False
        with reading() as connection:
            return table.rev != runs.rev(connection) and table.is_behind(connection)

    def _draft(self, project: str | None, wanted: Collection[Key]) -> Draft | None:
        """Return what is to be loaded; None where nothing is."""
        with self._lock:
            table = self._tables.get(project)
            if table is None:
                return Draft(project, -1, {}, {})
            return table.draft(wanted)

    def of(self, connection: Connection, project: str | None) -> RunTable:
        """Return the table of a project as *connection* sees it; call it while `held`."""
        table = self._tables.setdefault(project, RunTable(project))
        self._tables.move_to_end(project)
        table.refresh(connection)
        return table

    def trim(self) -> None:
        """Let go of what is too much; call it while `held`, after the tables were used."""
        while len(self._tables) > _TABLES_MAX:
            self._tables.popitem(last=False)
        excess = self.nbytes - self._bytes_max
        for project in list(self._tables):
            table = self._tables[project]
            while excess > 0 and table.columns:
                _, group = table.columns.popitem(last=False)
                excess -= sum(cells.nbytes for cells in group.values())
            if excess > 0 and len(self._tables) > 1:
                excess -= table.nbytes
                del self._tables[project]

    @property
    def nbytes(self) -> int:
        """About how much memory they take."""
        return sum(table.nbytes for table in self._tables.values())

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._tables.clear()
            self._catalogues.clear()
