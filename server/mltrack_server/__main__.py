"""`python -m mltrack_server ui|server`: the server's commands without the rest of mltrack."""

from __future__ import annotations

import argparse
import sys

from mltrack_core.errors import MltrackError
from mltrack_server import _commands


def main() -> int:
    """Run the command line; return the exit status."""
    parser = argparse.ArgumentParser(prog="mltrack_server")
    _commands.register(parser.add_subparsers(required=True, metavar="COMMAND"))
    arguments = parser.parse_args()
    try:
        status: int = arguments.run(arguments)
    except (MltrackError, OSError) as error:
        sys.stderr.write(f"mltrack: {error}\n")
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main())
