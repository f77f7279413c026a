"""Columns of the run table that are loaded beside it, while others go on using it."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection

from mltrack_core.records import Params
from mltrack_server.resources import ImportanceQuery
from mltrack_server.resources import RunEdit
from mltrack_server.store import Store
from mltrack_server.store.search import catalogue
from mltrack_server.store.search import filling
from mltrack_server.store.search import loading
from mltrack_server.store.search import runtable
from mltrack_server.store.search.loading import Scope
from mltrack_server.testing import WAIT_S

Fill = Callable[..., None]


class Gate:
    """Stands in for `filling.fill`: whole columns wait in it until they may be read."""

    def __init__(self, fill: Fill) -> None:
        self._fill = fill
        self.is_reached, self.may_go = threading.Event(), threading.Event()

    def __call__(self, connection: Connection, scope: Scope, *rest: Any) -> None:
        """Read what is asked for; a whole column when it may."""
        if scope.rids is None:
            self.is_reached.set()
            assert self.may_go.wait(WAIT_S)
        self._fill(connection, scope, *rest)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> Iterator[Gate]:
    """Give what whole columns wait in."""
    gate = Gate(filling.fill)
    monkeypatch.setattr(filling, "fill", gate)
    yield gate
    gate.may_go.set()


@contextlib.contextmanager
def asking(store: Store, query: str) -> Iterator[list[str]]:
    """Ask for runs in a thread while the context lasts; give the list that they end up in."""
    found: list[str] = []
    thread = threading.Thread(target=lambda: found.extend(ids(store, query)))
    thread.start()
    yield found
    thread.join(WAIT_S)
    assert not thread.is_alive()


def ids(store: Store, query: str) -> list[str]:
    """Return the runs that *query* holds for."""
    return [run.id for run in store.runs(project="mnist", q=query).runs]


def lr(log: Any, value: float) -> Any:
    """Append a parameter."""
    return log.add(Params(1, "", {"lr": value}))


def test_nobody_waits_for_a_column_that_another_query_loads(
    store: Store, make_log: Any, gate: Gate
) -> None:
    """While one query loads a column, one that does not need it is answered."""
    log = lr(make_log(), 0.1)
    store.apply([log.batch()])
    assert store.runs(project="mnist", sort="created").total == 1

    with asking(store, "params.lr = 0.1") as found:
        assert gate.is_reached.wait(WAIT_S)
        assert ids(store, "state = running or state = silent") == [log.run]
        assert found == []
        gate.may_go.set()

    assert found == [log.run]


def test_what_changes_while_a_column_is_loaded_is_in_it(
    store: Store, make_log: Any, gate: Gate
) -> None:
    """A run that is new, changed, deleted or edited meanwhile is shown as it is by then."""
    logs = [lr(make_log(time_ns=number), 0.1) for number in range(4)]
    store.apply([log.batch() for log in logs])
    assert store.runs(project="mnist", sort="created").total == 4

    with asking(store, "params.lr = 0.1") as found:
        assert gate.is_reached.wait(WAIT_S)
        lr(logs[0], 0.2)
        fresh = lr(make_log(time_ns=9), 0.1)
        store.apply([logs[0].batch(2), fresh.batch()])
        store.delete(logs[1].run)
        store.edit(logs[2].run, RunEdit(archived=True))
        assert store.runs(project="mnist", sort="created").total == 3
        gate.may_go.set()

    assert found == [fresh.run, logs[3].run] == ids(store, "params.lr = 0.1")
    assert ids(store, "params.lr = 0.2") == [logs[0].run]


def test_a_table_that_is_read_anew_meanwhile_drops_the_column(
    store: Store, make_log: Any, gate: Gate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its rows are other ones by then, and the column is read again."""
    monkeypatch.setattr(runtable, "_RELOAD_MIN", 0)
    logs = [lr(make_log(time_ns=number), 0.1) for number in range(4)]
    store.apply([log.batch() for log in logs[:2]])
    assert store.runs(project="mnist", sort="created").total == 2

    with asking(store, "params.lr = 0.1") as found:
        assert gate.is_reached.wait(WAIT_S)
        store.apply([log.batch() for log in logs[2:]])
        assert store.runs(project="mnist", sort="created").total == 4
        gate.may_go.set()

    assert found == [log.run for log in reversed(logs)]


def test_the_table_of_the_newest_project_is_warm(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After `warm` a word is searched without reading anything but what has changed."""
    store.apply([make_log(project="mnist", name="brave-fox").batch()])
    store.warm()
    read: list[Scope] = []

    def note(_: Connection, scope: Scope, *_rest: Any) -> None:
        read.append(scope)

    for module in (filling, runtable):
        monkeypatch.setattr(module, "fill", note)

    assert store.runs(project="mnist", q="brave").total == 1
    assert read == []


def test_an_empty_store_has_nothing_to_warm(store: Store) -> None:
    """There is no project yet."""
    store.warm()

    assert store.runs(q="brave").total == 0


class Stop:
    """Stands in for a function that reads for long: calls wait in it until they may go on."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self._function = function
        self.is_reached, self.may_go = threading.Event(), threading.Event()

    def __call__(self, *arguments: Any) -> Any:
        """Wait, then do what the function does."""
        self.is_reached.set()
        assert self.may_go.wait(WAIT_S)
        return self._function(*arguments)


@pytest.mark.parametrize(
    ("module", "name", "ask"),
    [
        (catalogue, "read", lambda store: store.keys(project="mnist")),
        (catalogue, "read", lambda store: store.runs(project="mnist", q="params.typo = 1")),
        (filling, "fill", lambda store: store.varying(project="mnist")),
        (
            filling,
            "fill",
            lambda store: store.importance(
                ImportanceQuery(project="mnist", of="metrics.loss", keys="params.lr")
            ),
        ),
        (loading, "base", lambda store: store.runs(project="mnist", q="state != failed")),
    ],
    ids=["keys", "nearest", "varying", "importance", "reload"],
)
def test_nobody_waits_for_what_takes_long(
    store: Store,
    make_log: Any,
    monkeypatch: pytest.MonkeyPatch,
    module: Any,
    name: str,
    ask: Callable[[Store], Any],
) -> None:
    """While one asks for keys, for importance, or after much has changed, others are answered."""
    logs = [lr(make_log(), number).scalars(range(2), loss=number) for number in range(30)]
    other = make_log(project="cifar")
    store.apply([other.batch(), *(log.batch() for log in logs[:10])])
    for project in ("mnist", "cifar"):
        assert store.runs(project=project, sort="created").total in (1, 10)
    monkeypatch.setattr(runtable, "_RELOAD_MIN", 0)
    store.apply([log.batch() for log in logs[10:]])
    assert store.runs(project="cifar", sort="created").total == 1
    if module is not loading:
        assert store.runs(project="mnist", sort="created").total == 30
    stop = Stop(getattr(module, name))
    monkeypatch.setattr(module, name, stop)
    answers: list[Any] = []

    thread = threading.Thread(target=lambda: answers.append(ask(store)))
    thread.start()
    try:
        assert stop.is_reached.wait(WAIT_S)
        assert store.runs(project="cifar", sort="created").total == 1
        assert answers == []
    finally:
        stop.may_go.set()
        thread.join(WAIT_S)

    assert not thread.is_alive()
    assert answers == [ask(store)]
