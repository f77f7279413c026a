"""What the spool's tests share: a small segment of known bytes, and a way to read a stream back."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mltrack_core import wire
from mltrack_core.records import Record
from mltrack_core.spool.reader import Tail
from mltrack_core.spool.writer import SpoolWriter

Recover = Callable[[SpoolWriter], list[Record | wire.Unknown]]


@pytest.fixture
def recover() -> Recover:
    """Return a function that reads back what a writer wrote, and insists on whole, ordered seqs."""

    def read_back(writer: SpoolWriter) -> list[Record | wire.Unknown]:
        tail = Tail(writer.root, writer.run, writer.stream)
        records: list[Record | wire.Unknown] = []
        while (batch := tail.read()) is not None:
            assert batch.header.first_seq == len(records)
            records += [wire.decode(frame.number, frame.payload) for frame in batch.frames]
        assert tail.damages == []
        return records

    return read_back
