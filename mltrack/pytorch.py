"""The door to `mltrack_pytorch`."""

from mltrack_pytorch import watch

__all__ = ["watch"]
