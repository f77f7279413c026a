"""Notices a train() that an exception has left: the Trainer then calls no hook.

A script that the exception ends needs nothing of this: core sees how its process ends. But a
notebook goes on, and so does a script that catches. The run is not ended then: the next train() may
go well. It is ended so when the process ends and no train() has succeeded since. Which exception it
was is known where autolog is on: it listens to `train`.
"""

from __future__ import annotations

import atexit
import sys
import traceback

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.records import AlertLevel
from mltrack_core.records import EndState


class Outcome:
    """How one call of train() ends.

    Args:
        run: Where it is recorded.
        ends_run: The run is the callback's own, so that its end is the callback's concern.
        guard: Books our own faults.
    """

    def __init__(self, run: Tracker, *, ends_run: bool, guard: Guard) -> None:
        self.is_open = True  # neither completed nor known to be left
        self._run, self._guard = run, guard
        self._state: EndState = "interrupted"
        self._reason = "trainer.train() was left before its end"
        if ends_run:
            atexit.register(self._at_exit)  # runs before core's own, which came first

    def complete(self) -> None:
        """Take note that train() has come to its end."""
        self.is_open = False
        self._state, self._reason = "finished", ""
        self.forget()

    def forget(self) -> None:
        """Have no influence on how the run ends any more: a training goes on."""
        atexit.unregister(self._at_exit)

    def leave(self, step: int, error: BaseException | None = None) -> None:
        """Take note that train() was left, unless that is known or it has come to its end.

        Args:
            step: Updates made.
            error: What has left it. Not kept: it holds the frames of the training.
        """
        if not self.is_open:
            return
        self.is_open = False
        text = ""
        if error is not None:
            line = "".join(traceback.format_exception_only(error)).strip()
            self._reason = f"trainer.train() was left by {line}"
        if isinstance(error, Exception):
            self._state = "failed"
            text = "".join(traceback.format_exception(error))
        level: AlertLevel = "error" if self._state == "failed" else "warning"
        self._run.alert(self._reason, text, level=level, step=step)

    def end_run(self) -> None:
        """End the run as its last train() ended."""
        self._run.finish(self._state, self._reason)

    def _at_exit(self) -> None:
        is_interactive = hasattr(sys, "ps1") or bool(sys.flags.interactive)
        uncaught = getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
        if uncaught is not None and not is_interactive:
            return  # it ends the process, and core records it with its traceback
        with self._guard("outcome"):
            self.end_run()
