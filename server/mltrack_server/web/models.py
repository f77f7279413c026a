"""The model registry, to be read and written."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated
from typing import Final
from typing import TypeVar

from msgspec import Meta

from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import AliasName
from mltrack_server.resources import CardSave
from mltrack_server.resources import Model
from mltrack_server.resources import ModelCard
from mltrack_server.resources import ModelCardVersions
from mltrack_server.resources import ModelId
from mltrack_server.resources import ModelList
from mltrack_server.resources import ModelMentions
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelRename
from mltrack_server.resources import ModelSummary
from mltrack_server.resources import Registered
from mltrack_server.resources import Registration
from mltrack_server.resources import Request
from mltrack_server.resources import RunId
from mltrack_server.resources import VersionNumber
from mltrack_server.web.problems import Refusal
from mltrack_server.web.problems import not_found
from mltrack_server.web.routes import Routes
from mltrack_server.web.services import Services

routes = Routes()

_STATUSES: Final = {
    "missing": (HTTPStatus.NOT_FOUND, "not-found"),
    "gone": (HTTPStatus.GONE, "gone"),
    "conflict": (HTTPStatus.CONFLICT, "conflict"),
    "full": (HTTPStatus.UNPROCESSABLE_ENTITY, "invalid"),
}

_Given = TypeVar("_Given")


class CardQuery(Request, frozen=True, kw_only=True):
    """Which version of a card; the newest where none is named."""

    version: Annotated[int, Meta(ge=1, le=2**31 - 1)] | None = None


@routes.get("/api/v1/models", access="read")
async def index(services: Services, query: ModelQuery) -> ModelList:
    """Return models, the one that changed last first."""
    return await asyncio.to_thread(services.store.models.listed, query)


@routes.post("/api/v1/models", access="write", status=201, problems=(404, 410))
async def register(services: Services, body: Registration) -> Registered:
    """Make a checkpoint the next version of a model, and the model if it is not there yet.

    A checkpoint that the model has already is not taken a second time: `is_new` says so.
    """
    return await _told(services.store.models.register, body)


@routes.get("/api/v1/models/{model}", access="read", problems=(404,))
async def show(services: Services, model: ModelId) -> Model:
    """Return everything about a model: its versions, its card, and how its aliases were moved."""
    found = await asyncio.to_thread(services.store.models.one, model)
    if found is None:
        raise not_found("such model")
    return found


@routes.patch("/api/v1/models/{model}", access="write", problems=(404, 409, 410))
async def rename(services: Services, model: ModelId, body: ModelRename) -> Model:
    """Call a model something else; the name that it had leads to it until another takes that."""
    return await _told(services.store.models.rename, model, body)


@routes.delete("/api/v1/models/{model}", access="write", problems=(404,))
async def discard(services: Services, model: ModelId) -> ModelSummary:
    """Delete a model with all of its versions; it can be restored for 30 days.

    Until then its versions hold their checkpoints and runs as before, and its name is taken.
    """
    return await _told(services.store.models.discard, model)


@routes.post("/api/v1/models/{model}/restore", access="write", problems=(404,))
async def restore_model(services: Services, model: ModelId) -> ModelSummary:
    """Restore a deleted model, with its versions, aliases and card."""
    return await _told(services.store.models.restore, model)


@routes.put("/api/v1/models/{model}/aliases/{alias}", access="write", problems=(404, 409, 410))
async def move(services: Services, model: ModelId, alias: AliasName, body: AliasMove) -> Model:
    """Point an alias at a version, or remove it with `"version": null`.

    `expected` is where it pointed when that was decided. Where somebody has moved it since, nothing
    is written and the answer is 409.
    """
    return await _told(services.store.models.move, model, alias, body)


@routes.delete("/api/v1/models/{model}/versions/{version}", access="write", problems=(404, 409))
async def delete(services: Services, model: ModelId, version: VersionNumber) -> Model:
    """Delete a version, which no alias may point at; its checkpoint is kept for it no longer.

    It can be restored.
    """
    return await _told(services.store.models.delete, model, version)


@routes.post(
    "/api/v1/models/{model}/versions/{version}/restore", access="write", problems=(404, 410)
)
async def restore(services: Services, model: ModelId, version: VersionNumber) -> Model:
    """Restore a deleted version, as long as its run's records are there."""
    return await _told(services.store.models.undelete, model, version)


@routes.get("/api/v1/models/{model}/card", access="read", problems=(404,))
async def card(services: Services, model: ModelId, query: CardQuery) -> ModelCard:
    """Return a version of a model's card; version 0 is empty, and means that there is none."""
    found = await asyncio.to_thread(services.store.models.card, model, query.version)
    if found is None:
        raise not_found("such model" if query.version is None else "such version of its card")
    return found


@routes.put("/api/v1/models/{model}/card", access="write", problems=(404, 409))
async def save_card(services: Services, model: ModelId, body: CardSave) -> ModelCard:
    """Save the next version of a model's card.

    `version` is the one that was changed. Where somebody has saved another one since, nothing is
    written and the answer is 409.
    """
    return await _told(services.store.models.save_card, model, body)


@routes.get("/api/v1/models/{model}/cards", access="read", problems=(404,))
async def cards(services: Services, model: ModelId) -> ModelCardVersions:
    """Return when a model's card was saved, and by whom."""
    found = await asyncio.to_thread(services.store.models.cards, model)
    if found is None:
        raise not_found("such model")
    return found


@routes.get("/api/v1/runs/{run}/models", access="read")
async def mentions(services: Services, run: RunId) -> ModelMentions:
    """Return which checkpoints of a run are versions of models; none where there is no such run."""
    return await asyncio.to_thread(services.store.models.mentions, run)


async def _told(do: Callable[..., _Given], *arguments: object) -> _Given:
    """Return what *do* does in a thread.

    Raises:
        Refusal: The registry does not do it.
    """
    try:
        return await asyncio.to_thread(do, *arguments)
    except ModelRefused as error:
        status, kind = _STATUSES[error.kind]
        raise Refusal(status, kind, error.reason) from error
