"""What processes of runs printed: pages, searches, places by time, and all of it as a text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterator
from typing import Annotated
from typing import Final
from typing import Literal

from aiohttp import web
from msgspec import Meta

from mltrack_core.records import Channel
from mltrack_server.grep import bounded
from mltrack_server.grep import matches
from mltrack_server.resources import ConsoleMatches
from mltrack_server.resources import ConsolePage
from mltrack_server.resources import ConsolePlace
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.store import Store
from mltrack_server.store.console_reading import ConsolePart
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

LINES_MAX: Final = 5000
_PLAIN_TEXT: Final = "text/plain"
_NUMBER_MAX: Final = 2**63 - 1

# What terminals take for colours, moves of the cursor, titles of windows; the dashboard's
# `ansi.ts` has the same.
_ESCAPES: Final = re.compile(
    r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\-_])"
)

# How programs and Python itself name what went wrong. No part of them can be repeated without
# an end, so nobody can make them slow.
_ERROR: Final = (
    r"\b(?:ERROR|CRITICAL|FATAL|[A-Z][A-Za-z0-9_]{0,80}(?:Error|Exception))\b"
    r"|^\s{0,8}(?:error|fatal|panic):|\bTraceback \(most recent call last\):"
)
_WARNING: Final = r"\b(?:WARN|WARNING|[A-Z][A-Za-z0-9_]{0,80}Warning)\b|\b[Ww]arning:"
_LEVELS: Final = {"error": re.compile(_ERROR), "warning": re.compile(f"{_ERROR}|{_WARNING}")}

routes = Routes()


class ConsoleQuery(Request, frozen=True, kw_only=True):
    """Which lines of the console; without `first` the last ones."""

    first: Annotated[int, Meta(ge=0, le=_NUMBER_MAX)] | None = None
    limit: Annotated[int, Meta(ge=1, le=LINES_MAX)] = 500
    # These lines instead, a comma between two: of a search whose lines lie far apart.
    numbers: Annotated[str, Meta(pattern=r"^\d{1,15}(,\d{1,15}){0,199}$")] | None = None


class SearchQuery(Request, frozen=True, kw_only=True):
    """What to look for, and in which part of the console: 0, or the `next` of an answer."""

    # Without one, every line that the rest lets through: its match is of no characters.
    text: Annotated[str, Meta(max_length=500)] = ""
    regex: bool = False  # the text is an expression, as Python's `re` writes it
    case: bool = False  # capitals are not small letters
    channel: Channel | None = None
    rank: Annotated[int, Meta(ge=0, le=2**31 - 1)] | None = None
    # "warning": lines that name a warning or an error, "error": an error.
    level: Literal["warning", "error"] | None = None
    part: Annotated[int, Meta(ge=0, le=2**31 - 1)] = 0


class PlaceQuery(Request, frozen=True, kw_only=True):
    """When."""

    time_ns: Annotated[int, Meta(ge=0, le=_NUMBER_MAX)]


@routes.get("/api/v1/runs/{run}/console", access="read", problems=(404,))
async def page(services: Services, run: RunId, query: ConsoleQuery) -> ConsolePage:
    """Return lines of a run's console: consecutive ones, or those of some numbers."""
    if query.numbers is not None:
        numbers = [int(number) for number in query.numbers.split(",")]
        found = await asyncio.to_thread(services.store.console_lines, run, numbers)
    else:
        found = await asyncio.to_thread(
            services.store.console, run, first=query.first, limit=query.limit
        )
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/console/search", access="read", problems=(404,))
async def search(services: Services, run: RunId, query: SearchQuery) -> ConsoleMatches:
    """Return the lines of one part of a run's console that hold a text or an expression.

    They can be those of a channel, of a rank, or those that name a warning or an error.

    Parts hold about 4 MiB each, so an answer never takes long; ask on with `next` until `is_end`.
    Escape sequences are no part of the text. An expression that takes more than two seconds of
    processor time on a part is refused.
    """
    part = await asyncio.to_thread(services.store.console_part, run, query.part)
    if part is None:
        raise not_found("such run")
    if query.regex:
        async with services.matching:
            return await asyncio.to_thread(_find, part, query)
    return await asyncio.to_thread(_find, part, query)


def _find(part: ConsolePart, query: SearchQuery) -> ConsoleMatches:
    """Search *part*; blocks.

    Raises:
        Refusal: The expression is none, or takes too long.
    """
    find = bounded.find if query.regex else matches.find
    lines = [
        (line.number, _ESCAPES.sub("", line.text))
        for line in part.lines
        if query.channel in (None, line.channel) and query.rank in (None, line.rank)
    ]
    if query.level is not None:
        names = _LEVELS[query.level].search
        lines = [(number, text) for number, text in lines if names(text)]
    try:
        numbers, starts, ends = find(
            query.text if query.regex else re.escape(query.text),
            ignores_case=not query.case,
            lines=lines,
        )
    except bounded.ExpressionInvalid as error:
        raise invalid(f"This is no regular expression: {error}.", "query.text") from error
    except bounded.ExpressionTooSlow as error:
        raise invalid(
            "This expression takes too long on this console. Repetitions within repetitions, such "
            "as (a+)+, are what mostly does it.",
            "query.text",
        ) from error
    return ConsoleMatches(
        numbers=numbers,
        starts=starts,
        ends=ends,
        searched=len(part.lines),
        total=part.total,
        next=part.next,
        is_end=part.is_end,
    )


@routes.get("/api/v1/runs/{run}/console/place", access="read", problems=(404,))
async def place(services: Services, run: RunId, query: PlaceQuery) -> ConsolePlace:
    """Return which line of a run's console was the last one at a time."""
    found = await asyncio.to_thread(services.store.console_place, run, query.time_ns)
    if found is None:
        raise not_found("such run")
    return found


@routes.get("/api/v1/runs/{run}/console/text", access="read", gives=(_PLAIN_TEXT,), problems=(404,))
async def text(services: Services, request: web.Request, run: RunId) -> web.StreamResponse:
    """Return all that a run has printed until now, as a file, without escape sequences."""
    parts = _texts(services.store, run)
    first = await asyncio.to_thread(next, parts, None)
    if first is None:
        raise not_found("such run")
    answer = web.StreamResponse(
        headers={
            "Content-Disposition": f'attachment; filename="console-{run[:8]}.txt"',
            "Content-Security-Policy": "sandbox; default-src 'none'",
            "Content-Type": f"{_PLAIN_TEXT}; charset=utf-8",
        }
    )
    await answer.prepare(request)
    await answer.write(first)
    while (part := await asyncio.to_thread(next, parts, None)) is not None:
        await answer.write(part)
    await answer.write_eof()
    return answer


def _texts(store: Store, run: str) -> Iterator[bytes]:
    """Yield the console in parts, at least one; nothing if there is no such run. Blocks."""
    first, total = 0, 1
    while first < total:
        found = store.console(run, first=first, limit=LINES_MAX)
        if found is None:  # or it has been deleted meanwhile
            return
        if first == 0:
            total = found.total  # what is printed from now on is not a part of it
        lines = (_ESCAPES.sub("", line.text) + "\n" for line in found.lines)
        yield "".join(lines).encode(errors="replace")
        first += LINES_MAX
