"""Searching and editing runs over HTTP."""

from __future__ import annotations

import jsonschema
import pytest

from mltrack_core.records import Params
from mltrack_core.records import Scalars
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started


@pytest.fixture
def three(server: RunningServer) -> list[str]:
    """Give the ids of three runs, the learning rate growing from one to the next."""
    made = []
    for number in range(3):
        agent = Agent()
        batch = agent.batch(
            0,
            started(name=f"run {number}", time_ns=10**18 + number, tags=["odd"] * (number % 2)),
            Params(1, "", {"lr": 10.0**-number, "seed": number}),
            Scalars(1, 0, {"val/loss": number / 2, "train/loss": 1.0}),
        )
        assert server.post(agent.path, data=batch.pack()).ok
        made.append(agent.run)
    return made


@pytest.mark.parametrize("is_post", [False, True])
def test_runs_are_found_sorted_and_narrowed(
    server: RunningServer, three: list[str], is_post: bool
) -> None:
    """Query, order and fields do the same in an address and in a body."""
    asked = {
        "project": "mnist",
        "q": 'params.lr < 1 and not tags has "even"',
        "sort": "-metrics.val/loss.min",
        "fields": "params.lr,metrics.val/*",
        "limit": 1,
    }

    def ask(**more: object) -> dict[str, object]:
        if is_post:
            answer = server.post("/api/v1/query/runs", json=asked | more)
        else:
            answer = server.get("/api/v1/runs", params=asked | more)
        assert answer.status_code == 200, answer.text
        found: dict[str, object] = answer.json()
        return found

    first = ask()
    second = ask(cursor=first["next"])

    assert (first["total"], second["total"], second["next"]) == (2, 2, None)
    (one,), (two,) = first["runs"], second["runs"]  # type: ignore[misc]
    assert [one["id"], two["id"]] == three[:0:-1]  # type: ignore[has-type]
    assert one["params"] == {"lr": 0.01}  # type: ignore[has-type]
    assert list(one["metrics"]) == ["val/loss"]  # type: ignore[has-type]


@pytest.mark.parametrize(
    ("name", "text", "start", "nearest"),
    [
        ("q", "params.lr < 1 and stat = failed", 18, "state"),
        ("sort", "-created,params", 9, ""),
        ("fields", "params.lr,metrics.loss.mean", 10, ""),
    ],
)
def test_a_query_that_is_none_is_pointed_at(
    server: RunningServer, name: str, text: str, start: int, nearest: str
) -> None:
    """The answer says which parameter, which characters, why, and what was perhaps meant."""
    openapi = server.get("/api/v1/openapi.json").json()
    answer = server.get("/api/v1/runs", params={name: text})
    problem = answer.json()

    assert answer.status_code == 422
    assert (problem["type"], problem["at"]) == ("urn:mltrack:query", f"query.{name}")
    assert (problem["start"], problem["nearest"]) == (start, nearest)
    assert f"Character {start + 1}" in problem["detail"]
    schema = openapi["components"]["schemas"]["QueryProblem"]
    jsonschema.validate(problem, schema | {"components": openapi["components"]})


def test_what_there_is_to_search_for(server: RunningServer, three: list[str]) -> None:
    """Keys, values, completions and groups, each as the document says."""
    openapi = server.get("/api/v1/openapi.json").json()
    answers = {
        "KeyIndex": server.get("/api/v1/query/keys", params={"match": "loss"}),
        "ValueIndex": server.get("/api/v1/query/values", params={"key": "params.seed"}),
        "Completion": server.get("/api/v1/query/complete", params={"q": "params.l"}),
        "RunGroups": server.post(
            "/api/v1/query/groups", json={"by": "tags", "of": "metrics.val/loss"}
        ),
    }

    for name, answer in answers.items():
        schema = openapi["components"]["schemas"][name] | {"components": openapi["components"]}
        jsonschema.validate(answer.json(), schema)
    assert answers["KeyIndex"].json()["keys"][0]["key"] == "metrics.train/loss"
    assert answers["ValueIndex"].json()["missing"] == 0
    assert answers["Completion"].json()["suggestions"][0]["text"] == "params.lr"
    groups = answers["RunGroups"].json()["groups"]
    assert [(group["values"], group["runs"]) for group in groups] == [([None], 2), ([["odd"]], 1)]
    wrong = server.post("/api/v1/query/groups", json={"by": "params.lr,stat"})
    assert (wrong.status_code, wrong.json()["at"]) == (422, "body.by")


def test_people_change_names_tags_and_notes(server: RunningServer, three: list[str]) -> None:
    """What is changed is answered, listed and announced; what is left out stays."""
    path = f"/api/v1/runs/{three[0]}"
    before = server.get("/api/v1/changes").json()["cursor"]

    answer = server.ask("PATCH", path, json={"name": "the good one", "tags": ["paper"]})
    server.ask("PATCH", path, json={"notes": "because"})
    shown = server.get(path).json()["summary"]

    assert answer.json()["name"] == shown["name"] == "the good one"
    assert (shown["tags"], shown["notes"]) == (["paper"], "because")
    assert shown["edited"] == ["name", "notes", "tags"]
    changes = server.get("/api/v1/changes", params={"cursor": before}).json()
    assert [change["id"] for change in changes["changes"]] == [three[0]]
    assert server.get("/api/v1/runs", params={"q": "paper because"}).json()["total"] == 1

    server.ask("PATCH", path, json={"name": None})
    assert server.get(path).json()["summary"]["name"] == "run 0"

    server.ask("DELETE", path)
    refused = server.ask("PATCH", path, json={"name": "gone"})
    assert refused.status_code == 410
    assert f"mltrack delete --undo {three[0]}" in refused.json()["detail"]
    server.post(f"{path}/restore")
    assert server.get(path).json()["summary"]["name"] == "run 0"


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": ""}, 422),
        ({"tags": [""]}, 422),
        ({"tags": ["t"] * 101}, 422),
        ({"notes": "x" * 100_001}, 422),
        ({"archived": None}, 422),
        ({"state": "finished"}, 422),
        ({}, 200),
    ],
    ids=str,
)
def test_an_edit_that_makes_no_sense_is_refused(
    server: RunningServer, three: list[str], change: dict[str, object], status: int
) -> None:
    """Only what people may change can be changed, and nothing to absurd lengths."""
    answer = server.ask("PATCH", f"/api/v1/runs/{three[0]}", json=change)

    assert answer.status_code == status
    assert server.ask("PATCH", f"/api/v1/runs/{'0' * 32}", json={}).status_code == 404


def test_editing_takes_the_token(guarded: RunningServer) -> None:
    """Whoever may not read may not write either."""
    path = f"/api/v1/runs/{'0' * 32}"
    answer = guarded.ask("PATCH", path, json={}, headers={"Authorization": "Bearer none"})

    assert answer.status_code == 401
