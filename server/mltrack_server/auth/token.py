"""The token: one secret that a server and its clients share, until accounts come."""

from __future__ import annotations

import hmac

_SCHEME = "bearer "


def is_shown(authorization: str, token: str) -> bool:
    """Tell whether the Authorization header *authorization* carries *token*.

    Takes the same time however much of the token is right.
    """
    if authorization[: len(_SCHEME)].lower() != _SCHEME:
        return False
    return is_same(authorization[len(_SCHEME) :].strip(), token)


def is_same(shown: str, token: str) -> bool:
    """Tell whether *shown* is *token*, in constant time; never true for an empty token."""
    return bool(token) and hmac.compare_digest(
        shown.encode("utf-8", "replace"), token.encode("utf-8", "replace")
    )
