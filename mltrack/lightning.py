"""The door to `mltrack_lightning`."""

from mltrack_lightning import MLTrackLogger

__all__ = ["MLTrackLogger"]
