"""Checkpoints of a fit, as its callbacks write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import pytest

import mltrack_core
from mltrack.keras import MLTrackCallback
from mltrack_core.records import Checkpoint
from mltrack_core.testing.recording import RecordingTracker
from mltrack_core.testing.spool import RecordedSpool

Make = Callable[..., Any]
Data = tuple[Any, Any]
ModelCheckpoint = keras.callbacks.ModelCheckpoint


@pytest.mark.parametrize("ours_first", [True, False])
def test_each_best_model_is_recorded_when_it_overwrites_the_one_before(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path, ours_first: bool
) -> None:
    """Three improvements in one file are three checkpoints, each with its score and step."""
    x, y = digits
    best = ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)
    callbacks = [MLTrackCallback(run), best]

    losses = (
        make_model()
        .fit(
            x, y, batch_size=16, epochs=3, verbose=0,
            callbacks=callbacks if ours_first else callbacks[::-1],
        )
        .history["loss"]
    )  # fmt: skip

    assert losses == sorted(losses, reverse=True), "the test needs three improvements"
    saved = run.checkpoints
    assert [(s.step, s.metrics["train/loss"]) for s in saved] == list(
        zip([10, 20, 30], losses, strict=True)
    )
    assert {(s.path, s.roles, s.monitor, s.mode, s.writer) for s in saved} == {
        (str(tmp_path / "best.keras"), ("best",), "train/loss", "min", "ModelCheckpoint")
    }


def test_an_epoch_that_saves_nothing_records_nothing(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Not better: the file of the epoch before, or of another training, is no new checkpoint."""
    x, y = digits
    path = tmp_path / "best.keras"
    path.write_bytes(b"of another training")
    best = ModelCheckpoint(
        path, monitor="loss", save_best_only=True, initial_value_threshold=0.0, mode="min"
    )

    make_model().fit(x, y, epochs=2, verbose=0, callbacks=[MLTrackCallback(run), best])

    assert run.checkpoints == []


def test_files_of_their_own_and_saves_between_epochs(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """Names with epoch and metrics, and a save every four batches, each at its step."""
    x, y = digits
    callbacks = [
        MLTrackCallback(run),
        ModelCheckpoint(tmp_path / "{epoch:02d}-{val_loss:.3f}.keras"),
        ModelCheckpoint(
            tmp_path / "{epoch}-{batch}.weights.h5", save_weights_only=True, save_freq=4
        ),
    ]

    make_model().fit(
        x, y, batch_size=16, epochs=2, verbose=0, validation_data=(x, y), callbacks=callbacks
    )

    found = {Path(s.path).name: s.step for s in run.checkpoints}
    assert set(found) == {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert [found[name] for name in ("1-4.weights.h5", "1-8.weights.h5")] == [4, 8]
    assert [step for name, step in sorted(found.items()) if name.endswith(".keras")] == [10, 20]
    assert {s.roles for s in run.checkpoints} == {("periodic", "last")}


def test_the_versions_of_one_file_are_kept_apart(
    make_model: Make, digits: Data, tmp_path: Path
) -> None:
    """With `checkpoints="best"` each of them can be got back, though the file was overwritten."""
    x, y = digits
    mltrack_core.init(checkpoints="best")
    best = ModelCheckpoint(tmp_path / "best.keras", monitor="loss", save_best_only=True)

    make_model("adam").fit(x, y, epochs=3, verbose=0, callbacks=[MLTrackCallback(), best])
    mltrack_core.finish()

    spool = RecordedSpool(tmp_path / "mltrack")
    recorded = [record for record in spool.records() if isinstance(record, Checkpoint)]
    assert len({(record.id, record.files[0].modified_ns) for record in recorded}) == 3
    kept = [p for p in (tmp_path / "mltrack" / "checkpoints").rglob("0") if p.is_file()]
    assert len({path.read_bytes() for path in kept}) == 3


def test_a_backup_is_one_and_nothing_is_left_of_it(
    make_model: Make, digits: Data, run: RecordingTracker, tmp_path: Path
) -> None:
    """What Keras deletes at the end is recorded in the role that is never kept."""
    x, y = digits
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")

    make_model().fit(
        x, y, batch_size=16, epochs=2, verbose=0, callbacks=[backup, MLTrackCallback(run)]
    )

    assert [(s.roles, s.step) for s in run.checkpoints] == [(("backup",), 10), (("backup",), 20)]
    assert not (tmp_path / "backup").exists()
