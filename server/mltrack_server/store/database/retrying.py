"""What another server's transaction got in the way of is done again."""

from __future__ import annotations

import functools
import inspect
import random
import time
from collections.abc import Callable
from typing import Any
from typing import Final
from typing import TypeVar

from mltrack_server.errors import StoreContended

Front = TypeVar("Front", bound=type)

_TRIES: Final = 5
_PAUSE_S: Final = 0.02  # before the second; before each later one twice as long, by and large


def retried(front: Front) -> Front:
    """Let each public method of a class be one piece of work that is done again after a conflict.

    Of what a database refuses as a serialization failure or a deadlock (SQLSTATE class 40),
    nothing has been stored, and the same may well succeed a moment later. With one database that
    all writers lock in turn this is rare; a distributed one relies on it.
    """
    for name, method in list(vars(front).items()):
        is_work = inspect.isfunction(method) and not inspect.isgeneratorfunction(method)
        if is_work and not name.startswith("_"):
            setattr(front, name, _again(method))
    return front


def _again(method: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(method)
    def again(*given: Any, **named: Any) -> Any:
        for tried in range(1, _TRIES):
            try:
                return method(*given, **named)
            except StoreContended:
                # Two that met once and waited equally long would meet again.
                time.sleep(_PAUSE_S * 2**tried * random.random())  # noqa: S311 - no secret
        return method(*given, **named)

    return again
