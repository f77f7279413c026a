"""Runs, consoles and series as they are read back."""

from __future__ import annotations

import csv
import io
import json
import struct
import time

import numpy as np
import pytest

from mltrack_core.records import Console
from mltrack_core.records import Devices
from mltrack_core.records import Record
from mltrack_core.records import Scalars
from mltrack_server import columns
from mltrack_server import history
from mltrack_server.container import read_column
from mltrack_server.store.series import chart
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started


@pytest.fixture
def recorded(server: RunningServer, agent: Agent) -> Agent:
    """Give a run with 1,000 points of "loss", some of "odd", and 30 lines."""
    odd = [
        Scalars(time.time_ns(), step, {"odd": value})
        for step, value in enumerate([float("nan"), -1.5, float("-inf"), 2**53 + 1])
    ]
    lines = [Console(time.time_ns(), "stdout", f"line {n}") for n in range(30)]
    batches = (
        agent.batch(0, started()),
        agent.losses(1, 1000),
        agent.batch(1001, *odd),
        agent.batch(1005, *lines),
    )
    for batch in batches:
        assert server.post(agent.path, data=batch.pack()).status_code == 200
    return agent


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("text/html, text/*;q=0.9, */*;q=0.1", "text/csv"),
        ("application/json;q=0.1, text/csv", "text/csv"),
        ("application/octet-stream", "application/octet-stream"),
        ("application/json;q=0, text/csv;q=0.2", "text/csv"),
        ("image/png", ""),
    ],
)
def test_history_comes_as_asked(
    server: RunningServer, recorded: Agent, accept: str | None, media: str
) -> None:
    """Accept decides between JSON, CSV and columns; anything else is refused."""
    path = f"/api/v1/runs/{recorded.run}/history?name=loss"

    answer = server.get(path, headers={"Accept": accept})

    assert answer.status_code == (200 if media else 406)
    if media:
        assert answer.headers["Content-Type"].partition(";")[0] == media


def test_all_three_forms_of_a_history_hold_the_same(server: RunningServer, recorded: Agent) -> None:
    """JSON, CSV and columns agree to the last bit, NaN and large integers included."""
    path = f"/api/v1/runs/{recorded.run}/history?name=odd"

    plain = server.get(path).json()
    table = list(csv.DictReader(io.StringIO(server.get(path, headers={"Accept": "text/csv"}).text)))
    points, following = history.unpack(
        server.get(path, headers={"Accept": "application/octet-stream"}).content
    )

    assert following is None
    assert plain["value"] == ["NaN", -1.5, "-Infinity", 2**53 + 1]
    assert [row["value"] for row in table] == ["NaN", "-1.5", "-Infinity", str(2**53 + 1)]
    assert [int(row["time_ns"]) for row in table] == plain["time_ns"] == points.time_ns.tolist()
    assert points.step.tolist() == plain["step"] == [0, 1, 2, 3]
    np.testing.assert_equal(points.values(), [float("nan"), -1.5, float("-inf"), 2**53 + 1])


def test_a_window_holds_both_its_ends(server: RunningServer, recorded: Agent) -> None:
    """Start and end are steps, and are included."""
    path = f"/api/v1/runs/{recorded.run}/history?name=loss&start=10&end=12"

    assert server.get(path).json()["step"] == [10, 11, 12]


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 1000])
@pytest.mark.parametrize("name", ["loss", "cpu"])
def test_pages_of_a_history_add_up(
    server: RunningServer, agent: Agent, name: str, limit: int
) -> None:
    """However small the pages, and however often a step repeats, each point comes once."""
    steps = [0, 1, 1, 1, 1, 1, 2, 5, 5, 3, -7]
    logged: list[Record] = [Scalars(n, step, {"loss": float(n)}) for n, step in enumerate(steps)]
    logged += [Devices(n % 3, "here", {"cpu": float(n)}) for n in range(11)]
    assert server.post(agent.path, data=agent.batch(0, started(), *logged).pack()).ok
    path = f"/api/v1/runs/{agent.run}/history?name={name}"
    whole = server.get(path).json()["value"]
    assert len(whole) == 11

    values: list[float] = []
    asked = f"{path}&limit={limit}"
    while True:
        answer = server.get(asked, headers={"Accept": "application/octet-stream"})
        points, following = history.unpack(answer.content)
        values += points.values()
        if following is None:
            break
        asked = f"{path}&limit={limit}&start={following.start}&skip={following.skip}"

    assert values == whole
    assert server.get(f"{path}&limit=3").json()["value"] == whole[:3]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("name=loss&skip=1", 422),
        ("name=loss&limit=0", 422),
        ("name=loss&limit=1000001", 422),
        ("", 422),
        ("name=", 422),
        ("name=loss&name=loss", 422),
        ("name=loss&start=2&end=1", 422),
        ("name=loss&start=1.5", 422),
        ("name=loss&start=99999999999999999999", 422),
        ("name=loss&nonsense=1", 422),
        ("name=" + "n" * 5_000, 422),
        ("name=absent", 404),
        ("name=%00", 404),
    ],
)
def test_a_window_that_makes_no_sense_is_refused(
    server: RunningServer, recorded: Agent, query: str, status: int
) -> None:
    """Absent, empty, doubled, reversed and absurd parameters each get a clear answer."""
    answer = server.get(f"/api/v1/runs/{recorded.run}/history?{query}")

    assert answer.status_code == status
    assert answer.json()["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {"runs": []}, {"runs": ["x"]}, {"runs": ["0" * 32] * 2}, {"names": []},
        {"names": ["a", "a"]}, {"buckets": 0}, {"buckets": 10**9}, {"start": 2, "end": 1},
        {"x": "epoch"}, {"start": "NaN"},
        {"names": [str(n) for n in range(200)], "buckets": 4096,
         "runs": [f"{n:032x}" for n in range(200)]}, {"surprise": 1},
        {"smooth": "box:4"}, {"smooth": "twema:1"}, {"smooth": "gauss:..."}, {"smooth": 3},
    ],
    ids=lambda change: json.dumps(change)[:40],
)  # fmt: skip
def test_a_series_query_that_makes_no_sense_is_refused(
    server: RunningServer, change: dict[str, object]
) -> None:
    """No query may cost the server more than a screen is worth."""
    query = {"runs": ["0" * 32], "names": ["loss"], **change}

    answer = server.post("/api/v1/series", json=query)

    assert answer.status_code == 422


@pytest.mark.parametrize("window", [(-1e308, 1e308), (5e8, 6e8), (0.1, 0.2), (None, -1)])
def test_an_absurd_window_of_a_series_is_answered(
    server: RunningServer, recorded: Agent, window: tuple[float | None, float | None]
) -> None:
    """A window far from, between or around all points gives a proper answer."""
    query = {"runs": [recorded.run], "names": ["loss"], "start": window[0], "end": window[1]}

    answer = server.post("/api/v1/series", json=query)

    assert answer.status_code == 200
    header, _ = columns.unpack(answer.content)
    assert sum(s.count for s in header.blocks[0].series) == (1000 if window[0] == -1e308 else 0)


def test_series_are_binary_columns(server: RunningServer, recorded: Agent) -> None:
    """The arrays lie where the header says, and no point is left out of the count."""
    query = {"runs": [recorded.run], "names": ["loss"], "buckets": 100}

    body = server.post("/api/v1/series", json=query).content
    header, data = columns.unpack(body)
    series = header.blocks[0].series[0]

    assert (4 + struct.unpack_from("<I", body)[0]) % 8 == 0 or len(body) % 8 == 0
    assert int(read_column(series.columns["count"], data).sum()) == 1000
    assert read_column(series.columns["max"], data).max() == 1.0
    assert "first" not in series.columns


def test_first_and_last_values_are_told_unless_there_are_too_many(
    server: RunningServer, recorded: Agent, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beside a smoothed curve, too; what would cost too much is refused with what to do."""
    query = {"runs": [recorded.run], "names": ["loss"], "buckets": 10, "ends": True}
    points = server.get(f"/api/v1/runs/{recorded.run}/history?name=loss").json()["value"]

    body = server.post("/api/v1/series", json=query | {"smooth": "gauss:5"}).content
    header, data = columns.unpack(body)
    found = header.blocks[0].series[0].columns

    assert read_column(found["first"], data).tolist() == points[::100]
    assert read_column(found["last"], data).tolist() == points[99::100]
    assert np.isfinite(read_column(found["smooth"], data)).all()
    monkeypatch.setattr(chart, "_ENDS_POINTS_MAX", -1)
    refused = server.post("/api/v1/series", json=query)
    assert (refused.status_code, refused.json()["at"]) == (422, "body.ends")
    assert "ask for a narrower one" in refused.json()["detail"]


def test_runs_come_in_pages(server: RunningServer) -> None:
    """Following `next` gives every run once, newest first, and filters hold on every page."""
    made = [server.new_run(project="even" if n % 2 else "odd") for n in range(7)]
    server.post(f"/api/v1/runs/{made[0]}/finish", json={})

    seen: list[str] = []
    cursor = None
    while cursor is not None or not seen:
        page = server.get("/api/v1/runs", params={"limit": 3, "cursor": cursor}).json()
        seen += [run["id"] for run in page["runs"]]
        cursor = page["next"]
    odd = server.get("/api/v1/runs", params={"project": "odd"}).json()["runs"]
    finished = server.get("/api/v1/runs", params={"state": "finished"}).json()["runs"]

    assert seen == made[::-1]
    assert [run["id"] for run in odd] == made[::-2]
    assert [run["id"] for run in finished] == made[:1]
    projects = server.get("/api/v1/projects").json()["projects"]
    assert {p["name"]: p["runs"] for p in projects} == {"odd": 4, "even": 3}


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=100000",
        "state=happy",
        "cursor=nonsense",
        f"cursor={'9' * 19}-{'a' * 32}",
        f"cursor=-{'9' * 19}-{'a' * 32}",
        "page=2",
        "limit=x",
    ],
)
def test_a_list_that_makes_no_sense_is_refused(server: RunningServer, query: str) -> None:
    """Each wrong parameter is named."""
    answer = server.get(f"/api/v1/runs?{query}")

    assert answer.status_code == 422
    assert answer.json()["at"].startswith("query")


def test_unknown_addresses_and_methods_are_problems(server: RunningServer) -> None:
    """404 and 405 are problem documents too, with an id that the log has."""
    absent = server.get("/api/v1/nothing")
    wrong = server.ask("DELETE", "/api/v1/runs")

    assert (absent.status_code, wrong.status_code) == (404, 405)
    assert wrong.headers["Allow"] == "GET, POST"
    for answer in (absent, wrong):
        assert answer.headers["Content-Type"].startswith("application/problem+json")
        assert len(answer.json()["request"]) == 16
        assert answer.headers["Cache-Control"] == "no-store"


def test_metrics_of_a_run_come_page_by_page(server: RunningServer, recorded: Agent) -> None:
    """What each amounts to, or the names alone; nothing of a run that nobody knows."""
    path = f"/api/v1/runs/{recorded.run}/metrics"

    first = server.get(path, params={"limit": 1}).json()
    second = server.get(path, params={"limit": 1, "cursor": first["next"]}).json()
    names = server.get(f"{path}/names", params={"search": "ODD"}).json()

    assert first["metrics"]["loss"]["count"] == 1000
    assert second["metrics"]["odd"]["nonfinite"] == 2
    assert (first["total"], second["total"], second["next"]) == (2, 2, None)
    assert names == {"names": ["odd"], "has_more": False}
    unknown = path.replace(recorded.run, "0" * 32)
    assert server.get(unknown).status_code == server.get(f"{unknown}/names").status_code == 404
