"""Media that wait become blobs, here or on a server, whoever is killed when."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np
import pytest

import mltrack
import mltrack_core
from mltrack_core._commands import _direct
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.room import Room
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.spool import attachments
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.space import Pressure
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.ingest import IngestServer


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLTRACK_DIR without an agent: the keeper is called by hand."""
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "mltrack"))
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda _settings: True)
    return tmp_path / "mltrack"


def record(count: int = 1) -> str:
    """Record so many images in a run of its own; return the run's id."""
    numbers = np.random.default_rng(count)
    with mltrack_core.init() as run:
        for step in range(count):
            noise = numbers.integers(0, 256, (150, 150), dtype=np.uint8)
            run.log({"x": mltrack.Image(noise)}, step=step)
        return run.id


def waiting(root: Path) -> dict[str, bytes]:
    """Return the files that wait, by their names."""
    return {
        path.name: path.read_bytes() for _, paths in attachments.waiting(root) for path in paths
    }


def test_what_waits_becomes_blobs_and_waits_no_more(root: Path) -> None:
    """And nothing is left to look at."""
    record(3)
    files = waiting(root)
    keeper = Keeper(root, SystemClock())

    assert keeper.has_pending
    assert keeper.keep()

    blobs = BlobFolder(root / layout.BLOBS_FOLDER)
    assert len(files) == 3
    assert {digest: blobs.path(digest).read_bytes() for digest in files} == files
    assert not (root / layout.MEDIA_FOLDER).exists()
    assert not keeper.has_pending


def test_a_file_that_a_power_cut_left_damaged_becomes_no_blob(root: Path) -> None:
    """What has the name of a hash has that hash."""
    record(2)
    damaged, whole = sorted(waiting(root))
    path = next((root / layout.MEDIA_FOLDER).glob(f"*/{damaged}"))
    path.write_bytes(bytes(100))

    Keeper(root, SystemClock()).keep()

    blobs = BlobFolder(root / layout.BLOBS_FOLDER)
    assert (blobs.has(damaged), blobs.has(whole)) == (False, True)
    assert waiting(root) == {}


def test_no_room_for_blobs_keeps_what_waits(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again later."""
    record()
    clock = FakeClock()
    keeper = Keeper(root, clock)
    with monkeypatch.context() as full:
        full.setattr(space, "spare_bytes", lambda _root: 10)

        assert not keeper.keep()
        assert keeper.last_failure == "there is no room on the disk"
        assert len(waiting(root)) == 1

    clock.advance(600)
    assert keeper.keep()
    assert waiting(root) == {}


def test_what_a_killed_trainer_left_half_written_goes_after_an_hour(root: Path) -> None:
    """Not before: it may be being written."""
    run = record()
    half = layout.media_folder(root, run) / f"{digest_of(b'')}.7.abcd"
    young = half.with_suffix(".young")
    half.touch()
    young.touch()
    os.utime(half, (1, 1))

    list(attachments.waiting(root))

    assert (half.exists(), young.exists()) == (False, True)


def test_media_of_a_run_with_a_server_go_there(root: Path, server: IngestServer) -> None:
    """Not into the store of this folder; once each."""
    run = record(2)
    destination.write(root, run, Destination(server.url, ""))
    files = waiting(root)

    Keeper(root, SystemClock()).keep()

    assert server.blobs == files
    assert not (root / layout.BLOBS_FOLDER).exists()


def test_media_recorded_before_there_was_a_server_are_brought_there(
    root: Path, server: IngestServer
) -> None:
    """`mltrack sync` of a run whose media are in the store of this folder already."""
    run = record(2)
    files = waiting(root)
    Keeper(root, SystemClock()).keep()
    keeper = Keeper(root, SystemClock())

    _direct(root, [run], Destination(server.url, ""), keeper)
    assert keeper.keep()

    assert server.blobs == files
    assert waiting(root) == {}


def test_what_waits_for_a_server_counts_for_the_quota(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is away for long costs media first."""
    run = record(2)
    destination.write(root, run, Destination("http://127.0.0.1:1", ""))
    size = sum(map(len, waiting(root).values()))

    def measure(_root: Path, spool_bytes: int) -> Pressure:
        assert spool_bytes > size
        return Pressure.NO_MEDIA

    monkeypatch.setattr("mltrack_core.spool.space.measure", measure)

    assert Room(root).publish([run]) is Pressure.NO_MEDIA


def test_the_same_image_again_finds_its_folder_gone(root: Path) -> None:
    """The agent removes an empty folder; the next file makes it again."""
    run = record()
    shutil.rmtree(root / layout.MEDIA_FOLDER)

    attachments.write(root, run, digest_of(b"x"), b"x")

    assert waiting(root) == {digest_of(b"x"): b"x"}
