"""Which of the processes that train together this one is."""

from __future__ import annotations

import torch

import mltrack_core


def rank() -> int:
    """Return this process's rank, as PyTorch knows it, else as it was launched."""
    distributed = torch.distributed
    if distributed.is_available() and distributed.is_initialized():
        return int(distributed.get_rank())
    return mltrack_core.launch_rank()
