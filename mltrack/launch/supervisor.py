"""The supervisor: starts the training, hands signals on, and ends as it ends.

It stands beside the training, not between it and its terminal: standard input and output are the
training's own, and so is Ctrl-C. It records nothing: the agent sees how a trainer ends.
"""

from __future__ import annotations

import contextlib
import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from collections.abc import Mapping
from typing import Final

_FORWARDED: Final = frozenset(
    {signal.SIGHUP, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2, signal.SIGINT, signal.SIGQUIT}
)
# Whoever types Ctrl-C means all processes of the terminal's foreground group, and all get it.
_TYPED: Final = frozenset({signal.SIGINT, signal.SIGQUIT})
_AWAITED: Final = _FORWARDED | {signal.SIGCHLD}
# Python's own; a program that it starts begins with the system's default.
_IGNORED_BY_PYTHON: Final = (signal.SIGPIPE, signal.SIGXFSZ)
_SEEN_S: Final = 0.25  # until the agent has seen how a trainer ended; it waits for that moment


def run(
    path: str,
    arguments: list[str],
    environment: Mapping[str, str],
    has_recorded: Callable[[], bool],
) -> int:
    """Run a program to its end and return its exit code; where a signal ended it, die of it too.

    Args:
        path: The program.
        arguments: From the zeroth on.
        environment: The program's.
        has_recorded: Tells whether there is a run, whose agent wants to see how the program ends.

    Raises:
        OSError: The program could not be started.
    """
    signal.signal(signal.SIGCHLD, lambda number, frame: None)  # ignored signals need not arrive
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, _AWAITED)
    child = os.posix_spawn(
        path, arguments, environment, setsigmask=mask, setsigdef=_IGNORED_BY_PYTHON
    )
    while (code := _exit_code(child)) is None:
        number, is_sent = _next_signal()
        if number in _FORWARDED and is_sent and not (number in _TYPED and _is_beside(child)):
            _send(child, number)
    if code != 0 and has_recorded():
        # Kernels before 6.13 tell how a process ended only until its parent has collected it.
        time.sleep(_SEEN_S)
    if hasattr(os, "waitid"):
        os.waitpid(child, 0)
    return code if code >= 0 else _die_of(-code)


def _exit_code(child: int) -> int | None:
    """Return how *child* ended, by -signal where one killed it; None while it runs.

    It is left to be collected, except where the system knows no way to look without.
    """
    if not hasattr(os, "waitid"):  # macOS
        done, status = os.waitpid(child, os.WNOHANG)
        return os.waitstatus_to_exitcode(status) if done else None
    end = os.waitid(os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    if end is None:
        return None
    return end.si_status if end.si_code == os.CLD_EXITED else -end.si_status


def _next_signal() -> tuple[int, bool]:
    """Wait for a signal; return it, and whether a process sent it rather than the terminal."""
    if not hasattr(signal, "sigwaitinfo"):  # macOS
        return signal.sigwait(_AWAITED), True
    came = signal.sigwaitinfo(_AWAITED)
    return came.si_signo, came.si_code <= 0


def _is_beside(child: int) -> bool:
    """Tell whether *child* is in our process group: then the terminal means both of us."""
    try:
        return os.getpgid(child) == os.getpgrp()
    except ProcessLookupError:
        return True


def _send(child: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):  # it ends at this moment
        os.kill(child, number)


def _die_of(number: int) -> int:
    """End this process by a signal, for those who look at how; return what a shell would say."""
    sys.stdout.flush()
    sys.stderr.flush()
    if number != signal.SIGKILL:
        signal.signal(number, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # the training's own core is enough
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {number})
    os.kill(os.getpid(), number)
    return 128 + number
