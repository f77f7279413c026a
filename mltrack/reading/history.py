"""The points of one metric, read back: arrays, and data frames for those who have a library."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING
from typing import Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd
    import polars as pl


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryView:
    """The exact points of one metric, by step; equal steps in the order of logging."""

    name: str
    step: NDArray[np.int64]
    time: NDArray[np.datetime64]  # UTC, by the writer's clock
    value: NDArray[np.float64]  # NaN and ±inf as they were logged
    is_superseded: NDArray[np.bool_]  # a later attempt of the run went over this step again
    exact_ints: dict[int, int]  # index → logged integer, where float64 cannot hold it
    is_thinned: bool = False  # the project keeps only some of the points of old runs

    def __len__(self) -> int:
        return len(self.step)

    def __repr__(self) -> str:
        return f"<history of {self.name!r}, {len(self)} points: .step .time .value>"

    def to_pandas(self) -> pd.DataFrame:
        """Return the points as a data frame.

        Raises:
            ImportError: pandas is not installed.
        """
        frame: pd.DataFrame = require("pandas").DataFrame(self._columns())
        return frame

    def to_polars(self) -> pl.DataFrame:
        """Return the points as a data frame.

        Raises:
            ImportError: polars is not installed.
        """
        frame: pl.DataFrame = require("polars").DataFrame(self._columns())
        return frame

    def _columns(self) -> dict[str, NDArray[Any]]:
        return {name: getattr(self, name) for name in ("step", "time", "value", "is_superseded")}


def require(library: str) -> Any:
    """Import what makes data frames, or say how to get it."""
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise ImportError(
            f"a data frame needs {library}: pip install {library}. "
            "The arrays .step, .time and .value are there without it."
        ) from error
