"""The ending: what is recorded where an exception ends a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

from mltrack_core.limits import TRACEBACK_BYTES_MAX
from mltrack_core.records import RunEnded

_REASON_CHARACTERS_MAX: Final = 1000


def ending(error: BaseException, clean: Callable[[str], str], *, explicit: bool) -> RunEnded:
    """Return the record that says how *error* ended the run.

    Args:
        error: Ctrl-C and a generator that was closed are interruptions, everything else a failure.
        clean: Removes secrets.
        explicit: As in the record.
    """
    now_ns = time.time_ns()
    if isinstance(error, KeyboardInterrupt):
        return RunEnded(now_ns, "interrupted", "Ctrl-C", explicit=explicit)
    if isinstance(error, GeneratorExit):
        reason = "the generator that it ran in was closed"
        return RunEnded(now_ns, "interrupted", reason, explicit=explicit)
    if isinstance(error, SystemExit):
        code, reason = _exit_code(error)
        reason = clean(reason)[:_REASON_CHARACTERS_MAX]
        return RunEnded(now_ns, "failed", reason, exit_code=code, explicit=explicit)

    import traceback  # only a run that fails needs it

    reason = clean("".join(traceback.format_exception_only(error)).strip())
    return RunEnded(
        now_ns,
        "failed",
        reason[:_REASON_CHARACTERS_MAX],
        clean("".join(traceback.format_exception(error)))[-TRACEBACK_BYTES_MAX:],
        explicit=explicit,
    )


def _exit_code(error: SystemExit) -> tuple[int, str]:
    """Return the process's exit code, and in words what it exits with."""
    if error.code is None:
        return 0, "exit code 0"
    if isinstance(error.code, int):
        code = int(error.code) & 0xFF  # what the system keeps of it
        return code, f"exit code {code}"
    return 1, str(error.code)
