"""mltrack: the flight recorder for model training.

    import mltrack

    run = mltrack.init(project="mnist", config={"lr": 3e-4})
    run.log({"train/loss": loss}, step=step)

    mltrack.autolog()  # or nothing of this: `mltrack run train.py`

    for run in mltrack.open().runs():
        print(run.name, run.summary)

Importing it starts nothing, patches nothing and loads neither HTTP nor server code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from typing import Any

from mltrack_core import MltrackError
from mltrack_core import NullTracker
from mltrack_core import Tracker
from mltrack_core import __version__
from mltrack_core import active_run
from mltrack_core import finish
from mltrack_core import init
from mltrack_core.autolog import paused

if TYPE_CHECKING:
    from collections.abc import Iterable
    from collections.abc import Sequence
    from pathlib import Path

    from torch import nn
    from torch.optim import Optimizer

    from mltrack._resuming import Resumed
    from mltrack.reading.reader import Reader
    from mltrack_core import records
    from mltrack_core.health import OnNonfinite
    from mltrack_core.media.audio import Audio
    from mltrack_core.media.confusion import ConfusionMatrix
    from mltrack_core.media.curves import PrCurve
    from mltrack_core.media.curves import RocCurve
    from mltrack_core.media.image import Image
    from mltrack_core.media.table import Table
    from mltrack_core.media.text import Text
    from mltrack_core.records import Box
    from mltrack_pytorch import Watch

__all__ = [
    "Audio",
    "Box",
    "ConfusionMatrix",
    "Histogram",
    "Image",
    "MltrackError",
    "NullTracker",
    "PrCurve",
    "RocCurve",
    "Table",
    "Text",
    "Tracker",
    "__version__",
    "active_run",
    "autolog",
    "finish",
    "init",
    "open",
    "paused",
    "resume",
    "watch",
]

_LATER = {  # loaded by those who use them
    "Audio": "mltrack_core.media.audio",
    "Box": "mltrack_core.records",
    "ConfusionMatrix": "mltrack_core.media.confusion",
    "PrCurve": "mltrack_core.media.curves",
    "RocCurve": "mltrack_core.media.curves",
    "Image": "mltrack_core.media.image",
    "Table": "mltrack_core.media.table",
    "Text": "mltrack_core.media.text",
}


def __getattr__(name: str) -> Any:
    """Return what is public and loaded by those who use it."""
    if name not in _LATER:
        raise AttributeError(f"module 'mltrack' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_LATER[name]), name)


def autolog(*, exclude: Iterable[str] = (), disable: bool = False) -> None:
    """Record the trainings of this process by themselves from now on, as `mltrack run` does.

    Each training is a run of its own, unless one is active. May be called at any time, before or
    after the frameworks are imported, and again with other arguments.

    Args:
        exclude: Parts to leave out: "arguments", "hf", "keras", "lightning", "pytorch" …
        disable: Stop it, and restore what was changed in the frameworks.
    """
    from mltrack.launch.taps import taps
    from mltrack_core import autolog as flag

    if disable:
        flag.deactivate()
        taps.remove()
    else:
        flag.activate(exclude)
        taps.install(flag.excluded())


def Histogram(values: object, *, edges: Sequence[float] | None = None) -> records.Histogram:
    """Return the distribution of *values*, to be logged like a number.

        run.log({"activations": mltrack.Histogram(array)}, step=step)

    Args:
        values: Numbers in an array of any shape, or what NumPy makes one of: a list, a tensor on
            the CPU.
        edges: Bounds of the bins, finite and ascending, kept as they are. Default: bins by sign
            and power of two, the same always, so that histograms can be added up.

    Raises:
        ValueError: *edges* are none, or *values* are no numbers.
    """
    from mltrack import _histogram

    return _histogram.of(values, edges)


def open(where: str | Path | None = None) -> Reader:  # noqa: A001 - what it does, in one word
    """Return what reads recorded runs back.

    Args:
        where: A folder (an MLTRACK_DIR) or a server's address. Default: MLTRACK_URL where it is
            set, else MLTRACK_DIR.

    Raises:
        MltrackError: There is nothing to read from, and why.
    """
    from mltrack.reading import reader

    return reader.open(where)


def resume(
    run: str,
    *,
    checkpoint: str = "last",
    folder: str | Path | None = None,
    **options: Any,
) -> Resumed:
    """Go on with a recorded run as its next attempt, from its last checkpoint.

        again = mltrack.resume("3f9c")
        if again.path:
            model.load_state_dict(torch.load(again.path))
        for step in range(again.step, 10_000): ...

    What is in the checkpoint is loaded by you, the way your framework does. The checkpoint is the
    file that was written, if it still lies there unchanged, else the stored one, downloaded and
    checked. Where neither is to be had the run goes on all the same, and `reason` says why.

    Args:
        run: Its id, the id's last characters, or its name.
        checkpoint: "last", "best", "final", or a checkpoint's id.
        folder: Where to download to. Default: a folder in MLTRACK_DIR.
        options: Arguments of `init` for the new attempt.

    Raises:
        MltrackError: There is no such run, or nothing to read from.
    """
    from mltrack import _resuming

    return _resuming.resume(run, checkpoint, folder, options)


def watch(
    model: nn.Module,
    optimizer: Optimizer | Sequence[Optimizer] | None = None,
    *,
    run: Tracker | None = None,
    histograms: bool = True,
    share: float = 0.01,
    on_nonfinite: OnNonfinite = "mark",
) -> Watch:
    """Record gradients, weights and optimizer of a PyTorch loop; see `mltrack.pytorch.watch`.

    mltrack.watch(model, optimizer)
    """
    from mltrack_pytorch import watch as begin

    return begin(
        model,
        optimizer,
        run=run,
        histograms=histograms,
        share=share,
        on_nonfinite=on_nonfinite,
    )
