"""The verdict: what is to be recorded about the end of a trainer that its agent saw go."""

from __future__ import annotations

import signal
from collections.abc import Sequence
from typing import Final

from mltrack_core.agent.liveness import Cause
from mltrack_core.records import EndState
from mltrack_core.records import RunEnded

_RESTARTED: Final = "the machine restarted"
_UNSEEN: Final = "ended without a word; nobody saw how"
_SILENT: Final = "ended without a word"


def verdict(
    stream: str,
    own: Sequence[RunEnded],
    cause: Cause | None,
    *,
    has_restarted: bool,
    now_ns: int,
) -> RunEnded | None:
    """Return the end to record for the trainer that wrote *stream*, or None if all is said.

    Args:
        stream: The trainer's.
        own: What the trainer recorded itself about its end.
        cause: How its process ended; None if nobody saw.
        has_restarted: Whether the machine was started again since.
        now_ns: The time of the record.
    """
    if any(end.explicit for end in own):
        return None

    def ended(state: EndState, reason: str, code: int | None = None) -> RunEnded:
        number = cause.signal if cause else None
        return RunEnded(now_ns, state, reason, exit_code=code, signal=number, stream=stream)

    if cause is None:
        if own:
            return None
        return ended("killed", _RESTARTED if has_restarted else _UNSEEN)
    if cause.signal is not None:
        state: EndState = "interrupted" if cause.signal == signal.SIGINT else "killed"
        if own and own[-1].state == state == "interrupted":
            return None  # Python recorded Ctrl-C, and then died of it as it should
        return ended(state, _signal_reason(cause))
    if cause.exit_code == 0:
        return None if own else ended("finished", _SILENT, 0)
    # An end that the trainer recorded as failed or interrupted says more than its exit code.
    if own and own[-1].state != "finished":
        return None
    return ended("failed", f"exit code {cause.exit_code}", cause.exit_code)


def _signal_reason(cause: Cause) -> str:
    """Return in plain words what a signal means."""
    if cause.is_out_of_memory:
        return "out of memory"
    assert cause.signal is not None
    try:
        return f"killed by {signal.Signals(cause.signal).name}"
    except ValueError:  # a real-time signal has no name
        return f"killed by signal {cause.signal}"
