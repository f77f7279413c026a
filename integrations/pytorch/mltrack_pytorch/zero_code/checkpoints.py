"""Checkpoints that a loop writes by itself: where they are and what is in them, never the bytes."""

from __future__ import annotations

import atexit
import os
from collections.abc import Callable
from collections.abc import Mapping
from io import IOBase
from typing import Any
from typing import Final
from weakref import ref

from torch import nn

from mltrack_core import Guard
from mltrack_core import autolog
from mltrack_core import origins
from mltrack_pytorch.rank import rank
from mltrack_pytorch.zero_code.automatic import AUTOMATIC
from mltrack_pytorch.zero_code.automatic import PART
from mltrack_pytorch.zero_code.by_hand import HAND

_TORCH: Final = "torch.save"
_DISTRIBUTED: Final = "torch.distributed.checkpoint"

Around = Callable[[Callable[..., Any]], Callable[..., Any]]


def around_torch_save(guard: Guard) -> Around:
    """Return what records the file of `torch.save` of something that looks like a checkpoint."""

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def save(obj: Any, f: Any, *args: Any, **kwargs: Any) -> Any:
            result = original(obj, f, *args, **kwargs)
            if isinstance(obj, Mapping | nn.Module):
                HAND.settle()
                if isinstance(f, IOBase):
                    OPEN.add(f)
                else:
                    _saved(guard, f, _TORCH)
            return result

        return save

    return around


def around_save(guard: Guard, writer: str, name: str, place: int | None) -> Around:
    """Return what records the path that another function saves to.

    Args:
        guard: Books our faults.
        writer: Who writes.
        name: Of the argument that is the path.
        place: Of it among the positional ones; None where it is none of these.
    """

    def around(original: Callable[..., Any]) -> Callable[..., Any]:
        def save(*args: Any, **kwargs: Any) -> Any:
            result = original(*args, **kwargs)
            path = args[place] if place is not None and len(args) > place else kwargs.get(name)
            _saved(guard, path, writer)
            return result

        return save

    return around


class OpenFiles:
    """Records what was saved into a file of the program's own, once the program has closed it."""

    def __init__(self) -> None:
        self._guard = Guard()
        self._files: list[tuple[ref[IOBase], str, int]] = []  # with path and step

    def add(self, file: IOBase) -> None:
        """Expect *file* to be closed. Raises nothing."""
        with self._guard("torch.save"):
            self.settle()
            name, loop = getattr(file, "name", None), AUTOMATIC.loop
            if isinstance(name, str) and loop is not None and loop.run is not None:
                self._files.append((ref(file), os.path.abspath(name), loop.updates))
                # To be called before core's own, which is there as the loop has a run.
                atexit.unregister(self.settle)
                atexit.register(self.settle)

    def settle(self) -> None:
        """Record those that have been closed. Raises nothing."""
        if self._files:
            files, self._files = self._files, []
            for known, path, step in files:
                file = known()
                if file is None or file.closed:
                    _saved(self._guard, path, "torch.save", step)
                else:
                    self._files.append((known, path, step))


OPEN: Final = OpenFiles()  # of this process


class DistributedSaves:
    """Records the folders of torch.distributed.checkpoint, each once it is complete."""

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
            path = kwargs.get("checkpoint_id")
            _saved(self._guard, path, _DISTRIBUTED, self._pending.pop(str(path), None))
            return result

        return save

    def around_async_save(self, original: Callable[..., Any]) -> Callable[..., Any]:
        """Return what records the folder of `async_save`, with the step when it was called."""

        def async_save(*args: Any, **kwargs: Any) -> Any:
            loop, path = AUTOMATIC.loop, kwargs.get("checkpoint_id")
            self._pending[str(path)] = loop.updates if loop is not None else 0

            def done(finished: Any) -> None:
                step = self._pending.pop(str(path), None)
                if step is not None and finished.exception() is None:  # another process wrote it
                    _saved(self._guard, path, _DISTRIBUTED, step)

            try:
                result = original(*args, **kwargs)
            except BaseException:
                self._pending.pop(str(path), None)
                raise
            with self._guard("async_save"):
                getattr(result, "upload_completion", result).add_done_callback(done)
            return result

        return async_save


def _saved(guard: Guard, path: object, writer: str, step: int | None = None) -> None:
    """Record a checkpoint, where the training that wrote it is one of ours."""
    loop = AUTOMATIC.loop
    if (
        loop is None
        or loop.run is None
        or not isinstance(path, str | os.PathLike)
        or not autolog.is_active(PART)
    ):
        return
    with guard(writer):
        if rank() == 0:
            axes: Any = loop.pace.axes()
            at = loop.updates if step is None else step
            loop.run.log_checkpoint(path, step=at, writer=writer, **axes)
            if loop.run.id and writer == _TORCH:
                origins.note(path, loop.run.id, at)
