"""A spool with damage in it: what can be read is delivered, whoever checks it."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.agent.client import IngestClient
from mltrack_core.agent.delivery import Delivery
from mltrack_core.errors import ServerRefused
from mltrack_core.errors import SpoolCorrupt
from mltrack_core.records import Note
from mltrack_core.spool import layout
from mltrack_core.spool.destination import Destination
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.writer import SpoolWriter

RUN: Final = "0123456789abcdef" * 2


class StrictClient(IngestClient):
    """A server that checks every frame, without a network."""

    def __init__(self) -> None:
        super().__init__(Destination("http://127.0.0.1:1", ""))
        self.stored: list[bytes] = []

    def next_seq(self, run: str, stream: str) -> int:
        return len(self.stored)

    def send(self, batch: Batch) -> int:
        try:
            checked = Batch.unpack(batch.pack())
        except SpoolCorrupt as error:
            raise ServerRefused(self.url, 400, str(error)) from error
        assert checked.header.first_seq == len(self.stored)
        self.stored += [found.payload for found in checked.frames]
        return len(self.stored)


def test_every_damaged_byte_is_delivered_as_the_strict_tail_reads_it(tmp_path: Path) -> None:
    """The agent looks only at a batch's ends; what lies between is found by the server."""
    writer = SpoolWriter(tmp_path, RUN)
    for text in ("a", "bc" * 9, "d", "e", "f"):
        writer.append(*wire.encode(Note(1, text)))
    (segment,) = layout.run_folder(tmp_path, RUN).glob("*.seg")
    whole = segment.read_bytes()

    for at in range(len(whole)):
        for data in (
            whole[:at],
            whole[:at] + bytes([whole[at] ^ (1 << at % 8)]) + whole[at + 1 :],
        ):
            segment.write_bytes(data)
            strict, expected = Tail(tmp_path, RUN, writer.stream), []
            while (batch := strict.read()) is not None:
                expected += [found.payload for found in batch.frames]
            client = StrictClient()
            delivery = Delivery(tmp_path, RUN, writer.stream)

            while delivery.advance(client):
                pass

            assert client.stored == expected, f"byte {at}"
    assert not (segment.parent / layout.QUARANTINE_FOLDER).exists()
    segment.write_bytes(whole)
    writer.close()
