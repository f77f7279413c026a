"""Histograms come back as they were logged, added up where there are many."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import mltrack
from mltrack_core.records import Alert
from mltrack_core.records import ByEdges
from mltrack_core.records import ByExponent
from mltrack_core.records import Histogram
from mltrack_core.records import Histograms
from mltrack_core.records import Rewind
from mltrack_server.store import Store
from mltrack_server.store import distributions
from mltrack_server.store.distributions import Amount
from mltrack_server.store.distributions import amount
from mltrack_server.store.distributions import total

VALUES = st.lists(st.floats() | st.sampled_from([0.0, -0.0, 5e-324, 1e308, -1e308]), max_size=40)


def counted(*values: float) -> Histogram:
    """Return the histogram of *values*."""
    return mltrack.Histogram(values)


@given(VALUES)
def test_every_value_is_in_the_bin_whose_bounds_hold_it(values: list[float]) -> None:
    """Zeros, denormals, the largest floats, infinities and NaN included; none twice."""
    found = total([counted(*values)])

    assert found is not None
    bad = found.nans + found.negative_infinities + found.positive_infinities
    assert found.count.sum() + bad == len(values)
    for low, high, count in zip(found.low, found.high, found.count, strict=True):
        is_in = [
            (low <= value < high) if low > 0 else (low < value <= high) if high < 0 else value == 0
            for value in values
            if math.isfinite(value)
        ]
        largest = np.finfo(float).max  # the last bin holds its upper bound: nothing is above it
        edge = sum(abs(value) == largest for value in values) if largest in (abs(low), high) else 0
        assert count in (sum(is_in), sum(is_in) + edge)


@given(VALUES, VALUES)
def test_sums_are_the_histograms_of_both(one: list[float], other: list[float]) -> None:
    """That is what makes them mergeable over ranks, layers and steps."""
    apart = total([counted(*one), counted(*other)])
    together = total([counted(*one, *other)])

    assert apart is not None
    assert together is not None
    assert apart.count.sum() == together.count.sum()
    assert {*zip(apart.low, apart.count, strict=True)} >= {
        (low, count) for low, count in zip(together.low, together.count, strict=True) if count
    }
    assert apart.nans == together.nans


@given(st.lists(st.floats(1e-30, 1e30), min_size=1, max_size=60))
def test_the_magnitude_lies_in_the_bin_of_the_median(values: list[float]) -> None:
    """Exact to a power of two, and no worse."""
    found = amount([counted(*values, *[-value for value in values], 0.0, math.nan)])

    assert found is not None
    assert found.magnitude is not None
    low, high = sorted(values)[(len(values) - 1) // 2], sorted(values)[len(values) // 2]
    assert low / 2.001 <= found.magnitude <= high * 2.001


def test_an_amount_counts_every_value_once() -> None:
    """Zeros as a share of all of them; what is beyond chosen edges is a value, but not broken."""
    assert amount([]) is None
    assert amount([counted(0.0, 0.0, math.nan)]) == Amount(None, 2 / 3, 1)
    assert amount([ByEdges([0.0, 2.0], [4], below=3, above=2, nans=1)]) == Amount(1.0, 0.0, 1)


def test_edges_that_differ_are_not_added() -> None:
    """The newest ones are shown."""
    old, new = ByEdges([0.0, 1.0], [5]), ByEdges([0.0, 2.0], [7], below=1, nans=2)

    found = total([old, new, new])

    assert found is not None
    assert (found.high.tolist(), found.count.tolist()) == ([2.0], [14])
    assert (found.negative_infinities, found.nans) == (2, 4)


def test_bodies_survive_storage() -> None:
    """Pack and unpack."""
    values = {"a": counted(1.0, -2.0, 0.0, math.inf), "b": ByEdges([0.0, 0.5], [3])}

    assert distributions.unpack(distributions.pack(values)) == values


def test_a_grid_has_every_name_and_step(store: Store, make_log: Any) -> None:
    """What each amounts to: how large values are, how many are zero or no number."""
    log = make_log()
    for step in (10, 20, 30):
        values = {"grad/a": counted(step, step, 0.0, 0.0), "grad/b": counted(math.nan, 1.0)}
        log.add(Histograms(1, step, values if step > 10 else {"grad/a": values["grad/a"]}))
    log.add(Histograms(1, 40, {"param/c": counted(1.0)}))
    store.apply([log.batch()])

    grid = store.histogram_grid(log.run, "grad/")

    assert grid is not None
    assert [column.first_step for column in grid.columns] == [10, 20, 30, 40]
    assert [row.name for row in grid.rows] == ["grad/a", "grad/b"]
    first, second = grid.rows
    assert first.zeros == [0.5, 0.5, 0.5, None]
    assert all(
        magnitude is not None and step / 2 < magnitude < step * 2
        for magnitude, step in zip(first.magnitude, (10, 20, 30), strict=False)
    )
    assert second.nonfinite == [0, 1, 1, 0]
    assert not grid.is_thinned


def test_neighbouring_steps_are_added_up(store: Store, make_log: Any) -> None:
    """No value is left out where columns are fewer than steps."""
    log = make_log()
    for step in range(100):
        log.add(Histograms(1, step, {"x": counted(1.0, 2.0)}))
    store.apply([log.batch()])

    found = store.histogram(log.run, "x", columns=7)

    assert found is not None
    assert len(found.columns) <= 7
    assert sum(column.records for column in found.columns) == 100
    assert sum(sum(each.count) for each in found.histograms) == 200
    assert (found.columns[0].first_step, found.columns[-1].last_step) == (0, 99)


def test_what_was_gone_over_again_is_not_shown(store: Store, make_log: Any) -> None:
    """After a rewind, and in a later attempt, the newer histograms stand."""
    log = make_log()
    for step in range(4):
        log.add(Histograms(1, step, {"x": counted(1.0)}))
    log.add(Rewind(1, 1))
    log.add(Histograms(1, 2, {"x": counted(8.0)}))
    again = make_log(log.run, attempt=2)
    again.add(Histograms(1, 3, {"x": counted(64.0)}))
    store.apply([log.batch(), again.batch()])

    found = store.histogram(log.run, "x")

    assert found is not None
    lows = [
        max(low for low, count in zip(each.low, each.count, strict=True) if count)
        for each in found.histograms
    ]
    assert [column.first_step for column in found.columns] == [0, 1, 2, 3]
    assert lows == [1.0, 1.0, 8.0, 64.0]


@pytest.mark.parametrize(
    "histogram",
    [
        ByExponent(-2000, [1], 0, []),
        ByExponent(0, [], 1000, [1] * 100),
        ByExponent(0, [-1], 0, []),
        ByEdges([0.0, 1.0], [1, 2]),
        ByEdges([1.0, 0.0], [1]),
        ByEdges([0.0, math.inf], [1]),
    ],
)
def test_a_histogram_that_cannot_be_is_put_aside(
    histogram: Histogram, store: Store, make_log: Any
) -> None:
    """It is counted as lost; what is around it is stored."""
    log = make_log()
    log.add(Histograms(1, 1, {"x": histogram})).scalars(range(3), loss=0)

    (next_seq,) = store.apply([log.batch()])

    run = store.run(log.run)
    assert next_seq == 5
    assert run is not None
    assert [(loss.reason, loss.kinds) for loss in run.losses] == [
        ("out of bounds", {"Histograms": 1})
    ]
    assert store.histogram(log.run, "x") is None


def test_a_run_without_histograms_has_an_empty_grid(store: Store, make_log: Any) -> None:
    """And a run that there is not has none."""
    log = make_log()
    store.apply([log.batch()])

    grid = store.histogram_grid(log.run)

    assert grid is not None
    assert (grid.columns, grid.rows) == ([], [])
    assert store.histogram_grid("0" * 32) is None


def test_an_alert_says_which_mark_it_is(store: Store, make_log: Any) -> None:
    """So that a page can tell health marks from a person's words."""
    log = make_log()
    log.add(Alert(1, "warning", "The loss rises", kind="health.diverging"), Alert(2, "info", "hi"))
    store.apply([log.batch()])

    run = store.run(log.run)

    assert run is not None
    assert [alert.kind for alert in run.alerts] == ["health.diverging", ""]
