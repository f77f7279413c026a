"""Notices a fit() that an exception has left: Keras then calls no hook.

A script that the exception ends needs nothing of this: core sees how its process ends. But a
notebook goes on, and so does a script that catches. What Keras always does is to let go of its list
of callbacks, and Python tells who asks about that. Which exception it was can be told only while it
is being handled or once a notebook has printed it; else it was something that the user caught.

The run is not ended then: the next fit() may go well. It is ended so when the process ends and no
fit() has succeeded since.
"""

from __future__ import annotations

import atexit
import logging
import sys
import traceback
import weakref
from collections.abc import Callable

import keras

from mltrack_core import Guard
from mltrack_core import Tracker
from mltrack_core.records import AlertLevel
from mltrack_core.records import EndState

logger = logging.getLogger("mltrack")


class Outcome:
    """How one call of fit() ends.

    Args:
        run: Where it is recorded.
        ends_run: The run is the callback's own, so that its end is the callback's concern.
        guard: Books our own faults.
        on_leave: Called once when the call is found to have been left.
    """

    def __init__(
        self, run: Tracker, *, ends_run: bool, guard: Guard, on_leave: Callable[[], None]
    ) -> None:
        self.is_open = True  # neither completed nor known to be left
        self.updates = 0  # made, as far as is known
        self._run, self._ends_run, self._guard = run, ends_run, guard
        self._on_leave = on_leave
        self._state: EndState = "interrupted"
        self._reason = "model.fit() was left before its end"
        self._callback_list: weakref.ref[keras.callbacks.CallbackList] | None = None

    def watch(self, callback_list: keras.callbacks.CallbackList | None) -> None:
        """Begin: *callback_list* lives as long as the call does."""
        if callback_list is not None:
            self._callback_list = weakref.ref(callback_list)
            finalizer = weakref.finalize(callback_list, self._on_release)
            finalizer.atexit = False
        if self._ends_run:
            atexit.register(self._end_run)  # runs before core's own, which came first

    def belongs_to(self, callback_list: keras.callbacks.CallbackList | None) -> bool:
        """Tell whether the call is going on and *callback_list* is its own."""
        return (
            self.is_open
            and callback_list is not None
            and (self._callback_list is not None and self._callback_list() is callback_list)
        )

    def complete(self) -> None:
        """Take note that fit() has come to its end."""
        self.is_open = False
        self.forget()

    def forget(self) -> None:
        """Have no influence on how the run ends any more."""
        atexit.unregister(self._end_run)

    def leave(self) -> None:
        """Take note that fit() was left, unless that is known."""
        if not self.is_open:
            return
        self.is_open = False
        error = sys.exc_info()[1] or (_last_printed() if _is_interactive() else None)
        text = ""
        if isinstance(error, Exception):
            self._state = "failed"
            line = "".join(traceback.format_exception_only(error)).strip()
            self._reason = f"model.fit() was left by {line}"
            text = "".join(traceback.format_exception(error))
        level: AlertLevel = "error" if self._state == "failed" else "warning"
        with self._guard("outcome"):
            self._on_leave()
        with self._guard("outcome"):
            self._run.alert(self._reason, text, level=level, step=self.updates)

    def _on_release(self) -> None:
        """Called when Keras has let go of its list of callbacks, at whatever moment that is."""
        try:
            self.leave()
        except BaseException as error:  # noqa: BLE001 - nobody is there to be raised to
            logger.warning("mltrack: could not record how fit() ended: %s", error)

    def _end_run(self) -> None:
        """At the end of the process: end the run in the way its last fit() did."""
        if _last_printed() is not None and not _is_interactive():
            return  # it ends the process, and core records it with its traceback
        self.leave()
        with self._guard("outcome"):
            self._run.finish(self._state, self._reason)


def _is_interactive() -> bool:
    return hasattr(sys, "ps1") or bool(sys.flags.interactive)


def _last_printed() -> object:
    """Return the latest exception that nobody caught, which the interpreter has printed."""
    return getattr(sys, "last_exc", None) or getattr(sys, "last_value", None)
