"""Folding: invisible, and small. That no crash harms it is in test_crashes.py."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import func
from sqlalchemy import select

from mltrack_core import records
from mltrack_server.columns import Points
from mltrack_server.store import Store
from mltrack_server.store import schema


def read(store: Store, run: str, name: str) -> list[list[Any]]:
    """Return everything that is known of a series."""
    points = store.points(run, name)
    assert isinstance(points, Points)
    return [
        points.step.tolist(),
        points.time_ns.tolist(),
        points.values(),
        points.is_superseded.tolist(),
    ]


def rows(store: Store, table: Any) -> int:
    """Return how many rows a table has."""
    assert store._read_engine is not None
    with store._read_engine.begin() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.mark.slow
def test_many_small_folds_make_few_chunks(store: Store, make_log: Any) -> None:
    """A chunk swallows small ones before it, so a slow run does not end in a thousand chunks."""
    log = make_log()
    for step in range(200):
        log.scalars(range(step, step + 1), loss=0.5, accuracy=0.1)
        store.apply([log.batch(step and step + 1)])
        store.fold(log.run)

    assert read(store, log.run, "loss")[0] == list(range(200))
    assert rows(store, schema.chunk) <= 2 * 8
    # Both metrics were logged together: they share their steps and times.
    assert rows(store, schema.axis) * 2 == rows(store, schema.chunk)


def test_a_run_that_has_ended_leaves_one_small_chunk(store: Store, make_log: Any) -> None:
    """Its last fold takes in all small chunks: there is nothing more to come."""
    log = make_log()
    sent = 0
    for points in (100, 30, 5):
        store.apply([log.scalars(range(points), loss=0.5).batch(sent)])
        sent = len(log.frames)
        store.fold(log.run)
    assert rows(store, schema.chunk) == 3
    log.scalars(range(2), loss=1).add(records.RunEnded(1, "finished"))
    store.apply([log.batch(sent)])

    store.fold(log.run)

    assert rows(store, schema.chunk) == rows(store, schema.axis) == 1
    assert len(read(store, log.run, "loss")[0]) == 137


def test_a_long_series_is_cut_into_chunks(store: Store, make_log: Any) -> None:
    """No chunk holds more than 16384 points, so no read decodes more than it must."""
    log = make_log().scalars(range(40_000), loss=0.5)
    store.apply([log.batch()])
    while store.fold(log.run):
        pass

    assert store._read_engine is not None
    with store._read_engine.begin() as connection:
        sizes = connection.execute(select(schema.chunk.c.n).order_by(schema.chunk.c.no)).scalars()
        assert list(sizes) == [16384, 16384, 40_000 - 2 * 16384]
    assert read(store, log.run, "loss")[0] == list(range(40_000))


def test_a_fold_between_rewinds_keeps_what_is_superseded(store: Store, make_log: Any) -> None:
    """Points before and after a Rewind never share a chunk, so folding does not blur them."""
    log = make_log().scalars(range(10), loss=0)
    log.add(records.Rewind(1, 4)).scalars(range(5, 8), loss=100)
    log.add(records.Rewind(1, 5)).scalars(range(6, 7), loss=200)
    store.apply([log.batch()])
    before = read(store, log.run, "loss")

    store.fold(log.run)

    assert read(store, log.run, "loss") == before
    step, _, value, is_superseded = before
    current = [(s, v) for s, v, old in zip(step, value, is_superseded, strict=True) if not old]
    assert current == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4), (5, 105), (6, 206)]
    assert len(step) == 14


@pytest.mark.parametrize(
    ("points", "ends", "age_s", "is_due"),
    [
        (10, False, 0, False),
        (10, False, 30, False),
        (10, False, 61, True),
        (10, True, 0, True),
        (20_000, False, 0, True),
    ],
)
def test_a_run_is_folded_when_it_has_much_or_waits_long_or_has_ended(
    store: Store, clock: Any, make_log: Any, points: int, ends: bool, age_s: int, is_due: bool
) -> None:
    """Not at every batch: a fold rewrites chunks."""
    log = make_log().scalars(range(points), loss=0)
    if ends:
        log.add(records.RunEnded(1, "finished"))
    store.apply([log.batch()])
    clock.now_ns += age_s * 1_000_000_000

    assert store.due_to_fold() == ([log.run] if is_due else [])
    store.fold(log.run)
    assert store.due_to_fold() == []
