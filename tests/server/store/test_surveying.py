"""Surveying: keys, values, completions and groups of runs."""

from __future__ import annotations

import random
import statistics
from typing import Any

import pytest

from mltrack_core import records
from mltrack_server.errors import QueryInvalid
from mltrack_server.resources import GroupQuery
from mltrack_server.store import Store


@pytest.fixture
def sweep(store: Store, make_log: Any) -> Store:
    """Return a store with 12 runs of three optimizers, tagged by halves."""
    logs = []
    for number in range(12):
        log = make_log(tags=["half"] * (number % 2) + ["all"])
        optimizer = ("adam", "adamw", "sgd")[number % 3]
        log.add(records.Params(1, "", {"optimizer": optimizer, "lr": 0.1 / (number // 6 + 1)}))
        log.add(records.Params(1, "git", {"commit": "abc"}))
        log.add(records.Scalars(1, 0, {"val/loss": float(number**3), "odd name": 1}))
        logs.append(log)
    logs[0].add(records.Params(1, "", {"warmup": [1, 2]}))
    logs[1].add(records.Params(1, "", {"warmup": "auto"}))
    store.apply([log.batch() for log in logs])
    return store


def test_keys_are_what_runs_have(sweep: Store) -> None:
    """Parameters, facts, metrics and attributes, as they are written, with their types."""
    index = sweep.keys(project="mnist")
    found = {key.key: (key.kinds, key.runs) for key in index.keys}

    assert index.runs == 12
    assert found["params.lr"] == (["number"], 12)
    assert found["params.warmup"] == (["list", "text"], 2)
    assert found["facts.git.commit"] == (["text"], 12)
    assert found['metrics["odd name"]'] == (["number"], 12)
    assert found["created"] == (["time"], 12)
    assert [key.key for key in sweep.keys(project="mnist", match="LOSS").keys] == [
        "metrics.val/loss"
    ]
    assert sweep.keys(project="mnist", match="lr", limit=1).keys[0].key == "params.lr"
    assert {key.runs for key in sweep.keys(project="none").keys} == {0}


def test_values_are_counted(sweep: Store) -> None:
    """The most frequent first; of lists what is in them."""
    values = sweep.values(project="mnist", key="params.optimizer", match="adam")
    tags = sweep.values(project=None, key="tags")
    warmup = sweep.values(project=None, key="params.warmup")

    assert sorted((each.value, each.text, each.runs) for each in values.values) == [
        ("adam", '"adam"', 4),
        ("adamw", '"adamw"', 4),
    ]
    assert [(each.value, each.runs) for each in tags.values] == [("all", 12), ("half", 6)]
    assert {(each.text, each.runs) for each in warmup.values} == {("1", 1), ("2", 1), ('"auto"', 1)}
    assert warmup.missing == 10
    with pytest.raises(QueryInvalid):
        sweep.values(project=None, key="optimizer")


@pytest.mark.parametrize(
    ("query", "start", "first"),
    [
        ("params.op", 0, "params.optimizer"),
        ("has lo", 4, "metrics.val/loss"),
        ("params.optimizer ", 17, "="),
        ("params.seed < ", 14, None),
        ("params.optimizer = sg", 19, '"sgd"'),
        ('params.optimizer in ["adam", "s', 29, '"sgd"'),
        ("tags has ha", 9, '"half"'),
        ("state = fai", 8, "failed"),
        ("created > ", 10, "-1h"),
        ("archived = ", 11, "false"),
    ],
)
def test_a_query_is_completed(sweep: Store, query: str, start: int, first: str | None) -> None:
    """Each suggestion, put in its place, goes on with the query."""
    completion = sweep.complete(project="mnist", q=query)

    assert (completion.start, completion.end) == (start, len(query))
    assert [each.text for each in completion.suggestions[:1]] == ([first] if first else [])


def test_groups_are_over_all_runs(sweep: Store) -> None:
    """Counts, means and deviations of each group, and a query that leads to its runs."""
    query = GroupQuery(
        project="mnist",
        q="tags has all",
        by="params.optimizer,params.lr",
        of="metrics.val/loss.min",
    )

    answer = sweep.grouped(query)

    assert (answer.total, answer.runs) == (6, 12)
    for group in answer.groups:
        runs = sweep.runs(q=f"{query.q} and {group.q}").runs
        losses = [float(run.metrics["val/loss"].min or 0) for run in runs]
        amount = group.aggregates["metrics.val/loss.min"]
        assert len(runs) == group.runs == amount.count == 2
        assert (amount.min, amount.max) == (min(losses), max(losses))
        assert amount.mean == pytest.approx(statistics.mean(losses))
        assert amount.sd == pytest.approx(statistics.stdev(losses))


def test_groups_tell_kinds_apart(store: Store, make_log: Any) -> None:
    """1, true, "1", NaN, a list and large integers are groups of their own; null is nothing."""
    values: list[Any] = [1, 1.0, True, "1", None, 2**53, 2**53 + 1, float("nan"), float("nan"), [1]]
    chosen = random.Random(1)
    logs = [make_log().add(records.Params(1, "", {"a": value})) for value in values]
    chosen.shuffle(logs)
    store.apply([log.batch() for log in [*logs, make_log()]])

    answer = store.grouped(GroupQuery(by="params.a", of="params.a"))

    sizes = {group.q: group.runs for group in answer.groups}
    assert sizes == {
        "params.a = 1": 2, "params.a = nan": 2, "params.a = null": 2, "params.a = true": 1,
        'params.a = "1"': 1, "params.a = 9007199254740992": 1, "params.a = 9007199254740993": 1,
        "params.a has 1": 1,
    }  # fmt: skip
    for wrong in ("created", "", "a,b,c,d,e"):
        with pytest.raises(QueryInvalid):
            store.grouped(GroupQuery(by=wrong))


def test_an_unknown_key_has_a_near_one(sweep: Store) -> None:
    """What was perhaps meant is said, in the error and beside a list that is empty for it."""
    page = sweep.runs(project="mnist", q="params.optimiser = adam")
    assert [unknown.nearest for unknown in page.unknown] == ["params.optimizer"]

    with pytest.raises(QueryInvalid) as raised:
        sweep.runs(project="mnist", q="lr < 1")
    assert raised.value.nearest == "params.lr"
