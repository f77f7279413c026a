"""What the store's front is built on: its connections, its locks, and what it remembers."""

from __future__ import annotations

import threading
import time
import weakref
from collections.abc import Callable
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from sqlalchemy import Connection
from sqlalchemy import Engine

from mltrack_server.store.annotating import Annotations
from mltrack_server.store.blobs import BlobStore
from mltrack_server.store.blobs import folder_beside
from mltrack_server.store.comments import Comments
from mltrack_server.store.dashboards import Dashboards
from mltrack_server.store.database.engine import ReadsUnderWay
from mltrack_server.store.database.engine import checked
from mltrack_server.store.database.engine import is_sqlite
from mltrack_server.store.database.engine import open_engines
from mltrack_server.store.database.engine import translated
from mltrack_server.store.database.engine import where
from mltrack_server.store.files.reading import FileReads
from mltrack_server.store.keys import SeriesNumbers
from mltrack_server.store.media.reading import MediaReads
from mltrack_server.store.models.registry import Models
from mltrack_server.store.moments import MomentReads
from mltrack_server.store.report_links import ReportLinks
from mltrack_server.store.runs import next_rev
from mltrack_server.store.search.contents import Contents
from mltrack_server.store.search.runtables import RunTables
from mltrack_server.store.segs import SegCache
from mltrack_server.store.usage.reading import UsageReads
from mltrack_server.store.walls import Walls


class Connected:
    """A database and a folder of blobs, opened and closed; one writes at a time.

    Args:
        url: SQLAlchemy's, e.g. "sqlite:////home/ada/.mltrack/store/mltrack.sqlite3".
        clock_ns: The server's clock.
        blobs: The folder for blobs; by default that beside the database where it is a file.

    Raises:
        StoreUnusable: There can be no store at *url*.
    """

    def __init__(
        self,
        url: str,
        *,
        clock_ns: Callable[[], int] = time.time_ns,
        blobs: Path | None = None,
    ) -> None:
        self.url = checked(url)
        self.is_shared = not is_sqlite(self.url)  # other servers may write to it too
        self.blobs = BlobStore(blobs or folder_beside(self.url))
        self._clock_ns = clock_ns
        self._write_engine: Engine | None = None
        self._read_engine: Engine | None = None
        self._write_lock = threading.Lock()
        self._fold_lock = threading.Lock()
        self._reads = ReadsUnderWay()
        self._numbers = SeriesNumbers()
        self._segs = SegCache()
        self._tables = RunTables()
        self._contents = Contents()

    @property
    def media(self) -> MediaReads:
        """What answers reads of media. Made when it is asked for: kept, it would keep us."""
        return MediaReads(self._reading, self.blobs)

    @property
    def moments(self) -> MomentReads:
        """What answers what happened to runs. Made when it is asked for, as above."""
        return MomentReads(self._reading, self._segs)

    @property
    def annotations(self) -> Annotations:
        """What writes annotations of runs. Made when it is asked for, as above."""
        return Annotations(self._reading, self._committing, next_rev, self._clock_ns)

    @property
    def usage(self) -> UsageReads:
        """What answers who held which devices. Made when it is asked for, as above."""
        return UsageReads(self._reading, self._segs, self._clock_ns)

    @property
    def files(self) -> FileReads:
        """What answers reads of files. Made when it is asked for, as above."""
        return FileReads(self._reading, self.blobs)

    @property
    def dashboards(self) -> Dashboards:
        """What reads and writes dashboards. Made when it is asked for, as above."""
        return Dashboards(self._reading, self._committing, self._clock_ns)

    @property
    def walls(self) -> Walls:
        """What reads and writes walls. Made when it is asked for, as above."""
        return Walls(self._reading, self._committing, self._clock_ns)

    @property
    def models(self) -> Models:
        """What reads and writes the model registry. Made when it is asked for, as above."""
        return Models(self._reading, self._committing, self._clock_ns, self.blobs)

    @property
    def report_links(self) -> ReportLinks:
        """What makes and opens links of reports. Made when it is asked for, as above."""
        return ReportLinks(self._reading, self._committing, self._clock_ns)

    @property
    def comments(self) -> Comments:
        """What reads and writes comments on reports. Made when it is asked for, as above."""
        return Comments(self._reading, self._committing, self._clock_ns)

    def open(self) -> None:
        """Create or migrate the database and open it.

        Raises:
            StoreUnusable: It is damaged, of a newer mltrack, or may not be opened.
        """
        self._write_engine, self._read_engine = open_engines(self.url)
        for engine in (self._write_engine, self._read_engine):
            weakref.finalize(self, engine.dispose).atexit = False

    def close(self) -> None:
        """Close every connection, once what is being written or read is.

        Reads are waited for a few seconds only: they lose nothing. Does nothing the second time.
        """
        with self._fold_lock, self._write_lock:
            self._reads.wait()
            for engine in (self._write_engine, self._read_engine):
                if engine is not None:
                    engine.dispose()
            self._write_engine = self._read_engine = None

    def __enter__(self) -> Self:
        self.open()
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    @contextmanager
    def _writing(self) -> Iterator[Connection]:
        """Give a connection in a transaction that is committed at the end, or rolled back."""
        assert self._write_engine is not None, "the store is not open"
        with translated(self.url), self._write_engine.begin() as connection:
            yield connection

    @contextmanager
    def _committing(self) -> Iterator[Connection]:
        """Give the same, once nobody else of this process writes."""
        with self._write_lock, self._writing() as connection:
            yield connection

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state of the store."""
        assert self._read_engine is not None, "the store is not open"
        with self._reads, translated(self.url), self._read_engine.begin() as connection:
            yield connection

    def __repr__(self) -> str:
        return f"{type(self).__name__}({where(self.url)!r})"
