"""The server as a whole: its parts, in the order in which they start and stop."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import os
import signal
import socket
import threading
import webbrowser
from collections.abc import AsyncIterator
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from aiohttp import web

from mltrack_core.errors import SettingInvalid
from mltrack_server.auth.session import Sessions
from mltrack_server.config import DEFAULT_PORT
from mltrack_server.config import Config
from mltrack_server.config import check
from mltrack_server.feed import Feed
from mltrack_server.fold import Fold
from mltrack_server.housekeeping import Housekeeping
from mltrack_server.local import LocalIngest
from mltrack_server.lock import StoreLock
from mltrack_server.lock import store_url
from mltrack_server.replicas import Replicas
from mltrack_server.store import Store
from mltrack_server.warming import Warming
from mltrack_server.web import api
from mltrack_server.web.assets import Assets
from mltrack_server.web.services import Services
from mltrack_server.writer import Writer

logger = logging.getLogger(__name__)

SHUTDOWN_S: Final = 5.0  # that requests under way get when the server stops
EXIT_S_MAX: Final = 9.5  # after which it is gone in any case: service managers kill after 10
KEEPALIVE_S: Final = 75.0
LINGER_S: Final = 2.0  # for a client to read why its body is refused while it still sends
PORTS_TRIED: Final = 20
# A view of the dashboard is its address: two hundred chosen runs and a long filter are one. aiohttp
# alone refuses more than 8,190 characters, in a bare line of text.
ADDRESS_BYTES_MAX: Final = 1 << 16

Ready = Callable[[str], None]


def run(config: Config, listener: socket.socket, ready: Ready) -> None:
    """Serve until SIGTERM or Ctrl-C, and be gone `EXIT_S_MAX` after it; see `serve`."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s")
    # A query over 10^8 points cannot be cancelled, and Python waits for its thread. Nothing is
    # lost by not waiting: what was acknowledged is durable.
    at_last = threading.Timer(EXIT_S_MAX, os._exit, (1,))
    at_last.daemon = True
    try:
        asyncio.run(serve(config, listener, ready, stopping=at_last.start))
    finally:
        at_last.cancel()


async def serve(
    config: Config,
    listener: socket.socket,
    ready: Ready,
    *,
    stopping: Callable[[], None] = lambda: None,
) -> None:
    """Serve on *listener* until the task is cancelled or, in the main thread, SIGTERM or Ctrl-C.

    Requests under way are finished first; what was acknowledged is durable in any case.

    Args:
        config: A config that `config.check` has passed.
        listener: A bound, listening socket; closed at the end.
        ready: Called with the address as soon as the server answers.
        stopping: Called when a signal has ended it.

    Raises:
        StoreUnusable: The store cannot be opened.
    """
    address = address_of(listener)
    async with _services(config, address) as services:
        runner = web.AppRunner(
            api.build(services),
            access_log=None,  # `web.api` logs, without query strings
            auto_decompress=False,  # `web.body` unpacks, with an honest limit
            handler_cancellation=False,
            keepalive_timeout=KEEPALIVE_S,
            max_line_size=ADDRESS_BYTES_MAX,
            lingering_time=LINGER_S,
            shutdown_timeout=SHUTDOWN_S,
        )
        await runner.setup()
        try:
            await web.SockSite(runner, listener).start()
            with _stop_signals() as stopped:
                ready(address)
                await stopped.wait()
                stopping()
        finally:
            await runner.cleanup()


@contextlib.asynccontextmanager
async def _services(config: Config, address: str) -> AsyncIterator[Services]:
    """Open the store and run what works behind the web: writer, fold, local ingest."""
    store = Store(config.database, blobs=config.blobs)
    store.blobs.root = config.root
    await asyncio.to_thread(store.open)
    async with contextlib.AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, store.close)
        writer = Writer(store)
        await writer.start()
        stack.push_async_callback(writer.stop)
        if store.is_shared:
            replicas = Replicas(store, writer)
            await replicas.start()
            stack.push_async_callback(replicas.stop)
        feed = Feed(store, writer)
        fold = Fold(store)
        await fold.start()
        stack.push_async_callback(fold.stop)
        housekeeping = Housekeeping(store)
        await housekeeping.start()
        stack.push_async_callback(housekeeping.stop)
        warming = Warming(store)
        await warming.start()
        stack.push_async_callback(warming.stop)
        if config.root is not None:
            local = LocalIngest(config.root, writer, store)
            await local.start()
            stack.push_async_callback(local.stop)
        yield Services(
            config=config,
            store=store,
            writer=writer,
            feed=feed,
            sessions=Sessions(config.token),
            assets=Assets.load(),
            address=address,
        )


def listen(host: str, port: int, *, ports: int = 1) -> socket.socket:
    """Return a socket listening on *host* at *port* or one of the *ports* - 1 after it.

    Raises:
        SettingInvalid: All of them are taken, or the address is none of this machine's.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for candidate in range(port, port + ports):
        try:
            return socket.create_server((host.strip("[]"), candidate), family=family, backlog=1024)
        except OSError as error:
            if error.errno == errno.EACCES:
                raise SettingInvalid(
                    "--port", candidate, "this user may not listen on it"
                ) from error
            if error.errno != errno.EADDRINUSE:
                raise SettingInvalid("--host", host, error.strerror or str(error)) from error
        except OverflowError:
            break
    taken = f"{port}" if ports == 1 else f"{port} to {port + ports - 1}"
    raise SettingInvalid(
        "--port", port, f"port {taken} is in use by another program; choose one with --port"
    )


def address_of(listener: socket.socket) -> str:
    """Return the address that a browser on this machine uses for *listener*."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{host}:{port}"


def serve_local(root: Path, *, port: int | None = None, ready: Ready, browser: bool) -> int:
    """Show everything recorded below MLTRACK_DIR *root* until Ctrl-C; return the exit status.

    Only one server shows a folder: where one does so already, its address is given to *ready* and
    the call returns at once.

    Args:
        root: MLTRACK_DIR; made where it does not exist.
        port: 0 for any free one; None for 5050 or the next free one.
        ready: Called with the address when the server answers.
        browser: Whether to open the address in a browser, where there is a display.

    Raises:
        SettingInvalid: The port is taken.
        StoreUnusable: The store cannot be opened.
        OSError: The folder cannot be written.
    """

    def announce(address: str) -> None:
        ready(address)
        if browser:
            # In a thread: some desktops' browser commands do not return before they are closed.
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    with StoreLock(root) as lock:
        if other := lock.acquire_or_address():
            announce(other)
            return 0
        config = check(Config(database=store_url(root), port=port or 0, root=root))
        if port is None:
            listener = listen(config.host, DEFAULT_PORT, ports=PORTS_TRIED)
        else:
            listener = listen(config.host, port)

        def publish(address: str) -> None:
            lock.publish(address)
            announce(address)

        with contextlib.closing(listener):
            run(config, listener, publish)
    return 0


@contextlib.contextmanager
def _stop_signals() -> Iterator[asyncio.Event]:
    """Give an event that SIGTERM and Ctrl-C set; a second one ends the process as usual."""
    stopped = asyncio.Event()
    if threading.current_thread() is not threading.main_thread():
        yield stopped  # only cancellation stops it
        return
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def stop() -> None:
        stopped.set()
        for number in signals:
            loop.remove_signal_handler(number)

    for number in signals:
        loop.add_signal_handler(number, stop)
    try:
        yield stopped
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
