"""Walls: every version is kept, and nobody's changes are lost to another's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from mltrack_server.resources import SectionOrder
from mltrack_server.resources import Wall
from mltrack_server.resources import WallLayout
from mltrack_server.resources import WallSave
from mltrack_server.store import Store
from mltrack_server.store import walls
from mltrack_server.store.walls import UNARRANGED
from mltrack_server.store.walls import ArrangedMeanwhile

HOSTILE = "<script>alert(1)</script> \0 \ufdd0 🦊 ‏א"


def layout(*cards: str) -> WallLayout:
    """Return a wall on which *cards* come first in their section, the first of them large."""
    return WallLayout(
        sections=["train", HOSTILE],
        cards=[SectionOrder(section="train", cards=list(cards))],
        sizes={cards[0]: "large"},
    )


def save(version: int, *cards: str, project: str = "mnist") -> WallSave:
    """Return what is to be saved over *version*."""
    return WallSave(project=project, version=version, author="ada", layout=layout(*cards))


@pytest.fixture
def with_project(store: Store, make_log: Any) -> Store:
    """Return a store that has the project."""
    store.apply([make_log().batch()])
    return store


def test_every_version_is_read_as_it_was_saved(with_project: Store, clock: Any) -> None:
    """The newest is what is read; before the first there is one that arranges nothing."""
    store = with_project.walls
    before = store.one("mnist")
    first = store.save(save(0, HOSTILE))
    clock.now_ns += 10**9

    second = store.save(save(1, "train/loss", HOSTILE))

    assert before == Wall(project="mnist", version=0, author="", saved_ns=None, layout=UNARRANGED)
    assert second == Wall(
        project="mnist",
        version=2,
        author="ada",
        saved_ns=clock.now_ns,
        layout=layout("train/loss", HOSTILE),
    )
    assert store.one("mnist") == second
    assert store.one("mnist", 1) == first
    assert store.one("mnist", 3) is None
    assert store.one("other") == Wall(
        project="other", version=0, author="", saved_ns=None, layout=UNARRANGED
    )


def test_what_another_has_saved_is_not_written_over(with_project: Store) -> None:
    """Who began from an older version is told of the newest; nothing of theirs is stored."""
    store = with_project.walls
    theirs = store.save(save(0, "a"))

    with pytest.raises(ArrangedMeanwhile) as caught:
        store.save(save(0, "b"))

    assert caught.value.newest == theirs
    assert store.one("mnist") == theirs


def test_a_repeated_request_saves_once(with_project: Store) -> None:
    """An answer that was lost is asked for again, and is the same."""
    store = with_project.walls

    assert store.save(save(0, "a")) == store.save(save(0, "a"))


def test_a_wall_is_of_a_project_that_is_there(with_project: Store) -> None:
    """A name that was mistyped does not become one."""
    assert with_project.walls.save(save(0, "a", project="minst")) is None


def test_of_two_who_save_at_once_one_is_told(with_project: Store) -> None:
    """Whoever comes second: each version has one author."""
    told = []
    start = threading.Barrier(2)

    def arrange(card: str) -> None:
        start.wait()
        try:
            with_project.walls.save(save(0, card))
        except ArrangedMeanwhile:
            told.append(card)

    threads = [threading.Thread(target=arrange, args=(card,)) for card in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    newest = with_project.walls.one("mnist")
    assert newest is not None
    assert len(told) == newest.version == 1
    assert newest.layout == layout(*({"a", "b"} - set(told)))


def test_the_oldest_versions_go(with_project: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever drags all day fills no store."""
    monkeypatch.setattr(walls, "VERSIONS_KEPT", 3)
    store = with_project.walls

    for version in range(5):
        store.save(save(version, f"card{version}"))

    assert [store.one("mnist", version) is None for version in range(1, 6)] == [
        True, True, False, False, False,
    ]  # fmt: skip
