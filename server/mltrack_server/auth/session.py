"""Sessions: a browser that has shown the token once carries a signed cookie afterwards.

    <expires, s since the epoch>.<nonce>.<HMAC-SHA256 of both>

The key is derived from the token: a restart keeps sessions, a new token ends them all, and nothing
has to be stored. A session may read and write what a person may; it never authorises ingest.
"""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Callable
from typing import Final

SESSION_S: Final = 14 * 24 * 3600  # then the token is asked for again


class Sessions:
    """Issues session cookies and recognises them.

    Args:
        token: The server's token; with an empty one no session is ever valid.
        now: The wall clock in seconds, for tests.
    """

    def __init__(self, token: str, now: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(token.encode(), b"mltrack session 1", "sha256") if token else b""
        self._now = now

    def issue(self) -> str:
        """Return the value of a new session's cookie."""
        assert self._key, "a server without a token has no sessions"
        claim = f"{int(self._now()) + SESSION_S}.{os.urandom(16).hex()}"
        return f"{claim}.{self._sign(claim)}"

    def is_valid(self, cookie: str) -> bool:
        """Tell whether *cookie* was issued under this token and has not run out."""
        claim, _, signature = cookie.rpartition(".")
        if not self._key or not hmac.compare_digest(
            self._sign(claim).encode(), signature.encode("utf-8", "replace")
        ):
            return False
        return int(claim.partition(".")[0]) > self._now()

    def _sign(self, claim: str) -> str:
        return hmac.digest(self._key, claim.encode("utf-8", "replace"), "sha256").hex()
