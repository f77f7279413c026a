"""Analysing: many runs at once, as columns, and what their parameters have to do with results."""

from __future__ import annotations

import math
from collections.abc import Iterator
from collections.abc import Sequence
from typing import Final

import msgspec
import numpy as np

from mltrack_core.records import ParamValue
from mltrack_server.analysis import importance
from mltrack_server.analysis.features import Feature
from mltrack_server.analysis.features import Floats
from mltrack_server.analysis.features import feature
from mltrack_server.errors import QueryInvalid
from mltrack_server.query import keys
from mltrack_server.query.cells import BOOLEAN
from mltrack_server.query.cells import MISSING
from mltrack_server.query.cells import NUMBER
from mltrack_server.query.cells import Cells
from mltrack_server.query.groups import identities
from mltrack_server.query.order import Rows
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_keys
from mltrack_server.query.tree import Key
from mltrack_server.reasons import reason
from mltrack_server.resources import COLUMN_KEYS_MAX
from mltrack_server.resources import COLUMN_RUNS_MAX
from mltrack_server.resources import ColumnQuery
from mltrack_server.resources import Importance
from mltrack_server.resources import ImportanceQuery
from mltrack_server.resources import ParameterImportance
from mltrack_server.resources import RunColumn
from mltrack_server.resources import RunColumns
from mltrack_server.resources import VaryingIndex
from mltrack_server.resources import VaryingKey
from mltrack_server.resources import Verdict
from mltrack_server.store.search.front import found
from mltrack_server.store.search.front import lacking_keys
from mltrack_server.store.search.front import named as named_in
from mltrack_server.store.search.listing import json_value
from mltrack_server.store.search.surveying import Survey

_CANDIDATES_MAX: Final = 300  # parameters that are looked at; frameworks record hundreds
_KEY_CHARS_MAX: Final = 1024  # of one of them, as queries write it
_KEYS_AT_ONCE: Final = 32  # columns that are loaded together
_NAME: Final = Key("attribute", "name")


class Analysis(Survey):
    """The part of the store that compares many runs by their parameters."""

    def varying(self, *, project: str | None, q: str = "", limit: int = 100) -> VaryingIndex:
        """Return the parameters that are not the same in all runs that *q* holds for.

        Raises:
            QueryInvalid: *q* is no query.
        """
        node = parse(q)
        listed, count = [], 0
        candidates, has_more = self._candidates(project)
        for some in _portions(candidates):
            with self._table(project, {*named_in(node), *some}) as (table, frame):
                rows = found(node, table, frame)[:COLUMN_RUNS_MAX]
                count = len(rows)
                made = (_varying(key, frame.cells(key), rows) for key in some)
                listed += [each for each in made if each is not None]
        listed.sort(key=lambda each: (-each.runs, each.key))
        return VaryingIndex(
            keys=listed[:limit], runs=count, has_more=has_more or len(listed) > limit
        )

    def columns(self, query: ColumnQuery) -> RunColumns:
        """Return values of many runs, column by column.

        Raises:
            QueryInvalid: A key or the query is none.
        """
        node, chosen = parse(query.q), parse_keys(query.keys, COLUMN_KEYS_MAX)
        with self._table(query.project, {*named_in(node), *chosen, _NAME}) as (table, frame):
            rows = found(node, table, frame)
            shown = rows[: query.limit]
            made = RunColumns(
                ids=[uid.decode() for uid in table.uids[shown].tolist()],
                names=[str(name or "") for name in _values(frame.cells(_NAME), shown)],
                columns=[_column(key, frame.cells(key), shown) for key in chosen],
                total=len(rows),
                rev=table.rev,
                unknown=[],
            )
            lacking = lacking_keys(node, (), frame)
        return msgspec.structs.replace(made, unknown=self._unknown(query.project, lacking))

    def importance(self, query: ImportanceQuery) -> Importance:
        """Return which parameters matter for a result, and how sure that is. Takes seconds.

        Raises:
            QueryInvalid: A key or the query is none.
        """
        node, named = parse(query.q), parse_keys(query.keys, importance.FEATURES_MAX)
        of = _one(query.of)
        with self._table(query.project, {*named_in(node), of}) as (table, frame):
            rows = found(node, table, frame)
            cells = frame.cells(of)
            numbers = cells.numbers[rows].astype(np.float64)
            is_result = (cells.kinds[rows] == NUMBER) & np.isfinite(numbers)
            used, target = _drawn(rows[is_result], numbers[is_result])
            rids = table.rids[used].tolist()
        candidates, has_more = (list(named), False) if named else self._candidates(query.project)
        made = self._features(query.project, [key for key in candidates if key != of], rids)
        if made is None:
            return self.importance(query)  # a run has left the project meanwhile
        features = made
        if len(features) > importance.FEATURES_MAX:
            has_more = True
            most = sorted(features, key=lambda key: -int((features[key].codes > 0).sum()))
            features = {key: features[key] for key in most[: importance.FEATURES_MAX]}
        verdict, detail = _verdict(of, target, features)
        explained: float | None = None
        parameters: list[ParameterImportance] = []
        if verdict == "known":
            explained, parameters = _weighed(features, target)
        return Importance(
            of=keys.write(of),
            verdict=verdict,
            detail=detail,
            runs=int(is_result.sum()),
            used=len(target),
            left_out=int((~is_result).sum()),
            runs_min=importance.RUNS_MIN,
            explained=explained,
            parameters=parameters,
            has_more=has_more,
        )

    def _candidates(self, project: str | None) -> tuple[list[Key], bool]:
        """Return parameters that may vary, and whether there are more than are looked at."""
        entries = self._tables.catalogue(self._reading, project).entries
        # A longer one could be named in no question of what its values are.
        written = [
            each for each in entries if each.startswith("params") and len(each) <= _KEY_CHARS_MAX
        ]
        written.sort(key=lambda each: (-entries[each].runs, each))
        chosen = [key for each in written[:_CANDIDATES_MAX] for key in parse_keys(each, 1)]
        return chosen, len(written) > _CANDIDATES_MAX

    def _features(
        self, project: str | None, candidates: Sequence[Key], rids: Sequence[int]
    ) -> dict[Key, Feature] | None:
        """Return what parameters say of some runs; None if one of these is not in the project.

        A portion at a time, so that neither memory nor others suffer from hundreds of columns.
        """
        features: dict[Key, Feature] = {}
        for some in _portions(candidates):
            with self._table(project, some) as (table, frame):
                rows = table.rows_of(rids)
                if rows is None:
                    return None
                made = {key: feature(frame.cells(key), rows) for key in some}
            features |= {key: each for key, each in made.items() if each is not None}
        return features


def _portions(candidates: Sequence[Key]) -> Iterator[Sequence[Key]]:
    """Yield *candidates*, so many at a time as are loaded together; at least one portion."""
    for start in range(0, max(1, len(candidates)), _KEYS_AT_ONCE):
        yield candidates[start : start + _KEYS_AT_ONCE]


def _varying(key: Key, cells: Cells, rows: Rows) -> VaryingKey | None:
    """Return what is to be said of a parameter; None if it is the same in all *rows*."""
    same = identities(cells, rows)
    if len(np.unique(same)) <= 1:
        return None
    kinds = cells.kinds[rows]
    is_there = kinds >= BOOLEAN
    return VaryingKey(
        key=keys.write(key),
        distinct=len(np.unique(same[is_there])),
        runs=int(is_there.sum()),
        is_number=bool((kinds[is_there] == NUMBER).all()),
    )


def _one(text: str) -> Key:
    """Return the only key that *text* names."""
    (key,) = parse_keys(text, 1) or (None,)
    if key is None:
        raise QueryInvalid(text, 0, 0, reason("key_missing"), expected=("a key",))
    return key


def _drawn(rows: Rows, numbers: Floats) -> tuple[Rows, Floats]:
    """Return as many runs as are used, drawn at random, the same ones each time."""
    if len(rows) <= importance.RUNS_USED_MAX:
        return rows, numbers
    mixed = np.random.default_rng(0).permutation(len(rows))
    places = np.sort(mixed[: importance.RUNS_USED_MAX])
    return rows[places], numbers[places]


def _verdict(of: Key, target: Floats, features: dict[Key, Feature]) -> tuple[Verdict, str]:
    """Return whether importance can be told, and the answer as a sentence."""
    written, runs = keys.write(of), len(target)
    if runs < importance.RUNS_MIN:
        return "too_few_runs", (
            f"{runs} runs have a finite {written}: too few to tell chance from cause. "
            f"At least {importance.RUNS_MIN} are needed."
        )
    if target.min() == target.max():
        return "always_the_same", f"{written} is the same in all {runs} runs."
    if not features:
        return "nothing_varies", f"No parameter tells these {runs} runs apart."
    return "known", (
        f"Of {runs} runs, by {importance.FORESTS} forests on other two thirds of them each: "
        f"importance is the share of the variance of {written}'s rank that a parameter has a "
        "part in. It does not say that one causes the other."
    )


def _weighed(
    features: dict[Key, Feature], target: Floats
) -> tuple[float, list[ParameterImportance]]:
    weights = importance.weigh(list(features.values()), target)
    listed = [
        ParameterImportance(
            key=keys.write(key),
            importance=weight.importance,
            low=weight.low,
            high=weight.high,
            correlation=weight.correlation,
            distinct=features[key].distinct,
            runs=weight.count,
        )
        for key, weight in zip(features, weights.weights, strict=True)
    ]
    listed.sort(key=lambda each: (-each.importance, each.key))
    return weights.explained, listed


def _column(key: Key, cells: Cells, rows: Rows) -> RunColumn:
    values = _values(cells, rows)
    nonfinite = [
        place
        for place, value in enumerate(values)
        if isinstance(value, float) and not math.isfinite(value)
    ]
    return RunColumn(key=keys.write(key), values=list(map(json_value, values)), nonfinite=nonfinite)


def _values(cells: Cells, rows: Rows) -> Sequence[ParamValue]:
    """Return what is in *rows*; many at once, for there are many."""
    kinds = cells.kinds[rows]
    if np.isin(kinds, (MISSING, NUMBER)).all() and not cells.exact:
        values: list[ParamValue] = cells.numbers[rows].tolist()
        for place in np.flatnonzero(kinds == MISSING).tolist():
            values[place] = None
        return values
    return [cells.value(row) for row in rows.tolist()]
