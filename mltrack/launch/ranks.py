"""Processes that multiprocessing starts: most serve a training, some are ranks of one.

Loaded by every process below `mltrack run` that imports PyTorch, and without its package. What
tells a rank from a DataLoader's worker is that it joins a process group.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing would cost milliseconds
if TYPE_CHECKING:
    from collections.abc import Callable
    from types import ModuleType
    from typing import Any


def tap(module: ModuleType) -> Callable[[], None]:
    """Record what this process trains once it is a rank; *module* is distributed_c10d of PyTorch.

    It calls a function of its own when a process group is there: so nothing of ours is between the
    program and `init_process_group`.
    """
    name = "_update_default_pg"
    original = getattr(module, name, None)
    if original is None or hasattr(original, "mltrack_original"):
        return lambda: None

    def update(group: Any) -> None:
        original(group)
        if group is not None:
            _begin()

    update.mltrack_original = original  # type: ignore[attr-defined]

    def undo() -> None:
        if getattr(module, name) is update:
            setattr(module, name, original)

    setattr(module, name, update)
    return undo


def _begin() -> None:
    """Put on the taps that a spawned process has not got, and end the silence of a forked one."""
    try:
        from mltrack.launch.taps import taps
        from mltrack_core import autolog

        autolog.join_training()
        if autolog.is_active():
            taps.install(autolog.excluded())
    except Exception as error:  # noqa: BLE001 - the program has its process group
        from mltrack_core import Guard

        Guard().caught("autolog(ranks)", error)
