"""The demo project, to be loaded and removed."""

from __future__ import annotations

import asyncio
import time
from http import HTTPStatus

from mltrack_server.demo.batches import batches
from mltrack_server.demo.batches import is_demo
from mltrack_server.demo.training import PROJECT
from mltrack_server.resources import DemoRuns
from mltrack_server.resources.query import RUNS_MAX
from mltrack_server.web.problems import Refusal
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

_ALL = "archived in [true, false]"  # runs put away too

routes = Routes()


@routes.post("/api/v1/demo", access="write", status=201, problems=(409,))
async def load(services: Services) -> DemoRuns:
    """Make twenty demo runs in the project "demo": small trainings that take a few seconds.

    Refused while there are any. What is in that project besides is not touched.
    """
    async with services.training:
        if await asyncio.to_thread(_present, services):
            raise Refusal(HTTPStatus.CONFLICT, "there", "The demo runs are there already.")
        made: list[str] = []
        source = batches(time.time_ns())
        while (batch := await asyncio.to_thread(next, source, None)) is not None:
            await services.writer.submit(batch)
            made.append(batch.header.run)
    return DemoRuns(project=PROJECT, runs=made)


@routes.delete("/api/v1/demo", access="write")
async def remove(services: Services) -> DemoRuns:
    """Delete all demo runs and nothing else; like any deleted run they can be restored."""
    async with services.training:
        found = await asyncio.to_thread(_present, services)
        for run in found:
            await asyncio.to_thread(services.store.delete, run)
    services.writer.announce()
    return DemoRuns(project=PROJECT, runs=found)


def _present(services: Services) -> list[str]:
    """Return the ids of all demo runs that are not deleted."""
    found: list[str] = []
    cursor: str | None = None
    while True:
        page = services.store.runs(
            project=PROJECT, q=_ALL, fields="", limit=RUNS_MAX, cursor=cursor
        )
        found += [run.id for run in page.runs if is_demo(run.id)]
        cursor = page.next
        if cursor is None:
            return found
