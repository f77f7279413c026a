"""The model registry over HTTP."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from mltrack_core.records import Checkpoint
from mltrack_core.records import CheckpointFile
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

AT = "/api/v1/models"
ID = "0" * 31


@pytest.fixture
def new(server: RunningServer, agent: Agent) -> dict[str, Any]:
    """Give a body that registers the first of two checkpoints of a run."""
    kept = [
        Checkpoint(
            number, f"{ID}{number}", f"/runs/{number}.pt", number * 10, [],
            [CheckpointFile("model.pt", 7, 5)], metrics={"acc": float("nan")},
        )
        for number in (1, 2)
    ]  # fmt: skip
    assert server.post(agent.path, data=agent.batch(0, started(), *kept).pack()).ok
    return {"run": agent.run, "checkpoint": f"{ID}1", "name": "digits", "author": "ada"}


def test_a_model_is_registered_pointed_at_and_read_back(
    server: RunningServer, new: dict[str, Any]
) -> None:
    """Each answer is what the document of the API says."""
    openapi = server.get("/api/v1/openapi.json").json()

    def checked(kind: str, answer: Any, status: int = 200) -> Any:
        assert answer.status_code == status, answer.text
        schema = {"$ref": f"#/components/schemas/{kind}", "components": openapi["components"]}
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
        return answer.json()

    made = checked("Registered", server.post(AT, json=new | {"alias": "champion"}), 201)
    checked("Registered", server.post(AT, json=new | {"checkpoint": f"{ID}2"}), 201)
    one = f"{AT}/{made['model']['id']}"
    move = {"version": 2, "expected": 1, "author": "grace", "why": "better"}
    moved = checked("Model", server.ask("PUT", f"{one}/aliases/champion", json=move))
    card = {"version": 0, "text": "# Digits", "author": "ada"}
    checked("ModelCard", server.ask("PUT", f"{one}/card", json=card))
    shown = checked("Model", server.get(one))
    listed = checked("ModelList", server.get(f"{AT}?project=mnist&name=digits"))
    mentions = checked("ModelMentions", server.get(f"/api/v1/runs/{new['run']}/models"))
    cards = checked("ModelCardVersions", server.get(f"{one}/cards"))

    assert [each["aliases"] for each in moved["versions"]] == [["champion"], []]
    assert shown["versions"][0]["found"]["metrics"] == {"acc": "NaN"}
    assert [(each["version"], each["why"]) for each in shown["moves"]] == [(2, "better"), (1, "")]
    assert shown["card"]["text"] == "# Digits"
    assert server.get(f"{one}/card?version=1").json() == shown["card"]
    assert listed["models"] == [shown["summary"]]
    assert [each["version"] for each in mentions["mentions"]] == [1, 2]
    assert [each["author"] for each in cards["versions"]] == ["ada"]


def test_conflicts_say_who_was_first(server: RunningServer, new: dict[str, Any]) -> None:
    """And nothing is written."""
    one = f"{AT}/{server.post(AT, json=new | {'alias': 'champion'}).json()['model']['id']}"
    server.post(AT, json=new | {"checkpoint": f"{ID}2"})
    alias = f"{one}/aliases/champion"
    server.ask("PUT", alias, json={"version": 2, "author": "grace"})
    server.ask("PUT", f"{one}/card", json={"version": 0, "text": "hers", "author": "grace"})

    for method, path, body, told in (
        ("PUT", alias, {"version": None, "expected": 1}, "pointed at version 2 by grace"),
        ("PUT", f"{one}/card", {"version": 0, "text": "his"}, "Version 1 of the card was saved by"),
        ("DELETE", f"{one}/versions/2", None, "while champion points at it"),
    ):
        answer = server.ask(method, path, json=body)
        assert answer.status_code == 409, answer.text
        assert answer.json()["type"] == "urn:mltrack:conflict"
        assert told in answer.json()["detail"]
    assert server.get(one).json()["summary"]["aliases"][0]["version"] == 2


def test_deleted_restored_and_what_is_not_there(server: RunningServer, new: dict[str, Any]) -> None:
    """A deleted version is no target; each missing thing is a 404 that names it."""
    one = f"{AT}/{server.post(AT, json=new).json()['model']['id']}"
    nobody = f"{AT}/{'f' * 32}"

    deleted = server.ask("DELETE", f"{one}/versions/1").json()
    assert deleted["versions"][0]["deleted_ns"] is not None
    assert server.ask("PUT", f"{one}/aliases/x", json={"version": 1}).status_code == 410
    assert server.post(f"{one}/versions/1/restore").json()["versions"][0]["deleted_ns"] is None
    assert server.ask("PUT", f"{one}/aliases/x", json={"version": 1}).status_code == 200
    for method, path, body in (
        ("GET", nobody, None),
        ("GET", f"{nobody}/card", None),
        ("GET", f"{nobody}/cards", None),
        ("GET", f"{one}/card?version=9", None),
        ("PUT", f"{nobody}/aliases/x", {"version": 1}),
        ("PUT", f"{one}/aliases/x", {"version": 9}),
        ("PUT", f"{nobody}/card", {"version": 0, "text": ""}),
        ("DELETE", f"{one}/versions/9", None),
        ("POST", f"{nobody}/versions/1/restore", None),
        ("POST", AT, new | {"checkpoint": "f" * 32}),
        ("POST", AT, new | {"project": "nobody", "name": "other"}),
    ):
        assert server.ask(method, path, json=body).status_code == 404, path


def test_a_model_is_renamed_deleted_and_restored(
    server: RunningServer, new: dict[str, Any]
) -> None:
    """By its id it is there all the time; each refusal says why."""
    model = server.post(AT, json=new).json()["model"]
    one, name = f"{AT}/{model['id']}", model["name"]

    renamed = server.ask("PATCH", one, json={"name": "better", "author": "ada"}).json()
    found = server.get(AT, params={"name": name}).json()["models"]
    deleted = server.ask("DELETE", one).json()

    assert renamed["namings"][0]["name_before"] == name
    assert [each["name"] for each in found] == ["better"]
    assert deleted["purge_ns"] - deleted["deleted_ns"] == 30 * 86_400 * 10**9
    assert server.get(AT).json()["models"] == []
    assert server.get(AT, params={"deleted": "true"}).json()["models"] == [deleted]
    assert server.ask("PATCH", one, json={"name": "x"}).status_code == 410
    assert server.get(one).json()["summary"]["deleted_ns"] == deleted["deleted_ns"]
    assert server.post(f"{one}/restore").json()["deleted_ns"] is None
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/restore")):
        body = {"name": "x"} if method == "PATCH" else None
        assert server.ask(method, f"{AT}/{'f' * 32}{path}", json=body).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "at"),
    [
        ({"name": "a b"}, "body.name"),
        ({"name": "x" * 129}, "body.name"),
        ({"alias": "1"}, "body.alias"),
        ({"note": "x" * 10_001}, "body.note"),
        ({"colour": "red"}, "body"),
    ],
)
def test_what_makes_no_sense_is_refused_with_the_place(
    server: RunningServer, new: dict[str, Any], wrong: dict[str, Any], at: str
) -> None:
    """Nothing is registered."""
    answer = server.post(AT, json=new | wrong)

    assert (answer.status_code, answer.json()["at"]) == (422, at)
    assert server.get(AT).json()["models"] == []
    assert server.get(f"{AT}?project=nobody").json()["models"] == []


def test_who_has_no_token_reads_and_writes_nothing(guarded: RunningServer) -> None:
    """The registry stands behind the same door as everything else."""
    for method, path in (("GET", AT), ("POST", AT), ("PUT", f"{AT}/{'f' * 32}/card")):
        answer = guarded.ask(method, path, json={}, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
