"""The model registry: models of a project, their versions, and the aliases that point at these."""

from __future__ import annotations

from typing import Annotated
from typing import Final

from msgspec import UNSET
from msgspec import Meta
from msgspec import UnsetType
from msgspec import field

from mltrack_server.resources.base import Author
from mltrack_server.resources.base import Request
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.checkpoints import CheckpointSummary

CARD_LENGTH_MAX: Final = 100_000

ModelId = RunId
# No "@" and ":", which stand before an alias and a step in what people type, and nothing that an
# address, a shell or the eye would stumble over. Not `$` alone: it lets a line end pass.
ModelName = Annotated[
    str,
    Meta(
        pattern=r"^[^\s@:/\\\"'<>.\x00-\x1f\x7f][^\s@:/\\\"'<>\x00-\x1f\x7f]*$(?!\n)",
        max_length=128,
        description="up to 128 characters without blanks, @ : / \\ quotes < >; no dot in front",
    ),
]
# A number after "@" is a version's.
AliasName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z][A-Za-z0-9._-]*$(?!\n)",
        max_length=64,
        description="a letter, then letters, digits, . _ -",
    ),
]
Note = Annotated[str, Meta(max_length=10_000)]
Why = Annotated[str, Meta(max_length=2_000)]
Card = Annotated[str, Meta(max_length=CARD_LENGTH_MAX, description="Markdown")]
VersionNumber = Annotated[int, Meta(ge=1, le=2**31 - 1)]


class ModelQuery(Request, frozen=True, kw_only=True):
    """Which models a list has."""

    project: Annotated[str, Meta(max_length=1024)] | None = None  # None: of all
    # Only those of this name; without any, the one that was called so last.
    name: Annotated[str, Meta(max_length=128)] | None = None
    deleted: bool = False  # only deleted ones, which can be restored


class Registration(Request, frozen=True, kw_only=True):
    """A checkpoint that is to be a model's next version; the model is made if need be."""

    run: RunId
    checkpoint: RunId
    name: ModelName
    project: Annotated[str, Meta(max_length=1024)] = ""  # empty: the run's
    note: Note = ""
    author: Author = ""
    alias: AliasName | None = None  # to be pointed at the version
    why: Why = ""  # the alias is


class ModelRename(Request, frozen=True, kw_only=True):
    """What a model is to be called from now on."""

    name: ModelName
    author: Author = ""


class AliasMove(Request, frozen=True, kw_only=True):
    """Where an alias is to point from now on."""

    version: VersionNumber | None  # None: it is removed
    # Where it pointed, None: nowhere, when this was decided. Elsewhere since is a conflict; left
    # out, it is moved from wherever it is.
    expected: VersionNumber | UnsetType | None = UNSET
    author: Author = ""
    why: Why = ""


class CardSave(Request, frozen=True, kw_only=True):
    """A model's card as it is to be from now on."""

    version: Annotated[int, Meta(ge=0, le=2**31 - 1)]  # that was changed; 0: there was none
    text: Card
    author: Author = ""


class ModelAlias(Resource, frozen=True, kw_only=True):
    """An alias, and where it points."""

    alias: str
    version: int
    author: str  # who pointed it there
    moved_ns: int


class ModelMove(Resource, frozen=True, kw_only=True):
    """That an alias was moved."""

    alias: str
    version_before: int | None  # None: it was not there
    version: int | None  # None: it was removed
    author: str
    why: str
    moved_ns: int


class ModelNaming(Resource, frozen=True, kw_only=True):
    """That a model was renamed."""

    name_before: str
    name: str
    author: str
    renamed_ns: int


class ModelCard(Resource, frozen=True, kw_only=True):
    """One version of a model's card."""

    version: int  # 0: nobody has written one
    text: str
    author: str
    saved_ns: int | None


class ModelCardVersion(Resource, frozen=True, kw_only=True):
    """That a card was saved."""

    version: int
    author: str
    saved_ns: int


class ModelCardVersions(Resource, frozen=True, kw_only=True):
    """The versions of a card that are kept, the newest first."""

    versions: list[ModelCardVersion]


class ModelSummary(Resource, frozen=True, kw_only=True):
    """One row of a list of models."""

    id: ModelId
    project: str
    name: str
    versions: int  # so many, deleted ones not
    latest: int | None  # the newest of these
    aliases: list[ModelAlias]  # by name
    created_ns: int
    changed_ns: int
    deleted_ns: int | None = None
    purge_ns: int | None = None  # when it is removed for good, unless it is restored until then


class ModelList(Resource, frozen=True, kw_only=True):
    """Models, the one that changed last first."""

    models: list[ModelSummary]


class ModelVersion(Resource, frozen=True, kw_only=True):
    """One version of a model."""

    version: int
    run: RunId
    run_name: str
    is_run_deleted: bool  # its records stay all the same, while the version does
    checkpoint: RunId
    step: int
    bytes: int
    # SHA-256 of its file; of several: of the lines that `sha256sum` would print of them, by path.
    # Empty while it is not known.
    digest: str
    found: CheckpointSummary | None  # None: its run's records are gone
    aliases: list[str]
    note: str
    author: str
    registered_ns: int
    deleted_ns: int | None


class Model(Resource, frozen=True, kw_only=True):
    """Everything about a model."""

    summary: ModelSummary
    card: ModelCard  # the newest
    versions: list[ModelVersion]  # the newest first, deleted ones among them
    moves: list[ModelMove]  # of its aliases, the last first; the last 500
    namings: list[ModelNaming] = field(default_factory=list)  # what it was called, the last first


class Registered(Resource, frozen=True, kw_only=True):
    """What a checkpoint was registered as."""

    model: ModelSummary
    version: int
    is_new: bool  # False: the model had this checkpoint already


class ModelMention(Resource, frozen=True, kw_only=True):
    """That a checkpoint of a run is a version of a model."""

    checkpoint: RunId
    model: ModelId
    project: str
    name: str
    version: int
    aliases: list[str]


class ModelMentions(Resource, frozen=True, kw_only=True):
    """Which of a run's checkpoints are versions of models."""

    mentions: list[ModelMention]
