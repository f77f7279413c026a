"""Files that a run wrote or read: all of them, one, its beginning, and who has the same bytes."""

from __future__ import annotations

from typing import Literal

from mltrack_core.records import FileUse
from mltrack_server.resources.base import Resource
from mltrack_server.resources.base import RunId
from mltrack_server.resources.checkpoints import CheckpointFile
from mltrack_server.resources.checkpoints import CheckpointStatus

FileStatus = CheckpointStatus | Literal["elsewhere"]
PreviewKind = Literal["text", "json", "table", "image", "none"]


class FileSummary(Resource, frozen=True, kw_only=True):
    """One file or folder of a run."""

    id: RunId
    name: str  # "/" between parts; several of one name and use are its versions
    use: FileUse
    kind: str  # in a person's words: "dataset", "report" …; "" if nobody said
    time_ns: int
    step: int | None
    attempt: int
    rank: int
    path: str  # where it lay, on the machine that trained; or the address of what is elsewhere
    is_folder: bool
    files: int  # of a folder; 1 of a file, 0 of what is elsewhere
    bytes: int | None  # null where it is elsewhere and nobody said
    modified_ns: int | None  # of a single file, or as somebody said
    sha256: str  # of a single file, or as somebody said; "" where it is not known
    kept: str  # how its bytes were captured: "reflink", "hard link", "copy"; "" if they were not
    reason: str  # why they were not, where that was asked for
    status: FileStatus  # elsewhere: an address, never asked; the others as of checkpoints
    problem: str  # what went wrong with hashing or storing it, in plain words


class FileList(Resource, frozen=True, kw_only=True):
    """Files of a run in the order in which they were recorded, or some of them."""

    files: list[FileSummary]
    first: int  # number of the first one, from 0
    total: int  # that the run has
    rev: int


class RunFile(Resource, frozen=True, kw_only=True):
    """Everything about a file or folder but its bytes."""

    summary: FileSummary
    files: list[CheckpointFile]  # none of what is elsewhere


class FilePreview(Resource, frozen=True, kw_only=True):
    """How a stored file begins."""

    kind: PreviewKind  # image: fetch …/image; none: nothing to be shown as text
    bytes: int  # of the whole file
    is_whole: bool  # whether this is all of it
    text: str  # of text and JSON, the latter indented
    columns: list[str]  # of a table
    rows: list[list[str]]


class FileLink(Resource, frozen=True, kw_only=True):
    """Another run that wrote or read the same bytes."""

    file: RunId  # of this run: the id of its file or checkpoint
    use: FileUse  # what this run did with it
    other_run: RunId
    other_run_name: str
    other_project: str
    other: RunId  # of the other run: the id of its file or checkpoint
    other_use: FileUse  # what that run did with it
    other_name: str
    is_checkpoint: bool  # of the other run
    same: int  # so many files are the same
    time_ns: int  # when the other run began


class Provenance(Resource, frozen=True, kw_only=True):
    """Where what a run read came from, and who read what it wrote; the newest runs first."""

    links: list[FileLink]
    is_cut: bool  # there are more
