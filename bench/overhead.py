"""What watching a training costs it: a transformer of 10 million parameters on the CPU.

    python bench/overhead.py --rounds 3

Each way to watch is a process of its own, which trains with one thread; they take turns. CPU time
of a step, not wall time: other work on the machine does not count. The first step, which mltrack
measures in full, is told by itself; "hooks alone" has nothing to measure after it. Needs torch;
ways whose package is missing are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

STEPS = {"mltrack": 40}  # the default widens its intervals: it is looked at for longer
SHARES = {"mltrack": 0.01, "mltrack, hooks alone": 1e-9}  # of the time; others measure everything
STEPS_OTHER = 8
WARM_UP = 4  # steps that are not counted: allocators, caches, and first looks
WAYS = {
    "bare": "",
    "mltrack": "",
    "mltrack, hooks alone": "",
    "mltrack, everything at every step": "",
    "TensorBoard, add_histogram": "tensorboard",
    "W&B, watch(log='all')": "wandb",
}

Hook = Callable[[int], None]


def main() -> None:
    """Let the ways take turns, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        way, answer = options.worker
        Path(answer).write_text(json.dumps(train(way)))  # stdout is the trackers'
        return
    ways = [way for way, needs in WAYS.items() if not needs or importlib.util.find_spec(needs)]
    medians: dict[str, list[float]] = {way: [] for way in ways}
    means: dict[str, list[float]] = {way: [] for way in ways}
    firsts: dict[str, list[float]] = {way: [] for way in ways}
    for _ in range(options.rounds):
        for way in ways:
            first, *steps = measured(way)
            steps = steps[WARM_UP - 1 :]
            firsts[way].append(first)
            medians[way].append(statistics.median(steps))
            means[way].append(statistics.mean(steps))
            sys.stderr.write(f"{way}: median {medians[way][-1]:.4f}, mean {means[way][-1]:.4f}\n")
    bare = statistics.median(medians["bare"]), statistics.median(means["bare"])
    head = "| way | median step, ms of CPU | ÷ bare loop | mean step | ÷ bare loop | first step |"
    print(f"{head}\n|---|---|---|---|---|---|")  # noqa: T201
    for way in ways:
        middle, mean = statistics.median(medians[way]), statistics.median(means[way])
        print(  # noqa: T201
            f"| {way} | {middle * 1e3:.1f} | {middle / bare[0]:.3f} "
            f"| {mean * 1e3:.1f} | {mean / bare[1]:.3f} "
            f"| {statistics.median(firsts[way]) * 1e3:.0f} |"
        )


def measured(way: str) -> list[float]:
    """Return the CPU seconds of each step of a fresh process."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "MLTRACK_DIR": folder, "WANDB_MODE": "offline"}  # noqa: TID251
        answer = Path(folder, "steps.json")
        subprocess.run(
            [sys.executable, str(Path(__file__).absolute()), "--worker", way, str(answer)],
            cwd=folder,
            env=environment,
            stdout=subprocess.DEVNULL,
            check=True,
        )
        steps: list[float] = json.loads(answer.read_text())
    return steps


def train(way: str) -> list[float]:
    """Train, watched in one way; return the CPU seconds of each step."""
    import torch

    torch.set_num_threads(1)
    torch.manual_seed(0)
    layer = torch.nn.TransformerEncoderLayer(256, 8, 1024, batch_first=True)
    model = torch.nn.ModuleDict(
        {
            "embedding": torch.nn.Embedding(1000, 256),
            "encoder": torch.nn.TransformerEncoder(layer, 12),
            "head": torch.nn.Linear(256, 1000),
        }
    )
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    tokens = torch.randint(0, 1000, (4, 64))
    after = watch(way, model, optimizer)
    steps = []
    for index in range(WARM_UP + STEPS.get(way, STEPS_OTHER)):
        began_s = time.process_time()
        optimizer.zero_grad()
        logits = model["head"](model["encoder"](model["embedding"](tokens)))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())
        loss.backward()
        optimizer.step()
        after(index)
        steps.append(time.process_time() - began_s)
    return steps


def watch(way: str, model: Any, optimizer: Any) -> Hook:
    """Begin to watch; return what is called after each step."""
    if way.startswith("mltrack"):
        import mltrack

        mltrack.init(project="overhead", console="off")
        mltrack.watch(model, optimizer, share=SHARES.get(way, 0))
    elif way.startswith("TensorBoard"):
        from torch.utils.tensorboard import SummaryWriter

        writer = SummaryWriter("board")

        def write(step: int) -> None:
            for name, parameter in model.named_parameters():
                writer.add_histogram(f"weights/{name}", parameter, step)
                writer.add_histogram(f"gradients/{name}", parameter.grad, step)

        return write
    elif way.startswith("W&B"):
        import wandb

        run = wandb.init(project="overhead")
        run.watch(model, log="all", log_freq=1)
        return lambda step: run.log({}, step=step)
    return lambda step: None


if __name__ == "__main__":
    main()
