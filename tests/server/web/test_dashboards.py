"""Dashboards over HTTP."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from mltrack_server.resources import DOCUMENT_BYTES_MAX
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

GOLDEN = json.loads((Path(__file__).parent / "golden" / "dashboard.json").read_bytes())
NEW = {"project": "mnist", "name": "Mine", "owner": "", "author": "ada", "document": GOLDEN}
AT = "/api/v1/dashboards"


@pytest.fixture
def project(server: RunningServer, agent: Agent) -> RunningServer:
    """Give a server that has the project."""
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
    return server


def save(version: int, **fields: Any) -> dict[str, Any]:
    """Return a body that saves the golden document with another name."""
    values = {"name": "Ours", "owner": "", "author": "grace", "document": GOLDEN} | fields
    return {"version": version, **values}


def test_a_dashboard_is_made_saved_listed_and_read_back(project: RunningServer) -> None:
    """Each answer is what the document of the API says, and the document comes back as it was."""
    openapi = project.get("/api/v1/openapi.json").json()

    def checked(kind: str, answer: Any, status: int = 200) -> Any:
        assert answer.status_code == status, answer.text
        schema = {
            "$ref": f"#/components/schemas/{kind}",
            "components": openapi["components"],
        }
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
        return answer.json()

    made = checked("Dashboard", project.post(AT, json=NEW), 201)
    one = f"{AT}/{made['summary']['id']}"
    saved = checked("Dashboard", project.ask("PUT", one, json=save(1)))
    listed = checked("DashboardList", project.get(f"{AT}?project=mnist"))
    history = checked("DashboardVersions", project.get(f"{one}/versions"))
    first = checked("Dashboard", project.get(f"{one}?version=1"))

    assert made["document"] == first["document"] == GOLDEN
    assert listed["dashboards"] == [saved["summary"]]
    assert (saved["summary"]["name"], saved["summary"]["panels"]) == ("Ours", 14)
    assert [each["author"] for each in history["versions"]] == ["grace", "ada"]


def test_a_document_of_an_older_mltrack_means_what_it_meant(project: RunningServer) -> None:
    """Fields that came later have a value where they are not given: what was shown before them."""
    older = json.loads(json.dumps(NEW))
    del older["document"]["drawn_max"]
    lines = older["document"]["tabs"][0]["panels"][0]
    del lines["more"], lines["window"]

    made = project.post(AT, json=older).json()["document"]

    assert made["drawn_max"] == 30
    assert made["tabs"][0]["panels"][0] == {**lines, "more": [], "window": None}


def test_a_conflict_says_who_saved_what(project: RunningServer) -> None:
    """And nothing is written."""
    one = f"{AT}/{project.post(AT, json=NEW).json()['summary']['id']}"
    project.ask("PUT", one, json=save(1))

    answer = project.ask("PUT", one, json=save(1, name="His"))

    assert answer.status_code == 409
    assert answer.json()["type"] == "urn:mltrack:conflict"
    assert "Version 2 was saved by grace" in answer.json()["detail"]
    assert project.get(one).json()["summary"]["name"] == "Ours"


def test_deleted_and_restored(project: RunningServer) -> None:
    """A deleted one takes no version before it is restored."""
    one = f"{AT}/{project.post(AT, json=NEW).json()['summary']['id']}"

    assert project.ask("DELETE", one).json()["deleted_ns"] is not None
    assert project.get(f"{AT}?project=mnist").json()["dashboards"] == []
    assert len(project.get(f"{AT}?project=mnist&deleted=true").json()["dashboards"]) == 1
    assert project.ask("PUT", one, json=save(1)).status_code == 410
    assert project.post(f"{one}/restore").json()["deleted_ns"] is None
    assert project.ask("PUT", one, json=save(1)).status_code == 200


def test_what_is_not_there(project: RunningServer) -> None:
    """A project without runs, an id that nobody has, a version that was not saved."""
    nobody = f"{AT}/{'0' * 32}"
    one = f"{AT}/{project.post(AT, json=NEW).json()['summary']['id']}"

    assert project.post(AT, json=NEW | {"project": "nobody"}).status_code == 404
    for method, path in (
        ("GET", nobody),
        ("GET", f"{nobody}/versions"),
        ("DELETE", nobody),
        ("POST", f"{nobody}/restore"),
        ("GET", f"{one}?version=2"),
    ):
        assert project.ask(method, path).status_code == 404
    assert project.ask("PUT", nobody, json=save(1)).status_code == 404
    assert project.get(f"{AT}/../x").status_code == 404


def with_panel(**fields: Any) -> dict[str, Any]:
    """Return the request with another first panel."""
    changed: dict[str, Any] = json.loads(json.dumps(NEW))
    changed["document"]["tabs"][0]["panels"][0] |= fields
    return changed


@pytest.mark.parametrize(
    ("body", "at"),
    [
        (with_panel(smoothing=151), "body.document.tabs[0].panels[0].smoothing"),
        (with_panel(smoothing=1.5), "body.document.tabs[0].panels[0]"),  # of twema
        (with_panel(x=9), "body.document.tabs[0].panels[0]"),
        (with_panel(id="p2"), "body.document"),
        (with_panel(title="x" * 201), "body.document.tabs[0].panels[0].title"),
        (with_panel(colour="red"), "body.document.tabs[0].panels[0]"),
        (with_panel(more=["m"] * 8), "body.document.tabs[0].panels[0].more"),
        (with_panel(window=[1.0]), "body.document.tabs[0].panels[0].window"),
        ({**NEW, "document": {**GOLDEN, "drawn_max": 201}}, "body.document.drawn_max"),
        (NEW | {"name": ""}, "body.name"),
        ({**NEW, "document": {**GOLDEN, "version": 2}}, "body.document.version"),
    ],
)
def test_a_document_that_is_none_is_refused_with_the_place(
    project: RunningServer, body: Any, at: str
) -> None:
    """What is wrong is said in words, and where."""
    answer = project.post(AT, json=body)

    assert answer.status_code == 422
    assert answer.json()["at"] == at
    assert answer.json()["detail"]


def test_a_document_that_is_too_long_is_refused(project: RunningServer) -> None:
    """Before it is read."""
    answer = project.post(AT, data=b" " * (DOCUMENT_BYTES_MAX + 1))

    assert answer.status_code == 413


def test_dashboards_take_the_token(guarded: RunningServer) -> None:
    """Nobody reads or writes one without it."""
    for method, path in (
        ("GET", f"{AT}?project=mnist"),
        ("POST", AT),
        ("GET", f"{AT}/{'0' * 32}"),
        ("PUT", f"{AT}/{'0' * 32}"),
        ("DELETE", f"{AT}/{'0' * 32}"),
        ("POST", f"{AT}/{'0' * 32}/restore"),
        ("GET", f"{AT}/{'0' * 32}/versions"),
    ):
        answer = guarded.ask(method, path, headers={"Authorization": "Bearer wrong"})
        assert answer.status_code == 401
