"""JSON as other trackers write it: nested, and perhaps of anybody's making."""

from __future__ import annotations

import json
from collections.abc import Iterator
from collections.abc import Mapping
from typing import Any
from typing import Final

TYPE: Final = "_type"  # key of W&B and Trackio that makes an object an image, a table …


def parsed(text: str | bytes) -> Any:
    """Return what a text of JSON holds.

    Raises:
        ValueError: It is none, or has brackets within brackets beyond all measure.
    """
    try:
        return json.loads(text)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


def leaves(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield names and values, those of nested objects under "outer/inner", at any depth.

    An object that says what it is stays one.
    """
    open_ = [("", iter(row.items()))]
    while open_:
        before, items = open_[-1]
        for key, value in items:
            if isinstance(value, dict) and TYPE not in value:
                open_.append((f"{before}{key}/", iter(value.items())))
                break
            yield f"{before}{key}", value
        else:
            open_.pop()
