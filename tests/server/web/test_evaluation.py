"""Confusion matrices and curves: delivered, and read back as exactly as they were counted."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import msgspec
import numpy as np
import pytest

import mltrack
import mltrack_core
from mltrack import _cli
from mltrack.reading.media import MediaUnavailable
from mltrack.reading.run import RunView
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.shipping import Shipper
from mltrack_core.blobs import digest_of
from mltrack_core.media import formats
from mltrack_core.media.evaluation import Curve
from mltrack_core.records import Media
from mltrack_core.records import MediaFile
from mltrack_core.records import MediaItem
from mltrack_core.spool import destination
from mltrack_core.spool.destination import Destination
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

RNG = np.random.default_rng(7)
TRUTH = RNG.integers(0, 200, 20_000)  # of so many pairs that their file is one of its own
GUESS = np.where(RNG.random(20_000) < 0.6, TRUTH, RNG.integers(0, 200, 20_000))
SEEN = [0, 1, 1, 0, 1]
SCORES = [0.1, 0.4, 0.8, 0.8, -math.inf]


@pytest.fixture
def recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A run in *tmp_path*, no agent having been there: its id."""
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda settings: False)
    with mltrack_core.init(folder=tmp_path, console="off") as run:
        run.log({"val/confusion": mltrack.ConfusionMatrix(TRUTH, GUESS)}, step=3)
        roc, pr = mltrack.RocCurve(SEEN, SCORES), mltrack.PrCurve(SEEN, SCORES)
        run.log({"val/roc": roc, "val/pr": pr, "val/auc": roc.area}, step=3)
        run.log({"val/roc": mltrack.RocCurve([1, 1], [0.1, 0.2])}, step=4)
        return run.id


def check(run: RunView) -> None:
    """See that everything that `recorded` logged is read back."""
    (matrix,), (roc,), (pr,) = map(run.media, ("val/confusion", "val/roc", "val/pr"))
    counted = np.zeros((200, 200), np.int64)
    np.add.at(counted, (TRUTH, GUESS), 1)
    assert (matrix.kind, roc.kind, pr.kind) == ("confusion", "roc", "pr")
    assert matrix.confusion().labels == [str(n) for n in range(200)]
    assert np.array_equal(matrix.confusion().matrix, counted)
    (curve,) = roc.curves()
    assert curve.area == run.history("val/auc").value[0] == pytest.approx(2.5 / 6)
    assert curve.thresholds.tolist() == [0.8, 0.4, 0.1, -math.inf]
    assert curve.tpr.tolist() == [1 / 3, 2 / 3, 2 / 3, 1]
    assert curve.fpr.tolist() == [0.5, 0.5, 1, 1]
    (curve,) = pr.curves()
    assert curve.precision.tolist() == [1 / 2, 2 / 3, 1 / 2, 3 / 5]
    with pytest.raises(TypeError, match="no confusion matrix"):
        roc.confusion()
    with pytest.raises(TypeError, match="no curves"):
        matrix.curves()


def test_they_are_read_back_from_a_folder_and_exported(tmp_path: Path, recorded: str) -> None:
    """The counts as JSON, for whoever has no mltrack."""
    with mltrack.open(tmp_path) as reader:
        check(reader.run(recorded))

    out = tmp_path / "out"
    arguments = ["export", "--all", "--from", str(tmp_path), "--format", "jsonl"]
    assert _cli.main([*arguments, "--output", str(out)]) == 0

    rows = [json.loads(line) for line in (out / "media.jsonl").read_text().splitlines()]
    files = {row["name"]: json.loads((out / row["file"]).read_text()) for row in rows}
    assert sum(map(sum, files["val/confusion"]["counts"])) == 20_000
    (curve,) = files["val/pr"]["curves"]
    assert curve["true"] == [1, 2, 2, 3]
    assert curve["thresholds"][-1] == "-Infinity"


def test_they_are_read_back_from_a_server(
    make_server: Callable[..., AbstractContextManager[RunningServer]],
    tmp_path: Path,
    recorded: str,
) -> None:
    """As an agent delivers them, and over REST; one that meant nothing is counted as lost."""
    with make_server() as server:
        destination.write(tmp_path, recorded, Destination(server.address, ""))
        shipper = Shipper(tmp_path, SystemClock())
        while shipper.ship([recorded]):
            pass
        base = f"/api/v1/runs/{recorded}/media"
        shown = server.get(f"{base}/shown").json()["records"]
        files = {each["name"]: each["items"][0] for each in shown}
        matrix = f"{base}/confusions/{files['val/confusion']['file']['sha256']}"
        assert server.get(matrix).status_code == 410, "it is on its way"
        assert Keeper(tmp_path, SystemClock()).keep()
        with mltrack.open(server.address) as reader:
            check(reader.run(recorded))
        shipper.close()

        assert sum(map(sum, server.get(matrix).json()["counts"])) == 20_000
        assert (files["val/roc"]["width"], files["val/roc"]["height"]) == (4, 1)
        answer = server.get(f"{base}/curves/{files['val/roc']['file']['sha256']}").json()
        assert answer["curves"][0] == {
            "label": "positive",
            "positives": 3,
            "negatives": 2,
            "area": 2.5 / 6,
            "true": [1, 2, 2, 3],
            "false": [1, 1, 2, 2],
            "thresholds": [0.8, 0.4, 0.1, "-Infinity"],
        }
        losses = server.get(f"/api/v1/runs/{recorded}").json()["losses"]
        assert [loss["kinds"] for loss in losses] == [{"Media": 1}]


def test_a_file_that_holds_no_counts_is_no_matrix_and_no_curve(
    make_server: Callable[..., AbstractContextManager[RunningServer]],
) -> None:
    """Whatever its record says; nothing of it is believed."""
    wrong = msgspec.msgpack.encode([Curve("a", 1, 1, 0.5, [2], [1], [0.5])])
    matrix = MediaFile(formats.CONFUSION, len(wrong), digest_of(wrong), wrong)
    none = MediaFile(formats.CURVES, 1, digest_of(b"\xc1"), b"\xc1")
    items = [MediaItem("confusion", matrix), MediaItem("roc", none), MediaItem("pr", none)]
    agent = Agent()
    with make_server() as server:
        record = Media(1, 1, "bad", items)
        assert server.post(agent.path, data=agent.batch(0, started(), record).pack()).ok
        for part, file in (("confusions", matrix), ("curves", none), ("curves", matrix)):
            path = f"/api/v1/runs/{agent.run}/media/{part}/{file.sha256}"
            assert server.get(path).status_code == 404
        with mltrack.open(server.address) as reader:
            one, other, _ = reader.run(agent.run).media("bad")
            with pytest.raises(MediaUnavailable, match="damaged"):
                one.confusion()
            with pytest.raises(MediaUnavailable, match="damaged"):
                other.curves()
