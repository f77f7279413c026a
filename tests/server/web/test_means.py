"""Means of groups of runs: over REST, and through `mltrack.open()`."""

from __future__ import annotations

import numpy as np
import pytest

import mltrack
from mltrack_core.records import Scalars
from mltrack_server.container import unpack
from mltrack_server.resources import MeanHeader
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

PATH = "/api/v1/means"


@pytest.fixture
def recorded(server: RunningServer) -> list[str]:
    """Give the ids of five runs in two groups; the last one has no loss."""
    runs = []
    for number in range(5):
        agent = Agent()
        name = "acc" if number == 4 else "loss"
        points = [
            Scalars(10**18 + step, step, {name: float(number + step), "epoch": step / 10})
            for step in range(20)
        ]
        first = started(name="slow" if number < 2 else "fast", project="means")
        answer = server.post(agent.path, data=agent.batch(0, first, *points).pack())
        assert answer.status_code == 200, answer.text
        runs.append(agent.run)
    return runs


@pytest.mark.usefixtures("recorded")
def test_means_are_asked_for_once(server: RunningServer) -> None:
    """Groups by a query and keys; with the tag of the answer there is nothing more to say."""
    query = {"project": "means", "by": "name", "names": ["loss"]}

    answer = server.post(PATH, json=query)
    header, _ = unpack(answer.content, MeanHeader)
    again = server.post(PATH, json={**query, "known": header.tag})

    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert [(group.values, group.runs) for group in header.groups] == [(["fast"], 3), (["slow"], 2)]
    assert [part.having for part in header.blocks[0].series] == [2, 2]
    assert (again.status_code, again.content) == (204, b"")


@pytest.mark.parametrize(
    ("wrong", "at", "detail"),
    [
        ({"q": "name ="}, "body.q", "value"),
        ({"by": "created"}, "body.by", "differs from run to run"),
        ({"x": "metric"}, "body.over", "over names one"),
        ({"over": "epoch"}, "body.over", "over names one"),
        ({"sets": [["0" * 32]], "q": "name = 1"}, "body.sets", "Sets of runs"),
        ({"start": 2.0, "end": 1.0}, "body.end", "ends before it starts"),
        ({"smooth": "mean:9999"}, "body.smooth", "takes"),
        ({"names": ["a", "a"]}, "body.names", "twice"),
        (
            {"sets": [["0" * 32]] * 200, "names": ["a", "b"], "buckets": 4096},
            "body",
            "1,638,400 groups x names x buckets are more than the 524,288",
        ),
    ],
)
def test_what_cannot_be_averaged_is_refused_in_words(
    server: RunningServer, wrong: dict[str, object], at: str, detail: str
) -> None:
    """The answer says which part of the question is wrong, and how."""
    answer = server.post(PATH, json={"names": ["loss"]} | wrong)

    assert answer.status_code == 422, answer.text
    assert answer.json()["at"] == at
    assert detail in answer.json()["detail"]


@pytest.mark.usefixtures("recorded")
def test_runs_read_back_as_means(server: RunningServer) -> None:
    """`runs(…).means(…)` gives arrays, group by group, over steps or another metric."""
    api = mltrack.open(server.address)

    grouped = api.runs(project="means").means("loss", by="name")
    every = api.runs('name = "fast"', project="means").means(["loss"], x="epoch", smooth="mean:9")

    by_name = {mean.values["name"]: mean for mean in grouped}
    mean = by_name["fast"]
    assert (mean.runs, mean.having, len(mean)) == (3, 2, 20)
    assert mean.x.tolist() == list(range(20))
    np.testing.assert_allclose(mean.mean, np.arange(20) + 2.5)
    np.testing.assert_allclose(mean.sd, np.sqrt(0.5))
    np.testing.assert_allclose(mean.sem, 0.5)
    np.testing.assert_allclose(mean.min, np.arange(20) + 2)
    assert mean.n.tolist() == [2] * 20
    (whole,) = every
    np.testing.assert_allclose(whole.x, np.arange(20) / 10)
    assert whole.smooth is not None
    with pytest.raises(ValueError, match="smooth"):
        api.runs(project="means").means("loss", smooth="nonsense")


@pytest.mark.usefixtures("recorded")
def test_means_are_a_frame(server: RunningServer) -> None:
    """With pandas they come as rows: the keys that they are grouped by are columns."""
    pytest.importorskip("pandas")

    frame = mltrack.open(server.address).runs(project="means").means("loss", "name").to_pandas()

    assert list(frame.columns) == [
        "metric", "name", "step", "mean", "sd", "sem", "min", "max", "n", "count",
    ]  # fmt: skip
    assert len(frame) == 40
