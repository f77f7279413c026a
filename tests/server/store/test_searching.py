"""Searching: pages, what is remembered and let go, and what people change of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mltrack_core import records
from mltrack_server.errors import QueryInvalid
from mltrack_server.resources import RunEdit
from mltrack_server.store import Store
from mltrack_server.store.search import runtable


def test_a_page_goes_on_where_the_last_one_ended_though_runs_changed(
    store: Store, make_log: Any
) -> None:
    """A run that is new, or whose last value grew, moves no other run to another page."""
    logs = [make_log(time_ns=n).scalars(range(1), loss=n) for n in range(9)]
    store.apply([log.batch() for log in logs])
    first = store.runs(sort="-metrics.loss", limit=3)
    assert [run.id for run in first.runs] == [log.run for log in logs[:5:-1]]

    logs[6].scalars(range(1, 2), loss=100)  # the run that the cursor stands for
    store.apply([logs[6].batch(2), make_log(time_ns=99).scalars(range(1), loss=50).batch()])
    rest = store.runs(sort="-metrics.loss", limit=100, cursor=first.next)

    assert [run.id for run in rest.runs] == [log.run for log in logs[5::-1]]


def test_a_cursor_of_another_list_is_refused(store: Store, make_log: Any) -> None:
    """A cursor belongs to an order; one that was made up belongs to none."""
    store.apply([make_log(notes="n" * 1000).scalars(range(1), loss=n).batch() for n in range(3)])
    cursor = store.runs(sort="metrics.loss", limit=1).next

    for sort, wrong in [
        ("-metrics.loss", cursor),
        ("notes", cursor),
        ("notes", "AAAA"),
        ("", cursor),
    ]:
        with pytest.raises(ValueError, match="cursor"):
            store.runs(sort=sort, q="has notes", cursor=wrong)
    by_notes = store.runs(sort="notes,metrics.loss", limit=1)
    assert by_notes.next is not None
    assert len(by_notes.next) < 300  # a long value is not carried along
    assert store.runs(sort="notes,metrics.loss", cursor=by_notes.next).total == 3
    assert len(store.runs(sort="notes,metrics.loss", cursor=by_notes.next).runs) == 2


def test_columns_used_long_ago_are_let_go(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, whatever is asked for; a column that went is simply read again."""
    logs = [make_log(project=f"p{n % 3}") for n in range(30)]
    for n, log in enumerate(logs):
        log.add(records.Params(1, "", {f"k{key}": f"{n} and so on" for key in range(20)}))
    store.apply([log.batch() for log in logs])
    monkeypatch.setattr(store._tables, "_bytes_max", 40_000)

    for _ in range(2):
        for key in range(20):
            assert store.runs(project=f"p{key % 3}", q=f"params.k{key} ~ and").total == 10
            assert store._tables.nbytes <= 40_000 + 10 * runtable._ROW_BYTES


def test_a_run_that_is_gone_from_the_tables_is_not_shown(store: Store, make_log: Any) -> None:
    """A row deleted by whatever means disappears with the next change of the store."""
    logs = [make_log() for _ in range(3)]
    store.apply([log.batch() for log in logs])
    assert store.runs(sort="name").total == 3
    with store._writing() as connection:
        connection.exec_driver_sql(f"DELETE FROM run WHERE uid = '{logs[0].run}'")
    store.apply([make_log().batch()])

    assert {run.id for run in store.runs(sort="name").runs} & {logs[0].run} == set()
    assert store.runs(sort="name").total == 3


def test_a_run_that_moves_to_another_project_moves_here_too(store: Store, make_log: Any) -> None:
    """What an agent says first is corrected by the trainer; so is the project's table."""
    log = make_log(role="agent", project="default", rank=3)
    store.apply([log.batch(), make_log(project="default").batch()])
    assert store.runs(project="default", sort="name").total == 2

    store.apply([make_log(log.run, project="mnist").batch()])

    assert store.runs(project="default", sort="name").total == 1
    assert [run.id for run in store.runs(project="mnist", sort="name").runs] == [log.run]


def test_keys_that_no_run_has_are_named(store: Store, make_log: Any) -> None:
    """A mistyped key is no error, since runs to come may have it; but it is said."""
    store.apply([make_log().add(records.Params(1, "", {"learning_rate": 0.1})).batch()])

    page = store.runs(q="params.learning_rat < 1 or metrics.los > 0 or params.learning_rate = 0")

    assert [unknown.key for unknown in page.unknown] == ["params.learning_rat", "metrics.los"]
    with pytest.raises(QueryInvalid, match=r"no key `learning_rate`"):
        store.runs(q="learning_rate < 1")


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("params.lrr", "params.lr"),
        ("config.lrr", "params.lr"),
        ("params.weight_decai", "params.weight_decay"),
        ("metrics.val/los.min", "metrics.val/loss"),
        ("metrics.lr", "params.lr"),
        ("params.zz", ""),
        ("metrics.acc", ""),
    ],
)
def test_the_key_that_was_perhaps_meant_is_offered(
    store: Store, make_log: Any, typed: str, meant: str
) -> None:
    """A typo finds its key whatever statistic is behind it, and a name like no other finds none."""
    log = make_log().add(records.Params(1, "", {"lr": 0.1, "weight_decay": 0.0}))
    store.apply([log.scalars(range(1), **{"val/loss": 0.0}).batch()])

    (unknown,) = store.runs(q=f"has {typed}").unknown

    assert unknown.nearest == meant


# ---- what people change ----


def test_an_edit_outlives_what_the_run_says_later(url: str, make_log: Any) -> None:
    """A person's name, tags, notes and group stay, however often the first record arrives."""
    log = make_log(name="brave-fox", tags=["a"], notes="why", group="sweep")
    with Store(url) as store:
        store.apply([log.batch()])
        before = store.rev()
        change = RunEdit(
            name="the good one", tags=["keep", "paper"], notes="because", group="final"
        )
        edited = store.edit(log.run, change)
        assert edited is not None
        assert store.rev() == before + 1
        store.apply([make_log(log.run, name="brave-fox", tags=["b"]).batch()])  # a further stream
        store.apply([log.batch()])
    with Store(url) as store:
        (run,) = store.runs(q='tags has "paper" and name = "the good one" and because').runs
        assert (run.name, run.tags, run.notes) == ("the good one", ["keep", "paper"], "because")
        assert run.edited == ["group", "name", "notes", "tags"]
        assert store.runs(q='group = "final"').total == 1
        assert store.runs(q='group = "sweep"').total == 0

        reverted = store.edit(log.run, RunEdit(name=None, tags=None))
        assert reverted is not None
        assert (reverted.name, reverted.tags, reverted.notes) == ("brave-fox", ["b"], "because")
        store.edit(log.run, RunEdit(group=""))
        assert store.runs(q="group = null").total == 1
        assert store.edit("0" * 32, change) is None


def test_a_run_put_away_is_left_out_unless_asked_for(store: Store, make_log: Any) -> None:
    """It stays whole; lists leave it out, and say so in their total."""
    logs = [make_log() for _ in range(3)]
    store.apply([log.batch() for log in logs])
    store.edit(logs[1].run, RunEdit(archived=True))

    assert store.runs().total == store.runs(sort="name").total == 2
    assert [run.id for run in store.runs(q="archived = true").runs] == [logs[1].run]
    assert store.runs(q="archived in [true, false]").total == 3
    assert store.run(logs[1].run) is not None


def test_fields_keep_lists_small(store: Store, make_log: Any) -> None:
    """A list holds of each run what was asked for, however much the run has."""
    log = make_log()
    log.add(records.Params(1, "", {"lr": 0.1, "opt.name": "adam", "opt.lr": 1}))
    log.add(records.Params(1, "keras.opt", {"lr": 0.2}))
    log.add(records.Scalars(1, 0, {f"m/{n}": n for n in range(3000)}))
    store.apply([log.batch()])

    def listed(fields: str | None) -> tuple[list[str], int, bool]:
        (run,) = store.runs(fields=fields).runs
        return sorted(run.params), len(run.metrics), run.has_more_metrics

    assert listed(None) == (["keras.opt.lr", "lr", "opt.lr", "opt.name"], 1000, True)
    assert listed("") == ([], 0, False)
    assert listed("params.keras.opt.lr,params.lr,metrics.m/7") == (["keras.opt.lr", "lr"], 1, False)
    assert listed("params.opt.*,metrics.m/29*") == (["opt.lr", "opt.name"], 111, False)


def test_a_store_of_before_has_the_notes_it_was_started_with(
    url: str, tmp_path: Path, make_log: Any, as_of_version: Any
) -> None:
    """Stores made before runs could be edited are brought up to date, nothing lost."""
    log = make_log(notes="why I ran this")
    with Store(url) as store:
        store.apply([log.batch()])
    old = f"sqlite:///{tmp_path}/old.sqlite3"
    as_of_version("0005", url, old)

    with Store(old) as store:
        (run,) = store.runs(q="ran").runs

    assert (run.notes, run.archived, run.edited) == ("why I ran this", False, [])
