"""How a call of fit, validate, test or predict ended that an exception has left.

Lightning tells callbacks of the exception, and then raises it again; Ctrl-C it turns into
`sys.exit(1)`. Whether the script ends with it is not known then. If it does, core records the
exception as the run's end, except where it is a SystemExit by now. If the script goes on and
trains again with success, the run ends as the script does.
"""

from __future__ import annotations

import atexit
import sys
import traceback

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.records import EndState


class Outcome:
    """Remembers how the last call was left, until one succeeds.

    Args:
        guard: Books our own faults.
    """

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._run: Tracker | None = None
        self._state: EndState = "failed"
        self._reason = ""

    def leave(
        self, run: Tracker, error: BaseException, *, call: str, ends_run: bool, step: int
    ) -> None:
        """Take note that *error* has left a call.

        Args:
            run: Where it is recorded.
            error: Not kept: it holds the frames of the training, and tensors in them.
            call: Which method of the Trainer it was.
            ends_run: The run is ours, so that its end is our concern.
            step: Updates made.
        """
        # Ctrl-C and SIGTERM (a SystemExit of Lightning's) come from outside.
        self._state = "failed" if isinstance(error, Exception) else "interrupted"
        line = "".join(traceback.format_exception_only(error)).strip()
        self._reason = f"Trainer.{call} was left by {line}"
        text = "".join(traceback.format_exception(error))
        run.alert(
            self._reason,
            text if self._state == "failed" else "",
            level="error" if self._state == "failed" else "warning",
            step=step,
        )
        if ends_run:
            self._run = run
            atexit.unregister(self._end_run)
            atexit.register(self._end_run)  # runs before core's own, which came first

    def forget(self) -> None:
        """Have no influence on how the run ends any more: a training goes on."""
        self._run = None
        atexit.unregister(self._end_run)

    def _end_run(self) -> None:
        """At the end of the process: end the run in the way its last call did."""
        if self._run is None:
            return
        if getattr(sys, "last_value", None) is not None and not hasattr(sys, "ps1"):
            return  # an exception ends the process, and core records it with its traceback
        with self._guard("outcome"):
            self._run.finish(self._state, self._reason)
