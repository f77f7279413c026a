"""A checkpoint is recorded as it lies there, and nothing of it is touched."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

import mltrack_core
from mltrack_core.errors import CheckpointInvalid
from mltrack_core.records import Checkpoint
from mltrack_core.records import Gap
from mltrack_core.testing.spool import RecordedSpool


def test_a_file_is_recorded_with_its_size_and_what_is_known_of_it(
    spool: RecordedSpool, tmp_path: Path
) -> None:
    """Path, size, step, role, and the metric by which it was chosen."""
    path = tmp_path / "best.pt"
    path.write_bytes(b"weights")

    with mltrack_core.init() as run:
        run.log_checkpoint(
            path, step=7, roles=["best"], metrics={"acc": 0.5}, monitor="acc", mode="max", epoch=1
        )

    (found,) = spool.of(Checkpoint)
    assert (found.path, found.step, found.is_folder) == (str(path), 7, False)
    assert [(file.path, file.bytes) for file in found.files] == [("best.pt", 7)]
    assert (found.roles, found.metrics, found.monitor) == (["best"], {"acc": 0.5}, "acc")
    assert (found.mode, found.axes) == ("max", {"epoch": 1.0})


def test_a_folder_is_recorded_with_every_file_in_it(spool: RecordedSpool, tmp_path: Path) -> None:
    """Sharded checkpoints are folders, at any depth."""
    (tmp_path / "ckpt" / "shards").mkdir(parents=True)
    (tmp_path / "ckpt" / "index.json").write_bytes(b"{}")
    (tmp_path / "ckpt" / "shards" / "0.bin").write_bytes(b"123")

    with mltrack_core.init() as run:
        run.log({"loss": 1.0}, step=41)
        run.log_checkpoint(tmp_path / "ckpt")

    (found,) = spool.of(Checkpoint)
    assert found.is_folder
    assert found.step == 41, "the highest step so far"
    assert [(file.path, file.bytes) for file in found.files] == [
        ("index.json", 2),
        ("shards/0.bin", 3),
    ]


@pytest.mark.parametrize("is_there", [False, True])
def test_what_is_no_checkpoint_costs_a_warning_and_is_counted(
    is_there: bool, spool: RecordedSpool, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A path where nothing is, or an empty folder: the run goes on and says so."""
    if is_there:
        (tmp_path / "gone").mkdir()

    with mltrack_core.init() as run:
        run.log_checkpoint(tmp_path / "gone")
        run.log({"loss": 1.0})

    assert spool.of(Checkpoint) == []
    assert "gone" in caplog.text
    assert [gap.kinds for gap in spool.of(Gap)] == [{"Checkpoint": 1}]


def test_the_error_survives_pickling() -> None:
    """Its fields are there on the other side."""
    error = pickle.loads(pickle.dumps(CheckpointInvalid(Path("x"), "no such file")))

    assert (error.path, error.reason) == (Path("x"), "no such file")
