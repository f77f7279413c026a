"""Extracts: many series page by page, and reduced to a few rows, from tiers too."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core.records import Devices
from mltrack_core.records import Rewind
from mltrack_core.records import Scalars
from mltrack_server.extract import Extract
from mltrack_server.extract import chained
from mltrack_server.extract import unpack
from mltrack_server.resources import ExtractQuery
from mltrack_server.store import Store
from mltrack_server.store import tier

NAMES = ["loss", "none", "big", "gpu.0.power", "lr"]


@pytest.fixture(scope="module", autouse=True)
def small_tiers() -> Any:
    """Make tiers of a few points, so that short series have all levels."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
        yield


@pytest.fixture(scope="module")
def runs(shared_store: Store, make_log: Callable[..., Any]) -> list[str]:
    """Give two runs, one of them folded in parts and gone back once, and an unknown one."""
    randomness = np.random.default_rng(5)
    made = []
    for count in (230, 40):
        log = make_log()
        for step in range(count):
            value = float(randomness.normal()) if step % 41 else math.inf
            log.add(Scalars(10**9 + step, step, {"loss": value, "big": 2**53 + step}))
            if step == 99:
                log.add(Rewind(10**9 + step, 89))
            log.add(Devices(10**9 + step, "ada", {"gpu.0.power": float(step)}))
        log.add(Scalars(10**9 + count, count, {"lr": 0.5}))
        edge = len(log.frames) * 2 // 3
        shared_store.apply([log.batch(0, edge)])
        shared_store.fold(log.run)
        shared_store.apply([log.batch(edge)])
        made.append(log.run)
    return [made[0], "0" * 32, made[1]]


def every_page(store: Store, query: ExtractQuery) -> list[Extract]:
    """Return all pages."""
    pages = [store.extract(query)]
    while (following := pages[-1].next) is not None:
        pages.append(store.extract(msgspec.structs.replace(query, resume=following)))
    return pages


@pytest.mark.slow
@pytest.mark.parametrize("limit", [7, 100, 100_000])
def test_pages_add_up_to_the_exact_points(shared_store: Store, runs: list[str], limit: int) -> None:
    """However long a page is, the pages hold every point of every series once, in order."""
    query = ExtractQuery(runs=runs, names=NAMES, limit=limit)

    pages = every_page(shared_store, query)
    whole = unpack(chained(pages).pack())

    assert all(len(page) <= limit for page in pages)
    expected = {
        (run, name): points
        for run in runs
        for name in NAMES
        if (points := shared_store.points(run, name)) is not None
    }
    found = {(part.run, part.name): points for part, points, _ in whole.series()}
    assert list(found) == list(expected)
    for key, points in expected.items():
        assert found[key].step.tolist() == points.step.tolist()
        assert found[key].time_ns.tolist() == points.time_ns.tolist()
        assert found[key].values() == points.values()
        assert found[key].is_superseded.tolist() == points.is_superseded.tolist()


@pytest.mark.slow
@settings(max_examples=25)
@given(
    samples=st.integers(1, 300),
    start=st.none() | st.integers(-10, 240),
    length=st.none() | st.integers(0, 240),
)
def test_rows_stand_for_all_points_of_their_window(
    shared_store: Store, runs: list[str], samples: int, start: int | None, length: int | None
) -> None:
    """Counts add up, no extreme is left out, and the last row is the last point, exactly."""
    end = None if length is None else (start or 0) + length
    query = ExtractQuery(runs=runs, names=["loss", "big"], start=start, end=end, samples=samples)

    reduced = shared_store.extract(query)

    assert reduced.next is None
    for part, rows, sums in reduced.series():
        assert sums is not None
        points = shared_store.points(part.run, part.name, start=start, end=end)
        assert points is not None
        points = points.take(~points.is_superseded)
        finite = points.value[np.isfinite(points.value)]
        assert len(rows) <= samples
        assert int(sums.points.sum()) == len(points)
        assert int(sums.nonfinite.sum()) == len(points) - len(finite)
        if len(finite):
            assert np.nanmin(sums.low) == finite.min()
            assert np.nanmax(sums.high) == finite.max()
        assert rows.step[-1] == points.step[-1]
        assert rows.values()[-1] == points.values()[-1]
        steps = points.step.tolist()
        assert [points.value[steps.index(step)] for step in rows.step.tolist()] == pytest.approx(
            rows.value.tolist(), nan_ok=True
        )


def test_rows_are_the_last_points_of_even_parts(shared_store: Store, runs: list[str]) -> None:
    """A part that holds its own points only is told exactly: its last, least, greatest and mean."""
    query = ExtractQuery(runs=runs[:1], names=["gpu.0.power"], samples=5)

    ((_, rows, sums),) = shared_store.extract(query).series()

    assert rows.value.tolist() == [45.0, 91.0, 137.0, 183.0, 229.0]
    assert sums is not None
    assert sums.high[-1] == 229.0
    assert sums.low[0] == 0.0
    assert int(sums.points.sum()) == 230
