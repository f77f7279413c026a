"""Who may: the name the server is addressed by, the page that asks, the token."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Callable
from urllib.parse import urlsplit

import pytest

from mltrack_server.config import Config
from mltrack_server.testing import RunningServer
from mltrack_server.web.api import ROUTES
from mltrack_server.web.routes import Route

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]
HEADERS = (
    "Content-Security-Policy",
    "Cross-Origin-Resource-Policy",
    "Referrer-Policy",
    "X-Content-Type-Options",
)


def port_of(server: RunningServer) -> int:
    """Return the port that *server* listens on."""
    port = urlsplit(server.address).port
    assert port is not None
    return port


def path_of(route: Route) -> str:
    """Return an address that *route* matches, of things that do not exist."""
    path = re.sub(r"\{page:.*\}", "r/some-run", route.path)
    return re.sub(r"\{\w+\}", lambda _: os.urandom(16).hex(), path)


@pytest.mark.parametrize(
    "host", ["localhost:{port}", "127.0.0.1:{port}", "LOCALHOST:{port}", "[::1]:{port}"]
)
def test_the_servers_own_names_are_answered(server: RunningServer, host: str) -> None:
    """A browser on this machine gets in by any name of loopback."""
    answer = server.get("/api/v1/server", headers={"Host": host.format(port=port_of(server))})

    assert answer.status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example", "evil.example:{port}", "localhost.evil.example:{port}",
        "localhost", "127.0.0.1",
        "localhost:1", "127.1:{port}", "0.0.0.0:{port}", "0x7f000001:{port}", "10.0.0.5:{port}",
        "localhost:{port}.evil.example", "user@localhost:{port}", "localhost.:{port}",
        "", "null", "[::]:{port}",
    ],
)  # fmt: skip
def test_every_other_name_is_refused(server: RunningServer, host: str) -> None:
    """A name that somebody let point at this machine reads nothing and writes nothing."""
    for method, path in (("GET", "/api/v1/runs"), ("POST", "/api/v1/runs"), ("GET", "/")):
        answer = server.ask(
            method, path, json={}, headers={"Host": host.format(port=port_of(server))}
        )

        assert answer.status_code == 421
        assert "--allowed-hosts" in answer.json()["detail"]


def test_a_forwarded_host_counts_for_nothing(server: RunningServer) -> None:
    """X-Forwarded-Host does not make a foreign name ours, nor our own name foreign."""
    foreign = {"Host": "evil.example", "X-Forwarded-Host": f"localhost:{port_of(server)}"}

    assert server.get("/api/v1/runs", headers=foreign).status_code == 421
    assert server.get("/api/v1/runs", headers={"X-Forwarded-Host": "e.vil"}).status_code == 200


def test_a_probe_may_use_any_name(server: RunningServer) -> None:
    """An orchestrator asks for health by an address that the server does not know."""
    assert server.get("/healthz", headers={"Host": "10.42.0.7"}).json() == {"status": "ok"}


def test_allowed_hosts_are_answered(make_server: Serve) -> None:
    """A proxy's name works with and without this server's port, and no other port."""
    with make_server(allowed_hosts=("tracker.example.org",)) as server:
        for host, status in (
            ("tracker.example.org", 200),
            (f"Tracker.Example.org:{port_of(server)}", 200),
            ("tracker.example.org:1", 421),
            ("x.tracker.example.org", 421),
        ):
            answer = server.get("/api/v1/runs", headers={"Host": host})
            assert answer.status_code == status, host


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 201),  # curl
        ({"Origin": "http://localhost:{port}", "Host": "localhost:{port}"}, 201),
        ({"Sec-Fetch-Site": "same-origin"}, 201),
        ({"Sec-Fetch-Site": "none"}, 201),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "file://"}, 403),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "http://localhost:1", "Host": "localhost:{port}"}, 403),
        ({"Origin": "http://localhost:{port}.evil.example", "Host": "localhost:{port}"}, 403),
        ({"Origin": "http://127.0.0.1:{port}", "Host": "localhost:{port}"}, 403),
        ({"Origin": "http://localhost:{port}/", "Host": "localhost:{port}"}, 403),
        (
            {
                "Origin": "http://localhost:{port}",
                "Host": "localhost:{port}",
                "Sec-Fetch-Site": "cross-site",
            },
            403,
        ),
    ],
)  # fmt: skip
def test_only_our_own_page_may_change_things(
    server: RunningServer, headers: dict[str, str], status: int
) -> None:
    """A page of another origin cannot post here through the user's browser."""
    filled = {name: value.format(port=port_of(server)) for name, value in headers.items()}

    answer = server.post("/api/v1/runs", json={}, headers=filled)

    assert answer.status_code == status
    if status == 403:
        assert server.get("/api/v1/runs").json()["runs"] == []


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://localhost:1"])
def test_only_our_own_page_may_listen(server: RunningServer, origin: str) -> None:
    """The live feed is refused at the handshake to a page of another origin."""
    handshake = {
        "Origin": origin,
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
    }

    assert server.get("/api/v1/feed", headers=handshake).status_code == 403


def test_every_route_asks_for_what_its_policy_says(guarded: RunningServer) -> None:
    """All routes, with no token, a wrong one, a cookie and the right one."""
    cookie = sign_in(guarded)
    for route in ROUTES:
        for credentials, is_enough in (
            ({"Authorization": ""}, route.access == "public"),
            ({"Authorization": "Bearer wrong"}, route.access == "public"),
            ({"Authorization": f"Basic {guarded.token}"}, route.access == "public"),
            ({"Authorization": "", "Cookie": cookie}, route.access != "ingest"),
            ({"Authorization": "", "Cookie": cookie[:-1] + "x"}, route.access == "public"),
            ({"Authorization": "Bearer wrong", "Cookie": cookie}, route.access == "public"),
            ({"Authorization": f"Bearer {guarded.token}"}, True),
        ):
            headers = {name: value for name, value in credentials.items() if value}
            body = {"token": guarded.token} if route.path.endswith("/session") else {}
            answer = guarded.http.request(
                route.method,
                guarded.address + path_of(route),
                json=body,
                headers=headers,
                timeout=30,
            )

            assert (answer.status_code != 401) is is_enough, (route.name, credentials)
            assert all(name in answer.headers for name in HEADERS), route.name
            if not is_enough:
                assert answer.headers["WWW-Authenticate"].startswith("Bearer")
                assert guarded.token not in answer.text  # a HEAD has none at all


def test_a_token_in_the_address_is_no_token(guarded: RunningServer) -> None:
    """What would end up in logs and histories is not accepted."""
    answer = guarded.get(
        f"/api/v1/runs?token={guarded.token}", headers={"Authorization": "Bearer x" * 2}
    )

    assert answer.status_code == 401


def sign_in(server: RunningServer) -> str:
    """Return the Cookie header of a new session."""
    answer = server.http.post(
        f"{server.address}/api/v1/session", json={"token": server.token}, timeout=30
    )
    assert answer.status_code == 204
    described = answer.headers["Set-Cookie"]
    assert "HttpOnly" in described
    assert "SameSite=Strict" in described
    server.http.cookies.clear()
    return described.partition(";")[0]


def test_a_browser_signs_in_and_out(guarded: RunningServer) -> None:
    """The token gives a session, the session shows the runs, signing out ends it."""
    wrong = guarded.http.post(
        f"{guarded.address}/api/v1/session", json={"token": "wrong"}, timeout=30
    )
    cookie = sign_in(guarded)
    before = guarded.http.get(f"{guarded.address}/api/v1/server", timeout=30).json()
    after = guarded.http.get(
        f"{guarded.address}/api/v1/server", headers={"Cookie": cookie}, timeout=30
    ).json()
    out = guarded.http.delete(f"{guarded.address}/api/v1/session", timeout=30)

    assert wrong.status_code == 401
    assert (before["needs_token"], before["is_signed_in"]) == (True, False)
    assert (after["needs_token"], after["is_signed_in"]) == (True, True)
    assert out.status_code == 204
    assert "Max-Age=0" in out.headers["Set-Cookie"]


def test_secrets_do_not_show_in_reprs() -> None:
    """A config that ends up in a log or traceback does not tell the token."""
    assert "secret" not in repr(Config(database="sqlite://", token="secret-secret-secret"))


def test_a_page_of_a_long_address_is_still_that_page(server: RunningServer) -> None:
    """A view with hundreds of chosen runs is its address, and a reload must show it again."""
    long = server.get("/p/x?h=" + "01234567," * 6000)

    assert long.status_code == 200
    assert long.text == server.get("/p/x").text
