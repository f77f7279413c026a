"""The writer and the feed: groups, backpressure, faults, notices."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from sqlalchemy import update

from mltrack_core.spool.segment import Batch
from mltrack_server.errors import Overloaded
from mltrack_server.errors import StoreFull
from mltrack_server.feed import Feed
from mltrack_server.fold import Fold
from mltrack_server.resources import Notice
from mltrack_server.store import Store
from mltrack_server.store import schema
from mltrack_server.store.keys import rid_of
from mltrack_server.writer import Writer

DEADLINE_S = 30


class GatedStore(Store):
    """A store whose writes can be held up, and made to fail."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.gate = threading.Event()
        self.gate.set()
        self.error: Exception | None = None
        self.poison = ""  # a run whose batches raise
        self.groups: list[int] = []

    def apply(self, batches: Sequence[Batch]) -> list[int]:
        """Wait at the gate, fail if told to, else write."""
        assert self.gate.wait(DEADLINE_S)
        self.groups.append(len(batches))
        if self.error is not None:
            raise self.error
        if any(batch.header.run == self.poison for batch in batches):
            raise RuntimeError("a fault of ours")
        return super().apply(batches)


@pytest.fixture
def gated(url: str) -> Any:
    """Return an open store with a gate."""
    with GatedStore(url) as store:
        yield store


async def until(condition: Any) -> None:
    """Wait for *condition* to hold."""
    async with asyncio.timeout(DEADLINE_S):
        while not condition():  # noqa: ASYNC110 - what is waited for is in a database
            await asyncio.sleep(0.005)


def test_what_waits_is_written_in_one_transaction(gated: GatedStore, make_log: Any) -> None:
    """Group commit: a hundred clients cost a few commits, and each gets its own answer."""
    logs = [make_log().scalars(range(number), loss=0) for number in range(100)]

    async def main() -> list[int]:
        writer = Writer(gated)
        await writer.start()
        answers = await asyncio.gather(*(writer.submit(log.batch()) for log in logs))
        await writer.stop()
        return answers

    assert asyncio.run(main()) == [number + 1 for number in range(100)]
    assert len(gated.groups) <= 5


def test_cancelling_the_wait_does_not_cancel_the_commit(gated: GatedStore, make_log: Any) -> None:
    """A client that hangs up leaves its batch to be written."""
    log = make_log().scalars(range(3), loss=0)

    async def main() -> None:
        writer = Writer(gated)
        await writer.start()
        gated.gate.clear()
        waiting = asyncio.create_task(writer.submit(log.batch()))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        gated.gate.set()
        await writer.stop()

    asyncio.run(main())
    assert gated.next_seq(log.run, log.stream) == 4


def test_a_writer_that_cannot_keep_up_says_so(gated: GatedStore, make_log: Any) -> None:
    """The queue is bounded: who comes too late is told to come again, and nobody else suffers."""
    logs = [make_log() for _ in range(12)]
    for log in logs:
        log.add_raw(200, b"x" * 8_000_000)

    async def main() -> list[int | BaseException]:
        writer = Writer(gated, patience_s=0.05)
        await writer.start()
        gated.gate.clear()
        waiting = [asyncio.create_task(writer.submit(log.batch())) for log in logs]
        await until(lambda: sum(task.done() for task in waiting) >= 4)
        gated.gate.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        assert await writer.submit(logs[-1].batch()) == 2  # there is room again
        await writer.stop()
        with pytest.raises(Overloaded):
            await writer.submit(logs[0].batch())
        return answers

    answers = asyncio.run(main())
    refused = [answer for answer in answers if isinstance(answer, Overloaded)]
    assert 4 <= len(refused) < 12
    assert all(answer == 2 for answer in answers if answer not in refused)


def test_a_full_store_is_reported_and_writing_goes_on_later(
    gated: GatedStore, make_log: Any
) -> None:
    """Everybody of the group is told; the next batch is tried anew."""
    log = make_log()

    async def main() -> None:
        writer = Writer(gated)
        await writer.start()
        gated.error = StoreFull("here", "the disk is full")
        with pytest.raises(StoreFull):
            await writer.submit(log.batch())
        gated.error = None
        assert await writer.submit(log.batch()) == 1
        await writer.stop()

    asyncio.run(main())


def test_one_bad_batch_does_not_take_its_group_down(gated: GatedStore, make_log: Any) -> None:
    """A fault of ours in one batch is that batch's alone."""
    logs = [make_log() for _ in range(5)]
    gated.poison = logs[2].run

    async def main() -> list[Any]:
        writer = Writer(gated)
        await writer.start()
        gated.gate.clear()
        waiting = [asyncio.create_task(writer.submit(log.batch())) for log in logs]
        await asyncio.sleep(0)
        gated.gate.set()
        answers = await asyncio.gather(*waiting, return_exceptions=True)
        await writer.stop()
        return answers

    answers = asyncio.run(main())
    assert [answer for number, answer in enumerate(answers) if number != 2] == [1, 1, 1, 1]
    assert isinstance(answers[2], RuntimeError)


def test_a_subscriber_is_told_what_changed(store: Store, make_log: Any) -> None:
    """First where the cursor stands, then each change; several at once where they come fast."""
    logs = [make_log() for _ in range(3)]

    async def main() -> list[Notice]:
        writer = Writer(store)
        await writer.start()
        feed = Feed(store, writer, interval_s=0.01)
        seen = []
        async with asyncio.timeout(DEADLINE_S), feed.subscribe() as notices:
            seen.append(await anext(notices))
            for log in logs:
                await writer.submit(log.batch())
            while sum(len(notice.changes) for notice in seen) < 3:
                seen.append(await anext(notices))
        await writer.submit(make_log().batch())  # nobody listens: nothing breaks
        async with asyncio.timeout(DEADLINE_S), feed.subscribe(seen[-1].cursor) as notices:
            seen.append(await anext(notices))
        await writer.stop()
        return seen

    first, *others = asyncio.run(main())
    assert first.changes == []
    assert {change.id for notice in others[:-1] for change in notice.changes} == {
        log.run for log in logs
    }
    assert len(others[-1].changes) == 1


def test_a_subscriber_with_a_strange_cursor_is_reset(store: Store, make_log: Any) -> None:
    """A cursor from another store cannot be continued."""
    store.apply([make_log().batch()])

    async def main() -> Notice:
        feed = Feed(store, Writer(store))
        async with asyncio.timeout(DEADLINE_S), feed.subscribe(10**6) as notices:
            return await anext(notices)

    notice = asyncio.run(main())
    assert notice.reset
    assert notice.cursor == store.rev()


def test_ended_runs_are_folded_in_the_background(store: Store, clock: Any, make_log: Any) -> None:
    """Nobody has to ask for it."""
    log = make_log().scalars(range(100), loss=0)
    store.apply([log.batch()])
    clock.now_ns += 61_000_000_000
    assert store.due_to_fold() == [log.run]

    async def main() -> None:
        fold = Fold(store, interval_s=0.01)
        await fold.start()
        await until(lambda: not store.due_to_fold())
        await fold.stop()

    asyncio.run(main())
    points = store.points(log.run, "loss")
    assert points is not None
    assert len(points) == 100


def test_a_run_that_cannot_be_folded_does_not_hold_up_others(
    store: Store, clock: Any, make_log: Any
) -> None:
    """Damage in one run's chunks is that run's; the others are folded all the same."""
    logs = [make_log().scalars(range(10), loss=0) for _ in range(4)]
    logs.sort(key=lambda log: rid_of(log.run))  # the damaged one's turn comes first
    for log in logs:
        store.apply([log.batch()])
    store.fold(logs[0].run)
    assert store._write_engine is not None
    with store._write_engine.begin() as connection:
        connection.execute(update(schema.chunk).values(body=b"damaged"))
    logs[0].scalars(range(10, 20), loss=0)
    store.apply([logs[0].batch(11)])
    clock.now_ns += 61_000_000_000

    async def main() -> None:
        fold = Fold(store, interval_s=0.01)
        await fold.start()
        await until(lambda: store.due_to_fold() == [logs[0].run])
        await fold.stop()

    asyncio.run(main())
