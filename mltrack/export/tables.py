"""The tables of an export, and their columns."""

from __future__ import annotations

from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from typing import Final
from typing import Literal
from typing import Protocol

from mltrack.export import content
from mltrack.export.media import MediaFiles
from mltrack.reading.run import RunView

# exact: an integer, or a float64. json: parameters, lists of text.
Kind = Literal["text", "integer", "number", "exact", "flag", "time", "json", "numbers", "integers"]
Columns = Mapping[str, Kind]

TABLES: Final[Mapping[str, Columns]] = {
    "runs": {
        "run": "text",
        "project": "text",
        "name": "text",
        "state": "text",
        "reason": "text",
        "started": "time",
        "ended": "time",
        "user": "text",
        "host": "text",
        "framework": "text",
        "group": "text",
        "tags": "json",
        "parent": "text",
        "attempts": "integer",
        "command": "json",
        "folder": "text",
        "python": "text",
        "notes": "json",
        "dropped": "integer",
    },
    "params": {
        "run": "text",
        "namespace": "text",
        "key": "text",
        "value": "json",
        "number": "number",
    },
    "summary": {
        "run": "text",
        "kind": "text",
        "name": "text",
        "last": "number",
        "last_step": "integer",
        "min": "number",
        "max": "number",
        "points": "integer",
        "nonfinite": "integer",
        "first_nonfinite_step": "integer",
    },
    "series": {
        "run": "text",
        "kind": "text",
        "name": "text",
        "step": "integer",
        "time": "time",
        "value": "exact",
        "is_superseded": "flag",
    },
    "histograms": {
        "run": "text",
        "name": "text",
        "step": "integer",
        "time": "time",
        "is_superseded": "flag",
        "low": "numbers",
        "high": "numbers",
        "count": "integers",
        "nans": "integer",
        "negative_infinities": "integer",
        "positive_infinities": "integer",
    },
    "media": {
        "run": "text",
        "name": "text",
        "step": "integer",
        "time": "time",
        "kind": "text",
        "type": "text",
        "caption": "text",
        "sha256": "text",
        "file": "text",
        "boxes": "json",
        "masks": "json",
    },
}
_ROWS_AT_ONCE: Final = 2000


class Table(Protocol):
    """A file that rows are written to, column by column."""

    def write(self, columns: Mapping[str, Sequence[Any]]) -> None:
        """Append rows; times are ns since the epoch, None is where nothing is."""

    def close(self) -> None:
        """Finish the file."""


class Format(Protocol):
    """What makes tables."""

    def __call__(self, folder: Path, name: str, columns: Columns) -> Table:
        """Return an empty table in *folder*."""


def write(runs: Iterable[RunView], folder: Path, format: Format) -> list[str]:  # noqa: A002
    """Write all of *runs* into tables in *folder*; return what a person should know of it."""
    media = MediaFiles(folder)
    made = {name: format(folder, name, columns) for name, columns in TABLES.items()}
    try:
        for run in runs:
            _write_rows(made["runs"], "runs", [content.run_row(run)])
            _write_rows(made["params"], "params", content.param_rows(run))
            _write_rows(made["summary"], "summary", content.summary_rows(run))
            for kind, name, points in content.series(run):
                made["series"].write(
                    {
                        "run": [run.id] * len(points),
                        "kind": [kind] * len(points),
                        "name": [name] * len(points),
                        "step": points.step.tolist(),
                        "time": points.time_ns.tolist(),
                        "value": points.values(),
                        "is_superseded": points.is_superseded.tolist(),
                    }
                )
            _write_rows(made["histograms"], "histograms", content.histogram_rows(run))
            _write_rows(made["media"], "media", media.rows(run))
    finally:
        for table in made.values():
            table.close()
    if not media.missing:
        return []
    return [
        f"{len(media.missing)} files of media are not here, on their way or lost: "
        "table media has no file for them"
    ]


def _write_rows(table: Table, name: str, rows: Iterable[Mapping[str, Any]]) -> None:
    """Append *rows*, not too many at a time."""
    remaining = iter(rows)
    while some := list(islice(remaining, _ROWS_AT_ONCE)):
        table.write({column: [row[column] for row in some] for column in TABLES[name]})
