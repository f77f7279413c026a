"""The filter language: what is understood, what is refused and where, and that both are bounded."""

from __future__ import annotations

import math
import pickle
import time

import pytest
from hypothesis import example
from hypothesis import given
from hypothesis import strategies as st

from mltrack_server.errors import QueryInvalid
from mltrack_server.query import keys
from mltrack_server.query.parser import DEPTH_MAX
from mltrack_server.query.parser import TERMS_MAX
from mltrack_server.query.parser import VALUES_MAX
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_fields
from mltrack_server.query.parser import parse_order
from mltrack_server.query.tokens import LENGTH_MAX
from mltrack_server.query.tree import STATISTICS
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

LR = Key("params", "lr")
ACCURACY = Key("metrics", "val/acc", "max")
NAME, STATE, TAGS, CREATED, DURATION = (
    Key("attribute", name) for name in ("name", "state", "tags", "created", "duration")
)
DAY_MS = 86_400_000


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", And(())),
        ("params.lr < 1e-3", Compare(LR, "<", 0.001)),
        ("config.lr<1e-3", Compare(LR, "<", 0.001)),
        ("params['lr'] == 3", Compare(LR, "=", 3)),
        ("params.lr = nan", Compare(LR, "=", math.nan)),
        ("params.lr != -inf", Compare(LR, "!=", -math.inf)),
        ("params.lr = null", Compare(LR, "=", None)),
        ("params.lr = TRUE", Compare(LR, "=", True)),
        ("params.lr = adam", Compare(LR, "=", "adam")),
        ('params.lr = "3"', Compare(LR, "=", "3")),
        ("name = 3", Compare(NAME, "=", "3")),
        ("name ~ null", Compare(NAME, "~", "null")),
        ("metrics.val/acc.max >= .9", Compare(ACCURACY, ">=", 0.9)),
        ("metrics.val/acc > 0", Compare(Key("metrics", "val/acc"), ">", 0)),
        ('metrics["odd name"].last <= 1', Compare(Key("metrics", "odd name"), "<=", 1)),
        ('metrics["a.max"].min < 1', Compare(Key("metrics", "a.max", "min"), "<", 1)),
        ("facts.git.commit ~ abc", Compare(Key("facts", "git.commit"), "~", "abc")),
        ("tags has baseline", Has(TAGS, "baseline")),
        ("has params.lr", Exists(LR)),
        ("status = running", Compare(STATE, "=", "running")),
        ("created > -7d", Compare(CREATED, ">", Ago(-7 * DAY_MS))),
        ("created > now() - 7d", Compare(CREATED, ">", Ago(-7 * DAY_MS))),
        ("started < now()", Compare(CREATED, "<", Ago(0))),
        ("created = 1970-01-02", Compare(CREATED, "=", Moment(DAY_MS, DAY_MS))),
        ("created = 1970-02", Compare(CREATED, "=", Moment(31 * DAY_MS, 28 * DAY_MS))),
        ("created > 1970-01-01T02:00+02:00", Compare(CREATED, ">", Moment(0, 60_000))),
        ("duration > 1h30m", Compare(DURATION, ">", Duration(5_400_000))),
        ("duration > 0.5", Compare(DURATION, ">", Duration(500))),
        ("params.lr in [1, 'a', null]", In(LR, (1, "a", None))),
        ("params.lr not in []", In(LR, (), True)),
        ("resnet-50", Words("resnet-50")),
        ('"vit" in name', Compare(NAME, "~", "vit")),
        ("a b", And((Words("a"), Words("b")))),
        ("not a or b and c", Or((Not(Words("a")), And((Words("b"), Words("c")))))),
        ("(a or b) c", And((Or((Words("a"), Words("b"))), Words("c")))),
        ("a AND NOT (b)", And((Words("a"), Not(Words("b"))))),
        ("tags not has x", Not(Has(TAGS, "x"))),
    ],
)
def test_what_is_understood(query: str, tree: Node) -> None:
    """Each form of the language means one tree, and is written so that it means it again."""
    assert repr(parse(query)) == repr(tree)  # NaN is not equal to itself
    assert repr(parse(write(tree))) == repr(tree)


def test_the_query_of_the_design() -> None:
    """The example that the language was made for."""
    query = (
        "params.lr < 1e-3 and (metrics.val/acc.max >= 0.9 or tags has 'baseline') "
        "and not state = failed"
    )

    assert parse(query) == And(
        (
            Compare(LR, "<", 0.001),
            Or((Compare(ACCURACY, ">=", 0.9), Has(TAGS, "baseline"))),
            Not(Compare(STATE, "=", "failed")),
        )
    )


def test_keys_to_sort_by_and_fields() -> None:
    """A minus sign sorts downwards; a star stands for the rest of a name."""
    orders = parse_order('-metrics.val/loss.min, params.lr,-metrics["a, b"]')
    fields = parse_fields("params.lr, name, metrics.val/*, config.opt.*")

    assert [(keys.write(order.key), order.is_descending) for order in orders] == [
        ("metrics.val/loss.min", True),
        ("params.lr", False),
        ('metrics["a, b"]', True),
    ]
    assert (fields.params, fields.metrics) == (("lr", "opt.*"), ("val/*",))
    assert parse_fields("metrics").metrics == ("*",)


@pytest.mark.parametrize(
    ("query", "start", "end", "said"),
    [
        ("lr < 1", 0, 2, "do you mean params.lr"),
        ("created > -1d and params.lrr", 28, 28, "comparison is missing"),
        ("stat = x", 0, 4, "do you mean state"),
        ("state = succes", 8, 14, "states are running"),
        ("params.lr <", 11, 11, "a value is missing"),
        ("params.lr < params.max_lr", 12, 25, "not a key"),
        ("params.lr < 1e", 12, 14, "is no number"),
        ("params.lr < null", 12, 16, "neither less nor greater"),
        ("metrics.loss = good", 15, 19, "is no number"),
        ("metrics.loss.mean < 1", 0, 17, "not mean"),
        ('metrics["loss"].mean < 1', 15, 20, "not kept"),
        ("metrics.loss ~ 1", 13, 14, "contains no text"),
        ("tags = x", 5, 6, "is a list"),
        ("tags in [x]", 5, 7, "is a list"),
        ("state > running", 6, 7, "has no order"),
        ("name has x", 5, 8, "is no list"),
        ("created > 7d", 10, 12, "write -7d"),
        ("created > yesterday", 10, 19, "is no time"),
        ("created > 2026-02-30", 10, 20, "day"),
        ("created > 1066-10-14", 10, 20, "years are 1970"),
        ("duration > soon", 11, 15, "is no duration"),
        ("duration > 99999999d", 11, 20, "hundred years"),
        ("archived = 1", 11, 12, "true or false"),
        ("(a", 2, 2, "not closed"),
        ("a)", 1, 2, "never opened"),
        ("a and", 5, 5, "a condition is missing"),
        ("or a", 0, 2, "stands between"),
        ("a && b", 2, 4, "expected: and"),
        ("!a", 0, 1, "expected: not"),
        ('"abc', 0, 4, "does not end"),
        ('"\\x41"', 1, 3, "backslash"),
        ('"\\ud800"', 0, 8, "half characters"),
        ("a\0b", 0, 3, "only be in quotes"),
        ('"val/loss" < 1', 0, 10, "the key stands on the left"),
        ("params.lr in 3", 13, 14, "in brackets"),
        ("params.lr in [1 2]", 16, 17, "a comma"),
        ("params.lr not 3", 14, 15, "before `in` or `has`"),
        ("facts.weather.sun = 1", 0, 17, "facts are of"),
        ("params[lr] = 1", 7, 9, "in quotes"),
        ('params["lr" = 1', 12, 13, "not closed"),
    ],
)
def test_mistakes_are_pointed_at(query: str, start: int, end: int, said: str) -> None:
    """The error says which characters are wrong, why, and what was perhaps meant."""
    with pytest.raises(QueryInvalid) as raised:
        parse(query, ["params.lr", "metrics.val/loss"])

    error = raised.value
    assert (error.start, error.end) == (start, end)
    assert said in error.detail
    assert f"Character {start + 1}" in error.detail
    assert str(error).endswith("^")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


@pytest.mark.parametrize(
    "query",
    [
        "a " * (LENGTH_MAX // 2 + 1),
        "(" * (DEPTH_MAX + 1),
        "not " * (DEPTH_MAX + 1) + "a",
        "a " * (TERMS_MAX + 1),
        f"params.a in [{'1,' * VALUES_MAX}1]",
        "(" * LENGTH_MAX,
        "params.a = " + "9" * 5000,
        "params.a = " + "9" * 200 + "e" + "9" * 200,
        '"' + "\\" * 5000,
        "params." + ".".join("a" * 4000) + " < x(",
        "created > " + "1h" * 4000,
        "b" * 9000 + " < 1",
    ],
    ids=lambda query: query[:12],
)
def test_what_costs_too_much_is_refused_at_once(query: str) -> None:
    """Long, deep and wide queries are refused in less time than anybody notices."""
    began = time.process_time()

    with pytest.raises(QueryInvalid):
        parse(query, [f"params.p{number}" for number in range(1000)])

    assert time.process_time() - began < 5  # minutes, where something is exponential


@given(st.text(alphabet=" ()[],=!<>~\"'\\.-+aenorti1d:/*&|\0é", max_size=60))
@example("has")
@example("not not")
@example("created>now(")
@example("created>now()-")
@example("created = 1970-01-01T00:00-25:00")
@example("created = 1970-01-01T00:00+23:00")
def test_any_text_is_understood_or_refused(text: str) -> None:
    """Nothing else than a tree or an error with a place within the text comes out."""
    try:
        tree = parse(text)
    except QueryInvalid as refused:
        start, end = refused.start, refused.end
    else:
        start, end = 0, len(text)
        assert repr(parse(write(tree))) == repr(tree)
    assert 0 <= start <= end <= len(text)


characters = st.characters(exclude_categories=["Cs"], exclude_characters="\0")
names, texts = st.text(characters, min_size=1), st.text(characters)
numbers = st.one_of(
    st.integers(-(2**64) + 1, 2**64 - 1), st.floats(allow_nan=False), st.just(math.nan)
)
moments = st.one_of(
    st.integers(0, 100_000).map(lambda day: Moment(day * DAY_MS, DAY_MS)),
    st.integers(0, 10**8).map(lambda minute: Moment(minute * 60_000, 60_000)),
    st.integers(0, 9 * 10**9).map(lambda second: Moment(second * 1000, 1000)),
    st.integers(0, 9 * 10**12).map(lambda ms: Moment(ms, 1)),
    st.sampled_from([Moment(1_704_067_200_000, 366 * DAY_MS), Moment(0, 31 * DAY_MS)]),
)
lengths = st.integers(-(10**12), 10**12)
any_keys = st.one_of(
    st.builds(Key, st.just("params"), names),
    st.builds(Key, st.just("facts"), names.map(lambda name: f"git.{name}")),
)
metric_keys = st.builds(Key, st.just("metrics"), names, st.sampled_from(STATISTICS))
orderings = st.sampled_from(["=", "!=", "<", "<=", ">", ">="])
anything = st.one_of(st.none(), st.booleans(), numbers, texts)
leaves = st.one_of(
    st.builds(Compare, any_keys, orderings, st.one_of(numbers, texts)),
    st.builds(Compare, any_keys, st.sampled_from(["=", "!="]), anything),
    st.builds(Compare, st.one_of(any_keys, st.just(NAME)), st.just("~"), texts),
    st.builds(Compare, metric_keys, orderings, numbers),
    st.builds(Compare, st.just(CREATED), orderings, st.one_of(moments, lengths.map(Ago))),
    st.builds(Compare, st.just(DURATION), orderings, lengths.map(Duration)),
    st.builds(In, any_keys, st.lists(anything, max_size=3).map(tuple), st.booleans()),
    st.builds(Has, any_keys, anything),
    st.builds(Exists, st.one_of(any_keys, metric_keys)),
    st.builds(Words, texts),
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(Not, inner),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: And(tuple(terms))),
        st.lists(inner, min_size=2, max_size=3).map(lambda terms: Or(tuple(terms))),
    ),
    max_leaves=8,
)


@pytest.mark.slow
@given(trees)
def test_what_is_written_is_read_again(tree: Node) -> None:
    """Every tree can be written, with any name and value in it, and means the same again."""
    assert repr(parse(write(tree))) == repr(tree)
