"""The command `mltrack files`."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from mltrack.commands.table import size
from mltrack.commands.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mltrack.reading.files import FileView


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "files",
        help="list the files that a run wrote and read, or download one",
        description="Lists what was recorded with log_file and use_file, or brings a file back, "
        "checked against its SHA-256.",
    )
    parser.add_argument("run_name", metavar="RUN", help="id, its end, or name")
    parser.add_argument("--download", metavar="NAME", help="the newest file of this name")
    parser.add_argument("--to", metavar="FOLDER", default=".", help="where it is to go")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=list_files)


def list_files(options: argparse.Namespace) -> int:
    """Print a run's files, or the place where one was downloaded to."""
    import mltrack

    with mltrack.open(options.where) as reader:
        run = reader.run(options.run_name)
        if options.download is not None:
            print(run.file(options.download).download(options.to))
        else:
            rows = [_row(each) for each in run.files()]
            print(table(("use", "name", "step", "size", "status", "sha256", "path"), rows))
    return 0


def _row(found: FileView) -> Sequence[str]:
    """Return a line of the list."""
    summary = found.summary
    return (
        summary.use,
        f"{summary.name}/" if summary.is_folder else summary.name,
        "" if summary.step is None else str(summary.step),
        "" if summary.bytes is None else size(summary.bytes),
        summary.status,
        summary.sha256[:12],
        summary.path,
    )
