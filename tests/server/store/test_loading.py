"""Columns of the run table as they come out of the store, read either way."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Scalars
from mltrack_server.store import Store
from mltrack_server.store.keys import rid_of
from mltrack_server.store.search import loading
from mltrack_server.store.search.loading import Scope

VALUES: tuple[ParamValue, ...] = (
    0.1,
    -0.0,
    5e-324,
    1.7976931348623157e308,
    float("nan"),
    float("-inf"),
    7,
    2**53 + 1,
    -(2**63),
    True,
    None,
    "",
    'a, "b", 1]',
    "nul \0, and \ufdd0",
    "long " * 40,
    ["adam", 3, 2.5],
)


def plain(found: loading.Found) -> dict[int, str]:
    """Return what each run has in a way that tells NaN, -0.0 and types apart."""
    return {rid: repr(value) for rid, value in zip(*found, strict=True)}


def scopes(logs: list[Any]) -> list[Scope]:
    """Return the same runs by project and one by one."""
    return [Scope("mnist"), Scope(None), Scope("mnist", [rid_of(log.run) for log in logs])]


def test_every_value_is_read_as_it_was_recorded(store: Store, make_log: Any) -> None:
    """Many at a time or by run: numbers are exact, and no text ends another one's."""
    logs = [make_log(project="mnist").add(Params(1, "", {"p": value})) for value in VALUES]
    store.apply([log.batch() for log in logs])
    expected = {rid_of(log.run): repr(value) for log, value in zip(logs, VALUES, strict=True)}

    with store._reading() as connection:
        read = [loading.params(connection, scope, ["p"])["p"] for scope in scopes(logs)]

    assert [plain(found) for found in read] == [expected] * 3


def test_the_last_namespace_counts(store: Store, make_log: Any) -> None:
    """A name may stand for several pairs of namespace and key; each run has one value of it."""
    logs = [make_log(project="mnist") for _ in range(3)]
    logs[0].add(Params(1, "", {"a.b": "own"}), Params(1, "a", {"b": 1}))
    logs[1].add(Params(1, "", {"a.b": "own"}))
    logs[2].add(Params(1, "a", {"b": 2.5}))
    store.apply([log.batch() for log in logs])
    expected = dict(zip((rid_of(log.run) for log in logs), ("1", "'own'", "2.5"), strict=True))

    with store._reading() as connection:
        read = [loading.params(connection, scope, ["a.b"])["a.b"] for scope in scopes(logs)]

    assert [plain(found) for found in read] == [expected] * 3


@pytest.mark.parametrize("others", [1, 40])
def test_a_project_is_read_alone_or_among_others(store: Store, make_log: Any, others: int) -> None:
    """Whether its runs are few or most of the store, they alone are in its table."""
    for number in range(2 + others):
        log = make_log(project="mnist" if number < 2 else "other", name=f"run-{number}")
        log.add(Params(1, "", {"lr": 0.5}), Scalars(1, 0, {"loss": float(number)}))
        store.apply([log.batch()])

    found = store.runs(project="mnist", q="params.lr = 0.5", sort="-metrics.loss")

    assert [run.name for run in found.runs] == ["run-1", "run-0"]
    assert found.total == 2
    assert store.runs(project="other", q="metrics.loss >= 2").total == others
