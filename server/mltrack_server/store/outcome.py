"""How a run goes or went, from what its processes and their agents said."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from mltrack_core.records import EndState
from mltrack_core.records import RunEnded
from mltrack_core.records import StreamRole


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """What matters here of one stream."""

    no: int
    uid: str
    role: StreamRole
    attempt: int
    rank: int
    started_ns: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """One RunEnded record, and which stream it is in."""

    stream_no: int
    seq: int
    about: str  # id of the stream whose end it is
    record: RunEnded


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """The state of a run; "running" where nobody has said how it ended."""

    state: EndState | Literal["running"] = "running"
    reason: str = ""
    exit_code: int | None = None
    signal: int | None = None
    traceback: str = ""
    ended_ns: int | None = None


def resolve(processes: Iterable[Process], endings: Iterable[Ending]) -> Outcome:
    """Return what the newest attempt's first process came to.

    Its own word counts. Its agent's counts where it left none, which is how a killed process ends;
    and where it said "finished" without `finish()` having been called, but the agent saw an exit
    code or a signal that says otherwise: something failed behind our back.
    """
    deciding = max(
        (process for process in processes if process.role in ("trainer", "door")),
        key=lambda process: (process.attempt, -process.rank, process.started_ns, process.no),
        default=None,
    )
    if deciding is None:
        return Outcome()
    return outcome_of(deciding, endings)


def outcome_of(process: Process, endings: Iterable[Ending]) -> Outcome:
    """Return what one process came to, by its own word and its agent's."""
    about = sorted(
        (ending for ending in endings if ending.about == process.uid),
        key=lambda ending: (ending.record.time_ns, ending.stream_no, ending.seq),
    )
    own = [ending.record for ending in about if ending.stream_no == process.no]
    seen = [ending.record for ending in about if ending.stream_no != process.no]
    if not own:
        return _outcome(seen[-1]) if seen else Outcome()
    return _outcome(own[-1], seen[-1] if seen else None)


def _outcome(own: RunEnded, seen: RunEnded | None = None) -> Outcome:
    """Return the outcome that *own* states, with what *seen* adds or corrects."""
    exit_code, signal = own.exit_code, own.signal
    state, reason = own.state, own.reason
    if seen is not None and not own.explicit:
        exit_code = seen.exit_code if exit_code is None else exit_code
        signal = seen.signal if signal is None else signal
        if state == "finished" and (seen.exit_code or seen.signal):
            state = "failed" if seen.exit_code else seen.state
            reason = f"exit code {seen.exit_code}" if seen.exit_code else seen.reason
    return Outcome(
        state=state,
        reason=reason,
        exit_code=exit_code,
        signal=signal,
        traceback=own.traceback,
        ended_ns=own.time_ns,
    )
