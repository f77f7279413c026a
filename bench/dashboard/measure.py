"""Measure the dashboard's budgets in headless Chromium, and its peers beside it, in one run.

    python bench/dashboard/measure.py --data FOLDER --page table.md

Everything is cold: each measurement is a new browser profile. Needs Playwright, and a Chromium
(MLTRACK_TEST_CHROMIUM, default /usr/bin/chromium). What is measured is recorded first, unless
FOLDER holds it from an earlier call or from prepare.py. A peer that is not installed is left out.
"""

from __future__ import annotations

import argparse
import contextlib
import statistics
import tempfile
from dataclasses import fields
from pathlib import Path

import data
import prepare
import serving
import views
from playwright.sync_api import Browser
from playwright.sync_api import sync_playwright
from prepare import say

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
# Where a peer shows all runs' metrics; where it needs clicks to come there, its start page.
PATHS = {
    "tensorboard": "/#timeseries",
    "mlflow": "/#/experiments/1/runs?compareRunsMode=CHART",
    "trackio": "/?project=wall",
    "aim": "/metrics",
}
Measured = dict[str, float]


def main() -> None:
    """Prepare, measure in rounds, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    prepare.add_options(parser)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, help="keep what is recorded there, and use it again")
    parser.add_argument("--page", type=Path, help="write the table there, as Markdown")
    options = parser.parse_args()
    sizes = prepare.sizes_of(options)
    results: dict[str, list[Measured]] = {}
    with contextlib.ExitStack() as stack:
        folder = options.data or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="mltrack-dashboards-"))
        )
        playwright = stack.enter_context(sync_playwright())
        browser = playwright.chromium.launch(executable_path=views.CHROMIUM, args=list(views.FLAGS))
        root, ids = prepare.of_mltrack(folder, sizes)
        results["mltrack"] = of_mltrack(browser, root, ids, options.rounds)
        for peer in filter(None, options.peers.split(",")):
            try:
                found = prepare.of_peer(folder, sizes, peer, options.environments)
                results[peer] = of_peer(browser, peer, *found, options.rounds)
            except (prepare.PeerMissing, serving.NoServer) as error:
                say(f"{peer}: {error}")
        browser.close()
    text = table(results, sizes, options.rounds)
    print(text)  # noqa: T201 - what it is for
    if options.page:
        options.page.write_text(text, encoding="utf-8")


def of_mltrack(browser: Browser, root: Path, ids: dict[str, str], rounds: int) -> list[Measured]:
    """Return what mltrack measures, in each round."""
    measured = []
    with serving.of_mltrack(root) as (address, pid):
        serving.wait_until_idle(address, pid)
        for at in range(rounds):
            result = views.wall(browser, f"{address}/p/wall")
            result |= views.million(browser, address, "long")
            result |= views.table(browser, f"{address}/p/table/table")
            result |= views.histograms(browser, f"{address}/r/{ids['histograms']}/distributions")
            result |= views.live(browser, address, root)
            measured.append(result)
            say(f"mltrack: round {at + 1} of {rounds}")
    return measured


def of_peer(browser: Browser, peer: str, python: Path, folder: Path, rounds: int) -> list[Measured]:
    """Return what the peer's own page of all metrics measures, in each round."""
    measured = []
    with serving.of_peer(peer, python, folder) as (address, pid):
        serving.wait_until_idle(address, pid)
        for at in range(rounds):
            try:
                measured.append(views.wall(browser, address + PATHS[peer], is_peer=True))
            except views.NoChart as error:
                say(f"{peer}: {error}")
                break
            say(f"{peer}: round {at + 1} of {rounds}")
    return measured


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


if __name__ == "__main__":
    main()
