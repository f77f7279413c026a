"""Deleting: out of sight at once, back until 30 days later, then gone for good, nothing else."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

import mltrack
from mltrack import _cli
from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_server.lock import store_url
from mltrack_server.resources import AnnotationPlace
from mltrack_server.resources import NewAnnotations
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.upkeep.deleting import RunPurged
from mltrack_server.testing import Agent
from mltrack_server.testing import serve
from mltrack_server.testing import started
from mltrack_server.testing import wait_until

DAY_NS = 86_400 * 10**9
CHILD = """
import sys, time
from mltrack_server.store import Store
from mltrack_server.store.upkeep import deleting
deleting._ROWS_AT_ONCE = 3
url, run, days = sys.argv[1:]
with Store(url, clock_ns=lambda: time.time_ns() + int(days) * 86_400 * 10**9) as store:
    print("begun", flush=True)
    store.purge(run)
    print("ended", flush=True)
"""


def listed(store: Store, **choice: Any) -> list[str]:
    """Return the ids of the runs that lists show."""
    return [run.id for run in store.runs(**choice).runs]


def fill(store: Store, log: Any) -> str:
    """Give a run points, folded and not, an annotation and a checkpoint; return its blob."""
    data = os.urandom(1000)
    digest = digest_of(data)
    assert store.blobs.put(digest, data)
    file = records.ArtifactFile("model.pt", len(data), digest, [digest])
    log.add(records.Artifact(1, os.urandom(16).hex(), [file]))
    log.add(records.Note(1, "private"), records.Params(1, "", {"lr": 0.1}))
    log.scalars(range(50), loss=0.5)
    store.apply([log.batch()])
    place = AnnotationPlace(run=log.run, step=3)
    store.annotations.create(NewAnnotations(places=[place], text="private"))
    store.fold(log.run)
    log.scalars(range(50, 60), loss=0.5)
    store.apply([log.batch(54)])
    return digest


def test_a_deleted_run_is_out_of_lists_and_comes_back_whole(
    store: Store, make_log: Callable[..., Any]
) -> None:
    """Lists, queries and projects leave it out; by its id it is read; restored, it is as before."""
    log, other = make_log(), make_log(project="other")
    fill(store, log)
    store.apply([other.batch()])
    before = store.run(log.run)
    assert before is not None
    queried = listed(store, q="metrics.loss > 0")
    assert queried == [log.run]

    deletion = store.delete(log.run)
    again = store.delete(log.run)

    assert deletion is not None
    assert deletion == again
    assert deletion.purge_ns - deletion.deleted_ns == 30 * DAY_NS
    assert listed(store) == [other.run]
    assert listed(store, q="metrics.loss > 0") == []
    assert listed(store, project="mnist") == []
    assert [project.name for project in store.projects().projects] == ["other"]
    assert store.points(log.run, "loss") is not None
    assert [each.id for each in store.deletions().deletions] == [log.run]

    assert store.undelete(log.run)
    assert not store.undelete(log.run)
    after = store.run(log.run)
    assert after is not None
    assert set(listed(store)) == {log.run, other.run}
    assert listed(store, q="metrics.loss > 0") == [log.run]
    assert after.summary.metrics == before.summary.metrics


def test_late_records_of_a_deleted_run_are_kept(
    store: Store, clock: Any, make_log: Callable[..., Any]
) -> None:
    """They are stored as always, the run stays deleted, and its 30 days begin anew."""
    log = make_log()
    fill(store, log)
    store.delete(log.run)
    clock.now_ns += 29 * DAY_NS
    log.scalars(range(60, 70), loss=0.5)
    store.apply([log.batch(64)])
    clock.now_ns += 2 * DAY_NS

    assert store.due_to_purge() == []
    assert listed(store) == []
    store.purge(log.run)  # not due: nothing happens
    points = store.points(log.run, "loss")
    assert points is not None
    assert len(points) == 70
    assert store.undelete(log.run)
    assert listed(store) == [log.run]


def test_after_thirty_days_it_is_gone_for_good(
    store: Store, clock: Any, make_log: Callable[..., Any]
) -> None:
    """No row and no blob is left, but what keeps it from coming back; its neighbour has all."""
    log, other = make_log(), make_log()
    blob, kept = fill(store, log), fill(store, other)
    for digest in (blob, kept):  # not asked for within the hour
        os.utime(store.blobs.folder / digest[:2] / digest, (0, 0))  # type: ignore[operator]
    store.delete(log.run)
    clock.now_ns += 31 * DAY_NS
    before = store.run(other.run)

    assert store.due_to_purge() == [log.run]
    store.purge(log.run)
    store.sweep()

    assert store.due_to_purge() == []
    assert (store.blobs.has(blob), store.blobs.has(kept)) == (False, True)
    assert store.run(other.run) == before
    rid = schema.metadata.tables["run"].c.rid
    with store._reading() as connection:
        mine = connection.execute(select(rid).where(schema.run.c.uid == log.run)).scalar_one()
        for table in schema.metadata.sorted_tables:
            if "rid" in table.columns and table.name not in ("run", "stream"):
                found = connection.execute(select(table).where(table.c.rid == mine)).all()
                assert found == [], table.name
    with pytest.raises(RunPurged):
        store.undelete(log.run)

    # A spool that still holds it does not bring it back; what is new is kept all the same.
    assert store.apply([log.batch()]) == [64]
    log.scalars(range(60, 65), loss=0.5, accuracy=1.0)
    store.apply([log.batch(64)])
    points = store.points(log.run, "loss")
    assert points is not None
    assert points.step.tolist() == [60, 61, 62, 63, 64]
    (deletion,) = store.deletions().deletions
    assert deletion.records == 5
    assert store.undelete(log.run)
    assert log.run in listed(store)


@pytest.mark.slow
def test_killed_at_any_instant_a_purge_goes_on(
    tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """Each kill leaves a store that opens; in the end the run is gone and the other whole."""
    randomness = random.Random(4)
    url = f"sqlite:///{tmp_path}/store.sqlite3"
    log, other = make_log(), make_log()
    with Store(url) as store:
        for each in (log, other):
            fill(store, each)
            each.add(*(records.Note(n, f"note {n}") for n in range(300)))
            store.apply([each.batch(64)])
        store.delete(log.run)
        before = store.run(other.run)
    for _ in range(6):
        command = [sys.executable, "-c", CHILD, url, log.run, "31"]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            time.sleep(randomness.random() * 0.1)
            child.kill()
        with Store(url) as store:
            assert list(store.check(read_data=True)) == [] or store.due_to_purge() == []
            assert store.run(other.run) == before
    subprocess.run([sys.executable, "-c", CHILD, url, log.run, "31"], check=True)
    with Store(url, clock_ns=lambda: time.time_ns() + 31 * DAY_NS) as store:
        assert store.due_to_purge() == []
        assert store.points(log.run, "loss") is None
        assert list(store.check(read_data=True)) == []


@pytest.mark.parametrize("place", ["folder", "server"])
def test_the_command_deletes_and_restores(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the end of an id, in a folder or on a server; a typo deletes nothing."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    agent = Agent()
    with serve(tmp_path) as server:
        batch = agent.batch(0, started(name="fox"))
        assert server.post(agent.path, data=batch.pack()).status_code == 200
        where = server.address if place == "server" else str(tmp_path)

        def run(*arguments: str) -> int:
            return _cli.main(["delete", *arguments, "--from", where])

        assert run("fox", "nobody") == 1
        assert len(mltrack.open(where).runs()) == 1
        assert run(agent.run[-6:]) == 0
        assert len(mltrack.open(where).runs()) == 0
        assert server.get(f"/api/v1/runs/{agent.run}").status_code == 200
        assert run("--list") == 0
        assert "fox" in capsys.readouterr().out
        assert run("--undo", "fox") == 0
        assert len(mltrack.open(where).runs()) == 1
        assert run("--undo", "fox") == 1
        assert run() == 2
        assert server.ask("DELETE", f"/api/v1/runs/{'0' * 32}").status_code == 404


def test_a_server_removes_what_is_due_by_itself(tmp_path: Path) -> None:
    """Housekeeping looks when the server starts."""
    agent = Agent()
    with serve(tmp_path) as server:
        batch = agent.batch(0, started(name="fox"), records.Note(1, "private"))
        assert server.post(agent.path, data=batch.pack()).status_code == 200
    with Store(store_url(tmp_path)) as store:
        store.delete(agent.run)
        with store._writing() as connection:
            long_ago = time.time_ns() - 31 * DAY_NS
            connection.execute(schema.run.update().values(deleted_ns=long_ago, heard_ns=long_ago))
    with serve(tmp_path) as server:

        def deletion() -> Any:
            return server.get("/api/v1/deletions").json()["deletions"][0]

        wait_until(lambda: deletion()["purged_ns"] is not None, "the purge")
        wait_until(lambda: deletion()["records"] == 0, "its end")
        answer = server.post(f"/api/v1/runs/{agent.run}/restore")
    assert answer.status_code == 410
