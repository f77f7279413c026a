"""The steps of the schema are one line."""

from __future__ import annotations

import re
from pathlib import Path

from mltrack_server.store import schema
from mltrack_server.store.database import migrations

VERSIONS = Path(migrations.__file__).parent / "versions"


def test_steps_are_numbered_one_after_the_other() -> None:
    """Two changes that each add the next step merge without a conflict, and open no store."""
    steps = sorted(VERSIONS.glob("0*.py"))
    numbers = [f"{number:04}" for number in range(len(steps) + 1)]

    assert [step.name[:4] for step in steps] == numbers[1:]
    assert numbers[-1] == schema.VERSION
    for step, number, before in zip(steps, numbers[1:], numbers[:-1], strict=True):
        said = dict(re.findall(r'^(revision|down_revision) = "?(\w+)', step.read_text(), re.M))
        assert said == {
            "revision": number,
            "down_revision": before if number != "0001" else "None",
        }
