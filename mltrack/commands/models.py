"""The commands `mltrack models` and `mltrack register`."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING
from typing import Final

from mltrack.commands.table import plain
from mltrack.commands.table import size
from mltrack.commands.table import table

if TYPE_CHECKING:
    from mltrack.reading.models import ModelVersionView
    from mltrack.reading.models import ModelView

_ONE_LIFE: Final = "mltrack: say one of --rename, --delete, --restore, of a whole model"
_WHY_ALONE: Final = "mltrack: --why is kept with a move of an alias: name the alias, too"


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add this module's commands to the command line."""
    parser = commands.add_parser(
        "models",
        help="list models of the registry, or one's versions",
        description="Lists models, or the versions of one and how its aliases were moved. "
        "NAME@WHICH is a version: its number, an alias, or latest.",
    )
    parser.add_argument("name", metavar="NAME[@WHICH]", nargs="?", help="a model, or a version")
    parser.add_argument("--project", help="only of this project")
    parser.add_argument("--alias", metavar="NAME", help="point it at the version")
    parser.add_argument("--remove-alias", metavar="NAME", help="let it point nowhere")
    parser.add_argument("--why", default="", help="kept in the history of aliases")
    parser.add_argument("--rename", metavar="NAME", help="call the model something else")
    parser.add_argument("--delete", action="store_true", help="delete the model, all versions")
    parser.add_argument("--restore", action="store_true", help="restore a deleted model")
    parser.add_argument("--deleted", action="store_true", help="list deleted models")
    parser.add_argument("--download", metavar="FOLDER", help="bring the version's bytes there")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=models)

    parser = commands.add_parser(
        "register",
        help="make a checkpoint a version of a model",
        description="Makes a checkpoint the next version of a model, which is made if need be.",
    )
    parser.add_argument(
        "run_name", metavar="RUN[:STEP]", help="id, its end, or name; :best, :last or :STEP"
    )
    parser.add_argument("name", metavar="NAME", help="the model")
    parser.add_argument("--project", default="", help="the model's; default: the run's")
    parser.add_argument("--alias", metavar="NAME", help="point it at the version")
    parser.add_argument("--why", default="", help="kept in the history of aliases")
    parser.add_argument("--note", default="", help="kept with the version")
    parser.add_argument("--from", dest="where", help="a folder or a server's address")
    parser.set_defaults(run=register_checkpoint)


def models(options: argparse.Namespace) -> int:
    """List models or one's versions, move an alias, or bring a version's bytes."""
    import mltrack

    name, _, which = (options.name or "").partition("@")
    is_move = bool(options.alias or options.remove_alias)
    lives = [options.rename is not None, options.delete, options.restore, options.deleted]
    is_about_one = is_move or options.download or any(lives[:3])
    if (is_about_one and not name) or (options.alias and not which):
        print("mltrack: name a model, and for --alias a version: NAME@3", file=sys.stderr)
        return 2
    if options.why and not is_move:
        print(_WHY_ALONE, file=sys.stderr)
        return 2
    if sum(lives) > 1 or (any(lives) and (which or is_move)) or (options.deleted and name):
        print(_ONE_LIFE, file=sys.stderr)
        return 2
    with mltrack.open(options.where) as reader:
        if not name:
            _print_list(reader.models(options.project, deleted=options.deleted))
            return 0
        if options.restore:
            print(f"restored {reader.restore_model(name, options.project).name}")
            return 0
        model = reader.model(name, options.project)
        if model.name != name:
            print(f"mltrack: {name} is called {model.name} now", file=sys.stderr)
        if options.rename is not None:
            print(f"{model.name} is called {model.rename(options.rename).name} now")
            return 0
        if options.delete:
            _delete(model)
            return 0
        if options.alias:
            number = model.version(which).version
            model = model.point(options.alias, number, why=options.why)
        if options.remove_alias:
            model = model.point(options.remove_alias, None, why=options.why)
        if options.download:
            print(model.version(which or "latest").download(options.download))
            return 0
        _print(model, [model.version(which)] if which else model.versions)
    return 0


def register_checkpoint(options: argparse.Namespace) -> int:
    """Register a checkpoint and say as which version."""
    import mltrack

    if options.why and not options.alias:
        print(_WHY_ALONE, file=sys.stderr)
        return 2
    run, separator, which = options.run_name.rpartition(":")
    if not separator:
        run, which = which, "last"
    with mltrack.open(options.where) as reader:
        made = reader.run(run).register(
            options.name,
            int(which) if which.isdecimal() else which,
            alias=options.alias,
            why=options.why,
            note=options.note,
            project=options.project,
        )
    status = made.checkpoint.status
    print(f"{made.name}@{made.version}: step {made.step} of run {made.run}, {status}")
    if status not in ("stored", "waiting"):
        print(
            "mltrack does not hold its bytes, and does not keep anybody from overwriting them: "
            f"{made.checkpoint.path}",
            file=sys.stderr,
        )
    return 0


def _print_list(models: list[ModelView]) -> None:
    """Print a table of models."""
    print(table(("project", "model", "versions", "latest", "aliases"), map(_model_row, models)))


def _delete(model: ModelView) -> None:
    """Delete a model, and say what that means."""
    until = model.delete()
    named = f"; {', '.join(model.aliases)} lead nowhere" if model.aliases else ""
    print(
        f"deleted {model.name} with {len(model.versions)} versions{named}; "
        f"--restore brings it back until {until:%Y-%m-%d}"
    )


def _model_row(model: ModelView) -> tuple[str, ...]:
    latest = model.details.summary.latest
    return (
        model.project,
        model.name,
        str(len(model.versions)),
        "" if latest is None else str(latest),
        " ".join(f"{alias}@{version}" for alias, version in model.aliases.items()),
    )


def _print(model: ModelView, versions: list[ModelVersionView]) -> None:
    """Print versions of a model, and how its aliases were moved last."""
    header = ("version", "aliases", "run", "step", "size", "status", "registered", "by", "metrics")
    print(table(header, map(_version_row, versions)))
    for move in model.details.moves[:5]:
        before = "nowhere" if move.version_before is None else str(move.version_before)
        after = "nowhere" if move.version is None else str(move.version)
        by = f" by {move.author}" if move.author else ""
        why = f": {move.why}" if move.why else ""
        line = f"{move.alias}: {before} → {after}{by}{why}"
        print(plain(line))


def _version_row(version: ModelVersionView) -> tuple[str, ...]:
    details, found = version.details, version.details.found
    return (
        str(version.version),
        ",".join(version.aliases),
        version.run[-8:],
        str(version.step),
        size(details.bytes),
        found.status if found else "gone",
        f"{version.registered:%Y-%m-%d %H:%M}",
        details.author,
        " ".join(f"{name}={value:.4g}" for name, value in version.metrics.items()) if found else "",
    )
