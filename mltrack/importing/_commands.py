"""The command `mltrack import`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mltrack.importing.source import Source
    from mltrack.importing.source import Survey
    from mltrack.importing.transfer import Outcome


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "import",
        help="take over runs from TensorBoard, W&B, MLflow or Trackio",
        description="Finds runs of other trackers below the paths, at any depth: TensorBoard's "
        "event files, W&B's offline runs, MLflow's mlruns folders and SQLite databases, Trackio's "
        "databases. What is found there stays as it is. May be repeated: a run is imported once.",
    )
    parser.add_argument("paths", metavar="PATH", nargs="+", type=Path, help="file or folder")
    parser.add_argument(
        "--project", default="", help="for all of them; default: as the source has it"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be imported, and import nothing"
    )
    parser.set_defaults(run=import_)


def import_(options: argparse.Namespace) -> int:
    """Import what is found; return 0, or 1 if something there could not be read."""
    from mltrack.importing.finding import survey
    from mltrack.importing.transfer import Transfer
    from mltrack_core import _settings

    settings = _settings.read()
    found = survey(options.paths, options.project or settings.project)
    if not found.sources and not found.refused:
        print("mltrack: found no run of TensorBoard, W&B, MLflow or Trackio", file=sys.stderr)
        return 1
    totals: Counter[str] = Counter()
    known = deleted = 0
    with Transfer(settings, options.project) as transfer:
        for source in found.sources:
            if transfer.has(source):
                known += 1
                deleted += transfer.is_deleted(source)
            elif options.dry_run:
                print(_line(source, options.project))
                totals["runs"] += 1
            else:
                outcome = transfer.take(source)
                totals["runs"] += 1
                totals.update(outcome.counts)
                print(f"{_line(source, options.project)}  {_counted(outcome.counts)}", flush=True)
                _tell_losses(source, outcome)
    verb = "would import" if options.dry_run else "imported"
    runs = totals.pop("runs", 0)
    print(f"{verb} {_runs(runs)}{f': {_counted(totals)}' if totals else ''}")
    _tell_rest(found, known, deleted)
    if runs and not options.dry_run:
        print(f"look at them with {settings.url if settings.ships else '`mltrack ui`'}")
    return 1 if found.refused else 0


def _line(source: Source, project: str) -> str:
    started = source.started
    return f"{source.format:<17} {project or started.project}/{started.name}"


def _tell_losses(source: Source, outcome: Outcome) -> None:
    """Say what of a run is not in mltrack."""
    for reason, count in outcome.losses.items():
        print(f"mltrack: {source.path}: not read, {count}x {reason}", file=sys.stderr)
    for kind, count in outcome.left_out.items():
        print(f"mltrack: {source.path}: left out, {count}x {kind}", file=sys.stderr)


def _tell_rest(found: Survey, known: int, deleted: int) -> None:
    if known > deleted:
        print(f"already there: {known - deleted}")
    if deleted:
        print(f"deleted from here; `mltrack delete --undo` restores them: {deleted}")
    if found.deleted:
        print(f"left out, because they were deleted there: {found.deleted}")
    for reason in found.refused:
        print(f"mltrack: not read: {reason}", file=sys.stderr)


def _counted(counts: Counter[str]) -> str:
    return ", ".join(f"{count:,} {what}" for what, count in _ordered(counts)) or "nothing in it"


def _ordered(counts: Counter[str]) -> Iterable[tuple[str, int]]:
    return sorted(counts.items(), key=lambda item: -item[1])


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
