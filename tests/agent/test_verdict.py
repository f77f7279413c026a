"""What is recorded about an end, for everything that can be known of it."""

from __future__ import annotations

import signal

import pytest

from mltrack_core.agent.liveness import Cause
from mltrack_core.agent.verdict import verdict
from mltrack_core.records import EndState
from mltrack_core.records import RunEnded

STREAM = "ab" * 16


def own(state: EndState, *, explicit: bool = False) -> list[RunEnded]:
    """What a trainer may have recorded itself."""
    return [RunEnded(1, state, explicit=explicit)]


@pytest.mark.parametrize(
    ("said", "cause", "has_restarted", "told"),
    [
        ([], Cause(exit_code=0), False, ("finished", "ended without a word")),
        ([], Cause(exit_code=7), False, ("failed", "exit code 7")),
        ([], Cause(signal=9), False, ("killed", "killed by SIGKILL")),
        ([], Cause(signal=9, is_out_of_memory=True), False, ("killed", "out of memory")),
        ([], Cause(signal=signal.SIGINT), False, ("interrupted", "killed by SIGINT")),
        ([], Cause(signal=40), False, ("killed", "killed by signal 40")),
        ([], None, False, ("killed", "ended without a word; nobody saw how")),
        ([], None, True, ("killed", "the machine restarted")),
        (own("finished"), Cause(exit_code=0), False, None),
        (own("finished"), Cause(exit_code=3), False, ("failed", "exit code 3")),
        (own("finished"), Cause(signal=11), False, ("killed", "killed by SIGSEGV")),
        (own("finished"), None, False, None),
        (own("finished"), None, True, None),
        (own("failed"), Cause(exit_code=1), False, None),
        (own("interrupted"), Cause(exit_code=130), False, None),
        (own("interrupted"), Cause(signal=signal.SIGINT), False, None),
        (own("finished", explicit=True), Cause(exit_code=3), False, None),
        (own("finished", explicit=True), Cause(signal=9), False, None),
    ],
)
def test_the_verdict_adds_what_the_trainer_did_not_say(
    said: list[RunEnded],
    cause: Cause | None,
    has_restarted: bool,
    told: tuple[str, str] | None,
) -> None:
    """Each end is told once, by whoever knows it best."""
    end = verdict(STREAM, said, cause, has_restarted=has_restarted, now_ns=5)

    assert (end and (end.state, end.reason)) == told
    assert end is None or (end.stream, end.explicit, end.time_ns) == (STREAM, False, 5)
