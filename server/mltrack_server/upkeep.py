"""Upkeep that a person asks for: of the server that uses the store, or where none does."""

from __future__ import annotations

from mltrack_server.resources import Compacted
from mltrack_server.resources import Damage
from mltrack_server.resources import Repaired
from mltrack_server.store import Store
from mltrack_server.store.database.engine import where
from mltrack_server.store.upkeep.checking import Finding


def compact(store: Store) -> Compacted:
    """Make a store smaller; it may be killed and goes on later.

    Raises:
        StoreFull: There is no room to write the database anew.
    """
    before = store.database_bytes()
    for run in store.due_to_fold():
        while store.fold(run):
            pass
    for run in store.due_to_thin():
        store.thin(run)
    swept = store.compact()
    return Compacted(
        path=where(store.url),
        bytes_before=before,
        bytes_now=store.database_bytes(),
        blob_bytes_freed=swept.freed,
        blob_bytes_later=swept.waiting,
    )


def repair(store: Store, *, read_data: bool) -> Repaired:
    """Put aside what is damaged in a store, and look again.

    Raises:
        StoreFull: No write is possible for now; nothing has changed.
        StoreUnusable: It is so damaged that the database gives up, or has no folder of blobs.
    """
    found, place = store.mend(read_data=read_data)
    left = found
    if place is not None:
        # The steps and times of a chunk that was put aside may be nobody's now: they follow it.
        store.mend(read_data=read_data)
        left = list(store.check(read_data=read_data))
    return Repaired(
        found=[damage_of(finding) for finding in found],
        put_aside=str(place or ""),
        left=sum(not finding.is_due for finding in left),
    )


def damage_of(finding: Finding) -> Damage:
    """Return a finding as it is told to people."""
    return Damage(
        where=finding.where, what=finding.what, advice=finding.advice, is_due=finding.is_due
    )
