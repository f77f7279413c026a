"""Walls over HTTP."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest

from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

AT = "/api/v1/wall"
LAYOUT: dict[str, Any] = {
    "sections": ["train", ""],
    "cards": [{"section": "train", "cards": ["train/loss", "train/layer*"]}],
    "sizes": {"train/loss": "large"},
}
SAVE: dict[str, Any] = {"project": "mnist", "version": 0, "author": "ada", "layout": LAYOUT}


@pytest.fixture
def project(server: RunningServer, agent: Agent) -> RunningServer:
    """Give a server that has the project."""
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
    return server


def test_a_wall_is_saved_and_read_back(project: RunningServer) -> None:
    """Each answer is what the document of the API says."""
    openapi = project.get("/api/v1/openapi.json").json()
    schema = {"$ref": "#/components/schemas/Wall", "components": openapi["components"]}

    before, saved, after, first = (
        project.get(AT, params={"project": "mnist"}),
        project.ask("PUT", AT, json=SAVE),
        project.get(AT, params={"project": "mnist"}),
        project.get(AT, params={"project": "mnist", "version": 1}),
    )

    for answer in (before, saved, after, first):
        assert answer.status_code == 200, answer.text
        jsonschema.validate(answer.json(), schema, cls=jsonschema.Draft202012Validator)
    assert before.json()["version"] == 0
    assert before.json()["layout"] == {"sections": [], "cards": [], "sizes": {}}
    assert saved.json() == after.json() == first.json()
    assert (saved.json()["layout"], saved.json()["version"]) == (LAYOUT, 1)


def test_a_conflict_says_who_saved_what(project: RunningServer) -> None:
    """And nothing is written."""
    project.ask("PUT", AT, json=SAVE)

    answer = project.ask("PUT", AT, json={**SAVE, "layout": {**LAYOUT, "sections": []}})

    assert answer.status_code == 409
    assert answer.json()["at"] == "body.version"
    assert "Version 1 was saved by ada since yours" in answer.json()["detail"]
    assert project.get(AT, params={"project": "mnist"}).json()["layout"] == LAYOUT


@pytest.mark.parametrize("what", [{"project": "mnist", "version": 7}, {"project": "x" * 1025}])
def test_no_such_version_and_no_such_name(project: RunningServer, what: dict[str, Any]) -> None:
    """Neither is answered with something else."""
    assert project.get(AT, params=what).status_code in (404, 422)


def test_no_wall_of_a_project_that_is_not_there(project: RunningServer) -> None:
    """Nothing is made by a name that was mistyped."""
    assert project.ask("PUT", AT, json={**SAVE, "project": "minst"}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"sections": ["train", "train"]},
        {"cards": [*LAYOUT["cards"], *LAYOUT["cards"]]},
        {"cards": [{"section": "train", "cards": ["a", "a"]}]},
        {"cards": [{"section": "train", "cards": [""]}]},
        {"cards": [{"section": "train", "cards": [str(n) for n in range(2001)]}]},
        {"sizes": {"train/loss": "small"}},
        {"sizes": {str(n): "large" for n in range(2001)}},
        {"columns": 3},
    ],
)
def test_a_layout_that_is_none_is_refused(project: RunningServer, wrong: dict[str, Any]) -> None:
    """What would be read otherwise than it was meant is not stored."""
    answer = project.ask("PUT", AT, json={**SAVE, "layout": {**LAYOUT, **wrong}})

    assert answer.status_code == 422, answer.text
    assert answer.json()["at"].startswith("body")
