"""Which keys runs have, for completion and for messages."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core.records import FACTS
from mltrack_server.query import keys
from mltrack_server.query.tree import Key
from mltrack_server.resources import ValueKind
from mltrack_server.store import schema

RUNS_MAX: Final = 2000  # that are looked at, the newest
_ROWS_MAX: Final = 300_000  # series of them; runs of very many metrics are looked at fewer
_RUNS_AT_ONCE: Final = 100
_KINDS: Final[dict[str, ValueKind]] = {
    "n": "null", "t": "boolean", "f": "boolean", '"': "text", "[": "list",
}  # fmt: skip

_param, _series = schema.param.c, schema.series.c


@dataclass(slots=True)
class Entry:
    """A key and what is known of it."""

    runs: int
    kinds: set[ValueKind]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The parameters, facts and metrics of some runs, each as it is written in a query."""

    entries: dict[str, Entry]
    runs: int  # that were looked at


def read(connection: Connection, rids: Sequence[int]) -> Catalogue:
    """Return the keys of the first of *rids*, which are given newest first."""
    entries: dict[str, Entry] = {}
    metrics: Counter[str] = Counter()
    looked_at = 0
    for start in range(0, min(len(rids), RUNS_MAX), _RUNS_AT_ONCE):
        some = rids[start : min(start + _RUNS_AT_ONCE, RUNS_MAX)]
        looked_at += len(some)
        first = func.substr(_param.value, 1, 1)
        found = connection.execute(
            select(_param.namespace, _param.key, first, func.count())
            .where(_param.rid.in_(some))
            .group_by(_param.namespace, _param.key, first)
        )
        for namespace, key, letter, count in found:
            written = keys.write(_key(namespace, key))
            entry = entries.setdefault(written, Entry(0, set()))
            entry.runs += count
            entry.kinds.add(_KINDS.get(letter, "number"))
        counted = connection.execute(
            select(_series.name, func.count())
            .where(_series.rid.in_(some), _series.kind == "metric")
            .group_by(_series.name)
        )
        for name, count in counted:
            metrics[name] += count
        if metrics.total() > _ROWS_MAX:
            break
    for name, count in metrics.items():
        entries[keys.write(Key("metrics", name))] = Entry(count, {"number"})
    return Catalogue(entries, looked_at)


def _key(namespace: str, key: str) -> Key:
    if namespace in FACTS:
        return Key("facts", f"{namespace}.{key}")
    return Key("params", f"{namespace}.{key}" if namespace else key)
