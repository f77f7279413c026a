"""Files that wait are hashed, stored and told of as checkpoints are."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import mltrack_core
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.records import Artifact
from mltrack_core.records import File
from mltrack_core.spool import layout
from mltrack_core.spool import waiting
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.spool import RecordedSpool

DATA = os.urandom(3_000_000)


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An MLTRACK_DIR without an agent: the keeper is called by hand."""
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "mltrack"))
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda _settings: True)
    return tmp_path / "mltrack"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file to be recorded."""
    path = tmp_path / "report.bin"
    path.write_bytes(DATA)
    return path


def told(root: Path) -> dict[str, Artifact]:
    """Return what an agent told of each file, by the file's name."""
    spool = RecordedSpool(root)
    records = [each for run in spool.runs() for stream in spool.streams(run) for each in stream]
    names = {each.id: each.name for each in records if isinstance(each, File)}
    return {names[each.about]: each for each in records if isinstance(each, Artifact)}


def stored(root: Path, artifact: Artifact) -> bytes:
    """Return the only file that an artifact names, made of its blobs."""
    blobs = BlobFolder(root / layout.BLOBS_FOLDER)
    (file,) = artifact.files
    return b"".join(blobs.path(digest).read_bytes() for digest in file.chunks)


def test_an_output_is_stored_and_an_input_is_hashed_where_it_lies(root: Path, path: Path) -> None:
    """Both have the hash that ties runs to each other."""
    with mltrack_core.init() as run:
        run.use_file(path, "in")
        run.log_file(path, "out")

    Keeper(root, SystemClock()).keep()

    assert stored(root, told(root)["out"]) == DATA
    assert [file.chunks for file in told(root)["in"].files] == [[]]
    assert {file.sha256 for each in told(root).values() for file in each.files} == {digest_of(DATA)}


def test_a_file_that_has_gone_is_told_of_with_the_reason(root: Path, path: Path) -> None:
    """Only what was kept is there for good."""
    with mltrack_core.init() as run:
        run.use_file(path, "in")
        run.log_file(path, "out")
    path.unlink()

    Keeper(root, SystemClock()).keep()

    assert "could not be hashed: No such file" in told(root)["in"].problem
    assert stored(root, told(root)["out"]) == DATA


def test_nobody_watches_whether_files_are_rotated(root: Path, path: Path) -> None:
    """A report that is written over and over is no checkpoint that was lost."""
    clock = FakeClock()
    keeper = Keeper(root, clock)
    with mltrack_core.init() as run:
        run.log_file(path)
        keeper.live = frozenset((run.id,))
        keeper.keep()
        path.unlink()
        clock.advance(10)
        keeper.keep()

    assert [each.gone for each in told(root).values()] == [""]


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_folder_of_a_killed_trainer_is_removed_unless_it_was_recorded(
    when: str, root: Path, path: Path
) -> None:
    """SIGKILL between capture and record, and between record and handing over."""
    script = """
import os, signal, sys
import mltrack_core
from mltrack_core import _launch, _snapshot, _recorder
_launch.ensure_agent = lambda settings: True
run = mltrack_core.init()
if sys.argv[1] == "before":
    _recorder.Recorder.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    _snapshot.Snapshot.release = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run.log_file(sys.argv[2])
"""
    killed = subprocess.run([sys.executable, "-c", script, when, str(path)], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(list(waiting.folders(root))) == 1
    path.unlink()

    keeper = Keeper(root, SystemClock())
    while keeper.has_pending:
        keeper.keep()

    assert [stored(root, each) for each in told(root).values()] == [DATA] * (when == "after")
    assert list(waiting.folders(root)) == []


def test_the_hash_is_that_of_the_bytes(root: Path, path: Path, tmp_path: Path) -> None:
    """Of every file in a folder, kept or not."""
    (tmp_path / "set" / "deep").mkdir(parents=True)
    (tmp_path / "set" / "deep" / "empty").touch()
    (tmp_path / "set" / "all").write_bytes(DATA)
    with mltrack_core.init() as run:
        run.use_file(tmp_path / "set")

    Keeper(root, SystemClock()).keep()

    found = {file.path: file.sha256 for file in told(root)["set"].files}
    assert found == {"all": digest_of(DATA), "deep/empty": digest_of(b"")}
    assert not (root / layout.BLOBS_FOLDER).exists()
