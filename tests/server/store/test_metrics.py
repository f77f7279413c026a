"""Runs of very many metrics: the first ones with the run, all of them page by page."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack.reading.run import RunView
from mltrack_core.records import Devices
from mltrack_core.records import Scalars
from mltrack_server.resources import METRICS_LISTED_MAX
from mltrack_server.resources import MetricNameQuery
from mltrack_server.resources import MetricQuery
from mltrack_server.store import Store

COUNT = METRICS_LISTED_MAX + 200
NAMES = [f"layer{COUNT - number}/grad_norm" for number in range(COUNT)]


@pytest.fixture
def wide(store: Store, make_log: Any) -> str:
    """Give a run of 1,200 metrics."""
    log = make_log()
    for start in range(0, COUNT, 100):
        log.add(Scalars(1, start, dict.fromkeys(NAMES[start : start + 100], float(start))))
    store.apply([log.batch()])
    return str(log.run)


def test_a_run_comes_with_its_first_metrics_and_how_many_there_are(store: Store, wide: str) -> None:
    """However many were logged, the answer is bounded, and says that it is not all."""
    run = store.run(wide)

    assert run is not None
    assert list(run.summary.metrics) == NAMES[:METRICS_LISTED_MAX]
    assert run.summary.has_more_metrics
    assert run.metrics == COUNT
    assert run.step == COUNT - 100


def test_a_run_of_few_metrics_comes_with_all_of_them(store: Store, make_log: Any) -> None:
    """Nothing is left out, and nothing is said to be."""
    log = make_log().scalars(range(3), loss=0.0, accuracy=0.0)
    store.apply([log.batch()])

    run = store.run(log.run)

    assert run is not None
    assert set(run.summary.metrics) == {"loss", "accuracy"}
    assert not run.summary.has_more_metrics
    assert run.metrics == 2


@pytest.mark.parametrize("limit", [1, 7, METRICS_LISTED_MAX])
@pytest.mark.parametrize("search", ["layer77", "LAYER 7 norm"])
def test_pages_hold_every_metric_that_is_found_once(
    store: Store, wide: str, limit: int, search: str
) -> None:
    """Pages follow one another without a gap, and each knows how many there are in all."""
    words = search.lower().split()
    wanted = [name for name in NAMES if all(word in name for word in words)]
    found: list[str] = []

    cursor: int | None = 0
    while cursor is not None:
        page = store.metrics(wide, MetricQuery(search=search, limit=limit, cursor=cursor))
        assert page is not None
        assert page.total == len(wanted)
        found += page.metrics
        cursor = page.next

    assert found == wanted


def test_names_come_sorted_and_say_when_there_are_more(store: Store, wide: str) -> None:
    """Names alone, in the order of texts."""
    every = store.metric_names(wide, MetricNameQuery())
    some = store.metric_names(wide, MetricNameQuery(search="layer9", limit=3))

    assert every is not None
    assert every.names == sorted(NAMES)
    assert not every.has_more
    assert some is not None
    assert some.names == sorted(name for name in NAMES if "layer9" in name)[:3]
    assert some.has_more


@pytest.mark.parametrize("mark", ["%", "_", "\\"])
def test_what_is_special_in_sql_is_searched_for_as_it_is(
    store: Store, make_log: Any, mark: str
) -> None:
    """A wildcard of LIKE stands for itself."""
    log = make_log().scalars(range(1), **{f"a{mark}b": 0.0, "axb": 0.0})
    store.apply([log.batch()])

    page = store.metrics(log.run, MetricQuery(search=f"a{mark}"))

    assert page is not None
    assert list(page.metrics) == [f"a{mark}b"]


def test_an_unknown_run_has_no_metrics(store: Store) -> None:
    """None, which is not the same as no metrics."""
    assert store.metrics("f" * 32, MetricQuery()) is None
    assert store.metric_names("f" * 32, MetricNameQuery()) is None


def test_device_series_come_page_by_page_too(store: Store, make_log: Any) -> None:
    """A thousand hosts make no answer without a bound, and nothing of them is left out."""
    names = [f"gpu{number}.power" for number in range(COUNT)]
    log = make_log().scalars(range(2), loss=1.0)
    for start in range(0, COUNT, 100):
        log.add(Devices(10**9 + start, "ada", dict.fromkeys(names[start : start + 100], 1.0)))
    store.apply([log.batch()])

    run = store.run(log.run)
    assert run is not None
    assert run.next_device is not None
    rest = store.metrics(log.run, MetricQuery(kind="device", cursor=run.next_device))

    assert rest is not None
    assert list(run.devices) == names[:METRICS_LISTED_MAX]
    assert [*run.devices, *rest.metrics] == names
    assert (rest.total, rest.next, run.metrics) == (COUNT, None, 1)
    assert RunView(store, run.summary).devices == run.devices | rest.metrics
