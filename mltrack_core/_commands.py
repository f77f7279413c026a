"""Commands of the client: `mltrack sync`."""

from __future__ import annotations

import argparse
import logging
import time
from collections import Counter
from collections.abc import Iterable
from collections.abc import Sized
from pathlib import Path
from typing import TYPE_CHECKING
from typing import Final

from mltrack_core import _settings
from mltrack_core.errors import SettingInvalid
from mltrack_core.limits import MIB
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination

if TYPE_CHECKING:
    from mltrack_core.agent.keeper import Keeper
    from mltrack_core.agent.shipping import Shipper

_PATIENCE_S: Final = 30.0  # without any progress, then the rest is left to the agent
_PROGRESS_S: Final = 1.0  # between two lines
_PAUSE_S: Final = 0.1


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the client's commands to the command line."""
    parser = commands.add_parser(
        "sync",
        help="deliver what was recorded here to a server",
        description="Delivers every run that was recorded offline or without a server, and what is "
        "left of the others, now. May be repeated: everything arrives once.",
    )
    parser.add_argument(
        "--url", default="", help="the server, for runs that have none yet (MLTRACK_URL)"
    )
    parser.set_defaults(run=sync)


def sync(options: argparse.Namespace) -> int:
    """Deliver everything now; return 0 if all arrived, 1 if some is left, 2 if no server is named.

    Raises:
        SettingInvalid: The address is none.
        OSError: The spool cannot be read or written.
    """
    from mltrack_core.agent.clock import SystemClock  # HTTP would cost every other command 0.1 s
    from mltrack_core.agent.keeper import Keeper
    from mltrack_core.agent.shipping import Shipper

    logging.basicConfig(format="mltrack: %(message)s")
    settings = _settings.read()
    if options.url and not options.url.startswith(("http://", "https://")):
        raise SettingInvalid("--url", options.url, "it starts with http:// or https://")
    url = options.url.rstrip("/") or settings.url
    runs = list(layout.runs(settings.folder))
    keeper = Keeper(settings.folder, SystemClock())
    if url:
        _direct(settings.folder, runs, Destination(url, settings.token), keeper)
    bound = [run for run in runs if destination.read(settings.folder, run) is not None]
    if not bound:
        if not runs:
            print(f"mltrack: nothing is recorded in {settings.folder}")
            return 0
        print(f"mltrack: {_count(runs)} here; name a server with --url or MLTRACK_URL")
        return 2
    while keeper.has_pending and keeper.keep():
        pass
    keeper.close()
    shipper = Shipper(settings.folder, SystemClock())
    try:
        left = _deliver(shipper, bound)
    finally:
        shipper.close()
    if not left and keeper.has_pending:
        print(f"mltrack: delivered, but for checkpoints: {keeper.last_failure or 'they wait'}")
        print("mltrack: nothing is lost; repeat `mltrack sync` later")
        return 1
    if not left:
        print(f"mltrack: delivered; complete on {_servers(settings.folder, bound)}")
        return 0
    print(f"mltrack: {len(left)} of {_count(bound)} not delivered: {shipper.last_failure}")
    print("mltrack: nothing is lost; repeat `mltrack sync` when the server can be reached")
    return 1


def _direct(folder: Path, runs: Iterable[str], where: Destination, keeper: Keeper) -> None:
    """Send runs without a server to *where*; runs that go there already get its new token."""
    for run in runs:
        before = destination.read(folder, run)
        if before is None:
            keeper.send_too(run)  # its checkpoints are in the store of this folder
        if before is None or (before.url == where.url and where.token not in ("", before.token)):
            destination.write(folder, run, where)


def _servers(folder: Path, runs: Iterable[str]) -> str:
    """Return how many of *runs* go to which server."""
    places = (destination.read(folder, run) for run in runs)
    counts = Counter(place.url for place in places if place is not None)
    return ", ".join(f"{url}: {_count(range(number))}" for url, number in counts.items())


def _count(runs: Sized) -> str:
    """Return "1 run" or "2 runs"."""
    return "1 run" if len(runs) == 1 else f"{len(runs)} runs"


def _deliver(shipper: Shipper, runs: Iterable[str]) -> list[str]:
    """Deliver *runs* as far as they have come now; return those that could not be."""
    left = list(runs)
    moved_s = said_s = time.monotonic()
    while left:
        has_moved = False
        for run in list(left):
            has_moved = shipper.ship([run]) > 0 or has_moved
            if run not in shipper.backlog:
                left.remove(run)  # a run that goes on has more in a moment: that is the agent's
        now_s = time.monotonic()
        moved_s = now_s if has_moved else moved_s
        if has_moved and now_s - said_s >= _PROGRESS_S and left:
            said_s = now_s
            print(f"mltrack: {_count(left)}, {shipper.backlog_bytes() / MIB:.1f} MiB to go")
        give_up_s = moved_s + _PATIENCE_S
        if now_s >= give_up_s or shipper.ready_at_s() >= give_up_s:
            break
        if left and not has_moved:
            time.sleep(_PAUSE_S)
    return left
