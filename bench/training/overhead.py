"""What watching a training costs it: a transformer of 10 million parameters on the CPU.

    python bench/training/overhead.py --rounds 5 --ways bare "bare again" mltrack
    python bench/training/overhead.py --framework lightning

Each way to watch is a process of its own, which trains with one thread. They take turns step by
step, so that whatever slows the machine down slows all of them down. CPU time of a step, not wall
time: other work on the machine does not count. Each round has fresh processes, for no two that do
the same are equally fast: "bare again" tells how far chance goes, `alternating.py` goes beyond it.
The first steps, of which mltrack measures one in full, are told by themselves; "hooks alone" has
nothing to measure after them. Ways whose package is missing are left out.
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
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from trainings import AGAIN
from trainings import BARE
from trainings import HOOKS
from trainings import OURS
from trainings import WAYS
from trainings import train

STEPS = 40  # that are counted, of what does not do the same at each of them
STEPS_OTHER = 8
MANY = (BARE, AGAIN, OURS, HOOKS)
WARM_UP = 4  # steps before those: allocators, caches, compilers, and first looks
THREADS = ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS")


def main() -> None:
    """Let the ways take turns, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--framework", choices=WAYS, default="pytorch")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--ways", nargs="+", help="some of those of the framework")
    parser.add_argument("--worker", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        way, answers = options.worker
        work(options.framework, way, int(answers))
        return
    known = WAYS[options.framework]
    if unknown := [way for way in options.ways or () if way not in known]:
        parser.error(f"{options.framework} has no {unknown[0]!r}; it has {', '.join(known)}")
    ways = [way for way in options.ways or known if importlib.util.find_spec(known[way])]
    rounds = []
    for index in range(options.rounds):
        rounds.append(measured(options.framework, ways))
        sys.stderr.write(f"round {index + 1} of {options.rounds}\n")
    print_table(ways, rounds)


def print_table(ways: Sequence[str], rounds: Sequence[dict[str, list[float]]]) -> None:
    """Print what each way takes, and how many times what the bare loop takes at the same steps."""
    head = f"mean step ÷ bare loop | first {WARM_UP} steps, ms |\n|---|---|---|---|---|"
    print(f"| way | median step, ms of CPU | ÷ bare loop | {head}")  # noqa: T201
    for way in ways:
        steps = [of[way][WARM_UP:] for of in rounds]
        bare = [of[BARE][WARM_UP : len(of[way])] for of in rounds] if BARE in ways else steps
        print(  # noqa: T201
            f"| {way} | {statistics.median(map(statistics.median, steps)) * 1e3:.1f} "
            f"| {ratio(statistics.median, steps, bare)} | {ratio(statistics.mean, steps, bare)} "
            f"| {statistics.median(sum(of[way][:WARM_UP]) for of in rounds) * 1e3:.0f} |"
        )


def ratio(
    kind: Callable[[Sequence[float]], float],
    steps: Sequence[Sequence[float]],
    bare: Sequence[Sequence[float]],
) -> str:
    """Return the median of the rounds' ratios, and in brackets the least and the greatest."""
    found = [kind(own) / kind(theirs) for own, theirs in zip(steps, bare, strict=True)]
    return f"{statistics.median(found):.3f} ({min(found):.3f}…{max(found):.3f})"


def measured(framework: str, ways: Sequence[str]) -> dict[str, list[float]]:
    """Return the CPU seconds of each step of each way, all of them in fresh processes."""
    found: dict[str, list[float]] = {way: [] for way in ways}
    with ExitStack() as stack:
        workers = {way: stack.enter_context(Worker(framework, way)) for way in ways}
        for index in range(WARM_UP + STEPS):
            for way in ways if index % 2 else reversed(ways):
                if index < WARM_UP + STEPS_OTHER or way in MANY:
                    found[way].append(workers[way].step())
    return found


class Worker:
    """A process that trains a step whenever it is told to."""

    def __init__(self, framework: str, way: str) -> None:
        self._framework, self._way = framework, way
        self._stack = ExitStack()

    def __enter__(self) -> Worker:
        folder = self._stack.enter_context(tempfile.TemporaryDirectory())
        reading, writing = os.pipe()
        self._answers = self._stack.enter_context(open(reading))
        self._said = self._stack.enter_context(tempfile.TemporaryFile())  # frameworks talk much
        self._process = subprocess.Popen(
            [
                *(sys.executable, str(Path(__file__).absolute())),
                *("--framework", self._framework, "--worker", self._way, str(writing)),
            ],
            cwd=folder,
            env={
                **os.environ,  # noqa: TID251
                **dict.fromkeys(THREADS, "1"),
                "MLTRACK_DIR": folder,
                "MLFLOW_TRACKING_URI": f"{folder}/mlflow",
                "MLFLOW_ALLOW_FILE_STORE": "true",
                "WANDB_MODE": "offline",
            },
            stdin=subprocess.PIPE,
            stdout=self._said,
            stderr=self._said,
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
        if answer := self._answers.readline():
            return float(json.loads(answer))
        self._process.wait()
        self._said.seek(0)
        sys.exit(f"{self._way} ended:\n{self._said.read().decode(errors='replace')}")

    def __exit__(self, *error: object) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()
        self._stack.close()


def work(framework: str, way: str, answers: int) -> None:
    """Train a step for each line of standard input; answer with its CPU seconds."""
    began_s: float | None = None
    with open(answers, "w") as file:

        def turn() -> None:
            nonlocal began_s
            if began_s is not None:
                file.write(f"{json.dumps(time.process_time() - began_s)}\n")
                file.flush()
            if not sys.stdin.readline():
                raise SystemExit
            began_s = time.process_time()

        train(framework, way, turn)


if __name__ == "__main__":
    main()
