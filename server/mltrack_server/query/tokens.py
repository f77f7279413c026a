"""Tokens: words, texts in quotes and operators, each with its place in the query."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from typing import Literal

from mltrack_server.errors import QueryInvalid
from mltrack_server.reasons import reason

LENGTH_MAX: Final = 10_000  # characters of a query

TokenKind = Literal["word", "text", "symbol", "end"]

_SPACE: Final = re.compile(r"\s+")
_SYMBOL: Final = re.compile(r"[<>!]=|==|[()\[\],=<>~]")
_WORD: Final = re.compile(r"[^\s()\[\],=!<>~\"']+")
_PLAIN: Final = re.compile(r"[^\"'\\]+")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.DOTALL)
_ESCAPED: Final = {
    "n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f",
    "\\": "\\", "/": "/", '"': '"', "'": "'",
}  # fmt: skip
_UNUSUAL: Final = {"&&": "and", "||": "or", "!": "not", "&": "and", "|": "or"}


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a query."""

    kind: TokenKind
    text: str  # of a text: without its quotes and escapes
    start: int  # character of the query, from 0
    end: int  # the character behind it


def tokenize(query: str) -> list[Token]:
    """Return the tokens of *query*, the last one of kind "end".

    Raises:
        QueryInvalid: It is too long, or something in it can be no token.
    """
    if len(query) > LENGTH_MAX:
        raise QueryInvalid(query, LENGTH_MAX, len(query), reason("too_long", most=LENGTH_MAX))
    tokens: list[Token] = []
    position = 0
    while position < len(query):
        if found := _SPACE.match(query, position):
            position = found.end()
            continue
        token = _token(query, position)
        tokens.append(token)
        position = token.end
    tokens.append(Token("end", "", len(query), len(query)))
    return tokens


def _token(query: str, start: int) -> Token:
    """Return the token that begins at *start*."""
    if query[start] in "\"'":
        return _text(query, start)
    if found := _SYMBOL.match(query, start):
        symbol = "=" if found[0] == "==" else found[0]
        return Token("symbol", symbol, start, found.end())
    found = _WORD.match(query, start)
    word = found[0] if found else query[start]
    if word in _UNUSUAL:
        raise QueryInvalid(
            query, start, start + len(word), reason("meaningless", token=word),
            expected=(_UNUSUAL[word],),
        )  # fmt: skip
    if not word.isprintable():
        raise QueryInvalid(query, start, start + len(word), reason("only_in_quotes"))
    return Token("word", word, start, start + len(word))


def _text(query: str, start: int) -> Token:
    """Return the text in quotes that begins at *start*."""
    quote = query[start]
    parts: list[str] = []
    position = start + 1
    while position < len(query):
        character = query[position]
        if character == quote:
            text = "".join(parts)
            _refuse_unstorable(query, start, position + 1, text)
            return Token("text", text, start, position + 1)
        if found := _PLAIN.match(query, position):
            parts.append(found[0])
            position = found.end()
        elif character == "\\":
            escape = _ESCAPE.match(query, position)
            if escape is None or not (escape[1] or escape[2] in _ESCAPED):
                raise QueryInvalid(
                    query, position, min(position + 2, len(query)),
                    reason("backslash"),
                    expected=("\\\\",),
                )  # fmt: skip
            parts.append(chr(int(escape[1], 16)) if escape[1] else _ESCAPED[escape[2]])
            position = escape.end()
        else:  # the other kind of quote
            parts.append(character)
            position += 1
    raise QueryInvalid(query, start, len(query), reason("text_open"), expected=(quote,))


def _refuse_unstorable(query: str, start: int, end: int, text: str) -> None:
    """Refuse what no database holds: NUL, and halves of characters beyond 16 bits.

    Raises:
        QueryInvalid: *text* has one of them.
    """
    if any(character == "\0" or "\ud800" <= character <= "\udfff" for character in text):
        raise QueryInvalid(query, start, end, reason("unstorable"))
