"""Bare PyTorch loops, and what other integrations on PyTorch build on."""

from mltrack_pytorch.observer import Observer
from mltrack_pytorch.watching import Watch
from mltrack_pytorch.watching import watch

__all__ = ["Observer", "Watch", "watch"]
