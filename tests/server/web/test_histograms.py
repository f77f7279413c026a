"""Histograms over HTTP, and read back."""

from __future__ import annotations

from pathlib import Path

import pytest

import mltrack
import mltrack_core
from mltrack_core.records import Histograms
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started


@pytest.fixture
def run(server: RunningServer, agent: Agent) -> str:
    """A run with three histograms at two steps."""
    values = {f"grad/{name}": mltrack.Histogram([1.0, -2.0, 0.0]) for name in "abc"}
    batch = agent.batch(0, started(), Histograms(1, 1, values), Histograms(1, 2, values))
    assert server.post(agent.path, data=batch.pack()).ok
    return agent.run


def test_the_grid_and_one_histogram_are_served(server: RunningServer, run: str) -> None:
    """Names by steps, and the bins of one name."""
    grid = server.get(f"/api/v1/runs/{run}/histograms?prefix=grad/").json()
    one = server.get(f"/api/v1/runs/{run}/histogram?name=grad/b").json()

    assert [row["name"] for row in grid["rows"]] == ["grad/a", "grad/b", "grad/c"]
    assert [column["first_step"] for column in grid["columns"]] == [1, 2]
    assert one["scale"] == "exponent"
    assert [sum(each["count"]) for each in one["histograms"]] == [3, 3]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("histogram?name=nothing", 404),
        ("histogram", 422),
        ("histogram?name=grad/a&columns=0", 422),
        ("histograms?columns=1001", 422),
        ("histograms?start=5&end=4", 422),
    ],
)
def test_what_cannot_be_answered_is_a_problem(
    path: str, status: int, server: RunningServer, run: str
) -> None:
    """Each with a status that says whose fault it is."""
    answer = server.get(f"/api/v1/runs/{run}/{path}")

    assert answer.status_code == status
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_a_logged_histogram_is_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From the spool through the store: the same counts, and edges that somebody chose."""
    monkeypatch.setattr("mltrack_core._launch.ensure_agent", lambda settings: False)
    with mltrack_core.init(folder=tmp_path, console="off") as logged:
        logged.log({"w": mltrack.Histogram([0.1, 0.7, 5.0], edges=[0, 0.5, 1])}, step=3)

    with mltrack.open(tmp_path) as reader:
        found = reader.run(logged.id).histogram("w")
        with pytest.raises(mltrack.MltrackError, match="no histogram 'v'"):
            reader.run(logged.id).histogram("v")

    (histogram,) = found.histograms
    assert (found.scale, found.columns[0].first_step) == ("edges", 3)
    assert (histogram.high, histogram.count) == ([0.5, 1.0], [1, 1])
    assert histogram.positive_infinities == 1


@pytest.mark.parametrize(
    ("values", "edges"),
    [(["a"], None), ([1.0], [1.0]), ([1.0], [2.0, 1.0]), ([1.0], [0.0, float("inf")])],
)
def test_what_is_no_histogram_is_refused(values: list[object], edges: list[float] | None) -> None:
    """Where it is made, so that the message comes from the line that is wrong."""
    with pytest.raises(ValueError, match=r"histogram is of numbers|edges"):
        mltrack.Histogram(values, edges=edges)
