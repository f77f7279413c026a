# ruff: noqa: RUF001 - the page is for people: dashes and times signs as in print
"""The page of results: medians over rounds, and ratios to mltrack's."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
import sys
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import trackers

BASE = "mltrack"
Rows = list[dict[str, Any]]

# Title, scenario, measure, and the factor from the measure to the unit of the title.
LATENCY = [
    ("10 scalars, p50", "10 scalars", "p50_us"),
    ("10 scalars, p99", "10 scalars", "p99_us"),
    ("10 scalars every 2 ms, p50", "10 scalars every 2 ms", "p50_us"),
    ("10 scalars every 2 ms, p99", "10 scalars every 2 ms", "p99_us"),
    ("100 scalars, p50", "100 scalars", "p50_us"),
    ("100 scalars, p99", "100 scalars", "p99_us"),
]
PROCESS = [
    ("import, ms", "10 scalars", "import_s", 1e3),
    ("init, ms", "10 scalars", "init_s", 1e3),
    ("finish, ms", "10 scalars", "finish_s", 1e3),
    ("exit behind it, ms", "10 scalars", "exit_s", 1e3),
    ("memory added, MB", "10 scalars", "memory_mb", 1.0),
]
RATE = [
    ("points/s until done", "rate", "points_per_s", 1.0),
    ("CPU of all processes, µs/point", "rate", "cpu_us_per_point", 1.0),
    ("bytes/point on disk then", "rate", "bytes_per_point", 1.0),
]


def page(rows: Rows, versions: dict[str, str], quotes: dict[str, str]) -> str:
    """Return docs/benchmarks.md; *quotes* is what the other scripts printed, by their names."""
    for row in rows:
        if "cpu_s" in row:
            row["cpu_us_per_point"] = row["cpu_s"] / row["points"] * 1e6
    names = list(versions)
    parts = [
        _HEAD.format(machine=_machine(), rounds=1 + max(row["round"] for row in rows)),
        "## What a training loop waits for: one call of `log()`, µs\n",
        _table(rows, names, [(title, scenario, key, 1.0) for title, scenario, key in LATENCY]),
        "## What a training process pays once\n",
        _table(rows, names, PROCESS),
        "## 10,000 steps of 100 scalars, until the data is where the tracker wants it\n",
        _table(rows, names, RATE),
        "| | what is true then |\n|---|---|",
        *(f"| {name} | {trackers.ALL[name].done} |" for name in names),
        "\n## SIGKILL of the training process: calls that had returned and cannot be read back\n",
        _losses(rows, names),
        *(f"## `bench/{name}.py`\n\n```\n{text}\n```\n" for name, text in quotes.items()),
        "## Versions\n",
        ", ".join(f"{name} {version}" for name, version in versions.items()) + ".\n",
    ]
    return "\n".join(parts)


_HEAD = """# Benchmarks

Made by `bench/peers/compare.py` in one run on one machine; do it again on yours. Medians over
{rounds} rounds in which the trackers take turns; in brackets the ratio to mltrack. Each measurement
is a fresh process that uses the tracker with its defaults, as its documentation says. Where the
load average is above the number of cores, the machine did other work too: then read the ratios.

Machine: {machine}.
"""


def _machine() -> str:
    """Describe this machine without naming it."""
    processor = platform.machine()
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            processor = line.split(":", 1)[1].strip()
            break
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return (
        f"{os.cpu_count()} cores of {processor}, {memory:.0f} GiB, Linux {platform.release()}, "
        f"Python {platform.python_version()}, {today}; load average "
        f"{os.getloadavg()[2]:.1f} over the last 15 minutes"
    )


def _median(rows: Rows, name: str, scenario: str, key: str) -> float | None:
    """Return the median of a measure over all rounds; None where there is none."""
    values = [
        row[key]
        for row in rows
        if (row["tracker"], row["scenario"]) == (name, scenario) and key in row
    ]
    return statistics.median(values) if values else None


def _table(rows: Rows, names: list[str], lines: list[tuple[str, str, str, float]]) -> str:
    """Return a table with one line for each measure and one column for each tracker."""
    text = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for title, scenario, key, factor in lines:
        base = _median(rows, BASE, scenario, key)
        cells = [title]
        for name in names:
            value = _median(rows, name, scenario, key)
            if value is None:
                cells.append("–")
            elif name == BASE or not base:
                cells.append(f"**{_number(value * factor)}**")
            else:
                cells.append(f"{_number(value * factor)} ({_number(value / base)}×)")
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def _losses(rows: Rows, names: list[str]) -> str:
    """Return the table of lost calls, all rounds together."""
    kinds = list(dict.fromkeys(row["scenario"] for row in rows if "calls" in row))
    text = ["| | " + " | ".join(names) + " |", "|---" * (len(names) + 1) + "|"]
    for kind in kinds:
        cells = [kind]
        for name in names:
            mine = [row for row in rows if (row["tracker"], row["scenario"]) == (name, kind)]
            counted = [row for row in mine if "calls" in row]
            if not counted:
                cells.append("not readable" if mine else "–")
                continue
            lost, calls = (sum(row[key] for row in counted) for key in ("lost", "calls"))
            cells.append(f"**{lost:,}** of {calls:,}")
        text.append("| " + " | ".join(cells) + " |")
    return "\n".join(text) + "\n"


def _number(value: float) -> str:
    """Return *value* with three digits that mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
