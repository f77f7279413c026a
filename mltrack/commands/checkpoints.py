"""The command `mltrack checkpoints`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from mltrack.commands.table import size
from mltrack.commands.table import table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mltrack.reading.checkpoints import CheckpointView
    from mltrack.reading.run import RunView
    from mltrack_server.resources import RetentionPlan


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's command to the command line."""
    parser = commands.add_parser(
        "checkpoints",
        help="list a run's checkpoints, or choose which stay",
        description="Lists checkpoints. With rules it tells which stored ones would stay, and with "
        "--apply lets go of the others: of what mltrack stored, never of a file of yours.",
    )
    parser.add_argument("run_name", metavar="RUN", nargs="?", help="id, its end, or name")
    parser.add_argument("--project", help="all runs of this project")
    parser.add_argument("--keep-best", type=int, metavar="K", help="the K of best score stay")
    parser.add_argument("--keep-last", type=int, metavar="K", help="the K written last stay")
    parser.add_argument("--every", type=int, metavar="N", help="those of every Nth step stay")
    parser.add_argument(
        "--only",
        action="append",
        metavar="CHECKPOINT",
        help="only this one may go, and without rules it does; may be given several times",
    )
    parser.add_argument("--apply", action="store_true", help="do it, not only say it")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=list_checkpoints)


def list_checkpoints(options: argparse.Namespace) -> int:
    """Print a run's checkpoints, or what rules make of them."""
    import mltrack
    from mltrack_server.resources import RetentionQuery

    name = options.run_name
    rules = {"keep_best": options.keep_best, "keep_last": options.keep_last, "every": options.every}
    has_rule = options.only or any(value is not None for value in rules.values())
    if (
        (name is None) == (options.project is None)
        or (options.apply and not has_rule)
        or (options.only and name is None)
    ):
        print(
            "mltrack: name a run or a --project, with --apply say what is to stay, and with --only "
            "name the run",
            file=sys.stderr,
        )
        return 2
    with mltrack.open(options.where) as reader:
        runs = (
            [reader.run(name)]
            if name
            else reader.runs("archived in [true, false]", project=options.project, fields="")
        )
        if not has_rule:
            rows = [_checkpoint_row(run, each) for run in runs for each in run.checkpoints()]
            print(table(("run", "checkpoint", "step", "roles", "size", "status", "path"), rows))
            return 0
        only = [run.checkpoint(each).id for run in runs for each in options.only or ()]
        plan = reader.retain(
            RetentionQuery(
                runs=[run.id for run in runs] if name else None,
                project=options.project,
                only=only if options.only else None,
                apply=options.apply,
                **rules,
            )
        )
    _print_plan(plan)
    return 0


def _checkpoint_row(run: RunView, found: CheckpointView) -> Sequence[str]:
    """Return a line of the list; a role in capitals is held."""
    summary = found.summary
    held = [role.upper() for role in summary.holds]
    roles = ",".join([*held, *(role for role in summary.roles if role not in summary.holds)])
    return (
        run.id[-8:],
        found.id[-8:],
        str(found.step),
        roles,
        size(summary.bytes),
        found.status,
        f"{summary.path} ({summary.gone})" if summary.gone else summary.path,
    )


def _print_plan(plan: RetentionPlan) -> None:
    """Print what stays and what goes."""
    went, stays = ("removed", "kept") if plan.is_applied else ("goes", "stays")
    rows = [
        (
            item.run[-8:],
            item.checkpoint[-8:],
            str(item.step),
            size(item.bytes),
            f"{stays}: {', '.join(item.kept_by)}" if item.kept_by else went,
        )
        for item in plan.items
    ]
    print(table(("run", "checkpoint", "step", "size", ""), rows))
    if plan.is_applied:
        later = f"; {size(plan.bytes_later)} follow an hour after they were used last"
        print(f"freed {size(plan.bytes_freed)}{later if plan.bytes_later else ''}")
    else:
        print(f"would free {size(plan.bytes_freed)}; nothing is done without --apply")
