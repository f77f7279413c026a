"""Usage, read: which runs held which devices in a window of time."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from typing import Any
from typing import Final
from typing import NamedTuple

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_core.records import ParamValue
from mltrack_server.resources import IDLE_PERCENT
from mltrack_server.resources import DeviceHold
from mltrack_server.resources import Stretch
from mltrack_server.resources import Usage
from mltrack_server.resources import UsageRun
from mltrack_server.store import rules
from mltrack_server.store import schema
from mltrack_server.store.database.engine import Connecting
from mltrack_server.store.search.listing import shown_state
from mltrack_server.store.search.loading import decoded
from mltrack_server.store.segs import SegCache
from mltrack_server.store.series.layout import Plans
from mltrack_server.store.series.reader import open_readers
from mltrack_server.store.series.view import View
from mltrack_server.store.series.view import Window
from mltrack_server.store.usage import stretches
from mltrack_server.store.usage.candidates import Candidate
from mltrack_server.store.usage.candidates import Machine
from mltrack_server.store.usage.candidates import are_wanted
from mltrack_server.store.usage.candidates import candidates_of
from mltrack_server.store.usage.candidates import machines_of
from mltrack_server.store.usage.prices import price_of
from mltrack_server.store.usage.stretches import NS_PER_HOUR
from mltrack_server.store.usage.stretches import Held

PARTS_MAX: Final = 288  # of the window: five minutes of a day, 35 of a week
PART_S_MIN: Final = 60.0  # agents sample every 5 s: a part that has no sample is a gap
RUNS_MAX: Final = 2000  # the newest of the window; the others are counted
HOLDS_MAX: Final = 5000  # of them: what more runs held is left out as well
_ROWS_AT_ONCE: Final = 500  # of a statement
_RUNS_AT_ONCE: Final = 200  # that are read together, or fewer where they are long
_POINTS_AT_ONCE: Final = 4_000_000
_TIERED_POINTS: Final = 1 << 18  # what is read of a series that has tiers is no more

_run, _series, _param = schema.run.c, schema.series.c, schema.param.c
_RUN_COLUMNS: Final = tuple(
    _run[name]
    for name in (
        "rid", "uid", "project", "name", "edits", "state", "host", "started_ns", "heard_ns"
    )
)  # fmt: skip
_SERIES_COLUMNS: Final = tuple(_series[name] for name in ("rid", "name", "points", "max"))


class _Wanted(NamedTuple):
    """A run, and the devices that it may have held."""

    run: Row[Any]
    candidates: list[Candidate]

    @property
    def names(self) -> tuple[str, ...]:
        """The series to be read."""
        return tuple(each.used.name for each in self.candidates)


class _Hold(NamedTuple):
    """A device that a run held."""

    run: Row[Any]
    candidate: Candidate
    held: Held
    stretches: list[Stretch]


class UsageReads:
    """Answers who held which devices. Thread-safe.

    Args:
        reading: Gives a connection that sees one state of the store.
        segs: Batches that are decoded already.
        clock_ns: The server's clock.
    """

    def __init__(self, reading: Connecting, segs: SegCache, clock_ns: Callable[[], int]) -> None:
        self._reading, self._segs, self._clock_ns = reading, segs, clock_ns

    def of(self, start_ns: int, end_ns: int, project: str | None = None) -> Usage:
        """Return who held which devices between two times.

        What deleted runs held is left out.

        Args:
            start_ns: Where the window begins.
            end_ns: Where it ends, later.
            project: Of whose runs; None: of all.
        """
        seconds = (end_ns - start_ns) / 1e9
        view = View(
            window=Window("time", start_ns, end_ns),
            origin=start_ns,
            scale=1e9,
            low=0.0,
            high=seconds,
            buckets=max(1, min(PARTS_MAX, int(seconds / PART_S_MIN))),
        )
        with self._reading() as connection:
            rows, left_out = _runs(connection, start_ns, end_ns, project)
            wanted, unsampled = _wanted(connection, rows)
            cut = _affordable(wanted)
            left_out += len(wanted) - cut
            now_ns = self._clock_ns()
            found = [
                hold
                for some in _portions(wanted[:cut])
                for hold in self._holds(connection, some, view, now_ns)
            ]
            prices = rules.all_current(connection)
            kinds = _kinds(connection, [each.run.rid for each in found])
        holding = {hold.run.rid for hold in found}
        return Usage(
            start_ns=start_ns,
            end_ns=end_ns,
            part_s=view.width,
            idle_percent=IDLE_PERCENT,
            runs=[_told(row, now_ns) for row in rows if row.rid in holding],
            holds=_answered(found, kinds, prices),
            runs_unsampled=unsampled,
            runs_left_out=left_out,
        )

    def _holds(
        self, connection: Connection, wanted: Sequence[_Wanted], view: View, now_ns: int
    ) -> Iterator[_Hold]:
        """Yield what some runs held."""
        names = list({name: None for each in wanted for name in each.names})
        windows = {each.run.rid: view.window for each in wanted}
        readers = open_readers(connection, self._segs, windows, names, buckets=view.buckets)
        plans = Plans()
        for run, candidates in wanted:
            reader = readers[run.rid]
            is_live = shown_state(run.state, run.heard_ns, now_ns) == "running"
            has_gpu: set[str] = set()  # machines of which the run held a GPU
            for candidate in candidates:
                name, host = candidate.used.name, candidate.host
                if name not in reader.names or reader.chosen[name].kind != "device":
                    continue  # a metric of this name hides it
                if candidate.gpu is None and host in has_gpu:
                    continue
                held = stretches.held(reader, name, view, plans)
                if held is None or (candidate.is_assumed and not held.is_busy):
                    continue
                if candidate.gpu is not None:
                    has_gpu.add(host)
                until_ns = held.last_ns
                near = max(view.width, PART_S_MIN) * 1e9
                if is_live and now_ns - held.last_ns <= near:
                    until_ns = min(now_ns, view.window.high)
                yield _Hold(run, candidate, held, held.stretches(view, until_ns))


def _runs(
    connection: Connection, start_ns: int, end_ns: int, project: str | None
) -> tuple[Sequence[Row[Any]], int]:
    """Return the newest runs that may have samples in the window, and how many older ones."""
    conditions: list[ColumnElement[bool]] = [
        _run.deleted_ns.is_(None),
        _run.started_ns <= end_ns,
        _run.heard_ns >= start_ns,
    ]
    if project is not None:
        conditions.append(_run.project == project)
    rows = connection.execute(
        select(*_RUN_COLUMNS)
        .where(*conditions)
        .order_by(_run.started_ns.desc(), _run.uid)
        .limit(RUNS_MAX)
    ).all()
    if len(rows) < RUNS_MAX:
        return rows, 0
    total = connection.execute(
        select(func.count()).select_from(schema.run).where(*conditions)
    ).scalar_one()
    return rows, total - len(rows)


def _wanted(connection: Connection, rows: Sequence[Row[Any]]) -> tuple[list[_Wanted], int]:
    """Return which devices each run may have held, and how many runs have no samples of any."""
    series: dict[int, list[Row[Any]]] = defaultdict(list)
    rids = [row.rid for row in rows]
    for start in range(0, len(rids), _ROWS_AT_ONCE):
        for sampled in connection.execute(
            select(*_SERIES_COLUMNS).where(
                _series.rid.in_(rids[start : start + _ROWS_AT_ONCE]),
                _series.kind == "device",
                are_wanted(),
            )
        ):
            series[sampled.rid].append(sampled)
    machines: dict[int, list[Machine]] = {
        row.rid: machines_of(series[row.rid], row.host) for row in rows if row.rid in series
    }
    telling = {each.host for some in machines.values() for each in some if each.tells_owners}
    wanted = []
    for row in rows:
        candidates = [
            candidate
            for machine in machines.get(row.rid, ())
            for candidate in candidates_of(machine, tells_owners=machine.host in telling)
        ]
        if candidates:
            wanted.append(_Wanted(row, candidates))
    return wanted, len(rows) - len(wanted)


def _affordable(wanted: Sequence[_Wanted]) -> int:
    """Return how many runs, the newest first, are looked at."""
    room = HOLDS_MAX
    for at, each in enumerate(wanted):
        room -= len(each.candidates)
        if room < 0:
            return at
    return len(wanted)


def _portions(wanted: Sequence[_Wanted]) -> Iterator[list[_Wanted]]:
    """Yield *wanted* in portions whose points fit into memory, those of the same names together."""
    portion: list[_Wanted] = []
    room = _POINTS_AT_ONCE
    for each in sorted(wanted, key=lambda each: each.names):
        size = sum(min(_TIERED_POINTS, one.used.points) for one in each.candidates)
        if portion and (size > room or len(portion) >= _RUNS_AT_ONCE):
            yield portion
            portion, room = [], _POINTS_AT_ONCE
        portion.append(each)
        room -= size
    if portion:
        yield portion


def _kinds(connection: Connection, rids: Sequence[int]) -> dict[int, dict[str, ParamValue]]:
    """Return run → key → value of what their agents told of the machines' devices."""
    found: dict[int, dict[str, ParamValue]] = defaultdict(dict)
    distinct = sorted(set(rids))
    for start in range(0, len(distinct), _ROWS_AT_ONCE):
        for row in connection.execute(
            select(_param.rid, _param.key, _param.value).where(
                _param.rid.in_(distinct[start : start + _ROWS_AT_ONCE]),
                _param.namespace == "host",
                or_(_param.key.startswith("gpu."), _param.key == "memory_bytes"),
            )
        ):
            found[row.rid][row.key] = decoded(row.value)
    return found


def _told(row: Row[Any], now_ns: int) -> UsageRun:
    return UsageRun(
        id=row.uid,
        project=row.project,
        name=json.loads(row.edits).get("name", row.name),
        state=shown_state(row.state, row.heard_ns, now_ns),
        started_ns=row.started_ns,
    )


def _answered(
    found: Sequence[_Hold],
    kinds: Mapping[int, Mapping[str, ParamValue]],
    prices: Mapping[str, rules.Body],
) -> list[DeviceHold]:
    """Return the holds by host, device and time, each with what it counts and costs."""
    by_device: dict[tuple[str, int], list[_Hold]] = defaultdict(list)
    for hold in found:
        gpu = hold.candidate.gpu
        by_device[hold.candidate.host, -1 if gpu is None else gpu].append(hold)
    answered = []
    for key in sorted(by_device):
        some = sorted(by_device[key], key=lambda hold: (hold.held.first_ns, hold.run.uid))
        counted = stretches.shares([hold.stretches for hold in some])
        for hold, share_hours in zip(some, counted, strict=True):
            facts = kinds.get(hold.run.rid, {})
            body = prices.get(hold.run.project, rules.NONE)
            answered.append(_answer(hold, share_hours, facts, body))
    return answered


def _answer(
    hold: _Hold, share_hours: float, facts: Mapping[str, ParamValue], body: rules.Body
) -> DeviceHold:
    run, candidate, held, stretches = hold
    kind, total = "host", facts.get("memory_bytes")
    if candidate.gpu is not None:
        kind, total = str(facts.get(f"gpu.{candidate.gpu}.name", "")), candidate.memory_bytes
    price = price_of(kind, body.prices)
    return DeviceHold(
        run=run.uid,
        host=candidate.host,
        device="" if candidate.gpu is None else f"gpu.{candidate.gpu}",
        kind=kind,
        is_assumed=candidate.is_assumed,
        hours=sum(each.end_ns - each.start_ns for each in stretches) / NS_PER_HOUR,
        share_hours=share_hours,
        utilization=held.utilization,
        idle_share=held.idle_share,
        memory_peak_bytes=candidate.memory_peak_bytes,
        memory_bytes=float(total) if isinstance(total, int | float) else None,
        cost=None if price is None else price * share_hours,
        currency="" if price is None else body.currency,
        stretches=stretches,
    )
