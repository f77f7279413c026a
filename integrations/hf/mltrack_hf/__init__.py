"""Hugging Face: a callback records the Trainer, a tracker what a loop over Accelerate says.

Each is loaded with its framework when it is asked for: a loop over Accelerate need not wait for
Transformers, nor have it.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING
from typing import Any
from typing import Final

if TYPE_CHECKING:
    from mltrack_hf.callback import MLTrackCallback
    from mltrack_hf.tracker import MLTrackTracker

__all__ = ["MLTrackCallback", "MLTrackTracker"]

_HOMES: Final = {
    "MLTrackCallback": "mltrack_hf.callback",
    "MLTrackTracker": "mltrack_hf.tracker",
}


def __getattr__(name: str) -> Any:
    """Return a public name.

    Raises:
        FrameworkMissing: What it is for is not installed.
    """
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ImportError as error:
        from mltrack_core.errors import FrameworkMissing

        raise FrameworkMissing(
            "mltrack.hf needs Hugging Face Transformers and Accelerate: "
            f"pip install 'mltrack[hf]' ({error})"
        ) from error
