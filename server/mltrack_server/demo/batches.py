"""Demo runs as batches, like an agent's; and which runs are such."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Final

from mltrack_core import wire
from mltrack_core.records import Seal
from mltrack_core.spool import frame
from mltrack_core.spool.segment import Batch
from mltrack_core.spool.segment import SegmentHeader
from mltrack_server.demo.plans import PLANS
from mltrack_server.demo.training import STEP_NS
from mltrack_server.demo.training import STEPS
from mltrack_server.demo.training import records

# In the middle of their ids, because both ends are what people and addresses know runs by. By
# accident another run has it once in 10^19.
_MARK: Final = "d3307eadd3307ead"
_MARK_AT: Final = 8
_APART_NS: Final = STEPS * STEP_NS // 2  # from one run's beginning to the next one's


def is_demo(run: str) -> bool:
    """Tell whether the run with this id was made here."""
    return run[_MARK_AT : _MARK_AT + len(_MARK)] == _MARK


def batches(now_ns: int) -> Iterator[Batch]:
    """Yield each demo run, whole in one batch; the last of them has ended before *now_ns*."""
    first_ns = now_ns - (len(PLANS) + 2) * _APART_NS
    for place, plan in enumerate(PLANS):
        run = os.urandom(4).hex() + _MARK + os.urandom(4).hex()
        header = SegmentHeader(
            salt=int.from_bytes(os.urandom(4), "little"),
            run=run,
            stream=os.urandom(16).hex(),
            first_seq=0,
        )
        made = records(plan, first_ns + place * _APART_NS)
        made.append(Seal(made[-1].time_ns))
        body = b"".join(
            frame.pack(number, seq, payload, header.salt)
            for seq, (number, payload) in enumerate(map(wire.encode, made))
        )
        yield Batch.unpack(header.pack() + body)
