"""Annotations: what people write at places of runs is kept, version by version."""

from __future__ import annotations

from typing import Any

import pytest

from mltrack_server.resources import Annotation
from mltrack_server.resources import AnnotationEdit
from mltrack_server.resources import AnnotationPlace
from mltrack_server.resources import MomentQuery
from mltrack_server.resources import NewAnnotations
from mltrack_server.store import Store
from mltrack_server.store import annotating
from mltrack_server.store.annotating import NoSuchRun
from mltrack_server.store.annotating import TooManyAnnotations


def written(store: Store, text: str, *runs: str, step: int = 7) -> list[Annotation]:
    """Write *text* at a step of each of some runs."""
    places = [AnnotationPlace(run=run, step=step) for run in runs]
    new = NewAnnotations(places=places, text=text, author="ada")
    return store.annotations.create(new).annotations


def said(store: Store, run: str) -> list[str]:
    """Return what is written at places of a run, having checked that its charts are told so."""
    whole = store.run(run)
    assert whole is not None
    moments = store.moments.listed(MomentQuery(runs=[run])).moments
    texts = [each.text for each in whole.annotations]
    assert sorted(each.text for each in moments if each.kind == "annotation") == sorted(texts)
    return texts


def test_a_text_stands_at_each_run_and_changes_by_versions(store: Store, make_log: Any) -> None:
    """What it said before stays to be read, removed or not, and its run counts as changed."""
    one, other = make_log(), make_log()
    store.apply([one.batch(), other.batch()])
    before = store.rev()

    first, second = written(store, "<b>rate\u202e cut</b>", one.run, other.run)

    assert store.rev() > before
    assert said(store, one.run) == said(store, other.run) == ["<b>rate\u202e cut</b>"]
    changed = store.annotations.edit(one.run, first.id, AnnotationEdit(text="rate cut", author="g"))
    assert changed is not None
    assert (changed.version, changed.step, changed.author) == (2, 7, "g")
    rev = store.rev()
    assert store.annotations.edit(one.run, first.id, AnnotationEdit(text="rate cut")) == changed
    assert store.rev() == rev, "nothing has changed"
    assert said(store, other.run) == ["<b>rate\u202e cut</b>"]
    assert store.annotations.remove(one.run, first.id, "ada") is not None
    assert said(store, one.run) == []
    store.annotations.edit(one.run, first.id, AnnotationEdit(text="rate cut"))
    assert said(store, one.run) == ["rate cut"]
    found = store.annotations.versions(one.run, first.id)
    assert found is not None
    assert [(each.version, each.text, each.is_removed) for each in found.versions] == [
        (4, "rate cut", False),
        (3, "", True),
        (2, "rate cut", False),
        (1, "<b>rate\u202e cut</b>", False),
    ]
    assert store.annotations.versions(other.run, first.id) is None
    assert store.annotations.edit(other.run, first.id, AnnotationEdit(text="x")) is None
    assert second.id != first.id


def test_it_is_written_at_all_places_or_at_none(
    store: Store, make_log: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is not there, or has no room, leaves the others without it too."""
    monkeypatch.setattr(annotating, "ANNOTATIONS_MAX", 2)
    monkeypatch.setattr(annotating, "VERSIONS_MAX", 2)
    full, other = make_log(), make_log()
    store.apply([full.batch(), other.batch()])
    (first,) = written(store, "a", full.run)
    written(store, "b", full.run)

    with pytest.raises(NoSuchRun):
        written(store, "c", other.run, "f" * 32)
    for crowd in ((other.run, full.run), (other.run,) * 3):
        with pytest.raises(TooManyAnnotations):
            written(store, "c", *crowd)
    store.annotations.edit(full.run, first.id, AnnotationEdit(text="2"))
    with pytest.raises(TooManyAnnotations):
        store.annotations.edit(full.run, first.id, AnnotationEdit(text="3"))

    assert said(store, other.run) == []
    assert sorted(said(store, full.run)) == ["2", "b"]
