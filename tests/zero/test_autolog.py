"""`mltrack.autolog()`: on, off, and everything as it was."""

from __future__ import annotations

import argparse
import sys
from types import ModuleType

import pytest

import mltrack
from mltrack.launch.taps import TAPS
from mltrack_core import autolog
from mltrack_core.records import Params
from mltrack_core.testing.spool import RecordedSpool

_DESCRIPTORS = (classmethod, staticmethod, property)


@pytest.fixture(autouse=True)
def _off(in_this_process: RecordedSpool) -> None:
    """Off before and after."""


def _names(module: ModuleType) -> dict[str, object]:
    """Return what a tap could replace in *module*: its functions, and those of its classes."""
    found: dict[str, object] = {}
    for name, value in list(vars(module).items()):
        if callable(value):
            found[name] = value
        # By its type: some objects warn when they are asked for their class.
        if issubclass(type(value), type) and value.__module__ == module.__name__:
            found |= {
                f"{name}.{inner}": what
                for inner, what in vars(value).items()
                if callable(what) or isinstance(what, _DESCRIPTORS)
            }
    return found


def _all_names() -> dict[str, dict[str, object]]:
    """Return what could be replaced anywhere in the frameworks that have a tapped module."""
    roots = {name.partition(".")[0] for name in TAPS} - {"mltrack_core"}
    return {
        name: _names(module)
        for name, module in list(sys.modules.items())
        if name.partition(".")[0] in roots
    }


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # of frameworks, about each other
def test_turned_off_everything_is_the_very_same(caplog: pytest.LogCaptureFixture) -> None:
    """On, off and on again, for every tapped module that is there."""
    tapped = [name for name in TAPS if _can_import(name)]
    mltrack.autolog()  # what the integrations import is not theirs to restore
    mltrack.autolog(disable=True)
    before = _all_names()

    for _ in range(2):
        mltrack.autolog()
        assert autolog.is_active()
        changed = _all_names()
        mltrack.autolog(disable=True)

    assert not autolog.is_active()
    assert "argparse" in tapped
    assert changed["argparse"] != before["argparse"]
    after = _all_names()
    for module, names in before.items():
        assert [name for name, value in names.items() if after[module].get(name) is not value] == []
    assert caplog.records == []


def _can_import(name: str) -> bool:
    try:
        __import__(name)
    except ImportError:
        return False
    return True


def test_what_is_excluded_is_not_touched() -> None:
    """And a later call has the last word."""
    original = _names(argparse)

    mltrack.autolog(exclude=["arguments"])
    assert _names(argparse) == original
    mltrack.autolog()
    assert _names(argparse) != original
    mltrack.autolog(exclude=["arguments"])
    assert _names(argparse) == original


def test_every_run_of_a_process_has_its_arguments(spool: RecordedSpool) -> None:
    """As in a notebook, where a command line is made up."""
    mltrack.autolog()
    parser = argparse.ArgumentParser()
    parser.add_argument("--lr", type=float, default=0.1)

    parser.parse_args([])
    first = mltrack.init()
    second = mltrack.init()

    for run in (first, second):
        found = [params.values for params in spool.of(Params, run.id)]
        assert {"lr": 0.1} in found


def test_importing_mltrack_changes_nothing() -> None:
    """Not even argparse."""
    assert argparse.ArgumentParser.parse_known_args.__module__ == "argparse"
