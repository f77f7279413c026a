"""Many runs compared over HTTP: what varies, columns, importance."""

from __future__ import annotations

import jsonschema
import pytest

from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Scalars
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started


@pytest.fixture
def sweep(server: RunningServer) -> list[str]:
    """Give the ids of 24 runs whose loss is their learning rate; one has none."""
    made = []
    for number in range(24):
        agent = Agent()
        batch = agent.batch(
            0,
            started(name=f"run {number}", time_ns=10**18 + number),
            Params(1, "", {"lr": number / 10, "kind": "a"}),
            Scalars(1, 0, {"val/loss" if number else "other": number / 10}),
        )
        assert server.post(agent.path, data=batch.pack()).ok
        made.append(agent.run)
    return made


def test_each_answer_is_what_the_document_says(server: RunningServer, sweep: list[str]) -> None:
    """Independent software accepts them, and they hold what the runs hold."""
    openapi = server.get("/api/v1/openapi.json").json()
    where = {"project": "mnist", "q": "params.lr < 2.3"}
    keys = {"keys": "params.lr,metrics.val/loss"}
    of = {"of": "metrics.val/loss.min"}

    varying = server.get("/api/v1/query/varying", params=where)
    columns = server.post("/api/v1/query/columns", json=where | keys)
    importance = server.post("/api/v1/query/importance", json=where | of)

    for answer, name in (
        (varying, "VaryingIndex"),
        (columns, "RunColumns"),
        (importance, "Importance"),
    ):
        assert answer.status_code == 200, answer.text
        schema = openapi["components"]["schemas"][name]
        jsonschema.validate(answer.json(), schema | {"components": openapi["components"]})
    assert [each["key"] for each in varying.json()["keys"]] == ["params.lr"]
    assert columns.json()["ids"] == sweep[22::-1]
    assert [each["values"][-1] for each in columns.json()["columns"]] == [0.0, None]
    assert importance.json()["verdict"] == "known"
    assert importance.json()["left_out"] == 1
    assert [each["key"] for each in importance.json()["parameters"]] == ["params.lr"]


def test_a_parameter_of_ten_thousand_letters_hides_no_other(server: RunningServer) -> None:
    """It is longer than a query may be: it is left out of what varies."""
    for number in range(2):
        agent = Agent()
        params: dict[str, ParamValue] = {"W" * 10_000: number, "x": number}
        batch = agent.batch(0, started(project="long"), Params(1, "", params))
        assert server.post(agent.path, data=batch.pack()).ok

    answer = server.get("/api/v1/query/varying", params={"project": "long"})

    assert answer.status_code == 200, answer.text
    assert [each["key"] for each in answer.json()["keys"]] == ["params.x"]


@pytest.mark.parametrize(
    ("path", "body", "at"),
    [
        ("columns", {"keys": "params.lr,,"}, "body.keys"),
        ("columns", {"keys": "params.lr", "q": "and"}, "body.q"),
        ("importance", {"of": "loss"}, "body.of"),
        ("importance", {"of": "params.lr", "keys": "lr"}, "body.keys"),
    ],
)
def test_what_is_no_key_is_pointed_at(
    server: RunningServer, path: str, body: dict[str, str], at: str
) -> None:
    """The answer says which part of the request is wrong."""
    answer = server.post(f"/api/v1/query/{path}", json=body)

    assert answer.status_code == 422
    assert (answer.json()["type"], answer.json()["at"]) == ("urn:mltrack:query", at)
