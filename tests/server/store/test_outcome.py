"""How a run ended, from what its processes and their agents said."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack_core import records
from mltrack_core.records import RunEnded
from mltrack_server.resources import RunSummary
from mltrack_server.store import Store


def summary(store: Store, run: str) -> RunSummary:
    """Return the run's row."""
    found = store.run(run)
    assert found is not None
    assert store.runs().runs[0].state == found.summary.state
    return found.summary


@pytest.mark.parametrize("agent_is_first", [False, True])
@pytest.mark.parametrize(
    ("own", "seen", "state", "reason"),
    [
        (None, None, "running", ""),
        (RunEnded(5, "finished"), None, "finished", ""),
        (None, RunEnded(6, "killed", "out of memory", signal=9), "killed", "out of memory"),
        (RunEnded(5, "finished"), RunEnded(6, "finished", exit_code=0), "finished", ""),
        (RunEnded(5, "finished"), RunEnded(6, "failed", "?", exit_code=3), "failed", "exit code 3"),
        (RunEnded(5, "finished"), RunEnded(6, "killed", "SIGSEGV", signal=11), "killed", "SIGSEGV"),
        (
            RunEnded(5, "finished", explicit=True),
            RunEnded(6, "failed", exit_code=3),
            "finished",
            "",
        ),
        (RunEnded(5, "failed", "boom"), RunEnded(6, "failed", "?", exit_code=1), "failed", "boom"),
        (RunEnded(5, "interrupted"), RunEnded(6, "failed", "?", exit_code=130), "interrupted", ""),
    ],
)
def test_the_own_word_counts_unless_the_agent_saw_otherwise(
    store: Store,
    make_log: Any,
    own: RunEnded | None,
    seen: RunEnded | None,
    state: str,
    reason: str,
    agent_is_first: bool,
) -> None:
    """A process that did not say how it ended is judged by its agent, in any order of arrival."""
    trainer = make_log()
    agent = make_log(trainer.run, role="agent")
    if own is not None:
        trainer.add(own)
    if seen is not None:
        about = records.RunEnded(
            seen.time_ns,
            seen.state,
            seen.reason,
            exit_code=seen.exit_code,
            signal=seen.signal,
            stream=trainer.stream,
        )
        agent.add(about)
    for log in (agent, trainer) if agent_is_first else (trainer, agent):
        store.apply([log.batch()])

    found = summary(store, trainer.run)

    assert (found.state, found.reason) == (state, reason)
    assert (found.ended_ns is None) == (state == "running")
    assert found.host == "ada"


def test_a_resumed_run_is_running_again_and_its_new_end_counts(store: Store, make_log: Any) -> None:
    """The newest attempt decides; what the run is called stays what its first attempt said."""
    first = make_log(name="first", project="mnist")
    first.add(RunEnded(5, "failed", "boom"))
    store.apply([first.batch()])
    assert summary(store, first.run).state == "failed"

    second = make_log(first.run, attempt=2, name="other", project="default", host="bob")
    store.apply([second.batch()])
    found = summary(store, first.run)
    assert (found.state, found.reason, found.ended_ns) == ("running", "", None)
    assert (found.name, found.project, found.host, found.attempts) == ("first", "mnist", "bob", 2)

    second.add(RunEnded(9, "finished"))
    store.apply([second.batch(1)])
    assert summary(store, first.run).state == "finished"


def test_rank_zero_decides_and_children_never(store: Store, make_log: Any) -> None:
    """The run ends when rank 0's stream does, whatever other ranks and forked children say."""
    zero = make_log(rank=0, world_size=2)
    one = make_log(zero.run, rank=1, world_size=2)
    child = make_log(zero.run, role="child")
    one.add(RunEnded(5, "failed", "rank 1"))
    child.add(RunEnded(5, "finished"))
    store.apply([one.batch(), child.batch(), zero.batch()])
    assert summary(store, zero.run).state == "running"

    zero.add(RunEnded(6, "finished"))
    store.apply([zero.batch(1)])
    assert summary(store, zero.run).state == "finished"


def test_a_run_that_nothing_is_heard_of_is_silent(store: Store, clock: Any, make_log: Any) -> None:
    """Silence is measured by the server's clock and ends with the next record."""
    log = make_log(time_ns=1)
    store.apply([log.batch()])
    assert summary(store, log.run).state == "running"

    clock.now_ns += 61_000_000_000
    assert summary(store, log.run).state == "silent"
    assert store.runs(state="running").runs == []
    assert [run.id for run in store.runs(state="silent").runs] == [log.run]
    assert store.projects().projects[0].live == 0

    log.add(records.Note(1, "still here"))
    store.apply([log.batch(1)])
    assert summary(store, log.run).state == "running"
    assert store.projects().projects[0].live == 1


def test_a_stream_that_nobody_introduced_decides_only_alone(store: Store, make_log: Any) -> None:
    """The first record of an agent's stream is damaged: how the run ended is known all the same."""
    trainer = make_log().add(RunEnded(5, "finished", explicit=True))
    nameless = make_log(trainer.run, start=False)
    nameless.add(records.Gap(9, "damaged in the spool", 1, {"unknown": 1}, 9, 9))
    nameless.add(RunEnded(9, "finished", exit_code=0, stream=trainer.stream))
    alone = make_log(start=False).add(RunEnded(5, "failed", "boom"))

    store.apply([trainer.batch(), nameless.batch()])

    assert summary(store, trainer.run).state == "finished"
    store.apply([alone.batch()])
    assert summary(store, alone.run).reason == "boom"
