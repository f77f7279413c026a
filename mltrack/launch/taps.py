"""The taps: which module, once imported, is handed to which function of an integration.

Loaded at the start of every Python process of a `mltrack run`, and without its package: it imports
nothing until a watched module has been imported.
"""

from __future__ import annotations

import sys

from mltrack.launch.imports import ImportHook

TYPE_CHECKING = False  # as in imports.py
if TYPE_CHECKING:
    from collections.abc import Callable
    from collections.abc import Container
    from types import ModuleType
    from typing import TypeGuard

_ARGUMENTS = "mltrack.launch.arguments"
_MIRRORS = "mltrack.launch.mirrors"
_RANKS = "mltrack.launch.ranks"
_HF = "mltrack_hf.autolog"
_LIGHTNING = "mltrack_lightning.autolog"
_PYTORCH = "mltrack_pytorch.autolog"

# Module → part and tap. A tap is called with the imported module, and returns what undoes it.
Table = dict[str, tuple[tuple[str, str], ...]]
RANKS: Table = {
    "multiprocessing.spawn": (("arguments", f"{_ARGUMENTS}:spawn"),),
    "torch.distributed.distributed_c10d": (("ranks", f"{_RANKS}:tap"),),
}
TAPS: Table = {
    "absl.flags._flagvalues": (("arguments", f"{_ARGUMENTS}:absl"),),
    "accelerate.tracking": (("hf", f"{_HF}:tracker"),),
    "argparse": (("arguments", f"{_ARGUMENTS}:argparse"),),
    "click.core": (("arguments", f"{_ARGUMENTS}:click"),),
    "hydra.core.hydra_config": (("arguments", f"{_ARGUMENTS}:hydra"),),
    "jsonargparse": (("arguments", f"{_ARGUMENTS}:jsonargparse"),),
    "keras": (("keras", "mltrack_keras.autolog:tap"),),
    "lightning.fabric.fabric": (("lightning", f"{_LIGHTNING}:tap_fabric"),),
    "lightning.pytorch": (("lightning", f"{_LIGHTNING}:tap_saves"),),
    "lightning_fabric.fabric": (("lightning", f"{_LIGHTNING}:tap_fabric"),),
    "mlflow.tracking.client": (("mlflow", f"{_MIRRORS}.mlflow:tap"),),
    "mltrack_core.autolog": (("arguments", f"{_ARGUMENTS}:runs"),),
    "pytorch_lightning": (("lightning", f"{_LIGHTNING}:tap_saves"),),
    "safetensors.torch": (("pytorch", f"{_PYTORCH}:safetensors"),),
    "tensorflow.python.ops.gen_summary_ops": (("tensorflow", f"{_MIRRORS}.tensorflow:tap"),),
    "tensorboardX.writer": (("pytorch", f"{_PYTORCH}:tensorboard"),),
    "torch": (("pytorch", f"{_PYTORCH}:torch"),),
    "torch.distributed.checkpoint": (("pytorch", f"{_PYTORCH}:distributed_checkpoint"),),
    "torch.distributed.checkpoint.state_dict": (("pytorch", f"{_PYTORCH}:distributed_states"),),
    "torch.utils.tensorboard.writer": (("pytorch", f"{_PYTORCH}:tensorboard"),),
    "trackio.run": (("trackio", f"{_MIRRORS}.trackio:tap"),),
    "transformers.hf_argparser": (("arguments", f"{_ARGUMENTS}:hf"),),
    "transformers.trainer": (("hf", f"{_HF}:trainer"),),
    "typer._click.core": (("arguments", f"{_ARGUMENTS}:click"),),
    "wandb.sdk.wandb_run": (("wandb", f"{_MIRRORS}.wandb:tap"),),
    **RANKS,
}

# These need nothing of their package. At Python's start there is a way to import them without it,
# which takes a hundredth of the time: many programs parse arguments, and do not train.
_ALONE = {_ARGUMENTS, _RANKS}
import_alone: Callable[[str], object] = __import__


class Taps:
    """The taps of this process. Thread-safe as importing is.

    Args:
        table: As `TAPS`.
    """

    def __init__(self, table: Table) -> None:
        self._table = table
        self._hook = ImportHook(table, self._imported)
        self._excluded: Container[str] = ()
        self._undo: dict[tuple[str, str], Callable[[], None]] = {}  # by module and tap

    def install(self, excluded: Container[str] = ()) -> None:
        """Put taps on what is imported, now or later; take off those of *excluded* parts."""
        self._excluded = excluded
        self._hook.install()
        for name, rows in self._table.items():
            module = sys.modules.get(name)
            for part, tap in rows:
                if part in excluded:
                    self._take_off(name, tap)
                elif _is_complete(module) and (name, tap) not in self._undo:
                    self._put_on(module, part, tap)

    def remove(self) -> None:
        """Take all of them off, the latest first: everything is what it was."""
        self._hook.remove()
        for name, tap in reversed(list(self._undo)):
            self._take_off(name, tap)

    def _imported(self, module: ModuleType) -> None:
        """Put taps on *module*, also where it has been executed before: it is a new one now."""
        for part, tap in self._table[module.__name__]:
            if part not in self._excluded:
                self._put_on(module, part, tap)

    def _put_on(self, module: ModuleType, part: str, tap: str) -> None:
        folder, _, function = tap.partition(":")
        try:
            if folder not in sys.modules:
                (import_alone if folder in _ALONE else __import__)(folder)
            self._undo[module.__name__, tap] = getattr(sys.modules[folder], function)(module)
        except Exception as error:  # noqa: BLE001 - the user's import has succeeded all the same
            _caught(f"autolog({part})", error)

    def _take_off(self, name: str, tap: str) -> None:
        undo = self._undo.pop((name, tap), None)
        if undo is not None:
            undo()


taps = Taps(TAPS)
rank_taps = Taps(RANKS)  # for processes that multiprocessing starts


def _is_complete(module: ModuleType | None) -> TypeGuard[ModuleType]:
    """Tell whether *module* has been executed. If it is being so, the hook will hear of it."""
    spec = getattr(module, "__spec__", None)
    return module is not None and not getattr(spec, "_initializing", False)


def _caught(site: str, error: Exception) -> None:
    """Tell the user, once for each site; or raise, where mltrack itself is tested."""
    try:
        from mltrack_core import Guard
    except ImportError:  # a program of the user's may start a Python that has no mltrack
        sys.stderr.write(f"mltrack: {sys.executable} records nothing by itself: {error}\n")
    else:
        Guard().caught(site, error)
