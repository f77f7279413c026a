"""Loading columns of the run table: one key of all runs of a project, or many keys of a few."""

from __future__ import annotations

import json
from collections.abc import Iterable
from collections.abc import Iterator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from typing import Final

from sqlalchemy import ColumnElement
from sqlalchemy import Connection
from sqlalchemy import Row
from sqlalchemy import Select
from sqlalchemy import and_
from sqlalchemy import func
from sqlalchemy import or_
from sqlalchemy import select

from mltrack_core.records import FACTS
from mltrack_core.records import ParamValue
from mltrack_server.store import rules
from mltrack_server.store import schema
from mltrack_server.store.naming import framework

_run: Final = schema.run.c
_param: Final = schema.param.c
_series: Final = schema.series.c

IN_MAX: Final = 500  # keys of one statement
_NAMESPACE_DOTS_MAX: Final = 20
_NUMBER_BEGINS: Final = frozenset("-0123456789")

Found = tuple[int, ParamValue]  # run, value
Amounts = Row[tuple[int, str, float | None, float | None, int, int, int]]

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


def base(connection: Connection, scope: Scope) -> Sequence[Row[Any]]:
    """Return what is always known of each run, see `BASE`."""
    return [row for part in scope.parts() for row in connection.execute(part.of(BASE, _run.rid))]


def params(connection: Connection, scope: Scope, names: Sequence[str]) -> dict[str, list[Found]]:
    """Return for each full name, e.g. "keras.optimizer.lr", the runs' values.

    A name can stand for several pairs of namespace and key; the last namespace counts, as in lists
    of runs.
    """
    query = select(_param.rid, _param.namespace, _param.key, _param.value).where(
        _param.namespace.not_in(sorted(FACTS))
    )
    if scope.rids is None or len(names) == 1:
        query = query.where(or_(*(_named(name) for name in names)))
    if any("." in name for name in names):
        query = query.order_by(_param.namespace)
    wanted = frozenset(names)
    found: dict[str, dict[int, ParamValue]] = {name: {} for name in names}
    for part in scope.parts():
        rows = connection.execute(part.of(query, _param.rid)).all()
        for rid, namespace, key, value in rows:
            name = f"{namespace}.{key}" if namespace else key
            if name in wanted:
                found[name][rid] = decoded(value)
    return {name: list(values.items()) for name, values in found.items()}


def facts(connection: Connection, scope: Scope, names: Sequence[str]) -> dict[str, list[Found]]:
    """Return for each fact, e.g. "git.commit", the runs' values."""
    found: dict[str, list[Found]] = {}
    for name in names:
        namespace, _, key = name.partition(".")
        query = select(_param.rid, _param.value).where(
            _param.namespace == namespace, _param.key == key
        )
        found[name] = [
            (row.rid, decoded(row.value))
            for part in scope.parts()
            for row in connection.execute(part.of(query, _param.rid))
        ]
    return found


def metrics(connection: Connection, scope: Scope, names: Sequence[str]) -> dict[str, list[Amounts]]:
    """Return for each metric what it amounts to in each run."""
    found: dict[str, list[Amounts]] = {name: [] for name in names}
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
            for row in connection.execute(part.of(query, _series.rid)).all():
                found[row[7]].append(row)
    return found


def attribute(connection: Connection, scope: Scope, name: str) -> Iterable[Found]:
    """Return what *name* is in each run that has it; "" and no tags at all are nothing."""
    if name == "framework":
        return _frameworks(connection, scope)
    if name == "misnamed":
        return _misnamed(connection, scope)
    if name in _EDITABLE:
        rows = _rows(connection, scope, select(_run.rid, _EDITABLE[name], _run.edits))
        return [
            (rid, value)
            for rid, recorded, edits in rows
            if (value := _edited(name, recorded, edits))
        ]
    column = _TEXTS[name] if name in _TEXTS else _COUNTS[name]
    rows = _rows(connection, scope, select(_run.rid, column))
    return [(rid, value) for rid, value in rows if value is not None and value != ""]


def _rows(connection: Connection, scope: Scope, query: Select[Any]) -> list[Any]:
    return [
        row for part in scope.parts() for row in connection.execute(part.of(query, _run.rid)).all()
    ]


def _frameworks(connection: Connection, scope: Scope) -> list[Found]:
    query = select(_param.rid, _param.key, _param.value).where(
        _param.namespace == "framework", _param.key.in_(("name", "version", "backend"))
    )
    said: dict[int, dict[str, ParamValue]] = {}
    for part in scope.parts():
        for rid, key, value in connection.execute(part.of(query, _param.rid)).all():
            said.setdefault(rid, {})[key] = decoded(value)
    return [(rid, text) for rid, values in said.items() if (text := framework(values))]


def _misnamed(connection: Connection, scope: Scope) -> list[Found]:
    """Return how many metrics are misnamed in each run of a project that has rules for that."""
    found: list[Found] = []
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
        found += [(rid, several.get(rid, 0)) for (rid,) in _rows(connection, here, query)]
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


def number(text: str) -> float | int:
    """Return the number that JSON text is, NaN and infinities too."""
    return int(text) if text.lstrip("-").isdigit() else float(text)
