"""Rules of a project: what does not keep to them is kept, and said."""

from __future__ import annotations

import time
from typing import Any

import pytest

from mltrack_server.errors import RulesInvalid
from mltrack_server.resources import DevicePrice
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.store import Store


def patterns(*given: str, project: str = "mnist") -> RulesEdit:
    """Return the wish that metrics are named so."""
    return RulesEdit(project=project, metrics=list(given))


def misnamed(store: Store, run: str) -> list[str]:
    """Return the names that are said to be wrong, having checked that all ways say so."""
    page = store.metrics(run, MetricQuery(misnamed=True))
    whole = store.run(run)
    assert page is not None
    assert whole is not None
    assert page.total == whole.misnamed == len(page.metrics)
    return list(page.metrics)


@pytest.mark.parametrize(
    ("pattern", "fitting", "others"),
    [
        ("train/*", ["train/loss", "train/", "train/a/b"], ["trainloss", "xtrain/loss", "Train/l"]),
        ("*/loss", ["val/loss", "/loss"], ["val/loss2", "loss", "val/Loss"]),
        ("lr", ["lr"], ["lr2", "LR", "l"]),
        ("a*b*c", ["abc", "a/b/c", "abbcc"], ["acb", "ab", "abcd"]),
        ("what?", ["what?"], ["whats", "what"]),
        ("x[0]", ["x[0]"], ["x0", "x[1]"]),
        ("50%_\\", ["50%_\\"], ["50 _\\", "50%a\\", "50%_"]),
        ("größe*", ["größe/1"], ["groesse", "GRÖSSE"]),
    ],
)
def test_only_the_star_means_something(
    store: Store, make_log: Any, pattern: str, fitting: list[str], others: list[str]
) -> None:
    """What is special to a database is a plain character, and capitals count, in both of them."""
    log = make_log().scalars(range(2), **dict.fromkeys([*fitting, *others], 1.0))
    store.apply([log.batch()])

    store.set_rules(patterns(pattern))

    assert misnamed(store, log.run) == others


def test_a_misnamed_metric_is_kept_and_its_run_is_found(store: Store, make_log: Any) -> None:
    """Rules refuse nothing, hold for the runs that came before them, and for none elsewhere."""
    good = make_log().scalars(range(3), **{"train/loss": 0.0, "lr": 1.0})
    bad = make_log().scalars(range(3), **{"train/loss": 0.0, "loss": 1.0, "LR": 1.0})
    other = make_log(project="cifar").scalars(range(3), loss=0.0)
    store.apply([log.batch() for log in (good, bad, other)])
    assert store.runs(q="has misnamed").runs == []

    rules = store.set_rules(patterns("train/*", "lr"))
    late = make_log().scalars(range(3), late=0.0)
    store.apply([late.batch()])

    assert (rules.version, rules.runs, rules.misnamed_runs) == (1, 2, 1)
    assert misnamed(store, bad.run) == ["loss", "LR"]
    assert misnamed(store, good.run) == misnamed(store, other.run) == []
    assert [run.id for run in store.runs(q="misnamed > 0", sort="-misnamed").runs] == [
        bad.run,
        late.run,
    ]
    assert [run.id for run in store.runs(q="misnamed = 0", project="mnist").runs] == [good.run]
    points = store.points(bad.run, "LR")
    assert points is not None
    assert points.value.tolist() == [1.0, 2.0, 3.0]


def test_new_rules_hold_at_once_and_old_ones_can_be_read(
    store: Store, make_log: Any, clock: Any
) -> None:
    """A list that was narrowed before is right after a change, and nothing is overwritten."""
    log = make_log().scalars(range(3), loss=0.0, acc=0.0)
    store.apply([log.batch()])
    store.set_rules(patterns("loss"))
    assert [run.id for run in store.runs(q="misnamed = 1").runs] == [log.run]
    before = store.rev()
    clock.now_ns += 10**9

    store.set_rules(patterns("loss", "a*"))

    assert [change.id for change in store.changes(before).changes] == [log.run]
    assert [run.id for run in store.runs(q="misnamed = 0").runs] == [log.run]
    first, second = (store.rules("mnist", version) for version in (1, None))
    assert first is not None
    assert second is not None
    assert (first.metrics, first.misnamed_runs) == (["loss"], 1)
    assert (second.version, second.metrics) == (2, ["loss", "a*"])
    assert second.set_ns == clock.now_ns
    assert store.rules("mnist", 3) is None


def test_the_same_rules_again_are_no_new_version(store: Store) -> None:
    """Who sets rules in a script at each start does not fill the store with them."""
    store.set_rules(patterns("loss", project="not yet there"))

    again = store.set_rules(patterns("loss", project="not yet there"))

    assert (again.version, again.runs) == (1, 0)
    assert store.set_rules(patterns(project="not yet there")).metrics == []


@pytest.mark.parametrize(
    ("given", "at"),
    [
        (["loss", "loss"], "metrics[1]"),
        (["loss\n"], "metrics[0]"),
        ([" loss"], "metrics[0]"),
        (["a", "b\0"], "metrics[1]"),
    ],
)
def test_rules_that_make_no_sense_are_refused(store: Store, given: list[str], at: str) -> None:
    """The message names the pattern; the rules before stay."""
    store.set_rules(patterns("loss"))

    with pytest.raises(RulesInvalid) as refused:
        store.set_rules(patterns(*given))

    assert refused.value.at == at
    rules = store.rules("mnist")
    assert rules is not None
    assert rules.metrics == ["loss"]


def test_a_pattern_of_many_stars_costs_little(store: Store, make_log: Any) -> None:
    """What makes regular expressions run for years is a second of processor time here at most."""
    names = {"a" * 1000 + str(number): 0.0 for number in range(20)}
    log = make_log().scalars(range(1), **names)
    store.apply([log.batch()])
    began_s = time.process_time()

    store.set_rules(patterns("*a" * 127 + "b"))

    assert len(misnamed(store, log.run)) == len(names)
    assert time.process_time() - began_s < 10


def test_prices_are_rules_as_the_others_are(store: Store) -> None:
    """In versions, and refused where they make no sense."""
    prices = [DevicePrice(device="*A100*", per_hour=1.9)]

    store.set_rules(RulesEdit(project="p", prices=prices, currency="EUR"))
    store.set_rules(RulesEdit(project="p", metrics=["loss"]))
    now = store.set_rules(RulesEdit(project="p", prices=[]))

    first = store.rules("p", 1)
    assert first is not None
    assert (first.prices, first.currency, now.prices, now.version) == (prices, "EUR", [], 3)
    for change, at in (
        (RulesEdit(project="p", prices=[*prices, *prices]), "prices[1].device"),
        (RulesEdit(project="p", prices=[DevicePrice(device=" x", per_hour=1)]), "prices[0].device"),
        (
            RulesEdit(project="p", prices=[DevicePrice(device="x", per_hour=float("nan"))]),
            "prices[0].per_hour",
        ),
        (RulesEdit(project="p", currency="E\n"), "currency"),
    ):
        with pytest.raises(RulesInvalid) as caught:
            store.set_rules(change)
        assert caught.value.at == at
