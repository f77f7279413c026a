"""Every public name is deliberate."""

import importlib
from pathlib import Path

import pytest

GOLDEN = Path(__file__).parent / "public_names.txt"


@pytest.mark.parametrize("package", ["mltrack", "mltrack_core"])
def test_the_public_names_are_those_written_down(package: str) -> None:
    """A name more or less is a decision: change public_names.txt with it, and say why."""
    names = importlib.import_module(package).__all__

    written = [
        line.partition(".")[2]
        for line in GOLDEN.read_text(encoding="utf-8").splitlines()
        if line.partition(".")[0] == package
    ]
    assert sorted(names) == written
