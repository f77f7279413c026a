"""`mltrack fsck`: each kind of damage is found, named, put aside whole; nothing else changes."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mltrack import _cli
from mltrack_core import records
from mltrack_core import wire
from mltrack_core.blobs import digest_of
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.lock import store_url
from mltrack_server.resources import ExtractQuery
from mltrack_server.store import Store
from mltrack_server.store import tier
from mltrack_server.testing import started

BLOB = b"weights" * 100


@pytest.fixture(autouse=True)
def small_tiers() -> Iterator[None]:
    """Make tiers of a few points, so that short series have all levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
        yield


@pytest.fixture
def home(tmp_path: Path, make_log: Callable[..., Any], write_about: Callable[..., None]) -> Path:
    """Give an MLTRACK_DIR with one run: 100 points folded, 10 not, a checkpoint of one blob.

    The checkpoint is a version of a model, and the run is annotated.
    """
    (tmp_path / "store").mkdir()
    log = make_log(run="a" * 32)
    with Store(store_url(tmp_path)) as store:
        digest = digest_of(BLOB)
        store.blobs.put(digest, BLOB)
        file = records.ArtifactFile("model.pt", len(BLOB), digest, [digest])
        kept = records.CheckpointFile("model.pt", len(BLOB), 5)
        log.add(records.Checkpoint(1, "c" * 32, "/runs/model.pt", 7, [], [kept]))
        log.add(records.Artifact(1, "c" * 32, [file]))
        log.scalars(range(100), loss=0.5, lr=0.1)
        store.apply([log.batch()])
        write_about(store, log.run, "c" * 32)
        assert store.fold(log.run)
        log.scalars(range(100, 110), loss=0.5, lr=0.1)
        store.apply([log.batch(103)])
    return tmp_path


def execute(home: Path, statement: str, *values: Any) -> None:
    """Change the database behind the store's back."""
    connection = sqlite3.connect(home / "store" / "mltrack.sqlite3")
    assert connection.execute(statement, values).rowcount >= 1
    connection.commit()
    connection.close()


def fsck(home: Path, *options: str) -> int:
    """Run the command."""
    return _cli.main(["fsck", "--data", str(home), *options])


def flipped(body: bytes) -> bytes:
    """Return *body* with one bit changed in its middle."""
    changed = bytearray(body)
    changed[len(changed) // 2] ^= 0x10
    return bytes(changed)


def test_a_sound_store_is_called_sound(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No false alarm, with and without every byte."""
    assert fsck(home) == 0
    assert fsck(home, "--read-data") == 0
    assert "sound" in capsys.readouterr().out


DAMAGES: list[tuple[str, str, str]] = [
    ("UPDATE chunk SET body = x'92' WHERE series_no = 0 AND no = 2", "chunk", "do not unpack"),
    ("UPDATE chunk SET n = n - 1 WHERE series_no = 0 AND no = 2", "chunk", "not those"),
    ("UPDATE axis SET body = CAST(body || x'00' AS BLOB)", "axis", "not those written"),
    ("DELETE FROM axis", "chunk", "not there"),
    ("DELETE FROM tier WHERE level = 1 AND no = 2", "tier", "not about as many"),
    ("UPDATE tier SET body = x'92' WHERE level = 2", "tier", "do not unpack"),
    ("UPDATE seg SET body = substr(body, 1, length(body) - 9)", "seg", "bytes instead of"),
    ("UPDATE seg SET next_seq = next_seq + 5", "seg", "durable"),
    ("INSERT INTO note VALUES (77, 0, 0, 1, 'stray', NULL)", "note", "its run is not there"),
    ("UPDATE annotation SET rid = 77", "annotation", "its run is not there"),
]


@pytest.mark.parametrize(("statement", "table", "words"), DAMAGES)
def test_damage_is_named_and_put_aside(
    statement: str, table: str, words: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """After --repair the store is sound, the rest of the run is read, and the rows are kept."""
    execute(home, statement)

    assert fsck(home, "--read-data") == 1
    told = capsys.readouterr().out
    assert table in told
    assert words in told
    assert fsck(home, "--read-data", "--repair") == 0, capsys.readouterr().out
    assert fsck(home, "--read-data") == 0

    (kept,) = (home / "store" / "quarantine").glob("*/rows.msgpack")
    assert table.encode() in kept.read_bytes()
    with Store(store_url(home)) as store:
        points = store.points("a" * 32, "loss")
        assert points is not None
        assert set(points.value.tolist()) <= {0.5 + step for step in range(110)}
        run = store.run("a" * 32)
        assert run is not None
        lost = sum(loss.count for loss in run.losses)
        metrics = run.summary.metrics
        held = [store.points("a" * 32, name) for name in metrics]
        assert lost == 220 - sum(len(each) for each in held if each is not None)
        query = ExtractQuery(runs=["a" * 32], names=["loss"], samples=3)
        sums = store.extract(query).sums
        if sums is not None:  # what is drawn from tiers is what is there
            assert int(sums.points.sum()) == len(points)
            assert np.nanmax(sums.high) == points.value.max()


def test_steps_and_times_follow_the_last_chunk_that_had_them(home: Path) -> None:
    """One --repair is enough: what only a damaged chunk referred to is put aside with it."""
    execute(home, "UPDATE chunk SET body = x'92' WHERE no = 2")

    assert fsck(home, "--read-data", "--repair") == 0

    kept = b"".join(path.read_bytes() for path in home.glob("store/quarantine/*/rows.msgpack"))
    assert b"chunk" in kept
    assert b"axis" in kept


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_blob_that_is_not_whole_is_named(
    damage: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A changed one is put aside, so that whoever has the file can store it again."""
    digest = digest_of(BLOB)
    path = home / "store" / "blobs" / digest[:2] / digest
    if damage == "changed":
        path.write_bytes(flipped(BLOB))
        assert fsck(home) == 0
    else:
        path.unlink()

    assert fsck(home, "--read-data", "--repair") == 1  # it cannot be made whole from here

    assert digest in capsys.readouterr().out
    assert not path.exists()
    kept = list((home / "store").glob(f"quarantine/*/{digest}"))
    assert len(kept) == (damage == "changed")


@pytest.mark.parametrize("hours", [1, 25])
def test_media_on_their_way_are_no_damage(
    hours: int, home: Path, make_log: Callable[..., Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """For a day after a run was heard of its agent may bring a file; after that it is missing."""
    digest = digest_of(b"image")
    item = records.MediaItem("image", records.MediaFile("image/png", 5, digest))
    heard_ns = time.time_ns() - hours * 3600 * 10**9
    with Store(store_url(home), clock_ns=lambda: heard_ns) as store:
        store.apply([make_log().add(records.Media(1, 0, "sample", [item])).batch()])

    assert fsck(home) == (hours > 24)

    assert digest in capsys.readouterr().out


def test_damage_in_the_spool_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the file and the bytes; the file stays as it is."""
    spool = SpoolWriter(tmp_path, "b" * 32)
    for record in (started(), *(records.Note(n, "x" * 50) for n in range(5))):
        assert spool.append(*wire.encode(record))
    spool.close()
    (path,) = tmp_path.rglob("*.seg")
    body = flipped(path.read_bytes())
    path.write_bytes(body)

    assert fsck(tmp_path) == 1

    assert str(path) in capsys.readouterr().out
    assert path.read_bytes() == body
