"""Confusion matrices and curves of a recorded run, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mltrack.reading.history import require
from mltrack_core.media.evaluation import Confusion
from mltrack_core.media.evaluation import Curve

if TYPE_CHECKING:
    import pandas as pd
    from numpy.typing import NDArray


class ConfusionView:
    """What a classifier took for what."""

    def __init__(self, found: Confusion) -> None:
        self.recorded = found  # as it was recorded: what never happened is left out

    def __repr__(self) -> str:
        samples = sum(map(sum, self.recorded.counts))
        return f"<confusion matrix of {len(self.labels)} classes and {samples} samples>"

    @property
    def labels(self) -> list[str]:
        """What the classes are called, in the order of rows and columns."""
        return self.recorded.labels

    @property
    def matrix(self) -> NDArray[np.int64]:
        """The counts: a row for each true class, a column for each predicted one."""
        size = len(self.labels)
        matrix = np.zeros((size, size), np.int64)
        parts = zip(self.recorded.columns, self.recorded.counts, strict=True)
        for row, (columns, counts) in enumerate(parts):
            matrix[row, columns] = counts
        return matrix

    def to_pandas(self) -> pd.DataFrame:
        """Return the counts as a data frame, true classes as its index.

        Raises:
            ImportError: pandas is not installed.
        """
        frame: pd.DataFrame = require("pandas").DataFrame(
            self.matrix, index=self.labels, columns=self.labels
        )
        return frame


class CurveView:
    """The ROC or precision-recall curve of one class, whose points both are made of."""

    def __init__(self, found: Curve) -> None:
        self.recorded = found
        self.label = found.label  # of the class
        self.positives, self.negatives = found.positives, found.negatives  # samples
        self.area = found.area  # AUC or average precision; None where a class did not occur
        self.true = np.array(found.true, np.int64)  # positives that pass at each threshold
        self.false = np.array(found.false, np.int64)  # negatives that do
        self.thresholds = np.array(found.thresholds, np.float64)  # falling

    def __repr__(self) -> str:
        area = "no area" if self.area is None else f"area {self.area:.6g}"
        return f"<curve of {self.label!r}, {area}, {len(self.thresholds)} points>"

    @property
    def fpr(self) -> NDArray[np.float64]:
        """The share of negatives that pass: x of a ROC curve."""
        return self.false / max(1, self.negatives)

    @property
    def tpr(self) -> NDArray[np.float64]:
        """The share of positives that pass: y of a ROC curve, x of a precision-recall curve."""
        return self.true / max(1, self.positives)

    @property
    def precision(self) -> NDArray[np.float64]:
        """The share of positives among what passes: y of a precision-recall curve."""
        shares: NDArray[np.float64] = self.true / np.maximum(1, self.true + self.false)
        return shares

    @property
    def recall(self) -> NDArray[np.float64]:
        """Another word for `tpr`."""
        return self.tpr

    def to_pandas(self) -> pd.DataFrame:
        """Return the points as a data frame, a row for each threshold.

        Raises:
            ImportError: pandas is not installed.
        """
        frame: pd.DataFrame = require("pandas").DataFrame(
            {
                "threshold": self.thresholds,
                "true": self.true,
                "false": self.false,
                "fpr": self.fpr,
                "tpr": self.tpr,
                "precision": self.precision,
            }
        )
        return frame
