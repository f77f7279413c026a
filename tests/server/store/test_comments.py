"""Comments: threads that belong to blocks of reports, whatever becomes of the blocks."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from mltrack_server.resources import CommentThread
from mltrack_server.resources import DashboardDocument
from mltrack_server.resources import DashboardSave
from mltrack_server.resources import NewComment
from mltrack_server.resources import NewDashboard
from mltrack_server.resources import ThreadMark
from mltrack_server.store import Store
from mltrack_server.store import comments
from mltrack_server.store.comments import CommentRefused

HOSTILE = "<script>alert(1)</script> \0 \ufdd0 🦊"
FROZEN = {"dashboard": "a" * 32, "version": 1, "at_ns": 1, "runs": ["b" * 32]}


def document(*blocks: str, frozen: Any = FROZEN) -> DashboardDocument:
    """Return a document with a text of each id."""
    panels = [
        {"type": "text", "id": block, "title": "", "filter": "", "text": block,
         "x": 0, "y": 4 * place, "width": 12, "height": 4}
        for place, block in enumerate(blocks)
    ]  # fmt: skip
    tab = {"id": "main", "title": "", "panels": panels}
    values = {"version": 1, "filter": "", "frozen": frozen, "tabs": [tab]}
    return msgspec.convert(values, DashboardDocument)


def save(store: Store, uid: str, version: int, *blocks: str) -> None:
    """Save another version of a report."""
    change = DashboardSave(
        version=version, name="R", owner="", author="", document=document(*blocks)
    )
    assert store.dashboards.save(uid, change)


@pytest.fixture
def report(store: Store, make_log: Any) -> str:
    """Give the id of a report of two blocks."""
    store.apply([make_log().batch()])
    new = NewDashboard(
        project="mnist", name="R", owner="", author="", document=document("p1", "p2")
    )
    made = store.dashboards.create(new)
    assert made is not None
    return made.summary.id


def threads(store: Store, report: str) -> list[CommentThread]:
    """Return the threads of a report."""
    found = store.comments.threads(report)
    assert found is not None
    return found.threads


def said(thread: CommentThread) -> list[tuple[str, str]]:
    """Return who said what."""
    return [(comment.author, comment.text) for comment in thread.comments]


def test_a_thread_stays_with_its_block_wherever_that_goes(
    store: Store, report: str, clock: Any
) -> None:
    """Moved, changed or removed, and back again: it is known by its id."""
    store.comments.add(report, NewComment(block="p2", text=HOSTILE, author="ada"))
    clock.now_ns += 5
    store.comments.add(report, NewComment(block="p1", text="**why?**", author=""))
    store.comments.add(report, NewComment(block="p2", text="so", author="grace"))
    before = threads(store, report)

    save(store, report, 1, "p2", "p1", "p3")
    assert threads(store, report) == before
    save(store, report, 2, "p1")

    assert threads(store, report) == before
    assert [thread.block for thread in before] == ["p2", "p1"]
    assert said(before[0]) == [("ada", HOSTILE), ("grace", "so")]
    assert before[1].comments[0].made_ns == clock.now_ns
    with pytest.raises(CommentRefused) as gone:
        store.comments.add(report, NewComment(block="p2", text="late"))
    assert gone.value.kind == "missing"


def test_a_thread_is_resolved_until_somebody_says_more(
    store: Store, report: str, clock: Any
) -> None:
    """Who settled it and when is kept; again changes nothing."""
    store.comments.add(report, NewComment(block="p1", text="wrong axis", author="ada"))
    yes = ThreadMark(is_resolved=True, author="grace")

    resolved = store.comments.mark(report, "p1", yes)
    clock.now_ns += 1
    again = store.comments.mark(report, "p1", ThreadMark(is_resolved=True, author="bob"))

    assert (resolved.is_resolved, resolved.marked_by) == (True, "grace")
    assert again == resolved
    assert not store.comments.mark(report, "p1", ThreadMark(is_resolved=False)).is_resolved
    store.comments.mark(report, "p1", yes)
    reopened = store.comments.add(report, NewComment(block="p1", text="still", author="ada"))
    assert (reopened.is_resolved, reopened.marked_by) == (False, "ada")
    with pytest.raises(CommentRefused):
        store.comments.mark(report, "p2", yes)


def test_a_comment_is_removed_by_who_wrote_it(store: Store, report: str, clock: Any) -> None:
    """What it said is gone; that somebody had said something is not."""
    made = store.comments.add(report, NewComment(block="p1", text="oops", author="ada"))
    uid = made.comments[0].id

    with pytest.raises(CommentRefused) as refused:
        store.comments.remove(report, uid, "grace")
    removed = store.comments.remove(report, uid, "ada")
    clock.now_ns += 1

    assert refused.value.kind == "conflict"
    assert "ada wrote it" in refused.value.reason
    assert said(removed) == [("ada", "")]
    assert store.comments.remove(report, uid, "ada") == removed
    with pytest.raises(CommentRefused):
        store.comments.remove(report, "0" * 32, "ada")


def test_only_reports_that_are_there_have_comments(
    store: Store, report: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deleted one is still read, and nothing is added to it; nor beyond the bound."""
    new = NewDashboard(
        project="mnist", name="D", owner="", author="", document=document("p1", frozen=None)
    )
    board = store.dashboards.create(new)
    assert board is not None
    comment = NewComment(block="p1", text="hm")
    monkeypatch.setattr(comments, "COMMENTS_MAX", 1)
    store.comments.add(report, comment)

    with pytest.raises(CommentRefused) as full:
        store.comments.add(report, comment)
    store.dashboards.delete(report)

    assert full.value.kind == "full"
    assert store.comments.threads(board.summary.id) is store.comments.threads("0" * 32) is None
    assert len(threads(store, report)) == 1
    for uid in (board.summary.id, report, "0" * 32):
        with pytest.raises(CommentRefused) as missing:
            store.comments.add(uid, comment)
        assert missing.value.kind == "missing"
