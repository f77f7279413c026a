"""Usage of devices, to be read."""

from __future__ import annotations

import asyncio
import time
from typing import Final

from mltrack_server.resources import USAGE_DAYS_MAX
from mltrack_server.resources import Usage
from mltrack_server.resources import UsageQuery
from mltrack_server.web.problems import invalid
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()

_DAY_NS: Final = 86_400 * 10**9


@routes.get("/api/v1/usage", access="read")
async def show(services: Services, query: UsageQuery) -> Usage:
    """Return which runs held which devices in a window of at most 31 days, and how they used them.

    It is read from the samples that agents took. Of more than 2,000 runs the newest are looked at;
    `runs_left_out` counts the others.
    """
    end_ns = time.time_ns() if query.end_ns is None else query.end_ns
    start_ns = max(0, end_ns - _DAY_NS) if query.start_ns is None else query.start_ns
    if start_ns >= end_ns:
        raise invalid("The window ends before it begins.", "query.start_ns")
    if end_ns - start_ns > USAGE_DAYS_MAX * _DAY_NS:
        raise invalid(f"The window is longer than {USAGE_DAYS_MAX} days.", "query.start_ns")
    return await asyncio.to_thread(services.store.usage.of, start_ns, end_ns, query.project)
