"""What a program makes of its command line becomes parameters."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mltrack_core.records import Params
from mltrack_core.testing.spool import RecordedSpool

Launch = Callable[..., subprocess.CompletedProcess[str]]
Write = Callable[..., Path]
Needs = Callable[..., None]

BEGIN = "\nimport mltrack\nrun = mltrack.init()\n"


@pytest.fixture
def recorded(launch: Launch, write: Write, spool: RecordedSpool) -> Callable[..., dict[str, Any]]:
    """Runs a program with and without us; returns the arguments that were recorded."""

    def recorded(source: str, *words: str) -> dict[str, Any]:
        write(source)
        ended = launch("run", "train.py", *words)
        assert ended.returncode == 0, ended.stderr
        values: dict[str, Any] = {}
        for params in spool.of(Params):
            if params.namespace == "arguments":
                values |= params.values
        return values

    return recorded


Recorded = Callable[..., dict[str, Any]]

ARGPARSE = """
import argparse
parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--seed", type=int)
parser.add_argument("--layers", type=int, nargs="+", default=[8, 8])
parser.add_argument("--api-key")
parser.add_argument("data")
"""


@pytest.mark.parametrize("when", ["before the run", "after it has begun"])
def test_argparse(recorded: Recorded, when: str) -> None:
    """Names and values, defaults too, secrets removed."""
    parse = "args = parser.parse_args()\n"
    source = ARGPARSE + (parse + BEGIN if when == "before the run" else BEGIN + parse)

    values = recorded(source, "digits", "--lr", "3e-4", "--api-key", "swordfish")

    assert values == {
        "lr": 3e-4, "seed": None, "layers": [8, 8], "api_key": "[redacted]", "data": "digits",
    }  # fmt: skip


def test_what_the_program_decides_before_the_run_counts(recorded: Recorded) -> None:
    """A seed that nobody gave is one that somebody wants to know."""
    source = f"{ARGPARSE}args = parser.parse_args()\nargs.seed = 42\nargs.model = object(){BEGIN}"

    values = recorded(source, "digits")

    assert values["seed"] == 42
    assert "model" not in values  # it was no argument


def test_a_command_line_parsed_in_passes_is_one(recorded: Recorded) -> None:
    """As programs do whose defaults come from a file; a text from elsewhere is none of it."""
    source = f"""
import argparse
first = argparse.ArgumentParser()
first.add_argument("--config")
known, rest = first.parse_known_args()
second = argparse.ArgumentParser()
second.add_argument("--lr", type=float)
commands = second.add_subparsers(dest="command")
commands.add_parser("fit").add_argument("--epochs", type=int)
second.parse_args(rest)
request = argparse.ArgumentParser()
request.add_argument("--answer")
request.parse_args(["--answer", "42"])
{BEGIN}
"""

    values = recorded(source, "--config", "a.yaml", "--lr", "0.5", "fit", "--epochs", "3")

    assert values == {"config": "a.yaml", "lr": 0.5, "command": "fit", "epochs": 3}


def test_a_wrong_command_line_is_told_as_ever(launch: Launch, write: Write) -> None:
    """Usage, error and exit code to the letter."""
    write(ARGPARSE + "parser.parse_args()")

    bare = launch(sys.executable, "train.py", "--lr", "much")
    below = launch("run", "train.py", "--lr", "much")

    assert (below.stdout, below.stderr, below.returncode) == (bare.stdout, bare.stderr, 2)


def test_a_program_that_does_not_train_does_not_load_us(launch: Launch, write: Write) -> None:
    """It parses and is done: mltrack is not imported."""
    write(f"import sys\n{ARGPARSE}\nparser.parse_args()\nprint('mltrack' in sys.modules)")

    assert launch("run", "train.py", "digits").stdout == "False\n"


def test_jsonargparse(needs: Needs, recorded: Recorded, write: Write) -> None:
    """Nested, from a file and from the command line, which has the last word."""
    needs("jsonargparse")
    write("lr: 0.5\nmodel: {depth: 5}\n", "train.yaml")
    source = f"""
import jsonargparse
from dataclasses import dataclass
@dataclass
class Model:
    width: int = 8
    depth: int = 2
parser = jsonargparse.ArgumentParser()
parser.add_argument("--config", action="config")
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--model", type=Model, default=Model())
parser.parse_args()
{BEGIN}
"""

    values = recorded(source, "--config", "train.yaml", "--model.width", "16")

    assert "train.yaml" in str(values.pop("config"))
    assert values == {"lr": 0.5, "model.width": 16, "model.depth": 5}


@pytest.mark.parametrize("way", ["spawn", "forkserver"])
def test_a_spawned_process_knows_what_was_parsed(
    recorded: Recorded, spool: RecordedSpool, way: str
) -> None:
    """It does not parse itself; what is no plain value reaches it as text."""
    source = f"""
import argparse, multiprocessing, pathlib
def train():
    from mltrack.launch.taps import taps
    taps.install()  # as when it joins a process group of PyTorch, which makes it a rank
    import mltrack
    mltrack.init(console="off")
if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float)
    parser.add_argument("--data", type=pathlib.Path)
    parser.add_argument("--layers", type=int, nargs="+")
    args = parser.parse_args()
    args.lr *= 2
    child = multiprocessing.get_context({way!r}).Process(target=train)
    child.start()
    child.join()
"""

    values = recorded(source, "--lr", "0.25", "--data", "digits", "--layers", "1", "2")

    assert len(spool.runs()) == 1
    assert values == {"lr": 0.5, "data": "digits", "layers": [1, 2]}


def test_click(needs: Needs, recorded: Recorded) -> None:
    """Options of the group and of its command."""
    needs("click")
    source = """
import click
@click.group()
@click.option("--seed", type=int, default=3)
def main(seed): pass
@main.command()
@click.option("--lr", type=float)
@click.argument("data")
def fit(lr, data):
    import mltrack
    mltrack.init()
main()
"""

    values = recorded(source, "--seed", "7", "fit", "--lr", "0.25", "digits")

    assert values == {"seed": 7, "lr": 0.25, "data": "digits"}


def test_typer(needs: Needs, recorded: Recorded) -> None:
    """What its functions take."""
    needs("typer")
    source = """
import typer
def main(data: str, lr: float = 0.1):
    import mltrack
    mltrack.init()
typer.run(main)
"""

    assert recorded(source, "digits", "--lr", "0.25") == {"data": "digits", "lr": 0.25}


def test_hydra(needs: Needs, recorded: Recorded) -> None:
    """The composed configuration; a reference stays one, its resolver is not run."""
    needs("hydra")
    source = """
import hydra
from hydra.core.config_store import ConfigStore
from omegaconf import OmegaConf
OmegaConf.register_new_resolver("boom", lambda: print("resolved"))
ConfigStore.instance().store(
    "config", {"lr": 0.1, "model": {"width": 8, "depth": "${lr}"}, "seed": "${boom:}"}
)
@hydra.main(version_base=None, config_name="config")
def main(config):
    import mltrack
    mltrack.init(console="off")
main()
"""

    values = recorded(source, "lr=0.5", "+model.heads=[1,2]")

    assert values == {
        "lr": 0.5, "model.width": 8, "model.depth": "${lr}", "model.heads": [1, 2],
        "seed": "${boom:}",
    }  # fmt: skip


def test_absl(needs: Needs, recorded: Recorded) -> None:
    """The program's own flags, not those of absl."""
    needs("absl")
    source = """
from absl import app, flags
flags.DEFINE_float("lr", 0.1, "rate")
flags.DEFINE_list("layers", ["8"], "widths")
def main(argv):
    import mltrack
    mltrack.init()
app.run(main)
"""

    assert recorded(source, "--lr=0.5") == {"lr": 0.5, "layers": ["8"]}


def test_hf_argument_parser(needs: Needs, recorded: Recorded, write: Write) -> None:
    """Data classes, from the command line or from a file."""
    needs("transformers")
    source = f"""
import sys
from dataclasses import dataclass
from transformers import HfArgumentParser
@dataclass
class Model:
    lr: float = 0.1
    width: int = 8
parser = HfArgumentParser(Model)
if sys.argv[1].endswith(".json"):
    (model,) = parser.parse_json_file(sys.argv[1])
else:
    (model,) = parser.parse_args_into_dataclasses()
{BEGIN}
"""
    write('{"lr": 0.5}', "arguments.json")

    assert recorded(source, "arguments.json") == {"lr": 0.5, "width": 8}


def test_arguments_can_be_left_out(launch: Launch, write: Write, spool: RecordedSpool) -> None:
    """With --exclude, and nothing is tapped."""
    write(f"{ARGPARSE}\nargs = parser.parse_args(){BEGIN}")

    launch("run", "--exclude", "arguments", "train.py", "digits")

    assert [params for params in spool.of(Params) if params.namespace == "arguments"] == []
