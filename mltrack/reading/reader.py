"""Reading back what was recorded: `mltrack.open()`.

api = mltrack.open()
for run in api.runs("params.lr < 1e-3", sort="metrics.val/loss.min"):
    print(run.name, run.state, run.summary.get("val/accuracy"))
h = api.run("3f9c").history("train/loss")
plt.plot(h.step, h.value)
"""

from __future__ import annotations

import time
from collections.abc import Callable
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final
from typing import Self
from urllib.parse import urlsplit

from mltrack.reading.folder import FolderSource
from mltrack.reading.models import ModelVersionView
from mltrack.reading.models import ModelView
from mltrack.reading.models import find
from mltrack.reading.models import listed
from mltrack.reading.models import restore_model
from mltrack.reading.run import NotFound
from mltrack.reading.run import RunView
from mltrack.reading.runs import Runs
from mltrack.reading.server import ServerSource
from mltrack.reading.source import Source
from mltrack_core import _settings
from mltrack_core.records import RunState
from mltrack_server.errors import QueryInvalid
from mltrack_server.query.keys import quote
from mltrack_server.query.parser import parse
from mltrack_server.query.parser import parse_fields
from mltrack_server.query.parser import parse_order
from mltrack_server.query.tokens import LENGTH_MAX
from mltrack_server.resources import Deletion
from mltrack_server.resources import ProjectRules
from mltrack_server.resources import RetentionPlan
from mltrack_server.resources import RetentionQuery
from mltrack_server.resources import RulesEdit
from mltrack_server.resources import RunQuery
from mltrack_server.resources import SizeList
from mltrack_server.resources import ThinningPlan
from mltrack_server.resources import Usage

if TYPE_CHECKING:
    pass

_ID_CHARACTERS: Final = 32
_NAMES_MAX: Final = 1000  # of keys, for messages
_DAY_NS: Final = 86_400 * 10**9


def open(where: str | Path | None = None) -> Reader:  # noqa: A001 - what it does, in one word
    """Return what reads recorded runs back.

    Args:
        where: A folder (an MLTRACK_DIR) or a server's address. Default: MLTRACK_URL where it is
            set, else MLTRACK_DIR.

    Raises:
        NotFound: There is no such folder.
        SettingInvalid: The environment's settings cannot be used.
        StoreUnusable: The folder cannot be used.
        ServerUnreachable: The server does not answer.
        ServerRefused: It wants another token.
    """
    settings = _settings.read()
    place = where if where is not None else settings.url or settings.folder
    if isinstance(place, str) and place.startswith(("http://", "https://")):
        # The token belongs to MLTRACK_URL; no other server gets to see it.
        is_its_own = not settings.url or _origin(settings.url) == _origin(place)
        server = ServerSource(place, settings.token if is_its_own else "")
        reader = Reader(lambda: server, server.close)
    else:
        root = Path(place).expanduser().absolute()
        if where is not None and not root.is_dir():
            # MLTRACK_DIR may be made by the first run; a folder that somebody names is there.
            raise NotFound(
                f"{root}: no such folder; name an MLTRACK_DIR, or a server by http:// or https://"
            )
        folder = FolderSource(root)
        reader = Reader(folder.refreshed, folder.close)
    reader.runs()[:1]  # so that what is wrong shows here
    return reader


class Reader:
    """The runs of one folder or server. Every call shows what is recorded at that moment.

    It can be left to itself; as a context manager, or with `close`, it lets go of its connections.
    """

    def __init__(self, source: Callable[[], Source], close: Callable[[], None]) -> None:
        self._source = source
        self.close = close

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def retain(self, query: RetentionQuery) -> RetentionPlan:
        """Tell which stored checkpoints stay by some rules; with `apply`, let go of the others.

        Only blobs that nothing names any more are deleted, never a file of the user's.

        Raises:
            ValueError: There is no rule, and none is named that is to go.
        """
        if query.only is None and query.keep_best is query.keep_last is query.every is None:
            raise ValueError(
                "say what is to stay: keep_best, keep_last or every; or what is to go: only"
            )
        return self._source().retain(query)

    def delete(self, run: str) -> Deletion:
        """Delete the run of this id: lists leave it out, and in 30 days it is gone for good.

        Raises:
            NotFound: There is none.
        """
        deletion = self._source().delete(run)
        if deletion is None:
            raise NotFound(f"there is no run {run}")
        return deletion

    def restore(self, run: str) -> None:
        """Restore the deleted run of this id.

        Raises:
            NotFound: There is none, or its records are gone for good.
        """
        try:
            found = self._source().undelete(run)
        except LookupError as error:
            raise NotFound(f"run {run} was deleted too long ago: {error}") from error
        if not found:
            raise NotFound(f"there is no deleted run {run}")

    def models(self, project: str | None = None, *, deleted: bool = False) -> list[ModelView]:
        """Return the models of the registry, the one that changed last first, or deleted ones."""
        return listed(self._source(), project, deleted=deleted)

    def model(self, name: str, project: str | None = None) -> ModelView:
        """Return a model by its name.

        Raises:
            ModelRefused: There is none, or several projects have one.
        """
        return find(self._source(), name, project)

    def restore_model(self, name: str, project: str | None = None) -> ModelView:
        """Restore a model that was deleted less than 30 days ago.

        Raises:
            ModelRefused: There is none, or several projects have one.
        """
        return restore_model(self._source(), name, project)

    def model_version(self, name: str, project: str | None = None) -> ModelVersionView:
        """Return a version of a model: "digits@champion", "digits@3", or "digits" for the newest.

        Raises:
            ModelRefused: There is none, or several projects have one.
        """
        model, _, which = name.partition("@")
        return self.model(model, project).version(which or "latest")

    def sizes(self) -> SizeList:
        """Return what each project takes of the store, the largest first."""
        return self._source().sizes()

    def usage(self, *, days: float = 1.0, project: str | None = None) -> Usage:
        """Return which runs held which GPUs and machines in the last *days*, at most 31.

        It has hours, mean use, idle share, peak memory, and cost by the prices of each project.
        """
        end_ns = time.time_ns()
        return self._source().usage.of(end_ns - int(days * _DAY_NS), end_ns, project)

    def rules(self, project: str, version: int | None = None) -> ProjectRules:
        """Return what people want of a project's runs; without *version* what counts now.

        Raises:
            NotFound: There is no such version.
        """
        found = self._source().rules(project, version)
        if found is None:
            raise NotFound(f"the rules of {project!r} have no version {version}")
        return found

    def set_rules(self, change: RulesEdit) -> ProjectRules:
        """Change what people want of a project's runs; earlier versions stay to be read.

        Raises:
            RulesInvalid: It makes no sense.
        """
        return self._source().set_rules(change)

    def preview_rules(self, change: RulesEdit) -> ThinningPlan:
        """Return what would be thinned today if a project's rules were changed so; nothing is.

        Raises:
            RulesInvalid: It makes no sense.
        """
        return self._source().preview_rules(change)

    def deletions(self) -> list[Deletion]:
        """Return all deleted runs, the one deleted last first."""
        return self._source().deletions().deletions

    def deleted(self, id: str) -> Deletion:  # noqa: A002 - what people call it
        """Return a deleted run by its id, the id's last characters, or its name.

        Raises:
            NotFound: There is none, or there are several.
        """
        fitting = [
            each for each in self.deletions() if id and (each.id.endswith(id) or each.name == id)
        ]
        if len(fitting) != 1:
            count = len(fitting) or "no"
            raise NotFound(f"{id[:80]!r} fits {count} deleted runs; see `mltrack delete --list`")
        return fitting[0]

    def runs(
        self,
        query: str = "",
        *,
        sort: str = "",
        project: str | None = None,
        state: RunState | None = None,
        fields: str | None = None,
    ) -> Runs:
        """Return the runs that a query holds for; pages are fetched as they are looked at.

            api.runs('params.lr < 1e-3 and tags has "baseline"', sort="-metrics.val/acc.max")

        Args:
            query: What docs/query.md describes. Runs put away are left out unless it names
                `archived`.
            sort: Keys, a comma between two, "-" before one for descending. Default: newest first.
            project: Only of this project.
            state: Only in this state.
            fields: Which parameters and metrics the runs are to have, e.g. "params,metrics.val/*".
                Default: all.

        Raises:
            QueryInvalid: The query, the order or the fields are none; it points at the character.
        """
        source = self._source()
        try:
            _check(query, sort, fields)
        except QueryInvalid:
            index = source.keys(project=project, limit=_NAMES_MAX)
            _check(query, sort, fields, [key.key for key in index.keys])
            raise
        asked = RunQuery(project=project, state=state, q=query, sort=sort, fields=fields)
        return Runs(source, asked)

    def run(self, id: str) -> RunView:  # noqa: A002 - what people call it
        """Return one run.

        Args:
            id: Its id, as many of the id's last characters as make it unique (the first ones are
                the time and much alike), or its name.

        Raises:
            NotFound: There is none, or there are several.
        """
        source = self._source()
        if len(id) == _ID_CHARACTERS:
            found = source.run(id)
            if found is None:
                raise NotFound(f"there is no run {id}")
            return RunView(source, found.summary)
        wanted = quote(id)
        query = f"(id ~ {wanted} or name = {wanted}) and archived in [true, false]"
        fitting = [
            run
            for run in (Runs(source, RunQuery(q=query)) if _is_storable(id) else ())
            if run.id.endswith(id) or run.name == id
        ]
        if not fitting:
            raise NotFound(f"no run's id ends with {id[:80]!r}, and none has that name")
        if len(fitting) > 1:
            some = ", ".join(run.id for run in fitting[:5])
            raise NotFound(f"{id[:80]!r} fits {len(fitting)} runs: {some}, …; give a whole id")
        return fitting[0]


def _check(query: str, sort: str, fields: str | None, names: Sequence[str] = ()) -> None:
    """Refuse what is no query before anything is asked for.

    Raises:
        QueryInvalid: One of the three is none.
    """
    parse(query, names)
    parse_order(sort, names)
    if fields is not None:
        parse_fields(fields)


def _is_storable(text: str) -> bool:
    """Tell whether there can be a run whose id ends so, or of that name."""
    return 0 < len(text) <= LENGTH_MAX // 4 and all(c.isprintable() for c in text)


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc.lower()
