"""`mltrack compact` and `mltrack du`: smaller, and nothing read differently."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy import select

from mltrack import _cli
from mltrack_core import records
from mltrack_core.blobs import digest_of
from mltrack_server.lock import store_url
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.testing import serve

CHILD = """
import sys
from mltrack_server.store import Store
from mltrack_server.store import tier
tier.SHAPE = tier.Shape(bucket=2, fan=4, row=8)
with Store(sys.argv[1]) as store:
    print("begun", flush=True)
    store.compact()
    print("ended", flush=True)
"""


@pytest.fixture
def home(tmp_path: Path, make_log: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with an ended run in many small chunks, and a large one that was deleted."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
    (tmp_path / "store").mkdir()
    log, large = make_log(run="a" * 32), make_log(run="b" * 32, project="other")
    with Store(store_url(tmp_path)) as store:
        end = 1
        for size in (30, 13, 6, 2, 1):
            start = end - 1
            log.scalars(range(start, start + size), loss=0.5, lr=0.1)
            store.apply([log.batch(end if start else 0)])
            store.fold(log.run)
            end += size
        log.add(records.RunEnded(1, "finished", explicit=True))
        store.apply([log.batch(end)])
        noise = os.urandom(400_000).hex()
        large.add(*(records.Note(n, noise[n * 8000 : n * 8000 + 8000]) for n in range(100)))
        digest = digest_of(b"weights")
        store.blobs.put(digest, b"weights")
        file = records.ArtifactFile("model.pt", 7, digest, [digest])
        log.add(records.Artifact(1, "c" * 32, [file]))
        store.apply([log.batch(end + 1), large.batch()])
        store.delete(large.run)
        with store._writing() as connection:
            old = schema.run.c.uid == large.run
            connection.execute(schema.run.update().where(old).values(deleted_ns=1, heard_ns=1))
    return tmp_path


def chunks(store: Store) -> int:
    """Return how many chunks there are."""
    with store._reading() as connection:
        found = connection.execute(select(func.count()).select_from(schema.chunk))
        return int(found.scalar_one())


def values(store: Store) -> list[list[float]]:
    """Return what is read of the ended run."""
    found = [store.points("a" * 32, name) for name in ("loss", "lr")]
    return [each.value.tolist() for each in found if each is not None]


def test_a_compacted_store_is_smaller_and_says_the_same(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Small chunks are one, purged rows are given back to the disk, every point is as before."""
    database = home / "store" / "mltrack.sqlite3"
    with Store(store_url(home)) as store:
        before, small = values(store), chunks(store)
    size = database.stat().st_size

    assert _cli.main(["compact", "--data", str(home)]) == 0

    with Store(store_url(home)) as store:
        assert values(store) == before
        assert len(before[0]) == 52
        assert chunks(store) == 2 * -(-52 // 16) < small
        assert list(store.check(read_data=True)) == []
        assert store.due_to_purge() == []
    assert database.stat().st_size < size / 2
    assert _cli.main(["compact", "--data", str(home / "none")]) == 1
    assert "no store" in capsys.readouterr().err


@pytest.mark.slow
def test_killed_at_any_instant_nothing_is_lost_or_doubled(home: Path) -> None:
    """Each kill leaves a sound store with every point once; the last one goes through."""
    randomness = random.Random(5)
    with Store(store_url(home)) as store:
        before = values(store)
    for _ in range(6):
        command = [sys.executable, "-c", CHILD, store_url(home)]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            assert child.stdout.readline() == b"begun\n"
            time.sleep(randomness.random() * 0.1)
            child.kill()
        with Store(store_url(home)) as store:
            assert values(store) == before
            assert list(store.check(read_data=True)) == []
    subprocess.run([sys.executable, "-c", CHILD, store_url(home)], check=True)
    with Store(store_url(home)) as store:
        assert values(store) == before


def test_sizes_are_told_by_project(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Points, bytes and blobs of each, over REST and by the command, largest first."""
    with serve(home) as server:
        found = server.get("/api/v1/sizes").json()
        assert _cli.main(["du", "--from", server.address, "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert _cli.main(["du", "--from", server.address]) == 0

    mine = {each["project"]: each for each in found["projects"]}
    assert mine["mnist"]["points"] == 104
    assert mine["mnist"]["own_blob_bytes"] == 7
    assert mine["mnist"]["point_bytes"] > 0
    assert mine["other"]["deleted"] == 1
    assert found["blob_bytes"] == 7
    assert told["projects"][0].keys() == found["projects"][0].keys()
    assert "mnist" in capsys.readouterr().out
