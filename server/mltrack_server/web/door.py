"""The door for curl: runs made without a client library.

What comes in here is made into ordinary records of a stream with the role "door", and goes to the
same writer as every agent's batches. All requests of one run go through one stream, one after the
other, so its records are in the order in which the requests were answered.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import time
import weakref
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated
from typing import Final

from msgspec import Meta

from mltrack_core import _names
from mltrack_core import _values
from mltrack_core import wire
from mltrack_core._redact import Redactor
from mltrack_core._version import __version__
from mltrack_core.errors import NameInvalid
from mltrack_core.limits import NAME_CHARACTERS_MAX
from mltrack_core.limits import PARAM_BYTES_MAX
from mltrack_core.limits import PROJECT_CHARACTERS_MAX
from mltrack_core.limits import RUN_NAME_CHARACTERS_MAX
from mltrack_core.limits import TAGS_MAX
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.records import Seal
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server.resources import Created
from mltrack_server.resources import Finish
from mltrack_server.resources import NewPoints
from mltrack_server.resources import NewRun
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.resources import Stored
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import invalid
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

_INT_MIN: Final = -(2**63)
_INT_MAX: Final = 2**63 - 1

routes = Routes()
_redactor = Redactor()
# One lock per run that a request is under way for; it goes when the last such request does.
_locks: weakref.WeakValueDictionary[str, asyncio.Lock] = weakref.WeakValueDictionary()


class NewParams(Request, frozen=True, kw_only=True):
    """Parameters or facts, merged into what the run has already."""

    values: dict[str, ParamValue]
    namespace: Annotated[str, Meta(max_length=128)] = ""  # "": the user's own


@routes.post("/api/v1/runs", access="write", status=201, problems=(413, 507))
async def create(services: Services, body: NewRun) -> Created:
    """Begin a run."""
    project = _name("project", body.project, "body.project", PROJECT_CHARACTERS_MAX)
    name = body.name and _name("run", body.name, "body.name", RUN_NAME_CHARACTERS_MAX)
    if len(body.tags) > TAGS_MAX:
        raise invalid(f"A run has at most {TAGS_MAX} tags.", "body.tags")
    tags = [
        _name("tag", tag, f"body.tags[{index}]", RUN_NAME_CHARACTERS_MAX)
        for index, tag in enumerate(body.tags)
    ]
    group = body.group and _name("group", body.group, "body.group", RUN_NAME_CHARACTERS_MAX)
    run, now = os.urandom(16).hex(), time.time_ns()
    started = RunStarted(
        time_ns=now,
        project=project,
        name=name or _names.make_up(),
        role="door",
        attempt=1,
        rank=0,
        world_size=1,
        host="",
        user="",
        pid=0,
        pid_started=0,
        boot_id="",
        monotonic_ns=time.monotonic_ns(),
        command=[],
        folder="",
        python="",
        mltrack=__version__,
        group=group,
        tags=tags,
    )
    records: list[Record] = [started]
    if body.params:
        records.append(Params(now, "", _params(body.params, "body.params")))
    await services.writer.submit(_batch(run, 0, records))
    return Created(id=run, url=f"/r/{run}")


@routes.post("/api/v1/runs/{run}/points", access="write", problems=(404, 409, 413, 507))
async def points(services: Services, run: RunId, body: NewPoints) -> Stored:
    """Log values of one or more metrics at one step; "NaN", "Infinity", "-Infinity" are values."""
    if not body.values:
        raise invalid("There is no value in it.", "body.values")
    values: dict[str, float | int] = {}
    for name, value in body.values.items():
        at = f"body.values[{name[:80]!r}]"
        _name("metric", name, at)
        values[name] = _int64(value, at) if isinstance(value, int) else float(value)
    step = None if body.step is None else _int64(body.step, "body.step")
    now = time.time_ns() if body.time_ns is None else _int64(body.time_ns, "body.time_ns")
    async with _lock(run):
        first_seq = await _open_stream(services, run)
        if step is None:
            highest = await asyncio.to_thread(services.store.highest_step, run)
            step = 0 if highest is None else _int64(highest + 1, "body.step")
        batch = _batch(run, first_seq, [Scalars(now, step, values)])
        return Stored(next_seq=await services.writer.submit(batch))


@routes.post("/api/v1/runs/{run}/params", access="write", problems=(404, 409, 413, 507))
async def params(services: Services, run: RunId, body: NewParams) -> Stored:
    """Add parameters, or replace those of the same name."""
    if not body.values:
        raise invalid("There is no parameter in it.", "body.values")
    record = Params(time.time_ns(), body.namespace, _params(body.values, "body.values"))
    async with _lock(run):
        batch = _batch(run, await _open_stream(services, run), [record])
        return Stored(next_seq=await services.writer.submit(batch))


@routes.post("/api/v1/runs/{run}/finish", access="write", problems=(404, 409, 413, 507))
async def finish(services: Services, run: RunId, body: Finish) -> Stored:
    """End a run."""
    now = time.time_ns()
    ended = RunEnded(now, body.state, _redactor.text(body.reason), explicit=True)
    async with _lock(run):
        batch = _batch(run, await _open_stream(services, run), [ended, Seal(now)])
        return Stored(next_seq=await services.writer.submit(batch))


def door_stream(run: str) -> str:
    """Return the id of the stream that the door writes of *run*; the same after a restart."""
    return hashlib.sha256(b"mltrack door " + run.encode()).hexdigest()[:32]


async def _open_stream(services: Services, run: str) -> int:
    """Return the next seq of the door's stream of *run*.

    Raises:
        Refusal: There is no such run, somebody else writes it, or it has ended.
    """
    marks = await asyncio.to_thread(services.store.marks, run)
    if not marks:
        raise not_found("such run")
    if mark := marks.get(door_stream(run)):
        if mark.is_sealed:
            raise Refusal(
                HTTPStatus.CONFLICT, "ended", "The run has ended and takes no more records."
            )
        return mark.next_seq
    raise Refusal(
        HTTPStatus.CONFLICT,
        "not-yours",
        "The run was not made here: only the program that made it adds to it.",
    )


def _lock(run: str) -> asyncio.Lock:
    """Return what orders the requests of *run*."""
    lock = _locks.get(run)
    if lock is None:
        lock = _locks[run] = asyncio.Lock()
    return lock


def _batch(run: str, first_seq: int, records: Sequence[Record]) -> Batch:
    """Return *records* as an agent would send them."""
    stream = door_stream(run)
    salt = int(stream[:8], 16)  # one for all batches of a stream, as the format has it
    header = SegmentHeader(salt=salt, run=run, stream=stream, first_seq=first_seq)
    frames = [
        frame.pack(number, seq, payload, salt)
        for seq, (number, payload) in enumerate(map(wire.encode, records), first_seq)
    ]
    return Batch.unpack(header.pack() + b"".join(frames))


def _params(values: dict[str, ParamValue], at: str) -> dict[str, ParamValue]:
    """Return parameters as they are recorded, secrets removed."""
    for name, value in values.items():
        place = f"{at}[{name[:80]!r}]"
        _name("parameter", name, place)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, int):
                _int64(item, place)
        if len(str(value)) > PARAM_BYTES_MAX:
            raise invalid(f"A parameter has at most {PARAM_BYTES_MAX} bytes.", place)
    return _redactor.params(values)


def _name(kind: str, name: str, at: str, characters_max: int = NAME_CHARACTERS_MAX) -> str:
    """Return *name* if it can be one."""
    try:
        return _values.check_name(kind, name, characters_max)
    except NameInvalid as error:
        raise invalid(f"{error}.", at) from error


def _int64(value: int, at: str) -> int:
    """Return *value* if a record can hold it exactly."""
    if not _INT_MIN <= value <= _INT_MAX:
        raise invalid("A whole number has at most 64 bits here; send it with a decimal point.", at)
    return value
