"""Commands that read runs back: `mltrack runs`."""

from __future__ import annotations

import argparse
import csv
import json
import sys
from typing import TYPE_CHECKING
from typing import Final
from typing import get_args

from mltrack.commands.table import table
from mltrack_core.records import RunState

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mltrack.reading.run import RunView
    from mltrack_server.query.tree import Key

_HEADER: Final = ("id", "project", "name", "state", "last values")
_COLUMNS_MAX: Final = 200


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's commands to the command line."""
    runs = commands.add_parser("runs", help="list recorded runs: filter, sort, choose columns")
    runs.add_argument("query", nargs="?", default="", help="e.g. 'params.lr < 1e-3'")
    runs.add_argument(
        "--sort", default="", metavar="KEYS", help="e.g. --sort=-metrics.val/acc.max,name"
    )
    runs.add_argument("--columns", metavar="KEYS", help="e.g. name,params.lr,metrics.val/loss.min")
    runs.add_argument("--project", help="only of this project")
    runs.add_argument("--state", choices=get_args(RunState), help="only in this state")
    runs.add_argument("--limit", type=int, default=50, help="at most so many (default: 50)")
    runs.add_argument("--from", dest="where", help="a folder or a server's address")
    form = runs.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="one JSON object a line")
    form.add_argument("--csv", action="store_true", help="with a line of column names")
    runs.set_defaults(run=list_runs)


def list_runs(options: argparse.Namespace) -> int:
    """Print runs as a table, as JSON lines, or as CSV."""
    import mltrack
    from mltrack.commands import cells
    from mltrack_core import _settings
    from mltrack_server.query.parser import parse_keys

    columns = parse_keys(options.columns, _COLUMNS_MAX) if options.columns else ()
    with mltrack.open(options.where) as reader:
        runs = reader.runs(
            options.query,
            sort=options.sort,
            project=options.project,
            state=options.state,
            fields=cells.fields(columns) if columns else None,
        )
        shown = [run for run, _ in zip(runs, range(options.limit), strict=False)]
        if shown and options.csv:
            _print_csv(shown, columns)
        elif options.json:
            print(*(json.dumps(_plain(run, columns)) for run in shown), sep="\n" if shown else "")
        elif shown and columns:
            rows = [[cells.text(cells.value(run, key)) for key in columns] for run in shown]
            print(table(list(map(keys_text, columns)), rows))
        elif shown:
            print(table(_HEADER, map(_row, shown)))
    if not shown:
        settings = _settings.read()
        place = options.where or settings.url or settings.folder
        if options.project or options.state or options.query:
            print(f"no run of this kind in {place}", file=sys.stderr)
        else:
            print(f"no runs in {place} yet; `mltrack demo` records some", file=sys.stderr)
    return 0


def _print_csv(shown: Sequence[RunView], columns: Sequence[Key]) -> None:
    """Print runs as CSV: *columns*, or without any everything that `to_pandas` gives."""
    from mltrack.commands import cells

    writer = csv.writer(sys.stdout, lineterminator="\n")
    if columns:
        writer.writerow(map(keys_text, columns))
        writer.writerows([cells.value(run, key) for key in columns] for run in shown)
        return
    rows = [run.row() for run in shown]
    names = dict.fromkeys(name for row in rows for name in row)
    writer.writerow(names)
    writer.writerows([row.get(name) for name in names] for row in rows)


def keys_text(key: Key) -> str:
    """Return the name of a column."""
    from mltrack_server.query import keys

    return keys.write(key)


def _plain(run: RunView, columns: Sequence[Key]) -> dict[str, object]:
    """Return a run as JSON can hold it: what is not finite as text."""
    from mltrack.commands import cells
    from mltrack_server.resources import number

    def plain(value: object) -> object:
        if isinstance(value, list):
            return [plain(item) for item in value]
        return number(value) if isinstance(value, float) else value

    if columns:
        chosen = {keys_text(key): plain(cells.value(run, key)) for key in columns}
        return {"id": run.id, **chosen}
    return {
        "id": run.id,
        "project": run.project,
        "name": run.name,
        "state": run.state,
        "params": {key: plain(value) for key, value in run.params.items()},
        "summary": {name: plain(value) for name, value in run.summary.items()},
    }


def _row(run: RunView) -> Sequence[str]:
    summary = ", ".join(f"{name}={value:.4g}" for name, value in list(run.summary.items())[:4])
    return run.id[-8:], run.project, run.name, run.state, summary
