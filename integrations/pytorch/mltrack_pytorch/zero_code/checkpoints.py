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
                    record(guard, f, _TORCH)
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
            record(guard, path, writer)
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
                    record(self._guard, path, "torch.save", step)
                else:
                    self._files.append((known, path, step))


OPEN: Final = OpenFiles()  # of this process


def record(
    guard: Guard, path: object, writer: str, step: int | None = None, *, mark: str = ""
) -> None:
    """Record a checkpoint, where the training that wrote it is one of ours. Raises nothing.

    Args:
        guard: Books our faults.
        path: Where it is, if that is a path.
        writer: Who has written it.
        step: Of which it is; None: of the last update.
        mark: The file in a folder that is new with each checkpoint there, and tells of it.
    """
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
            told_by = os.path.join(path, mark) if mark else path
            if loop.run.id and (writer == _TORCH or (mark and os.path.isfile(told_by))):
                origins.note(told_by, loop.run.id, at)
