"""The command `mltrack delete`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from mltrack.commands.table import table

if TYPE_CHECKING:
    from mltrack_server.resources import Deletion


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "delete",
        help="delete runs, or restore deleted ones",
        description="Deletes runs: lists leave them out, and in 30 days a server removes their "
        "records for good. Until then --undo restores them.",
    )
    parser.add_argument("run_names", metavar="RUN", nargs="*", help="id, its end, or name")
    parser.add_argument("--undo", action="store_true", help="restore deleted runs")
    parser.add_argument("--list", action="store_true", dest="is_list", help="list deleted runs")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=delete)


def delete(options: argparse.Namespace) -> int:
    """Delete, restore or list."""
    import mltrack

    if bool(options.run_names) == options.is_list or (options.undo and options.is_list):
        print("mltrack: name runs, or say --list", file=sys.stderr)
        return 2
    with mltrack.open(options.where) as reader:
        if options.is_list:
            print(table(("id", "project", "name", "deleted", ""), map(_row, reader.deletions())))
            return 0
        if options.undo:
            for run in [reader.deleted(name) for name in options.run_names]:
                reader.restore(run.id)
                print(f"restored {run.id} {run.name}")
            return 0
        # All of them are looked up first: a typo in one must not leave half of them deleted.
        for found in [reader.run(name) for name in options.run_names]:
            deletion = reader.delete(found.id)
            print(f"deleted {found.id} {found.name}; {_until(deletion)}")
    return 0


def _row(run: Deletion) -> tuple[str, ...]:
    until = _until(run)
    if run.purged_ns is not None:
        late = f"; {run.records} records came later" if run.records else ""
        until = f"removed on {_day(run.purged_ns)}{late}"
    return run.id[-8:], run.project, run.name, _day(run.deleted_ns), until


def _until(run: Deletion) -> str:
    """Return when a run's records are removed, or which versions of models hold them."""
    if run.registered:
        return (
            f"its records stay while {', '.join(run.registered)} of the model registry needs them"
        )
    return f"removed for good on {_day(run.purge_ns)}"


def _day(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).strftime("%Y-%m-%d")
