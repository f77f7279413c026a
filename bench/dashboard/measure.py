"""Measure the dashboard's budgets in headless Chromium, and its peers beside it, in one run.

    python bench/dashboard/measure.py --peers-python /path/to/peers/bin/python --page table.md

Everything is cold: each measurement is a new browser profile. Needs Playwright, and a Chromium
(MLTRACK_TEST_CHROMIUM, default /usr/bin/chromium). A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import astuple
from dataclasses import fields
from pathlib import Path

import data
import recording
import views
from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
CHROMIUM = os.environ.get("MLTRACK_TEST_CHROMIUM", "/usr/bin/chromium")  # noqa: TID251
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking")
SURROUNDINGS = dict(os.environ)  # noqa: TID251 - what servers are started with
PATIENCE_S = 1800.0
IDLE_CPU = 0.15  # of a second: a server that uses less has nothing left to do

# What the specification asks for, and the unit: research/dashboard.md, 4.14.
BUDGETS: dict[str, tuple[float, str]] = {
    "first chart": (1500, "ms"),
    "viewport complete": (2000, "ms"),
    "initial JS": (320, "kB"),
    "answers for the first viewport": (1.5, "MB"),
    "heap after the whole wall": (80, "MB"),
    "longest task": (100, "ms"),
    "requests to other hosts": (0, ""),
    "1M points: click to picture": (300, "ms"),
    "1M points: spikes announced": (3, ""),
    "zoom p50": (50, "ms"),
    "zoom p95": (120, "ms"),
    "cursor over the charts": (55, "fps"),
    "scrolling the wall": (55, "fps"),
    "table of many runs": (500, "ms"),
    "scrolling the table": (55, "fps"),
    "histograms": (2000, "ms"),
    "log() to pixel p95": (2000, "ms"),
}
PEERS = {
    "tensorboard": ["-m", "tensorboard.main", "--logdir", "{folder}", "--port", "{port}"],
    "mlflow": [
        *("-m", "mlflow", "ui", "--backend-store-uri", "sqlite:///{folder}/mlflow.db"),
        *("--port", "{port}"),
    ],
    "trackio": ["-c", "import trackio; trackio.show(project='wall', open_browser=False)"],
    "aim": ["-m", "aim", "up", "--repo", "{folder}", "--port", "{port}"],
}
# Where a peer shows all runs' metrics; where it needs clicks to come there, its start page.
PATHS = {
    "tensorboard": "/#timeseries",
    "mlflow": "/#/experiments/1/runs?compareRunsMode=CHART",
    "trackio": "/?project=wall",
    "aim": "/metrics",
}
Measured = dict[str, float]


def main() -> None:
    """Record, measure in rounds, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for each in fields(data.Sizes):
        parser.add_argument(f"--{each.name.replace('_', '-')}", type=int, default=each.default)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", default=",".join(PEERS), help="comma-separated; '' for none")
    parser.add_argument("--peers-python", default=sys.executable, help="which has the peers")
    parser.add_argument("--page", type=Path, help="write the table there, as Markdown")
    options = parser.parse_args()
    sizes = data.Sizes(**{each.name: getattr(options, each.name) for each in fields(data.Sizes)})
    results: dict[str, list[Measured]] = {}
    with (
        tempfile.TemporaryDirectory(prefix="mltrack-dashboards-") as temporary,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
        folder = Path(temporary)
        results["mltrack"] = of_mltrack(browser, folder / "mltrack", sizes, options.rounds)
        for peer in filter(None, options.peers.split(",")):
            python, rounds = options.peers_python, options.rounds
            try:
                results[peer] = of_peer(browser, peer, python, folder / peer, sizes, rounds)
            except PeerMissing as error:
                say(f"{peer}: {error}")
        browser.close()
    text = table(results, sizes, options.rounds)
    print(text)  # noqa: T201 - what it is for
    if options.page:
        options.page.write_text(text, encoding="utf-8")


class PeerMissing(Exception):
    """The peer is not installed, or does not do what is asked of it."""


def of_mltrack(browser: Browser, root: Path, sizes: data.Sizes, rounds: int) -> list[Measured]:
    """Return what mltrack measures, in each round."""
    began = time.monotonic()
    ids = recording.record(root, sizes)
    say(f"mltrack: recorded in {time.monotonic() - began:.0f} s")
    command = [sys.executable, "-m", "mltrack_server", "ui", "--no-browser", "--port", "0"]
    with serving(command, {"MLTRACK_DIR": str(root)}, root) as (address, process):
        wait_until_idle(address, process)
        measured = []
        for at in range(rounds):
            result = views.wall(browser, f"{address}/p/wall")
            result |= views.million(browser, address, "long")
            result |= views.table(browser, f"{address}/p/table/table")
            result |= views.histograms(browser, f"{address}/r/{ids['histograms']}/distributions")
            result |= views.live(browser, address, root)
            measured.append(result)
            say(f"mltrack: round {at + 1} of {rounds}")
    return measured


def of_peer(
    browser: Browser, peer: str, python: str, folder: Path, sizes: data.Sizes, rounds: int
) -> list[Measured]:
    """Return what the peer's own page of all metrics measures, in each round.

    Raises:
        PeerMissing: There is nothing to measure.
    """
    began = time.monotonic()
    environ = {"TRACKIO_DIR": str(folder), "MLFLOW_DISABLE_TELEMETRY": "true"}
    environ |= {"DO_NOT_TRACK": "1", "GRADIO_ANALYTICS_ENABLED": "False"}
    if subprocess.run([python, "-c", f"import {peer}"], capture_output=True).returncode != 0:
        raise PeerMissing("not installed")
    numbers = [str(number) for number in astuple(sizes)]
    record = [python, str(HERE / "peers.py"), peer, str(folder), *numbers]
    done = subprocess.run(record, env=SURROUNDINGS | environ, capture_output=True, text=True)
    if done.returncode != 0:
        raise PeerMissing(f"cannot record: {done.stderr[-400:]}")
    say(f"{peer}: recorded in {time.monotonic() - began:.0f} s")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [python, *(each.format(folder=folder, port=port) for each in PEERS[peer])]
    environ |= {"GRADIO_SERVER_PORT": str(port)}
    measured = []
    with serving(command, environ, folder, None if peer == "trackio" else port) as (address, own):
        wait_until_idle(address, own)
        for at in range(rounds):
            try:
                measured.append(views.wall(browser, address + PATHS[peer], is_peer=True))
            except views.NoChart as error:
                say(f"{peer}: {error}")
                break
            say(f"{peer}: round {at + 1} of {rounds}")
    return measured


@contextlib.contextmanager
def serving(
    command: list[str], environ: dict[str, str], folder: Path, port: int | None = None
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run a server; give its address, which it prints where no *port* was asked for."""
    said = folder / "server.txt"
    with said.open("wb") as output:
        process = subprocess.Popen(
            command, env=SURROUNDINGS | environ, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = "" if port is None else f"http://127.0.0.1:{port}"
        deadline = time.monotonic() + 120
        while not address:
            match = re.search(r"http://[^\s/]+", said.read_text(errors="replace"))
            address = match[0] if match else ""
            if process.poll() is not None or time.monotonic() > deadline:
                raise PeerMissing(said.read_text(errors="replace")[-400:])
            time.sleep(0.1)
        yield address, process
    finally:
        process.terminate()
        process.wait(30)


def wait_until_idle(address: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the server answers, and has read and folded everything: its CPU rests."""
    deadline = time.monotonic() + PATIENCE_S
    quiet = 0
    while quiet < 5:
        if process.poll() is not None or time.monotonic() > deadline:
            raise PeerMissing(f"the server at {address} has ended, or does not come to rest")
        before = cpu_s(process.pid)
        time.sleep(1.0)
        try:
            with urllib.request.urlopen(address, timeout=30):  # noqa: S310 - our own
                quiet = quiet + 1 if cpu_s(process.pid) - before < IDLE_CPU else 0
        except OSError:
            quiet = 0


def cpu_s(pid: int) -> float:
    """Return the CPU time of a process, in seconds."""
    stat = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(stat[11]) + int(stat[12])) / os.sysconf("SC_CLK_TCK")


def table(results: dict[str, list[Measured]], sizes: data.Sizes, rounds: int) -> str:
    """Return the medians over the rounds as a table in Markdown; — is what was not measured."""
    said = ", ".join(f"{each.name} {getattr(sizes, each.name):,}" for each in fields(sizes))
    lines = [
        f"Medians of {rounds} rounds, each cold. {said}.",
        "",
        "| | budget | " + " | ".join(results) + " |",
        "|---|--:|" + "--:|" * len(results),
    ]
    for name, (budget, unit) in BUDGETS.items():
        cells = []
        for measured in results.values():
            known = [one[name] for one in measured if name in one]
            cells.append(f"{statistics.median(known):,.4g}" if known else "—")
        lines.append(f"| {name} {f'({unit})' if unit else ''} | {budget:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def say(text: str) -> None:
    """Tell how far it is."""
    sys.stderr.write(f"{text}\n")


if __name__ == "__main__":
    main()
