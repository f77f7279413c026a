"""Folders of TensorBoard's."""

from __future__ import annotations

import math
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from mltrack import _cli
from mltrack.export.event_file import EventFile
from mltrack.export.event_file import Plugin
from mltrack.export.event_file import summary_value
from mltrack.foreign import protobuf
from mltrack.foreign import tfrecord
from mltrack.foreign.protobuf import bytes_field
from mltrack_core import wire
from mltrack_core.records import ByEdges
from mltrack_core.records import ByExponent
from mltrack_core.records import Gap
from mltrack_core.records import Histograms
from mltrack_core.records import Media
from mltrack_core.records import Params
from mltrack_core.records import Record
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.spool import RecordedSpool
from mltrack_server.testing import started

Import = Callable[..., RecordedSpool]

GOLDEN = Path(__file__).with_name("golden") / "tensorboard"
VALUES = [0.1, math.nan, -math.inf, 1e300, -0.0]


def write(folder: Path, values: list[float], *, tag: str = "loss", time_s: int = 10**9) -> Path:
    """Write an event file of one tag, a step and a second from value to value."""
    file = EventFile(folder, time_s * 10**9)
    for step, value in enumerate(values):
        plugin = file.first(tag, Plugin("scalars"))
        file.add((time_s + step) * 10**9, step, summary_value(plugin, tag, [value]))
    file.close()
    (path,) = folder.glob("*.mltrack")
    return path.rename(path.with_name(path.name.removesuffix(".mltrack")))


def test_what_torch_wrote(imports: Import) -> None:
    """Its SummaryWriter's numbers, histograms, media and hyperparameters: one run."""
    spool = imports(GOLDEN)

    (begun,) = spool.of(RunStarted)
    assert (begun.project, begun.name, begun.host) == ("tensorboard", "fox", "box")
    series = spool.series()
    assert repr(series.pop("train/loss")) == repr(
        [(0, 1.0), (1, 0.5), (2, 0.3333333432674408), (3, math.nan), (4, -math.inf)]
    )
    assert series == {
        "val/loss": [(2, 0.1)],
        "both/left": [(1, 1.0)],
        "both/right": [(1, 2.0)],
        "hparam/accuracy": [(0, 0.5)],
    }
    (histogram,) = spool.of(Histograms)
    assert histogram.step == 1
    after_2 = math.nextafter(2.0, math.inf)  # its bin begins at the greatest value
    weights = ByEdges([-1.0, 0.0, 1.0, 2.0, after_2], [1, 2, 0, 1])
    assert histogram.values == {"weights": weights}
    media = {record.name: record.items[0] for record in spool.of(Media)}
    assert {name: item.kind for name, item in media.items()} == {
        "sample": "image",
        "note/text_summary": "text",
        "sound": "audio",
    }
    assert (media["sample"].width, media["note/text_summary"].file.data) == (2, b"**hi**")
    assert spool.params()[""] == {"lr": 0.1, "bs": 32, "opt": "adam"}
    (ended,) = spool.of(RunEnded)
    assert ended.state == "finished"
    (first, *_) = spool.of(Scalars)
    assert begun.time_ns <= first.time_ns <= ended.time_ns


def test_what_has_no_place_here_is_counted(
    imports: Import, capsys: pytest.CaptureFixture[str]
) -> None:
    """A precision-recall curve is left out, and that is said."""
    imports(GOLDEN)

    assert "left out, 1x what the plugin pr_curves shows" in capsys.readouterr().err


def write_events(folder: Path, *fields: bytes) -> None:
    """Write an event file, one event of each of *fields*."""
    folder.mkdir(parents=True)
    time = protobuf.double_field(1, 1e9)
    frames = b"".join(tfrecord.frame(time + field) for field in fields)
    (folder / "events.out.tfevents.1000000000.box").write_bytes(frames)


def summary(number: int, value: bytes, tag: bytes = b"it") -> bytes:
    """Return the field of an event that has one value, in the field *number* of it."""
    return bytes_field(5, bytes_field(1, bytes_field(1, tag) + bytes_field(number, value)))


def test_a_graph_is_counted(
    imports: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """It is in no summary, and has no place here."""
    write_events(tmp_path / "fox", bytes_field(4, b"a graph"))

    imports(tmp_path / "fox")

    assert "left out, 1x a graph" in capsys.readouterr().err


def test_a_histogram_may_begin_at_zero(imports: Import, tmp_path: Path) -> None:
    """As every one behind a ReLU does; protobuf does not write a number that is zero."""
    limits = struct.pack("<3d", 0.0, 0.5, 1e308)
    counts = struct.pack("<3d", 2, 1, 4)
    greatest = protobuf.double_field(2, 3.0)
    message = greatest + bytes_field(6, limits) + bytes_field(7, counts)
    write_events(tmp_path / "fox", summary(5, message))

    (histogram,) = imports(tmp_path / "fox").of(Histograms)

    bins = ByEdges([0.0, math.nextafter(0.0, 1.0), 0.5, 3.0], [2, 1, 4])
    assert histogram.values == {"it": bins}


@pytest.mark.parametrize(
    ("kind", "field", "written", "value"),
    [
        (9, 10, -5, -5),
        (10, 11, 1, 1),
        (14, 13, 0x3FC0, 1.5),
        (19, 13, 0x3E00, 1.5),
        (22, 16, 2**32 - 1, 2**32 - 1),
        (23, 17, 2**64 - 1, 2.0**64),  # the nearest number that a record has
    ],
)
def test_numbers_of_every_type(
    kind: int, field: int, written: int, value: float, imports: Import, tmp_path: Path
) -> None:
    """int64, bool, bfloat16, half, uint32, uint64."""
    tensor = protobuf.integer_field(1, kind) + protobuf.integer_field(field, written)
    write_events(tmp_path / "fox", summary(8, tensor))

    assert repr(imports(tmp_path / "fox").series()) == repr({"it": [(0, value)]})


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (8, protobuf.integer_field(1, 3) + protobuf.integer_field(7, 2**40)),  # no int32
        (8, protobuf.integer_field(1, 14) + bytes_field(4, b"odd")),
        (8, protobuf.integer_field(1, 1) + bytes_field(2, bytes_field(2, b"\x08\x01") * 99)),
        (5, bytes_field(6, struct.pack("<d", 1)) + bytes_field(7, struct.pack("<d", 1e300))),
        (5, bytes_field(6, struct.pack("<d", 1)) + bytes_field(7, struct.pack("<d", -1))),
    ],
)
def test_what_no_number_can_be_is_lost_alone(
    number: int, message: bytes, imports: Import, tmp_path: Path
) -> None:
    """Whoever wrote it: what comes behind it is imported, and the run says what it lost."""
    good = protobuf.integer_field(1, 9) + protobuf.integer_field(10, 7)
    write_events(tmp_path / "fox", summary(number, message), summary(8, good, b"good"))

    spool = imports(tmp_path / "fox")

    assert spool.series() == {"good": [(0, 7)]}
    assert [gap.count for gap in spool.of(Gap)] == [1]


def test_each_folder_is_a_run(imports: Import, tmp_path: Path) -> None:
    """By its name below the path; that of a path that is a run itself, its own."""
    write(tmp_path / "logs" / "a", VALUES)
    write(tmp_path / "logs" / "b" / "c", VALUES, time_s=10**9 + 1)

    spool = imports(tmp_path / "logs")
    imports(tmp_path / "logs" / "b" / "c")

    begun = [run[0] for run in map(spool.records, spool.runs())]
    names = [(run.project, run.name) for run in begun if isinstance(run, RunStarted)]
    assert sorted(names) == [("logs", "a"), ("logs", "b/c")]


def test_training_and_validation_of_keras_are_one_run(imports: Import, tmp_path: Path) -> None:
    """Its callback writes them side by side."""
    write(tmp_path / "logs" / "fox" / "train", [1.0])
    write(tmp_path / "logs" / "fox" / "validation", [2.0], time_s=10**9 + 1)

    spool = imports(tmp_path / "logs")

    assert spool.series() == {"train/loss": [(0, 1.0)], "validation/loss": [(0, 2.0)]}


def test_several_files_are_one_run(imports: Import, tmp_path: Path) -> None:
    """In the order of their names, which begin with their times."""
    write(tmp_path / "fox", [1.0], time_s=10**9 + 5)
    write(tmp_path / "fox", [2.0])

    assert imports(tmp_path / "fox").series() == {"loss": [(0, 2.0), (0, 1.0)]}


def test_damage_costs_what_it_hits(
    imports: Import, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The others are imported; how many are not is said, and written into the run."""
    path = write(tmp_path / "fox", VALUES)
    data = bytearray(path.read_bytes())
    data[100] ^= 1  # in the second event: the first value
    path.write_bytes(data[:-3])

    spool = imports(tmp_path / "fox")

    assert [step for step, _ in spool.series()["loss"]] == [1, 2, 3]
    gaps = {gap.reason: gap.count for gap in spool.of(Gap)}
    assert gaps == {"import: an event: damaged": 1, "import: an event: cut off at the end": 1}
    assert "not read, 1x an event: damaged" in capsys.readouterr().err


@pytest.mark.parametrize("place", range(0, 3000, 97))
def test_no_damage_stops_an_import(place: int, imports: Import, tmp_path: Path) -> None:
    """One flipped byte anywhere costs its event, or the rest of its file, and nothing else."""
    folder = tmp_path / "fox"
    shutil.copytree(GOLDEN / "fox", folder)
    (path,) = folder.glob("events*")
    data = bytearray(path.read_bytes())
    data[place % len(data)] ^= 0x55
    path.write_bytes(data)

    spool = imports(folder)

    assert spool.series()["both/left"] == [(1, 1.0)]


def _spooled(home: Path, records: list[Record]) -> None:
    spool = SpoolWriter(home, "c" * 32)
    for record in (started(name="fox", time_ns=10**18), *records):
        assert spool.append(*wire.encode(record))
    spool.close()


def test_what_was_exported_comes_back(
    imports: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Curves, what was gone over again, histograms and parameters are the same."""
    other = tmp_path / "other"
    _spooled(
        other,
        [
            Params(10**18, "", {"lr": 0.5, "text": "a|b", "list": [1, None]}),
            Scalars(10**18, 5, {"loss": 7.0}),
            Scalars(10**18, 6, {"loss": 8.0}),
            Rewind(10**18, 4),
            *(Scalars(10**18 + 10**9 * n, n, {"loss": value}) for n, value in enumerate(VALUES)),
            Scalars(10**18, 5, {"loss": 1.0}),
            Histograms(10**18, 3, {"grad": ByExponent(-1, [2], 0, [3], zeros=1)}),
            RunEnded(10**18, "finished"),
        ],
    )
    export = ["export", "fox", "--from", str(other), "--format", "tensorboard"]
    assert _cli.main([*export, "--output", str(tmp_path / "out")]) == 0

    spool = imports(tmp_path / "out")

    (begun,) = spool.of(RunStarted)
    assert begun.project == "mnist"
    assert begun.name.startswith("fox")
    series = spool.series()["loss"]
    assert repr(series) == repr([(5, 7.0), (6, 8.0), *enumerate(VALUES), (5, 1.0)])
    assert [record.step for record in spool.of(Rewind)] == [4]
    times = [record.time_ns for record in spool.of(Scalars)]
    assert times[2:-1] == [10**18 + 10**9 * n for n in range(len(VALUES))]
    assert spool.params()[""] == {"lr": 0.5, "text": "a|b", "list": [1, None]}
    (histogram,) = spool.of(Histograms)
    assert isinstance(found := histogram.values["grad"], ByEdges)
    assert sum(found.counts) == 6
    assert (found.edges[0], found.edges[-1]) == (-1.0, 2.0)
