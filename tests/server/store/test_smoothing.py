"""Smoothed lines: of the whole series, whatever part of it is shown and how large."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from mltrack_core import records
from mltrack_server import columns
from mltrack_server.container import read_column
from mltrack_server.resources import SeriesQuery
from mltrack_server.smoothing import SPANS
from mltrack_server.smoothing import Smoothing
from mltrack_server.smoothing import smooth
from mltrack_server.store import Store
from mltrack_server.store import tier
from mltrack_server.store.series import curves
from mltrack_server.store.series import descent

KINDS = ["twema:0.6", "twema:0.99", "gauss:5", "gauss:60", "mean:20"]
Floats = NDArray[np.float64]


@pytest.mark.parametrize("kind", KINDS)
def test_a_smoothed_series_is_what_its_definition_says(kind: str) -> None:
    """Uneven places, several points in one of them, values that are not finite."""
    rng = np.random.default_rng(7)
    x = np.sort(rng.integers(0, 3000, 900)).astype(np.float64)
    value = np.sin(x / 300) + rng.normal(0, 0.3, len(x))
    value[rng.integers(0, len(x), 40)] = np.nan
    span = (x[-1] - x[0]) / 899

    curve = smooth(x, value, np.isfinite(value).astype(np.int64), span, Smoothing.parse(kind))

    places = np.unique(x[np.isfinite(value)])
    assert curve.x.tolist() == places.tolist()
    wanted = defined(x, value, span, kind)
    # A normal distribution is laid upon a grid of a 16th of its deviation, or an 8th of a span.
    np.testing.assert_allclose(curve.value, wanted, atol=2e-3 if "gauss" in kind else 1e-12)


def defined(x: Floats, value: Floats, span: float, kind: str) -> Floats:
    """Return the smoothed values at each place, slowly."""
    name, amount = kind.split(":")[0], float(kind.split(":")[1])
    finite = np.isfinite(value)
    x, value = x[finite], value[finite]
    places = np.unique(x)
    if name == "twema":
        means = np.array([value[x == place].mean() for place in places])
        gaps = np.diff(places, prepend=2 * places[0] - places[1])
        gains = 1 - amount ** (gaps / span)
        found = []
        for at, place in enumerate(places):
            weights = gains[: at + 1] * amount ** ((place - places[: at + 1]) / span)
            found.append((weights * means[: at + 1]).sum() / weights.sum())
        return np.array(found)
    if name == "mean":
        half = amount * span / 2
        return np.array([value[abs(x - place) <= half].mean() for place in places])
    weights = np.exp(-0.5 * ((x - places[:, np.newaxis]) / (amount * span)) ** 2)
    wanted: Floats = (weights * value).sum(axis=1) / weights.sum(axis=1)
    return wanted


@pytest.mark.parametrize("kind", KINDS)
def test_one_huge_value_does_not_drown_those_far_from_it(kind: str) -> None:
    """A loss that was 1e30 once: far behind it the curve is what it would be without."""
    x = np.arange(20_000, dtype=np.float64)
    value = np.full(len(x), 0.5)
    value[3000] = 1e30

    curve = smooth(x, value, np.ones(len(x), np.int64), 20.0, Smoothing.parse(kind))

    left = float(kind.split(":")[1]) if "twema" in kind else 0.0
    behind = np.maximum(x - 3000, 0)
    far = abs(x - 3000) > 8000
    reach = np.where(behind > 0, 1e30 * left ** (behind / 20), 0) + 1e-12
    assert (abs(curve.value - 0.5) <= reach)[far].all()
    assert abs(curve.value[:900] - 0.5).max() < 1e-12 or kind == "gauss:60"


@pytest.mark.parametrize("text", ["", "twema", "twema:1", "twema:0", "gauss:101", "box:3"])
def test_what_is_no_smoothing_is_refused(text: str) -> None:
    """A kind that is not there, or more of it than there can be."""
    with pytest.raises(ValueError, match=r"twema|gauss|box|''"):
        Smoothing.parse(text)


@pytest.fixture
def long_run(store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Floats]:
    """Return a run of 6,000 steps that is in tiers and small chunks, and its losses."""
    monkeypatch.setattr(tier, "SHAPE", tier.Shape(bucket=2, fan=4, row=8))
    monkeypatch.setattr(descent, "_POINTS_MIN", 20)
    rng = np.random.default_rng(3)
    value = 1 / (1 + np.arange(6000) / 500) + rng.normal(0, 0.05, 6000)
    value[[17, 1234, 5999]] = math.nan, math.inf, -math.inf
    log = make_log()
    for step in range(5500):
        log.add(records.Scalars(step, step, {"loss": float(value[step])}))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass
    sent = len(log.frames)
    for step in range(5500, 6000):  # these are not folded yet
        log.add(records.Scalars(step, step, {"loss": float(value[step])}))
    store.apply([log.batch(sent)])
    return str(log.run), value


@pytest.mark.parametrize("is_long", [False, True])
@pytest.mark.parametrize("kind", KINDS)
def test_a_smoothed_value_depends_on_neither_window_nor_width(
    store: Store,
    long_run: tuple[str, Floats],
    kind: str,
    is_long: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """At a step it is the same at every zoom, and that of the raw points, or nearly."""
    run, value = long_run
    if is_long:  # smoothed from buckets of its own, that it has from its tiers
        monkeypatch.setattr(curves, "POINTS_MAX", 10)
    else:
        monkeypatch.setattr(descent, "_POINTS_MIN", 1 << 16)
        monkeypatch.setattr(descent, "_CHUNKS_MAX", 1500)
    step = np.arange(6000, dtype=np.float64)
    exact = smooth(
        step, value, np.isfinite(value).astype(np.int64), 5999 / SPANS, Smoothing.parse(kind)
    )

    for start, end, buckets in [
        (None, None, 300),
        (None, None, 1600),
        (1000, 1400, 50),
        (1000, 1400, 1000),
        (5400, 5999, 64),
        (0, 20, 100),
        (None, 3000, 77),
    ]:
        x, mean, smoothed = draw(store, run, start, end, buckets, kind)
        assert (np.isnan(smoothed) == np.isnan(mean)).all()
        # The very first of its own buckets holds two points, and nothing is there to steady it.
        is_drawn = ~np.isnan(smoothed) & (x >= 2 if is_long else True)
        wanted = exact.at(x[is_drawn])
        # A bucket may hold a point that belongs to its neighbour: here a sixth of a span away.
        np.testing.assert_allclose(smoothed[is_drawn], wanted, atol=0.03 if is_long else 1e-12)


def test_two_widths_of_one_window_agree_to_the_last_bit(
    store: Store, long_run: tuple[str, Floats]
) -> None:
    """The curve is one: only the places where it is looked at are others."""
    run, _ = long_run

    x, _, coarse = draw(store, run, 1000, 1400, 400, "twema:0.9")
    near, _, fine = draw(store, run, 1100, 1200, 100, "twema:0.9")

    shared = np.isin(x, near)
    assert shared.sum() > 50
    one, other = coarse[shared], fine[np.isin(near, x)]
    is_drawn = ~np.isnan(one) & ~np.isnan(other)  # a point may be drawn beside its own bucket
    assert is_drawn.sum() > 40
    assert one[is_drawn].tolist() == other[is_drawn].tolist()


def draw(
    store: Store, run: str, start: Any, end: Any, buckets: int, kind: str
) -> tuple[Floats, Floats, Floats]:
    """Return x, mean and smoothed values of a chart of `loss`."""
    query = SeriesQuery(
        runs=[run], names=["loss"], start=start, end=end, buckets=buckets, smooth=kind
    )
    header, data = columns.unpack(store.series(query))
    (block,) = header.blocks
    (part,) = block.series
    x = read_column(block.x, data)
    return x, read_column(part.columns["mean"], data), read_column(part.columns["smooth"], data)


def test_few_points_are_smoothed_by_their_distance_or_by_the_length_of_the_run(
    store: Store, make_log: Any
) -> None:
    """Of eleven points an average goes from one to the next, a per cent of the run holds one."""
    log = make_log().scalars(range(0, 110, 10), loss=0)
    store.apply([log.batch()])

    _, mean, averaged = draw(store, log.run, None, None, 400, "twema:0.6")
    _, _, narrow = draw(store, log.run, None, None, 400, "mean:10")
    _, _, wide = draw(store, log.run, None, None, 400, "mean:200")

    assert averaged[0] == mean[0]
    assert (averaged[1:] != mean[1:]).all()
    assert narrow.tolist() == mean.tolist()
    assert wide[5] == pytest.approx(mean[4:7].mean())
