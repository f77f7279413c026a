"""The agent's process; by hand: `python -P -m mltrack_core.agent --folder DIR`."""

from __future__ import annotations

import argparse
import fcntl
import logging
import os
import signal
from pathlib import Path
from types import FrameType
from typing import Final

from mltrack_core._launch import take_lock
from mltrack_core.agent import liveness
from mltrack_core.agent.clock import SystemClock
from mltrack_core.agent.doorbell import Doorbell
from mltrack_core.agent.gpus import Gpus
from mltrack_core.agent.gpus import Nvml
from mltrack_core.agent.keeper import Keeper
from mltrack_core.agent.loop import Agent
from mltrack_core.agent.shipping import Shipper
from mltrack_core.limits import IDLE_EXIT_S
from mltrack_core.limits import MIB
from mltrack_core.spool import layout

logger = logging.getLogger(__name__)

_LOG_BYTES_MAX: Final = 4 * MIB
_STOP_S_MAX: Final = 2.0  # for a request under way when the agent is told to stop
_NICENESS: Final = 10  # the training comes first


def main(arguments: list[str] | None = None) -> int:
    """Look after a folder until there is nothing to do; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -P -m mltrack_core.agent")
    parser.add_argument("--folder", type=Path, required=True, help="MLTRACK_DIR")
    parser.add_argument("--lock", type=int, help="descriptor of the lock that the starter took")
    parser.add_argument(
        "--starter",
        type=int,
        nargs=3,
        metavar=("PID", "STARTED", "PIDFD"),
        help="the process that starts the agent, and the descriptor by which to see it end",
    )
    parser.add_argument(
        "--idle",
        type=float,
        default=IDLE_EXIT_S,
        help="seconds with nothing to do before it leaves",
    )
    options = parser.parse_args(arguments)
    folder: Path = options.folder.absolute()

    os.umask(0o077)
    lock = _take_over(folder, options.lock)
    if lock is None:
        return 0  # another one is there already
    _shorten_log(folder / layout.AGENT_LOG_FILE)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(process)d %(levelname)s %(message)s"
    )
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.nice(_NICENESS)

    if options.starter:
        liveness.inherit(*options.starter)
    clock = SystemClock()
    shipper = Shipper(folder, clock)
    keeper = Keeper(folder, clock)
    doorbell = Doorbell(folder)
    agent = Agent(
        folder, clock, Gpus(Nvml()), shipper, keeper, doorbell=doorbell, idle_s=options.idle
    )

    def stop(_number: int, _frame: FrameType | None) -> None:
        agent.stop()

    signal.signal(signal.SIGTERM, stop)
    shipper.start()
    keeper.start()
    logger.info("looking after %s", folder)
    _work(agent, folder, lock)
    agent.close()
    keeper.stop(_STOP_S_MAX)
    shipper.stop(_STOP_S_MAX)
    logger.info("leaving")
    return 0


def _work(agent: Agent, folder: Path, lock: int) -> None:
    """Run *agent* until there is really nothing to do.

    A trainer that found the lock held counts on this agent. So the lock is released first, and then
    looked once more: the trainer wrote its first record before it tried the lock.
    """
    while True:
        agent.run()
        os.close(lock)
        if agent.is_stopping or not agent.step():
            return
        again = take_lock(folder)
        if again is None:
            return  # the trainer has started another one
        lock = again


def _take_over(folder: Path, inherited: int | None) -> int | None:
    """Return a descriptor that holds the lock, or None if another agent does.

    The inherited one is given up: a process that the trainer forked in the wrong moment has it
    too, and would hold the lock for as long as it lives.
    """
    if inherited is not None:
        fcntl.flock(inherited, fcntl.LOCK_UN)
        os.close(inherited)
    lock = take_lock(folder)
    if lock is not None:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    return lock


def _shorten_log(path: Path) -> None:
    """Empty a log that has grown long; it is written with O_APPEND, so that is safe."""
    if path.exists() and path.stat().st_size > _LOG_BYTES_MAX:
        os.truncate(path, 0)


if __name__ == "__main__":
    raise SystemExit(main())
