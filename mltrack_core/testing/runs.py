"""A run as tests write it: into a spool, as its trainer and its agent would."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Final

from mltrack_core import wire
from mltrack_core.records import Console
from mltrack_core.records import Devices
from mltrack_core.records import Params
from mltrack_core.records import ParamValue
from mltrack_core.records import Record
from mltrack_core.records import Rewind
from mltrack_core.records import RunEnded
from mltrack_core.records import RunStarted
from mltrack_core.records import Scalars
from mltrack_core.records import StreamRole
from mltrack_core.spool.writer import SpoolWriter

_SECOND: Final = 1_000_000_000


@dataclass
class Recording:
    """One run, written into the spool as its trainer and its agent would."""

    root: Path
    name: str
    project: str = "digits"
    params: dict[str, ParamValue] = field(default_factory=dict)
    age_s: float = 600.0  # how long ago it began
    framework: str = "keras 3.11 (jax)"
    run: str = field(default_factory=lambda: os.urandom(16).hex())

    def __post_init__(self) -> None:
        self.began_ns = time.time_ns() - int(self.age_s * _SECOND)
        self.trainer = self._open("trainer")
        self.agent = self._open("agent")
        name, _, rest = self.framework.partition(" ")
        self.write(Params(self.began_ns, "", self.params))
        self.write(Params(self.began_ns, "framework", {"name": name, "version": rest}))
        self.write(
            Params(
                self.began_ns,
                "git",
                {"commit": "8f3a1c5e" * 5, "branch": "main", "dirty": True, "diff": "-a\n+b\n"},
            )
        )

    def _open(self, role: StreamRole) -> SpoolWriter:
        writer = SpoolWriter(self.root, self.run)
        writer.open()
        started = RunStarted(
            self.began_ns, self.project, self.name, role, 1, 0, 1, "gpu-box", "ada", 4242, 0, "", 0,
            ["train.py", "--lr", "0.001"], "/home/ada/digits", "3.11.7", "0.1.0",
        )  # fmt: skip
        writer.append(*wire.encode(started))
        return writer

    def write(self, record: Record) -> None:
        """Append *record* to the trainer's stream."""
        self.trainer.append(*wire.encode(record))

    def log(self, step: int, values: dict[str, float]) -> None:
        """Append the metrics of one step, half a second after those of the step before."""
        self.write(Scalars(self.began_ns + step * _SECOND // 2, step, values))

    def rewind(self, step: int) -> None:
        """Say that training goes on from *step*."""
        self.write(Rewind(time.time_ns(), step))

    def print(self, text: str) -> None:
        """Append a line of output."""
        self.write(Console(self.began_ns, "stdout", text))

    def sample(self, second: int, values: dict[str, float]) -> None:
        """Append a sample of device use to the agent's stream."""
        self.agent.append(
            *wire.encode(Devices(self.began_ns + second * _SECOND, "gpu-box", dict(values)))
        )

    def end(self, ended: RunEnded) -> None:
        """Say how the trainer ended, and close both streams."""
        self.write(ended)
        self.trainer.close()
        self.agent.close()

    def die(self, signal: int, reason: str) -> None:
        """End as a killed trainer does: its stream just stops, and the agent says why."""
        ended = RunEnded(
            self.began_ns + 60 * _SECOND,
            "killed",
            reason,
            signal=signal,
            stream=self.trainer.stream,
        )
        self.agent.append(*wire.encode(ended))
        self.agent.close()
