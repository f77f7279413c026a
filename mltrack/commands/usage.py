"""The command `mltrack usage`."""

from __future__ import annotations

import argparse
import sys
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from mltrack.commands.table import size
from mltrack.commands.table import table

if TYPE_CHECKING:
    from mltrack_server.resources import DeviceHold
    from mltrack_server.resources import Usage
    from mltrack_server.resources import UsageRun

_HEADER = (
    "run", "name", "project", "host", "device", "from", "until", "hours", "use", "idle", "memory",
    "cost",
)  # fmt: skip


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "usage",
        help="which runs held which devices, how much they idled, and what that cost",
        description="Lists which runs held which GPUs and machines in the last days, as their "
        "agents sampled it. Hours of a device that several runs held at once are shared.",
    )
    parser.add_argument("--days", type=float, default=1.0, help="at most 31; default: 1")
    parser.add_argument("--project", help="only of this project")
    parser.add_argument("--json", action="store_true", help="as JSON, as the API gives it")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=usage)


def usage(options: argparse.Namespace) -> int:
    """Print a table of what each run held, or JSON."""
    import msgspec

    import mltrack
    from mltrack_server.resources import USAGE_DAYS_MAX

    if not 0 < options.days <= USAGE_DAYS_MAX:
        print(f"mltrack: --days is up to {USAGE_DAYS_MAX}", file=sys.stderr)
        return 2
    with mltrack.open(options.where) as reader:
        found = reader.usage(days=options.days, project=options.project)
    if options.json:
        print(msgspec.json.encode(found).decode())
        return 0
    runs = {run.id: run for run in found.runs}
    print(table(_HEADER, [_row(runs[hold.run], hold) for hold in found.holds]))
    _print_sums(found)
    return 0


def _print_sums(found: Usage) -> None:
    """Print what all of it amounts to, and what is not in it."""
    gpus = sum(hold.share_hours for hold in found.holds if hold.device)
    machines = sum(hold.share_hours for hold in found.holds if not hold.device)
    idle = sum(hold.share_hours * hold.idle_share for hold in found.holds)
    print(f"{gpus:.4g} GPU hours, {machines:.4g} of machines, of both {idle:.4g} idle")
    if found.runs_unsampled:
        print(f"{found.runs_unsampled} runs have no samples of devices")
    if found.runs_left_out:
        print(f"{found.runs_left_out} older runs were not looked at: name fewer days or a project")


def _row(run: UsageRun, hold: DeviceHold) -> tuple[str, ...]:
    peak = hold.memory_peak_bytes
    return (
        hold.run[-8:],
        run.name,
        run.project,
        hold.host,
        (hold.device or "machine") + (" (assumed)" if hold.is_assumed else ""),
        _time(hold.stretches[0].start_ns),
        "now" if run.state == "running" else _time(hold.stretches[-1].end_ns),
        f"{hold.share_hours:.2f}",
        "" if hold.utilization is None else f"{hold.utilization:.0f} %",
        f"{hold.idle_share:.0%}".replace("%", " %"),
        "" if peak is None else size(int(peak)),
        "" if hold.cost is None else f"{hold.cost:.2f} {hold.currency}".strip(),
    )


def _time(time_ns: int) -> str:
    return datetime.fromtimestamp(time_ns / 1e9, tz=UTC).strftime("%Y-%m-%d %H:%M")
