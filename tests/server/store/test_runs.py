"""Lists of runs and projects, the console, and what the feed is made of."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack_core import records
from mltrack_core.records import Console
from mltrack_server.resources import ConsolePlace
from mltrack_server.resources import RunEdit
from mltrack_server.store import Store
from mltrack_server.store import console_reading


def test_pages_of_runs_hold_each_run_once(store: Store, make_log: Any) -> None:
    """Newest first; a cursor goes on where the page ended, equal times included."""
    logs = [make_log(time_ns=number // 2, project="ab"[number % 2]) for number in range(11)]
    store.apply([log.batch() for log in logs])

    seen, cursor = [], None
    while True:
        page = store.runs(limit=3, cursor=cursor)
        seen += [(run.started_ns, run.id) for run in page.runs]
        cursor = page.next
        if cursor is None:
            break

    assert seen == sorted(((log_ns // 2, log.run) for log_ns, log in enumerate(logs)), reverse=True)
    assert len(store.runs(project="a").runs) == 6
    assert {project.name: project.runs for project in store.projects().projects} == {"a": 6, "b": 5}


def test_a_cursor_of_our_own_making_is_refused(store: Store) -> None:
    """A cursor that no page gave is a mistake of the caller."""
    with pytest.raises(ValueError, match="cursor"):
        store.runs(cursor="yesterday")


def test_changes_since_a_cursor(store: Store, make_log: Any) -> None:
    """Each changed run once, with its newest revision; too much, or a strange cursor: reset."""
    logs = [make_log() for _ in range(4)]
    store.apply([log.batch() for log in logs])
    start = store.rev()
    assert store.changes(start).changes == []
    for log in logs[:2] + logs[:1]:
        log.scalars(range(3), loss=0)
        store.apply([log.batch()])

    notice = store.changes(start)
    assert [change.id for change in notice.changes] == [logs[1].run, logs[0].run]
    assert notice.cursor == store.rev() == start + 3
    assert [change.last_step for change in notice.changes] == [2, 2]
    assert store.highest_step(logs[0].run) == 2
    assert store.changes(notice.cursor).changes == []

    assert store.changes(0, limit=3).reset
    assert store.changes(10**9).reset
    assert not store.changes(0, limit=4).reset


def test_console_lines_are_numbered_over_batches_and_streams(store: Store, make_log: Any) -> None:
    """Lines come back in the order of arrival, any part of them, from many blocks."""
    one = make_log()
    two = make_log(one.run, rank=1)
    for turn in range(50):
        one.add(Console(turn, "stdout", f"one {turn} " + "x" * 2000))
        two.add(Console(turn, "stderr", f"two {turn}"))
        store.apply([one.batch(turn and turn + 1), two.batch(turn and turn + 1)])

    page = store.console(one.run, first=None, limit=3)
    assert page is not None
    assert page.total == 100
    assert [line.number for line in page.lines] == [97, 98, 99]
    assert [(line.text[:6], line.rank, line.channel) for line in page.lines] == [
        ("two 48", 1, "stderr"),
        ("one 49", 0, "stdout"),
        ("two 49", 1, "stderr"),
    ]
    everything = store.console(one.run, first=0, limit=1000)
    assert everything is not None
    assert [line.number for line in everything.lines] == list(range(100))
    assert store.console("0" * 32, first=0, limit=1) is None


def test_a_progress_bar_is_one_line_that_changes(store: Store, make_log: Any) -> None:
    """The next line of the same channel takes the number over; other channels go on beside it."""
    log = make_log()
    log.add(Console(1, "stderr", " 10%", partial=True), Console(2, "stdout", "epoch 1"))
    store.apply([log.batch()])
    log.add(Console(3, "stderr", " 50%", partial=True))
    store.apply([log.batch()])

    page = store.console(log.run, first=0, limit=10)
    assert page is not None
    assert [(line.number, line.text, line.partial) for line in page.lines] == [
        (0, " 50%", True),
        (1, "epoch 1", False),
    ]

    log.add(Console(4, "stderr", "100%"), Console(5, "stderr", "done"))
    store.apply([log.batch()])
    page = store.console(log.run, first=0, limit=10)
    assert page is not None
    assert [(line.number, line.text, line.partial) for line in page.lines] == [
        (0, "100%", False),
        (1, "epoch 1", False),
        (2, "done", False),
    ]


def test_alerts_and_notes_are_shown_by_time(store: Store, make_log: Any) -> None:
    """A run's notes begin with the one it was started with."""
    log = make_log(notes="why I ran this", time_ns=1)
    log.add(
        records.Alert(9, "error", "NaN", "loss is NaN", 7),
        records.Alert(3, "info", "warm-up over"),
        records.Note(5, "looks good", 3),
        records.Seal(10),
    )
    store.apply([log.batch()])

    run = store.run(log.run)

    assert run is not None
    assert [(alert.time_ns, alert.title, alert.step) for alert in run.alerts] == [
        (3, "warm-up over", None),
        (9, "NaN", 7),
    ]
    assert [note.text for note in run.notes] == ["why I ran this", "looks good"]
    assert run.streams[0].is_sealed


def test_a_stream_says_when_its_process_began_and_how_it_ended(store: Store, make_log: Any) -> None:
    """By its own word, else by its agent's; of a process that goes on nobody has said anything."""
    own = make_log(time_ns=10)
    killed = make_log(own.run, rank=1, time_ns=20)
    running = make_log(own.run, rank=2, time_ns=30)
    own.add(records.RunEnded(90, "failed", "ValueError"))
    agent = make_log(own.run, role="agent", time_ns=40)
    agent.add(records.RunEnded(80, "killed", "out of memory", signal=9, stream=killed.stream))
    store.apply([log.batch() for log in (own, killed, running, agent)])

    run = store.run(own.run)

    assert run is not None
    assert [(one.started_ns, one.ended_ns, one.state, one.reason) for one in run.streams] == [
        (10, 90, "failed", "ValueError"),
        (20, 80, "killed", "out of memory"),
        (30, None, None, ""),
        (40, None, None, ""),
    ]


def test_a_project_counts_runs_put_away_apart(store: Store, make_log: Any) -> None:
    """As the list does that leaves them out; a project of nothing else is still there."""
    logs = [make_log(project=project) for project in ("a", "a", "b")]
    store.apply([log.batch() for log in logs])
    for log in logs[1:]:
        store.edit(log.run, RunEdit(archived=True))

    counted = {each.name: (each.runs, each.archived) for each in store.projects().projects}

    assert counted == {"a": (1, 1), "b": (0, 1)}
    assert [each.live for each in store.projects().projects if each.name == "b"] == [0]


def test_parts_of_a_console_hold_every_line(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Part by part all lines come, those printed after the last part with it once more."""
    monkeypatch.setattr(console_reading, "_BLOCKS_MAX", 3)
    log = make_log()
    log.add(*(Console(n, "stdout", f"{n} " + "x" * 5000) for n in range(70)))
    log.add(Console(70, "stderr", "70 %", partial=True))
    store.apply([log.batch()])

    parts = [_part(store, log.run, 0)]
    while not parts[-1].is_end:
        parts.append(_part(store, log.run, parts[-1].next))
    log.add(Console(71, "stdout", "71"))
    store.apply([log.batch()])
    after = _part(store, log.run, parts[-1].next)

    numbers = [line.number for part in parts for line in part.lines]
    assert numbers == list(range(71))
    assert len(parts) > 2
    assert after.is_end
    assert {line.number for line in after.lines} > {70, 71}
    assert after.total == 72
    assert store.console_part("0" * 32, 0) is None


def test_a_time_is_found_in_a_console_of_many_blocks(store: Store, make_log: Any) -> None:
    """The last line printed by then; before all of them, the first; without any, none."""
    log, silent = make_log(), make_log()
    log.add(*(Console(10 * n, "stdout", f"{n} " + "x" * 3000) for n in range(1, 200)))
    store.apply([log.batch(), silent.batch()])

    times = (0, 10, 19, 1234, 1990, 10**9)
    places = [store.console_place(log.run, time_ns) for time_ns in times]

    assert places == [ConsolePlace(number=number) for number in (0, 0, 0, 122, 198, 198)]
    assert store.console_place(silent.run, 5) == ConsolePlace(number=None)
    assert store.console_place("0" * 32, 5) is None


def _part(store: Store, run: str, part: int) -> console_reading.ConsolePart:
    found = store.console_part(run, part)
    assert found is not None
    return found
