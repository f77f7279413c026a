"""What lists keep of runs that do not change: never older than the run, and bounded."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Connection
from sqlalchemy import event

from mltrack_core import records
from mltrack_server.errors import StoreFull
from mltrack_server.query.fields import ALL
from mltrack_server.resources import RunEdit
from mltrack_server.resources import RunList
from mltrack_server.store import Store
from mltrack_server.store.search.contents import Asked
from mltrack_server.store.search.contents import Content
from mltrack_server.store.search.contents import Contents


def losses(listed: RunList) -> dict[str, Any]:
    """Return what each listed run has for its loss."""
    return {run.id: run.metrics["loss"].last for run in listed.runs if "loss" in run.metrics}


def statements(store: Store) -> list[str]:
    """Return a list of what is asked of the database from now on."""
    said: list[str] = []
    assert store._read_engine is not None
    event.listen(
        store._read_engine, "before_cursor_execute", lambda *about: said.append(str(about[2]))
    )
    return said


def test_only_runs_that_have_changed_are_read_again(store: Store, make_log: Any) -> None:
    """Of thousands of runs in a list a few go on; the others cost no parameter and no metric."""
    logs = [make_log().scalars(range(1), loss=number) for number in range(5)]
    store.apply([log.batch() for log in logs])
    first = store.runs()

    said = statements(store)
    assert store.runs() == first
    assert not [one for one in said if "FROM param" in one or "FROM series" in one]

    logs[2].scalars(range(1, 2), loss=100).add(records.Params(9, "", {"lr": 0.1}))
    store.apply([logs[2].batch(2)])
    second = store.runs()

    changed = {run.id: run for run in second.runs}[logs[2].run]
    assert losses(second) == {**losses(first), logs[2].run: 101}
    assert changed.params == {"lr": 0.1}


def test_what_a_list_asks_for_is_what_it_gets(store: Store, make_log: Any) -> None:
    """A list of fewer fields, or of more runs at once, takes nothing from another list."""
    logs = [make_log().scalars(range(1), loss=1.0, accuracy=0.5) for _ in range(3)]
    for log in logs:
        log.add(records.Params(1, "", {"lr": 0.1}))
    store.apply([log.batch() for log in logs])

    for _ in range(2):
        assert all(not run.metrics and not run.params for run in store.runs(fields="").runs)
        assert all(set(run.metrics) == {"loss"} for run in store.runs(fields="metrics.loss").runs)
        for run in store.runs().runs:
            assert (set(run.metrics), run.params) == ({"loss", "accuracy"}, {"lr": 0.1})


def test_an_edit_that_was_not_committed_leaves_nothing(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next change has the same revision as the edit had, and is what lists show."""
    log = make_log().scalars(range(1), loss=1)
    store.apply([log.batch()])
    writing = store._writing

    @contextlib.contextmanager
    def full() -> Iterator[Connection]:
        with writing() as connection:
            yield connection
            raise StoreFull("here", "no space")

    monkeypatch.setattr(store, "_writing", full)
    with pytest.raises(StoreFull):
        store.edit(log.run, RunEdit(name="another"))
    monkeypatch.undo()
    log.scalars(range(1, 2), loss=6)
    store.apply([log.batch(2)])

    assert losses(store.runs()) == {log.run: 7}


def test_what_is_kept_is_bounded() -> None:
    """Whatever is listed, the contents used longest ago go first."""
    contents = Contents(cells_max=100)
    content = Content(
        framework="", params={"lr": 1}, nonfinite_params=[], metrics={}, has_more_metrics=False
    )
    asked = [Asked(rid, ALL, 1000) for rid in range(50)]
    for one in asked:
        contents.put(one, 1, content)
        contents.put(one, 2, content)
        contents.get(asked[0], 2)

    known = [one.rid for one in asked if contents.get(one, 2) is not None]

    assert known == [0, *range(50 - 100 // content.cells + 1, 50)]
    assert contents.get(asked[-1], 1) is None
