"""`mltrack import` of what PyTorch's SummaryWriter writes here and now."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest

import mltrack
from mltrack import _cli

VALUES = [0.1, math.nan, math.inf, -0.0, 1e-300]


@pytest.mark.slow
def test_the_installed_versions_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every value with all bits, both styles of scalars, a histogram, an image, a text."""
    pytest.importorskip("tensorboard")
    import numpy as np
    from torch.utils.tensorboard import SummaryWriter

    writer: Any = SummaryWriter(str(tmp_path / "runs" / "fox"))
    for step, value in enumerate(VALUES):
        writer.add_scalar("exact", value, step, new_style=True, double_precision=True)
        writer.add_scalar("old", value, step)
    writer.add_histogram("weights", np.arange(100.0), 3)
    writer.add_images("samples", np.zeros((2, 3, 4, 4)), 4)
    writer.add_text("note", "hello", 4)
    writer.close()
    for name in ("MLTRACK_URL", "MLTRACK_PROJECT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "home"))

    assert _cli.main(["import", str(tmp_path / "runs")]) == 0

    with mltrack.open(tmp_path / "home") as reader:
        (run,) = reader.runs()
        assert (run.project, run.name) == ("runs", "fox")
        exact = run.history("exact")
        assert exact.step.tolist() == list(range(len(VALUES)))
        assert exact.value.tobytes() == np.array(VALUES).tobytes()
        old = run.history("old").value
        assert old.tobytes() == np.array(VALUES).astype(np.float32).astype(np.float64).tobytes()
        assert set(run.media_names()) == {"samples", "note/text_summary"}
        histograms = run.source.histogram_records(run.id, None)
        assert histograms is not None
        (record,) = histograms.records
        assert (record.step, sum(record.values["weights"].count)) == (3, 100)
