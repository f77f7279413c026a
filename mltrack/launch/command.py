"""The command: which program a user means, and what is wrong if there is none."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from typing import Final

from mltrack_core import MltrackError

MISUSED: Final = 2
CANNOT_RUN: Final = 126  # as the shell says it
NOT_FOUND: Final = 127


class CommandInvalid(MltrackError):
    """What is to be run cannot be.

    Args:
        reason: What is wrong.
        status: The exit status that a shell would give.
    """

    def __init__(self, reason: str, status: int) -> None:
        super().__init__(reason)
        self.reason, self.status = reason, status

    def __reduce__(self) -> tuple[type[CommandInvalid], tuple[str, int]]:
        return type(self), (self.reason, self.status)


def find(words: Sequence[str], module: Sequence[str] | None) -> tuple[str, list[str]]:
    """Return the program's path, and its arguments from the zeroth on.

    Args:
        words: A script that ends in `.py` or any other program, and its arguments.
        module: Instead: a module for `python -m`, and its arguments.

    Raises:
        CommandInvalid: There is no such program.
    """
    if module is not None:
        if not module:
            raise CommandInvalid("-m needs the name of a module", MISUSED)
        return _python("-m", *module)
    if not words:
        raise CommandInvalid("what is to be run? e.g. `mltrack run train.py`", MISUSED)
    program = words[0]
    if program.endswith(".py"):
        if os.path.isdir(program):
            raise CommandInvalid(f"{program} is a folder", CANNOT_RUN)
        if not os.path.exists(program):
            raise CommandInvalid(f"{program}: there is no such file", NOT_FOUND)
        return _python(*words)
    path = shutil.which(program)
    if path is not None:
        return path, list(words)
    if os.path.isdir(program):
        raise CommandInvalid(f"{program} is a folder", CANNOT_RUN)
    if "/" not in program:
        raise CommandInvalid(f"{program}: there is no such command", NOT_FOUND)
    if os.path.exists(program):
        raise CommandInvalid(f"{program} is not executable", CANNOT_RUN)
    raise CommandInvalid(f"{program}: there is no such file", NOT_FOUND)


def _python(*arguments: str) -> tuple[str, list[str]]:
    return sys.executable, [sys.executable, *arguments]
