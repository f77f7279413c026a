"""The command `mltrack project`."""

from __future__ import annotations

import argparse
from datetime import UTC
from datetime import datetime
from typing import TYPE_CHECKING

from mltrack.commands.table import table

if TYPE_CHECKING:
    from mltrack_server.resources import ProjectRules
    from mltrack_server.resources import ThinningPlan


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
    parser.add_argument(
        "--detail",
        choices=("full", "reduced", "archive"),
        help="what is left of long series of runs that are over: every point, or at most 4096, or "
        "256, buckets, each with its first, last, least and greatest point, mean and count",
    )
    parser.add_argument(
        "--after-days",
        type=int,
        metavar="N",
        help="so long after a run was last heard of; default: 30",
    )
    parser.add_argument(
        "--keep", metavar="QUERY", help="runs that keep every point, e.g. 'tags has \"paper\"'"
    )
    parser.add_argument(
        "--apply", action="store_true", help="set the level of detail, not only say what would go"
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

    names = ("metrics", "detail", "after_days", "keep")
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    is_about_detail = not given.keys() <= {"metrics"}
    try:
        change = msgspec.convert({"project": options.project, **given}, RulesEdit)
    except msgspec.ValidationError as error:
        raise RulesInvalid(options.project[:80], str(error)) from error
    with mltrack.open(options.where) as reader:
        if is_about_detail:
            _print_plan(reader.preview_rules(change), is_applied=options.apply)
            if not options.apply:
                return 0
        if given:
            reader.set_rules(change)
        rules = reader.rules(options.project, options.version)
    _print(rules)
    return 0


def _print_plan(plan: ThinningPlan, *, is_applied: bool) -> None:
    if plan.runs:
        rows = [(run.id[-8:], run.name, str(run.series), f"{run.points:,}") for run in plan.listed]
        print(table(("run", "name", "series", "points"), rows))
        if plan.runs > len(plan.listed):
            print(f"… and {plan.runs - len(plan.listed):,} runs more")
        print(
            f"{plan.points:,} points ({plan.bytes / (1 << 20):,.1f} MiB) of {plan.series:,} series "
            f"in {plan.runs:,} runs give way to about {plan.points_kept:,} of them at most"
        )
    else:
        print("no run is old enough and has series so long: nothing would go today")
    if is_applied:
        print("a server does it within the hour, and it cannot be undone")
    else:
        print("nothing is changed without --apply")


def _print(rules: ProjectRules) -> None:
    when = ""
    if rules.set_ns is not None:
        day = datetime.fromtimestamp(rules.set_ns / 1e9, tz=UTC)
        when = f", version {rules.version} of {day:%Y-%m-%d %H:%M} UTC"
    print(f"{rules.project}: {rules.runs} runs{when}")
    named = f"to be named {' '.join(rules.metrics)}" if rules.metrics else "as they like"
    print(f"metrics: {named}")
    if rules.misnamed_runs:
        print(
            f"{rules.misnamed_runs} runs have others: "
            f"mltrack runs 'misnamed > 0' --project {rules.project}"
        )
    kept = f", but for {rules.keep}" if rules.keep else ""
    if rules.detail == "full":
        print("detail: every point is kept")
    else:
        print(f"detail: {rules.detail}, {rules.after_days} days after a run was heard of{kept}")
