"""The feed, the server itself, and its errors."""

from __future__ import annotations

from typing import Literal

from mltrack_core.records import RunState
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId


class Change(Resource, frozen=True, kw_only=True):
    """A run that has changed."""

    id: RunId
    project: str
    rev: int
    state: RunState
    last_step: int | None


class Notice(Resource, frozen=True, kw_only=True):
    """What the feed sends: changed runs and the cursor to go on from. Never points."""

    cursor: int
    history: str  # that the cursor counts in: give both
    changes: list[Change]
    reset: bool = False  # too much has changed, or a backup was restored: fetch anew


class Server(Resource, frozen=True, kw_only=True):
    """What this server is."""

    version: str
    is_local: bool  # serves one user's MLTRACK_DIR
    needs_token: bool
    is_signed_in: bool
    folder: str  # the MLTRACK_DIR that it shows; "" unless local
    rev: int
    history: str  # that `rev` counts in, for the feed; "" before signing in


class SignIn(Request, frozen=True, kw_only=True):
    """A token, exchanged for a session cookie of this browser."""

    token: str


class Health(Resource, frozen=True, kw_only=True):
    """That the server answers and its store takes writes."""

    status: Literal["ok", "read only"]


class Problem(Resource, frozen=True, kw_only=True):
    """An error, as RFC 9457 has it."""

    type: str
    title: str
    status: int
    detail: str
    at: str = ""  # which part of the request, e.g. "body.names[3]"
    request: str = ""  # id, to be found in the server's log
