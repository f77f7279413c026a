"""SQLite and PostgreSQL give the same answers, whatever is recorded, changed and asked."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from typing import Final

import msgspec
import pytest
from hypothesis import HealthCheck
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core.records import Params
from mltrack_core.records import Record
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import Scalars
from mltrack_server.errors import RunDeleted
from mltrack_server.resources import GroupQuery
from mltrack_server.resources import MetricNameQuery
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import RunEdit
from mltrack_server.resources import SeriesQuery
from mltrack_server.store import Store
from mltrack_server.store.search import runtables
from mltrack_server.testing import Agent
from mltrack_server.testing import started
from mltrack_server.testing.cluster import Cluster

NOW_NS: Final = 1_800_000_000 * 10**9
METRICS: Final = ("loss", "val/acc", "LOSS", "ä_%")
TEXTS: Final = ("adam", "Adam", "ä", "", "a\0b", "🦊", "10", "%_\\")
RUNS_MAX: Final = 4

names = st.sampled_from(TEXTS)
numbers = st.one_of(st.floats(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))
values = st.one_of(st.none(), st.booleans(), numbers, names, st.lists(names, max_size=2))
points = st.builds(
    Scalars,
    st.integers(0, 10**10),
    st.integers(0, 40),
    st.dictionaries(st.sampled_from(METRICS), numbers, min_size=1),
)
params = st.builds(
    Params, st.just(1), st.just(""), st.dictionaries(st.sampled_from(("lr", "o.name")), values)
)
ends = st.builds(RunEnded, st.just(NOW_NS), st.sampled_from(("finished", "failed")), names)
logged: st.SearchStrategy[Record] = st.one_of(
    points, points, params, st.builds(Rewind, st.just(5), st.integers(0, 20)), ends
)
edits = st.builds(
    RunEdit,
    name=st.sampled_from((msgspec.UNSET, None, "Adam", "ä")),
    tags=st.sampled_from((msgspec.UNSET, None, [], ["best", "ä"])),
    group=st.sampled_from((msgspec.UNSET, None, "", "sweep")),
    archived=st.booleans(),
)
numbered = st.integers(0, RUNS_MAX - 1)
operations = st.lists(
    st.one_of(
        st.tuples(st.just("log"), numbered, st.lists(logged, min_size=1, max_size=8)),
        st.tuples(st.just("fold"), numbered, st.none()),
        st.tuples(st.just("edit"), numbered, edits),
        st.tuples(st.just("delete"), numbered, st.none()),
        st.tuples(st.just("undelete"), numbered, st.none()),
    ),
    min_size=1,
    max_size=12,
)
QUERIES: Final = (
    "", "loss", "ä", "params.lr < 1", "not params.lr = 1", "params.o.name ~ adam",
    'params.o.name in ["adam", "ä"]', "metrics.loss.min <= 0 or metrics.loss.nonfinite > 0",
    'metrics["ä_%"].count > 1', "tags has best", "archived = true", "state = finished",
    "has metrics.LOSS", "params.lr = nan", "params.lrr > 1",
)  # fmt: skip
SORTS: Final = ("", "name", "-params.lr", "params.o.name,-metrics.loss.max", "-step", "notes")


@dataclass
class Pair:
    """One store on each database, and what both are told."""

    stores: tuple[Store, Store]
    numbers: Iterator[int]

    def ask(self, method: str, *given: Any, **named: Any) -> Any:
        """Return what both stores answer, which is the same; a refusal is an answer."""

        def answer(store: Store) -> Any:
            try:
                return msgspec.to_builtins(getattr(store, method)(*given, **named))
            except RunDeleted as refusal:
                return str(refusal)

        one, other = map(answer, self.stores)
        assert repr(one) == repr(other)  # NaN is equal to NaN here
        return one

    def ask_points(self, run: str, name: str) -> None:
        """Compare the exact points of a series."""
        one, other = (store.points(run, name) for store in self.stores)
        assert repr(one and one.history(name)) == repr(other and other.history(name))


@pytest.fixture(scope="module")
def pair(postgres: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    """Give two stores that all examples share, each in a project of its own."""
    folder: Path = tmp_path_factory.mktemp("same")
    with (
        pytest.MonkeyPatch.context() as patch,
        postgres.database() as url,
        Store(f"sqlite:///{folder}/s.sqlite3", clock_ns=lambda: NOW_NS) as one,
        Store(url, clock_ns=lambda: NOW_NS, blobs=folder / "blobs") as other,
    ):
        # Else which keys there are is known as of some moments ago, longer ago in a slow store.
        patch.setattr(runtables, "_CATALOGUE_SHARE", 0)
        yield Pair((one, other), itertools.count())


@settings(
    max_examples=40,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(told=operations, asked=st.lists(st.sampled_from(QUERIES), min_size=2, max_size=4))
def test_both_databases_give_the_same_answers(
    pair: Pair, told: list[tuple[str, int, Any]], asked: list[str]
) -> None:
    """After any operations every read of one store is, bit by bit, that of the other."""
    project = f"p{next(pair.numbers)}"
    agents = [Agent() for _ in range(RUNS_MAX)]
    first = [started(project=project, name=TEXTS[n], time_ns=n // 2) for n in range(RUNS_MAX)]
    pair.ask("apply", [a.batch(0, r) for a, r in zip(agents, first, strict=True)])
    seqs = [1] * RUNS_MAX
    for operation, number, what in told:
        run = agents[number].run
        if operation == "log":
            pair.ask("apply", [agents[number].batch(seqs[number], *what)])
            seqs[number] += len(what)
        else:
            pair.ask(operation, run, *(() if what is None else (what,)))
        pair.ask("runs", project=project, q=asked[0], sort=SORTS[number])

    for q, sort in itertools.product(asked, SORTS):
        page = pair.ask("runs", project=project, q=q, sort=sort, limit=2)
        if page["next"] is not None:
            pair.ask("runs", project=project, q=q, sort=sort, limit=2, cursor=page["next"])
    by = "params.o.name,state"
    pair.ask("grouped", GroupQuery(project=project, by=by, of="metrics.loss"))
    pair.ask("keys", project=project)
    pair.ask("values", project=project, key="params.o.name")
    for agent in agents:
        _same_run(pair, agent.run)


def _same_run(pair: Pair, run: str) -> None:
    """Ask both for everything of a run."""
    pair.ask("run", run)
    pair.ask("marks", run)
    for search in ("", "LOSS", "%", "Ä"):
        pair.ask("metrics", run, MetricQuery(search=search))
        pair.ask("metric_names", run, MetricNameQuery(search=search))
    for name in METRICS:
        pair.ask_points(run, name)
    for start, buckets in ((None, 7), (10, 1600)):
        drawn = SeriesQuery(runs=[run], names=list(METRICS), start=start, buckets=buckets)
        pair.ask("series", drawn)
