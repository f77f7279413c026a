"""Expressions of other people, matched in a process that is ended when it takes too long.

Python's `re` can need years for a short expression, holds the interpreter's lock meanwhile, and
cannot be interrupted. A training's records must not wait for a search.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import msgspec

from mltrack_server.grep import matches

# Of wall time, for a machine that is busy; `matches` bounds the processor time.
_WAIT_S: Final = 30.0
_PROGRAM: Final = Path(matches.__file__)


class ExpressionInvalid(ValueError):
    """It is no regular expression."""


class ExpressionTooSlow(RuntimeError):
    """It takes more time or memory on this text than anyone may have."""


def find(
    expression: str, *, ignores_case: bool, lines: list[tuple[int, str]]
) -> tuple[list[int], list[int], list[int]]:
    """Do what `matches.find` does, in bounded time. Blocks.

    Raises:
        ExpressionInvalid: It is none.
        ExpressionTooSlow: It has been given up.
    """
    request = {"expression": expression, "ignores_case": ignores_case, "lines": lines}
    try:
        done = subprocess.run(
            [sys.executable, "-I", "-S", "-X", "utf8", str(_PROGRAM)],
            input=msgspec.json.encode(request),
            capture_output=True,
            timeout=_WAIT_S,
            check=True,
        )
    except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
        raise ExpressionTooSlow(f"{expression!r} was given up") from error
    answer = msgspec.json.decode(done.stdout)
    if isinstance(answer, dict):
        raise ExpressionInvalid(answer["error"])
    numbers, starts, ends = answer
    return numbers, starts, ends
