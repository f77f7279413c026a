"""The command `mltrack export`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

_EVERYTHING = "archived in [true, false]"  # runs put away too


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "export",
        help="write runs as Parquet, CSV, JSON lines or TensorBoard event files",
        description="Writes parameters, summaries, every point of every series, histograms and "
        "media into a new folder. What is recorded stays as it is.",
    )
    parser.add_argument("run_names", metavar="RUN", nargs="*", help="id, its end, or name")
    parser.add_argument("--project", help="all runs of this project")
    parser.add_argument("--all", action="store_true", dest="is_all", help="all runs")
    parser.add_argument(
        "--format", required=True, choices=("parquet", "csv", "jsonl", "tensorboard")
    )
    parser.add_argument(
        "--output", required=True, type=Path, metavar="DIR", help="the folder to make"
    )
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=export)


def export(options: argparse.Namespace) -> int:
    """Write the runs that are named."""
    import mltrack
    from mltrack.export import folder
    from mltrack.export.formats import write

    if sum((bool(options.run_names), options.project is not None, options.is_all)) != 1:
        print("mltrack: name runs, or a --project, or say --all", file=sys.stderr)
        return 2
    with mltrack.open(options.where) as reader:
        if options.run_names:
            runs = [reader.run(name) for name in options.run_names]
        else:
            runs = list(reader.runs(_EVERYTHING, project=options.project))
        if not runs:
            print("mltrack: there is no such run, so nothing is written", file=sys.stderr)
            return 1
        with folder.made(options.output) as place:
            remarks = write(options.format, runs, place)
    count = "1 run" if len(runs) == 1 else f"{len(runs)} runs"
    print(f"wrote {count} to {options.output}")
    for remark in remarks:
        print(f"mltrack: {remark}", file=sys.stderr)
    return 0
