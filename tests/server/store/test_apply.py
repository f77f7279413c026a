"""The write side: exactly-once effect, and nothing lost in silence."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings
from hypothesis import strategies as st

from mltrack_core import records
from mltrack_core import wire
from mltrack_server.resources import MetricQuery
from mltrack_server.resources import MetricSummary
from mltrack_server.store import Store


@st.composite
def deliveries(draw: st.DrawFn) -> list[list[tuple[int, int]]]:
    """Draw groups of ranges of a stream of 30 records: split, repeated, overlapping, swapped."""
    ranges = st.tuples(st.integers(0, 29), st.integers(1, 12)).map(
        lambda pair: (pair[0], min(30, pair[0] + pair[1]))
    )
    return draw(st.lists(st.lists(ranges, min_size=1, max_size=4), max_size=12))


@pytest.mark.slow
@settings(max_examples=60)
@given(groups=deliveries(), folds=st.sets(st.integers(0, 11)))
def test_any_delivery_of_batches_stores_what_was_logged(
    shared_store: Store, make_log: Any, groups: list[list[tuple[int, int]]], folds: set[int]
) -> None:
    """However batches are split, repeated, overlapped and swapped: stored is logged, in order."""
    log = make_log().scalars(range(29), loss=0.5)
    store, expected = shared_store, 0
    for turn, group in enumerate(groups):
        answers = store.apply([log.batch(start, end) for start, end in group])
        for (start, end), answer in zip(group, answers, strict=True):
            expected = max(expected, end) if start <= expected else expected
            assert answer == expected
        if turn in folds:
            store.fold(log.run)
    assert store.apply([log.batch(expected)] if expected < 30 else []) in ([30], [])

    points = store.points(log.run, "loss")
    assert points is not None
    assert points.step.tolist() == list(range(29))
    assert points.value.tolist() == [step + 0.5 for step in range(29)]
    run = store.run(log.run)
    assert run is not None
    assert run.summary.records == 30
    assert run.summary.metrics["loss"].count == 29
    assert run.losses == []


def test_a_gap_is_refused_and_its_neighbours_commit(store: Store, make_log: Any) -> None:
    """A batch that begins too late is answered with the seq that is due; others are stored."""
    late, good = make_log().scalars(range(5), loss=0), make_log().scalars(range(5), loss=0)

    assert store.apply([late.batch(2), good.batch()]) == [0, 6]

    assert store.run(late.run) is None
    assert store.next_seq(good.run, good.stream) == 6


def test_a_replay_changes_nothing(store: Store, make_log: Any) -> None:
    """The same batch again gives the same answer and not even a new revision."""
    log = make_log().scalars(range(5), loss=0)
    log.add(records.Console(1, "stdout", "hello"), records.Alert(1, "error", "NaN"))
    store.apply([log.batch()])
    before = (store.rev(), store.run(log.run))

    assert store.apply([log.batch(), log.batch(2)]) == [8, 8]

    assert (store.rev(), store.run(log.run)) == before


def test_a_record_that_does_not_decode_is_counted_and_its_neighbours_are_stored(
    store: Store, make_log: Any
) -> None:
    """A poison record is kept aside and counted as a loss; the stream goes on."""
    log = make_log().scalars(range(2), loss=0)
    log.add_raw(wire.SCALARS, b"\xc1 not msgpack")
    log.add_raw(wire.SCALARS, wire.encode_payload([1, 2**63, {"loss": 1.0}]))
    log.add_raw(wire.NUMBERS[records.Note], wire.encode_payload([2**63, "when?"]))
    log.scalars(range(2, 4), loss=0)

    assert store.apply([log.batch()]) == [len(log.frames)]

    points, run = store.points(log.run, "loss"), store.run(log.run)
    assert points is not None
    assert points.step.tolist() == [0, 1, 2, 3]
    assert run is not None
    assert run.summary.dropped == 3
    assert [(loss.reason, loss.kinds) for loss in run.losses] == [
        ("out of bounds", {"Scalars": 1, "Note": 1}),
        ("does not decode", {"Scalars": 1}),
    ]


def test_poison_as_the_only_record_of_a_batch_moves_the_stream_on(
    store: Store, make_log: Any
) -> None:
    """A batch of nothing but poison is answered like any other: it must not be sent for ever."""
    log = make_log()
    log.add_raw(wire.SCALARS, b"\xc1")

    assert store.apply([log.batch(0, 1), log.batch(1, 2)]) == [1, 2]


def test_a_record_of_a_newer_version_is_kept_and_is_no_loss(store: Store, make_log: Any) -> None:
    """An unknown type is stored verbatim for a later version to read."""
    log = make_log()
    log.add_raw(200, b"from the future")

    assert store.apply([log.batch()]) == [2]

    run = store.run(log.run)
    assert run is not None
    assert run.losses == []


def test_a_stream_without_a_start_gets_a_run(store: Store, make_log: Any) -> None:
    """Data is evidence: a stream whose first record is missing its start is stored all the same."""
    log = make_log(start=False).scalars(range(3), loss=0)

    store.apply([log.batch()])

    run = store.run(log.run)
    assert run is not None
    assert (run.summary.project, run.summary.name) == ("default", log.run[:8])
    assert run.summary.metrics["loss"].count == 3


def test_other_records_for_the_same_seq_are_flagged_once_and_never_overwrite(
    store: Store, make_log: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Two writers of one stream are impossible; if it happens, the first stays and it is said."""
    log = make_log().scalars(range(3), loss=0)
    other = make_log(log.run).scalars(range(3), loss=100)
    other.stream = log.stream
    store.apply([log.batch()])

    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert store.apply([other.batch()]) == [4]

    points, run = store.points(log.run, "loss"), store.run(log.run)
    assert points is not None
    assert points.value.tolist() == [0, 1, 2]
    assert run is not None
    assert [(loss.reason, loss.count) for loss in run.losses] == [
        ("conflicting records for the same seq", 3)
    ]
    assert caplog.text.count("other records than those stored") == 1


def test_declared_gaps_are_added_up(store: Store, make_log: Any) -> None:
    """What writers could not keep is summed by reason and kind, over batches and streams."""
    log = make_log()
    log.add(records.Gap(1, "disk full", 5, {"Scalars": 3, "Console": 2}, 1, 2))
    store.apply([log.batch()])
    log.add(records.Gap(1, "disk full", 1, {"Scalars": 1}, 1, 2))
    log.add(records.Gap(1, "quota", 1, {"Devices": 1}, 1, 2))
    store.apply([log.batch()])

    run = store.run(log.run)
    assert run is not None
    assert run.summary.dropped == 7
    assert {loss.reason: loss.kinds for loss in run.losses} == {
        "disk full": {"Scalars": 4, "Console": 2},
        "quota": {"Devices": 1},
    }


def test_parameters_are_merged_key_by_key(store: Store, make_log: Any) -> None:
    """The last word on a key counts; namespaces do not mix; NaN is kept apart from text."""
    log = make_log()
    log.add(
        records.Params(1, "", {"lr": 0.1, "layers": [1, 2], "nan": float("nan")}),
        records.Params(
            1, "framework", {"name": "keras", "version": "3.15.1", "backend": "jax", "lr": 2}
        ),
        records.Params(1, "keras.optimizer", {"lr": 0.3}),
    )
    store.apply([log.batch()])
    log.add(records.Params(1, "", {"lr": 0.2, "seed": 2**60}))
    store.apply([log.batch()])

    run = store.run(log.run)
    assert run is not None
    assert run.summary.params == {
        "lr": 0.2,
        "layers": [1, 2],
        "nan": "NaN",
        "seed": 2**60,
        "keras.optimizer.lr": 0.3,
    }
    assert store.runs().runs[0].params == run.summary.params
    assert set(run.facts) == {"framework"}
    assert run.facts["framework"]["lr"] == 2
    assert run.summary.framework == "keras 3.15.1 (jax)"


@pytest.mark.slow
def test_a_hundred_thousand_names(store: Store, make_log: Any) -> None:
    """A run may have 10^5 distinct metrics: none is lost, folded or not."""
    log = make_log()
    names = [f"layer/{number}" for number in range(100_000)]
    for start in range(0, len(names), 5000):
        values = {name: float(start) for name in names[start : start + 5000]}
        log.add(records.Scalars(1, 0, values))
    store.apply([log.batch()])
    while store.fold(log.run):
        pass

    metrics: dict[str, MetricSummary] = {}
    cursor: int | None = 0
    while cursor is not None:
        page = store.metrics(log.run, MetricQuery(cursor=cursor))
        assert page is not None
        metrics |= page.metrics
        cursor = page.next
    assert list(metrics) == names
    assert metrics["layer/99999"].last == 95_000.0
    points = store.points(log.run, "layer/77777")
    assert points is not None
    assert points.value.tolist() == [75_000.0]


def test_devices_of_other_hosts_are_told_apart(store: Store, make_log: Any) -> None:
    """The agents of two hosts log the same names; the host of rank 0 has them plain."""
    first = make_log(role="agent", host="ada")
    other = make_log(first.run, role="agent", rank=8, host="bob")
    first.add(records.Devices(1, "ada", {"sys/cpu.percent": 10.0}))
    other.add(records.Devices(2, "bob", {"sys/cpu.percent": 90.0}))
    store.apply([first.batch(), other.batch()])

    run = store.run(first.run)
    assert run is not None
    assert run.summary.metrics == {}
    assert run.devices["sys/cpu.percent"].max == 10
    assert run.devices["sys/cpu.percent@bob"].max == 90
