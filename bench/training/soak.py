"""Memory of a training process over 10^7 log() calls: `python bench/training/soak.py`.

Three times: recorded here, delivered to a server that is not there, and to one that accepts
connections and never answers. Prints the growth from the first percent of the calls to the last.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
import processes

SERVERS = ("none", "refuses", "hangs")
SAMPLES = 100


def main() -> None:
    """Run one soak for each kind of server, each in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--scalars", type=int, default=1, help="in each call")
    parser.add_argument("--train", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        train(options.calls, options.scalars)
        return
    processes.adopt_orphans()
    for kind in SERVERS:
        with tempfile.TemporaryDirectory(prefix="mltrack-soak-") as folder, server(kind) as url:
            environment = {**os.environ, "MLTRACK_DIR": folder, "MLTRACK_URL": url}  # noqa: TID251
            arguments = [f"--calls={options.calls}", f"--scalars={options.scalars}", "--train=1"]
            done = subprocess.run(
                [sys.executable, __file__, *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=True,
            )
            processes.end_orphans(0.0, set())  # the agent would wait for its server
            samples = json.loads(done.stdout)
            spool = sum(path.stat().st_size for path in Path(folder).rglob("*.seg"))
            sys.stdout.write(
                f"server {kind}: {options.calls:,} calls, resident {samples[0] / 1e6:.1f} MB after "
                f"1 %, {samples[-1] / 1e6:.1f} MB at the end: growth "
                f"{(samples[-1] - samples[0]) / 1e6:+.2f} MB, peak "
                f"{(max(samples) - samples[0]) / 1e6:+.2f} MB; spool {spool / 1e6:,.0f} MB\n"
            )


@contextlib.contextmanager
def server(kind: str) -> Iterator[str]:
    """Yield the address of a server that is not there, or never answers; "" for none at all."""
    if kind == "none":
        yield ""
        return
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        if kind == "hangs":
            listener.listen(128)
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"


def train(calls: int, scalars: int) -> None:
    """Log *calls* times; print the resident bytes after each percent."""
    import mltrack

    run = mltrack.init(project="soak", console="off")
    names = [f"train/metric_{number}" for number in range(scalars)]
    resident = []
    for step in range(calls):
        run.log(dict.fromkeys(names, step * 0.5), step=step)
        if (step + 1) % max(1, calls // SAMPLES) == 0:
            pages = int(Path("/proc/self/statm").read_text().split()[1])
            resident.append(pages * os.sysconf("SC_PAGE_SIZE"))
    run.finish()
    sys.stdout.write(json.dumps(resident))


if __name__ == "__main__":
    main()
