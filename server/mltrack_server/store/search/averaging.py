"""Averaging: which runs are averaged, by a query and keys or as they are named."""

from __future__ import annotations

from functools import cached_property
from itertools import pairwise

import numpy as np

from mltrack_server.query.groups import group
from mltrack_server.query.order import Rows
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_keys
from mltrack_server.resources import MEAN_CELLS_MAX
from mltrack_server.resources import MEAN_RUNS_MAX
from mltrack_server.resources import MEAN_SERIES_MAX
from mltrack_server.resources import MeanQuery
from mltrack_server.store.database.retrying import retried
from mltrack_server.store.keys import rid_of
from mltrack_server.store.search.analysing import Analysis
from mltrack_server.store.search.front import found
from mltrack_server.store.search.front import named
from mltrack_server.store.search.listing import json_value
from mltrack_server.store.search.surveying import GROUP_KEYS_MAX
from mltrack_server.store.search.surveying import check_groupable
from mltrack_server.store.search.surveying import query_of
from mltrack_server.store.series.means import answer
from mltrack_server.store.series.means.answer import Group
from mltrack_server.store.series.means.answer import Groups
from mltrack_server.store.series.means.settled import SettledMeans


@retried
class Averaging(Analysis):
    """The part of the store that makes one line of many runs."""

    @cached_property
    def _settled(self) -> SettledMeans:
        """What is known of runs that have ended."""
        return SettledMeans()

    def means(self, query: MeanQuery) -> bytes | None:
        """Return the binary answer to *query*; None where it is what the client has.

        Raises:
            QueryInvalid: A key or the query is none.
            ValueError: It is too much at once.
        """
        groups = self._named(query) if query.sets is not None else self._grouped(query)
        members = sum(len(each.rids) for each in groups.groups)
        for count, most, what in (
            (members, MEAN_RUNS_MAX, "runs in these groups"),
            (members * len(query.names), MEAN_SERIES_MAX, "runs x names"),
            (
                len(groups.groups) * len(query.names) * query.buckets,
                MEAN_CELLS_MAX,
                "groups x names x buckets",
            ),
        ):
            if count > most:
                raise ValueError(
                    f"{count:,} {what} are more than the {most:,} that are averaged at once: "
                    "narrow the query, or ask for less at a time"
                )
        with self._reading() as connection:
            return answer.draw(
                connection, self._segs, self._settled, query, groups, self._clock_ns()
            )

    def _named(self, query: MeanQuery) -> Groups:
        """Return the runs of each set."""
        sets = [list(dict.fromkeys(map(rid_of, uids))) for uids in query.sets or ()]
        groups = [Group([], "", rids) for rids in sets]
        return Groups(groups, len(groups), len({rid for rids in sets for rid in rids}))

    def _grouped(self, query: MeanQuery) -> Groups:
        """Return the runs that the query holds for, by its keys."""
        node, by = parse(query.q), parse_keys(query.by, GROUP_KEYS_MAX)
        check_groupable(query.by, by)
        with self._table(query.project, {*named(node), *by}) as (table, frame):
            rows = found(node, table, frame)
            if not len(rows):
                return Groups([], 0, 0)
            if not by:
                return Groups([Group([], "", table.rids[rows].tolist())], 1, len(rows))
            columns = [frame.cells(key) for key in by]
            grouped = group(columns, rows)
            listed = []
            for place, members in enumerate(_members(rows, grouped.of, query.limit)):
                row = int(grouped.first[place])
                values = [cells.value(row) for cells in columns]
                listed.append(
                    Group(
                        [json_value(value) for value in values],
                        query_of(by, values),
                        table.rids[members].tolist(),
                    )
                )
            return Groups(listed, len(grouped.sizes), len(rows))


def _members(rows: Rows, of: Rows, limit: int) -> list[Rows]:
    """Return the rows of each of the first groups."""
    order = np.argsort(of, kind="stable")
    bounds = np.searchsorted(of[order], np.arange(min(limit, int(of.max()) + 1) + 1))
    return [rows[order[start:end]] for start, end in pairwise(bounds)]
