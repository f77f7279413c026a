"""The delivery of one stream: in order, from where the server is, around what it refuses."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec

from mltrack_core import wire
from mltrack_core.agent.client import IngestClient
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import ServerUnreachable
from mltrack_core.records import Gap
from mltrack_core.spool import frame
from mltrack_core.spool import layout
from mltrack_core.spool.frame import Frame
from mltrack_core.spool.outline import Outline
from mltrack_core.spool.outline import outline
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader

logger = logging.getLogger(__name__)

# What a server says of content, not of us or of the address.
POISON: Final = frozenset({400, 413, 422})


class Delivery:
    """Brings one stream's records to a server, each once, in their order. Not thread-safe.

    The server's next_seq is the only cursor there is: nothing is remembered on this side, so
    nothing that is remembered can be wrong after a crash of either.

    Args:
        root: MLTRACK_DIR.
        run: Id of the run.
        stream: Id of the stream.
    """

    def __init__(self, root: Path, run: str, stream: str) -> None:
        self.root, self.run, self.stream = root, run, stream
        self._tail: Tail | None = None  # None until the server has said where it is

    @property
    def next_seq(self) -> int | None:
        """Which record the server waits for, as far as we know."""
        return None if self._tail is None else self._tail.next_seq

    def advance(self, client: IngestClient) -> int:
        """Send the next records; return how many bytes they took, 0 where there were none.

        Raises:
            ServerUnreachable: Try again later.
            ServerRefused: Only a person can help.
            SpoolTooNew: A newer mltrack wrote the stream.
            OSError: The spool cannot be read, or the quarantine not written.
        """
        if self._tail is None:
            next_seq = client.next_seq(self.run, self.stream)
            self._tail = self._tail_from(next_seq)
        tail = self._tail
        batch = _read(tail)
        if batch is None:
            return 0
        # Until the server has answered for them, nothing is known of these records: if this
        # raises, the next call asks first.
        self._tail = None
        next_seq = self._send(client, batch)
        self._tail = tail
        if next_seq != batch.next_seq:
            self._tail = self._tail_from(next_seq)
        return len(batch.body)

    def _tail_from(self, next_seq: int) -> Tail:
        """Return what reads on from *next_seq*.

        It does not look into each frame: the server does, and takes none that is damaged.
        """
        return Tail(self.root, self.run, self.stream, next_seq, look=outline)

    def _send(self, client: IngestClient, batch: Batch) -> int:
        """Send *batch*, in pieces if it must be; return which record the server waits for."""
        try:
            next_seq = client.send(batch)
        except ServerRefused as error:
            if error.status not in POISON:
                raise
            if isinstance(batch.frames, Outline):
                # It may be damaged in the spool: now each frame is looked at, once.
                tail = Tail(self.root, self.run, self.stream, batch.header.first_seq)
                checked = _read(tail)
                if checked is None:
                    raise
                return self._send(client, checked)
            return self._send_around(client, batch, error)
        if next_seq == batch.header.first_seq:
            raise ServerUnreachable(client.url, "does not take the record that it waits for")
        return next_seq

    def _send_around(self, client: IngestClient, batch: Batch, refusal: ServerRefused) -> int:
        """Find the record in *batch* that the server refuses, and deliver the others."""
        half = len(batch.frames) // 2
        if half == 0:
            return self._replace(client, batch, refusal)
        next_seq = self._send(client, _part(batch, 0, half))
        if next_seq != batch.header.first_seq + half:
            return next_seq
        return self._send(client, _part(batch, half, len(batch.frames)))

    def _replace(self, client: IngestClient, batch: Batch, refusal: ServerRefused) -> int:
        """Put the only record of *batch* into quarantine, and send a Gap in its place.

        If the Gap is refused too, it is not the record that the server minds: that is raised.
        """
        (poison,) = batch.frames
        self._quarantine(batch, refusal)
        now = time.time_ns()
        kind = wire.TYPES[poison.number].__name__ if poison.number in wire.TYPES else "unknown"
        reason = f"refused by the server ({refusal.status})"
        number, payload = wire.encode(Gap(now, reason, 1, {kind: 1}, now, now))
        return client.send(_batch(batch.header, [(number, poison.seq, payload)]))

    def _quarantine(self, batch: Batch, refusal: ServerRefused) -> None:
        """Keep a refused record as a segment of its own, and the reason beside it."""
        folder = layout.run_folder(self.root, self.run) / layout.QUARANTINE_FOLDER
        folder.mkdir(mode=0o700, exist_ok=True)
        name = f"{self.stream}-{batch.header.first_seq}"
        report = {"url": refusal.url, "status": refusal.status, "detail": refusal.detail}
        _write_new(folder / f"{name}.seg", batch.pack())
        _write_new(folder / f"{name}.json", msgspec.json.encode(report))
        logger.warning(
            "record %d of %s is in %s: %s", batch.header.first_seq, name, folder, refusal
        )


def _read(tail: Tail) -> Batch | None:
    """Return the next batch of *tail*, and log what it found damaged."""
    batch = tail.read()
    for damage in tail.damages:
        logger.warning("delivered around damage: %s", damage)
    tail.damages.clear()
    return batch


def _part(batch: Batch, start: int, stop: int) -> Batch:
    """Return frames *start* to *stop* of *batch* as a batch."""
    return _batch(
        batch.header,
        [(found.number, found.seq, found.payload) for found in batch.frames[start:stop]],
    )


def _batch(header: SegmentHeader, records: Sequence[tuple[int, int, bytes]]) -> Batch:
    """Return consecutive *records* (type, seq, payload) of *header*'s stream as a batch."""
    frames: list[Frame] = []
    body = bytearray()
    for number, seq, payload in records:
        start = len(body)
        body += frame.pack(number, seq, payload, header.salt)
        frames.append(Frame(number, seq, payload, start, len(body)))
    return Batch(
        header=SegmentHeader(
            salt=header.salt, run=header.run, stream=header.stream, first_seq=records[0][1]
        ),
        frames=tuple(frames),
        body=bytes(body),
    )


def _write_new(path: Path, data: bytes) -> None:
    """Write *data* to *path* in one step, so that no half of it is ever found."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    temporary.write_bytes(data)
    temporary.chmod(0o600)
    temporary.replace(path)
