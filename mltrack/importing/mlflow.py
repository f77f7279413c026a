"""What MLflow says of a run, alike in its files and its databases."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final
from urllib.parse import unquote
from urllib.parse import urlsplit

from mltrack.importing.imported import Imported
from mltrack.importing.source import MS
from mltrack.importing.source import introduction
from mltrack_core.records import EndState
from mltrack_core.records import RunStarted

FORMAT: Final = "MLflow"
_SYSTEM: Final = "mlflow."  # tags of MLflow itself begin with it
_TAG_CHARACTERS_MAX: Final = 256
_STATES: Final[dict[str, EndState]] = {
    "FINISHED": "finished",
    "FAILED": "failed",
    "KILLED": "killed",
}
_KNOWN: Final = frozenset(  # tags that become something else than a tag
    f"{_SYSTEM}{name}"
    for name in (
        "runName", "note.content", "parentRunId", "user", "source.name", "source.type",
        "source.git.commit", "source.git.branch", "source.git.repoURL", "runColor",
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """A run as MLflow describes it."""

    id: str
    name: str
    experiment: str
    user: str
    source: str  # the program
    status: str  # e.g. "FINISHED"
    start_ms: int
    end_ms: int | None
    artifacts: str  # an address
    tags: Mapping[str, str] = field(default_factory=dict)

    @property
    def started(self) -> RunStarted:
        """How the run introduces itself."""
        tags = self.tags
        return introduction(
            self.start_ms * MS,
            self.experiment,
            tags.get(f"{_SYSTEM}runName", self.name) or self.id,
            user=tags.get(f"{_SYSTEM}user", self.user),
            command=[name] if (name := tags.get(f"{_SYSTEM}source.name", self.source)) else [],
            tags=[_word(key, value) for key, value in tags.items() if _is_word(key, value)],
            notes=tags.get(f"{_SYSTEM}note.content", ""),
            parent=tags.get(f"{_SYSTEM}parentRunId", ""),
        )

    def record(self, run: Imported, params: Mapping[str, str]) -> None:
        """Record what is not measured: parameters, facts, and its files, which stay in place."""
        run.params({key: typed(value) for key, value in params.items()})
        tags = self.tags
        git = {
            "commit": tags.get(f"{_SYSTEM}source.git.commit", ""),
            "branch": tags.get(f"{_SYSTEM}source.git.branch", ""),
            "remote": tags.get(f"{_SYSTEM}source.git.repoURL", ""),
        }
        run.params({key: value for key, value in git.items() if value}, namespace="git")
        run.params(
            {
                key: value
                for key, value in tags.items()
                if key not in _KNOWN and not _is_word(key, value)
            },
            namespace="mlflow.tags",
        )
        folder = _folder_at(self.artifacts)
        if folder is not None:
            run.params({"artifacts": str(folder)}, namespace="launch")
            try:
                files = sorted(folder.iterdir())
            except OSError as error:
                run.lost(f"a folder of artifacts: {error.strerror or error}")
                return
            for path in files:
                run.file(path, kind="artifact")

    def end(self, run: Imported) -> None:
        """Record how it ended, if MLflow knows."""
        state = _STATES.get(self.status)
        if state is not None:
            run.end(self.end_ms * MS if self.end_ms else run.last_ns, state)


def typed(text: str) -> object:
    """Return the value whose text MLflow has kept, if it is plainly one; else the text.

    It keeps parameters as Python writes them, so what is written the same way again was one.
    """
    if text in ("True", "False", "None"):
        return {"True": True, "False": False, "None": None}[text]
    for kind in (int, float):
        with contextlib.suppress(ValueError):
            if str(value := kind(text)) == text:
                return value
    return text


def _is_word(key: str, value: str) -> bool:
    is_own = key.startswith(_SYSTEM)
    return not is_own and len(_word(key, value)) <= _TAG_CHARACTERS_MAX and "\n" not in value


def _word(key: str, value: str) -> str:
    return f"{key}={value}" if value else key


def _folder_at(address: str) -> Path | None:
    """Return the folder of this machine that an address is of; None if it is of none."""
    parts = urlsplit(address)
    if parts.scheme not in ("", "file") or not parts.path:
        return None
    folder = Path(unquote(parts.path) if parts.scheme else address)
    return folder if folder.is_dir() else None
