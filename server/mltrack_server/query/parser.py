"""The parser: a query becomes a tree, by recursive descent. The grammar is in docs/query.md."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Sequence
from typing import Final
from typing import NoReturn

from mltrack_server.query import keys
from mltrack_server.query import literals
from mltrack_server.query.fields import Fields
from mltrack_server.query.keys import KeyType
from mltrack_server.query.reader import Reader
from mltrack_server.query.tokens import Token
from mltrack_server.query.tree import EVERYTHING
from mltrack_server.query.tree import STATISTICS
from mltrack_server.query.tree import And
from mltrack_server.query.tree import Compare
from mltrack_server.query.tree import Exists
from mltrack_server.query.tree import Has
from mltrack_server.query.tree import In
from mltrack_server.query.tree import Key
from mltrack_server.query.tree import Node
from mltrack_server.query.tree import Not
from mltrack_server.query.tree import Operator
from mltrack_server.query.tree import Or
from mltrack_server.query.tree import Order
from mltrack_server.query.tree import Place
from mltrack_server.query.tree import Statistic
from mltrack_server.query.tree import Value
from mltrack_server.query.tree import Words
from mltrack_server.reasons import Unreadable
from mltrack_server.reasons import reason

TERMS_MAX: Final = 100  # comparisons and words of a query
DEPTH_MAX: Final = 50  # of parentheses and nots
VALUES_MAX: Final = 1000  # of all lists of a query
SORT_KEYS_MAX: Final = 8
FIELDS_MAX: Final = 200

_OPERATORS: Final[dict[str, Operator]] = {
    "=": "=", "!=": "!=", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "~": "~",
}  # fmt: skip
_ORDERING: Final = frozenset(("<", "<=", ">", ">="))
_CONTAINS: Final[frozenset[KeyType]] = frozenset(("any", "text", "state", "list"))
_UNORDERED: Final[frozenset[KeyType]] = frozenset(("boolean", "state", "list"))
_KEYWORDS: Final = frozenset(("and", "or", "not", "in", "has"))
_STATISTICS: Final = {f".{statistic}": statistic for statistic in STATISTICS}
AFTER_KEY: Final = ("=", "!=", "<", "<=", ">", ">=", "~", "in", "not in", "has")


def parse(query: str, names: Iterable[str] = ()) -> Node:
    """Return the tree of *query*; of an empty one the tree that holds of every run.

    Args:
        query: As the user wrote it.
        names: Keys that there are, for messages only: "params.lr" …

    Raises:
        QueryInvalid: It is none; the error points at the character.
    """
    return _Parser(query, tuple(names)).query()


def parse_order(text: str, names: Iterable[str] = ()) -> tuple[Order, ...]:
    """Return the keys to sort by, e.g. of "-metrics.val/loss.min,params.lr"; "-": descending.

    Raises:
        QueryInvalid: It is none, or there are too many.
    """
    return tuple(
        Order(key, is_descending)
        for key, is_descending in _Parser(text, tuple(names)).keys(SORT_KEYS_MAX)
    )


def parse_keys(text: str, keys_max: int, names: Iterable[str] = ()) -> tuple[Key, ...]:
    """Return the keys of a list, e.g. "params.lr,state".

    Raises:
        QueryInvalid: One of them is none, or there are too many.
    """
    return tuple(key for key, _ in _Parser(text, tuple(names)).keys(keys_max))


def parse_fields(text: str) -> Fields:
    """Return what "params.lr,metrics.val/*" asks for; all metrics are "metrics".

    Raises:
        QueryInvalid: It names what no run can have, or too much.
    """
    return _Parser(text, ()).fields()


class _Parser(Reader):
    """Reads one query from left to right."""

    def __init__(self, text: str, names: Sequence[str]) -> None:
        super().__init__(text)
        self._names = names
        self._terms = self._values = self._depth = 0

    # ---- whole texts ----

    def query(self) -> Node:
        """Return the tree of the whole text."""
        if self.peek().kind == "end":
            return EVERYTHING
        node = self._or()
        token = self.peek()
        if token.kind != "end":
            if token.text == ")":
                self.fail(token, reason("parenthesis_unopened"))
            self.fail(token, reason("misplaced", token=token.text[:40]), ("and", "or"))
        return node

    def keys(self, keys_max: int) -> list[tuple[Key, bool]]:
        """Return the keys of a list, and which of them have a minus sign before them."""
        found: list[tuple[Key, bool]] = []
        while self.peek().kind != "end":
            if len(found) == keys_max:
                self.fail(self.peek(), reason("too_many_keys", most=keys_max))
            token = self.peek()
            sign = token.text[:1] if token.kind == "word" else ""
            if sign in ("-", "+"):
                stripped = Token("word", token.text[1:], token.start + 1, token.end)
                self.replace(stripped)
            found.append((self._key(), sign == "-"))
            if self.peek().kind != "end":
                self.expect(",", reason("comma_between_keys"))
        return found

    def fields(self) -> Fields:
        """Return which parameters and metrics a list names; of attributes all are given anyway."""
        asked: dict[Place, list[str]] = {"params": [], "metrics": []}
        count = 0
        while self.peek().kind != "end":
            token = self.peek()
            count += 1
            if count > FIELDS_MAX:
                self.fail(token, reason("too_many_fields", most=FIELDS_MAX))
            following = self.after().text
            if token.text in ("params", "config", "metrics") and following != "[":
                self.next()
                asked[keys.PREFIXES[token.text]].append("*")
            else:
                key = self._key()
                if key.place in asked:
                    asked[key.place].append(key.name)
                elif key.place == "facts":
                    self.fail(token, reason("facts_in_run"))
            if self.peek().kind != "end":
                self.expect(",", reason("comma_between_fields"))
        return Fields(tuple(asked["params"]), tuple(asked["metrics"]))

    # ---- the grammar ----

    def _or(self) -> Node:
        """Read or = and { "or" and }."""
        terms = [self._and()]
        while self.take_word("or"):
            terms.append(self._and())
        return terms[0] if len(terms) == 1 else Or(tuple(terms))

    def _and(self) -> Node:
        """Read and = not { [ "and" ] not }."""
        terms = [self._not()]
        while self.take_word("and") or self._begins_term():
            terms.append(self._not())
        return terms[0] if len(terms) == 1 else And(tuple(terms))

    def _not(self) -> Node:
        """Read not = "not" not | "(" or ")" | test."""
        token = self.peek()
        self._depth += 1
        if self._depth > DEPTH_MAX:
            self.fail(token, reason("too_deep", most=DEPTH_MAX))
        if self.take_word("not"):
            node: Node = Not(self._not())
        elif self.take("("):
            node = self._or()
            self.expect(")", reason("parenthesis_open"))
        else:
            node = self._test()
        self._depth -= 1
        return node

    def _test(self) -> Node:
        """Read test = key operator value | key in list | key has value | has key | text."""
        token = self.peek()
        self._terms += 1
        if self._terms > TERMS_MAX:
            self.fail(token, reason("too_many_terms", most=TERMS_MAX))
        if token.kind == "text":
            return self._text_term()
        if token.kind == "end":
            self.fail(token, reason("no_condition"), ("a key",))
        if token.kind == "symbol":
            self.fail(token, reason("no_begin", token=token.text), ("a key", "("))
        if self.take_word("has"):
            return Exists(self._key())
        if token.text.lower() in _KEYWORDS:
            self.fail(token, reason("word_between", token=token.text), ("a key",))
        if not self._is_key():
            if self._is_operator(self.after()):
                self._unknown_key(token)
            self.next()
            return Words(token.text)
        key = self._key()
        return self._rest(key, keys.key_type(key))

    def _text_term(self) -> Node:
        """Return a text in quotes: to be searched for, or found in a key."""
        token = self.next()
        if self.is_word("in"):
            self.next()
            at = self.peek()
            key = self._key()
            if keys.key_type(key) not in _CONTAINS:
                self.fail(at, reason("no_text", key=keys.write(key)))
            return Compare(key, "~", token.text)
        if self.peek().kind == "symbol" and self.peek().text in _OPERATORS:
            self.fail(token, reason("key_in_quotes"), (f"metrics[{token.text}]",))
        return Words(token.text)

    def _rest(self, key: Key, kind: KeyType) -> Node:
        """Return the comparison that follows *key*."""
        token = self.next()
        word = token.text.lower() if token.kind == "word" else ""
        is_negated = word == "not"
        if is_negated:
            token = self.next()
            word = token.text.lower() if token.kind == "word" else ""
        if word == "in":
            if kind == "list":
                self.fail(token, reason("is_list", key=keys.write(key)), ("has",))
            return In(key, self._list(kind), is_negated)
        if word == "has":
            if kind not in ("any", "list"):
                self.fail(token, reason("no_list", key=keys.write(key)), AFTER_KEY[:-1])
            term = Has(key, self._value(kind))
            return Not(term) if is_negated else term
        if is_negated:
            self.fail(token, reason("not_before"), ("in", "has"))
        if token.kind != "symbol" or token.text not in _OPERATORS:
            self.fail(token, reason("no_comparison", key=keys.write(key)), AFTER_KEY)
        return self._comparison(key, kind, token)

    def _comparison(self, key: Key, kind: KeyType, token: Token) -> Compare:
        """Return what follows the operator *token*."""
        operator = _OPERATORS[token.text]
        if operator == "~":
            if kind not in _CONTAINS:
                why = reason("contains_nothing", key=keys.write(key), kind=kind)
                self.fail(token, why)
            return Compare(key, operator, self._value("text", is_text=True))
        if kind in _UNORDERED and operator in _ORDERING:
            self.fail(token, reason("no_order", key=keys.write(key)), ("=", "!="))
        at = self.peek()
        value = self._value(kind)
        if kind == "list" and value is not None:
            self.fail(token, reason("is_list", key=keys.write(key)), ("has", "~"))
        if operator in _ORDERING and (value is None or isinstance(value, bool)):
            self.fail(at, reason("no_size", token=at.text), ("a number",))
        return Compare(key, operator, value)

    def _list(self, kind: KeyType) -> tuple[Value, ...]:
        """Read list = "[" [ value { "," value } ] "]"."""
        self.expect("[", reason("list_without_brackets"))
        values: list[Value] = []
        while not self.take("]"):
            if values:
                self.expect(",", reason("comma_between_values"))
            at = self.peek()
            values.append(self._value(kind))
            self._values += 1
            if self._values > VALUES_MAX:
                self.fail(at, reason("too_many_values", most=VALUES_MAX))
        return tuple(values)

    def _value(self, kind: KeyType, *, is_text: bool = False) -> Value:
        """Return the next token as a value of type *kind*; with *is_text* null is text too."""
        token = self.next()
        if token.kind in ("symbol", "end"):
            self.fail(token, reason("value_missing"), ("a value",))
        prefix, dot, _ = token.text.partition(".")
        if token.kind == "word" and dot and prefix in keys.PREFIXES:
            self.fail(token, reason("key_on_the_right"))
        if is_text:
            return token.text
        text = token.text
        if kind == "time" and text.lower() == "now" and self.take("("):
            self.expect(")", reason("now_without_parentheses"))
            text = self._since_now()
        try:
            return literals.read(text, kind, is_quoted=token.kind == "text")
        except Unreadable as error:
            self.fail(token, error.why, near=error.nearest)

    def _since_now(self) -> str:
        """Return what follows `now()` as a time: "- 7d" is "-7d"."""
        token = self.peek()
        if token.kind != "word" or token.text[0] not in "+-":
            return "now"
        self.next()
        return token.text if len(token.text) > 1 else token.text + self.next().text

    # ---- keys ----

    def _is_key(self) -> bool:
        """Tell whether a key is next."""
        token = self.peek()
        if token.text in keys.PREFIXES:
            return self.after().text == "["
        try:
            return keys.resolve(token.text) is not None
        except Unreadable:
            return True

    def _key(self) -> Key:
        """Read key = attribute | prefix "." name | prefix "[" text "]" [ "." statistic ]."""
        token = self.next()
        if token.kind != "word":
            self.fail(token, reason("key_missing"), ("a key",))
        if token.text in keys.PREFIXES and self.take("["):
            return self._quoted_key(token)
        try:
            found = keys.resolve(token.text)
        except Unreadable as error:
            self.fail(token, error.why, near=error.nearest)
        return found if found is not None else self._unknown_key(token)

    def _quoted_key(self, prefix: Token) -> Key:
        """Return the key whose name is in quotes."""
        name = self.next()
        if name.kind != "text":
            self.fail(name, reason("name_without_quotes"), ('"',))
        close = self.peek()
        self.expect("]", reason("bracket_open"))
        statistic: Statistic = "last"
        token = self.peek()
        is_behind = token.kind == "word" and token.start == close.end and token.text[0] == "."
        if prefix.text == "metrics" and is_behind:
            statistic = self._statistic(self.next())
        try:
            return keys.named(prefix.text, name.text, statistic)
        except Unreadable as error:
            self.fail(name, error.why)

    def _statistic(self, token: Token) -> Statistic:
        """Return what of a metric is meant."""
        found = _STATISTICS.get(token.text)
        if found is None:
            self.fail(token, reason("statistic_unknown", token=token.text[:40]), _STATISTICS)
        return found

    def _begins_term(self) -> bool:
        """Tell whether a condition follows without an `and` before it."""
        token = self.peek()
        if token.kind == "word":
            return token.text.lower() not in ("or", "in")
        return token.kind == "text" or token.text == "("

    def _is_operator(self, token: Token) -> bool:
        if token.kind == "symbol":
            return token.text in _OPERATORS
        return token.kind == "word" and token.text.lower() in ("in", "has")

    def _unknown_key(self, token: Token) -> NoReturn:
        near = keys.nearest(token.text, self._names)
        expected = () if near else ("params.…", "metrics.…", *keys.ATTRIBUTES)
        self.fail(token, reason("key_unknown", token=token.text[:40]), expected, near)
