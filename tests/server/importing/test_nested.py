"""Nested JSON of others."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack.importing import nested


def test_what_is_nested_gets_a_part_of_the_name_each() -> None:
    """In the order of the row; what says what it is stays whole."""
    image = {"_type": "image-file", "path": "a.png"}

    row = nested.parsed('{"a": 1, "b": {"c": {"d": 2}, "e": 3, "none": {}}, "f": [4]}')

    assert list(nested.leaves({**row, "g": {"h": image}})) == [
        ("a", 1), ("b/c/d", 2), ("b/e", 3), ("f", [4]), ("g/h", image),
    ]  # fmt: skip


def test_no_depth_is_too_much_for_names() -> None:
    """Whatever the reader of JSON lets pass."""
    row: dict[str, Any] = {"x": 1}
    for _ in range(5_000):
        row = {"a": row}

    assert list(nested.leaves(row)) == [("a/" * 5_000 + "x", 1)]


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000])
def test_what_is_no_json_is_refused(text: str) -> None:
    """In one way."""
    with pytest.raises(ValueError, match=r".+"):
        nested.parsed(text)
