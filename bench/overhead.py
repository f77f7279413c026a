"""What watching a training costs it: a transformer of 10 million parameters on the CPU.

    python bench/overhead.py --rounds 5 --ways bare "bare again" mltrack

Each way to watch is a process of its own, which trains with one thread. They take turns step by
step, so that whatever slows the machine down slows all of them down. CPU time of a step, not wall
time: other work on the machine does not count. Each round has fresh processes, for no two that do
the same are equally fast: "bare again" tells how far chance goes. The first step, which mltrack
measures in full, is told by itself; "hooks alone" has nothing to measure after it. Needs torch;
ways whose package is missing are left out.
"""

from __future__ import annotations

import argparse
import importlib.util
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from collections.abc import Iterator
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

STEPS = 40  # that are counted, of what does not do the same at each of them
STEPS_OTHER = 8
WARM_UP = 4  # steps before those: allocators, caches, and first looks
SHARES = {"mltrack": 0.01, "mltrack, hooks alone": 1e-9}  # of the time; others measure everything
WAYS = {
    "bare": "",
    "bare again": "",
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
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=list(WAYS))
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        way, answers = options.worker
        work(way, int(answers))
        return
    ways = [way for way in options.ways if not WAYS[way] or importlib.util.find_spec(WAYS[way])]
    rounds = []
    for index in range(options.rounds):
        rounds.append(measured(ways))
        sys.stderr.write(f"round {index + 1} of {options.rounds}\n")
    print_table(ways, rounds)


def print_table(ways: Sequence[str], rounds: Sequence[dict[str, list[float]]]) -> None:
    """Print what each way takes, and how many times what the bare loop takes at the same steps."""
    head = "| way | median step, ms of CPU | ÷ bare loop | mean step ÷ bare loop | first step, ms |"
    print(f"{head}\n|---|---|---|---|---|")  # noqa: T201
    for way in ways:
        steps = [of[way][WARM_UP:] for of in rounds]
        bare = [of["bare"][WARM_UP : len(of[way])] for of in rounds] if "bare" in ways else steps
        print(  # noqa: T201
            f"| {way} | {statistics.median(map(statistics.median, steps)) * 1e3:.1f} "
            f"| {ratio(statistics.median, steps, bare)} | {ratio(statistics.mean, steps, bare)} "
            f"| {statistics.median(of[way][0] for of in rounds) * 1e3:.0f} |"
        )


def ratio(
    kind: Callable[[Sequence[float]], float],
    steps: Sequence[Sequence[float]],
    bare: Sequence[Sequence[float]],
) -> str:
    """Return the median of the rounds' ratios, and in brackets the least and the greatest."""
    found = [kind(own) / kind(theirs) for own, theirs in zip(steps, bare, strict=True)]
    return f"{statistics.median(found):.3f} ({min(found):.3f}…{max(found):.3f})"


def measured(ways: Sequence[str]) -> dict[str, list[float]]:
    """Return the CPU seconds of each step of each way, all of them in fresh processes."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    with ExitStack() as stack:
        workers = {way: stack.enter_context(Worker(way)) for way in ways}
        for index in range(WARM_UP + STEPS):
            for way in ways if index % 2 else reversed(ways):
                if index < WARM_UP + STEPS_OTHER or way in ("bare", "bare again", *SHARES):
                    found[way].append(workers[way].step())
    return found


class Worker:
    """A process that trains a step whenever it is told to."""

    def __init__(self, way: str) -> None:
        self._way = way
        self._stack = ExitStack()

    def __enter__(self) -> Worker:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        reading, writing = os.pipe()
        self._answers = self._stack.enter_context(open(reading))
        self._process = subprocess.Popen(
            [sys.executable, str(Path(__file__).absolute()), "--worker", self._way, str(writing)],
            cwd=folder,
            env={**os.environ, "MLTRACK_DIR": folder, "WANDB_MODE": "offline"},  # noqa: TID251
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,  # the trackers'
            pass_fds=[writing],
            text=True,
        )
        os.close(writing)
        return self

    def step(self) -> float:
        """Let it make a step; return the CPU seconds that it took."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return float(json.loads(self._answers.readline()))

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._stack.close()


def work(way: str, answers: int) -> None:
    """Train a step for each line of standard input; answer with its CPU seconds."""
    steps = train(way)
    with open(answers, "w") as file:
        for _ in sys.stdin:
            file.write(f"{json.dumps(next(steps))}\n")
            file.flush()


def train(way: str) -> Iterator[float]:
    """Train, watched in one way; yield the CPU seconds of each step."""
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
    for index in itertools.count():
        began_s = time.process_time()
        optimizer.zero_grad()
        logits = model["head"](model["encoder"](model["embedding"](tokens)))
        loss = torch.nn.functional.cross_entropy(logits.flatten(0, 1), tokens.flatten())
        loss.backward()
        optimizer.step()
        after(index)
        yield time.process_time() - began_s


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
