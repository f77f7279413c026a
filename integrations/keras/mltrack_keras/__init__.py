"""Keras 3, on TensorFlow, JAX or PyTorch: one callback records the training."""

try:
    import keras as _keras  # noqa: F401 - asked for early, so that its absence has a clear answer
except ImportError as _error:
    from mltrack_core.errors import FrameworkMissing

    raise FrameworkMissing(
        "mltrack.keras needs Keras 3 and one of its backends: "
        "pip install 'mltrack[keras]' and tensorflow, jax or torch"
    ) from _error

from mltrack_keras.callback import MLTrackCallback

__all__ = ["MLTrackCallback"]
