"""Which store a command means: a folder's, or a database."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mltrack_server.store import Store


def add_options(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take --data, or --database with --blobs."""
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the folder whose DIR/store is meant, as for `mltrack server`; default: MLTRACK_DIR",
    )
    which.add_argument(
        "--database", metavar="URL", help="the store's address instead, e.g. postgresql://host/name"
    )
    parser.add_argument(
        "--blobs", type=Path, metavar="DIR", help="with --database: --blobs of its servers"
    )


@contextlib.contextmanager
def opened(options: argparse.Namespace) -> Iterator[Store]:
    """Open the store at --database.

    Raises:
        StoreUnusable: There is none that this version can use.
    """
    from mltrack_server.store import Store

    with Store(options.database, blobs=options.blobs) as store:
        yield store
