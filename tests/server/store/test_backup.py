"""Backups: consistent while the store is written, whole or not there, restored bit by bit."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltrack_core import records
from mltrack_core import wire
from mltrack_core.agent.shipping import Shipper
from mltrack_core.blobs import digest_of
from mltrack_core.spool import destination
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.clock import FakeClock
from mltrack_server.errors import BackupUnusable
from mltrack_server.lock import store_url
from mltrack_server.resources import Model
from mltrack_server.resources import ModelQuery
from mltrack_server.store import Store
from mltrack_server.store.upkeep import backup
from mltrack_server.testing import serve
from mltrack_server.testing import started

CHILD = """
import sys
from pathlib import Path
from mltrack_server.store.upkeep import backup
print("begun", flush=True)
backup.make(sys.argv[1], Path(sys.argv[2]), copy=True, progress=lambda text: None)
"""


def quiet(_text: str) -> None:
    """Say nothing."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Give a folder whose store is made by `open_store`."""
    return tmp_path / "home"


def open_store(home: Path) -> Store:
    """Return the store of a folder."""
    (home / "store").mkdir(parents=True, exist_ok=True)
    return Store(store_url(home))


def model(store: Store) -> Model | None:
    """Return everything about the only model."""
    (summary,) = store.models.listed(ModelQuery()).models
    return store.models.one(summary.id)


def keep(store: Store, log: Any, data: bytes) -> str:
    """Store a checkpoint of one blob."""
    digest, uid = digest_of(data), os.urandom(16).hex()
    assert store.blobs.put(digest, data)
    file = records.ArtifactFile("model.pt", len(data), digest, [digest])
    log.add(records.Artifact(1, uid, [file]))
    return digest


def test_a_store_comes_back_as_it_was(
    home: Path, tmp_path: Path, make_log: Callable[..., Any], write_about: Callable[..., None]
) -> None:
    """Points, checkpoints and what was acknowledged are the same; what came later is not there."""
    log = make_log()
    with open_store(home) as store:
        digest = keep(store, log, b"weights" * 1000)
        log.scalars(range(100), loss=0.5)
        log.add(records.Checkpoint(1, "d" * 32, "/runs/1.pt", 99, [], []))
        store.apply([log.batch()])
        write_about(store, log.run, "d" * 32)
        made = backup.make(store.url, tmp_path / "backup", progress=quiet)
        before = store.run(log.run), model(store)
        log.scalars(range(100, 110), loss=0.5)
        store.apply([log.batch(103)])
        write_about(store, log.run)

    backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)

    assert made.missing == []
    assert list(made.blobs) == [digest]
    with open_store(tmp_path / "again") as store:
        assert (store.run(log.run), model(store)) == before
        points = store.points(log.run, "loss")
        assert points is not None
        assert len(points) == 100
        assert store.next_seq(log.run, log.stream) == 103
        assert store.blobs.size(digest) == 7000


def test_who_has_seen_more_than_a_restored_store_begins_anew(
    home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """A cursor from before means nothing after it, also once as many revisions have passed."""
    log = make_log().scalars(range(3), loss=0.5)
    with open_store(home) as store:
        store.apply([log.batch(0, 1)])
        backup.make(store.url, tmp_path / "backup", progress=quiet)
        store.apply([log.batch(1, 2)])
        seen = store.changes(0)
        assert not seen.reset
    backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)

    with open_store(tmp_path / "again") as store:
        for _ in range(2):
            store.apply([make_log().batch()])

        assert store.changes(seen.cursor, seen.history).reset
        news = store.changes(store.rev(), store.history())
        assert not news.reset
        assert news.history == store.history() != seen.history


def test_a_restore_that_was_killed_is_repeated(
    home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """What it left behind, the database's own files beside it too, is no store and no obstacle."""
    log = make_log()
    with open_store(home) as store:
        store.apply([log.batch()])
        backup.make(store.url, tmp_path / "backup", progress=quiet)
    left = tmp_path / "again" / "store"
    left.mkdir(parents=True)
    for ending in (".part", ".part-journal"):
        (left / f"mltrack.sqlite3{ending}").write_bytes(b"half of it")

    backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)

    assert not list(left.glob("*.part*"))
    with open_store(tmp_path / "again") as store:
        assert store.run(log.run) is not None


def test_a_backup_is_one_moment_of_a_store_that_is_written(
    home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """Two series of every record are equally long in it, and the store was never kept waiting."""
    log = make_log()
    stop = threading.Event()
    with open_store(home) as store:
        store.apply([log.batch()])

        def write() -> None:
            step = 0
            while not stop.is_set():
                log.scalars(range(step, step + 50), a=1.0, b=2.0)
                step += 50
                store.apply([log.batch(step - 49, step + 1)])

        writer = threading.Thread(target=write)
        writer.start()
        try:
            while store.next_seq(log.run, log.stream) < 1000:
                time.sleep(0.01)
            backup.make(store.url, tmp_path / "backup", progress=quiet)
        finally:
            stop.set()
            writer.join()

    backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)
    with open_store(tmp_path / "again") as store:
        stored = store.next_seq(log.run, log.stream) - 1
        assert stored >= 999
        for name in ("a", "b"):
            points = store.points(log.run, name)
            assert points is not None
            assert points.step.tolist() == list(range(stored))


def test_again_copies_only_what_is_new(
    home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """Blobs that a backup has stay the same files; one that nothing names any more goes."""
    log = make_log()
    with open_store(home) as store:
        first = keep(store, log, b"first")
        stray = digest_of(b"stray")
        store.blobs.put(stray, b"stray")
        store.apply([log.batch()])
        backup.make(store.url, tmp_path / "backup", copy=True, progress=quiet)
        path = tmp_path / "backup" / "blobs" / first[:2] / first
        inode = path.stat().st_ino
        second = keep(store, log, b"second")
        store.apply([log.batch(2)])

        made = backup.make(store.url, tmp_path / "backup", copy=True, progress=quiet)

    assert sorted(made.blobs) == sorted([first, second])
    assert path.stat().st_ino == inode
    assert not (tmp_path / "backup" / "blobs" / stray[:2] / stray).exists()
    assert len(list((tmp_path / "backup").glob("store-*"))) == 1


@pytest.mark.parametrize("part", ["database", "blob", "manifest"])
def test_a_damaged_backup_is_not_restored(
    part: str, home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """One changed byte is found, named, and no store is left behind."""
    log = make_log()
    with open_store(home) as store:
        digest = keep(store, log, b"weights")
        store.apply([log.batch()])
        made = backup.make(store.url, tmp_path / "backup", copy=True, progress=quiet)
    places = {
        "database": tmp_path / "backup" / made.database,
        "blob": tmp_path / "backup" / "blobs" / digest[:2] / digest,
        "manifest": tmp_path / "backup" / backup.MANIFEST,
    }
    body = bytearray(places[part].read_bytes())
    body[len(body) // 2] ^= 0x80
    places[part].write_bytes(body)

    with pytest.raises(BackupUnusable, match=places[part].name):
        backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)

    assert not (tmp_path / "again" / "store" / "mltrack.sqlite3").exists()


def test_nothing_is_written_over(home: Path, tmp_path: Path, make_log: Callable[..., Any]) -> None:
    """Neither a store by a restore, nor somebody's folder by a backup."""
    with open_store(home) as store:
        store.apply([make_log().batch()])
        backup.make(store.url, tmp_path / "backup", progress=quiet)
        (tmp_path / "photos").mkdir()
        (tmp_path / "photos" / "cat.jpg").write_text("")

        with pytest.raises(BackupUnusable, match="something else"):
            backup.make(store.url, tmp_path / "photos", progress=quiet)
    with pytest.raises(BackupUnusable, match="there is a store already"):
        backup.restore(tmp_path / "backup", home, progress=quiet)
    with pytest.raises(BackupUnusable, match="no backup"):
        backup.restore(tmp_path / "photos", tmp_path / "again", progress=quiet)


@pytest.mark.slow
def test_killed_at_any_instant_the_last_whole_backup_stays(
    home: Path, tmp_path: Path, make_log: Callable[..., Any]
) -> None:
    """After each kill the folder restores to a state that was, and the next backup is whole."""
    randomness = random.Random(3)
    log = make_log()
    with open_store(home) as store:
        for number in range(20):
            keep(store, log, bytes([number]) * 100_000)
        store.apply([log.batch()])
        backup.make(store.url, tmp_path / "backup", copy=True, progress=quiet)
        for turn in range(6):
            for number in range(5):
                keep(store, log, bytes([turn, number]) * 50_001)
            store.apply([log.batch(len(log.frames) - 5)])
            command = [sys.executable, "-c", CHILD, store.url, str(tmp_path / "backup")]
            with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
                assert child.stdout is not None
                assert child.stdout.readline() == b"begun\n"
                time.sleep(randomness.random() * 0.15)
                child.kill()

            backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)
            with open_store(tmp_path / "again") as again:
                held = again.next_seq(log.run, log.stream)
                assert held <= len(log.frames)
                assert (held - 21) % 5 == 0
                found = backup.read(tmp_path / "backup")
                assert len(found.blobs) == held - 1
            shutil.rmtree(tmp_path / "again")
        made = backup.make(store.url, tmp_path / "backup", copy=True, progress=quiet)
    assert len(made.blobs) == len(log.frames) - 1


def test_agents_refill_a_store_that_was_restored(tmp_path: Path) -> None:
    """What was delivered after the backup is delivered again: nothing lost, nothing doubled."""
    run, spool = "e" * 32, tmp_path / "trainer"
    writer = SpoolWriter(spool, run)
    shipper = Shipper(spool, FakeClock())

    def log(steps: range) -> None:
        for step in steps:
            assert writer.append(*wire.encode(records.Scalars(step, step, {"loss": float(step)})))

    def deliver() -> None:
        while shipper.ship([run]):
            pass
        assert not shipper.backlog, shipper.last_failure

    assert writer.append(*wire.encode(started()))
    log(range(50))
    with serve(tmp_path / "server") as server:
        destination.write(spool, run, Destination(server.address, ""))
        deliver()
        backup.make(store_url(tmp_path / "server"), tmp_path / "backup", progress=quiet)
        log(range(50, 80))
        deliver()
    shipper.close()
    backup.restore(tmp_path / "backup", tmp_path / "again", progress=quiet)
    with serve(tmp_path / "again") as server:
        destination.write(spool, run, Destination(server.address, ""))
        shipper = Shipper(spool, FakeClock())
        before = server.get(f"/api/v1/runs/{run}/history?name=loss").json()
        deliver()
        after = server.get(f"/api/v1/runs/{run}/history?name=loss").json()
    shipper.close()
    writer.close()
    assert before["step"] == list(range(50))
    assert after["step"] == list(range(80))
