"""Thinning: less detail of what is old, only where somebody wants it, and always said."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Connection
from sqlalchemy import event

from mltrack_core import records
from mltrack_server import columns
from mltrack_server.columns import Points
from mltrack_server.container import read_column
from mltrack_server.errors import RulesInvalid
from mltrack_server.resources import ExtractQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store
from mltrack_server.store import remnant
from mltrack_server.store import thinning
from mltrack_server.store.points import Column
from mltrack_server.store.points import cut

DAY_NS = 86_400 * 10**9
SPECIAL = {30: math.nan, 31: math.inf, 77: 1e9, 78: -1e9, 150: -math.inf}
COUNT = 200
ARCHIVE = RulesEdit(project="mnist", detail="archive")


@pytest.fixture(autouse=True)
def coarse(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a few dozen points be a long series."""
    monkeypatch.setattr(thinning, "BUCKETS", {"reduced": 16, "archive": 4})


def value(step: int) -> float:
    """Return what was logged at a step."""
    return SPECIAL.get(step, math.sin(step / 7))


def trained(make_log: Callable[..., Any], steps: range = range(COUNT), **fields: object) -> Any:
    """Return a stream with `loss` at each of *steps*, and a short series beside it."""
    log = make_log(**fields)
    for step in steps:
        found = {"loss": value(step)}
        if step < 5:
            found["short"] = float(step)
        log.add(records.Scalars(10**9 * (step + 1), step, found))
    return log


def kept_in(store: Store, log: Any) -> None:
    """Store and fold a stream."""
    store.apply([log.batch()])
    while store.fold(log.run):
        pass


def thin_all(store: Store, clock: Any, days: int = 31) -> list[str]:
    """Let time pass, and thin what is due; return these runs."""
    clock.now_ns += days * DAY_NS
    due = store.due_to_thin()
    for run in due:
        assert store.thin(run) > 0
    return due


def loss(store: Store, run: str) -> Points:
    """Return the points of `loss` that are there."""
    found = store.points(run, "loss")
    assert found is not None
    return found


def chart(store: Store, run: str, **query: Any) -> list[tuple[Any, dict[str, NDArray[Any]]]]:
    """Return the parts of a chart of `loss`, each with its columns."""
    header, data = columns.unpack(store.series(SeriesQuery(runs=[run], names=["loss"], **query)))
    (block,) = header.blocks
    return [
        (part, {str(name): read_column(at, data) for name, at in part.columns.items()})
        for part in block.series
    ]


def is_sound(store: Store) -> bool:
    """Tell whether fsck finds nothing."""
    return list(store.check(read_data=True)) == []


numbers = st.floats(width=32) | st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0])


@given(
    values=st.lists(numbers, min_size=1, max_size=60),
    steps=st.data(),
    size=st.integers(1, 20),
    pieces=st.integers(1, 5),
)
@settings(max_examples=150, deadline=None)
def test_buckets_say_what_their_points_say(
    values: list[float], steps: st.DataObject, size: int, pieces: int
) -> None:
    """First, last, least, greatest, count, kinds and bounds of every bucket are those of all."""
    count = len(values)
    step = np.array(steps.draw(st.lists(st.integers(-9, 9), min_size=count, max_size=count)))
    time_ns = np.arange(count) * 10
    whole = Column(step, step, time_ns, np.array(values), {0: 2**60 + 1})

    cuts = np.linspace(0, count, pieces + 1).astype(int).tolist()
    left = remnant.thin((cut(whole, a, b) for a, b in pairwise(cuts) if a < b), size)

    assert left is not None
    left = remnant.unpack(remnant.pack(left), left.column.step, left.column.time_ns)
    places = (left.column.time_ns // 10).tolist()
    assert places == sorted(set(places))  # each kept point is one that was recorded, once
    assert np.array_equal(left.column.value, whole.value[places], equal_nan=True)
    assert left.column.exact_ints == {0: 2**60 + 1}
    ranges, spans = left.ranges, left.spans
    for bucket, start in enumerate(range(0, count, size)):
        mine = whole.value[start : start + size]
        finite = mine[np.isfinite(mine)]
        kept = places[left.starts[bucket] : left.starts[bucket] + left.kept[bucket]]
        assert left.points[bucket] == len(mine)
        assert {start, start + len(mine) - 1} <= set(kept) <= set(range(start, start + len(mine)))
        assert left.nonfinite[:, bucket].tolist() == [
            np.isnan(mine).sum(), np.isneginf(mine).sum(), np.isposinf(mine).sum()
        ]  # fmt: skip
        assert spans.step_low[bucket] == step[start : start + size].min()
        assert spans.step_high[bucket] == step[start : start + size].max()
        if len(finite):
            assert (ranges.low[bucket], ranges.high[bucket]) == (finite.min(), finite.max())
            mean = np.longdouble(finite).mean()
            assert abs(ranges.mean[bucket] - mean) <= 1e-6 * max(1e-30, np.abs(finite).max())
        else:
            assert np.isnan(ranges.mean[bucket])


def test_nothing_goes_before_somebody_wants_it_and_it_is_time(
    store: Store, make_log: Any, clock: Any
) -> None:
    """By default every point is kept for ever; a rule waits for its days."""
    log = trained(make_log)
    kept_in(store, log)
    assert thin_all(store, clock, days=3650) == []

    late = trained(make_log)
    kept_in(store, late)
    store.set_rules(ARCHIVE)

    assert store.due_to_thin() == [log.run]
    assert thin_all(store, clock, days=29) == [log.run]
    assert len(loss(store, late.run)) == COUNT
    run = store.run(late.run)
    assert run is not None
    assert run.thinned is None


def test_a_thinned_series_says_so_and_still_shows_every_extreme(
    store: Store, make_log: Any, clock: Any
) -> None:
    """What is kept was recorded; counts, extremes, means and the summary are as they were."""
    log = trained(make_log)
    kept_in(store, log)
    before, summary = loss(store, log.run), store.run(log.run)
    store.set_rules(ARCHIVE)
    rev = store.rev()

    assert thin_all(store, clock) == [log.run]

    run = store.run(log.run)
    assert run is not None
    assert summary is not None
    assert run.summary.metrics == summary.summary.metrics
    after = loss(store, log.run)
    assert after.is_thinned
    assert not before.is_thinned
    assert run.thinned is not None
    assert (run.thinned.series, run.thinned.points) == (1, COUNT)
    assert run.thinned.points_kept == len(after) < COUNT / 4
    logged = dict(zip(before.step.tolist(), before.value.tolist(), strict=True))
    assert all(
        repr(logged[step]) == repr(kept)
        for step, kept in zip(after.step.tolist(), after.value.tolist(), strict=True)
    )
    assert {0, 30, 31, 77, 78, 150, COUNT - 1} <= set(after.step.tolist())
    ((part, drawn),) = chart(store, log.run, buckets=2)
    assert part.is_thinned
    assert part.count == drawn["count"].sum() == COUNT
    assert (part.nonfinite, drawn["nan"].sum(), drawn["positive_infinity"].sum()) == (3, 1, 1)
    assert (drawn["min"].min(), drawn["max"].max()) == (-1e9, 1e9)
    halves = [before.value[: COUNT // 2], before.value[COUNT // 2 :]]
    for mean, half in zip(drawn["mean"], halves, strict=True):
        assert mean == pytest.approx(half[np.isfinite(half)].mean(), abs=1e-9 * 1e9)
    assert [change.id for change in store.changes(rev).changes] == [log.run]
    assert is_sound(store)


def test_short_series_stay_whole(store: Store, make_log: Any, clock: Any) -> None:
    """A series that is not much longer than its buckets gains nothing by them."""
    log = trained(make_log, range(thinning.WHOLE * 4))
    kept_in(store, log)
    store.set_rules(ARCHIVE)

    assert thin_all(store, clock) == []
    assert len(loss(store, log.run)) == thinning.WHOLE * 4


def test_zoomed_in_the_kept_points_are_drawn(store: Store, make_log: Any, clock: Any) -> None:
    """Where a bucket is wider than two of the chart's, its points stand where they were."""
    log = trained(make_log)
    kept_in(store, log)
    store.set_rules(ARCHIVE)
    thin_all(store, clock)
    kept = loss(store, log.run)

    ((part, drawn),) = chart(store, log.run, start=70, end=90, buckets=100)

    inside = (kept.step >= 70) & (kept.step <= 90)
    assert part.is_thinned
    assert part.count == inside.sum() == drawn["count"].sum()
    assert (np.nanmin(drawn["min"]), np.nanmax(drawn["max"])) == (-1e9, 1e9)


@pytest.mark.parametrize("samples", [1, 3, 50])
def test_samples_of_a_thinned_series_are_of_all_its_points(
    store: Store, make_log: Any, clock: Any, samples: int
) -> None:
    """Rows say that they are of a thinned series, and count what there was where they can."""
    log = trained(make_log)
    kept_in(store, log)
    store.set_rules(ARCHIVE)
    thin_all(store, clock)

    found = store.extract(ExtractQuery(runs=[log.run], names=["loss", "short"], samples=samples))

    assert [(part.name, part.is_thinned) for part in found.parts] == [
        ("loss", True),
        ("short", False),
    ]
    assert found.sums is not None
    rows = found.parts[0].count
    assert (np.nanmin(found.sums.low[:rows]), np.nanmax(found.sums.high[:rows])) == (-1e9, 1e9)
    if samples < 4:
        assert found.sums.points[:rows].sum() == COUNT
    assert found.points.step[rows - 1] == COUNT - 1


def test_the_preview_says_what_then_happens(store: Store, make_log: Any, clock: Any) -> None:
    """It names the runs and counts their points, and does nothing."""
    log = trained(make_log, name="old one")
    kept_in(store, log)
    clock.now_ns += 31 * DAY_NS
    before = loss(store, log.run)

    plan = store.preview_rules(ARCHIVE)

    assert (plan.runs, plan.series, plan.points) == (1, 1, COUNT)
    assert plan.bytes > 0
    assert [(run.id, run.name, run.series, run.points) for run in plan.listed] == [
        (log.run, "old one", 1, COUNT)
    ]
    assert store.due_to_thin() == []
    assert len(loss(store, log.run)) == len(before)
    assert store.preview_rules(RulesEdit(project="mnist", after_days=1)).runs == 0
    store.set_rules(ARCHIVE)
    assert store.thin(log.run) == plan.points
    assert store.preview_rules(RulesEdit(project="mnist")).runs == 0


def test_runs_that_matter_are_spared(store: Store, make_log: Any, clock: Any) -> None:
    """A query names runs that keep every point, those put away too."""
    paper = trained(make_log, tags=["paper"])
    other = trained(make_log)
    for log in (paper, other):
        kept_in(store, log)
    store.set_rules(RulesEdit(project="mnist", detail="archive", keep='tags has "paper"'))

    assert thin_all(store, clock) == [other.run]
    assert len(loss(store, paper.run)) == COUNT


def test_what_was_gone_over_again_stays_apart(store: Store, make_log: Any, clock: Any) -> None:
    """No bucket holds both what counts and what does not."""
    first = trained(make_log)
    second = trained(make_log, range(101, 300), run=first.run, attempt=2)
    for log in (first, second):
        kept_in(store, log)
    store.set_rules(ARCHIVE)
    before = loss(store, first.run)

    thin_all(store, clock)

    after = loss(store, first.run)
    superseded = {0: {0}, 1: set(range(101, COUNT))}
    assert set(before.step[before.is_superseded]) == superseded[1]
    assert set(after.step[after.is_superseded]) <= superseded[1]
    assert {101, COUNT - 1} <= set(after.step[after.is_superseded])
    counts = {part.is_superseded: part.count for part, _ in chart(store, first.run, buckets=3)}
    assert counts == {False: 300, True: COUNT - 101}
    assert is_sound(store)


def test_records_that_come_late_are_all_there(store: Store, make_log: Any, clock: Any) -> None:
    """They join what is left, and are thinned by themselves when they are old."""
    log = trained(make_log)
    kept_in(store, log)
    store.set_rules(ARCHIVE)
    thin_all(store, clock)
    left = len(loss(store, log.run))
    sent = len(log.frames)
    for step in range(COUNT, 2 * COUNT):
        log.add(records.Scalars(10**9 * (step + 1), step, {"loss": value(step)}))

    store.apply([log.batch(sent)])
    fresh = len(loss(store, log.run))
    while store.fold(log.run):
        pass
    folded = len(loss(store, log.run))

    assert fresh == folded == left + COUNT
    assert is_sound(store)
    assert thin_all(store, clock) == [log.run]
    run = store.run(log.run)
    assert run is not None
    assert run.thinned is not None
    assert run.thinned.points == 2 * COUNT == run.summary.metrics["loss"].count
    assert sum(part.count for part, _ in chart(store, log.run, buckets=3)) == 2 * COUNT
    assert is_sound(store)


def test_a_crash_at_any_statement_loses_and_doubles_nothing(
    store: Store, make_log: Any, clock: Any
) -> None:
    """Until the commit the points are as they were; afterwards the remnant stands for all."""
    log = trained(make_log)
    kept_in(store, log)
    store.set_rules(ARCHIVE)
    clock.now_ns += 31 * DAY_NS
    engine = store._write_engine
    assert engine is not None
    left = 0

    def crash(_connection: Connection, _cursor: Any, _sql: str, *_rest: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise RuntimeError("power cut")

    event.listen(engine, "before_cursor_execute", crash)
    crashes = 0
    while True:
        left = crashes
        try:
            store.thin(log.run)
        except RuntimeError:
            crashes += 1
            assert len(loss(store, log.run)) == COUNT
            assert is_sound(store)
            continue
        break
    event.remove(engine, "before_cursor_execute", crash)

    assert crashes >= 6
    assert store.due_to_thin() == []
    assert sum(part.count for part, _ in chart(store, log.run, buckets=2)) == COUNT
    assert is_sound(store)


def test_rules_for_detail_are_checked(store: Store) -> None:
    """A query that is none is refused, and says where."""
    with pytest.raises(RulesInvalid, match="keep: Character 10"):
        store.set_rules(RulesEdit(project="mnist", keep="tags has )"))
