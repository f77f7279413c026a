"""Text columns: any text goes in and comes out, in the order of its code points."""

from __future__ import annotations

from typing import Any

from mltrack_core import records
from mltrack_server.store import Store

ORDERED = ["", "A", "B", "a", "b", "ä", "ﬀ", "🦊"]
ODD = ["\0", "a\0b", "\ufdd0", "\ufdd00", "\ufdd01"]


def test_any_text_is_kept_and_ordered_by_code_points(store: Store, make_log: Any) -> None:
    """Whatever language and characters the database prefers, NUL included."""
    log = make_log(name="\0\ufdd0")
    log.add(records.Params(1, "", dict.fromkeys(reversed(ORDERED + ODD), "\0")))
    store.apply([log.batch()])

    (found,) = store.runs().runs
    assert found.name == "\0\ufdd0"
    assert found.params.keys() == {*ORDERED, *ODD}
    assert [key for key in found.params if key in ORDERED] == ORDERED
    assert set(found.params.values()) == {"\0"}
