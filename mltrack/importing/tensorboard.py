"""TensorBoard's folders: which of them are runs, and what their event files hold.

A folder with event files is a run, as in TensorBoard, but for four kinds of folders that are parts
of another one's run: `train` and `validation` that Keras writes side by side; those that
`SummaryWriter.add_scalars` makes for each line of a chart; those of `SummaryWriter.add_hparams`;
and what `mltrack export` writes for points that were gone over again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Final

from mltrack.foreign import tfrecord
from mltrack.foreign.protobuf import MessageInvalid
from mltrack.importing import events
from mltrack.importing.event_values import read_file
from mltrack.importing.imported import Imported
from mltrack.importing.source import Source
from mltrack.importing.source import Survey
from mltrack.importing.source import introduction
from mltrack_core.records import Rewind

FORMAT: Final = "TensorBoard"
_NAME: Final = re.compile(r".*\btfevents\.(\d+)\.(.+?)(?:\.\d+)*(?:\.v2|\.mltrack)?")
_OWN: Final = ".mltrack"  # how the names of what we exported end
_SUPERSEDED: Final = "superseded"  # see mltrack.export.tensorboard
_HPARAMS: Final = re.compile(r"\d{9,}(\.\d+)?")  # add_hparams names its folder by the time
_KERAS: Final = frozenset({"train", "validation"})
_LOOKED_AT: Final = 16  # events, to learn what a file is about


@dataclass(frozen=True, slots=True)
class _Part:
    """A folder's event files."""

    files: list[Path]
    prefix: str = ""  # of its tags
    is_superseded: bool = False


@dataclass(slots=True)
class _Folder:
    """A folder that is a run, with those that are parts of it."""

    path: Path
    parts: list[_Part] = field(default_factory=list)


def is_event_file(name: str) -> bool:
    """Tell whether a file of this name is one of TensorBoard's."""
    return "tfevents" in name and not name.endswith(".profile-empty")


def add(
    root: Path, event_files: Mapping[Path, Sequence[Path]], project: str, found: Survey
) -> None:
    """Add the runs among some folders to what was found.

    Args:
        root: Below which they were found, or one of them.
        event_files: Folder → its event files.
        project: Of runs that we have not exported ourselves.
        found: What was found.
    """
    for folder in _folders(event_files):
        files = [file for part in folder.parts for file in part.files]
        heads = ((file, event) for file in files for event in islice(_head(file), 1))
        file, first = next(heads, (files[0], None))
        if first is None:
            found.refused.append(f"{folder.path}: no event in it can be read")
            continue
        name = folder.path.relative_to(root).as_posix() if folder.path != root else root.name
        is_own = file.name.endswith(_OWN)
        match = _NAME.fullmatch(file.name)
        found.sources.append(
            Source(
                format=FORMAT,
                path=folder.path,
                # The files' own words: the folder may be copied, and more files may come.
                identity=f"{file.name}\0{first.time_ns}",
                started=introduction(
                    first.time_ns,
                    folder.path.parent.name if is_own else project or root.name,
                    folder.path.name if is_own else name,
                    host=match[2] if match else "",
                ),
                read=partial(_read, folder),
            )
        )


def _folders(found: Mapping[Path, Sequence[Path]]) -> list[_Folder]:
    """Return the runs among the folders, outer ones first."""
    runs: dict[Path, _Folder] = {}
    for path in sorted(found):
        files = sorted(found[path])
        parent = path.parent
        if path.name in _KERAS and {one.name for one in found if one.parent == parent} >= _KERAS:
            owner = runs.setdefault(parent, _Folder(parent))
            owner.parts.append(_Part(files, prefix=f"{path.name}/"))
        elif (part := _part_of(path, files)) is not None and parent in found:
            owner = runs.setdefault(parent, _Folder(parent))
            owner.parts.append(part)
        else:
            runs.setdefault(path, _Folder(path)).parts.insert(0, _Part(files))
    for folder in runs.values():
        folder.parts.sort(key=lambda part: not part.is_superseded)  # first: the rest comes later
    return list(runs.values())


def _part_of(path: Path, files: Sequence[Path]) -> _Part | None:
    """Return what *path* is where it is a part of the run in the folder around it."""
    if path.name == _SUPERSEDED and files[0].name.endswith(_OWN):
        return _Part(list(files), is_superseded=True)
    tags = {
        value.tag: value.plugin
        for event in islice(_head(files[0]), _LOOKED_AT)
        for value in event.values
    }
    if _HPARAMS.fullmatch(path.name) and "hparams" in tags.values():
        return _Part(list(files))
    if len(tags) == 1:
        (tag,) = tags
        stem = tag.replace("/", "_") + "_"
        if path.name.startswith(stem) and path.name != stem:
            return _Part(list(files), prefix=f"\0{path.name.removeprefix(stem)}")
    return None


def _head(file: Path) -> Iterator[events.Event]:
    """Yield the events of a file, as far as they can be read."""
    try:
        with file.open("rb") as opened:
            for message in tfrecord.messages(opened, lambda _: None):
                try:
                    yield events.event_of(message)
                except MessageInvalid:
                    continue
    except OSError:
        return


def _read(folder: _Folder, run: Imported) -> None:
    """Record what the event files of a run hold."""
    for part in folder.parts:
        lowest: int | None = None
        for file in part.files:
            step = read_file(file, part.prefix, run)
            lowest = step if lowest is None or (step is not None and step < lowest) else lowest
        if part.is_superseded and lowest is not None:
            run.write(Rewind(run.last_ns, lowest - 1))
    run.end(run.last_ns, "finished", "imported; TensorBoard does not say how it ended")
