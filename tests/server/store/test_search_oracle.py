"""Searching: the columns answer what a plain look at each run answers, whatever is asked."""

from __future__ import annotations

import functools
import math
import random
from dataclasses import dataclass
from dataclasses import field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core import records
from mltrack_core.records import ParamValue
from mltrack_server.query.keys import more_is_better
from mltrack_server.query.parser import parse_order
from mltrack_server.query.tree import Ago
from mltrack_server.query.tree import And
from mltrack_server.query.tree import Compare
from mltrack_server.query.tree import Duration
from mltrack_server.query.tree import Exists
from mltrack_server.query.tree import Has
from mltrack_server.query.tree import In
from mltrack_server.query.tree import Key
from mltrack_server.query.tree import Moment
from mltrack_server.query.tree import Node
from mltrack_server.query.tree import Not
from mltrack_server.query.tree import Or
from mltrack_server.query.tree import Words
from mltrack_server.query.writing import write
from mltrack_server.resources import RunEdit
from mltrack_server.resources import RunSummary
from mltrack_server.store import Store

NOW_NS = 1_800_000_000 * 10**9
HOUR_NS = 3600 * 10**9
ATTRIBUTES = {
    "attempts", "dropped", "exit_code", "framework", "group", "host", "id", "name", "notes",
    "parent", "project", "reason", "records", "signal", "tags", "user",
}  # fmt: skip
NONFINITE = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}

# ---- the plain look at each run ----


def value_of(run: RunSummary, key: Key) -> Any:
    """Return what a run has in a key; None where it has nothing."""
    if key.place == "params":
        value: Any = run.params.get(key.name)
        if key.name in run.nonfinite_params:
            parts = value if isinstance(value, list) else [value]
            exact = [NONFINITE.get(v, v) if isinstance(v, str) else v for v in parts]
            value = exact if isinstance(value, list) else exact[0]
        return value
    if key.place == "metrics":
        metric = run.metrics.get(key.name)
        if metric is None:
            return None
        last = NONFINITE.get(metric.last, metric.last)  # type: ignore[arg-type]
        best = metric.max if more_is_better(key.name) else metric.min
        return {
            "last": last, "min": metric.min, "max": metric.max, "best": best,
            "count": metric.count, "nonfinite": metric.nonfinite, "step": metric.last_step,
        }[key.statistic]  # fmt: skip
    if key.name in ATTRIBUTES:
        found = getattr(run, key.name)
        return None if found in ("", []) else found
    end_ns = NOW_NS if run.state == "running" else run.heard_ns
    return {
        "archived": run.archived,
        "state": run.state,
        "created": run.started_ns,
        "ended": run.ended_ns,
        "heard": run.heard_ns,
        "duration": max(0, (run.ended_ns or end_ns) - run.started_ns),
    }[key.name]


def is_number(value: object) -> bool:
    """Tell whether a value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def equals(value: Any, wanted: Any) -> bool:
    """Tell whether a value is what a query wants."""
    if wanted is None:
        return value is None
    if isinstance(wanted, Moment):
        start = wanted.start_ms * 10**6
        return value is not None and start <= value < start + wanted.length_ms * 10**6
    if isinstance(wanted, Ago):
        return bool(value == NOW_NS + wanted.ms * 10**6)
    if isinstance(wanted, Duration):
        return bool(value == wanted.ms * 10**6)
    if is_number(wanted) and math.isnan(wanted):
        return isinstance(value, float) and math.isnan(value)
    if is_number(wanted) != is_number(value) or isinstance(value, list):
        return False
    return type(wanted) is type(value) or is_number(value) if value == wanted else False


def is_less(value: Any, wanted: Any, *, or_equal: bool) -> bool:
    """Tell whether a value is less than what a query names."""
    if isinstance(wanted, Moment):
        end = wanted.start_ms + (wanted.length_ms if or_equal else 0)
        return value is not None and value < end * 10**6
    if isinstance(wanted, Ago):
        wanted = NOW_NS + wanted.ms * 10**6
    if isinstance(wanted, Duration):
        wanted = wanted.ms * 10**6
    if not (is_number(value) and is_number(wanted)) and not (
        isinstance(value, str) and isinstance(wanted, str)
    ):
        return False
    return bool(value <= wanted if or_equal else value < wanted)


def is_greater(value: Any, wanted: Any, *, or_equal: bool) -> bool:
    """Tell whether a value is greater than what a query names."""
    if value is None or (is_number(value) and math.isnan(value)):
        return False
    if is_number(wanted) and math.isnan(wanted):
        return False
    if is_number(value) != isinstance(wanted, int | float | Moment | Ago | Duration):
        return False
    if not isinstance(value, str) and not is_number(value):
        return False
    return not is_less(value, wanted, or_equal=not or_equal)


def contains(value: Any, text: str) -> bool:
    """Tell whether a text, or one of a list, contains *text*."""
    values = value if isinstance(value, list) else [value]
    return any(isinstance(each, str) and text.casefold() in each.casefold() for each in values)


def holds(node: Node, run: RunSummary) -> bool:
    """Tell whether a query holds for one run."""
    match node:
        case And(terms):
            return all(holds(term, run) for term in terms)
        case Or(terms):
            return any(holds(term, run) for term in terms)
        case Not(term):
            return not holds(term, run)
        case Words(text):
            return contains([run.name, *run.tags, run.notes], text)
        case Exists(key):
            return value_of(run, key) is not None
        case Has(key, wanted):
            value = value_of(run, key)
            return isinstance(value, list) and any(equals(each, wanted) for each in value)
        case In(key, values, is_negated):
            value = value_of(run, key)
            is_in = any(equals(value, wanted) for wanted in values)
            return (value is not None and not is_in) if is_negated else is_in
        case Compare(key, operator, wanted):
            value = value_of(run, key)
            match operator:
                case "=":
                    return equals(value, wanted)
                case "!=":
                    return value is not None and not equals(value, wanted)
                case "~":
                    return contains(value, str(wanted))
                case "<" | "<=":
                    return is_less(value, wanted, or_equal=operator == "<=")
                case _:
                    return is_greater(value, wanted, or_equal=operator == ">=")


def in_order(runs: list[RunSummary], sort: str) -> list[RunSummary]:
    """Return *runs* sorted, by pairwise comparison."""
    orders = parse_order(sort)

    def rank(value: Any) -> int:
        if value is None:
            return 9
        if isinstance(value, bool):
            return 0
        if is_number(value):
            return 2 if math.isnan(value) else 1
        return 3 if isinstance(value, str) else 4

    def compare(left: RunSummary, right: RunSummary) -> int:
        for order in orders:
            mine, theirs = value_of(left, order.key), value_of(right, order.key)
            ranks = rank(mine), rank(theirs)
            if ranks[0] != ranks[1]:
                # Descending turns the kinds round, but nothing and NaN stay behind.
                swapped = order.is_descending and 9 not in ranks and set(ranks) != {1, 2}
                return (-1 if ranks[0] < ranks[1] else 1) * (-1 if swapped else 1)
            if ranks[0] in (2, 9) or mine == theirs:
                continue
            if ranks[0] == 4:
                mine, theirs = str(mine), str(theirs)
            return (-1 if mine < theirs else 1) * (-1 if order.is_descending else 1)
        newer = (left.started_ns, left.id) > (right.started_ns, right.id)
        return -1 if newer else 1

    return sorted(runs, key=functools.cmp_to_key(compare))


# ---- runs of every kind ----

VALUES: list[ParamValue] = [
    None, True, False, 0, 1, -1, 0.5, 1.0, -0.0, math.nan, math.inf, -math.inf, 2**53, 2**53 + 1,
    2**63 - 1, -(2**53) - 1, 1e-3, "", "adam", "Adam", "adamw", "1", "true", "ß", "SS", "zebra",
    [], [1, 2], [True], ["adam", None], [math.nan], [1.0, "x"],
]  # fmt: skip
METRICS = [0.5, -0.5, 0.25, math.nan, math.inf, -math.inf, 2**53 + 1, 7, -0.0, 1e300]
TEXTS = ["", "adam", "ADAM", "a", "s", "1", "base", "%", "_", "x"]


def populate(store: Store, make_log: Any, chosen: random.Random, count: int) -> list[Any]:
    """Fill *store* with runs that have something of everything, and often nothing."""
    logs = []
    for number in range(count):
        log = make_log(
            time_ns=NOW_NS - chosen.randrange(50) * HOUR_NS,
            name=chosen.choice(["brave-fox", "Brave-Fox", "calm-otter", "base line"]),
            project=chosen.choice(["mnist", "mnist", "cifar"]),
            user=chosen.choice(["", "ada", "grace"]),
            group=chosen.choice(["", "sweep"]),
            tags=chosen.sample(["baseline", "Big", "x_y", "100%"], chosen.randrange(3)),
            notes=chosen.choice(["", "first try", "Base of all"]),
        )
        for namespace, key in [
            ("", "a"), ("", "b.c"), ("", "odd key"), ("keras", "b"), ("keras.b", "c"), ("git", "x"),
        ]:  # fmt: skip
            if chosen.random() < 0.7:
                log.add(records.Params(1, namespace, {key: chosen.choice(VALUES)}))
        for step in range(chosen.randrange(4)):
            names = chosen.sample(["loss", "val/acc", "odd name", "x.max"], 2)
            log.add(records.Scalars(1, step, {name: chosen.choice(METRICS) for name in names}))
        if chosen.random() < 0.5:
            state: Any = chosen.choice(["finished", "failed"])
            ended_ns = NOW_NS - chosen.randrange(50) * HOUR_NS
            log.add(records.RunEnded(ended_ns, state, exit_code=number % 2))
        logs.append(log)
    store.apply([log.batch() for log in logs])
    return logs


@dataclass(frozen=True)
class Crowd:
    """A store, and what rows say of its runs, put away or not."""

    store: Store
    runs: list[RunSummary] = field(repr=False)


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory, make_log: Any) -> Any:
    """Return a store with 80 runs; some of them silent."""
    now = [NOW_NS - HOUR_NS]
    path = tmp_path_factory.mktemp("crowd") / "store.sqlite3"
    with Store(f"sqlite:///{path}", clock_ns=lambda: now[0]) as store:
        chosen = random.Random(7)
        populate(store, make_log, chosen, 40)
        now[0] = NOW_NS
        populate(store, make_log, chosen, 40)
        for run in store.runs(limit=10).runs[::3]:
            store.edit(run.id, RunEdit(name="edited", tags=["ADAM"], archived=True))
        kept = store.runs(limit=1000).runs
        yield Crowd(store, kept + store.runs(q="archived = true", limit=1000).runs)


any_keys = st.sampled_from(
    [Key("params", name) for name in ("a", "b.c", "odd key", "keras.b", "keras.b.c", "none")]
)
metric_keys = st.builds(
    Key,
    st.just("metrics"),
    st.sampled_from(["loss", "val/acc", "odd name", "x.max", "none"]),
    st.sampled_from(["last", "min", "max", "best", "count", "nonfinite", "step"]),
)
text_keys = st.sampled_from(
    [Key("attribute", name) for name in ("name", "user", "host", "group", "notes", "reason", "id")]
)
time_keys = st.sampled_from([Key("attribute", name) for name in ("created", "ended", "heard")])
count_keys = st.sampled_from(
    [Key("attribute", name) for name in ("attempts", "records", "exit_code", "dropped", "signal")]
)
DURATION, STATE, TAGS, ARCHIVED = (
    Key("attribute", name) for name in ("duration", "state", "tags", "archived")
)
operators = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
equalities = st.sampled_from(["=", "!="])
scalars = st.sampled_from([value for value in VALUES if not isinstance(value, list)])
ordered = st.sampled_from(
    [v for v in VALUES if isinstance(v, int | float | str) and not isinstance(v, bool)]
)
metric_values = st.sampled_from(METRICS)
hours = st.integers(-60, 1).map(lambda hour: hour * 3_600_000)
times = st.one_of(hours.map(Ago), hours.map(lambda ms: Moment(NOW_NS // 10**6 + ms, 60_000)))
states = st.sampled_from(["running", "finished", "failed", "silent"])
texts = st.sampled_from(TEXTS)
leaves = st.one_of(
    st.builds(Compare, any_keys, operators, ordered),
    st.builds(Compare, any_keys, equalities, scalars),
    st.builds(Compare, st.one_of(any_keys, text_keys, st.just(TAGS)), st.just("~"), texts),
    st.builds(Compare, metric_keys, operators, metric_values),
    st.builds(Compare, metric_keys, equalities, st.none()),
    st.builds(Compare, text_keys, operators, st.sampled_from(["adam", "ada", "brave-fox", "b"])),
    st.builds(Compare, st.one_of(text_keys, st.just(TAGS)), equalities, st.none()),
    st.builds(Compare, time_keys, operators, times),
    st.builds(Compare, count_keys, operators, st.sampled_from([0, 1, 3, 5.5])),
    st.builds(Compare, st.just(DURATION), operators, hours.map(abs).map(Duration)),
    st.builds(Compare, st.just(STATE), equalities, states),
    st.builds(Compare, st.just(ARCHIVED), equalities, st.booleans()),
    st.builds(In, any_keys, st.lists(scalars, max_size=3).map(tuple), st.booleans()),
    st.builds(In, metric_keys, st.lists(metric_values, max_size=3).map(tuple), st.booleans()),
    st.builds(In, st.just(STATE), st.lists(states, max_size=3).map(tuple), st.booleans()),
    st.builds(Has, any_keys, scalars),
    st.builds(Has, st.just(TAGS), st.sampled_from(["baseline", "big", "ADAM"])),
    st.builds(Exists, st.one_of(any_keys, metric_keys, text_keys)),
    st.builds(Words, texts),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: And(tuple(terms))),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=6,
)
sorts = st.lists(
    st.sampled_from([
        "params.a", "-params.a", "params.b.c", "-params.keras.b.c", "metrics.loss.min",
        "-metrics.loss", "metrics.val/acc.best", "name", "-name", "created", "tags", "-state",
        "duration", "-params.none", "archived",
    ]),
    max_size=3,
).map(",".join)  # fmt: skip


@pytest.mark.slow
@settings(max_examples=150)
@given(tree=trees, sort=sorts)
def test_columns_answer_what_a_plain_look_answers(crowd: Crowd, tree: Node, sort: str) -> None:
    """Whatever the query and the order: the same runs in the same order, all of them counted."""
    is_about_archived = "archived" in write(tree)
    expected = [
        run for run in crowd.runs if holds(tree, run) and (is_about_archived or not run.archived)
    ]

    page = crowd.store.runs(q=write(tree), sort=sort, limit=1000, fields="")

    assert page.total == len(expected)
    assert [run.id for run in page.runs] == [run.id for run in in_order(expected, sort)]


@pytest.mark.slow
@settings(max_examples=30)
@given(tree=trees, sort=sorts, limit=st.integers(1, 30))
def test_pages_of_a_sorted_list_hold_each_run_once(
    crowd: Crowd, tree: Node, sort: str, limit: int
) -> None:
    """However long the pages are, together they are the list."""
    whole = [
        run.id for run in crowd.store.runs(q=write(tree), sort=sort, limit=1000, fields="").runs
    ]

    seen: list[str] = []
    cursor = None
    while True:
        page = crowd.store.runs(q=write(tree), sort=sort, limit=limit, cursor=cursor, fields="")
        seen += [run.id for run in page.runs]
        cursor = page.next
        if cursor is None:
            break

    assert seen == whole


def test_what_changes_is_seen_at_once(store: Store, make_log: Any) -> None:
    """After each change of a few runs the columns say what a store opened anew says."""
    chosen = random.Random(3)
    queries = [
        ("params.a >= 0 or metrics.loss < 1", "-metrics.loss,params.a"),
        ('name ~ "fox" and not tags has "Big"', "params.b.c,-created"),
        ("has metrics.val/acc", "metrics.val/acc.max"),
    ]

    def answers(of: Store) -> list[list[str]]:
        return [[run.id for run in of.runs(q=q, sort=s, limit=1000).runs] for q, s in queries]

    logs = populate(store, make_log, chosen, 10)
    for _ in range(8):
        for log in chosen.sample(logs, 3):
            start = len(log.frames)
            log.add(
                records.Params(1, "", {"a": chosen.choice(VALUES)}),
                records.Scalars(1, 9, {"loss": chosen.choice(METRICS), "val/acc": 0.5}),
            )
            store.apply([log.batch(start)])
        logs += populate(store, make_log, chosen, 2)
        store.edit(chosen.choice(logs).run, RunEdit(name=chosen.choice(["fox", "cat"])))
        remembered = answers(store)
        with Store(store.url) as fresh:
            assert answers(fresh) == remembered
    assert any(remembered)
