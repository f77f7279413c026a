"""Comments on the blocks of reports over HTTP."""

from __future__ import annotations

import json
from pathlib import Path

from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

GOLDEN = json.loads((Path(__file__).parent / "golden" / "dashboard.json").read_bytes())
FROZEN = {"dashboard": "a" * 32, "version": 1, "at_ns": 1, "runs": ["b" * 32]}
AT = "/api/v1/dashboards"


def test_a_thread_is_begun_settled_and_taken_back(server: RunningServer, agent: Agent) -> None:
    """Whoever wrote a comment removes it; the document of the report is not touched."""
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
    document = GOLDEN | {"frozen": FROZEN}
    new = {"project": "mnist", "name": "July", "owner": "", "author": "", "document": document}
    report = server.post(AT, json=new).json()
    at = f"{AT}/{report['summary']['id']}"
    block = document["tabs"][0]["panels"][0]["id"]

    made = server.post(f"{at}/comments", json={"block": block, "text": "*why*", "author": "ada"})
    settled = server.ask("PUT", f"{at}/threads/{block}", json={"is_resolved": True})
    comment = f"{at}/comments/{made.json()['comments'][0]['id']}"
    refused = server.ask("DELETE", comment, params={"author": "bob"})
    removed = server.ask("DELETE", comment, params={"author": "ada"})

    assert (made.status_code, settled.json()["is_resolved"]) == (201, True)
    assert (refused.status_code, refused.json()["detail"]) == (
        409,
        "ada wrote it; only its author removes it.",
    )
    assert removed.json()["comments"][0]["text"] == ""
    assert server.get(f"{at}/comments").json()["threads"] == [removed.json()]
    assert server.get(at).json() == report
    for path, body in (
        ("comments", {"block": "nowhere", "text": "x"}),
        ("comments", {"block": "1"}),
    ):
        assert server.post(f"{at}/{path}", json=body).status_code in (404, 422)
