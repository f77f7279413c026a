"""Which runs of which trackers lie below a path."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from mltrack.importing import mlflow_database
from mltrack.importing import mlflow_files
from mltrack.importing import tensorboard
from mltrack.importing import trackio
from mltrack.importing import wandb
from mltrack.importing.source import Source
from mltrack.importing.source import Survey

_DATABASES: Final = (".db", ".sqlite", ".sqlite3")
_SQLITE: Final = b"SQLite format 3\0"


def survey(paths: Iterable[Path], project: str = "") -> Survey:
    """Return every run that is found at *paths*, at any depth; links inside are not followed.

    Args:
        paths: Files and folders.
        project: For runs whose tracker knows of none.

    Raises:
        OSError: One of the paths is not there.
    """
    found = Survey([], [])
    for path in paths:
        path = path.expanduser().resolve(strict=True)
        if path.is_file():
            before = found.size
            _look_at_files(path.parent, [path.name], found, project)
            if found.size == before:
                found.refused.append(f"{path}: no file of TensorBoard, W&B, MLflow or Trackio")
        else:
            _walk(path, found, project)
    # Two paths may lead to one run, and two copies of a run are one.
    found.sources = list({source.run: source for source in reversed(found.sources)}.values())
    found.sources.sort(key=lambda source: (source.started.time_ns, source.run))
    return found


def _walk(root: Path, found: Survey, project: str) -> None:
    event_files: dict[Path, list[Path]] = {}

    def refuse(error: OSError) -> None:
        found.refused.append(f"{error.filename}: {error.strerror}")

    for place, folders, names in os.walk(root, onerror=refuse):
        folder = Path(place)
        folders.sort()
        if mlflow_files.is_run(folder, names):
            folders.clear()  # what lies in there is the run's
            mlflow_files.add(folder, found)
            continue
        if any(wandb.is_run_file(name) for name in names):
            folders.clear()
        events = [folder / name for name in names if tensorboard.is_event_file(name)]
        if events:
            event_files[folder] = events
        _look_at_files(folder, names, found, project, events=False)
    tensorboard.add(root, event_files, project, found)


def _look_at_files(
    folder: Path, names: Iterable[str], found: Survey, project: str, *, events: bool = True
) -> None:
    """Add the runs that are in single files."""
    for name in sorted(names):
        path = folder / name
        if wandb.is_run_file(name):
            _add(wandb.source(path), path, found)
        elif events and tensorboard.is_event_file(name):
            tensorboard.add(folder, {folder: [path]}, project, found)
        elif name.endswith(_DATABASES) and _begins_with(path, _SQLITE):
            try:
                # Databases of anything else lie everywhere.
                _ = mlflow_database.add(path, found) or trackio.add(path, found)
            except (OSError, sqlite3.Error) as error:
                found.refused.append(f"{path}: {error}")


def _add(result: Source | str, path: Path, found: Survey) -> None:
    if isinstance(result, str):
        found.refused.append(f"{path}: {result}")
    else:
        found.sources.append(result)


def _begins_with(path: Path, start: bytes) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(start)) == start
    except OSError:
        return False
