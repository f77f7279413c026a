"""Charts: every spike is visible, every point counted, newer attempts win."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from sqlalchemy import event

from mltrack_core import records
from mltrack_server import columns
from mltrack_server.container import read_column
from mltrack_server.resources import SeriesBlock
from mltrack_server.resources import SeriesColumns
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store
from mltrack_server.store import chunk
from mltrack_server.store import tier
from mltrack_server.store.series.drawing import gather_points

POINTS = 5000
SPIKE = 3217


def draw(store: Store, **query: Any) -> tuple[list[SeriesBlock], memoryview]:
    """Return the blocks of an answer, and its arrays."""
    body = store.series(SeriesQuery(**query))
    header, data = columns.unpack(body)
    assert (len(body) - len(data)) % 8 == 0
    return header.blocks, data


def column(part: SeriesColumns, name: Any, data: memoryview) -> np.ndarray[Any, Any]:
    """Return one column."""
    return read_column(part.columns[name], data)


@pytest.fixture(scope="module")
def spiky(shared_store: Store, make_log: Any) -> str:
    """Return a run whose loss has one spike, one NaN and one infinity; partly folded."""
    log = make_log()
    for step in range(POINTS):
        value = math.sin(step / 100)
        value = 1e6 if step == SPIKE else value
        value = math.nan if step == 10 else value
        value = -math.inf if step == 20 else value
        log.add(records.Scalars(step * 1_000_000_000, step, {"loss": value}))
        if step == 3000:
            shared_store.apply([log.batch()])
            shared_store.fold(log.run)
    shared_store.apply([log.batch(3002)])
    return str(log.run)


@pytest.mark.parametrize("buckets", [1, 2, 3, 7, 64, 399, 400, 1000, 4096])
@pytest.mark.parametrize("x", ["step", "time", "relative"])
def test_a_spike_is_visible_at_every_bucket_count(
    shared_store: Store, spiky: str, buckets: int, x: str
) -> None:
    """Min and max are over all points of the window, and none of them goes uncounted."""
    blocks, data = draw(shared_store, runs=[spiky], names=["loss"], buckets=buckets, x=x)

    (part,) = blocks[0].series
    assert not blocks[0].is_exact
    assert np.nanmax(column(part, "max", data)) == 1e6
    assert np.nanmin(column(part, "min", data)) == min(
        math.sin(step / 100) for step in range(POINTS)
    )
    assert column(part, "count", data).sum() == part.count == POINTS
    assert column(part, "bad", data).sum() == part.nonfinite == 2
    mean, low, high = (column(part, name, data) for name in ("mean", "min", "max"))
    is_filled = ~np.isnan(mean)
    assert (low[is_filled] <= mean[is_filled]).all()
    assert (mean[is_filled] <= high[is_filled]).all()


def test_zooming_in_ends_at_the_points(shared_store: Store, spiky: str) -> None:
    """A window with no more points than buckets holds the points themselves."""
    blocks, data = draw(
        shared_store, runs=[spiky], names=["loss"], start=3200, end=3240, buckets=50
    )

    assert blocks[0].is_exact
    assert read_column(blocks[0].x, data).tolist() == list(range(3200, 3241))
    (part,) = blocks[0].series
    expected = [1e6 if step == SPIKE else math.sin(step / 100) for step in range(3200, 3241)]
    assert column(part, "mean", data).tolist() == expected
    assert part.columns["min"] == part.columns["max"] == part.columns["mean"]
    assert (part.first, part.last) == (3200, 3240)


def test_runs_share_one_x(store: Store, make_log: Any) -> None:
    """Every run of a metric has values at the same x, NaN where it has none; unknown ones none."""
    one, two = make_log().scalars(range(0, 10, 2), loss=0), make_log().scalars(range(5), loss=10)
    store.apply([one.batch(), two.batch()])

    blocks, data = draw(store, runs=[one.run, two.run, "0" * 32], names=["loss", "nothing"])

    assert read_column(blocks[0].x, data).tolist() == [0, 1, 2, 3, 4, 6, 8]
    assert [part.run for part in blocks[0].series] == [one.run, two.run]
    assert column(blocks[0].series[1], "count", data).tolist() == [1, 1, 1, 1, 1, 0, 0]
    np.testing.assert_equal(
        column(blocks[0].series[0], "mean", data), [0, np.nan, 2, np.nan, 4, 6, 8]
    )
    assert (blocks[1].name, blocks[1].series, blocks[1].x.length) == ("nothing", [], 0)


def test_runs_whose_x_never_agree_are_bucketed(store: Store, make_log: Any) -> None:
    """An exact answer that would be mostly holes is drawn into buckets instead."""
    logs = []
    for number in range(30):
        log = make_log()
        for step in range(400):
            log.add(records.Scalars(step * 1000 + number, step, {"loss": float(number)}))
        logs.append(log)
    store.apply([log.batch() for log in logs])

    blocks, data = draw(store, runs=[log.run for log in logs], names=["loss"], x="time")

    assert blocks[0].x.length == 400
    assert sum(int(column(part, "count", data).sum()) for part in blocks[0].series) == 30 * 400


@pytest.mark.parametrize("is_folded", [False, True])
def test_the_newest_attempt_wins_from_its_first_step_on(
    store: Store, make_log: Any, is_folded: bool
) -> None:
    """Older points at and after that step are kept and marked; older steps stay as they were."""
    first = make_log().scalars(range(10), loss=0)
    second = make_log(first.run, attempt=2).scalars(range(6, 8), loss=100)
    store.apply([second.batch(), first.batch()])
    if is_folded:
        store.fold(first.run)

    points = store.points(first.run, "loss")

    assert points is not None
    current = points.take(~points.is_superseded)
    assert current.step.tolist() == [0, 1, 2, 3, 4, 5, 6, 7]
    assert current.value.tolist() == [0, 1, 2, 3, 4, 5, 106, 107]
    assert points.take(points.is_superseded).value.tolist() == [6, 7, 8, 9]
    blocks, _ = draw(store, runs=[first.run], names=["loss"])
    assert [(part.is_superseded, part.count) for part in blocks[0].series] == [
        (False, 8),
        (True, 4),
    ]
    summary = store.run(first.run).summary.metrics["loss"]  # type: ignore[union-attr]
    assert (summary.last, summary.last_step, summary.count) == (107.0, 7, 12)


def test_a_rewind_of_a_new_attempt_supersedes_what_it_does_not_reach(
    store: Store, make_log: Any
) -> None:
    """A resumed run that says where it goes on from needs no point of its own for it."""
    first = make_log().scalars(range(10), loss=0)
    second = make_log(first.run, attempt=2).add(records.Rewind(1, 4))
    store.apply([first.batch(), second.batch()])

    points = store.points(first.run, "loss")

    assert points is not None
    assert points.step[points.is_superseded].tolist() == [5, 6, 7, 8, 9]


def test_ranks_of_one_attempt_do_not_supersede_each_other(store: Store, make_log: Any) -> None:
    """Two processes that log the same metric at the same steps are both current."""
    zero = make_log(rank=0).scalars(range(3), loss=0)
    one = make_log(zero.run, rank=1).scalars(range(3), loss=10)
    store.apply([zero.batch(), one.batch()])

    points = store.points(zero.run, "loss")

    assert points is not None
    assert not points.is_superseded.any()
    assert points.step.tolist() == [0, 0, 1, 1, 2, 2]


def test_a_window_and_a_limit_of_points(store: Store, make_log: Any) -> None:
    """History is cut by step, both ends included, then by number."""
    log = make_log().scalars(range(20), loss=0)
    store.apply([log.batch()])

    window = store.points(log.run, "loss", start=5, end=9)
    first = store.points(log.run, "loss", start=5, limit=2)

    assert window is not None
    assert window.step.tolist() == [5, 6, 7, 8, 9]
    assert first is not None
    assert first.history("loss").step == [5, 6]
    assert store.points(log.run, "nothing") is None
    assert store.points("0" * 32, "loss") is None


def test_huge_values_have_a_mean() -> None:
    """The mean of values near the largest double is not infinite."""
    huge = np.array([1.7e308, 1.7e308, 1.7e308])

    found = gather_points(np.zeros(3, np.int64), huge)

    assert found.ranges.mean.tolist() == [1.7e308]


def test_the_columns_of_an_answer_can_be_read(shared_store: Store, spiky: str) -> None:
    """The container is what docs/format/columns.md says, byte by byte."""
    body = shared_store.series(SeriesQuery(runs=[spiky], names=["loss"], buckets=2))

    length = int.from_bytes(body[:4], "little")
    start = (4 + length + 7) // 8 * 8
    header, data = columns.unpack(body)

    assert set(body[4 + length : start]) <= {0}
    assert bytes(data) == body[start:]
    (part,) = header.blocks[0].series
    count = part.columns["count"]
    assert count.offset % 8 == 0
    at = start + count.offset
    assert np.frombuffer(body[at : at + 8], "<u4").tolist() == [2500, 2500]


@pytest.fixture
def winding(store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a run in many small chunks and some segs: two attempts, rewinds, repeated steps."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
    first = make_log()
    for step in [*range(100), *range(90, 120)]:
        first.add(records.Scalars(step * 7_000_000_000, step // 3, {"loss": step}))
    first.add(records.Rewind(10**9, 20)).scalars(range(21, 40), loss=1e3)
    second = make_log(first.run, attempt=2, time_ns=2_000_000_000)
    second.scalars(range(30, 70), loss=2e3).add(records.Scalars(1, -(2**63), {"loss": 0.0}))
    for log in (first, second):
        store.apply([log.batch()])
        while store.fold(log.run):
            pass
    store.apply([second.scalars(range(60, 75), loss=3e3).batch(42)])
    return str(first.run)


@pytest.mark.parametrize("start", [None, -(2**63), 0, 7, 21, 33, 74, 2**63 - 1])
@pytest.mark.parametrize("end", [None, 0, 20, 33, 80])
def test_a_window_holds_exactly_its_points(
    store: Store, winding: str, start: int | None, end: int | None
) -> None:
    """Chunks outside are not read; what is inside is what a whole read has there."""
    whole = store.points(winding, "loss")
    assert whole is not None
    inside = np.ones(len(whole), np.bool_)
    inside &= True if start is None else whole.step >= start
    inside &= True if end is None else whole.step <= end
    expected = whole.take(inside)

    found = store.points(winding, "loss", start=start, end=end)
    part = store.points(winding, "loss", start=start, end=end, skip=3, limit=10)

    assert found is not None
    assert part is not None
    for name in ("step", "time_ns", "value", "is_superseded"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
        np.testing.assert_array_equal(getattr(part, name), getattr(expected, name)[3:13])


@pytest.mark.parametrize("x", ["step", "time", "relative"])
@pytest.mark.parametrize("window", [(None, 25), (3.5, 60.25), (1e300, None), (-1e300, 1e300)])
def test_a_drawn_window_counts_exactly_its_points(
    store: Store, winding: str, x: str, window: tuple[float | None, float | None]
) -> None:
    """On every axis, and with bounds that no integer holds."""
    whole = store.points(winding, "loss")
    assert whole is not None
    at = {"step": whole.step, "time": whole.time_ns / 1e9, "relative": whole.time_ns / 1e9 - 1}[x]
    low = -math.inf if window[0] is None else window[0]
    high = math.inf if window[1] is None else window[1]

    blocks, _ = draw(
        store, runs=[winding], names=["loss"], x=x, start=window[0], end=window[1], buckets=9
    )

    counted = {part.is_superseded: part.count for part in blocks[0].series}
    inside = (at >= low) & (at <= high)
    assert counted.get(False, 0) == int((inside & ~whole.is_superseded).sum())
    assert counted.get(True, 0) == int((inside & whole.is_superseded).sum())


@pytest.mark.parametrize("folded", [True, False])
def test_a_chart_of_many_runs_takes_no_more_statements_for_each(
    store: Store, make_log: Any, *, folded: bool
) -> None:
    """To make a statement costs more than its rows: those of many runs are read together."""
    logs = [make_log().scalars(range(50), loss=0, accuracy=1) for _ in range(8)]
    store.apply([log.batch() for log in logs])
    if folded:
        for log in logs:
            assert store.fold(log.run) > 0
    engine = store._read_engine
    assert engine is not None
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: object) -> None:
        sent.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    counts = []
    for some in (logs[:2], logs):
        sent.clear()
        blocks, _ = draw(store, runs=[log.run for log in some], names=["loss", "accuracy"])
        assert [len(block.series) for block in blocks] == [len(some)] * 2
        counts.append(len(sent))
    event.remove(engine, "before_cursor_execute", note)

    each = 0 if folded else 1  # a run's batches that wait are looked up one by one
    assert counts[1] == counts[0] + each * 6


def test_a_window_reads_only_the_chunks_that_reach_into_it(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Zooming in, and the first page of a long series, cost what they show."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=5, fan=10, row=20))
    log = make_log().scalars(range(5000), loss=0)
    store.apply([log.batch()])
    store.fold(log.run)
    read: list[bytes] = []
    unpack = chunk.unpack_values

    def unpack_values(body: bytes) -> Any:
        read.append(body)
        return unpack(body)

    monkeypatch.setattr(chunk, "unpack_values", unpack_values)

    page = store.points(log.run, "loss", start=1000, limit=150)
    blocks, _ = draw(store, runs=[log.run], names=["loss"], start=2010, end=2090)

    assert page is not None
    assert page.step.tolist() == list(range(1000, 1150))
    assert blocks[0].series[0].count == 81
    assert len(read) == 2 + 1
