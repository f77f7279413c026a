"""What all media share: making one of something wrong harms nobody, now or later."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from collections.abc import Iterator

import numpy as np
import pytest

import mltrack
from mltrack_core.errors import MediaInvalid
from mltrack_core.media.medium import Medium


class Held:
    """Something that a caller holds in memory."""


class Unspeakable(Exception):
    """An error of a library that fails to say what it is."""

    def __str__(self) -> str:
        raise RuntimeError("no words")


class Broken:
    """An array that cannot be read."""

    shape = (2,)

    def __array__(self) -> None:
        raise Unspeakable


@pytest.fixture
def no_cycles_are_looked_for() -> Iterator[None]:
    """Let nothing go but what nobody refers to."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.mark.parametrize(
    "make",
    [
        mltrack.Image,
        lambda given: mltrack.Audio(given, sample_rate=8),
        mltrack.Text,
        mltrack.Table,
        lambda given: mltrack.ConfusionMatrix(given, [0]),
        lambda given: mltrack.RocCurve([0, 1], given),
    ],
)
def test_a_medium_that_failed_holds_nothing_that_it_was_made_of(
    make: Callable[[object], Medium], no_cycles_are_looked_for: None
) -> None:
    """What was given may be gigabytes on an accelerator: it goes when its caller lets go of it."""
    given, held = [object()], Held()
    gone = weakref.ref(held)
    given[0] = held

    medium = make(given)
    with pytest.raises(MediaInvalid):
        medium.encode(lambda text: text)
    assert medium.problem
    del given, held

    assert gone() is None


@pytest.mark.parametrize("kind", [mltrack.RocCurve, mltrack.PrCurve, mltrack.ConfusionMatrix])
def test_an_error_without_words_is_told_by_its_name(kind: type[Medium]) -> None:
    """It does not reach the training either."""
    medium = kind(Broken(), np.array([0, 1]))  # type: ignore[call-arg, arg-type]

    assert medium.problem == "Unspeakable"
