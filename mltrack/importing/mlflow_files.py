"""MLflow's folders: `mlruns/<experiment>/<run>/{meta.yaml,metrics,params,tags,artifacts}`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from collections.abc import Iterable
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Final

from mltrack.importing.imported import Imported
from mltrack.importing.mlflow import FORMAT
from mltrack.importing.mlflow import Description
from mltrack.importing.source import MS
from mltrack.importing.source import Source
from mltrack.importing.source import Survey

_META: Final = "meta.yaml"
_STATUS: Final = {"1": "RUNNING", "2": "SCHEDULED", "3": "FINISHED", "4": "FAILED", "5": "KILLED"}
_FIELDS_STEP: Final = 3  # of a line: time, value, step
_PAIR: Final = re.compile(r"([\w.]+):(?: (.*))?")
_ESCAPE: Final = re.compile(r"\\(x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|.)", re.DOTALL)
_ESCAPED: Final = {
    "0": "\0", "a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r",
    "e": "\x1b", "N": "\x85", "_": "\xa0", "L": "\u2028", "P": "\u2029",
}  # fmt: skip


def is_run(folder: Path, names: Iterable[str]) -> bool:
    """Tell whether *folder*, in which files of these names are, is a run of MLflow's."""
    if _META not in names:
        return False
    try:
        meta = plain_yaml((folder / _META).read_text("utf-8", "replace"))
    except OSError:
        return False
    return "experiment_id" in meta and ("run_id" in meta or "run_uuid" in meta)


def add(folder: Path, found: Survey) -> None:
    """Add the run in *folder* to what was found."""
    try:
        meta = plain_yaml((folder / _META).read_text("utf-8", "replace"))
        tags = {
            name: path.read_text("utf-8", "replace")
            for name, path in _files(folder / "tags", _refuse)
        }
        end = meta.get("end_time", "")
        description = Description(
            id=meta.get("run_id", "") or meta.get("run_uuid", ""),
            name=meta.get("run_name", "") or meta.get("name", ""),
            experiment=_experiment(folder.parent),
            user=meta.get("user_id", ""),
            source=meta.get("source_name", ""),
            status=_STATUS.get(meta.get("status", ""), meta.get("status", "")),
            start_ms=int(meta.get("start_time", "") or 0),
            end_ms=int(end) if end.isdigit() else None,
            artifacts=str(folder / "artifacts"),  # where they are now, not where they were
            tags=tags,
        )
    except (OSError, ValueError) as error:
        found.refused.append(f"{folder}: {error}")
        return
    if meta.get("lifecycle_stage") == "deleted":
        found.deleted += 1
        return
    found.sources.append(
        Source(
            format=FORMAT,
            path=folder,
            identity=description.id,
            started=description.started,
            read=partial(_read, folder, description),
        )
    )


def _experiment(folder: Path) -> str:
    try:
        return plain_yaml((folder / _META).read_text("utf-8", "replace"))["name"]
    except (OSError, KeyError):
        return folder.name


def _read(folder: Path, description: Description, run: Imported) -> None:
    """Record what the folder holds."""

    def lost(error: OSError) -> None:
        run.lost(f"a folder of the run: {error.strerror or error}")

    params: dict[str, str] = {}
    for name, path in _files(folder / "params", lost):
        try:
            params[name] = path.read_text("utf-8", "replace")
        except OSError as error:
            run.lost(f"a parameter: {error.strerror or error}")
    description.record(run, params)
    for name, path in _files(folder / "metrics", lost):
        try:
            with path.open(encoding="utf-8", errors="replace") as lines:
                for line in lines:
                    _take_line(name, line, run)
        except OSError as error:
            run.lost(f"a metric's file: {error.strerror or error}")
    description.end(run)


def _take_line(name: str, line: str, run: Imported) -> None:
    """Record one value: its time in ms, itself, and its step where it has one."""
    parts = line.split()
    if not parts:
        return
    try:
        time_ms, value = int(parts[0]), float(parts[1])
        step = int(parts[2]) if len(parts) >= _FIELDS_STEP else 0
    except (ValueError, IndexError):
        run.lost("a value: not understood")
        return
    run.scalars(time_ms * MS, step, {name: value})


def _files(folder: Path, unreadable: Callable[[OSError], None]) -> Iterator[tuple[str, Path]]:
    """Yield name and path of each file below *folder*; names have "/" where folders are.

    Args:
        folder: Need not be there: MLflow makes it for the first file.
        unreadable: Told of each folder that is there and cannot be read.
    """
    if not folder.exists():
        return
    for place, folders, names in os.walk(folder, onerror=unreadable):
        folders.sort()
        for path in (Path(place, name) for name in sorted(names)):
            if path.is_file():
                yield path.relative_to(folder).as_posix(), path


def _refuse(error: OSError) -> None:
    raise error


def plain_yaml(text: str) -> dict[str, str]:
    """Return the pairs of a YAML file as MLflow writes it: one a line, values without structure.

    null is "". A value that goes on in lines that are indented is put together.
    """
    pairs: dict[str, str] = {}
    lines: list[str] = []
    for line in text.splitlines():
        if line[:1] in (" ", "\t") and lines and lines[-1].endswith("\\"):
            lines[-1] = lines[-1][:-1] + line.strip()
        elif line[:1] in (" ", "\t") and lines:
            lines[-1] += f" {line.strip()}" if line.strip() else "\n"
        elif not line and lines:
            lines[-1] += "\n"
        else:
            lines.append(line)
    for line in lines:
        if match := _PAIR.fullmatch(line.strip()):
            pairs[match[1]] = _scalar((match[2] or "").strip())
    return pairs


def _scalar(text: str) -> str:
    if text[:1] == "'" and text[-1:] == "'" and len(text) > 1:
        return text[1:-1].replace("''", "'")
    if text[:1] == '"' and text[-1:] == '"' and len(text) > 1:
        return _ESCAPE.sub(_unescaped, text[1:-1].replace("\\ ", " "))
    return "" if text in ("null", "~") else text


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if code[0] in "xuU" and len(code) > 1:
        return chr(int(code[1:], 16))
    return _ESCAPED.get(code, code)
