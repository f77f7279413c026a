"""Annotations over HTTP, and read back with Python."""

from __future__ import annotations

import mltrack
from mltrack_server.testing import RunningServer


def test_annotations_are_written_changed_and_read_back(server: RunningServer) -> None:
    """By REST and by Python they are the same; what makes no sense is refused where it stands."""
    run = server.new_run(project="p")
    body = {"places": [{"run": run, "step": 5}], "text": "lr ÷ 10", "author": "ada"}

    made = server.post("/api/v1/annotations", json=body)

    assert made.status_code == 201, made.text
    (annotation,) = made.json()["annotations"]
    path = f"/api/v1/runs/{run}/annotations/{annotation['id']}"
    assert server.get(f"/api/v1/runs/{run}").json()["annotations"] == [annotation]
    changed = server.ask("PUT", path, json={"text": "lr / 10"})
    assert changed.json()["version"] == 2
    with mltrack.open(server.address) as reader:
        found = reader.run(run).annotations()
    assert [(each.step, each.text, each.version) for each in found] == [(5, "lr / 10", 2)]
    assert server.ask("DELETE", path, params={"author": "g"}).status_code == 200
    assert server.get(f"/api/v1/runs/{run}").json()["annotations"] == []
    assert [each["author"] for each in server.get(path).json()["versions"]] == ["g", "", "ada"]
    nowhere = server.post("/api/v1/annotations", json=body | {"places": [{"run": run}]})
    assert (nowhere.status_code, nowhere.json()["at"]) == (422, "body.places[0]")
    assert server.post("/api/v1/annotations", json=body | {"text": ""}).status_code == 422
    unknown = {"places": [{"run": "f" * 32, "step": 1}], "text": "x"}
    assert server.post("/api/v1/annotations", json=unknown).status_code == 404
    assert server.get(path.replace(annotation["id"], "f" * 32)).status_code == 404
