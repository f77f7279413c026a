"""Many series in one answer: over REST in each form, and through `mltrack.open()`."""

from __future__ import annotations

import contextlib
import csv
import io
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import mltrack
from mltrack_core.records import Scalars
from mltrack_server.extract import unpack
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]
PATH = "/api/v1/history"


@pytest.fixture
def recorded(server: RunningServer) -> list[str]:
    """Give the ids of two runs with the series "loss" and "=odd" of 20 points each."""
    runs = []
    for factor in (1, 10):
        agent = Agent()
        records = [
            Scalars(10**18 + step, step, {"loss": float(factor * step), "=odd": 2**53 + step})
            for step in range(20)
        ]
        records[3] = Scalars(10**18 + 3, 3, {"loss": math.nan, "=odd": 2**53 + 3})
        batch = agent.batch(0, started(time_ns=10**18 + factor), *records)
        answer = server.post(agent.path, data=batch.pack())
        assert answer.status_code == 200, answer.text
        runs.append(agent.run)
    return runs


def asked(server: RunningServer, accept: str, **query: Any) -> Any:
    """Return the answer to an extract."""
    answer = server.post(PATH, json=query, headers={"Accept": accept})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith(accept)
    return answer


def test_each_form_says_the_same(server: RunningServer, recorded: list[str]) -> None:
    """JSON, CSV and columns hold the same points of the same series in the same order."""
    query = {"runs": recorded, "names": ["=odd", "loss", "none"]}

    listed = asked(server, "application/json", **query).json()
    lines = list(csv.DictReader(io.StringIO(asked(server, "text/csv", **query).text)))
    columns = unpack(asked(server, "application/octet-stream", **query).content)

    assert [(each["run"], each["name"]) for each in listed["series"]] == [
        (run, name) for run in recorded for name in ("=odd", "loss")
    ]
    assert listed["next"] is None
    values = [value for each in listed["series"] for value in each["value"]]
    assert values[19] == 2**53 + 19
    assert values[23] == "NaN"
    assert [line["value"] for line in lines] == [str(value) for value in values]
    assert lines[0]["name"] == "'=odd"  # no spreadsheet takes it for a formula
    assert [str(value) for value in columns.points.values()] == [
        str(math.nan if value == "NaN" else value) for value in values
    ]


def test_samples_come_in_each_form(server: RunningServer, recorded: list[str]) -> None:
    """Four rows a series, the last point of each part with what all of them amount to."""
    query = {"runs": recorded[:1], "names": ["loss"], "samples": 4}

    (listed,) = asked(server, "application/json", **query).json()["series"]
    lines = list(csv.DictReader(io.StringIO(asked(server, "text/csv", **query).text)))

    assert listed["step"] == [4, 9, 14, 19]
    assert listed["value"] == [4, 9, 14, 19]
    assert listed["min"] == [0, 5, 10, 15]
    assert listed["mean"] == pytest.approx([7 / 4, 7, 12, 17])
    assert listed["count"] == [5, 5, 5, 5]
    assert listed["nonfinite"] == [1, 0, 0, 0]
    assert [line["max"] for line in lines] == ["4.0", "9.0", "14.0", "19.0"]


def test_arrow_says_the_same(server: RunningServer, recorded: list[str]) -> None:
    """With pyarrow the points come as an Arrow stream, page by page, integers exact."""
    pyarrow = pytest.importorskip("pyarrow")
    media = "application/vnd.apache.arrow.stream"
    query = {"runs": recorded, "names": ["loss", "=odd"], "limit": 60}

    body = asked(server, media, **query).content
    table = pyarrow.ipc.open_stream(body).read_all()

    assert table.column("run").to_pylist()[::20] == [recorded[0], recorded[0], recorded[1]]
    assert table.column("name").to_pylist()[::20] == ["loss", "=odd", "loss"]
    assert table.column("exact_integer").to_pylist()[20:24] == [None, 2**53 + 1, None, 2**53 + 3]
    assert b'"run":1,"name":1' in table.schema.metadata[b"mltrack.next"]


def test_what_makes_no_sense_is_refused(server: RunningServer, recorded: list[str]) -> None:
    """An absurd window, a billion rows or a page of another query: named, and not tried."""
    bad: list[tuple[dict[str, Any], str]] = [
        ({"names": []}, "names"),
        ({"names": ["loss", "loss"]}, "body.names"),
        ({"runs": ["no-id"]}, "runs"),
        ({"samples": 0}, "samples"),
        ({"samples": 100_000, "names": [str(n) for n in range(100)]}, "body"),
        ({"start": 5, "end": 4}, "body.end"),
        ({"resume": {"run": 9, "name": 0}}, "body.resume"),
        ({"samples": 5, "resume": {"run": 0, "name": 0}}, "body.resume"),
        ({"limit": 10**7}, "limit"),
    ]
    for changes, at in bad:
        answer = server.post(PATH, json={"runs": recorded, "names": ["loss"], **changes})

        assert answer.status_code == 422, changes
        assert at in answer.json()["at"], changes


def test_a_long_csv_is_refused_with_the_way_out(server: RunningServer, recorded: list[str]) -> None:
    """CSV cannot say that there is more: it is never cut off silently."""
    query = {"runs": recorded, "names": ["loss"], "limit": 30}

    answer = server.post(PATH, json=query, headers={"Accept": "text/csv"})

    assert answer.status_code == 422
    assert "samples" in answer.json()["detail"]


@pytest.mark.parametrize("place", ["folder", "server"])
def test_series_of_many_runs_are_one_frame(
    place: str, server: RunningServer, recorded: list[str], tmp_path: Path
) -> None:
    """`runs.metrics` and `run.history([...])` read several series at once, exact or reduced."""
    where: Any = tmp_path if place == "folder" else server.address
    with mltrack.open(where) as reader:
        frame = reader.runs().metrics(["loss", "=odd"])
        run = reader.run(recorded[0])
        exact = run.history(["=odd", "none"])
        reduced = run.history("loss", samples=4)
        with pytest.raises(LookupError, match="there are"):
            run.history(["none", "nil"])
        with pytest.raises(ValueError, match="samples"):
            run.history("loss", samples=0)

    assert frame.columns[:5] == ["run", "name", "step", "time", "value"]
    assert len(frame) == 80
    assert sorted(set(frame["run"])) == sorted(recorded)
    assert [frame.exact_ints[row] for row in (21, 39)] == [2**53 + 1, 2**53 + 19]
    assert exact["name"].tolist() == ["=odd"] * 20
    assert reduced["value"].tolist() == [4, 9, 14, 19]
    assert reduced["max"].tolist() == [4, 9, 14, 19]
