"""Runs of very many metrics: the first ones with the run, all of them page by page."""

from __future__ import annotations

import time
from typing import Any
from typing import NamedTuple

import msgspec
import pytest
from sqlalchemy import event

from mltrack.reading.run import RunView
from mltrack_core.records import Devices
from mltrack_core.records import Scalars
from mltrack_server.resources import METRICS_LISTED_MAX
from mltrack_server.resources import MetricNameQuery
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import SeriesQuery
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


def test_ten_thousand_metrics_cost_a_page_what_the_first_of_them_do(
    store: Store, make_log: Any
) -> None:
    """What a run's page asks for at first: as many statements as of ten, as much as of a thousand.

    Costs are compared with each other, never with a clock's limit.
    """
    names = [f"layer{number}/grad_norm" for number in range(10_000)]
    logs = {count: make_log() for count in (10, METRICS_LISTED_MAX + 1, 10_000)}
    for count, log in logs.items():
        for start in range(0, count, 1000):
            some = names[start : min(start + 1000, count)]
            log.add(Scalars(1, start, dict.fromkeys(some, 1.0)))
        store.apply([log.batch()])
        assert store.fold(log.run)

    few, listed, many = (page_cost(store, log.run, names[:10]) for log in logs.values())

    assert many.statements == listed.statements <= few.statements + 2  # how many there are more
    assert many.answer_bytes < 1.1 * listed.answer_bytes
    assert many.cpu_s < 4 * listed.cpu_s  # it is about as much: ten times the rows would be ten


class Cost(NamedTuple):
    """What it takes to answer."""

    statements: int
    answer_bytes: int
    cpu_s: float


def page_cost(store: Store, run: str, drawn: list[str]) -> Cost:
    """Ask for what a run's page shows first: the run, a page of metrics, and ten charts."""
    statements = 0
    engine = store._read_engine
    assert engine is not None

    def count(*_: object) -> None:
        nonlocal statements
        statements += 1

    def ask() -> int:
        page = store.metrics(run, MetricQuery(limit=50))
        charts = store.series(SeriesQuery(runs=[run], names=drawn, buckets=300))
        return len(msgspec.json.encode([store.run(run), page])) + len(charts)

    ask()  # so that caches are as warm for the first run as for the last
    event.listen(engine, "before_cursor_execute", count)
    answer_bytes = ask()
    event.remove(engine, "before_cursor_execute", count)
    costs_s = []
    for _ in range(5):
        began_s = time.process_time()
        ask()
        costs_s.append(time.process_time() - began_s)
    return Cost(statements, answer_bytes, min(costs_s))
