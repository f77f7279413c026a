"""The commands `mltrack backup` and `mltrack restore`."""

from __future__ import annotations

import argparse
from pathlib import Path

from mltrack.commands import stores


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's commands to the command line."""
    parser = commands.add_parser(
        "backup",
        help="copy a store while it is in use",
        description="Copies database and blobs as they are at one moment. A server may go on "
        "meanwhile. The same folder again is brought up to date.",
    )
    parser.add_argument("destination", metavar="DEST", type=Path, help="a new folder, or a backup")
    parser.add_argument(
        "--copy", action="store_true", help="copy blobs also where hard links would do"
    )
    stores.add_folder(parser)
    parser.set_defaults(run=backup)
    parser = commands.add_parser(
        "restore",
        help="put a backup back, into a folder without a store",
        description="Puts a backup back, every file compared with its hash. What agents still "
        "hold of the time since then they deliver again by themselves.",
    )
    parser.add_argument("source", metavar="SRC", type=Path, help="a backup")
    stores.add_folder(parser)
    parser.set_defaults(run=restore)


def backup(options: argparse.Namespace) -> int:
    """Copy the store."""
    from mltrack.reading.folder import FolderSource
    from mltrack_server.lock import store_url
    from mltrack_server.store.upkeep import backup as backups

    root = _root(options)
    source = FolderSource(root)
    if root.is_dir():
        source.refreshed()  # what the spool holds belongs to it, and the schema is this version's
    source.close()
    made = backups.make(store_url(root), options.destination, copy=options.copy, progress=_say)
    print(
        f"{options.destination}: database of {made.database_bytes} bytes, "
        f"{len(made.blobs)} blobs of {sum(made.blobs.values())} bytes"
    )
    if made.missing:
        print(
            f"{len(made.missing)} blobs that the database names are not in the store, or damaged: "
            "`mltrack fsck --read-data` says which"
        )
        return 1
    return 0


def restore(options: argparse.Namespace) -> int:
    """Put a backup back."""
    from mltrack_server.errors import StoreUnusable
    from mltrack_server.lock import StoreLock
    from mltrack_server.store.upkeep import backup as backups

    root = _root(options)
    with StoreLock(root) as lock:
        if other := lock.acquire_or_address():
            raise StoreUnusable(str(root), f"a server at {other} uses it; stop it first")
        made = backups.restore(options.source, root, progress=_say)
    print(f"{root}: restored, {len(made.blobs)} blobs")
    return 0


def _root(options: argparse.Namespace) -> Path:
    """Return the folder whose store is meant."""
    from mltrack_core import _settings

    place: Path = options.data or _settings.read().folder
    return place.expanduser().absolute()


def _say(text: str) -> None:
    print(f"… {text}", flush=True)
