"""Delivery over a real socket to a server that does everything wrong: each record once."""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from collections.abc import Iterator
from pathlib import Path

import pytest

from mltrack_core import wire
from mltrack_core.agent.client import IngestClient
from mltrack_core.agent.shipping import Shipper
from mltrack_core.limits import RETRY_S_MAX
from mltrack_core.records import Gap
from mltrack_core.records import Note
from mltrack_core.spool import destination
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.reader import read_segment
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.writer import SpoolWriter
from mltrack_core.testing.clock import FakeClock
from mltrack_core.testing.ingest import IngestServer

Until = Callable[[Callable[[], object]], None]

RUN = "0123456789abcdef" * 2


class Line:
    """A stream, the server it goes to, and the shipper between them."""

    def __init__(self, root: Path, server: IngestServer) -> None:
        self.root, self.server = root, server
        self.clock = FakeClock()
        self.shipper = Shipper(root, self.clock)
        self.writer = SpoolWriter(root, RUN, segment_bytes_max=2000)
        self.written: list[bytes] = []
        destination.write(root, RUN, Destination(server.url, "secret"))

    def write(self, *texts: str) -> None:
        """Append notes to the stream."""
        for text in texts:
            number, payload = wire.encode(Note(1, text))
            assert self.writer.append(number, payload)
            self.written.append(payload)

    def ship(self) -> None:
        """Deliver until nothing is left; time passes whenever nothing moves."""
        for _ in range(1000):
            if not self.shipper.ship([RUN]):
                if not self.shipper.backlog:
                    return
                self.clock.advance(0.1)
        raise AssertionError(f"not delivered: {self.shipper.last_failure}")

    def again(self) -> None:
        """Replace the shipper, as after a kill: it knows nothing."""
        self.shipper.close()
        self.shipper = Shipper(self.root, self.clock)


@pytest.fixture
def line(tmp_path: Path, server: IngestServer) -> Iterator[Line]:
    """A line to a working server."""
    line = Line(tmp_path, server)
    yield line
    line.shipper.close()
    line.writer.close()


def test_what_is_written_arrives(line: Line) -> None:
    """Across segments, and what is added later too."""
    line.write(*"abc" * 100)
    line.ship()
    line.write("later")
    line.ship()

    assert line.server.payloads == line.written
    assert len(list(layout.run_folder(line.root, RUN).glob("*.seg"))) > 2


def test_nothing_is_asked_when_nothing_is_new(line: Line) -> None:
    """A delivered run costs the server no requests."""
    line.write("a")
    line.ship()
    before = len(line.server.requests)

    line.ship()

    assert len(line.server.requests) == before


@pytest.mark.parametrize(
    "script",
    [
        [500, 500, 502],
        ["work", 500, "work", 500],
        ["work", "drop"],
        ["drop", "work", "drop", "drop"],
        ["work", 429, 408],
        ["work", 507],
        ["work", 409],  # says nothing of where it is: not an answer of ours
        ["work", "garbage"],
        ["garbage"],
        [302],
        ["work", 307],
        [401, 403],
        ["work", 404],
    ],
    ids=str,
)
def test_every_failure_ends_in_each_record_once(line: Line, script: list[int | str]) -> None:
    """Whatever a request meets: when the server works again, all arrive once and in order."""
    line.server.script.extend(script)
    line.server.headers = {"Location": "http://127.0.0.1:1/"}

    line.write(*"abcdef")
    for _ in range(5):
        line.shipper.ship([RUN])
        line.clock.advance(RETRY_S_MAX + 1)
    line.ship()

    assert line.server.payloads == line.written


@pytest.mark.slow
def test_a_dead_server_is_asked_ever_less_often(line: Line) -> None:
    """An hour without a server costs a few requests a minute, and no record."""
    line.server.script.extend([500] * 100_000)
    line.write("a")

    for _ in range(7_200):
        line.shipper.ship([RUN])
        line.clock.advance(0.5)

    assert 60 <= len(line.server.requests) <= 300  # 3600 s / 30 s on average
    line.server.script.clear()
    line.clock.advance(RETRY_S_MAX)
    line.ship()
    assert line.server.payloads == line.written


def test_retry_after_is_kept(line: Line) -> None:
    """A server that asks for 20 seconds gets them."""
    line.server.script.append(503)
    line.server.headers = {"Retry-After": "20"}
    line.write("a")
    line.shipper.ship([RUN])

    line.clock.advance(19.9)
    line.shipper.ship([RUN])
    assert line.server.requests == [("GET", 503)]

    line.clock.advance(0.2)
    line.ship()
    assert line.server.payloads == line.written


def test_a_wrong_token_parks_the_destination(line: Line) -> None:
    """Nothing is hammered while a person must act; then everything arrives."""
    line.server.token = "another"
    line.write("a")
    for _ in range(50):
        line.shipper.ship([RUN])
        line.clock.advance(1.0)
    assert line.server.requests == [("GET", 401)]

    destination.write(line.root, RUN, Destination(line.server.url, "another"))
    line.ship()

    assert line.server.payloads == line.written


@pytest.mark.parametrize("status", [400, 413, 422])
@pytest.mark.parametrize("at", [0, 3, 7])
def test_one_poison_record_is_replaced_by_a_gap(line: Line, status: int, at: int) -> None:
    """Its neighbours arrive, it is kept in quarantine with the reason, its place tells of it."""
    texts = list("abcdefgh")
    texts[at] = "poison"
    line.server.poison, line.server.poison_status = b"poison", status
    line.write(*texts)

    line.ship()

    payloads = line.server.payloads
    gap = wire.decode(wire.NUMBERS[Gap], payloads.pop(at))
    assert isinstance(gap, Gap)
    assert (gap.count, gap.kinds) == (1, {"Note": 1})
    assert payloads == [payload for payload in line.written if b"poison" not in payload]
    quarantine = layout.run_folder(line.root, RUN) / layout.QUARANTINE_FOLDER
    (kept,) = quarantine.glob("*.seg")
    assert [frame.payload for frame in read_segment(kept).frames] == [line.written[at]]
    assert str(status) in kept.with_suffix(".json").read_text()


def test_a_server_that_refuses_everything_loses_nothing(line: Line) -> None:
    """If the Gap is refused as well, the record is not the cause: the stream waits."""
    line.server.refuses_all = True
    line.write(*"abcd")
    for _ in range(3):
        line.shipper.ship([RUN])
        line.clock.advance(RETRY_S_MAX + 1)
    assert line.server.payloads == []

    line.server.refuses_all = False
    line.ship()

    assert line.server.payloads == line.written


def test_a_server_restored_from_a_backup_is_refilled(line: Line) -> None:
    """It wants what it had once: that is still in the spool."""
    line.write(*"abcdef")
    line.ship()
    ((stream, stored),) = line.server.streams.items()
    del stored[2:]

    line.write("g")
    line.ship()

    assert [frame.payload for frame in line.server.streams[stream]] == line.written


def test_a_shipper_that_is_killed_is_followed_by_one_that_goes_on(line: Line) -> None:
    """No position is kept on this side: a new shipper asks the server."""
    for text in "abcdef":
        line.write(text)
        line.shipper.ship([RUN])
        line.again()
    line.ship()

    assert line.server.payloads == line.written


def test_two_shippers_at_once_deliver_once(line: Line) -> None:
    """`mltrack sync` beside an agent."""
    other = Shipper(line.root, line.clock)
    for text in "abcdef":
        line.write(text, text)
        other.ship([RUN])
        line.shipper.ship([RUN])
    line.ship()
    other.close()

    assert line.server.payloads == line.written


def test_damage_in_the_spool_does_not_stop_the_stream(line: Line) -> None:
    """The damaged record is told of by a Gap, the others arrive."""
    line.write(*"abcdef")
    (segment,) = layout.run_folder(line.root, RUN).glob("*.seg")
    data = bytearray(segment.read_bytes())
    data[data.index(line.written[2]) + 3] ^= 1
    segment.write_bytes(data)

    line.ship()

    payloads = line.server.payloads
    assert isinstance(wire.decode(wire.NUMBERS[Gap], payloads.pop(2)), Gap)
    assert payloads == line.written[:2] + line.written[3:]


def test_a_spool_of_a_newer_version_waits_and_harms_no_other(line: Line) -> None:
    """It is not touched; the other streams of the run arrive."""
    line.write("a")
    stream = "f" * 32
    data = bytearray(read_first(line).ljust(64))
    data[8:10] = (99).to_bytes(2, "little")
    with_checksum(data)
    path = layout.segment_path(line.root, RUN, stream, 0)
    path.write_bytes(data)

    line.ship()

    assert line.server.payloads == line.written
    assert path.read_bytes() == data


def read_first(line: Line) -> bytes:
    """Return the header of the line's first segment."""
    return layout.segment_path(line.root, RUN, line.writer.stream, 0).read_bytes()[:64]


def with_checksum(header: bytearray) -> None:
    """Make the header's checksum right."""
    header[60:64] = zlib.crc32(header[:60]).to_bytes(4, "little")


def test_a_run_without_destination_stays_here(line: Line) -> None:
    """Nothing leaves the machine unless somebody said where to."""
    run = os.urandom(16).hex()
    writer = SpoolWriter(line.root, run)
    writer.append(*wire.encode(Note(1, "private")))

    line.shipper.ship([run])

    assert not line.shipper.backlog
    assert line.server.requests == []
    writer.close()


def test_the_thread_delivers_what_is_written_while_it_runs(line: Line, until: Until) -> None:
    """The agent's own way: found, read and sent by the thread."""
    line.shipper.live = frozenset({RUN})
    line.shipper.start()

    for text in "abcdef":
        line.write(text)
        until(lambda: line.server.payloads == line.written)

    until(lambda: not line.shipper.has_pending)
    line.shipper.stop(5.0)


class Rests:
    """In the place of the event that stops the thread: notes what had been sent at each wait."""

    def __init__(self, server: IngestServer) -> None:
        self.sent: list[int] = []  # batches
        self._server = server

    def is_set(self) -> bool:
        return len(self.sent) == 5

    def wait(self, _timeout_s: float) -> None:
        self.sent.append(len(self._server.encodings))


@pytest.mark.parametrize(("length", "sent"), [(1, [1, 2, 3, 4, 4]), (300_000, [4, 4, 4, 4, 4])])
def test_little_waits_for_more_and_much_does_not(
    line: Line, monkeypatch: pytest.MonkeyPatch, length: int, sent: list[int]
) -> None:
    """A trainer that logs all the time costs five requests a second, not a thousand."""
    send = IngestClient.send
    texts = iter("bcd")

    def send_while_more_is_written(client: IngestClient, batch: Batch) -> int:
        answer = send(client, batch)
        if text := next(texts, None):
            line.write(text * length)
        return answer

    monkeypatch.setattr(IngestClient, "send", send_while_more_is_written)
    rests = Rests(line.server)
    monkeypatch.setattr(line.shipper, "_stopping", rests)
    line.shipper.live = frozenset({RUN})
    line.write("a" * length)

    line.shipper._run()

    assert line.server.payloads == line.written
    assert rests.sent == sent


@pytest.mark.parametrize(("host", "encoding"), [("127.0.0.1", ""), ("0.0.0.0", "zstd")])
def test_what_leaves_the_machine_is_compressed(line: Line, host: str, encoding: str) -> None:
    """Within it, bytes are cheaper than compressing them."""
    there = line.server.url.replace("127.0.0.1", host)
    destination.write(line.root, RUN, Destination(there, "secret"))
    line.write("a" * 1000)

    line.ship()

    assert line.server.payloads == line.written
    assert line.server.encodings == [encoding]
