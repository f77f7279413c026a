"""The live feed and the dashboard's files."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
from collections.abc import Callable
from pathlib import Path

import aiohttp
import msgspec
import pytest

from mltrack_core.testing.clock import FakeClock
from mltrack_server import app
from mltrack_server.auth.session import SESSION_S
from mltrack_server.auth.session import Sessions
from mltrack_server.resources import Notice
from mltrack_server.store import Store
from mltrack_server.testing import WAIT_S
from mltrack_server.testing import Agent
from mltrack_server.testing import RunningServer
from mltrack_server.testing import started
from mltrack_server.web import live
from mltrack_server.web.assets import Assets

Serve = Callable[..., contextlib.AbstractContextManager[RunningServer]]


async def next_change(socket: aiohttp.ClientWebSocketResponse) -> Notice:
    """Return the next notice that names a run."""
    async with asyncio.timeout(WAIT_S):
        while True:
            notice = msgspec.json.decode(await socket.receive_str(), type=Notice)
            if notice.changes:
                return notice


def test_a_change_is_noticed(server: RunningServer, agent: Agent) -> None:
    """Whoever listens hears of new records, with a cursor that catches up after a pause."""

    async def listen() -> tuple[Notice, Notice, Notice]:
        async with aiohttp.ClientSession(server.address) as client:

            async def send(first_seq: int) -> None:
                batch = agent.losses(first_seq, 3) if first_seq else agent.batch(0, started())
                async with client.post(agent.path, data=batch.pack()) as answer:
                    assert answer.status == 200

            async with client.ws_connect("/api/v1/feed") as socket:
                await send(0)
                first = await next_change(socket)
                await send(1)
                second = await next_change(socket)
            await send(4)
            async with client.ws_connect(f"/api/v1/feed?cursor={second.cursor}") as socket:
                third = await next_change(socket)
            return first, second, third

    first, second, third = asyncio.run(listen())

    assert [c.id for c in first.changes] == [agent.run]
    assert second.changes[0].last_step == 2
    assert third.changes[0].last_step == 5
    assert first.cursor < second.cursor < third.cursor


def test_changes_can_be_asked_for(server: RunningServer, agent: Agent) -> None:
    """Without a WebSocket, with the same cursor: what changed since, and nothing twice."""
    now = server.get("/api/v1/changes").json()
    server.post(agent.path, data=agent.batch(0, started()).pack())

    news = server.get("/api/v1/changes", params={"cursor": now["cursor"]}).json()
    after = server.get("/api/v1/changes", params={"cursor": news["cursor"]}).json()

    assert now["changes"] == after["changes"] == []
    assert [change["id"] for change in news["changes"]] == [agent.run]
    assert after["cursor"] == news["cursor"] > now["cursor"]


def test_a_cursor_of_another_history_begins_anew(server: RunningServer, agent: Agent) -> None:
    """Over a WebSocket or without, whoever saw another store hears that all is to be fetched."""
    server.post(agent.path, data=agent.batch(0, started()).pack())
    now = server.get("/api/v1/server").json()
    known = {"cursor": now["rev"], "history": now["history"]}

    async def first(history: str) -> Notice:
        path = f"/api/v1/feed?cursor={now['rev']}&history={history}"
        async with (
            aiohttp.ClientSession(server.address) as client,
            client.ws_connect(path) as socket,
            asyncio.timeout(WAIT_S),
        ):
            return msgspec.json.decode(await socket.receive_str(), type=Notice)

    assert not server.get("/api/v1/changes", params=known).json().get("reset")
    assert server.get("/api/v1/changes", params=known | {"history": "other"}).json()["reset"]
    assert not asyncio.run(first(now["history"])).reset
    assert asyncio.run(first("other")).reset


def test_a_long_message_ends_the_connection(server: RunningServer) -> None:
    """Nobody can fill the server's memory through a live page."""

    async def talk() -> aiohttp.WSMessage:
        async with (
            aiohttp.ClientSession(server.address) as client,
            client.ws_connect("/api/v1/feed") as socket,
        ):
            await socket.send_bytes(bytes(70_000))
            async with asyncio.timeout(WAIT_S):
                while True:
                    message = await socket.receive()
                    if message.type is not aiohttp.WSMsgType.TEXT:
                        return message

    assert asyncio.run(talk()).data == aiohttp.WSCloseCode.MESSAGE_TOO_BIG


def test_a_stopping_server_says_goodbye(make_server: Serve) -> None:
    """Live pages are told that the server goes away, so that they come again."""

    async def listen() -> int | None:
        with contextlib.ExitStack() as stack:
            server = await asyncio.to_thread(stack.enter_context, make_server())
            async with (
                aiohttp.ClientSession(server.address) as client,
                client.ws_connect("/api/v1/feed") as socket,
            ):
                closing = asyncio.create_task(asyncio.to_thread(stack.close))
                async with asyncio.timeout(WAIT_S):
                    while not socket.closed:
                        await socket.receive()
                await closing
                return socket.close_code

    assert asyncio.run(listen()) == aiohttp.WSCloseCode.GOING_AWAY


def test_a_page_whose_session_runs_out_is_closed(
    make_server: Serve, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A socket that was opened in time does not stay open for ever."""
    clock = FakeClock()
    sessions = functools.partial(Sessions, now=clock.monotonic)
    monkeypatch.setattr(app, "Sessions", sessions)
    monkeypatch.setattr(live, "AUTHORISE_S", 0.05)
    cookie = sessions(token).issue()

    async def listen(address: str) -> int | None:
        name = f"mltrack_session_{address.rpartition(':')[2]}"
        jar = aiohttp.CookieJar(unsafe=True)
        async with (
            aiohttp.ClientSession(address, cookies={name: cookie}, cookie_jar=jar) as client,
            client.ws_connect("/api/v1/feed") as socket,
            asyncio.timeout(WAIT_S),
        ):
            assert (await socket.receive()).type is aiohttp.WSMsgType.TEXT
            clock.advance(SESSION_S + 1)
            while not socket.closed:
                await socket.receive()
            return socket.close_code

    with make_server(token=token) as guarded:
        assert asyncio.run(listen(guarded.address)) == aiohttp.WSCloseCode.POLICY_VIOLATION


def test_a_failing_feed_closes_its_socket(
    server: RunningServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is told nothing must not believe that nothing happens."""

    def fail(*_arguments: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(Store, "changes", fail)

    async def listen() -> int | None:
        async with (
            aiohttp.ClientSession(server.address) as client,
            client.ws_connect("/api/v1/feed") as socket,
            asyncio.timeout(WAIT_S),
        ):
            while not socket.closed:
                await socket.receive()
            return socket.close_code

    assert asyncio.run(listen()) == aiohttp.WSCloseCode.INTERNAL_ERROR


@pytest.fixture
def built(tmp_path: Path) -> Path:
    """Give a folder as the dashboard's build leaves it, and a secret beside it."""
    folder = tmp_path / "static"
    (folder / "assets").mkdir(parents=True)
    (tmp_path / "secret.txt").write_text("secret")
    (folder / ".build-hash").write_text("x")
    (folder / "index.html").write_text("<!doctype html>home")
    script = folder / "assets" / "index-C0ffee12.js"
    script.write_text("let a = 1;" * 50)
    script.with_name(script.name + ".gz").write_bytes(gzip.compress(script.read_bytes()))
    return folder


def test_only_built_files_are_listed(built: Path) -> None:
    """Files are found by their exact address only; hidden files and climbing never."""
    assets = Assets.load(built)

    script = assets.get("assets/index-C0ffee12.js")
    assert script is not None
    assert (script.media, script.is_immutable) == ("text/javascript", True)
    assert not assets.index.is_immutable
    for address in ("../secret.txt", "assets/../../secret.txt", ".build-hash", "", "assets"):
        assert assets.get(address) is None
    assert assets.get("assets/index-C0ffee12.js.gz") is None


@pytest.mark.parametrize(
    ("accept", "coding"),
    [("gzip, deflate, br", "gzip"), ("", ""), ("gzip;q=0, br", ""), ("GZIP", "gzip")],
)
def test_packed_files_go_to_whom_takes_them(built: Path, accept: str, coding: str) -> None:
    """A packed sibling is chosen by Accept-Encoding and holds the same bytes."""
    script = Assets.load(built).get("assets/index-C0ffee12.js")
    assert script is not None

    chosen, body = script.choose(accept)

    assert chosen == coding
    assert (gzip.decompress(body) if chosen else body) == script.body


def test_without_a_build_there_is_a_page_that_says_so(tmp_path: Path) -> None:
    """A checkout without the dashboard explains itself."""
    assert b"npm run build" in Assets.load(tmp_path / "absent").index.body


def test_every_page_address_is_the_start_page(server: RunningServer) -> None:
    """The dashboard's own addresses work when typed; a missing script is no page."""
    home = server.get("/")

    for path in ("/p/mnist", f"/r/{'0' * 32}", "/../../etc/passwd", "/%2e%2e/secret.txt"):
        assert server.get(path).content == home.content
    assert home.headers["Content-Type"] == "text/html; charset=utf-8"
    assert home.headers["Cache-Control"] == "no-cache"
    assert server.get("/assets/absent.js").status_code == 404
    again = server.get("/", headers={"If-None-Match": home.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    weak = f'"old", W/{home.headers["ETag"]}'
    assert server.get("/", headers={"If-None-Match": weak}).status_code == 304
    assert "script-src 'self';" in again.headers["Content-Security-Policy"]
