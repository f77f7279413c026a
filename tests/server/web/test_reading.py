"""`mltrack.open()`: the same runs, read from a folder, through its server, or from afar."""

from __future__ import annotations

import contextlib
import csv
import gc
import io
import json
import math
import sys
import time
from collections.abc import Callable
from collections.abc import Iterator
from datetime import UTC
from datetime import datetime
from pathlib import Path

import numpy as np
import psutil
import pytest

import mltrack
from mltrack import _cli
from mltrack.reading.reader import Reader
from mltrack.reading.run import NotFound
from mltrack_core import wire
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.records import Console
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.errors import QueryInvalid
from mltrack_server.errors import StoreUnusable
from mltrack_server.lock import STORE_FILE
from mltrack_server.lock import StoreLock
from mltrack_server.resources import METRICS_LISTED_MAX
from mltrack_server.testing import RunningServer
from mltrack_server.testing import serve
from mltrack_server.testing import started
from mltrack_server.web import series

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]

RUNS = [f"{n:x}" * 32 for n in range(10, 13)]
VALUES = [0.5, float("nan"), float("inf"), -0.0, 2**53 + 1]


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Keep the user's own settings and runs out of it."""
    for name in ("MLTRACK_URL", "MLTRACK_TOKEN", "MLTRACK_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "home"))


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """Give an MLTRACK_DIR with three finished runs in its spool."""
    for position, run in enumerate(RUNS):
        record(tmp_path, run, started(name=f"run {position}", time_ns=10**18 + position))
    return tmp_path


def record(root: Path, run: str, first: Record, values: list[float | int] = VALUES) -> None:
    """Write a run into the spool as a trainer does."""
    spool = SpoolWriter(root, run)
    records = [
        first,
        Params(time.time_ns(), "", {"lr": 0.1}),
        *(Scalars(10**18 + step, step, {"loss": value}) for step, value in enumerate(values)),
        Console(time.time_ns(), "stdout", "hello"),
        RunEnded(10**18 + 10**10, "finished", explicit=True),
    ]
    for entry in records:
        assert spool.append(*wire.encode(entry))
    spool.close()


def extend(root: Path, run: str, *records: Record) -> None:
    """Write a further stream of a run."""
    spool = SpoolWriter(root, run)
    for entry in (started(role="child"), *records):
        assert spool.append(*wire.encode(entry))
    spool.close()


@pytest.fixture(params=["folder", "folder with a ui", "server"])
def reader(
    request: pytest.FixtureRequest, recorded: Path, tmp_path: Path, token: str
) -> Iterator[Reader]:
    """Give a reader of the recorded runs, by each of the three ways."""
    if request.param == "folder":
        with open_folder(recorded) as opened:
            yield opened
    elif request.param == "folder with a ui":
        with (
            StoreLock(recorded) as lock,
            serve(recorded, root=recorded) as server,
        ):
            assert lock.acquire()
            lock.publish(server.address)
            deliver(recorded, server)
            yield mltrack.open(recorded)
    else:
        with serve(tmp_path / "server", token=token) as server:
            deliver(recorded, server)
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv("MLTRACK_URL", server.address)
                patch.setenv("MLTRACK_TOKEN", token)
                yield mltrack.open()


@contextlib.contextmanager
def open_folder(root: Path) -> Iterator[Reader]:
    """Open a folder and let its store go at the end."""
    opened = mltrack.open(root)
    try:
        yield opened
    finally:
        opened.close()


def deliver(root: Path, server: RunningServer) -> None:
    """Send a spool to a server as an agent does."""
    for run in RUNS:
        (stream,) = {p.name.partition("-")[0] for p in (root / "spool" / run).glob("*.seg")}
        batch = Tail(root, run, stream).read()
        assert batch is not None
        answer = server.post(f"/api/v1/ingest/{run}/{stream}", data=batch.pack())
        assert answer.status_code == 200


def test_a_history_of_any_length_is_whole(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Longer than one answer of a server may be, it is read page by page."""
    monkeypatch.setattr(series, "POINTS_MAX", 2)

    history = reader.run("a").history("loss")

    assert history.step.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_equal(history.value[:4], np.array(VALUES[:4], float))
    assert history.exact_ints == {4: 2**53 + 1}


def test_every_way_reads_the_same(reader: Reader) -> None:
    """Runs, parameters, summaries, consoles and exact points are the same by each way."""
    runs = reader.runs()

    assert len(runs) == 3
    assert [run.name for run in runs] == ["run 2", "run 1", "run 0"]
    assert runs[-1].id == runs[2].id == RUNS[0]
    run = reader.run("b")
    assert (run.id, run.project, run.state) == (RUNS[1], "mnist", "finished")
    assert run.params == {"lr": 0.1}
    assert run.metrics["loss"].count == 5
    assert run.summary["loss"] == pytest.approx(2**53)
    assert run.started == datetime(2001, 9, 9, 1, 46, 40, tzinfo=UTC)
    assert run.duration_s == pytest.approx(10.0)
    assert [line.text for line in run.console()] == ["hello"]
    assert run.details.command[0] == "train.py"

    history = run.history("loss")

    assert history.step.tolist() == [0, 1, 2, 3, 4]
    np.testing.assert_equal(history.value[:4], np.array(VALUES[:4], float))
    assert np.signbit(history.value[3])
    assert history.exact_ints == {4: 2**53 + 1}
    assert history.time[1] == np.datetime64(10**18 + 1, "ns")
    assert not history.is_superseded.any()


def test_filters_narrow_the_list(reader: Reader) -> None:
    """Project and state choose; what fits nothing gives an empty list."""
    assert len(reader.runs(project="mnist", state="finished")) == 3
    assert list(reader.runs(project="other")) == []
    assert reader.runs(state="running")[:5] == []


def test_one_language_finds_and_sorts_runs_by_each_way(reader: Reader) -> None:
    """A query means the same in a folder, through its server and from afar, mistakes too."""
    found = reader.runs('params.lr <= 0.1 and name != "run 1"', sort="name", fields="params.lr")
    long = reader.runs(f"params.lr in [0.1{', 1' * 900}]", sort="-name", project="mnist")

    assert [run.name for run in found] == ["run 0", "run 2"]
    assert found[0].params == {"lr": 0.1}
    assert found[0].metrics == {}
    assert [run.name for run in long] == ["run 2", "run 1", "run 0"]
    assert list(reader.runs("params.lr > 1")) == []
    with pytest.raises(QueryInvalid, match=r"do you mean params\.lr\?"):
        reader.runs("lr < 1")
    with pytest.raises(QueryInvalid, match=r"metrics\.loss\.mean"):
        reader.runs(sort="metrics.loss.mean")


def test_the_command_line_finds_sorts_and_chooses_columns(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a table, as JSON lines and as CSV; and a mistake is pointed at."""
    asked = ["runs", 'name != "run 1"', "--sort=-name", "--from", str(recorded)]
    columns = ["--columns", "name,params.lr,metrics.loss.count,tags,created,params.none"]

    assert _cli.main([*asked, *columns]) == 0
    table = capsys.readouterr().out.splitlines()
    assert table[0].split()[:3] == ["name", "params.lr", "metrics.loss.count"]
    assert [line[:5] for line in table[1:]] == ["run 2", "run 0"]
    assert _cli.main([*asked, *columns, "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [(row["name"], row["params.lr"], row["metrics.loss.count"]) for row in rows] == [
        ("run 2", "0.1", "5"),
        ("run 0", "0.1", "5"),
    ]
    assert rows[0]["created"] == "2001-09-09T01:46:40+00:00"
    assert _cli.main([*asked, "--columns", "metrics.loss.max", "--json"]) == 0
    first = json.loads(capsys.readouterr().out.splitlines()[0])
    assert first == {"id": RUNS[2], "metrics.loss.max": 2.0**53}
    assert _cli.main([*asked, "--csv"]) == 0
    assert "params.lr" in capsys.readouterr().out.splitlines()[0]

    assert _cli.main(["runs", "lr < 1", "--from", str(recorded)]) == 1
    error = capsys.readouterr().err
    assert "do you mean params.lr?" in error
    assert error.endswith("  lr < 1\n  ^^\n")


def test_runs_put_away_can_be_named_and_asked_for(tmp_path: Path) -> None:
    """A run put away is out of lists, not out of reach."""
    with serve(tmp_path) as server:
        run = server.new_run(name="old one", tags=["x"])
        server.ask("PATCH", f"/api/v1/runs/{run}", json={"archived": True, "notes": "put away"})
        reader = mltrack.open(server.address)

        assert list(reader.runs()) == []
        assert reader.run("old one").id == reader.run(run[-8:]).id == run
        (found,) = reader.runs("archived = true")
        assert (found.tags, found.notes) == (["x"], "put away")


def test_what_is_not_there_is_said_clearly(reader: Reader) -> None:
    """An unknown or ambiguous id and an unknown metric are LookupErrors that help."""
    with pytest.raises(LookupError, match="no run's id ends with 'f'"):
        reader.run("f")
    with pytest.raises(LookupError, match="there is no run"):
        reader.run("f" * 32)
    with pytest.raises(NotFound, match="no run's id ends"):
        reader.run("")
    with pytest.raises(LookupError, match="there are loss"):
        reader.run("a").history("los")


def test_frames_hold_what_the_arrays_hold(recorded: Path) -> None:
    """With pandas, runs and points come as data frames."""
    pandas = pytest.importorskip("pandas")
    with open_folder(recorded) as reader:
        points = reader.run("a").history("loss").to_pandas()
        runs = reader.runs().to_pandas()

    assert isinstance(points, pandas.DataFrame)
    assert points["step"].tolist() == [0, 1, 2, 3, 4]
    assert runs["params.lr"].tolist() == [0.1] * 3
    assert runs["name"].tolist() == ["run 2", "run 1", "run 0"]


def test_polars_frames_hold_what_the_arrays_hold(recorded: Path) -> None:
    """With polars too; a parameter that is a number here and text there becomes text."""
    polars = pytest.importorskip("polars")
    extend(recorded, RUNS[1], Params(time.time_ns(), "", {"warmup": "auto"}))
    extend(recorded, RUNS[2], Params(time.time_ns(), "", {"warmup": 5, "betas": [0.9, 0.99]}))
    with open_folder(recorded) as reader:
        points = reader.run("a").history("loss").to_polars()
        runs = reader.runs().to_polars()

    assert isinstance(points, polars.DataFrame)
    assert points["step"].to_list() == [0, 1, 2, 3, 4]
    assert runs["name"].to_list() == ["run 2", "run 1", "run 0"]
    assert runs["params.lr"].to_list() == [0.1] * 3
    assert runs["params.warmup"].to_list() == ["5", "auto", None]
    assert runs["params.betas"].to_list() == [[0.9, 0.99], None, None]


def test_parameters_that_are_not_finite_are_numbers(recorded: Path) -> None:
    """`inf` and `nan` come back as floats, and text of that name as text."""
    values: dict[str, ParamValue] = {
        "max_norm": math.inf, "least": -math.inf, "best": math.nan,
        "text": "NaN", "list": [1.0, math.inf, "x"], "rate": 0.1,
    }  # fmt: skip
    extend(recorded, RUNS[0], Params(time.time_ns(), "", values))

    with open_folder(recorded) as reader:
        params = reader.run(RUNS[0]).params
        listed = reader.runs()[2].params

    assert repr(params) == repr(listed)
    assert params.pop("best") != values.pop("best")  # NaN differs from everything
    assert params == values | {"lr": 0.1}


def test_a_run_of_the_list_has_all_its_metrics(recorded: Path) -> None:
    """A list carries the first thousand of each run; the others are fetched when asked for."""
    values = {f"m/{number}": float(number) for number in range(METRICS_LISTED_MAX + 5)}
    extend(recorded, RUNS[2], Scalars(time.time_ns(), 9, values))

    with open_folder(recorded) as reader:
        summary = reader.runs()[0].summary

    assert summary.items() >= values.items()


def test_runs_and_histories_show_what_they_are(recorded: Path) -> None:
    """In a notebook a run says its name, state and id, and a history how long it is."""
    with open_folder(recorded) as reader:
        run = reader.run("a")
        history = run.history("loss")

    assert repr(run) == f"<run 'run 0' of 'mnist', finished, {RUNS[0]}>"
    assert repr(history) == "<history of 'loss', 5 points: .step .time .value>"


def test_without_a_frame_library_the_error_helps(
    recorded: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The ImportError names what to install and what works without it."""
    monkeypatch.setitem(sys.modules, "polars", None)
    with open_folder(recorded) as reader, pytest.raises(ImportError, match="pip install polars"):
        reader.run("a").history("loss").to_polars()


def test_a_folder_is_read_anew_each_time(recorded: Path) -> None:
    """A reader kept open sees runs that begin later, and lets others write the store meanwhile."""
    with open_folder(recorded) as reader:
        assert len(reader.runs()) == 3
        record(recorded, "d" * 32, started(time_ns=2 * 10**18), [1.0])

        with StoreLock(recorded) as lock:
            assert lock.acquire()
        assert len(reader.runs()) == 4
        assert reader.run("d").history("loss").value.tolist() == [1.0]


def test_long_lists_come_in_pages(tmp_path: Path) -> None:
    """Iterating gives every run once, and looking at the first does not fetch them all."""
    with serve(tmp_path) as server:
        made = [server.new_run() for _ in range(45)]
        runs = mltrack.open(server.address).runs()

        assert runs[0].id == made[-1]
        assert len(runs._fetched) < 45
        assert [run.id for run in runs] == made[::-1]
        assert len(runs) == 45


def test_a_server_that_is_not_there_is_named(tmp_path: Path) -> None:
    """A wrong address and a missing token are told apart."""
    with serve(tmp_path, token="0123456789abcdef") as server:
        with pytest.raises(ServerRefused, match="MLTRACK_TOKEN"):
            mltrack.open(server.address)
        address = server.address
    with pytest.raises(ServerUnreachable, match="is the server running"):
        mltrack.open(address)


def test_the_token_goes_to_its_own_server_only(
    tmp_path: Path, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another address than MLTRACK_URL does not get to see MLTRACK_TOKEN."""
    with serve(tmp_path, token=token) as server:
        monkeypatch.setenv("MLTRACK_TOKEN", token)
        monkeypatch.setenv("MLTRACK_URL", server.address + "/")
        assert len(mltrack.open(server.address).runs()) == 0

        monkeypatch.setenv("MLTRACK_URL", "http://other.example")
        with pytest.raises(ServerRefused):
            mltrack.open(server.address)


def test_a_folder_that_cannot_be_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file in the place of MLTRACK_DIR is reported by name."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path / "file" / "below"))

    with pytest.raises(StoreUnusable, match="file"):
        mltrack.open()


@pytest.mark.parametrize("place", ["typo", "ftp://server.example"])
def test_a_place_that_is_not_there_is_not_made(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To read from a folder that does not exist is a mistake, and leaves no folder behind."""
    monkeypatch.chdir(tmp_path)

    with pytest.raises(NotFound, match="no such folder"):
        mltrack.open(place)

    assert list(tmp_path.iterdir()) == []


def test_the_list_of_runs_stays_readable(
    recorded: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`mltrack runs` cuts endless names, and as JSON gives them whole, without a bare NaN."""
    name = "n" * 256
    record(recorded, "d" * 32, started(name=name, time_ns=2 * 10**18))
    extend(recorded, "d" * 32, Params(time.time_ns(), "", {"clip": [math.inf], "seed": math.nan}))

    assert _cli.main(["runs", "--from", str(recorded)]) == 0
    table = capsys.readouterr().out
    assert _cli.main(["runs", "--from", str(recorded), "--json", "--limit", "1"]) == 0
    line = capsys.readouterr().out

    assert max(map(len, table.splitlines())) < 120
    assert "n" * 39 + "…" in table
    found = json.loads(line, parse_constant=pytest.fail)
    assert found["name"] == name
    assert found["params"] == {"lr": 0.1, "clip": ["Infinity"], "seed": "NaN"}
    assert found["summary"] == {"loss": 2**53 + 1}


@pytest.mark.parametrize(
    ("choice", "words"), [((), "no runs in"), (("--project", "x"), "no run of this kind in")]
)
def test_an_empty_list_says_of_what(
    choice: tuple[str, ...], words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where nothing is found, the place is named: it may be the wrong one."""
    assert _cli.main(["runs", *choice]) == 0

    assert capsys.readouterr().err.startswith(f"{words} {tmp_path / 'home'}")


def test_nobody_need_close_a_reader(recorded: Path) -> None:
    """What is read through goes with its last use; Python 3.13 would warn of a lost connection."""
    names = [run.name for run in mltrack.open(recorded).runs()]
    gc.collect()

    assert names
    files = {Path(file.path).name for file in psutil.Process().open_files()}
    assert STORE_FILE not in files
