"""Two transactions that got in each other's way: one is thrown out, and done again."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import create_engine
from sqlalchemy import delete
from sqlalchemy import event
from sqlalchemy import select
from sqlalchemy import text

from mltrack_server.errors import StoreContended
from mltrack_server.resources import RunEdit
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.database.engine import claim_fold
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.testing import Agent
from mltrack_server.testing import started
from mltrack_server.testing import wait_until


def test_what_a_deadlock_threw_out_is_done_again(database: str) -> None:
    """Somebody holds the run's row and wants the revision's, an edit the other way round."""
    agent = Agent()
    thrown_out: list[object] = []
    with Store(database) as store, ThreadPoolExecutor() as thread:
        store.apply([agent.batch(0, started())])
        event.listen(store._write_engine, "rollback", thrown_out.append)
        somebody = create_engine(database)
        with somebody.begin() as theirs, somebody.connect() as looking:
            # Whoever has waited longer than this looks for a deadlock, and is the one to go.
            theirs.execute(text("SET LOCAL deadlock_timeout = '1min'"))
            theirs.execute(select(schema.run).with_for_update())

            edited = thread.submit(store.edit, agent.run, RunEdit(name="later"))

            waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
            wait_until(lambda: looking.execute(waiting).scalar(), "for the row of the run")
            theirs.execute(select(schema.revision).with_for_update())
        summary = edited.result()
        somebody.dispose()

    assert summary is not None
    assert summary.name == "later"
    assert len(thrown_out) == 1


def test_a_repair_waits_for_a_fold_of_another_server(database: str, tmp_path: Path) -> None:
    """The fold was planned with chunks that the repair numbers anew."""
    agent = Agent()
    with Store(database, blobs=tmp_path / "blobs") as store, ThreadPoolExecutor() as thread:
        store.apply([agent.batch(0, started()), agent.losses(1, 100)])
        while store.fold(agent.run):
            pass
        with store._writing() as connection:
            connection.execute(delete(schema.axis))
        somebody = create_engine(database)
        with somebody.begin() as folding, somebody.connect() as looking:
            assert claim_fold(folding, rid_of(agent.run))

            mended = thread.submit(store.mend, read_data=True)

            waiting = text(
                "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
            )
            wait_until(lambda: looking.execute(waiting).scalar(), "for the fold")
            assert not mended.done()
        findings, place = mended.result()
        somebody.dispose()

    assert findings
    assert place is not None


def test_who_is_thrown_out_again_and_again_says_so() -> None:
    """After some tries: whoever asked tries later, as where the store takes no writes."""
    tries: list[int] = []

    @retried
    class Front:
        def write(self) -> None:
            tries.append(1)
            raise StoreContended("here", "another server was writing the same rows")

    with pytest.raises(StoreContended, match="Nothing is lost"):
        Front().write()
    assert 2 < len(tries) < 10
