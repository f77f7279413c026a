"""Completion: what is wanted at each place of a query that is being typed."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrack_server.query import keys
from mltrack_server.query.completion import gap


@pytest.mark.parametrize(
    ("query", "wants", "typed", "key"),
    [
        ("", "key", "", ""),
        ("par", "key", "par", ""),
        ("params.l", "key", "params.l", ""),
        ("not ", "key", "", ""),
        ("a and (par", "key", "par", ""),
        ("params.lr ", "operator", "", "params.lr"),
        ("params.lr n", "operator", "n", "params.lr"),
        ('metrics["odd name"].max ', "operator", "", 'metrics["odd name"].max'),
        ('params["odd name"] ', "operator", "", 'params["odd name"]'),
        ("params.lr = ", "value", "", "params.lr"),
        ("params.lr = ad", "value", "ad", "params.lr"),
        ('params.lr = "ad', "value", "ad", "params.lr"),
        ('metrics["odd name"] <', "value", "", 'metrics["odd name"]'),
        ("params.lr in [", "value", "", "params.lr"),
        ("params.lr not in [1, 2, ", "value", "", "params.lr"),
        ("tags has ba", "value", "ba", "tags"),
        ("has par", "key", "par", ""),
        ("params.lr = 1 ", "key", "", ""),
        ("params.lr = 1 and ", "key", "", ""),
        ('metrics["od', "key", "metrics.od", ""),
        ("params.lr not ", "nothing", "", ""),
        ("\\", "key", "\\", ""),
    ],
)
def test_each_place_wants_something(query: str, wants: str, typed: str, key: str) -> None:
    """Keys, operators or values, with what has been typed of them."""
    found = gap(query + " and more", len(query))

    assert (found.wants, found.typed) == (wants, typed)
    assert (keys.write(found.key) if found.key else "") == key


@given(st.text(alphabet=" ()[],=<~\"'.arms\\inhot1", max_size=30))
def test_no_text_is_an_error(text: str) -> None:
    """A box that completes while somebody types never fails, whatever is in it."""
    assert 0 <= gap(text, len(text)).start <= len(text)
