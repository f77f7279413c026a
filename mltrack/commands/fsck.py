"""The command `mltrack fsck`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from mltrack.commands import stores

if TYPE_CHECKING:
    from mltrack_server.resources import Repaired
    from mltrack_server.store import Store


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "fsck",
        help="check a store and a spool for damage",
        description="Says what is damaged, where, and what to do about it. Changes nothing "
        "without --repair, and even then throws nothing away: it is moved to DIR/store/quarantine.",
    )
    parser.add_argument(
        "--read-data", action="store_true", help="read every byte, and compare every hash"
    )
    parser.add_argument(
        "--repair",
        action="store_true",
        help="put what is damaged aside; a server that uses it does it",
    )
    stores.add_store(parser)
    parser.set_defaults(run=fsck)


def fsck(options: argparse.Namespace) -> int:
    """Check, and with --repair put aside; return 0 if nothing is wrong, or is any more."""
    from mltrack_core import _settings
    from mltrack_server.lock import STORE_FILE
    from mltrack_server.lock import STORE_FOLDER
    from mltrack_server.lock import store_url
    from mltrack_server.store import Store

    if (store := stores.at_database(options)) is not None:
        return _database(store, options)
    settings = _settings.read()
    root: Path = (options.data or settings.folder).expanduser().absolute()
    count = 0
    for where, what, advice in _spool(root):
        count += 1
        _say(where, what, advice)
    if not (root / STORE_FOLDER / STORE_FILE).exists():
        print(f"{root} has no store" + ("" if count else "; its spool is sound"))
        return 1 if count else 0
    if options.repair:
        count += _repair(root, settings.token, options.read_data)
    else:
        with Store(store_url(root)) as store:
            count += _check(store, options.read_data)
    return _conclude(str(root), count, options.read_data)


def _database(store: Store, options: argparse.Namespace) -> int:
    """Check a store that is no folder's, or mend it; servers may go on.

    Raises:
        StoreUnusable: This version cannot use it, or it is to be mended without a folder of blobs.
    """
    from mltrack_server import upkeep
    from mltrack_server.store.database.engine import where

    with store:
        if options.repair:
            count = _told(upkeep.repair(store, read_data=options.read_data))
        else:
            count = _check(store, options.read_data)
    return _conclude(where(store.url), count, options.read_data)


def _check(store: Store, read_data: bool) -> int:
    """Say what is wrong with a store; return how much."""
    count = 0
    for finding in store.check(read_data=read_data):
        count += not finding.is_due
        _say(finding.where, finding.what, finding.advice)
    return count


def _conclude(place: str, count: int, read_data: bool) -> int:
    """Say so if nothing is wrong; return the exit status."""
    if not count:
        print(f"{place}: sound" + ("" if read_data else "; --read-data reads every byte"))
    return 1 if count else 0


def _repair(root: Path, token: str, read_data: bool) -> int:
    """Put aside what is damaged, or let the server do so that uses the store; return what is left.

    Behind a server's back no row would be safe: what is damaged may be folded at that moment.
    """
    from mltrack_server import upkeep
    from mltrack_server.lock import StoreLock
    from mltrack_server.lock import store_url
    from mltrack_server.store import Store

    with StoreLock(root) as lock:
        if other := lock.acquire_or_address():
            from mltrack.reading.server import ServerSource

            print(f"the server at {other} uses this store and does it now", flush=True)
            done = ServerSource(other, token).repair(read_data=read_data)
        else:
            with Store(store_url(root)) as store:
                done = upkeep.repair(store, read_data=read_data)
    return _told(done)


def _told(done: Repaired) -> int:
    """Say what was found and where it is now; return how much is left."""
    for damage in done.found:
        _say(damage.where, damage.what, damage.advice)
    if done.put_aside:
        print(f"put aside in {done.put_aside}")
        print(f"{done.left} problems are left")
    return done.left


def _spool(root: Path) -> Iterator[tuple[str, str, str]]:
    """Yield what is damaged in the spool."""
    from mltrack_core.errors import MltrackError
    from mltrack_core.spool import layout
    from mltrack_core.spool.reader import read_segment

    advice = "the records around it are read; a Gap record counts what is lost. Keep the file"
    for run in layout.runs(root):
        for segments in layout.segments(root, run).values():
            for segment in segments:
                try:
                    contents = read_segment(segment.path)
                except FileNotFoundError:
                    continue  # delivered and removed at this moment
                except (MltrackError, OSError) as error:
                    yield str(segment.path), str(error), advice
                    continue
                for damage in contents.damages:
                    what = f"bytes {damage.start} to {damage.end}: {damage.reason}"
                    yield str(segment.path), what, advice


def _say(where: str, what: str, advice: str) -> None:
    print(f"{where}: {what}\n    {advice}", flush=True)
