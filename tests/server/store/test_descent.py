"""Charts of long series: drawn from tiers, they say what the points say."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from mltrack_core import records
from mltrack_server import columns
from mltrack_server.columns import Points
from mltrack_server.container import read_column
from mltrack_server.resources import SeriesColumns
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store
from mltrack_server.store import chunk
from mltrack_server.store import tier
from mltrack_server.store.series import chart
from mltrack_server.store.series import descent

SMALL = tier.Shape(bucket=2, fan=4, row=8)
SPECIAL = {3: math.nan, 5: math.inf, 7: -math.inf, 11: 1e6}


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make chunks of 16 points, and tiers of use for a few dozen points."""
    monkeypatch.setattr(tier, "SHAPE", SMALL)
    monkeypatch.setattr(descent, "_POINTS_MIN", 20)


def draw(
    store: Store, run: str, **query: Any
) -> tuple[bool, NDArray[Any], list[tuple[SeriesColumns, dict[str, NDArray[Any]]]]]:
    """Return whether a chart of `loss` is exact, its x, and each part with its columns."""
    header, data = columns.unpack(store.series(SeriesQuery(runs=[run], names=["loss"], **query)))
    (block,) = header.blocks
    parts = [
        (part, {str(name): read_column(at, data) for name, at in part.columns.items()})
        for part in block.series
    ]
    return block.is_exact, read_column(block.x, data), parts


def check(store: Store, run: str, points: Points, **query: Any) -> None:
    """Compare a chart with the points that it is of."""
    x = places(points, query["x"])
    low = -math.inf if query.get("start") is None else query["start"]
    high = math.inf if query.get("end") is None else query["end"]
    is_inside = (x >= low) & (x <= high)
    is_exact, drawn_x, parts = draw(store, run, **query)
    assert {part.is_superseded for part, _ in parts} == set(points.is_superseded[is_inside])
    if not len(drawn_x):
        return
    if query.get("start") is None:
        low = x[is_inside].min()
    if query.get("end") is None:
        high = x[is_inside].max()
    for part, drawn in parts:
        chosen = is_inside & (points.is_superseded == part.is_superseded)
        value, mine = points.value[chosen], x[chosen]
        assert part.count == len(value) == drawn["count"].sum()
        assert (part.first, part.last) == (mine.min(), mine.max())
        assert drawn["nan"].sum() == np.isnan(value).sum()
        assert drawn["positive_infinity"].sum() == np.isposinf(value).sum()
        assert drawn["negative_infinity"].sum() == np.isneginf(value).sum()
        assert part.nonfinite == drawn["bad"].sum() == (~np.isfinite(value)).sum()
        if is_exact:
            assert set(drawn_x[drawn["count"] > 0]) == set(mine)
            continue
        check_buckets(drawn, value, mine, low, high)


def check_buckets(
    drawn: dict[str, NDArray[Any]],
    value: NDArray[Any],
    x: NDArray[Any],
    low: float,
    high: float,
) -> None:
    """Compare buckets with points, each of which may be drawn in a neighbour of its own."""
    length = len(drawn["count"])
    width = (high - low) / length
    at = np.clip((x - low) / width, 0, length - 1).astype(int) if width else np.zeros(len(x), int)
    finite = np.isfinite(value)
    tallies = np.bincount(at, minlength=length).cumsum()
    mine = drawn["count"].cumsum()
    assert (mine <= np.append(tallies[1:], tallies[-1])).all()
    assert (mine >= np.insert(tallies[:-1], 0, 0)).all()
    is_mean = ~np.isnan(drawn["mean"])
    assert (drawn["min"][is_mean] <= drawn["mean"][is_mean]).all()
    assert (drawn["mean"][is_mean] <= drawn["max"][is_mean]).all()
    for number in range(length):
        near = slice(max(0, number - 1), number + 2)
        around = value[finite & (abs(at - number) <= 1)]
        inside = value[finite & (at == number)]
        if len(inside):
            assert np.nanmax(drawn["max"][near]) >= inside.max()
            assert np.nanmin(drawn["min"][near]) <= inside.min()
        if drawn["count"][number] > drawn["bad"][number]:
            assert drawn["max"][number] <= around.max()
            assert drawn["min"][number] >= around.min()


def check_ends(store: Store, run: str, points: Points, **query: Any) -> None:
    """Compare every bucket of a chart with ends with the very points that lie in it."""
    x = places(points, query["x"])
    low = -math.inf if query.get("start") is None else query["start"]
    high = math.inf if query.get("end") is None else query["end"]
    is_inside = (x >= low) & (x <= high)
    _, drawn_x, parts = draw(store, run, ends=True, **query)
    if not len(drawn_x):
        return
    low = x[is_inside].min() if query.get("start") is None else low
    high = x[is_inside].max() if query.get("end") is None else high
    length = len(drawn_x)
    for part, drawn in parts:
        chosen = np.flatnonzero(is_inside & (points.is_superseded == part.is_superseded))
        chosen = chosen[np.argsort(x[chosen], kind="stable")]
        value, mine = points.value[chosen], x[chosen]
        if np.isin(mine, drawn_x).all():  # exact
            at = np.searchsorted(drawn_x, mine)
        else:
            width = (high - low) / length
            at = np.clip((mine - low) / width, 0, length - 1).astype(int)
        for number in range(length):
            inside = value[at == number]
            finite = inside[np.isfinite(inside)]
            assert drawn["count"][number] == len(inside)
            assert drawn["bad"][number] == len(inside) - len(finite)
            for name, is_of in (("first", inside[:1]), ("last", inside[-1:])):
                np.testing.assert_equal(drawn[name][number], is_of[0] if len(is_of) else math.nan)
            for name, found in (("min", finite.min), ("max", finite.max)):
                np.testing.assert_equal(drawn[name][number], found() if len(finite) else math.nan)


def places(points: Points, x: str) -> NDArray[Any]:
    """Return where *points* are on the x axis."""
    return points.step.astype(np.float64) if x == "step" else points.time_ns / 1e9


@pytest.mark.slow
@given(data=st.data())
@settings(max_examples=60)
def test_a_chart_from_tiers_is_one_of_the_points(
    tmp_path_factory: pytest.TempPathFactory, empty_store: Any, make_log: Any, data: st.DataObject
) -> None:
    """Any training, folded in part, any window, any number of buckets, on either axis."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tier, "SHAPE", SMALL)
        patch.setattr(descent, "_POINTS_MIN", 20)
        # A descent goes from level to level, or leaves some out.
        patch.setattr(descent, "_ROWS_FEW", data.draw(st.sampled_from([0, 2, 32])))
        patch.setattr(descent, "_CHUNKS_FEW", data.draw(st.sampled_from([0, 4])))
        folder = tmp_path_factory.mktemp("charts")
        with empty_store(folder) as url, Store(url) as store:
            run = train(store, make_log, data)
            points = store.points(run, "loss")
            assert points is not None
            for _ in range(6):
                x = data.draw(st.sampled_from(["step", "time"]))
                at = places(points, x)
                ends = sorted(data.draw(st.sampled_from(at.tolist())) for _ in range(2))
                start, end = (data.draw(st.sampled_from([None, end])) for end in ends)
                buckets = data.draw(st.integers(1, 60))
                check(store, run, points, x=x, start=start, end=end, buckets=buckets)
                check_ends(store, run, points, x=x, start=start, end=end, buckets=buckets)


def train(store: Store, make_log: Any, data: st.DataObject) -> str:
    """Log, rewind, start anew, pause and fold by chance; return the run."""
    log = make_log()
    step = sent = logged = time_ns = 0
    kinds = st.sampled_from(["log", "log", "log", "fold", "rewind", "attempt", "back", "pause"])
    for kind, number in data.draw(
        st.lists(st.tuples(kinds, st.integers(1, 200)), min_size=2, max_size=10)
    ):
        if kind == "rewind":
            step = max(0, step - number)
            log.add(records.Rewind(1, step))
        elif kind == "back":
            step = max(0, step - number)
        elif kind == "pause":
            time_ns += number * 10**12
        elif kind == "attempt":
            store.apply([log.batch(sent)])
            log, sent = make_log(log.run, attempt=2), 0
        elif kind == "fold":
            store.apply([log.batch(sent)])
            sent = len(log.frames)
            store.fold(log.run)
        else:
            for _ in range(number):
                value = SPECIAL.get(logged % 97, math.sin(logged))
                log.add(records.Scalars(time_ns, step, {"loss": value}))
                step, logged, time_ns = step + 1, logged + 1, time_ns + 10**9
    store.apply([log.scalars(range(step, step + 1), loss=0.0).batch(sent)])
    return str(log.run)


def test_a_long_chart_reads_no_chunk(
    store: Store, make_log: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From far away a series is read from its tiers alone; points come in only at the edges."""
    log = make_log().scalars(range(5000), loss=0)
    log.add(records.RunEnded(1, "finished"))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass
    read: list[int] = []
    unpack = chunk.unpack_values

    def unpack_values(body: bytes) -> Any:
        read.append(len(body))
        return unpack(body)

    monkeypatch.setattr(chunk, "unpack_values", unpack_values)

    is_exact, _, ((whole, drawn),) = draw(store, log.run, buckets=20)
    from_whole = len(read)
    _, _, ((part, _),) = draw(store, log.run, start=101, end=4100, buckets=20)

    assert not is_exact
    assert whole.count == 5000
    assert drawn["max"].tolist() == sorted(drawn["max"].tolist())
    assert (drawn["min"][0], drawn["max"][-1]) == (0, 4999)
    assert from_whole == 1  # the last chunk, which is not full
    assert part.count == 4000
    assert len(read) - from_whole == 2


def test_a_spike_is_in_every_chart(store: Store, make_log: Any, small: None) -> None:
    """One point among thousands, at any zoom that holds it."""
    log = make_log()
    for step in range(3000):
        log.add(records.Scalars(step, step, {"loss": 1e9 if step == 1234 else 0.5}))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass

    for start, end in [(None, None), (0, 1234), (1234, 2999), (1000, 1300), (1230, 1240)]:
        for buckets in (1, 2, 30, 1600):
            _, x, ((_, drawn),) = draw(store, log.run, start=start, end=end, buckets=buckets)
            assert np.nanmax(drawn["max"]) == 1e9
            width = x[1] - x[0] if len(x) > 1 else 3000
            assert abs(x[np.nanargmax(drawn["max"])] - 1234) <= 1.5 * width


def test_steps_that_jump_about_cost_no_more_than_a_bound(
    store: Store, make_log: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps that begin anew in each epoch: no bucket is narrow, but all extremes are drawn."""
    log = make_log()
    for number in range(4000):
        value = 1e9 if number == 2222 else math.nan if number == 3333 else number % 7
        log.add(records.Scalars(number, number % 50, {"loss": value}))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass
    monkeypatch.setattr(descent, "_ROWS_FEW", 2)
    monkeypatch.setattr(descent, "_ROWS_MAX", 5)
    monkeypatch.setattr(descent, "_CHUNKS_MAX", 5)
    read: list[int] = []
    unpack = chunk.unpack_values

    def unpack_values(body: bytes) -> Any:
        read.append(len(body))
        return unpack(body)

    monkeypatch.setattr(chunk, "unpack_values", unpack_values)

    _, _, ((part, drawn),) = draw(store, log.run, buckets=50)

    assert part.count == 4000
    assert part.nonfinite == drawn["nan"].sum() == 1
    assert np.nanmax(drawn["max"]) == 1e9
    assert np.nanmin(drawn["min"]) == 0
    assert len(read) <= 5 + 1


def test_runs_with_and_without_tiers_share_one_chart(
    store: Store, make_log: Any, small: None
) -> None:
    """A long run and a short one, seconds into each."""
    long = make_log(time_ns=10**9)
    short = make_log(time_ns=5 * 10**9)
    for step in range(2000):
        long.add(records.Scalars(10**9 + step * 10**7, step, {"loss": float(step)}))
    for step in range(30):
        short.add(records.Scalars(5 * 10**9 + step * 10**8, step, {"loss": 7.0}))
    store.apply([long.batch(), short.batch()])
    while store.fold(long.run):
        pass

    header, data = columns.unpack(
        store.series(
            SeriesQuery(runs=[short.run, long.run], names=["loss"], x="relative", buckets=100)
        )
    )

    first, second = header.blocks[0].series
    assert (first.run, first.count, first.first, first.last) == (short.run, 30, 0.0, 2.9)
    assert (second.count, second.first, second.last) == (2000, 0.0, 19.99)
    assert read_column(header.blocks[0].x, data)[-1] == pytest.approx(19.99 - 19.99 / 200)


@pytest.mark.parametrize("x", ["step", "time"])
def test_series_that_share_an_axis_are_drawn_as_each_would_be_alone(
    store: Store, make_log: Any, small: None, x: Any
) -> None:
    """Long and short series, of runs that step alike or not, with attempts and values gone bad."""
    runs = []
    for number, stride in enumerate([1, 1, 3]):
        log = make_log()
        for attempt, first in ((1, 0), (2, 150)):
            if attempt == 2:
                store.apply([log.batch()])
                log = make_log(log.run, attempt=2)
            for step in range(first, first + 211):
                values = {"loss": math.sin(step + number), "other": SPECIAL.get(step % 97, 1.0)}
                if step % 5:
                    values["rare"] = float(step)
                time_ns = (attempt * 1000 + step) * 10**9 + number * 7
                log.add(records.Scalars(time_ns, step * stride, values))
        store.apply([log.batch()])
        while number < 2 and store.fold(log.run):
            pass
        runs.append(log.run)
    names = ["loss", "other", "rare"]
    end = 600.0 if x == "step" else 2300.0
    window = {"x": x, "start": 5.0, "end": end, "buckets": 25}

    together = drawn_of(store, runs, names, window)

    assert len(together) == 3 * 3 * 2
    alone: dict[Any, Any] = {}
    for run in runs:
        for name in names:
            alone |= drawn_of(store, [run], [name], window)
    assert together.keys() == alone.keys()
    for key, drawn in together.items():
        for name, column in drawn.items():
            np.testing.assert_array_equal(column, alone[key][name], f"{key} {name}")


def drawn_of(store: Store, runs: list[str], names: list[str], window: Any) -> dict[Any, Any]:
    """Return name, run and whether it is superseded → columns."""
    header, data = columns.unpack(store.series(SeriesQuery(runs=runs, names=names, **window)))
    return {
        (block.name, part.run, part.is_superseded): {
            str(name): read_column(at, data) for name, at in part.columns.items()
        }
        for block in header.blocks
        for part in block.series
    }


def test_ends_of_too_many_points_are_refused(
    store: Store, make_log: Any, small: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are read from the points: a narrower window is answered."""
    monkeypatch.setattr(chart, "_ENDS_POINTS_MAX", 1000)
    log = make_log().scalars(range(5000), loss=0)
    store.apply([log.batch()])
    while store.fold(log.run):
        pass

    with pytest.raises(chart.TooManyPoints, match="more than 1000: ask for a narrower one"):
        draw(store, log.run, buckets=20, ends=True)
    _, _, ((part, drawn),) = draw(store, log.run, start=100, end=899, buckets=8, ends=True)

    assert part.count == 800
    assert drawn["first"].tolist() == [100.0 * number for number in range(1, 9)]
    assert drawn["last"].tolist() == [100.0 * number + 99 for number in range(1, 9)]
