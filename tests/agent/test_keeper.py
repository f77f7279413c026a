"""Checkpoints that wait are hashed, stored and told of, whoever is killed when."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import mltrack_core
from mltrack_core.agent import keeper as keeper_module
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.blobs import BlobFolder
from mltrack_core.blobs import digest_of
from mltrack_core.records import Artifact
from mltrack_core.records import Checkpoint
from mltrack_core.spool import layout
from mltrack_core.spool import space
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
def keeper(root: Path) -> Keeper:
    """A keeper that has not looked yet."""
    return Keeper(root, SystemClock())


def age(path: Path) -> None:
    """Let a file have been written long ago: file systems tell times apart by a few milliseconds.

    What changes it now is seen, however fast this machine is.
    """
    os.utime(path, (1, 1))


def record(path: Path, **options: Any) -> str:
    """Record a checkpoint, its bytes kept, in a run of its own; return the run's id."""
    with mltrack_core.init(checkpoints=options.pop("keeps", "all")) as run:
        run.log_checkpoint(path, **options)
        return run.id


def artifacts(root: Path, *, gone: bool = False) -> list[Artifact]:
    """Return what agents told of checkpoints' bytes, or of their going where they were written."""
    spool = RecordedSpool(root)
    return [
        each
        for run in spool.runs()
        for stream in spool.streams(run)
        for each in stream
        if isinstance(each, Artifact) and bool(each.gone) == gone
    ]


def checkpoints(root: Path) -> list[Checkpoint]:
    """Return what trainers recorded."""
    spool = RecordedSpool(root)
    streams = [stream for run in spool.runs() for stream in spool.streams(run)]
    return [each for stream in streams for each in stream if isinstance(each, Checkpoint)]


def stored(root: Path, artifact: Artifact) -> list[bytes]:
    """Return the files that an artifact names, made of their blobs."""
    blobs = BlobFolder(root / layout.BLOBS_FOLDER)
    return [
        b"".join(blobs.path(digest).read_bytes() for digest in file.chunks)
        for file in artifact.files
    ]


def test_what_was_kept_is_stored_and_told_of(root: Path, keeper: Keeper, tmp_path: Path) -> None:
    """After the user's own file is long gone; and then the captured copy goes too."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    record(path)
    path.unlink()

    assert keeper.has_pending
    assert keeper.keep()

    (artifact,) = artifacts(root)
    assert stored(root, artifact) == [DATA]
    assert artifact.files[0].sha256 == digest_of(DATA)
    assert artifact.problem == ""
    assert os.listdir(root / layout.CHECKPOINTS_FOLDER) == [], (
        "nor is there anything left to look at"
    )
    assert not keeper.has_pending


def test_a_folder_is_stored_file_by_file(root: Path, keeper: Keeper, tmp_path: Path) -> None:
    """An empty file too."""
    (tmp_path / "ckpt" / "a").mkdir(parents=True)
    (tmp_path / "ckpt" / "a" / "b").write_bytes(b"b")
    (tmp_path / "ckpt" / "empty").touch()
    record(tmp_path / "ckpt")

    keeper.keep()

    (artifact,) = artifacts(root)
    assert [file.path for file in artifact.files] == ["empty", "a/b"]
    assert stored(root, artifact) == [b"", b"b"]


def test_what_two_checkpoints_share_is_stored_once(
    root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """A longer header in front of the same weights costs a piece or two."""
    for number in range(3):
        path = tmp_path / f"{number}.pt"
        path.write_bytes(b"header" * (number + 1) + DATA * 4)
        record(path)

    keeper.keep()

    blobs = [path for path in (root / layout.BLOBS_FOLDER).rglob("*") if path.is_file()]
    assert len(artifacts(root)) == 3
    assert sum(path.stat().st_size for path in blobs) < 1.8 * len(DATA) * 4


def test_what_was_not_kept_is_hashed_where_it_lies(
    root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """Its hash, and no byte of it."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    record(path, keeps="off")

    keeper.keep()

    (artifact,) = artifacts(root)
    assert [(file.sha256, file.chunks) for file in artifact.files] == [(digest_of(DATA), [])]
    assert not (root / layout.BLOBS_FOLDER).exists()


def test_what_a_framework_rotates_is_told_of_once(root: Path, tmp_path: Path) -> None:
    """A file or folder that is deleted or overwritten while the run goes on; by a next agent too.

    The bytes that were kept are none of its business.
    """
    clock = FakeClock()
    keeper = Keeper(root, clock)
    names = ("rotated", "overwritten", "left", "folder")
    (tmp_path / "folder").mkdir()
    paths = [tmp_path / name for name in names[:3]] + [tmp_path / "folder" / "weights"]
    with mltrack_core.init(checkpoints="all") as run:
        for name, path in zip(names, paths, strict=True):
            path.write_bytes(DATA)
            run.log_checkpoint(tmp_path / name)
        keeper.live = frozenset((run.id,))
        keeper.keep()
        assert artifacts(root, gone=True) == []

        (tmp_path / "rotated").unlink()
        (tmp_path / "overwritten").write_bytes(DATA * 2)
        clock.advance(10)
        keeper.keep()
        clock.advance(10)
        keeper.keep()
        assert [each.gone for each in artifacts(root, gone=True)] == ["deleted", "overwritten"]

        keeper.close()
        keeper = Keeper(root, clock)
        shutil.rmtree(tmp_path / "folder")
        keeper.live = frozenset((run.id,))
        keeper.keep()
    keeper.live = frozenset()
    keeper.keep()  # looks once more
    (tmp_path / "left").unlink()
    clock.advance(10)
    keeper.keep()

    told = [each.about for each in artifacts(root, gone=True)]
    recorded = {Path(each.path).name: each.id for each in checkpoints(root)}
    assert sorted(told) == sorted(recorded[name] for name in ("rotated", "overwritten", "folder"))
    assert [stored(root, each) for each in artifacts(root)] == [[DATA]] * 4


@pytest.mark.parametrize("change", ["removed", "overwritten", "replaced by a pipe"])
def test_no_hash_is_given_of_what_was_not_recorded(
    change: str, root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """The user has every right to; it is said in plain words."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    age(path)
    record(path, keeps="off")
    path.unlink()
    if change == "overwritten":
        path.write_bytes(DATA[::-1])
    elif change == "replaced by a pipe":
        os.mkfifo(path)

    keeper.keep()

    (artifact,) = artifacts(root)
    assert artifact.files == []
    assert "model.pt" in artifact.problem
    assert list(waiting.folders(root)) == []


def test_a_file_that_changes_while_it_is_hashed(
    root: Path, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one state and half of another have no hash."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    age(path)
    record(path, keeps="off")
    sha256 = hashlib.sha256

    def meanwhile() -> Any:
        with path.open("r+b") as file:
            file.write(b"new")
        return sha256()

    monkeypatch.setattr(hashlib, "sha256", meanwhile)
    keeper.keep()

    (artifact,) = artifacts(root)
    assert (artifact.files, artifact.problem) == (
        [],
        "model.pt: it was overwritten before it could be hashed",
    )


def test_a_broken_promise_is_noticed(root: Path, keeper: Keeper, tmp_path: Path) -> None:
    """A hard link that was written through is not what was recorded, and is not taken for it."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    age(path)
    record(path, is_atomic=True)
    ((_, folder),) = waiting.folders(root)
    manifest = waiting.read(folder / waiting.MANIFEST_FILE)
    assert manifest is not None
    if manifest.record.kept != "hard link":
        pytest.skip("this file system shares blocks")
    with path.open("r+b") as file:
        file.write(b"new")

    keeper.keep()

    (artifact,) = artifacts(root)
    assert artifact.files == []
    assert "in place" in artifact.problem


def test_without_room_it_waits_and_is_stored_later(
    root: Path, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The copy stays, the reason is told once, and nothing half stored counts."""
    path = tmp_path / "model.pt"
    path.write_bytes(DATA)
    record(path)
    with monkeypatch.context() as full:
        full.setattr(space, "spare_bytes", lambda _root: 1)
        keeper.keep()
        keeper.keep()

    (told,) = artifacts(root)
    assert told.files == []
    assert "no room on the disk" in told.problem
    assert keeper.has_pending

    Keeper(root, SystemClock()).keep()

    *_, artifact = artifacts(root)
    assert stored(root, artifact) == [DATA]


def test_a_damaged_copy_holds_up_no_other(root: Path, keeper: Keeper, tmp_path: Path) -> None:
    """One that a power cut shortened is not passed off as what it was; the next is stored."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(DATA)
        record(tmp_path / name)
    (_, folder), _ = waiting.folders(root)
    os.truncate(folder / "0", 1000)

    keeper.keep()

    first, second = artifacts(root)
    assert (first.files, first.problem) == ([], "a: what was kept of it is damaged")
    assert stored(root, second) == [DATA]


def test_a_folder_of_a_killed_trainer_is_removed_unless_it_was_recorded(
    root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """SIGKILL between capture and record, and between record and handing over."""
    (tmp_path / "model.pt").write_bytes(DATA)
    script = """
import os, signal, sys
import mltrack_core
from mltrack_core import _launch, _snapshot, _recorder
_launch.ensure_agent = lambda settings: True
run = mltrack_core.init(checkpoints="all")
if sys.argv[1] == "before":
    _recorder.Recorder.write = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
else:
    _snapshot.Snapshot.release = lambda *_: os.kill(os.getpid(), signal.SIGKILL)
run.log_checkpoint(sys.argv[2])
"""
    for when in ("before", "after"):
        command = [sys.executable, "-c", script, when, str(tmp_path / "model.pt")]
        killed = subprocess.run(command, check=False, stderr=subprocess.DEVNULL)
        assert killed.returncode == -signal.SIGKILL
    assert len(list(waiting.folders(root))) == 2
    (tmp_path / "model.pt").unlink()

    while keeper.has_pending:
        keeper.keep()

    (artifact,) = artifacts(root)
    assert stored(root, artifact) == [DATA]
    assert list(waiting.folders(root)) == []


def test_a_capture_that_is_under_way_is_left_alone(
    root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """As long as the process lives that says `pending`."""
    (tmp_path / "model.pt").write_bytes(DATA)
    record(tmp_path / "model.pt")
    ((_, folder),) = waiting.folders(root)
    (folder / waiting.MANIFEST_FILE).rename(folder / waiting.PENDING_FILE)

    assert not keeper.keep()

    assert artifacts(root) == []
    assert (folder / "0").exists()


@pytest.mark.parametrize("content", [b"", b"\xff"])
def test_a_manifest_that_a_power_cut_emptied(
    content: bytes, root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """The spool says what it said."""
    (tmp_path / "model.pt").write_bytes(DATA)
    record(tmp_path / "model.pt")
    ((_, folder),) = waiting.folders(root)
    (folder / waiting.MANIFEST_FILE).write_bytes(content)
    keeper.keep()
    assert keeper.has_pending, "it may be being made"

    os.utime(folder, (0, 0))
    while keeper.has_pending:
        keeper.keep()

    (artifact,) = artifacts(root)
    assert stored(root, artifact) == [DATA]


def test_a_folder_that_was_being_removed_is_not_told_of_again(
    root: Path, keeper: Keeper, tmp_path: Path
) -> None:
    """Its manifest went first, after the artifact was recorded: what is left is rubbish."""
    (tmp_path / "model.pt").write_bytes(DATA)
    record(tmp_path / "model.pt")
    ((_, folder),) = waiting.folders(root)
    (folder / waiting.MANIFEST_FILE).unlink()
    os.utime(folder, (0, 0))

    assert keeper.keep()

    assert artifacts(root) == []
    assert not folder.exists()


@pytest.mark.slow
def test_an_agent_killed_at_any_instant_stores_everything_in_the_end(
    root: Path, tmp_path: Path
) -> None:
    """Every checkpoint is told of, and whatever an artifact names is there, whole."""
    contents = {}
    for number in range(6):
        path = tmp_path / f"{number}.pt"
        path.write_bytes(os.urandom(2_000_000) + DATA)
        contents[digest_of(path.read_bytes())] = path.read_bytes()
        record(path)
    script = (
        "import signal, sys; from pathlib import Path; from mltrack_core.agent import keeper; "
        "from mltrack_core.agent.clock import SystemClock; keeper._BROKEN_S = 0.0; "
        "signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2])); "
        "keeper.Keeper(Path(sys.argv[1]), SystemClock()).keep()"
    )
    kills = 0
    while list(waiting.folders(root)):
        # Killed by the kernel after so much work, which on a busy machine takes longer: each kill
        # meets another instant.
        work_s = 0.01 * (kills + 1)
        agent = subprocess.run([sys.executable, "-c", script, str(root), str(work_s)], check=False)
        assert agent.returncode in (0, -signal.SIGPROF)
        kills += agent.returncode != 0

    assert kills
    told = {artifact.about for artifact in artifacts(root)}
    assert len(told) == 6
    for artifact in artifacts(root):
        (data,) = stored(root, artifact)
        assert contents[artifact.files[0].sha256] == data


@pytest.mark.slow
def test_a_killed_trainer_loses_no_checkpoint_that_was_recorded(
    root: Path, keeper: Keeper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed at any instant: what `log_checkpoint` returned for is stored, byte for byte."""
    script = """
import hashlib, itertools, os, signal, sys
import mltrack_core
from mltrack_core import _launch
_launch.ensure_agent = lambda settings: True
run = mltrack_core.init(checkpoints="all")
for step in itertools.count():
    data = os.urandom(1_000_000)
    with open(sys.argv[1], "wb") as file:
        file.write(data)
    run.log_checkpoint(sys.argv[1], step=step)
    print(hashlib.sha256(data).hexdigest(), flush=True)
    if step == 0:
        signal.setitimer(signal.ITIMER_PROF, float(sys.argv[2]))
"""
    returned: set[str] = set()
    for kill in range(6):
        # Killed by the kernel, after so much work: each kill meets another instant.
        arguments = [str(tmp_path / f"{kill}.pt"), str(0.001 + 0.007 * kill)]
        trainer = subprocess.run(
            [sys.executable, "-c", script, *arguments],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert trainer.returncode == -signal.SIGPROF
        returned |= {line for line in trainer.stdout.split("\n") if len(line) == 64}

    # What they left half made is nobody's any more: it need not be given a minute to be finished.
    monkeypatch.setattr(keeper_module, "_BROKEN_S", 0.0)
    while keeper.has_pending:
        keeper.keep()

    told = artifacts(root)
    assert returned <= {file.sha256 for artifact in told for file in artifact.files}
    for artifact in told:
        assert artifact.problem == ""
        assert [digest_of(data) for data in stored(root, artifact)] == [artifact.files[0].sha256]
