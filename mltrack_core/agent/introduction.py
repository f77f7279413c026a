"""How the agent introduces itself in a stream of its own."""

from __future__ import annotations

import os

import msgspec

from mltrack_core._facts import boot_id
from mltrack_core._facts import process_started
from mltrack_core.agent.clock import Clock
from mltrack_core.records import RunStarted


def introduction(trainer: RunStarted, clock: Clock) -> RunStarted:
    """Return the first record of the agent's stream beside that of *trainer*."""
    pid = os.getpid()
    return msgspec.structs.replace(
        trainer,
        time_ns=clock.time_ns(),
        role="agent",
        pid=pid,
        pid_started=process_started(pid),
        boot_id=boot_id(),
        monotonic_ns=int(clock.monotonic() * 1e9),
    )
