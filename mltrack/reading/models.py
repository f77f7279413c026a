"""Models of the registry, read back: `mltrack.open().model("digits")`."""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Sequence
from datetime import UTC
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from typing import TypeVar

import msgspec

from mltrack.reading.checkpoints import CheckpointUnavailable
from mltrack.reading.checkpoints import CheckpointView
from mltrack_core._facts import user_name
from mltrack_server.errors import ModelRefused
from mltrack_server.resources import AliasMove
from mltrack_server.resources import Model
from mltrack_server.resources import ModelQuery
from mltrack_server.resources import ModelRename
from mltrack_server.resources import ModelVersion
from mltrack_server.resources import Registration

if TYPE_CHECKING:
    import os

    from mltrack.reading.source import Source

_Request = TypeVar("_Request", bound=msgspec.Struct)


class ModelVersionView:
    """One version of a model, as it was when it was looked up."""

    def __init__(self, source: Source, name: str, details: ModelVersion) -> None:
        self._source, self.name = source, name
        self.details = details  # everything that is known of it

    def __repr__(self) -> str:
        aliases = "".join(f", {alias}" for alias in self.aliases)
        return f"<model {self.name} version {self.version} of step {self.step}{aliases}>"

    @property
    def version(self) -> int:
        """Its number, from 1."""
        return self.details.version

    @property
    def aliases(self) -> list[str]:
        """What points at it."""
        return list(self.details.aliases)

    @property
    def run(self) -> str:
        """Id of the run that made it."""
        return self.details.run

    @property
    def step(self) -> int:
        """Optimizer updates that are in it."""
        return self.details.step

    @property
    def digest(self) -> str:
        """SHA-256 of its file, or of all its files together; "" while it is not known."""
        return self.details.digest

    @property
    def metrics(self) -> dict[str, float | int]:
        """What was recorded of the run's metrics along with the checkpoint."""
        return {
            name: float(value) if isinstance(value, str) else value
            for name, value in self.checkpoint.summary.metrics.items()
        }

    @property
    def registered(self) -> datetime:
        """When it was registered, in UTC."""
        return datetime.fromtimestamp(self.details.registered_ns / 1e9, tz=UTC)

    @property
    def checkpoint(self) -> CheckpointView:
        """The checkpoint that it is.

        Raises:
            CheckpointUnavailable: Its run's records are gone.
        """
        found = self.details.found
        if found is None:
            raise CheckpointUnavailable(
                f"the records of run {self.run} are gone, and with them the checkpoint of "
                f"{self.name} {self.version}"
            )
        return CheckpointView(self._source, self.run, found)

    def download(self, folder: str | os.PathLike[str] = ".") -> Path:
        """Bring its bytes into *folder*; return where they are: a file or a folder.

        Raises:
            CheckpointUnavailable: They are nowhere: a version keeps what mltrack has stored, and
                stores nothing by itself. docs/guides/models.md tells what that means.
        """
        return self.checkpoint.download(folder)


class ModelView:
    """A model, as it was when it was looked up."""

    def __init__(self, source: Source, details: Model) -> None:
        self._source = source
        self.details = details  # everything that is known of it

    def __repr__(self) -> str:
        return f"<model {self.name!r} of {self.project!r}, {len(self.versions)} versions>"

    @property
    def name(self) -> str:
        """What people call it, once in a project."""
        return self.details.summary.name

    @property
    def project(self) -> str:
        """The project that it belongs to."""
        return self.details.summary.project

    @property
    def card(self) -> str:
        """Its card, Markdown."""
        return self.details.card.text

    @property
    def aliases(self) -> dict[str, int]:
        """Which version each alias points at."""
        return {each.alias: each.version for each in self.details.summary.aliases}

    @property
    def versions(self) -> list[ModelVersionView]:
        """Its versions, the newest first; deleted ones are left out."""
        return [
            ModelVersionView(self._source, self.name, each)
            for each in self.details.versions
            if each.deleted_ns is None
        ]

    def version(self, which: str | int = "latest") -> ModelVersionView:
        """Return one version.

        Args:
            which: An alias, a number, or "latest": the newest, unless an alias is called so.

        Raises:
            ModelRefused: There is none such.
        """
        numbers = {str(each.version): each for each in self.versions}
        if self.versions:
            numbers["latest"] = self.versions[0]
        numbers |= {alias: numbers[str(number)] for alias, number in self.aliases.items()}
        found = numbers.get(str(which))
        if found is None:
            hint = ", ".join(self.aliases) or "it has no aliases"
            raise ModelRefused("missing", f"{self.name} has no version {which!r}; {hint}")
        return found

    def point(
        self, alias: str, version: int | None, *, why: str = "", author: str | None = None
    ) -> ModelView:
        """Point an alias at a version, or remove it where that is None; return the model since.

        Args:
            alias: E.g. "champion": a letter, then letters, digits, `.`, `_` and `-`.
            version: Its number.
            why: Kept in the model's history.
            author: Who does it; default: who runs this process.

        Raises:
            ModelRefused: There is no such version, or somebody moved the alias since this model
                was looked up.
        """
        move = _checked(
            {
                "version": version,
                "expected": self.aliases.get(alias),
                "author": user_name() if author is None else author,
                "why": why,
            },
            AliasMove,
        )
        details = self._source.models.move(self.details.summary.id, alias, move)
        return ModelView(self._source, details)

    def rename(self, name: str, *, author: str | None = None) -> ModelView:
        """Call it something else; what it is called now leads to it. Return the model since.

        Raises:
            ModelRefused: Another model of the project is called so, or it is no name.
        """
        who = user_name() if author is None else author
        change = _checked({"name": name, "author": who}, ModelRename)
        details = self._source.models.rename(self.details.summary.id, change)
        return ModelView(self._source, details)

    def delete(self) -> datetime:
        """Delete it with all of its versions; return until when `restore_model` brings it back.

        Until then its versions hold their checkpoints and runs as before, and its name is taken.
        """
        summary = self._source.models.discard(self.details.summary.id)
        assert summary.purge_ns is not None, "it was just deleted"
        return datetime.fromtimestamp(summary.purge_ns / 1e9, tz=UTC)


def restore_model(source: Source, name: str, project: str | None) -> ModelView:
    """Restore the deleted model of a name.

    Raises:
        ModelRefused: There is none, or several projects have one.
    """
    query = ModelQuery(project=project, name=name[:128], deleted=True)
    found = source.models.listed(query).models
    _require_one([each.project for each in found], name)
    source.models.restore(found[0].id)
    return find(source, found[0].name, found[0].project)


def _require_one(projects: Sequence[str], name: str) -> None:
    """Refuse a name that is not of one model.

    Raises:
        ModelRefused: It is of none, or of several.
    """
    if len(projects) > 1:
        raise ModelRefused(
            "missing", f"{name!r} is in several projects: {', '.join(sorted(projects))}; name one"
        )
    if not projects:
        raise ModelRefused("missing", f"there is no model {name[:80]!r}; see `mltrack models`")


def listed(source: Source, project: str | None, *, deleted: bool = False) -> list[ModelView]:
    """Return the models of a project, or of all: those that are there, or deleted ones."""
    found = source.models.listed(ModelQuery(project=project, deleted=deleted)).models
    whole = (source.models.one(each.id) for each in found)
    return [ModelView(source, each) for each in whole if each is not None]


def find(source: Source, name: str, project: str | None) -> ModelView:
    """Return the model of a name.

    Raises:
        ModelRefused: There is none, or several projects have one.
    """
    found = source.models.listed(ModelQuery(project=project, name=name[:128])).models
    _require_one([each.project for each in found], name)
    details = source.models.one(found[0].id)
    if details is None:
        raise ModelRefused("missing", f"there is no model {name[:80]!r}; see `mltrack models`")
    return ModelView(source, details)


def register(
    checkpoint: CheckpointView,
    source: Source,
    run: str,
    *,
    author: str | None,
    **fields: str | None,
) -> ModelVersionView:
    """Register a checkpoint of a run; *fields* are those of a `Registration`.

    Raises:
        ModelRefused: The registry does not do it.
    """
    user = user_name() if author is None else author
    values = {"run": run, "checkpoint": checkpoint.id, "author": user, **fields}
    made = source.models.register(_checked(values, Registration))
    details = source.models.one(made.model.id)
    assert details is not None, "only deleted ones are removed, and after 30 days"
    return ModelView(source, details).version(made.version)


def _checked(values: Mapping[str, object], kind: type[_Request]) -> _Request:
    """Return *values* as a request.

    Raises:
        ModelRefused: They are none.
    """
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ModelRefused("full", str(error)) from error
