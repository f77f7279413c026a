"""Surveying: which keys and values runs have, and what groups of them amount to."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final
from typing import get_args

from mltrack_core.records import ParamValue
from mltrack_core.records import RunState
from mltrack_server.errors import QueryInvalid
from mltrack_server.query import completion
from mltrack_server.query import keys
from mltrack_server.query import literals
from mltrack_server.query.cells import EXACT_MAX
from mltrack_server.query.cells import NULL
from mltrack_server.query.cells import Cells
from mltrack_server.query.groups import amounts
from mltrack_server.query.groups import group
from mltrack_server.query.order import Rows
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_keys
from mltrack_server.query.tree import Key
from mltrack_server.reasons import reason
from mltrack_server.resources import Aggregate
from mltrack_server.resources import Completion
from mltrack_server.resources import GroupQuery
from mltrack_server.resources import KeyIndex
from mltrack_server.resources import KeySummary
from mltrack_server.resources import RunGroup
from mltrack_server.resources import RunGroups
from mltrack_server.resources import Suggestion
from mltrack_server.resources import ValueCount
from mltrack_server.resources import ValueIndex
from mltrack_server.resources import ValueKind
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.search.front import Search
from mltrack_server.store.search.front import found
from mltrack_server.store.search.front import named
from mltrack_server.store.search.listing import json_value

GROUP_KEYS_MAX: Final = 8
AGGREGATES_MAX: Final = 50
_KINDS: Final[dict[keys.KeyType, list[ValueKind]]] = {
    "any": ["text"], "text": ["text"], "number": ["number"], "time": ["time"],
    "duration": ["duration"], "boolean": ["boolean"], "state": ["state"], "list": ["list"],
}  # fmt: skip


@retried
class Survey(Search):
    """The part of the store that tells what there is to search for."""

    def keys(self, *, project: str | None, match: str = "", limit: int = 100) -> KeyIndex:
        """Return the keys that runs have; of parameters, facts and metrics those of the newest."""
        index = self._tables.catalogue(self._reading, project)
        with self._table(project) as (table, _):
            runs = int(table.is_here.sum())
        wanted = match.casefold()
        listed = [
            KeySummary(key=key, kinds=sorted(entry.kinds), runs=entry.runs)
            for key, entry in index.entries.items()
            if wanted in key.casefold()
        ]
        listed.sort(key=lambda each: (_distance(each.key, wanted), -each.runs, each.key))
        attributes = [
            KeySummary(key=name, kinds=_KINDS[kind], runs=runs)
            for name, kind in keys.ATTRIBUTES.items()
            if wanted in name
        ]
        near = [each for each in attributes if _distance(each.key, wanted) == 0 and wanted]
        ordered = [*near, *listed, *(each for each in attributes if each not in near)]
        return KeyIndex(keys=ordered[:limit], runs=index.runs, has_more=len(ordered) > limit)

    def values(
        self, *, project: str | None, key: str, match: str = "", limit: int = 100
    ) -> ValueIndex:
        """Return the values of a key, the most frequent first.

        Raises:
            QueryInvalid: *key* is none.
        """
        (chosen,) = parse_keys(key, 1) or (None,)
        if chosen is None:
            raise QueryInvalid(key, 0, 0, reason("key_missing"), expected=("a key",))
        with self._table(project, [chosen]) as (table, frame):
            cells, rows = frame.cells(chosen), table.recency()
            counted = _counted(cells, rows)
            missing = int((cells.kinds[rows] <= NULL).sum())
        wanted = match.casefold()
        listed = [
            ValueCount(value=json_value(value), text=text, runs=runs)
            for value, runs in counted
            if wanted in (text := _written(chosen, value)).casefold()
        ]
        return ValueIndex(
            key=keys.write(chosen),
            values=listed[:limit],
            has_more=len(listed) > limit,
            missing=missing,
        )

    def complete(
        self, *, project: str | None, q: str, at: int | None = None, limit: int = 20
    ) -> Completion:
        """Return what could be written at character *at* of a query; None: at its end."""
        at = len(q) if at is None else min(at, len(q))
        gap = completion.gap(q, at)
        suggestions: Iterable[Suggestion] = ()
        if gap.wants == "key":
            index = self.keys(project=project, match=gap.typed, limit=limit)
            suggestions = [Suggestion(text=k.key, kind="key", runs=k.runs) for k in index.keys]
        elif gap.wants == "operator" and gap.key is not None:
            suggestions = [
                Suggestion(text=each, kind="operator", runs=0)
                for each in completion.operators(gap.key)
                if each.startswith(gap.typed.lower())
            ]
        elif gap.wants == "value" and gap.key is not None:
            suggestions = self._values_of(gap.key, project, gap.typed, limit)
        return Completion(start=gap.start, end=at, suggestions=list(suggestions)[:limit])

    def grouped(self, query: GroupQuery) -> RunGroups:
        """Return runs grouped by some keys.

        Raises:
            QueryInvalid: A key or the query is none.
        """
        node = parse(query.q)
        by = parse_keys(query.by, GROUP_KEYS_MAX)
        of = parse_keys(query.of, AGGREGATES_MAX)
        if not by:
            raise QueryInvalid(query.by, 0, 0, reason("key_missing"), expected=("a key",))
        check_groupable(query.by, by)
        with self._table(query.project, {*named(node), *by, *of}) as (table, frame):
            rows = found(node, table, frame)
            columns = [frame.cells(key) for key in by]
            groups = group(columns, rows)
            summed = {keys.write(key): amounts(frame.cells(key), rows, groups) for key in of}
            listed = []
            for place, (row, size) in enumerate(
                zip(groups.first[: query.limit].tolist(), groups.sizes.tolist(), strict=False)
            ):
                values = [cells.value(row) for cells in columns]
                listed.append(
                    RunGroup(
                        values=[json_value(value) for value in values],
                        q=query_of(by, values),
                        runs=size,
                        aggregates={
                            name: Aggregate(
                                count=each[place].count,
                                mean=each[place].mean,
                                sd=each[place].sd,
                                min=each[place].low,
                                max=each[place].high,
                            )
                            for name, each in summed.items()
                        },
                    )
                )
            rev = table.rev
        return RunGroups(groups=listed, total=len(groups.sizes), runs=len(rows), rev=rev)

    def _values_of(self, key: Key, project: str | None, typed: str, limit: int) -> list[Suggestion]:
        """Return values that begin like *typed*, then those that contain it."""
        kind = keys.key_type(key)
        if kind in ("time", "duration"):
            examples = ("-1h", "-1d", "-7d", "-30d") if kind == "time" else ("1m", "1h", "1d")
            return [
                Suggestion(text=each, kind="value", runs=0)
                for each in examples
                if each.startswith(typed)
            ]
        index = self.values(project=project, key=keys.write(key), match=typed, limit=limit * 5)
        counts = {each.text: each.runs for each in index.values}
        if kind == "state":
            counts |= {s: 0 for s in get_args(RunState) if s not in counts and typed in s}
        wanted = typed.casefold()
        ordered = sorted(counts, key=lambda text: not text.strip('"').casefold().startswith(wanted))
        return [Suggestion(text=text, kind="value", runs=counts[text]) for text in ordered]


def check_groupable(text: str, by: Sequence[Key]) -> None:
    """Refuse to group by keys *by*, as *text* names them, where each run has a value of its own.

    Raises:
        QueryInvalid: There is such a key.
    """
    for key in by:
        if keys.key_type(key) in ("time", "duration"):
            raise QueryInvalid(text, 0, len(text), reason("differs", key=keys.write(key)))


def query_of(by: Sequence[Key], values: Sequence[ParamValue]) -> str:
    """Return the query that holds for the runs that have these *values* in the keys *by*."""
    return " and ".join(map(_equal, by, values))


def _counted(cells: Cells, rows: Rows) -> list[tuple[ParamValue, int]]:
    """Return the distinct values of *rows*, the most frequent first; of lists, what is in them."""
    groups = group([cells], rows)
    counts: dict[str, tuple[ParamValue, int]] = {}
    for row, size in zip(groups.first.tolist(), groups.sizes.tolist(), strict=True):
        value = cells.value(row)
        for each in value if isinstance(value, list) else [value]:
            if each is not None:
                name = repr(each)
                counts[name] = (each, counts.get(name, (each, 0))[1] + size)
    return sorted(counts.values(), key=lambda counted: -counted[1])


def _written(key: Key, value: ParamValue) -> str:
    """Return *value* as it is written behind *key*."""
    assert not isinstance(value, list)
    if keys.key_type(key) == "state" or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer() and abs(value) <= EXACT_MAX:
        return str(int(value))  # columns hold both kinds of numbers as one
    return literals.write(value)


def _equal(key: Key, value: ParamValue) -> str:
    """Return the query that holds for the runs that have *value* in *key*."""
    if value == []:
        return f"has {keys.write(key)}"
    if isinstance(value, list):
        return " and ".join(f"{keys.write(key)} has {literals.write(each)}" for each in value)
    return f"{keys.write(key)} = {_written(key, value)}"


def _distance(key: str, wanted: str) -> int:
    """Return how good a match is: at the beginning, behind a separator, elsewhere."""
    folded = key.casefold()
    if folded.startswith(wanted):
        return 0
    name = folded.partition(".")[2]
    if name.startswith(wanted):
        return 1
    return 2 if any(f"{mark}{wanted}" in folded for mark in "./_-") else 3
