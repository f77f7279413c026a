"""Tiers: each bucket of each level says what its raw points say."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from sqlalchemy import and_
from sqlalchemy import event
from sqlalchemy import select
from sqlalchemy import text

from mltrack_core import records
from mltrack_server.store import Store
from mltrack_server.store import chunk
from mltrack_server.store import schema
from mltrack_server.store import tier
from mltrack_server.store.tier import Ranges
from mltrack_server.store.tier import Spans


class Crash(Exception):
    """Stands for the death of the process at a statement."""


SMALL = tier.Shape(bucket=2, fan=4, row=8)
VALUES = st.one_of(st.floats(), st.floats(width=32), st.integers(-3, 3).map(float))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> tier.Shape:
    """Make chunks of 16 points, so that a few hundred fill rows of every level."""
    monkeypatch.setattr(tier, "SHAPE", SMALL)
    return SMALL


def read_chunks(store: Store) -> dict[Any, list[Any]]:
    """Return place and epoch → number, steps, times and values of each full chunk."""
    chunks, axis = schema.chunk.c, schema.axis.c
    found: dict[Any, list[Any]] = defaultdict(list)
    assert store._read_engine is not None
    with store._read_engine.begin() as connection:
        for row in connection.execute(
            select(schema.chunk, axis.body.label("axis_body"))
            .join(schema.axis, and_(axis.rid == chunks.rid, axis.digest == chunks.axis))
            .where(chunks.n == tier.SHAPE.chunk)
            .order_by(chunks.no)
        ):
            step, time_ns = chunk.unpack_axis(row.axis_body)
            value, _ = chunk.unpack_values(row.body)
            place = row.rid, row.series_no, row.stream_no, row.epoch
            found[place].append((row.no, step, time_ns, value))
    return dict(found)


def read_tiers(store: Store) -> dict[Any, list[Any]]:
    """Return place, epoch and level → number, points, ranges and spans of each row."""
    tiers, axis = schema.tier.c, schema.axis.c
    found: dict[Any, list[Any]] = defaultdict(list)
    assert store._read_engine is not None
    with store._read_engine.begin() as connection:
        for row in connection.execute(
            select(schema.tier, axis.body.label("axis_body"))
            .join(schema.axis, and_(axis.rid == tiers.rid, axis.digest == tiers.axis))
            .order_by(tiers.level, tiers.no)
        ):
            counts = [-(-row.n // tier.SHAPE.points(row.level))]
            ranges = tier.unpack_ranges([row.body])
            spans = tier.unpack_spans([row.axis_body], counts)
            assert (row.step_min, row.step_max) == (spans.step_low.min(), spans.step_high.max())
            assert (row.time_min, row.time_max) == (spans.time_low.min(), spans.time_high.max())
            key = row.rid, row.series_no, row.stream_no, row.epoch, row.level
            found[key].append((row.no, row.n, ranges, spans))
    return dict(found)


def check_buckets(
    ranges: Ranges, spans: Spans, points: list[Any], size: int, level: int = 1
) -> None:
    """Compare buckets with the raw points, looked at one by one."""
    step, time_ns, value = points
    for at, start in enumerate(range(0, len(value), size)):
        part = value[start : start + size].tolist()
        finite = [number for number in part if math.isfinite(number)]
        kinds = [sum(map(math.isnan, part)), part.count(-math.inf), part.count(math.inf)]
        assert kinds == ([0] * 3 if ranges.nonfinite is None else list(ranges.nonfinite[:, at]))
        if finite:
            assert ranges.low[at] == min(finite)
            assert ranges.high[at] == max(finite)
            assert ranges.low[at] <= ranges.mean[at] <= ranges.high[at]
            mean = math.fsum(number / len(finite) for number in finite)
            # Full rows of float32 tell means less exactly than others; so do those made of them.
            is_full = len(ranges.low) == tier.SHAPE.row
            parts = 4_000 / level if is_full or level > 1 else 30_000
            slack = (max(finite) / 2 - min(finite) / 2) / parts + abs(mean) * 1e-12
            assert abs(ranges.mean[at] / 2 - mean / 2) <= slack
        else:
            assert math.isnan(ranges.low[at])
            assert math.isnan(ranges.high[at])
            assert math.isnan(ranges.mean[at])
        assert spans.step_low[at] == step[start : start + size].min()
        assert spans.step_high[at] == step[start : start + size].max()
        assert spans.time_low[at] == time_ns[start : start + size].min()
        assert spans.time_high[at] == time_ns[start : start + size].max()


def check_store(store: Store) -> int:
    """Compare every bucket of every level with the raw points; return how many there are.

    Nor may there be an axis that nothing refers to, or a reference that leads nowhere.
    """
    shape = tier.SHAPE
    chunks, tiers = read_chunks(store), read_tiers(store)
    assert {key[:4] for key in tiers} == set(chunks)
    checked = 0
    for place, found in chunks.items():
        numbers = [no for no, *_ in found]
        raw = [np.concatenate([part[at] for part in found]) for at in (1, 2, 3)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        for level in tier.LEVELS:
            rows = tiers[*place, level]
            assert [row[0] for row in rows] == numbers[:: shape.chunks(level)]
            assert sum(row[1] for row in rows) == len(raw[2])
            full = shape.row * shape.points(level)
            for at, (_, n, ranges, spans) in enumerate(rows):
                points = [column[at * full : at * full + n] for column in raw]
                assert n == full or at == len(rows) - 1
                check_buckets(ranges, spans, points, shape.points(level), level)
                checked += len(ranges.low)
    assert orphans(store) == 0
    return checked


def orphans(store: Store) -> int:
    """Return how many axes nothing refers to, and how many references lead nowhere."""
    assert store._read_engine is not None
    with store._read_engine.begin() as connection:
        used, stored = (
            {tuple(row) for row in connection.execute(text(query))}
            for query in (
                "SELECT rid, axis FROM chunk UNION SELECT rid, axis FROM tier",
                "SELECT rid, digest FROM axis",
            )
        )
    return len(used ^ stored)


@st.composite
def trainings(draw: st.DrawFn) -> list[tuple[str, int]]:
    """Return what happens: so many points are logged, a rewind, a fold, a new attempt."""
    kinds = st.sampled_from(["log", "log", "log", "fold", "rewind", "attempt", "jump"])
    return draw(st.lists(st.tuples(kinds, st.integers(1, 150)), min_size=1, max_size=12))


@pytest.mark.slow
@given(training=trainings(), values=st.lists(VALUES, min_size=1, max_size=40))
@settings(max_examples=60)
def test_buckets_are_what_their_points_are(
    tmp_path_factory: pytest.TempPathFactory,
    empty_store: Any,
    make_log: Any,
    training: list[tuple[str, int]],
    values: list[float],
) -> None:
    """Whatever is logged, in how many folds, rewinds and attempts: every bucket is right."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tier, "SHAPE", SMALL)
        folder = tmp_path_factory.mktemp("tiers")
        with empty_store(folder) as url, Store(url) as store:
            log = make_log()
            step = sent = logged = 0
            for kind, number in training:
                if kind == "log":
                    for _ in range(number):
                        value = values[logged % len(values)]
                        log.add(records.Scalars(10**9 + logged * 7, step, {"a": value, "b": 1.5}))
                        step, logged = step + 1, logged + 1
                elif kind == "jump":
                    step = number - 75
                elif kind == "rewind":
                    step = max(0, step - number)
                    log.add(records.Rewind(1, step))
                elif kind == "attempt":
                    store.apply([log.batch(sent)])
                    log, sent = make_log(log.run, attempt=2), 0
                else:
                    store.apply([log.batch(sent)])
                    sent = len(log.frames)
                    store.fold(log.run)
                    check_store(store)
            store.apply([log.batch(sent)])
            while store.fold(log.run):
                pass

            check_store(store)
            points = store.points(log.run, "a")
            assert (len(points) if points else 0) == logged


def test_rows_fill_up_and_follow_each_other(store: Store, make_log: Any, small: tier.Shape) -> None:
    """A long series has full rows of every level, and a last one that grows with each chunk."""
    log = make_log().scalars(range(small.row * small.points(3) + 100), loss=0.5)
    for start in range(0, len(log.frames), 37):
        store.apply([log.batch(start, start + 37)])
        store.fold(log.run)

    assert check_store(store) > 0
    assert [len(rows) for rows in read_tiers(store).values()] == [22, 6, 2, 1, 1]


def test_a_crash_at_any_statement_leaves_whole_tiers(
    store: Store, make_log: Any, small: tier.Shape
) -> None:
    """A fold that makes new rows and replaces old ones is one transaction, like any other."""
    log = make_log().scalars(range(100), a=0, b=1)
    store.apply([log.batch()])
    store.fold(log.run)
    before = check_store(store)
    store.apply([log.scalars(range(100, 200), a=0, b=1).batch(101)])
    engine = store._write_engine
    assert engine is not None
    left = 0

    def crash(_connection: object, _cursor: object, sql: str, *_rest: object) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise Crash(sql)

    event.listen(engine, "before_cursor_execute", crash)
    for fatal in count(1):
        left = fatal
        try:
            store.fold(log.run)
        except Crash:
            assert check_store(store) == before
        else:
            break

    assert fatal > 10
    assert check_store(store) > before


@pytest.mark.slow
def test_buckets_of_the_real_size(store: Store, make_log: Any) -> None:
    """The same at 64, 512, … 262144 points a bucket, with two series that share their axis."""
    log = make_log()
    rng = np.random.default_rng(5)
    for step in range(300_000):
        value = float(rng.normal())
        value = math.nan if step % 1000 == 7 else value
        log.add(records.Scalars(step * 10**7, step, {"a": value, "b": step / 3}))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass

    assert check_store(store) == 2 * (18 * 256 + 18 * 32 + 18 * 4 + 9 + 2)


def test_a_store_from_before_tiers_gets_them_when_it_is_opened(
    url: str,
    make_log: Any,
    as_of_version: Callable[[str, str, str], None],
    tmp_path: Path,
    small: tier.Shape,
) -> None:
    """The step of the schema that adds them makes those of the chunks that are there."""
    log = make_log().scalars(range(300), loss=0.5, accuracy=1)
    log.add(records.Rewind(1, 100)).scalars(range(101, 240), loss=7)
    with Store(url) as store:
        store.apply([log.batch()])
        while store.fold(log.run):
            pass
        expected = check_store(store)

    old = f"sqlite:///{tmp_path}/old.sqlite3"
    as_of_version("0003", url, old)

    with Store(old) as store:
        assert check_store(store) == expected > 0
        points = store.points(log.run, "loss")
        assert points is not None
        assert len(points) == 300 + 139


def test_a_store_with_three_levels_gets_the_finer_ones_when_it_is_opened(
    url: str,
    make_log: Any,
    as_of_version: Callable[[str, str, str], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What was folded before, with rewinds and rows that are not full, and what comes later."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=16, row=16))
    monkeypatch.setattr(tier, "LEVELS", (1, 2, 3))
    log = make_log().scalars(range(1100), loss=0.5, accuracy=1)
    log.add(records.Rewind(1, 100)).scalars(range(101, 240), loss=math.nan)
    with Store(url) as store:
        store.apply([log.batch()])
        while store.fold(log.run):
            pass
        assert check_store(store) > 0
    old = f"sqlite:///{tmp_path}/old.sqlite3"
    as_of_version("0016", url, old)

    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=16))
    monkeypatch.setattr(tier, "LEVELS", (1, 2, 3, 4, 5))
    with Store(old) as store:
        assert check_store(store) > 0
        sent = len(log.frames)
        store.apply([log.scalars(range(240, 700), loss=0.5).batch(sent)])
        while store.fold(log.run):
            pass

        assert check_store(store) > 0


@given(
    value=arrays.arrays(np.float64, st.integers(1, 200), elements=VALUES),
    size=st.integers(1, 70),
    fan=st.integers(1, 5),
)
def test_ranges_survive_packing_and_merging(value: Any, size: int, fan: int) -> None:
    """Of any values, infinities, NaN and the largest doubles included."""
    at = np.arange(len(value))
    starts = tier.every(size, len(value))
    spans = Spans.of(at, -at, starts)
    ranges = Ranges.of(value, starts)
    counts = np.diff(starts, append=len(value))
    larger = tier.every(fan, len(starts))

    merged = ranges.merged(counts, larger)
    (unpacked, twice) = (
        tier.unpack_ranges([tier.pack_ranges(found)]) for found in (ranges, merged)
    )

    check_buckets(ranges, spans, [at, -at, value], size)
    check_buckets(unpacked, spans, [at, -at, value], size)
    check_buckets(twice, spans.merged(larger), [at, -at, value], size * fan)


@given(value=arrays.arrays(np.float32, 2 * 256, elements=st.floats(width=32)))
@example(value=np.linspace(0.5, 0.75, 512, dtype=np.float32))
@example(value=np.linspace(-0.75, 0.75, 512, dtype=np.float32))
@example(value=np.full(512, np.nan, np.float32))
def test_full_rows_of_float32_survive_packing(value: Any) -> None:
    """Between rows of other types too."""
    at = np.arange(len(value))
    starts = tier.every(2, len(value))
    value = value.astype(np.float64)
    spans, ranges = Spans.of(at, at, starts), Ranges.of(value, starts)
    other = Ranges.of(np.array([0.1, 0.2, math.nan, 0.3]), tier.every(2, 4))

    body = tier.pack_ranges(ranges)
    unpacked = tier.unpack_ranges([body, tier.pack_ranges(other), body, body])

    for start in (0, 258, 514):
        check_buckets(unpacked.cut(start, start + 256), spans, [at, at, value], 2)
    assert unpacked.low[256] == 0.1


def test_full_rows_of_float32_count_what_is_not_finite() -> None:
    """One that has none stores no counts, and is read with one that has."""
    finite = np.linspace(0.5, 0.75, 512, dtype=np.float32).astype(np.float64)
    odd = finite.copy()
    odd[7] = math.nan
    starts = tier.every(2, 512)

    bodies = [tier.pack_ranges(Ranges.of(value, starts)) for value in (finite, odd)]

    assert all(b"f3" in body for body in bodies)
    nonfinite = tier.unpack_ranges(bodies).nonfinite
    assert nonfinite is not None
    assert np.argwhere(nonfinite).tolist() == [[0, 256 + 3]]


def test_two_full_rows_of_float32_fit_into_a_page() -> None:
    """Of noise as a loss has it, whose highest bytes are the same."""
    value = np.random.default_rng(1).normal(1.2, 0.02, 16384).astype(np.float32)

    body = tier.pack_ranges(Ranges.of(value.astype(np.float64), tier.every(64, 16384)))

    assert len(body) < 1950


@given(
    step=arrays.arrays(np.int64, st.integers(1, 300)),
    size=st.integers(1, 70),
)
def test_spans_survive_packing(step: Any, size: int) -> None:
    """Of any steps and times, differences beyond 64 bits included; many rows at once."""
    time_ns = step[::-1].copy()
    spans = Spans.of(step, time_ns, tier.every(size, len(step)))
    count = len(spans.step_low)
    _, body = tier.pack_spans(spans)

    unpacked = tier.unpack_spans([body, body], [count, count])

    for found, expected in zip(unpacked, spans, strict=True):
        np.testing.assert_array_equal(found, np.concatenate([expected, expected]))


def test_bodies_are_what_the_documentation_of_tier_says() -> None:
    """The bytes are pinned."""
    starts = tier.every(2, 4)
    ranges = Ranges.of(np.array([1.0, 2.0, -1.0, math.nan]), starts)
    _, axis = tier.pack_spans(Spans.of(np.array([5, 6, 9, 7]), np.array([1, 2, 3, 4]), starts))
    _, uneven = tier.pack_spans(
        Spans.of(np.array([0, 0, 1, 1, 300, 9]), np.arange(6), tier.every(2, 6))
    )

    assert tier.pack_ranges(ranges).hex(" ") == (
        "95 a2 66 34 c4 08 00 00 80 3f 00 00 80 bf c4 08 00 00 00 40 00 00 80 bf c4 04 00 80 00 00 "
        "c4 18 00 00 00 00 01 00 00 00" + " 00" * 16
    )
    full = Ranges.of(np.tile(np.array([1.0, 1.5, 1.0, 1.25, 1.75, 1.5]), 128), tier.every(3, 768))
    assert tier.pack_ranges(full).hex(" ") == (
        "95 a2 66 33"
        " c5 03 01 3f"
        + " 00 00 80 00 00 a0" * 128
        + " c5 03 01 3f"
        + " 00 00 c0 00 00 e0" * 128
        + " c5 01 80"
        + " 55 05 80" * 128
        + " c4 00"
    )
    assert axis.hex(" ") == (
        "92 97 05 02 01 a2 75 31 c4 00 a2 75 31 c4 02 00 01 "
        "97 01 02 01 a2 75 31 c4 00 a2 75 31 c4 00"
    )
    assert uneven.hex(" ") == (
        "92 97 00 00 00 a2 75 31 c4 03 00 01 09 a2 75 32 c4 06 00 00 00 00 23 01 "
        "97 00 02 01 a2 75 31 c4 00 a2 75 31 c4 00"
    )
