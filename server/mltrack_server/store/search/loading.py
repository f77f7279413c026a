"""Loading columns of the run table: one key of all runs of a project, or many keys of a few."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final
from typing import NamedTuple

import msgspec
from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import Text as SqlText
from sqlalchemy import and_
from sqlalchemy import cast
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select
from sqlalchemy import type_coerce

from mltrack_core.records import FACTS
from mltrack_core.records import ParamValue
from mltrack_server.store import rules
from mltrack_server.store import schema
from mltrack_server.store.database.text import Text
from mltrack_server.store.naming import framework

_run: Final = schema.run.c
_param: Final = schema.param.c
_series: Final = schema.series.c

IN_MAX: Final = 500  # keys of one statement
_WIDE_SHARE: Final = 8  # from one run in so many on, passing over the others costs less than a join
_ROWS_AT_ONCE: Final = 500  # all at once, the collector would go through everything, for nothing
_SHORT_CHARS: Final = 64  # values up to here are read many in one text; longer ones by themselves
_NAMESPACE_DOTS_MAX: Final = 20
_NUMBER_BEGINS: Final = frozenset("-0123456789")

Amounts = Row[tuple[int, str, float | None, float | None, int, int, int, str]]

BASE: Final = select(
    _run.rid,
    _run.uid,
    _run.project,
    _run.state,
    _run.started_ns,
    _run.ended_ns,
    _run.heard_ns,
    _run.archived,
    _run.deleted_ns,
)

_TEXTS: Final[dict[str, ColumnElement[str]]] = {
    "host": _run.host,
    "id": _run.uid,
    "parent": _run.parent,
    "project": _run.project,
    "reason": _run.reason,
    "user": _run.user,
}
_COUNTS: Final[dict[str, ColumnElement[int]]] = {
    "attempts": _run.attempts,
    "dropped": _run.dropped,
    "exit_code": _run.exit_code,
    "records": _run.records,
    "signal": _run.signal,
    "step": _run.last_step,
}
_EDITABLE: Final[dict[str, ColumnElement[str]]] = {
    "group": _run.group,
    "name": _run.name,
    "notes": _run.notes,
    "tags": _run.tags,
}


class Found(NamedTuple):
    """What runs have in one key, each run once; some may be of other projects than was asked."""

    rids: Sequence[int]
    values: Sequence[ParamValue]


@dataclass(frozen=True, slots=True)
class Scope:
    """Which runs: those of a project (None: all), or only some of them by key."""

    project: str | None
    rids: Sequence[int] | None = None

    def parts(self) -> Iterator[Scope]:
        """Yield the same runs in as many scopes as one statement each takes."""
        if self.rids is None:
            yield self
            return
        for start in range(0, len(self.rids), IN_MAX):
            yield Scope(self.project, self.rids[start : start + IN_MAX])

    def of(self, query: Select[Any], rid: ColumnElement[int]) -> Select[Any]:
        """Return *query*, whose table has the run in *rid*, for these runs only."""
        if self.rids is not None:
            return query.where(rid.in_(self.rids))
        if self.project is None:
            return query
        if rid is not _run.rid:
            query = query.join(schema.run, _run.rid == rid)
        return query.where(_run.project == self.project)


def base(connection: Connection, scope: Scope) -> Iterator[Sequence[Row[Any]]]:
    """Yield what is always known of each run, see `BASE`, many runs at a time."""
    for part in scope.parts():
        yield from connection.execute(part.of(BASE, _run.rid)).partitions(_ROWS_AT_ONCE)


def params(connection: Connection, scope: Scope, names: Sequence[str]) -> dict[str, Found]:
    """Return for each full name, e.g. "keras.optimizer.lr", the runs' values.

    A name can stand for several pairs of namespace and key; the last namespace counts, as in lists
    of runs.
    """
    wanted: ColumnElement[bool] = _param.namespace.not_in(sorted(FACTS))
    if scope.rids is None or len(names) == 1:
        wanted = and_(wanted, or_(*(_named(name) for name in names)))
    return _params(connection, scope, wanted, names)


def facts(connection: Connection, scope: Scope, names: Sequence[str]) -> dict[str, Found]:
    """Return for each fact, e.g. "git.commit", the runs' values."""
    found: dict[str, Found] = {}
    for name in names:
        namespace, _, key = name.partition(".")
        wanted = and_(_param.namespace == namespace, _param.key == key)
        found |= _params(connection, scope, wanted, [name])
    return found


def _params(
    connection: Connection, scope: Scope, wanted: ColumnElement[bool], names: Sequence[str]
) -> dict[str, Found]:
    """Return the values of *names* among the rows that are *wanted*."""
    read = _packed_params if scope.rids is None else _plain_params
    by_name: dict[str, list[Found]] = {name: [] for name in names}
    for name, found in read(connection, scope, wanted):
        if name in by_name:
            by_name[name].append(found)
    return {name: _joined(parts) for name, parts in by_name.items()}


def _plain_params(
    connection: Connection, scope: Scope, wanted: ColumnElement[bool]
) -> Iterator[tuple[str, Found]]:
    """Yield names and values row by row, ascending by namespace."""
    query = select(_param.rid, _param.namespace, _param.key, _param.value).where(wanted)
    rows = [
        row
        for part in scope.parts()
        for row in connection.execute(part.of(query, _param.rid)).all()
    ]
    rows.sort(key=lambda row: row[1])
    by_pair: dict[tuple[str, str], list[tuple[int, str]]] = {}
    for rid, namespace, key, value in rows:
        by_pair.setdefault((namespace, key), []).append((rid, value))
    for (namespace, key), pairs in by_pair.items():
        rids, values = zip(*pairs, strict=True)
        yield _full(namespace, key), Found(rids, decoded_all(values))


def _packed_params(
    connection: Connection, scope: Scope, wanted: ColumnElement[bool]
) -> Iterator[tuple[str, Found]]:
    """Yield the same of all runs of a project and perhaps of others, read as one text a name.

    A row that becomes an object costs several times what the database takes to find it.
    """
    scope = _widened(connection, scope)
    is_short = func.length(_param.value) <= _SHORT_CHARS
    pair = cast(_param.rid, SqlText).concat(",").concat(_param.value)
    query = (
        select(
            _param.namespace,
            _param.key,
            type_coerce(func.aggregate_strings(pair, ",").filter(is_short), Text),
            func.count().filter(~is_short),
        )
        .where(wanted)
        .group_by(_param.namespace, _param.key)
        .order_by(_param.namespace)
    )
    for namespace, key, pairs, long_count in connection.execute(scope.of(query, _param.rid)).all():
        found = decoded_all([pairs] if pairs else [])
        rids, values = found[0::2], found[1::2]
        if long_count:
            rest = select(_param.rid, _param.value).where(
                _param.namespace == namespace, _param.key == key, ~is_short
            )
            for rid, value in connection.execute(scope.of(rest, _param.rid)):
                rids.append(rid)
                values.append(decoded(value))
        yield _full(namespace, key), Found(rids, values)  # type: ignore[arg-type]


def _full(namespace: str, key: str) -> str:
    return f"{namespace}.{key}" if namespace else key


def _joined(parts: Sequence[Found]) -> Found:
    """Return one value of each run: that of the last part that has one."""
    if len(parts) == 1:
        return parts[0]
    last = {rid: value for part in parts for rid, value in zip(*part, strict=True)}
    return Found(list(last), list(last.values()))


def _widened(connection: Connection, scope: Scope) -> Scope:
    """Return the runs of all projects instead, where that is less to do; other scopes as they are.

    Rows are found by run, so those of a project lie as scattered as those of the whole store.
    """
    if scope.rids is not None or scope.project is None:
        return scope
    every = select(func.count()).select_from(schema.run)
    mine = connection.execute(every.where(_run.project == scope.project)).scalar_one()
    is_most = connection.execute(every).scalar_one() <= mine * _WIDE_SHARE
    return Scope(None) if is_most else scope


def metrics(
    connection: Connection, scope: Scope, names: Sequence[str]
) -> Iterator[tuple[str, Sequence[Amounts]]]:
    """Yield what metrics amount to in many runs at a time, perhaps of other projects too."""
    scope = _widened(connection, scope) if names else scope
    for start in range(0, len(names), IN_MAX):
        some = names[start : start + IN_MAX]
        query = select(
            _series.rid,
            _series.last,
            _series.min,
            _series.max,
            _series.points,
            _series.nonfinite,
            _series.last_step,
            _series.name,
        ).where(_series.kind == "metric", _series.name.in_(some))
        for part in scope.parts():
            found = connection.execute(part.of(query, _series.rid))
            for rows in found.partitions(_ROWS_AT_ONCE):
                by_name: dict[str, list[Amounts]] = {}
                for row in rows:
                    by_name.setdefault(row[7], []).append(row)
                yield from by_name.items()


def attribute(connection: Connection, scope: Scope, name: str) -> Found:
    """Return what *name* is in each run that has it; "" and no tags at all are nothing."""
    if name == "framework":
        found = _frameworks(connection, scope)
    elif name == "misnamed":
        found = _misnamed(connection, scope)
    elif name in _EDITABLE:
        rows = _rows(connection, scope, select(_run.rid, _EDITABLE[name], _run.edits))
        found = {rid: _edited(name, recorded, edits) for rid, recorded, edits in rows}
        found = {rid: value for rid, value in found.items() if value}
    else:
        column = _TEXTS[name] if name in _TEXTS else _COUNTS[name]
        rows = _rows(connection, scope, select(_run.rid, column))
        found = {rid: value for rid, value in rows if value is not None and value != ""}
    return Found(list(found), list(found.values()))


def _rows(connection: Connection, scope: Scope, query: Select[Any]) -> Iterator[Any]:
    for part in scope.parts():
        for rows in connection.execute(part.of(query, _run.rid)).partitions(_ROWS_AT_ONCE):
            yield from rows


def _frameworks(connection: Connection, scope: Scope) -> dict[int, ParamValue]:
    query = select(_param.rid, _param.key, _param.value).where(
        _param.namespace == "framework", _param.key.in_(("name", "version", "backend"))
    )
    said: dict[int, dict[str, ParamValue]] = {}
    for part in scope.parts():
        for rid, key, value in connection.execute(part.of(query, _param.rid)).all():
            said.setdefault(rid, {})[key] = decoded(value)
    return {rid: text for rid, values in said.items() if (text := framework(values))}


def _misnamed(connection: Connection, scope: Scope) -> dict[int, ParamValue]:
    """Return how many metrics are misnamed in each run of a project that has rules for that."""
    found: dict[int, ParamValue] = {}
    for project, body in rules.all_current(connection).items():
        if not body.metrics or scope.project not in (None, project):
            continue
        here = Scope(project, scope.rids)
        counts = (
            select(_series.rid, func.count())
            .where(rules.misnamed(connection, body.metrics))
            .group_by(_series.rid)
        )
        several: dict[int, int] = {}
        for part in here.parts():
            several |= {row[0]: row[1] for row in connection.execute(part.of(counts, _series.rid))}
        query = select(_run.rid).where(_run.project == project)
        found |= {rid: several.get(rid, 0) for (rid,) in _rows(connection, here, query)}
    return found


def _edited(name: str, recorded: str, edits: str) -> ParamValue:
    """Return what a person put there, or else what was recorded."""
    if edits != "{}":
        changed = json.loads(edits)
        if name in changed:
            edited: ParamValue = changed[name]
            return edited
    if name != "tags":
        return recorded
    tags: list[ParamValue] = [] if recorded == "[]" else json.loads(recorded)
    return tags  # type: ignore[return-value]


def _named(name: str) -> ColumnElement[bool]:
    """Return the condition of the pairs of namespace and key that *name* stands for."""
    pairs = [("", name)]
    position = name.find(".")
    while position >= 0 and len(pairs) <= _NAMESPACE_DOTS_MAX:
        pairs.append((name[:position], name[position + 1 :]))
        position = name.find(".", position + 1)
    return or_(
        *(and_(_param.namespace == namespace, _param.key == key) for namespace, key in pairs)
    )


def decoded(value: str) -> ParamValue:
    """Return a parameter as it was recorded."""
    if value[0] in _NUMBER_BEGINS:
        return number(value)
    decoded: ParamValue = json.loads(value)
    return decoded


def decoded_all(values: Iterable[str]) -> list[ParamValue]:
    """Return many parameters as they were recorded; each of *values* may be several of them."""
    text = f"[{','.join(values)}]"
    try:
        found: list[ParamValue] = msgspec.json.decode(text)
    except msgspec.DecodeError:  # NaN, an infinity or half a character: rare, and no JSON
        found = json.loads(text)
    return found


def number(text: str) -> float | int:
    """Return the number that JSON text is, NaN and infinities too."""
    return int(text) if text.lstrip("-").isdigit() else float(text)
