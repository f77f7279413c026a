"""The commands `mltrack du` and `mltrack compact`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from mltrack.commands import stores
from mltrack.commands.table import table

if TYPE_CHECKING:
    from mltrack_server.resources import Compacted


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's commands to the command line."""
    parser = commands.add_parser("du", help="what each project takes of a store")
    parser.add_argument("--json", action="store_true", help="as JSON, in bytes")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=du)
    parser = commands.add_parser(
        "compact",
        help="give back what a store does not need",
        description="Puts small pieces of runs that have ended together, removes what was deleted "
        "30 days ago and blobs that nothing names, and writes the database anew, but for "
        "PostgreSQL, which uses again what is free. A server that uses the store does it while it "
        "goes on; agents wait for a moment, and lose nothing.",
    )
    stores.add_store(parser)
    parser.set_defaults(run=compact)


def du(options: argparse.Namespace) -> int:
    """Print a table of projects, or JSON."""
    import msgspec

    import mltrack

    with mltrack.open(options.where) as reader:
        found = reader.sizes()
    if options.json:
        print(msgspec.json.encode(found).decode())
        return 0
    rows = [
        (
            each.project,
            f"{each.runs} ({each.deleted} deleted)" if each.deleted else str(each.runs),
            f"{each.points:,}",
            _mib(each.point_bytes),
            _mib(each.other_bytes),
            _mib(each.blob_bytes),
            _mib(each.own_blob_bytes),
        )
        for each in found.projects
    ]
    print(table(("project", "runs", "points", "series", "other", "blobs", "own blobs"), rows))
    print(
        f"database {_mib(found.database_bytes)}, of it free {_mib(found.free_bytes)}; "
        f"blobs {_mib(found.blob_bytes)}"
    )
    return 0


def compact(options: argparse.Namespace) -> int:
    """Compact a store."""
    from mltrack_server import upkeep

    if (store := stores.at_database(options)) is not None:
        with store:
            return _say(upkeep.compact(store))
    return _say(_compact_folder(options.data))


def _compact_folder(data: Path | None) -> Compacted:
    from mltrack_core import _settings
    from mltrack_server import upkeep
    from mltrack_server.errors import StoreUnusable
    from mltrack_server.lock import STORE_FILE
    from mltrack_server.lock import STORE_FOLDER
    from mltrack_server.lock import StoreLock
    from mltrack_server.lock import store_url
    from mltrack_server.store import Store

    settings = _settings.read()
    root: Path = (data or settings.folder).expanduser().absolute()
    if not (root / STORE_FOLDER / STORE_FILE).exists():
        raise StoreUnusable(str(root), "there is no store to compact")
    with StoreLock(root) as lock:
        if other := lock.acquire_or_address():
            from mltrack.reading.server import ServerSource

            print(f"the server at {other} uses this store and does it now", flush=True)
            return ServerSource(other, settings.token).compact()
        with Store(store_url(root)) as store:
            return upkeep.compact(store)


def _say(done: Compacted) -> int:
    """Print what has become smaller; return the exit status."""
    print(
        f"{done.path}: {_mib(done.bytes_before)} before, {_mib(done.bytes_now)} now; "
        f"blobs freed: {_mib(done.blob_bytes_freed)}"
    )
    if later := done.blob_bytes_later:
        print(f"{_mib(later)} of blobs were asked for within the hour, and stay till then")
    return 0


def _mib(count: int) -> str:
    return f"{count / (1 << 20):,.1f} MiB"
