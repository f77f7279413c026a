"""The command line: `mltrack <command>`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

import mltrack.commands.backups
import mltrack.commands.checkpoints
import mltrack.commands.deletions
import mltrack.commands.files
import mltrack.commands.fsck
import mltrack.commands.models
import mltrack.commands.projects
import mltrack.commands.runs
import mltrack.commands.sizes
import mltrack.commands.usage
import mltrack.demo._commands
import mltrack.export._commands
import mltrack.importing._commands
import mltrack.launch._commands
import mltrack_core._commands
import mltrack_server._commands
from mltrack_core import MltrackError
from mltrack_core import __version__


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit status: 0, 1 if it failed, 2 if it was misused."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if "run" not in options:
        parser.print_help(sys.stderr)
        return 2
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        # `mltrack runs | head` has seen enough. Python would complain once more when it ends.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except (MltrackError, OSError) as error:
        print(f"mltrack: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="mltrack", description="The flight recorder for model training."
    )
    parser.add_argument("--version", action="version", version=f"mltrack {__version__}")
    commands = parser.add_subparsers(metavar="command")
    mltrack_server._commands.register(commands)
    mltrack.demo._commands.register(commands)
    mltrack.launch._commands.register(commands)
    mltrack.commands.runs.register(commands)
    mltrack.commands.checkpoints.register(commands)
    mltrack.commands.models.register(commands)
    mltrack.commands.files.register(commands)
    mltrack.export._commands.register(commands)
    mltrack.importing._commands.register(commands)
    mltrack.commands.deletions.register(commands)
    mltrack.commands.backups.register(commands)
    mltrack.commands.fsck.register(commands)
    mltrack.commands.sizes.register(commands)
    mltrack.commands.projects.register(commands)
    mltrack.commands.usage.register(commands)
    mltrack_core._commands.register(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
