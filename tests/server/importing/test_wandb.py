"""Files of W&B's offline runs."""

from __future__ import annotations

import math
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack_core.records import Alert
from mltrack_core.records import ByEdges
from mltrack_core.records import Console
from mltrack_core.records import Gap
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.testing.spool import RecordedSpool

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden") / "wandb"


def test_what_wandb_wrote(imports: Import) -> None:
    """Who the run is, what it logged at which step, what it printed, and how it ended."""
    spool = imports(GOLDEN)

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name, begun.group) == ("digits", "fox", "g")
    assert (begun.tags, begun.notes, begun.host) == (["a", "b"], "a note", "box")
    params = spool.params()
    assert params[""] == {"lr": 0.1, "model.width": 8, "model.layers": [1, 2]}
    assert params["environment"] == {"torch": "2.13.0", "numpy": "2.4.6"}
    assert params["wandb.summary"] == {"comment": "good"}
    series = spool.series()
    assert repr(series.pop("loss")) == repr([(0, 1), (5, math.nan)])
    assert series == {
        "val/acc": [(0, 0.5)],
        "flag": [(0, 1)],
        "up": [(5, math.inf)],
        "best": [(8, 0.25)],  # which only the summary has
    }
    assert [(line.channel, line.text) for line in spool.of(Console)] == [
        ("stdout", "hello"),
        ("stdout", "world"),
    ]
    assert [(alert.title, alert.text) for alert in spool.of(Alert)] == [("look", "here")]
    (ended,) = spool.of(RunEnded)
    assert (ended.state, ended.exit_code) == ("finished", 0)


def test_times_are_those_of_the_rows(imports: Import) -> None:
    """To the microsecond, which is what its file has of them."""
    spool = imports(GOLDEN)

    (begun,) = spool.of(RunStarted)
    assert begun.time_ns < spool.of(Scalars)[0].time_ns < begun.time_ns + 60 * 10**9


def test_its_media_and_histograms(imports: Import, home: Path) -> None:
    """Images with their captions, tables with their cells, histograms with their edges."""
    spool = imports(GOLDEN)

    (histogram,) = spool.of(Histograms)
    assert histogram.values == {"weights": ByEdges([0.0, 1.0, 2.0], [1, 2])}
    media = {record.name: record for record in spool.of(Media)}
    assert [item.caption for item in media["images"].items] == ["c0", "c1"]
    assert media["image"].items[0].file.type == "image/png"
    assert (media["table"].items[0].width, media["table"].items[0].height) == (2, 2)
    assert media["text"].items[0].file.data == b"so"


def test_a_missing_file_costs_itself(
    imports: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The record that names it is counted as lost."""
    shutil.copytree(GOLDEN, tmp_path / "wandb")
    (image,) = tmp_path.glob("wandb/*/files/media/images/image_*.png")
    image.unlink()

    spool = imports(tmp_path / "wandb")

    assert [record.name for record in spool.of(Media)] == ["text", "images", "table"]
    assert [gap.count for gap in spool.of(Gap)] == [1]
    assert "1x a file that a record names: not there" in capsys.readouterr().err


def test_no_record_reads_a_file_of_anybody_else(imports: Import, tmp_path: Path) -> None:
    """A link out of the run's folder is not followed."""
    shutil.copytree(GOLDEN, tmp_path / "wandb")
    (image,) = tmp_path.glob("wandb/*/files/media/images/image_*.png")
    outside = tmp_path / "secret.png"
    image.rename(outside)
    image.symlink_to(outside)

    spool = imports(tmp_path / "wandb")

    assert "image" not in {record.name for record in spool.of(Media)}


def test_a_killed_run_has_no_end(imports: Import, tmp_path: Path) -> None:
    """Its file is cut off: what is whole is there, and nobody says that it finished."""
    shutil.copytree(GOLDEN, tmp_path / "wandb")
    (path,) = tmp_path.glob("wandb/*/*.wandb")
    path.write_bytes(path.read_bytes()[:4000])

    spool = imports(tmp_path / "wandb")

    assert spool.series()["loss"][0] == (0, 1)
    assert spool.of(RunEnded) == []
    assert [gap.reason for gap in spool.of(Gap)] == ["import: a record: cut off at the end"]


@pytest.mark.parametrize("place", range(0, 6000, 199))
def test_no_damage_raises(place: int, imports: Import, tmp_path: Path) -> None:
    """One flipped byte anywhere: the run is imported with what is left, or refused in words."""
    shutil.copytree(GOLDEN, tmp_path / "wandb")
    (path,) = tmp_path.glob("wandb/*/*.wandb")
    data = bytearray(path.read_bytes())
    data[place] ^= 0x55
    path.write_bytes(data)

    # Of a file of one block only what lies before the damage is left: perhaps not even who it is.
    status = 0 if place > 300 else 1
    imports(tmp_path / "wandb", status=status)
