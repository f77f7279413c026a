"""Confusion matrices: what users hold becomes exact counts, or a clear word."""

from __future__ import annotations

import math
import tracemalloc
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np
import pytest

import mltrack
from mltrack_core.errors import MediaInvalid
from mltrack_core.limits import MIB
from mltrack_core.media import confusion
from mltrack_core.media import formats
from mltrack_core.media.evaluation import Confusion
from mltrack_core.media.evaluation import confusion_of
from mltrack_core.media.medium import Medium
from mltrack_core.testing.media import encoded

CATS = ["cat", "dog", "owl"]
TRUTH, GUESS = [0, 0, 1, 2, 2, 2], [0, 1, 1, 2, 2, 0]
COUNTED = [[1, 1, 0], [0, 1, 0], [1, 0, 2]]


def matrix(medium: Medium) -> tuple[list[str], list[list[int]]]:
    """Return the labels and all counts of a confusion matrix."""
    found = confusion_of(encoded(medium)[1])
    rows = [[0] * len(found.labels) for _ in found.labels]
    for row, columns, counts in zip(rows, found.columns, found.counts, strict=True):
        for column, count in zip(columns, counts, strict=True):
            row[column] = count
    return found.labels, rows


def one_hot(classes: list[int]) -> Any:
    """Return rows of scores whose highest is the class."""
    return np.eye(3)[classes]


@pytest.mark.parametrize(
    ("truth", "guess"),
    [
        (TRUTH, GUESS),
        (np.array(TRUTH), np.array(GUESS, np.uint8)),
        (np.array(TRUTH, float), GUESS),
        ([CATS[i] for i in TRUTH], GUESS),
        (np.array(CATS)[TRUTH], np.array(CATS)[GUESS]),
        ([np.int64(i) for i in TRUTH], GUESS),
        (np.array(TRUTH)[:, None], GUESS),
        (TRUTH, one_hot(GUESS)),
        (one_hot(TRUTH), one_hot(GUESS).tolist()),
    ],
)
def test_samples_are_counted_whatever_holds_them(truth: object, guess: object) -> None:
    """Lists, arrays, names, numbers, rows of scores: rows are the true class."""
    if isinstance(truth, list) and truth[0] == "cat":
        guess = [CATS[i] for i in GUESS]

    medium = mltrack.ConfusionMatrix(truth, guess, labels=CATS)

    assert matrix(medium) == (CATS, COUNTED)
    assert encoded(medium)[0].file.type == formats.CONFUSION
    assert (encoded(medium)[0].width, encoded(medium)[0].height) == (3, 3)


def test_tensors_of_pytorch_are_counted() -> None:
    """Of half precision too; a gradient is no hindrance."""
    torch = pytest.importorskip("torch")
    scores = torch.tensor(one_hot(GUESS), dtype=torch.bfloat16, requires_grad=True)

    medium = mltrack.ConfusionMatrix(torch.tensor(TRUTH), scores, labels=CATS)

    assert matrix(medium) == (CATS, COUNTED)


def test_without_labels_the_values_that_occur_are_the_classes() -> None:
    """Sorted, numbers before names; of scores each column is one."""
    assert matrix(mltrack.ConfusionMatrix([9, 4, 4], [4, 4, 9])) == (["4", "9"], [[1, 1], [1, 0]])
    assert matrix(mltrack.ConfusionMatrix([True, False], [True, True]))[0] == ["False", "True"]
    assert matrix(mltrack.ConfusionMatrix([0, 0], one_hot([0, 1])))[0] == ["0", "1", "2"]


@pytest.mark.parametrize(
    ("truth", "labels"), [(["a", "b", "b"], ["a", "b", "c"]), ([1, 2, 2], [1, 2, 3])]
)
def test_the_highest_score_is_the_place_of_a_label_whatever_it_is_called(
    truth: list[Any], labels: list[Any]
) -> None:
    """The second column is the class 2 where the classes are called 1, 2 and 3."""
    medium = mltrack.ConfusionMatrix(truth, one_hot([0, 1, 2]), labels=labels)

    assert matrix(medium)[1] == [[1, 0, 0], [0, 1, 1], [0, 0, 0]]


def test_a_name_and_the_number_of_one_mean_the_same() -> None:
    """But a number that is a label is never the number of another."""
    mixed = mltrack.ConfusionMatrix(["cat", 0, 2], [0, "dog", "owl"], labels=CATS)
    numbered = mltrack.ConfusionMatrix([1, 2], [2, 2], labels=[1, 2, 3])

    assert matrix(mixed)[1] == [[1, 1, 0], [0, 0, 0], [0, 0, 1]]
    assert matrix(numbered)[1] == [[0, 1, 0], [0, 1, 0], [0, 0, 0]]
    with pytest.raises(MediaInvalid, match="0 is no class: there are 3 labels"):
        mltrack.ConfusionMatrix([0, 1, 2], [2, 2, 2], labels=[1, 2, 3]).encode(str)


@pytest.mark.parametrize(
    "counts", [COUNTED, np.array(COUNTED), np.array(COUNTED, float), list(np.array(COUNTED))]
)
def test_a_ready_matrix_is_taken_as_it_is(counts: object) -> None:
    """Its rows are the true classes."""
    medium = mltrack.ConfusionMatrix(matrix=counts, labels=CATS, caption="of the last epoch")

    assert matrix(medium) == (CATS, COUNTED)
    assert encoded(medium)[0].caption == "of the last epoch"
    assert matrix(mltrack.ConfusionMatrix(matrix=counts))[0] == ["0", "1", "2"]
    assert matrix(mltrack.ConfusionMatrix(matrix=np.eye(2, dtype=bool)))[1] == [[1, 0], [0, 1]]


def test_many_classes_cost_what_their_samples_do() -> None:
    """What never happened takes no room."""
    truth = np.arange(9_999)

    item, data = encoded(mltrack.ConfusionMatrix(truth, truth))

    assert item.width == 9_999
    assert len(data) < 150_000
    assert confusion_of(data).columns[-1] == [9_998]


@pytest.mark.parametrize(
    "made",
    [
        lambda: mltrack.ConfusionMatrix(matrix=np.broadcast_to(np.int64(1), (1_000, 1_000))),
        lambda: mltrack.ConfusionMatrix(matrix=np.broadcast_to(np.int64(1), (900_000, 900_000))),
        lambda: mltrack.ConfusionMatrix(np.arange(200_000) % 500, np.arange(200_000) // 500),
    ],
)
def test_a_matrix_too_large_is_refused_before_it_takes_memory(
    made: Callable[[], Medium], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cells have many times the memory here that they have in an array."""
    monkeypatch.setattr(confusion, "CONFUSION_CELLS_MAX", 2_000)
    tracemalloc.start()

    medium = made()

    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert "are kept: log groups of them" in (medium.problem or "")
    assert peak < 20 * MIB


@pytest.mark.parametrize(
    ("medium", "words"),
    [
        (mltrack.ConfusionMatrix([0, 1], [0]), "y_true has 2 values and y_pred 1"),
        (mltrack.ConfusionMatrix([], []), "y_true is empty"),
        (mltrack.ConfusionMatrix([0, 1]), "pass y_true and y_pred, or matrix="),
        (mltrack.ConfusionMatrix([0], matrix=[[1]]), "pass y_true and y_pred, or matrix="),
        (mltrack.ConfusionMatrix([0, 1], [0.2, 0.8]), "0.2 is no class"),
        (mltrack.ConfusionMatrix([0, 1], np.array([0.2, np.nan])), "is no class"),
        (mltrack.ConfusionMatrix([0, 3], [0, 1], labels=CATS), "3 is no class: there are 3"),
        (mltrack.ConfusionMatrix([0], [0], labels=["a", "a"]), "has 'a' twice"),
        (mltrack.ConfusionMatrix([0], [[0.1, math.nan]]), "NaN among its scores"),
        (mltrack.ConfusionMatrix([0, 1], np.array([[1, 2], [math.nan, 3]])), "NaN among its"),
        (mltrack.ConfusionMatrix([0], [[0.1, 0.9]], labels=CATS), "3 labels for scores of 2"),
        (mltrack.ConfusionMatrix("cat", "dog"), "y_true is str"),
        (mltrack.ConfusionMatrix(np.zeros((2, 2, 2)), [0, 1]), "shape (2, 2, 2)"),
        (mltrack.ConfusionMatrix(matrix=[[0.5, 0.5], [0, 1]]), "0.5, which counts nothing"),
        (mltrack.ConfusionMatrix(matrix=[[1, -1], [0, 1]]), "-1, which counts nothing"),
        (mltrack.ConfusionMatrix(matrix=np.ones((2, 3))), "2 rows and 3 columns"),
        (mltrack.ConfusionMatrix(matrix=[[2**53]]), "beyond 2^53"),
        (mltrack.ConfusionMatrix(np.arange(10_001), np.arange(10_001)), "at most 10000"),
    ],
)
def test_what_means_nothing_says_so_when_it_is_logged(medium: Medium, words: str) -> None:
    """Not when it is made, and in words that help."""
    with pytest.raises(MediaInvalid) as refused:
        medium.encode(lambda text: text)

    assert words in str(refused.value)


@pytest.mark.parametrize(
    "wrong",
    [
        Confusion([], [], []),
        Confusion(["a"], [[0], [0]], [[1], [1]]),
        Confusion(["a"], [[1]], [[1]]),
        Confusion(["a"], [[-1]], [[1]]),
        Confusion(["a", "b"], [[0], [1, 0]], [[1], [1, 1]]),
        Confusion(["a"], [[0]], [[0]]),
        Confusion(["a"], [[0]], [[2**60]]),
        Confusion(["a"], [[0]], [[]]),
    ],
)
def test_a_file_that_cannot_be_is_refused(wrong: object) -> None:
    """What comes from a training is never trusted."""
    data = msgspec.msgpack.encode(wrong)

    with pytest.raises(msgspec.DecodeError):
        confusion_of(data)


def test_what_looks_like_a_secret_is_removed_from_labels() -> None:
    """As it is from every text."""
    made = mltrack.ConfusionMatrix([0], [0], labels=["key"]).encode(lambda text: text.upper())

    assert confusion_of(made.item.file.data).labels == ["KEY"]
