"""Moments: checkpoints, alerts and restarts of many runs, each at its step."""

from __future__ import annotations

from typing import Any

from mltrack_core import records
from mltrack_server.resources import MOMENTS_EACH_MAX
from mltrack_server.resources import MomentQuery
from mltrack_server.store import Store


def checkpoint(number: int) -> records.Checkpoint:
    """Return a checkpoint of no files, at ten times its number."""
    return records.Checkpoint(number, f"{number:032x}", "/a.pt", number * 10, ["best", "last"], [])


def test_what_happened_is_told_in_the_order_of_time(store: Store, make_log: Any) -> None:
    """A restart stands where its attempt's first point does, folded or not."""
    log = make_log().scalars(range(50), loss=1.0)
    log.add(checkpoint(4), records.Alert(7, "warning", "<b>odd</b>", step=None))
    again = make_log(log.run, attempt=2, time_ns=2_000_000_000).scalars(range(30, 60), loss=2.0)
    store.apply([log.batch(), again.batch()])
    query = MomentQuery(runs=[log.run, "f" * 32])

    fresh = store.moments.listed(query)

    found = [(moment.kind, moment.step, moment.text) for moment in fresh.moments]
    assert found == [
        ("checkpoint", 40, "best last"),
        ("alert", None, "<b>odd</b>"),
        ("restart", 30, ""),
    ]
    assert fresh.moments[2].attempt == 2
    assert fresh.left_out == 0
    assert fresh.started_ns == {log.run: 1_000_000_000}
    while store.fold(log.run):
        pass
    assert store.moments.listed(query) == fresh


def test_of_many_the_newest_are_told_and_the_others_counted(store: Store, make_log: Any) -> None:
    """A chart has no room for more, and nothing is left out without a word."""
    log = make_log()
    for number in range(MOMENTS_EACH_MAX + 3):
        log.add(checkpoint(number))
    other = make_log().add(records.Alert(5, "error", "bad", step=3))
    store.apply([log.batch(), other.batch()])

    found = store.moments.listed(MomentQuery(runs=[log.run, other.run]))

    mine = [moment.step for moment in found.moments if moment.run == log.run]
    assert mine == [number * 10 for number in range(3, MOMENTS_EACH_MAX + 3)]
    assert found.left_out == 3
    (alert,) = [moment for moment in found.moments if moment.kind == "alert"]
    assert (alert.run, alert.step, alert.level) == (other.run, 3, "error")
