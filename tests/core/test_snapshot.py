"""A checkpoint's bytes are kept when they are written, and nothing of the user's is touched."""

from __future__ import annotations

import os
import pickle
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

import mltrack_core
from mltrack_core import _checkpoint
from mltrack_core import limits
from mltrack_core._settings import Checkpoints
from mltrack_core.records import Checkpoint
from mltrack_core.records import Gap
from mltrack_core.spool import layout
from mltrack_core.spool import space
from mltrack_core.spool import waiting
from mltrack_core.testing.spool import RecordedSpool


@pytest.fixture(autouse=True)
def no_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits for the agent stays, to be looked at."""
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda _settings: True)


def record(path: Path, *, keeps: Checkpoints = "all", **options: Any) -> None:
    """Record one checkpoint in a run of its own."""
    with mltrack_core.init(checkpoints=keeps) as run:
        run.log_checkpoint(path, **options)


def shares_blocks(folder: Path) -> bool:
    """Tell whether the file system can, by another program that does it.

    ext4 cannot: `--basetemp` with a folder on btrfs or XFS shows the other half.
    """
    (folder / "probe").write_bytes(b"probe")
    command = ["cp", "--reflink=always", f"{folder}/probe", f"{folder}/clone"]
    return not subprocess.run(command, check=False, capture_output=True).returncode


def folder_of(spool: RecordedSpool) -> Path:
    """Return the folder of the only checkpoint that waits."""
    ((_, folder),) = waiting.folders(spool.root)
    return folder


@pytest.mark.parametrize(
    ("keeps", "roles", "is_kept"),
    [
        ("off", ["best"], False),
        ("best", ["best", "last"], True),
        ("best", ["last"], False),
        ("best", [], False),
        ("last", ["final"], True),
        ("last", ["periodic"], False),
        ("all", [], True),
        ("all", ["backup"], False),
        ("all", ["backup", "last"], True),
    ],
)
def test_which_bytes_are_kept(keeps: Checkpoints, roles: Any, is_kept: bool) -> None:
    """Those of the roles that were asked for, never those of a mere backup."""
    assert _checkpoint.is_kept(keeps, roles) is is_kept


def test_what_is_overwritten_in_place_is_kept_as_it_was(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """`torch.save` writes into the same inode: only a copy or shared blocks keep the old bytes."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"first")
    record(path)

    with path.open("r+b") as file:
        file.write(b"SECOND")

    assert (folder_of(spool) / "0").read_bytes() == b"first"
    (found,) = spool.of(Checkpoint)
    assert found.kept == ("reflink" if shares_blocks(tmp_path) else "copy")
    assert found.reason == ""


def test_an_atomic_writer_costs_no_copy(spool: RecordedSpool, tmp_path: Path) -> None:
    """Its file is linked, and survives being replaced and rotated away."""
    path = tmp_path / "model.safetensors"
    path.write_bytes(b"first")
    record(path, is_atomic=True)

    (tmp_path / "new").write_bytes(b"second")
    (tmp_path / "new").rename(path)
    path.unlink()

    assert (folder_of(spool) / "0").read_bytes() == b"first"
    way = "reflink" if shares_blocks(tmp_path) else "hard link"
    assert spool.of(Checkpoint)[0].kept == way


def test_a_folder_is_kept_whole(spool: RecordedSpool, tmp_path: Path) -> None:
    """At any depth, links to files followed, and without what is no file."""
    folder = tmp_path / "ckpt"
    (folder / "shards").mkdir(parents=True)
    (folder / "index.json").write_bytes(b"{}")
    (folder / "shards" / "0.bin").write_bytes(b"0")
    (folder / "loop").symlink_to(folder)
    (folder / "self").symlink_to("self")
    (folder / "broken").symlink_to("nowhere")
    (folder / "latest.bin").symlink_to("shards/0.bin")
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(os.path.relpath(folder / "socket"))
        record(folder)

    (found,) = spool.of(Checkpoint)
    assert [file.path for file in found.files] == ["index.json", "latest.bin", "shards/0.bin"]
    kept = [(folder_of(spool) / str(n)).read_bytes() for n in range(3)]
    assert kept == [b"{}", b"0", b"0"]


def test_the_users_files_stay_as_they_are(spool: RecordedSpool, tmp_path: Path) -> None:
    """Names, bytes, modes and times: nothing is added, changed or removed."""
    folder = tmp_path / "ckpt"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")
    (folder / "a").chmod(0o640)

    def state() -> list[tuple[str, int, int, bytes]]:
        return [
            (each.name, each.stat().st_mode, each.stat().st_mtime_ns, each.read_bytes())
            for each in folder.iterdir()
        ]

    before = state()
    record(folder)

    assert state() == before
    assert spool.of(Checkpoint)[0].kept


@pytest.mark.parametrize("trouble", ["too long", "no room"])
def test_what_cannot_be_copied_says_why(
    trouble: str, spool: RecordedSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is recorded, not kept, nothing of it is left behind, and the run goes on."""
    if trouble == "too long":
        monkeypatch.setattr(limits, "CHECKPOINT_COPY_BYTES_MAX", 3)
    else:
        monkeypatch.setattr(space, "spare_bytes", lambda _root: 3)
    monkeypatch.setattr("mltrack_core._snapshot._FICLONE", 0)  # as on a file system without
    (tmp_path / "a").write_bytes(b"weights")

    record(tmp_path / "a")

    (found,) = spool.of(Checkpoint)
    assert found.kept == ""
    assert ("longer" if trouble == "too long" else "no room") in found.reason
    assert sorted(os.listdir(folder_of(spool))) == ["manifest"], "to be hashed where it lies"


def test_a_file_that_changes_meanwhile_is_not_kept(
    spool: RecordedSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Half of one state and half of another are no checkpoint."""
    path = tmp_path / "model.pt"
    path.write_bytes(b"first")
    survey = _checkpoint.survey

    def slow(*args: Any, **options: Any) -> Checkpoint:
        found = survey(*args, **options)
        path.write_bytes(b"second")
        return found

    monkeypatch.setattr(_checkpoint, "survey", slow)
    record(path)

    (found,) = spool.of(Checkpoint)
    assert (found.kept, found.reason) == ("", "model.pt was changed while it was being kept")


def test_a_folder_that_cannot_be_written_costs_the_bytes_only(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """The checkpoint is recorded, with the reason."""
    (tmp_path / "a").write_bytes(b"weights")
    spool.root.mkdir()
    (spool.root / layout.CHECKPOINTS_FOLDER).write_bytes(b"in the way")

    record(tmp_path / "a")

    (found,) = spool.of(Checkpoint)
    assert (found.kept, found.reason) == ("", "File exists")
    assert spool.of(Gap) == []


@pytest.mark.parametrize("kind", ["pipe", "device", "many"])
def test_what_is_no_checkpoint_is_counted(
    kind: str, spool: RecordedSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe does not block, a device is not read, a folder of 20,000 files is not walked."""
    path = Path("/dev/zero")
    if kind == "pipe":
        path = tmp_path / "pipe"
        os.mkfifo(path)
    elif kind == "many":
        path = tmp_path / "many"
        path.mkdir()
        for number in range(20_000):
            (path / str(number)).touch()

    record(path)

    assert spool.of(Checkpoint) == []
    assert [gap.kinds for gap in spool.of(Gap)] == [{"Checkpoint": 1}]
    assert ("more than 10000 files" if kind == "many" else "neither a file") in caplog.text
    assert list(waiting.folders(spool.root)) == []


def test_a_typo_in_the_choice_keeps_nothing_and_says_so(
    spool: RecordedSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The run is recorded all the same."""
    (tmp_path / "a").write_bytes(b"weights")

    record(tmp_path / "a", keeps="bset")  # type: ignore[arg-type]

    assert spool.of(Checkpoint)[0].kept == ""
    assert "use off, best, last or all" in caplog.text


def test_the_environment_chooses_for_a_script_that_nobody_prepared(
    spool: RecordedSpool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So does it for a copy of the run that was pickled into another process."""
    (tmp_path / "a").write_bytes(b"weights")
    monkeypatch.setenv("MLTRACK_CHECKPOINTS", "best")

    with mltrack_core.init() as run:
        pickle.loads(pickle.dumps(run)).log_checkpoint(tmp_path / "a", roles=["best"])

    assert spool.of(Checkpoint)[0].kept
