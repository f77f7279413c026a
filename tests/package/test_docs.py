"""Documentation names what there is: a setting or option without a word is found here."""

import argparse
import inspect
import re
from pathlib import Path

import pytest

import mltrack_core
from mltrack._cli import _parser
from mltrack_core import _settings
from mltrack_server.web.api import ROUTES
from mltrack_server.web.openapi import document

DOCS = Path(__file__).parents[2] / "docs"
SETTINGS = (DOCS / "settings.md").read_text(encoding="utf-8")


def commands() -> dict[str, argparse.ArgumentParser]:
    """Return every command of the command line."""
    (action,) = (a for a in _parser()._actions if isinstance(a, argparse._SubParsersAction))
    return dict(action.choices)


@pytest.mark.parametrize("command", sorted(commands()))
def test_every_command_and_option_is_documented(command: str) -> None:
    """docs/settings.md has a section for each command, with each of its options."""
    section = SETTINGS.partition(f"## `mltrack {command}`")[2].partition("\n## ")[0]

    options = [
        option
        for action in commands()[command]._actions
        for option in action.option_strings
        if option not in ("-h", "--help")
    ]
    assert section, f"docs/settings.md has no section on mltrack {command}"
    assert [option for option in options if option not in section] == []


def test_every_environment_variable_is_documented() -> None:
    """What `_settings.py` reads is in docs/settings.md."""
    names = set(re.findall(r"MLTRACK_[A-Z_]+", inspect.getsource(_settings)))

    assert {name for name in names if f"`{name}`" not in SETTINGS} == set()


def test_every_argument_of_init_is_documented() -> None:
    """So is what the one function that all call can be given."""
    section = SETTINGS.partition("## `mltrack.init`")[2]

    arguments = inspect.signature(mltrack_core.init).parameters
    assert [name for name in arguments if f"`{name}`" not in section] == []


def test_every_address_of_the_api_is_documented() -> None:
    """docs/api.md names each path of the OpenAPI document."""
    api = (DOCS / "api.md").read_text(encoding="utf-8")

    paths = document(ROUTES, "0")["paths"]
    # The door's addresses stand in one line of the table, as "…/points".
    assert [path for path in paths if path not in api and f"…/{Path(path).name}`" not in api] == []


def test_links_between_pages_lead_somewhere() -> None:
    """Every relative link of README and docs points at a file."""
    pages = [DOCS.parent / "README.md", *DOCS.rglob("*.md")]

    broken = [
        f"{page.name}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#:]+)[^)]*\)", page.read_text(encoding="utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []
