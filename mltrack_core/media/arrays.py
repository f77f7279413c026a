"""Arrays of whatever library, as NumPy sees them; NumPy is used where it is loaded already.

Whoever holds an array has loaded it: PyTorch, TensorFlow and JAX do so themselves.
"""

from __future__ import annotations

import sys
from typing import Any


def array_of(value: object) -> Any | None:
    """Return *value* as a NumPy array; None if it is no array.

    A tensor on an accelerator is waited for. The array may share memory with *value*.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(value, numpy.ndarray):
        return _plain(value)
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        tensor = value.detach().cpu()
        return (tensor.float() if tensor.dtype == torch.bfloat16 else tensor).numpy()
    if hasattr(value, "__array__") and hasattr(value, "shape"):
        return _plain(numpy.asarray(value))
    return None


def is_torch(value: object) -> bool:
    """Tell whether *value* is a tensor of PyTorch, where channels come first."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(value, torch.Tensor)


def _plain(array: Any) -> Any:
    """Return *array* in a type that NumPy itself knows; bfloat16 of JAX is none."""
    return array.astype("float32") if array.dtype.kind == "V" else array
