"""The door to `mltrack_keras`."""

from mltrack_keras import MLTrackCallback

__all__ = ["MLTrackCallback"]
