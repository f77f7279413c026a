"""One measurement in one fresh process: `python worker.py '<JSON of a Task>'` prints JSON.

Runs in a peer's environment: standard library only.
"""

from __future__ import annotations

import gc
import json
import mmap
import os
import random
import sys
import time
from pathlib import Path
from typing import Any

sys.path.append(str(Path(__file__).parents[1]))
import trackers

WARM_UP_STEPS = 20


def resident_bytes() -> int:
    """Return the memory of this process that is not shared with others or with files."""
    with open("/proc/self/smaps_rollup") as file:
        rows = dict(line.split(":", 1) for line in file if ":" in line)
    return 1024 * sum(int(rows[key].split()[0]) for key in ("Private_Clean", "Private_Dirty"))


def quantile(values: list[int], share: float) -> float:
    """Return the value below which *share* of the sorted *values* lie."""
    return values[min(len(values) - 1, int(share * len(values)))]


def record(tracker: trackers.Tracker, task: dict[str, Any]) -> dict[str, float]:
    """Record a whole run and return what each part of it took."""
    names = [f"train/metric_{number:03d}" for number in range(task["scalars"])]
    chance = random.Random(1).random  # noqa: S311 - the same values for everybody
    before = resident_bytes()
    clock = time.perf_counter
    at_start = clock()
    tracker.load()
    at_loaded = clock()
    tracker.begin()
    at_begun = clock()
    for step in range(WARM_UP_STEPS):
        tracker.log({name: chance() for name in names}, step)
    gc.collect()

    log, now, pause_s = tracker.log, time.perf_counter_ns, task["pause_s"]
    calls_ns: list[int] = []
    at_loop = clock()
    for step in range(WARM_UP_STEPS, WARM_UP_STEPS + task["steps"]):
        values = {name: chance() for name in names}
        called = now()
        log(values, step)
        calls_ns.append(now() - called)
        if pause_s:
            time.sleep(pause_s)
        if clock() - at_loop > task["loop_s_max"]:
            break  # a slow peer does fewer steps; what is reported is per call or per point
    at_end = clock()
    added = resident_bytes() - before
    tracker.finish()
    at_finished = clock()

    steps = len(calls_ns)
    points = (steps + WARM_UP_STEPS) * len(names)
    calls_ns.sort()
    return {
        "import_s": at_loaded - at_start,
        "init_s": at_begun - at_loaded,
        "finish_s": at_finished - at_end,
        "p50_us": quantile(calls_ns, 0.5) / 1e3,
        "p99_us": quantile(calls_ns, 0.99) / 1e3,
        "max_us": calls_ns[-1] / 1e3,
        "memory_mb": added / 1e6,
        "steps": steps,
        "points": points,
        # The warm-up's points are in neither: they went before the clock was started.
        "points_per_s": steps * len(names) / (at_finished - at_loop),
        "finished_at": time.time(),
    }


def be_killed(tracker: trackers.Tracker, task: dict[str, Any]) -> None:
    """Log until killed; publish how many calls have returned where no crash can reach it."""
    names = [f"train/metric_{number:03d}" for number in range(task["scalars"])]
    with open(task["counter"], "r+b") as file:
        returned = memoryview(mmap.mmap(file.fileno(), 8)).cast("Q")
    tracker.load()
    tracker.begin()
    step = 0
    while True:
        tracker.log(dict.fromkeys(names, float(step)), step)
        step += 1
        returned[0] = step
        if task["pause_s"]:
            time.sleep(task["pause_s"])


def main() -> None:
    """Do what the task says, and print what was found as the last line of stdout."""
    task = json.loads(sys.argv[1])
    tracker = trackers.make(task["tracker"], Path(task["folder"]), task["address"])
    os.chdir(task["folder"])
    if task["kind"] == "kill":
        be_killed(tracker, task)
    elif task["kind"] == "read":
        found = {name: len(values) for name, values in tracker.read().items()}
        result = {"points": sum(found.values())}
    else:
        result = record(tracker, task)
    sys.stdout.write("\n" + json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
