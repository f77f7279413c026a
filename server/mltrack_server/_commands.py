"""The server's part of the command line: `mltrack ui`, `mltrack server` and `mltrack copy`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from mltrack_server.errors import StoreUnusable


def register(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the sub-commands `ui`, `server` and `copy` to *subparsers*.

    Each sets `run`, a function that takes the parsed arguments and returns the exit status.
    """
    _register_ui(subparsers)
    _register_server(subparsers)
    _register_copy(subparsers)


def _register_ui(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "ui",
        help="show the dashboard over everything recorded on this machine",
        description="Show the dashboard over everything recorded on this machine, live while runs "
        "go on. Only this machine can reach it. Stop it with Ctrl-C; nothing is lost meanwhile.",
    )
    parser.add_argument(
        "--port", type=int, help="the port to listen on; default: 5050, or the next free one"
    )
    parser.add_argument("--no-browser", action="store_true", help="do not open a browser")
    parser.set_defaults(run=ui)


def _register_server(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "server",
        help="serve a team: runs arrive over the network",
        description="Serve a team: training machines deliver their runs here with "
        "MLTRACK_URL=http://THIS_HOST:PORT and MLTRACK_TOKEN.",
    )
    parser.add_argument(
        "--host", default="127.0.0.1", help="the address to listen on; default: 127.0.0.1"
    )
    parser.add_argument("--port", type=int, default=5050, help="default: 5050; 0: any free one")
    place = parser.add_mutually_exclusive_group()
    place.add_argument(
        "--data",
        type=Path,
        metavar="DIR",
        help="the folder to keep everything in; default: MLTRACK_DIR/server",
    )
    place.add_argument(
        "--database",
        metavar="URL",
        help="the store's address instead, e.g. postgresql://user@host/name; any number of servers "
        "may work on one PostgreSQL",
    )
    parser.add_argument(
        "--blobs",
        type=Path,
        metavar="DIR",
        help="the folder for checkpoints' files; with PostgreSQL none are taken without it, and "
        "all its servers share it",
    )
    parser.add_argument(
        "--token-file",
        type=Path,
        metavar="PATH",
        help="a file with the token that clients must show; default: MLTRACK_TOKEN",
    )
    parser.add_argument(
        "--allowed-hosts",
        metavar="NAME[:PORT],…",
        default="",
        help="names by which the server is reached, besides its addresses",
    )
    parser.set_defaults(run=server)


def _register_copy(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = subparsers.add_parser(
        "copy",
        help="copy a whole store into another, e.g. from SQLite into PostgreSQL",
        description="Copy everything in one store into another that is empty, and check that it "
        "has arrived. To move, stop the servers of both first; to back up PostgreSQL, go on.",
    )
    place = "a folder that `mltrack ui` or `mltrack server --data` uses, or a database's address"
    parser.add_argument("source", help=place)
    parser.add_argument("target", help=place)
    for which in ("source", "target"):
        parser.add_argument(
            f"--{which}-blobs", type=Path, metavar="DIR", help=f"--blobs of the {which}'s servers"
        )
    parser.set_defaults(run=copy)


def ui(arguments: argparse.Namespace) -> int:
    """Run `mltrack ui`."""
    from mltrack_core import _settings
    from mltrack_server import config
    from mltrack_server.app import serve_local

    root = _settings.read().folder
    return serve_local(
        root,
        port=arguments.port,
        ready=lambda address: print(f"mltrack shows {root} at {address}", flush=True),
        browser=not arguments.no_browser and config.has_display(),
    )


def server(arguments: argparse.Namespace) -> int:
    """Run `mltrack server`."""
    import contextlib

    from mltrack_core import _settings
    from mltrack_server import app
    from mltrack_server import config
    from mltrack_server.lock import StoreLock
    from mltrack_server.lock import store_url

    folder: Path = arguments.data or _settings.read().folder / "server"
    checked = config.check(
        config.Config(
            database=arguments.database or store_url(folder),
            blobs=arguments.blobs,
            host=arguments.host,
            port=arguments.port,
            token=config.read_token(arguments.token_file),
            allowed_hosts=tuple(filter(None, arguments.allowed_hosts.split(","))),
        )
    )
    with contextlib.ExitStack() as stack:
        if not arguments.database:
            lock = stack.enter_context(StoreLock(folder))
            if other := lock.acquire_or_address():
                print(f"mltrack serves {folder} at {other} already", flush=True)
                return 1
        listener = stack.enter_context(contextlib.closing(app.listen(checked.host, checked.port)))

        def ready(address: str) -> None:
            if not arguments.database:
                lock.publish(address)
            print(f"mltrack serves at {address}", flush=True)

        app.run(checked, listener, ready)
    return 0


def copy(arguments: argparse.Namespace) -> int:
    """Run `mltrack copy`."""
    import contextlib

    from mltrack_server.lock import STORE_FILE
    from mltrack_server.lock import STORE_FOLDER
    from mltrack_server.lock import StoreLock
    from mltrack_server.lock import store_url
    from mltrack_server.store import Store
    from mltrack_server.store.database.engine import check_is_there

    with contextlib.ExitStack() as stack:

        def opened(place: str, blobs: Path | None, *, is_source: bool = False) -> Store:
            if "://" in place:
                if is_source:
                    check_is_there(place)
                return stack.enter_context(Store(place, blobs=blobs))
            if is_source and not (Path(place) / STORE_FOLDER / STORE_FILE).is_file():
                raise StoreUnusable(place, "there is no store in this folder")
            if other := stack.enter_context(StoreLock(Path(place))).acquire_or_address():
                raise StoreUnusable(place, f"the server at {other} uses it; stop that first")
            return stack.enter_context(Store(store_url(Path(place)), blobs=blobs))

        source = opened(arguments.source, arguments.source_blobs, is_source=True)
        target = opened(arguments.target, arguments.target_blobs)
        blobs = source.copy_into(
            target, lambda done: print(f"{done.table:12} {done.rows:>12,} rows", flush=True)
        )
    print(f"{'blobs':12} {blobs.copied:>12,}")
    if blobs.missing:
        print(f"{blobs.missing:,} blobs are missing or damaged in the source", file=sys.stderr)
    return 1 if blobs.missing else 0
