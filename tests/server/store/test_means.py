"""Means of groups: what the points of all runs say, however they are stored and read."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core import records
from mltrack_server.container import read_column
from mltrack_server.container import unpack
from mltrack_server.resources import MeanBlock
from mltrack_server.resources import MeanHeader
from mltrack_server.resources import MeanQuery
from mltrack_server.store import Store

Floats = np.ndarray[Any, Any]


def ask(store: Store, **query: Any) -> tuple[MeanHeader, memoryview]:
    """Return the answer of a query that is not answered with nothing."""
    body = store.means(MeanQuery(**({"names": ["loss"]} | query)))
    assert body is not None
    return unpack(body, MeanHeader)


def columns(block: MeanBlock, at: int, data: memoryview) -> dict[str, Floats]:
    """Return the columns of one group, x among them."""
    found: dict[str, Floats] = {"x": read_column(block.x, data)}
    for name, reference in block.series[at].columns.items():
        found[name] = read_column(reference, data)
    return found


def naive(
    runs: list[tuple[Floats, Floats]], block: MeanBlock, data: memoryview
) -> dict[str, Floats]:
    """Return what *runs*, each its x and values, amount to at the x of a block, in plain words."""
    at = read_column(block.x, data)
    values, lows, highs = [], [], []
    count = np.zeros(len(at))
    bad = np.zeros(len(at))
    for x, value in runs:
        if block.is_exact:
            places = np.searchsorted(at, x)
        else:
            assert block.low is not None
            assert block.width is not None
            buckets = np.floor((x - block.low) / (block.width or 1.0))
            centres = block.low + (buckets + 0.5) * block.width
            places = np.abs(centres[:, np.newaxis] - at).argmin(axis=1)
        mean, low, high = (np.full(len(at), np.nan) for _ in range(3))
        for place in np.unique(places):
            mine = value[places == place]
            finite = mine[np.isfinite(mine)]
            count[place] += len(mine)
            bad[place] += len(mine) - len(finite)
            if len(finite):
                mean[place], low[place], high[place] = finite.mean(), finite.min(), finite.max()
        filled = np.unique(places)
        for place in range(len(at)):
            before, behind = filled[filled < place], filled[filled > place]
            if place in filled or not len(before) or not len(behind):
                continue
            left, right = before[-1], behind[0]
            share = (at[place] - at[left]) / (at[right] - at[left])
            mean[place] = mean[left] + share * (mean[right] - mean[left])
            low[place] = high[place] = mean[place]
        values.append(mean)
        lows.append(low)
        highs.append(high)
    table = np.array(values)
    runs_at = np.isfinite(table).sum(axis=0)
    with np.errstate(all="ignore"):
        mean = np.nansum(table, axis=0) / runs_at
        sd = np.sqrt(np.nansum((table - mean) ** 2, axis=0) / (runs_at - 1))
        return {
            "mean": mean,
            "sd": np.where(runs_at > 1, sd, np.nan),
            "min": np.fmin.reduce(lows),
            "max": np.fmax.reduce(highs),
            "runs": runs_at,
            "count": count,
            "bad": bad,
        }


@st.composite
def a_series(draw: st.DrawFn) -> tuple[list[int], list[float]]:
    """Return steps, ascending, and their values, some of them none."""
    steps = draw(st.lists(st.integers(0, 60), min_size=1, max_size=40, unique=True))
    number = st.one_of(st.floats(-1e6, 1e6, width=32), st.sampled_from([np.nan, np.inf, -np.inf]))
    return sorted(steps), draw(st.lists(number, min_size=len(steps), max_size=len(steps)))


@pytest.mark.slow
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    groups=st.lists(st.lists(a_series(), min_size=1, max_size=4), min_size=1, max_size=3),
    buckets=st.integers(1, 64),
    folded=st.booleans(),
    x=st.sampled_from(["step", "time", "relative"]),
)
def test_means_are_what_the_points_say(
    shared_store: Store,
    make_log: Any,
    groups: list[list[tuple[list[int], list[float]]]],
    buckets: int,
    folded: bool,
    x: str,
) -> None:
    """Of runs at random: mean, deviation, least, greatest and counts are those of plain loops."""
    sets, raw = [], []
    for group in groups:
        ids, points = [], []
        for number, (steps, values) in enumerate(group):
            log = make_log(time_ns=number * 1_000_000_000)
            for step, value in zip(steps, values, strict=True):
                log.add(records.Scalars(step * 1_000_000_000, step, {"loss": value}))
            shared_store.apply([log.batch()])
            if folded and number % 2 == 0:
                shared_store.fold(log.run)
            ids.append(log.run)
            places = np.array(steps, float) - (number if x == "relative" else 0)
            points.append((places, np.array(values)))
        sets.append(ids)
        raw.append(points)

    header, data = ask(shared_store, sets=sets, buckets=buckets, x=x)

    (block,) = header.blocks
    assert [group.runs for group in header.groups] == [len(group) for group in groups]
    assert [part.group for part in block.series] == list(range(len(groups)))
    for at, points in enumerate(raw):
        found, expected = columns(block, at, data), naive(points, block, data)
        assert block.series[at].having == len(points)
        for name, column in expected.items():
            np.testing.assert_allclose(
                found[name], column, rtol=1e-9, atol=1e-6, err_msg=f"{name} of group {at}"
            )


def test_a_group_is_averaged_over_all_of_its_runs(store: Store, make_log: Any) -> None:
    """By a query and keys: how many runs a group has, how many the metric, and what these say."""
    for number in range(12):
        log = make_log(name="odd" if number % 2 else "even")
        if number != 3:
            log.scalars(range(5), loss=number)
        store.apply([log.batch()])

    header, data = ask(store, project="mnist", by="name")

    assert (header.total, header.runs) == (2, 12)
    found = {group.values[0]: (at, group) for at, group in enumerate(header.groups)}
    for name, members in (("even", [0, 2, 4, 6, 8, 10]), ("odd", [1, 5, 7, 9, 11])):
        at, group = found[name]
        (place,) = [place for place, part in enumerate(header.blocks[0].series) if part.group == at]
        part = header.blocks[0].series[place]
        assert (group.runs, part.having, part.count) == (6, len(members), 5 * len(members))
        assert group.q == f'name = "{name}"'
        column = columns(header.blocks[0], place, data)
        np.testing.assert_allclose(column["mean"], np.mean(members) + np.arange(5))
        np.testing.assert_allclose(column["sd"], np.std(members, ddof=1))
        assert column["runs"].tolist() == [len(members)] * 5


def test_what_has_not_changed_is_not_answered_again(store: Store, make_log: Any) -> None:
    """With the tag of the last answer there is none, until a run of the groups has changed."""
    one, other = make_log().scalars(range(5), loss=1), make_log(project="else")
    store.apply([one.batch(), other.batch()])
    header, _ = ask(store, project="mnist")

    same = store.means(MeanQuery(project="mnist", names=["loss"], known=header.tag))
    store.apply([other.scalars(range(3), loss=2).batch(1)])
    still = store.means(MeanQuery(project="mnist", names=["loss"], known=header.tag))
    store.apply([one.scalars(range(5, 6), loss=1).batch(6)])
    changed, _ = ask(store, project="mnist", known=header.tag)

    assert same is None
    assert still is None
    assert changed.tag != header.tag
    assert changed.blocks[0].series[0].count == 6


@pytest.mark.parametrize("smooth", [None, "gauss:30"])
def test_runs_that_have_ended_are_read_once(
    store: Store, make_log: Any, smooth: str | None
) -> None:
    """Beside a run that goes on, what the others amount to is kept; nobody sees a difference."""
    logs = [make_log().scalars(range(300), loss=number) for number in range(4)]
    for log in logs[:3]:
        log.add(records.RunEnded(2_000_000_000, "finished"))
    store.apply([log.batch() for log in logs])
    sets = [[log.run for log in logs]]
    query: dict[str, Any] = {"sets": sets, "buckets": 40, "smooth": smooth}
    ask(store, **query)
    store.apply([logs[3].scalars(range(300, 302), loss=3).batch(301)])

    warm = store.means(MeanQuery(names=["loss"], **query))
    store._settled = type(store._settled)()
    cold = store.means(MeanQuery(names=["loss"], **query))

    assert warm == cold
    header, data = unpack(warm or b"", MeanHeader)
    assert header.blocks[0].series[0].count == 1202
    assert columns(header.blocks[0], 0, data)["runs"].max() == 4


def test_a_mean_over_another_metric_is_where_that_was(store: Store, make_log: Any) -> None:
    """Runs of other batch sizes meet at equal numbers of samples, and a window is of these."""
    logs = []
    for batch in (1, 2):
        log = make_log()
        for step in range(100 // batch):
            samples = step * batch
            log.add(records.Scalars(step, step, {"loss": samples + batch, "samples": samples}))
        logs.append(log)
    store.apply([log.batch() for log in logs])

    sets = [[log.run for log in logs]]
    query: dict[str, Any] = {"sets": sets, "x": "metric", "over": "samples"}
    header, data = ask(store, **query)
    near, near_data = ask(store, **query, start=10, end=20)

    whole = columns(header.blocks[0], 0, data)
    assert whole["x"].tolist() == list(range(100))
    np.testing.assert_allclose(whole["mean"][:99], np.arange(99) + 1.5)
    part = columns(near.blocks[0], 0, near_data)
    assert part["x"].tolist() == list(range(10, 21))
    np.testing.assert_allclose(part["mean"], np.arange(10, 21) + 1.5)


def test_too_much_at_once_is_refused_in_words(store: Store, make_log: Any) -> None:
    """What would take too long says what it is too much of."""
    log = make_log().scalars(range(2), loss=1)
    store.apply([log.batch()])
    sets = [[log.run]] * 100

    with pytest.raises(ValueError, match="groups x names x buckets are more than"):
        store.means(MeanQuery(sets=sets, names=["loss", "other"], buckets=4000))


def test_a_long_series_counts_with_all_of_its_points(store: Store, make_log: Any) -> None:
    """A run of many chunks is read from its tiers, and its one spike is the group's greatest."""
    long, short = make_log(), make_log().scalars(range(0, 80_000, 4000), loss=0)
    for step in range(80_000):
        long.add(records.Scalars(step, step, {"loss": 1e6 if step == 51_234 else 1.0}))
    store.apply([long.batch(), short.batch()])
    while store.fold(long.run):
        pass

    header, data = ask(store, sets=[[long.run, short.run]], buckets=100)

    (part,) = header.blocks[0].series
    column = columns(header.blocks[0], 0, data)
    assert part.count == 80_020
    assert column["max"].max() == 1e6
    at = int(np.argmax(column["mean"] == column["mean"].max()))
    assert column["runs"][: at + 1].min() >= 1
