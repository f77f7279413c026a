"""The command that records trainings which say nothing of mltrack: `mltrack run`."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Final

from mltrack.launch import command
from mltrack.launch import supervisor
from mltrack.launch.taps import TAPS
from mltrack_core import _settings
from mltrack_core import _turn
from mltrack_core.spool import layout

_BOOTSTRAP: Final = Path(__file__).absolute().parent / "bootstrap"


def register(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command to the command line."""
    parser = commands.add_parser(
        "run",
        help="run a training and record it, without a change to its code",
        usage="mltrack run [options] [--] (SCRIPT.py | -m MODULE | COMMAND) [argument …]",
        description="Runs a training and records it: PyTorch, Lightning, Keras, Hugging Face. A "
        "SCRIPT.py and a MODULE run with this Python, any other COMMAND (torchrun, accelerate, a "
        "shell script) as it is, with all the processes that it starts.",
    )
    parser.add_argument("--project", default="", help="the project (default: MLTRACK_PROJECT)")
    parser.add_argument("--name", default="", help="what to call the run (default: made up)")
    parser.add_argument("--group", default="", help="what it belongs to")
    parser.add_argument("--tag", action="append", default=[], help="a word to find it by; repeat")
    parser.add_argument("--id", type=_run_id, help="go on with this run")
    parser.add_argument(
        "--exclude", action="append", default=[], metavar="PART", choices=_parts(), help="leave "
        f"out one of {', '.join(_parts())}; repeat",
    )  # fmt: skip
    parser.add_argument(
        "--exec", dest="is_exec", action="store_true",
        help="become the command instead of waiting for it, for schedulers that want one process",
    )  # fmt: skip
    parser.add_argument("-m", dest="module", nargs=argparse.REMAINDER, help="run a module")
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    parser.set_defaults(run=run_command)


def run_command(options: argparse.Namespace) -> int:
    """Run the command, and return or die as it does.

    Returns:
        Its exit code; 2 if there is no command, 127 if it is not found, 126 if it cannot be run.
    """
    words, module = options.command, options.module
    if module is not None:
        module = module + words  # argparse parts them at a "--", which is the module's
    elif words[:1] == ["--"]:
        words = words[1:]
    try:
        path, arguments = command.find(words, module)
        environment, has_recorded = _prepare(options)
        if options.is_exec:
            os.execve(path, arguments, environment)  # noqa: S606 - what the user wants run
        return supervisor.run(path, arguments, environment, has_recorded)
    except command.CommandInvalid as error:
        print(f"mltrack run: {error}", file=sys.stderr)
        return error.status
    except OSError as error:
        print(f"mltrack run: {path}: {error.strerror}", file=sys.stderr)
        return command.CANNOT_RUN


def _prepare(options: argparse.Namespace) -> tuple[dict[str, str], Callable[[], bool]]:
    """Return the command's environment, and what tells whether a run of it has begun.

    Raises:
        SettingInvalid: The environment has a setting that cannot be used.
    """
    environ = os.environ  # noqa: TID251 - handed on, not read
    settings = _settings.read()
    launch = _turn.new_launch(environ)
    _turn.forget_old(settings.folder)
    own = {
        "MLTRACK_AUTOLOG": "1",
        "MLTRACK_AUTOLOG_EXCLUDE": ",".join([*_settings.autolog_excluded(), *options.exclude]),
        "MLTRACK_LAUNCH_ID": launch,
        "MLTRACK_RUN_ID": options.id or settings.run,
        "MLTRACK_PROJECT": options.project or settings.project,
        "MLTRACK_NAME": options.name or settings.name,
        "MLTRACK_GROUP": options.group or settings.group,
        "MLTRACK_TAGS": ",".join([*settings.tags, *options.tag]),
        "PYTHONPATH": os.pathsep.join(
            [str(_BOOTSTRAP), *filter(None, [environ.get("PYTHONPATH")])]
        ),
    }
    environment = {**environ, **{name: value for name, value in own.items() if value}}
    return environment, lambda: _turn.has_begun(settings.folder, launch)


def _run_id(text: str) -> str:
    """Return *text* as the id of a run."""
    plain = text.replace("-", "").lower()
    if not layout.is_id(plain):
        raise argparse.ArgumentTypeError("an id is 32 hexadecimal digits; --name takes any text")
    return plain


def _parts() -> list[str]:
    """Return what can be left out."""
    return sorted({part for rows in TAPS.values() for part, _ in rows} - {"ranks"})
