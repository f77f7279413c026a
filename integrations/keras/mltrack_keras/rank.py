"""Which of the processes that train together this one is."""

from __future__ import annotations

import sys

import keras

import mltrack_core


def rank() -> int:
    """Return this process's rank among those that train together, as its framework knows it."""
    backend = keras.config.backend()
    if backend == "torch":
        distributed = sys.modules["torch"].distributed
        if distributed.is_available() and distributed.is_initialized():
            return int(distributed.get_rank())
    if backend == "jax" and (index := sys.modules["jax"].process_index()) > 0:
        return int(index)
    return mltrack_core.launch_rank()
