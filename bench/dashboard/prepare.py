"""Record what is measured, once, and keep it: the same curves for mltrack and for each peer.

    python bench/install_peers.py tensorboard mlflow trackio aim
    python bench/dashboard/prepare.py --data FOLDER

What is there in the same size already is left as it is, so this may be stopped and called again;
peers take an hour, mltrack minutes. `measure.py --data FOLDER` then begins at once.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import asdict
from dataclasses import astuple
from dataclasses import fields
from pathlib import Path
from typing import Any

import data
import recording
import serving

sys.path.append(str(Path(__file__).parents[1]))
from install_peers import DEFAULT_FOLDER

PEERS = ("tensorboard", "mlflow", "trackio", "aim")
# The sizes that say how much a peer records: only the wall is recorded for them.
OF_PEERS = ("runs", "metrics", "steps")


class PeerMissing(Exception):
    """The peer is not installed, or does not do what is asked of it."""


def main() -> None:
    """Record for mltrack and the peers that are named."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    add_options(parser)
    parser.add_argument("--data", type=Path, required=True, help="the folder that keeps it")
    options = parser.parse_args()
    of_mltrack(options.data, sizes_of(options))
    for peer in filter(None, options.peers.split(",")):
        try:
            of_peer(options.data, sizes_of(options), peer, options.environments)
        except PeerMissing as error:
            say(f"{peer}: {error}")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what says of whom how much is recorded."""
    for each in fields(data.Sizes):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=int, default=each.default)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; '' for none")
    parser.add_argument(
        "--environments", type=Path, default=DEFAULT_FOLDER, help="where install_peers.py put them"
    )


def sizes_of(options: argparse.Namespace) -> data.Sizes:
    """Return the sizes that were asked for."""
    return data.Sizes(**{each.name: getattr(options, each.name) for each in fields(data.Sizes)})


def of_mltrack(folder: Path, sizes: data.Sizes) -> tuple[Path, dict[str, str]]:
    """Return mltrack's folder, read in and at rest, and project → the id of its last run."""
    root = folder / "mltrack"
    if (known := _known(root, asdict(sizes))) is None:
        began = time.monotonic()
        known = recording.record(root, sizes)
        say(f"mltrack: recorded in {time.monotonic() - began:.0f} s")
        with serving.of_mltrack(root) as served:
            serving.wait_until_idle(*served)
        _keep(root, asdict(sizes), known)
        say(f"mltrack: read in {time.monotonic() - began:.0f} s")
    return root, known


def of_peer(folder: Path, sizes: data.Sizes, peer: str, environments: Path) -> tuple[Path, Path]:
    """Return the peer's Python, and the folder with what it has recorded.

    Raises:
        PeerMissing: It is not installed, or cannot record.
    """
    python = environments / peer / "bin" / "python"
    if not python.exists():
        raise PeerMissing(f"not installed: python bench/install_peers.py {peer}")
    where = (folder / peer).absolute()
    size = {name: getattr(sizes, name) for name in OF_PEERS}
    if _known(where, size) is None:
        began = time.monotonic()
        numbers = [str(number) for number in astuple(sizes)]
        script = Path(__file__).with_name("peers.py")
        done = subprocess.run(
            [python, script, peer, where, *numbers],
            env=serving.peer_environ(where),
            capture_output=True,
            text=True,
        )
        if done.returncode != 0:
            raise PeerMissing(f"cannot record: {done.stderr[-400:]}")
        _keep(where, size, {})
        say(f"{peer}: recorded in {time.monotonic() - began:.0f} s")
    return python, where


def _known(where: Path, size: dict[str, int]) -> dict[str, Any] | None:
    """Return what was noted of *where*; None, and an empty place, if it is not whole or fits not.

    Raises:
        SystemExit: It is whole, but of another size: that may have taken an hour to make.
    """
    note = _note(where)
    if note.exists():
        noted = json.loads(note.read_text(encoding="utf-8"))
        if noted["size"] != size:
            raise SystemExit(f"{where} holds {noted['size']}, not {size}: name another folder")
        return dict(noted["known"])
    if where.exists():
        shutil.rmtree(where)
    where.mkdir(parents=True)
    return None


def _keep(where: Path, size: dict[str, int], known: dict[str, str]) -> None:
    """Note that *where* is whole."""
    new = _note(where).with_suffix(".new")
    new.write_text(json.dumps({"size": size, "known": known}), encoding="utf-8")
    os.replace(new, _note(where))


def _note(where: Path) -> Path:
    return where.with_suffix(".json")


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
