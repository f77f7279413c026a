"""Reading tokens one by one, and saying where something is wrong."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from mltrack_server.errors import QueryInvalid
from mltrack_server.query.tokens import Token
from mltrack_server.query.tokens import tokenize
from mltrack_server.reasons import Reason


class Reader:
    """The tokens of *text*, from left to right.

    Raises:
        QueryInvalid: It holds something that can be no token.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        self._tokens = tokenize(text)
        self._position = 0

    def peek(self) -> Token:
        """Return the next token."""
        return self._tokens[self._position]

    def after(self) -> Token:
        """Return the token behind the next one."""
        return self._tokens[min(self._position + 1, len(self._tokens) - 1)]

    def replace(self, token: Token) -> None:
        """Put *token* in the place of the next one."""
        self._tokens[self._position] = token

    def next(self) -> Token:
        """Return the next token and go on behind it; the end is returned again and again."""
        token = self._tokens[self._position]
        if token.kind != "end":
            self._position += 1
        return token

    def take(self, symbol: str) -> bool:
        """Go on behind *symbol* if it is next, and tell whether it was."""
        token = self.peek()
        if token.kind == "symbol" and token.text == symbol:
            self._position += 1
            return True
        return False

    def is_word(self, word: str) -> bool:
        """Tell whether *word* is next, in capitals or not."""
        token = self.peek()
        return token.kind == "word" and token.text.lower() == word

    def take_word(self, word: str) -> bool:
        """Go on behind *word* if it is next, and tell whether it was."""
        if self.is_word(word):
            self._position += 1
            return True
        return False

    def expect(self, symbol: str, why: Reason) -> None:
        """Go on behind *symbol*.

        Raises:
            QueryInvalid: Something else is next, which is said with *why*.
        """
        if not self.take(symbol):
            self.fail(self.peek(), why, (symbol,))

    def fail(
        self, token: Token, why: Reason, expected: Iterable[str] = (), near: str = ""
    ) -> NoReturn:
        """Say what is wrong at *token*.

        Raises:
            QueryInvalid: Always.
        """
        raise QueryInvalid(self.text, token.start, token.end, why, expected=expected, nearest=near)
