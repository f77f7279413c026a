"""The command `mltrack project`."""

from __future__ import annotations

import argparse
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mltrack_server.resources import ProjectRules


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "project",
        help="what you want of a project's runs",
        description="Shows the rules of a project, or changes them. Nothing is refused for a "
        "rule: a metric of another name is kept, and its run says so.",
    )
    parser.add_argument("project", metavar="NAME", help="the project; it need not have runs yet")
    parser.add_argument(
        "--metrics",
        nargs="*",
        metavar="PATTERN",
        help="how metrics are to be named, e.g. 'train/*' 'val/*' lr; none: as they like",
    )
    parser.add_argument("--version", type=int, help="show an earlier version of the rules")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=project)


def project(options: argparse.Namespace) -> int:
    """Change rules, if any are given, and print those that count."""
    import msgspec

    import mltrack
    from mltrack_server.errors import RulesInvalid
    from mltrack_server.resources import RulesEdit

    given = {"project": options.project}
    if options.metrics is not None:
        given["metrics"] = options.metrics
    try:
        change = msgspec.convert(given, RulesEdit)
    except msgspec.ValidationError as error:
        raise RulesInvalid(options.project[:80], str(error)) from error
    with mltrack.open(options.where) as reader:
        if len(given) > 1:
            reader.set_rules(change)
        rules = reader.rules(options.project, options.version)
    _print(rules)
    return 0


def _print(rules: ProjectRules) -> None:
    when = ""
    if rules.set_ns is not None:
        day = datetime.fromtimestamp(rules.set_ns / 1e9, tz=UTC)
        when = f", version {rules.version} of {day:%Y-%m-%d %H:%M} UTC"
    print(f"{rules.project}: {rules.runs} runs{when}")
    if not rules.metrics:
        print("metrics may have any name")
        return
    print(f"metrics are to be named {' '.join(rules.metrics)}")
    if rules.misnamed_runs:
        print(
            f"{rules.misnamed_runs} runs have others: "
            f"mltrack runs 'misnamed > 0' --project {rules.project}"
        )
