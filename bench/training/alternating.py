"""What watching a training costs it, in one process that is watched by turns.

    python bench/training/alternating.py --blocks 20

Two processes that do the same differ by more than 1 %, for their memory lies otherwise. So here one
bare PyTorch loop is watched for a block of steps and not for the next. The first steps of a block,
which mltrack measures in full, are left out of both. CPU time of a step, not wall time.
"""

from __future__ import annotations

import argparse
import math
import os
import statistics
import tempfile
import time
from collections.abc import Sequence

from trainings import loss
from trainings import model
from trainings import tokens

BLOCK, FIRST = 50, 10  # steps of a block, and how many of them do not count


def main() -> None:
    """Train by turns, and print what it took."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--blocks", type=int, default=20, help="of each kind")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["MLTRACK_DIR"] = folder  # noqa: TID251
        watched, bare = alternated(options.blocks)
    medians = statistics.median(watched) / statistics.median(bare)
    print(  # noqa: T201
        f"watched ÷ bare, {len(bare)} steps each: median {medians:.4f}, "
        f"mean {statistics.mean(watched) / statistics.mean(bare):.4f} "
        f"± {uncertainty(watched, bare):.4f} (standard error)"
    )


def alternated(blocks: int) -> tuple[list[float], list[float]]:
    """Return the CPU seconds of the steps that were watched, and of those that were not."""
    import torch

    import mltrack

    torch.set_num_threads(1)
    trained, batch = model(), tokens()
    optimizer = torch.optim.AdamW(trained.parameters(), lr=1e-3)
    found: tuple[list[float], list[float]] = ([], [])
    with mltrack.init(project="overhead", console="off"):
        for block in range(2 * blocks):
            is_bare = block % 2
            watching = None if is_bare else mltrack.watch(trained, optimizer)
            for step in range(BLOCK):
                began_s = time.process_time()
                optimizer.zero_grad()
                loss(trained, batch).backward()
                optimizer.step()
                if step >= FIRST:
                    found[is_bare].append(time.process_time() - began_s)
            if watching is not None:
                watching.close()
    return found


def uncertainty(watched: Sequence[float], bare: Sequence[float]) -> float:
    """Return the standard error of the ratio of two means."""
    return math.hypot(
        *(statistics.stdev(of) / math.sqrt(len(of)) / statistics.mean(of) for of in (watched, bare))
    )


if __name__ == "__main__":
    main()
