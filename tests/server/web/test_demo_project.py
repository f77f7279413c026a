"""The demo project that the server makes by itself."""

from __future__ import annotations

import math
from pathlib import Path

import pytest
import requests

import mltrack
from mltrack_core.records import Scalars
from mltrack_server.demo.plans import PLANS
from mltrack_server.demo.training import records
from mltrack_server.testing import Agent
from mltrack_server.testing import serve
from mltrack_server.testing import started


@pytest.mark.slow
def test_it_is_loaded_once_and_removed_in_one_go(tmp_path: Path) -> None:
    """Twenty runs with all that there is to see; another run of that project is not touched."""
    with serve(tmp_path) as server:
        mine = Agent()
        batch = mine.batch(0, started(project="demo", name="mine"))
        assert server.post(mine.path, data=batch.pack()).ok

        loaded = server.ask("POST", "/api/v1/demo")
        again = server.ask("POST", "/api/v1/demo")

        assert (loaded.status_code, again.status_code) == (201, 409)
        runs = loaded.json()["runs"]
        assert (loaded.json()["project"], len(set(runs))) == ("demo", len(PLANS))
        with mltrack.open(server.address) as reader:
            assert len(reader.runs(project="demo")) == len(PLANS) + 1
            wide = reader.run("wide")
            assert wide.history("val/accuracy").value[-1] > 0.95
            assert {"grad/norm", "grad/norm/dense1.weight", "val/loss"} <= set(wide.metrics)
            assert wide.media_names() == ["val/regions"]
            assert wide.details.histograms
            assert server.get(f"/api/v1/runs/{wide.id}/console").json()["lines"]
            assert reader.run("diverged").metrics["train/loss"].nonfinite > 0
            states = {run.state for run in reader.runs(project="demo") if run.id != mine.run}
            assert states == {"finished", "killed", "interrupted"}

        assert set(server.ask("DELETE", "/api/v1/demo").json()["runs"]) == set(runs)
        left = server.ask("GET", "/api/v1/runs", params={"project": "demo"}).json()["runs"]
        assert [run["id"] for run in left] == [mine.run]
        assert server.ask("DELETE", "/api/v1/demo").json()["runs"] == []
        assert server.ask("POST", "/api/v1/demo").status_code == 201


def test_it_needs_the_token(tmp_path: Path) -> None:
    """Like everything that writes."""
    with serve(tmp_path, token="correct-horse-battery-staple") as server:
        for method in ("POST", "DELETE"):
            answer = requests.request(method, f"{server.address}/api/v1/demo", timeout=30)
            assert answer.status_code == 401


def test_its_numbers_are_of_a_real_training() -> None:
    """The same plan learns the same, and the one that is to diverge does."""
    plans = {plan.name: plan for plan in PLANS}

    once, twice = (records(plans["sgd-0.1"], 10**18) for _ in range(2))
    losses = [
        record.values["train/loss"]
        for record in records(plans["diverged"], 10**18)
        if isinstance(record, Scalars)
    ]

    assert once == twice
    assert math.isfinite(losses[0])
    assert not math.isfinite(losses[-1])
