"""Folders of torch.distributed.checkpoint: recorded when saved, and known again when loaded."""

from __future__ import annotations

import os
from collections.abc import Callable
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from typing import Final

from mltrack_core import Guard
from mltrack_core import autolog
from mltrack_core import origins
from mltrack_core.origins import Origin
from mltrack_pytorch.zero_code.automatic import AUTOMATIC
from mltrack_pytorch.zero_code.automatic import PART
from mltrack_pytorch.zero_code.checkpoints import record

_WRITER: Final = "torch.distributed.checkpoint"
_MARK: Final = ".metadata"  # written last, elsewhere, and put in place: no two have its inode


class Saves:
    """Records each folder once it is complete."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._pending: dict[str, int] = {}  # steps of those being written in the background

    def around_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what records the folder of `save`.

        In the background it is called too, by a thread: what it wrote is recorded here, before
        anybody who waits for it goes on and perhaps ends the run.
        """

        def save(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            with self._guard("save"):
                path = _folder(args, kwargs, "storage_writer")
                step = self._pending.pop(str(path), None)
                record(self._guard, path, _WRITER, step, mark=_MARK)
            return result

        return save

    def around_async_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what records the folder of `async_save`, with the step when it was called."""

        def async_save(*args: Any, **kwargs: Any) -> Any:
            loop, path = AUTOMATIC.loop, None
            with self._guard("async_save"):
                path = _folder(args, kwargs, "storage_writer")
            self._pending[str(path)] = loop.updates if loop is not None else 0

            def done(finished: Any) -> None:
                step = self._pending.pop(str(path), None)
                if step is not None and finished.exception() is None:  # another process wrote it
                    record(self._guard, path, _WRITER, step, mark=_MARK)

            try:
                result = original(*args, **kwargs)
            except BaseException:
                self._pending.pop(str(path), None)
                raise
            with self._guard("async_save"):
                getattr(result, "upload_completion", result).add_done_callback(done)
            return result

        return async_save


class Loads:
    """Tells which optimizers go on from a folder that a run has written."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard

    def around_load(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what follows a folder to the optimizers.

        Those that are in what is loaded, or that an object there looks after, take their state
        before `load` returns; others may take it from the same mappings later.
        """

        def load(state_dict: Any, *args: Any, **kwargs: Any) -> Any:
            origin = None
            with self._guard("load"):
                origin = _origin(_folder((state_dict, *args), kwargs, "storage_reader"))
            with AUTOMATIC.resuming.reading(origin):
                result = original(state_dict, *args, **kwargs)
            with self._guard("load"):
                AUTOMATIC.resuming.filled(state_dict, origin)
            return result

        return load

    def around_set(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what follows mappings that `set_state_dict` takes to pieces for optimizers."""

        def set_state(model: Any, optimizers: Any, state_dict: Any, *args: Any) -> Any:
            origin = AUTOMATIC.resuming.origin_in(state_dict)
            with AUTOMATIC.resuming.reading(origin):
                return original(model, optimizers, state_dict, *args)

        return set_state


def _origin(path: object) -> Origin | None:
    """Return which run has written a folder; None: nobody knows, or it is none."""
    if not isinstance(path, str | os.PathLike) or not autolog.is_active(PART):
        return None
    return origins.find(os.path.join(path, _MARK))


def _folder(args: tuple[Any, ...], kwargs: Mapping[str, Any], storage: str) -> object:
    """Return the folder that is named by itself, or by what reads or writes there."""
    path: object = kwargs.get("checkpoint_id")
    if path is None:
        path = getattr(kwargs.get(storage, args[1] if len(args) > 1 else None), "path", None)
        return path if isinstance(path, Path) else None  # a text is a place elsewhere
    return path
