"""The store's front: one class that writes batches and answers every read."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy import update

from mltrack_core.records import RunState
from mltrack_core.spool.segment import Batch
from mltrack_server.columns import Points
from mltrack_server.errors import StoreFull
from mltrack_server.extract import Extract
from mltrack_server.resources import Checkpoint
from mltrack_server.resources import CheckpointList
from mltrack_server.resources import ExtractQuery
from mltrack_server.resources import HistogramGrid
from mltrack_server.resources import HistogramPage
from mltrack_server.resources import HistogramSeries
from mltrack_server.resources import MetricNameQuery
from mltrack_server.resources import MetricNames
from mltrack_server.resources import MetricPage
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import Notice
from mltrack_server.resources import ProjectList
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.resources import Run
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import checkpoints
from mltrack_server.store import distribution_records
from mltrack_server.store import folding
from mltrack_server.store import histograms
from mltrack_server.store import metrics
from mltrack_server.store import runs
from mltrack_server.store import schema
from mltrack_server.store.apply import Application
from mltrack_server.store.blobs import StoredFile
from mltrack_server.store.console_reading import Consoles
from mltrack_server.store.database.engine import claim_fold
from mltrack_server.store.database.engine import trim_journal
from mltrack_server.store.database.engine import where
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.store.projects import Projects
from mltrack_server.store.runs import Mark
from mltrack_server.store.search.averaging import Averaging
from mltrack_server.store.series import chart
from mltrack_server.store.series import exact
from mltrack_server.store.series import extracting
from mltrack_server.store.upkeep import copying
from mltrack_server.store.upkeep import keeping
from mltrack_server.store.upkeep.front import Upkeep


@retried
class Store(Averaging, Projects, Upkeep, Consoles):
    """Every run's records.

    Reads are thread-safe and see one state of the store each, written or not while they look.
    Writes wait for each other. Open it before use; as a context manager it opens and closes itself,
    and one that nobody closes lets go of its connections when it is not used any more.

    Args:
        url: SQLAlchemy's, e.g. "sqlite:////home/ada/.mltrack/store/mltrack.sqlite3".
        clock_ns: The server's clock.

    Raises:
        StoreUnusable: There can be no store at *url*.
    """

    # ---- writing ----

    def apply(self, batches: Sequence[Batch]) -> list[int]:
        """Store what is new in *batches*, all in one transaction.

        Their runs are heard of now, or when an `OldBatch` says.

        Returns:
            For each batch the seq that its stream's next record has; everything before it is
            durable. It is lower than the batch begins where records before it are missing: that
            batch is not stored, the others are. Applying a batch again changes nothing.

        Raises:
            StoreFull: No write is possible for now; nothing of this call is stored.
            StoreUnusable: The database is damaged.
        """
        with self._write_lock:
            try:
                with self._writing() as connection:
                    application = Application(connection, self._numbers, self._clock_ns())
                    next_seqs = [application.add(batch) for batch in batches]
                    fresh, rev = {}, 0
                    if application.has_changes:
                        rev = runs.next_rev(connection)
                        fresh = application.flush(rev)
            except BaseException:
                self._numbers.clear()
                raise
            self._numbers.commit(fresh, rev)
            for key, found in application.segs.items():
                self._segs.put(key, found)
            return next_seqs

    def fold(self, run: str) -> int:
        """Move the run's points into compressed chunks; return how many were moved.

        Invisible to readers. Several calls may be needed for a run that has a lot.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        rid = rid_of(run)
        # Planned beside the writer: only a fold takes anything away, and one at a time.
        with self._fold_lock, self._reading() as connection:
            plan = None
            if claim_fold(connection, rid):
                plan = folding.plan(connection, self._segs, rid)
            if plan is None:
                return 0
            with self._write_lock, self._writing() as writing:
                if not plan.is_current(writing):
                    return 0
                plan.carry_out(writing)
        self._segs.drop(plan.segs)
        return plan.points

    def due_to_fold(self) -> list[str]:
        """Return the ids of runs whose points should be folded now."""
        with self._reading() as connection:
            return folding.due(connection, self._clock_ns())

    def trim_journal(self) -> bool:
        """Empty what SQLite keeps beside the database if it has grown large; tell if it did.

        Other writes wait meanwhile, for half a second at most.
        """
        with self._write_lock:
            return self._write_engine is not None and trim_journal(self._write_engine, self.url)

    def retain(self, query: RetentionQuery) -> RetentionPlan:
        """Tell which stored checkpoints stay by *query*, and let go of the others if it says so.

        Raises:
            ValueError: It holds no rule, and names none that are to go.
            StoreFull: No write is possible for now; nothing has changed.
        """
        with self._reading() as connection:
            decided = keeping.plan(connection, query, self.blobs)
        if not query.apply:
            return decided
        if any(not item.kept_by for item in decided.items):
            with self._write_lock, self._writing() as connection:
                keeping.let_go(connection, decided, runs.next_rev(connection), self._clock_ns())
        with self._reading() as connection:
            staying = keeping.named(connection)
        swept = self.blobs.sweep(staying.__contains__)
        return msgspec.structs.replace(
            decided, bytes_freed=swept.freed, bytes_later=swept.waiting, is_applied=True
        )

    def copy_into(
        self, target: Store, progress: Callable[[copying.Copied], None]
    ) -> copying.CopiedBlobs:
        """Copy everything that is in this store into the empty store *target*, and check it.

        All rows are there when it returns, or none.

        Args:
            target: Open; nobody else may write to it.
            progress: Told after each table.

        Raises:
            StoreFull: The target has no room, or no folder for blobs.
            StoreUnusable: There are runs in the target, or it gives back something else.
        """
        with self._reading() as source, target._write_lock, target._writing() as written:
            copied = copying.copy_blobs(self.blobs, target.blobs, keeping.named(source))
            copying.copy_tables(source, written, progress, where(target.url))
        return copied

    def is_writable(self) -> bool:
        """Tell whether the store takes writes at this moment."""
        try:
            with self._write_lock, self._writing() as connection:
                connection.execute(update(schema.revision).values(rev=schema.revision.c.rev))
        except StoreFull:
            return False
        return True

    # ---- reading ----

    def rev(self) -> int:
        """Return the store's revision; it grows with every change of a run."""
        with self._reading() as connection:
            return runs.rev(connection)

    def next_seq(self, run: str, stream: str) -> int:
        """Return how many records of a stream are stored; 0 for one never heard of."""
        return self.marks(run).get(stream, Mark(0, False)).next_seq

    def marks(self, run: str) -> dict[str, Mark]:
        """Return for each stream of a run how far it is stored."""
        with self._reading() as connection:
            return runs.marks(connection, rid_of(run))

    def projects(self) -> ProjectList:
        """Return all projects, the one heard of last first."""
        with self._reading() as connection:
            return runs.projects(connection, self._clock_ns())

    def run(self, run: str) -> Run | None:
        """Return everything about a run but its points and its console."""
        with self._reading() as connection:
            return runs.one(connection, rid_of(run), self._clock_ns())

    def metrics(self, run: str, query: MetricQuery) -> MetricPage | None:
        """Return a page of a run's metrics; None if there is no such run."""
        rid = rid_of(run)
        with self._reading() as connection:
            if runs.state(connection, rid, self._clock_ns()) is None:
                return None
            return metrics.page(connection, rid, query)

    def metric_names(self, run: str, query: MetricNameQuery) -> MetricNames | None:
        """Return the names of a run's metrics; None if there is no such run."""
        rid = rid_of(run)
        with self._reading() as connection:
            if runs.state(connection, rid, self._clock_ns()) is None:
                return None
            return metrics.names(connection, rid, limit=query.limit, search=query.search)

    def state(self, run: str) -> RunState | None:
        """Return the state of a run; None if there is no such run."""
        with self._reading() as connection:
            return runs.state(connection, rid_of(run), self._clock_ns())

    def highest_step(self, run: str) -> int | None:
        """Return the highest step of any metric of a run."""
        with self._reading() as connection:
            return connection.execute(
                select(schema.run.c.last_step).where(schema.run.c.rid == rid_of(run))
            ).scalar()

    def checkpoints(self, run: str) -> CheckpointList | None:
        """Return all checkpoints of a run; None if there is no such run."""
        with self._reading() as connection:
            if not runs.marks(connection, rid_of(run)):
                return None
            found = checkpoints.find(connection, rid_of(run))
            rev = runs.rev(connection)
        return CheckpointList(checkpoints=checkpoints.summaries(found, self.blobs), rev=rev)

    def checkpoint(self, run: str, checkpoint: str) -> Checkpoint | None:
        """Return everything about a checkpoint but its bytes; None if there is none such."""
        with self._reading() as connection:
            found = checkpoints.find(connection, rid_of(run))
        return checkpoints.details(found, checkpoint, self.blobs)

    def stored_file(self, run: str, checkpoint: str, name: str) -> StoredFile | None:
        """Return a file of a checkpoint, to be read; None if it is not stored.

        Raises:
            BlobMissing: It was stored, and one of its blobs has gone.
        """
        with self._reading() as connection:
            found = checkpoints.find(connection, rid_of(run))
        return checkpoints.file(found, checkpoint, name, self.blobs)

    def history(self) -> str:
        """Return which history the revision counts in; another one once a backup was restored."""
        with self._reading() as connection:
            return runs.history(connection)

    def changes(self, cursor: int, history: str | None = None, limit: int = 500) -> Notice:
        """Return which runs have changed since revision *cursor* of *history*; None: of this one.

        Where that is more than *limit*, or it is another history: no runs, and reset.
        """
        with self._reading() as connection:
            return runs.changes(connection, self._clock_ns(), cursor, history, limit)

    def points(
        self,
        run: str,
        name: str,
        *,
        start: int | None = None,
        end: int | None = None,
        skip: int = 0,
        limit: int | None = None,
    ) -> Points | None:
        """Return the exact points of one series; None if there is no such series.

        They are ordered by step, those of a device series by time; *start* and *end* count in that.

        Args:
            run: Its id.
            name: A metric, else a device series, else an axis.
            start: Lowest step wanted, or time in ns.
            end: Highest step wanted, or time in ns.
            skip: How many of the first points to leave out.
            limit: How many points at most. What lies far behind them is not read.
        """
        with self._reading() as connection:
            return exact.read(
                connection,
                self._segs,
                rid_of(run),
                name,
                start=start,
                end=end,
                skip=skip,
                limit=limit,
            )

    def extract(self, query: ExtractQuery) -> Extract:
        """Return the points of many series, or a few rows of each; runs unknown are left out."""
        with self._reading() as connection:
            return extracting.extract(connection, self._segs, query)

    def series(self, query: SeriesQuery) -> bytes:
        """Return the binary answer to *query*, see drawing.py; runs unknown here are left out."""
        with self._reading() as connection:
            return chart.draw(connection, self._segs, query)

    def histogram_grid(
        self,
        run: str,
        prefix: str = "",
        *,
        start: int | None = None,
        end: int | None = None,
        columns: int = 100,
    ) -> HistogramGrid | None:
        """Return what a run's histograms amount to, names by steps; None if there is no such run.

        Args:
            run: Its id.
            prefix: Of the names wanted.
            start: Lowest step wanted.
            end: Highest step wanted.
            columns: At most; neighbouring steps are added up.
        """
        selection = histograms.Selection(rid_of(run), start, end, columns)
        with self._reading() as connection:
            if runs.state(connection, selection.rid, self._clock_ns()) is None:
                return None
            return histograms.grid(connection, selection, prefix)

    def histogram_records(self, run: str, cursor: str | None = None) -> HistogramPage | None:
        """Return a run's histograms as they were logged, a page; None if there is no such run.

        Raises:
            ValueError: *cursor* is none that an earlier page gave.
        """
        rid = rid_of(run)
        with self._reading() as connection:
            if runs.state(connection, rid, self._clock_ns()) is None:
                return None
            return distribution_records.page(connection, rid, cursor)

    def histogram(
        self,
        run: str,
        name: str,
        *,
        start: int | None = None,
        end: int | None = None,
        columns: int = 50,
    ) -> HistogramSeries | None:
        """Return one histogram of a run, steps as in `histogram_grid`; None if there is none."""
        selection = histograms.Selection(rid_of(run), start, end, columns)
        with self._reading() as connection:
            return histograms.one(connection, selection, name)
