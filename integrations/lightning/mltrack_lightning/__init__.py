"""Lightning's Trainer and Fabric: one logger records the training. Loads nothing by itself."""

from typing import TYPE_CHECKING
from typing import Any

if TYPE_CHECKING:
    from mltrack_lightning.logger import MLTrackLogger

__all__ = ["MLTrackLogger"]


def __getattr__(name: str) -> Any:
    """Load the logger for those who ask for it: `factory` is loaded in every Trainer's process."""
    if name == "MLTrackLogger":
        from mltrack_lightning.logger import MLTrackLogger

        return MLTrackLogger
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
