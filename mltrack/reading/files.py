"""Files that a recorded run wrote or read: looked at, and brought back."""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Final
from typing import Literal

from mltrack.reading.file_source import FileSource
from mltrack.reading.file_source import Readable
from mltrack.reading.kept import Kept
from mltrack.reading.kept import Unavailable
from mltrack.reading.source import Source
from mltrack_core.errors import MltrackError
from mltrack_server.resources import CheckpointFile
from mltrack_server.resources import FileLink
from mltrack_server.resources import FileSummary

_PAGE_FILES: Final = 2000


class FileUnavailable(Unavailable):
    """A file cannot be brought back, and why."""


class FileMissing(MltrackError, LookupError):
    """A run has no such file."""


class FileView(Kept):
    """One file or folder of a recorded run, as it was when it was looked up."""

    _kind = "file"
    _unavailable = FileUnavailable

    def __init__(self, source: FileSource, run: str, summary: FileSummary) -> None:
        self._source, self._run = source, run
        self.summary = summary  # everything that is known of it

    def __repr__(self) -> str:
        return f"<{self.use} {self.name!r}, {self.status}>"

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        return self.summary.id

    @property
    def name(self) -> str:
        """What it is called in the run."""
        return self.summary.name

    @property
    def use(self) -> Literal["output", "input"]:
        """Whether the run wrote it, or read it."""
        return self.summary.use

    @property
    def step(self) -> int | None:
        """Where in the training it was recorded."""
        return self.summary.step

    @property
    def sha256(self) -> str:
        """Of a single file; "" of a folder, and where it is not known."""
        return self.summary.sha256

    @property
    def status(self) -> str:
        """How far it has come: "stored" can be downloaded; see docs/guides/files.md."""
        return self.summary.status

    @property
    def path(self) -> Path:
        """Where it was, on the machine that trained; an address is in `summary.path`."""
        return Path(self.summary.path)

    def files(self) -> list[CheckpointFile]:
        """Return its files with sizes and hashes; none of what is elsewhere."""
        found = self._source.one(self._run, self.id)
        if found is None:
            raise FileUnavailable(f"file {self.id} is no longer there")
        return found.files

    def original(self) -> Path | None:
        """Return where it was, if it still lies there as it was recorded, on this machine."""
        return None if self.status == "elsewhere" else super().original()

    def links(self) -> list[FileLink]:
        """Return the runs that wrote or read the same bytes, the newest first."""
        found = self._source.provenance(self._run)
        return [link for link in found.links if link.file == self.id] if found else []

    @property
    def _name(self) -> str:
        return self.name

    @property
    def _is_folder(self) -> bool:
        return self.summary.is_folder

    def _stored(self, name: str) -> Readable | None:
        return self._source.stored(self._run, self.id, name)

    def _why(self) -> str:
        if self.status == "elsewhere":
            return f"it is elsewhere, at {self.summary.path}"
        return self.summary.problem or self.summary.reason or super()._why()


class HasFiles:
    """A run, as far as the files are concerned that it wrote and read."""

    _source: Source

    @property
    def id(self) -> str:
        """32 hexadecimal digits."""
        raise NotImplementedError

    def files(self) -> list[FileView]:
        """Return all files that the run wrote or read, in the order in which they were recorded."""
        views: list[FileView] = []
        while True:
            page = self._source.files.index(self.id, len(views), _PAGE_FILES)
            if page is None or not page.files:
                return views
            views += [FileView(self._source.files, self.id, each) for each in page.files]

    def file(self, which: str) -> FileView:
        """Return one file.

        Args:
            which: Its name; of several versions the newest, and what the run wrote before what it
                read. Or as many of its id's last characters as make it unique.

        Raises:
            FileMissing: There is none such.
        """
        found = self.files()
        named = [each for each in found if each.name == which]
        named = [each for each in named if each.use == "output"] or named
        named = named[-1:] or [each for each in found if which and each.id.endswith(which)]
        if len(named) != 1:
            names = list(dict.fromkeys(each.name for each in found))
            near = difflib.get_close_matches(which, names, 3, 0.5) or names[:5]
            hint = f"; there are {', '.join(near)}" if near else "; it has none at all"
            raise FileMissing(f"run {self.id[:8]} has no file {which[:80]!r}{hint}")
        return named[0]

    def provenance(self) -> list[FileLink]:
        """Return the runs that wrote what this one read, or read what it wrote or read."""
        found = self._source.files.provenance(self.id)
        return found.links if found else []
