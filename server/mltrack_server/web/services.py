"""What handlers work with."""

from __future__ import annotations

import asyncio
import weakref
from dataclasses import dataclass
from dataclasses import field
from typing import Final

from aiohttp import web

from mltrack_server.auth.session import Sessions
from mltrack_server.config import Config
from mltrack_server.feed import Feed
from mltrack_server.store import Store
from mltrack_server.web.assets import Assets
from mltrack_server.web.body import Room
from mltrack_server.writer import Writer


@dataclass(slots=True, kw_only=True)
class Services:
    """The parts of one server."""

    config: Config
    store: Store
    writer: Writer
    feed: Feed
    sessions: Sessions
    assets: Assets
    address: str = ""  # where it listens, e.g. "http://127.0.0.1:5050"; known once it does
    sockets: weakref.WeakSet[web.WebSocketResponse] = field(default_factory=weakref.WeakSet)
    bodies: Room = field(default_factory=Room)  # for request bodies
    training: asyncio.Lock = field(default_factory=asyncio.Lock)  # of demo runs: one load at a time
    weighing: asyncio.Lock = field(default_factory=asyncio.Lock)  # it takes a processor for long
    # Means of thousands of runs take a processor for seconds.
    averaging: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    # Searches by expression; each is a process that has a processor to itself for up to seconds.
    matching: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(2))
    is_writable: bool = True  # what /healthz found last,
    is_writable_until_s: float = 0.0  # and until when that is believed, by the monotonic clock


SERVICES: Final = web.AppKey("services", Services)
