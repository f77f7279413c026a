"""`mltrack` as people type it: alone, in a pipe, in the wrong place."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from mltrack import _cli
from mltrack_core import wire
from mltrack_core.spool.writer import SpoolWriter
from mltrack_server.testing import started


def test_without_a_command_it_says_what_there_is(capsys: pytest.CaptureFixture[str]) -> None:
    """`mltrack` alone lists the commands; it is misuse to a script all the same."""
    status = _cli.main([])

    help_text = capsys.readouterr().err
    assert status == 2
    assert all(command in help_text for command in ("ui", "server", "demo", "runs", "sync"))


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_failure_of_ours(tmp_path: Path) -> None:
    """`mltrack runs | head -1` ends without a word about a broken pipe."""
    for number in range(50):
        spool = SpoolWriter(tmp_path, f"{number:032x}")
        spool.append(*wire.encode(started(name="n" * 256)))
        spool.close()
    listing = [sys.executable, "-P", "-m", "mltrack._cli", "runs", "--json", "--from"]

    with subprocess.Popen(
        [*listing, str(tmp_path)], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.stderr is not None
        said = process.stderr.read()

    assert said == b""


def test_a_place_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the system refuses is said in a line that names the file, without a stack."""
    in_the_way = tmp_path / "spool" / ("5" * 32) / "destination.json"
    in_the_way.mkdir(parents=True)
    monkeypatch.setenv("MLTRACK_DIR", str(tmp_path))

    status = _cli.main(["sync", "--url", "http://127.0.0.1:1"])

    assert status == 1
    error = capsys.readouterr().err
    assert error.startswith("mltrack: ")
    assert str(in_the_way) in error
