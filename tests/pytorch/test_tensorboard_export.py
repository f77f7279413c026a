"""`mltrack export --format tensorboard`, read by TensorBoard itself."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

import mltrack
from mltrack import _cli
from mltrack_core import wire
from mltrack_core.records import ByExponent
from mltrack_core.records import Histograms
from mltrack_core.records import Params
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.testing import started

RUN = "c" * 32
VALUES = [0.1, math.nan, -math.inf, 1e300, 3.0]


@pytest.mark.slow
def test_tensorboard_reads_what_was_recorded(tmp_path: Path) -> None:
    """Its own reader finds every value with all bits, every bin, the parameters, all times."""
    accumulators = pytest.importorskip(
        "tensorboard.backend.event_processing.plugin_event_accumulator"
    )
    tensors = pytest.importorskip("tensorboard.util.tensor_util")
    spool = SpoolWriter(tmp_path / "home", RUN)
    histogram = ByExponent(-1, [2], 0, [3], zeros=1)
    for record in (
        started(name="fox", time_ns=10**18),
        Params(10**18, "", {"lr": 0.5}),
        *(Scalars(10**18 + 10**9 * n, n - 2, {"loss": value}) for n, value in enumerate(VALUES)),
        Histograms(10**18, 3, {"grad": histogram}),
    ):
        assert spool.append(*wire.encode(record))
    spool.close()

    arguments = ["export", "fox", "--from", str(tmp_path / "home"), "--format", "tensorboard"]
    assert _cli.main([*arguments, "--output", str(tmp_path / "out")]) == 0

    (folder,) = (tmp_path / "out" / "mnist").iterdir()
    found = accumulators.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    found.Reload()
    assert sorted(found.Tags()["tensors"]) == ["grad", "loss", "params"]
    loss = found.Tensors("loss")
    read = [float(tensors.make_ndarray(event.tensor_proto)) for event in loss]
    assert np.array_equal(read, VALUES, equal_nan=True)
    assert [event.step for event in loss] == [-2, -1, 0, 1, 2]
    assert [event.wall_time for event in loss] == [1e9 + n for n in range(5)]
    assert found.SummaryMetadata("loss").plugin_data.plugin_name == "scalars"
    (grad,) = found.Tensors("grad")
    bins = tensors.make_ndarray(grad.tensor_proto)
    assert bins.tolist() == [[-1.0, -0.5, 2.0], [0.0, 0.0, 1.0], [1.0, 2.0, 3.0]]
    (params,) = found.Tensors("params")
    assert b"| lr | 0.5 |" in tensors.make_ndarray(params.tensor_proto).item()
    assert mltrack.open(tmp_path / "home").run("fox").params == {"lr": 0.5}
