"""Many runs compared by their parameters: what varies, columns, importance."""

from __future__ import annotations

import math
import random
from typing import Any

import numpy as np
import pytest

from mltrack_core import records
from mltrack_server.analysis import importance as weighing
from mltrack_server.analysis.features import BINS
from mltrack_server.analysis.features import feature
from mltrack_server.errors import QueryInvalid
from mltrack_server.query.cells import Cells
from mltrack_server.resources import ColumnQuery
from mltrack_server.resources import ImportanceQuery
from mltrack_server.store import Store

RUNS = 120


def fill(store: Store, make_log: Any, runs: int) -> None:
    """Store runs whose loss is that of their learning rate and, a little, of their optimizer."""
    chosen = random.Random(5)
    logs = []
    for number in range(runs):
        lr = 10 ** chosen.uniform(-5, -1)
        optimizer = chosen.choice(["adam", "sgd", "lion"])
        log = make_log(name=f"run {number}", time_ns=1_000_000_000 + number)
        params: dict[str, records.ParamValue] = {
            "lr": lr,
            "optimizer": optimizer,
            "noise": chosen.random(),
            "kind": "small",
            "folder": f"/runs/{number}",
        }
        if number % 3:
            params["warmup"] = number % 2 == 0
        log.add(records.Params(1, "", params))
        log.add(records.Params(1, "git", {"commit": f"{number}"}))
        loss = (math.log10(lr) + 3) ** 2 + 0.5 * (optimizer == "sgd")
        log.add(records.Scalars(1, 0, {"val/loss": math.nan if number == 7 else loss}))
        logs.append(log)
    store.apply([log.batch() for log in logs])


@pytest.fixture
def sweep(store: Store, make_log: Any) -> Store:
    """Return a store with a sweep."""
    fill(store, make_log, RUNS)
    return store


def test_what_varies_are_the_parameters_that_tell_runs_apart(sweep: Store) -> None:
    """Those all have first; constants and facts are none of them; a filter narrows the runs."""
    index = sweep.varying(project="mnist")
    found = {each.key: (each.distinct, each.runs, each.is_number) for each in index.keys}

    assert index.runs == RUNS
    assert [each.key for each in index.keys][-1] == "params.warmup"
    assert found["params.lr"] == (RUNS, RUNS, True)
    assert found["params.optimizer"] == (3, RUNS, False)
    assert found["params.warmup"] == (2, RUNS - RUNS // 3, False)
    assert "params.kind" not in found
    adam = sweep.varying(project="mnist", q="params.optimizer = adam", limit=2)
    assert [each.key for each in adam.keys] == ["params.folder", "params.lr"]
    assert adam.has_more
    with pytest.raises(QueryInvalid):
        sweep.varying(project=None, q="and")


def test_columns_hold_what_lists_of_runs_hold(sweep: Store) -> None:
    """The newest run first; a missing value is null, one that is no number is said to be one."""
    asked = ColumnQuery(
        project="mnist", keys='params.lr,params.warmup,metrics["val/loss"].min,state,metrics.gone'
    )
    answer = sweep.columns(asked)
    listed = sweep.runs(project="mnist", limit=1000).runs

    assert answer.ids == [run.id for run in listed]
    assert answer.names == [run.name for run in listed]
    lr, warmup, loss, state, gone = answer.columns
    assert lr.values == [run.params["lr"] for run in listed]
    assert warmup.values == [run.params.get("warmup") for run in listed]
    assert gone.values == [None] * RUNS
    assert set(state.values) == {"running"}
    assert loss.key == "metrics.val/loss.min"
    last = sweep.columns(ColumnQuery(project="mnist", keys="metrics.val/loss", limit=RUNS - 7))
    assert (last.columns[0].values[-1], last.columns[0].nonfinite) == ("NaN", [RUNS - 8])
    assert last.total == RUNS


def test_columns_follow_a_query_and_name_keys_that_no_run_has(sweep: Store) -> None:
    """As a list of runs does."""
    answer = sweep.columns(ColumnQuery(project="mnist", q="params.lrr < 1", keys=""))

    assert (answer.ids, answer.total) == ([], 0)
    assert [(each.key, each.nearest) for each in answer.unknown] == [("params.lrr", "params.lr")]
    with pytest.raises(QueryInvalid):
        sweep.columns(ColumnQuery(keys="params"))


def test_importance_finds_what_the_result_was_made_of(sweep: Store) -> None:
    """What decides comes first, what does a little second, and noise amounts to nothing."""
    answer = sweep.importance(ImportanceQuery(project="mnist", of="metrics.val/loss"))
    by_key = {each.key: each for each in answer.parameters}

    assert (answer.verdict, answer.used, answer.left_out) == ("known", RUNS - 1, 1)
    assert [each.key for each in answer.parameters[:2]] == ["params.lr", "params.optimizer"]
    assert by_key["params.lr"].low > 0.15
    assert by_key["params.lr"].low <= by_key["params.lr"].importance <= by_key["params.lr"].high
    assert abs(by_key["params.noise"].importance) < 0.05
    assert abs(by_key["params.lr"].correlation or 1) < 0.2  # it is best in the middle
    assert "params.kind" not in by_key
    assert "params.folder" not in by_key  # a text of each run's own
    assert by_key["params.optimizer"].correlation is None
    assert by_key["params.warmup"].runs == pytest.approx(RUNS * 2 / 3, abs=2)
    assert answer.explained is not None
    assert 0.5 < answer.explained <= 1
    again = sweep.importance(ImportanceQuery(project="mnist", of="metrics.val/loss"))
    assert again == answer


@pytest.mark.parametrize(
    ("q", "of", "keys", "verdict"),
    [
        ('name in ["run 1", "run 2"]', "metrics.val/loss", "", "too_few_runs"),
        ("", "metrics.gone", "", "too_few_runs"),
        ("", "metrics.val/loss.count", "", "always_the_same"),
        ("", "metrics.val/loss", "params.kind", "nothing_varies"),
    ],
)
def test_what_cannot_be_told_is_not_told(
    sweep: Store, q: str, of: str, keys: str, verdict: str
) -> None:
    """A plain sentence instead of numbers that mean nothing."""
    answer = sweep.importance(ImportanceQuery(project="mnist", q=q, of=of, keys=keys))

    assert answer.verdict == verdict
    assert answer.detail.endswith(".")
    assert (answer.parameters, answer.explained) == ([], None)


@pytest.mark.parametrize("of", ["", "params", "params.lr,params.noise"])
def test_importance_is_of_one_key(sweep: Store, of: str) -> None:
    """Anything else is refused."""
    with pytest.raises(QueryInvalid):
        sweep.importance(ImportanceQuery(of=of))


def test_many_runs_are_drawn_from(monkeypatch: pytest.MonkeyPatch, sweep: Store) -> None:
    """The answer says of how many it is."""
    monkeypatch.setattr(weighing, "RUNS_USED_MAX", 40)
    monkeypatch.setattr(weighing, "FEATURES_MAX", 2)

    answer = sweep.importance(ImportanceQuery(project="mnist", of="metrics.val/loss"))

    assert (answer.runs, answer.used) == (RUNS - 1, 40)
    assert len(answer.parameters) == 2
    assert answer.has_more


@pytest.mark.parametrize("count", [5, 15, 16, 500])
def test_codes_grow_with_the_numbers(count: int) -> None:
    """However many there are, and none is that of a missing value."""
    cells = Cells(count + 1)
    numbers = [float(number**2) for number in range(count)]
    cells.put(np.arange(count), numbers)

    made = feature(cells, np.arange(count + 1))

    assert made is not None
    codes = made.codes.tolist()
    assert codes[-1] == 0
    assert codes[:-1] == sorted(codes[:-1])
    assert (codes[0], max(codes) < BINS, made.distinct) == (1, True, count)
    assert len(set(codes[:-1])) == min(count, BINS - 1)


def test_many_kinds_share_the_last_code() -> None:
    """The most frequent keep codes of their own; numbers among texts are kinds too."""
    cells = Cells(100)
    cells.put(np.arange(100), [*(["a"] * 30), *(["b"] * 20), *range(10), *(["c"] * 40)])

    made = feature(cells, np.arange(100))

    assert made is not None
    assert not made.is_ordered
    assert made.codes[[0, 30, 99]].tolist() == [2, 3, 1]
    assert made.codes.max() < BINS


@pytest.mark.parametrize("values", [[1.0] * 30, [None] * 30, [f"/runs/{n}" for n in range(30)]])
def test_what_tells_nothing_is_no_feature(values: list[Any]) -> None:
    """One value for all runs, none at all, or a text of each run's own."""
    cells = Cells(30)
    cells.put(np.arange(30), values)

    assert feature(cells, np.arange(30)) is None


def test_one_run_that_diverged_does_not_hide_the_others() -> None:
    """A result of 1e300 is one place in the order, no more."""
    chance = np.random.default_rng(3)
    cells = [Cells(100), Cells(100)]
    columns = chance.random((2, 100))
    for each, column in zip(cells, columns, strict=True):
        each.put(np.arange(100), column.tolist())
    features = [made for each in cells if (made := feature(each, np.arange(100)))]
    target = columns[0].copy()
    target[9] = 1e300

    weights = weighing.weigh(features, target).weights

    assert weights[0].low > 0.5
    assert abs(weights[1].importance) < 0.05
    assert weights[0].correlation is not None
    assert weights[0].correlation > 0.9
