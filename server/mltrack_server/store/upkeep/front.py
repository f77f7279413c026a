"""Upkeep: what keeps a store small and sound, beside what is written and read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mltrack_core.blobs import Swept
from mltrack_server.errors import StoreUnusable
from mltrack_server.resources import Deletion
from mltrack_server.resources import DeletionList
from mltrack_server.resources import SizeList
from mltrack_server.store import folding
from mltrack_server.store import runs
from mltrack_server.store.connected import Connected
from mltrack_server.store.database.engine import claim_fold
from mltrack_server.store.database.engine import hold_fold
from mltrack_server.store.database.engine import translated
from mltrack_server.store.database.engine import where
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.store.upkeep import checking
from mltrack_server.store.upkeep import compacting
from mltrack_server.store.upkeep import deleting
from mltrack_server.store.upkeep import keeping
from mltrack_server.store.upkeep import mending
from mltrack_server.store.upkeep import sizing
from mltrack_server.store.upkeep.checking import Finding


@retried
class Upkeep(Connected):
    """Deletes and restores runs, removes what is due, checks a store, and mends it."""

    def delete(self, run: str) -> Deletion | None:
        """Mark a run as deleted; None if there is no such run. Again it changes nothing.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
        """
        rid = rid_of(run)
        with self._write_lock, self._writing() as connection:
            if not runs.marks(connection, rid):
                return None
            deleting.mark(connection, rid, self._clock_ns(), runs.next_rev(connection))
            return deleting.one(connection, rid)

    def undelete(self, run: str) -> bool:
        """Restore a deleted run; False if there is none such.

        Raises:
            RunPurged: Its records are gone for good.
            StoreFull: No write is possible for now; nothing has changed.
        """
        rid = rid_of(run)
        with self._write_lock, self._writing() as connection:
            if deleting.one(connection, rid) is None:
                return False
            deleting.unmark(connection, rid, runs.next_rev(connection))
            return True

    def deletions(self) -> DeletionList:
        """Return all deleted runs, the one deleted last first."""
        with self._reading() as connection:
            return DeletionList(deletions=deleting.listed(connection))

    def due_to_purge(self) -> list[str]:
        """Return the ids of deleted runs whose records are to be removed now."""
        with self._reading() as connection:
            return deleting.due(connection, self._clock_ns())

    def purge(self, run: str) -> None:
        """Remove the records of a deleted run that is due; may be killed and goes on later.

        In small transactions, so that writers wait for none of them long.

        Raises:
            StoreFull: No write is possible for now; what is removed already stays so.
        """
        rid, is_more = rid_of(run), True
        with self._fold_lock:  # a fold would put back what it has read before
            while is_more:
                with self._write_lock:
                    with self._writing() as connection:
                        rev = runs.next_rev(connection)
                        is_more = deleting.purge_some(connection, rid, self._clock_ns(), rev)
                    self._numbers.clear()

    def sweep(self) -> Swept:
        """Delete blobs that nothing names, but for those asked for within the hour.

        Raises:
            StoreFull: The folder cannot be written.
        """
        with self._reading() as connection:
            staying = keeping.named(connection)
        return self.blobs.sweep(staying.__contains__)

    def sizes(self) -> SizeList:
        """Return what each project takes, the largest first."""
        with self._reading() as connection:
            return sizing.measure(connection, self.blobs)

    def compact(self) -> Swept:
        """Give back what is not needed; may be killed and goes on later.

        Others go on reading and writing; while a database that is a file is written anew at the
        end, writes wait.

        Raises:
            StoreFull: There is no room to write the database anew.
        """
        for run in self.due_to_purge():
            self.purge(run)
        with self._reading() as connection:
            runs_over = compacting.ended(connection)
        for run in runs_over:
            self._merge(rid_of(run))
        swept = self.sweep()
        if self.is_shared:
            with translated(self.url):
                compacting.vacuum_tables(self.url)
        else:
            with self._fold_lock, self._write_lock, translated(self.url):
                compacting.vacuum(self.url)
        return swept

    def _merge(self, rid: int) -> None:
        """Put small chunks of a run together."""
        with self._fold_lock, self._reading() as claiming:
            # Another server folds it at this moment, and leaves none.
            if not claim_fold(claiming, rid):
                return
            with self._reading() as connection:  # begun later: it sees what the last fold has left
                plan = folding.merge(connection, rid)
            if plan is not None:
                with self._write_lock, self._writing() as connection:
                    plan.carry_out(connection)

    def database_bytes(self) -> int:
        """Return what the database takes on its disk."""
        with self._reading() as connection:
            return sizing.database_bytes(connection)

    def check(self, *, read_data: bool = False) -> Iterator[Finding]:
        """Yield what is wrong with the store; with *read_data* every byte of it is read.

        Raises:
            StoreUnusable: It is so damaged that the database gives up.
        """
        with self._reading() as connection:
            yield from checking.check(connection, self.blobs, self._clock_ns(), read_data=read_data)

    def mend(self, *, read_data: bool = False) -> tuple[list[Finding], Path | None]:
        """Check the store, and put aside what is damaged; return what was found, and the folder.

        Others go on reading and writing meanwhile. Only where there is something to put aside do
        writes wait: what it is by then is looked for anew, in the one transaction that changes it.

        Raises:
            StoreFull: No write is possible for now; nothing has changed.
            StoreUnusable: It is so damaged that the database gives up, or has no folder of blobs.
        """
        blobs = self.blobs.folder
        if blobs is None:
            raise StoreUnusable(
                where(self.url), "what is damaged is put beside the folder of blobs: name that too"
            )
        findings = list(self.check(read_data=read_data))
        if not any(finding.is_mendable for finding in findings):
            return findings, None
        with self._fold_lock, self._write_lock:
            with self._writing() as connection:
                found = checking.check(
                    connection, self.blobs, self._clock_ns(), read_data=read_data
                )
                findings = list(found)
                for rid in sorted({each.key["rid"] for each in findings if each.table}):
                    hold_fold(connection, rid)
                place = mending.put_aside(connection, findings, blobs, runs.next_rev(connection))
            self._numbers.clear()
            self._segs.clear()
        return findings, place
