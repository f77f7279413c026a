"""Completion: what could be written at a place of a query that is still being typed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from mltrack_server.errors import QueryInvalid
from mltrack_server.query import keys
from mltrack_server.query.parser import AFTER_KEY
from mltrack_server.query.parser import parse_keys
from mltrack_server.query.tokens import Token
from mltrack_server.query.tokens import tokenize
from mltrack_server.query.tree import Key

_COMPARISONS = frozenset(("=", "!=", "<", "<=", ">", ">=", "~"))


@dataclass(frozen=True, slots=True)
class Gap:
    """A place where something is to be written."""

    wants: Literal["key", "operator", "value", "nothing"]
    start: int  # character at which what has been typed of it begins
    typed: str  # without quotes
    key: Key | None = None  # whose value or operator it is


def gap(query: str, at: int) -> Gap:
    """Return what *query* wants at character *at*; what follows there is not looked at."""
    text = query[:at]
    try:
        tokens = tokenize(text)[:-1]
    except QueryInvalid as error:
        # A text that has been begun: what is before it can be read.
        if text[error.start : error.start + 1] not in ("'", '"'):
            return Gap("nothing", at, "")
        tokens = tokenize(text[: error.start])[:-1]
        return _behind(text, tokens, error.start, text[error.start + 1 :])
    if tokens and tokens[-1].end == at and tokens[-1].kind != "symbol":
        return _behind(text, tokens[:-1], tokens[-1].start, tokens[-1].text)
    return _behind(text, tokens, at, "")


def operators(key: Key) -> tuple[str, ...]:
    """Return what can follow *key*."""
    kind = keys.key_type(key)
    if kind == "list":
        return ("has", "~", "= null", "!= null")
    if kind in ("state", "boolean"):
        return ("=", "!=", "in", "not in")
    if kind == "any":
        return AFTER_KEY
    return AFTER_KEY[:-1] if kind == "text" else ("<", "<=", ">", ">=", "=", "!=", "in", "not in")


def _behind(text: str, tokens: Sequence[Token], start: int, typed: str) -> Gap:
    """Return what is wanted behind *tokens*, where *typed* has been typed since *start*."""
    if not tokens:
        return Gap("key", start, typed)
    last = tokens[-1]
    word = last.text.lower() if last.kind == "word" else ""
    if last.kind == "symbol" and last.text in ("[", ","):
        opened = _opened(tokens)
        if opened is None:
            # metrics["… : the name of a key that needs quotes.
            prefix = tokens[-2] if len(tokens) > 1 else None
            if prefix is not None and prefix.text in keys.PREFIXES:
                return Gap("key", prefix.start, f"{prefix.text}.{typed}")
            return Gap("nothing", start, typed)
        before = tokens[: opened - 1]
        if before and before[-1].text.lower() == "not":
            before = before[:-1]
        return _of_key("value", text, before, start, typed)
    if (last.kind == "symbol" and last.text in _COMPARISONS) or (word == "has" and tokens[:-1]):
        before = tokens[:-1]
        found = _of_key("value", text, before, start, typed)
        return found if found.key is not None or word != "has" else Gap("key", start, typed)
    if word in ("and", "or", "not", "has") or last.text == "(":
        if word == "not" and _key_before(text, tokens[:-1]) is not None:
            return Gap("nothing", start, typed)
        return Gap("key", start, typed)
    found = _of_key("operator", text, tokens, start, typed)
    return found if found.key is not None else Gap("key", start, typed)


def _opened(tokens: Sequence[Token]) -> int | None:
    """Return which token is the bracket of the list that is open; None if none is, or a key's."""
    for position in range(len(tokens) - 1, -1, -1):
        if tokens[position].text == "]" and tokens[position].kind == "symbol":
            return None
        if tokens[position].text == "[" and tokens[position].kind == "symbol":
            is_list = position > 0 and tokens[position - 1].text.lower() == "in"
            return position if is_list else None
    return None


def _of_key(
    wants: Literal["operator", "value"],
    text: str,
    tokens: Sequence[Token],
    start: int,
    typed: str,
) -> Gap:
    key = _key_before(text, tokens)
    return Gap("nothing", start, typed) if key is None else Gap(wants, start, typed, key)


def _key_before(text: str, tokens: Sequence[Token]) -> Key | None:
    """Return the key that *tokens* end with; None if they end with something else."""
    for length in (1, 4, 5):  # name · prefix [ "name" ] · the same with .statistic
        if length <= len(tokens):
            first = tokens[-length]
            if length > 1 and first.text not in keys.PREFIXES:
                continue
            try:
                (key,) = parse_keys(text[first.start : tokens[-1].end], 1)
            except (QueryInvalid, ValueError):
                continue
            return key
    return None
