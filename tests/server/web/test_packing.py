"""Long answers go compressed, to those who want that; secrets and short ones as they are."""

from __future__ import annotations

import gzip
import json

import pytest

from mltrack_core.records import Scalars
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started
from mltrack_server.web.packing import PACKED_BYTES_MIN


@pytest.fixture
def run(server: RunningServer) -> str:
    """Give a run of 400 metrics."""
    agent = Agent()
    values = {f"metric/{number}": 0.5 for number in range(400)}
    batch = agent.batch(0, started(), Scalars(1, 0, values))
    assert server.post(agent.path, data=batch.pack()).ok
    return agent.run


def raw(
    server: RunningServer, path: str, accepted: str | None, accept: str = "*/*"
) -> tuple[bytes, dict[str, str]]:
    """Return the bytes of an answer as they went over the wire, and its headers."""
    headers = {"Accept-Encoding": accepted, "Accept": accept}
    answer = server.get(path, headers=headers, stream=True)
    assert answer.status_code == 200
    body: bytes = answer.raw.read(decode_content=False)
    return body, {name.lower(): value for name, value in answer.headers.items()}


@pytest.mark.parametrize("accepted", ["gzip", "br, gzip;q=0.5", "*", "deflate, GZIP"])
def test_a_long_answer_is_packed(server: RunningServer, run: str, accepted: str) -> None:
    """It is much shorter, unpacks to the same JSON, and caches know what it depends on."""
    path = f"/api/v1/runs/{run}"
    plain, without = raw(server, path, "identity")

    packed, headers = raw(server, path, accepted)

    assert headers["content-encoding"] == "gzip"
    assert headers["content-type"].startswith("application/json")
    assert "Accept-Encoding" in headers["vary"]
    assert "Accept-Encoding" in without["vary"]
    assert len(packed) == int(headers["content-length"]) < len(plain) / 5
    assert json.loads(gzip.decompress(packed)) == json.loads(plain)


@pytest.mark.parametrize(
    "accepted", [None, "", "identity", "gzip;q=0", "br", "*;q=0, br", "gzip; q=0.0, *"]
)
def test_who_does_not_want_it_gets_it_plain(
    server: RunningServer, run: str, accepted: str | None
) -> None:
    """Without the header, or with a weight of nothing, JSON comes as it is."""
    body, headers = raw(server, f"/api/v1/runs/{run}", accepted)

    assert "content-encoding" not in headers
    assert json.loads(body)["summary"]["id"] == run


def test_csv_is_packed_too(server: RunningServer) -> None:
    """Whoever negotiates the form of a history negotiates its packing as well."""
    agent = Agent()
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
    assert server.post(agent.path, data=agent.losses(1, 1000).pack()).ok
    path = f"/api/v1/runs/{agent.run}/history?name=loss"

    body, headers = raw(server, path, "gzip", "text/csv")

    assert headers["vary"] == "Accept, Accept-Encoding"
    assert gzip.decompress(body).count(b"\n") == 1001
    columns, headers = raw(server, path, "gzip", "application/octet-stream")
    assert "content-encoding" not in headers
    assert len(columns) > 1000 * 8


def test_what_is_short_or_public_stays_plain(server: RunningServer, run: str) -> None:
    """No packet is saved by packing little; an answer that everybody may have holds no run."""
    for path in ("/api/v1/server", "/api/v1/openapi.json", "/api/v1/projects"):
        body, headers = raw(server, path, "gzip")
        assert "content-encoding" not in headers
        assert path == "/api/v1/openapi.json" or len(body) < PACKED_BYTES_MIN
