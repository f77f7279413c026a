"""Links by which a report is read without the token: that page, and nothing else."""

from __future__ import annotations

import hashlib
import json
import logging
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import requests

from mltrack_server.resources import LINK_PAGE_BYTES_MAX
from mltrack_server.store.report_links import LINKS_MAX
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started

GOLDEN = json.loads((Path(__file__).parent / "golden" / "dashboard.json").read_bytes())
FROZEN = {"dashboard": "a" * 32, "version": 1, "at_ns": 1, "runs": ["b" * 32]}
AT = "/api/v1/dashboards"
PAGE = b"<!doctype html><h1>July</h1><script>alert(1)</script>"


@pytest.fixture
def report(guarded: RunningServer, agent: Agent) -> str:
    """Give the address of a report, on a server that wants a token."""
    return f"{AT}/{made(guarded, agent, GOLDEN | {'frozen': FROZEN})}"


def made(server: RunningServer, agent: Agent, document: dict[str, Any]) -> str:
    """Return the id of a dashboard of *document*."""
    assert server.post(agent.path, data=agent.batch(0, started()).pack()).ok
    new = {"project": "mnist", "name": "July", "owner": "", "author": "", "document": document}
    answer = server.post(AT, json=new)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["summary"]["id"])


def link_of(server: RunningServer, report: str, page: bytes = PAGE) -> dict[str, Any]:
    """Make a link."""
    answer = server.post(f"{report}/links?version=1&author=ada", data=page)
    assert answer.status_code == 201, answer.text
    new: dict[str, Any] = answer.json()
    return new


def visit(server: RunningServer, path: str, **options: Any) -> requests.Response:
    """Ask for *path* as somebody who has no token."""
    return requests.get(f"{server.address}{path}", timeout=30, **options)


def test_a_link_shows_its_page_to_whoever_has_it(guarded: RunningServer, report: str) -> None:
    """Without a token, as one document that browsers run nothing of and load nothing for."""
    answer = visit(guarded, link_of(guarded, report)["url"])

    assert answer.status_code == 200
    assert answer.content == PAGE
    assert answer.headers["Content-Type"] == "text/html; charset=utf-8"
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "sandbox allow-downloads" in policy
    assert "script" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"


def test_who_cannot_unpack_gets_it_unpacked(guarded: RunningServer, report: str) -> None:
    """It is stored packed, and goes so to whoever takes that."""
    url = link_of(guarded, report, PAGE * 1000)["url"]

    plain = visit(guarded, url, headers={"Accept-Encoding": "identity"}, stream=True)
    packed = visit(guarded, url, headers={"Accept-Encoding": "gzip"}, stream=True)

    assert plain.raw.read() == PAGE * 1000
    assert packed.headers["Content-Encoding"] == "gzip"
    assert len(packed.raw.read()) < len(PAGE) * 100


def test_a_link_opens_nothing_else(guarded: RunningServer, report: str) -> None:
    """Its key is no token: neither the report's own data nor anything else is read with it."""
    key = link_of(guarded, report)["url"].partition("=")[2]

    for path in (
        report,
        f"{report}/links",
        f"{AT}?project=mnist",
        "/api/v1/runs?project=mnist",
        "/api/v1/projects",
    ):
        for options in (
            {},
            {"headers": {"Authorization": f"Bearer {key}"}},
            {"cookies": {f"mltrack_session_{guarded.address.rpartition(':')[2]}": key}},
        ):
            assert visit(guarded, path, **options).status_code == 401, (path, options)
    signed = requests.post(f"{guarded.address}/api/v1/session", json={"token": key}, timeout=30)
    assert signed.status_code == 401


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_links_are_made_and_listed_with_the_token_alone(
    guarded: RunningServer, report: str, method: str
) -> None:
    """Whoever has none makes no link and sees none; nor renews or ends one."""
    link = link_of(guarded, report)["link"]["id"]
    wrong = {"headers": {"Authorization": "Bearer wrong"}}

    assert guarded.ask(method, f"{report}/links?version=1", **wrong).status_code == 401
    for other in ("PUT", "DELETE"):
        path = f"{report}/links/{link}?version=1"
        assert guarded.ask(other, path, **wrong).status_code == 401


def test_an_ended_link_shows_nothing(guarded: RunningServer, report: str) -> None:
    """At once, and it is not listed; other links of the report stay."""
    first, second = link_of(guarded, report), link_of(guarded, report)

    assert guarded.ask("DELETE", f"{report}/links/{first['link']['id']}").status_code == 204

    assert visit(guarded, first["url"]).status_code == 404
    assert "shows nothing" in visit(guarded, first["url"]).text
    assert visit(guarded, second["url"]).status_code == 200
    assert guarded.get(f"{report}/links").json()["links"] == [second["link"]]
    again = guarded.ask("DELETE", f"{report}/links/{first['link']['id']}")
    assert again.status_code == 404


def test_a_link_can_show_a_newer_page(guarded: RunningServer, report: str) -> None:
    """Its address stays as it was handed on."""
    new = link_of(guarded, report)
    at = f"{report}/links/{new['link']['id']}"

    renewed = guarded.ask("PUT", f"{at}?version=2&author=grace", data=b"<h1>August</h1>")

    assert visit(guarded, new["url"]).content == b"<h1>August</h1>"
    assert (renewed.json()["version"], renewed.json()["author"]) == (2, "grace")
    assert renewed.json()["made_ns"] == new["link"]["made_ns"]
    assert guarded.ask("PUT", f"{report}/links/{'0' * 32}?version=2", data=b"x").status_code == 404


def test_a_deleted_report_is_not_read(guarded: RunningServer, report: str) -> None:
    """Nor is a new link made of it; restored, it is read by the links it had."""
    url = link_of(guarded, report)["url"]

    guarded.ask("DELETE", report)
    assert visit(guarded, url).status_code == 404
    assert guarded.post(f"{report}/links?version=1", data=PAGE).status_code == 404
    guarded.post(f"{report}/restore")

    assert visit(guarded, url).status_code == 200


def test_the_key_is_told_once(
    guarded: RunningServer, report: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is in no list, in no log and not in the store: what has leaked opens nothing."""
    caplog.set_level(logging.DEBUG)
    url = link_of(guarded, report)["url"]
    key = url.partition("=")[2]

    assert visit(guarded, url).ok
    listed = guarded.get(f"{report}/links").text

    assert len(key) >= 43
    assert key not in listed
    logged = [each.getMessage() for each in caplog.records if each.name.startswith("mltrack")]
    assert any("GET /shared 200" in each for each in logged)
    assert key not in "".join(logged)
    stored = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    assert key.encode() not in stored
    assert hashlib.sha256(key.encode()).hexdigest().encode() in stored


@pytest.mark.parametrize("key", ["", "x", "x" * 64, "é", "%00", "' or 1=1 --"])
def test_a_wrong_key_opens_nothing(guarded: RunningServer, report: str, key: str) -> None:
    """Whatever is tried."""
    link_of(guarded, report)

    assert visit(guarded, f"/shared?key={key}").status_code == 404


def test_a_report_has_so_many_links(guarded: RunningServer, report: str) -> None:
    """One more is refused with what to do, and one that is too long as well."""
    for _ in range(LINKS_MAX):
        link_of(guarded, report, b"x")

    refused = guarded.post(f"{report}/links?version=1", data=PAGE)
    assert refused.status_code == 422
    assert "end one of them" in refused.json()["detail"]
    too_long = guarded.post(f"{report}/links?version=1", data=b" " * (LINK_PAGE_BYTES_MAX + 1))
    assert too_long.status_code == 413


def test_a_dashboard_has_no_links(server: RunningServer, agent: Agent) -> None:
    """It shows other runs tomorrow; and what is not there has none either."""
    dashboard = f"{AT}/{made(server, agent, GOLDEN)}"

    for method in ("GET", "POST"):
        answer = server.ask(method, f"{dashboard}/links" + ("?version=1" * (method == "POST")))
        assert answer.status_code == 422
        assert "make a report" in answer.json()["detail"]
        nobody = f"{AT}/{'0' * 32}/links" + ("?version=1" * (method == "POST"))
        assert server.ask(method, nobody).status_code == 404


def test_the_links_are_what_the_document_of_the_api_says(
    guarded: RunningServer, report: str
) -> None:
    """Making, listing and renewing answer as they are documented."""
    openapi = guarded.get("/api/v1/openapi.json").json()
    new = link_of(guarded, report)
    listed = guarded.get(f"{report}/links").json()

    for kind, answer in (("NewReportLink", new), ("ReportLinkList", listed)):
        schema = {"$ref": f"#/components/schemas/{kind}", "components": openapi["components"]}
        jsonschema.validate(answer, schema, cls=jsonschema.Draft202012Validator)
