"""Where the model registry is read from and written to: what there must be, and a server."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from typing import Any
from typing import Literal
from typing import Protocol
from typing import TypeVar
from urllib.parse import quote

import msgspec

from mltrack_core.errors import ServerRefused
from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import Model
from mltrack_server.resources import ModelList
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelRename
from mltrack_server.resources import ModelSummary
from mltrack_server.resources import Problem
from mltrack_server.resources import Registered
from mltrack_server.resources import Registration

if TYPE_CHECKING:
    import requests

_AT = "/api/v1/models"
_Answer = TypeVar("_Answer", bound=msgspec.Struct)


class ModelSource(Protocol):
    """What keeps models. Whatever it does not do is a `ModelRefused`."""

    def listed(self, query: ModelQuery) -> ModelList:
        """Return models, the one that changed last first."""

    def one(self, uid: str) -> Model | None:
        """Return everything about a model; None if there is no such model."""

    def register(self, new: Registration) -> Registered:
        """Make a checkpoint a model's next version."""

    def move(self, uid: str, alias: str, move: AliasMove) -> Model:
        """Point an alias at a version, or remove it."""

    def rename(self, uid: str, change: ModelRename) -> Model:
        """Call a model something else."""

    def discard(self, uid: str) -> ModelSummary:
        """Delete a model."""

    def restore(self, uid: str) -> ModelSummary:
        """Restore a deleted model."""


def _asked(query: ModelQuery) -> dict[str, str]:
    """Return *query* as an address has it, without what an older server does not know."""
    asked = {"project": query.project, "name": query.name}
    asked["deleted"] = "true" if query.deleted else None
    return {key: value for key, value in asked.items() if value is not None}


class ServerModels:
    """Asks a server.

    Args:
        find: Returns the JSON at a path as a struct; None for a 404.
        ask: Returns the answer of a request.
    """

    def __init__(self, find: Callable[..., Any], ask: Callable[..., requests.Response]) -> None:
        self._find, self._ask = find, ask

    def listed(self, query: ModelQuery) -> ModelList:
        """Return models, the one that changed last first."""
        found: ModelList | None = self._find(_AT, ModelList, _asked(query))
        if found is None:
            raise ModelRefused("missing", "This server is too old: it has no model registry.")
        return found

    def one(self, uid: str) -> Model | None:
        """Return everything about a model; None if there is no such model."""
        found: Model | None = self._find(f"{_AT}/{uid}", Model)
        return found

    def register(self, new: Registration) -> Registered:
        """Make a checkpoint a model's next version."""
        return self._send("POST", _AT, new, Registered)

    def move(self, uid: str, alias: str, move: AliasMove) -> Model:
        """Point an alias at a version, or remove it."""
        return self._send("PUT", f"{_AT}/{uid}/aliases/{quote(alias, safe='')}", move, Model)

    def rename(self, uid: str, change: ModelRename) -> Model:
        """Call a model something else."""
        return self._send("PATCH", f"{_AT}/{uid}", change, Model)

    def discard(self, uid: str) -> ModelSummary:
        """Delete a model."""
        return self._send("DELETE", f"{_AT}/{uid}", None, ModelSummary)

    def restore(self, uid: str) -> ModelSummary:
        """Restore a deleted model."""
        return self._send("POST", f"{_AT}/{uid}/restore", None, ModelSummary)

    def _send(
        self, method: str, path: str, body: msgspec.Struct | None, kind: type[_Answer]
    ) -> _Answer:
        """Return what the server says to *body*.

        Raises:
            ModelRefused: It does not do it.
            ServerRefused: It wants another token.
        """
        kinds: dict[int, Literal["gone", "conflict", "full"]] = {
            409: "conflict", 410: "gone", 422: "full",
        }  # fmt: skip
        encoded = None if body is None else msgspec.json.encode(body)
        try:
            answer = self._ask(path, {}, accept="application/json", body=encoded, method=method)
        except ServerRefused as error:
            if error.status not in kinds:
                raise
            raise ModelRefused(kinds[error.status], error.detail) from error
        if answer.status_code == 404:
            told = msgspec.json.decode(answer.content, type=Problem).detail
            raise ModelRefused("missing", told)
        return msgspec.json.decode(answer.content, type=kind)
