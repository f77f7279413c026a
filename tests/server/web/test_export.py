"""`mltrack export`: every point and parameter in files that others read, or a clear error."""

from __future__ import annotations

import csv
import io
import json
import math
import struct
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import pytest

from mltrack import _cli
from mltrack.foreign.tfrecord import crc32c
from mltrack_core import wire
from mltrack_core.blobs import digest_of
from mltrack_core.media import formats
from mltrack_core.records import Box
from mltrack_core.records import ByExponent
from mltrack_core.records import Histograms
from mltrack_core.records import Mask
from mltrack_core.records import Media
from mltrack_core.records import MediaFile
from mltrack_core.records import MediaItem
from mltrack_core.records import Params
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.lock import STORE_FOLDER
from mltrack_server.lock import store_url
from mltrack_server.resources import RulesEdit
from mltrack_server.store import Store
from mltrack_server.store import thinning
from mltrack_server.testing import Agent
from mltrack_server.testing import serve
from mltrack_server.testing import started
from mltrack_server.testing import wait_until

RUNS = ["a" * 32, "b" * 32]
VALUES = [0.1, math.nan, math.inf, -0.0, 2**53 + 1]
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b55"
    "0000000a49444154789c6360000000020001488eb0f40000000049454e44ae426082"
)
HISTOGRAM = ByExponent(-1, [2], 0, [3], zeros=1)


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the user's own settings out of it."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Give an MLTRACK_DIR with two runs of which each went back once."""
    folder = tmp_path / "home"
    for run in RUNS:
        spool = SpoolWriter(folder, run)
        records: list[Any] = [
            started(name="a/b: c", time_ns=10**18, project="mnist"),
            Params(10**18, "", {"lr": math.inf, "layers": [1, 2], "=name": "x\ny"}),
            *(Scalars(10**18 + n, n, {"loss": value}) for n, value in enumerate(VALUES)),
            Histograms(10**18, 3, {"grad": HISTOGRAM}),
            Rewind(10**18 + 8, 3),
            Scalars(10**18 + 9, 4, {"loss": 7.0}),
            RunEnded(10**18 + 10, "finished", explicit=True),
        ]
        for record in records:
            assert spool.append(*wire.encode(record))
        spool.close()
    return folder


def export(where: Path | str, output: Path, form: str, *choice: str) -> int:
    """Run the command."""
    arguments = ["export", *(choice or ("--all",)), "--from", str(where)]
    return _cli.main([*arguments, "--format", form, "--output", str(output)])


def test_csv_holds_everything(recorded: Path, tmp_path: Path) -> None:
    """Points, parameters and histograms come back bit by bit; what was gone over is marked."""
    assert export(recorded, tmp_path / "out", "csv") == 0

    tables = {
        path.stem: list(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"), newline="")))
        for path in (tmp_path / "out").iterdir()
    }
    series = [row for row in tables["series"] if row["run"] == RUNS[0]]
    assert [row["step"] for row in series] == ["0", "1", "2", "3", "4", "4"]
    assert [row["value"] for row in series] == [
        "0.1", "NaN", "Infinity", "-0.0", "9007199254740993", "7.0",
    ]  # fmt: skip
    assert [row["is_superseded"] for row in series] == ["0", "0", "0", "0", "1", "0"]
    assert series[1]["time"] == "2001-09-09T01:46:40.000000001Z"
    params = {row["key"]: row["value"] for row in tables["params"] if row["namespace"] == ""}
    assert params == {"=name": '"x\\ny"', "layers": "[1, 2]", "lr": '"Infinity"'}
    assert sorted(row["run"] for row in tables["runs"]) == RUNS
    assert json.loads(tables["histograms"][0]["count"]) == [2, 1, 3]


def test_json_lines_hold_everything(recorded: Path, tmp_path: Path) -> None:
    """So do JSON lines, read from a server here, of one run."""
    with serve(recorded, root=recorded) as other:
        wait_until(lambda: len(other.get("/api/v1/runs").json()["runs"]) == 2, "both runs")
        assert export(other.address, tmp_path / "out", "jsonl", RUNS[1]) == 0

    lines = (tmp_path / "out" / "series.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line, parse_constant=pytest.fail) for line in lines]
    assert [row["value"] for row in rows] == [0.1, "NaN", "Infinity", -0.0, 2**53 + 1, 7.0]
    assert {row["run"] for row in rows} == {RUNS[1]}


def test_parquet_holds_everything(recorded: Path, tmp_path: Path) -> None:
    """Parquet keeps types: times are timestamps, lists are lists, integers are exact."""
    parquet = pytest.importorskip("pyarrow.parquet")

    assert export(recorded, tmp_path / "out", "parquet", "--project", "mnist") == 0

    path = tmp_path / "out" / "series.parquet"
    series = parquet.read_table(path, columns=["value", "value_integer"]).to_pydict()
    assert series["value"][3] == 0.0
    assert math.copysign(1, series["value"][3]) == -1
    assert series["value_integer"][3:6] == [None, 2**53 + 1, None]
    schema = parquet.read_schema(path)
    assert str(schema.field("time").type) == "timestamp[ns, tz=UTC]"
    histograms = parquet.read_table(
        tmp_path / "out" / "histograms.parquet", columns=["count"]
    ).to_pydict()
    assert histograms["count"] == [[2, 1, 3]] * 2


@pytest.fixture
def pictured(tmp_path: Path) -> Path:
    """Give an MLTRACK_DIR with a run of an image with a mask, twice, a table, and a lost sound."""
    folder = tmp_path / "pictured"
    image = MediaItem(
        "image",
        media_file(PNG, formats.PNG),
        "a digit",
        boxes=[Box(0, 0, 1, 1, "7", math.nan)],
        masks=[Mask("truth", media_file(PNG, formats.PNG), {1: "seven"})],
    )
    table = msgspec.msgpack.encode((["digit", "p"], [["7", math.nan]]))
    spool = SpoolWriter(folder, RUNS[0])
    for record in (
        started(name="pictured"),
        Media(10**18, 0, "samples", [image]),
        Media(10**18, 5, "samples", [image]),
        Media(10**18, 5, "errors", [MediaItem("table", media_file(table, formats.TABLE))]),
        Media(10**18, 5, "lost", [MediaItem("audio", MediaFile(formats.WAV, 9, "0" * 64))]),
    ):
        assert spool.append(*wire.encode(record))
    spool.close()
    return folder


def media_file(data: bytes, kind: str) -> MediaFile:
    """Return a file that is in its record."""
    return MediaFile(kind, len(data), digest_of(data), data)


@pytest.mark.parametrize("form", ["csv", "jsonl"])
def test_media_are_files_beside_the_tables(
    form: str, pictured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One file for each content; what cannot be had is an empty cell, and is said."""
    out = tmp_path / "out"
    assert export(pictured, out, form) == 0

    if form == "csv":
        text = io.StringIO((out / "media.csv").read_text(encoding="utf-8"), newline="")
        rows: list[dict[str, Any]] = [
            {**row, "boxes": json.loads(row["boxes"]), "masks": json.loads(row["masks"])}
            for row in csv.DictReader(text)
        ]
    else:
        rows = [json.loads(line) for line in (out / "media.jsonl").read_text().splitlines()]
    files = {(row["name"], int(row["step"])): row["file"] for row in rows}
    assert (out / files["samples", 0]).read_bytes() == PNG
    assert files["samples", 0] == files["samples", 5]
    table = json.loads((out / files["errors", 5]).read_text())
    assert table == {"columns": ["digit", "p"], "rows": [["7", "NaN"]]}
    assert files["lost", 5] == ""
    image = next(row for row in rows if row["name"] == "samples")
    assert image["masks"] == [
        {"name": "truth", "labels": {"1": "seven"}, "file": files["samples", 0]}
    ]
    assert image["boxes"][0]["label"] == "7"
    assert len(list((out / "media").iterdir())) == 2
    assert "1 files of media are not here" in capsys.readouterr().err


def test_event_files_say_that_they_leave_media_out(
    pictured: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody believes to have everything who has not."""
    assert export(pictured, tmp_path / "out", "tensorboard") == 0

    assert "4 records of media are not in event files" in capsys.readouterr().err


def test_without_pyarrow_it_says_what_to_install(
    recorded: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The error names the extra and the formats that need none; no folder is left behind."""
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    assert export(recorded, tmp_path / "out" / "deep", "parquet") == 1

    assert "mltrack[parquet]" in capsys.readouterr().err
    assert list((tmp_path / "out").iterdir()) == []


def test_a_folder_with_something_in_it_is_left_alone(
    recorded: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nobody's files are mixed with an export, nor overwritten by one."""
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("")

    assert export(recorded, tmp_path / "out", "csv") == 1

    assert "not empty" in capsys.readouterr().err
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["mine"]


@pytest.mark.parametrize("choice", [("nobody",), ("--project", "none"), ("--all", RUNS[0])])
def test_nothing_to_export_is_an_error(
    choice: tuple[str, ...], recorded: Path, tmp_path: Path
) -> None:
    """A typo in a name must not look like an export that worked."""
    assert export(recorded, tmp_path / "out", "csv", *choice) in (1, 2)

    assert not (tmp_path / "out").exists()


def test_event_files_are_framed_as_tensorflow_does(recorded: Path, tmp_path: Path) -> None:
    """Every frame's length and body match their masked CRC-32C, up to the end of each file."""
    assert crc32c(b"123456789") == 0xE3069283  # the check value of its definition
    assert export(recorded, tmp_path / "out", "tensorboard") == 0

    files = sorted((tmp_path / "out").rglob("events.*"))
    assert len(files) == 4  # of each run what counts, and what was gone over again
    for file in files:
        data = file.read_bytes()
        position = count = 0
        while position < len(data):
            length, check = struct.unpack_from("<QI", data, position)
            body = data[position + 12 : position + 12 + length]
            (body_check,) = struct.unpack_from("<I", data, position + 12 + length)
            for text, expected in ((data[position : position + 8], check), (body, body_check)):
                crc = crc32c(text)
                assert ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF == expected
            position += 16 + length
            count += 1
        assert count == (2 if "superseded" in str(file) else 8)


def test_it_says_which_runs_are_thinned(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who exports an old run learns that not every point of it is there."""
    monkeypatch.setattr(thinning, "BUCKETS", {"archive": 4})
    agent, home = Agent(), tmp_path / "home"
    long_ago = time.time_ns() - 40 * 86_400 * 10**9
    (home / STORE_FOLDER).mkdir(parents=True)
    with Store(store_url(home), clock_ns=lambda: long_ago) as store:
        store.apply([agent.batch(0, started()), agent.losses(1, 200)])
    with Store(store_url(home)) as store:
        store.fold(agent.run)
        store.set_rules(RulesEdit(project="mnist", detail="archive"))
        assert store.thin(agent.run) == 200

    assert export(home, tmp_path / "out", "csv") == 0

    assert "of 200 points" in capsys.readouterr().err
    rows = (tmp_path / "out" / "series.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 == 4 * 2  # it falls, so first and last of each bucket are its extremes
