"""Lists of runs: which ones, newest first, and what a list says of each."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from collections.abc import Iterator
from collections.abc import Sequence
from itertools import chain
from typing import Any
from typing import Final
from typing import TypeVar

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import and_
from sqlalchemy import exists
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_core.limits import SILENT_S
from mltrack_core.records import FACTS
from mltrack_core.records import ParamValue
from mltrack_core.records import RunState
from mltrack_server.query.fields import ALL
from mltrack_server.query.fields import Fields
from mltrack_server.query.fields import split
from mltrack_server.resources import METRICS_LISTED_MAX
from mltrack_server.resources import MetricSummary
from mltrack_server.resources import RunSummary
from mltrack_server.resources import number
from mltrack_server.store import schema
from mltrack_server.store.bounds import INT64_MAX
from mltrack_server.store.bounds import INT64_MIN
from mltrack_server.store.naming import framework
from mltrack_server.store.search import loading
from mltrack_server.store.search.contents import Asked
from mltrack_server.store.search.contents import Content
from mltrack_server.store.search.contents import Contents

METRICS_PAGE_MAX: Final = 100_000  # of all runs of a page
_METRICS_MIN: Final = 50  # of each run, however many there are
_OTHERS_MAX: Final = 1000  # device series and axes, which are numbered among the metrics
_TAILS_MAX: Final = 20
_RUNS_AT_ONCE: Final = 500
_ROWS_AT_ONCE: Final = 1000  # one by one takes twice as long, all at once has no bound

_T = TypeVar("_T")

_run: Final = schema.run.c
AMOUNTS: Final = tuple(
    schema.series.c[name]
    for name in "kind points nonfinite first_nonfinite_step min max last last_step".split()
)
_CURSOR: Final = re.compile(r"(-?[0-9]{1,19})-([0-9a-f]{32})", re.ASCII)


def newest(
    connection: Connection,
    now_ns: int,
    *,
    project: str | None,
    state: RunState | None,
    limit: int,
    cursor: str | None,
) -> tuple[list[int], str | None, int]:
    """Return a page of the runs that are not put away, newest first.

    Returns:
        Their keys, the cursor of the following page, and how many there are on all pages.

    Raises:
        ValueError: *cursor* is none that an earlier page gave.
    """
    conditions: list[ColumnElement[bool]] = [
        _run.archived.is_(False),
        _run.deleted_ns.is_(None),
    ]
    if project is not None:
        conditions.append(_run.project == project)
    if state == "silent":
        conditions += [_run.state == "running", _run.heard_ns < silent_before(now_ns)]
    elif state == "running":
        conditions.append(is_live(now_ns))
    elif state is not None:
        conditions.append(_run.state == state)
    query = (
        select(_run.rid, _run.started_ns, _run.uid)
        .where(*conditions)
        .order_by(_run.started_ns.desc(), _run.uid.desc())
        .limit(limit + 1)
    )
    if cursor is not None:
        started_ns, uid = parse_cursor(cursor)
        query = query.where(
            or_(
                _run.started_ns < started_ns,
                and_(_run.started_ns == started_ns, _run.uid < uid),
            )
        )
    rows = connection.execute(query).all()
    shown = rows[:limit]
    following = f"{shown[-1].started_ns}-{shown[-1].uid}" if len(rows) > limit else None
    total = connection.execute(
        select(func.count()).select_from(schema.run).where(*conditions)
    ).scalar_one()
    return [row.rid for row in shown], following, total


def summaries(
    connection: Connection,
    now_ns: int,
    rids: Sequence[int],
    fields: Fields,
    contents: Contents,
) -> list[RunSummary]:
    """Return some runs' rows as the API gives them, in the order of *rids*; absent ones left out.

    A list of many runs holds fewer metrics of each, so that it does not swell. What *contents*
    knows of runs that have not changed since is not read again.
    """
    found: dict[int, Row[Any]] = {}
    for start in range(0, len(rids), _RUNS_AT_ONCE):
        some = rids[start : start + _RUNS_AT_ONCE]
        rows = connection.execute(select(schema.run).where(_run.rid.in_(some)))
        found.update((row.rid, row) for row in rows)
    metrics_max = max(_METRICS_MIN, METRICS_PAGE_MAX // max(1, len(rids)))
    metrics_max = min(METRICS_LISTED_MAX, metrics_max)
    asked = {rid: Asked(rid, fields, metrics_max) for rid in found}
    content = {rid: contents.get(asked[rid], row.rev) for rid, row in found.items()}
    unknown = [rid for rid in found if content[rid] is None]
    for rid, read in _read(connection, unknown, fields, metrics_max).items():
        content[rid] = read
        contents.put(asked[rid], found[rid].rev, read)
    return [
        summary_of(found[rid], now_ns, known)
        for rid in rids
        if (known := content.get(rid)) is not None
    ]


def _read(
    connection: Connection, rids: Sequence[int], fields: Fields, metrics_max: int
) -> dict[int, Content]:
    """Return what *fields* ask for of each run."""
    params = params_of(connection, rids, FACTS - {"framework"}, fields.params)
    metrics = series_of(connection, rids, "metric", metrics_max + 1, fields.metrics)
    long = _with_more(connection, rids, metrics_max + _OTHERS_MAX) if "*" in fields.metrics else ()
    read = {}
    for rid in rids:
        mine = metrics.get(rid, {})
        has_more = len(mine) > metrics_max
        if has_more:
            mine.popitem()
        read[rid] = content_of(
            params.get(rid, {}), mine, fields.params, has_more_metrics=has_more or rid in long
        )
    return read


def parse_cursor(cursor: str) -> tuple[int, str]:
    """Return start and id of the last run of the page before."""
    found = _CURSOR.fullmatch(cursor)
    if found is None or not INT64_MIN <= int(found[1]) <= INT64_MAX:
        raise ValueError(f"cursor={cursor[:80]!r}: pass on what `next` of the page before said")
    return int(found[1]), found[2]


def silent_before(now_ns: int) -> int:
    """Return when a run that has not ended must have been heard of last not to be silent."""
    return now_ns - int(SILENT_S * 1e9)


def is_live(now_ns: int) -> ColumnElement[bool]:
    """Return the condition of runs that have not ended and are not silent."""
    return and_(_run.state == "running", _run.heard_ns >= silent_before(now_ns))


def shown_state(state: RunState, heard_ns: int, now_ns: int) -> RunState:
    """Return the state that a run is shown in."""
    return "silent" if state == "running" and heard_ns < silent_before(now_ns) else state


def content_of(
    params: dict[str, dict[str, ParamValue]],
    metrics: dict[str, MetricSummary],
    names: tuple[str, ...] = ALL.params,
    *,
    has_more_metrics: bool,
) -> Content:
    """Return what is said of a run with these, with the parameters that *names* ask for."""
    chosen = _asked(_chosen(params), names)
    as_json = {key: json_value(value) for key, value in chosen.items()}
    return Content(
        framework=framework(params.get("framework", {})),
        params=as_json,
        nonfinite_params=[key for key in chosen if chosen[key] != as_json[key]],
        metrics=metrics,
        has_more_metrics=has_more_metrics,
    )


def summary_of(row: Row[Any], now_ns: int, content: Content) -> RunSummary:
    """Return a run's row as the API gives it."""
    edits = json.loads(row.edits)
    return RunSummary(
        id=row.uid,
        project=row.project,
        name=edits.get("name", row.name),
        state=shown_state(row.state, row.heard_ns, now_ns),
        reason=row.reason,
        exit_code=row.exit_code,
        signal=row.signal,
        started_ns=row.started_ns,
        ended_ns=row.ended_ns,
        heard_ns=row.heard_ns,
        user=row.user,
        host=row.host,
        framework=content.framework,
        group=edits.get("group", row.group),
        tags=edits["tags"] if "tags" in edits else json.loads(row.tags),
        notes=edits.get("notes", row.notes),
        archived=row.archived,
        edited=sorted(edits),
        parent=row.parent,
        attempts=row.attempts,
        records=row.records,
        dropped=row.dropped,
        rev=row.rev,
        params=content.params,
        nonfinite_params=content.nonfinite_params,
        metrics=content.metrics,
        has_more_metrics=content.has_more_metrics,
    )


def _chosen(params: dict[str, dict[str, ParamValue]]) -> dict[str, ParamValue]:
    """Return the parameters among *params*: the user's own, and an integration's by full name."""
    chosen = dict(params.get("", {}))
    for namespace, values in params.items():
        if namespace and namespace not in FACTS:
            chosen |= {f"{namespace}.{key}": value for key, value in values.items()}
    return chosen


def _asked(values: dict[str, _T], names: tuple[str, ...]) -> dict[str, _T]:
    """Return what *names* ask for of *values*: whole names, and beginnings with "*" behind them."""
    if "*" in names:
        return values
    whole, beginnings = split(names)
    return {
        name: value
        for name, value in values.items()
        if name in whole or name.startswith(tuple(beginnings))
    }


def params_of(
    connection: Connection,
    rids: Sequence[int],
    leave_out: Collection[str] = (),
    names: tuple[str, ...] = ALL.params,
) -> dict[int, dict[str, dict[str, ParamValue]]]:
    """Return run → namespace → key → value, some namespaces left out.

    Of parameters it may be more than *names* ask for, and of facts all.
    """
    param = schema.param.c
    columns = (param.rid, param.namespace, param.key, param.value)
    query = select(*columns).where(param.namespace.not_in(sorted(leave_out)))
    whole, beginnings = split(names)
    if not beginnings:
        # The last part is enough to find it by, whatever of the name is the namespace.
        keys = sorted({tail for name in whole for tail in _tails(name)})
        query = query.where(or_(param.namespace.in_(sorted(FACTS)), param.key.in_(keys)))
    found: dict[int, dict[str, dict[str, ParamValue]]] = {}
    for start in range(0, len(rids), _RUNS_AT_ONCE):
        some = param.rid.in_(rids[start : start + _RUNS_AT_ONCE])
        ordered = query.where(some).order_by(param.rid, param.namespace, param.key)
        for rid, namespace, key, value in _rows(connection, ordered):
            found.setdefault(rid, {}).setdefault(namespace, {})[key] = loading.decoded(value)
    return found


def _tails(name: str) -> list[str]:
    """Return the keys that a parameter of this full name can have within its namespace."""
    parts = name.split(".")
    return [".".join(parts[start:]) for start in range(min(len(parts), _TAILS_MAX))]


def json_value(value: ParamValue) -> ParamValue:
    """Return *value* with what JSON has no number for as text."""
    if isinstance(value, float):
        return number(value)
    if isinstance(value, list):
        return [number(item) if isinstance(item, float) else item for item in value]
    return value


def series_of(
    connection: Connection,
    rids: Sequence[int],
    kind: str,
    limit: int | None,
    names: tuple[str, ...] = ALL.metrics,
) -> dict[int, dict[str, MetricSummary]]:
    """Return run → name → summary, of each run the first *limit* series that *names* ask for."""
    series = schema.series.c
    whole, beginnings = split(names)
    found: dict[int, dict[str, MetricSummary]] = {}
    if not names:
        return found
    query = select(series.rid, series.name, *AMOUNTS).where(series.kind == kind)
    if "" not in beginnings:
        # In some databases LIKE does not tell capitals apart, so it is looked at again.
        likes = [series.name.startswith(beginning, autoescape=True) for beginning in beginnings]
        query = query.where(or_(series.name.in_(whole), *likes))
    elif limit is not None:
        query = query.where(series.no < limit + _OTHERS_MAX)
    starts = tuple(beginnings)
    for start in range(0, len(rids), _RUNS_AT_ONCE):
        some = series.rid.in_(rids[start : start + _RUNS_AT_ONCE])
        ordered = query.where(some).order_by(series.rid, series.no)
        for rid, name, *amounts in _rows(connection, ordered):
            mine = found.setdefault(rid, {})
            is_asked = name in whole or name.startswith(starts)
            if is_asked and (limit is None or len(mine) < limit):
                mine[name] = metric_of(amounts)
    return found


def _with_more(connection: Connection, rids: Sequence[int], no: int) -> set[int]:
    """Return which of the runs have a metric whose number is higher than *no*."""
    series = schema.series.c
    more = exists().where(series.rid == _run.rid, series.no > no, series.kind == "metric")
    found: set[int] = set()
    for start in range(0, len(rids), _RUNS_AT_ONCE):
        some = rids[start : start + _RUNS_AT_ONCE]
        found.update(connection.execute(select(_run.rid).where(_run.rid.in_(some), more)).scalars())
    return found


def _rows(connection: Connection, query: Select[Any]) -> Iterator[Sequence[Any]]:
    return chain.from_iterable(connection.execute(query).partitions(_ROWS_AT_ONCE))


def metric_of(amounts: Sequence[Any]) -> MetricSummary:
    """Return what a series amounts to: its `AMOUNTS`."""
    kind, points, nonfinite, first_nonfinite_step, low, high, last, last_step = amounts
    return MetricSummary(
        last=number(loading.number(last)),
        last_step=last_step,
        min=low,
        max=high,
        count=points,
        nonfinite=nonfinite,
        first_nonfinite_step=first_nonfinite_step,
        on_time_axis=kind == "device",
    )
