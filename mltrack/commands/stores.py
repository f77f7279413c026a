"""Which store a command means: a folder's, or a database."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mltrack_core.errors import SettingInvalid

if TYPE_CHECKING:
    from mltrack_server.store import Store


def add_folder(parser: argparse._ActionsContainer) -> None:
    """Let *parser* take --data."""
    parser.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the folder whose DIR/store is meant, as for `mltrack server`; default: MLTRACK_DIR",
    )


def add_store(parser: argparse.ArgumentParser) -> None:
    """Let *parser* take --data, or --database with --blobs."""
    which = parser.add_mutually_exclusive_group()
    add_folder(which)
    which.add_argument(
        "--database", metavar="URL", help="the store's address instead, e.g. postgresql://host/name"
    )
    parser.add_argument(
        "--blobs", type=Path, metavar="DIR", help="with --database: --blobs of its servers"
    )


def at_database(options: argparse.Namespace) -> Store | None:
    """Return the store at --database, to be opened; None where a folder's is meant.

    Raises:
        SettingInvalid: --blobs is given without --database.
        StoreUnusable: There is none.
    """
    from mltrack_server.store import Store
    from mltrack_server.store.database.engine import check_is_there

    if not options.database:
        if options.blobs:
            reason = "it goes with --database; a folder has its own beside the store"
            raise SettingInvalid("--blobs", str(options.blobs), reason)
        return None
    check_is_there(options.database)
    return Store(options.database, blobs=options.blobs)
