"""What watching a training costs a GPU, and whether anything of ours waits for it.

    python bench/training/gpu.py --blocks 5
    python bench/training/gpu.py --device cpu --blocks 1 --first 2 --steps 2 --traced 2  # no device

The transformer of `overhead.py`, bare and watched by turns in one process. A step is timed on the
device, by CUDA's events, and on the host; a block with a wait at its end, so that divided by its
steps it is what a training takes. Then steps are traced by PyTorch's profiler with the stacks of
Python: whatever waits for the device, or copies to memory that is not pinned, is counted by whether
a frame of ours was on the stack. A trace without a frame of ours is an error: nothing would be
counted in it. On the CPU nothing is waited for, and it says that it counted none.
"""

from __future__ import annotations

import argparse
import bisect
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from collections.abc import Sequence
from contextlib import AbstractContextManager
from contextlib import nullcontext
from dataclasses import dataclass
from dataclasses import field
from pathlib import Path
from typing import Any

import torch
from trainings import ALL
from trainings import BARE
from trainings import OURS
from trainings import SHARES
from trainings import loss
from trainings import model
from trainings import tokens

import mltrack

WAITS = ("cudaDeviceSynchronize", "cudaStreamSynchronize", "cudaEventSynchronize")
UNPINNED = "Pageable"  # in the name of a copy between the device and memory that is not pinned
PACKAGES = ("mltrack/", "mltrack_core/", "mltrack_pytorch/")


def main() -> None:
    """Train by turns, trace, and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", choices=("cuda", "cpu"), default="cuda")
    parser.add_argument("--blocks", type=int, default=5, help="of each way")
    parser.add_argument("--steps", type=int, default=100, help="of a block")
    parser.add_argument(
        "--first", type=int, default=10, help="steps before them; mltrack measures some in full"
    )
    parser.add_argument("--traced", type=int, default=100, help="steps in the profiler's trace")
    options = parser.parse_args()
    if options.device == "cuda" and not torch.cuda.is_available():
        parser.error("PyTorch finds no CUDA here; --device cpu runs everything but the device")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLTRACK_DIR"] = folder  # noqa: TID251
        loop = Loop(options.device, options.first)
        with mltrack.init(project="overhead", console="off"):
            timed = alternated(loop, options.blocks, options.steps)
            traced = {
                way: trace(loop, way, options.traced, Path(folder, "trace.json"))
                for way in (OURS, ALL)
            }
    print_times(timed)
    print_waits(traced, options.device, options.traced)


class Loop:
    """A bare PyTorch loop.

    Args:
        device: Where it trains.
        first: Steps that do not count whenever something else watches it.
    """

    def __init__(self, device: str, first: int) -> None:
        self.device, self._first = device, first
        self.model, self._batch = model(device), tokens(device)
        self.optimizer = torch.optim.AdamW(self.model.parameters(), lr=1e-3)

    def step(self) -> None:
        """Make an update. Nothing in it waits for the device."""
        self.optimizer.zero_grad()
        loss(self.model, self._batch).backward()
        self.optimizer.step()

    def begin(self) -> None:
        """Make the steps that do not count: allocators, kernels that are chosen, first looks."""
        for _ in range(self._first):
            self.step()
        self.finish()

    def watched(self, way: str) -> AbstractContextManager[object]:
        """Return what watches the loop in *way*."""
        if way == BARE:
            return nullcontext()
        return mltrack.watch(self.model, self.optimizer, share=SHARES[way])

    def finish(self) -> None:
        """Wait for the device."""
        if self.device == "cuda":
            torch.cuda.synchronize()


# ---- time ----


@dataclass(slots=True)
class Times:
    """What steps took, in seconds."""

    device: list[float] = field(default_factory=list)  # by CUDA's events; none on the CPU
    host: list[float] = field(default_factory=list)  # until the step was queued
    whole: list[float] = field(default_factory=list)  # of each block, by its steps


def alternated(loop: Loop, blocks: int, steps: int) -> dict[str, Times]:
    """Train a block in each way, and again."""
    found = {way: Times() for way in (BARE, OURS, ALL)}
    loop.begin()
    for block in range(blocks):
        for way in found if block % 2 else reversed(found):
            with loop.watched(way):
                loop.begin()
                measure(loop, steps, found[way])
    return found


def measure(loop: Loop, steps: int, times: Times) -> None:
    """Train *steps* and add what they took to *times*."""
    is_cuda = loop.device == "cuda"
    marks = [
        (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True))
        for _ in range(steps if is_cuda else 0)
    ]
    loop.finish()
    first_s = time.perf_counter()
    for index in range(steps):
        began_s = time.perf_counter()
        if is_cuda:
            marks[index][0].record()
        loop.step()
        if is_cuda:
            marks[index][1].record()
        times.host.append(time.perf_counter() - began_s)
    loop.finish()
    times.whole.append((time.perf_counter() - first_s) / steps)
    times.device += [begin.elapsed_time(end) / 1e3 for begin, end in marks]


def print_times(timed: Mapping[str, Times]) -> None:
    """Print what each way takes, and how many times what the bare loop takes."""
    print("| way | step on the device, ms | step on the host, ms | block ÷ steps, ms |")  # noqa: T201
    print("|---|---|---|---|")  # noqa: T201
    for way, times in timed.items():
        bare = timed[BARE]
        print(  # noqa: T201
            f"| {way} | {cell(times.device, bare.device)} | {cell(times.host, bare.host)} "
            f"| {cell(times.whole, bare.whole)} |"
        )


def cell(steps: Sequence[float], bare: Sequence[float]) -> str:
    """Return the median, and in brackets that by the bare loop's."""
    if not steps:
        return "not measured"
    median = statistics.median(steps)
    return f"{median * 1e3:.2f} ({median / statistics.median(bare):.3f})"


# ---- waits ----


@dataclass(frozen=True, slots=True)
class Call:
    """Something in a trace that Python has called."""

    name: str
    is_ours: bool  # called from a frame of ours


class Frames:
    """When frames of one thread were open: those within others are left out."""

    def __init__(self) -> None:
        self._begins: list[float] = []
        self._ends: list[float] = []

    def add(self, begin: float, end: float) -> None:
        """Add a frame that begins no earlier than those before it."""
        if not self._ends or begin > self._ends[-1]:
            self._begins.append(begin)
            self._ends.append(end)

    def are_open_at(self, moment: float) -> bool:
        """Tell whether one of them was open."""
        index = bisect.bisect_right(self._begins, moment) - 1
        return index >= 0 and moment <= self._ends[index]


def trace(loop: Loop, way: str, steps: int, path: Path) -> list[Call]:
    """Return what *steps* have called: PyTorch's operations, waits and copies.

    Raises:
        SystemExit: There is no frame of ours, though each step has some.
    """
    activities = [torch.profiler.ProfilerActivity.CPU]
    if loop.device == "cuda":
        activities.append(torch.profiler.ProfilerActivity.CUDA)
    with loop.watched(way):
        loop.begin()
        with torch.profiler.profile(activities=activities, with_stack=True) as profiler:
            for _ in range(steps):
                loop.step()
    profiler.export_chrome_trace(str(path))
    spans = [span for span in json.loads(path.read_text())["traceEvents"] if span.get("ph") == "X"]
    if not any(is_frame_of_ours(span) for span in spans):
        sys.exit(f"{way}: no frame of ours in a trace of {steps} steps: nothing can be counted")
    return calls(spans)


def is_frame_of_ours(span: Mapping[str, Any]) -> bool:
    """Tell whether a span of a trace is a function of mltrack."""
    return span.get("cat") == "python_function" and any(p in span["name"] for p in PACKAGES)


def calls(spans: Sequence[Mapping[str, Any]]) -> list[Call]:
    """Return the operations, waits and copies of a trace, as the profiler writes it."""
    frames: dict[object, Frames] = {}  # of ours, by thread
    for span in sorted(spans, key=lambda span: float(span["ts"])):
        if is_frame_of_ours(span):
            frames.setdefault(span["tid"], Frames()).add(span["ts"], span["ts"] + span["dur"])

    def is_ours(span: Mapping[str, Any]) -> bool:
        return span["tid"] in frames and frames[span["tid"]].are_open_at(span["ts"])

    by_correlation = {
        span["args"].get("correlation"): span
        for span in spans
        if span.get("cat") in ("cuda_runtime", "cuda_driver")
    }
    found = []
    for span in spans:
        if span.get("cat") in ("cpu_op", "cuda_runtime", "cuda_driver"):
            found.append(Call(span["name"], is_ours(span)))
        elif span.get("cat") == "gpu_memcpy":
            caller = by_correlation.get(span["args"].get("correlation"))
            found.append(Call(span["name"], caller is not None and is_ours(caller)))
    return found


def print_waits(traced: Mapping[str, Sequence[Call]], device: str, steps: int) -> None:
    """Print how often the device was waited for in each trace."""
    print(f"\n| in {steps} steps | by frames of ours | by others |\n|---|---|---|")  # noqa: T201
    for way, found in traced.items():
        operations = [call for call in found if call.name.startswith("aten::")]
        row(f"{way}: operations of PyTorch", operations)
        if device == "cuda":
            row(f"{way}: waits", [call for call in found if call.name in WAITS])
            copies = [call for call in found if "Memcpy" in call.name and UNPINNED in call.name]
            row(f"{way}: copies to or from memory that is not pinned", copies)
    if device != "cuda":
        print(f"\nNothing of CUDA was counted: this was --device {device}.")  # noqa: T201


def row(name: str, found: Sequence[Call]) -> None:
    """Print how many calls are ours, and how many are not."""
    ours = sum(call.is_ours for call in found)
    print(f"| {name} | {ours} | {len(found) - ours} |")  # noqa: T201


if __name__ == "__main__":
    main()
